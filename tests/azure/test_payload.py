"""What a target is sent, what is told of it, and what it may cost."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from qiskit import QuantumCircuit

from qamctl.azure import targets
from qamctl.azure.payload import prepare, repeats
from qamctl.azure.prices import load_prices
from qamctl.errors import SpecError, UnsupportedError, UsageError
from qamctl.quantum.qir import read_own, read_qir

PRICES = load_prices()


def ghz(n: int = 3) -> QuantumCircuit:
    circuit = QuantumCircuit(n, n)
    circuit.h(0)
    for k in range(n - 1):
        circuit.cx(k, k + 1)
    circuit.measure(range(n), range(n))
    return circuit


def ionq(gates: list[dict[str, object]], qubits: int = 3) -> bytes:
    return json.dumps({"qubits": qubits, "circuit": gates}).encode()


def test_a_circuit_becomes_qir_of_the_least_profile_that_it_needs() -> None:
    """Base where it measures at the end; adaptive where it branches and the target takes that."""
    found = prepare(target=targets.find("ionq.simulator"), prices=PRICES, circuit=ghz(), shots=100)
    info = read_own(found.payload)
    assert (info.profile, info.qubits, found.bits, found.report["profile"]) == ("base", 3, 3, "base")
    assert found.params == {"shots": 100, "items": [{"entryPoint": info.entry_point, "arguments": []}]}
    assert (found.input_format, found.output_format) == ("qir.v1", "microsoft.quantum-results.v2")
    branching = QuantumCircuit(2, 2)
    branching.h(0)
    branching.measure(0, 0)
    with branching.if_test((branching.clbits[0], 1)):
        branching.x(1)
    branching.measure(1, 1)
    adaptive = prepare(target=targets.find("quantinuum.sim.h2-1sc"), prices=PRICES, circuit=branching)
    assert adaptive.report["profile"] == "adaptive-ri"
    with pytest.raises(UnsupportedError):
        prepare(target=targets.find("ionq.simulator"), prices=PRICES, circuit=branching)


def test_the_figures_are_of_the_compiled_circuit_and_the_payload_is_not() -> None:
    """The price follows from the machine's own gates; the service compiles the circuit as it was built."""
    target = targets.find("rigetti.qpu.cepheus-1-108q")
    found = prepare(target=target, prices=PRICES, circuit=ghz(4), shots=10)
    assert set(found.report["gates"]) <= {"rx", "rz", "cz", "measure"}
    assert b"cx__body" in found.payload
    assert b"cz__body" not in found.payload
    assert found.figures.two_qubit_gates == found.report["two_qubit"] >= 3
    assert found.figures.measurements == 4


@pytest.mark.parametrize("name", sorted(name for name, one in targets.known().items() if one.kind and one.profile))
def test_every_target_of_gates_takes_a_small_circuit(name: str) -> None:
    """It has a profile, a format and parameters, and an estimate or the word that none is known."""
    target = targets.find(name)
    found = prepare(target=target, prices=PRICES, circuit=ghz(2))
    assert found.params[target.shots_param] == target.default_shots
    assert found.estimate.micros >= 0
    assert (found.estimate.formula == "unknown") == (not found.estimate.known)


def test_qir_is_sent_as_text_and_its_instructions_are_counted() -> None:
    """A program of QIR keeps its entry point; swaps count three times."""
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.swap(0, 1)
    circuit.rzz(0.25, 0, 1)
    circuit.measure([0, 1], [0, 1])
    content = prepare(target=targets.find("ionq.simulator"), prices=PRICES, circuit=circuit).payload
    info = read_qir(content, "circuit.ll")
    found = prepare(target=targets.find("ionq.qpu.forte-1"), prices=PRICES, qir=info, shots=200)
    assert found.payload == content
    assert (found.figures.one_qubit_gates, found.figures.two_qubit_gates, found.figures.measurements) == (1, 4, 2)
    assert found.params["items"][0]["entryPoint"] == info.entry_point


def test_a_circuit_that_does_not_fit_is_refused() -> None:
    """Too many qubits, shots out of range, nothing measured, a target without gates."""
    small = targets.find("ionq.simulator")
    with pytest.raises(UnsupportedError, match="qubits"):
        prepare(target=small, prices=PRICES, circuit=ghz(40))
    with pytest.raises(UsageError, match="shots"):
        prepare(target=small, prices=PRICES, circuit=ghz(), shots=0)
    silent = QuantumCircuit(1, 1)
    silent.h(0)
    with pytest.raises(SpecError, match="measures nothing"):
        prepare(target=small, prices=PRICES, circuit=silent)
    with pytest.raises(UnsupportedError, match="no circuits of gates"):
        prepare(target=targets.find("pasqal.sim.emu-tn"), prices=PRICES, circuit=ghz())


