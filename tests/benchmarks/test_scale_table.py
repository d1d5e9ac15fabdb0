"""The benchmark of size judges as it says; a small problem runs."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from support.shared import shared_path

HERE = Path(__file__).resolve().parent


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module."""
    monkeypatch.syspath_prepend(str(HERE))
    return import_module("scale")


def row(tasks: int, cpu: float, value: float = 110.0, bound: float = 100.0, **more: Any) -> dict[str, Any]:
    """The figures of a command."""
    gap = (value - bound) / value
    return {
        "tasks": tasks, "agents": 10, "seed": 1, "cpu": cpu, "wall": cpu, "memory": 10**9, "gap": gap,
        "levels": [[value, bound]], "options": [], "by": "hierarchical",
    } | more  # fmt: skip


def test_growth_is_the_slope_of_logarithms(bench: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """Ten times the tasks in ten times the time is an exponent of one; in a hundred times the time it is two."""
    assert bench.exponent([row(10**k, 10.0**k) for k in (3, 4, 5)]) == pytest.approx(1.0)
    assert bench.verdict({"growth": [row(10**k, 10.0**k) for k in (3, 4, 5)]}) == 0
    assert bench.verdict({"growth": [row(10**k, 100.0**k) for k in (3, 4, 5)]}) == 1
    assert "tasks ** 2.00" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "code"),
    [({}, 0), ({"wall": 121.0}, 1), ({"memory": 5 * 10**9}, 1), ({"gap": 0.11}, 1), ({"gap": None, "levels": []}, 1)],
)
def test_large_ones_have_limits(bench: ModuleType, more: dict[str, Any], code: int) -> None:
    """Wall seconds, memory and the gap; no answer is none."""
    assert bench.verdict({"whole": [row(100_000, 60.0) | more]}) == code


@pytest.mark.parametrize(
    ("divided", "code"),
    [
        (row(5000, 10.0, 112.0), 0), (row(5000, 10.0, 114.0), 1), (row(5000, 12.0, 110.0), 1),
        (row(5000, 10.0, 110.0) | {"levels": [], "gap": None}, 1),
    ],
)  # fmt: skip
def test_the_divided_search_may_be_a_little_worse(bench: ModuleType, divided: dict[str, Any], code: int) -> None:
    """Three per cent, in a third of the CPU time."""
    one = {"tasks": 5000, "agents": 10, "seed": 1, "list-search": row(5000, 30.0), "hierarchical": divided}
    assert bench.verdict({"against": [one]}) == code


def test_what_both_prove_needs_no_time(bench: ModuleType) -> None:
    """Where both reach every bound, their CPU seconds are those of reading and writing."""
    best = row(5000, 3.0, 100.0)
    one = {"tasks": 5000, "agents": 10, "seed": 1, "list-search": best, "hierarchical": best}
    assert bench.verdict({"against": [one]}) == 0


def test_a_small_one_runs(tmp_path: Path) -> None:
    """Made, divided, checked, and its row written."""
    shared = shared_path("generators", "fleet.py").parents[1]
    command = [
        sys.executable, str(HERE / "scale.py"), "--only", "growth", "--sizes", "200", "--shared", str(shared),
        "--json", str(tmp_path / "out.json"),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [found] = json.loads((tmp_path / "out.json").read_text())["growth"]
    assert found["tasks"] == 200
    assert found["levels"]
