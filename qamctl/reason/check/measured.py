"""Counts of a measured posterior: what they sum to, what follows from them, and whether the posterior gives such."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from qamctl.checks.comparison import Comparison
from qamctl.checks.figures import is_number, shown
from qamctl.quantum.compare import fit
from qamctl.reason.check.question import Flags, question, reached
from qamctl.reason.check.recompute import Truth
from qamctl.reason.check.told import MOST_TOLD, count, intervals, near_each
from qamctl.reason.spec import Floats, ReasonSpec

#: Engines whose counts follow the posterior.
NOISELESS: Final = ("statevector", "qir")

#: Counts that are less likely than this are not of the posterior.
LEAST_P: Final = 1e-9

#: Shares and ends of intervals may differ by the digits that they are written with.
CLOSE: Final = 1e-9

#: A spread that is the small difference of large numbers, relative to the largest utility.
CANCELLED: Final = 1e-7

#: Standard deviations on each side of 95 % of a normal distribution.
Z: Final = 1.959963984540054

#: Of shares that hold together.
CONFIDENCE: Final = 0.95

#: Paths of which counts are told one by one.
MOST_COUNTS: Final = 50_000


@dataclass(frozen=True, slots=True)
class Shots:
    """How often was measured, and accepted; 0 where the posterior was computed.

    `run` is how often circuits ran in all: mitigation takes further ones.
    """

    shots: int
    accepted: int
    run: int


def shots_of(told: Comparison, solution: Mapping[str, Any]) -> Shots | None:
    """What a solution says of its shots."""
    shots = count(told, "counts", "solution.shots", solution.get("shots"))
    accepted = count(told, "counts", "solution.accepted", solution.get("accepted"))
    if shots is None or accepted is None:
        return None
    if accepted > shots or (shots and not accepted):
        text = f"is {accepted}, of {shots} shots: a posterior needs one at least, and no more than there were"
        told.say("counts", "solution.accepted", text)
        return None
    mitigation = solution.get("mitigation")
    run = mitigation.get("shots") if isinstance(mitigation, Mapping) else shots
    return Shots(shots, accepted, run if isinstance(run, int) else shots)


def held(spec: ReasonSpec, keep: Any) -> Flags:
    """[N] the paths that a circuit holds: those that are not left out and can have a share at all."""
    n = len(spec.paths.ids)
    if spec.network is not None:
        return np.ones(n, bool)
    asked = question(spec, keep)
    out = np.zeros(n, bool)
    out[asked.keep] = reached(asked)
    return out


def compare_counts(
    told: Comparison, spec: ReasonSpec, solution: Mapping[str, Any], posterior: Floats, shots: Shots
) -> Floats | None:
    """[N] the counts, if the posterior is their shares; None where there are none to compare."""
    names = spec.paths.ids
    given = solution.get("counts")
    if given is None:
        if len(names) <= MOST_COUNTS:
            told.say("counts", "solution.counts", "are missing, and nothing was mitigated")
            return None
        counts = np.rint(posterior * shots.accepted)
    else:
        found = _counts(told, given, names)
        if found is None:
            return None
        counts = found
    if (total := int(counts.sum())) != shots.accepted:
        told.say("counts", "solution.accepted", f"is {shots.accepted}, the counts sum up to {total}")
        return None
    near_each(told, "posterior", "solution.posterior", names, posterior, counts / shots.accepted, CLOSE)
    return counts


def _counts(told: Comparison, given: Any, names: tuple[str, ...]) -> Floats | None:
    if not isinstance(given, Mapping):
        told.say("counts", "solution.counts", f"must be a mapping of paths, not {shown(given)}")
        return None
    place = {name: row for row, name in enumerate(names)}
    counts, wrong = np.zeros(len(names)), 0
    for name, hits in given.items():
        if name in place and type(hits) is int and is_number(hits) and hits >= 1:
            counts[place[name]] = hits
            continue
        if wrong < MOST_TOLD:
            text = f"is {shown(hits)}, no count above 0" if name in place else "is no path"
            told.say("counts", f"solution.counts.{shown(name)}", text)
        wrong += 1
    return None if wrong else counts


def compare_intervals(
    told: Comparison, spec: ReasonSpec, solution: Mapping[str, Any], given: Floats | None, counts: Floats,
    holds: Flags, error: float,
) -> None:  # fmt: skip
    """Intervals of each share (Wilson 1927) and of all together (Dirichlet, Bonferroni), wider by what was pruned.

    Parameters
    ----------
    given
        [N, 2] the former, as the result tells them.
    holds
        [N] the paths that the circuit holds.
    error
        What the paths that were left out may matter.
    """
    names, wider = spec.paths.ids, np.array([-error, error])
    if counts[~holds].any():
        path = names[int(np.flatnonzero((counts > 0) & ~holds)[0])]
        told.say("counts", "solution.counts", f"has shots of {shown(path)}, which can have no share")
        return
    if given is not None:
        right = np.where(holds[:, None], wilson(counts, float(counts.sum())), 0.0)
        near_each(told, "intervals", "solution.intervals", names, given, np.clip(right + wider, 0, 1), CLOSE)
    field = "solution.joint_intervals"
    together = intervals(told, "intervals", field, solution.get("joint_intervals"), names)
    if together is not None:
        right = np.zeros((len(names), 2))
        right[holds] = joint(counts[holds])
        near_each(told, "intervals", field, names, together, np.clip(right + wider, 0, 1), CLOSE)


def wilson(hits: Floats, trials: float) -> Floats:
    """[K, 2] the roots p of (p - share)^2 = z^2 p (1 - p) / trials."""
    share, lean = hits / trials, Z * Z / trials
    # p^2 (1 + lean) - p (2 share + lean) + share^2 = 0
    middle = (2 * share + lean) / (2 * (1 + lean))
    half = np.sqrt(np.maximum(0.0, middle**2 - share**2 / (1 + lean)))
    return np.clip(np.stack([middle - half, middle + half], axis=1), 0.0, 1.0)


def joint(counts: Floats) -> Floats:
    """[K, 2] quantiles of each share of Dirichlet(1/2 + counts), such that all K intervals hold with 95 %.

    What was never seen may be impossible, and what was always seen certain: there the ends are 0 and 1.
    """
    from scipy.special import betaincinv

    if len(counts) == 1:
        return np.ones((1, 2))
    tail = (1 - CONFIDENCE) / (2 * len(counts))
    others = counts.sum() - counts
    rest = others + (len(counts) - 1) / 2
    # The upper end from the other side: 1 - tail has lost the digits of a small tail.
    low, high = betaincinv(counts + 0.5, rest, tail), 1 - betaincinv(rest, counts + 0.5, tail)
    low[counts == 0], high[others == 0] = 0.0, 1.0
    return np.stack([low, high], axis=1)


def compare_utilities(
    told: Comparison,
    spec: ReasonSpec,
    solution: Mapping[str, Any],
    posterior: Floats,
    ends: Floats | None,
    accepted: int,
) -> None:
    """Intervals of expected utilities: points where nothing was measured, else by the delta method.

    There z^2 shots more are spread over the paths whose own intervals reach above 0 (Agresti and Coull 1998).
    """
    field, actions = "solution.expected_utility_intervals", spec.utility.actions
    given = intervals(told, "utility", field, solution.get("expected_utility_intervals"), actions)
    if given is None or not actions:
        return
    if accepted and ends is None:
        return
    values = spec.utility.values
    mean = values @ posterior
    half = np.zeros(len(mean))
    if accepted and ends is not None:
        may = (ends[:, 1] > 0).astype(float)
        weight = accepted * posterior + Z * Z * may / max(1.0, float(may.sum()))
        weight /= accepted + Z * Z
        mean = values @ weight
        half = Z * np.sqrt((values - mean[:, None]) ** 2 @ weight / (accepted + Z * Z))
    slack = (CANCELLED if accepted else CLOSE) * np.abs(values).max(axis=1)
    near_each(told, "utility", field, actions, given, np.stack([mean - half, mean + half], axis=1), slack)


def compare_distribution(told: Comparison, spec: ReasonSpec, counts: Floats, truth: Truth, distance: object) -> None:
    """Counts of an engine without noise against the posterior.

    Parameters
    ----------
    distance
        Between the circuit's distribution and the posterior, as the result tells it: a product formula is not exact.
    """
    if told.result.get("solved_by") not in NOISELESS:
        return
    shots, paths = int(counts.sum()), int((truth.posterior > 0).sum())
    if spec.context is not None and spec.context.trotter and question(spec).evolves:
        if not is_number(distance):
            return
        # E TV <= sqrt(paths / shots) / 2, and by McDiarmid's inequality it is hardly ever much more than that.
        most = distance + math.sqrt(paths / shots) / 2 + math.sqrt(math.log(1 / LEAST_P) / (2 * shots))
        found = float(np.abs(counts / shots - truth.posterior).sum()) / 2
        if found > most:
            text = f"are {found:.3g} from the posterior, in total variation: {most:.3g} is the most to be expected"
            told.say("counts", "solution.counts", text)
        return
    chances = {str(row): p for row, p in enumerate(truth.posterior.tolist()) if p > 0}
    p = fit({str(row): int(counts[row]) for row in np.flatnonzero(counts).tolist()}, chances)
    if p < LEAST_P:
        text = f"are not of the posterior (chi-square test against what was computed: p = {p:.1g})"
        told.say("counts", "solution.counts", text)
