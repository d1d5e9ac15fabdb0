"""Pairs of starts that exclude each other in problems with crews: by precedence, gangs, `near`, `apart` and setups.

Whatever a start excludes of one option of another task is a run of its starts, as these are sorted. The model makes a
row of each pair, and beside tasks that are settled only what they do not exclude stays open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from qamctl.schedule.crews import Crews
from qamctl.schedule.instance import Instance
from qamctl.schedule.loads import holders_of, ranges
from qamctl.schedule.picks import Mask, Picks
from qamctl.schedule.sent import delays_between
from qamctl.schedule.setup_runs import setup_runs
from qamctl.schedule.spec import Index, Ints, Rule


@dataclass(frozen=True, eq=False)
class Sides:
    """The pairs of tasks that are looked at: one of them here, the other one there.

    Attributes
    ----------
    here, there
        [T] the same tasks, for the pairs among them, or none in common.
    """

    here: Mask
    there: Mask

    @property
    def same(self) -> bool:
        """Whether the pairs are those among the same tasks."""
        return self.here is self.there

    def meet(self, i: Ints | Index, j: Ints | Index) -> Mask:
        """[c] whether a pair of tasks is looked at."""
        found: Mask = (self.here[i] & self.there[j]) | (self.here[j] & self.there[i])
        return found

    def pairs(self, tasks: Ints, *, chained: bool) -> tuple[Ints, Ints]:
        """The pairs among some tasks; `chained`: neighbours are enough."""
        here, there = tasks[self.here[tasks]], tasks[self.there[tasks]]
        if not self.same:
            return np.repeat(here, len(there)), np.tile(there, len(here))
        if chained:
            return here[:-1], here[1:]
        i, j = np.triu_indices(len(here), 1)
        return here[i], here[j]


@dataclass(frozen=True, slots=True)
class Runs:
    """Picks one[c] that exclude the picks first[c]:first[c] + count[c]."""

    kind: str
    one: Ints
    first: Ints
    count: Ints

    def pairs(self) -> tuple[Ints, Ints]:
        """Every pair of picks that exclude each other."""
        return np.repeat(self.one, self.count), ranges(self.first, self.count)


def conflicts(instance: Instance, crews: Crews, picks: Picks, sides: Sides) -> Iterator[Runs]:
    """What excludes each other between the tasks of two sides, slots, capacities and `spread` apart."""
    yield _too_early(instance, crews, picks, sides)
    yield from _gangs(instance, picks, sides)
    for rule in instance.spec.rules:
        if rule.kind != "spread" and sides.here[list(rule.tasks)].any():
            yield from _at_odds(instance, picks, sides, rule)
    setups = instance.spec.setups
    if setups is not None:
        pairs = setup_runs(instance, setups, picks.options, sides.here, sides.there)
        yield _before_or_after(instance, picks, *pairs)


def unfit(instance: Instance, crews: Crews, looked_at: Mask) -> Mask:
    """[O] the options whose own agents break a rule `near` of one of the tasks that are looked at."""
    out = np.zeros(len(crews.out), bool)
    several = crews.sizes > 1
    for rule in instance.spec.rules if several.any() else ():
        tasks = np.array(rule.tasks)
        if rule.kind == "near" and rule.label is not None and looked_at[tasks].any():
            mine = _options_of(instance, tasks)
            mine = mine[several[mine]]
            out[mine[_things(instance, rule, mine).sum(axis=1) > 1]] = True
    return out


def _options_of(instance: Instance, tasks: Ints) -> Ints:
    return ranges(instance.first_option[tasks], np.diff(instance.first_option)[tasks])


def _too_early(instance: Instance, crews: Crews, picks: Picks, sides: Sides) -> Runs:
    """The successor's starts that a predecessor's excludes: those before it, or what it sends, is there."""
    after = instance.spec.after
    arcs = np.flatnonzero(sides.meet(after.pred, after.succ))
    pred, succ, kind = after.pred[arcs], after.succ[arcs], after.kind[arcs]
    arc, one, other = picks.between(instance, pred, succ)
    delays = delays_between(instance, crews, pred, succ, after.data[arcs], picks.options)
    lag = after.lag[arcs][arc] + delays.of(arc, one, other)
    who, pick = picks.by_options(one)
    arc, other, lag = arc[who], other[who], lag[who]
    leaves = np.where((kind[arc] == 0) | (kind[arc] == 2), picks.end[pick], picks.start[pick]) + lag
    first = picks.first[other]
    return Runs("precedence", pick, first, picks.place(other, leaves, kind[arc] >= 2) - first)


def _gangs(instance: Instance, picks: Picks, sides: Sides) -> Iterator[Runs]:
    """Of another task of a gang a start excludes those that are earlier, and those that are later."""
    gang = instance.spec.tasks.gang
    for g in np.unique(gang[sides.here & (gang >= 0)]).tolist():
        tasks = np.flatnonzero(gang == g)
        i, j = sides.pairs(tasks, chained=bool(instance.sure[tasks].all()))
        _, one, other = picks.between(instance, i, j)
        who, pick = picks.by_options(one)
        other, start, by_start = other[who], picks.start[pick], np.zeros(len(pick), bool)
        low, high = picks.place(other, start, by_start), picks.place(other, start + 1, by_start)
        yield Runs("gang", pick, picks.first[other], low - picks.first[other])
        yield Runs("gang", pick, high, picks.first[other + 1] - high)


def _things(instance: Instance, rule: Rule, options: Ints) -> np.ndarray:
    """[o, v] whether somebody who does an option is an agent, or has a value, that a rule compares."""
    who, holder = holders_of(instance, options)
    found: list[object] = holder.tolist()
    if rule.label is not None:  # agents without the label do no task of the rule
        labels = instance.spec.agents.labels
        found = [labels[instance.members[h][0]][rule.label] for h in holder.tolist()]
    number = {thing: k for k, thing in enumerate(dict.fromkeys(found))}
    out = np.zeros((len(options), len(number)), np.int64)
    out[who, [number[thing] for thing in found]] = 1
    return out


def _at_odds(instance: Instance, picks: Picks, sides: Sides, rule: Rule) -> Iterator[Runs]:
    """The options of two tasks of a rule that it does not allow together, at any time."""
    tasks = np.array(rule.tasks)
    options = _options_of(instance, tasks)
    options = options[picks.first[options] < picks.first[options + 1]]
    things = _things(instance, rule, options)
    size, common = things.sum(axis=1), things @ things.T
    if rule.kind == "apart":
        odd = common > 0
    elif rule.label is None:
        odd = common < np.minimum(size[:, None], size[None, :])
    else:
        odd = (size[:, None] > 0) & (size[None, :] > 0) & (size[:, None] + size[None, :] - common > 1)
    alike = rule.kind == "near" and bool(instance.sure[tasks].all()) and len(np.unique(size)) == 1 and bool(size.all())
    place = np.zeros(len(picks.first), np.int64)
    place[options] = np.arange(len(options))
    i, j = sides.pairs(tasks, chained=alike)
    _, one, other = picks.between(instance, i, j)
    against = odd[place[one], place[other]]
    one, other = one[against], other[against]
    who, pick = picks.by_options(one)
    first, last = picks.first[other[who]], picks.first[other[who] + 1]
    yield Runs(rule.kind, pick, first, last - first)


def _before_or_after(instance: Instance, picks: Picks, one: Ints, other: Ints, forth: Ints, back: Ints) -> Runs:
    """The starts of `other` from which on it does not end `back` ticks before `one`, up to `forth` ticks behind it.

    Two tasks that take no time at one moment stand in the order of their numbers.
    """
    task = np.repeat(np.arange(instance.n), np.diff(instance.first_option))
    instant = (instance.option_duration[one] == 0) & (instance.option_duration[other] == 0)
    back = back - 1 + (instant & (back == 0) & (task[other] > task[one]))
    forth = forth + (instant & (forth == 0) & (task[one] > task[other]))
    who, pick = picks.by_options(one)
    other, everyone = other[who], np.ones(len(pick), bool)
    first = picks.place(other, picks.start[pick] - back[who], everyone)
    last = picks.place(other, picks.end[pick] + forth[who], ~everyone)
    return Runs("setup", pick, first, np.maximum(last - first, 0))
