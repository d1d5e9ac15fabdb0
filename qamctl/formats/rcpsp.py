"""Resource-constrained project scheduling: Patterson `.rcp`, and the tables of PSPLIB and MMLIB.

Patterson, J. H., "A comparison of exact approaches for solving the multiple constrained resource project
scheduling problem", Management Science 30 (1984). The form is told from the content. Activities keep their numbers
(`T<k>`, from 1), so the first real one of a file with a source is T2.
"""

from __future__ import annotations

from typing import Any

from qamctl.formats.project import Activity, project, successors
from qamctl.formats.psplib import has_tables, read_tables
from qamctl.formats.tokens import Tokens, lines_of

_WHAT = "a Patterson .rcp project"


def read(text: str, *, name: str) -> dict[str, Any]:
    """The problem file's data: tasks `T<k>`, modes `m<k>`, resources `R<k>` (renewable) and `N<k>` (consumable).

    Raises
    ------
    SpecError
        For a text of another form, with file, line and column.
    """
    lines = lines_of(text)
    if has_tables(lines):
        return read_tables(lines, name, what="a PSPLIB project")
    return project(name, *_patterson(lines, name), what=_WHAT)


def _patterson(lines: list[str], name: str) -> tuple[list[tuple[str, int]], list[Activity]]:
    """`.rcp`: one stream of numbers, in which long rows of successors may be wrapped."""
    tokens = Tokens(lines, file=name, what=_WHAT)
    count = tokens.integer("the number of activities", 1)
    width = tokens.integer("the number of resources")
    resources = [(f"R{r + 1}", tokens.integer(f"the capacity of resource {r + 1}")) for r in range(width)]
    activities = []
    for k in range(count):
        duration = tokens.integer(f"the duration of activity {k + 1}")
        line = tokens.line
        quantities = [tokens.integer(f"the demand of activity {k + 1} on resource {r + 1}") for r in range(width)]
        activities.append(Activity([(duration, quantities)], successors(tokens, k, count), line))
    tokens.end()
    return resources, activities
