"""The front door to error mitigation: circuits, an executor and an observable in; values with errors and costs out.

Every verb runs all that it needs in one call of the executor, and every verb takes the others' parts: readout
correction and post-selection act on each noise scale before the extrapolation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qamctl.errors import BackendError, UsageError
from qamctl.quantum.mitigation.calibration import PATTERNS, Calibration, calibration_circuits, confusion_seen
from qamctl.quantum.mitigation.extrapolation import FITS, Extrapolation, Point, extrapolate
from qamctl.quantum.mitigation.folding import Folded, fold, measured_qubits
from qamctl.quantum.mitigation.observables import Check, Observable, mixed_mean, values_of
from qamctl.quantum.mitigation.outcomes import Counts, Estimate, Executor, Outcomes, bitstrings, read_counts
from qamctl.quantum.mitigation.postselect import nothing_kept, passes
from qamctl.quantum.mitigation.readout import METHODS, Corrected, correct
from qamctl.qubo.model import Floats

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: An observable's mean over what was measured, corrected or not.
_Mean = Callable[[Observable], Estimate]
#: More than this share of the reads outside the outcomes that were seen is worth a note.
_UNSEEN = 0.02


@dataclass(frozen=True)
class Readout:
    """How readout is corrected.

    Attributes
    ----------
    calibration
        Of all qubits that the circuits measure; None: calibration circuits run in the same call.
    patterns
        Which ones, where they run: "ends" or "balanced".
    method
        "auto", "tensored" or "subspace".
    """

    calibration: Calibration | None = None
    patterns: str = "ends"
    method: str = "auto"

    def __post_init__(self) -> None:
        if self.patterns not in PATTERNS:
            raise UsageError(f"there are no calibration patterns {self.patterns!r}: choose {' or '.join(PATTERNS)}")
        if self.method not in METHODS:
            raise UsageError(f"there is no readout correction {self.method!r}: choose {', '.join(METHODS)}")


@dataclass(frozen=True)
class Zne:
    """How noise is extrapolated to zero.

    Attributes
    ----------
    scales
        By which gates are folded; 1, the circuit itself, is among them.
    fit
        A key of `extrapolation.FITS`.
    asymptote
        The value of endless noise; None: the observable's mean over all outcomes (over those that are kept).
    barriers
        Stand between the copies, so that no compiler takes them away.
    """

    scales: tuple[float, ...] = (1.0, 3.0, 5.0)
    fit: str = "auto"
    asymptote: float | None = None
    barriers: bool = True

    def __post_init__(self) -> None:
        if len(self.scales) < 2 or min(self.scales) != 1 or len(set(self.scales)) != len(self.scales):
            raise UsageError("extrapolation needs two or more different scales from 1, with 1 among them")
        if self.fit not in FITS:
            raise UsageError(f"there is no fit {self.fit!r}: choose {', '.join(FITS)}")


@dataclass(frozen=True)
class Mitigated:
    """A mitigated expectation value, and what it cost.

    Attributes
    ----------
    value, error
        The value and its standard error.
    raw
        The same without any mitigation.
    distribution
        Bitstring -> probability at noise scale 1: after readout correction the nearest distribution, of the outcomes
        that were kept.
    kept
        The share of the distribution that the check kept, None without one.
    extrapolation
        Every point, the fit and why; None without one.
    shots, circuits
        What ran for this value, circuits that measure a calibration included.
    overhead
        How many times as many shots as the raw value this one takes for the same standard error; None where the raw
        error is 0.
    notes
        What one should know.
    """

    value: float
    error: float
    raw: Estimate
    distribution: dict[str, float]
    kept: float | None
    extrapolation: Extrapolation | None
    shots: int
    circuits: int
    overhead: float | None
    notes: tuple[str, ...] = ()


def execute_with_readout(
    circuits: Sequence[QuantumCircuit],
    executor: Executor,
    observable: Observable,
    *,
    readout: Readout | None = None,
    keep: Check | None = None,
) -> tuple[Mitigated, ...]:
    """Expectation values corrected for readout; without a calibration it is measured in the same call."""
    return execute(circuits, executor, observable, readout=readout or Readout(), keep=keep)


def execute_with_postselection(
    circuits: Sequence[QuantumCircuit],
    executor: Executor,
    observable: Observable,
    keep: Check,
    *,
    readout: Readout | None = None,
) -> tuple[Mitigated, ...]:
    """Expectation values over the outcomes that keep a rule, such as `postselect.one_hot(groups)`."""
    return execute(circuits, executor, observable, readout=readout, keep=keep)


def execute_with_zne(
    circuits: Sequence[QuantumCircuit],
    executor: Executor,
    observable: Observable,
    *,
    zne: Zne | None = None,
    readout: Readout | None = None,
    keep: Check | None = None,
) -> tuple[Mitigated, ...]:
    """Expectation values extrapolated to no noise; readout correction and post-selection act on each scale."""
    return execute(circuits, executor, observable, readout=readout, keep=keep, zne=zne or Zne())


def execute(
    circuits: Sequence[QuantumCircuit],
    executor: Executor,
    observable: Observable,
    *,
    readout: Readout | None = None,
    keep: Check | None = None,
    zne: Zne | None = None,
) -> tuple[Mitigated, ...]:
    """Expectation values of circuits, with the mitigation that is given; without any, the raw ones.

    Parameters
    ----------
    circuits
        Gates, then measurements; qubit i of a circuit is qubit i of the target.
    executor
        Runs circuits and gives their counts; called once.
    observable
        Of the measured bits: bit v is variable v of a polynomial, and column v of a function's samples.
    readout, keep, zne
        Readout correction, post-selection, extrapolation.

    Raises
    ------
    UsageError
        The circuits, the observable and the parts don't fit each other.
    BackendError
        The executor did not give the counts of every circuit, or its readout can't be inverted.
    InfeasibleError
        Post-selection keeps nothing.
    """
    if not circuits:
        return ()
    measured = [measured_qubits(circuit) for circuit in circuits]
    plan = [_folds(circuit, zne) for circuit in circuits]
    batch = [folded.circuit for folds in plan for folded in folds]
    to_calibrate: list[int] = []
    if readout is not None and readout.calibration is None:
        to_calibrate = sorted({q for qubits in measured for q in qubits})
        batch += calibration_circuits(to_calibrate, readout.patterns)
    results = list(executor(batch))
    if len(results) != len(batch):
        raise BackendError(f"the executor gave {len(results)} results for {len(batch)} circuits")
    ran = sum(map(len, plan))
    extra = results[ran:]
    matrices_of, certain = _confusion(readout, to_calibrate, extra)
    out, position = [], 0
    for folds, qubits in zip(plan, measured, strict=True):
        mine = results[position : position + len(folds)]
        position += len(folds)
        matrices = matrices_of(qubits) if matrices_of else None
        steps = _Steps(observable, keep, len(qubits), matrices, certain, readout.method if readout else "auto")
        out.append(_mitigated(mine, folds, steps, zne, extra))
    return tuple(out)


def _confusion(
    readout: Readout | None, calibrated: Sequence[int], results: Sequence[Counts]
) -> tuple[Callable[[Sequence[int]], Floats] | None, int]:
    """What gives the confusion matrices of some qubits, and how many shots they come from."""
    if readout is None:
        return None, 0
    if readout.calibration is not None:
        return readout.calibration.of, readout.calibration.shots
    matrices, shots = confusion_seen(results, len(calibrated), readout.patterns)
    return (lambda qubits: matrices[np.searchsorted(calibrated, qubits)]), shots


@dataclass(frozen=True)
class _Steps:
    """What happens to the counts of one run of one circuit."""

    observable: Observable
    keep: Check | None
    bits: int
    matrices: Floats | None
    calibration_shots: int
    method: str

    def read(self, counts: Counts) -> Outcomes:
        outcomes = read_counts(counts)
        if outcomes.bits != self.bits:
            raise BackendError(f"the executor gave {outcomes.bits} bits for a circuit that measures {self.bits}")
        return outcomes

    def correct(self, outcomes: Outcomes) -> Corrected | None:
        if self.matrices is None:
            return None
        return correct(outcomes, self.matrices, calibration_shots=self.calibration_shots, method=self.method)

    def value(self, run: Outcomes | Corrected, shots: int) -> tuple[Estimate, float | None]:
        """The mean over what is kept, and the share of that."""
        if self.keep is None:
            return run.expectation(self.observable), None
        return _ratio(run.expectation, self.observable, self.keep, shots)

    def distribution(self, run: Outcomes | Corrected) -> dict[str, float]:
        """The distribution of what is kept; empty where that has quasi-probabilities alone."""
        samples, shares = run.samples, run.frequencies if isinstance(run, Outcomes) else run.probabilities()
        if self.keep is not None:
            shares = shares * passes(self.keep, samples)
        held = shares > 0
        shares = shares[held] / max(float(shares.sum()), np.finfo(float).tiny)
        return dict(zip(bitstrings(samples[held]), shares.tolist(), strict=True))


def _ratio(mean: _Mean, observable: Observable, keep: Check, shots: int) -> tuple[Estimate, float]:
    """The mean over what is kept, whose error is that of the deviation from it; and the share that is kept."""
    share = mean(lambda samples: passes(keep, samples).astype(np.float64))
    if not share.value > 0:
        raise nothing_kept(shots)
    total = mean(lambda samples: passes(keep, samples) * values_of(observable, samples))
    value = total.value / share.value
    about = mean(lambda samples: passes(keep, samples) * (values_of(observable, samples) - value) / share.value)
    return Estimate(value, about.error, about.overhead / share.value), share.value


def _folds(circuit: QuantumCircuit, zne: Zne | None) -> list[Folded]:
    if zne is None:
        return [Folded(circuit, 1.0)]
    folds = [fold(circuit, scale, barriers=zne.barriers) for scale in sorted(zne.scales)]
    if len({folded.scale for folded in folds}) != len(folds):
        raise UsageError("the circuit has too few gates for these noise scales: take whole odd ones")
    return folds


def _mitigated(
    results: Sequence[Counts], folds: Sequence[Folded], steps: _Steps, zne: Zne | None, extra: Sequence[Counts]
) -> Mitigated:
    """The result of one circuit from the counts of its scales; `extra` are those of the calibration."""
    outcomes = [steps.read(counts) for counts in results]
    raw = outcomes[0].expectation(steps.observable)
    runs = [steps.correct(each) or each for each in outcomes]
    values, kept = zip(*(steps.value(run, each.shots) for run, each in zip(runs, outcomes, strict=True)), strict=True)
    value, extrapolation = values[0], None
    notes: list[str] = []
    first = runs[0]
    if isinstance(first, Corrected) and first.unseen > _UNSEEN:
        notes.append(
            f"{first.unseen:.1%} of the reads should lie on outcomes that were not seen, and probabilities are wrong "
            "by about as much: take more shots"
        )
    if zne is not None:
        asymptote = zne.asymptote
        if asymptote is None and zne.fit in ("auto", "exponential"):
            asymptote = mixed_mean(steps.observable, steps.bits, steps.keep)
            if asymptote is None:
                notes.append("the observable's mean over all outcomes is not at hand: give the asymptote")
        points = [Point(f.scale, v.value, v.error) for f, v in zip(folds, values, strict=True)]
        extrapolation = extrapolate(points, fit=zne.fit, asymptote=asymptote)
        value = Estimate(extrapolation.value, extrapolation.error)
        notes += extrapolation.notes
        if extrapolation.fit == "exponential" and zne.asymptote is None and steps.matrices is None:
            notes.append("the asymptote is that of faultless readout: where readout errs, correct it too")
    if extra:
        notes.append(f"{len(extra)} calibration circuits, which serve all circuits of the call")
    shots = sum(each.shots for each in outcomes) + sum(sum(counts.values()) for counts in extra)
    overhead = (value.error / raw.error) ** 2 * shots / outcomes[0].shots if raw.error else None
    return Mitigated(
        value.value, value.error, raw, steps.distribution(first), kept[0], extrapolation,
        shots, len(results) + len(extra), overhead, tuple(notes),
    )  # fmt: skip
