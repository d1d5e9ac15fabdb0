"""Whatever stands in a result file, the checker says what is wrong with it and never fails itself."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from reason.check.cases import DELETED, changed, fields, solved
from reason.check.test_result import DATA, NAMES, PAIR, PRUNED, Made, made

import qamctl.reason.check.solution
from qamctl.reason.check import DISCREPANCIES, check_result
from qamctl.reason.check.question import Ints
from qamctl.reason.check.recompute import Truth, recompute
from qamctl.reason.spec import ReasonSpec

__all__ = ["made"]


@pytest.fixture(autouse=True)
def computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What holds of a spec does not change with the result, and takes most of the time."""
    known: dict[tuple[int, bytes], tuple[ReasonSpec, Truth]] = {}

    def once(spec: ReasonSpec, keep: Ints | None = None) -> Truth:
        key = id(spec), b"" if keep is None else keep.tobytes()
        if key not in known:
            known[key] = spec, recompute(spec, keep)
        return known[key][1]

    monkeypatch.setattr(qamctl.reason.check.solution, "recompute", once)


#: What files of JSON may hold in place of anything, and a little more.
ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 0.5, -0.0, 1e300, 1e308, 10**400, math.nan, math.inf, -math.inf, "", "a", "e", "go",
    "\udc80", "x" * 500, [], {}, [None], [0, 1], [1, 0], [[]], {"a": None}, {"table": "x.csv"},
    {"table": "../x", "sha256": "0"}, {"table": "\0", "sha256": "0"}, {"a": {"b": [1]}}, DELETED,
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_any_field(made: Made, name: str) -> None:
    """Every field of every form of a result takes every odd value without a failure."""
    spec, result = made(name)
    ways = [way for way, _ in fields(result) if not way.startswith("provenance/versions")]
    rng = np.random.default_rng(len(name))
    few = [ways[k] for k in rng.permutation(len(ways))[:24]]
    for way in [way for way in ways if way.count("/") < 2] + few:
        values = [ODD[k] for k in rng.permutation(len(ODD))[:5]]
        for value in values:
            found = check_result(changed(result, way, value), spec)
            assert all(row.kind in DISCREPANCIES for row in found)
            assert all(len(str(row)) < 1500 for row in found)


def test_two_fields(made: Made) -> None:
    """Two odd values at once do not make it fail either."""
    rng = np.random.default_rng(7)
    for name in NAMES:
        spec, result = made(name)
        ways = [way for way, _ in fields(result)]
        for _ in range(30):
            one, other = (ways[k] for k in rng.integers(len(ways), size=2))
            first = changed(result, one, ODD[rng.integers(len(ODD))])
            try:
                both = changed(first, other, ODD[rng.integers(len(ODD))])
            except (KeyError, IndexError, TypeError, ValueError):
                continue  # the first one has taken its place away
            check_result(both, spec)


@pytest.mark.parametrize("value", ODD)
def test_no_result_at_all(made: Made, value: Any) -> None:
    """What is no result file is malformed, or nothing of it holds."""
    if value is DELETED:
        return
    spec, _ = made("exact")
    found = check_result(value, spec)
    assert found
    assert isinstance(value, dict) or found[0].kind == "malformed"


def test_keys_of_all_sorts(made: Made) -> None:
    """Keys that JSON does not have are no traceback."""
    spec, result = made("exact")
    for key in (1, None, True, (1, 2), 1.5):
        for way in ("solution/posterior", "solution/counts", "terms", "solution/actions", "provenance/tables"):
            assert check_result(changed(result, way, {key: 1}), spec)


def test_forms_are_mixed_up() -> None:
    """The blocks of one form in the place of another's are discrepancies."""
    specs = [solved(DATA), solved(PRUNED, compiled=False), solved(PAIR, "statevector"), solved(DATA, "statevector")]
    for spec, one, _ in specs:
        for _, other, _ in specs:
            if one is other:
                continue
            for key in ("solution", "attempts", "terms", "levels", "objective", "status"):
                if one[key] != other[key]:
                    assert check_result({**one, key: other[key]}, spec), key
