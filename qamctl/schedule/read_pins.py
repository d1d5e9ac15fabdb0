"""Pins of a schedule spec: what is fixed of a task in advance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from qamctl.schedule.read_modes import ReadModes
from qamctl.schedule.spec import Index
from qamctl.spec.cells import read_names
from qamctl.spec.decode import Ints, check_names, coded, inner_rows, names
from qamctl.spec.faults import Faults, nearest, show
from qamctl.spec.moments import Clock, Times, times
from qamctl.spec.rows import Rows
from qamctl.spec.task_fields import PINNED
from qamctl.spec.time import TimeAxis


@dataclass(slots=True)
class ReadPins:
    """The pins of all tasks while starts are not yet ticks.

    Attributes
    ----------
    owner
        The task of each `pinned` mapping.
    agent, mode
        [T] the (first) agent and the mode that a task is pinned to; -1 where it is free.
    crew
        All its agents, by task, where they are listed.
    """

    owner: Ints
    agent: Index
    mode: Index
    crew: dict[int, tuple[int, ...]]
    moments: Times

    def start(self, axis: TimeAxis, faults: Faults) -> Ints:
        """[T] the ticks at which tasks start; -1 where they are free."""
        out = np.full(len(self.agent), -1, np.int64)
        out[self.owner] = self.moments.ticks(axis, round_up=True, absent=-1, faults=faults)
        return out


def read_pins(
    tasks: Rows, agents: Mapping[str, int] | None, modes: ReadModes, clock: Clock, faults: Faults
) -> ReadPins:
    """Decode the pins; `agents` is None where that list could not be read."""
    pinned, owner = inner_rows(tasks, PINNED, faults)
    check_names(pinned, PINNED, faults)
    pins = ReadPins(
        owner=owner,
        agent=np.full(tasks.n, -1, np.int32),
        mode=np.full(tasks.n, -1, np.int32),
        crew={},
        moments=times(pinned, PINNED["start"], clock, faults),
    )
    _read_agents(pins, pinned, agents, modes, faults)
    for i, name in enumerate(names(pinned, PINNED["mode"], faults)):
        if name is not None:
            _read_mode(pins, pinned, i, name, modes, faults)
    return pins


def _read_agents(
    pins: ReadPins, pinned: Rows, agents: Mapping[str, int] | None, modes: ReadModes, faults: Faults
) -> None:
    nobody: tuple[str, ...] = ()
    several = coded(pinned, PINNED["agents"], read_names, nobody, faults).list()
    for i, (name, listed) in enumerate(zip(names(pinned, PINNED["agent"], faults), several, strict=True)):
        field = "agent" if name is not None else "agents"
        if name is not None and listed:
            faults.add(pinned.at(i), "has `agent` and `agents`", "list all of them under `agents`")
        wanted = (name,) if name is not None else listed
        if not wanted or agents is None:
            continue
        for unknown in [one for one in wanted if one not in agents]:
            faults.add(pinned.path(i, field), f"unknown agent {show(unknown)}", nearest(unknown, agents))
        found = sorted(agents[one] for one in wanted if one in agents)
        if len(found) < len(wanted):
            continue
        task = int(pins.owner[i])
        pins.agent[task] = found[0]
        if listed:
            pins.crew[task] = tuple(found)
        mine = slice(int(modes.first_mode[task]), int(modes.first_mode[task + 1]))
        sizes = [
            0 if modes.agents.values[code] == () else count
            for code, count in zip(modes.agents.codes[mine].tolist(), modes.count[mine].tolist(), strict=True)
        ]
        if not any(sizes):
            faults.add(pinned.path(i, field), "pins the task to an agent, but the task needs none")
        elif listed and len(found) not in sizes:
            needs = " or ".join(map(str, sorted(set(sizes))))
            faults.add(pinned.path(i, field), f"pins the task to {len(found)} agents, but it needs {needs}")


def _read_mode(pins: ReadPins, pinned: Rows, i: int, name: str, modes: ReadModes, faults: Faults) -> None:
    task = int(pins.owner[i])
    own = range(int(modes.first_mode[task]), int(modes.first_mode[task + 1]))
    known = {str(modes.ids[mode]): mode for mode in own if modes.ids[mode] is not None}
    if name in known:
        pins.mode[task] = known[name]
    else:
        faults.add(pinned.path(i, "mode"), f"unknown mode {show(name)}", nearest(name, known))
