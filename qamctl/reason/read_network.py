"""Bayesian networks in a reason spec: variables, their tables, what is asked for and what was observed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from typing import Any, Final

import numpy as np

from qamctl.reason.spec import Floats, Network, Paths
from qamctl.spec.cells import read_labels, read_names
from qamctl.spec.decode import check_names, coded, ids
from qamctl.spec.faults import Faults, Refusal, nearest, show
from qamctl.spec.numbers import exact
from qamctl.spec.reason_fields import NODES, REASON
from qamctl.spec.rows import Rows

#: Entries of one table, and combinations of values that may be asked for.
MOST_ENTRIES: Final = 1 << 20
MOST_ANSWERS: Final = 1 << 16

#: How far from 1 the chances of a row may sum for whoever wrote decimals.
ROUNDING: Final = 1e-6

#: Between the values of a path that stands for several variables.
JOINT: Final = "|"


def read_network(rows: Rows, root: Rows, faults: Faults) -> tuple[Network, Paths] | None:
    """The network, and the paths that its query stands for; None after a fault."""
    before = faults.count
    check_names(rows, NODES, faults)
    listed, index = ids(rows, NODES["id"], faults)
    none: tuple[str, ...] = ()
    usual = tuple(NODES["values"].default)
    values = coded(rows, NODES["values"], read_names, usual, faults).list()
    for row, mine in enumerate(values):
        if len(mine) < 2:
            faults.add(rows.path(row, "values"), "must have at least two values")
    named = coded(rows, NODES["parents"], read_names, none, faults).list()
    parents = [_parents(rows, row, names, index, faults) for row, names in enumerate(named)]
    if not rows.n:
        return None
    # What stands in for a field that was refused would only make other fields look wrong.
    unknown = {row for row in range(rows.n) if faults.within(rows.path(row, "values"))}
    loose = {row for row in range(rows.n) if faults.within(rows.path(row, "parents"))}
    if faults.count == before:
        _refuse_cycle(rows, listed, parents, faults)
    tables = []
    for row, mine in enumerate(parents):
        if row in loose or not unknown.isdisjoint((*mine, row)):
            continue
        tables.append(_table(rows, row, tuple(len(values[one]) for one in (*mine, row)), faults))
    query = _query(rows, root, index, values, faults)
    observed = _observed(root, index, values, query, unknown, faults)
    if faults.count > before:
        return None
    network = Network(listed, values, parents, tables, query, observed)
    return network, _answers(network)


def _parents(rows: Rows, row: int, names: Sequence[str], index: Mapping[str, int], faults: Faults) -> tuple[int, ...]:
    found = []
    for i, name in enumerate(names):
        if name in index:
            found.append(index[name])
        else:
            faults.add((*rows.path(row, "parents"), i), f"unknown variable {show(name)}", nearest(name, index))
    return tuple(found)


def _refuse_cycle(rows: Rows, names: Sequence[str], parents: Sequence[tuple[int, ...]], faults: Faults) -> None:
    children: list[list[int]] = [[] for _ in parents]
    missing = [len(mine) for mine in parents]
    for row, mine in enumerate(parents):
        for parent in mine:
            children[parent].append(row)
    free = [row for row, count in enumerate(missing) if not count]
    for row in free:
        for child in children[row]:
            missing[child] -= 1
            if not missing[child]:
                free.append(child)
    left = set(range(len(parents))).difference(free)
    if not left:
        return
    way: dict[int, None] = {}
    row = min(left)
    while row not in way:
        way[row] = None
        row = min(left.intersection(parents[row]))
    cycle = list(way)[list(way).index(row) :]
    first = cycle.index(min(cycle))
    cycle = [*cycle[first:], *cycle[:first], cycle[first]]
    shown = " <- ".join(names[row] for row in cycle)
    faults.add(rows.path(cycle[0], "parents"), f"variables depend on each other in a circle: {shown}", "break it")


def _table(rows: Rows, row: int, shape: tuple[int, ...], faults: Faults) -> Floats:
    """[parents..., own] chances that sum to 1 for each combination of the parents' values."""
    path = rows.path(row, "table")
    even = np.full(shape, 1 / shape[-1])
    if prod(shape) > MOST_ENTRIES:
        message = f"would have {prod(shape):,} entries: at most {MOST_ENTRIES:,} are taken"
        faults.add(path, f"`table` {message}", "give the variable fewer parents")
        return even
    column = rows.columns.get("table")
    cell = None if column is None else column.cells[row]
    if column is None or cell == column.absent:
        return even  # the missing field was noted
    if column.text and isinstance(cell, str):
        cell = [part.split("|") for part in cell.split("/")]
        cell = cell[0] if len(shape) == 1 and len(cell) == 1 else cell
    if len(shape) == 1 and isinstance(cell, list) and any(isinstance(entry, list) for entry in cell):
        faults.add(path, "must be one list of probabilities, since the variable has no parents")
        return even
    entries = [cell] if len(shape) == 1 else cell
    combinations = prod(shape[:-1])
    if not isinstance(entries, list) or len(entries) != combinations:
        found = f"a list of {len(entries)}" if isinstance(entries, list) else show(cell)
        wanted = f"a list for each of the {combinations} combinations of its parents' values"
        faults.add(path, f"must have {wanted}, found {found}")
        return even
    out = np.empty((combinations, shape[-1]))
    for k, entry in enumerate(entries):
        place = path if len(shape) == 1 else (*path, k)
        try:
            out[k] = _chances(entry, shape[-1], column.text)
        except Refusal as refusal:
            faults.refuse(place, refusal)
            return even
    return out.reshape(shape)


