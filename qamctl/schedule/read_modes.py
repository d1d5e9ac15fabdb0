"""Modes of a schedule spec: the ways to do each task, its own values being the defaults of its modes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from qamctl.schedule.read_holders import read_taints
from qamctl.schedule.spec import Modes
from qamctl.spec.cells import read_labels, read_levels, read_name
from qamctl.spec.decode import Coded, Floats, Ints, check_names, coded, integers, names, numbers, present
from qamctl.spec.faults import Faults, Refusal, nearest, show
from qamctl.spec.moments import Clock, Times, times
from qamctl.spec.quantities import Amounts, Measures
from qamctl.spec.rows import Rows, rows_of
from qamctl.spec.task_fields import MODES, TASKS
from qamctl.spec.time import TimeAxis

T = TypeVar("T")

#: None: any agent; (): none; else these agents.
Performers = tuple[int, ...] | None


@dataclass(slots=True)
class ReadModes:
    """All modes, while durations are not yet ticks and demands not yet integers.

    Attributes
    ----------
    rows
        The place of every mode: its own where it is spelled out, else its task's.
    owner
        [M] the task of each mode.
    spelled
        Which modes are spelled out under `modes`.
    outer, inner
        Durations of tasks, and of the modes that are spelled out.
    """

    rows: Rows
    owner: Ints
    first_mode: Ints
    spelled: Ints
    ids: list[str | None]
    outer: Times
    inner: Times
    demand: Coded[Amounts]
    agents: Coded[Performers]
    count: Ints
    skills: Coded[Mapping[str, float]]
    labels: Coded[Mapping[str, str]]
    tolerates: Coded[frozenset[str]]
    cost: Floats

    def finish(self, axis: TimeAxis, measures: Measures, faults: Faults) -> Modes:
        """The modes, once every time and quantity has been seen."""
        duration = self.outer.ticks(axis, round_up=True, absent=0, faults=faults)[self.owner]
        duration[self.spelled] = self.inner.ticks(axis, round_up=True, absent=0, faults=faults)
        return Modes(
            ids=self.ids,
            duration=duration,
            demand=measures.matrix(self.demand, 0, self.rows, TASKS["demand"], faults),
            agents=self.agents.list(),
            count=self.count,
            skills=self.skills.list(),
            labels=self.labels.list(),
            tolerates=self.tolerates.list(),
            cost=self.cost,
        )


def read_modes(
    tasks: Rows, agents: Mapping[str, int] | None, some_agents: bool, measures: Measures, clock: Clock, faults: Faults
) -> ReadModes:
    """The modes of all tasks.

    Parameters
    ----------
    agents
        Row of each agent; None where the list could not be read.
    some_agents
        Whether tasks are done by any agent by default, or by none.
    """
    inner, owners, counts = _spelled_out(tasks, faults)
    first_mode = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    owner = np.repeat(np.arange(tasks.n), counts)
    before = np.searchsorted(owners, owners)  # first entry of the same task
    spelled = first_mode[owners] + np.arange(len(owners)) - before
    place = np.full(len(owner), -1, np.int64)
    place[spelled] = np.arange(len(owners))
    check_names(inner, MODES, faults)

    def both(name: str, read: Callable[[Any, bool], T], absent: T) -> Coded[T]:
        outer_values = coded(tasks, TASKS[name], read, absent, faults)
        if not inner.n:  # every task is its own only mode
            return outer_values
        codes = outer_values.codes[owner]
        if name not in inner.columns:
            return Coded(codes, outer_values.values)
        own = coded(inner, MODES[name], read, absent, faults)
        given = present(inner, name)
        codes[spelled[given]] = own.codes[given] + len(outer_values.values)
        return Coded(codes, outer_values.values + own.values)

    no_skills: Mapping[str, float] = {}
    no_labels: Mapping[str, str] = {}
    labels = coded(tasks, TASKS["labels"], read_labels, no_labels, faults)
    no_taint: frozenset[str] = frozenset()
    tolerates = coded(tasks, TASKS["tolerates"], read_taints, no_taint, faults)
    count = integers(tasks, TASKS["count"], faults)[owner]
    given = present(inner, "count")
    count[spelled[given]] = integers(inner, MODES["count"], faults)[given]
    ids: list[str | None] = [None] * len(owner)
    for position, name in zip(spelled.tolist(), names(inner, MODES["id"], faults), strict=True):
        ids[position] = name
    _check_twice(ids, owner, spelled, inner, faults)
    cost = np.zeros(len(owner))
    cost[spelled] = numbers(inner, MODES["cost"], faults)
    modes = ReadModes(
        rows=Rows(len(owner), {}, lambda m: inner.at(int(place[m])) if place[m] >= 0 else tasks.at(int(owner[m]))),
        owner=owner,
        first_mode=first_mode,
        spelled=spelled,
        ids=ids,
        outer=times(tasks, TASKS["duration"], clock, faults),
        inner=times(inner, MODES["duration"], clock, faults),
        demand=both("demand", measures.read_map, {}),
        agents=both("agents", _performers(agents), None if some_agents else ()),
        count=count,
        skills=both("skills", read_levels, no_skills),
        labels=Coded(labels.codes[owner], labels.values),
        tolerates=Coded(tolerates.codes[owner], tolerates.values),
        cost=cost,
    )
    _check_performers(modes, some_agents, faults)
    return modes


def _spelled_out(tasks: Rows, faults: Faults) -> tuple[Rows, Ints, Ints]:
    """The modes under `modes` as rows, the task of each, and the number of modes of every task, 1 by default."""
    counts = np.ones(tasks.n, np.int64)
    has_modes, has_duration = present(tasks, "modes"), present(tasks, "duration")
    for row in np.flatnonzero(~has_modes & ~has_duration).tolist():
        faults.add(tasks.at(row), "needs `duration` or `modes`")
    items: list[Any] = []
    paths: list[tuple[int, int]] = []
    for row in np.flatnonzero(has_modes).tolist():
        column = tasks.columns["modes"]
        cell = column.cells[row]
        if has_duration[row]:
            faults.add(tasks.path(row, "modes"), "has `duration` and `modes`", "put the durations into the modes")
        if type(cell) is not list or not cell:
            hint = "write modes in the YAML file, not in a table" if column.text else None
            found = show(cell) if cell else "none"
            faults.add(tasks.path(row, "modes"), f"must be a list of modes, found {found}", hint)
            continue
        good = [k for k, mode in enumerate(cell) if type(mode) is dict]
        for k, mode in enumerate(cell):
            if type(mode) is not dict:
                faults.add((*tasks.path(row, "modes"), k), f"must be a mapping of fields, found {show(mode)}")
        counts[row] = max(1, len(good))
        items += [cell[k] for k in good]
        paths += [(row, k) for k in good]
    inner = rows_of(items, lambda i: (*tasks.path(paths[i][0], "modes"), paths[i][1]))
    return inner, np.array([row for row, _ in paths], np.int64), counts


def _performers(agents: Mapping[str, int] | None) -> Callable[[Any, bool], Performers]:
    """Reads `any`, `none` or a list of agents."""

    def read(cell: Any, text: bool) -> Performers:
        if cell == "any":
            return None
        if cell == "none":
            return ()
        if text:
            cell = cell.split("|")
        if type(cell) is not list:
            hint = nearest(cell, ["any", "none"]) if isinstance(cell, str) else None
            raise Refusal(f"must be any, none or a list of agents, found {show(cell)}", hint)
        if not cell:
            raise Refusal("must name an agent", "write none where no agent is needed")
        found = set()
        for i, name in enumerate(cell):
            try:
                read_name(name, text)
            except Refusal as refusal:
                raise Refusal(refusal.message, refusal.hint, (i,)) from None
            if agents is not None:
                if name not in agents:
                    raise Refusal(f"unknown agent {show(name)}", nearest(name, agents), (i,))
                found.add(agents[name])
        return tuple(sorted(found)) if agents is not None else None

    return read


def _check_twice(ids: list[str | None], owner: Ints, spelled: Ints, inner: Rows, faults: Faults) -> None:
    seen: set[tuple[int, str]] = set()
    for i, position in enumerate(spelled.tolist()):
        name = ids[position]
        if name is None:
            continue
        key = (int(owner[position]), name)
        if key in seen:
            faults.add(inner.path(i, "id"), f"duplicate mode {show(name)} in its task")
        seen.add(key)


def _check_performers(modes: ReadModes, some_agents: bool, faults: Faults) -> None:
    """Refuse demands on the agent of modes that need none."""
    nobody = np.array([who == () for who in modes.agents.values], bool)[modes.agents.codes]
    asking: tuple[tuple[str, Coded[Any]], ...] = (("skills", modes.skills), ("labels", modes.labels))
    for name, wanted in asking:
        asks = np.array([bool(values) for values in wanted.values], bool)[wanted.codes]
        for mode in np.flatnonzero(nobody & asks).tolist():
            why = "agents is none" if some_agents else "the spec has no agents"
            faults.add(modes.rows.path(mode, name), f"`{name}` asks something of an agent, but {why}")
    why = "agents is none" if some_agents else "the spec has no agents"
    for mode in np.flatnonzero(nobody & (modes.count > 1)).tolist():
        faults.add(modes.rows.path(mode, "count"), f"`count` asks for {modes.count[mode]} agents, but {why}")
