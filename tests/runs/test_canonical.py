"""JSON for people, and JSON for hashes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.runs.canonical import canonical, dumps, line

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@given(values)
def test_reads_back_exactly(value: object) -> None:
    """All three layouts hold the same value, integers and floats told apart."""
    for text in (dumps(value), line({"v": value})[len('{"v": ') : -1]):
        assert repr(json.loads(text)) == repr(json.loads(json.dumps(value)))


@given(st.dictionaries(st.text(), values))
def test_canonical_forgets_the_order_of_keys(data: dict[str, object]) -> None:
    """Equal mappings have equal canonical text whatever the order of their keys."""
    assert canonical(data) == canonical(dict(reversed(data.items())))
    assert json.loads(canonical(data)) == data


def test_numpy_becomes_plain_numbers() -> None:
    """Numpy scalars and arrays are written as numbers and lists."""
    value = {"i": np.int64(3), "f": np.float64(0.1), "b": np.bool_(True), "a": np.arange(3), "s": np.float32(0.5)}
    assert json.loads(dumps(value)) == {"i": 3, "f": 0.1, "b": True, "a": [0, 1, 2], "s": 0.5}
    assert canonical(np.int32(5)) == "5"


def test_other_known_types() -> None:
    """Paths, date-times and read-only mappings have a form."""
    value = {"p": Path("/a/b"), "t": datetime(2026, 1, 2, tzinfo=UTC), "m": MappingProxyType({"k": 1})}
    assert json.loads(dumps(value)) == {"p": "/a/b", "t": "2026-01-02T00:00:00+00:00", "m": {"k": 1}}


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf"), np.float64("nan")])
def test_no_nan(bad: float) -> None:
    """NaN and infinities are refused, wherever they stand."""
    for write in (dumps, canonical):
        with pytest.raises(ValueError, match="not JSON compliant"):
            write({"a": [1, bad]})


def test_unknown_types_are_refused() -> None:
    """What has no form in JSON is an error, not its repr."""
    with pytest.raises(TypeError, match="object has no form in JSON"):
        dumps({"a": object()})


def test_layout_has_a_line_for_each_field_and_row() -> None:
    """Top-level fields and the rows of a long list stand on lines of their own, in insertion order."""
    rows = [{"task": f"t{i}", "start": i, "end": i + 1} for i in range(4)]
    text = dumps({"z": 1, "a": {"rows": rows}, "e": {}})
    assert text.splitlines() == [
        "{",
        ' "z": 1,',
        ' "a": {',
        '  "rows": [',
        *[f'   {{"task": "t{i}", "start": {i}, "end": {i + 1}}}{"," if i < 3 else ""}' for i in range(4)],
        "  ]",
        " },",
        ' "e": {}',
        "}",
    ]
    assert text.endswith("}\n")


def test_text_that_is_not_utf8_survives() -> None:
    """A lone surrogate, as a file name that is not UTF-8 brings, is written as an escape and reads back."""
    value = {"name": "é\udc80\ud800."}
    for text in (dumps(value), canonical(value), line(value)):
        assert json.loads(text.encode()) == value
