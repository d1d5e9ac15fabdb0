"""Crews: the sets of agents that may do a task together, as options of an instance, and what sets them apart.

Only problems that need them have crews (`needs_crews`): those with calendars, several agents at once, tasks that may be
left out, and everything that depends on who else does what. In others every task has one agent or none, at any time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np
import numpy.typing as npt

from qamctl.schedule.gaps import Gaps, Spans, gaps_of
from qamctl.schedule.spec import Index, Ints, ScheduleSpec

Masks = Sequence[npt.NDArray[np.bool_]]

#: Crews of several agents that a mode has as options, at most; of more, some are taken.
MOST_CREWS = 200


@dataclass(frozen=True, eq=False)
class Crews:
    """Who does the task in each option of an instance, and when that can't be.

    Attributes
    ----------
    first, holder, number
        The crew of option o: number[k] agents of holder[k] for k in first[o]:first[o + 1], by holder; nobody where the
        task needs no agent, or is left out.
    out
        [O] the option leaves its task out.
    pause, gaps
        [O] the pattern of `gaps` in which the task pauses in this option; -1 where it may not, or never needs to.
    """

    first: Ints
    holder: Index
    number: Index
    out: npt.NDArray[np.bool_]
    pause: Ints
    gaps: Gaps

    @cached_property
    def sizes(self) -> Ints:
        """[O] agents in the crew."""
        total = np.concatenate([[0], np.cumsum(self.number)])
        sizes: Ints = total[self.first[1:]] - total[self.first[:-1]]
        return sizes

    def of(self, option: int) -> tuple[tuple[int, int], ...]:
        """(holder, number of its agents) of one option."""
        mine = slice(int(self.first[option]), int(self.first[option + 1]))
        return tuple(zip(self.holder[mine].tolist(), self.number[mine].tolist(), strict=True))


def needs_crews(spec: ScheduleSpec) -> bool:
    """Whether a problem is about more than one agent a task, at any time, on its own."""
    weighed = {term for level in spec.objective for term, weight in level.items() if weight}
    gangs = np.bincount(spec.tasks.gang[spec.tasks.gang >= 0]) if len(spec.tasks.gang) else np.zeros(0)
    return bool(
        len(spec.agents.away.start)
        or len(spec.resources.calendar.start)
        or spec.tasks.optional.any()
        or (spec.modes.count > 1).any()
        or spec.rules
        or spec.transfers is not None
        or (spec.setups is not None and (spec.tasks.family >= 0).any())
        or (gangs > 1).any()
        or spec.tasks.pinned_crew
        or "balance" in weighed
        or ("disruption" in weighed and spec.earlier is not None)
    )


def single_crews(option_holder: Index) -> Crews:
    """The crews of a problem that needs none: each option has one agent of its holder, or nobody."""
    alone = (option_holder > 0).astype(np.int64)
    n = len(option_holder)
    return Crews(
        first=np.concatenate([[0], np.cumsum(alone)]).astype(np.int64),
        holder=option_holder[option_holder > 0],
        number=np.ones(int(alone.sum()), np.int32),
        out=np.zeros(n, bool),
        pause=np.full(n, -1, np.int64),
        gaps=Gaps.of([]),
    )


def told_apart(spec: ScheduleSpec, masks: Masks, mask_of_mode: Index) -> set[int]:
    """The agents that stay holders of their own, because something depends on which of them does a task."""
    weighed = {term for level in spec.objective for term, weight in level.items() if weight}
    everyone = set(range(len(spec.agents.ids)))
    if "balance" in weighed:
        return everyone
    tasks: set[int] = set()
    for rule in spec.rules:
        if rule.label is None:
            tasks.update(rule.tasks)
    if spec.setups is not None:
        tasks.update(np.flatnonzero(spec.tasks.family >= 0).tolist())
    if spec.transfers is not None:
        sends = spec.after.data > 0
        tasks.update(spec.after.pred[sends].tolist(), spec.after.succ[sends].tolist())
    named: set[int] = set()
    if "disruption" in weighed and spec.earlier is not None:
        named.update(agent for crew in spec.earlier.agents for agent in crew if agent >= 0)
    able = np.zeros(len(everyone), bool)
    for mode in modes_of(spec, sorted(tasks)):
        able |= masks[mask_of_mode[mode]]
    # Agents with several slots that work together must not be one agent twice.
    several = np.zeros(len(everyone), bool)
    for mode in np.flatnonzero(spec.modes.count > 1).tolist():
        several |= masks[mask_of_mode[mode]]
    several &= spec.agents.slots > 1
    return named | set(np.flatnonzero(able | several).tolist())


def modes_of(spec: ScheduleSpec, tasks: Sequence[int]) -> Iterator[int]:
    """The modes of some tasks that need agents."""
    for task in tasks:
        for mode in range(int(spec.tasks.first_mode[task]), int(spec.tasks.first_mode[task + 1])):
            if spec.modes.agents[mode] != ():
                yield mode


def crews_of(holders: Sequence[int], sizes: Sequence[int], count: int) -> Iterator[tuple[tuple[int, int], ...]]:
    """Every crew of `count` agents, sizes[k] of holders[k] at most: (holder, number) by holder.

    Crews of neighbours come first, each beginning with another holder, so that a few of them have everybody in one.
    """
    told = set()
    for first in range(len(holders)):
        turned = [*range(first, len(holders)), *range(first)]
        left, crew = count, []
        for k in turned:
            take = min(left, sizes[k])
            if take:
                crew.append((holders[k], take))
            left -= take
            if not left:
                break
        found = tuple(sorted(crew))
        if not left and found not in told:
            told.add(found)
            yield found
    for found in _combinations(list(zip(holders, sizes, strict=True)), count):
        if found not in told:
            yield found


def _combinations(places: list[tuple[int, int]], count: int) -> Iterator[tuple[tuple[int, int], ...]]:
    if count == 0:
        yield ()
        return
    if sum(size for _, size in places) < count:
        return
    (holder, size), rest = places[0], places[1:]
    for take in range(min(size, count), -1, -1):
        for others in _combinations(rest, count - take):
            yield ((holder, take), *others) if take else others


def few_crews(
    holders: Sequence[int], sizes: Sequence[int], count: int, most: int = MOST_CREWS
) -> tuple[list[tuple[tuple[int, int], ...]], bool]:
    """Crews of `count` agents, at most so many, and whether those are all."""
    found = list(islice(crews_of(holders, sizes, count), most + 1))
    return found[:most], len(found) <= most


def pauses(
    spec: ScheduleSpec, members: Sequence[Index], task: Ints, mode: Ints, first: Ints, holder: Index
) -> tuple[Ints, Gaps]:
    """[O] the pattern of gaps of each option, -1 where its task may not pause or has no gap; and the patterns.

    Parameters
    ----------
    first, holder
        The crews of the options, as of `Crews`.
    """
    out = np.full(len(task), -1, np.int64)
    known: dict[Spans, int] = {}
    for o in np.flatnonzero(spec.tasks.preemptible[task] & (mode < len(spec.modes.ids))).tolist():
        crew = holder[first[o] : first[o + 1]].tolist()
        spans = gaps_of(spec, int(mode[o]), tuple(int(members[h][0]) for h in crew))
        if spans:
            out[o] = known.setdefault(spans, len(known))
    return out, Gaps.of(list(known))
