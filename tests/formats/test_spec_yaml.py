"""The writer of problem files: what it writes reads back as the same data, in any YAML version, and looks well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from qamctl.formats.spec_yaml import write_spec
from qamctl.schedule.read import schedule_from_data
from qamctl.spec.reader import read_source

ODD = [
    "no", "Yes", "on", "NULL", "~", "", "1e3", "012", "0x1F", "1_000", "1:30", "a: b", "a #b", "- x", "? x",
    "!t", "&a", "*a", "<<", "=", ".inf", ".nan", "-.5", "+1", "2026-11-20", "{", "]", "a,b", '"', "'", "%x",
    "@x", "`x", " x", "x ", "a\nb", "\t", "\x00", "\x7f", "\x85", "\ufeff", "\u2028", "\ufffe", "😀", "|",
    ">", "key", "J0.1", "a/b-c_d",
]  # fmt: skip
TEXT = st.one_of(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.sampled_from(ODD))
PRINTABLE = TEXT.filter(str.isprintable)
NUMBERS = st.one_of(st.integers(-(10**15), 10**15), st.floats(allow_nan=False, allow_infinity=False))


def values(text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        st.one_of(st.none(), st.booleans(), NUMBERS, text),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
        max_leaves=12,
    )


@settings(deadline=None)
@given(st.dictionaries(TEXT, values(TEXT), max_size=5))
def test_any_yaml_reader_reads_the_same_data_back(data: dict[str, Any]) -> None:
    """Text, numbers, nesting and keys of every kind survive PyYAML's YAML 1.1."""
    again = yaml.load(write_spec(data), Loader=yaml.CSafeLoader)
    assert (again or {}) == data
    assert repr(again or {}) == repr(data)


@settings(deadline=None)
@given(rows=st.lists(st.dictionaries(PRINTABLE, values(PRINTABLE), max_size=4), max_size=4), ids=st.lists(PRINTABLE))
def test_our_reader_reads_the_same_data_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], ids: list[str]
) -> None:
    """What the writer writes, `read_source` gives back, rows with ids among it."""
    data = {
        "kind": "schedule",
        "version": 1,
        "rows": [{"id": id_} | row for id_, row in zip(ids, rows, strict=False)],
        "other": rows,
    }
    path = tmp_path_factory.getbasetemp() / "written.yaml"
    path.write_text(write_spec(data), encoding="utf-8")
    assert read_source(path)[0] == data


@settings(deadline=None)
@given(st.lists(PRINTABLE.filter(lambda id_: bool(id_.strip())), unique=True, min_size=1, max_size=6))
def test_ids_of_every_kind_stay_text(tmp_path_factory: pytest.TempPathFactory, ids: list[str]) -> None:
    """Ids such as `no`, `1e3` or `a: b` reach the schedule as they are."""
    tasks = [{"id": id_, "duration": 1} | ({"after": [ids[k - 1]]} if k else {}) for k, id_ in enumerate(ids)]
    path = tmp_path_factory.getbasetemp() / "ids.yaml"
    path.write_text(write_spec({"kind": "schedule", "version": 1, "tasks": tasks}), encoding="utf-8")
    assert schedule_from_data(read_source(path)[0]).tasks.ids == tuple(ids)


def test_the_text_has_a_modeline_and_one_row_a_line() -> None:
    """A header for editors, small things in flow style on one line, and rows with ids one a line."""
    data = {
        "kind": "schedule",
        "version": 1,
        "time": {"unit": "s", "resolution": 0.001},
        "objective": [{"tardiness": 1}, {"makespan": 1}],
        "agents": [],
        "tasks": [{"id": "a", "duration": 1.5, "demand": {"cpu": 2}}, {"id": "no", "duration": 3, "after": ["a"]}],
    }
    assert write_spec(data, comment=["Two tasks.", ""]) == (
        "# yaml-language-server: $schema=schedule.schema.json\n"
        "# Two tasks.\n"
        "#\n"
        "kind: schedule\n"
        "version: 1\n"
        "time: {unit: s, resolution: 0.001}\n"
        "objective: [{tardiness: 1}, {makespan: 1}]\n"
        "agents: []\n"
        "tasks:\n"
        "  - {id: a, duration: 1.5, demand: {cpu: 2}}\n"
        '  - {id: "no", duration: 3, after: [a]}\n'
    )


def test_tables_without_ids_and_csv_stand_in_blocks() -> None:
    """More than three rows are a table wherever they stand, and so is CSV text; what is small stays on its line."""
    data = {
        "kind": "cluster",
        "moves": {"per_pair": 2, "pairs": {"csv": "from,to,cost\na,b,1\n"}},
        "links": [{"a": "u", "b": "v"}] * 4,
        "balance": {"ratios": [{"ratio": 1}] * 3},
    }
    assert write_spec(data) == (
        "# yaml-language-server: $schema=cluster.schema.json\n"
        "kind: cluster\n"
        "moves:\n"
        "  per_pair: 2\n"
        "  pairs:\n"
        "    csv: |\n"
        "      from,to,cost\n"
        "      a,b,1\n"
        "links:\n" + "  - {a: u, b: v}\n" * 4 + "balance: {ratios: [{ratio: 1}, {ratio: 1}, {ratio: 1}]}\n"
    )


LINES = st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126)), max_size=5)
BLOCKS = st.recursive(
    st.one_of(
        LINES.map(lambda lines: "".join(f"{line}\n" for line in lines)),
        st.lists(st.dictionaries(PRINTABLE, TEXT, max_size=2), max_size=6),
    ),
    lambda inner: st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.dictionaries(TEXT, BLOCKS, max_size=4))
def test_blocks_read_back_as_they_were(data: dict[str, Any]) -> None:
    """Tables and texts of several lines survive, whatever is in them and how deep they stand."""
    assert (yaml.load(write_spec(data), Loader=yaml.CSafeLoader) or {}) == data


@pytest.mark.parametrize("number", [1e16, 1e22, 1.5e-7, 5e-324, 1e-5, 0.1, 12.3456, -0.0, 100.0])
def test_numbers_are_exact_and_short(number: float) -> None:
    """A float is written in its shortest exact form, an exponent with the point and sign that YAML 1.1 needs."""
    text = write_spec({"x": number}).split("x: ")[1].strip()
    assert float(text) == number
    assert isinstance(yaml.safe_load(text), float)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (float("nan"), ValueError),
        (float("inf"), ValueError),
        ("\ud800", ValueError),
        (b"x", TypeError),
        ({1: 2}, TypeError),
        ({1, 2}, TypeError),
    ],
)
def test_what_a_problem_file_can_not_hold_is_refused(value: object, error: type[Exception]) -> None:
    """Values without a faithful text are errors, never a file that reads back as something else."""
    with pytest.raises(error):
        write_spec({"x": value})


def test_the_schema_can_be_elsewhere(tmp_path: Path) -> None:
    """The modeline takes the schema's place, with the kind filled in."""
    text = write_spec({"kind": "cluster"}, schema="https://example.org/{kind}.json")
    assert text.startswith("# yaml-language-server: $schema=https://example.org/cluster.json\n")
