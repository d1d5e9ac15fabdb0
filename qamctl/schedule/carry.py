"""An earlier schedule as what a new one begins from: what it said of each task, and what stays as it is."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any, Final

import numpy as np

from qamctl.errors import SpecError
from qamctl.schedule.check.table import read_assignments
from qamctl.schedule.spec import Earlier, ScheduleSpec, duration_on
from qamctl.spec.moments import MOST_TICKS
from qamctl.spec.time import SECONDS

#: The table beside a new result that keeps what was taken from an earlier one.
EARLIER_TABLE: Final = "earlier.csv"

#: Tasks that a remark names.
NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Planned:
    """What an earlier result says of one task.

    Attributes
    ----------
    start
        In the spec's unit.
    """

    agents: tuple[str, ...]
    mode: str | None
    start: Fraction


#: By task.
Plan = Mapping[str, Planned]


def plan_of(spec: ScheduleSpec, result: Mapping[str, Any], folder: Path | None, label: str) -> dict[str, Planned]:
    """What a result says of each of its tasks.

    Where it and the spec tell moments, those count, so that the spec may begin at another time than the earlier one;
    what began before that is not told.

    Parameters
    ----------
    result
        The data of a result file.
    folder
        Where its table of assignments is, if they stand in one.
    label
        What the result is called in messages.

    Raises
    ------
    SpecError
        The assignments are no rows of a schedule, or their table can't be read.
    """
    solution = result.get("solution")
    rows = solution.get("assignments") if isinstance(solution, Mapping) else None
    if isinstance(rows, Mapping):
        return read_plan(spec, folder, rows.get("table"), rows.get("sha256"), label)
    return _plan(spec, rows, label)


def read_plan(spec: ScheduleSpec, folder: Path | None, table: object, sha256: object, label: str) -> dict[str, Planned]:
    """What a table of assignments says of each task; see `plan_of`."""
    try:
        return _plan(spec, read_assignments(folder, table, sha256), label)
    except (OSError, ValueError) as error:
        raise SpecError(f"{label}: its table of assignments can't be read: {error}") from error


def _plan(spec: ScheduleSpec, rows: Any, label: str) -> dict[str, Planned]:
    found: dict[str, Planned] = {}
    most, told = floor(MOST_TICKS * spec.time.resolution), set()
    for number, row in enumerate(rows if isinstance(rows, Sequence) else [rows], 1):
        cells = row if isinstance(row, Mapping) else {}
        task, agents, mode, start = (cells.get(key) for key in ("task", "agents", "mode", "start"))
        crew = agents if isinstance(agents, list) and all(isinstance(name, str) for name in agents) else None
        moded = mode is None or isinstance(mode, str)
        if not isinstance(task, str) or task in told or crew is None or not moded or not _is_time(start, most):
            raise SpecError(f"{label}: assignment {number} does not say of one more task who does it, and when")
        told.add(task)
        exact = Fraction(start) if isinstance(start, int) else Fraction(str(start))
        when = _since_origin(spec, cells.get("start_time"), exact)
        if when.numerator >= 0 and floor(when) <= most:
            found[task] = Planned(tuple(crew), mode, when)
    return found


def _is_time(value: Any, most: int) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -most <= value <= most


def _since_origin(spec: ScheduleSpec, moment: Any, start: Fraction) -> Fraction:
    """The start in the spec's unit: by its moment, which is told to the microsecond, where it is another one."""
    origin = spec.time.origin
    if origin is None or not isinstance(moment, str):
        return start
    try:
        gap = datetime.fromisoformat(moment) - origin
    except (TypeError, ValueError, OverflowError):
        return start
    micros = (gap.days * 86_400 + gap.seconds) * 1_000_000 + gap.microseconds
    told = Fraction(micros, 1_000_000 * SECONDS[spec.time.unit])
    return start if abs(told - start) * SECONDS[spec.time.unit] * 1_000_000 < 1 else told


