"""IonQ's JSON circuits."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from qamctl.emulator.programs.ionq import read
from qamctl.emulator.programs.sampled import BadProgram


def circuit(*gates: dict[str, Any], qubits: Any = 3) -> bytes:
    """A circuit of these gates."""
    return json.dumps({"qubits": qubits, "circuit": gates}).encode()


def test_every_gate_is_its_qiskit_gate() -> None:
    """By its unitary; controls may be one or several."""
    from qiskit import QuantumCircuit
    from qiskit.quantum_info import Operator

    gates = [{"gate": name, "target": 0} for name in ("x", "not", "y", "z", "h", "s", "si", "t", "ti", "v", "vi")]
    gates += [{"gate": name, "targets": [1], "rotation": 0.3} for name in ("rx", "ry", "rz")]
    gates += [{"gate": name, "targets": [0, 2], "rotation": 0.3} for name in ("xx", "yy", "zz")]
    gates += [{"gate": "swap", "targets": [0, 1]}, {"gate": "cnot", "control": 1, "target": 2}]
    gates += [{"gate": "x", "controls": [0, 1], "target": 2}, {"gate": "rz", "control": 0, "target": 2, "rotation": 2}]
    found = read(circuit(*gates))
    assert found.count_ops()["measure"] == 3
    wanted = QuantumCircuit(3)
    for name in ("x", "x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "sxdg"):
        getattr(wanted, name)(0)
    for name in ("rx", "ry", "rz"):
        getattr(wanted, name)(0.3, 1)
    for name in ("rxx", "ryy", "rzz"):
        getattr(wanted, name)(0.3, 0, 2)
    wanted.swap(0, 1)
    wanted.cx(1, 2)
    wanted.ccx(0, 1, 2)
    wanted.crz(2, 0, 2)
    found.remove_final_measurements()
    assert np.allclose(Operator(found).data, Operator(wanted).data)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (b"{", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"[]", "no list 'circuit'"),
        (circuit(qubits=0), "number of qubits must be from 1"),
        (circuit(qubits=True), "number of qubits must be from 1"),
        (circuit(qubits=2000), "number of qubits must be from 1"),
        (b'{"qubits": 1, "circuit": [3]}', "The gate 'None' is not supported"),
        (circuit({"gate": "ms", "targets": [0, 1]}), "The gate 'ms' is not supported"),
        (circuit({"gate": "h", "target": 3}), "no qubit '3'"),
        (circuit({"gate": "h", "target": "a"}), "no qubit 'a'"),
        (circuit({"gate": "h", "target": True}), "no qubit 'True'"),
        (circuit({"gate": "h"}), "acts on other qubits"),
        (circuit({"gate": "swap", "targets": [0, 0]}), "acts on other qubits"),
        (circuit({"gate": "x", "control": 1, "target": 1}), "acts on other qubits"),
        (circuit({"gate": "cnot", "target": 1}), "has no control"),
        (circuit({"gate": "rx", "target": 1}), "needs a number 'rotation'"),
        (circuit({"gate": "rx", "target": 1, "rotation": True}), "needs a number 'rotation'"),
        (circuit({"gate": "rx", "target": 1, "rotation": float("inf")}), "needs a number 'rotation'"),
    ],
)
def test_what_is_no_circuit_is_refused(source: bytes, told: str) -> None:
    """With what is wrong."""
    with pytest.raises(BadProgram) as raised:
        read(source)
    assert told in raised.value.message
