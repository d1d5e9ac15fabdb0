"""Options of several agents, and options that leave tasks out, on top of those of single agents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from qamctl.schedule.crews import Crews, few_crews, pauses
from qamctl.schedule.fleet import Fleet, Mask
from qamctl.schedule.instance import Instance
from qamctl.schedule.spec import Floats, Index, Ints, ScheduleSpec, duration_on

Crew = tuple[tuple[int, int], ...]


def with_crews(plain: Instance, fleet: Fleet, masks: Sequence[Mask], mask_of_mode: Index) -> Instance:
    """The instance with options of several agents, and options that leave tasks out."""
    spec = plain.spec
    task = np.repeat(np.arange(plain.n), np.diff(plain.first_option))
    keep = _carrying(spec, fleet, task, plain.option_holder)
    task, mode, holder = task[keep], plain.option_mode[keep].astype(np.int64), plain.option_holder[keep]
    duration, cost = plain.option_duration[keep], plain.option_cost[keep]
    several = _several(spec, fleet, masks, mask_of_mode)
    left_out = np.flatnonzero(spec.tasks.optional)
    complete = plain.complete and several.complete
    nothing = len(spec.modes.ids)  # the row of `demand` of a task that is left out
    task = np.concatenate([task, several.task, left_out])
    mode = np.concatenate([mode, several.mode, np.full(len(left_out), nothing)])
    duration = np.concatenate([duration, several.duration, np.zeros(len(left_out), np.int64)])
    cost = np.concatenate([cost, several.cost, np.zeros(len(left_out))])
    order = np.argsort(task, kind="stable")
    task, mode, duration, cost = task[order], mode[order], duration[order], cost[order]
    first, who, number = _table(holder, several.crews, len(left_out), order)
    pause, gaps = pauses(spec, fleet.members, task, mode, first, who)
    begins = np.append(who, np.int32(0))[np.minimum(first[:-1], len(who))]
    return replace(
        plain,
        first_option=np.searchsorted(task, np.arange(plain.n + 1)).astype(np.int64),
        option_holder=np.where(np.diff(first) > 0, begins, 0).astype(np.int32),
        option_mode=mode.astype(np.int32),
        option_duration=duration,
        option_cost=cost,
        pinned_start=_with_gangs(spec),
        crews=Crews(
            first=first,
            holder=who,
            number=number,
            out=mode == nothing,
            pause=pause,
            gaps=gaps,
        ),
        complete=complete,
        reach=None if complete else _reach(spec, masks, mask_of_mode),
    )


def _table(holder: Index, several: Sequence[Crew], nobody: int, order: Ints) -> tuple[Ints, Index, Index]:
    """([O + 1], [e], [e]) where the crew of each option begins; the holders of crews, and how many agents each gives.

    Parameters
    ----------
    holder
        Of the options of single agents, which come first; 0 where nobody is needed.
    several, nobody
        The crews of the options after them, and the number of options without any at the end.
    order
        [O] the option that comes first, second, ...
    """
    pairs = np.array([pair for crew in several for pair in crew], np.int32).reshape(-1, 2)
    size = np.concatenate([holder > 0, [len(crew) for crew in several], np.zeros(nobody)]).astype(np.int64)
    begin = np.cumsum(size) - size
    who = np.concatenate([holder[holder > 0].astype(np.int32), pairs[:, 0]])
    number = np.concatenate([np.ones(int((holder > 0).sum()), np.int32), pairs[:, 1]])
    first = np.concatenate([[0], np.cumsum(size[order])]).astype(np.int64)
    entry = np.arange(first[-1]) + np.repeat(begin[order] - first[:-1], size[order])
    return first, who[entry], number[entry]


def _reach(spec: ScheduleSpec, masks: Sequence[Mask], mask_of_mode: Index) -> tuple[Ints, Ints]:
    """([T], [T]) the shortest and the longest that each task takes, whoever of those that may do it does.

    A crew is no quicker than the quickest agent, and no slower than the slowest; it pauses no longer than its agents
    are away one after the other, and all resources are short.
    """
    agents, modes, calendar = spec.agents, spec.modes, spec.resources.calendar
    none = len(agents.ids) == 0
    ratio = np.ones(1) if none else agents.speed_num / agents.speed_den
    away = np.zeros(len(agents.ids), np.int64)
    np.add.at(away, np.repeat(np.arange(len(away)), np.diff(agents.away.first)), agents.away.end - agents.away.start)
    shortage = int((calendar.end - calendar.start).sum())
    least, most = modes.duration.copy(), modes.duration + shortage
    needs = np.array([who != () for who in modes.agents], bool)
    for k, mask in enumerate(masks):
        mine, able = needs & (mask_of_mode == k), np.flatnonzero(mask)
        if not len(able):
            continue
        quick, slow = able[[np.argmax(ratio[able])]], able[[np.argmin(ratio[able])]]
        least[mine] = duration_on(modes.duration[mine], agents.speed_num[quick], agents.speed_den[quick])
        most[mine] = duration_on(modes.duration[mine], agents.speed_num[slow], agents.speed_den[slow]) + shortage
        most[mine] += modes.count[mine] * away[able].max()
    first = spec.tasks.first_mode[:-1]
    least, most = np.minimum.reduceat(least, first), np.maximum.reduceat(most, first)
    return np.where(spec.tasks.optional, 0, least), most


def _carrying(spec: ScheduleSpec, fleet: Fleet, task: Ints, holder: Index) -> npt.NDArray[np.bool_]:
    """[O] whether the agent of an option has every label that the rules about its task compare."""
    keep = np.ones(len(task), bool)
    for label in {rule.label for rule in spec.rules if rule.label is not None}:
        about = np.zeros(len(spec.tasks.ids), bool)
        for rule in spec.rules:
            if rule.label == label:
                about[list(rule.tasks)] = True
        has = np.array([len(m) == 0 or label in spec.agents.labels[m[0]] for m in fleet.members], bool)
        keep &= ~about[task] | has[holder]
    return keep


@dataclass(frozen=True)
class _Several:
    """Options of several agents."""

    task: Ints
    mode: Ints
    duration: Ints
    cost: Floats
    crews: list[Crew]
    complete: bool


def _several(spec: ScheduleSpec, fleet: Fleet, masks: Sequence[Mask], mask_of_mode: Index) -> _Several:
    rows: list[tuple[int, int, int, float]] = []
    crews: list[Crew] = []
    complete, unit = True, float(spec.time.resolution)
    task_of_mode = np.repeat(np.arange(len(spec.tasks.ids)), np.diff(spec.tasks.first_mode))
    able = fleet.able(masks)
    holder_of = {int(a): h for h, m in enumerate(fleet.members) for a in m.tolist()}
    for m in np.flatnonzero(spec.modes.count > 1).tolist():
        task, count = int(task_of_mode[m]), int(spec.modes.count[m])
        if spec.tasks.pinned_mode[task] not in (-1, m):
            continue
        holders = able[mask_of_mode[m]]
        duration = fleet.duration(spec, np.full(len(holders), m), holders)
        fit = fleet.fits(spec, np.full(len(holders), m), holders, duration)
        fit &= _carrying(spec, fleet, np.full(len(holders), task), holders.astype(np.int32))
        holders, duration = holders[fit], duration[fit]
        work = dict(zip(holders.tolist(), duration.tolist(), strict=True))
        found, all_of_them = _wanted(spec, task, count, holders, fleet, holder_of)
        complete &= all_of_them
        for crew in found:
            longest = max(work[h] for h, _ in crew)
            price = float(spec.modes.cost[m]) + sum(fleet.rate[h] * k for h, k in crew) * longest * unit
            rows.append((task, m, longest, price))
            crews.append(crew)
    figures = np.array([row[:3] for row in rows], np.int64).reshape(-1, 3)
    return _Several(figures[:, 0], figures[:, 1], figures[:, 2], np.array([row[3] for row in rows]), crews, complete)


def _wanted(
    spec: ScheduleSpec, task: int, count: int, holders: Ints, fleet: Fleet, holder_of: dict[int, int]
) -> tuple[list[Crew], bool]:
    """The crews of one mode as its task is pinned, that of an earlier result among them, and whether these are all."""
    able = set(holders.tolist())
    whole = spec.tasks.pinned_crew.get(task)
    if whole is not None:
        crew = tuple(sorted((holder_of[a], 1) for a in whole))
        return ([crew] if len(whole) == count and {h for h, _ in crew} <= able else []), True
    ids, sizes = holders.tolist(), fleet.size[holders].tolist()
    pin = int(spec.tasks.pinned_agent[task])
    if pin < 0:
        found, every = few_crews(ids, sizes, count)
    elif holder_of[pin] in able:
        others = [(h, size) for h, size in zip(ids, sizes, strict=True) if h != holder_of[pin]]
        rest, every = few_crews([h for h, _ in others], [size for _, size in others], count - 1)
        found = [tuple(sorted((*crew, (holder_of[pin], 1)))) for crew in rest]
    else:
        return [], True
    before = spec.earlier.agents[task] if spec.earlier is not None else ()
    if not every and len(before) == count and -1 not in before and {holder_of[a] for a in before} <= able:
        mine: dict[int, int] = {}
        for agent in before:
            mine[holder_of[agent]] = mine.get(holder_of[agent], 0) + 1
        known = tuple(sorted(mine.items()))
        found = found if known in found else [known, *found]
    return found, every


def _with_gangs(spec: ScheduleSpec) -> Ints:
    """[T] pinned starts, of whole gangs where one of their tasks that can't be left out has one."""
    pinned, gang = spec.tasks.pinned_start.copy(), spec.tasks.gang
    for t in np.flatnonzero((pinned >= 0) & (gang >= 0)).tolist():
        mates = (gang == gang[t]) & (pinned < 0) & ~spec.tasks.optional
        pinned[mates] = pinned[t]
    return pinned
