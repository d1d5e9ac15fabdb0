"""Runs `qamctl solve` on a disk with ever more room, and looks at what is left each time; see test_full_disk.py.

`full_disk_worker DISK ROOM WHERE DISKS`: WHERE says what lies on the small disk, the run directory (`out`), the state
folder (`state`), or both (`runs`); the rest is in ROOM. Prints how many runs found the disk full, and how many did not.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from pathlib import Path

from qamctl.cli.main import main as qamctl
from qamctl.runs.answers import FOLDER, unseal
from qamctl.runs.shelf import Shelf

#: Bytes that the disk is filled by: what is left changes by as many.
BLOCK = 4096

#: Blocks that are left at most, more than any run here needs.
BLOCKS = 14

#: A result with a table beside it.
MODEL = "p qubo 0 4 4 3\n0 0 -1\n1 1 -2\n2 2 1\n3 3 1\n0 1 3\n1 2 -2\n2 3 1\n"


def ran(*argv: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = qamctl([*argv])
    return code, out.getvalue(), err.getvalue()


def fill(disk: Path, blocks: int) -> Path:
    """Leave so many blocks on the disk, and give the file that takes the rest."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * BLOCK)
    os.truncate(filler, max(0, filler.stat().st_size - blocks * BLOCK))
    return filler


def whole(state: Path) -> None:
    """Whatever runs left can be read from its first byte to its last, and nothing lies beside it."""
    for out in (state / "runs").iterdir():
        for name in ("manifest.json", "result.json", "metrics.json"):
            if (out / name).exists():
                json.loads((out / name).read_text())
        assert not list(out.glob(".*.tmp"))
        events = (out / "log.jsonl").read_text() if (out / "log.jsonl").exists() else ""
        for line in events.split("\n")[:-1]:
            json.loads(line)
    shelf = Shelf(state / FOLDER)
    for item in shelf.items():
        unseal(item.name, shelf.read(item.name))


def main() -> None:
    disk, room, where, disks = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    home = (room if where == "out" else disk) / "home"
    out = (disk if where == "out" else room) / "out"
    os.environ |= {"XDG_STATE_HOME": str(home), "XDG_CONFIG_HOME": str(room / "config"), "TMPDIR": str(room)}
    file = room / "model.qubo"
    file.write_text(MODEL)
    run = ("solve", str(file), "--backend", "anneal", "--max-steps", "5", "--reads", "5", "--reuse")
    run += () if where == "runs" else ("--out", str(out))
    assert ran(*run)[0] == 0
    full = 0
    for k in range(disks):
        filler = fill(disk, k % BLOCKS)
        code, told, why = ran(*run, "--seed", str(k // 2))
        assert code in (0, 75), (k, code, told, why)
        if code:
            full += 1
            assert "no space left on device; free some space" in why, why
            assert str(disk) in why, why
        whole(home / "qamctl")
        listed, rows, why = ran("runs", "list", "-o", "json")
        assert listed == 0, (listed, why)
        assert json.loads(rows)["runs"]
        filler.unlink()
        if code:
            assert ran(*run, "--seed", str(k // 2))[0] == 0
        assert ran("runs", "prune", "--keep", "5")[0] == 0
    print(full, disks - full)


if __name__ == "__main__":
    main()
