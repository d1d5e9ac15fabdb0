"""QIR in and out: valid for LLVM, the same distribution as the circuit, bit by bit, and refused where it is not QIR."""

from __future__ import annotations

import io
import json
import resource
import sys
from contextlib import suppress

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Gate, Parameter, Qubit
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import Statevector
from scipy.stats import chi2

from qamctl.errors import BackendError, SpecError, UnsupportedError, UsageError
from qamctl.quantum.qir import COST, FORMATS, PROFILES, QirInfo, is_qir, read_own, read_qir, run_qir, to_qir
from qamctl.quantum.qir.probe import answer, bound, examine


def two_of_four() -> QuantumCircuit:
    """X on the qubits 0 and 1 of 4: what qiskit calls 0011."""
    circuit = QuantumCircuit(4, 4)
    circuit.x([0, 1])
    circuit.measure(range(4), range(4))
    return circuit


def conditional() -> QuantumCircuit:
    """A coin, and a second qubit that follows it by a condition."""
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    circuit.measure(1, 1)
    return circuit


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("form", FORMATS)
def test_the_first_bit_that_is_recorded_is_the_highest(profile: str, form: str) -> None:
    """Profile, format, sizes and entry point read back; the counts' key is qiskit's; twice the same bytes."""
    content = to_qir(two_of_four(), profile=profile, format=form)
    found = read_qir(content, "f")
    assert (found.profile, found.qubits, found.results, found.entry_point) == (profile, 4, 4, "ENTRYPOINT__main")
    assert content == (found.text.encode() if form == "ll" else found.bitcode)
    assert run_qir(found, 3, seed=1) == {"0011": 3}
    assert content == to_qir(two_of_four(), profile=profile, format=form)
    assert read_own(content) == found


