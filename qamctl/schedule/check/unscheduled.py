"""The tasks of which a result says that they are left out."""

from __future__ import annotations

from typing import Any

import numpy as np

from qamctl.checks.figures import shown
from qamctl.schedule.check.columns import Columns, Flags
from qamctl.schedule.check.report import Findings
from qamctl.schedule.spec import ScheduleSpec


def read_unscheduled(spec: ScheduleSpec, names: Any, done: Flags, findings: Findings) -> Flags:
    """[T] the tasks that a list names and that have no row; what else is in it is noted.

    Parameters
    ----------
    names
        Ids of tasks, or None for none.
    done
        [T] which tasks have a row.
    """
    left_out = np.zeros(len(spec.tasks.ids), bool)
    if names is None or names == []:
        return left_out
    if not isinstance(names, list | tuple):
        findings.add("malformed", f"unscheduled must be a list of task ids, not {shown(names)}")
        return left_out
    task_of = {name: t for t, name in enumerate(spec.tasks.ids)}
    seen: set[int] = set()
    for place, name in enumerate(names):
        where = f"unscheduled, place {place}"
        if not isinstance(name, str):
            findings.add("malformed", f"{where}: must be the id of a task, not {shown(name)}")
        elif name not in task_of:
            findings.add("unknown-task", f"{where}: the spec has no task {shown(name)}", task=name)
        elif task_of[name] in seen:
            findings.add("duplicate-task", f"{where}: task {name} is named already", task=name)
        elif done[task_of[name]]:
            seen.add(task_of[name])
            findings.add("done-and-unscheduled", f"{where}: task {name} has a row among the assignments", task=name)
        else:
            seen.add(task_of[name])
            left_out[task_of[name]] = True
    return left_out


def check_left_out(spec: ScheduleSpec, columns: Columns, findings: Findings) -> None:
    """Note every task that is left out and must not be."""
    ids = spec.tasks.ids

    def note(t: int) -> None:
        findings.add("not-optional", f"task {ids[t]} is left out, and it is not optional", task=ids[t])

    findings.add_each("not-optional", np.flatnonzero(columns.left_out & ~spec.tasks.optional).tolist(), note)
