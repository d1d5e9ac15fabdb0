"""Shots of a circuit, with noise or without, and in the one place where circuits are simulated."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import numpy as np
import numpy.typing as npt

from qamctl.emulator.programs.fault import BadProgram
from qamctl.emulator.programs.noise import Noisy
from qamctl.quantum.program import Counts, Program

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["BadProgram", "Sampled", "in_columns", "in_order", "seed_of", "simulated", "zeros"]

#: Updates of amplitudes that the noisy shots of a job may take, about a minute.
_COST: Final = 3e9


@dataclass(frozen=True, slots=True)
class Sampled:
    """Shots of a program.

    Attributes
    ----------
    rows
        [k, n] distinct outcomes; column v is bit v.
    order
        [shots] the row of each shot.
    """

    rows: npt.NDArray[np.uint8]
    order: npt.NDArray[np.int64]


def seed_of(*parts: object) -> int:
    """A seed that follows from these."""
    text = "\0".join(map(str, parts)).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) >> 1


def simulated(circuit: QuantumCircuit, shots: int, seed: int, noise: Noisy | None = None) -> Sampled:
    """Shots of a circuit: without noise it is simulated once, and they are drawn.

    Raises
    ------
    BadProgram
        With noise it would take longer than whoever asks for the job may wait.
    QamError
        It is too large, measures nothing, can't be simulated, or is not for machines with this noise.
    """
    if noise is None:
        from qamctl.quantum.simulate import run

        found = run(Program(circuit, circuit.num_clbits), shots, seed)
    else:
        from qamctl.quantum.noise import run as run_noisy

        circuit = _without_idle(circuit)
        if shots * len(circuit.data) * 2.0**circuit.num_qubits > _COST:
            size = f"{shots} noisy shots of {len(circuit.data)} operations on {circuit.num_qubits} qubits"
            raise BadProgram(f"{size} would take longer than a minute here: take fewer shots or qubits, or no noise.")
        seed = seed if noise.seed is None else seed_of("noise", noise.seed)
        found = run_noisy(Program(circuit, circuit.num_clbits, noise=noise.figures), shots, seed)
    return in_order(cast(Counts, found.counts), seed)  # a circuit that measures nothing is refused before


def _without_idle(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit without the qubits that nothing happens to."""
    from qiskit import QuantumCircuit

    used = {qubit for one in circuit.data for qubit in one.qubits}
    out = QuantumCircuit([qubit for qubit in circuit.qubits if qubit in used], circuit.clbits, *circuit.cregs)
    for one in circuit.data:
        out.append(one)
    return out


def in_order(counts: Counts, seed: int) -> Sampled:
    """Shots with these counts, in an order that follows from the seed."""
    each = np.repeat(np.arange(len(counts.samples)), counts.occurrences)
    return Sampled(counts.samples, np.random.default_rng([seed, 1]).permutation(each))


def in_columns(sampled: Sampled, columns: Sequence[int]) -> Sampled:
    """The same shots, of these bits only, in this order."""
    rows, place = np.unique(sampled.rows[:, list(columns)], axis=0, return_inverse=True)
    return Sampled(rows, place.ravel()[sampled.order])


def zeros(bits: int, shots: int) -> Sampled:
    """The shots of whoever runs nothing."""
    return Sampled(np.zeros((1, bits), np.uint8), np.zeros(shots, np.int64))