def _chances(entry: Any, size: int, text: bool) -> list[float]:
    if not isinstance(entry, list) or len(entry) != size:
        found = f"a list of {len(entry)}" if isinstance(entry, list) else show(entry)
        raise Refusal(f"must hold a probability for each of its {size} values, found {found}")
    chances = []
    for i, cell in enumerate(entry):
        way = () if text else (i,)
        try:
            chance = float(exact(cell, text=text))
        except Refusal as refusal:
            raise Refusal(refusal.message, refusal.hint, way) from None
        if not 0 <= chance <= 1:
            raise Refusal(f"must be a number from 0 to 1, found {show(cell)}", None, way)
        chances.append(chance)
    total = sum(chances)
    if abs(total - 1) > ROUNDING:
        raise Refusal(f"must sum to 1, and sums to {total:.9g}")
    return [chance / total for chance in chances]


def _query(
    rows: Rows, root: Rows, index: Mapping[str, int], values: Sequence[Sequence[str]], faults: Faults
) -> tuple[int, ...]:
    column = root.columns.get("query")
    cell = None if column is None else column.cells[0]
    if cell is None:
        faults.add((), "`query` is missing", "name the variables that are asked for")
        return ()
    words = cell if isinstance(cell, list) and cell else [cell]
    found: list[int] = []
    for i, word in enumerate(words):
        path = ("query", i) if words is cell else ("query",)
        if not isinstance(word, str) or word not in index:
            hint = nearest(word, index) if isinstance(word, str) else None
            faults.add(path, f"must name a variable of the network, found {show(word)}", hint)
        elif index[word] in found:
            faults.add(path, f"`query` names {show(word)} twice")
        else:
            found.append(index[word])
    answers = prod(len(values[node]) for node in found)
    if answers > MOST_ANSWERS:
        message = f"`query` asks for {answers:,} combinations of values: at most {MOST_ANSWERS:,} are taken"
        faults.add(("query",), message, "ask for fewer variables")
    for node in found if len(found) > 1 else ():
        for value in values[node]:
            if JOINT in value:
                message = f"must not hold `{JOINT}`, which joins the values of variables that are asked for together"
                faults.add(rows.path(node, "values"), message, f"rename {show(value)}")
    return tuple(found)


def _observed(
    root: Rows, index: Mapping[str, int], values: Sequence[Sequence[str]], query: Sequence[int], unknown: set[int],
    faults: Faults,
) -> dict[int, int]:  # fmt: skip
    before = faults.count
    nothing: Mapping[str, str] = {}
    told = coded(root, REASON["observed"], read_labels, nothing, faults).list()[0]
    out = {}
    for name, value in told.items():
        path = ("observed", name)
        if name not in index:
            faults.add(path, f"unknown variable {show(name)}", nearest(name, index))
        elif index[name] in unknown:
            continue
        elif value not in values[index[name]]:
            message = f"must be one of {', '.join(values[index[name]])}, found {show(value)}"
            faults.add(path, message, nearest(value, values[index[name]]))
        elif index[name] in query:
            faults.add(path, f"{show(name)} is asked for, and can't be observed", "remove it here, or from `query`")
        else:
            out[index[name]] = values[index[name]].index(value)
    return out if faults.count == before else {}


def _answers(network: Network) -> Paths:
    """The combinations of values that are asked for, the last variable's changing fastest."""
    names = [JOINT.join(combination) for combination in product(*(network.values[node] for node in network.query))]
    even = np.full(len(names), 1 / len(names))
    return Paths(
        tuple(names), even, np.zeros(len(names)), np.arange(len(names), dtype=np.int32), tuple(names),
        [()] * len(names),
    )  # fmt: skip
