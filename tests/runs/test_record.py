"""A run and its folder."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import stat
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.runs import NOW, begin, end, make_source, result_of

from qamctl.errors import BackendError, TemporaryError, UsageError
from qamctl.runs import copies
from qamctl.runs.info import read_run
from qamctl.runs.log import is_running, read_log
from qamctl.runs.record import loaded_versions, run_id, state_folder
from qamctl.spec.source import Source


def read(path: Path) -> dict[str, object]:
    data = json.loads(path.read_text())
    assert isinstance(data, dict)
    return data


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def test_a_run_leaves_its_folder(tmp_path: Path) -> None:
    """A run writes manifest, spec, log, metrics and result, private, under its id in the state folder."""
    run = begin(tmp_path / "state", make_source(tmp_path / "in"), name="night/batch!")
    assert run.directory == tmp_path / "state" / "runs" / run.id
    assert re.fullmatch(r"20261120T200000Z-night-batch-[0-9a-f]{8}", run.id)
    assert files(run.directory) == {"manifest.json", "spec.yaml", "log.jsonl"}
    assert is_running(run.directory)
    result = end(run)
    assert files(run.directory) == {"manifest.json", "spec.yaml", "log.jsonl", "metrics.json", "result.json"}
    assert not is_running(run.directory)
    assert read(run.directory / "result.json") == result
    assert read(run.directory / "metrics.json")["run"] == run.id
    assert [event["event"] for event in read_log(run.directory / "log.jsonl")] == ["started", "ended"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in run.directory.iterdir()} == {0o600}
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_the_manifest_tells_how_to_repeat_the_run(tmp_path: Path) -> None:
    """The manifest holds spec, hashes, options with origins, versions, command, host, start and seed."""
    source = make_source(tmp_path / "in", tables={"data/tasks.csv": b"id\n1\n"})
    run = begin(tmp_path / "state", source)
    manifest = read(run.directory / "manifest.json")
    assert manifest["spec"] == {"file": "spec.yaml", "path": str(source.path), "sha256": source.sha256}
    path, sha256 = source.tables["data/tasks.csv"]
    assert manifest["tables"] == {"data/tasks.csv": {"file": "data/tasks.csv", "path": str(path), "sha256": sha256}}
    assert manifest["options"] == {"seed": {"value": 7, "origin": "flag --seed"}}
    assert manifest["host"] == os.uname().nodename
    assert manifest["pid"] == os.getpid()
    assert manifest["started"] == NOW.isoformat()
    assert (run.directory / "data" / "tasks.csv").read_bytes() == b"id\n1\n"
    provenance = end(run)["provenance"]
    assert provenance == {
        "spec_sha256": source.sha256, "tables": {"data/tasks.csv": sha256}, "seed": 7, "options": {"seed": 7},
        "versions": {"qamctl": "0.1.0"}, "command": ["qamctl", "schedule", "plan.yaml"],
        "started": NOW.isoformat(), "host": os.uname().nodename,
    }  # fmt: skip


def test_a_second_run_on_one_out_replaces_the_first(tmp_path: Path) -> None:
    """The new manifest makes the old result recognisable at once; in the end only the new run is there."""
    out = tmp_path / "out"
    first = begin(tmp_path / "state", make_source(tmp_path / "a", tables={"old.csv": b"1"}), out=out)
    end(first)
    assert stat.S_IMODE((out / "result.json").stat().st_mode) & 0o077 == 0o066 & ~_umask()
    (out / "notes.csv").write_text("the user's")
    source = make_source(tmp_path / "b", tables={"new.csv": b"2"})
    second = begin(tmp_path / "state", Source("-", None, b'{"kind": 1}', "ab" * 32, source.tables), out=out)
    assert read(out / "manifest.json")["run"] == second.id != first.id
    assert read(out / "result.json")["run"] == first.id
    end(second)
    assert read(out / "result.json")["run"] == read(out / "metrics.json")["run"] == second.id
    assert {event["run"] for event in read_log(out / "log.jsonl")} == {second.id}
    assert files(out) == {
        "manifest.json", "spec.json", "new.csv", "log.jsonl", "metrics.json", "result.json", "notes.csv",
    }  # fmt: skip
    assert os.readlink(tmp_path / "state" / "runs" / second.id) == str(out)


def _umask() -> int:
    before = os.umask(0)
    os.umask(before)
    return before


def test_an_earlier_manifest_can_not_delete_other_files(tmp_path: Path) -> None:
    """A manifest that names files outside the copies, or beyond links, has nothing removed."""
    out = tmp_path / "out"
    (out / "real").mkdir(parents=True)
    outside = tmp_path / "outside"
    outside.mkdir()
    for path in (outside / "x.csv", out / "real" / "keep", out / "job.json"):
        path.write_text("x")
    (out / "link").symlink_to(outside)
    names = ["../outside/x.csv", str(outside / "x.csv"), "link/x.csv", "job.json", "log.jsonl", "", 5]
    tables = {str(i): {"file": name} for i, name in enumerate(names)}
    (out / "manifest.json").write_text(json.dumps({"spec": None, "tables": tables}))
    begin(tmp_path / "state", make_source(tmp_path / "a"), out=out).log.close()
    assert (outside / "x.csv").exists()
    assert (out / "job.json").exists()
    assert (out / "log.jsonl").exists()


@pytest.mark.parametrize("text", ["[]", "no json", '{"tables": []}'])
def test_a_damaged_earlier_manifest_is_no_obstacle(tmp_path: Path, text: str) -> None:
    """A run opens over whatever stands in manifest.json."""
    (tmp_path / "manifest.json").write_text(text)
    end(begin(tmp_path / "state", make_source(tmp_path / "a"), out=tmp_path))
    assert read(tmp_path / "manifest.json")["schema"] == "qamctl/manifest/1"


def test_large_tables_are_kept_by_hash_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no_copy a table above the limit is in the manifest by its hash only; all others are copied."""
    source = make_source(tmp_path / "in", tables={"t.csv": b"0123456789"})
    monkeypatch.setattr(copies, "LARGEST_COPY", 9)
    by_hash, copied = begin(tmp_path / "state", source, no_copy=True), begin(tmp_path / "state", source)
    monkeypatch.setattr(copies, "LARGEST_COPY", 10)
    small = begin(tmp_path / "state", source, no_copy=True)
    for run, name in ((by_hash, None), (copied, "t.csv"), (small, "t.csv")):
        run.log.close()
        assert run.manifest["tables"]["t.csv"]["file"] == name
        assert run.manifest["tables"]["t.csv"]["sha256"] == source.tables["t.csv"][1]
        assert files(run.directory) == {"manifest.json", "spec.yaml", "log.jsonl"} | ({name} if name else set())


