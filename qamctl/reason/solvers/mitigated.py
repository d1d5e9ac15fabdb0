"""The posterior from a noisy engine, with its errors undone: readout corrected, noise extrapolated to zero."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qamctl.errors import InfeasibleError
from qamctl.kernels.couplings import Samples
from qamctl.quantum.intervals import TWO_SIDED_95
from qamctl.quantum.mitigation import Mitigated, Readout, Zne, execute
from qamctl.quantum.mitigation.calibration import confusion_seen
from qamctl.quantum.mitigation.folding import measured_qubits
from qamctl.quantum.mitigation.program import CALIBRATING
from qamctl.reason.spec import Floats, Ints

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: Runs circuits, and gives the counts of each by bitstring.
Run = Callable[[Sequence["QuantumCircuit"]], list[dict[str, int]]]

#: The path of each sample; -1 where it is not accepted.
Reading = Callable[[Samples], Ints]


@dataclass(frozen=True)
class Shares:
    """A mitigated posterior.

    Attributes
    ----------
    values, errors
        [K] of the paths that the circuit holds; the values sum to 1, with standard errors.
    raw
        [K] the shares of accepted shots.
    bare
        [K] the same of the circuit without a code, and how many shots it accepted; None where there is no code.
    shots, accepted
        Of the circuit itself.
    told
        What mitigation did and cost, for the result file.
    """

    values: Floats
    errors: Floats
    raw: Floats
    bare: tuple[Floats, int] | None
    shots: int
    accepted: int
    told: Mapping[str, Any]

    @property
    def intervals(self) -> Floats:
        """[K, 2] 95 % intervals."""
        half = TWO_SIDED_95 * self.errors
        return np.clip(np.stack([self.values - half, self.values + half], axis=1), 0.0, 1.0)


def mitigate(
    circuit: QuantumCircuit,
    reading: Reading,
    paths: int,
    methods: Sequence[str],
    run: Run,
    *,
    bare: tuple[QuantumCircuit, Reading] | None = None,
) -> Shares | None:
    """The shares of paths among what is accepted, mitigated; None where nothing is.

    Parameters
    ----------
    circuit
        In the machine's gates, with its measurements.
    reading
        Tells the path of a shot.
    paths
        How many there are.
    methods
        readout, zne, detect (which the reading does).
    run
        Called once.
    bare
        Of a circuit in a code: the same without it, which is measured once, so that what the code gains can be told.

    Raises
    ------
    UsageError
        The circuit has no gates to fold.
    BackendError
        The engine failed, or a qubit's readout can't be inverted.
    """
    results: list[list[dict[str, int]]] = []

    def once(batch: Sequence[QuantumCircuit]) -> list[dict[str, int]]:
        if not results:
            results.append(run(batch if bare is None else [*batch, bare[0]]))
        return results[0][: len(batch)]

    readout = Readout() if "readout" in methods else None
    zne = Zne() if "zne" in methods else None

    def accepted(samples: Samples) -> Any:
        return reading(samples) >= 0

    found: list[Mitigated] = []
    try:
        for path in range(paths):
            found += execute([circuit], once, _share(reading, path), readout=readout, keep=accepted, zne=zne)
    except InfeasibleError:
        return None
    values = np.clip([one.value for one in found], 0.0, None)
    counts = results[0][0]
    raw, kept = _raw(counts, reading, paths)
    if values.sum() <= 0 or kept == 0:
        return None
    first, total, shots = found[0], float(values.sum()), sum(counts.values())
    errors = np.array([one.error for one in found]) / total
    calibration = None if readout is None else _flips(circuit, results[0], 1 if zne is None else len(zne.scales))
    further = 0 if bare is None else sum(results[0][-1].values())
    fits = dict.fromkeys(one.extrapolation.fit for one in found if one.extrapolation is not None)
    without = None if bare is None else _raw(results[0][-1], bare[1], paths)
    overhead = _overhead(errors, *(without or (raw, kept)), first.shots / shots)
    told = {
        "methods": list(methods), "circuits": first.circuits + (bare is not None), "shots": first.shots + further,
        "fit": " and ".join(fits) or None, "overhead": overhead, "kept": first.kept, "calibration": calibration,
        "notes": list(dict.fromkeys(note for one in found for note in one.notes)),
    }  # fmt: skip
    return Shares(values / total, errors, raw, without, shots, kept, told)


def _flips(circuit: QuantumCircuit, results: Sequence[dict[str, int]], folds: int) -> list[list[float]]:
    """[bits] the chances that a 0 was read as 1, and a 1 as 0, by the circuits behind the folded ones."""
    qubits = measured_qubits(circuit)
    matrices, _ = confusion_seen(results[folds : folds + CALIBRATING], len(qubits), "ends")
    order = [sorted(qubits).index(qubit) for qubit in qubits]
    return [[float(matrices[k, 1, 0]), float(matrices[k, 0, 1])] for k in order]


def _share(reading: Reading, path: int) -> Callable[[Samples], Floats]:
    return lambda samples: (reading(samples) == path).astype(np.float64)


def _raw(counts: Mapping[str, int], reading: Reading, paths: int) -> tuple[Floats, int]:
    """[K] the shares of accepted shots, and how many those are."""
    from qamctl.quantum.program import from_strings

    bits = len(next(iter(counts)).replace(" ", ""))
    seen = from_strings(counts, bits)
    path = reading(seen.samples)
    by_path = np.bincount(path[path >= 0], seen.occurrences[path >= 0], minlength=paths)
    return by_path / max(1.0, float(by_path.sum())), round(float(by_path.sum()))


def _overhead(errors: Floats, raw: Floats, kept: int, times: float) -> float | None:
    """How many times as many shots as the shares of accepted shots these take for the same error: the mean over paths.

    Parameters
    ----------
    errors, raw
        [K] standard errors, and those shares, which are of `kept` shots.
    times
        As many shots as those of the circuit itself ran in all.
    """
    plain = np.sqrt(raw * (1 - raw) / max(1, kept))
    seen = plain > 0
    return float(np.mean((errors[seen] / plain[seen]) ** 2) * times) if seen.any() else None
