"""What does waiting cost? Many jobs in flight at Azure Quantum's test service, waited for by one process.

    python tests/benchmarks/azure_wait.py --jobs 1000 --minutes 3

The service is a process of its own on the loopback, reached through the real SDK; its jobs run for as long as is
measured. The waiting process is measured alone: CPU seconds for each second, peak memory, and the requests that reached
the service, which it counts itself. The policy is that for Azure; the rate limit is out of the way, so that what is
measured is the calm of the policy. The table must show: at most one core, 300 MB, and two requests a job and minute.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent), str(HERE.parent)]

KEY = "benchmark-key"
SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
CORES, MEGABYTES, REQUESTS = 1.0, 300.0, 2.0

Row = dict[str, Any]


def main() -> int:
    """Measure, print the table; 1 where something is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, action="append", help="in flight; repeatable (1000)")
    parser.add_argument("--minutes", type=float, default=3.0, help="of waiting")
    parser.add_argument("--json", type=Path, help="write the rows to a file")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--address", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        return serve_until_told()
    if options.measure is not None:
        return measure(options.measure, options.minutes, options.address)
    rows = [side_by_side(count, options.minutes) for count in options.jobs or [1000]]
    sys.stdout.write(table(rows))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0 if all(row["met"] for row in rows) else 1


def serve_until_told() -> int:
    """The service: its address, then for every line that comes the requests so far, by kind."""
    from qamctl.emulator.front.server import serve
    from qamctl.emulator.service import AzureService, Outcome

    service = AzureService(key=KEY, queue_seconds=1e6, runner=lambda work: Outcome(output=b"{}"))
    with serve(service) as address:
        sys.stdout.write(address + "\n")
        sys.stdout.flush()
        for _ in sys.stdin:
            sys.stdout.write(json.dumps(dict(service.requests)) + "\n")
            sys.stdout.flush()
    return 0


def side_by_side(count: int, minutes: float) -> Row:
    """A service, and beside it the process that submits and waits."""
    me = [sys.executable, str(Path(__file__).resolve())]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([*me, "--serve"], **pipes) as server:
        assert server.stdin is not None
        assert server.stdout is not None

        def requests() -> int:
            server.stdin.write("\n")
            server.stdin.flush()
            return int(sum(json.loads(server.stdout.readline()).values()))

        address = server.stdout.readline().strip()
        command = [*me, "--measure", str(count), "--minutes", str(minutes), "--address", address]
        with subprocess.Popen(command, **pipes) as client:
            assert client.stdin is not None
            assert client.stdout is not None
            submitted = json.loads(client.stdout.readline())
            before = requests()
            client.stdin.write("\n")
            client.stdin.flush()
            row = json.loads(client.stdout.readline())
            asked = requests() - before
        server.stdin.close()
    waited = row["seconds"]
    row |= {
        "jobs": count, "minutes": minutes, "submit_seconds": submitted["seconds"], "submit_cpu": submitted["cpu"],
        "cores": row["cpu"] / waited, "requests_a_job_and_minute": asked / count / (waited / 60.0),
    }  # fmt: skip
    row["met"] = (
        row["cores"] <= CORES and row["megabytes"] <= MEGABYTES
        and (count < 20 or row["requests_a_job_and_minute"] <= REQUESTS) and row["running"] == count
    )  # fmt: skip
    return row


def measure(count: int, minutes: float, address: str) -> int:
    """Submit; tell what that took; when told to, wait; tell what that took."""
    from support.azure_desks import make_order

    from qamctl.azure import poll
    from qamctl.azure.clean import Secret
    from qamctl.azure.client import Policy
    from qamctl.azure.clock import SystemClock
    from qamctl.azure.open import make_desk
    from qamctl.azure.sdk import connect
    from qamctl.azure.submit import submit_once
    from qamctl.azure.throttle import Limits
    from qamctl.azure.workspace import Place

    with tempfile.TemporaryDirectory() as state:
        place = Place(SUBSCRIPTION, "group", "work", None, address, "key", Secret(KEY))
        desk = make_desk(
            Path(state), connect(place, {}), SystemClock(), policy=Policy(), limits=Limits(per_second=1000.0), seed=1
        )
        begun, used = time.monotonic(), cpu()
        ids = [submit_once(desk, make_order(k)).id for k in range(count)]
        tell({"seconds": time.monotonic() - begun, "cpu": cpu() - used})
        sys.stdin.readline()
        begun, used = time.monotonic(), cpu()
        jobs = poll.wait(desk, ids, deadline=time.time() + 60.0 * minutes)
        tell({
            "seconds": time.monotonic() - begun, "cpu": cpu() - used, "running": sum(not job.is_ended for job in jobs),
            "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0,
        })  # fmt: skip
    return 0


def cpu() -> float:
    """Seconds of this process, in user and system mode."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def tell(row: Row) -> None:
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


def table(rows: list[Row]) -> str:
    """One line for each number of jobs, and what it must show."""
    lines = [["jobs", "submit: s", "CPU s", "wait: min", "cores", "MB", "requests/job/min", "in flight", "met"]]
    lines += [
        [
            str(row["jobs"]), f"{row['submit_seconds']:.1f}", f"{row['submit_cpu']:.1f}", f"{row['seconds'] / 60:.1f}",
            f"{row['cores']:.3f}", f"{row['megabytes']:.0f}", f"{row['requests_a_job_and_minute']:.2f}",
            str(row["running"]), "yes" if row["met"] else "NO",
        ]
        for row in rows
    ]  # fmt: skip
    wide = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = "".join("  ".join(cell.rjust(w) for cell, w in zip(line, wide, strict=True)) + "\n" for line in lines)
    return (
        text + f"\nat most {CORES:g} core, {MEGABYTES:g} MB, {REQUESTS:g} requests a job and minute (from 20 jobs on)\n"
    )


if __name__ == "__main__":
    sys.exit(main())
