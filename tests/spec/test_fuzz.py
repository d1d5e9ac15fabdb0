"""Hostile files give a spec or clean faults, within their limits of memory and time.

    QAMCTL_FUZZ_CASES=200000 pytest -n 2 tests/spec/test_fuzz.py

is the campaign: as many texts that are built to hurt, and as many problem files of every kind, edited by the tables of
fields. CI has fewer of either.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]

#: Inputs of each sort in all; QAMCTL_FUZZ_CASES makes the campaign longer or shorter.
TEXTS = int(os.environ.get("QAMCTL_FUZZ_CASES", "20000"))
PROBLEMS = int(os.environ.get("QAMCTL_FUZZ_CASES", "4000"))
WORKERS = 4


def fuzz(worker: str, folder: Path, seed: int, cases: int) -> None:
    """Run a worker of this folder to its end."""
    command = [sys.executable, str(Path(__file__).with_name(worker)), str(folder), str(seed), str(-(-cases // WORKERS))]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-6000:]


@pytest.mark.parametrize("seed", range(WORKERS))
def test_every_hostile_file_gives_a_spec_or_clean_faults(seed: int, tmp_path: Path) -> None:
    """Random bytes, mutated specs and tables, and texts built to hurt never end in another exception."""
    fuzz("fuzz_worker.py", tmp_path, seed, TEXTS)


@pytest.mark.parametrize("seed", range(WORKERS))
def test_every_edited_problem_ends_with_a_documented_code(seed: int, tmp_path: Path) -> None:
    """Problems of every kind, any field of theirs set, dropped or misspelt, end with 0, 3, 4 or 8: never in a trace."""
    fuzz("problem_fuzz_worker.py", tmp_path, seed, PROBLEMS)
