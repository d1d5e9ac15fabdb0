"""The parts of a divided schedule, solved side by side and put together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from typing import Final

import numpy as np

from qamctl.errors import QamError
from qamctl.schedule.build import build_instance
from qamctl.schedule.hierarchy.around import held_around
from qamctl.schedule.hierarchy.division import Division
from qamctl.schedule.hierarchy.draft import Draft
from qamctl.schedule.hierarchy.shares import Shares, joined, shares_of
from qamctl.schedule.hierarchy.urgency import looking_ahead
from qamctl.schedule.instance import Instance
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers.native import heuristic_of
from qamctl.schedule.spec import Ints, ScheduleSpec
from qamctl.schedule.subspec import SubSpec, some_of, with_shares
from qamctl.solver import Budget, Outcome

#: How much longer a part may search that has found nothing feasible.
AGAIN: Final = 10

#: Seconds below which a part has one step instead.
LEAST_SECONDS: Final = 0.5

Stop = Callable[[], bool]

#: Solves one part: (spec, seed, budget, stop).
Solve = Callable[[ScheduleSpec, int, Budget, Stop], Outcome]


@dataclass(frozen=True, slots=True)
class PartRow:
    """What became of one part.

    Attributes
    ----------
    wave, group
        Where it stands in the division.
    fallback
        Why another way had to be taken; None where all went well.
    """

    wave: int
    group: int
    tasks: int
    agents: int
    status: str
    seconds: float
    steps: int
    fallback: str | None = None


@dataclass
class Clock:
    """The time, or the steps, that the parts have together; each takes its share when it begins.

    Attributes
    ----------
    budget
        Of all that is done; of its time the parts should take `share`, and may take all.
    left
        Parts that have not begun.
    """

    budget: Budget
    left: int
    share: float
    begun: float = field(default_factory=time.monotonic)
    _lock: Lock = field(default_factory=Lock)

    def own(self, times: int) -> Budget:
        """Of the part that begins now: what is left, divided among those that are left; so many times as much.

        Who asks for more than once as much gets half of what there is at most: others need some, too. Where hardly any
        time is left, it is one step, however long that takes: a part without a schedule is of no use.
        """
        if self.budget.steps is not None:
            return Budget(steps=times * max(1, int(self.share * self.budget.steps)))
        with self._lock:
            left, self.left = max(1, self.left), self.left - 1
        whole, spent = self.budget.seconds or 0.0, time.monotonic() - self.begun
        own = times * (self.share * whole - spent) * min(max(1, self.budget.threads), left) / left
        own = min(own, (whole - spent) / min(times, 2))
        return Budget(seconds=own) if own > LEAST_SECONDS else Budget(steps=times)

    @property
    def over(self) -> bool:
        """Whether the time is over."""
        return self.budget.seconds is not None and time.monotonic() - self.begun >= self.budget.seconds


def solve_part(spec: ScheduleSpec, seed: int, budget: Budget, stop: Stop) -> Outcome:
    """A part by the native heuristic that its problem asks for."""
    instance = build_instance(spec)
    return heuristic_of(instance)(instance, None, budget, seed, stop, lambda solution: None)


@dataclass
class Parts:
    """The work on a divided problem.

    Attributes
    ----------
    solve
        What solves a part; `solve_part` stands in where it fails.
    rows
        What became of the parts, filled by `run`.
    pieces
        What the schedule is made of: each part, or those that were joined as one, with its own schedule.
    """

    instance: Instance
    division: Division
    seed: int
    stop: Stop
    solve: Solve = solve_part
    rows: list[PartRow] = field(default_factory=list)
    pieces: list[tuple[SubSpec, Solution]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.spec, groups = self.instance.spec, self.division.groups
        self.ahead = self.spec if self.division.waves == 1 else looking_ahead(self.instance)
        self.shares: Sequence[Shares] = shares_of(self.spec, self.division.part, groups)
        self.agents = [np.flatnonzero(self.division.group == g) for g in range(groups)]
        self.draft = Draft.empty(len(self.spec.tasks.ids))

    def run(self, budget: Budget, share: float = 1.0) -> Solution | None:
        """Schedule every part, wave by wave, those of a wave side by side; None where some part has no schedule.

        With a budget in steps every part has that many, and what comes out does not depend on the threads. A part
        whose engine fails is solved by the native one; one that finds nothing searches longer, and then together with
        more and more of the others.

        Parameters
        ----------
        share
            How much of the budget this should take; of seconds it may take all.
        """
        cells = sum(1 for wave in range(self.division.waves) for _ in self.division.cells(wave))
        clock = Clock(budget, cells, share)
        for wave in range(self.division.waves):
            with ThreadPoolExecutor(max(1, budget.threads)) as pool:
                found = list(pool.map(partial(self._cell, clock, wave), *zip(*self.division.cells(wave), strict=True)))
            for one in found:
                self._keep(one)
            failed = [one.row.group for one in found if one.solution is None]
            if failed and not self._together(wave, failed, clock):
                return None
        return self.draft.solution()

    def part(self, wave: int, group: int, tasks: Ints) -> SubSpec:
        """The tasks of one group in a wave, after what the group did in the waves before."""
        division, shares, agents = self.division, self.shares[group], self.agents[group]
        if division.waves == 1:
            sub = some_of(self.spec, tasks, agents)
            return replace(sub, spec=with_shares(sub.spec, shares))
        mine = np.flatnonzero(division.part == group)
        before, later = mine[division.wave[mine] < wave], mine[division.wave[mine] > wave]
        spec = self.spec if wave == division.waves - 1 else self.ahead
        return held_around(with_shares(spec, shares), self.draft.solution(), tasks, agents, before, reserved=later)

    def _cell(self, clock: Clock, wave: int, group: int, tasks: Ints) -> _Worked:
        seed = self.seed + wave * self.division.groups + group
        return self._solved(self.part(wave, group, tasks), tasks, (wave, group), clock, seed)

    def _keep(self, one: _Worked) -> None:
        self.rows.append(one.row)
        if one.solution is not None:
            self.draft.take(one.sub, one.solution, one.tasks)
            self.pieces.append((one.sub, one.solution))

    def _solved(self, sub: SubSpec, tasks: Ints, where: tuple[int, int], clock: Clock, seed: int) -> _Worked:
        begun, fallback = time.monotonic(), None
        outcome = Outcome("unknown", None, ())
        for solve, times in self._ways():
            try:
                outcome = solve(sub.spec, seed, clock.own(times), self.stop)
            except QamError as error:
                fallback = error.message
                continue
            fallback = outcome.info.get("fallback", fallback)
            if outcome.solution is not None or outcome.status == "infeasible" or self.stop() or clock.over:
                break
            if (late := self._late(sub, outcome)) is not None:
                outcome = replace(outcome, solution=late)
                fallback = fallback or "some tasks end after their deadlines: left to the windows across the seams"
                break
            fallback = fallback or "nothing feasible was found at first"
        row = PartRow(
            *where, len(tasks), len(sub.agents), outcome.status, time.monotonic() - begun,
            int(outcome.info.get("steps", 0)), fallback,
        )  # fmt: skip
        return _Worked(sub, tasks, row, outcome.solution)

    def _late(self, sub: SubSpec, outcome: Outcome) -> Solution | None:
        """What a part found that breaks nothing but deadlines; None where windows could not mend that."""
        found: Solution | None = outcome.nearly
        if found is None or self.instance.crews is not None:
            return None
        deadline = np.minimum(sub.spec.tasks.deadline, sub.spec.horizon)
        late = float(np.maximum(0, found.end - deadline).sum())
        return found if late == outcome.info.get("violation") else None

    def _ways(self) -> Iterator[tuple[Solve, int]]:
        """The engines that a part is given to, one after the other, and how long each may take."""
        if self.solve is not solve_part:
            yield self.solve, 1
        yield solve_part, 1
        yield solve_part, AGAIN

    def _together(self, wave: int, failed: Sequence[int], clock: Clock) -> bool:
        """Solve parts that found nothing with one, two, four... others, idle ones first; whether that went well."""
        if self.division.waves > 1 or self.division.groups == 1:
            return False
        every = dict(self.division.cells(wave))
        room = sorted(set(range(self.division.groups)) - set(failed), key=lambda g: (len(every.get(g, ())), g))
        for width in _doubled(len(room)):
            if self.stop() or clock.over:
                break
            groups = [*failed, *room[:width]]
            tasks = np.sort(np.concatenate([every[g] for g in groups if g in every]))
            sub = some_of(self.spec, tasks, np.sort(np.concatenate([self.agents[g] for g in groups])))
            sub = replace(sub, spec=with_shares(sub.spec, joined([self.shares[g] for g in groups])))
            one = self._solved(sub, tasks, (wave, failed[0]), clock, self.seed + width)
            if one.solution is not None:
                self.pieces = [(old, found) for old, found in self.pieces if old.tasks[0] not in tasks]
            self._keep(one)
            if one.solution is not None:
                return True
        return False


def _doubled(most: int) -> Iterator[int]:
    """1, 2, 4... up to all that there are; 0 where there are none."""
    number = 1
    while number < most:
        yield number
        number *= 2
    yield most


@dataclass(frozen=True)
class _Worked:
    """A part, and what came of it."""

    sub: SubSpec
    tasks: Ints
    row: PartRow
    solution: Solution | None
