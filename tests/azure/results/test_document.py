"""Outputs as documents: lists of bits in little memory, and every fault of the JSON told."""

from __future__ import annotations

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.azure.results.document import Row, load
from qamctl.azure.results.fault import Unreadable

SCALARS = st.none() | st.booleans() | st.integers(-3, 12) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    SCALARS | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=30,
)  # fmt: skip


def plain(value: object) -> object:
    """The document with its rows as the lists that they were."""
    if isinstance(value, Row):
        return [int(bit) for bit in value]
    if isinstance(value, list):
        return [plain(part) for part in value]
    return {key: plain(part) for key, part in value.items()} if isinstance(value, dict) else value


@given(JSON, st.sampled_from([None, 1, 3]))
def test_reads_what_the_standard_reader_reads(document: object, indent: int | None) -> None:
    """Any JSON document is read as Python's own reader reads it, but for lists of bits, which are rows."""
    text = json.dumps(document, indent=indent)
    assert json.dumps(plain(load(text.encode()))) == json.dumps(json.loads(text))


@pytest.mark.parametrize("text", ["[0,1,2]", "[ 0 , 1,\t2 ]", "[\n 0,\r\n 1,\n 2\n]", "[0, 1, 2]"])
def test_list_of_bits_is_a_row(text: str) -> None:
    """A list of 0, 1 and 2 is its characters, however it is spaced."""
    row = load(text.encode())
    assert isinstance(row, Row)
    assert row == "012"


@pytest.mark.parametrize("text", ["[]", "[3]", "[01, 0]", "[0.0]", '["0"]', "[0, null]", "[[0]]", "[-1]", "[true]"])
def test_other_lists_stay_lists(text: str) -> None:
    """A list with anything else in it is a list, or no JSON at all."""
    if text == "[01, 0]":
        with pytest.raises(Unreadable, match="not JSON"):
            load(text.encode())
    else:
        assert type(load(text.encode())) is list


def test_equal_rows_are_one_object() -> None:
    """Equal lists of bits are kept once, so that memory grows with the distinct ones."""
    first, second, other = load(b"[[0, 1], [0,1], [1, 1]]")
    assert first is second
    assert first is not other


def test_memory_does_not_grow_with_python_lists() -> None:
    """100,000 shots of 20 bits, of which 4 differ, take less than 3 times their text, where lists took 12 times."""
    data = json.dumps([[i % 2] * 10 + [i % 4 // 2] * 10 for i in range(100_000)]).encode()
    tracemalloc.start()
    try:
        rows = load(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(rows) == 100_000
    assert peak < 3 * len(data)


def test_byte_order_mark_is_passed_over() -> None:
    """Storage services put a byte order mark before their text."""
    assert load("\ufeff{}".encode()) == {}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"{ input: 'data' }", r"it is not JSON: .*\(line 1, column 3\)"),
        (b'{"a":\n [0, 1', r"it is not JSON: .*line 2"),
        (b"[0, 1] 2", "it is not JSON: Extra data"),
        (b'"\xff"', r"it is not UTF-8 \(byte 2\)"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b'{"a":' * 100_000, "it is nested too deeply"),
        (b"[" + b"9" * 5_000 + b"]", "it has a number of thousands of digits"),
        (b"[NaN]", "NaN is no number"),
        (b'{"c": -Infinity}', "-Infinity is no number"),
        (b'{"a": 1, "b": 2, "b": 3}', "it has `b` twice"),
    ],
)
def test_says_what_is_wrong(data: bytes, reason: str) -> None:
    """An output that is no document is refused with the reason."""
    with pytest.raises(Unreadable, match=reason):
        load(data)
