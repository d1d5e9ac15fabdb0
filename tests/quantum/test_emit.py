"""Circuits as files, with the report of what they cost."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Operator

from qamctl.errors import SpecError, UnsupportedError, UsageError
from qamctl.quantum.ansatz import Ansatz
from qamctl.quantum.circuits import qaoa_circuit
from qamctl.quantum.emit import Form, emit, emit_qaoa
from qamctl.quantum.polynomial import Polynomial
from qamctl.quantum.qaoa.untrained import untrained_angles
from qamctl.quantum.qasm import loads
from qamctl.quantum.qir import read_qir
from qamctl.quantum.register import Register
from qamctl.quantum.targets import TARGETS

RING = Polynomial(4, 0.0, MappingProxyType({(0, 1): 1.0, (1, 2): 1.0, (2, 3): 1.0, (0, 3): 1.0, (0, 1, 2): -2.0}))


@pytest.mark.parametrize("mixer", ["x", "grover", "xy-ring"])
def test_openqasm_is_the_circuit_with_the_tables_angles(mixer: str) -> None:
    """What is written reads back to the circuit of the angles that the report names."""
    ansatz = Ansatz(Register(4, () if mixer == "x" else ((0, 1, 2),)), mixer, 2)
    content, report = emit_qaoa(RING, ansatz, Form("qasm"))
    angles = untrained_angles(RING, ansatz)
    assert report["qaoa"]["gammas"] + report["qaoa"]["betas"] == angles.tolist()
    assert (report["qaoa"]["mixer"], report["qaoa"]["layers"]) == (mixer, 2)
    found = loads(content, "f")
    assert report["circuit"]["clbits"] == found.num_clbits == 4
    found.remove_final_measurements()
    assert Operator(found).equiv(Operator(qaoa_circuit(RING, ansatz, angles.tolist(), measure=False)))


@pytest.mark.parametrize("name", TARGETS)
def test_qir_has_the_profile_of_the_target(name: str) -> None:
    """Or the one that is asked for; the report names it, and figures before and after."""
    circuit = qaoa_circuit(RING, Ansatz(Register(4), "x", 1), [0.1, 0.2])
    content, report = emit(circuit, Form("qir", target=name, bitcode=True))
    found = read_qir(content, "f")
    assert content.startswith(b"BC")
    assert report["qir"] == {
        "profile": TARGETS[name].profile, "format": "bc", "entry_point": "ENTRYPOINT__main", "qubits": found.qubits,
        "results": 4,
    }  # fmt: skip
    assert found.profile == TARGETS[name].profile
    assert report["before"]["two_qubit"] > 0
    assert read_qir(emit(circuit, Form("qir", target=name, profile="base"))[0], "f").profile == "base"


def test_qir_without_a_target_is_base() -> None:
    """As text."""
    content, report = emit(qaoa_circuit(RING, Ansatz(Register(4), "x", 1), [0.1, 0.2]), Form("qir"))
    assert report["qir"]["profile"] == read_qir(content, "f").profile == "base"
    assert "target" not in report


def test_what_would_be_too_large_is_refused_before_it_is_built() -> None:
    """Qubits, phases, and bytes of text; a problem without variables has no circuit."""
    with pytest.raises(UnsupportedError, match="10,000 qubits"):
        emit_qaoa(Polynomial(20_000, 0.0, MappingProxyType({})), Ansatz(Register(20_000), "x", 1), Form("qasm"))
    with pytest.raises(UnsupportedError, match="--depth"):
        emit_qaoa(RING, Ansatz(Register(4), "x", 100_000), Form("qasm"))
    with pytest.raises(SpecError, match="no variable"):
        emit_qaoa(Polynomial(0, 0.0, MappingProxyType({})), Ansatz(Register(0), "x", 1), Form("qasm"))


def test_a_program_that_would_not_be_read_back_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """More bytes than `loads` takes."""
    monkeypatch.setattr("qamctl.quantum.emit.SIZE", 10)
    with pytest.raises(UnsupportedError, match="read back"):
        emit(QuantumCircuit(1), Form("qasm"))


@pytest.mark.parametrize(
    "form",
    [Form("qasm", "eniac"), Form("qir", profile="full"), Form("qasm", profile="base"), Form("qasm", bitcode=True)],
)
def test_names_that_there_are_not_are_refused(form: Form) -> None:
    """Targets, profiles, and what is said of QIR where there is none."""
    with pytest.raises(UsageError):
        form.check()
