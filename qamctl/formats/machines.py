"""Shops: machines that take one task at once, and tasks that one of some machines does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from qamctl.formats.faults import problem_name

#: More machines than this are no shop, but a damaged count that would fill the memory.
MOST_MACHINES: Final = 100_000


def work(id_: str, ways: Sequence[tuple[int, int]], after: str | None = None) -> dict[str, Any]:
    """A task that one of several machines does.

    Parameters
    ----------
    ways
        Machine, from 0, and the duration there; each machine once. Where all take equally long the task has that
        duration and a list of agents, else a mode for each machine, which is called as the machine is.
    after
        The task before.
    """
    task: dict[str, Any] = {"id": id_}
    if len({duration for _, duration in ways}) == 1:
        task |= {"duration": ways[0][1], "agents": [machine_id(machine) for machine, _ in ways]}
    else:
        task["modes"] = [
            {"id": machine_id(machine), "duration": duration, "agents": [machine_id(machine)]}
            for machine, duration in ways
        ]
    return task if after is None else task | {"after": [after]}


def machine_id(machine: int) -> str:
    """What a machine is called, counted from 0."""
    return f"M{machine}"


def shop(file: str, machines: int, tasks: list[dict[str, Any]]) -> dict[str, Any]:
    """The problem file's data of a shop: its machines, each of which takes one task at once; the makespan counts."""
    return {
        "kind": "schedule",
        "version": 1,
        "name": problem_name(file),
        "objective": {"makespan": 1},
        "agents": [{"id": machine_id(machine)} for machine in range(machines)],
        "tasks": tasks,
    }
