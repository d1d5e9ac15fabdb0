"""Metrics as a Prometheus text file, for the node exporter's textfile collector."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from qamctl.runs.canonical import dumps
from qamctl.runs.exposition import Family, Samples, exposition, number, sample
from qamctl.runs.prometheus_answer import answer_families
from qamctl.runs.prometheus_clusters import cluster_families

_LAST_SUCCESS = "qamctl_last_success_timestamp_seconds"
_STATUSES = ("optimal", "feasible", "infeasible", "unknown", "interrupted")
_GOOD = ("optimal", "feasible")


def metrics_text(path: Path, metrics: Mapping[str, Any]) -> str:
    """The text of a metrics file: Prometheus where its name ends in `.prom`, else JSON."""
    if path.suffix != ".prom":
        return dumps(metrics)
    try:
        previous = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        previous = ""
    return to_prometheus(metrics, previous)


def to_prometheus(metrics: Mapping[str, Any], previous: str = "") -> str:
    """The text exposition format (version 0.0.4) of metrics.json.

    Every sample carries the labels `kind` and `name`. The time of the last success is kept from the
    file's previous content when this run brought no feasible answer: an alert on its age needs it.

    Parameters
    ----------
    metrics
        As `metrics.build` made them.
    previous
        What the file held before.

    References
    ----------
    https://prometheus.io/docs/instrumenting/exposition_formats/
    """
    base = {"kind": str(metrics["kind"]), "name": str(metrics["name"])}
    lines = exposition(_families(metrics, base))
    good, last = metrics.get("status") in _GOOD, sample(_LAST_SUCCESS, base)
    success = number(metrics["finished_timestamp"]) if good else _kept(previous, last)
    if success is not None:
        lines += [
            f"# HELP {_LAST_SUCCESS} When a run last brought a feasible answer.",
            f"# TYPE {_LAST_SUCCESS} gauge",
            f"{last} {success}",
        ]
    return "\n".join(lines) + "\n"


def spending_text(report: Mapping[str, Any], targets: Sequence[Mapping[str, Any]]) -> str:
    """What was spent, as gauges: by target, and the month's budget.

    Every sample carries the labels `workspace` (`all` where none was named) and `currency`; sums are left to whoever
    reads them.

    Parameters
    ----------
    report
        As `azure.credits.report` makes it.
    targets
        Its rows by target.
    """
    base = {"workspace": str(report["workspace"] or "all")}
    return "\n".join(exposition(_spending(report, targets, base))) + "\n"


def _spending(
    report: Mapping[str, Any], targets: Sequence[Mapping[str, Any]], base: Mapping[str, str]
) -> Iterator[Family]:
    rows = [({**base, "target": str(row["target"]), "currency": row["currency"]}, row) for row in targets]
    yield "qamctl_ledger_billed", "What the service billed.", [(labels, row["billed"]) for labels, row in rows]
    # `reserved` of a row is all that ever was; what of it is open is what counts and is not billed.
    waiting = [(labels, (row["micros"]["counted"] - row["micros"]["billed"]) / 1e6) for labels, row in rows]
    yield "qamctl_ledger_reserved", "What is reserved for jobs without a bill.", waiting
    yield (
        "qamctl_ledger_counted",
        "What jobs count for: billed, else reserved.",
        [(labels, row["counted"]) for labels, row in rows],
    )
    yield "qamctl_ledger_jobs", "Jobs in the ledger.", [(labels, float(row["jobs"])) for labels, row in rows]
    late = [({**base, "currency": row["currency"]}, float(row["jobs"])) for row in report["unconfirmed"]]
    yield "qamctl_ledger_unbilled_jobs", "Jobs that succeeded and have no bill yet.", late
    budget = report["budget"]
    if budget is None:
        return
    own = {**base, "currency": budget["currency"]}
    yield "qamctl_budget_amount", "The monthly budget.", [(own, budget["amount"])]
    yield "qamctl_budget_counted", "What counts against it.", [(own, budget["counted"])]
    yield "qamctl_budget_left", "What is left of it.", [(own, budget["left"])]
    yield "qamctl_budget_used_ratio", "Share of it that counts as used.", [(own, budget["share"])]


def _families(metrics: Mapping[str, Any], base: Mapping[str, str]) -> Iterator[Family]:
    def one(key: str) -> Samples:
        value = metrics.get(key)
        return [] if value is None else [(base, float(value))]

    yield "qamctl_run_timestamp_seconds", "When the run ended.", one("finished_timestamp")
    status = metrics.get("status")
    yield (
        "qamctl_status",
        "1 for the status of the run, 0 for the others.",
        [({**base, "status": word}, float(word == status)) for word in _STATUSES],
    )
    yield "qamctl_objective", "Checked objective of the answer.", one("objective")
    yield "qamctl_bound", "Proved bound of the objective.", one("bound")
    yield "qamctl_gap", "Relative distance of objective and bound.", one("gap")
    yield from answer_families(metrics, base)
    seconds = metrics["seconds"]
    phases = [({**base, "phase": phase}, value) for phase, value in seconds.items() if phase != "total"]
    yield "qamctl_phase_seconds", "Wall time by phase; the phases add up to the total.", phases
    yield "qamctl_total_seconds", "Wall time of the run.", [(base, seconds["total"])]
    yield "qamctl_cpu_seconds", "Processor time of the run.", one("cpu_seconds")
    yield "qamctl_memory_peak_bytes", "Largest resident memory.", one("memory_peak_bytes")
    use = metrics.get("utilisation") or {}
    # Agents are summed up: a series for each of a thousand agents would flood the server.
    agents = [
        ({**base, "of": of}, use[f"agents_{of}"]) for of in ("mean", "max") if use.get(f"agents_{of}") is not None
    ]
    yield "qamctl_agent_utilisation_ratio", "Share of the agents' slots in use.", agents
    resources = [
        ({**base, "resource": name}, share) for name, share in (use.get("resources") or {}).items() if share is not None
    ]
    yield "qamctl_resource_utilisation_ratio", "Share of the resource's capacity in use.", resources
    yield from cluster_families(metrics.get("clusters"), base)
    credits = metrics["credits"]
    yield "qamctl_credits_billed", "Credits billed by remote targets.", [(base, credits["billed"])]
    yield "qamctl_answer_reused", "1 where the answer is that of an earlier run, 0 where it was found.", one("reused")
    jobs = metrics.get("jobs") or []
    if not jobs:
        return
    yield "qamctl_credits_estimated", "Credits that remote jobs may cost at most.", [(base, credits["estimated"])]
    yield "qamctl_credits_reserved", "Credits reserved for want of a bill.", [(base, credits["reserved"])]
    count = Counter((job["target"], job["state"]) for job in jobs)
    states = [({**base, "target": target, "state": state}, float(n)) for (target, state), n in sorted(count.items())]
    yield "qamctl_jobs", "Jobs on remote targets, those among them whose results were kept.", states
    hits = sum(bool(job.get("cached")) for job in jobs)
    counts = {"hits": hits, "misses": len(jobs) - hits}
    kept = [({**base, "result": result}, float(count)) for result, count in counts.items()]
    yield "qamctl_job_cache", "Jobs whose results were kept (hits), and that had to be sent (misses).", kept


def _kept(previous: str, sample: str) -> str | None:
    """The value of a sample in an earlier text, if it is there and a number."""
    found = re.search(rf"^{re.escape(sample)} ([0-9.eE+-]+)$", previous, re.MULTILINE)
    return found[1] if found else None
