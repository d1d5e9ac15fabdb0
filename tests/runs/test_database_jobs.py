"""The state database with jobs, ledger and services: what came before stays, what is later or damaged is told."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from support.azure_cloud import WORKSPACE
from support.azure_desks import make_order, make_world
from support.runs import begin, end, make_source

from qamctl.azure import store
from qamctl.azure.submit import submit_once
from qamctl.runs import ledger
from qamctl.runs.database import MIGRATIONS, connect
from qamctl.runs.store import index_run, list_runs, reindex

ROOT = Path(__file__).parents[2]

#: What the first released version wrote, statement by statement.
RELEASED = """
    PRAGMA journal_mode = WAL;
    CREATE TABLE runs (
        id TEXT PRIMARY KEY,
        directory TEXT NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        status TEXT NOT NULL,
        objective ANY,
        bound ANY,
        started TEXT NOT NULL,
        ended TEXT,
        exit_code INTEGER,
        pid INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX runs_by_start ON runs (started);
    CREATE INDEX runs_by_directory ON runs (directory);
    INSERT INTO runs VALUES
        ('20261120T200000Z-plan-0a1b2c3d', '/runs/a', 'schedule', 'plan', 'feasible', 12, 11.5,
         '2026-11-20T20:00:00+00:00', '2026-11-20T20:00:10+00:00', 0, 77),
        ('20261121T200000Z-plan-0a1b2c3e', '/runs/b', 'model', 'm', 'running', NULL, NULL,
         '2026-11-21T20:00:00+00:00', NULL, NULL, 78);
    PRAGMA user_version = 1;
"""


def released(path: Path) -> list[tuple[object, ...]]:
    """A database of the first released version; its rows."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(RELEASED)
        return connection.execute("SELECT * FROM runs ORDER BY id").fetchall()


def test_the_first_step_is_the_released_one() -> None:
    """A step that was released is never changed."""
    with closing(sqlite3.connect(":memory:")) as ours, closing(sqlite3.connect(":memory:")) as theirs:
        ours.executescript(MIGRATIONS[0])
        theirs.executescript(RELEASED)
        ours_made, theirs_made = statements(ours), statements(theirs)
    assert ours_made == theirs_made
    assert len(ours_made) >= 3


def statements(connection: sqlite3.Connection) -> list[str]:
    """What made the tables and indexes, without regard to spaces."""
    rows = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
    return [" ".join(sql.split()) for (sql,) in rows]


def test_a_released_database_keeps_its_rows(tmp_path: Path) -> None:
    """The tables of jobs come to a database of the first version; its rows stay, and it is kept whole beside."""
    before = released(tmp_path / "state.db")
    for _ in range(2):
        with connect(tmp_path / "state.db") as connection:
            assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
            assert connection.execute("SELECT * FROM runs ORDER BY id").fetchall() == before
            assert store.select(connection, "1") == []
            assert ledger.lines(connection) == []
    with closing(sqlite3.connect(tmp_path / "state.db.v1.backup")) as connection:
        assert connection.execute("SELECT * FROM runs ORDER BY id").fetchall() == before
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'jobs'").fetchone() == (0,)


def test_jobs_work_in_a_database_that_was_released(tmp_path: Path) -> None:
    """A job is submitted and billed in a state folder of the first version."""
    before = released(tmp_path / "state.db")
    world = make_world(tmp_path)
    submit_once(world.desk, make_order())
    assert world.job(make_order()).state == "submitted"
    assert world.entries(make_order()) == {"reserved": 1_000_000}
    with world.desk.connect() as connection:
        assert connection.execute("SELECT * FROM runs ORDER BY id").fetchall() == before


def test_processes_that_migrate_at_once(tmp_path: Path) -> None:
    """Six processes that open a released database together all find the new one."""
    before = released(tmp_path / "state.db")
    code = (
        "import sys; from pathlib import Path; from qamctl.runs.database import connect\n"
        "sys.stdin.readline()\n"
        "with connect(Path(sys.argv[1]), durable=True) as connection:\n"
        "    assert connection.execute('SELECT count(*) FROM jobs').fetchone() == (0,)\n"
    )
    command = [sys.executable, "-P", "-c", code, str(tmp_path / "state.db")]
    children = [subprocess.Popen(command, stdin=subprocess.PIPE, cwd=ROOT) for _ in range(6)]
    for child in children:
        child.communicate(b"\n", timeout=60)
    assert [child.returncode for child in children] == [0] * 6
    with connect(tmp_path / "state.db") as connection:
        assert connection.execute("SELECT * FROM runs ORDER BY id").fetchall() == before
    assert len(list(tmp_path.glob("*.backup"))) == 1


def test_a_later_database_is_refused(tmp_path: Path) -> None:
    """A database of a later version is left as it is, and the fault says to update; nothing is asked of the service."""
    world = make_world(tmp_path)
    submit_once(world.desk, make_order(1))
    with world.desk.connect() as connection:
        connection.execute("PRAGMA user_version = 99")
    requests, before = len(world.cloud.requests), (tmp_path / "state.db").read_bytes()
    match = rf"made by a later qamctl \(version 99 of the database, of which {len(MIGRATIONS)} are known here\); update"
    with pytest.raises(sqlite3.OperationalError, match=match):
        submit_once(world.desk, make_order(2))
    assert len(world.cloud.requests) == requests
    assert (tmp_path / "state.db").read_bytes() == before


@pytest.mark.parametrize("damage", ["rubbish", "cut", "inside"])
def test_a_damaged_database_is_told_before_anything_is_sent(tmp_path: Path, damage: str) -> None:
    """Without its database nothing is submitted: the fault is raised before the first request."""
    world = make_world(tmp_path)
    with world.desk.connect() as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path = tmp_path / "state.db"
    data = path.read_bytes()
    with path.open("r+b") as file:
        if damage == "rubbish":
            file.write(b"rubbish " * 200)
        elif damage == "cut":
            file.truncate(len(data) // 2)
        else:
            file.seek(4096)
            file.write(b"\xff" * (len(data) - 4096))
    with pytest.raises(sqlite3.DatabaseError, match=r"not a database|malformed"):
        submit_once(world.desk, make_order())
    assert world.cloud.requests == []


def test_a_reindex_keeps_jobs_and_ledger(tmp_path: Path) -> None:
    """The index of runs is written anew; what is nowhere else, jobs and money, stays."""
    run = begin(tmp_path, make_source(tmp_path / "spec"))
    index_run(tmp_path, run.directory, result=end(run))
    world = make_world(tmp_path)
    submit_once(world.desk, make_order())
    shutil.rmtree(run.directory)
    assert list(reindex(tmp_path).runs) == []
    assert list_runs(tmp_path).warning is None
    assert world.job(make_order()).id == make_order().id(WORKSPACE)
    assert world.entries(make_order()) == {"reserved": 1_000_000}


def test_a_failed_step_leaves_the_released_database(tmp_path: Path) -> None:
    """When the step to jobs fails half-way, the database is of the first version, whole."""
    before = released(tmp_path / "state.db")
    broken = (MIGRATIONS[0], MIGRATIONS[1] + "; CREATE TABLE jobs (again TEXT)")
    with pytest.raises(sqlite3.OperationalError, match="already exists"), connect(tmp_path / "state.db", broken):
        pass
    with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT * FROM runs ORDER BY id").fetchall() == before
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'jobs'").fetchone() == (0,)
