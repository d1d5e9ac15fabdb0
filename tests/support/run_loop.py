"""A program for kill tests: run after run, as fast as it can, into one folder until it is killed."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from support.runs import begin, end, make_source

from qamctl.runs.store import index_run


def main(folder: Path) -> None:
    """Each run locks nothing: the test kills one loop before it starts the next."""
    tables = {"data/tasks.csv": b"id,duration\n" + b"t,1\n" * 2000}
    source = make_source(folder / "spec", tables=tables)
    state, out = folder / "state", folder / "out"
    number = 0
    while True:
        extra = {"result": folder / "copies" / "r.json", "metrics": folder / "copies" / "m.prom"}
        run = begin(state, source, now=datetime.now(UTC), **({"out": out} if number % 2 else {}), **extra)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        result = end(run, rows=200, objective=number)
        index_run(state, run.directory, result=result)
        number += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]))
