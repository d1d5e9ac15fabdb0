"""Edits of a problem's data by the declarations of its kind: fields set, dropped, misspelt, rows copied and moved."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Sequence
from typing import Any

from support.spec_fuzz.values import odd, record, value_of

from qamctl.spec.fields import Field

#: Types whose mappings, or whose items, have fields of their own.
_LISTS = ("rows", "records", "links", "partners")


def edited(data: dict[str, Any], kind: Field, rng: random.Random) -> dict[str, Any]:
    """A copy of a problem's data after a few edits."""
    data, names = copy.deepcopy(data), ids(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        records, lists = [], []
        for value, field in places(data, kind):
            (records if isinstance(value, dict) else lists).append((value, field))
        if lists and rng.random() < 0.25:
            _edit_list(*rng.choice(lists), rng, names)
        elif records:
            _edit_record(*rng.choice(records), rng, names)
    return data


def ids(value: Any) -> list[str]:
    """Every `id` in a problem's data."""
    if isinstance(value, list):
        return [name for item in value for name in ids(item)]
    if not isinstance(value, dict):
        return []
    own = [value["id"]] if isinstance(value.get("id"), str) else []
    return own + [name for item in value.values() for name in ids(item)]


def places(value: Any, field: Field) -> Iterator[tuple[Any, Field]]:
    """Every mapping and list of mappings in the data that a declaration knows, with that declaration."""
    if field.type in _LISTS and isinstance(value, list):
        yield value, field
        for row in value:
            if isinstance(row, dict):
                yield from _inside(row, field)
    elif isinstance(value, dict):
        for form in (field, *field.forms):
            if form.fields:
                yield from _inside(value, form)
                break


def _inside(row: dict[str, Any], field: Field) -> Iterator[tuple[Any, Field]]:
    yield row, field
    for inner in field.fields:
        if inner.name in row:
            yield from places(row[inner.name], inner)


def _edit_record(row: dict[str, Any], field: Field, rng: random.Random, names: Sequence[str]) -> None:
    inner = rng.choice(field.fields)
    match rng.randrange(8):
        case 0:
            row.pop(inner.name, None)
        case 1:
            row[inner.name] = odd(rng)
        case 2:
            row[inner.name + rng.choice(("s", "_", " "))] = row.pop(inner.name, 1)
        case _:
            row[inner.name] = value_of(inner, rng, names)


def _edit_list(rows: list[Any], field: Field, rng: random.Random, names: Sequence[str]) -> None:
    at = rng.randrange(len(rows) + 1)
    match rng.randrange(5):
        case 0:
            del rows[at : at + rng.choice((1, 2, len(rows)))]
        case 1:
            rows[at:at] = copy.deepcopy(rows[at : at + 2])
        case 2:
            rows.insert(at, odd(rng))
        case 3:
            rng.shuffle(rows)
        case _:
            rows.insert(at, record(field, rng, names))
