"""A model written out as a problem file of `kind: model`, in YAML or JSON, its long lists in tables if need be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from qamctl.errors import Location
from qamctl.formats.models.build import Objective, Rows, sums
from qamctl.formats.models.parsed import Parsed
from qamctl.formats.models.spec_variables import Variables, read_variables
from qamctl.qubo.model import EQ, GE, LE
from qamctl.spec.cells import split_map
from qamctl.spec.decode import check_names, choices, coded, names, numbers
from qamctl.spec.faults import Faults, Refusal, show
from qamctl.spec.fields import Field
from qamctl.spec.header import check_kind, read_root, read_solver
from qamctl.spec.model_fields import CONSTRAINTS, LINEAR, MODEL, MODEL_SOLVER, QUADRATIC
from qamctl.spec.numbers import exact
from qamctl.spec.reader import no_collection, parse_source
from qamctl.spec.rows import Column
from qamctl.spec.rows import Rows as Cells
from qamctl.spec.source import Path_
from qamctl.spec.table import Tables, read_rows

_SENSES = {"<=": LE, "==": EQ, ">=": GE}


def read(raw: bytes, label: str, file: Path | None) -> Parsed:
    """The model in a spec, or every fault of it at once.

    Raises
    ------
    SpecError
        With line and column of each fault.
    UnsupportedError
        A side table needs a package that is not installed.
    """
    data, source = parse_source(raw, label, file)
    check_kind(data, source, "model")
    with no_collection():
        faults = Faults(source)
        tables: Tables = {}
        root = read_root(data, MODEL, faults)
        solver = read_solver(root, MODEL_SOLVER, faults)
        variables = read_variables(data.get("variables"), faults)

        def table(field: Field, inline: Callable[[Any, Faults], Cells]) -> Cells:
            value = data.get(field.name)
            elsewhere = isinstance(value, dict) and len(value) == 1 and isinstance(next(iter(value.values())), str)
            if value is None or (elsewhere and value.keys() <= {"table", "csv"}):
                cells = read_rows(value, (field.name,), source.base, tables, faults)
            else:
                cells = inline(value, faults)
            check_names(cells, field, faults)
            return cells

        cells = table(LINEAR, _weights)
        own = variables.codes(cells, "variable", faults)
        linear = sums(own, numbers(cells, LINEAR["weight"], faults), variables.n)
        cells = table(QUADRATIC, _couplings)
        row, col = variables.codes(cells, "i", faults), variables.codes(cells, "j", faults)
        weight = numbers(cells, QUADRATIC["weight"], faults)
        groups = _groups(data.get("groups"), variables, faults)
        cells = read_rows(data.get("constraints"), ("constraints",), source.base, tables, faults)
        rows, at = _rows(groups, cells, variables, faults)
        offset = float(numbers(root, MODEL["offset"], faults)[0])
        sense = choices(root, MODEL["sense"], faults)[0]
        name = names(root, MODEL["name"], faults)[0]
        faults.check()
    objective = Objective(linear, row, col, weight, offset)

    def place(constraint: int | None) -> Location:
        return source.locate(() if constraint is None else at(constraint))

    source = replace(source, tables=tables)
    return Parsed(objective, rows, variables.labels, sense, place, name, source, solver)


def _weights(value: Any, faults: Faults) -> Cells:
    """The rows of an inline mapping."""
    if not isinstance(value, dict):
        wanted = "{variable: weight}, {table: FILE} or {csv: TEXT}"
        faults.add((LINEAR.name,), f"must be {wanted}, found {show(value)}")
        value = {}
    keys = list(value)
    columns = {"variable": Column(keys), "weight": Column(list(value.values()))}
    return Cells(len(keys), columns, lambda row: (LINEAR.name, keys[row]))


def _couplings(value: Any, faults: Faults) -> Cells:
    """The rows of an inline list of triples."""
    if not isinstance(value, list):
        wanted = "a list of [i, j, weight], {table: FILE} or {csv: TEXT}"
        faults.add((QUADRATIC.name,), f"must be {wanted}, found {show(value)}")
        value = []
    places = [k for k, item in enumerate(value) if type(item) is list and len(item) == 3]
    if len(places) < len(value):
        for k in sorted(set(range(len(value))) - set(places)):
            faults.add((QUADRATIC.name, k), f"must be [i, j, weight], found {show(value[k])}")
    columns = {key: Column([value[k][cell] for k in places]) for cell, key in enumerate(("i", "j", "weight"))}
    return Cells(len(places), columns, lambda row: (QUADRATIC.name, places[row]))


def _groups(value: Any, variables: Variables, faults: Faults) -> list[list[int]]:
    """The members of each group."""
    if value is None:
        return []
    if not isinstance(value, list):
        faults.add(("groups",), f"must be a list of lists of variables, found {show(value)}")
        return []
    groups: list[list[int]] = []
    for g, cell in enumerate(value):
        members: list[int] = []
        if not isinstance(cell, list) or not cell:
            found = "an empty list" if cell == [] else show(cell)
            faults.add(("groups", g), f"must be a list of at least one variable, found {found}")
            cell = []
        for k, item in enumerate(cell):
            try:
                member = variables.code(item, False)
                # Where the variables could not be read, every name has the same code.
                if variables.known and member in members:
                    raise Refusal(f"must not repeat a variable, found {show(item)} again")
                members.append(member)
            except Refusal as refusal:
                faults.refuse(("groups", g, k), refusal)
        groups.append(members)
    return groups


def _rows(
    groups: Sequence[Sequence[int]], cells: Cells, variables: Variables, faults: Faults
) -> tuple[Rows, Callable[[int], Path_]]:
    """Groups and constraints as rows, groups first, and the path of a row."""
    check_names(cells, CONSTRAINTS, faults)

    def read_terms(cell: Any, text: bool) -> dict[int, float]:
        cell = split_map(cell) if text else cell
        if not isinstance(cell, dict):
            raise Refusal(f"must be {{variable: number}}, found {show(cell)}")
        out: dict[int, float] = {}
        for name, number in cell.items():
            try:
                variable = variables.code(name, True)
            except Refusal as refusal:  # it names the variable
                raise Refusal(refusal.message, refusal.hint, (name,)) from None
            try:
                out[variable] = float(exact(number, text=text))
            except Refusal as refusal:
                raise Refusal(f"{show(name)} {refusal.message}", refusal.hint, (name,)) from None
        return out

    nothing: dict[int, float] = {}
    terms = coded(cells, CONSTRAINTS["terms"], read_terms, nothing, faults).list()
    senses = [_SENSES[word] for word in choices(cells, CONSTRAINTS["sense"], faults)]
    rhs = numbers(cells, CONSTRAINTS["rhs"], faults)
    titles = [name or "" for name in names(cells, CONSTRAINTS["name"], faults)]
    members = [dict.fromkeys(group, 1.0) for group in groups] + terms
    rows = Rows(
        np.cumsum([0, *map(len, members)]).astype(np.int64),
        np.array([i for row in members for i in row], np.int64),
        np.array([value for row in members for value in row.values()], float),
        np.array([EQ] * len(groups) + senses, np.int64),
        np.concatenate([np.ones(len(groups)), rhs]),
        [""] * len(groups) + titles,
        np.arange(len(members)) < len(groups),
    )
    return rows, lambda row: ("groups", row) if row < len(groups) else cells.at(row - len(groups))
