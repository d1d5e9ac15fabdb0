"""kill -9 at any instant leaves no half-written file, and the next run is fine."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from support.runs import begin, end, make_source

from qamctl.runs.log import is_running, read_log
from qamctl.runs.store import list_runs

KILLS = 20
ROOT = Path(__file__).parents[2]


def check_directory(directory: Path) -> None:
    """Every file is whole, whatever the moment of the kill."""
    if not (directory / "manifest.json").exists():  # killed before the first file
        assert {path.name for path in directory.iterdir() if not path.name.endswith(".tmp")} == set()
        return
    manifest = json.loads((directory / "manifest.json").read_text())
    for name in ("result.json", "metrics.json"):
        if (directory / name).exists():
            data = json.loads((directory / name).read_text())
            assert re.fullmatch(r"[0-9]{8}T[0-9]{6}Z-plan-[0-9a-f]{8}", data["run"])
    if (directory / "result.json").exists():
        result = json.loads((directory / "result.json").read_text())
        assert len(result["solution"]["assignments"]) == 200
        if result["run"] == manifest["run"]:  # the last file: then all others are the run's too
            assert json.loads((directory / "metrics.json").read_text())["run"] == manifest["run"]
    for entry in [manifest["spec"], *manifest["tables"].values()]:
        copy = directory / entry["file"]
        if copy.exists():
            assert hashlib.sha256(copy.read_bytes()).hexdigest() == entry["sha256"]
    if (directory / "log.jsonl").exists():
        list(read_log(directory / "log.jsonl"))
        assert not is_running(directory)


def test_kills_at_random_moments(tmp_path: Path) -> None:
    """After each of twenty kills every file is whole, and the next runs clean up and complete."""
    moments = random.Random(20)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    command = [sys.executable, "-P", "-m", "support.run_loop", str(tmp_path)]
    reached = 0
    for _ in range(KILLS):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "0\n"  # a run has been opened
            time.sleep(moments.uniform(0, 0.2))
            child.send_signal(signal.SIGKILL)
            reached += len(child.stdout.read().splitlines())
        for directory in (tmp_path / "state" / "runs").iterdir():  # a run with --out is a link there
            if directory.is_dir():
                check_directory(directory)
    assert reached > 0  # the kills fell into the middle of things, not all before them

    source = make_source(tmp_path / "spec")
    copies = {"result": tmp_path / "copies" / "r.json", "metrics": tmp_path / "copies" / "m.prom"}
    run = begin(tmp_path / "state", source, out=tmp_path / "out", **copies)
    end(run)
    left = [path for folder in ("out", "copies") for path in (tmp_path / folder).rglob("*.tmp")]
    assert left == []
    listing = list_runs(tmp_path / "state")
    assert listing.warning is None
    assert {info.status for info in listing.runs} <= {"feasible", "interrupted"}
