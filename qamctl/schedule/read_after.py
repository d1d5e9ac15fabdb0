"""Precedence: `after` in both its notations, mappings in YAML and `id:SS+lag` in table cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, repeat
from typing import Any

import numpy as np

from qamctl.schedule.precedence import find_cycle
from qamctl.schedule.spec import KINDS, MICRO, Precedence
from qamctl.spec.decode import PIECE, Coded, Ints, check_names, choices, coded, names
from qamctl.spec.faults import Faults, Hint, Refusal, nearest, show
from qamctl.spec.moments import Clock, Times, times
from qamctl.spec.quantities import read_quantity
from qamctl.spec.rows import Rows, rows_of
from qamctl.spec.source import Path_
from qamctl.spec.task_fields import LINK
from qamctl.spec.time import TimeAxis

_TYPED = re.compile(r"(.+):(FS|SS|FF|SF)\Z").match


@dataclass(slots=True)
class Links:
    """Precedence while lags are not yet ticks: entry e says that task owner[e] comes after task pred[e].

    Attributes
    ----------
    pred
        -1 where the reference is unknown (a fault then).
    lags
        The lags of the entries at some positions; those of all others are 0.
    data
        What every entry sends, in millionths.
    """

    rows: Rows
    owner: Ints
    pred: Ints
    kind: Ints
    lags: Times
    at: Ints
    data: Ints
    path: Callable[[int], Path_]

    def precedence(self, axis: TimeAxis, ids: Sequence[str], faults: Faults) -> Precedence:
        """The valid entries as columns; a self-reference or a cycle is a fault."""
        lag = np.zeros(len(self.owner), np.int64)
        lag[self.at] = self.lags.ticks(axis, round_up=True, absent=0, faults=faults)
        own = self.pred == self.owner
        for entry in np.flatnonzero(own).tolist():
            faults.add(self.path(entry), f"{show(ids[self.owner[entry]])} comes after itself")
        keep = slice(None) if self.pred.min(initial=0) >= 0 and not own.any() else (self.pred >= 0) & ~own
        pred, succ = self.pred[keep].astype(np.int32), self.owner[keep].astype(np.int32)
        # Rows that stand in a topological order, as generators write them, need no search for a cycle.
        if (pred > succ).any():
            cycle = find_cycle(len(ids), pred, succ)
            if cycle:
                walk = [str(ids[task]) for task in [*cycle, cycle[0]]]
                if len(walk) > 20:
                    walk = [*walk[:10], f"... {len(walk) - 20} more ...", *walk[-10:]]
                faults.add(self.rows.path(cycle[0], "after"), f"precedence cycle: {' -> '.join(walk)}")
        return Precedence(pred, succ, self.kind[keep].astype(np.int8), lag[keep], self.data[keep])


def read_after(rows: Rows, index: Mapping[str, int], clock: Clock, faults: Faults) -> Links:
    """The `after` entries of all tasks, in order."""
    column = rows.columns.get("after")
    if column is None:
        return _links(rows, [], [], faults, Rows(0), [])
    if column.text:
        return _from_cells(rows, column.cells, index, clock, faults)
    owners, entries, place = _entries(rows, column.cells, faults)
    pred = [index.get(entry, -1) if type(entry) is str else -1 for entry in entries]
    mappings = [e for e, entry in enumerate(entries) if type(entry) is dict]
    paths: Callable[[int], Path_] = lambda e: (*rows.path(owners[e], "after"), place[e])  # noqa: E731
    for e, entry in enumerate(entries):
        if pred[e] < 0 and type(entry) is str:
            faults.add(paths(e), f"unknown task {show(entry)}", _advice(entry, index))
        elif type(entry) not in (str, dict):
            faults.add(paths(e), f"must be a task id or {{task, type, lag, data}}, found {show(entry)}")
    inner = rows_of([entries[e] for e in mappings], lambda i: paths(mappings[i]))
    check_names(inner, LINK, faults)
    for i, name in enumerate(names(inner, LINK["task"], faults)):
        pred[mappings[i]] = index.get(name, -1) if name is not None else -1
        if name is not None and name not in index:
            faults.add((*inner.at(i), "task"), f"unknown task {show(name)}", nearest(name, index))
    links = _links(rows, owners, pred, faults, inner, mappings, times(inner, LINK["lag"], clock, faults))
    links.kind[mappings] = [KINDS.index(kind) for kind in choices(inner, LINK["type"], faults)]
    links.data[mappings] = coded(inner, LINK["data"], _millionths, 0, faults).list()
    links.path = paths
    return links


def _links(
    rows: Rows, owners: Sequence[int], pred: Sequence[int], faults: Faults, inner: Rows, at: Sequence[int],
    lags: Times | None = None,
) -> Links:  # fmt: skip
    owner = np.array(owners, np.int64)
    lags = lags or times(inner, LINK["lag"], Clock(), faults)
    kind = np.zeros(len(owner), np.int64)
    return Links(
        rows,
        owner,
        np.array(pred, np.int64),
        kind,
        lags,
        np.array(at, np.int64),
        np.zeros(len(owner), np.int64),
        lambda e: rows.path(int(owner[e]), "after"),
    )


def _millionths(cell: Any, text: bool) -> int:
    return int(read_quantity(cell, text) * MICRO)


def _entries(rows: Rows, cells: Sequence[Any], faults: Faults) -> tuple[list[int], list[Any], list[int]]:
    """The entries of all lists in one, with their tasks and their places in the lists."""
    lists = []
    for row, cell in enumerate(cells):
        if cell is not None and type(cell) is not list:
            hint = f"write [{cell}]" if type(cell) is str and len(cell) < 60 else None
            faults.add(rows.path(row, "after"), f"must be a list of tasks, found {show(cell)}", hint)
            cell = None
        lists.append(cell or [])
    owners = [row for row, entries in enumerate(lists) for _ in entries]
    place = [k for entries in lists for k in range(len(entries))]
    return owners, list(chain.from_iterable(lists)), place


def _from_cells(rows: Rows, cells: Sequence[str], index: Mapping[str, int], clock: Clock, faults: Faults) -> Links:
    """Entries of table cells: `id`, `id+lag`, `id-lag`, `id:SS+lag`, joined by `|`."""
    owner, pred, other = _plain_entries(cells, index)
    kind = np.zeros(len(owner), np.int64)
    at: list[int] = []
    lags: list[Fraction | None] = []
    for e, entry in other.items():
        try:
            pred[e], kind[e], lag = _entry(entry, index, clock)
        except Refusal as refusal:
            faults.refuse(rows.path(int(owner[e]), "after"), refusal)
            continue
        at.append(e)
        lags.append(lag)
        clock.integral &= lag.denominator == 1
    places = Rows(len(at), {}, lambda i: rows.at(int(owner[at[i]])))
    found = Times(places, LINK, None, Coded(np.arange(len(at), dtype=np.int32), lags))
    nothing = np.zeros(len(owner), np.int64)
    place: Callable[[int], Path_] = lambda e: rows.path(int(owner[e]), "after")  # noqa: E731
    return Links(rows, owner, pred, kind, found, np.array(at, np.int64), nothing, place)


def _plain_entries(cells: Sequence[str], index: Mapping[str, int]) -> tuple[Ints, Ints, dict[int, str]]:
    """Tasks and predecessors of all entries, -1 and the text by position where an entry is no plain id."""
    owners: list[Ints] = [np.zeros(0, np.int64)]
    preds: list[Ints] = [np.zeros(0, np.int64)]
    other: dict[int, str] = {}
    n = 0
    for first in range(0, len(cells), PIECE):
        piece = cells[first : first + PIECE]
        filled = list(filter(None, piece))
        if not filled:
            continue
        entries = "|".join(filled).split("|")
        bars = np.fromiter(map(str.count, filled, repeat("|")), np.int64, len(filled))
        rows = first + np.flatnonzero(np.fromiter(map(bool, piece), bool, len(piece)))
        found = np.fromiter(map(index.get, entries, repeat(-1)), np.int64, len(entries))
        other.update((n + e, entries[e]) for e in np.flatnonzero(found < 0).tolist())
        owners.append(np.repeat(rows, bars + 1))
        preds.append(found)
        n += len(entries)
    return np.concatenate(owners), np.concatenate(preds), other


def _entry(text: str, index: Mapping[str, int], clock: Clock) -> tuple[int, int, Fraction]:
    """Task, type and lag of an entry that is no plain id; signs and colons may belong to the id."""
    readings = []
    for sign in [len(text), *(i for i, c in enumerate(text[:200]) if c in "+-" and i)]:
        name, kind = text[:sign], "FS"
        typed = _TYPED(name)
        if name not in index and typed:
            name, kind = typed[1], typed[2]
        if name not in index:
            continue
        try:
            lag = clock.units(text[sign:], True, moment=False) if text[sign:] else Fraction(0)
        except Refusal:
            continue
        readings.append((index[name], KINDS.index(kind), lag))
    if len(readings) > 1:
        raise Refusal(f"{show(text)} can be read in {len(readings)} ways", "rename the tasks, or write tasks in YAML")
    if not readings:
        name = re.sub(r"(:(FS|SS|FF|SF))?([+-][0-9P.].*)?\Z", "", text[:200])
        raise Refusal(f"unknown task {show(name if name not in index else text)}", nearest(name, index))
    return readings[0]


def _advice(entry: str, index: Mapping[str, int]) -> Hint:
    name = re.sub(r"(:(FS|SS|FF|SF))?([+-][0-9P].*)?\Z", "", entry[:200])
    if name != entry and name in index:
        return f"in a list write {{task: {name}, type: ..., lag: ...}}"
    return nearest(entry, index)
