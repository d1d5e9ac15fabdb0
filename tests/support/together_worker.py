"""Forks many processes that run `qamctl schedule` and `runs list` at the same moment; see test_together.py.

`together_worker FOLDER RUNS [share]`: each run's exit code and streams go to FOLDER/<k>.json, those of a list at the
end to listed.json, and how many rows the index has to indexed.json. With `share` all runs ask the same question,
else each asks its own: two that ask the same and don't overlap would answer from one another's store.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import time
from pathlib import Path

from qamctl import pipeline
from qamctl.cli.main import main as qamctl
from qamctl.runs.database import connect
from qamctl.runs.identity import state_folder

#: Seconds until all begin: more than it takes to fork them.
TOGETHER = 1.0

PLAN = """\
kind: schedule
version: 1
agents: [{id: a1}, {id: a2}]
tasks: [{id: t1, duration: %d}, {id: t2, duration: 2, after: [t1]}]
"""


def ran(file: Path, *argv: str) -> None:
    """Run a command line in this process, and write down what came of it."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = qamctl([*argv])
    file.write_text(json.dumps({"code": code, "out": out.getvalue(), "err": err.getvalue()}))


def one(folder: Path, k: int, share: bool, begin: float) -> None:
    """One run in a folder of its own, then a list of all, which writes what it learns to the index."""
    plan = folder / f"plan-{0 if share else k}.yaml"
    if not share:
        plan.write_text(PLAN % (k + 1))
    time.sleep(max(0.0, begin - time.monotonic()))
    search = ("--backend", "list-search", "--max-steps", "1", "--threads", "1", "--reuse")
    ran(folder / f"{k}.json", "schedule", str(plan), *search, "--out", str(folder / f"out-{k}"), "-o", "json")
    ran(folder / f"list-{k}.json", "runs", "list", "-o", "json")
    listed = json.loads((folder / f"list-{k}.json").read_text())
    assert (listed["code"], listed["err"]) == (0, ""), listed


def main() -> None:
    folder, runs, share = Path(sys.argv[1]), int(sys.argv[2]), bool(sys.argv[3:] and sys.argv[3])
    pipeline.load("schedule")
    (folder / "plan-0.yaml").write_text(PLAN % 1)
    begin, children = time.monotonic() + TOGETHER, []
    for k in range(runs):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                one(folder, k, share, begin)
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert codes == [0] * runs, codes
    ran(folder / "listed.json", "runs", "list", "--limit", "0", "-o", "json")
    with connect(state_folder(os.environ) / "state.db") as connection:
        (count,) = connection.execute("SELECT count(*) FROM runs").fetchone()
    (folder / "indexed.json").write_text(json.dumps(count))


if __name__ == "__main__":
    main()
