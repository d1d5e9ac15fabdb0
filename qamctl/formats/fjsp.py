"""Flexible job shop instances, as a schedule problem with one agent a machine; the form is told from the first line.

`.fjs` holds `jobs machines` and, as a rule, the mean number of machines that can do an operation; then comes one
job a line: the number of its operations, and for each of them the number of machines that can do it, followed by
pairs of machine (from 1) and duration (P. Brandimarte, Annals of Operations Research 41, 1993; J. Hurink, B. Jurisch
and M. Thole, OR Spektrum 15, 1994). A table (B. Naderi, R. Ruiz and V. Roshanaei, INFORMS J. Computing 35, 2023) has
the number of jobs, that of machines, and the operations of each job on the first three lines, then one operation a
line: its duration on each machine, 0 where the machine can't do it. Lines that start with `#` are comments.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from qamctl.formats.faults import fault
from qamctl.formats.machines import MOST_MACHINES, shop, work
from qamctl.formats.tokens import Tokens, check_count, content_lines, on_line

_WHAT = "a flexible job shop"
_MEAN = re.compile(r"[0-9]{1,9}(\.[0-9]*)?\Z", re.ASCII)

_Lines = Sequence[tuple[int, str]]
#: The machines that can do an operation, from 0, each with its duration.
_Ways = list[tuple[int, int]]


def read(text: str, *, name: str) -> dict[str, Any]:
    """The problem file's data: operation `J<job>.<k>` on machine `M<machine>`, all from 0, makespan to be minimised.

    An operation that takes equally long on all its machines lists them as its agents; another one has a mode for
    each, which is called as the machine is.

    Raises
    ------
    SpecError
        For a text of another form, with file, line and column.
    """
    lines = content_lines(text)
    if not lines:
        hint = "the first line holds `jobs machines`, or `jobs` alone where a table follows"
        raise fault(name, 1, 1, "the file is empty", what=_WHAT, hint=hint)
    machines, jobs = _table(lines, name) if len(lines[0][1].split()) == 1 else _pairs(lines, name)
    tasks = []
    for j, operations in enumerate(jobs):
        for k, ways in enumerate(operations):
            tasks.append(work(f"J{j}.{k}", ways, f"J{j}.{k - 1}" if k else None))
    return shop(name, machines, tasks)


def _pairs(lines: _Lines, name: str) -> tuple[int, list[list[_Ways]]]:
    """`.fjs`: the number of machines, and the operations of each job."""
    head = on_line(lines[0], file=name, what=_WHAT)
    jobs = head.integer("the number of jobs", 1)
    machines = head.integer("the number of machines", 1, MOST_MACHINES)
    words = lines[0][1].split()
    if len(words) != 3 or not _MEAN.match(words[2]):  # the mean says nothing that the rest does not
        head.end()
    hint = "one job stands on one line"
    check_count(lines, 1, jobs, f"{jobs} jobs are announced", hint=hint, file=name, what=_WHAT)
    return machines, [_job(on_line(line, file=name, what=_WHAT), j, machines) for j, line in enumerate(lines[1:])]


def _job(tokens: Tokens, j: int, machines: int) -> list[_Ways]:
    operations = []
    for k in range(tokens.integer(f"the number of operations of job {j}", 1)):
        of = f"operation {k} of job {j}"
        ways: dict[int, int] = {}
        for _ in range(tokens.integer(f"the number of machines that can do {of}", 1, machines)):
            machine = tokens.integer(f"a machine of {of}", 1, machines) - 1
            if machine in ways:
                raise tokens.fault(f"machine {machine + 1} stands twice among those of {of}", hint="leave one out")
            ways[machine] = tokens.integer(f"the duration of {of} on machine {machine + 1}")
        operations.append(list(ways.items()))
    tokens.end()
    return operations


def _table(lines: _Lines, name: str) -> tuple[int, list[list[_Ways]]]:
    """The number of machines, and the operations of each job, from a row of durations for each operation."""
    if len(lines) < 3:
        hint = "three lines hold the jobs, the machines, and the operations of each job"
        raise fault(name, lines[-1][0], 1, "the text ends before the first operation", what=_WHAT, hint=hint)
    heads = [on_line(line, file=name, what=_WHAT) for line in lines[:3]]
    jobs = heads[0].integer("the number of jobs", 1)
    machines = heads[1].integer("the number of machines", 1)
    operations = [heads[2].integer(f"the number of operations of job {j}", 1) for j in range(jobs)]
    for head in heads:
        head.end()
    announced, hint = f"{sum(operations)} operations are announced", "one operation stands on one line"
    check_count(lines, 3, sum(operations), announced, hint=hint, file=name, what=_WHAT)
    rows = iter(lines[3:])
    return machines, [[_row(next(rows), j, k, machines, name) for k in range(n)] for j, n in enumerate(operations)]


def _row(line: tuple[int, str], j: int, k: int, machines: int, name: str) -> _Ways:
    tokens = on_line(line, file=name, what=_WHAT)
    of = f"operation {k} of job {j}"
    durations = [tokens.integer(f"the duration of {of} on machine {machine}") for machine in range(machines)]
    tokens.end()
    if not any(durations):
        raise fault(name, line[0], 1, f"no machine can do {of}", what=_WHAT, hint="0 says that a machine can't")
    return [(machine, duration) for machine, duration in enumerate(durations) if duration]