def test_a_table_that_changed_since_it_was_read_is_not_copied(tmp_path: Path) -> None:
    """Copies always have the manifest's hash: a changed or vanished table is logged instead."""
    source = make_source(tmp_path / "in", tables={"a.csv": b"1", "b.csv": b"2"})
    (tmp_path / "in" / "a.csv").write_bytes(b"other")
    (tmp_path / "in" / "b.csv").unlink()
    run = begin(tmp_path / "state", source)
    run.log.close()
    assert files(run.directory) == {"manifest.json", "spec.yaml", "log.jsonl"}
    changed = [event["table"] for event in read_log(run.directory / "log.jsonl") if event["event"] == "table changed"]
    assert changed == ["a.csv", "b.csv"]


@pytest.mark.parametrize("ref", ["../up.csv", "/abs/x.csv", "manifest.json", "spec.csv"])
def test_table_names_never_leave_the_folder_or_hide_a_file(tmp_path: Path, ref: str) -> None:
    """A table whose path is outside, or is the name of a file of the run, is copied under `tables/`."""
    source = make_source(tmp_path / "in", tables={"t.csv": b"1"})
    moved = Source(source.label, source.path, source.text, source.sha256, {ref: source.tables["t.csv"]})
    run = begin(tmp_path / "state", moved)
    run.log.close()
    name = run.manifest["tables"][ref]["file"]
    assert name == f"tables/{source.tables['t.csv'][1][:8]}-{Path(ref).name}"
    assert (run.directory / name).read_bytes() == b"1"


def test_a_linked_folder_in_out_is_not_written_through(tmp_path: Path) -> None:
    """A folder of a table's name that is a link out of the run directory is refused."""
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / "data").symlink_to(tmp_path / "elsewhere")
    source = make_source(tmp_path / "in", tables={"data/deep/t.csv": b"1"})
    with pytest.raises(UsageError, match="leads out of the run directory"):
        begin(tmp_path / "state", source, out=tmp_path / "out")
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert not is_running(tmp_path / "out")


