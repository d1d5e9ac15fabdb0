"""Job shop instances in the OR-Library text form, as a schedule problem with one agent a machine.

The first line holds the numbers of jobs and machines, then comes one job a line: for each of its operations,
in order, the machine (from 0) and the duration (D. Beasley, "OR-Library", J. Oper. Res. Soc. 41, 1990).
Lines that start with `#` are comments.
"""

from __future__ import annotations

from typing import Any

from qamctl.formats.faults import LARGEST, fault, problem_name
from qamctl.formats.tokens import Tokens, lines_of

_WHAT = "a job shop"


def read(text: str, *, name: str) -> dict[str, Any]:
    """The problem file's data: operation `J<job>.<k>` on machine `M<machine>`, all from 0, makespan to be minimised.

    Raises
    ------
    SpecError
        For a text of another form, with file, line and column.
    """
    rows = [
        (number, line)
        for number, line in enumerate(lines_of(text), 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not rows:
        raise fault(name, 1, 1, "the file is empty", what=_WHAT, hint="the first line holds `jobs machines`")
    head = Tokens([rows[0][1]], file=name, what=_WHAT, first_line=rows[0][0])
    jobs = head.integer("the number of jobs", 1)
    machines = head.integer("the number of machines", 1)
    head.end()
    if len(rows) - 1 != jobs:
        place = rows[min(jobs + 1, len(rows) - 1)][0]
        message = f"{jobs} jobs are announced and {len(rows) - 1} lines of operations follow"
        raise fault(name, place, 1, message, what=_WHAT, hint="one job stands on one line")

    tasks: list[dict[str, Any]] = []
    for job, (number, line) in enumerate(rows[1:]):
        tokens = Tokens([line], file=name, what=_WHAT, first_line=number)
        for k in range(machines):
            machine = tokens.integer(f"the machine of operation {k} of job {job}", 0, machines - 1)
            duration = tokens.integer(f"the duration of operation {k} of job {job}", 0, LARGEST)
            task: dict[str, Any] = {"id": f"J{job}.{k}", "duration": duration, "agents": [f"M{machine}"]}
            if k:
                task["after"] = [f"J{job}.{k - 1}"]
            tasks.append(task)
        tokens.end()
    return {
        "kind": "schedule",
        "version": 1,
        "name": problem_name(name),
        "objective": {"makespan": 1},
        "agents": [{"id": f"M{machine}"} for machine in range(machines)],
        "tasks": tasks,
    }
