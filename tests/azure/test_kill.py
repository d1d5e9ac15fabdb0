"""kill -9 of real processes, at every named point, in the midst of transactions, and at random: each job once.

    QAMCTL_QUEUE_JOBS=5000 pytest tests/azure/test_kill.py -k queue

drains a queue that is ten times as long as in CI.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from support.azure_desks import make_order
from support.azure_kill_worker import FolderService, desk_of, noted

from qamctl.azure import store
from qamctl.azure.store import PRIORITIES, Job
from qamctl.azure.submit import enqueue
from qamctl.runs import ledger

ROOT = Path(__file__).parents[2]
JOBS = int(os.environ.get("QAMCTL_QUEUE_JOBS", "500"))
POINTS = ("begin", "payload kept", "written down", "asked", "uploaded", "in doubt", "sent", "noted", "looked", "read")


def start(tmp_path: Path, verb: str, number: int, **variables: str) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}", "XDG_STATE_HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path), **variables,
    }  # fmt: skip
    command = [sys.executable, "-P", "-m", "support.azure_kill_worker", "state", "cloud", verb, str(number)]
    return subprocess.Popen(command, env=environment, cwd=tmp_path)


def rows(tmp_path: Path) -> list[Job]:
    with desk_of(tmp_path / "state", tmp_path / "cloud").connect() as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return store.select(connection, "1")


def judge(tmp_path: Path, orders: int, states: set[str]) -> None:
    """One job an order, and the ledger that goes with it."""
    ids = {make_order(k).id(FolderService.workspace) for k in range(orders)}
    assert Counter(noted(tmp_path / "cloud", "made")) == dict.fromkeys(ids, 1)
    assert {path.name for path in (tmp_path / "cloud" / "jobs").iterdir()} == ids
    assert noted(tmp_path / "cloud", "again") == []
    found = rows(tmp_path)
    assert {job.id for job in found} == ids
    assert {job.state for job in found} <= states
    with desk_of(tmp_path / "state", tmp_path / "cloud").connect() as connection:
        lines = ledger.lines(connection)
        entries = connection.execute("SELECT job, entry FROM ledger").fetchall()
    assert len(entries) == len(set(entries))
    assert {line.job for line in lines} == ids
    billed = {job.id for job in found if job.state == "succeeded"}
    assert {line.job: line.billed for line in lines} == {id: 250_000 if id in billed else None for id in ids}


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_point(tmp_path: Path, point: str) -> None:
    """A process that ends at a named point leaves what the next one needs: one job an order, billed once."""
    nth = 1 if point == "in doubt" else 2
    assert start(tmp_path, "submit", 2, QAMCTL_TEST_POINT=f"{point}:{nth}").wait(60) == 137
    assert start(tmp_path, "submit", 2).wait(60) == 0
    judge(tmp_path, 2, {"succeeded"})


def test_killed_within_the_database(tmp_path: Path) -> None:
    """Processes that end in the midst of SQLite's work, one after the other, leave the database whole."""
    moments, killed = random.Random(3), 0
    for _ in range(12):
        code = start(tmp_path, "submit", 2, QAMCTL_TEST_STEP=str(moments.randint(1, 60))).wait(60)
        assert code in (0, 137)
        killed += code == 137
        rows(tmp_path)
    assert killed >= 6
    assert start(tmp_path, "submit", 2).wait(60) == 0
    judge(tmp_path, 2, {"succeeded"})


def test_two_processes_submit_the_same(tmp_path: Path) -> None:
    """Two processes that submit the same orders at the same time make one job of each."""
    children = [start(tmp_path, "submit", 5, QAMCTL_TEST_PAUSE="0.01") for _ in range(2)]
    assert [child.wait(60) for child in children] == [0, 0]
    judge(tmp_path, 5, {"succeeded"})


def test_three_processes_drain_a_queue_and_are_killed(tmp_path: Path) -> None:
    """Every job of the queue is sent once, by priority and within the budget, whatever is killed meanwhile."""
    moments, words = random.Random(5), list(PRIORITIES)
    desk = desk_of(tmp_path / "state", tmp_path / "cloud")
    priority = {}
    for k in range(JOBS):
        order = make_order(k, priority=moments.choice(words))
        priority[enqueue(desk, order).id] = PRIORITIES[order.priority]
    allowed = JOBS - JOBS // 10  # the budget is not enough for the last tenth
    budget, kills, children = allowed * 1_000_000, 0, []
    patience = time.monotonic() + 60 + JOBS / 2
    while True:
        if sum(job.state == "submitted" for job in rows(tmp_path)) == allowed and not children:
            break
        assert time.monotonic() < patience, Counter(job.state for job in rows(tmp_path))
        while len(children) < 3:
            children.append(start(tmp_path, "drain", budget, QAMCTL_TEST_PAUSE="0.002"))
        time.sleep(moments.uniform(0.25, 0.6))
        if kills < 8:
            victim = moments.choice(children)
            victim.send_signal(signal.SIGKILL)
            kills += victim.wait(60) == -signal.SIGKILL
        if kills >= 8 or all(child.poll() is not None for child in children):
            assert {child.wait(60) for child in children} <= {0, -signal.SIGKILL}
        children = [child for child in children if child.poll() is None]
    assert kills >= 2
    made = noted(tmp_path / "cloud", "made")
    assert len(made) == len(set(made)) == allowed
    assert noted(tmp_path / "cloud", "again") == []
    with desk.connect() as connection:
        lines = ledger.lines(connection)
    assert sum(line.reserved for line in lines) == budget
    claimed = [priority[line.job] for line in lines]
    assert claimed == sorted(claimed, reverse=True)
    left = [job for job in rows(tmp_path) if job.state == "queued"]
    assert len(left) == JOBS - allowed
    assert max(job.priority for job in left) <= min(claimed)
    # Jobs arrive as they were claimed, but for those that were on their way at the same time.
    place = {line.job: k for k, line in enumerate(lines)}
    arrived = [place[id] for id in made]
    overtaken = [sum(later < one for later in arrived[k + 1 :]) for k, one in enumerate(arrived)]
    assert max(overtaken) <= 3 + kills
