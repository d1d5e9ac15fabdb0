"""A disk that is full, at any byte of a run: a clear fault, the store still readable, nothing half written.

    QAMCTL_FULL_DISKS=400 pytest tests/test_full_disk.py

tries more amounts of room than CI does. The disk is a small one in memory, in a mount namespace of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DISKS = int(os.environ.get("QAMCTL_FULL_DISKS", "40"))
TESTS = Path(__file__).parent

#: Mounts a disk of the first argument's bytes at the second, then runs the rest.
MOUNT = 'mount -t tmpfs -o "size=$1,nr_inodes=4096" tmpfs "$2" && shift 2 && exec "$@"'


def in_small_disk(size: int, place: Path, *command: str) -> list[str]:
    """The command line that runs another one with a small disk at a place."""
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", MOUNT, "sh", str(size), str(place), *command]


@pytest.mark.parametrize("where", ["out", "state", "runs"])
def test_a_run_on_a_full_disk(where: str, tmp_path: Path) -> None:
    """With every amount of room: 0, or 75 and the file's name; what is left is whole, and the next run works."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare, for a disk of its own")
    probe = subprocess.run(in_small_disk(65536, disk, "true"), capture_output=True, text=True, check=False)
    if probe.returncode:
        pytest.skip(f"no disk can be mounted here: {probe.stderr.strip()}")
    worker = [sys.executable, "-P", "-m", "support.full_disk_worker", str(disk), str(tmp_path), where, str(DISKS)]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    ran = subprocess.run(
        in_small_disk(1 << 20, disk, *worker), env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-4000:]
    full, fine = map(int, ran.stdout.split())
    assert full > 0  # there was too little room
    assert fine > 0  # and enough
