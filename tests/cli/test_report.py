"""`qamctl report`: a page on standard output or in a file, and what pages of text say of exports and tables."""

from __future__ import annotations

import json
from pathlib import Path

from support.command_line import Run
from support.pages import read_page

from qamctl.errors import ExitCode
from qamctl.report import lanes, schedule_answer
from qamctl.schedule import table

ROOT = Path(__file__).parents[2]


def test_a_page_on_standard_output_or_in_a_file(run: Run, room: Path) -> None:
    """Nothing else is on standard output; a file is written whole, and told on standard error."""
    assert run("schedule", "two.yaml", "--max-steps", "50", "-q").code == ExitCode.OK
    shown = run("report", "latest")
    assert (shown.code, shown.err) == (ExitCode.OK, "")
    assert read_page(shown.out).all("h1")[0].text() == "two"
    written = run("report", "latest", "--file", "two.html")
    assert (written.code, written.out, written.err) == (ExitCode.OK, "", "wrote two.html\n")
    assert (room / "two.html").read_text() == shown.out


def test_several_runs(run: Run) -> None:
    """One page, compared first."""
    for out in ("one", "other"):
        run("schedule", "two.yaml", "--max-steps", "50", "-q", "--out", out)
    page = read_page(run("report", "one", "other/result.json").out)
    headings = [one.text() for one in page.all("h2")]
    assert (headings[0], len(headings)) == ("Comparison", 3)


def test_what_can_not_be_reported(run: Run, room: Path) -> None:
    """No run, no such run, no result: each with its exit code and what to do."""
    assert run("report").code == ExitCode.USAGE
    missing = run("report", "nothing")
    assert (missing.code, "see `qamctl runs list`" in missing.err) == (ExitCode.USAGE, True)
    (room / "odd.json").write_text("{}")
    odd = run("report", "odd.json")
    assert (odd.code, "is no result file" in odd.err) == (ExitCode.SPEC, True)


def test_a_result_is_not_overwritten_by_its_page(run: Run) -> None:
    """Refused, whatever the file is called."""
    run("schedule", "two.yaml", "--max-steps", "50", "-q", "--out", "out")
    refused = run("report", "out", "--file", "out/result.json")
    assert (refused.code, "would overwrite" in refused.err) == (ExitCode.USAGE, True)
    assert run("report", "out").code == ExitCode.OK


def test_the_page_of_a_run_names_what_was_exported(run: Run, room: Path) -> None:
    """Each file with its place; a table in place of the rows is named, too."""
    ran = run("schedule", "two.yaml", "--max-steps", "50", "--out", "out", "--export", "csv", "--export", "parquet")
    assert ran.code == ExitCode.OK
    assert f"Exported: {room / 'out' / 'assignments.csv'}\n" in ran.out
    assert f"Exported: {room / 'out' / 'assignments.parquet'}\n" in ran.out
    assert f"Exported: {room / 'out' / 'assignments.csv'}\n" in run("runs", "show", "out").out


def test_a_large_schedule_on_the_pages_of_text(run: Run, room: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """The place of the table stands where the rows would; as JSON the result names it."""
    monkeypatch.setattr(table, "MOST_ROWS", 1)
    ran = run("schedule", "two.yaml", "--max-steps", "50", "--out", "out")
    assert f"The assignments are in {room / 'out' / 'assignments.csv'}." in ran.out
    shown = run("runs", "show", "out", "-o", "json").json
    assert shown["result"]["solution"]["assignments"]["table"] == "assignments.csv"
    assert run("check", "out/result.json", "two.yaml").code == ExitCode.OK
    assert read_page(run("report", "out").out).all("g", "bar")
    told = json.loads((room / "out" / "result.json").read_text())["solution"]["unscheduled"]
    assert told == []


def test_a_calendar_without_an_origin(run: Run) -> None:
    """Exit code 3, the place in the file, and what to add."""
    refused = run("schedule", "two.yaml", "--export", "ics")
    assert (refused.code, refused.out) == (ExitCode.SPEC, "")
    assert "two.yaml:1:1: " in refused.err
    assert "add it, as in `time: {unit: min, origin: " in refused.err


def test_the_documentation_is_true() -> None:
    """The limits that docs/report.md names are those that hold."""
    page = (ROOT / "docs" / "report.md").read_text()
    for words in (
        f"At most {lanes.MOST_GROUPS} agents are drawn", f"at most {lanes.MOST_LINES} lines",
        f"at most {lanes.MOST_BARS:,} bars", f"the first {schedule_answer.MOST_ROWS} rows",
        f"({schedule_answer.MOST_PROFILES} at most)", f"Above {table.MOST_ROWS:,} rows",
    ):  # fmt: skip
        assert words in page, words
