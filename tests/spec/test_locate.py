"""Fields are found again in the file: line and column of their key, of their item, of their cell."""

from __future__ import annotations

from pathlib import Path

import pytest

from qamctl.errors import Location
from qamctl.spec.reader import read_source
from qamctl.spec.source import Path_, Source, dotted

YAML = """\
kind: schedule
tasks:
  - {id: a, demand: {cpu: 1}}
  - id: b
    after: [a, {task: a, lag: 3}]
alias: &x {p: 1}
again: *x
"""
JSON = """{"kind": "schedule",
 "tasks": [{"id": "\\u0061", "demand": {"cpu": 1}},
   {"id": "b", "after": ["a", {"task": "a"}]}]}
"""


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("kind",), (1, 1)),
        (("tasks",), (2, 1)),
        (("tasks", 0), (3, 5)),
        (("tasks", 0, "demand"), (3, 13)),
        (("tasks", 0, "demand", "cpu"), (3, 22)),
        (("tasks", 1, "after", 1, "lag"), (5, 26)),
        (("tasks", 1, "after", 1, "missing"), (5, 16)),  # the nearest thing around it
        (("tasks", 7, "id"), (2, 1)),
        (("again", "p"), (7, 1)),
        ((), (1, 1)),
    ],
)
def test_places_in_yaml(path: Path_, place: tuple[int, int], tmp_path: Path) -> None:
    """Keys and items are found by line and column."""
    file = tmp_path / "plan.yaml"
    file.write_text(YAML)
    assert read_source(file)[1].locate(path) == Location(str(file), *place)


@pytest.mark.parametrize("name", ["plan.json", "json.yaml"])
def test_places_in_json(name: str, tmp_path: Path) -> None:
    """JSON is located by its own tokens, whatever the file is called."""
    file = tmp_path / name
    file.write_text(JSON)
    places = read_source(file)[1].places([("tasks", 0, "demand", "cpu"), ("tasks", 1, "after", 1)])
    assert [(p.line, p.column) for p in places] == [(2, 40), (3, 31)]


def test_places_in_a_side_table(tmp_path: Path) -> None:
    """A cell of a table is file, line and cell number, quoted line breaks and blank lines counted."""
    (tmp_path / "tasks.csv").write_text('id,duration,labels\n"a","3","x=a\nb"\n\nb,4,\n')
    file = tmp_path / "plan.yaml"
    file.write_text("kind: schedule\ntasks: {table: tasks.csv}\n")
    source = read_source(file)[1]
    wanted: list[Path_] = [
        ("tasks", 0, "duration"),
        ("tasks", 1, "labels"),
        ("tasks", 1),
        ("tasks", -1, "id"),
        ("tasks",),
    ]
    table = str(tmp_path / "tasks.csv")
    assert source.places(wanted) == [
        Location(table, 2, 2), Location(table, 5, 3), Location(table, 5), Location(table, 1, 1),
        Location(str(file), 2, 1),
    ]  # fmt: skip


def test_places_in_csv_text(tmp_path: Path) -> None:
    """A row of CSV text within the spec is found on its line of the spec."""
    file = tmp_path / "plan.yaml"
    file.write_text("kind: schedule\ntasks:\n  csv: |\n    id,duration\n    a,3\n    b,4\n")
    assert read_source(file)[1].locate(("tasks", 1, "duration")) == Location(str(file), 6)


def test_a_table_that_went_away_is_located_in_the_spec(tmp_path: Path) -> None:
    """Where the table cannot be read again its name is still told."""
    file = tmp_path / "plan.yaml"
    file.write_text("kind: schedule\ntasks: {table: tasks.csv}\nagents: {table: 3}\n")
    source = read_source(file)[1]
    assert source.locate(("tasks", 1, "id")) == Location(str(tmp_path / "tasks.csv"))
    assert source.locate(("agents", 1, "id")) == Location(str(file), 3, 1)


def test_data_without_a_file_is_located_by_path() -> None:
    """Fields of Python data are called by their path."""
    source = Source("x", None, b"", "")
    assert str(source.locate(("tasks", 3, "duration"))) == "tasks[3].duration"
    assert str(source.locate(())) == "the spec"
    assert dotted(("a", 1, 2, "b")) == "a[1][2].b"
