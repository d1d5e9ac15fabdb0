"""A state file under many writers, kills, full disks and power cuts: what was acknowledged stays."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from support.reason_states import NOW, decided, lines_of, make_spec, path

from qamctl.errors import TemporaryError, UsageError
from qamctl.reason.ledger import replay
from qamctl.reason.state_file import append_decision, append_feedback, open_state, read_state

__all__ = ["path"]


def test_an_unfinished_line_is_cut_off_wherever_it_ends(path: Path) -> None:
    """A reader leaves it out, the next writer cuts it off, and both say so; what stands before it stays."""
    whole = path.read_bytes()
    start = whole.rstrip(b"\n").rindex(b"\n") + 1
    kept, full = replay(whole[:start].splitlines()).canonical(), read_state(path).canonical()
    for end in range(start, len(whole)):
        path.write_bytes(whole[:end])
        state = read_state(path)
        complete = end == len(whole) - 1  # only the end of the line is missing: nothing is lost
        assert state.canonical() == (full if complete else kept)
        assert len(state.notes) == (end > start)
        assert path.read_bytes() == whole[:end]
        if end % 29 == 0 or complete:
            after = append_decision(path, decided("z"), now=NOW)
            assert len(after.notes) == (end > start)
            assert after.events == (4 if complete else 3)
            assert path.read_bytes().startswith(whole if complete else whole[:start] + b'{"n":3')
            assert read_state(path).notes == ()
            assert read_state(path).canonical() == after.canonical()
    path.write_bytes(whole[: start + 40] + bytes(500))  # what a power cut may leave
    assert read_state(path).canonical() == kept


def test_places_that_are_no_files_are_refused(path: Path, tmp_path: Path) -> None:
    """Links, folders and pipes, and files that are not there."""
    link, pipe = tmp_path / "link", tmp_path / "pipe"
    link.symlink_to(path)
    os.mkfifo(pipe)
    every: list[tuple[Path, str]] = [
        (link, "is a symbolic link"), (tmp_path, "directory"), (pipe, "not a regular file"),
        (tmp_path / "none.json", "there is no state file"),
    ]  # fmt: skip
    for file, message in every:
        with pytest.raises(UsageError, match=message):
            append_feedback(file, outcome="ok", now=NOW)
    with pytest.raises(UsageError, match="there is no state file"):
        read_state(tmp_path / "none.json")
    with pytest.raises(UsageError, match="not a regular file"):
        read_state(tmp_path)
    with pytest.raises(UsageError, match="can't write"):
        open_state(path / "below", make_spec(), now=NOW)
    assert read_state(link).events == 3


def test_a_full_disk_loses_nothing(path: Path) -> None:
    """What did not fit is taken back, and the next try finds the file as it was."""
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20, hard))
    try:
        with pytest.raises(TemporaryError, match="free some space"):
            append_decision(path, decided("c"), now=NOW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert append_decision(path, decided("c"), now=NOW).events == 4


#: Forks so many processes that wait for a file, each or all for their own, and then append and tell of it.
WORKER = """
import json, os, sys, time
from pathlib import Path
from qamctl.reason.events import Decision
from qamctl.reason.read import reason_from_data
from qamctl.reason.state_file import append_decision, append_feedback, open_state

path, spec = Path(sys.argv[1]), reason_from_data(json.loads(sys.argv[2]))
number, count, go = int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]

def work(me):
    told = os.open(path.with_name(f"told{me}"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    while not path.with_name(go.format(me)).exists():
        time.sleep(0.002)
    open_state(path, spec, now="then")
    for k in range(count):
        run = f"{me}-{k}"
        append_decision(path, Decision(run, "a", "a", (0.5, 0.5), 2, {"a": 1.0}, {"a": 1.0}, {}), now="then")
        os.write(told, f"{run}\\n".encode())
        append_feedback(path, run=run, outcome="ok" if k % 2 else "bad", now="then")
        os.write(told, f"{run} fed\\n".encode())

children = []
for me in range(number):
    child = os.fork()
    if not child:
        code = 1
        try:
            work(me)
            code = 0
        finally:
            os._exit(code)
    children.append(child)
print(*children, flush=True)
print(*(os.waitpid(child, 0)[1] for child in children), flush=True)
"""
DATA = {
    "kind": "reason",
    "version": 1,
    "paths": [{"id": "a"}, {"id": "b"}],
    "outcomes": [{"id": "ok", "likelihood": {"a": 0.51, "b": 0.5}}, {"id": "bad", "likelihood": {"a": 0.48, "b": 0.5}}],
}


@contextmanager
def workers(path: Path, number: int, count: int, go: str) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """Processes that wait for the file `go`, their parent and their ids; none is left behind."""
    command = [sys.executable, "-c", WORKER, str(path), json.dumps(DATA), str(number), str(count), go]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as parent:
        assert parent.stdout is not None
        children = [int(word) for word in parent.stdout.readline().split()]
        try:
            yield parent, children
        finally:
            if parent.poll() is None:
                os.killpg(parent.pid, signal.SIGKILL)


def test_sixteen_processes_lose_nothing(tmp_path: Path) -> None:
    """They begin the file at once and append at once: everything is there once, and the priors are the batch's."""
    path, count = tmp_path / "s.json", 6
    with workers(path, 16, count, "go") as (parent, _):
        (tmp_path / "go").touch()
        assert parent.communicate(timeout=60)[0].split() == ["0"] * 16
    state = read_state(path)
    runs = {f"{k}-{i}" for k in range(16) for i in range(count)}
    assert set(state.decisions) == set(state.feedback) == runs
    assert state.events == 2 * len(runs) == len(lines_of(path)) - 1
    batch = np.array([(0.51 * 0.48) ** (len(runs) // 2), (0.5 * 0.5) ** (len(runs) // 2)])
    assert np.abs(state.priors - batch / batch.sum()).max() < 1e-12
    assert sorted(file.name for file in tmp_path.iterdir() if "told" not in file.name) == ["go", "s.json"]


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    """Twenty processes are killed at random moments while they append: every line that they told of is there."""
    path, rng, told = tmp_path / "s.json", np.random.default_rng(9), []
    with workers(path, 20, 10**6, "go{}") as (parent, children):
        for k, child in enumerate(children):
            said = tmp_path / f"told{k}"
            (tmp_path / f"go{k}").touch()
            while not said.exists() or not said.stat().st_size:
                time.sleep(0.001)
            time.sleep(float(rng.uniform(0, 0.04)))
            os.kill(child, signal.SIGKILL)
            told += said.read_text().splitlines()
            state = read_state(path)
            for text in told:
                run, _, fed = text.partition(" ")
                assert run in (state.feedback if fed else state.decisions)
            assert state.events == len(state.decisions) + len(state.feedback)
        assert parent.communicate(timeout=60)[0].split() == [str(int(signal.SIGKILL))] * 20
    assert len(state.decisions) >= 20
    assert len(told) > 40
    assert append_feedback(path, run="0-0", outcome="bad", now=NOW).state.events >= state.events
