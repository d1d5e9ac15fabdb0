"""Job shop instances in the OR-Library text form, as a schedule problem with one agent a machine.

The first line holds the numbers of jobs and machines, then comes one job a line: for each of its operations,
in order, the machine (from 0) and the duration (D. Beasley, "OR-Library", J. Oper. Res. Soc. 41, 1990).
Lines that start with `#` are comments.
"""

from __future__ import annotations

from typing import Any

from qamctl.formats.faults import fault
from qamctl.formats.machines import shop, work
from qamctl.formats.tokens import check_count, content_lines, on_line

_WHAT = "a job shop"


def read(text: str, *, name: str) -> dict[str, Any]:
    """The problem file's data: operation `J<job>.<k>` on machine `M<machine>`, all from 0, makespan to be minimised.

    Raises
    ------
    SpecError
        For a text of another form, with file, line and column.
    """
    rows = content_lines(text)
    if not rows:
        raise fault(name, 1, 1, "the file is empty", what=_WHAT, hint="the first line holds `jobs machines`")
    head = on_line(rows[0], file=name, what=_WHAT)
    jobs = head.integer("the number of jobs", 1)
    machines = head.integer("the number of machines", 1)
    head.end()
    hint = "one job stands on one line"
    check_count(rows, 1, jobs, f"{jobs} jobs are announced", hint=hint, file=name, what=_WHAT)

    tasks = []
    for job, line in enumerate(rows[1:]):
        tokens = on_line(line, file=name, what=_WHAT)
        for k in range(machines):
            machine = tokens.integer(f"the machine of operation {k} of job {job}", 0, machines - 1)
            duration = tokens.integer(f"the duration of operation {k} of job {job}")
            tasks.append(work(f"J{job}.{k}", [(machine, duration)], f"J{job}.{k - 1}" if k else None))
        tokens.end()
    return shop(name, machines, tasks)
