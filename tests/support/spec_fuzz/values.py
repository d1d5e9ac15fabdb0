"""A value for a field of a problem file, by its declaration: mostly what the field takes, now and then what it can't.

A field that is declared is fuzzed: nothing here names one. A type that is not known here yet gets anything at all.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from typing import Any

from qamctl.spec.fields import Field

#: Names that are seldom ids of a file.
NAMES = ("x", "t1", "0", "none", "any", "Ä", "a|b", "k=v", "t1+2", " ", "")

#: What breaks readers.
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 0.5, -0.25, 1e-7, 1e15, 1e300, 2**31, 2**63, 2**64, 10**30, float("inf"),
    float("nan"), "", "x", "1", "PT5M", "-PT5M", "2026-12-01", "2026-12-01T00:00:00Z", "FS", "a b", "\x07", "Z0 Z1",
    [], [[]], [1], ["x"], {}, {"a": 1}, {"a": {}}, {"id": "x"}, [{}], [{"id": "x"}], {"table": "rows.csv"},
    {"csv": "id\nx\n"},
)  # fmt: skip

#: Records in records are left out below this depth.
DEPTH = 4


def value_of(field: Field, rng: random.Random, names: Sequence[str], depth: int = 0) -> Any:
    """A value for the field, or for one of its other forms.

    Parameters
    ----------
    names
        Those of the file, which most names are taken from.
    """
    if rng.random() < 0.05:
        return odd(rng)
    field = rng.choice((field, *field.forms))
    few = rng.choice((0, 1, 1, 2, 3))
    match field.type:
        case "text" | "origin":
            return rng.choice(("2026-12-01T00:00:00Z", *_names(rng, names, 9)))
        case "choice":
            return rng.choice(field.choices)
        case "flag":
            return rng.random() < 0.5
        case "integer":
            return int(_number(field, rng))
        case "number" | "speed" | "quantity":
            return rng.choice((_number(field, rng), int(_number(field, rng))))
        case "duration" | "lag" | "moment":
            return rng.choice((rng.randrange(9), rng.randrange(-3, 20) / 2, "PT1M", "P1D", "2026-12-01T08:00:00Z"))
        case "texts" | "names" | "performers" | "places":
            return rng.choice(("any", "none", _names(rng, names, few), _words(field, rng, names, few)))
        case "quantities" | "figures" | "numbers" | "terms" | "weights":
            return {name: _number(field, rng) for name in _names(rng, names, few)}
        case "levels":
            return rng.choice((_names(rng, names, few), {name: rng.randrange(4) for name in _names(rng, names, few)}))
        case "labels":
            return dict(zip(_names(rng, names, few), _names(rng, names, few), strict=True))
        case "requirements":
            return {name: rng.choice((name, _names(rng, names, few))) for name in _names(rng, names, few)}
        case "objective":
            levels = [{rng.choice(field.choices): _number(field, rng) for _ in range(1 + few)} for _ in range(1 + few)]
            return rng.choice((levels, levels[0]))
        case "record":
            return record(field, rng, names, depth)
        case "records" | "rows" | "links" | "partners":
            rows: list[Any] = [record(field, rng, names, depth) for _ in range(few)]
            return rows + _names(rng, names, few) if field.type in ("links", "partners") else rows
        case "variables":
            return rng.choice((rng.randrange(9), _names(rng, names, few)))
        case "couplings" | "pairs":
            return [[*_names(rng, names, 2), *_numbers(rng, rng.choice((1, 1, 2)))] for _ in range(few)]
        case "groups" | "bits":
            own = [rng.randrange(5), *_names(rng, names, 3)]
            return [[rng.choice(own) for _ in range(1 + few)] for _ in range(few)]
        case "strings":
            return [[rng.choice(("ZZ", "XI", "Z0 Z1", "Y2", "ZQ")), *_numbers(rng, 1)] for _ in range(few)]
        case "chances":
            row = [rng.choice((0, 0.25, 0.5, 1)) for _ in range(1 + few)]
            return rng.choice((row, [row] * few))
        case "intervals" | "periods":
            return [[rng.randrange(-1, 20) for _ in range(2 + (field.type == "periods"))] for _ in range(few)]
        case _:
            return odd(rng)


def odd(rng: random.Random) -> Any:
    """Something that breaks readers, a copy: it may be edited later."""
    return copy.deepcopy(rng.choice(ODD))


def record(field: Field, rng: random.Random, names: Sequence[str], depth: int = 0) -> dict[str, Any]:
    """A mapping with some of the field's own fields, the required ones as a rule."""
    if depth >= DEPTH:
        return {}
    share = rng.choice((0.1, 0.3, 0.7))
    return {
        inner.name: value_of(inner, rng, names, depth + 1)
        for inner in field.fields
        if rng.random() < (0.95 if inner.required else share)
    }


def _number(field: Field, rng: random.Random) -> float:
    """Within the field's bounds as a rule, often at them, now and then just beyond."""
    low = 0.0 if field.low is None else field.low
    high = 100.0 if field.high is None else field.high
    inside = min(high, low + rng.choice((0, 1, 2, 3, 0.5, 1.25, 7, 60)))
    if rng.random() < 0.05:
        return rng.choice((low - 1, high * 2))
    return rng.choice((inside, inside, inside, inside, low, high, rng.uniform(low, min(high, low + 9))))


def _numbers(rng: random.Random, count: int) -> list[float]:
    return [rng.randrange(-4, 5) / 2 for _ in range(count)]


def _names(rng: random.Random, names: Sequence[str], count: int) -> list[str]:
    return [rng.choice(names if names and rng.random() < 0.9 else NAMES) for _ in range(count)]


def _words(field: Field, rng: random.Random, names: Sequence[str], count: int) -> list[str]:
    return [rng.choice(field.choices or names or NAMES) for _ in range(count)]
