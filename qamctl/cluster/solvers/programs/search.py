"""The course of the linear engine: what is known, which job comes next, and what is learnt from each."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from qamctl.cluster.bounds import term_bounds
from qamctl.cluster.construct import construct
from qamctl.cluster.instance import Instance
from qamctl.cluster.solution import Solution
from qamctl.cluster.solvers.programs.choice import Ground, Guide, choose_all, ground_of
from qamctl.cluster.solvers.programs.jobs import Bounded, Bounding, Deciding, Proving
from qamctl.cluster.solvers.programs.kinds import Kinds
from qamctl.cluster.solvers.programs.mip import Found
from qamctl.cluster.solvers.programs.part import Part, frame
from qamctl.cluster.solvers.programs.tasks import Job
from qamctl.cluster.solvers.programs.walks import Walked, Walking
from qamctl.cluster.spec import TERMS, Index
from qamctl.kernels import assignment_search
from qamctl.levels import better, reached
from qamctl.solver import Budget, Outcome

#: Steps that a part decided anew counts as: about the proposals of local search in the same time.
STEPS_PER_PART: Final = 100_000
#: Share of a budget in which local search makes or mends the first answer, without a relaxation and with one.
OPENING, SHORT_OPENING, GUIDED = 0.1, 0.03, 0.15
#: Pairs of units and leaves up to which the whole problem is relaxed: for each second, and at most.
PAIRS_PER_SECOND: Final = 60_000
MOST_PAIRS: Final = 1_000_000
#: Deterministic seconds of a relaxation, and its share of the time where there is a clock.
RELAXED: Final = 20.0
RELAXED_SHARE: Final = 0.35
#: Pairs up to which the whole problem, what can't be in a better answer left out, is decided at once. That is tried
#: for a share of the time first, then again after so many parts without a gain, until near the end (with so many nodes
#: where steps are counted), and from then on only where it got so much smaller.
WHOLE: Final = 6_000
WHOLE_FIRST: Final = 0.25
WHOLE_AFTER: Final = 30
WHOLE_UNTIL: Final = 0.95
WHOLE_NODES: Final = 100
WHOLE_AGAIN: Final = 0.7
#: Pairs up to which it is first decided without a process of its own, in so many deterministic seconds.
SMALL, SMALL_EFFORT = 150, 0.5
#: Deterministic seconds in which any answer at all is looked for where local search found none.
FIRST_EFFORT: Final = 2.0


class Search:
    """One run of the engine; only the caller's thread may use it.

    Parameters
    ----------
    begun
        When the time of the budget began, by `time.monotonic`.
    cheap
        Bounds of the levels that are known already.
    """

    def __init__(
        self,
        instance: Instance,
        incumbent: Solution | None,
        budget: Budget,
        begun: float,
        cheap: tuple[float | None, ...],
        seed: int,
        report: Callable[[Solution], None],
    ) -> None:
        self.instance, self.problem, self.budget, self.begun = instance, instance.problem, budget, begun
        self.seed, self.report = seed, report
        self.rng = np.random.default_rng(seed % 2**63)
        self.frame = frame(instance.problem)
        self.leaf = construct(instance) if incumbent is None else instance.leaves_of(incumbent)
        self.best = incumbent
        self.value = None if incumbent is None else instance.value_of(self.leaf)
        self.bounds = list(cheap)
        self.infeasible = False
        self.size = self.used = 0
        self.info: dict[str, Any] = {"steps": 0, "parts": 0, "gains": 0, "proofs": 0}
        counts = np.diff(self.problem.allowed_first)[self.problem.kind]
        self.pairs = int(counts.sum())
        self.choices = int(counts[counts + (self.problem.optional > 0) > 1].sum())
        self.begin(0)

    def begin(self, level: int) -> None:
        """Turn to a level of the objective; those before it are held at their values."""
        self.level, self.kinds = level, Kinds()
        self.guide: Guide | None = None
        self.least = -np.inf  # what the relaxation proves, before it is rounded up
        self.ground: Ground | None = None
        self.walks = self.walking = 0
        self.relaxed = self.tried = self.guided = self.deciding = self.tried_small = False
        self.most_whole = WHOLE  # pairs of the next decision of the whole problem, at most
        self.proofs = self.info["proofs"]  # such decisions before this level

    @property
    def over(self) -> bool:
        """Whether this level is done: proved, or its share of the time is used up."""
        if self.infeasible or self.proved(self.level):
            return True
        levels = len(self.bounds)
        return self.level + 1 < levels and self.value is not None and self.clock() * levels >= self.level + 1

    def proved(self, level: int) -> bool:
        """Whether no answer is better at this level, given those before it."""
        return self.value is not None and reached(self.value[level], self.bounds[level])

    def clock(self) -> float:
        """Share of the time that is gone; 0 where steps are counted."""
        return 0.0 if self.budget.seconds is None else (time.monotonic() - self.begun) / self.budget.seconds

    def propose(self) -> Job | None:
        """The next job; None where there is none until another one is back, or none at all."""
        if not self.walks:
            return self._walk(self.leaf)
        if self.budget.steps is not None and self.used * len(self.bounds) >= self.budget.steps * (self.level + 1):
            return None
        if not self.relaxed:
            self.relaxed = True
            if self._affordable():
                seconds = None if self.budget.seconds is None else RELAXED_SHARE * self.budget.seconds
                return Bounding(self.frame, self.instance.levels[self.level], seconds, RELAXED)
        if self.guide is not None and not self.guided:
            self.guided = True
            return self._walk(self._rounded(self.guide), self.guide)
        if self.value is None:
            return None if self.walking else self._first()
        return self._part()

    def _affordable(self) -> bool:
        most = MOST_PAIRS
        if self.budget.seconds is not None:
            most = min(most, int(PAIRS_PER_SECOND * self.budget.seconds))
        return self.pairs <= most and self.problem.n * self.problem.k <= 4 * MOST_PAIRS

    def _walk(self, start: Index, guide: Guide | None = None) -> Walking:
        self.walks += 1
        self.walking += 1
        share = GUIDED if guide is not None else OPENING * self.walks
        if self.walks == 1 and self._affordable():
            share = SHORT_OPENING
        share /= len(self.bounds)
        steps = None if self.budget.steps is None else max(1, int(share * self.budget.steps))
        self.used += steps or 0
        held = np.array((self.value or ())[: self.level])
        seconds = share * (self.budget.seconds or 0.0)
        return Walking(self.problem, start, self.seed + self.walks, steps, seconds, self.level, held, guide)

    def _first(self) -> Job:
        """Something that may find an answer where local search found none."""
        start = self.leaf
        if not self.tried and self.pairs <= WHOLE:
            self.tried = True
            nowhere = np.full(self.problem.n, self.problem.k, np.int32)
            part = choose_all(ground_of(self.frame, self.instance.levels[0], nowhere, None), np.inf)
            if part is not None:
                return self._decide("first", part, FIRST_EFFORT)
        if self.guide is not None and self.walks % 2:
            start = self._rounded(self.guide)
        return self._walk(start)

    def _rounded(self, guide: Guide) -> Index:
        """Every unit where the relaxation has most of it."""
        share = guide.value
        return np.where(share.max(axis=1) > 0, share.argmax(axis=1), self.leaf).astype(np.int32)

    def _decide(self, kind: str, part: Part, effort: float) -> Deciding:
        self.used += STEPS_PER_PART
        self.info["parts"] += 1
        at = np.nan if self.value is None else self.value[self.level]
        seed = self.seed + self.info["parts"]
        return Deciding(kind, part, self.instance.levels, self.level, at, effort, seed)

    def _part(self) -> Job | None:
        if self.ground is None:
            self.ground = ground_of(self.frame, self.instance.levels[self.level], self.leaf, self.guide)
        if (whole := self._whole(self.ground)) is not None:
            return whole
        chosen = self.kinds.choose(self.ground, self.rng)
        return None if chosen is None else self._decide(*chosen, self.kinds.effort)

    def _whole(self, ground: Ground) -> Job | None:
        """The whole problem without what can't be in a better answer, where that is little enough."""
        if self.guide is None or self.value is None or self.deciding:
            return None
        value = self.value[self.level]
        most = value - self.least + 1e-6 * max(1.0, abs(value))
        pairs = int((self.guide.reduced <= most).sum())
        small = pairs <= SMALL and not self.tried_small
        first = self.info["proofs"] == self.proofs
        if not small and (pairs > self.most_whole or (self.kinds.idle < WHOLE_AFTER and not first)):
            return None
        part = choose_all(ground, most)
        if part is None:
            return None
        if small:
            self.tried_small = True
            return self._decide("whole", part, SMALL_EFFORT)
        self.deciding = True
        self.info["proofs"] += 1
        if not first:
            self.most_whole = int(WHOLE_AGAIN * pairs)
        self.used += STEPS_PER_PART
        until = None
        if self.budget.seconds is not None:
            share = min(WHOLE_UNTIL, self.clock() + WHOLE_FIRST) if first else WHOLE_UNTIL
            until = self.begun + share * self.budget.seconds
        return Proving(part, self.instance.levels, self.level, value, until, WHOLE_NODES)

    def learn(self, job: Job, result: Any) -> None:
        """Take what a job brought."""
        if isinstance(job, Walking):
            self._walked(result)
        elif isinstance(job, Bounding):
            self._bounded(result)
        elif isinstance(job, Deciding):
            self._decided(job, result)
        elif isinstance(job, Proving):
            self.deciding = False
            if isinstance(result, ChildProcessError):
                self.most_whole, self.info["note"] = 0, str(result)
            else:
                self._decided(job, result)

    def _walked(self, walked: Walked) -> None:
        self.walking -= 1
        self.info["steps"] += walked.steps
        if walked.violation == 0:
            self._offer(walked.leaf, walked.mask)
        elif self.value is None:
            self.leaf = walked.leaf

    def _bounded(self, bounded: Bounded) -> None:
        self.size = max(self.size, bounded.size)
        self.guide, self.ground = bounded.guide, None
        self.least = bounded.least
        cut = self.instance.levels[self.level, TERMS.index("cut")] * term_bounds(self.instance)[TERMS.index("cut")]
        self._raise(bounded.bound + float(cut))
        if self.level == 0:
            self.info["relaxation"] = bounded.bound

    def _raise(self, bound: float) -> None:
        known = self.bounds[self.level]
        if bound > -np.inf:
            self.bounds[self.level] = bound if known is None else max(known, bound)

    def _decided(self, job: Deciding | Proving, found: Found) -> None:
        part = job.part
        self.size = max(self.size, len(part.to))
        before = self.value
        if found.better is not None:
            leaf = self.leaf.copy()
            leaf[part.free] = self.problem.k
            on = found.better[: len(part.to)] > 0
            leaf[part.free[part.unit[on]]] = part.to[on]
            stays = leaf == part.leaf  # what another part has changed meanwhile is kept
            leaf[stays] = self.leaf[stays]
            self._offer(leaf, None)
        gain = 0.0 if before is None or self.value is None else before[self.level] - self.value[self.level]
        if isinstance(job, Deciding) and job.kind == "first":
            self.infeasible = found.ended and found.exact and found.better is None
            return
        self.info["gains"] += gain > 0
        if isinstance(job, Deciding) and job.kind != "whole":
            self.kinds.learn(job.kind, found, gain, job.effort)
        if found.exact and (isinstance(job, Proving) or job.kind == "whole" or len(part.to) == self.choices):
            self._raise(job.value - found.bound)

    def _offer(self, leaf: Index, mask: np.ndarray | None) -> None:
        """Take an assignment that keeps every rule, if it is better."""
        value = self.instance.value_of(leaf)
        if self.value is not None and not better(value, self.value):
            return
        if mask is None:
            search = assignment_search(self.problem, leaf, 0)
            if search.best_violation:
                return
            mask = search.best_mask
        self.leaf, self.value, self.ground = leaf, value, None
        self.best = self.instance.solution(leaf, mask)
        self.report(self.best)

    def outcome(self) -> Outcome:
        """What was achieved."""
        info = {key: figure for key, figure in self.info.items() if figure is not None}
        if self.infeasible:
            return Outcome("infeasible", None, (None,) * len(self.bounds), self.size, info)
        status = "unknown" if self.value is None else "feasible"
        if all(map(self.proved, range(len(self.bounds)))):
            status = "optimal"
        bounds = self.bounds
        if self.value is not None:  # rounding must not lift a bound above the answer that meets it
            bounds = [v if self.proved(k) else b for k, (v, b) in enumerate(zip(self.value, bounds, strict=True))]
        return Outcome(status, self.best, tuple(bounds), self.size, info)
