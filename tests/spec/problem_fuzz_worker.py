"""Validates problem files of every kind that were edited and damaged; some well-formed ones are compiled, or solved.

Fails on the first that ends in anything but exit code 0, 3, 4 or 8, without a place, late, or beyond the memory limit;
`problem_fuzz_worker.py FOLDER SEED CASES` is run by test_fuzz.py as a program, since that limit holds for a whole
process, and `... SEED CASES FIRST` begins at a later case.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import resource
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from support.spec_fuzz.files import seeds, write_file

from qamctl.cli.main import main as qamctl

MEMORY = 4 << 30
SECONDS = 10.0

#: What a problem file may come to: fine, faults, impossible, beyond what is supported.
CODES = (0, 3, 4, 8)

#: The shares of well-formed files that are compiled, and solved by one step of an engine.
COMPILED, SOLVED = 0.25, 0.15

#: The command and the engine of each kind.
COMMANDS = {
    "schedule": ("schedule", "list-search"), "cluster": ("cluster", "assignment"), "reason": ("reason", "exact"),
    "model": ("solve", "tabu"), "hamiltonian": ("solve", "tabu"), "circuit": ("solve", "statevector"),
}  # fmt: skip


def asked(*argv: str) -> tuple[int, Any]:
    """Exit code and the object on standard output of a command line in this process."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        code = qamctl([*argv, "-o", "json"])
    return code, json.loads(out.getvalue())


def verdict(file: Path, kind: str, rng: random.Random, codes: Counter[int]) -> str | None:
    """What is wrong with how a file was taken; None for a clean end in good time."""
    began = time.process_time()
    code, told = asked("validate", str(file))
    codes[code] += 1
    if code not in CODES:
        return f"validate: exit code {code}: {told}"
    if code == 3 and not all(row["message"] and row["file"] for row in told["error"]["diagnostics"]):
        return f"a fault without a place: {told}"
    more = rng.random()
    if code == 0 and more < COMPILED + SOLVED:
        command, engine = COMMANDS[kind]
        steps = () if kind in ("reason", "circuit") else ("--max-steps", "1")
        how = ("--dry-run",) if more < COMPILED else (*steps, "--backend", engine, "--out", str(file.parent / "out"))
        code, told = asked(command, str(file), *how)
        if code not in CODES:
            return f"{command} {' '.join(how)}: exit code {code}: {told}"
    seconds = time.process_time() - began
    return f"took {seconds:.1f} s" if seconds > SECONDS else None


def main() -> None:
    folder, seed, cases = Path(sys.argv[1]).resolve(), sys.argv[2], int(sys.argv[3])
    first = int(sys.argv[4]) if len(sys.argv) > 4 else 0
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for name in [name for name in os.environ if name.startswith("QAMCTL_")]:
        del os.environ[name]
    os.environ["XDG_STATE_HOME"] = os.environ["XDG_CONFIG_HOME"] = str(folder / "home")
    os.chdir(folder)
    examples, codes = seeds(), Counter[int]()
    for k in range(first, first + cases):
        rng = random.Random(f"{seed} {k}")
        kind, data = rng.choice(examples)
        file = write_file(folder, kind, data, rng)
        problem = verdict(file, kind, rng, codes)
        if problem is not None:
            table = folder / "rows.csv"
            sys.exit(f"seed {seed}, case {k}: {problem}\n{file.name}: {file.read_bytes()!r}\n"
                     + (f"rows.csv: {table.read_bytes()!r}" if table.exists() else ""))  # fmt: skip
    print(f"{cases} files, by exit code: {dict(sorted(codes.items()))}")


if __name__ == "__main__":
    main()
