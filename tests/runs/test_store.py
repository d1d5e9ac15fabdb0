"""The index of runs, and what is left of it when the database is gone."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from support.runs import NOW, begin, end, make_source

from qamctl.errors import BackendError, UsageError
from qamctl.runs import database, store
from qamctl.runs.record import Run
from qamctl.runs.store import find_run, index_run, list_runs, prune, read_run, reindex


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def make_run(
    state: Path, *, hours: int = 0, indexed: bool = True, out: Path | None = None, status: str = "optimal"
) -> Run:
    """A run that has ended, `hours` after NOW."""
    run = begin(state, make_source(state.parent / "in"), now=NOW + timedelta(hours=hours), out=out)
    result = end(run, status=status)
    if indexed:
        assert index_run(state, run.directory, result=result, exit_code=0) == []
    return run


def ids(listing: store.Listing) -> list[str]:
    assert listing.warning is None
    return [info.id for info in listing.runs]


def test_the_index_holds_what_the_folder_tells(state: Path) -> None:
    """The row of a run and what its folder says are the same, numbers as they were."""
    run = make_run(state)
    (info,) = list_runs(state).runs
    assert info == read_run(run.directory)
    assert (info.id, info.directory, info.status, info.objective) == (run.id, run.directory, "optimal", 55)
    assert type(info.objective) is int
    assert (info.exit_code, info.pid, info.kind, info.name) == (0, os.getpid(), "schedule", "plan")
    assert info.started == NOW.isoformat()
    assert info.ended is not None
    with sqlite3.connect(state / "state.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("SELECT id, objective FROM runs").fetchall() == [(run.id, 55)]
    connection.close()
    assert (state / "state.db").stat().st_mode & 0o777 == 0o600


def test_runs_are_listed_latest_first(state: Path) -> None:
    """Indexed or not, runs come in the order of their start; kind and limit narrow the list."""
    runs = [make_run(state, hours=hours, indexed=hours != 1) for hours in range(3)]
    other = begin(state, make_source(state.parent / "in"), kind="cluster", now=NOW - timedelta(hours=1))
    end(other)
    assert ids(list_runs(state)) == [*(run.id for run in reversed(runs)), other.id]
    assert ids(list_runs(state, limit=2)) == [runs[2].id, runs[1].id]
    assert ids(list_runs(state, kind="cluster")) == [other.id]
    assert ids(list_runs(state / "none")) == []


def test_listing_learns_the_runs_that_were_not_indexed(state: Path) -> None:
    """A run whose row was never written is in the database after a list."""
    run = make_run(state, indexed=False)
    assert ids(list_runs(state)) == [run.id]
    with database.connect(state / "state.db") as connection:
        assert connection.execute("SELECT id FROM runs").fetchall() == [(run.id,)]


@pytest.mark.parametrize(("event", "exit_code"), [("left", 7), ("left", 130), ("queued", None)])
def test_a_run_whose_job_goes_on_is_pending(state: Path, event: str, exit_code: int | None) -> None:
    """It ended without its job, which runs or waits in the queue: pending, until another process takes it up."""
    run = begin(state, make_source(state.parent / "in"))
    index_run(state, run.directory)
    run.log("job", event, job="j", **({} if exit_code is None else {"exit_code": exit_code}))
    (info,) = list_runs(state).runs
    assert info.status == "running"
    run.log.close()
    for listing in (list_runs(state), reindex(state)):
        (info,) = listing.runs
        assert (info.status, info.exit_code, info.ended, info.objective) == ("pending", exit_code, None, None)


def test_a_last_word_of_another_part_does_not_make_a_run_pending(state: Path) -> None:
    """Only what is said of a job counts: an engine may have events of the same name."""
    run = begin(state, make_source(state.parent / "in"))
    run.log("list-search", "left")
    run.log.close()
    assert list_runs(state).runs[0].status == "interrupted"


@pytest.mark.parametrize("indexed", [True, False])
@pytest.mark.parametrize("outside", [True, False])
def test_running_and_interrupted(state: Path, indexed: bool, outside: bool) -> None:
    """A run is running while its process holds the log, and interrupted when that ends without an end."""
    run = begin(state, make_source(state.parent / "in"), out=state.parent / "out" if outside else None)
    if indexed:
        index_run(state, run.directory)
    assert [info.status for info in list_runs(state).runs] == ["running"]
    run.log.close()  # what the kernel does on a kill
    assert [(info.id, info.status, info.ended) for info in list_runs(state).runs] == [(run.id, "interrupted", None)]


def test_a_run_that_failed_is_failed(state: Path) -> None:
    """A run that ended by a fault is listed as failed with its exit code."""
    run = begin(state, make_source(state.parent / "in"))
    index_run(state, run.directory)
    with pytest.raises(BackendError), run:
        raise BackendError("no")
    (info,) = list_runs(state).runs
    assert (info.status, info.exit_code, info.objective) == ("failed", 5, None)


def test_an_end_without_a_result_is_no_end(state: Path) -> None:
    """Killed between the log's last line and the result, a run is interrupted, not what the log says."""
    run = make_run(state, indexed=False)
    (run.directory / "result.json").unlink()
    (info,) = list_runs(state).runs
    assert (info.status, info.ended) == ("interrupted", None)


