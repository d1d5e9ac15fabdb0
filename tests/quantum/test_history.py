"""Evaluations survive a kill, and a training that is resumed ends where it would have ended."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from qamctl.errors import SpecError, TemporaryError, UsageError
from qamctl.quantum.polynomial import Polynomial
from qamctl.quantum.qaoa.angles import ramp
from qamctl.quantum.qaoa.history import Evaluation, History, curve
from qamctl.quantum.qaoa.landscape import Landscape
from qamctl.quantum.qaoa.structure import ansatz_for
from qamctl.quantum.qaoa.train import Effort, Training, ladder

#: A training of some hundred evaluations; with a pause before each it takes long enough to be killed.
WORKER = """
import sys, time
from pathlib import Path
from test_history import training
training(Path(sys.argv[1]), pause=0.02)
"""


def training(path: Path | None, pause: float = 0.0) -> Training:
    """A ladder of three rungs in two stages on seven spins."""
    terms: dict[tuple[int, ...], float] = {(v,): float((5 * v) % 7 - 3) for v in range(7) if (5 * v) % 7 != 3}
    terms |= {(v, w): float((3 * v + 4 * w) % 9 - 4.5) for v in range(7) for w in range(v + 1, 7)}
    space = Landscape(Polynomial(7, 0.0, terms), ansatz_for(7, (), 3))

    def slowly() -> bool:
        time.sleep(pause)
        return False

    with History(path) as history:
        return ladder(space, 3, alphas=(0.5, 1.0), effort=Effort(stop=slowly), history=history)


def evaluation(number: int = 1, alpha: float = 1.0) -> Evaluation:
    """With figures that no short decimal holds."""
    return Evaluation(number, alpha, (0.1 * number, -1 / 3), -np.pi, (2e-300, 1e17 / 3), 0.25)


def test_a_killed_training_resumes_to_the_same_bits(tmp_path: Path) -> None:
    """Killed with SIGKILL half way and run again, the angles are bit for bit those of an uninterrupted training."""
    whole = training(None)
    path = tmp_path / "angles.jsonl"
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    child = subprocess.Popen([sys.executable, "-c", WORKER, str(path)], env=env)
    try:
        deadline = time.monotonic() + 60
        while not path.exists() or path.read_bytes().count(b"\n") < 12:
            assert child.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.005)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    killed_at = path.read_bytes().count(b"\n") - 1
    assert 10 < killed_at < whole.evaluations
    resumed = training(path)
    assert [a.hex() for a in resumed.angles.tolist()] == [a.hex() for a in whole.angles.tolist()]
    assert resumed.evaluations == whole.evaluations
    assert path.read_bytes().count(b"\n") - 1 == len({(e.alpha, e.angles) for e in whole.history})
    seconds = [e.seconds for e in resumed.history]
    assert seconds[killed_at:] == sorted(seconds[killed_at:])
    assert seconds[killed_at] >= seconds[killed_at - 1]


def test_floats_come_back_bit_for_bit(tmp_path: Path) -> None:
    """What was added is found again, by problem, alpha and exact angles, in the order of adding."""
    path = tmp_path / "h.jsonl"
    first, second = evaluation(1), evaluation(2, alpha=0.25)
    with History(path) as history:
        history.add("p", first)
        history.add("p", second)
        history.add("q", first)
    with History(path) as history:
        assert history.find("p", 1.0, np.array(first.angles)) == first
        assert history.find("p", 0.25, np.array(first.angles)) is None
        assert history.find("p", 1.0, np.array(first.angles) * (1 + 1e-15)) is None
        assert history.of("p") == (first, second)
        assert len(history) == 3
    assert path.read_text().splitlines()[0] == '{"schema": "qamctl/qaoa-history/1"}'


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_torn_last_line_is_dropped(tmp_path: Path, cut: int) -> None:
    """Whatever part of the last line a kill leaves, the lines before stand and new ones follow them."""
    path = tmp_path / "h.jsonl"
    with History(path) as history:
        history.add("p", evaluation(1))
        history.add("p", evaluation(2))
    path.write_bytes(path.read_bytes()[:-cut])
    with History(path) as history:
        assert history.of("p") == (evaluation(1),)
        history.add("p", evaluation(3))
    with History(path) as history:
        assert history.of("p") == (evaluation(1), evaluation(3))


@pytest.mark.parametrize("start", ["", '{"sch', '{"schema": "qamctl/qaoa-history/1"}'])
def test_a_kill_within_the_first_line_begins_anew(tmp_path: Path, start: str) -> None:
    """A file with nothing, or a part of the header, is a new one."""
    path = tmp_path / "h.jsonl"
    path.write_text(start)
    with History(path) as history:
        assert len(history) == 0
        history.add("p", evaluation())
    with History(path) as history:
        assert len(history) == 1


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("my notes\n", 1),
        ("my notes without an end", 1),
        ('{"schema": "other/1"}\n', 1),
        ('["qamctl"]\n', 1),
        ('{"schema": "qamctl/qaoa-history/1"}\nnonsense\n{}\n', 2),
        ('{"schema": "qamctl/qaoa-history/1"}\n{"problem": "p"}\n', 2),
        ('{"schema": "qamctl/qaoa-history/1"}\n3\n', 2),
    ],
)
def test_other_files_are_refused_and_left_alone(tmp_path: Path, text: str, line: int) -> None:
    """A file that is no history, or broken before its end, is a fault with its line; not a byte of it changes."""
    path = tmp_path / "notes.txt"
    path.write_text(text)
    with pytest.raises(SpecError) as caught:
        History(path)
    location = caught.value.diagnostics[0].location
    assert location is not None
    assert (location.file, location.line) == (str(path), line)
    assert caught.value.diagnostics[0].hint
    assert path.read_text() == text


def test_figures_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    """A line whose gradient has another length than its angles, or holds no finite number, is broken."""
    path = tmp_path / "h.jsonl"
    with History(path) as history:
        history.add("p", evaluation())
    header, row = path.read_text().splitlines()
    for change in ({"gradient": ["0x1p0"]}, {"value": "nan"}):
        path.write_text(f"{header}\n{json.dumps(json.loads(row) | change)}\n")
        with pytest.raises(SpecError, match="no evaluation"):
            History(path)


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    """A second run on a file that is in use is told to wait; once it is closed the file is free."""
    path = tmp_path / "h.jsonl"
    with History(path), pytest.raises(TemporaryError, match="another run"):
        History(path)
    History(path).close()


def test_threads_may_share_a_history(tmp_path: Path) -> None:
    """Lines of several threads are whole."""
    path = tmp_path / "h.jsonl"
    with History(path) as history:
        workers = [
            threading.Thread(target=lambda k=k: [history.add(f"p{k}", evaluation(n)) for n in range(1, 50)])
            for k in range(4)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    with History(path) as history:
        assert len(history) == 4 * 49


def test_places_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    """A folder, a device and a missing folder are refused with what to do."""
    for path in (tmp_path, Path("/dev/full")):
        with pytest.raises(UsageError, match="not a regular file"):
            History(path)
    with pytest.raises(UsageError, match="choose another place"):
        History(tmp_path / "missing" / "h.jsonl")


def test_a_full_disk_is_told_and_leaves_what_was_kept(tmp_path: Path) -> None:
    """The line that no longer fits is torn, as by a kill; the lines before it stand."""
    path = tmp_path / "h.jsonl"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with History(path) as history:
        history.add("p", evaluation(1))
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 40, hard))
        try:
            with pytest.raises(TemporaryError, match="free some space"):
                history.add("p", evaluation(2))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, old)
    with History(path) as history:
        assert history.of("p") == (evaluation(1),)


def test_the_curve_has_a_row_for_each_evaluation() -> None:
    """Number, seconds, depth, alpha and value, for the metrics."""
    found = training(None)
    rows = curve(found.history)
    assert [row["evaluation"] for row in rows] == list(range(1, found.evaluations + 1))
    assert {row["depth"] for row in rows} == {1, 2, 3}
    assert set(rows[0]) == {"evaluation", "seconds", "depth", "alpha", "value"}
    assert rows[0]["value"] == found.history[0].value
    assert ramp(1) == pytest.approx(found.history[0].angles)
