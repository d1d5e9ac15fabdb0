"""Tasks of a schedule spec: what is to be done, when, and with what others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qamctl.schedule.read_after import Links, read_after
from qamctl.schedule.read_modes import ReadModes, read_modes
from qamctl.schedule.read_pins import ReadPins, read_pins
from qamctl.schedule.read_rules import read_rules
from qamctl.schedule.spec import NEVER, Index, Modes, Precedence, Rule, Tasks
from qamctl.spec.cells import read_flag, read_name
from qamctl.spec.decode import Floats, check_names, coded, ids, numbers
from qamctl.spec.faults import Faults
from qamctl.spec.fields import Field
from qamctl.spec.moments import Clock, Times, times
from qamctl.spec.quantities import Measures
from qamctl.spec.rows import Rows
from qamctl.spec.task_fields import TASKS
from qamctl.spec.time import TimeAxis


@dataclass(slots=True)
class ReadTasks:
    """Tasks while times are not yet ticks.

    Attributes
    ----------
    families
        The names of setup families, in the order in which tasks name them.
    """

    rows: Rows
    ids: tuple[str, ...]
    modes: ReadModes
    moments: dict[str, Times]
    weight: Floats
    pins: ReadPins
    links: Links
    rules: tuple[Rule, ...]
    optional: npt.NDArray[np.bool_]
    preemptible: npt.NDArray[np.bool_]
    reward: Floats
    families: tuple[str, ...]
    family: Index
    gang: Index

    def finish(self, axis: TimeAxis, measures: Measures, faults: Faults) -> tuple[Tasks, Modes, Precedence]:
        """Tasks, modes and precedence, once every time and quantity has been seen."""
        start = self.pins.start(axis, faults)
        for row in np.flatnonzero((start >= 0) & self.optional).tolist():
            faults.add(self.rows.path(row, "pinned"), "has a pinned start, but may be left out", "remove `optional`")
        tasks = Tasks(
            ids=self.ids,
            release=self.moments["release"].ticks(axis, round_up=True, absent=0, faults=faults),
            deadline=self.moments["deadline"].ticks(axis, round_up=False, absent=NEVER, faults=faults),
            due=self.moments["due"].ticks(axis, round_up=False, absent=NEVER, faults=faults),
            weight=self.weight,
            pinned_agent=self.pins.agent,
            pinned_crew=self.pins.crew,
            pinned_start=start,
            pinned_mode=self.pins.mode,
            optional=self.optional,
            reward=self.reward,
            family=self.family,
            gang=self.gang,
            preemptible=self.preemptible,
            first_mode=self.modes.first_mode,
        )
        return tasks, self.modes.finish(axis, measures, faults), self.links.precedence(axis, self.ids, faults)


def read_tasks(
    rows: Rows, agents: Mapping[str, int] | None, some_agents: bool, measures: Measures, clock: Clock, faults: Faults
) -> ReadTasks:
    """Decode the tasks; see `read_modes` for the parameters."""
    check_names(rows, TASKS, faults)
    task_ids, index = ids(rows, TASKS["id"], faults)
    modes = read_modes(rows, agents, some_agents, measures, clock, faults)
    families, family = _named(rows, TASKS["setup"], faults)
    _, gang = _named(rows, TASKS["gang"], faults)
    return ReadTasks(
        rows=rows,
        ids=task_ids,
        modes=modes,
        moments={name: times(rows, TASKS[name], clock, faults) for name in ("release", "deadline", "due")},
        weight=numbers(rows, TASKS["weight"], faults),
        pins=read_pins(rows, agents, modes, clock, faults),
        links=read_after(rows, index, clock, faults),
        rules=read_rules(rows, task_ids, index, modes, faults),
        optional=_flags(rows, TASKS["optional"], faults),
        preemptible=_flags(rows, TASKS["preemptible"], faults),
        reward=numbers(rows, TASKS["reward"], faults),
        families=families,
        family=family,
        gang=gang,
    )


def _flags(rows: Rows, field: Field, faults: Faults) -> npt.NDArray[np.bool_]:
    got = coded(rows, field, read_flag, False, faults)
    return np.array(got.values, bool)[got.codes]


def _named(rows: Rows, field: Field, faults: Faults) -> tuple[tuple[str, ...], Index]:
    """The names in a column, each once, and [n] the one of each row; -1 where it has none."""
    got = coded(rows, field, read_name, None, faults)
    known: dict[str, int] = {}
    numbers_of = [-1 if name is None else known.setdefault(name, len(known)) for name in got.values]
    return tuple(known), np.array(numbers_of, np.int32)[got.codes]
