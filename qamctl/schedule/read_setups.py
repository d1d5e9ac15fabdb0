"""Setups of a schedule spec: the time between tasks of two families that an agent does one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from qamctl.schedule.spec import Agents, Modes, Setups, Tasks
from qamctl.spec.cells import read_name, read_names
from qamctl.spec.decode import Ints, check_names, coded, present
from qamctl.spec.faults import Faults, nearest, show
from qamctl.spec.moments import Clock, Times, times
from qamctl.spec.rows import Rows
from qamctl.spec.schedule_fields import SETUP
from qamctl.spec.time import TimeAxis


@dataclass(slots=True)
class ReadSetups:
    """The rows of `setup` while times are not yet ticks.

    Attributes
    ----------
    families
        Those that tasks have, and those that only setups name.
    before, after
        [n] the families of each row; -1 where it names none.
    agents
        The agents that each row is about; None: all.
    """

    rows: Rows
    families: tuple[str, ...]
    before: Ints
    after: Ints
    agents: list[tuple[int, ...] | None]
    time: Times

    def finish(self, axis: TimeAxis, agents: int, faults: Faults) -> Setups:
        """The tables, once every time has been seen: one for all agents that the same rows are about."""
        ticks = self.time.ticks(axis, round_up=True, absent=0, faults=faults)
        size = len(self.families)
        general, says = np.zeros((size, size), np.int64), np.full((size, size), -1, np.int32)
        own: dict[int, list[int]] = {}
        for row in np.flatnonzero((self.before >= 0) & (self.after >= 0)).tolist():
            who = self.agents[row]
            if who is None:
                general[self.before[row], self.after[row]] = ticks[row]
                says[self.before[row], self.after[row]] = row
            else:
                for agent in who:
                    own.setdefault(agent, []).append(row)
        tables, rows_of = [general], [says]
        number: dict[tuple[int, ...], int] = {(): 0}
        of_agent = np.zeros(agents, np.int32)
        for agent, rows in own.items():
            key = tuple(rows)
            if key not in number:
                number[key] = len(tables)
                table, whose = general.copy(), says.copy()
                table[self.before[rows], self.after[rows]] = ticks[rows]
                whose[self.before[rows], self.after[rows]] = rows
                tables.append(table)
                rows_of.append(whose)
            of_agent[agent] = number[key]
        return Setups(self.families, np.array(tables), np.array(rows_of), of_agent)


def read_setups(
    rows: Rows, families: tuple[str, ...], agents: Mapping[str, int] | None, clock: Clock, faults: Faults
) -> ReadSetups:
    """Decode the rows of `setup`.

    Parameters
    ----------
    families
        Those that tasks have.
    agents
        Row of each agent; None where that list could not be read.
    """
    check_names(rows, SETUP, faults)
    known = {name: k for k, name in enumerate(families)}
    ends = []
    for end in ("from", "to"):
        got = coded(rows, SETUP[end], read_name, None, faults)
        codes = [-1 if name is None else known.setdefault(name, len(known)) for name in got.values]
        ends.append(np.array(codes, np.int64)[got.codes])
    setups = ReadSetups(
        rows=rows,
        families=tuple(known),
        before=ends[0],
        after=ends[1],
        agents=_agents(rows, agents, faults),
        time=times(rows, SETUP["time"], clock, faults),
    )
    _check_twice(setups, faults)
    return setups


def _agents(rows: Rows, agents: Mapping[str, int] | None, faults: Faults) -> list[tuple[int, ...] | None]:
    nobody: tuple[str, ...] = ()
    listed = coded(rows, SETUP["agents"], read_names, nobody, faults).list()
    given = present(rows, "agents")
    out: list[tuple[int, ...] | None] = []
    for row, who in enumerate(listed):
        for name in who:
            if agents is not None and name not in agents:
                faults.add(rows.path(row, "agents"), f"unknown agent {show(name)}", nearest(name, agents))
        found = tuple(agents[name] for name in who if name in agents) if agents is not None else ()
        out.append(found if given[row] else None)
    return out


def _check_twice(setups: ReadSetups, faults: Faults) -> None:
    """Refuse a second row about the same families and agents."""
    seen: dict[tuple[int, int, int], int] = {}
    for row, (before, after, who) in enumerate(
        zip(setups.before.tolist(), setups.after.tolist(), setups.agents, strict=True)
    ):
        if before < 0 or after < 0:
            continue
        for agent in (-1,) if who is None else who:
            first = seen.setdefault((before, after, agent), row)
            if first != row:
                pair = f"from {show(setups.families[before])} to {show(setups.families[after])}"
                faults.add(setups.rows.at(row), f"is a second row {pair}, after row {first + 1}", "remove one of them")
                break


def check_slots(tasks: Tasks, modes: Modes, agents: Agents, rows: Rows, faults: Faults) -> None:
    """Refuse families of tasks that an agent may do which does several tasks at once: there is no order among those."""
    several = set(np.flatnonzero(agents.slots > 1).tolist())
    if not several:
        return
    told: set[tuple[int, ...] | None] = set()
    for task in np.flatnonzero(tasks.family >= 0).tolist():
        for mode in range(int(tasks.first_mode[task]), int(tasks.first_mode[task + 1])):
            who = modes.agents[mode]
            clash = several if who is None else several & set(who)
            if not clash or who in told:
                continue
            told.add(who)
            name = agents.ids[min(clash)]
            faults.add(
                rows.path(task, "setup"),
                f"has a family, but agent {show(name)}, which may do it, does {agents.slots[min(clash)]} tasks at once",
                "list its agents without that one, or give that one a single slot",
            )
