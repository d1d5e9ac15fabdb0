"""A large schedule in parts: tasks that have to do with each other, on agents that are a fair sample of the fleet.

Every part has about as many agents of each sort as every other one, so that whatever a task could choose between in the
whole fleet it has in its part, only fewer of. Tasks that wait for each other, or stand in one rule, are in one part.
Where too many tasks hang together, they are cut in waves, the most urgent ones first; a later wave finds the earlier
ones as they were scheduled, and fills what they leave. What the whole fleet shares is divided in proportion to the
work that needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from qamctl.qubo.partition import Mask, components, deal, members, waves
from qamctl.schedule.crews import needs_crews
from qamctl.schedule.eligible import eligibility
from qamctl.schedule.fleet import Fleet
from qamctl.schedule.hierarchy.groups import grouped_agents, links_of
from qamctl.schedule.hierarchy.urgency import latest_wanted
from qamctl.schedule.instance import Instance
from qamctl.schedule.single_options import needs_alike
from qamctl.schedule.spec import Floats, Index, Ints, ScheduleSpec

Dealer = Callable[[Floats, Floats, Mask], Ints | None]

#: Pairs of a task and an agent that may do it, in one part; with crews an option costs more.
PART_PAIRS: Final = 1_000_000
CREW_PAIRS: Final = 100_000

#: Agents of a group, at least, where fewer groups do: in smaller ones the choice of rare skills gets narrow.
GROUP_AGENTS: Final = 100

#: Parts of a problem, at most.
MOST_PARTS: Final = 4_096


#: Tasks and agents of a problem that is worth being divided though it could be searched as a whole.
LARGE_TASKS: Final = 2_000
LARGE_AGENTS: Final = 20


def divides(instance: Instance) -> bool:
    """Whether a problem is searched in parts: it has too many options to look at them all, or is large.

    One that needs crews is only where it has too many, and no earlier schedule: it gains nothing from windows.
    """
    agents = len(instance.spec.agents.ids)
    if instance.crews is not None:
        return not instance.complete and instance.spec.earlier is None and agents >= LARGE_AGENTS
    return (
        agents > 0
        and instance.n > 0
        and (not instance.complete or (instance.n >= LARGE_TASKS and agents >= LARGE_AGENTS))
    )


@dataclass(frozen=True, eq=False)
class Division:
    """Who works on what.

    Attributes
    ----------
    group
        [A] the group that each agent is in.
    wave, part
        [T] when each task is scheduled, and on which group of agents.
    groups, waves
        How many there are.
    """

    group: Ints
    wave: Ints
    part: Ints
    groups: int
    waves: int

    def cells(self, wave: int) -> Iterator[tuple[int, Ints]]:
        """The groups that have tasks in a wave, and these."""
        inside = np.flatnonzero(self.wave == wave)
        for group, mine in enumerate(members(self.part[inside], self.groups)):
            if len(mine):
                yield group, inside[mine]


def divide(instance: Instance, parts: int | None = None, dealer: Dealer = deal) -> Division:
    """Divide the tasks and agents of a problem.

    Parameters
    ----------
    parts
        Groups of agents; None: so many that none has more than `PART_PAIRS` to choose from, at least two. Where these
        would be too small, all agents are one group, and the tasks are cut in two waves. There are fewer groups where
        the tasks can't be done by smaller ones, in the end one.
    dealer
        What puts the components of a wave on groups: (load, supply, allowed) as `qubo.partition.deal`.
    """
    spec = instance.spec
    masks, mask_of_mode = eligibility(spec)
    work = _work(spec)
    pairs = int(np.array([mask.sum() for mask in masks], np.int64)[mask_of_mode].sum()) if masks else 0

    def number_of(waves: int) -> int:
        """In waves there are fewer tasks at a time, so that more agents can be."""
        return _parts(spec, pairs / waves, 1 if waves > 1 or few else 2, parts)

    crewed = needs_crews(spec)
    few = len(spec.agents.ids) < 2 * GROUP_AGENTS and not crewed

    wave, links = np.zeros(instance.n, np.int64), (spec.after.pred.astype(np.int64), spec.after.succ.astype(np.int64))
    if not crewed:
        wanted = latest_wanted(instance) or instance.earliest
        wave = waves(wanted[0], work, *links, number_of, 2 if number_of(1) == 1 and parts is None else 1)
    number = number_of(int(wave.max(initial=0)) + 1)
    while True:
        found = _dealt(spec, masks, mask_of_mode, work, wave, number, dealer)
        if found is not None:
            return found
        number = max(1, number // 2)


def _parts(spec: ScheduleSpec, pairs: float, least: int, asked: int | None) -> int:
    """Pairs are divided by the square of the number of parts: each has fewer tasks, and fewer agents for each."""
    if asked is None:
        most = CREW_PAIRS if needs_crews(spec) else PART_PAIRS
        asked = max(least, int(np.ceil(np.sqrt(pairs / most))))
    return max(1, min(asked, MOST_PARTS, len(spec.agents.ids)))


def _work(spec: ScheduleSpec) -> Floats:
    """[T] ticks of an agent of speed 1 that each task takes at least."""
    if not len(spec.tasks.ids):
        return np.zeros(0)
    return np.minimum.reduceat(
        spec.modes.duration * np.maximum(spec.modes.count, 1), spec.tasks.first_mode[:-1]
    ).astype(np.float64)


def _dealt(
    spec: ScheduleSpec,
    masks: list[Mask],
    mask_of_mode: Index,
    work: Floats,
    wave: Ints,
    parts: int,
    dealer: Dealer,
) -> Division | None:
    """The division into so many groups; None where some task could be done in none of them."""
    group = grouped_agents(spec, masks, parts)
    if group is None:
        return None
    limited = _limited(spec, parts)
    able = _able(spec, masks, mask_of_mode, group, parts) & limited.able
    able |= parts == 1  # what the whole fleet can't do nobody can: there is nothing smaller to try
    speed = spec.agents.slots * spec.agents.speed_num / spec.agents.speed_den
    by_need = [np.bincount(group[mask], speed[mask], parts).astype(np.float64) for mask in masks]
    supply: Floats = np.column_stack([*by_need, limited.supply])
    quickest = _first_of_quickest(spec)
    need = np.zeros((len(work), supply.shape[1]))
    need[np.arange(len(work)), mask_of_mode[quickest]] = work
    need[:, len(masks) :] = spec.modes.demand[quickest][:, limited.resources] * work[:, None]
    part = np.zeros(len(work), np.int64)
    links = links_of(spec)
    for one in range(int(wave.max(initial=0)) + 1):
        tasks = np.flatnonzero(wave == one)
        place = np.full(len(work), -1, np.int64)
        place[tasks] = np.arange(len(tasks))
        inside = (place[links[0]] >= 0) & (place[links[1]] >= 0)
        label = components(len(tasks), place[links[0][inside]], place[links[1][inside]])
        order = np.argsort(label, kind="stable")
        edges = np.searchsorted(label[order], np.arange(int(label.max(initial=-1)) + 1))
        load = np.asarray(np.add.reduceat(need[tasks[order]], edges, axis=0), np.float64)
        allowed = np.logical_and.reduceat(able[tasks[order]], edges, axis=0)
        found = dealer(load, supply, allowed)
        if found is None:
            return None
        part[tasks] = found[label]
    return Division(group, wave, part, parts, int(wave.max(initial=0)) + 1)


def _first_of_quickest(spec: ScheduleSpec) -> Ints:
    """[T] the mode of each task that is least work."""
    first, number = spec.tasks.first_mode[:-1], np.diff(spec.tasks.first_mode)
    task = np.repeat(np.arange(len(number)), number)
    order = np.lexsort((np.arange(len(task)), spec.modes.duration * np.maximum(spec.modes.count, 1), task))
    chosen: Ints = order[first]
    return chosen


@dataclass(frozen=True, eq=False)
class _Limited:
    """What the whole fleet shares, and which groups can have enough of it for any task.

    Attributes
    ----------
    resources
        [r] the renewable ones that some task may take from the pool.
    supply
        [P, r] what each group has of them, about.
    able
        [T, P] whether a group can have what a task needs.
    """

    resources: Ints
    supply: Floats
    able: Mask


def _limited(spec: ScheduleSpec, parts: int) -> _Limited:
    demand = spec.modes.demand
    drawn = (spec.resources.capacity >= 0) & ~spec.resources.consumable & (demand > 0).any(axis=0)
    resources = np.flatnonzero(drawn)
    supply = np.zeros((parts, len(resources)))
    able = np.ones((len(spec.tasks.ids), parts), bool)
    for k, r in enumerate(resources.tolist()):
        usual = int(spec.resources.capacity[r])
        sharers = min(parts, max(1, usual // int(demand[:, r].max())))
        supply[:sharers, k] = usual / sharers
        if sharers < parts:
            needs = np.maximum.reduceat(demand[:, r], spec.tasks.first_mode[:-1]) > 0
            able[np.ix_(needs, np.arange(parts) >= sharers)] = False
    return _Limited(resources, supply, able)


def _able(spec: ScheduleSpec, masks: list[Mask], mask_of_mode: Index, group: Ints, parts: int) -> Mask:
    """[T, P] whether the agents of a group can do a task at all, and are those that it is pinned to."""
    each = [np.zeros(0, np.int32), *np.arange(len(group), dtype=np.int32)[:, None]]
    fleet = Fleet.of(spec, each)
    holders = [np.flatnonzero(mask) + 1 for mask in masks]
    needs_agent = fleet.demand[:-1, 0] == 1
    by_mode = np.ones((len(needs_agent), parts), bool)
    for modes, fitting in needs_alike(spec, fleet, holders, mask_of_mode, needs_agent):
        number = np.bincount(group[fitting - 1], minlength=parts)
        by_mode[modes] = number >= spec.modes.count[modes][:, None]
    able: Mask = np.logical_or.reduceat(by_mode, spec.tasks.first_mode[:-1], axis=0)
    pinned = {t: (int(a),) for t, a in enumerate(spec.tasks.pinned_agent.tolist()) if a >= 0}
    for t, crew in (pinned | dict(spec.tasks.pinned_crew)).items():
        able[t] &= np.arange(parts) == group[crew[0]]
    for rule in spec.rules:
        if rule.kind == "spread" and rule.tasks:
            able[rule.tasks[0]] &= _all_values(spec, rule.label, group, parts)
    return able


def _all_values(spec: ScheduleSpec, label: str | None, group: Ints, parts: int) -> Mask:
    """[P] the groups with agents of every value of a label: a spread counts over those of the whole fleet."""
    of_agent = [str(a) if label is None else labels.get(label) for a, labels in enumerate(spec.agents.labels)]
    every = {value for value in of_agent if value is not None}
    found: list[set[str]] = [set() for _ in range(parts)]
    for value, g in zip(of_agent, group.tolist(), strict=True):
        if value is not None:
            found[g].add(value)
    return np.array([mine == every for mine in found], bool)
