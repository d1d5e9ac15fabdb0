"""What is said of a table's columns: fields pass, foreign names get a word that fits, nothing is guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.errors import SpecError
from qamctl.formats.table_columns import NAMES, check_columns
from qamctl.spec.faults import Faults
from qamctl.spec.plain import plain_source
from qamctl.spec.rows import Column, Rows
from qamctl.spec.schedule_fields import SCHEDULE
from qamctl.spec.schema import table_cell

NEEDED = {"tasks": ("id", "duration"), "agents": ("id",), "resources": ("id",)}


def said(name: str, *columns: str, resources: tuple[str, ...] = ()) -> dict[str, str | None]:
    """The faults of a header, each message with its hint."""
    faults = Faults(plain_source({}, "x", None)[1])
    rows = Rows(0, {column: Column([], text=True) for column in columns}, header=(name,))
    check_columns(rows, SCHEDULE[name], NEEDED[name], resources, faults)
    try:
        faults.check()
    except SpecError as error:
        return {fault.message: fault.hint for fault in error.diagnostics}
    return {}


@pytest.mark.parametrize("name", NEEDED)
def test_every_field_that_a_cell_can_hold_is_a_column(name: str) -> None:
    """The declarations of the reader say which, so that none is forgotten."""
    assert said(name, *(inner.name for inner in SCHEDULE[name].fields if table_cell(inner) is not None)) == {}


@pytest.mark.parametrize(
    ("name", "column", "hint"),
    [
        ("tasks", "Task Name", "call it `id`"),
        ("tasks", "ID", "call it `id`"),
        ("tasks", "hours", "call it `duration`, and say --unit h"),
        ("tasks", "duration_min", "call it `duration`, and say --unit min"),
        ("tasks", "estimate", "call it `duration`"),
        ("tasks", "depends-on", "call it `after`; a cell is t1|t2+5|t3:SS-PT1M"),
        ("tasks", "priority", "call it `weight`"),
        ("tasks", "end", "call it `deadline` (latest end, hard) or `due` (wished end; being later is tardiness)"),
        ("tasks", "durration", "did you mean `duration`?"),
        ("tasks", "colour", None),
        ("tasks", "modes", "a table can't hold it: write such rows in a spec"),
        ("tasks", "gpu", "write gpu=AMOUNT in a column `demand`"),
        ("agents", "worker", "call it `id`"),
        ("agents", "gpu", "write gpu=AMOUNT in a column `capacity`"),
        ("agents", "hourly_rate", "call it `cost`; a cell is fixed=FIXED|per_time=PER_TIME"),
        ("resources", "amount", "call it `capacity`"),
    ],
)
def test_a_foreign_name_is_told_what_it_should_be(name: str, column: str, hint: str | None) -> None:
    """The hint names the field and the form of a cell, or where the content goes."""
    assert said(name, column, resources=("gpu",))[f"the column `{column}` is no field of {name}"] == hint


def test_two_columns_of_one_meaning() -> None:
    """Where the field itself is there, the other column is not to be called the same."""
    assert said("tasks", "id", "name", "duration") == {
        "the column `name` is no field of tasks": "the table has `id` too: leave one of them out"
    }


def test_a_needed_column_is_missed_once() -> None:
    """A column that is meant to be the needed one is a fault already; where there is none, the need is told."""
    assert said("tasks", "task", "hours").keys() == {
        "the column `task` is no field of tasks", "the column `hours` is no field of tasks",
    }  # fmt: skip
    assert said("tasks", "due") == {
        "the table has no column `id`": "it holds name of the task",
        "the table has no column `duration`": "it holds how long it takes at speed 1; or `modes`",
    }


def test_another_separator_is_told() -> None:
    """A spreadsheet's semicolons make one column of all."""
    for separator in ";\t":
        assert list(said("tasks", f"id{separator}duration").values()) == ["separate cells by commas"]


def test_names_lead_to_fields() -> None:
    """Every field of the table of foreign names is one that a cell can hold, and is not among its own names."""
    for name, fields in NAMES.items():
        for inner, words in fields.items():
            assert table_cell(SCHEDULE[name][inner]) is not None
            assert inner not in words.split()


@given(st.sampled_from(sorted(NEEDED)), st.lists(st.text(min_size=1), unique=True, max_size=4))
def test_any_header_is_judged(name: str, columns: list[str]) -> None:
    """Whatever the columns are called, each that is no field is told of, once."""
    fields = {inner.name for inner in SCHEDULE[name].fields if table_cell(inner) is not None}
    strangers = [column for column in columns if column not in fields]
    told = [message for message in said(name, *columns) if "is no field" in message or "has one column" in message]
    assert len(told) == len(strangers)
