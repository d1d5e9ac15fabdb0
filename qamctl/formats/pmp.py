"""Parallel machines: independent jobs, each done by one of unrelated machines, as a schedule with one agent a machine.

The number of jobs, the number of machines, and a job a line: its duration on each machine, as the 1,400 problems of
L. Fanjul-Peyro and R. Ruiz (European J. Oper. Res. 207, 2010) are written by B. Naderi, R. Ruiz and V. Roshanaei
(INFORMS J. Computing 35, 2023). The two numbers stand on one line or on two; lines that start with `#` are comments.

A text with the word `SSD` is of the form of E. Vallada and R. Ruiz (European J. Oper. Res. 211, 2011), with setup
times: behind the two counts stand two more, which repeat them; durations are pairs of machine and duration, and behind
the word comes for each machine its name `M<machine>` and the setup times from each job to each, line breaks or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from qamctl.formats.faults import fault
from qamctl.formats.machines import machine_id, shop, work
from qamctl.formats.tokens import Tokens, check_count, content_lines, lines_of, on_line

_WHAT = "a parallel machine problem"
_SETUPS: Final = "SSD"

_Tasks = list[dict[str, Any]]


def read(text: str, *, name: str) -> dict[str, Any]:
    """The problem file's data: job `J<job>` on machine `M<machine>`, both from 0, makespan to be minimised.

    Every machine can do every job. A job that takes equally long on all of them lists them as its agents; another one
    has a mode for each, which is called as the machine is. With setup times each job is a family of its own, called as
    the job is; times of 0 are left out.

    Raises
    ------
    SpecError
        For a text of another form, with file, line and column.
    """
    if _SETUPS in text.split():
        return _with_setups(Tokens(lines_of(text), file=name, what=_WHAT), name)
    lines = content_lines(text)
    hint = "the first numbers are `jobs machines`, and one job stands on one line"
    if not lines:
        raise fault(name, 1, 1, "the file is empty", what=_WHAT, hint=hint)
    first = second = on_line(lines[0], file=name, what=_WHAT)
    jobs = first.integer("the number of jobs", 1)
    if len(lines) > 1 and len(lines[0][1].split()) == 1:
        second = on_line(lines[1], file=name, what=_WHAT)
    machines = second.integer("the number of machines", 1)
    second.end()
    head = 1 if second is first else 2
    check_count(lines, head, jobs, f"{jobs} jobs are announced", hint=hint, file=name, what=_WHAT)

    tasks = []
    for j, line in enumerate(lines[head:]):
        tokens = on_line(line, file=name, what=_WHAT)
        tasks.append(work(f"J{j}", [(machine, _duration(tokens, j, machine)) for machine in range(machines)]))
        tokens.end()
    return shop(name, machines, tasks)


def _duration(tokens: Tokens, job: int, machine: int) -> int:
    return tokens.integer(f"the duration of job {job} on machine {machine}")


def _with_setups(tokens: Tokens, name: str) -> dict[str, Any]:
    jobs = tokens.integer("the number of jobs", 1)
    machines = tokens.integer("the number of machines", 1)
    for _ in range(2):
        tokens.integer("a count that repeats the two before")
    tasks = []
    for j in range(jobs):
        ways = []
        for machine in range(machines):
            tokens.integer(f"the number of machine {machine}, before the duration of job {j}", machine, machine)
            ways.append((machine, _duration(tokens, j, machine)))
        tasks.append(work(f"J{j}", ways))
    tokens.word(_SETUPS)
    times = []
    for machine in range(machines):
        tokens.word(machine_id(machine))
        times.append(
            [
                [tokens.integer(f"the setup time from job {i} to job {j} on machine {machine}") for j in range(jobs)]
                for i in range(jobs)
            ]
        )
    tokens.end()
    rows = list(_rows(times, jobs))
    if not rows:
        return shop(name, machines, tasks)
    families = [task | {"setup": task["id"]} for task in tasks]
    return shop(name, machines, families) | {"setup": {"csv": "\n".join(["from,to,time,agents", *rows, ""])}}


def _rows(times: list[list[list[int]]], jobs: int) -> Iterator[str]:
    """Setups between two jobs as lines of CSV, machines of one time on one line."""
    for i in range(jobs):
        for j in range(jobs):
            machines: dict[int, list[str]] = {}
            for machine, of_machine in enumerate(times):
                if of_machine[i][j] and i != j:
                    machines.setdefault(of_machine[i][j], []).append(machine_id(machine))
            for time, names in machines.items():
                yield f"J{i},J{j},{time},{'|'.join(names)}"
