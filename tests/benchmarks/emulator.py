"""How much does the emulator bear? Requests a second, and 1,000 jobs in its queue, on one core.

    python tests/benchmarks/emulator.py --json emulator.json

The service is `qamctl emulator` in a process of its own, bound to one core; four clients on the other cores keep their
connections. *Requests*: one kind after the other, while 1,000 jobs are queued. *Jobs*: 1,000 are submitted as a real
client does it (an address, an upload, the job), then all that have not ended are asked for in rounds, one a second, and
the results are read; once with results that nobody simulates, once with the simulator. *Stop*: SIGTERM while jobs are
queued and 64 connections are open. *Blobs*: beside Azurite, turn by turn, where it is installed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent), str(HERE.parent), str(HERE)]

from emulator_load import Line, cores, load, started  # noqa: E402 - the path comes first
from emulator_requests import BELL, BLOB, KEY, account_token, data, fetch, kinds, pages, storage, submit  # noqa: E402

#: What the table must show: requests a second, but for whole pages of jobs, and seconds until it has ended.
RATE, STOP = 200.0, 5.0
_PAGES: Final = ("GET jobs", "GET jobs, filtered")

HEAD: Final = ["", "requests", "per s", "cpu s/1000", "p50 ms", "p99 ms"]

Row = dict[str, Any]


def main() -> int:
    """Measure, print the tables; 1 where something is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1000, help="in the queue")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each kind of request")
    parser.add_argument("--rounds", type=int, default=3, help="of blobs, ours and Azurite's")
    parser.add_argument("--azurite", default=os.environ.get("QAMCTL_AZURITE") or "azurite-blob", help="its command")
    parser.add_argument("--profile", type=Path, help="only write what takes the time, by function, to a file")
    parser.add_argument("--json", type=Path, help="write the figures to a file")
    options = parser.parse_args()
    _, others = cores()
    if others is not None:
        os.sched_setaffinity(0, others)
    with tempfile.TemporaryDirectory(prefix="qamctl-benchmark-") as name:
        folder = Path(name)
        if options.profile:
            return profile(folder, options.profile.resolve(), options.seconds)
        found = {
            "queued": queued(folder, options.jobs, options.seconds),
            "lives": [lived(folder, way, options.jobs) for way in ("canned", "simulated")],
            "blobs": beside(folder, options.azurite, options.rounds, options.seconds),
        }
    sys.stdout.write(table(found, others is not None))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    return 0 if all(met(found).values()) else 1


def command(*options: str) -> list[str]:
    return [sys.executable, "-P", "-m", "qamctl", "emulator", "-o", "json", *options]


def worker(*options: str) -> list[str]:
    return [sys.executable, str(HERE / "emulator_worker.py"), *options]


def environ(folder: Path) -> dict[str, str]:
    return {
        "QAMCTL_EMULATOR_KEY": KEY, "XDG_STATE_HOME": str(folder), "XDG_CONFIG_HOME": str(folder),
        "QDK_PYTHON_TELEMETRY": "none",
    }  # fmt: skip


def queued(folder: Path, jobs: int, seconds: float) -> Row:
    """Each kind of request while so many jobs are queued, memory, and a clean stop."""
    with started(command("--speed", "0.001"), environ(folder), folder) as server:
        idle = server.megabytes()
        # a target with a long queue, so that none begins
        made = load(server, lambda line, k: submit(server, line, str(k), BELL, "ionq.qpu.aria-1"), count=jobs)
        rows = [{"kind": "a job's three", **made}]
        for kind, work in kinds(server, jobs).items():
            load(server, work, count=40)
            rows.append({"kind": kind, **load(server, work, seconds=seconds)})
        told = Counter(row["status"] for row in pages(server))
        lines = [Line(server.port) for _ in range(64)]
        for line in lines:
            line.ask(data(server, "GET", "quotas"))
        most = server.megabytes()
        stop, code, left = server.stop()
        for line in lines:
            line.close()
    return {"rows": rows, "idle": idle, "megabytes": most, "told": told, "stop": stop, "code": code, "left": left}


def lived(folder: Path, way: str, jobs: int) -> Row:
    """So many jobs from the submission to their results, asked for in rounds of a second."""
    run = worker("--queue", "10", "--run", "1") if way == "canned" else command("--speed", "0.2")
    with started(run, environ(folder), folder) as server:
        cpu, began = server.cpu(), time.perf_counter()
        sent = load(server, lambda line, k: submit(server, line, str(k), BELL), count=jobs)
        waiting, rounds, left = list(range(jobs)), [], []
        results: list[str] = []
        while waiting:
            due = time.perf_counter() + 1.0
            ended: list[int] = []

            def look(line: Line, k: int, asked: list[int] = waiting, ended: list[int] = ended) -> None:
                found = json.loads(line.ask(data(server, "GET", f"jobs/{asked[k]}")))
                if found["status"] == "Succeeded":
                    ended.append(asked[k])
                    results.append(found["outputDataUri"])
                elif found["status"] not in ("Waiting", "Executing", "Finishing"):
                    raise SystemExit(f"job {asked[k]} is {found['status']}: {found['errorData']}")

            rounds.append(load(server, look, count=len(waiting)))
            gone = set(ended)
            waiting = [k for k in waiting if k not in gone]
            left.append(len(waiting))
            time.sleep(max(0.0, due - time.perf_counter()) if waiting else 0.0)
        read = load(server, lambda line, k: line.ask(fetch(server, results[k])), count=jobs)
        return {
            "way": way, "jobs": jobs, "queued": left[0], "submit": sent, "read": read, "rounds": len(rounds),
            "poll": joined(rounds), "wall": time.perf_counter() - began, "cpu": server.cpu() - cpu,
            "longest": max(row["wall"] for row in rounds), "megabytes": server.megabytes(),
        }  # fmt: skip


