"""The run's log: one JSON object a line, locked while the run lives."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from qamctl.errors import TemporaryError, UsageError
from qamctl.runs.log import Log, is_running, last_event, read_log


def clock() -> datetime:
    return datetime(2026, 11, 20, tzinfo=UTC)


def test_lines_carry_time_run_part_and_event(tmp_path: Path) -> None:
    """Each event is one JSON object with its fields, also in the file of --log-file, which is appended to."""
    copy = tmp_path / "all" / "q.log"
    for run in ("r1", "r2"):
        log = Log(tmp_path / "log.jsonl", run=run, clock=clock, copy=copy)
        log("schedule", "improved", objective=55, note="a\nb")
        log.close()
        log.close()
    expected = {
        "time": "2026-11-20T00:00:00+00:00", "run": "r2", "part": "schedule", "event": "improved",
        "objective": 55, "note": "a\nb",
    }  # fmt: skip
    assert list(read_log(tmp_path / "log.jsonl")) == [expected]
    assert [json.loads(text)["run"] for text in copy.read_text().splitlines()] == ["r1", "r2"]
    assert {path.name for path in tmp_path.iterdir()} == {"log.jsonl", "all"}


def test_is_running_follows_the_lock(tmp_path: Path) -> None:
    """A run is running exactly as long as its log is open."""
    assert not is_running(tmp_path)
    log = Log(tmp_path / "log.jsonl", run="r", clock=clock)
    assert is_running(tmp_path)
    log.close()
    assert not is_running(tmp_path)


def test_an_unfinished_last_line_is_no_event(tmp_path: Path) -> None:
    """The torn line of a killed process is passed over, by both readers."""
    path = tmp_path / "log.jsonl"
    path.write_text('{"event": "a"}\n{"event": "b"}\n{"eve')
    assert [event["event"] for event in read_log(path)] == ["a", "b"]
    assert last_event(path) == {"event": "b"}


@pytest.mark.parametrize("text", ["", "no json\n", "[1]\n", None])
def test_last_event_of_nothing(tmp_path: Path, text: str | None) -> None:
    """A log that is empty, missing or not a log has no last event."""
    if text is not None:
        (tmp_path / "log.jsonl").write_text(text)
    assert last_event(tmp_path / "log.jsonl") == {}


def test_last_event_reads_the_end_of_a_long_log(tmp_path: Path) -> None:
    """The last event is found behind megabytes of others."""
    path = tmp_path / "log.jsonl"
    path.write_text('{"event": "x"}\n' * 100_000 + '{"event": "last"}\n')
    assert last_event(path) == {"event": "last"}


def test_reserved_fields_are_refused(tmp_path: Path) -> None:
    """A field can't overwrite the log's own."""
    log = Log(tmp_path / "log.jsonl", run="r", clock=clock)
    with pytest.raises(TypeError, match="set by the log"):
        log("a", "b", run="other")
    log.close()


def test_an_unwritable_log_is_named(tmp_path: Path) -> None:
    """A log that can't be made, or not be written to, gives an error with its path."""
    with pytest.raises(UsageError, match=r"missing/log\.jsonl"):
        Log(tmp_path / "missing" / "log.jsonl", run="r", clock=clock)
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="folder"):
        Log(tmp_path / "log.jsonl", run="r", clock=clock, copy=tmp_path / "folder")
    log = Log(tmp_path / "log.jsonl", run="r", clock=clock, copy=Path("/dev/full"))
    with pytest.raises(TemporaryError, match="/dev/full"):
        log("a", "b")
    log.close()
