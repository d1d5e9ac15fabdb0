"""The figures of a run: where the time went, what was searched, how well the fleet is used (`qamctl/metrics/1`)."""

from __future__ import annotations

import math
import resource
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt

#: The phases of a run, in order.
PHASES: Final = ("read", "build", "compile", "solve", "check", "write")


class Stopwatch:
    """Seconds by phase; every moment since the start belongs to exactly one phase, so they add up to the total.

    Parameters
    ----------
    clock
        Nanoseconds that never go back.
    """

    def __init__(self, clock: Callable[[], int] = time.perf_counter_ns) -> None:
        self._clock = clock
        self._spent = dict.fromkeys(PHASES, 0)
        self._phase, self._since = "read", clock()
        self._start = self._since

    def phase(self, name: str) -> None:
        """From now on time belongs to this phase; a phase may come back."""
        if name not in self._spent:
            raise ValueError(f"no phase named {name}; the phases are {', '.join(PHASES)}")
        now = self._clock()
        self._spent[self._phase] += now - self._since
        self._phase, self._since = name, now

    def elapsed(self) -> float:
        """Seconds since the start."""
        return (self._clock() - self._start) / 1e9

    def seconds(self) -> dict[str, float]:
        """Seconds of each phase so far, to the microsecond, and `total`, their sum."""
        self.phase(self._phase)
        micro = {name: spent // 1000 for name, spent in self._spent.items()}
        return {**{name: spent / 1e6 for name, spent in micro.items()}, "total": sum(micro.values()) / 1e6}


def build(
    *,
    run: str,
    kind: str,
    name: str,
    result: Mapping[str, Any],
    stopwatch: Stopwatch,
    now: datetime,
    model: Mapping[str, Any] | None = None,
    search: Mapping[str, Any] | None = None,
    curve: Sequence[tuple[float, float, str]] = (),
    utilisation: Mapping[str, Any] | None = None,
    communication: Mapping[str, Any] | None = None,
    clusters: Mapping[str, Any] | None = None,
    quantum: Collection[str] | None = (),
    cache: tuple[int, int] | None = None,
    jobs: Sequence[Mapping[str, Any]] = (),
    sense: str = "min",
    left_out: float | None = None,
    reused: bool | None = None,
) -> dict[str, Any]:
    """The content of metrics.json.

    Parameters
    ----------
    run, kind, name
        The run's id, the spec's kind and name.
    result
        As in result.json: status, objective, bound, gap, terms, levels, gates, solved_by, fallback and attempts are
        taken from it.
    stopwatch
        Of the whole run.
    now
        When the run ended, with a time zone.
    model, search
        Sizes of what was built, figures of the search.
    curve
        (seconds since the start, objective, backend) of every improvement.
    utilisation
        What `utilisation` gave.
    communication
        Figures of data sent between agents.
    clusters
        Of each cluster before and after, where the problem is about clusters (see `cluster.monitor_block`).
    quantum
        Which of the attempts' backends are quantum targets or simulators of them; None: no objective is better than
        another, and nothing is compared.
    cache
        Hits and misses; None: those of the jobs.
    jobs
        Of remote targets: id, target, state, shots, seconds, estimated, billed, currency, cached, ...
    sense
        min or max: which objectives are better.
    left_out
        Tasks that a schedule leaves out; None where there is no schedule.
    reused
        Whether the answer is that of an earlier run, which counts as a hit, or as a miss; None: nobody asked for one.
    """
    attempts = result.get("attempts") or []
    kept = cache_of(jobs) if cache is None else {"hits": cache[0], "misses": cache[1]}
    if reused is not None:
        kept = {"hits": kept["hits"] + reused, "misses": kept["misses"] + (not reused)}
    return {
        "schema": "qamctl/metrics/1",
        "run": run,
        "kind": kind,
        "name": name,
        "finished": now.isoformat(),
        "finished_timestamp": round(now.timestamp(), 3),
        "status": result.get("status"),
        "objective": result.get("objective"),
        "bound": result.get("bound"),
        "gap": result.get("gap"),
        "terms": dict(result.get("terms") or {}),
        "levels": [{key: level.get(key) for key in ("value", "bound")} for level in result.get("levels") or []],
        "gates": [dict(row) for row in result.get("gates") or []],
        **({} if left_out is None else {"left_out": left_out}),
        "solved_by": result.get("solved_by"),
        "fallback": result.get("fallback"),
        "seconds": stopwatch.seconds(),
        "cpu_seconds": cpu_seconds(),
        "memory_peak_bytes": memory_peak_bytes(),
        "model": dict(model or {}),
        "search": dict(search or {}),
        "curve": [[round(float(seconds), 6), objective, backend] for seconds, objective, backend in curve],
        "utilisation": dict(utilisation or {}),
        "communication": {"bytes": 0, "time": 0, **(communication or {})},
        **({} if clusters is None else {"clusters": dict(clusters)}),
        "credits": credits_of(jobs),
        "quantum_vs_classical": compare_quantum([] if quantum is None else attempts, quantum or (), sense),
        "cache": kept,
        **({} if reused is None else {"reused": reused}),
        "jobs": [dict(job) for job in jobs],
    }


def credits_of(jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the jobs of a run cost; those whose results were kept cost nothing.

    `taken_over` has the same figures, and the number, of jobs that another run asked for, one that was killed say, and
    that this one waited for: the ledger has them under that run, whose own metrics may never have been written. They
    are not in the other sums.

    `estimated` is what all of them were estimated at, `reserved` what of that still is for want of a bill, `billed` by
    the service's own figures. Where there are several currencies, the figures are of the one that most jobs are
    estimated in, and the others stand in `others`.
    """
    new = [job for job in jobs if not job.get("cached")]
    others = [job for job in new if not job.get("own", True)]
    found = _sums([job for job in new if job.get("own", True)])
    return found | ({"taken_over": {"jobs": len(others), **_sums(others)}} if others else {})


def _sums(jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    sums: dict[str, dict[str, int]] = {}
    count: dict[str, int] = {}
    for job in jobs:
        currency = str(job.get("currency") or "USD")
        count[currency] = count.get(currency, 0) + 1
        of = sums.setdefault(currency, {"estimated": 0, "reserved": 0, "billed": 0})
        micros = round(1e6 * float(job.get("estimated") or 0))
        of["estimated"] += micros
        if job.get("billed") is not None:
            paid = str(job.get("billed_currency") or currency)
            sums.setdefault(paid, {"estimated": 0, "reserved": 0, "billed": 0})["billed"] += round(1e6 * job["billed"])
        elif job.get("state") not in ("failed", "cancelled", "refused"):
            of["reserved"] += micros
    amounts = {currency: {name: _tidy(value / 1e6) for name, value in of.items()} for currency, of in sums.items()}
    if not amounts:
        return {"estimated": 0, "reserved": 0, "billed": 0, "currency": None}
    main = max(amounts, key=lambda currency: count.get(currency, 0))
    others = {currency: of for currency, of in amounts.items() if currency != main}
    return {**amounts[main], "currency": main} | ({"others": others} if others else {})


def cache_of(jobs: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many jobs were not sent because their results were kept, and how many were."""
    hits = sum(bool(job.get("cached")) for job in jobs)
    return {"hits": hits, "misses": len(jobs) - hits}


def _tidy(value: float) -> int | float:
    return int(value) if value.is_integer() else value


def compare_quantum(
    attempts: Sequence[Mapping[str, Any]], quantum: Collection[str], sense: str = "min"
) -> dict[str, Any]:
    """What quantum engines achieved beside classical ones; `gain` is positive where they were better.

    None stands where no engine of that sort gave an objective; nothing is claimed from a missing side.
    """
    best: dict[bool, tuple[float, str]] = {}
    sign = -1 if sense == "max" else 1
    for attempt in attempts:
        side, value = attempt["backend"] in quantum, attempt.get("objective")
        if value is not None and (side not in best or sign * value < sign * best[side][0]):
            best[side] = (value, attempt["backend"])
    gain = sign * (best[False][0] - best[True][0]) if len(best) == 2 else None
    return {
        "classical": {"backend": best[False][1], "objective": best[False][0]} if False in best else None,
        "quantum": {"backend": best[True][1], "objective": best[True][0]} if True in best else None,
        "gain": gain,
    }


def utilisation(
    *,
    agent_ids: Sequence[str],
    slots: npt.ArrayLike,
    agent: npt.ArrayLike,
    start: npt.ArrayLike,
    end: npt.ArrayLike,
    resource_ids: Sequence[str] = (),
    consumable: npt.ArrayLike = (),
    capacity: npt.ArrayLike = (),
    agent_capacity: npt.ArrayLike | None = None,
    demand: npt.ArrayLike | None = None,
) -> dict[str, Any]:
    """Shares of agents and resources that a schedule uses, between tick 0 and its last end.

    Parameters
    ----------
    agent_ids, slots
        [A] agents and how many tasks each does at once.
    agent, start, end
        [T] the agent of each task (-1: none) and its ticks.
    resource_ids, consumable
        [R] resources; a consumable one counts by amount, a renewable one by amount times ticks.
    capacity
        [R] shared by the fleet, -1 where there is none.
    agent_capacity
        [A, R] of the agents' own, -1 where an agent does not hold the resource; None: none does.
    demand
        [T, R] of each task in its chosen mode; None: no demands.

    Returns
    -------
    dict
        `agents` and `resources` map ids to shares from 0 to 1 (None where there is no capacity to share),
        `agents_used`, `agents_mean`, `agents_max` sum the agents up.
    """
    starts, ends = np.asarray(start, np.int64), np.asarray(end, np.int64)
    who, length = np.asarray(agent, np.int64), (ends - starts).astype(np.float64)
    span = float(ends.max()) if len(ends) else 0.0
    places = np.asarray(slots, np.float64)
    busy = np.bincount(who[who >= 0], length[who >= 0], len(agent_ids)) if len(agent_ids) else np.zeros(0)
    share = busy / (places * span) if span else np.zeros(len(agent_ids))

    total = np.maximum(np.asarray(capacity, np.float64), 0)
    if agent_capacity is not None and len(agent_ids):
        total = total + np.maximum(np.asarray(agent_capacity, np.float64), 0).sum(axis=0)
    resources: dict[str, float | None] = {}
    needs = np.zeros((len(ends), len(resource_ids))) if demand is None else np.asarray(demand, np.float64)
    for r, name in enumerate(resource_ids):
        by_amount = bool(np.asarray(consumable)[r])
        used = needs[:, r].sum() if by_amount else (needs[:, r] * length).sum()
        available = total[r] if by_amount else total[r] * span
        resources[name] = round(float(used / available), 6) if available > 0 else None if total[r] <= 0 else 0.0
    return {
        "agents": {name: round(float(value), 6) for name, value in zip(agent_ids, share, strict=True)},
        "resources": resources,
        "agents_used": len(np.unique(who[who >= 0])),
        "agents_mean": round(float(share.mean()), 6) if len(share) else None,
        "agents_max": round(float(share.max()), 6) if len(share) else None,
    }


def cpu_seconds() -> float:
    """Processor time of this process and of its children that have ended."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return round(sum(one.ru_utime + one.ru_stime for one in usage), 6)


def memory_peak_bytes() -> int:
    """Largest resident memory of this process so far.

    Linux keeps it by address space in /proc; `getrusage` would also count the parent that this process
    was forked from.
    """
    try:
        with open("/proc/self/status", "rb") as status:
            for line in status:
                if line.startswith(b"VmHWM:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass  # no /proc here: the portable figure follows
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def finite(value: float | None) -> float | None:
    """The value, None where it is NaN or infinite: JSON has no such number."""
    return value if value is not None and math.isfinite(value) else None
