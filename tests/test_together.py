"""Sixty-four runs at once on one state folder: nobody is told that the database is locked, and every run is known.

    QAMCTL_TOGETHER=256 pytest tests/test_together.py

has more of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.warned import said

RUNS = int(os.environ.get("QAMCTL_TOGETHER", "64"))
TESTS = Path(__file__).parent


@pytest.mark.parametrize("share", [False, True], ids=["plans of their own", "one plan, reused"])
def test_runs_at_once(share: bool, tmp_path: Path) -> None:
    """Each run answers, lists itself and the others without a warning, and is in the index afterwards."""
    environment = {
        **os.environ, "PYTHONPATH": str(TESTS), "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }  # fmt: skip
    worker = [sys.executable, "-P", "-m", "support.together_worker", str(tmp_path), str(RUNS), "share" * share]
    ran = subprocess.run(worker, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-4000:]
    told: list[dict[str, Any]] = [json.loads((tmp_path / f"{k}.json").read_text()) for k in range(RUNS)]
    assert [row["code"] for row in told] == [0] * RUNS
    assert {said(row["err"]) for row in told} == {""}
    results = [json.loads(row["out"]) for row in told]
    assert {result["status"] for result in results} == {"optimal"}
    listed = json.loads((tmp_path / "listed.json").read_text())
    assert (listed["code"], listed["err"]) == (0, "")
    runs = json.loads(listed["out"])["runs"]
    assert {row["id"] for row in runs} == {result["run"] for result in results}
    assert [row["status"] for row in runs] == ["optimal"] * RUNS
    assert json.loads((tmp_path / "indexed.json").read_text()) == RUNS
    assert any("reused" in result for result in results) <= share
