"""The state that counts in all product bases tell, with its figures and how sure they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qamctl.errors import UsageError
from qamctl.reason.spec import Complex, Floats
from qamctl.reason.tomography.bootstrap import interval, resampled
from qamctl.reason.tomography.figures import entropy, fidelity, purity, trace_distance
from qamctl.reason.tomography.likelihood import most_likely
from qamctl.reason.tomography.linear import linear_inversion, nearest_state
from qamctl.reason.tomography.measurements import read_measurements
from qamctl.reason.tomography.settings import effects

#: Digits of what a result file holds.
DIGITS: Final = 6
#: The power of det(rho) in the likelihood that Blume-Kohout advises (PRL 105, 200504, 2010).
HEDGE: Final = 0.5


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """A reconstructed state.

    Attributes
    ----------
    rho
        [2^n, 2^n] the density matrix.
    purity
        tr rho^2.
    entropy
        Von Neumann's, in bits.
    fidelity, trace_distance
        To the ideal state; None without one.
    intervals
        95 % intervals, by the name of the figure, of what shots alone do; empty where nothing was resampled.
    shots
        Runs that were kept, of all bases.
    iterations
        Steps that were tried to find the state.
    converged
        Whether no state is likelier by more than `likelihood.TOLERANCE`, hedge included; and no resampled one by more
        than `bootstrap.TOLERANCE`.
    """

    rho: Complex
    purity: float
    entropy: float
    fidelity: float | None
    trace_distance: float | None
    intervals: Mapping[str, tuple[float, float]]
    shots: int
    iterations: int
    converged: bool

    def to_dict(self) -> dict[str, Any]:
        """For result files: numbers with six digits after the point, far more than shots tell."""
        figures = {
            "purity": self.purity, "entropy": self.entropy, "fidelity": self.fidelity,
            "trace_distance": self.trace_distance,
        }  # fmt: skip
        return {
            "rho": {"real": _rounded(self.rho.real), "imag": _rounded(self.rho.imag)},
            **{name: round(value, DIGITS) for name, value in figures.items() if value is not None},
            "intervals": {name: [round(end, DIGITS) for end in ends] for name, ends in self.intervals.items()},
            "shots": self.shots,
            "iterations": self.iterations,
            "converged": self.converged,
        }


def reconstruct(
    counts: Mapping[str, npt.ArrayLike],
    confusion: npt.ArrayLike | None = None,
    *,
    ideal: npt.ArrayLike | None = None,
    hedge: float = HEDGE,
    resamples: int = 200,
    seed: int = 0,
) -> Reconstruction:
    """The state of up to four qubits that counts tell.

    Parameters
    ----------
    counts
        [2^n] whole numbers for each of the 3^n bases; bit q of an outcome is what qubit q read. Bases may have
        different numbers of shots, as after post-selection.
    confusion
        [n, 2, 2] of the qubits, the lowest first, `confusion[q][read][true]`, taken as exact; None: no errors.
    ideal
        What to compare with: amplitudes [N], or a density matrix [N, N]; of fewer than 2^n paths, the others are
        empty.
    hedge
        What keeps the state off the boundary: with 0 it is the most likely one, and calls impossible what was hardly
        seen. By default the fidelity to the true state is better, but purity and fidelity to a pure ideal state, which
        are too low of the most likely state already, are lower still: with 4,096 shots a basis, too low by up to about
        0.01. The intervals take that off.
    resamples
        Experiments that are simulated for the intervals: 0 for none. 200 take about half a second with two
        qubits, two seconds with three and ten with four.
    seed
        Of those.

    Raises
    ------
    UsageError
        More than four qubits, counts that miss bases, or what does not fit them.
    BackendError
        A basis has no shots, or the readout of a qubit tells nothing.
    """
    measured = read_measurements(counts, confusion)
    target = None if ideal is None else _ideal(ideal, measured.qubits)
    if resamples < 0 or not 0 <= hedge < np.inf:
        raise UsageError(f"{resamples} resamples with a hedge of {hedge:g} make no sense: neither can be below 0")
    means = effects(measured.bases, measured.confusion)
    start = nearest_state(linear_inversion(measured))
    found = most_likely(means, measured.counts.reshape(1, -1), start, hedge=hedge)
    rho, states, converged = found.states[0], found.states, bool(found.converged[0])
    if resamples:
        others = resampled(means, measured.counts, rho, resamples, seed, hedge=hedge)
        states, converged = np.concatenate([states, others.states]), converged and bool(others.converged.all())
    figures, intervals = {}, {}
    for name, (least, values) in _figures(states, target).items():
        figures[name] = float(values[0])
        if resamples:
            intervals[name] = interval(figures[name], values[1:], least, 1.0)
    return Reconstruction(
        rho, figures["purity"], float(entropy(rho)), figures.get("fidelity"), figures.get("trace_distance"), intervals,
        measured.shots, int(found.iterations[0]), converged,
    )  # fmt: skip


def _figures(states: Complex, target: Complex | None) -> dict[str, tuple[float, Floats]]:
    """(least value that it can have, [s] values) of each figure that has an interval."""
    found = {"purity": (1 / states.shape[-1], purity(states))}
    if target is not None:
        found["fidelity"] = (0.0, fidelity(states, target))
        found["trace_distance"] = (0.0, trace_distance(states, target))
    return found


def _ideal(given: npt.ArrayLike, qubits: int) -> Complex:
    """Amplitudes [2^n] or a density matrix [2^n, 2^n] from what the caller gave."""
    state, size = np.asarray(given, complex), 1 << qubits
    if state.ndim not in (1, 2) or len(set(state.shape)) != 1 or not 1 <= len(state) <= size:
        raise UsageError(f"the ideal state of {qubits} qubits is {size} amplitudes or a matrix of as many rows")
    if state.ndim == 1:
        total, good = float((np.abs(state) ** 2).sum()), True
        state = np.pad(state, (0, size - len(state)))
    else:
        total, good = float(state.trace().real), bool(np.abs(state - state.conj().T).max() < 1e-9)
        good = good and float(np.linalg.eigvalsh(state)[0]) > -1e-9
        whole = np.zeros((size, size), complex)
        whole[: len(state), : len(state)] = state
        state = whole
    if not (good and abs(total - 1) < 1e-6):
        raise UsageError("the ideal state is none: its probabilities must be 0 or more and sum to 1")
    return state


def _rounded(part: Floats) -> list[list[float]]:
    # Adding 0 turns -0.0 into 0.0.
    return [[round(x, DIGITS) + 0.0 for x in row] for row in part.tolist()]