def test_a_native_program_is_sent_as_it_is() -> None:
    """IonQ's gates are counted, doubly controlled ones as six; what can't be read has no known price, unless free."""
    gates = [
        {"gate": "h", "target": 0}, {"gate": "cnot", "control": 0, "target": 1}, {"gate": "swap", "targets": [0, 1]},
        {"gate": "x", "controls": [0, 1], "target": 2},
    ]  # fmt: skip
    target = targets.find("ionq.qpu.forte-1")
    found = prepare(target=target, prices=PRICES, native=("ionq.circuit.v1", ionq(gates)), shots=100)
    assert found.payload == ionq(gates)
    assert (found.figures.one_qubit_gates, found.figures.two_qubit_gates) == (1, 1 + 3 + 6)
    assert found.output_format == "ionq.quantum-results.v1"
    assert found.estimate.known
    quil = b"DECLARE ro BIT[1]\nH 0\nMEASURE 0 ro[0]\n"
    free = prepare(target=targets.find("rigetti.sim.qvm"), prices=PRICES, native=("rigetti.quil.v1", quil))
    assert (free.estimate.known, free.estimate.micros) == (True, 0)
    dear = prepare(target=targets.find("rigetti.qpu.cepheus-1-108q"), prices=PRICES, native=("rigetti.quil.v1", quil))
    assert not dear.estimate.known


@pytest.mark.parametrize("payload", [b"", b"[]", b'{"qubits": "x"}', b'{"qubits": 2}', b'{"qubits": 1, "circuit": [1]}',
                                     b'{"qubits": 1, "circuit": [{"target": 0}]}'])  # fmt: skip
def test_a_broken_ionq_program_is_told(payload: bytes) -> None:
    """It is refused with what it should look like."""
    target = targets.find("ionq.simulator")
    if payload.endswith(b'"target": 0}]}'):  # one gate without a name that is on one qubit: nothing to multiply
        assert prepare(target=target, prices=PRICES, native=("ionq.circuit.v1", payload)).figures.one_qubit_gates == 1
        return
    with pytest.raises(SpecError, match=r"ionq\.circuit\.v1"):
        prepare(target=target, prices=PRICES, native=("ionq.circuit.v1", payload))


def test_a_format_that_the_target_does_not_take_is_refused() -> None:
    """With those that it takes."""
    with pytest.raises(UnsupportedError, match="ionq"):
        prepare(target=targets.find("ionq.simulator"), prices=PRICES, native=("rigetti.quil.v1", b"H 0"))


def test_an_estimate_holds_for_what_is_sent_and_for_what_it_becomes() -> None:
    """Gates that the compiler would take away are counted: who bills what was sent bills no more than was said."""
    circuit = QuantumCircuit(2, 2)
    for _ in range(41):
        circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    found = prepare(target=targets.find("ionq.qpu.forte-1"), prices=PRICES, circuit=circuit, shots=100)
    assert found.report["two_qubit"] == 1
    assert found.figures.two_qubit_gates == 41
    assert found.payload.count(b"call void @__quantum__qis__cx__body") == 41


LOOP = """\
%Qubit = type opaque
define i64 @main() #0 {
entry:
  br label %loop
loop:
  call void @__quantum__qis__x__body(%Qubit* null)
  br i1 %more, label %FIRST, label %done
done:
  ret i64 0
}
"""


@pytest.mark.parametrize(
    ("text", "repeated"),
    [
        (LOOP.replace("FIRST", "loop"), True),
        (LOOP.replace("FIRST", "done"), False),
        (LOOP.replace("FIRST", '"done"'), False),
        ("define void @main() {\n  br label %1\n1:\n  br label %1\n}\n", True),
        ("define void @f() {\n  ret void\n}\ndefine void @main() {\n  call void @f()\n  ret void\n}\n", True),
        ("declare void @f()\ndefine void @main() {\n  call void @f()\n  ret void\n}\n", False),
    ],
)
def test_programs_that_may_run_instructions_again_are_told(text: str, repeated: bool) -> None:
    """A jump back, or a call of a function that has a body; blocks that follow one another are neither."""
    assert repeats(text) == repeated


def test_a_program_that_loops_has_no_known_price_where_it_costs_something() -> None:
    """How often the loop runs is not known before, and a cap that can't be held is not promised."""
    content = prepare(target=targets.find("quantinuum.qpu.h2-1"), prices=PRICES, circuit=ghz(2)).payload.decode()
    head, _, tail = content.partition("block_0:\n")
    jumps = f"{head}entry:\n  br label %block_0\nblock_0:\n{tail}".replace(
        "  ret i64 0", "  br i1 false, label %block_0, label %end\nend:\n  ret i64 0"
    )
    info = replace(read_own(content.encode()), text=jumps)
    found = prepare(target=targets.find("quantinuum.qpu.h2-1"), prices=PRICES, qir=info)
    assert (found.estimate.known, found.estimate.micros) == (False, 0)
    assert "loops" in found.estimate.note
    assert prepare(target=targets.find("quantinuum.sim.h2-1sc"), prices=PRICES, qir=info).estimate.known
