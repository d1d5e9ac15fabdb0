"""The fast path for long runs of flow rows reads what the YAML loader reads, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qamctl.errors import SpecError
from qamctl.spec import flow_rows
from qamctl.spec.flow_rows import load_rows
from qamctl.spec.yaml_text import load_yaml

WORDS = st.sampled_from(
    ["a", "t-1", "J0.1", "_x", "null", "true", "no", "e5", "7", "-3", "0", "1.5", "-0.25", "007", "1.", ".5", "0x1F",
     "1e3", "2026-11-20", "a b", "1_0", "-", "", "x:y", "~", "NaN", "-a", "2x", "9999999999999999999"]
)  # fmt: skip
VALUES = st.one_of(
    WORDS,
    st.lists(WORDS, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
    st.lists(st.tuples(WORDS, WORDS), max_size=3).map(lambda items: f"{{{', '.join(f'{k}: {v}' for k, v in items)}}}"),
)
ROWS = st.lists(st.tuples(WORDS, VALUES), min_size=1, max_size=3).map(
    lambda items: "{" + ", ".join(f"{key}: {value}" for key, value in items) + "}"
)


def outcome(text: str) -> object:
    try:
        return load_yaml(text.encode(), "x")
    except SpecError:
        return None


def long_text(row: str, *, indent: str = "  ", before: str = "tasks:\n", after: str = "name: x\n") -> str:
    plain = "".join(f"{indent}- {{id: t{i}, duration: {i}, skills: [plan, code]}}\n" for i in range(1500))
    return f"{before}{plain}{indent}- {row}\n{plain.replace('id: t', 'id: u')}{after}"


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_a_row_means_the_same_on_both_paths(row: str) -> None:
    """Whatever a row holds, the fast path gives exactly the YAML loader's data, types included, or steps back."""
    text = long_text(row)
    fast = load_rows(text, "x")
    assert fast is None or repr(fast) == repr(outcome(text))


def test_the_fast_path_is_taken_for_plain_rows() -> None:
    """Plain rows, constants among them, are read fast, with other items between the runs."""
    text = long_text("{id: z, ok: null, up: true, demand: {cpu: 1.5}}").replace(
        "  - {id: u7,", "  # note\n  - {id: u7,"
    )
    fast = load_rows(text, "x")
    assert fast is not None
    assert fast == outcome(text)
    assert len(fast["tasks"]) == 3001


@pytest.mark.parametrize(
    ("before", "after", "indent"),
    [
        ("csv: |\n", "name: x\n", "  "),  # text that only looks like rows
        ("tasks:\n  inner:\n", "name: x\n", "    "),  # a list that is no top-level one
        ("tasks:\n", "name: [\n", "  "),  # a fault below
        ("", "", ""),  # the root is a list
        ("tasks:\n", 'name: "\\x020"\n', "  "),  # an escape
    ],
)
def test_the_fast_path_steps_back_where_anything_is_odd(before: str, after: str, indent: str) -> None:
    """Runs in a block of text, deeper lists, faults and escapes are left to the YAML loader."""
    assert load_rows(long_text("{id: z}", before=before, after=after, indent=indent), "x") is None


def test_a_duplicate_key_in_a_run_is_left_to_the_loader_that_tells_where() -> None:
    """A duplicate key within a fast run is found, and its line comes from the YAML loader."""
    text = long_text("{id: z, id: y}")
    assert load_rows(text, "x") is None
    with pytest.raises(SpecError) as caught:
        load_yaml(text.encode(), "x")
    assert str(caught.value.diagnostics[0].location) == "x:1502:13"


def test_short_files_do_not_take_the_fast_path() -> None:
    """A short file is read by the YAML loader alone."""
    assert len("tasks: []") < flow_rows.LEAST_TEXT
    assert load_rows("tasks: []", "x") is None
