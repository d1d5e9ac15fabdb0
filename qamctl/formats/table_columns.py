"""Whether the columns of a table are fields of a spec, and what to call those that other tools name otherwise.

Nothing is guessed: a column that is no field is a fault, and its hint says what to call it, or where its content goes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from qamctl.spec.faults import Faults, nearest, show
from qamctl.spec.fields import Field
from qamctl.spec.rows import Rows
from qamctl.spec.schema import table_cell

#: By list and field: what planners, spreadsheets and trackers call it, in lower case with underscores.
NAMES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "tasks": {
            "id": "task name title key job activity operation item ticket uid task_id task_name job_id job_name",
            "duration": "time length runtime run_time estimate effort processing_time p dur",
            "demand": "demands resource resources requests requirements usage",
            "agents": "agent assignee assigned_to worker workers machine machines resource owner eligible who",
            "skills": "skill required_skills role roles",
            "labels": "label tags selector node_selector",
            "tolerates": "tolerations toleration",
            "count": "headcount crew crew_size people",
            "after": "depends depends_on dependson dependency dependencies predecessor predecessors prerequisites "
            "parent parents requires needs blocked_by",
            "release": "release_date release_time ready ready_time earliest_start start start_time start_date",
            "deadline": "latest_end latest_finish must_end hard_deadline end finish end_date finish_date",
            "due": "due_date duedate due_time target_date end finish end_date finish_date",
            "weight": "priority importance urgency w",
            "pinned": "start start_time start_date scheduled_start fixed_start",
            "setup": "family setup_family changeover",
            "near": "affinity same_agent",
            "apart": "anti_affinity separate",
            "gang": "group together start_together",
            "preemptible": "splittable interruptible preemptive",
        },
        "agents": {
            "id": "agent name title worker machine node host hostname robot resource person agent_id worker_id",
            "slots": "parallel parallelism concurrency max_tasks tasks_at_once",
            "capacity": "capacities amounts allocatable resources",
            "skills": "skill role roles competences abilities",
            "labels": "label tags zone region rack location site pool",
            "taints": "taint",
            "calendar": "unavailable absences absence holidays breaks",
            "speed": "factor velocity performance",
            "cost": "price rate wage cost_per_hour hourly_rate",
        },
        "resources": {
            "id": "resource name title resource_id",
            "kind": "type sort class",
            "capacity": "amount quantity total limit available availability count",
            "calendar": "availabilities profile",
            "weight": "priority importance",
        },
    }
)

#: Names of durations that say their unit.
UNITS: Final[Mapping[str, str]] = MappingProxyType(
    {
        word: unit
        for unit, words in {
            "s": "s sec secs seconds duration_s duration_seconds time_s",
            "min": "min mins minutes duration_min duration_minutes time_min",
            "h": "h hr hrs hours duration_h duration_hours time_h",
            "d": "d days duration_d duration_days",
        }.items()
        for word in words.split()
    }
)


#: What other tables than CSV have between their cells.
_SEPARATOR = re.compile("[;\t]").search

#: Where the amounts of resources stand.
AMOUNTS: Final[Mapping[str, str]] = MappingProxyType({"tasks": "demand", "agents": "capacity"})


def check_columns(rows: Rows, field: Field, needed: Sequence[str], resources: Collection[str], faults: Faults) -> None:
    """Note every column of a table that is no field, and every needed field without a column.

    Parameters
    ----------
    rows
        Of a table with a header.
    field
        The list that the rows are of.
    needed
        Fields that a table can't do without.
    resources
        Ids of resources: a column of such a name is an amount.
    """
    header = rows.header or (field.name,)
    if len(rows.columns) == 1 and (all_of_it := next((name for name in rows.columns if _SEPARATOR(name)), None)):
        faults.add((*header, -1, all_of_it), f"the table has one column, {show(all_of_it)}", "separate cells by commas")
        return
    known = [inner.name for inner in field.fields if table_cell(inner) is not None]
    missing = [name for name in needed if name not in rows.columns]
    for column in rows.columns:
        if column in known:
            continue
        meant = list(_meant(column, field.name, known))
        for name in meant:
            if name in missing:
                missing.remove(name)
        hint = _hint(column, meant, field, rows, resources) or nearest(column, known)
        faults.add((*header, -1, column), f"the column {show(column)} is no field of {field.name}", hint)
    for name in missing:
        faults.add((*header, -1), f"the table has no column {show(name)}", f"it holds {field[name].meaning}")


def _meant(column: str, name: str, known: Collection[str]) -> Iterator[str]:
    """The fields that a column may mean: what it is called but for case, what other tools call it, a length of time."""
    plain = _plain(column)
    if plain in known:
        yield plain
    for inner, words in NAMES.get(name, {}).items():
        if plain in words.split() and inner in known:
            yield inner
    if name == "tasks" and plain in UNITS:
        yield "duration"


def _plain(column: str) -> str:
    """A column's name in lower case, with underscores for all that is no letter and no digit."""
    return re.sub(r"[\W_]+", "_", column.lower()).strip("_")


def _hint(column: str, meant: Sequence[str], field: Field, rows: Rows, resources: Collection[str]) -> str | None:
    """What to do with a column that is no field; None where it is like nothing known."""
    if column in resources and field.name in AMOUNTS:
        return f"write {column}=AMOUNT in a column `{AMOUNTS[field.name]}`"
    if any(column == inner.name for inner in field.fields):
        return "a table can't hold it: write such rows in a spec"
    there = [name for name in meant if name in rows.columns]
    if there:
        return f"the table has `{there[0]}` too: leave one of them out"
    if not meant:
        return None
    unit = UNITS.get(_plain(column))
    if meant == ["duration"] and unit is not None:
        return f"call it `duration`, and say --unit {unit}"
    if len(meant) > 1:
        return "call it " + " or ".join(f"`{name}` ({field[name].meaning})" for name in meant)
    cell = table_cell(field[meant[0]])
    return f"call it `{meant[0]}`" + (f"; a cell is {cell}" if cell else "")
