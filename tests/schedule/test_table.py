"""Assignments as a table: what is written is read back, the same rows, whatever ids and times they hold."""

from __future__ import annotations

import csv
import hashlib
import io
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.schedule import table
from qamctl.schedule.check import check_result
from qamctl.schedule.check.table import read_assignments, read_unscheduled
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.table import COLUMNS, MOST_ROWS, TABLE, UNSCHEDULED, assignments_csv, set_aside, unscheduled_csv

#: What an id may hold: anything on one line.
IDS = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029"), min_size=1, max_size=8)
IDS |= st.sampled_from(["a|b", "\\", "a\\|", "|", "=1+1", "+x", "-x", "@x", 'the "first"', "a,b", " a ", "0..3"])
TIMES = st.integers(-(10**6), 10**12) | st.floats(-1e9, 1e9)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "task": IDS, "agents": st.lists(IDS, max_size=3), "mode": st.none() | IDS, "start": TIMES, "end": TIMES,
            "segments": st.none() | st.lists(st.tuples(TIMES, TIMES).map(list), min_size=1, max_size=3),
        }
    ),
    max_size=5,
)  # fmt: skip


def row(task: str, **more: Any) -> dict[str, Any]:
    """A row of a result."""
    return {"task": task, "agents": ["a"], "mode": None, "start": 0, "end": 3, "segments": None} | more


@given(ROWS)
def test_what_is_written_is_read_back(rows: list[dict[str, Any]]) -> None:
    """Ids keep every character, times their type and value, null stays null."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, TABLE).write_bytes(assignments_csv(rows))
        back = read_assignments(Path(folder), TABLE)
    assert back == rows
    assert [type(one[key]) for one in back for key in ("start", "end")] == [
        type(one[key]) for one in rows for key in ("start", "end")
    ]


def test_the_cells() -> None:
    """Agents as `a|b`, segments as `0..3|5..9`, null empty; moments where the rows have them."""
    rows = [
        row("t1", agents=["a", "b"], segments=[[0, 1], [2.5, 3]]),
        row("=SUM(A1)", agents=[], mode="m|1"),
        row("t3", agents=["x|y", "z\\"]),
    ]
    assert assignments_csv(rows).decode() == (
        "task,agents,mode,start,end,segments\nt1,a|b,,0,3,0..1|2.5..3\n=SUM(A1),,m|1,0,3,\nt3,x\\|y|z\\\\,,0,3,\n"
    )
    dated = [row("t1", start_time="2026-11-20T20:00:00+00:00", end_time="2026-11-20T20:03:00+00:00")]
    assert assignments_csv(dated).decode().splitlines() == [
        "task,agents,mode,start,end,segments,start_time,end_time",
        "t1,a,,0,3,,2026-11-20T20:00:00+00:00,2026-11-20T20:03:00+00:00",
    ]
    assert assignments_csv([]).decode() == ",".join(COLUMNS) + "\n"


def test_few_rows_stay_where_they_are() -> None:
    """Up to the limit of the contract nothing is set aside."""
    block = {"assignments": [row(f"t{k}") for k in range(MOST_ROWS)], "unscheduled": ["x"]}
    assert set_aside(block) == (block, {})
    assert MOST_ROWS == 50_000


def test_very_many_rows_are_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit either list is a table, with its hash in the block; the block that was given is left alone."""
    rows, left_out = [row("t1"), row("t2"), row("t3")], ["t4", "t,5", "t6"]
    block = {"assignments": rows, "unscheduled": left_out}
    monkeypatch.setattr(table, "MOST_ROWS", 2)
    found, tables = set_aside(block)
    assert found == {
        "assignments": {"table": TABLE, "sha256": hashlib.sha256(tables[TABLE]).hexdigest()},
        "unscheduled": {"table": UNSCHEDULED, "sha256": hashlib.sha256(tables[UNSCHEDULED]).hexdigest()},
    }
    assert block["assignments"] is rows
    assert [line["task"] for line in csv.DictReader(io.StringIO(tables[TABLE].decode()))] == ["t1", "t2", "t3"]
    found, tables = set_aside(block | {"unscheduled": []})
    assert (found["unscheduled"], list(tables)) == ([], [TABLE])


def test_tasks_that_are_left_out_are_read(tmp_path: Path) -> None:
    """Each task of the table, by its id; a table without such a column tells nothing of its rows."""
    (tmp_path / UNSCHEDULED).write_bytes(unscheduled_csv(["t,4", "=5"]))
    assert read_unscheduled(tmp_path, UNSCHEDULED) == ["t,4", "=5"]
    (tmp_path / "other.csv").write_text("id\nt1\n")
    assert read_unscheduled(tmp_path, "other.csv") == [None]


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("0..3|5..9", [[0, 3], [5, 9]]), ("0.5..1e-05", [[0.5, 1e-05]]), ("-2..3", [[-2, 3]]),
        ("soon..3", [["soon", 3]]), ("0-3", "0-3"), ("0..3..5", "0..3..5"), ("", None),
    ],
)  # fmt: skip
def test_segments_are_read(tmp_path: Path, cell: str, read: Any) -> None:
    """Pairs of numbers; what is none stays text, which the check names."""
    (tmp_path / TABLE).write_text(f"task,agents,mode,start,end,segments\nt1,a,,0,9,{cell}\n")
    assert read_assignments(tmp_path, TABLE)[0]["segments"] == read


def test_a_table_of_another_result_is_refused(tmp_path: Path) -> None:
    """The hash in the result tells whose table it is."""
    (tmp_path / TABLE).write_bytes(assignments_csv([row("t1")]))
    with pytest.raises(ValueError, match="its hash differs"):
        read_assignments(tmp_path, TABLE, "ab" * 32)


def test_the_checker_reads_what_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From its table as from the result; a table that can't be read is told."""
    data = {"kind": "schedule", "version": 1, "agents": [{"id": "a"}], "objective": {"unscheduled": 1}, "tasks": [
        {"id": "t1", "duration": 3}, {"id": "t2", "duration": 3, "optional": True, "reward": 0},
        {"id": "t3", "duration": 3, "optional": True, "reward": 0},
    ]}  # fmt: skip
    spec = schedule_from_data(data)
    inline = {"assignments": [row("t1")], "unscheduled": ["t2", "t3"]}
    monkeypatch.setattr(table, "MOST_ROWS", 1)
    block, tables = set_aside(inline)
    assert list(tables) == [UNSCHEDULED]
    (tmp_path / UNSCHEDULED).write_bytes(tables[UNSCHEDULED])
    result = {"schema": "qamctl/result/1", "kind": "schedule", "status": "feasible", "solution": inline}
    expected = check_result(result, spec)
    assert check_result(result | {"solution": block}, spec, tmp_path) == expected
    (tmp_path / UNSCHEDULED).unlink()
    told = [str(found) for found in check_result(result | {"solution": block}, spec, tmp_path)]
    assert any("solution.unscheduled.table: can't be read" in text for text in told)