def test_a_second_run_on_one_out_takes_the_place_of_the_first(state: Path) -> None:
    """Only the last run of a directory is listed, also before its row is written."""
    out = state.parent / "out"
    make_run(state, out=out)
    second = begin(state, make_source(state.parent / "in"), out=out, now=NOW + timedelta(hours=1))
    assert ids(list_runs(state)) == [second.id]
    index_run(state, out, result=end(second))
    assert ids(list_runs(state)) == [second.id]


def test_a_folder_that_has_gone_is_not_listed(state: Path) -> None:
    """A run whose folder the user removed is gone, in the state folder and elsewhere."""
    inside, outside = make_run(state), make_run(state, out=state.parent / "out")
    for run in (inside, outside):
        (run.directory / "manifest.json").unlink()
    assert ids(list_runs(state)) == []


def test_find_run(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run is found by id, unique prefix, directory and `latest`; else the error says what to give."""
    first, second = make_run(state), make_run(state, hours=24, indexed=False)
    assert find_run(state, first.id).id == first.id
    assert find_run(state, second.id).id == second.id
    assert find_run(state, first.id[:-5]).id == first.id
    assert find_run(state, "20261121").id == second.id
    assert find_run(state, "latest").id == second.id
    assert find_run(state, str(first.directory)).id == first.id
    monkeypatch.chdir(first.directory.parent)
    assert find_run(state, first.directory.name + "/").directory == first.directory
    with pytest.raises(UsageError, match=rf"2 runs begin with 2026: {second.id}, {first.id}; give more"):
        find_run(state, "2026")
    for ref in ("nothing", "", str(state)):
        with pytest.raises(UsageError, match="no run"):
            find_run(state, ref)
    with pytest.raises(UsageError, match="no run latest"):
        find_run(state / "empty", "latest")


@pytest.mark.parametrize("damage", [b"this is not a database" * 100, b"", None])
def test_a_damaged_database_warns_and_harms_nothing(state: Path, damage: bytes | None) -> None:
    """With rubbish, nothing or a folder in place of the database every call works from the run folders."""
    run = make_run(state)
    path = state / "state.db"
    path.unlink()
    if damage is None:
        path.mkdir()
    else:
        path.write_bytes(damage)
    warnings = index_run(state, run.directory)
    listing = list_runs(state)
    assert [info.id for info in listing.runs] == [run.id]
    assert find_run(state, run.id[:-3]).id == run.id
    if damage == b"":
        assert warnings == []
        assert listing.warning is None
    else:
        assert listing.warning is not None
        assert [str(path) in text for text in [*warnings, listing.warning]] == [True, True]
        assert "the run folders are complete without it" in listing.warning


def test_reindex_puts_a_damaged_database_aside(state: Path) -> None:
    """A reindex over a damaged file keeps its bytes under another name and lists all runs again."""
    runs = [make_run(state, hours=1, out=state.parent / "out"), make_run(state)]
    (state / "state.db").write_bytes(b"rubbish" * 1000)
    assert ids(reindex(state)) == [run.id for run in runs]
    (aside,) = state.glob("state.db.damaged-*")
    assert aside.read_bytes() == b"rubbish" * 1000
    with database.connect(state / "state.db") as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (2,)


def test_reindex_finds_damage_inside(state: Path) -> None:
    """Pages overwritten in the middle of the file are damage too."""
    runs = [make_run(state, hours=hours) for hours in range(3)]
    with (state / "state.db").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 8192)
    listing = reindex(state)
    assert [info.id for info in listing.runs] == [run.id for run in reversed(runs)]
    assert len(list(state.glob("state.db.damaged-*"))) == 1
    assert ids(list_runs(state)) == [run.id for run in reversed(runs)]


def test_reindex_drops_rows_without_a_folder(state: Path) -> None:
    """After a reindex the database holds exactly the runs that have a folder."""
    run, gone = make_run(state), make_run(state, hours=1)
    (gone.directory / "manifest.json").unlink()
    assert ids(reindex(state)) == [run.id]
    with database.connect(state / "state.db") as connection:
        assert connection.execute("SELECT id FROM runs").fetchall() == [(run.id,)]


def test_a_database_of_a_later_version_is_left_alone(state: Path) -> None:
    """A later version's database is neither changed nor put aside, and the warning says to update."""
    run = make_run(state)
    with database.connect(state / "state.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    listing = reindex(state)
    assert [info.id for info in listing.runs] == [run.id]
    assert listing.warning is not None
    assert "later qamctl" in listing.warning
    assert list(state.glob("state.db.damaged-*")) == []


@pytest.mark.skipif(os.name != "posix", reason="needs fork and user ids")
def test_a_read_only_database_warns(state: Path) -> None:
    """Where the state folder can't be written the run goes on with a warning, and lists still work."""
    run = make_run(state, indexed=False)
    other = make_run(state, hours=1)
    folders = [state.parent, state, state / "runs", run.directory, other.directory]
    for path in [*folders, *(file for folder in folders[3:] for file in folder.iterdir()), state / "state.db"]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    closed = [path for path in state.parent.parents if path.stat().st_mode & 0o005 != 0o005]
    modes = [path.stat().st_mode for path in closed]
    for path in closed:  # root drops its rights below, and must still get here
        path.chmod(0o755)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if os.geteuid() == 0:
                os.setuid(65534)
            warnings = index_run(state, run.directory)
            listed = [info.id for info in list_runs(state).runs]
            code = 0 if len(warnings) == 1 and "can't be used" in warnings[0] and listed == [other.id, run.id] else 2
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    for path, mode in zip([*folders, *closed], [0o700] * len(folders) + modes, strict=True):
        path.chmod(mode)
    assert code == 0


def test_eight_processes_index_at_once(state: Path) -> None:
    """Eight processes that make the database and write to it together lose no row and see no lock."""
    code = (
        "import sys; from pathlib import Path; from datetime import timedelta\n"
        "from support.runs import NOW, begin, end, make_source; from qamctl.runs.store import index_run\n"
        "state, number = Path(sys.argv[1]), int(sys.argv[2])\n"
        "sys.stdin.readline()\n"
        "for i in range(5):\n"
        "    run = begin(state, make_source(state.parent / f'in{number}'), now=NOW + timedelta(hours=i))\n"
        "    warnings = index_run(state, run.directory) + index_run(state, run.directory, result=end(run))\n"
        "    assert warnings == [], warnings\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    children = [
        subprocess.Popen(
            [sys.executable, "-P", "-c", code, str(state), str(number)], stdin=subprocess.PIPE, env=environment
        )
        for number in range(8)
    ]
    for child in children:
        child.communicate(b"\n", timeout=60)
    assert [child.returncode for child in children] == [0] * 8
    with database.connect(state / "state.db") as connection:
        assert connection.execute("SELECT count(*), min(status) FROM runs").fetchone() == (40, "feasible")


def test_migrations_run_once_in_order_after_a_backup(tmp_path: Path) -> None:
    """A later version adds its steps to the rows that are there, after keeping the file as it was."""
    path = tmp_path / "state.db"
    first = ("CREATE TABLE a (x TEXT) STRICT",)
    with database.connect(path, first) as connection:
        connection.execute("INSERT INTO a VALUES ('kept')")
    assert list(tmp_path.glob("*.backup")) == []
    second = (*first, "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = 1", "UPDATE a SET y = y + 1")
    for _ in range(2):
        with database.connect(path, second) as connection:
            assert connection.execute("SELECT x, y FROM a").fetchall() == [("kept", 2)]
            assert connection.execute("PRAGMA user_version").fetchone() == (3,)
    (backup,) = tmp_path.glob("*.backup")
    assert backup.name == "state.db.v1.backup"
    assert backup.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(backup) as connection:
        assert connection.execute("SELECT * FROM a").fetchall() == [("kept",)]
    connection.close()


def test_a_failed_migration_changes_nothing(tmp_path: Path) -> None:
    """When a step fails the database stays at its version, whole."""
    path = tmp_path / "state.db"
    first = ("CREATE TABLE a (x TEXT) STRICT",)
    with database.connect(path, first):
        pass
    broken = (*first, "CREATE TABLE b (x TEXT) STRICT", "NOT SQL")

    def migrate() -> None:
        with database.connect(path, broken):
            pass

    with pytest.raises(sqlite3.OperationalError):
        migrate()
    with database.connect(path, first) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("a",)]


def test_a_failed_backup_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the backup can't take its name the migration does not start and no temporary file stays."""
    path = tmp_path / "state.db"
    first = ("CREATE TABLE a (x TEXT) STRICT",)
    with database.connect(path, first):
        pass
    (tmp_path / "state.db.v1.backup").mkdir()

    def migrate() -> None:
        with database.connect(path, (*first, "CREATE TABLE b (x TEXT) STRICT")):
            pass

    with pytest.raises(OSError, match="directory"):
        migrate()
    assert list(tmp_path.glob("*.tmp")) + list(tmp_path.glob(".*.tmp")) == []


def test_prune_keeps_the_latest_and_the_running(state: Path) -> None:
    """`keep` spares the latest runs, and a running one stays however old it is."""
    running = begin(state, make_source(state.parent / "in"), now=NOW - timedelta(days=99))
    runs = [make_run(state, hours=hours) for hours in range(4)]
    planned = prune(state, now=NOW, keep=2, dry_run=True)
    assert ids(planned) == [runs[1].id, runs[0].id]
    assert len(ids(list_runs(state))) == 5
    assert ids(prune(state, now=NOW, keep=2)) == ids(planned)
    assert ids(list_runs(state)) == [runs[3].id, runs[2].id, running.id]
    assert sorted(path.name for path in (state / "runs").iterdir()) == sorted(ids(list_runs(state)))
    running.log.close()
    assert ids(prune(state, now=NOW, keep=2)) == [running.id]


def test_prune_spares_a_run_that_is_just_starting(state: Path) -> None:
    """A young folder with a manifest and no log yet stays; after a minute it counts as killed."""
    run = begin(state, make_source(state.parent / "in"))
    run.log.close()
    (run.directory / "log.jsonl").unlink()
    moment = NOW.timestamp()
    os.utime(run.directory, (moment, moment))
    assert ids(prune(state, now=NOW + timedelta(seconds=30), keep=0)) == []
    assert ids(prune(state, now=NOW + timedelta(seconds=90), keep=0)) == [run.id]


def test_prune_by_age(state: Path) -> None:
    """`older_than` removes what started before; with `keep` a run must fail both."""
    runs = [make_run(state, hours=-24 * day) for day in range(4)]
    assert ids(prune(state, now=NOW, older_than=timedelta(days=1.5), keep=3)) == [runs[3].id]
    assert ids(prune(state, now=NOW, older_than=timedelta(days=1.5))) == [runs[2].id]
    assert ids(list_runs(state)) == [runs[0].id, runs[1].id]


def test_prune_leaves_the_users_folders(state: Path) -> None:
    """Of a run with --out only the link and the row go."""
    out = state.parent / "out"
    make_run(state, out=out)
    prune(state, now=NOW, keep=0)
    assert (out / "result.json").exists()
    assert ids(list_runs(state)) == []
    assert list((state / "runs").iterdir()) == []


def test_prune_cleans_up(state: Path) -> None:
    """What a killed prune left, links to runs that are no more and stale locks go too."""
    make_run(state, out=state.parent / "out")
    latest = make_run(state, out=state.parent / "out", hours=1)
    (state / "runs" / ".pruned-x").mkdir()
    (state / "locks").mkdir()
    (state / "locks" / "dead.lock").write_text("")
    assert ids(prune(state, now=NOW, keep=5)) == []
    assert [path.name for path in (state / "runs").iterdir()] == [latest.id]
    assert list((state / "locks").iterdir()) == []


def test_prune_without_a_rule_is_refused(state: Path) -> None:
    """Prune says which flags it needs, and an empty state is nothing to prune."""
    with pytest.raises(UsageError, match="--keep N or --older-than AGE"):
        prune(state, now=NOW)
    assert ids(prune(state, now=NOW, keep=0)) == []
    assert not state.exists()


def test_a_folder_that_is_no_run_is_not_one(state: Path, tmp_path: Path) -> None:
    """A folder with a foreign or damaged manifest is no run."""
    for text in ("[]", "no json", '{"run": 5}', '{"run": "a", "kind": "schedule", "name": "x"}'):
        (tmp_path / "manifest.json").write_text(text)
        assert read_run(tmp_path) is None
    assert index_run(state, tmp_path) == []
    (tmp_path / "manifest.json").write_text(json.dumps({"run": "a", "kind": "k", "name": "n", "started": "s"}))
    info = read_run(tmp_path)
    assert info is not None
    assert info.status == "interrupted"
