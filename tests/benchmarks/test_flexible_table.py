"""The benchmark of flexible problems reads its files, counts answers anew, and judges as it says; a small one runs."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from support.shared import shared_path

HERE = Path(__file__).resolve().parent
FJSP = "2 2 1.5\n2 1 1 3 2 1 4 2 6\n1 2 2 5 1 5\n"
STARS = "*" * 72
MMLIB = f"""\
jobs  (incl. supersource/sink ):\t4
{STARS}
PRECEDENCE RELATIONS:
jobnr.    #modes  #successors   successors
1\t1\t2\t2 3
2\t2\t1\t3
3\t1\t1\t4
4\t1\t0
{STARS}
REQUESTS/DURATIONS:
jobnr.\tmode\tdur\tR1\tN1
{"-" * 72}
1\t1\t0\t0\t0
2\t1\t3\t2\t4
\t2\t9\t0\t1
3\t1\t4\t1\t2
4\t1\t0\t0\t0
{STARS}

 RESOURCE AVAILABILITIES\x20
\tR 1\tN 1
\t2\t5

{STARS}
"""


@pytest.fixture(autouse=True)
def scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripts of the folder can be imported."""
    monkeypatch.syspath_prepend(str(HERE))


@pytest.fixture
def bench() -> ModuleType:
    """The script as a module."""
    return import_module("flexible")


def problem(tmp_path: Path, format: str, text: str) -> Any:
    """The plain form of a file."""
    path = tmp_path / "problem.txt"
    path.write_text(text)
    return import_module("published_files").read(format, path)


def test_the_plain_form_of_each_family(tmp_path: Path) -> None:
    """Ids are those of imported specs, so that schedules can be counted against it."""
    shop = problem(tmp_path, "fjsp", FJSP)
    assert (shop.ids, shop.before, shop.renewable) == (["J0.0", "J0.1", "J1.0"], [[], [0], []], {"M0": 1, "M1": 1})
    assert [[(way.name, way.duration) for way in ways] for ways in shop.ways] == [
        [("M0", 3)], [("M0", 4), ("M1", 6)], [("M1", 5), ("M0", 5)],
    ]  # fmt: skip
    machines = problem(tmp_path, "pmp", "2\n2\n3 4\n5 6\n")
    assert (machines.ids, machines.before) == (["J0", "J1"], [[], []])
    assert [[way.duration for way in ways] for ways in machines.ways] == [[3, 4], [5, 6]]
    project = problem(tmp_path, "mmlib", MMLIB)
    assert (project.ids, project.before) == (["T2", "T3"], [[], [0]])
    assert (project.renewable, project.stock) == ({"R1": 2}, {"N1": 5})
    assert [[(way.name, way.duration, way.use) for way in ways] for ways in project.ways] == [
        [("m1", 3, {"R1": 2, "N1": 4}), ("m2", 9, {"N1": 1})],
        [("m1", 4, {"R1": 1, "N1": 2})],
    ]


def test_a_schedule_is_counted_anew(tmp_path: Path) -> None:
    """Each constraint that is broken is named; what is right has no fault."""
    shop = problem(tmp_path, "fjsp", FJSP)
    rows = [
        {"task": "J1.0", "agents": ["M1"], "mode": None, "start": 0},
        {"task": "J0.0", "agents": ["M0"], "mode": None, "start": 0},
        {"task": "J0.1", "agents": ["M1"], "mode": "M1", "start": 5},
    ]
    start, chosen = shop.schedule(rows)
    assert (start, chosen) == ([0, 5, 0], [0, 1, 0])
    assert (shop.faults(start, chosen), shop.makespan(start, chosen)) == ([], 11)
    assert shop.faults([-1, 5, 0], chosen) == ["J0.0 starts at -1"]
    assert shop.faults([0, 2, 8], chosen)[0] == "J0.1 starts before J0.0 ends"
    assert shop.faults([0, 4, 0], chosen) == ["M1 is used 2 times of 1 at 4"]
    project = problem(tmp_path, "mmlib", MMLIB)
    assert project.faults([0, 9], [1, 0]) == []
    assert project.faults([0, 3], [0, 0]) == ["N1 is used 6 times of 5"]


