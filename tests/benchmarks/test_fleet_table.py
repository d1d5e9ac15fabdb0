"""The benchmark of fleets reads its tables, counts, names parts, and judges as it says; a small one runs."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from itertools import permutations
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from support.shared import shared_path

HERE = Path(__file__).resolve().parent
SIZES = ["--agents", "2000", "--clusters", "20"]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module."""
    monkeypatch.syspath_prepend(str(HERE))
    return import_module("fleet")


def tables(folder: Path) -> Path:
    """Four agents in three clusters of one size, linked in a ring, all with moves of their own cost."""
    (folder / "agents.csv").write_text(
        "id,demand,cluster,move_cost\na0,cpu=1|mem=4,c0,1\na1,cpu=2|mem=3,c0,2\na2,cpu=3|mem=2,c1,3\na3,cpu=4|mem=1,c2,4\n"
    )
    (folder / "clusters.csv").write_text("id,capacity\n" + "".join(f"c{k},cpu=5|mem=7\n" for k in range(3)))
    (folder / "links.csv").write_text("a,b,weight\na0,a1,1\na1,a2,10\na2,a3,100\na0,a3,1000\n")
    return folder


def test_an_assignment_is_counted_from_the_tables(bench: ModuleType, tmp_path: Path) -> None:
    """Cut links, costs of moves, and clusters that hold more than they can."""
    fleet = bench.read_fleet(tables(tmp_path))
    assert fleet.judged(np.array([0, 0, 1, 2])) == {
        "objective": 1110, "cut": 1110, "moves": 0, "above": 0, "fullest": 1.0,
    }  # fmt: skip
    assert fleet.judged(np.array([2, 0, 2, 2])) == {
        "objective": 15, "cut": 11, "moves": 4, "above": 1, "fullest": 8 / 5,
    }  # fmt: skip
    (tmp_path / "clusters.csv").write_text("id,capacity\nc0,cpu=5|mem=7\nc1,cpu=6|mem=7\nc2,cpu=5|mem=7\n")
    with pytest.raises(AssertionError, match="alike"):
        bench.read_fleet(tmp_path)


def test_parts_get_the_names_with_which_moves_cost_least(bench: ModuleType, tmp_path: Path) -> None:
    """No other naming of random parts costs less, and what lies together stays together."""
    fleet, rng = bench.read_fleet(tables(tmp_path)), Random(5)
    for _ in range(30):
        part = np.array([rng.randrange(3) for _ in range(4)])
        where = bench.named(fleet, part)
        least = min(fleet.judged(np.array(order)[part])["moves"] for order in permutations(range(3)))
        assert fleet.judged(where)["moves"] == least
        assert fleet.judged(where)["cut"] == fleet.graph.cut(part)


def rows(*cpu: float) -> list[dict[str, float]]:
    """Sizes of one, two and four million links that took so much."""
    return [{"links": 1e6 * links, "cpu": one} for links, one in zip((1, 2, 4), cpu, strict=True)]


@pytest.mark.parametrize(
    ("cpu", "off"), [((7, 8, 10), 0), ((1, 2, 4.2), 0.1), ((0, 6, 17), 0), ((1, 4, 16), 1), ((5, 5, 6), None)]
)
def test_linear_is_what_takes_as_much_for_each_further_link(
    bench: ModuleType, cpu: tuple[float, ...], off: float | None
) -> None:
    """What does not depend on links does not matter; what grows faster is seen; where less is taken none can say."""
    found = bench.growth(rows(*cpu))
    expected = {(0, 6, 17): 5.5 / 6 - 1}.get(cpu, float("inf") if off is None else off)
    assert found == pytest.approx(expected)


def test_demands_are_judged(bench: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """Wall time, memory, the bound and the growth are looked at, each missed one is told."""
    ours = {"wall": 59.0, "memory": 3.9e9, "bound": 5, "objective": 9}
    assert bench.verdict({"whole": [{"links": 7, "ours": ours}], "linear": rows(1, 2, 4.3)}) == 0
    for wrong in ({"wall": 61.0}, {"memory": 4.1e9}, {"bound": 10}):
        assert bench.verdict({"whole": [{"links": 7, "ours": ours | wrong}]}) == 1
        assert "missed: 7 links: " in capsys.readouterr().out
    assert bench.verdict({"linear": rows(1, 2, 4.6)}) == 1
    assert "not linear in links" in capsys.readouterr().out


def measured(folder: Path, *options: str) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """The exit code and the report of the benchmark on a small fleet."""
    shared, report = shared_path("generators", "links.py").parent.parent, folder / "report.json"
    command = [sys.executable, str(HERE / "fleet.py"), *SIZES, "--shared", str(shared), "--json", str(report), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(report.read_text())


def test_a_small_fleet_is_put_in_clusters(bench: ModuleType, tmp_path: Path) -> None:
    """An answer within the limits that is better than the planted one, METIS beside it where it is installed."""
    code, out = measured(tmp_path, "--only", "whole", "--links", "6000", "--time-limit", "4", "--threads", "1")
    assert code == bench.verdict(out)
    [row] = out["whole"]
    ours = row["ours"]
    assert ours["above"] == 0
    assert ours["objective"] == ours["cut"] + ours["moves"] < row["planted"]
    assert ours["cpu"] > 0
    assert 10e6 < ours["memory"] < 4e9
    if bench.metis.available():
        assert row["metis"]["objective"] == row["metis"]["cut"] + row["metis"]["moves"]


def test_fixed_work_is_measured_by_links(bench: ModuleType, tmp_path: Path) -> None:
    """The whole command with the same number of proposals on each size; two sizes would say nothing."""
    sizes = ("--only", "linear", "--links", "3000,6000,9000", "--rounds", "1", "--proposals", "20")
    code, out = measured(tmp_path, *sizes)
    assert code == bench.verdict(out)
    links, cpu = ([row[key] for row in out["linear"]] for key in ("links", "cpu"))
    assert 0 < links[0] < links[1] < links[2] <= 9000
    assert min(cpu) > 0
    few = subprocess.run(
        [sys.executable, str(HERE / "fleet.py"), "--links", "3000,6000", "--shared", str(shared_path())],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (few.returncode, "three sizes" in few.stderr) == (2, True)


def test_without_its_generator_it_says_so(bench: ModuleType, tmp_path: Path) -> None:
    """The folder that is asked for is named, and the exit code is 2."""
    command = [sys.executable, str(HERE / "fleet.py"), "--shared", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, "links.py is not here" in done.stdout) == (2, True)
