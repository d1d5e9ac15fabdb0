"""Workers are scripts that take a job as JSON and write the answer as their last line: how one is asked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

#: Where the scripts lie.
HERE = Path(__file__).resolve().parent


class Failed(Exception):
    """The worker gave no answer; the message says why."""


def asked(script: str, job: dict[str, Any], *, patience: float) -> dict[str, Any]:
    """What a script of this folder answers, in a process of its own.

    Raises
    ------
    Failed
        It ended with an error, or ran longer than `patience`, in seconds.
    """
    command = [sys.executable, str(HERE / script)]
    try:
        done = subprocess.run(
            command, input=json.dumps(job), capture_output=True, text=True, check=False, timeout=patience
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"ran longer than {patience:.0f} s") from None
    if done.returncode != 0:
        raise Failed(f"exit {done.returncode}: {' '.join(done.stderr.strip().splitlines()[-1:])}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer
