"""The context and the steps of a reason spec: what paths turn into, and what happens in turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qamctl.reason.spec import EVOLVE, EVOLVE_WORD, Context
from qamctl.spec.cells import read_names
from qamctl.spec.decode import check_names, coded, inner_rows, integers, numbers
from qamctl.spec.faults import Faults, nearest, show
from qamctl.spec.figures import figures
from qamctl.spec.reason_fields import CONTEXT, COUPLINGS, REASON
from qamctl.spec.references import references
from qamctl.spec.rows import Column, Rows
from qamctl.spec.table import Tables, read_rows

_CELLS = [field.name for field in COUPLINGS.fields]


def read_context(
    root: Rows, n: int, index: Mapping[str, int] | None, base: Path, tables: Tables, faults: Faults
) -> Context | None:
    """The Hermitian matrix over n paths, and for how long it acts; None where there is no context."""
    rows, _ = inner_rows(root, CONTEXT, faults)
    check_names(rows, CONTEXT, faults)
    if not rows.n:
        return None
    column = rows.columns.get("couplings")
    cells = _couplings(None if column is None else column.cells[0], base, tables, faults)
    check_names(cells, COUPLINGS, faults)
    one = references(cells, COUPLINGS["one"], index, "path", faults)
    other = references(cells, COUPLINGS["other"], index, "path", faults)
    value = numbers(cells, COUPLINGS["real"], faults) + 1j * numbers(cells, COUPLINGS["imaginary"], faults)
    kept = _hermitian(cells, one, other, value, faults)
    low, high = np.minimum(one, other)[kept], np.maximum(one, other)[kept]
    coupling = np.where(one > other, value.conj(), value)[kept]
    field = np.nan_to_num(figures(rows, CONTEXT["fields"], index, "path", faults))
    return Context(
        low, high, coupling, field[0] if field.shape[1] == n else np.zeros(n),
        float(numbers(rows, CONTEXT["time"], faults)[0]), int(integers(rows, CONTEXT["trotter"], faults)[0]),
    )  # fmt: skip


def _couplings(value: Any, base: Path, tables: Tables, faults: Faults) -> Rows:
    """Inline lists [path, path, real, imaginary], or rows of a table."""
    path = ("context", COUPLINGS.name)
    if not isinstance(value, list):
        return read_rows(value, path, base, tables, faults)
    places = [k for k, item in enumerate(value) if type(item) is list and len(item) in (3, 4)]
    for k in sorted(set(range(len(value))) - set(places)):
        message = f"must be [path, path, real part] or [path, path, real, imaginary], found {show(value[k])}"
        faults.add((*path, k), message)
    columns = {
        name: Column([value[k][cell] if cell < len(value[k]) else None for k in places])
        for cell, name in enumerate(_CELLS)
    }
    return Rows(len(places), columns, lambda row: (*path, places[row]))


def _hermitian(cells: Rows, one: Any, other: Any, value: Any, faults: Faults) -> list[int]:
    """The rows that say something new; those that contradict an earlier one are faults."""
    first: dict[tuple[int, int], int] = {}
    kept = []
    for row, (a, b) in enumerate(zip(one.tolist(), other.tolist(), strict=True)):
        if a < 0 or b < 0:
            continue
        if a == b:
            hint = "the diagonal stands in `fields`"
            faults.add(cells.at(row), f"couples {show(cells.columns['one'].cells[row])} with itself", hint)
            continue
        before = first.setdefault((min(a, b), max(a, b)), row)
        if before == row:
            kept.append(row)
            continue
        told = value[before] if one[before] == a else np.conj(value[before])
        if value[row] != told:
            ends = " and ".join(show(cells.columns[name].cells[row]) for name in ("one", "other"))
            message = f"couples {ends} by {_number(value[row])}, and by entry {before + 1} it is {_number(told)}"
            faults.add(cells.at(row), f"{message}: the matrix is not Hermitian", "keep one of the two")
    return kept


def _number(value: complex) -> str:
    return f"{value.real:.15g}" if value.imag == 0 else f"{value.real:.15g}{value.imag:+.15g}i"


def read_steps(
    root: Rows, evidence: Sequence[str], index: Mapping[str, int], context: bool, faults: Faults
) -> tuple[tuple[int, ...], list[str]]:
    """Rows of the evidence and `EVOLVE`, in turn, and what the user should know of them."""
    column = root.columns.get("steps")
    if column is None or column.cells[0] is None:
        return (*range(len(evidence)), *([EVOLVE] if context else [])), []
    words = column.cells[0]
    if not isinstance(words, list):
        none: tuple[str, ...] = ()
        coded(root, REASON["steps"], read_names, none, faults)  # says what is wrong
        return (), []
    steps = []
    for i, word in enumerate(words):
        if word == EVOLVE_WORD:
            if not context:
                faults.add(("steps", i), "`evolve` needs a `context`", "add one, or remove the step")
            steps.append(EVOLVE)
        elif isinstance(word, str) and word in index:
            steps.append(index[word])
        else:
            hint = nearest(word, [*index, EVOLVE_WORD]) if isinstance(word, str) else None
            faults.add(("steps", i), f"must be the id of evidence, or {EVOLVE_WORD}, found {show(word)}", hint)
    idle = [] if faults.count else [name for row, name in enumerate(evidence) if row not in steps]
    notes = [f"evidence {', '.join(idle[:5])}{'...' if len(idle) > 5 else ''} is in no step, and says nothing"]
    return tuple(steps), notes if idle else []
