"""Projects in the tables of PSPLIB: `.sm` and `.mm`, and the same as MMLIB writes them.

Kolisch, R. and Sprecher, A., "PSPLIB", European J. Oper. Res. 96 (1997). Three tables under headings give modes and
successors, requests, and capacities. Project information (release, due date) is a generator's note and is not read.
"""

from __future__ import annotations

import re
from typing import Any, Final

from qamctl.formats.faults import fault
from qamctl.formats.project import Activity, project, successors
from qamctl.formats.tokens import Tokens

_HEADINGS: Final = {
    "precedence": re.compile(r"\s*PRECEDENCE\s+RELATIONS\s*:?\s*\Z", re.IGNORECASE),
    "requests": re.compile(r"\s*REQUESTS\s*/\s*DURATIONS\s*:?\s*\Z", re.IGNORECASE),
    "availabilities": re.compile(r"\s*RESOURCE\s*AVAILABILITIES\s*:?\s*\Z", re.IGNORECASE),
}
_JOBS: Final = re.compile(r"\s*jobs\s*\([^)]*\)\s*:\s*([0-9]{1,18})\s*\Z", re.IGNORECASE | re.ASCII)
_RESOURCE: Final = re.compile(r"\b([RND])\s*([0-9]{1,9})\b", re.ASCII)


def has_tables(lines: list[str]) -> bool:
    """Whether a text is of this form, whole or not."""
    return any(_HEADINGS["precedence"].match(line) for line in lines)


def read_tables(lines: list[str], name: str, *, what: str) -> dict[str, Any]:
    """The problem file's data; `what` names the format in messages.

    Raises
    ------
    SpecError
        For a text of another form, with file, line and column.
    """
    count = _announced_jobs(lines, name, what)
    _, tokens = _table(lines, "precedence", name, what)
    modes, after, places = [], [], []
    for k in range(count):
        tokens.integer(f"the number of job {k + 1}", k + 1, k + 1)
        places.append(tokens.line)
        modes.append(tokens.integer(f"the number of modes of job {k + 1}", 1))
        after.append(successors(tokens, k, count))
    tokens.end()

    resources, tokens = _table(lines, "requests", name, what)
    activities = []
    for k in range(count):
        tokens.integer(f"the number of job {k + 1}", k + 1, k + 1)
        ways = []
        for m in range(modes[k]):
            tokens.integer(f"the number of mode {m + 1} of job {k + 1}", m + 1, m + 1)
            duration = tokens.integer(f"the duration of job {k + 1} in mode {m + 1}")
            ways.append((duration, [tokens.integer(f"the request of job {k + 1} for {r}") for r in resources]))
        activities.append(Activity(ways, after[k], places[k]))
    tokens.end()

    columns, tokens = _table(lines, "availabilities", name, what)
    if columns != resources:
        raise tokens.fault(f"the capacities are those of {columns}, the requests those of {resources}")
    capacities = [(r, tokens.integer(f"the capacity of {r}")) for r in resources]
    tokens.end()
    return project(name, capacities, activities, what=what)


def _announced_jobs(lines: list[str], name: str, what: str) -> int:
    for number, line in enumerate(lines, 1):
        match = _JOBS.match(line)
        if match:
            start = match.start(1)
            return Tokens([" " * start + match[1]], file=name, what=what, first_line=number).integer(
                "the number of jobs", 1
            )
    raise fault(name, 1, 1, "no line says `jobs (incl. supersource/sink ): N`", what=what)


def _table(lines: list[str], heading: str, name: str, what: str) -> tuple[list[str], Tokens]:
    """The resources in the column titles of the table under a heading, and the table's numbers."""
    top = next((i for i, line in enumerate(lines) if _HEADINGS[heading].match(line)), None)
    if top is None:
        raise fault(name, len(lines), 1, f"the table of {heading} is missing", what=what, hint="is the file cut off?")
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
        raise fault(name, title + 1, 1, message, what=what, hint="make each a renewable and a nonrenewable one")
    if len(set(columns)) != len(columns):
        raise fault(name, title + 1, 1, f"a resource stands twice in {columns}", what=what)
    return columns, Tokens(lines[first:last], file=name, what=what, first_line=min(first, len(lines) - 1) + 1)
