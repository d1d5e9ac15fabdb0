"""Amplitude amplification: rounds that turn the state towards the outcomes that are kept.

Brassard, Hoyer, Mosca and Tapp (2002): Q = -A S0 A^-1 Sgood turns by twice the angle theta = asin sqrt(P), within the
plane of what is kept and what is not, so that the state given what is kept stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def best_rounds(chance: float) -> int:
    """The rounds that bring the kept share nearest to all: floor(pi / 4 theta)."""
    return int(math.pi / (4 * math.asin(math.sqrt(min(1.0, chance))))) if 0 < chance < 1 else 0


def amplified_chance(chance: float, rounds: int) -> float:
    """The share that is kept after some rounds: sin((2 rounds + 1) theta)^2."""
    return math.sin((2 * rounds + 1) * math.asin(math.sqrt(min(1.0, max(0.0, chance))))) ** 2


def amplify(circuit: QuantumCircuit, kept: Sequence[int], rounds: int) -> QuantumCircuit:
    """A circuit without measurements, followed by rounds of amplification, in CX and one-qubit gates.

    Parameters
    ----------
    circuit
        In CX and one-qubit gates, too.
    kept
        Qubits that are all 1 in what is kept.
    """
    qubits = circuit.num_qubits
    every = list(range(qubits))
    select, start, back = _flip_sign(qubits, kept), _flip_sign(qubits, every, turned=True), circuit.inverse()
    out = circuit.copy()
    for _ in range(rounds):
        for part in (select, back, start, circuit):
            out.compose(part, every, inplace=True, copy=False)
    return out


def _flip_sign(qubits: int, among: Sequence[int], *, turned: bool = False) -> QuantumCircuit:
    """-1 where some qubits are all 1, or all 0 where it is turned."""
    from qiskit import QuantumCircuit, transpile
    from qiskit.circuit.library import ZGate

    circuit = QuantumCircuit(qubits)
    for qubit in among if turned else ():
        circuit.x(qubit)
    circuit.append(ZGate() if len(among) == 1 else ZGate().control(len(among) - 1, annotated=False), list(among))
    for qubit in among if turned else ():
        circuit.x(qubit)
    # Qubits that are idle here are in use elsewhere: they must not be taken for zeros.
    return transpile(
        circuit, basis_gates=["cx", "u"], optimization_level=2, seed_transpiler=0, qubits_initially_zero=False
    )
