"""Resource-constrained project scheduling: Patterson `.rcp`, and PSPLIB `.sm` and `.mm` (also as MMLIB writes it).

Patterson, J. H., "A comparison of exact approaches for solving the multiple constrained resource project
scheduling problem", Management Science 30 (1984); Kolisch, R. and Sprecher, A., "PSPLIB", European J. Oper.
Res. 96 (1997); Van Peteghem, V. and Vanhoucke, M., "MMLIB", European J. Oper. Res. 235 (2014).

The form is told from the content. Activities keep their numbers (`T<k>`, from 1), so the first real one of a
file with a source is T2; project information (release, due date) is a generator's note and is not read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from qamctl.formats.faults import fault, find_cycle, problem_name
from qamctl.formats.tokens import Tokens, lines_of

_PATTERSON = "a Patterson .rcp project"
_PSPLIB = "a PSPLIB project"
_HEADINGS = {
    "precedence": re.compile(r"\s*PRECEDENCE\s+RELATIONS\s*:?\s*\Z", re.IGNORECASE),
    "requests": re.compile(r"\s*REQUESTS\s*/\s*DURATIONS\s*:?\s*\Z", re.IGNORECASE),
    "availabilities": re.compile(r"\s*RESOURCE\s*AVAILABILITIES\s*:?\s*\Z", re.IGNORECASE),
}
_JOBS = re.compile(r"\s*jobs\s*\([^)]*\)\s*:\s*([0-9]{1,18})\s*\Z", re.IGNORECASE | re.ASCII)
_RESOURCE = re.compile(r"\b([RND])\s*([0-9]{1,9})\b", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Activity:
    """One activity: its modes as (duration, quantities), what follows it (from 0), and its line in the file."""

    modes: list[tuple[int, list[int]]]
    successors: list[int]
    line: int

    def is_dummy(self) -> bool:
        return all(duration == 0 and not any(quantities) for duration, quantities in self.modes)


def read(text: str, *, name: str) -> dict[str, Any]:
    """The problem file's data: tasks `T<k>`, modes `m<k>`, resources `R<k>` (renewable) and `N<k>` (consumable).

    Source and sink, the first and the last activity where they take no time and no resource and nothing
    comes before or after them, are left out: they say nothing that the others do not.

    Raises
    ------
    SpecError
        For a text of another form, with file, line and column.
    """
    lines = lines_of(text)
    if any(_HEADINGS["precedence"].match(line) for line in lines):
        resources, activities = _psplib(lines, name)
        what = _PSPLIB
    else:
        resources, activities = _patterson(lines, name)
        what = _PATTERSON
    cycle = find_cycle([activity.successors for activity in activities])
    if cycle:
        way = " -> ".join(f"{i + 1}" for i in [*cycle, cycle[0]][:20])
        raise fault(name, activities[cycle[0]].line, 1, f"the activities {way} wait for each other", what=what)
    return {
        "kind": "schedule",
        "version": 1,
        "name": problem_name(name),
        "objective": {"makespan": 1},
        "resources": [
            {"id": id_, "kind": "consumable", "capacity": capacity}
            if id_.startswith("N")
            else {"id": id_, "capacity": capacity}
            for id_, capacity in resources
        ],
        "tasks": _tasks([id_ for id_, _ in resources], activities),
    }


def _tasks(resources: list[str], activities: list[_Activity]) -> list[dict[str, Any]]:
    before: list[list[int]] = [[] for _ in activities]
    for i, activity in enumerate(activities):
        for j in sorted(set(activity.successors)):
            before[j].append(i)
    dropped = set()
    if activities and not before[0] and activities[0].is_dummy():
        dropped.add(0)
    if activities and not activities[-1].successors and activities[-1].is_dummy():
        dropped.add(len(activities) - 1)
    tasks = []
    for k, activity in enumerate(activities):
        if k in dropped:
            continue
        task: dict[str, Any] = {"id": f"T{k + 1}"}
        if len(activity.modes) == 1:
            task |= _mode(resources, *activity.modes[0])
        else:
            task["modes"] = [{"id": f"m{m}"} | _mode(resources, *mode) for m, mode in enumerate(activity.modes, 1)]
        after = [f"T{i + 1}" for i in before[k] if i not in dropped]
        if after:
            task["after"] = after
        tasks.append(task)
    return tasks


def _mode(resources: list[str], duration: int, quantities: list[int]) -> dict[str, Any]:
    demand = {id_: quantity for id_, quantity in zip(resources, quantities, strict=True) if quantity}
    return {"duration": duration, "demand": demand} if demand else {"duration": duration}


def _patterson(lines: list[str], name: str) -> tuple[list[tuple[str, int]], list[_Activity]]:
    """`.rcp`: one stream of numbers, in which long rows of successors may be wrapped."""
    tokens = Tokens(lines, file=name, what=_PATTERSON)
    count = tokens.integer("the number of activities", 1)
    width = tokens.integer("the number of resources")
    resources = [(f"R{r + 1}", tokens.integer(f"the capacity of resource {r + 1}")) for r in range(width)]
    activities = []
    for k in range(count):
        duration = tokens.integer(f"the duration of activity {k + 1}")
        line = tokens.line
        quantities = [tokens.integer(f"the demand of activity {k + 1} on resource {r + 1}") for r in range(width)]
        successors = _successors(tokens, k, count)
        activities.append(_Activity([(duration, quantities)], successors, line))
    tokens.end()
    return resources, activities


def _successors(tokens: Tokens, k: int, count: int) -> list[int]:
    number = tokens.integer(f"the number of successors of activity {k + 1}")
    return [tokens.integer(f"a successor of activity {k + 1}", 1, count) - 1 for _ in range(number)]


def _psplib(lines: list[str], name: str) -> tuple[list[tuple[str, int]], list[_Activity]]:
    """`.sm` and `.mm`: three tables under headings, which give modes and successors, requests, and capacities."""
    count = _announced_jobs(lines, name)
    _, tokens = _table(lines, "precedence", name)
    modes, successors, places = [], [], []
    for k in range(count):
        tokens.integer(f"the number of job {k + 1}", k + 1, k + 1)
        places.append(tokens.line)
        modes.append(tokens.integer(f"the number of modes of job {k + 1}", 1))
        successors.append(_successors(tokens, k, count))
    tokens.end()

    resources, tokens = _table(lines, "requests", name)
    activities = []
    for k in range(count):
        tokens.integer(f"the number of job {k + 1}", k + 1, k + 1)
        ways = []
        for m in range(modes[k]):
            tokens.integer(f"the number of mode {m + 1} of job {k + 1}", m + 1, m + 1)
            duration = tokens.integer(f"the duration of job {k + 1} in mode {m + 1}")
            ways.append((duration, [tokens.integer(f"the request of job {k + 1} for {r}") for r in resources]))
        activities.append(_Activity(ways, successors[k], places[k]))
    tokens.end()

    columns, tokens = _table(lines, "availabilities", name)
    if columns != resources:
        raise tokens.fault(f"the capacities are those of {columns}, the requests those of {resources}")
    capacities = [(r, tokens.integer(f"the capacity of {r}")) for r in resources]
    tokens.end()
    return capacities, activities


def _announced_jobs(lines: list[str], name: str) -> int:
    for number, line in enumerate(lines, 1):
        match = _JOBS.match(line)
        if match:
            start = match.start(1)
            return Tokens([" " * start + match[1]], file=name, what=_PSPLIB, first_line=number).integer(
                "the number of jobs", 1
            )
    raise fault(name, 1, 1, "no line says `jobs (incl. supersource/sink ): N`", what=_PSPLIB)


def _table(lines: list[str], heading: str, name: str) -> tuple[list[str], Tokens]:
    """The resources in the column titles of the table under a heading, and the table's numbers."""
    top = next((i for i, line in enumerate(lines) if _HEADINGS[heading].match(line)), None)
    if top is None:
        raise fault(
            name, len(lines), 1, f"the table of {heading} is missing", what=_PSPLIB, hint="is the file cut off?"
        )
    title = top + 1
    while title < len(lines) and not lines[title].strip():
        title += 1
    first = min(title + 1, len(lines))
    if first < len(lines) and re.fullmatch(r"\s*-{3,}\s*", lines[first]):
        first += 1
    last = first
    while last < len(lines) and not lines[last].lstrip().startswith("*"):
        last += 1
    found = _RESOURCE.findall(lines[title]) if title < len(lines) else []
    columns = [f"{letter}{int(number)}" for letter, number in found]
    if any(column.startswith("D") for column in columns):
        message = "the project has doubly constrained resources, which a schedule has no single resource for"
        raise fault(name, title + 1, 1, message, what=_PSPLIB, hint="make each a renewable and a nonrenewable one")
    if len(set(columns)) != len(columns):
        raise fault(name, title + 1, 1, f"a resource stands twice in {columns}", what=_PSPLIB)
    return columns, Tokens(lines[first:last], file=name, what=_PSPLIB, first_line=min(first, len(lines) - 1) + 1)
