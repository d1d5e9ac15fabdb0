"""The benchmark's own parts: its verification finds faults, its rules make valid schedules, it can be resumed."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from support.shared import shared_path

HERE = Path(__file__).parent
DATA = {
    "resources": [{"id": "gpu", "capacity": 3}],
    "tasks": [
        {"id": "a", "duration": 2, "demand": {"gpu": 2}},
        {"id": "b", "duration": 3, "demand": {"gpu": 2}},
        {"id": "c", "duration": 1, "after": ["a"]},
    ],
}


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    """The benchmark's modules, which import each other as siblings."""
    monkeypatch.syspath_prepend(str(HERE))
    names = ("plain", "heuristics", "journal", "verdicts", "asked")
    return {name: __import__(name) for name in names}


@pytest.mark.parametrize(
    ("start", "words"),
    [
        ([0, 2, 2], None),
        ([3, 0, 5], None),
        ([-1, 2, 2], "a starts at -1"),
        ([0, 1, 2], "gpu is used 4 times of 3 at 1"),
        ([0, 2, 1], "c starts before a ends"),
        ([0, 2], "2 starts for 3 tasks"),
    ],
)
def test_a_broken_schedule_is_found(parts: dict[str, ModuleType], start: list[int], words: str | None) -> None:
    """Each way to break the problem is told, and a valid schedule has no faults."""
    plain = parts["plain"]
    assert plain.faults(plain.plain_problem(DATA), start)[:1] == ([words] if words else [])


def test_rules_make_valid_schedules_not_below_the_bound(parts: dict[str, ModuleType]) -> None:
    """HEFT and first come first served respect precedence and agents on random DAGs, also with tasks of no duration."""
    plain, heuristics = parts["plain"], parts["heuristics"]
    for seed in range(30):
        rng = random.Random(seed)
        tasks = [
            {
                "id": f"t{i}",
                "duration": rng.choice([0, 0.5, 1.25, 3]),
                "after": [f"t{k}" for k in range(i) if rng.random() < 0.1],
            }
            for i in range(30)
        ]
        data = {"time": {"resolution": 0.001}, "agents": [{"id": f"a{k}"} for k in range(1 + seed % 4)], "tasks": tasks}
        problem = plain.plain_problem(data)
        for rule in (heuristics.heft, heuristics.fifo):
            start = rule(problem)
            assert plain.faults(problem, start) == []
            assert plain.makespan(problem, start) >= plain.simple_bound(problem)


def test_heft_fills_a_gap(parts: dict[str, ModuleType]) -> None:
    """A short task is put into the idle time before one that waits, which list scheduling without insertion can't."""
    plain, heuristics = parts["plain"], parts["heuristics"]
    tasks = [
        {"id": "long", "duration": 10},
        {"id": "first", "duration": 4},
        {"id": "last", "duration": 5, "after": ["long", "first"]},
        {"id": "fill", "duration": 3},
    ]
    data = {"agents": [{"id": "a"}, {"id": "b"}], "tasks": tasks}
    start = heuristics.heft(plain.plain_problem(data))
    assert start == [0, 0, 10, 4]


def test_a_row_that_a_kill_cut_off_is_forgotten(parts: dict[str, ModuleType], tmp_path: Path) -> None:
    """Whole rows are kept, half a row is dropped from the file, and the next row stands on a line of its own."""
    journal, path = parts["journal"], tmp_path / "rows.jsonl"
    row = dict.fromkeys(journal.KEY, 1)
    journal.append(path, row)
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole + whole[:cut])
        assert journal.load(path) == {journal.key(row): row}
        assert path.read_bytes() == whole
        path.write_bytes(whole[:cut])
        assert journal.load(path) == {}
        assert path.read_bytes() == b""


def test_measuring_stops_and_goes_on(parts: dict[str, ModuleType], tmp_path: Path) -> None:
    """What failed is measured again, Ctrl-C and an end of the time leave what is in the file, and then it goes on."""
    journal, path = parts["journal"], tmp_path / "rows.jsonl"
    jobs = [(name, dict.fromkeys(journal.KEY, 1) | {"case": name}) for name in "abcd"]
    measured: list[str] = []

    def measure(case: str, job: dict[str, object], ends: dict[str, str]) -> dict[str, object]:
        measured.append(case)
        if ends.get(case) == "stopped":
            raise KeyboardInterrupt
        return job | {"status": ends.get(case, "done")}

    def run(until: float = float("inf"), **ends: str) -> tuple[str, bool]:
        measured.clear()
        rows, whole = journal.resumed(path, jobs, lambda c, job: measure(c, job, ends), lambda row: "", until=until)
        return "".join(row["case"] for row in rows), whole

    assert run(until=0) == ("", False)
    assert run(a="failed", c="stopped") == ("ab", False)
    assert measured == ["a", "b", "c"]
    assert run(until=0) == ("b", False)
    assert run() == ("abcd", True)
    assert measured == ["a", "c", "d"]
    assert run(until=0) == ("abcd", True)
    assert measured == []


def test_a_worker_that_fails_says_why(parts: dict[str, ModuleType]) -> None:
    """An error's last line is told, and so is a worker that takes too long."""
    asked = parts["asked"]
    with pytest.raises(asked.Failed, match="exit 1: KeyError: 'format'"):
        asked.asked("peer_worker.py", {"engine": "cpsat"}, patience=60)
    with pytest.raises(asked.Failed, match="ran longer than 0 s"):
        asked.asked("peer_worker.py", {"engine": "cpsat"}, patience=0.001)


def test_the_table_is_measured_once_and_resumed(tmp_path: Path) -> None:
    """A second call takes the finished row from the file instead of measuring again."""
    shared_path("instances/schedule/jobshop/ft06.txt")
    rows, report = tmp_path / "rows.jsonl", tmp_path / "report.json"
    command = [sys.executable, str(HERE / "schedule.py"), "--only", "ft06", "--engines", "fifo"]
    command += ["--instances", str(shared_path("instances")), "--rows", str(rows), "--json", str(report)]
    first = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "ft06  fifo    None  feasible         65" in first.stdout
    assert len(rows.read_text().splitlines()) == 1
    second = subprocess.run(command, capture_output=True, text=True, check=True)
    assert second.stdout == first.stdout
    assert "ft06" not in second.stderr
    assert len(rows.read_text().splitlines()) == 1
    assert json.loads(report.read_text())["rows"][0]["objective"] == 65
