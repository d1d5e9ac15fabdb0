"""The examples in configs/ use only what the commands know."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest
import yaml

CONFIGS = Path(__file__).parents[1] / "configs"
WORKFLOWS = ("github-actions.yml", "azure-emulator.yml")
UNITS = ("qamctl-schedule.service", "qamctl-watch.service")
FILES = ("cron.example", *(f"systemd/{name}" for name in UNITS), *(f"ci/{name}" for name in WORKFLOWS))


def commands(text: str) -> list[list[str]]:
    """The words of every call of qamctl, continued lines joined."""
    joined = text.replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if not line.lstrip().startswith("#")]
    calls = [
        re.search(
            r"(?:^|[\s/=])qamctl ((?:schedule|watch|validate|check|diff|runs|bench|import|init|schema|emulator)\b.*)",
            line,
        )
        for line in lines
    ]
    return [re.split(r"\s[>|]", call[1])[0].split() for call in calls if call]


@pytest.mark.parametrize("name", FILES)
def test_flags_in_examples_exist(name: str, tmp_path: Path) -> None:
    """Each command of an example exists and its help names each of the flags."""
    calls = commands((CONFIGS / name).read_text())
    assert calls
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "COLUMNS": "200", "NO_COLOR": "1"}
    for words in calls:
        command = words[: 2 if words[0] == "runs" else 1]
        line = [sys.executable, "-P", "-m", "qamctl", *command, "--help"]
        shown = subprocess.run(line, capture_output=True, text=True, check=True, env=environment, cwd=CONFIGS.parent)
        for flag in (word for word in takewhile(lambda word: word != "--", words) if word.startswith("--")):
            assert re.search(rf"(?<![\w-]){flag}(?![\w-])", shown.stdout), f"{' '.join(command)} has no {flag}"


@pytest.mark.parametrize("name", WORKFLOWS)
def test_the_workflow_is_a_workflow(name: str) -> None:
    """Each CI example is valid YAML with jobs whose steps run or use something."""
    data = yaml.safe_load((CONFIGS / "ci" / name).read_text())
    steps = [step for job in data["jobs"].values() for step in job["steps"]]
    assert len(steps) > 3
    assert all("run" in step or "uses" in step for step in steps)


def test_the_units_belong_together() -> None:
    """The systemd timer and its service share their name, as the timer needs; what runs for ever has no timer."""
    assert sorted(path.name for path in (CONFIGS / "systemd").iterdir()) == [
        "qamctl-schedule.service",
        "qamctl-schedule.timer",
        "qamctl-watch.service",
    ]