@pytest.mark.parametrize("name", ["manifest.json", "result.json", "metrics.json", "log.jsonl"])
def test_planted_links_are_refused_before_the_solve(tmp_path: Path, name: str) -> None:
    """A link in place of any of the run's files is an error when the run opens, and its target stays."""
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).symlink_to(tmp_path / "victim")
    with pytest.raises(UsageError, match="symbolic link"):
        begin(tmp_path / "state", make_source(tmp_path / "in"), out=tmp_path / "out")
    assert (tmp_path / "victim").read_text() == "precious"


def test_extra_copies(tmp_path: Path) -> None:
    """--result and --metrics get the same content, as Prometheus text for .prom, appended log lines too."""
    source = make_source(tmp_path / "in")
    extra = {"result": tmp_path / "x" / "r.json", "log_file": tmp_path / "q.log"}
    run = begin(tmp_path / "state", source, metrics=tmp_path / "x" / "m.json", **extra)
    end(run)
    assert (tmp_path / "x" / "r.json").read_bytes() == (run.directory / "result.json").read_bytes()
    assert (tmp_path / "x" / "m.json").read_bytes() == (run.directory / "metrics.json").read_bytes()
    assert len((tmp_path / "q.log").read_text().splitlines()) == 2
    for status in ("feasible", "unknown"):  # the second keeps the time of the first's success
        end(begin(tmp_path / "state", source, metrics=tmp_path / "m.prom"), status=status)
        text = (tmp_path / "m.prom").read_text()
        assert f'qamctl_status{{kind="schedule",name="plan",status="{status}"}} 1' in text
        assert "qamctl_last_success_timestamp_seconds{" in text
    (tmp_path / "m.prom").write_bytes(b"\xff\xfe")
    end(begin(tmp_path / "state", source, metrics=tmp_path / "m.prom"), status="unknown")
    assert "qamctl_last_success_timestamp_seconds" not in (tmp_path / "m.prom").read_text()


def test_an_extra_copy_that_can_not_be_written_is_told_at_once(tmp_path: Path) -> None:
    """--result on a device or in a file's place fails before anything is made."""
    source = make_source(tmp_path / "in")
    with pytest.raises(UsageError, match="/dev/null: it is not a regular file"):
        begin(tmp_path / "state", source, result=Path("/dev/null"))
    with pytest.raises(UsageError, match="can't write"):
        begin(tmp_path / "state", source, metrics=source.path / "m.json")  # type: ignore[operator]


def test_a_failing_extra_copy_leaves_the_run_complete(tmp_path: Path) -> None:
    """When only the extra copy fails, the folder holds the result and the log its proper end."""
    run = begin(tmp_path / "state", make_source(tmp_path / "in"), result=tmp_path / "x" / "r.json")
    (tmp_path / "x").rmdir()
    (tmp_path / "x").write_text("in the way")
    with pytest.raises(UsageError, match=r"can't write into .*x: it is not a folder"):
        end(run)
    assert read(run.directory / "result.json")["run"] == run.id
    assert [event.get("status") for event in read_log(run.directory / "log.jsonl")] == [None, "feasible"]


def test_a_fault_is_logged_and_leaves_no_result(tmp_path: Path) -> None:
    """A run that ends by an exception logs it with its exit code and closes the log."""
    run = begin(tmp_path / "state", make_source(tmp_path / "in"))
    with pytest.raises(BackendError), run:
        raise BackendError("the engine failed")
    *_, last = read_log(run.directory / "log.jsonl")
    assert (last["event"], last["status"], last["exit_code"]) == ("ended", "failed", 5)
    assert last["message"] == "the engine failed"
    assert not is_running(run.directory)
    assert not (run.directory / "result.json").exists()


