"""Circuits for the evolution under a context: exactly, or by a product formula whose error is bounded.

The matrix is split by which bits of a path change: the terms between |h> and |h xor mask> are, after a few CX,
rotations of one qubit whose angles depend on the others, so that each term is exact by itself. Their product is the
symmetric formula of second order; its error is bounded by nested commutators (Childs, Su, Tran, Wiebe and Zhu, Phys.
Rev. X 11, 011020, 2021, proposition 16).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qamctl.reason.circuits.multiplex import multiplexed
from qamctl.reason.spec import Complex, Floats

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


@dataclass(frozen=True)
class Evolution:
    """A circuit for exp(-i H time).

    Attributes
    ----------
    steps
        Of the product formula; 0: exact.
    error, bound
        The operator norm of the difference to the exact evolution, and what it can be by the commutators.
    """

    circuit: QuantumCircuit
    steps: int
    error: float
    bound: float


def exact_evolution(hamiltonian: Complex, time: float) -> Evolution:
    """The unitary itself, which qiskit takes apart; a single term of the product formula where there is but one."""
    from qiskit import QuantumCircuit

    terms = split(hamiltonian)
    if len(terms) == 1:  # one step of one term is exact
        return Evolution(_formula(terms, len(hamiltonian), time, 1), 0, 0.0, 0.0)
    qubits = len(hamiltonian).bit_length() - 1
    circuit = QuantumCircuit(qubits)
    if terms:
        circuit.unitary(propagator(hamiltonian, time), range(qubits))
    return Evolution(circuit, 0, 0.0, 0.0)


def trotter_evolution(hamiltonian: Complex, time: float, steps: int) -> Evolution:
    """So many steps of the symmetric product formula."""
    from qiskit.quantum_info import Operator

    terms = split(hamiltonian)
    circuit = _formula(terms, len(hamiltonian), time, steps)
    difference = Operator(circuit).data - propagator(hamiltonian, time)
    error = float(np.linalg.norm(difference, 2))
    return Evolution(circuit, steps, error, commutator_bound([term for _, term in terms], time, steps))


def propagator(hamiltonian: Complex, time: float) -> Complex:
    """exp(-i H time)."""
    energies, states = np.linalg.eigh(hamiltonian)
    return np.asarray((states * np.exp(-1j * time * energies)) @ states.conj().T)


def split(hamiltonian: Complex) -> list[tuple[int, Complex]]:
    """The matrix as a sum, by the bits that change; the diagonal is first, and terms that are zero are left out."""
    n = len(hamiltonian)
    rows = np.arange(n)
    out = []
    for mask in range(n):
        values = hamiltonian[rows, rows ^ mask]
        if np.any(values != 0):
            term = np.zeros_like(hamiltonian)
            term[rows, rows ^ mask] = values
            out.append((mask, term))
    return out


def commutator_bound(terms: list[Complex], time: float, steps: int) -> float:
    """By how much the symmetric formula may be off, in the operator norm."""
    total = 0.0
    for k, term in enumerate(terms):
        rest = sum(terms[k + 1 :], np.zeros_like(term))
        inner = rest @ term - term @ rest
        total += float(np.linalg.norm(rest @ inner - inner @ rest, 2)) / 12
        total += float(np.linalg.norm(term @ inner - inner @ term, 2)) / 24
    return total * abs(time) ** 3 / steps**2


def _formula(terms: list[tuple[int, Complex]], size: int, time: float, steps: int) -> QuantumCircuit:
    """Each step goes through the terms for half its time, and back; terms that meet are joined."""
    from qiskit import QuantumCircuit

    qubits = size.bit_length() - 1
    circuit = QuantumCircuit(qubits)
    if not terms or not steps:
        return circuit
    step = time / steps
    forth = [(mask, term, step / 2) for mask, term in terms]
    order = [*forth[:-1], (*terms[-1], step), *forth[-2::-1]] if len(terms) > 1 else [(*terms[0], step)]
    joined: list[tuple[int, Complex, float]] = []
    for mask, term, share in order * steps:
        if joined and joined[-1][0] == mask:
            share += joined.pop()[2]
        joined.append((mask, term, share))
    for mask, term, share in joined:
        _turn(circuit, mask, term, share)
    return circuit


def _turn(circuit: QuantumCircuit, mask: int, term: Complex, time: float) -> None:
    """exp(-i term time) for a term that changes the bits of `mask` alone."""
    qubits = circuit.num_qubits
    states = np.arange(1 << qubits)
    if mask == 0:
        _phases(circuit, -time * term[states, states].real)
        return
    pivot = (mask & -mask).bit_length() - 1
    others = [q for q in range(qubits) if q != pivot]
    changed = [q for q in others if mask >> q & 1]
    for qubit in changed:
        circuit.cx(pivot, qubit)
    # Behind the CXs a state of the others names the pair whose member with pivot 0 has these bits.
    low = np.zeros(1 << len(others), np.int64)
    for place, qubit in enumerate(others):
        low |= (np.arange(len(low)) >> place & 1) << qubit
    element = term[low, low ^ mask]
    if np.any(element.imag != 0):
        turn = np.angle(element)
        _multiplexed_rz(circuit, turn, others, pivot)
        multiplexed(circuit, "rx", 2 * time * np.abs(element), others, pivot)
        _multiplexed_rz(circuit, -turn, others, pivot)
    else:
        multiplexed(circuit, "rx", 2 * time * element.real, others, pivot)
    for qubit in reversed(changed):
        circuit.cx(pivot, qubit)


def _multiplexed_rz(circuit: QuantumCircuit, angles: Floats, controls: list[int], target: int) -> None:
    """As `multiplexed`, about Z: X turns it round, which is Z between two Hadamards."""
    circuit.h(target)
    multiplexed(circuit, "rx", angles, controls, target)
    circuit.h(target)


def _phases(circuit: QuantumCircuit, angles: Floats) -> None:
    """Multiply each state by exp(i angle)."""
    from qiskit.circuit.library import DiagonalGate

    circuit.append(DiagonalGate(np.exp(1j * angles)), range(circuit.num_qubits))
