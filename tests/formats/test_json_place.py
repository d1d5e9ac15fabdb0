"""Places in a JSON text: every value is found where it stands, and what stands too deep is found as well."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qamctl.formats.json_place import place, too_deep

KEYS = st.text(max_size=4)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), KEYS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)


def paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(path, value), *(found for key, item in inner for found in paths(item, (*path, key)))]


@settings(deadline=None)
@given(VALUES, st.sampled_from([None, 0, 2]))
def test_every_value_is_found(value: Any, indent: int | None) -> None:
    """At the line and column of a path stands the text of its value."""
    text = json.dumps(value, indent=indent)
    for path, item in paths(value):
        line, column = place(text, path)
        rest = "\n".join(text.split("\n")[line - 1 :])[column - 1 :]
        assert json.JSONDecoder().raw_decode(rest)[0] == item


def test_what_is_not_there_is_at_the_start() -> None:
    """A path that leads nowhere gives the text's start."""
    assert place('{"a": [1]}', ("a", 7)) == (1, 1)


@pytest.mark.parametrize(
    ("text", "place"), [("[[\n[[1]]]]", (2, 2)), ("[[[]], [[]], [\n[ [1]]]]", (2, 3)), ('[[["[[[["]]]', (1, 1))]
)
def test_the_first_bracket_too_deep_is_found(text: str, place: tuple[int, int]) -> None:
    """Depth counts open brackets, not those in strings or closed before."""
    assert too_deep(text, 3) == place
