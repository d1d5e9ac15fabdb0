"""When a task is done: its windows, its pinned start, precedence with lags and data, and gangs."""

from __future__ import annotations

import numpy as np

from qamctl.schedule.check.columns import Columns, Flags
from qamctl.schedule.check.report import Findings, moment
from qamctl.schedule.check.transfers import sent_between
from qamctl.schedule.spec import KINDS, NEVER, Ints, ScheduleSpec


def check_times(spec: ScheduleSpec, columns: Columns, delays: Ints, findings: Findings) -> None:
    """Note every task that starts or ends when it must not.

    Parameters
    ----------
    delays
        [E] ticks that the arcs of the precedence wait for data.
    """
    _windows(spec, columns, findings)
    _precedence(spec, columns, delays, findings)
    _gangs(spec, columns, findings)


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


def _precedence(spec: ScheduleSpec, columns: Columns, delays: Ints, findings: Findings) -> None:
    after = spec.after
    both = columns.timed[after.pred] & columns.timed[after.succ]
    for code, kind in enumerate(KINDS):
        _lags(spec, columns, delays, kind, np.flatnonzero(both & (after.kind == code)), findings)


def _lags(spec: ScheduleSpec, columns: Columns, delays: Ints, kind: str, edges: Ints, findings: Findings) -> None:
    """The arcs of one kind: first the lag itself, then what data add to it."""
    after, ids = spec.after, spec.tasks.ids
    pred, succ, lag = after.pred[edges], after.succ[edges], after.lag[edges]
    left = columns.end[pred] if kind[0] == "F" else columns.start[pred]
    right = columns.end[succ] if kind[1] == "F" else columns.start[succ]
    short = left + lag - right
    late = short + delays[edges]
    verb = {"F": "ends", "S": "starts"}

    def told(k: int, by: int, takes: str) -> str:
        rule = (f"{kind}, lag {moment(spec, int(lag[k]))}" if lag[k] else kind) + takes
        done = f"it {verb[kind[1]]} at {moment(spec, int(right[k]))}"
        early = f"{moment(spec, by)} too early after task {ids[pred[k]]} ({rule})"
        return f"task {ids[succ[k]]}: {done}, {early}, which {verb[kind[0]]} at {moment(spec, int(left[k]))}"

    def note(k: int) -> None:
        findings.add(f"precedence-{kind}", told(k, int(short[k]), ""), task=ids[succ[k]])

    def wait(k: int) -> None:
        edge = int(edges[k])
        takes = f", data {moment(spec, int(delays[edge]))} from {sent_between(spec, columns, edge)}"
        findings.add("transfer", told(k, int(late[k]), takes), task=ids[succ[k]])

    findings.add_each(f"precedence-{kind}", np.flatnonzero(short > 0).tolist(), note)
    findings.add_each("transfer", np.flatnonzero((short <= 0) & (late > 0)).tolist(), wait)


def _gangs(spec: ScheduleSpec, columns: Columns, findings: Findings) -> None:
    """Every task of a gang starts with the first one of it that is scheduled."""
    gang, ids = spec.tasks.gang, spec.tasks.ids
    tasks = np.flatnonzero(columns.timed & (gang >= 0))
    _, first, group = np.unique(gang[tasks], return_index=True, return_inverse=True)
    leader, start = tasks[first][group], columns.start

    def note(k: int) -> None:
        t, other = int(tasks[k]), int(leader[k])
        by = moment(spec, abs(int(start[t] - start[other])))
        side = "after" if start[t] > start[other] else "before"
        text = f"task {ids[t]}: it starts at {moment(spec, int(start[t]))}, {by} {side} task {ids[other]} of its gang"
        findings.add("gang", text, task=ids[t])

    findings.add_each("gang", np.flatnonzero(start[tasks] != start[leader]).tolist(), note)
