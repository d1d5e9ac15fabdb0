"""The spec that refers to tables: what it says, what its comments name, and that any path survives."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.formats.table_spec import Table, table_spec
from qamctl.spec.schedule_fields import SCHEDULE
from qamctl.spec.schema import table_cell
from qamctl.spec.yaml_text import load_yaml

TABLES = {
    "tasks": Table("tasks.csv", 1200, ("id", "duration")),
    "agents": Table("data/agents.parquet", 1, ("id", "skills", "speed")),
}


def test_it_says_where_the_rows_are_and_nothing_else() -> None:
    """Without its comments the spec is four lines."""
    assert [line for line in table_spec(TABLES).splitlines() if line and not line.startswith("#")] == [
        "kind: schedule",
        "version: 1",
        "agents: {table: data/agents.parquet}",
        "tasks: {table: tasks.csv}",
    ]


def test_comments_say_what_is_there_and_what_may_be_added() -> None:
    """Rows are counted, columns listed; every field of this version that is not used stands in a comment."""
    text = table_spec(TABLES)
    assert "# Who does the work: 1 row with id, skills, speed.\n" in text
    assert "# What is to be done: 1,200 rows with id, duration.\n" in text
    assert "# resources: {table: resources.csv}\n" in text
    for name, table in TABLES.items():
        for inner in SCHEDULE[name].fields:
            if table_cell(inner) is not None and inner.name not in table.columns:
                assert re.search(rf"^#   {inner.name}  ", text, re.MULTILINE), inner.name
    for field in SCHEDULE.fields:
        assert re.search(rf"^(# )?( *{field.name}  |{field.name}: )", text, re.MULTILINE), field.name
    assert max(map(len, text.splitlines())) <= 120


def test_resources_that_agents_hold_are_rows() -> None:
    """Where no table lists them, their names are in the spec, in whatever form they need."""
    text = table_spec(TABLES, held=["gpu", "1st floor"])
    assert load_yaml(text.encode(), "x")["resources"] == [{"id": "gpu"}, {"id": "1st floor"}]


def test_due_times_that_do_not_count_yet_are_told() -> None:
    """Without an objective only the makespan counts, which a reader of due times may not expect."""
    due = {"tasks": Table("tasks.csv", 2, ("id", "duration", "due"))}
    assert "Tasks have due times: they count once a term" in table_spec(due)
    assert "due times" not in table_spec(TABLES)


def test_a_clock_that_is_given_is_no_comment() -> None:
    """Unit and origin stand in the spec as they were given."""
    text = table_spec(TABLES, unit="h", origin="2026-11-20T20:00:00+00:00")
    assert load_yaml(text.encode(), "x")["time"] == {"unit": "h", "origin": "2026-11-20T20:00:00+00:00"}
    assert load_yaml(table_spec(TABLES, unit="null").encode(), "x")["time"] == {"unit": "null"}


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_any_path_reads_back(path: str) -> None:
    """Whatever a table is called, the spec refers to it."""
    assert load_yaml(table_spec({"tasks": Table(path, 0, ())}).encode(), "x")["tasks"] == {"table": path}


def test_a_path_that_no_file_can_hold_is_refused() -> None:
    """A name that is not text in any encoding can't be written."""
    with pytest.raises(ValueError, match="surrogate"):
        table_spec({"tasks": Table("\udcff.csv", 0, ())})
