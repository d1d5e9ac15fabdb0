"""Why a reasoning problem has no answer: evidence that no path allows."""

from __future__ import annotations

from dataclasses import replace

from qamctl.reason.prune import Pruned, prune
from qamctl.reason.solvers.exact import Exact, solve
from qamctl.reason.spec import ReasonSpec
from qamctl.reason.state import ImpossibleError
from qamctl.spec.reason import Reason


def solve_or_reasons(spec: ReasonSpec) -> tuple[Pruned | None, Exact | None, tuple[Reason, ...]]:
    """The spec without paths that hardly matter, and what holds of it exactly; or the evidence that is impossible.

    Raises
    ------
    UnsupportedError
        Too many paths are coupled with each other.
    """
    try:
        pruned = prune(spec)
        exact = solve(pruned.spec)
        return pruned, replace(exact, log_evidence=exact.log_evidence + pruned.log_share), ()
    except ImpossibleError as error:
        return None, None, (_reason(spec, error.place),)


def reasons(spec: ReasonSpec) -> tuple[Reason, ...]:
    """What makes the problem infeasible; empty where nothing does."""
    return solve_or_reasons(spec)[2]


def _reason(spec: ReasonSpec, place: int) -> Reason:
    """The step, or the observed variable, at which the probability became 0."""
    if spec.network is not None:
        node = spec.network.ids[place]
        value = spec.network.values[place][spec.network.observed[place]]
        text = f"`{node}` can't be {value}: together with what else was observed, its probability is 0"
        return Reason(("observed", node), "impossible-evidence", text)
    row = spec.steps[place]
    name = spec.evidence.ids[row]
    if not spec.evidence.likelihood[row].any():
        text = f"evidence `{name}` is impossible: its likelihood is 0 on every path"
    else:
        text = f"evidence `{name}` is impossible: its likelihood is 0 on every path that is left at that step"
    return Reason(("evidence", row, "likelihood"), "impossible-evidence", text)
