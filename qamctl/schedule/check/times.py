"""When a task is done: duration at the agent's speed, windows, pinned starts and precedence."""

from __future__ import annotations

import numpy as np

from qamctl.schedule.check.columns import Columns, Flags
from qamctl.schedule.check.report import Findings, moment
from qamctl.schedule.spec import KINDS, NEVER, Ints, ScheduleSpec


def check_times(spec: ScheduleSpec, columns: Columns, staffed: Flags, findings: Findings) -> None:
    """Note every fault of time; `staffed` are the tasks whose speed is known."""
    _durations(spec, columns, staffed & columns.timed, findings)
    _windows(spec, columns, findings)
    _precedence(spec, columns, findings)


def _durations(spec: ScheduleSpec, columns: Columns, known: Flags, findings: Findings) -> None:
    rows = np.flatnonzero(known)
    agent = columns.agent[rows]
    fast, slow = np.ones(len(rows), np.int64), np.ones(len(rows), np.int64)
    led = agent >= 0
    fast[led], slow[led] = spec.agents.speed_num[agent[led]], spec.agents.speed_den[agent[led]]
    # ceil(duration / speed) in integers; the spec's limits on both keep the product below 2**63.
    whole, rest = np.divmod(spec.modes.duration[columns.mode[rows]] * slow, fast)
    right = whole + (rest > 0)
    taken = columns.end[rows] - columns.start[rows]

    def note(k: int) -> None:
        task = spec.tasks.ids[rows[k]]
        name = spec.agents.ids[agent[k]] if agent[k] >= 0 else None
        ends = f"from {moment(spec, int(columns.start[rows[k]]))} to {moment(spec, int(columns.end[rows[k]]))}"
        there = f" on agent {name}" if name else ""
        lasts = f"{moment(spec, int(taken[k]))} instead of {moment(spec, int(right[k]))}{there}"
        findings.add("duration", f"task {task}: it goes {ends}, {lasts}", task=task, agent=name)

    findings.add_each("duration", np.flatnonzero(taken != right).tolist(), note)


def _windows(spec: ScheduleSpec, columns: Columns, findings: Findings) -> None:
    tasks, start, end, timed = spec.tasks, columns.start, columns.end, columns.timed

    def beyond(constraint: str, what: str, broken: Flags, at: Ints, limit: Ints, verb: str) -> None:
        def note(t: int) -> None:
            by = moment(spec, abs(int(at[t]) - int(limit[t])))
            text = f"task {tasks.ids[t]}: it {verb} at {moment(spec, int(at[t]))}, {by} {what}"
            findings.add(constraint, f"{text} {moment(spec, int(limit[t]))}", task=tasks.ids[t])

        findings.add_each(constraint, np.flatnonzero(timed & broken).tolist(), note)

    zero = np.zeros(len(start), np.int64)
    horizon = np.full(len(start), spec.horizon, np.int64)
    pin, deadline = tasks.pinned_start, tasks.deadline
    early = (start < tasks.release) & (tasks.release > 0)  # without a release, before 0 says it all
    beyond("start-negative", "before", start < 0, start, zero, "starts")
    beyond("release", "before its release at", early, start, tasks.release, "starts")
    beyond("pinned-start", "away from its pinned start at", (pin >= 0) & (start != pin), start, pin, "starts")
    beyond("deadline", "after its deadline at", (deadline < NEVER) & (end > deadline), end, deadline, "ends")
    beyond("horizon", "after the horizon at", (horizon < NEVER) & (end > horizon), end, horizon, "ends")


def _precedence(spec: ScheduleSpec, columns: Columns, findings: Findings) -> None:
    after = spec.after
    both = columns.timed[after.pred] & columns.timed[after.succ]
    for code, kind in enumerate(KINDS):
        edges = np.flatnonzero(both & (after.kind == code))
        from_, to = after.pred[edges], after.succ[edges]
        left = columns.end[from_] if kind[0] == "F" else columns.start[from_]
        right = columns.end[to] if kind[1] == "F" else columns.start[to]
        least = left + after.lag[edges]

        def note(
            k: int, kind: str = kind, edges: Ints = edges, left: Ints = left, right: Ints = right, least: Ints = least
        ) -> None:
            pred, succ = spec.tasks.ids[after.pred[edges[k]]], spec.tasks.ids[after.succ[edges[k]]]
            verb = {"F": "ends", "S": "starts"}
            lag = int(after.lag[edges[k]])
            rule = f"{kind}, lag {moment(spec, lag)}" if lag else kind
            done = f"it {verb[kind[1]]} at {moment(spec, int(right[k]))}"
            short = f"{moment(spec, int(least[k] - right[k]))} too early"
            text = f"task {succ}: {done}, {short} after task {pred} ({rule}), which {verb[kind[0]]} at "
            findings.add(f"precedence-{kind}", text + moment(spec, int(left[k])), task=succ)

        findings.add_each(f"precedence-{kind}", np.flatnonzero(right < least).tolist(), note)
