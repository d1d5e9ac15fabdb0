"""IonQ's JSON circuits."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from emulator.programs.running import IONQ, failed, work

from qamctl.emulator.programs.execute import run
from qamctl.emulator.programs.fault import BadProgram
from qamctl.emulator.programs.ionq import read


def circuit(*gates: dict[str, Any], qubits: Any = 3, **more: Any) -> bytes:
    """A circuit of these gates."""
    return json.dumps({"qubits": qubits, "circuit": gates, **more}).encode()


def unitary(source: bytes, target: str = "ionq.simulator") -> np.ndarray:
    """What a circuit does; the lowest qubit is the lowest bit of an index."""
    from qiskit.quantum_info import Operator

    found = read(source, target)
    found.remove_final_measurements()
    return np.asarray(Operator(found).data)


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
        (circuit({"gate": "h", "target": 0}, gateset="native"), "The native gate 'h' is not supported."),
        (circuit({"gate": "gpi", "target": 0}, gateset="native"), "needs a number 'phase'"),
        (circuit({"gate": "gpi", "phase": 1.5, "target": 0}, gateset="native"), "must be from -1 to 1 turns"),
        (circuit({"gate": "gpi2", "phase": 0, "targets": [0, 1]}, gateset="native"), "acts on other qubits"),
        (circuit({"gate": "gpi", "phase": 0, "target": 0, "control": 1}, gateset="native"), "acts on other qubits"),
        (circuit({"gate": "ms", "phases": [0], "targets": [0, 1]}, gateset="native"), "list 'phases' of 2 numbers"),
        (circuit({"gate": "ms", "phases": [0, "x"], "targets": [0, 1]}, gateset="native"), "a number 'phases'"),
        (circuit({"gate": "ms", "phases": [0, 0], "angle": 0.3, "targets": [0, 1]}, gateset="native"), "0 to 0.25"),
        (circuit({"gate": "zz", "targets": [0, 1]}, gateset="native"), "needs a number 'angle'"),
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
        (circuit({"gate": "rx", "target": 1, "rotation": 10**400}), "needs a number 'rotation'"),
        (circuit({"gate": "x", "target": 0, "controls": [*range(1, 9)]}, qubits=9), "more than 7 controls"),
        (circuit(qubits=None), "number of qubits must be from 1"),
        (circuit({"gate": "x", "target": 10**6}, qubits=None), "number of qubits must be from 1"),
        (circuit({"gate": "x", "target": -1}, qubits=None), "number of qubits must be from 1"),
        (circuit(format="ionq.circuit.v9"), "the format 'ionq.circuit.v9'; 'ionq.circuit.v0' is taken"),
        (circuit(gateset="mine"), "no set of gates 'mine'"),
        (json.dumps({"qubits": 1, "circuits": [[]]}).encode(), "A job has one circuit"),
    ],
)
def test_what_is_no_circuit_is_refused(source: bytes, told: str) -> None:
    """With what is wrong."""
    with pytest.raises(BadProgram) as raised:
        read(source)
    assert told in raised.value.message


def test_native_gates_are_those_of_ionqs_documentation() -> None:
    """By the matrices that it has, written out here: the first target is the higher bit there."""
    phase, other, angle = 0.15, -0.4, 0.1
    a, b, t = (2 * np.pi * turns for turns in (phase, other, angle))
    gpi = np.array([[0, np.exp(-1j * a)], [np.exp(1j * a), 0]])
    gpi2 = np.array([[1, -1j * np.exp(-1j * a)], [-1j * np.exp(1j * a), 1]]) / np.sqrt(2)
    c, s = np.cos(t / 2), -1j * np.sin(t / 2)
    ms = np.array([
        [c, 0, 0, np.exp(-1j * (a + b)) * s], [0, c, np.exp(-1j * (a - b)) * s, 0],
        [0, np.exp(1j * (a - b)) * s, c, 0], [np.exp(1j * (a + b)) * s, 0, 0, c],
    ])  # fmt: skip
    zz = np.diag(np.exp(-0.5j * t * np.array([1, -1, -1, 1])))
    cases = [
        ({"gate": "gpi", "phase": phase, "target": 0}, gpi),
        ({"gate": "gpi2", "phase": phase, "target": 0}, gpi2),
        ({"gate": "ms", "phases": [phase, other], "angle": angle, "targets": [1, 0]}, ms),
        ({"gate": "zz", "angle": angle, "targets": [0, 1]}, zz),
    ]
    for gate, wanted in cases:
        found = unitary(circuit(gate, qubits=None, gateset="native"))
        overlap = abs(np.vdot(wanted, found)) / len(found)
        assert overlap == pytest.approx(1), gate["gate"]
    whole = unitary(circuit({"gate": "ms", "phases": [0, 0], "targets": [0, 1]}, qubits=2, gateset="native"))
    assert np.abs(whole[[0, 3], 0]) == pytest.approx([0.5**0.5] * 2), "without an angle it entangles fully"


def test_entangling_native_gates_are_those_of_the_machine() -> None:
    """ms on Aria, zz on Forte, both on the simulator; and one is one gate, also when it is billed."""
    gates = {
        "ms": {"gate": "ms", "phases": [0, 0], "targets": [0, 1]},
        "zz": {"gate": "zz", "angle": 0.25, "targets": [0, 1]},
    }
    has = {"ionq.qpu.aria-1": {"ms"}, "ionq.qpu.forte-1": {"zz"}, "ionq.qpu.forte-enterprise-1": {"zz"}}
    for target, names in has.items():
        for name, gate in gates.items():
            one = run(work(target, circuit(gate, qubits=2, gateset="native"), IONQ, shots=100))
            if name in names:
                assert one.cost is not None
                amounts = {event["dimensionId"]: event["amountBilled"] for event in one.cost["events"]}
                assert (amounts["gs1q"], amounts["gs2q"] > 0) == (0.0, True), name
            else:
                assert f"The native gate '{name}' is not supported on the target '{target}'." in failed(one)[1]
    both = circuit(*gates.values(), qubits=2, gateset="native")
    assert run(work("ionq.simulator", both, IONQ)).error is None


def test_a_document_may_be_wrapped_and_say_less_or_more() -> None:
    """Format and set of gates by name; qubits as far as they are used; what is not known changes nothing."""
    gates = ({"gate": "x", "target": 4}, {"gate": "cnot", "control": 6, "target": 1})
    plain = read(circuit(*gates, qubits=7))
    wrapped: dict[str, Any] = {"format": "ionq.circuit.v0", "gateset": "qis"}
    for more in ({}, wrapped, {"gateset": None, "error_mitigation": {"debias": True}}):
        assert read(circuit(*gates, qubits=None, **more)) == plain


def test_a_phase_comes_as_a_z_with_a_rotation() -> None:
    """As the SDK sends p and cp."""
    found = unitary(circuit({"gate": "z", "targets": [0], "rotation": 0.7}, qubits=1))
    assert np.allclose(found, np.diag([1, np.exp(0.7j)]))
    found = unitary(circuit({"gate": "z", "targets": [1], "controls": [0], "rotation": 0.7}, qubits=2))
    assert np.allclose(found, np.diag([1, 1, 1, np.exp(0.7j)]))


def test_error_mitigation_is_accepted_and_changes_nothing() -> None:
    """As a parameter of the job, as documented."""
    payload = circuit({"gate": "h", "target": 0}, qubits=1)
    plain = run(work("ionq.qpu.aria-1", payload, IONQ, shots=100))
    asked = {"error-mitigation": {"debias": False}}
    assert run(work("ionq.qpu.aria-1", payload, IONQ, shots=100, **asked)) == plain


def test_circuits_that_the_sdk_translates_run_as_they_were() -> None:
    """Its own translation of a qiskit circuit of every gate that both have: by the exact distribution."""
    translated = pytest.importorskip("azure.quantum.qiskit.backends._qiskit_ionq").qiskit_circ_to_ionq_circ
    from qiskit import QuantumCircuit
    from qiskit.quantum_info import Statevector

    made = QuantumCircuit(4)
    for name in ("h", "x", "y", "z", "s", "sdg", "t", "tdg", "sx", "sxdg"):
        getattr(made, name)(0)
    for k, name in enumerate(("rx", "ry", "rz", "p")):
        getattr(made, name)(0.3 + k, k)
    for name in ("cx", "cy", "cz", "ch", "swap", "csx"):
        getattr(made, name)(1, 2)
    for k, name in enumerate(("rxx", "ryy", "rzz", "cp", "crx", "cry", "crz")):
        getattr(made, name)(0.4 + k, 2, 3)
    made.ccx(0, 1, 3)
    made.mcx([0, 1, 2], 3)
    gates, _, _ = translated(made)
    found = json.loads(run(work("ionq.simulator", circuit(*gates, qubits=4), IONQ)).output)["histogram"]
    wanted = Statevector(made).probabilities()
    assert [found.get(str(k), 0.0) for k in range(16)] == pytest.approx(wanted.tolist(), abs=1e-9)
