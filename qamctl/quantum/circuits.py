"""QAOA circuits of polynomials: qubit q is variable q, and the unitary is the one that is trained in simulation."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from qamctl.errors import UsageError
from qamctl.quantum.ansatz import Ansatz
from qamctl.quantum.hamiltonian import diagonal_of
from qamctl.quantum.mixers import mix, prepare
from qamctl.quantum.polynomial import Polynomial

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: A product of Z with its weight.
ZTerm = tuple[tuple[int, ...], float]


def qaoa_circuit(
    polynomial: Polynomial, ansatz: Ansatz, angles: Sequence[float] | None = None, *, measure: bool = True
) -> QuantumCircuit:
    """The circuit of an ansatz: a first state, then `depth` layers of phases and mixer.

    Parameters
    ----------
    polynomial
        Of any degree; its offset is a global phase, which is dropped.
    angles
        [2 depth] all gammas, then all betas, as `ansatz.angle_names` has them, in units of 1 / energy and radians.
        None: they stay parameters `gamma[k]` and `beta[k]`, to be bound by name.
    measure
        Measure qubit q into bit q.

    Raises
    ------
    UsageError
        There are other angles than the layers need.
    """
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
    from qiskit.circuit import ParameterVector

    depth, n = ansatz.depth, ansatz.register.n
    if polynomial.n != n:
        raise ValueError("the polynomial and the register have different variables")
    gammas: Sequence[Any]
    betas: Sequence[Any]
    if angles is None:
        gammas, betas = ParameterVector("gamma", depth), ParameterVector("beta", depth)
    else:
        numbers = [float(angle) for angle in angles]
        if len(numbers) != 2 * depth:
            raise UsageError(f"{depth} layers need {2 * depth} angles, not {len(numbers)}")
        gammas, betas = numbers[:depth], numbers[depth:]
    circuit = QuantumCircuit(QuantumRegister(n, "q"), ClassicalRegister(n, "c") if measure else [], name="qaoa")
    terms = phase_terms(polynomial, ansatz)
    prepare(circuit, ansatz)
    for gamma, beta in zip(gammas, betas, strict=True):
        for qubits, weight in terms:
            _turn(circuit, qubits, 2 * weight * gamma)
        mix(circuit, ansatz, beta)
    if measure:
        circuit.measure(range(n), range(n))
    return circuit


def phase_terms(polynomial: Polynomial, ansatz: Ansatz) -> list[ZTerm]:
    """The products of Z whose phases make a layer, in an order in which many of them act side by side.

    Two members of a group that the mixer keeps are never both chosen: terms with both are left out.
    """
    home = {v: k for k, group in enumerate(ansatz.register.groups) for v in group}
    kept = {}
    for variables, weight in polynomial.terms.items():
        homes = [home[v] for v in variables if v in home]
        if len(set(homes)) == len(homes):
            kept[variables] = weight
    return side_by_side(diagonal_of(Polynomial(polynomial.n, 0.0, kept)).terms)


def side_by_side(terms: Sequence[ZTerm]) -> list[ZTerm]:
    """The terms in rounds whose members differ: each goes into the first round in which its qubits are free."""
    busy: dict[int, int] = {}  # qubit -> rounds in which it acts, as bits
    rounds: list[list[ZTerm]] = []
    for term in terms:
        taken = 0
        for qubit in term[0]:
            taken |= busy.get(qubit, 0)
        at = (~taken & (taken + 1)).bit_length() - 1  # the lowest bit that is 0
        if at == len(rounds):
            rounds.append([])
        rounds[at].append(term)
        for qubit in term[0]:
            busy[qubit] = busy.get(qubit, 0) | 1 << at
    return [term for one in rounds for term in one]


def _turn(circuit: QuantumCircuit, qubits: tuple[int, ...], angle: Any) -> None:
    """exp(-i angle / 2 Z...Z): the parity of three and more qubits is gathered on the last one."""
    if len(qubits) == 1:
        circuit.rz(angle, qubits[0])
    elif len(qubits) == 2:
        circuit.rzz(angle, *qubits)
    else:
        ladder = list(pairwise(qubits[:-1]))
        for pair in ladder:
            circuit.cx(*pair)
        circuit.rzz(angle, qubits[-2], qubits[-1])
        for pair in reversed(ladder):
            circuit.cx(*pair)
