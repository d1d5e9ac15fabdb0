"""A solution against its spec: the posterior, computed or measured, and everything that a result says of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from qamctl.checks.comparison import Comparison
from qamctl.checks.figures import shown
from qamctl.reason.check.attempts import Known, compare_attempts, compare_compiled
from qamctl.reason.check.effects import compare_effects, compare_evidence, compare_pruned
from qamctl.reason.check.figures import compare_each_other, compare_figures
from qamctl.reason.check.further import compare_mitigation, compare_reconstructed
from qamctl.reason.check.left_out import Kept, kept
from qamctl.reason.check.measured import (
    NOISELESS,
    Shots,
    compare_counts,
    compare_distribution,
    compare_intervals,
    compare_utilities,
    held,
    shots_of,
)
from qamctl.reason.check.motion import TooLargeError
from qamctl.reason.check.question import Flags
from qamctl.reason.check.recompute import Truth, UndecidedError, recompute
from qamctl.reason.check.told import near_each, posterior_and_intervals
from qamctl.reason.check.worth import CLOSE, compare_choices, worth
from qamctl.reason.spec import Floats, ReasonSpec

#: What a solution is made of.
PARTS: Final = (
    "posterior", "intervals", "joint_intervals", "decision", "decisions", "expected_utility",
    "expected_utility_intervals", "actions", "evidence_probability", "log_evidence_probability", "order_effect",
    "order_pair", "interference", "shots", "accepted", "counts", "pruned", "mitigation", "reconstructed",
)  # fmt: skip

#: All paths.
EVERY: Final = Kept(None, 0, -math.inf)


def truth_of(spec: ReasonSpec, left: Kept, notes: list[str]) -> Truth | None:
    """What holds of the paths that are left; None, and a note why, where that is not known."""
    try:
        truth = recompute(spec, left.paths)
    except TooLargeError as error:
        notes.append(f"the posterior was not computed a second time: {error}")
        return None
    except UndecidedError:
        text = "the posterior was not computed a second time: what evidence leaves is no more than rounding errors"
        notes.append(text)
        return None
    if truth.order is None:
        notes.append("the effect of the order was not computed a second time: it takes too much")
    return truth


def compare_solution(
    told: Comparison, spec: ReasonSpec, solution: Mapping[str, Any], folder: Path | None
) -> Sequence[str]:
    """Everything that a solution says, and what the result says of it; notes on what was not computed are returned."""
    _parts(told, solution)
    notes: list[str] = []
    pruned = told.mapping("pruned", "solution.pruned", solution.get("pruned"))
    left = kept(spec, pruned.get("paths"))
    truth = truth_of(spec, left, notes)
    whole = truth if left.paths is None else truth_of(spec, EVERY, [])
    if truth is not None and not truth.possible:  # a bound is no share: then no path was left out
        left, truth = EVERY, whole
    if truth is not None and not truth.possible:
        told.say("status", "status", f"is {shown(told.status)}, and the evidence is impossible")
        return notes
    error = compare_pruned(told, pruned, left, truth, whole)
    compare_evidence(told, solution, truth)
    compare_effects(told, spec, solution, truth)
    holds = held(spec, left.paths)
    compare_compiled(told, spec, int(holds.sum()))
    shots = shots_of(told, solution)
    posterior, ends = posterior_and_intervals(told, solution, spec.paths.ids, folder)
    if shots is None or posterior is None:
        return notes
    right = "feasible" if shots.shots else "optimal"
    if told.status not in (right, "interrupted"):
        what = "measured" if shots.shots else "computed"
        told.say("status", "status", f"is {shown(told.status)}, what is {what} is {right}")
    compare_reconstructed(told, spec, solution.get("reconstructed"), holds, measured=shots.shots > 0)
    _Posterior(told, spec, solution, posterior, ends, shots, truth).check(holds, error)
    compare_choices(told, spec, solution, posterior)
    compare_utilities(told, spec, solution, posterior, ends, shots.accepted)
    off, judged = 0.0 if truth is None else truth.error, None
    if truth is not None or not shots.shots:
        judged = worth(spec, posterior if truth is None else truth.posterior)
    slack = 0.0 if judged is None else judged.unit * (CLOSE + 2 * off)
    if judged is None:
        compare_each_other(told)
    else:
        compare_figures(told, solution.get("decision"), judged, slack)
    exact = None if truth is None else truth.posterior
    compare_attempts(told, Known(judged, slack, off, posterior, exact, shots))
    return notes


def _parts(told: Comparison, solution: Mapping[str, Any]) -> None:
    if told.status not in ("optimal", "feasible", "interrupted"):
        told.say("status", "status", f"is {shown(told.status)}, and there is a posterior")
    for key in solution:
        if key not in PARTS:
            told.say("solution", f"solution.{shown(key)}", "is no part of the solution of a reason")
    for key in PARTS:
        if key not in solution:
            told.say("solution", f"solution.{key}", "is missing")


@dataclass(frozen=True, slots=True)
class _Posterior:
    """The posterior that a result tells, with its intervals, against the true one; None where that is not known."""

    told: Comparison
    spec: ReasonSpec
    solution: Mapping[str, Any]
    posterior: Floats
    intervals: Floats | None
    shots: Shots
    truth: Truth | None

    def check(self, holds: Flags, error: float) -> None:
        """It is a distribution, and the right one.

        Parameters
        ----------
        holds
            [N] the paths that a circuit holds.
        error
            What the paths that were left out may matter.
        """
        total = float(self.posterior.sum())
        if abs(total - 1) > CLOSE or float(self.posterior.min()) < 0:
            self.told.say("posterior", "solution.posterior", f"is no distribution: it sums to {total:.12g}")
        mitigation = self.solution.get("mitigation")
        if self.shots.shots and mitigation is not None:
            self.mitigated(mitigation, holds, error)
        elif self.shots.shots:
            self.measured(holds, error)
        else:
            self.computed(error)

    def computed(self, error: float) -> None:
        """The posterior is the true one, up to what was pruned, and its intervals are as wide as that."""
        told, names, posterior = self.told, self.spec.paths.ids, self.posterior
        if self.truth is not None:
            slack = CLOSE + 2 * self.truth.error
            near_each(told, "posterior", "solution.posterior", names, posterior, self.truth.posterior, slack)
        if self.intervals is not None:
            right = np.clip(np.stack([posterior - error, posterior + error], axis=1), 0, 1)
            near_each(told, "intervals", "solution.intervals", names, self.intervals, right, CLOSE)
        self.without("joint_intervals", "counts", "mitigation")

    def without(self, *keys: str) -> None:
        """These parts are only of what was measured, and not mitigated."""
        for key in keys:
            if self.solution.get(key) is not None:
                kind = "intervals" if key == "joint_intervals" else key
                self.told.say(kind, f"solution.{key}", "must be null where there are no counts")

    def mitigated(self, given: Any, holds: Flags, error: float) -> None:
        """The posterior is no share of shots, but lies within its intervals, which no counts tell."""
        told, names, posterior = self.told, self.spec.paths.ids, self.posterior
        if told.result.get("solved_by") in NOISELESS:
            text = f"is there, and {told.result['solved_by']} has no noise to undo"
            told.say("mitigation", "solution.mitigation", text)
        compare_mitigation(told, self.spec, given, posterior, self.shots.accepted, self.truth, holds)
        self.without("joint_intervals", "counts")
        outside = ~holds & (posterior > 0)
        if outside.any():
            path = shown(names[int(np.flatnonzero(outside)[0])])
            told.say("posterior", "solution.posterior", f"gives {path} a share, which can have none")
        if self.intervals is None:
            return
        low, high = self.intervals.T
        least, most = np.maximum(posterior - error, 0.0), np.minimum(posterior + error, 1.0)
        right = np.stack([np.clip(low, 0.0, least), np.clip(high, most, 1.0)], axis=1)
        right[~holds] = 0.0, error
        near_each(told, "intervals", "solution.intervals", names, self.intervals, right, CLOSE)

    def measured(self, holds: Flags, error: float) -> None:
        """The posterior is the share of accepted shots, and they may be what they are."""
        told, spec, solution = self.told, self.spec, self.solution
        counts = compare_counts(told, spec, solution, self.posterior, self.shots)
        if counts is None:
            return
        compare_intervals(told, spec, solution, self.intervals, counts, holds, error)
        if self.truth is not None:
            compiled = told.result.get("compiled")
            distance = compiled.get("distance") if isinstance(compiled, Mapping) else None
            compare_distribution(told, spec, counts, self.truth, distance)
