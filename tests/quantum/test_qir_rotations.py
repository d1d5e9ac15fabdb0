"""Controlled rotations as QIR: those of any angle keep their sign, in branches, too."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector

from qamctl.errors import UnsupportedError
from qamctl.quantum.ansatz import Ansatz
from qamctl.quantum.circuits import qaoa_circuit
from qamctl.quantum.compare import fit
from qamctl.quantum.polynomial import Polynomial
from qamctl.quantum.program import Program
from qamctl.quantum.qir import read_own, run_qir, to_qir
from qamctl.quantum.register import Register
from qamctl.quantum.simulate import exact


def chance(circuit: QuantumCircuit, profile: str = "base", same: QuantumCircuit | None = None) -> float:
    """Of counts at least as far from the exact distribution, that of an equal circuit, as those of the QIR."""
    counts = run_qir(read_own(to_qir(circuit, profile=profile)), 500, seed=1)
    samples, chances = exact(Program(same or circuit, circuit.num_qubits))
    wanted = {"".join(map(str, row[::-1])): float(p) for row, p in zip(samples, chances, strict=True)}
    return fit(counts, wanted)


def between(name: str, angle: float) -> QuantumCircuit:
    """The gate where its sign matters: its turn alone, and its control in superposition."""
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.ry(0.4, 1)
    circuit.rz(0.9, 1)
    getattr(circuit, name)(angle, 0, 1)
    circuit.h(0)
    circuit.rx(1.1, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


@pytest.mark.parametrize("angle", [-2.0, 7.0, -4.5])
@pytest.mark.parametrize("name", ["crx", "cry", "crz"])
def test_controlled_rotations_of_any_angle_keep_their_sign(name: str, angle: float) -> None:
    """They repeat after 4 pi, and not after 2 pi as the compiler takes angles; wrong signs would be seen."""
    circuit = between(name, angle)
    wrong = between(name, angle % (2 * math.pi))
    states = [Statevector(c.remove_final_measurements(inplace=False)).probabilities_dict() for c in (circuit, wrong)]
    assert sum(abs(states[0][key] - states[1][key]) for key in states[0]) > 0.2
    assert chance(circuit) > 1e-6


@pytest.mark.parametrize("angle", [-2.0, 7.0, -4.5])
def test_a_controlled_rotation_is_two_rotations(angle: float) -> None:
    """RZ by half the angle and RZZ by minus that, whose angles the compiler may take modulo 2 pi."""
    text = to_qir(between("crz", angle)).decode()
    angles = [float(a) for a in re.findall(r"qis__r(?:z|zz)__body\(double ([^,]+),", text)]
    assert np.exp(1j * np.array(angles)) == pytest.approx(np.exp(1j * np.array([0.9, angle / 2, -angle / 2])))


def test_phases_under_two_controls_keep_their_sign() -> None:
    """`mcp` is made of controlled rotations."""
    circuit = QuantumCircuit(3, 3)
    circuit.h([0, 1, 2])
    circuit.mcp(-0.8, [0, 1], 2)
    circuit.h([0, 1, 2])
    circuit.measure(range(3), range(3))
    assert chance(circuit) > 1e-6


@pytest.mark.parametrize("beta", [0.9, -0.9])
def test_the_grover_mixer_keeps_its_distribution(beta: float) -> None:
    """Its phase has two controls at 3 qubits."""
    energy = Polynomial(3, 0.0, {(0,): 1.0, (1, 2): -1.5, (0, 1): 0.7})
    circuit = qaoa_circuit(energy, Ansatz(Register(3), "grover", 1), [0.8, beta])
    assert chance(circuit) > 1e-6


@pytest.mark.parametrize("block", ["if", "for", "box"])
def test_branches_and_loops_are_compiled_alike(block: str) -> None:
    """A controlled rotation behind a barrier in a block of each kind."""
    circuit = QuantumCircuit(3, 3)
    circuit.h([0, 1, 2])
    circuit.measure(2, 2)
    opened = {
        "if": lambda: circuit.if_test((circuit.clbits[2], 1)),
        "for": lambda: circuit.for_loop(range(1)),
        "box": circuit.box,
    }[block]()
    with opened:
        circuit.barrier()
        circuit.crz(-2.0, 0, 1)
    circuit.h([0, 1])
    circuit.measure([0, 1], [0, 1])
    if block == "if":
        assert chance(circuit, "adaptive-ri") > 1e-6
        return
    plain = QuantumCircuit(3, 3)
    plain.h([0, 1, 2])
    plain.measure(2, 2)
    plain.crz(-2.0, 0, 1)
    plain.h([0, 1])
    plain.measure([0, 1], [0, 1])
    assert chance(circuit, "adaptive-ri", plain) > 1e-6


def test_barriers_and_delays_do_no_harm() -> None:
    """They are no instructions of QIR, and leave the others as they are."""
    circuit, plain = QuantumCircuit(2, 2), QuantumCircuit(2, 2)
    for one in (circuit, plain):
        one.h(0)
        if one is circuit:
            one.barrier()
            one.delay(100, 0)
        one.cx(0, 1)
        one.measure([0, 1], [0, 1])
    assert to_qir(circuit) == to_qir(plain)


def test_the_limit_holds_for_the_rotations_and_in_branches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Operations are counted before and after controlled rotations are taken apart."""
    monkeypatch.setattr("qamctl.quantum.qir.OPERATIONS", 9)
    assert to_qir(between("crz", 1.0))
    circuit = between("crz", 1.0)
    circuit.data.insert(0, circuit.data[0])
    with pytest.raises(UnsupportedError, match="stands for 10 operations, more than the 9"):
        to_qir(circuit)
    branch = QuantumCircuit(1, 1)
    branch.measure(0, 0)
    with branch.if_test((branch.clbits[0], 1)):
        for _ in range(8):
            branch.x(0)
    with pytest.raises(UnsupportedError, match="has 10 operations"):
        to_qir(branch, profile="adaptive-ri")


def test_variables_of_a_circuit_are_compiled() -> None:
    """One that is stored and never read does nothing."""
    from qiskit.circuit.classical import expr

    circuit = QuantumCircuit(1, 1)
    variable = circuit.add_var("v", expr.lift(True))
    circuit.store(variable, expr.lift(False))
    circuit.x(0)
    circuit.measure(0, 0)
    assert run_qir(read_own(to_qir(circuit, profile="adaptive-ri")), 3, seed=1) == {"1": 3}