def test_the_peer_finds_a_schedule(tmp_path: Path) -> None:
    """CP-SAT's model is of the same problem: its answer holds, and is the least there is."""
    cpsat = import_module("flexible_peer").cpsat
    for format, text, least in (("fjsp", FJSP, 7), ("mmlib", MMLIB, 13), ("pmp", "2\n2\n3 4\n5 6\n", 5)):
        plain = problem(tmp_path, format, text)
        for loads in (False, True):
            answer = cpsat(plain, seconds=10, threads=1, seed=1, loads=loads)
            assert plain.faults(answer["start"], answer["chosen"]) == []
            assert plain.makespan(answer["start"], answer["chosen"]) == answer["bound"] == least


def test_what_is_known_unmasks_bounds_and_objectives(bench: ModuleType, tmp_path: Path) -> None:
    """A bound above the best known value, and a makespan that is not that of the schedule, are faults."""
    shop = problem(tmp_path, "fjsp", FJSP)
    case = import_module("published").Case("fjsp", "fjsp", "x", Path(), 12, 10)
    good = {"start": [0, 5, 0], "chosen": [0, 1, 0], "objective": 11, "bound": 9}
    assert list(bench.judge(case, shop, good)) == []
    assert list(bench.judge(case, shop, good | {"status": "optimal", "bound": 11})) == []
    assert list(bench.judge(case, shop, good | {"status": "optimal"})) == [
        "called optimal, with a bound of 9 where 11 is known"
    ]
    proved = replace(case, best=12, bound=12)
    assert list(bench.judge(proved, shop, good)) == ["the makespan 11 is below 12, which is proved"]
    assert list(bench.judge(case, shop, good | {"objective": 10})) == ["the makespan is 11, not 10"]
    assert list(bench.judge(case, shop, good | {"bound": 12})) == ["the bound 12 is above 11, which is known"]
    assert list(bench.judge(case, shop, {"start": None, "chosen": None, "bound": 12.5})) == [
        "the bound 12.5 is above 12, which is known"
    ]


def row(family: str, auto: int | None, cpsat: int | None, loads: int | None = 150, **more: Any) -> dict[str, Any]:
    """A row of the table whose best known value is 100."""
    answers = {"auto": auto, "cpsat": cpsat, "cpsat+loads": loads}
    return {"family": family, "instance": "x", "best known": 100, "faults": [], **answers, **more}


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([row("fjsp", 102, 101)], 0),
        ([row("fjsp", 103, 101)], 1),
        ([row("fjsp", 103, 110, 101)], 1),
        ([row("fjsp", 103, 101), row("fjsp", 100, 101)], 0),
        ([row("fjsp", 103, 101), row("pmp", 100, 200)], 1),
        ([row("fjsp", 103, None)], 0),
        ([row("fjsp", None, 101)], 1),
        ([row("fjsp", 100, 100, faults=["auto: M0 is used twice"])], 1),
        ([], 2),
    ],
)
def test_means_are_judged(bench: ModuleType, rows: list[dict[str, Any]], code: int) -> None:
    """At most a point above the mean of either peer, in each family; an answer everywhere, and no fault."""
    assert bench.verdict(rows) == code


def test_a_small_one_runs(bench: ModuleType, tmp_path: Path) -> None:
    """All engines on mk01, from the file to the verdict."""
    instances, report = shared_path("instances"), tmp_path / "report.json"
    options = ["--instances", str(instances), "--json", str(report), "--only", "mk01", "--seconds", "1"]
    done = subprocess.run(
        [sys.executable, str(HERE / "flexible.py"), *options], capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    rows = json.loads(report.read_text())
    assert [(row["instance"], row["best known"], row["faults"]) for row in rows] == [("mk01", 40, [])]
    assert min(rows[0][engine] for engine in bench.ENGINES) >= 40
    assert bench.verdict(rows) == done.returncode


def test_without_its_files_it_says_so(tmp_path: Path) -> None:
    """The folder that is asked for is named, and the exit code is 2."""
    command = [sys.executable, str(HERE / "flexible.py"), "--instances", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "is not here: name it by --instances" in done.stdout) == (2, True)
