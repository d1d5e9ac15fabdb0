"""How a target reads its qubits: circuits that tell, and what they told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from qamctl.errors import BackendError, UsageError
from qamctl.kernels.couplings import Samples
from qamctl.quantum.mitigation.outcomes import Counts, Executor, read_counts
from qamctl.qubo.model import Floats

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: Which states are prepared.
PATTERNS: Final = {
    "ends": "all qubits 0, and all qubits 1: two circuits",
    "balanced": "any two qubits in all four states of theirs equally often: 2 + 2 ceil(log2 qubits) circuits",
}

#: `[read][prepared]`: the probabilities of what is read, for each state.
Matrix = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class Calibration:
    """What each qubit reads as, by what it is.

    Attributes
    ----------
    target
        The name of what was calibrated.
    time
        When, in ISO 8601.
    shots
        Runs with each qubit in each of its states; 0: the matrices are known exactly.
    qubits
        The qubits, by their index in the circuits.
    confusion
        One matrix for each qubit: `confusion[q][read][prepared]`, columns summing to 1.
    """

    target: str
    time: str
    shots: int
    qubits: tuple[int, ...]
    confusion: tuple[Matrix, ...]

    def __post_init__(self) -> None:
        if wrong := complaint(self.target, self.time, self.shots, self.qubits, self.confusion):
            raise UsageError(f"a calibration can't hold this: {wrong[1]}")

    @property
    def matrices(self) -> Floats:
        """[qubits, 2, 2] the confusion matrices."""
        return np.array(self.confusion, np.float64).reshape(-1, 2, 2)

    def of(self, qubits: Sequence[int]) -> Floats:
        """[k, 2, 2] the matrices of some qubits, in their order.

        Raises
        ------
        UsageError
            One of them was not calibrated.
        """
        place = {q: i for i, q in enumerate(self.qubits)}
        missing = [q for q in qubits if q not in place]
        if missing:
            raise UsageError(
                f"the calibration of {self.target} does not know qubit {missing[0]}: calibrate all measured qubits"
            )
        return self.matrices[[place[q] for q in qubits]]


def prepared_states(qubits: int, patterns: str = "ends") -> Samples:
    """[circuits, qubits] the states that the calibration circuits prepare, each beside its complement.

    Raises
    ------
    UsageError
        There are no such patterns.
    """
    if patterns not in PATTERNS:
        raise UsageError(f"there are no calibration patterns {patterns!r}: choose {' or '.join(PATTERNS)}")
    digits = math.ceil(math.log2(max(qubits, 1))) if patterns == "balanced" else 0
    number = np.arange(qubits)
    rows = [np.zeros(qubits, np.int64)] + [(number >> k) & 1 for k in range(digits)]
    return np.array([side for row in rows for side in (row, 1 - row)], np.uint8)


def calibration_circuits(qubits: Sequence[int], patterns: str = "ends") -> list[QuantumCircuit]:
    """Circuits that prepare known states of some qubits and measure qubit `qubits[b]` into bit b.

    They must run on the same physical qubits as the circuits that are corrected: a target that moves qubits while it
    compiles must be told not to.

    Raises
    ------
    UsageError
        There are no such patterns, no qubits, or one is named twice.
    """
    from qiskit import QuantumCircuit

    if not qubits or len(set(qubits)) != len(qubits) or min(qubits) < 0:
        raise UsageError("a calibration needs at least one qubit, each named once")
    circuits = []
    for row in prepared_states(len(qubits), patterns).tolist():
        circuit = QuantumCircuit(max(qubits) + 1, len(qubits))
        for qubit, state in zip(qubits, row, strict=True):
            if state:
                circuit.x(qubit)
        circuit.barrier()
        circuit.measure(list(qubits), range(len(qubits)))
        circuits.append(circuit)
    return circuits


def calibrate(
    counts: Sequence[Counts], qubits: Sequence[int], *, target: str, time: str, patterns: str = "ends"
) -> Calibration:
    """The calibration that the counts of `calibration_circuits` tell.

    Raises
    ------
    BackendError
        There are not as many counts as circuits, or they are of other bits.
    """
    matrices, shots = confusion_seen(counts, len(qubits), patterns)
    confusion = tuple(((a, b), (c, d)) for (a, b), (c, d) in matrices.tolist())
    return Calibration(target, time, shots, tuple(qubits), confusion)


def confusion_seen(counts: Sequence[Counts], qubits: int, patterns: str) -> tuple[Floats, int]:
    """[qubits, 2, 2] the confusion matrices, and the runs with each qubit in each state.

    Raises
    ------
    BackendError
        As for `calibrate`.
    """
    states = prepared_states(qubits, patterns)
    if len(counts) != len(states):
        raise BackendError(
            f"the target gave {len(counts)} results for {len(states)} calibration circuits: run them again"
        )
    ones, runs = np.zeros((2, qubits)), np.zeros((2, qubits))
    column = np.arange(qubits)
    for row, given in zip(states, counts, strict=True):
        seen = read_counts(given)
        if seen.bits != qubits:
            raise BackendError(f"the target measured {seen.bits} bits of a calibration circuit that has {qubits}")
        ones[row, column] += seen.often @ seen.samples
        runs[row, column] += seen.shots
    return np.stack([(runs - ones) / runs, ones / runs]).transpose(2, 0, 1), int(runs.min())


def measure_calibration(
    executor: Executor, qubits: Sequence[int], *, target: str, time: str, patterns: str = "ends"
) -> Calibration:
    """Run the calibration circuits of some qubits, in one call, and read them."""
    circuits = calibration_circuits(qubits, patterns)
    return calibrate(executor(circuits), qubits, target=target, time=time, patterns=patterns)


def complaint(
    target: str, time: str, shots: int, qubits: Sequence[int], confusion: Sequence[Matrix]
) -> tuple[str, str] | None:
    """The first field of a calibration that is wrong, and what is; None: it is a calibration."""
    if not target:
        return "target", "`target` names no target"
    try:
        datetime.fromisoformat(time)
    except ValueError:
        return "time", "`time` is no time in ISO 8601"
    if shots < 0:
        return "shots", "`shots` is less than 0"
    if not qubits or len(set(qubits)) != len(qubits) or min(qubits) < 0:
        return "qubits", "`qubits` must be different numbers from 0"
    if len(confusion) != len(qubits):
        return "confusion", f"`confusion` has {len(confusion)} matrices for {len(qubits)} qubits"
    for qubit, ((a, b), (c, d)) in zip(qubits, confusion, strict=True):
        if not (min(a, b, c, d) >= 0 and abs(a + c - 1) < 1e-9 and abs(b + d - 1) < 1e-9):
            return "confusion", f"the columns of the matrix of qubit {qubit} are not probabilities that sum to 1"
    return None