def test_a_full_disk_at_the_end_is_a_failed_run(tmp_path: Path) -> None:
    """When the result can't be written the old one stays, and the log and the index say that the run failed."""
    out = tmp_path / "out"
    first = begin(tmp_path / "state", make_source(tmp_path / "in"), out=out)
    end(first)
    run = begin(tmp_path / "state", make_source(tmp_path / "in"), out=out)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(TemporaryError, match=r"out/result\.json: file too large"):
            end(run, rows=1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert read(out / "result.json")["run"] == first.id
    info = read_run(out)
    assert info is not None
    assert (info.id, info.status, info.exit_code) == (run.id, "failed", 75)
    assert [path.name for path in out.iterdir() if path.name.endswith(".tmp")] == []


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt, 130), (ZeroDivisionError, 1)])
def test_other_ends_have_their_codes(tmp_path: Path, error: type[BaseException], code: int) -> None:
    """An interrupt ends with 130, a bug with 1."""
    run = begin(tmp_path / "state", make_source(tmp_path / "in"))
    with pytest.raises(error), run:
        raise error
    *_, last = read_log(run.directory / "log.jsonl")
    assert last["exit_code"] == code


def test_a_fault_is_not_hidden_by_a_log_that_fails_too(tmp_path: Path) -> None:
    """When the log can't be written either, the first fault is the one that is raised."""
    run = begin(tmp_path / "state", make_source(tmp_path / "in"))
    run.log._files.append((Path("/dev/full"), os.open("/dev/full", os.O_WRONLY)))
    with pytest.raises(TemporaryError, match="/dev/full"):
        run.log("a", "b")
    with pytest.raises(BackendError), run:
        raise BackendError("first")


def test_a_result_of_another_run_is_refused(tmp_path: Path) -> None:
    """The result must carry the run's own id."""
    run = begin(tmp_path / "state", make_source(tmp_path / "in"))
    with pytest.raises(ValueError, match="belongs to run other"):
        run.finish({**result_of(run), "run": "other"}, dict, exit_code=0)
    run.log.close()


def test_further_tables_come_before_the_result(tmp_path: Path) -> None:
    """Tables of a large result stand beside it, and all files are complete."""
    run = begin(tmp_path / "state", make_source(tmp_path / "in"))
    with run:
        run.finish(result_of(run), dict, exit_code=0, tables={"assignments.csv": b"task,start\n"})
    assert (run.directory / "assignments.csv").read_bytes() == b"task,start\n"


@given(st.text(), st.integers(-12, 14))
def test_run_ids_are_safe_folder_names(name: str, hours: int) -> None:
    """Whatever the spec's name, the id is one plain path component of at most 86 characters, in UTC."""
    now = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=hours)))
    made = run_id(name, now, "0123abcd")
    assert re.fullmatch(r"[0-9]{8}T[0-9]{6}Z-[A-Za-z0-9_][A-Za-z0-9_.-]{0,59}-0123abcd", made)
    assert made.startswith(f"{now - timedelta(hours=hours):%Y%m%dT%H}0000Z")


def test_state_folder_follows_xdg() -> None:
    """XDG_STATE_HOME where absolute, else ~/.local/state; with neither, the error says what to set."""
    assert state_folder({"XDG_STATE_HOME": "/x", "HOME": "/h"}) == Path("/x/qamctl")
    assert state_folder({"XDG_STATE_HOME": "relative", "HOME": "/h"}) == Path("/h/.local/state/qamctl")
    with pytest.raises(UsageError, match="XDG_STATE_HOME or HOME"):
        state_folder({})


def test_loaded_versions_imports_nothing() -> None:
    """Versions come from what is imported already."""
    before = set(sys.modules)
    versions = loaded_versions("9.9")
    assert versions["qamctl"] == "9.9"
    assert versions["python"].startswith("3.")
    assert ("qiskit" in versions) == ("qiskit" in before)
    assert {name for name in set(sys.modules) - before if name.split(".")[0] in ("qiskit", "ortools", "dimod")} == set()


def test_half_copied_tables_of_a_killed_run_are_swept(tmp_path: Path) -> None:
    """What a killed run left in the folder of a table goes, even when the next run has no table there."""
    out = tmp_path / "out"
    source = make_source(tmp_path / "in", tables={"data/tasks.csv": b"id\n1\n"})
    begin(tmp_path / "state", source, out=out).log.close()
    (out / "data" / ".tasks.csv.999999999-1aedfd71.tmp").write_bytes(b"id")
    end(begin(tmp_path / "state", make_source(tmp_path / "other"), out=out))
    assert not list(out.rglob("*.tmp"))
