"""Exports of real runs: written beside the result, refused before the search, gone with the result that had them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from qamctl.errors import ExitCode, SpecError, UnsupportedError, UsageError
from qamctl.options import EXPORTS
from qamctl.pipeline import dry_run, run
from qamctl.schedule import table
from qamctl.validation import check_files

SCHEDULE = """\
kind: schedule
version: 1
name: plan
time: {unit: min, origin: 2026-11-20T20:00:00+01:00}
agents: [{id: a1}, {id: "=a2"}]
tasks:
  - {id: t1, duration: 3}
  - {id: "-t2", duration: 4, after: [t1]}
  - {id: "t,3", duration: 2}
"""
UNDATED = SCHEDULE.replace(", origin: 2026-11-20T20:00:00+01:00", "")
CLUSTER = """\
kind: cluster
version: 1
resources: [{id: gpu, device: 1}]
agents: [{id: "+a", demand: {gpu: 1}}, {id: b, demand: {gpu: 1}}, {id: c}]
clusters: [{id: x, capacity: {gpu: 1}}, {id: y, capacity: {gpu: 1}}]
links: [{a: "+a", b: c}]
"""


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with both problems, and a state folder of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name, text in (
        ("plan", SCHEDULE),
        ("fleet", CLUSTER),
        ("undated", UNDATED),
    ):
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


def go(kind: str, path: Path, **flags: Any) -> tuple[dict[str, Any], Path]:
    """A short run; its result, and its directory."""
    report = run(kind, str(path), {"max_steps": 200, "threads": 1, **flags})
    assert report.directory is not None
    return report.result, report.directory


def read_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(), newline="")))


def test_a_schedule_in_every_form(work: Path) -> None:
    """The same rows in each, the hashes in the result, and the result still holds."""
    result, folder = go("schedule", work / "plan.yaml", export=("csv", "ics", "parquet"))
    assert list(result["exports"]) == ["assignments.csv", "schedule.ics", "assignments.parquet"]
    for name, sha256 in result["exports"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256
    rows = result["solution"]["assignments"]
    cells = read_csv(folder / "assignments.csv")
    assert [(one["task"], one["agents"], one["start"], one["start_time"]) for one in cells] == [
        (one["task"], *one["agents"], str(one["start"]), one["start_time"]) for one in rows
    ]
    columns = pq.read_table(folder / "assignments.parquet").to_pylist()
    assert [(one["task"], one["agents"], one["end"], one["segments"]) for one in columns] == [
        (one["task"], one["agents"], one["end"], None) for one in rows
    ]
    assert [one["end_time"] for one in columns] == [datetime.fromisoformat(one["end_time"]) for one in rows]
    calendar = (folder / "schedule.ics").read_text()
    assert calendar.count("BEGIN:VEVENT") == 3
    assert "DTSTART:20261120T190000Z" in calendar
    started = datetime.fromisoformat(result["provenance"]["started"])
    assert f"DTSTAMP:{started:%Y%m%dT%H%M%SZ}" in calendar
    assert list(result)[-2:] == ["exports", "provenance"]
    assert check_files(str(folder / "result.json"), str(work / "plan.yaml")).found == []


def test_clusters_in_both_forms(work: Path) -> None:
    """Agents, clusters and devices; the result still holds."""
    result, folder = go("cluster", work / "fleet.yaml", backend=("assignment",), export=("csv", "parquet"))
    assert list(result["exports"]) == ["assignments.csv", "assignments.parquet"]
    rows = result["solution"]["assignments"]
    assert [(one["agent"], one["cluster"]) for one in read_csv(folder / "assignments.csv")] == [
        (one["agent"], one["cluster"]) for one in rows
    ]
    assert pq.read_table(folder / "assignments.parquet").to_pylist(maps_as_pydicts="strict") == rows
    assert check_files(str(folder / "result.json"), str(work / "fleet.yaml")).found == []


def test_nothing_is_exported_unless_it_is_asked_for(work: Path) -> None:
    """No block in the result, and no file."""
    result, folder = go("schedule", work / "plan.yaml")
    assert "exports" not in result
    assert not {"assignments.csv", "schedule.ics", "assignments.parquet"} & {path.name for path in folder.iterdir()}


def test_a_calendar_needs_an_origin(work: Path) -> None:
    """Exit code 3 with the place and what to add, before anything is searched or written; a dry run says so too."""
    for call in (run, lambda kind, path, flags: dry_run(path, flags, kind=kind)):
        with pytest.raises(SpecError, match="`time` has no origin") as caught:
            call("schedule", str(work / "undated.yaml"), {"export": ["ics"]})
        (fault,) = caught.value.diagnostics
        assert fault.location is not None
        assert fault.location.line == 4
        assert "origin: 2026" in (fault.hint or "")
    assert not (work / "state").exists()


def test_parquet_needs_pyarrow(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 8 with what to install, before anything is searched or written."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for kind, name in (("schedule", "plan"), ("cluster", "fleet")):
        with pytest.raises(UnsupportedError, match=r"qamctl\[arrow\]") as caught:
            run(kind, str(work / f"{name}.yaml"), {"export": ["parquet"]})
        assert caught.value.code == ExitCode.UNSUPPORTED
    assert not (work / "state").exists()


def test_clusters_have_no_calendar(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused by a flag; in the environment it may be meant for schedules, and what clusters have is written."""
    with pytest.raises(UsageError, match=r"--export ics is for schedules, and .*fleet\.yaml is a cluster"):
        run("cluster", str(work / "fleet.yaml"), {"export": ["csv", "ics"]})
    monkeypatch.setenv("QAMCTL_EXPORT", "csv,ics")
    result, _ = go("cluster", work / "fleet.yaml", backend=("assignment",))
    assert list(result["exports"]) == ["assignments.csv"]


