"""Hostile model files give a model or clean faults, within 1.5 GiB and 5 s each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

#: Inputs in all; QAMCTL_FUZZ_CASES makes the campaign longer or shorter.
CASES = int(os.environ.get("QAMCTL_FUZZ_CASES", "6000"))
WORKERS = 3


@pytest.mark.parametrize("worker", range(WORKERS))
def test_every_hostile_file_gives_a_model_or_clean_faults(worker: int, tmp_path: Path) -> None:
    """Random bytes, damaged files of every format, and files built to hurt never end in another exception."""
    command = [sys.executable, str(Path(__file__).with_name("model_fuzz_worker.py")), str(tmp_path), str(worker)]
    run = subprocess.run(
        [*command, str(-(-CASES // WORKERS))], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-6000:]
