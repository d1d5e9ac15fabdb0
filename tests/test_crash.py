"""kill -9 of the whole command at any instant: no half-written file, no lock left, and the next run is fine.

    QAMCTL_KILLS=500 pytest -n 2 tests/test_crash.py

is the campaign of acceptance, 1,000 kills in all; CI has 50. Half of the commands keep and reuse answers (`--reuse`).
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.warned import said

from qamctl.runs.answers import FOLDER, unseal
from qamctl.runs.log import is_running
from qamctl.runs.shelf import Shelf

KILLS = int(os.environ.get("QAMCTL_KILLS", "25"))

SPEC = """\
kind: schedule
version: 1
agents: [{id: a1}, {id: a2}]
tasks:
  - {id: t1, duration: 3}
  - {id: t2, duration: 2, after: [t1]}
  - {id: t3, duration: 4, due: 4}
objective: [{tardiness: 1}, {makespan: 1}]
"""

FILES = {"manifest.json", "spec.yaml", "result.json", "metrics.json", "log.jsonl"}


def whole(out: Path, state: Path) -> None:
    """Every file in the run directory reads from its first byte to its last, and so does every answer that is kept."""
    for name in ("manifest.json", "result.json", "metrics.json"):
        if (out / name).exists():
            json.loads((out / name).read_text())
    if (out / "log.jsonl").exists():
        text = (out / "log.jsonl").read_text()
        assert text == "" or text.endswith("\n")
        for line in text.splitlines():
            json.loads(line)
    assert not is_running(out)
    shelf = Shelf(state / FOLDER)
    for item in shelf.items():
        unseal(item.name, shelf.read(item.name))


@pytest.mark.parametrize("reuse", [False, True], ids=["search", "reuse"])
def test_kill_at_random_moments(reuse: bool, tmp_path: Path) -> None:
    """After every kill the files are whole; the run after the last one is complete, checked and alone there."""
    spec, out, copy = tmp_path / "plan.yaml", tmp_path / "out", tmp_path / "copy.json"
    spec.write_text(SPEC)
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    state = tmp_path / "state" / "qamctl"
    command = [sys.executable, "-P", "-m", "qamctl"]
    run = [*command, "schedule", str(spec), "--out", str(out), "--result", str(copy), "--backend", "list-search"]
    run += ["--reuse"] if reuse else []
    subprocess.run(run, env=environment, check=True, capture_output=True)
    begun = time.monotonic()
    subprocess.run([*run, "--seed", "1"], env=environment, check=True, capture_output=True)
    usual = time.monotonic() - begun
    moments, killed, tried = random.Random(int(reuse)), 0, 0
    while killed < KILLS:
        # Every fourth seed is new, so that answers are kept in some runs and reused in others.
        call = [*run, "--seed", str(tried // 4)]
        child = subprocess.Popen(call, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(0.2, 1.1) * usual)
        child.send_signal(signal.SIGKILL)
        hit = child.wait() == -signal.SIGKILL
        killed, tried, usual = killed + hit, tried + 1, usual * (1.02 if hit else 0.95)  # as busy as the machine is
        whole(out, state)
        json.loads(copy.read_text())
    last = subprocess.run([*run, "-o", "json"], env=environment, check=True, capture_output=True, text=True)
    assert said(last.stderr) == ""
    whole(out, state)
    manifest, result = (json.loads((out / name).read_text()) for name in ("manifest.json", "result.json"))
    assert manifest["run"] == result["run"] == json.loads(copy.read_text())["run"]
    assert ("reused" in result) == reuse  # the answer of the very first run was kept, and is whole
    assert {path.name for path in out.iterdir()} == FILES
    check = subprocess.run([*command, "check", str(out / "result.json"), str(spec)], env=environment)
    assert check.returncode == 0
    listed = subprocess.run([*command, "runs", "list", "-o", "json"], env=environment, check=True, capture_output=True)
    assert listed.stderr == b""
    assert [row["id"] for row in json.loads(listed.stdout)["runs"]][:1] == [result["run"]]
    subprocess.run([*command, "runs", "prune", "--keep", "1"], env=environment, check=True, capture_output=True)
    assert not list((state / "locks").iterdir())
    assert not list((state / FOLDER).rglob("*.tmp"))  # what killed runs left half written
