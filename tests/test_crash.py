"""kill -9 of the whole command at any instant: no half-written file, no lock left, and the next run is fine.

The campaign of acceptance: `QAMCTL_KILLS=200 pytest tests/test_crash.py`.
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

KILLS = int(os.environ.get("QAMCTL_KILLS", "20"))

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


def whole(out: Path) -> None:
    """Every file in the run directory reads from its first byte to its last."""
    for name in ("manifest.json", "result.json", "metrics.json"):
        if (out / name).exists():
            json.loads((out / name).read_text())
    if (out / "log.jsonl").exists():
        text = (out / "log.jsonl").read_text()
        assert text == "" or text.endswith("\n")
        for line in text.splitlines():
            json.loads(line)


def test_kill_at_random_moments(tmp_path: Path) -> None:
    """After every kill the files are whole; the run after the last one is complete, checked and alone there."""
    spec, out, copy = tmp_path / "plan.yaml", tmp_path / "out", tmp_path / "copy.json"
    spec.write_text(SPEC)
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
    command = [sys.executable, "-P", "-m", "qamctl"]
    run = [*command, "schedule", str(spec), "--out", str(out), "--result", str(copy), "--backend", "list-search"]
    begun = time.monotonic()
    subprocess.run(run, env=environment, check=True, capture_output=True)
    usual = time.monotonic() - begun
    moments, killed = random.Random(1), 0
    for _ in range(KILLS):
        child = subprocess.Popen(run, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(0.2, 1.1) * usual)
        child.send_signal(signal.SIGKILL)
        killed += child.wait() == -signal.SIGKILL
        whole(out)
        json.loads(copy.read_text())
    assert killed > KILLS // 4  # most of them were really hit
    subprocess.run(run, env=environment, check=True, capture_output=True)
    whole(out)
    manifest, result = (json.loads((out / name).read_text()) for name in ("manifest.json", "result.json"))
    assert manifest["run"] == result["run"] == json.loads(copy.read_text())["run"]
    assert {path.name for path in out.iterdir()} == FILES
    check = subprocess.run([*command, "check", str(out / "result.json"), str(spec)], env=environment)
    assert check.returncode == 0
    listed = subprocess.run([*command, "runs", "list", "-o", "json"], env=environment, check=True, capture_output=True)
    assert json.loads(listed.stdout)
