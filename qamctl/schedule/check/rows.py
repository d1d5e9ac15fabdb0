"""The rows of a result file as columns: whatever a row may hold, it becomes values, flags or violations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np

from qamctl.checks.figures import shown
from qamctl.schedule.check.columns import FARTHEST, Columns, Flags, Pieces
from qamctl.schedule.check.crews import crews_of
from qamctl.schedule.check.report import Findings, moment
from qamctl.schedule.check.unscheduled import read_unscheduled
from qamctl.schedule.spec import ScheduleSpec

_NEEDED: Final = ("task", "agents", "start", "end")
_KNOWN: Final = frozenset({*_NEEDED, "mode", "segments", "start_time", "end_time"})


def columns_of_rows(
    spec: ScheduleSpec, rows: Sequence[Mapping[str, Any]], unscheduled: Any, findings: Findings
) -> Columns:
    """Columns from rows; a task that has several rows is judged by its first one.

    Parameters
    ----------
    unscheduled
        What the result names as left out: ids of tasks, or None.
    """
    reader = _Reader(spec, findings)
    if isinstance(rows, (list, tuple)):
        for place, row in enumerate(rows):
            reader.read(place, row)
    else:
        findings.add("malformed", f"the assignments must be a list of rows, not {type(rows).__name__}")
    done = np.array(reader.seen, bool)
    left_out = read_unscheduled(spec, unscheduled, done, findings)
    ids, optional = spec.tasks.ids, spec.tasks.optional

    def missing(t: int) -> None:
        text = "has no row, and is not among the unscheduled" if optional[t] else "has no row"
        findings.add("missing-task", f"task {ids[t]} {text}", task=ids[t])

    findings.add_each("missing-task", np.flatnonzero(~done & ~left_out).tolist(), missing)
    return reader.columns(left_out)


class _Reader:
    """Reads row by row into plain lists, which are quicker to fill than arrays."""

    def __init__(self, spec: ScheduleSpec, findings: Findings) -> None:
        n = len(spec.tasks.ids)
        self.spec, self.findings = spec, findings
        self.task_of = {name: t for t, name in enumerate(spec.tasks.ids)}
        self.agent_of = {name: a for a, name in enumerate(spec.agents.ids)}
        self.first_mode = spec.tasks.first_mode.tolist()
        self.up, self.down = spec.time.resolution.numerator, spec.time.resolution.denominator
        self.farthest = FARTHEST * self.up // self.down
        self.seen = [False] * n
        self.start, self.end, self.mode, self.agent = [0] * n, [0] * n, [0] * n, [-1] * n
        self.others: dict[int, list[int]] = {}
        self.segments: dict[int, Pieces | None] = {}
        self.timed, self.moded, self.crewed = [False] * n, [False] * n, [False] * n

    def read(self, place: int, row: Any) -> None:
        """Take in one row."""
        t = self._task(place, row)
        if t is None:
            return
        ends = self._tick(t, "start", row["start"]), self._tick(t, "end", row["end"])
        if ends[0] is not None and ends[1] is not None:
            self.start[t], self.end[t] = ends[0], ends[1]
            self.timed[t] = True
            self._date(t, row, "start_time", ends[0])
            self._date(t, row, "end_time", ends[1])
        mode = self._mode(t, row.get("mode"))
        if mode is not None:
            self.mode[t], self.moded[t] = mode, True
        self._crew(t, row["agents"])
        if row.get("segments") is not None:
            self.segments[t] = self._segments(t, row["segments"])

    def columns(self, left_out: Flags) -> Columns:
        """What was read, as arrays."""
        return Columns(
            start=np.array(self.start, np.int64),
            end=np.array(self.end, np.int64),
            mode=np.array(self.mode, np.int64),
            crews=crews_of(np.array(self.agent, np.int64), self.others),
            timed=np.array(self.timed, np.bool_),
            moded=np.array(self.moded, np.bool_),
            crewed=np.array(self.crewed, np.bool_),
            left_out=left_out,
            segments=self.segments,
        )

    def _task(self, place: int, row: Any) -> int | None:
        """The task of a row that has every field and whose task has no row yet."""
        if not isinstance(row, Mapping):
            self.findings.add("malformed", f"row {place} must be a mapping, not {type(row).__name__}")
            return None
        name = row.get("task")
        if not isinstance(name, str):
            self.findings.add("malformed", f"row {place}: task must be the id of a task, not {shown(name)}")
            return None
        t = self.task_of.get(name)
        if t is None:
            self.findings.add("unknown-task", f"row {place}: the spec has no task {shown(name)}", task=name)
            return None
        if self.seen[t]:
            self.findings.add("duplicate-task", f"row {place}: task {name} has a row already", task=name)
            return None
        self.seen[t] = True
        lacking = [key for key in _NEEDED if key not in row]
        if lacking:
            self._malformed(t, f"the row has no {' and no '.join(lacking)}")
            return None
        if not _KNOWN.issuperset(row):
            unknown = ", ".join(sorted(repr(key) for key in row if key not in _KNOWN))
            self._malformed(t, f"the row has unknown fields: {unknown:.80}")
        return t

    def _tick(self, t: int, key: str, value: Any) -> int | None:
        if isinstance(value, np.integer):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self._malformed(t, f"{key} must be a number, not {shown(value)}")
            return None
        if not -self.farthest <= value <= self.farthest:  # NaN and the infinities too
            self._malformed(t, f"{key} must be a finite time, not {shown(value)}")
            return None
        # Exact: a quotient of two ints is the nearest float, as it is when a tick is written to a file.
        tick = round(value * self.down / self.up)
        if tick * self.up / self.down != value:
            near = moment(self.spec, tick)
            text = f"task {self.spec.tasks.ids[t]}: {key} {value!r} {self.spec.time.unit} is between two ticks"
            self.findings.add("not-on-tick", f"{text}; the nearest is {near}", task=self.spec.tasks.ids[t])
            return None
        return tick

    def _date(self, t: int, row: Mapping[str, Any], key: str, tick: int) -> None:
        """Where a row has a date-time beside the number, both must be the same moment."""
        value = row.get(key)
        if value is None:
            return
        try:
            given = datetime.fromisoformat(value)
            same = given == self.spec.time.to_datetime(tick)
        except (TypeError, ValueError, KeyError, OverflowError):
            self._malformed(t, f"{key} {shown(value)} is no moment of this spec's time axis")
            return
        if not same:
            self._malformed(t, f"{key} {value} is not {moment(self.spec, tick)} after the origin")

    def _mode(self, t: int, name: Any) -> int | None:
        if name is not None and not isinstance(name, str):
            self._malformed(t, f"mode must be the id of a mode or null, not {shown(name)}")
            return None
        ids = self.spec.modes.ids
        own = range(self.first_mode[t], self.first_mode[t + 1])
        for mode in own:
            if ids[mode] == name:
                return mode
        task = self.spec.tasks.ids[t]
        choice = ", ".join(str(ids[mode]) for mode in own if ids[mode] is not None)[:80]
        needed = f"one of {choice} is needed" if choice else "it has none"
        self.findings.add("unknown-mode", f"task {task}: {shown(name)} is none of its modes, {needed}", task=task)
        return None

    def _crew(self, t: int, names: Any) -> None:
        if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
            self._malformed(t, f"agents must be a list of agent ids, not {shown(names)}")
            return
        task = self.spec.tasks.ids[t]
        strangers = [name for name in names if name not in self.agent_of]
        for name in strangers:
            text = f"task {task}: the spec has no agent {shown(name)}"
            self.findings.add("unknown-agent", text, task=task, agent=name)
        if strangers:
            return
        if len(set(names)) < len(names):
            twice = Counter(names).most_common(1)[0][0]
            self.findings.add("agent-twice", f"task {task}: agent {twice} stands there twice", task=task, agent=twice)
            return
        self.crewed[t] = True
        if names:
            self.agent[t] = self.agent_of[names[0]]
        if len(names) > 1:
            self.others[t] = [self.agent_of[name] for name in names[1:]]

    def _segments(self, t: int, value: Any) -> Pieces | None:
        """The pieces in which the task is done; None where they are none."""
        if not isinstance(value, (list, tuple)) or not all(
            isinstance(piece, (list, tuple)) and len(piece) == 2 for piece in value
        ):
            self._malformed(t, f"segments must be null or a list of [from, to], not {shown(value)}")
            return None
        pieces = []
        for piece in value:
            low, high = (self._tick(t, "segments", moment) for moment in piece)
            if low is None or high is None:
                return None
            pieces.append((low, high))
        return tuple(pieces)

    def _malformed(self, t: int, text: str) -> None:
        task = self.spec.tasks.ids[t]
        self.findings.add("malformed", f"task {task}: {text}", task=task)
