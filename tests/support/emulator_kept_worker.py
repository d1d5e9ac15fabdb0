"""A service that is kept in a folder: within a test, with a clock of its own, or as a process that is killed.

    python -m support.emulator_kept_worker FOLDER

prints its address, and serves until its standard input ends; a fault ends it with its exit code. Jobs are done at once,
and each run of one is a line of the file `runs` in its working folder.

QAMCTL_TEST_STEP=N          SIGKILL within SQLite, at the Nth call of its progress handler: in a transaction
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from emulator.asking import START, Asker, canned

from qamctl.emulator.front.server import serve
from qamctl.emulator.kept import Kept, open_kept
from qamctl.emulator.service import AzureService, Outcome, Work
from qamctl.emulator.state import Job, State
from qamctl.emulator.targets import TARGETS, Target
from qamctl.errors import QamError

OFFERED: Final[Mapping[str, Target]] = {target.id: target for target in TARGETS}


@contextmanager
def opened(
    folder: Path, now: float = START, targets: Mapping[str, Target] = OFFERED, **settings: Any
) -> Iterator[Asker]:
    """A service that is kept in a folder, at a time."""
    with open_kept(folder, targets) as kept:
        settings = {"key": kept.key, "targets": tuple(targets.values())} | settings
        asker = Asker(state=kept.state, keeper=kept, **settings)
        asker.clock.time = now
        yield asker


def memory(state: State) -> dict[str, Any]:
    """All that a state holds and that outlasts the process, in the order in which it holds it."""
    return {
        "jobs": [_plain(job) for job in state.jobs.values()],
        "sessions": list(state.sessions.values()),
        "containers": state.containers,
        "blocks": state.blocks,
        "counts": (dict(state.puts), dict(state.created), state.order, state.writes),
    }


def _plain(job: Job) -> dict[str, Any]:
    """A job without its lock, its task and the output, which is a blob."""
    names = [name for name in Job.__slots__ if name not in ("lock", "outcome", "task")]
    outcome = None if job.outcome is None else (job.outcome.error, job.outcome.cost)
    return {name: getattr(job, name) for name in names} | {"outcome": outcome}


def noted(work: Work) -> Outcome:
    """A runner that leaves a line for each job."""
    file = os.open("runs", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(file, f"{work.job}\n".encode())
    os.close(file)
    return canned(work)


def deadly(kept: Kept, step: int) -> None:
    """Let the process end in the midst of a transaction."""
    left = step

    def count() -> int:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    kept._connection.set_progress_handler(count, 5)


def main(folder: Path) -> int:
    try:
        with open_kept(folder, OFFERED) as kept:
            if step := int(os.environ.get("QAMCTL_TEST_STEP", "0")):
                deadly(kept, step)
            service = AzureService(
                key=kept.key, state=kept.state, keeper=kept, runner=noted, queue_seconds=0.0, run_seconds=0.0
            )
            with serve(service) as address:
                print(address, flush=True)
                sys.stdin.read()
    except QamError as error:
        print(error.message, file=sys.stderr)
        return int(error.code)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