@pytest.mark.parametrize("seed", [pytest.param(s, marks=pytest.mark.slow) if s >= 20 else s for s in range(100)])
def test_random_circuits_have_the_distribution_of_their_state(seed: int) -> None:
    """Measurements into permuted bits of random circuits agree with the exact state vector (chi-square, 1e-6)."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 5))
    circuit = random_circuit(n, 3, max_operands=min(3, n), seed=seed)
    bits = rng.permutation(n)
    chances = Statevector(circuit).probabilities([int(q) for q in np.argsort(bits)])
    circuit.add_register(ClassicalRegister(n, "c"))
    circuit.measure(range(n), bits.tolist())
    profile, form = list(PROFILES)[seed % 3], FORMATS[seed // 3 % 2]
    found = read_own(to_qir(circuit, profile=profile, format=form))
    counts = run_qir(found, 400, seed)
    assert sum(counts.values()) == 400
    assert counts == run_qir(found, 400, seed)
    expected = 400 * chances
    seen = np.array([counts.get(format(k, f"0{n}b"), 0) for k in range(2**n)], float)
    assert seen[expected < 1e-9].sum() == 0
    rare = expected < 5
    if rare.any() and (~rare).any():
        expected = np.append(expected[~rare], max(expected[rare].sum(), 1e-9))
        seen = np.append(seen[~rare], seen[rare].sum())
    statistic = float(((seen - expected) ** 2 / np.maximum(expected, 0.5)).sum())
    assert statistic < chi2.isf(1e-6, max(1, len(expected) - 1))


def test_conditions_need_an_adaptive_profile() -> None:
    """Base refuses them and says what to use; both adaptive profiles run them."""
    with pytest.raises(UnsupportedError, match="adaptive-ri"):
        to_qir(conditional())
    for profile in ("adaptive-ri", "adaptive-rif"):
        counts = run_qir(read_own(to_qir(conditional(), profile=profile)), 50, seed=3)
        assert set(counts) == {"00", "11"}


def test_measurements_in_between_take_more_qubits_under_base() -> None:
    """Base measures at the end: a qubit that goes on after its measurement becomes two."""
    circuit = QuantumCircuit(2, 2)
    circuit.x(0)
    circuit.measure(0, 0)
    circuit.x(0)
    circuit.measure(0, 1)
    base, adaptive = read_own(to_qir(circuit)), read_own(to_qir(circuit, profile="adaptive-ri"))
    assert (base.qubits, adaptive.qubits) == (3, 2)
    assert run_qir(base, 5, 1) == run_qir(adaptive, 5, 1) == {"01": 5}


def test_registers_become_one_and_loose_bits_are_recorded() -> None:
    """Two registers give one key without a space; bits outside of any register are not lost."""
    a, b = ClassicalRegister(2, "a"), ClassicalRegister(1, "b")
    two = QuantumCircuit(QuantumRegister(3), a, b)
    two.x(0)
    two.measure([0, 1, 2], [a[0], a[1], b[0]])
    loose = QuantumCircuit([Qubit(), Qubit()], [Clbit(), Clbit()])
    loose.x(0)
    loose.measure([0, 1], [0, 1])
    assert run_qir(read_own(to_qir(two)), 3, 1) == {"001": 3}
    assert run_qir(read_own(to_qir(loose)), 3, 1) == {"01": 3}


def test_registers_under_conditions_stay() -> None:
    """The key of two registers is joined; loose bits under conditions are refused."""
    a, b = ClassicalRegister(1, "a"), ClassicalRegister(1, "b")
    circuit = QuantumCircuit(QuantumRegister(2), a, b)
    circuit.x(0)
    circuit.measure(0, a[0])
    with circuit.if_test((a, 1)):
        circuit.x(0)
    circuit.measure(0, b[0])
    assert run_qir(read_own(to_qir(circuit, profile="adaptive-ri")), 3, 1) == {"01": 3}
    loose = QuantumCircuit([Qubit()], [Clbit()])
    loose.measure(0, 0)
    with loose.if_test((loose.clbits[0], 1)):
        loose.x(0)
    with pytest.raises(UnsupportedError, match="in a register"):
        to_qir(loose, profile="adaptive-ri")


def test_what_qir_lacks_is_said_before_it_is_compiled() -> None:
    """No measurement, some bits without one, parameters, names that there are not, too many operations."""
    nothing, some, unbound = QuantumCircuit(2, 2), QuantumCircuit(3, 3), QuantumCircuit(1, 1)
    some.measure(0, 2)
    unbound.rx(Parameter("a"), 0)
    unbound.measure(0, 0)
    for circuit, words in ((nothing, "measures nothing"), (some, r"2 of .* \(0, 1\)"), (unbound, "'a'")):
        with pytest.raises(SpecError, match=words):
            to_qir(circuit)
    many = QuantumCircuit(9, 9)
    many.measure(0, 0)
    with pytest.raises(SpecError, match=r"1, 2, 3, 4, 5, \.\.\."):
        to_qir(many)
    for wrong in ({"profile": "full"}, {"format": "txt"}):
        with pytest.raises(UsageError):
            to_qir(two_of_four(), **wrong)
    long = two_of_four()
    for _ in range(20_000):
        long.x(0)
    with pytest.raises(UnsupportedError, match="20,000"):
        to_qir(long)


def test_what_the_compiler_refuses_is_one_sentence() -> None:
    """Gates without a definition, and loops whose end a measurement decides."""
    opaque = QuantumCircuit(1, 1)
    opaque.append(Gate("mystery", 1, []), [0])
    opaque.measure(0, 0)
    with pytest.raises(UnsupportedError, match="no form in") as caught:
        to_qir(opaque)
    assert "\n" not in caught.value.message
    loop = QuantumCircuit(1, 1)
    loop.measure(0, 0)
    with loop.while_loop((loop.clbits[0], 1)):
        loop.measure(0, 0)
    with pytest.raises(UnsupportedError, match="no form in adaptive-ri QIR: cannot use"):
        to_qir(loop, profile="adaptive-ri")


TEXT = to_qir(two_of_four())
BITCODE = to_qir(two_of_four(), format="bc")

#: What is wrong -> (content, line, words).
FAULTS = {
    "empty": (b"", None, "0 entry points"),
    "rubbish": (b"rubbish", 1, "top-level entity"),
    "not text": (b"\xff\xfe", None, "utf-8"),
    "cut text": (TEXT[:700], TEXT[:700].count(b"\n") + 1, "expected"),
    "no entry point": (b"define i64 @f() { ret i64 0 }", None, "0 entry points"),
    "wrong type": (TEXT.replace(b"ret i64 0", b"ret i32 0"), TEXT[: TEXT.index(b"ret i64")].count(b"\n") + 1, "i64"),
    "two entry points": (
        TEXT.replace(b"declare void @__quantum__rt__initialize(i8*)",
                     b"declare void @__quantum__rt__initialize(i8*)\n\ndefine void @g() #0 {\n  ret void\n}"),
        None, "2 entry points"),
    "no number of qubits": (TEXT.replace(b'"required_num_qubits"="4"', b""), None, "how many qubits"),
    "no number of results": (TEXT.replace(b'"required_num_results"="4"', b""), None, "how many results"),
    "cut bitcode": (BITCODE[:700], None, ""),
    "only the magic": (b"BC\xc0\xde", None, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_no_qir_is_refused(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    """With the file, the line where LLVM tells it, and nothing printed."""
    content, line, words = FAULTS[name]
    with pytest.raises(SpecError) as caught:
        read_qir(content, "f.ll")
    found = caught.value.diagnostics[0]
    assert words in found.message
    assert found.location is not None
    assert (found.location.file, found.location.line) == ("f.ll", line)
    assert capfd.readouterr() == ("", "")


def test_damaged_bitcode_ends_no_process_but_its_own() -> None:
    """Flipped bits that make LLVM's reader crash are faults of the file like others."""
    rng = np.random.default_rng(5)
    for _ in range(25):
        content = bytearray(BITCODE)
        for place in rng.integers(0, len(content), 4):
            content[place] ^= 1 << int(rng.integers(8))
        with suppress(SpecError):  # some flips do no harm
            assert read_qir(bytes(content), "f.bc").bitcode == content


