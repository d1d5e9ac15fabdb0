"""How long a task is done: its duration at the speed of its agents, absences, and pauses over gaps of calendars."""

from __future__ import annotations

import numpy as np

from qamctl.schedule.check.calendars import met
from qamctl.schedule.check.columns import Columns, Flags, Pieces
from qamctl.schedule.check.crews import named
from qamctl.schedule.check.report import Findings, moment
from qamctl.schedule.check.work import Work
from qamctl.schedule.spec import ScheduleSpec


def check_durations(spec: ScheduleSpec, columns: Columns, staffed: Flags, work: Work, findings: Findings) -> None:
    """Note every task that is done for too long or too short, while an agent is away, or with other pauses.

    Parameters
    ----------
    staffed
        [T] the tasks whose mode and agents are known and as many as are needed.
    """
    known = staffed & columns.timed
    _lengths(spec, columns, known, work, findings)
    _absences(spec, columns, known, findings)
    _pauses(spec, columns, work, findings)
    if columns.segments is not None:
        _segments(spec, columns, known, work, findings)


def _lengths(spec: ScheduleSpec, columns: Columns, known: Flags, work: Work, findings: Findings) -> None:
    rows, crews = np.flatnonzero(known), columns.crews
    asked = np.zeros(len(known), np.int64)
    asked[rows] = spec.modes.duration[columns.mode[rows]]
    # ceil(duration / speed) in integers; the spec's limits on both keep the product below 2**63.
    whole, rest = np.divmod(asked[crews.task] * spec.agents.speed_den[crews.agent], spec.agents.speed_num[crews.agent])
    right = np.where(crews.size > 0, 0, asked)
    np.maximum.at(right, crews.task, whole + (rest > 0))  # by the slowest agent
    # What takes no time has no pauses either.
    taken = np.where(right > 0, work.ticks, columns.end - columns.start)

    def note(k: int) -> None:
        t = int(rows[k])
        task, crew = spec.tasks.ids[t], crews.of(t)
        ends = f"from {moment(spec, int(columns.start[t]))} to {moment(spec, int(columns.end[t]))}"
        there = f" on {named(spec, crew)}" if crew else ""
        of_work = " of work" if spec.tasks.preemptible[t] else ""
        lasts = f"{moment(spec, int(taken[t]))}{of_work} instead of {moment(spec, int(right[t]))}{there}"
        agent = spec.agents.ids[crew[0]] if len(crew) == 1 else None
        findings.add("duration", f"task {task}: it goes {ends}, {lasts}", task=task, agent=agent)

    findings.add_each("duration", np.flatnonzero(taken[rows] != right[rows]).tolist(), note)


def _absences(spec: ScheduleSpec, columns: Columns, known: Flags, findings: Findings) -> None:
    """Tasks that can't pause, while one of their agents is away."""
    away, crews = spec.agents.away, columns.crews
    if not len(away.start):
        return
    entries = np.flatnonzero((known & ~spec.tasks.preemptible)[crews.task])
    task, agent = crews.task[entries], crews.agent[entries]
    which, interval = met(away, agent, columns.start[task], columns.end[task])
    first = np.flatnonzero(np.diff(which, prepend=-1))

    def note(k: int) -> None:
        t, a, i = int(task[which[k]]), int(agent[which[k]]), int(interval[k])
        name, who = spec.tasks.ids[t], spec.agents.ids[a]
        low, high = (moment(spec, int(end)) for end in (away.start[i], away.end[i]))
        there = min(int(columns.end[t]), int(away.end[i])) - max(int(columns.start[t]), int(away.start[i]))
        ends = f"from {moment(spec, int(columns.start[t]))} to {moment(spec, int(columns.end[t]))}"
        text = f"task {name}: it goes {ends}, {moment(spec, there)} of it while agent {who} is away, {low} to {high}"
        findings.add("away", text, task=name, agent=who)

    findings.add_each("away", first.tolist(), note)


def _pauses(spec: ScheduleSpec, columns: Columns, work: Work, findings: Findings) -> None:
    """Tasks that begin or end with a pause: they start in a gap, or go on after their work."""

    def note(k: int) -> None:
        t, ids = int(work.task[k]), spec.tasks.ids
        start, end = moment(spec, int(work.start[k])), moment(spec, int(work.end[k]))
        long = moment(spec, int(work.end[k] - work.start[k]))
        what = f"it starts at {start}, in a gap that ends at {end}, {long} before it can be worked on"
        if work.start[k] > columns.start[t]:
            what = f"it ends at {end}, {long} after its work, in or after a gap that begins at {start}"
        findings.add("pause", f"task {ids[t]}: {what}", task=ids[t])

    idle = (work.start == columns.start[work.task]) | (work.end == columns.end[work.task])
    findings.add_each("pause", np.flatnonzero(idle).tolist(), note)


def _segments(spec: ScheduleSpec, columns: Columns, known: Flags, work: Work, findings: Findings) -> None:
    """Rows whose segments are not the pieces of work that follow from their start and end."""
    claimed = columns.segments or {}
    pausing = np.unique(work.task)
    right: dict[int, list[tuple[int, int]]] = {}
    for t, start, end in zip(*(part.tolist() for part in work.pieces(columns, pausing)), strict=True):
        right.setdefault(t, []).append((start, end))
    tasks = sorted(t for t in {*right, *claimed} if known[t] and claimed.get(t, ()) is not None)
    wanted: dict[int, Pieces | None] = {t: tuple(right[t]) if len(right.get(t, ())) > 1 else None for t in tasks}

    def note(k: int) -> None:
        t = wrong[k]
        task, is_, are = spec.tasks.ids[t], _told(spec, claimed.get(t)), _told(spec, wanted[t])
        findings.add("segments", f"task {task}: its segments are {is_}, {are} follows from its calendar", task=task)

    wrong = [t for t in tasks if claimed.get(t) != wanted[t]]
    findings.add_each("segments", range(len(wrong)), note)


def _told(spec: ScheduleSpec, pieces: Pieces | None) -> str:
    """Pieces as a sentence names them."""
    if pieces is None:
        return "null"
    units: list[list[int | float]] = [[spec.time.to_units(tick) for tick in piece] for piece in pieces[:5]]
    more = f" and {len(pieces) - 5} more" if len(pieces) > 5 else ""
    return f"{units}{more}"
