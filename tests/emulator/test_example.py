"""A small project whose tests use Azure Quantum, run beside the emulator as its team would run them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).with_name("example")


def run(folder: Path, *words: str) -> tuple[int, str, list[dict[str, object]]]:
    """Its tests with faults on: exit code, what was printed, and the requests that were seen."""
    project = folder / "project"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("__pycache__"))
    command = [
        sys.executable, "-m", "qamctl", "emulator", "--https", "--faults", "faults.yaml", "--request-log",
        str(folder / "requests.jsonl"), "--", sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c",
        "/dev/null", "--rootdir", ".", *words, ".",
    ]  # fmt: skip
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    environ |= {"XDG_STATE_HOME": str(folder / "state"), "XDG_CONFIG_HOME": str(folder / "config")}
    ended = subprocess.run(command, cwd=project, env=environ, capture_output=True, text=True, timeout=300)
    lines = (folder / "requests.jsonl").read_text().splitlines()
    return ended.returncode, ended.stdout + ended.stderr, [json.loads(line) for line in lines]


def test_the_tests_pass_with_faults_on(tmp_path: Path) -> None:
    """The SDK's retries get them through each fault, and every fault came."""
    code, told, requests = run(tmp_path)
    assert (code, "3 passed" in told) == (0, True), told
    assert {name for one in requests for name in one["faults"]} >= {"throttle", "error-before", "lost-before"}  # type: ignore[attr-defined]


def test_the_tests_fail_without_retries(tmp_path: Path) -> None:
    """And the exit code is pytest's."""
    code, told, _ = run(tmp_path, "--no-retry")
    assert (code, "2 failed, 1 passed" in told) == (1, True), told
