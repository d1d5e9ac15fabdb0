"""The posterior from measurements: shots in which all evidence was accepted, counted by path."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qamctl.quantum.intervals import TWO_SIDED_95, wilson
from qamctl.reason.circuits.program import DecisionCircuit
from qamctl.reason.exact import Exact
from qamctl.reason.plan import Plan
from qamctl.reason.solution import Solution
from qamctl.reason.spec import Floats, Ints

#: How sure intervals are.
CONFIDENCE: Final = 0.95


def accepted_states(samples: npt.NDArray[np.uint8], made: DecisionCircuit) -> Ints:
    """[m] the state that the bits of the path say in each bitstring; -1 where the evidence was not accepted."""
    k = made.path_bits
    accepted = samples[:, k : k + made.evidence_bits].all(axis=1)
    return np.where(accepted, samples[:, :k].astype(np.int64) @ (1 << np.arange(k)), -1)


def accepted_paths(samples: npt.NDArray[np.uint8], plan: Plan) -> Ints:
    """[m] which of the circuit's paths each bitstring says; -1 where the evidence was not accepted, or it says none."""
    path = np.full((1 << plan.made.path_bits) + 1, -1, np.int64)  # behind the last state, for -1
    path[plan.states] = np.arange(len(plan.states))
    return np.asarray(path[accepted_states(samples, plan.made)])


def accepted_counts(samples: npt.NDArray[np.uint8], occurrences: npt.NDArray[Any], plan: Plan) -> Floats:
    """[K] accepted shots by path; what noise turned into no path at all is not accepted.

    Parameters
    ----------
    samples, occurrences
        [m, bits] bitstrings and how often each was measured.
    """
    path = accepted_paths(samples, plan)
    counts: Floats = np.zeros(len(plan.paths))
    np.add.at(counts, path[path >= 0], occurrences[path >= 0])
    return counts


def solution_of(counts: Floats, shots: int, paths: Ints, exact: Exact, n: int, error: float) -> Solution | None:
    """The posterior of all n paths by accepted shots; None where none was accepted.

    Parameters
    ----------
    counts
        [K] of the paths that the circuit holds, which are `paths` of all.
    exact
        It knows the probability of the evidence.
    error
        How much the paths that were left out may matter, by which intervals are wider.
    """
    total = float(counts.sum())
    if total <= 0:
        return None
    posterior, intervals, joint = np.zeros(n), np.zeros((n, 2)), np.zeros((n, 2))
    posterior[paths] = counts / total
    intervals[paths] = [wilson(round(hits), round(total)) for hits in counts.tolist()]
    joint[paths] = dirichlet(counts)
    wider = np.array([-error, error])
    intervals, joint = np.clip(intervals + wider, 0.0, 1.0), np.clip(joint + wider, 0.0, 1.0)
    return Solution(posterior, intervals, joint, exact.log_evidence, shots, round(total))


def dirichlet(counts: Floats) -> Floats:
    """[K, 2] intervals that hold together with 95 %: Dirichlet(1/2 + counts), each share by Bonferroni's inequality.

    A share of a Dirichlet distribution is a beta variable; 1/2 is the prior of Jeffreys and of Perks for two outcomes.
    What was never seen may be impossible, and what was always seen may be certain: there the ends are 0 and 1 (Brown,
    Cai and DasGupta 2001), since else such paths would never lie in their intervals.
    """
    from scipy.special import betaincinv

    if len(counts) == 1:
        return np.array([[1.0, 1.0]])
    own, tail = counts + 0.5, (1 - CONFIDENCE) / len(counts) / 2
    rest = own.sum() - own
    low, high = betaincinv(own, rest, tail), betaincinv(own, rest, 1 - tail)
    return np.stack([np.where(counts > 0, low, 0.0), np.where(counts < counts.sum(), high, 1.0)], axis=1)


def utility_intervals(values: Floats, solution: Solution) -> list[tuple[float, float]]:
    """Where expected utilities lie with 95 %, by the delta method; points where nothing was measured.

    The shares are taken with z^2 further shots, spread evenly over the paths that may have a share at all (as Agresti
    and Coull, 1998, have it for one share): else all shots on one path would make an interval of no width.

    Parameters
    ----------
    values
        [A, N] utilities.
    """
    n, p = solution.accepted, solution.posterior
    if not n:
        return [(mean, mean) for mean in (values @ p).tolist()]
    square = TWO_SIDED_95**2
    held = solution.intervals[:, 1] > 0
    shares = (n * p + square * held / max(1, int(held.sum()))) / (n + square)
    means = values @ shares
    spread = np.maximum(0.0, values**2 @ shares - means**2)
    half = TWO_SIDED_95 * np.sqrt(spread / (n + square))
    return list(zip((means - half).tolist(), (means + half).tolist(), strict=True))