def test_an_unknown_form_is_refused(work: Path) -> None:
    """With the known ones."""
    with pytest.raises(UsageError, match=f"--export: must be among {', '.join(EXPORTS)}"):
        run("schedule", str(work / "plan.yaml"), {"export": ["xlsx"]})


def test_without_an_answer_there_is_nothing_to_export(work: Path) -> None:
    """And what an earlier run exported into the same directory goes with its result."""
    out = work / "out"
    go("schedule", work / "plan.yaml", export=("csv", "ics"), out=out)
    assert (out / "schedule.ics").exists()
    (work / "plan.yaml").write_text(SCHEDULE.replace("duration: 4", "duration: 4, deadline: 1"))
    report = run("schedule", str(work / "plan.yaml"), {"export": ["csv", "ics"], "out": out})
    assert (report.exit_code, "exports" in report.result) == (ExitCode.INFEASIBLE, False)
    assert {path.name for path in out.iterdir()} == {
        "log.jsonl", "manifest.json", "metrics.json", "result.json", "spec.yaml",
    }  # fmt: skip


def test_a_large_schedule(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rows are a table beside the result and beside its copy; both hold, and the export is that table."""
    monkeypatch.setattr(table, "MOST_ROWS", 2)
    result, folder = go("schedule", work / "plan.yaml", export=("csv",), result=work / "copy" / "plan.json")
    told = result["solution"]["assignments"]
    assert told == {"table": "assignments.csv", "sha256": result["exports"]["assignments.csv"]}
    assert len(read_csv(folder / "assignments.csv")) == 3
    copy = json.loads((work / "copy" / "plan.json").read_text())
    assert copy["solution"]["assignments"] == told | {"table": "plan.assignments.csv"}
    for place in (folder / "result.json", work / "copy" / "plan.json"):
        assert check_files(str(place), str(work / "plan.yaml")).found == []
    with (work / "copy" / "plan.assignments.csv").open("a") as file:
        file.write("t4,a1,,0,1,\n")
    found, *_ = check_files(str(work / "copy" / "plan.json"), str(work / "plan.yaml")).found
    assert (found.kind, "its hash differs" in found.text) == ("solution", True)


def test_a_copy_does_not_overwrite_a_table_that_is_read(work: Path) -> None:
    """The table that may come to stand beside the copy is a side table of the spec: refused before the search."""
    (work / "plan.assignments.csv").write_text("id,duration\nt1,3\n")
    (work / "rows.yaml").write_text(
        "kind: schedule\nversion: 1\nagents: [{id: a}]\ntasks: {table: plan.assignments.csv}\n"
    )
    with pytest.raises(UsageError, match="would overwrite a file: the run reads it"):
        run("schedule", str(work / "rows.yaml"), {"result": work / "plan.json"})


def test_a_paused_task_is_exported_in_segments(work: Path) -> None:
    """`0..3|5..9` in the table, pairs in Parquet, an event for each segment in the calendar."""
    (work / "pause.yaml").write_text(
        "kind: schedule\nversion: 1\ntime: {unit: h, origin: 2026-11-20T20:00:00+00:00}\n"
        "agents: [{id: a, calendar: [[2, 5]]}]\ntasks: [{id: t, duration: 4, preemptible: true, pinned: {start: 0}}]\n"
    )
    result, folder = go("schedule", work / "pause.yaml", export=("csv", "ics", "parquet"))
    assert result["solution"]["assignments"][0]["segments"] == [[0, 2], [5, 7]]
    assert read_csv(folder / "assignments.csv")[0]["segments"] == "0..2|5..7"
    assert pq.read_table(folder / "assignments.parquet").to_pylist()[0]["segments"] == [
        {"from": 0, "to": 2}, {"from": 5, "to": 7},
    ]  # fmt: skip
    assert (folder / "schedule.ics").read_text().count("BEGIN:VEVENT") == 2
