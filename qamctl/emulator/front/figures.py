"""The figures of the status page, as `/status.json` gives them.

`now`, `started`                    UTC, to a millisecond, as all times
`uptime_seconds`
`settings`   `seed`, `speed` (times as fast as real; null: not known), `targets` (how many), `noise`, `lost_shots`
`faults`     `seed`, `rates` (name or NAME@KIND -> probability), `script` (each with `kind`, `nth`, `fault`, `times`),
             `befell` (name -> requests)
`requests`   `total`, `per_second` (of the last ten seconds), `by_kind`, `by_status` (`cut`: connections that were cut),
             `latest` (50 at most, the latest first; each as a line of the request log)
`jobs`       `total`, `by_status`, `mean_wait_seconds`, `mean_run_seconds` (null: no job begins), `latest` (50 at most,
             the latest first; each with `id`, `name`, `target`, `status`, `created`, `tags`: how many)
`sessions`   `total`, `by_status`, `latest` (each with `id`, `name`, `target`, `status`, `created`, `jobs`: how many)

A job whose time is over has the status `Due` until somebody asks the service for it, because it is run only then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from qamctl.emulator import times
from qamctl.emulator.faults import Faults
from qamctl.emulator.front.recent import Traffic
from qamctl.emulator.front.watch import entry
from qamctl.emulator.overview import JobLine, Overview, SessionLine


def figures(seen: Overview, traffic: Traffic, started: float, speed: float | None) -> dict[str, Any]:
    """All figures.

    Parameters
    ----------
    started
        Seconds since 1970.
    speed
        How many times faster than real jobs wait and run; None: not known.
    """
    return {
        "now": times.brief(seen.now),
        "started": times.brief(started),
        "uptime_seconds": round(seen.now - started, 3),
        "settings": {
            "seed": seen.seed,
            "speed": speed,
            "targets": seen.targets,
            "noise": seen.noise,
            "lost_shots": seen.lost_shots,
        },
        "faults": {**_plan(seen.faults), "befell": _often(traffic.faults)},
        "requests": {
            "total": traffic.total,
            "per_second": round(traffic.rate, 1),
            "by_kind": _often(traffic.kinds),
            "by_status": dict(sorted(traffic.statuses.items())),
            "latest": [entry(one) for one in traffic.latest],
        },
        "jobs": {
            "total": sum(seen.jobs.values()),
            "by_status": _often(seen.jobs),
            "mean_wait_seconds": _rounded(seen.wait),
            "mean_run_seconds": _rounded(seen.run),
            "latest": [_line(job) for job in seen.latest_jobs],
        },
        "sessions": {
            "total": sum(seen.sessions.values()),
            "by_status": _often(seen.sessions),
            "latest": [_line(session) for session in seen.latest_sessions],
        },
    }


def _plan(faults: Faults) -> dict[str, Any]:
    script = [asdict(event) for event in faults.script]
    return {"seed": faults.seed, "rates": dict(faults.rates), "script": script}


def _line(one: JobLine | SessionLine) -> dict[str, Any]:
    return asdict(one) | {"created": times.brief(one.created)}


def _often(counts: Mapping[str, int]) -> dict[str, int]:
    """The most frequent first."""
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
