"""The engine `exact`: the posterior by arithmetic, of paths or of a network."""

from __future__ import annotations

import numpy as np

from qamctl.reason.exact import Exact, solve_exactly
from qamctl.reason.prune import Pruned
from qamctl.reason.solution import Solution
from qamctl.reason.spec import ReasonSpec

__all__ = ["Exact", "solution_of", "solve", "spread"]


def solve(spec: ReasonSpec) -> Exact:
    """What holds of a spec exactly.

    Raises
    ------
    ImpossibleError
        The evidence has the probability 0.
    UnsupportedError
        The problem is too large.
    """
    if spec.network is None:
        return solve_exactly(spec)
    from qamctl.reason.network.exact import query_posterior

    posterior, log_probability = query_posterior(spec.network)
    none = dict.fromkeys(spec.paths.decisions, 0.0)
    return Exact(posterior, log_probability, log_probability, none, 0.0, None)


def spread(spec: ReasonSpec, pruned: Pruned, exact: Exact) -> Exact:
    """What holds of some of the paths, as of all of them."""
    n = len(spec.paths.ids)
    if len(pruned.kept) == n:
        return exact
    interference = {name: exact.interference.get(name, 0.0) for name in spec.paths.decisions}
    posterior = pruned.spread(exact.posterior, n)
    return Exact(
        posterior, exact.log_evidence, exact.log_acceptance, interference, exact.order_effect, exact.exchanged
    )  # fmt: skip


def solution_of(exact: Exact, error: float) -> Solution:
    """The posterior as an answer: points, or where paths were left out as wide as that may be off."""
    low = np.clip(exact.posterior - error, 0.0, 1.0)
    high = np.clip(exact.posterior + error, 0.0, 1.0)
    return Solution(exact.posterior, np.stack([low, high], axis=1), None, exact.log_evidence)