def joined(rows: list[Row]) -> Row:
    """Several measurements as one; the pauses between them do not count."""
    requests, wall, cpu = (sum(row[name] for row in rows) for name in ("requests", "wall", "cpu"))
    return {
        "requests": requests, "wall": wall, "cpu": cpu, "rate": requests / wall, "cpu_1000": 1000.0 * cpu / requests,
        "p50": statistics.median(row["p50"] for row in rows), "p99": max(row["p99"] for row in rows),
    }  # fmt: skip


def beside(folder: Path, azurite: str, rounds: int, seconds: float) -> Row:
    """Blobs of 4 KiB, ours and Azurite's in turn."""
    where = shutil.which(azurite)
    if where is None:
        return {"rows": [], "reason": "Azurite is left out: npm install azurite, and --azurite PATH/TO/azurite-blob"}
    options = ["--silent", "--disableTelemetry", "--inMemoryPersistence", "--skipApiVersionCheck", "--blobPort", "0"]
    home = {**environ(folder), "HOME": str(folder)}
    with (
        started(command("--speed", "0.001"), environ(folder), folder) as ours,
        started([where, *options], home, folder, "listens on ") as theirs,
    ):
        line = Line(ours.port)
        address = json.loads(line.ask(data(ours, "POST", "storage/sasUri", {"containerName": "box"})))["sasUri"]
        line.close()
        both = [("emulator", ours, urlsplit(address).query), ("azurite", theirs, account_token(theirs))]
        rows = []
        for kind, method, body in (("PUT blob 4 KiB", "PUT", BLOB), ("GET blob 4 KiB", "GET", b"")):
            for turn in range(rounds + 1):
                for name, server, token in both:
                    work = lambda line, k: line.ask(storage(server, method, f"box/blob{k % 50}", token, body))  # noqa: E731, B023
                    found = load(server, work, seconds=seconds)
                    if turn:  # the first one only warms up
                        rows.append({"kind": kind, "by": name, **found})
        return {"rows": rows, "reason": "", "megabytes": {name: server.megabytes() for name, server, _ in both}}


def profile(folder: Path, out: Path, seconds: float) -> int:
    """What takes the time in the threads that answer, by function."""
    with started(worker("--queue", "1e6", "--profile", str(out)), environ(folder), folder) as server:
        load(server, lambda line, k: submit(server, line, str(k), BELL), count=200, clients=1)
        for work in kinds(server, 200).values():
            load(server, work, seconds=seconds, clients=1)
        server.stop()
    return 0


def met(found: Row) -> dict[str, bool]:
    """What the tables must show, and whether they do."""
    queue, lives = found["queued"], found["lives"]
    rates = [row["rate"] for row in queue["rows"] if row["kind"] not in _PAGES]
    mixes = [row[part]["rate"] for row in lives for part in ("submit", "read")] + [lives[0]["poll"]["rate"]]
    return {
        f"{RATE:g} requests/s of every kind but pages": min(rates) >= RATE,
        f"{RATE:g} requests/s while jobs are submitted, asked for (but for what simulation takes) and read": (
            min(mixes) >= RATE
        ),
        "all jobs are in the queue at once": lives[0]["queued"] == lives[0]["jobs"],
        f"at most {STOP:g} s until it has ended, with 0, and nothing is left behind": (
            queue["stop"] <= STOP and queue["code"] == 0 and queue["left"] == 0
        ),
    }


def table(found: Row, bound: bool) -> str:
    """Everything that was measured."""
    queue, blobs = found["queued"], found["blobs"]
    told = ", ".join(f"{count} {status}" for status, count in queue["told"].items())
    parts = [
        "The server has a core of its own.\n" if bound else "No core could be chosen.\n",
        lined([HEAD, *([row["kind"], *shown(row)] for row in queue["rows"])]),
        f"Jobs at the end: {told}. Memory: {queue['idle']:.0f} MB at first, {queue['megabytes']:.0f} MB at most.\n"
        f"Stop with 64 connections open: {queue['stop']:.2f} s, exit code {queue['code']}, "
        f"{queue['left']} processes left behind.\n",
        lined([
            ["jobs", "queued", "wall s", "cpu s", "rounds", "longest s", "MB"],
            *([f"{row['jobs']} {row['way']}", str(row["queued"]), f"{row['wall']:.1f}", f"{row['cpu']:.1f}",
               str(row["rounds"]), f"{row['longest']:.2f}", f"{row['megabytes']:.0f}"] for row in found["lives"]),
        ]),
        lined([HEAD, *([f"{row['way']}: {part}", *shown(row[part])] for row in found["lives"]
                       for part in ("submit", "poll", "read"))]),
        lined([HEAD, *([f"{row['kind']}, {row['by']}", *shown(row)] for row in blobs["rows"])]) if blobs["rows"]
        else blobs["reason"] + "\n",
        "".join(f"{'met' if is_met else 'MISSED':7}{what}\n" for what, is_met in met(found).items()),
    ]  # fmt: skip
    return "\n".join(parts)


def shown(row: Row) -> list[str]:
    return [
        str(row["requests"]), f"{row['rate']:.0f}", f"{row['cpu_1000']:.3f}", f"{row['p50']:.2f}", f"{row['p99']:.2f}",
    ]  # fmt: skip


def lined(rows: list[list[str]]) -> str:
    """Columns; the first one to the left."""
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join(
        "  ".join([row[0].ljust(wide[0]), *(cell.rjust(w) for cell, w in zip(row[1:], wide[1:], strict=True))]) + "\n"
        for row in rows
    )


if __name__ == "__main__":
    sys.exit(main())
