"""From an `Instance` with crews to the further arrays of the list-search kernels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from qamctl.kernels.schedule.problem import CrewTables
from qamctl.schedule.crews import Crews, modes_of
from qamctl.schedule.eligible import eligibility
from qamctl.schedule.instance import Instance
from qamctl.schedule.kept import same_crew
from qamctl.schedule.precedence import Graph, find_cycle
from qamctl.schedule.spec import TERMS, Floats, Index, Ints, Precedence, Rule, transfer_ticks

_KINDS = ("near", "apart", "spread")
_SETUP = TERMS.index("setup")


def crew_tables(instance: Instance, crews: Crews, option: Ints, columns: Ints, *, waits: bool) -> CrewTables:
    """The arrays of the options that the kernels see.

    Parameters
    ----------
    option
        [O] the instance's option for each of the kernels'.
    columns
        [W] the renewable columns.
    waits
        Tasks may wait for any start: then no order on an agent has to come of the list alone.
    """
    spec, n = instance.spec, instance.n
    first, holder, number = _picked(crews.first, option, crews.holder, crews.number)
    take = takes(instance, crews, option, columns)
    away = [spec.agents.away.of(int(m[0])) if len(m) else [] for m in instance.members]
    steps = _steps(instance, columns, away)
    rules = _Rules.of(instance)
    setups = spec.setups
    earlier = spec.earlier
    task = np.repeat(np.arange(n), np.diff(instance.first_option))[option]
    moved, same = _moves(instance, crews, option, task)
    delay, arc_data = _delays(instance)
    links = _links(instance)
    gangs = _groups(spec.tasks.gang)
    family_rows = setups is not None and (spec.tasks.family >= 0).any()
    return CrewTables(
        option_out=crews.out[option].astype(np.int8),
        take_first=take[0],
        take_holder=take[1].astype(np.int32),
        take_column=take[2].astype(np.int32),
        take_amount=take[3],
        crew_first=first,
        crew_holder=holder.astype(np.int32),
        crew_number=number.astype(np.int32),
        option_pause=np.ascontiguousarray(crews.pause[option]),
        gap_first=crews.gaps.first,
        gap_start=crews.gaps.start,
        gap_end=crews.gaps.end,
        away_first=_firsts(map(len, away)),
        away_start=np.array([span[0] for row in away for span in row], np.int64),
        away_end=np.array([span[1] for row in away for span in row], np.int64),
        step_first=_firsts(len(row) for row in steps),
        step_since=np.array([since for row in steps for since, _ in row], np.int64),
        step_free=np.array([free for row in steps for _, free in row], np.int64).reshape(sum(map(len, steps)), -1)
        if len(columns)
        else np.zeros((sum(map(len, steps)), 0), np.int64),
        gang=spec.tasks.gang.astype(np.int32),
        gang_first=_firsts(map(len, gangs)),
        gang_task=np.array([t for row in gangs for t in row], np.int32),
        arc_first=instance.graph.pred_start,
        arc_task=np.ascontiguousarray(instance.graph.pred_task, np.int32),
        arc_kind=np.ascontiguousarray(instance.graph.pred_kind, np.int8),
        arc_lag=np.ascontiguousarray(instance.graph.pred_lag, np.int64),
        arc_data=arc_data,
        delay=delay,
        link_first=_firsts(map(len, links)),
        link_other=np.array([other for row in links for other, _ in row], np.int32),
        link_class=np.array([kind for row in links for _, kind in row], np.int32),
        rule_kind=np.array([_KINDS.index(rule.kind) for rule in spec.rules], np.int8),
        rule_key=np.array(rules.key, np.int32),
        rule_skew=np.array([rule.max_skew for rule in spec.rules], np.int64),
        rule_values=np.array(rules.values, np.int64),
        rule_first=_firsts(len(rule.tasks) for rule in spec.rules),
        rule_task=np.array([t for rule in spec.rules for t in rule.tasks], np.int32),
        own_rule_first=_firsts(map(len, rules.own)),
        own_rule=np.array([r for row in rules.own for r in row], np.int32),
        most_crew=_most(instance, crews),
        value=np.ascontiguousarray(rules.value, np.int32),
        family=spec.tasks.family.astype(np.int32) if family_rows else np.full(n, -1, np.int32),
        setup_of=np.array([setups.of_agent[m[0]] if setups and len(m) else 0 for m in instance.members], np.int32),
        setup_time=np.zeros((1, 1, 1), np.int64) if setups is None else np.ascontiguousarray(setups.time),
        append=bool(instance.levels[:, _SETUP].any()) and not waits,
        reward=np.ascontiguousarray(spec.tasks.reward, np.float64),
        earlier=np.full(n, -1, np.int64) if earlier is None else np.ascontiguousarray(earlier.start),
        moved=moved,
        same=same,
        agents=len(spec.agents.ids),
        price=max(1.0, float(instance.shortest.mean())) if n else 1.0,
    )  # fmt: skip


def list_graph(instance: Instance) -> Graph:
    """The precedence of lists: as that of the tasks, but a gang stands where its first task does.

    What comes before one task of a gang comes before the whole of it, the others come behind its first task. Where that
    makes a circle, which only tasks without a length can keep, it is cut; the evaluation has the last word.
    """
    spec, gang = instance.spec, instance.spec.tasks.gang
    if instance.crews is None or not (np.bincount(gang[gang >= 0]) > 1).any():
        return instance.graph
    first_of = {g: row[0] for g, row in enumerate(_groups(gang))}
    leader = np.array([first_of[g] if g >= 0 else t for t, g in enumerate(gang.tolist())], np.int32)
    behind = np.flatnonzero(leader != np.arange(instance.n)).astype(np.int32)
    after = spec.after
    pred, succ = leader[after.pred], leader[after.succ]
    apart = pred != succ
    nothing = np.zeros(len(behind), np.int64)
    found = Precedence(
        np.concatenate([pred[apart], leader[behind]]),
        np.concatenate([succ[apart], behind]),
        np.concatenate([after.kind[apart], nothing.astype(np.int8)]),
        np.concatenate([after.lag[apart], nothing]),
        np.concatenate([after.data[apart], nothing]),
    )
    while circle := find_cycle(instance.n, found.pred, found.succ):
        cut = (found.pred == circle[-1]) & (found.succ == circle[0])
        found = replace(found, **{name: getattr(found, name)[~cut] for name in ("pred", "succ", "kind", "lag", "data")})
    return Graph.build(instance.n, found)


def _firsts(counts: Iterable[int]) -> Ints:
    return np.concatenate([[0], np.cumsum(list(counts))]).astype(np.int64)


def _picked(first: Ints, rows: Ints, *columns: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], ...]:
    """Some rows of a table of compressed rows, as such a table."""
    count = first[rows + 1] - first[rows]
    starts = _firsts(count)
    entry = np.arange(int(starts[-1])) + np.repeat(first[rows] - starts[:-1], count)
    return (starts, *(column[entry] for column in columns))


def takes(instance: Instance, crews: Crews, option: Ints, columns: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """By option: holder, place of the column, amount; the pool gives once what some agent of the crew does not hold."""
    sizes = crews.sizes
    entry_option = np.repeat(np.arange(len(sizes)), np.diff(crews.first))
    held = (instance.capacity[:, columns] >= 0)[crews.holder]
    need = instance.demand[:, columns][instance.option_mode]
    asked = need > 0
    entry, column = np.nonzero(asked[entry_option] & held)
    lacks = np.zeros((len(sizes), len(columns)), bool)
    short, lacking = np.nonzero(~held)
    lacks[entry_option[short], lacking] = True
    lacks[sizes == 0] = True
    pool_option, pool_column = np.nonzero(asked & lacks)
    who = np.concatenate([pool_option, entry_option[entry]])
    holder = np.concatenate([np.zeros(len(pool_option), np.int64), crews.holder[entry]])
    where = np.concatenate([pool_column, column])
    times = np.concatenate([np.ones(len(pool_option), np.int64), crews.number[entry]])
    amount = need[who, where] * times
    order = np.argsort((who * len(instance.members) + holder) * len(columns) + where, kind="stable")
    first = np.searchsorted(who[order], np.arange(len(sizes) + 1))
    out = _picked(first, option, holder[order], where[order], amount[order])
    return out[0], out[1], out[2], np.ascontiguousarray(out[3], np.int64)


def _steps(
    instance: Instance, columns: Ints, away: Sequence[list[tuple[int, int, int]]]
) -> list[list[tuple[int, list[int]]]]:
    """By holder: (moment, free capacity from then on), the first at 0."""
    capacity = np.maximum(instance.capacity[:, columns], 0)
    pool = _Changes(capacity[0].tolist())
    for w, k in enumerate(columns.tolist()):
        for start, end, left in instance.spec.resources.calendar.of(k - 1) if k else []:
            pool.change(w, start, end, left)
    rows = [pool.steps()]
    for holder in range(1, len(capacity)):
        steps = _Changes(capacity[holder].tolist())
        for start, end, _ in away[holder]:
            for w in range(len(columns)):
                steps.change(w, start, end, 0)
        rows.append(steps.steps())
    return rows


@dataclass
class _Changes:
    """A step function over time that is about to be written down."""

    usual: list[int]

    def __post_init__(self) -> None:
        self._changes: dict[int, dict[int, int]] = {0: {}}

    def change(self, column: int, start: int, end: int, value: int) -> None:
        self._changes.setdefault(end, {}).setdefault(column, self.usual[column])
        self._changes.setdefault(start, {})[column] = value

    def steps(self) -> list[tuple[int, list[int]]]:
        free, out = list(self.usual), []
        for moment in sorted(self._changes):
            for column, value in self._changes[moment].items():
                free[column] = value
            out.append((moment, list(free)))
        return out


@dataclass(frozen=True)
class _Rules:
    """What the rules compare.

    Attributes
    ----------
    key, values
        [Q] the row of `value`, and the number of its values.
    value
        [V, H] a number for the value of each holder; row 0 the holders themselves.
    own
        By task: its rules.
    """

    key: list[int]
    values: list[int]
    value: list[list[int]]
    own: list[list[int]]

    @staticmethod
    def of(instance: Instance) -> _Rules:
        spec, members = instance.spec, instance.members
        key, values = [], []
        value = [list(range(len(members)))]
        own: list[list[int]] = [[] for _ in range(instance.n)]
        masks = None
        known: dict[tuple[str, tuple[str, ...]], int] = {}
        for r, rule in enumerate(spec.rules):
            for t in rule.tasks:
                own[t].append(r)
            if rule.label is None:
                key.append(0)
                values.append(len(members))
                continue
            masks = masks or eligibility(spec)
            domain = label_domain(instance, rule, *masks)
            row = known.setdefault((rule.label, domain), len(value))
            if row == len(value):
                labels = [spec.agents.labels[m[0]].get(rule.label) if len(m) else None for m in members]
                value.append([domain.index(name) if name in domain else -1 for name in labels])
            key.append(row)
            values.append(len(domain))
        return _Rules(key, values, value, own)


def label_domain(instance: Instance, rule: Rule, masks: Sequence[np.ndarray], mask_of_mode: Index) -> tuple[str, ...]:
    """The values of a label among the agents that may do one of a rule's tasks."""
    spec, label = instance.spec, str(rule.label)
    able = np.zeros(len(spec.agents.ids), bool)
    for mode in modes_of(spec, rule.tasks):
        able |= masks[mask_of_mode[mode]]
    carried = (spec.agents.labels[a] for a in np.flatnonzero(able).tolist())
    return tuple(sorted({labels[label] for labels in carried if label in labels}))