def test_the_probe_says_what_it_finds() -> None:
    """Text and bitcode of one program have the same facts; a module that does not verify has an error."""
    text, bitcode = examine(TEXT), examine(BITCODE)
    assert {k: v for k, v in text.items() if k not in ("bitcode",)} == {
        k: v for k, v in bitcode.items() if k not in ("bitcode", "text")
    } | {"text": text["text"]}
    block = b"define void @h() {\na:\n  %x = add i64 %y, 1\n  %y = add i64 %x, 1\n  ret void\n}\n"
    assert "error" in examine(TEXT + block)


def test_the_probe_answers_in_json() -> None:
    """From one stream to another, within the memory that it is given."""
    out = io.BytesIO()
    answer(io.BytesIO(TEXT), out)
    assert json.loads(out.getvalue()) == examine(TEXT)
    before = resource.getrlimit(resource.RLIMIT_AS)
    bound(before[0])
    assert resource.getrlimit(resource.RLIMIT_AS) == before
    assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)


def test_a_file_beyond_the_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it is looked at."""
    monkeypatch.setattr("qamctl.quantum.qir.SIZE", 100)
    with pytest.raises(SpecError, match="100"):
        read_qir(TEXT, "f.ll")


def test_reading_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that does not come back is stopped."""
    monkeypatch.setattr("qamctl.quantum.qir._READING", 0.0001)
    with pytest.raises(SpecError, match="can't be read in"):
        read_qir(TEXT, "f.ll")


def test_a_reader_that_dies_is_a_damaged_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever ends the process of the reader."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(SpecError, match="damaged"):
        read_qir(BITCODE, "f.bc")


def test_own_output_that_is_not_valid_is_our_failure() -> None:
    """What the compiler made and LLVM refuses is a failed backend, not a fault of the file."""
    with pytest.raises(BackendError, match="not valid"):
        read_own(b"rubbish")


def test_a_run_that_would_take_too_long_is_refused() -> None:
    """With what would fit: shots where some do, else fewer qubits."""
    found = read_own(TEXT)
    with pytest.raises(UnsupportedError, match=f"at most {int(COST / found.cost):,} shots"):
        run_qir(found, 10**12, 1)
    large = QirInfo("base", 40, 40, "main", found.text, found.bitcode)
    with pytest.raises(UnsupportedError, match="fewer qubits"):
        run_qir(large, 1, 1)


def test_programs_that_the_simulator_can_not_run_are_told() -> None:
    """An instruction of other machines, under either profile."""
    for profile in ("base", "adaptive-ri"):
        text = to_qir(two_of_four(), profile=profile)
        strange = text.replace(b"__quantum__qis__x__body", b"__quantum__qis__v__body")
        with pytest.raises(BackendError, match=r"simulator failed: .*\bv\b|simulator failed: .*__v__body"):
            run_qir(read_qir(strange, "f"), 1, 1)


def test_recorded_values_are_bits() -> None:
    """Tuples and arrays are joined; a number is refused."""
    from qamctl.quantum.qir import _bits

    assert "".join(_bits((["Zero", "One"], "One", [True]))) == "0111"
    with pytest.raises(UnsupportedError, match="no measurement"):
        list(_bits([7]))


@pytest.mark.parametrize(
    ("head", "wanted"),
    [(TEXT[:500], True), (BITCODE[:4], True), (b"; ModuleID = 'x'", True), (b"OPENQASM 3;", False), (b"", False)],
)
def test_qir_is_told_from_its_first_bytes(head: bytes, wanted: bool) -> None:
    """Magic bytes of bitcode, or LLVM's words."""
    assert is_qir(head) is wanted


def test_profiles_of_others_keep_their_names() -> None:
    """A profile that we do not know is told as the program calls it."""
    assert read_qir(TEXT.replace(b"base_profile", b"custom"), "f").profile == "custom"
