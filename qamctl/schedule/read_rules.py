"""Rules of a schedule spec about which agents tasks have, seen together: `near`, `apart` and `spread` of tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from qamctl.schedule.read_modes import ReadModes
from qamctl.schedule.spec import Rule
from qamctl.spec.cells import read_name
from qamctl.spec.decode import check_names, coded, inner_rows, integers, names, present
from qamctl.spec.faults import Faults, nearest, show
from qamctl.spec.rows import Rows, rows_of
from qamctl.spec.task_fields import PARTNERS, SPREAD, TASKS

#: What tasks share that are meant together: the field, the label (None: agents), the group, and the largest skew.
Group = tuple[str, str | None, str, int]


def read_rules(
    rows: Rows, ids: tuple[str, ...], index: Mapping[str, int], modes: ReadModes, faults: Faults
) -> tuple[Rule, ...]:
    """The rules of all tasks: pairs in the order of the tasks that name them, then groups."""
    pairs: dict[Rule, None] = {}
    groups: dict[Group, list[int]] = {}
    for kind in ("near", "apart"):
        _read_partners(kind, rows, ids, index, pairs, groups, faults)
    _read_spreads(rows, groups, faults)
    _check_crews(rows, modes, faults)
    found = [Rule(kind, label, tuple(tasks), skew) for (kind, label, _, skew), tasks in groups.items()]
    return (*pairs, *found)


def _read_partners(
    kind: str, rows: Rows, ids: tuple[str, ...], index: Mapping[str, int], pairs: dict[Rule, None],
    groups: dict[Group, list[int]], faults: Faults,
) -> None:  # fmt: skip
    """The entries of `near` or `apart`: task ids, and mappings of a label and a group."""
    column = rows.columns.get(kind)
    if column is None:
        return
    mappings: list[dict[str, Any]] = []
    owners: list[tuple[int, int]] = []
    for row, cell in enumerate(column.cells):
        if cell in (None, ""):
            continue
        entries = _cell_entries(cell, index) if isinstance(cell, str) else cell
        if type(entries) is not list:
            form = "must be a list of task ids or {label, group}"
            faults.add(rows.path(row, kind), f"{form}, found {show(cell)}", f"write [{cell}]")
            continue
        for k, entry in enumerate(entries):
            path = (*rows.path(row, kind), k)
            if type(entry) is dict:
                mappings.append(entry)
                owners.append((row, k))
            elif type(entry) is not str:
                faults.add(path, f"must be a task id or {{label, group}}, found {show(entry)}")
            elif entry not in index:
                faults.add(path, f"unknown task {show(entry)}", nearest(entry, index))
            elif index[entry] == row:
                faults.add(path, f"{show(ids[row])} is {kind} to itself" if kind == "near" else
                           f"{show(ids[row])} is apart from itself", "remove it")  # fmt: skip
            else:
                pairs.setdefault(Rule(kind, None, (row, index[entry])))
    inner = rows_of(mappings, lambda i: (*rows.path(owners[i][0], kind), owners[i][1]))
    check_names(inner, TASKS[kind], faults)
    label, group = PARTNERS
    both = zip(names(inner, label, faults), coded(inner, group, read_name, "", faults).list(), strict=True)
    for i, (key, name) in enumerate(both):
        if key is None and not name:
            if not faults.within(inner.at(i)):
                faults.add(inner.at(i), "needs a label or a group")
            continue
        _join(groups, (kind, key, name, 0), owners[i][0])


def _cell_entries(cell: str, index: Mapping[str, int]) -> list[Any]:
    """The entries of a table cell: task ids, and `@label/group`, of which either may be left out."""
    entries: list[Any] = []
    for part in cell.split("|"):
        if part in index or not part.startswith("@"):
            entries.append(part)
            continue
        label, _, group = part[1:].partition("/")
        entries.append({"label": label or None, "group": group or None})
    return entries


def _read_spreads(rows: Rows, groups: dict[Group, list[int]], faults: Faults) -> None:
    inner, owner = inner_rows(rows, SPREAD, faults)
    check_names(inner, SPREAD, faults)
    labels = names(inner, SPREAD["label"], faults)
    skews = integers(inner, SPREAD["max_skew"], faults).tolist()
    group_names = coded(inner, SPREAD["group"], read_name, "", faults).list()
    first: dict[tuple[str, str], tuple[int, int]] = {}
    for i, (label, skew, group) in enumerate(zip(labels, skews, group_names, strict=True)):
        if label is None:
            continue
        known, row = first.setdefault((label, group), (skew, int(owner[i])))
        if known != skew:
            faults.add(
                inner.path(i, "max_skew"),
                f"is {skew}, and {known} in row {row + 1}, for the same label and group",
                "write the same number in both, or name another group",
            )
            continue
        _join(groups, ("spread", label, group, skew), int(owner[i]))


def _join(groups: dict[Group, list[int]], key: Group, task: int) -> None:
    members = groups.setdefault(key, [])
    if not members or members[-1] != task:
        members.append(task)


def _check_crews(rows: Rows, modes: ReadModes, faults: Faults) -> None:
    """Refuse rules about the agents of tasks that need none."""
    nobody = np.array([who == () for who in modes.agents.values], bool)[modes.agents.codes]
    alone = np.logical_and.reduceat(nobody, modes.first_mode[:-1]) if rows.n else nobody
    for name in ("near", "apart", "spread"):
        for row in np.flatnonzero(alone & present(rows, name)).tolist():
            faults.add(rows.path(row, name), f"`{name}` asks something of agents, but the task needs none")
