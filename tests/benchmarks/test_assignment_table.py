"""The benchmark of constrained search measures, verifies, resumes and judges."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).resolve().parent


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module."""
    monkeypatch.syspath_prepend(str(HERE))
    spec = importlib.util.spec_from_file_location("assignment_benchmark", HERE / "assignment.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_row_is_measured_once_and_resumed(tmp_path: Path) -> None:
    """Two engines on a small problem: each answer is feasible, and a second call takes it from the file."""
    rows, report = tmp_path / "rows.jsonl", tmp_path / "report.json"
    command = [sys.executable, str(HERE / "assignment.py"), "--only", "q40x5-1", "--seconds", "0.3"]
    command += ["--engines", "native,neal:2.0/4.0", "--rows", str(rows), "--json", str(report)]
    first = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "met    native: every run is feasible" in first.stdout, first.stderr
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.stdout == first.stdout
    assert again.stderr == ""
    found = json.loads(report.read_text())["rows"]
    assert [row["engine"] for row in found] == ["native", "neal:2.0/4.0"]
    assert found[0]["objective"] > 0
    assert len(rows.read_text().splitlines()) == 2


def test_what_the_table_must_show(bench: ModuleType) -> None:
    """Too little under neal, above CP-SAT, an infeasible run and a fault are each missed."""

    def rows(native: int | None, neal: int | None, cpsat: int, fault: str | None = None) -> list[bool]:
        values = {"native": native, "neal:1.0/1.0": neal, "neal:2.0/1.0": None, "cpsat:distances": cpsat}
        base = {"family": "quadratic", "case": "q", "seed": 1, "best": None, "fault": fault}
        return [
            met for met, _ in bench.demands([base | {"engine": k, "objective": v} for k, v in values.items()])
        ]  # fmt: skip

    assert rows(80, 100, 80) == [True, True, True, True]
    assert rows(86, 100, 86) == [True, True, False, True]
    assert rows(80, 100, 79) == [True, True, True, False]
    assert rows(80, None, 90) == [True, True, True]
    assert rows(None, 100, 79) == [False, True]
    assert rows(80, 100, 90, "a bin overflows")[1] is False