def _most(instance: Instance, crews: Crews) -> Ints:
    """[T] agents that a task takes at most."""
    some = np.diff(instance.first_option) > 0
    out = np.zeros(instance.n, np.int64)
    out[some] = np.maximum.reduceat(crews.sizes, instance.first_option[:-1][some]) if some.any() else 0
    return out


def _groups(gang: Index) -> list[list[int]]:
    return [np.flatnonzero(gang == g).tolist() for g in range(int(gang.max(initial=-1)) + 1)]


def _delays(instance: Instance) -> tuple[Ints, Index]:
    """[D, L] ticks of each amount that is sent, by class of link, and [E] the row of each arc, -1 where nothing is."""
    spec, graph = instance.spec, instance.graph
    sent, data = spec.transfers, graph.pred_data
    out = np.full(len(data), -1, np.int32)
    if sent is None:
        return np.zeros((0, 1), np.int64), out
    amounts, row = np.unique(data[data > 0], return_inverse=True)
    out[data > 0] = row
    speeds = list(zip(sent.bandwidth.tolist(), sent.latency.tolist(), strict=True))
    table = [[transfer_ticks(amount, *speed, spec.time.resolution) for speed in speeds] for amount in amounts.tolist()]
    return np.array(table, np.int64).reshape(-1, len(speeds)), out


def _links(instance: Instance) -> list[list[tuple[int, int]]]:
    """By holder: (other holder, class) of its links, by other holder."""
    rows: list[list[tuple[int, int]]] = [[] for _ in instance.members]
    sent = instance.spec.transfers
    for (a, b), kind in sent.link.items() if sent is not None else []:
        holder, other = (int(instance.holder_of_agent[agent]) for agent in (a, b))
        rows[holder].append((other, kind))
    return [sorted(row) for row in rows]


def _moves(instance: Instance, crews: Crews, option: Ints, task: Ints) -> tuple[Floats, npt.NDArray[np.int8]]:
    """[O] what an option adds to the term `disruption`, and whether it has the crew of the earlier schedule."""
    earlier, weight = instance.spec.earlier, instance.spec.tasks.weight
    if earlier is None or not instance.keeps:
        return np.zeros(len(option)), np.zeros(len(option), np.int8)
    moved = np.where(earlier.start[task] >= 0, weight[task], 0.0)
    return moved, same_crew(instance, crews)[option].astype(np.int8)
