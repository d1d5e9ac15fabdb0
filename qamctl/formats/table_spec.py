"""A schedule spec that refers to tables: what stands in them, and as comments whatever else could be said.

The comments come from the declarations that the reader uses, so they name every field of this version.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from qamctl.formats.spec_yaml import flow
from qamctl.spec.fields import Field
from qamctl.spec.schedule_fields import SCHEDULE
from qamctl.spec.schema import table_cell

_HEAD: Final = """\
# yaml-language-server: $schema=schedule.schema.json
# (Editors complete and check this file once `qamctl schema schedule --file schedule.schema.json` has run beside it.)
#
# A schedule of what stands in tables. Check it with `qamctl validate FILE`, solve it with `qamctl schedule FILE`.
# Lines behind # say what may be added; docs/spec-schedule.md has every field.
kind: schedule
version: 1
# name: my-schedule          # stands in run names; the file's name where there is none

# The unit of times: s, min, h, d, or any word. With an origin they may be date-times too.
{time}

# Options of the run; flags and QAMCTL_* variables override them.
# solver: {{backend: auto, time_limit: 10}}   # seconds; a proof of optimality ends the run earlier

# What to minimise: a map of weights, or a list of maps, the first one being the most important. Without it, the
# makespan.{due}
{terms}
# objective: [{{tardiness: 1}}, {{makespan: 1}}]
"""

_LISTS: Final = ("resources", "agents", "tasks")
#: Fields of a spec that the head has, or the tables.
_TOLD: Final = {"kind", "version", "name", "time", "solver", "objective", *_LISTS}
_WIDTH: Final = 118


@dataclass(frozen=True, slots=True)
class Table:
    """A table that the spec refers to.

    Attributes
    ----------
    path
        As it stands in the spec, relative to the spec's folder.
    rows
        How many there are.
    columns
        Fields of the list.
    """

    path: str
    rows: int
    columns: tuple[str, ...]


def table_spec(
    tables: Mapping[str, Table], *, held: Sequence[str] = (), unit: str | None = None, origin: str | None = None
) -> str:
    """The YAML text of a schedule spec.

    Parameters
    ----------
    tables
        By list: tasks, and agents and resources where there are some.
    held
        Resources that agents hold, where there is no table of resources.
    unit, origin
        Of times; None: the default, as a comment.

    Raises
    ------
    ValueError
        A path can't be written to a file.
    """
    given = {key: value for key, value in (("unit", unit), ("origin", origin)) if value is not None}
    time = f"time: {flow(given)}" if given else "# time: {unit: min, origin: 2026-11-20T20:00:00+00:00}"
    due = " Tasks have due times: they count once a term that weighs them is named." if _has_due(tables) else ""
    terms = "\n".join(_wrapped(f"Terms: {', '.join(SCHEDULE['objective'].choices)}."))
    lines = [_HEAD.format(time=time, terms=terms, due=due)]
    for name in _LISTS:
        if name == "resources" and name not in tables and held:
            lines += [*_held(held), ""]
        else:
            lines += [*_list(SCHEDULE[name], tables.get(name)), ""]
    more = [field for field in SCHEDULE.fields if field.name not in _TOLD]
    lines += ["# More that a schedule may say:", *_comments({field.name: field.meaning for field in more})]
    return "\n".join(lines) + "\n"


def _has_due(tables: Mapping[str, Table]) -> bool:
    return "tasks" in tables and "due" in tables["tasks"].columns


def _held(resources: Sequence[str]) -> list[str]:
    """Rows of resources that need no table, as agents hold them."""
    head = [
        "# What tasks consume: what agents hold. With a capacity here it would be shared by the whole fleet.",
        "resources:",
    ]
    return head + [f"  - {flow({'id': id_})}" for id_ in resources]


def _list(field: Field, table: Table | None) -> Iterator[str]:
    """A list of the spec with the table that it is in, or how to give it one."""
    meaning = f"{field.meaning[0].upper()}{field.meaning[1:]}"
    if table is None:
        yield f"# {meaning}: none so far."
        yield f"# {field.name}: {{table: {field.name}.csv}}"
        return
    count = f"{table.rows:,} row{'' if table.rows == 1 else 's'}"
    yield from _wrapped(f"{meaning}: {count} with {', '.join(table.columns)}.")
    yield f"{field.name}: {{table: {flow(table.path)}}}"
    more = [inner for inner in field.fields if inner.name not in table.columns and table_cell(inner) is not None]
    if more:
        yield "# Columns that it may have as well:"
    yield from _comments({inner.name: _column(inner) for inner in more})


def _column(field: Field) -> str:
    """What a column means, and how a cell holds it where that is not plain."""
    cell = table_cell(field)
    return f"{field.meaning}; a cell is {cell}" if cell else field.meaning


def _comments(meanings: Mapping[str, str]) -> Iterator[str]:
    """Names and what they mean, in two columns of comment lines."""
    width = max(map(len, meanings), default=0) + 2
    for name, meaning in meanings.items():
        yield from _wrapped(f"  {name:{width}}{meaning}", indent=2 + width)


def _wrapped(text: str, indent: int = 0) -> list[str]:
    """A text as lines of comment."""
    return textwrap.wrap("# " + text, _WIDTH, subsequent_indent="# " + " " * indent)
