"""Workflow DAGs in the WfCommons JSON format (WfFormat 1.4 and 1.5), as a schedule of tasks on identical agents.

Coleman, T. et al., "WfCommons: A framework for enabling scientific workflow research and development", Future
Generation Computer Systems 128 (2022). Run times are those that the file's execution measured; files and the
time to move them are not read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from qamctl.errors import SpecError, UsageError
from qamctl.formats.faults import LARGEST, fault, find_cycle, problem_name, shown
from qamctl.formats.json_place import line_and_column, place, too_deep

_WHAT = "a WfCommons workflow"
_MOST_AGENTS = 100_000
_Path = tuple[str | int, ...]


def read(text: str, *, name: str, agents: int | None = None) -> dict[str, Any]:
    """The problem file's data: tasks keep their ids, `after` their parents, durations in seconds to the millisecond.

    Parameters
    ----------
    agents
        The number of identical agents `a0`, `a1`...; None takes the number of machines in the file.

    Raises
    ------
    SpecError
        For a text of another form, with file, line and column.
    UsageError
        For a number of agents outside 1..100,000.
    """
    if agents is not None and not 1 <= agents <= _MOST_AGENTS:
        raise UsageError(f"--agents {agents} is outside 1..{_MOST_AGENTS}.")
    text = text.removeprefix("\ufeff")
    file = _File(_parse(text, name), text, name)
    if "tasks" in file.get((), "workflow", dict):
        message = "the tasks stand directly under `workflow`, as before WfFormat 1.4"
        raise file.fault(("workflow", "tasks"), message, hint="the wfcommons package converts the file to 1.5")
    rows = file.get(("workflow", "specification"), "tasks", list)
    index = _ids(file, rows)
    duration = _durations(file, index)
    parents = _parents(file, rows, index)
    if agents is None:
        machines = file.get(("workflow", "execution"), "machines", list, required=False) or []
        if not 1 <= len(machines) <= _MOST_AGENTS:
            message = f"the file lists {len(machines)} machines"
            raise file.fault(("workflow", "execution"), message, hint="say how many agents there are with --agents N")
        agents = len(machines)
    ids = list(index)
    return {
        "kind": "schedule",
        "version": 1,
        "name": problem_name(name),
        "time": {"unit": "s", "resolution": 0.001},
        "objective": {"makespan": 1},
        "agents": [{"id": f"a{k}"} for k in range(agents)],
        "tasks": [
            {"id": id_, "duration": duration[id_]} | ({"after": [ids[p] for p in parents[i]]} if parents[i] else {})
            for i, id_ in enumerate(ids)
        ],
    }


def _parse(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        message = f"it is no JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise fault(name, error.lineno, error.colno, message, what=_WHAT) from None
    except RecursionError:
        raise fault(name, *too_deep(text, 500), "it is nested too deeply", what=_WHAT) from None
    except ValueError:  # an integer of more digits than Python converts
        raise fault(name, *_long_number(text), "a number has too many digits", what=_WHAT) from None


def _long_number(text: str) -> tuple[int, int]:
    # 640 digits is the least limit that Python can be set to.
    match = re.search("[0-9]{640,}", text)
    return line_and_column(text, match.start() if match else 0)


class _File:
    """The parsed file with the means to say where a fault stands."""

    def __init__(self, data: Any, text: str, name: str) -> None:
        self.data, self.text, self.name = data, text, name

    def fault(self, path: _Path, message: str, *, hint: str | None = None) -> SpecError:
        return fault(self.name, *place(self.text, path), message, hint=hint, what=_WHAT)

    def get(self, path: _Path, key: str, kind: type | tuple[type, ...], *, required: bool = True) -> Any:
        """The value of `key` in the mapping at `path`, which must be of a kind; None where it may be absent and is."""
        row: Any = self.data
        for depth, step in enumerate(path):
            if isinstance(step, str) and not (isinstance(row, dict) and step in row):
                raise self.fault(path[:depth], f"`{step}` is missing", hint="WfFormat 1.4 and 1.5 have it here")
            row = row[step]
        if not isinstance(row, dict):
            raise self.fault(path, "a mapping should stand here")
        if key not in row:
            if required:
                raise self.fault(path, f"`{key}` is missing")
            return None
        value = row[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            word = (
                "a mapping" if kind is dict else "a list" if kind is list else "a text" if kind is str else "a number"
            )
            raise self.fault((*path, key), f"`{key}` should be {word}")
        return value


def _ids(file: _File, rows: list[Any]) -> dict[str, int]:
    index: dict[str, int] = {}
    for i in range(len(rows)):
        at: _Path = ("workflow", "specification", "tasks", i)
        id_ = file.get(at, "id", str)
        if not id_ or not id_.isprintable():
            raise file.fault((*at, "id"), f"{shown(id_)} is no id: it needs printable characters")
        if id_ in index:
            raise file.fault((*at, "id"), f"the id {shown(id_)} is taken by an earlier task")
        index[id_] = i
    return index


def _durations(file: _File, index: Mapping[str, int]) -> dict[str, int | float]:
    duration: dict[str, int | float] = {}
    rows = file.get(("workflow", "execution"), "tasks", list)
    for i in range(len(rows)):
        at: _Path = ("workflow", "execution", "tasks", i)
        id_ = file.get(at, "id", str)
        if id_ not in index:
            raise file.fault((*at, "id"), f"the specification has no task {shown(id_)}")
        if id_ in duration:
            raise file.fault((*at, "id"), f"the task {shown(id_)} was executed by an earlier row")
        seconds = file.get(at, "runtimeInSeconds", (int, float))
        if not 0 <= seconds <= LARGEST:  # so NaN is refused too
            raise file.fault((*at, "runtimeInSeconds"), f"a run time is from 0 to {LARGEST} seconds")
        duration[id_] = int(seconds) if seconds == int(seconds) else seconds
    for id_, i in index.items():
        if id_ not in duration:
            raise file.fault(
                ("workflow", "specification", "tasks", i), f"the execution has no run time of {shown(id_)}"
            )
    return duration


def _parents(file: _File, rows: list[Any], index: Mapping[str, int]) -> list[list[int]]:
    """What each task waits for: the union of what `parents` and `children` say, ascending."""
    before: list[set[int]] = [set() for _ in rows]
    for i in range(len(rows)):
        at: _Path = ("workflow", "specification", "tasks", i)
        for key in ("parents", "children"):
            for k, other in enumerate(file.get(at, key, list, required=False) or []):
                if not isinstance(other, str) or other not in index:
                    raise file.fault((*at, key, k), f"there is no task {shown(str(other))}")
                child, parent = (i, index[other]) if key == "parents" else (index[other], i)
                before[child].add(parent)
    after: list[list[int]] = [[] for _ in rows]
    for child, parents in enumerate(before):
        for parent in parents:
            after[parent].append(child)
    cycle = find_cycle(after)
    if cycle:
        ids = list(index)
        way = " -> ".join(ids[i] for i in [*cycle, cycle[0]][:20])
        at = ("workflow", "specification", "tasks", cycle[0])
        raise file.fault(at, f"the tasks {shown(way, 200)} wait for each other")
    return [sorted(parents) for parents in before]
