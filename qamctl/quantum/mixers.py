"""Mixers and first states of QAOA as gates: exactly what the simulation does, so that its angles hold.

No mixer is Trotterised: on a one-hot group exp(-i beta A) is a unitary on the members' amplitudes, and a network of
Givens rotations between neighbours is that unitary.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qamctl.quantum.ansatz import Ansatz, hops
from qamctl.quantum.givens import Rotation, evolution, network, reversed_network, spread

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def prepare(circuit: QuantumCircuit, ansatz: Ansatz) -> None:
    """The first state: each free qubit by itself, each group with all of its members alike (a W state)."""
    for qubit, theta in _free(ansatz):
        if theta == np.pi / 2:
            circuit.h(qubit)
        elif theta:
            circuit.ry(theta, qubit)
    for group in ansatz.register.groups:
        circuit.x(group[0])
        _rotate(circuit, group, spread(len(group)))


def mix(circuit: QuantumCircuit, ansatz: Ansatz, beta: Any) -> None:
    """exp(-i beta B), B the mixer's generator; global phases are dropped.

    Parameters
    ----------
    beta
        A number, or a parameter of qiskit's, which then enters linearly.
    """
    if ansatz.mixer == "grover":
        _reflect(circuit, ansatz, beta)
        return
    for qubit, theta in _free(ansatz):
        if theta == np.pi / 2:
            circuit.rx(2 * beta, qubit)
            continue
        # cos(theta) Z + sin(theta) X is Z, turned by ry(theta).
        if theta:
            circuit.ry(-theta, qubit)
        circuit.rz(2 * beta, qubit)
        if theta:
            circuit.ry(theta, qubit)
    for group in ansatz.register.groups:
        if ansatz.mixer == "xy-full":
            _hop_among_all(circuit, group, beta)
        elif len(group) > 1:
            _hop_on_ring(circuit, group, beta)


def _free(ansatz: Ansatz) -> Iterable[tuple[int, float]]:
    """Each free qubit with the angle of its first state from |0>."""
    warm = ansatz.warm or (0.5,) * len(ansatz.register.free)
    for qubit, p in zip(ansatz.register.free, warm, strict=True):
        yield qubit, np.pi / 2 if p == 0.5 else 2 * float(np.arcsin(np.sqrt(p)))


def _rotate(circuit: QuantumCircuit, group: Sequence[int], rotations: Iterable[Rotation]) -> None:
    from qiskit.circuit.library import XXPlusYYGate

    for rotation in rotations:
        pair = [group[rotation.member], group[rotation.member + 1]]
        circuit.append(XXPlusYYGate(rotation.angle, rotation.phase), pair, copy=False)


def _hop_on_ring(circuit: QuantumCircuit, group: Sequence[int], beta: Any) -> None:
    """With a number, d (d - 1) / 2 rotations. A parameter stands in phases, between a basis of eigenstates and back."""
    generator = hops(len(group), "ring")
    if isinstance(beta, float | int):
        phases, rotations = network(evolution(generator, float(beta)))
        _phase(circuit, group, phases)
        _rotate(circuit, group, rotations)
        return
    values, vectors = np.linalg.eigh(generator)
    _, rotations = network(vectors)
    _rotate(circuit, group, reversed_network(rotations))
    _phase(circuit, group, [-value * beta if abs(value) > 1e-12 else 0.0 for value in values.tolist()])
    _rotate(circuit, group, rotations)


def _hop_among_all(circuit: QuantumCircuit, group: Sequence[int], beta: Any) -> None:
    """exp(-i beta (J - 1)) is a phase of -beta d on the W state, but for a global one: 2 (d - 1) rotations."""
    size = len(group)
    if size == 1:
        return
    if isinstance(beta, float | int) and size < 4:
        phases, rotations = network(evolution(hops(size, "full"), float(beta)))
        _phase(circuit, group, phases)
        _rotate(circuit, group, rotations)
        return
    there = spread(size)
    _rotate(circuit, group, reversed_network(there))
    circuit.rz(-size * beta, group[0])
    _rotate(circuit, group, there)


def _phase(circuit: QuantumCircuit, group: Sequence[int], phases: Iterable[Any]) -> None:
    """A phase on the state of each member; rz leaves a global phase beside it."""
    for qubit, phase in zip(group, phases, strict=True):
        if not isinstance(phase, float) or phase:
            circuit.rz(phase, qubit)


def _reflect(circuit: QuantumCircuit, ansatz: Ansatz, beta: Any) -> None:
    """exp(-i beta |s><s|) of the first state s: its preparation undone, a phase on where it began, and done again.

    Of a group the preparation began with its first member chosen; among states that keep the groups no further
    qubit needs to be looked at.
    """
    free, groups = list(_free(ansatz)), ansatz.register.groups
    back = circuit.copy_empty_like()
    for qubit, theta in free:
        if theta == np.pi / 2:
            back.h(qubit)
        elif theta:
            back.ry(-theta, qubit)
        back.x(qubit)
    for group in groups:
        _rotate(back, group, reversed_network(spread(len(group))))
    circuit.compose(back, inplace=True)
    _phase_of_ones(circuit, [group[0] for group in groups] + [qubit for qubit, _ in free], -beta)
    circuit.compose(back.inverse(), inplace=True)


def _phase_of_ones(circuit: QuantumCircuit, qubits: Sequence[int], angle: Any) -> None:
    """exp(i angle) on the states in which all of these qubits are 1."""
    if len(qubits) == 1:
        circuit.p(angle, qubits[0])
    elif qubits:
        circuit.mcp(angle, list(qubits[:-1]), qubits[-1])
