"""A service whose jobs are simulated by nobody, for `emulator.py`; its address on standard output, SIGTERM ends it.

    python tests/benchmarks/emulator_worker.py --queue 10 --run 1 [--profile FILE]

With `--profile` the time of the threads that answer is written to FILE at the end, by function; one connection at a
time, as only one thread can be watched.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import sys
import threading
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent), str(HERE.parent)]

from qamctl.emulator.front.command import wait_for_end  # noqa: E402 - the path comes first
from qamctl.emulator.front.server import Listener, serve  # noqa: E402
from qamctl.emulator.service import AzureService, Outcome  # noqa: E402


def main() -> int:
    """Serve until told."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queue", type=float, default=10.0, help="seconds that a job waits")
    parser.add_argument("--run", type=float, default=1.0, help="seconds that a job runs")
    parser.add_argument("--profile", type=Path, help="write what takes the time to a file")
    options = parser.parse_args()
    service = AzureService(
        key=os.environ["QAMCTL_EMULATOR_KEY"], queue_seconds=options.queue, run_seconds=options.run,
        runner=lambda work: Outcome(output=b"{}"),
    )  # fmt: skip
    profiles: list[cProfile.Profile] = []
    if options.profile:
        watch_threads(profiles)
    with serve(service) as url:
        sys.stdout.write(json.dumps({"url": url}) + "\n")
        sys.stdout.flush()
        wait_for_end()
    if profiles:
        with options.profile.open("w") as out:
            pstats.Stats(*profiles, stream=out).sort_stats("cumtime").print_stats(80)
    return 0


def watch_threads(profiles: list[cProfile.Profile]) -> None:
    """Profile every connection's thread."""
    plain, lock = Listener.process_request_thread, threading.Lock()

    def watched(self: Listener, request: Any, client_address: Any) -> None:
        with lock:
            profile = cProfile.Profile(time.thread_time)  # not what other programs take
            profile.runcall(plain, self, request, client_address)
            profiles.append(profile)

    Listener.process_request_thread = watched  # type: ignore[method-assign]


if __name__ == "__main__":
    sys.exit(main())