def table_of(spec: ScheduleSpec, plan: Plan) -> bytes:
    """A table of what was planned of the spec's tasks, as `read_plan` reads it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("task", "agents", "mode", "start"))
    for task in spec.tasks.ids:
        if task in plan:
            one = plan[task]
            agents = "|".join(name.replace("\\", "\\\\").replace("|", "\\|") for name in one.agents)
            start = int(one.start) if one.start.denominator == 1 else float(one.start)
            writer.writerow((task, agents, one.mode, start))
    return text.getvalue().encode()


def carried(spec: ScheduleSpec, plan: Plan, told: Mapping[str, Any]) -> ScheduleSpec:
    """The spec with an earlier schedule, and what `freeze_until` says of it: what it starts before that stays as it is.

    A task whose agents or mode are no more can't stay, nor one whose agents are away meanwhile, or that the spec itself
    pins to others. Nothing that does not stay starts before `freeze_until`.
    """
    n = len(spec.tasks.ids)
    start, mode = np.full(n, -1, np.int64), np.full(n, -1, np.int32)
    agents: list[tuple[int, ...]] = [()] * n
    agent_of = {name: a for a, name in enumerate(spec.agents.ids)}
    for t, task in enumerate(spec.tasks.ids):
        one = plan.get(task)
        if one is None:
            continue
        start[t] = spec.time.to_ticks(one.start, round_up=False)
        agents[t] = tuple(sorted(agent_of.get(name, -1) for name in one.agents))
        own = range(int(spec.tasks.first_mode[t]), int(spec.tasks.first_mode[t + 1]))
        mode[t] = next((m for m in own if spec.modes.ids[m] == one.mode), -1)
    return _frozen(replace(spec, earlier=Earlier(told, start, mode, agents)))


def _frozen(spec: ScheduleSpec) -> ScheduleSpec:
    earlier, tasks, until = spec.earlier, spec.tasks, spec.freeze_until
    if earlier is None or until == 0:
        return spec
    release, pinned_start = np.maximum(tasks.release, until), tasks.pinned_start.copy()
    pinned_agent, pinned_mode = tasks.pinned_agent.copy(), tasks.pinned_mode.copy()
    pinned_crew, optional = dict(tasks.pinned_crew), tasks.optional.copy()
    own = tasks.pinned_start >= 0
    release[own] = tasks.release[own]
    for t in np.flatnonzero((earlier.start >= 0) & (earlier.start < until) & ~own).tolist():
        if not _may_stay(spec, earlier, t):
            continue
        crew = earlier.agents[t]
        pinned_start[t], pinned_mode[t], optional[t] = earlier.start[t], earlier.mode[t], False
        release[t] = min(int(tasks.release[t]), int(earlier.start[t]))
        if crew:
            pinned_agent[t] = crew[0]
        if len(crew) > 1:
            pinned_crew[t] = crew
    return replace(
        spec,
        tasks=replace(
            tasks, release=release, pinned_start=pinned_start, pinned_agent=pinned_agent, pinned_mode=pinned_mode,
            pinned_crew=pinned_crew, optional=optional,
        ),
    )  # fmt: skip


def _may_stay(spec: ScheduleSpec, earlier: Earlier, t: int) -> bool:
    """Whether the crew and the mode that a task had are still there for it, and are those that it is pinned to."""
    crew, mode, tasks = earlier.agents[t], int(earlier.mode[t]), spec.tasks
    if mode < 0 or -1 in crew or len(crew) != (0 if spec.modes.agents[mode] == () else int(spec.modes.count[mode])):
        return False
    agent_fits = tasks.pinned_agent[t] < 0 or int(tasks.pinned_agent[t]) in crew
    pinned_so = agent_fits and tasks.pinned_crew.get(t, crew) == crew and tasks.pinned_mode[t] in (-1, mode)
    return pinned_so and not _away(spec, t, mode, crew, int(earlier.start[t]))


def _away(spec: ScheduleSpec, t: int, mode: int, crew: tuple[int, ...], start: int) -> bool:
    """Whether one of a crew is away while it would work on a task; one that may pause need not work on at once."""
    agents, duration = spec.agents, int(spec.modes.duration[mode])
    speeds = [(int(agents.speed_num[a]), int(agents.speed_den[a])) for a in crew]
    work = max((duration_on(duration, *speed) for speed in speeds), default=0)
    end = start + (min(work, 1) if spec.tasks.preemptible[t] else work)
    return any(since < end and start < until for a in crew for since, until, _ in agents.away.of(a))


def remarks(spec: ScheduleSpec) -> tuple[str, ...]:
    """What a user should know of an earlier schedule that was carried over."""
    earlier = spec.earlier
    if earlier is None:
        return ()
    gone = sum(-1 in crew for crew in earlier.agents)
    notes = []
    if gone:
        notes.append(f"{gone} task{'s were' if gone > 1 else ' was'} planned on agents that the spec does not have")
    begun = (earlier.start >= 0) & (earlier.start < spec.freeze_until) & (spec.tasks.pinned_start < 0)
    if begun.any():
        names = [spec.tasks.ids[t] for t in np.flatnonzero(begun).tolist()]
        told = ", ".join(names[:NAMED]) + ", ..." * (len(names) > NAMED)
        notes.append(
            f"{len(names)} task{'s' * (len(names) > 1)} had begun by `freeze_until` but can't stay as before, and "
            f"{'are' if len(names) > 1 else 'is'} planned anew: {told}; take out what is finished"
        )
    weighed = any(level.get("disruption") for level in spec.objective)
    if not weighed and not spec.freeze_until:
        notes.append("the earlier schedule is where the search begins; `disruption` in the objective keeps to it")
    return tuple(notes)
