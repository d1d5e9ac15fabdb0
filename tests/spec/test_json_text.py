"""JSON text to plain data, as strictly as YAML."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.errors import SpecError
from qamctl.spec.json_text import load_json, tokens

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(PLAIN)
def test_json_is_read_as_the_standard_library_reads_it(data: object) -> None:
    """Valid JSON gives what `json` gives."""
    text = json.dumps(data, indent=1)
    assert load_json(text, "x") == data
    assert json.loads("".join(token.text for token in tokens(text))) == data


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        ('{"a": 1 2}', "1:9", "not valid JSON"),
        ('{"a":\n {"b": 1, "b": 2}}', "2:11", "second time"),
        ('[{"a": 1}, [{"c": ":"}],\n {"a": 1, "\\u0061": 2}]', "2:11", "second time"),
        ('{"a": [1,\n NaN]}', "2:2", "NaN"),
        ('{"a": -Infinity}', "1:7", "Infinity"),
        (f'{{"a": {"9" * 30}}}', "1:7", "30 digits"),
        ('{"a": 1e999}', "1:7", "too large"),
        ("[" * 70 + "]" * 70, "1:65", "64 deep"),
        ("[" * 100_000 + "]" * 100_000, "1:65", "64 deep"),
    ],
)
def test_json_faults_have_a_place(text: str, place: str, word: str) -> None:
    """Duplicates, NaN, huge numbers and depth are faults with line and column."""
    with pytest.raises(SpecError) as caught:
        load_json(text, "x.json")
    (fault,) = caught.value.diagnostics
    assert (str(fault.location), word in fault.message) == (f"x.json:{place}", True)


def test_wide_data_is_not_deep() -> None:
    """Many containers side by side are no nesting."""
    assert load_json(json.dumps([[]] * 200), "x") == [[]] * 200
