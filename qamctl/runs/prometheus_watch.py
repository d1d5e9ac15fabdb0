"""What a watch sees, as gauges for the node exporter's textfile collector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from qamctl.runs.exposition import Family, exposition
from qamctl.runs.prometheus_clusters import cluster_families

_STATUSES = ("fine", "drifted", "broken", "unreadable")


def watch_text(look: Mapping[str, Any], block: Mapping[str, Any] | None, last_read: float | None) -> str:
    """The text of a metrics file after a look.

    Parameters
    ----------
    look
        As `watch_look.Look.data` gives it.
    block
        The clusters as they were read last; None where they never were.
    last_read
        When the files could be read last, in seconds since 1970; None where they never could.
    """
    base = {"kind": "cluster", "name": str(look["name"])}
    lines = exposition(_families(look, base, last_read))
    count = ("qamctl_watch_looks_total", "Looks since the watch began.", [(base, float(look["look"]))])
    lines += exposition([count], "counter")
    lines += exposition(cluster_families(block, base))
    return "\n".join(lines) + "\n"


def _families(look: Mapping[str, Any], base: Mapping[str, str], last_read: float | None) -> Iterator[Family]:
    moment = datetime.fromisoformat(look["time"]).timestamp()
    yield "qamctl_watch_last_look_timestamp_seconds", "When the last look was.", [(base, moment)]
    read = [] if last_read is None else [(base, last_read)]
    yield "qamctl_watch_last_read_timestamp_seconds", "When the files could be read last.", read
    yield (
        "qamctl_watch_status",
        "1 for what the last look found, 0 for the others.",
        [({**base, "status": word}, float(word == look["status"])) for word in _STATUSES],
    )
    levels = enumerate(look.get("objective") or (), 1)
    values = [({**base, "level": str(level)}, float(value)) for level, value in levels]
    yield "qamctl_watch_objective", "Objective of the clusters as they are now.", values
    terms = [({**base, "term": term}, float(value)) for term, value in (look.get("terms") or {}).items()]
    yield "qamctl_watch_term", "Terms of the objective as agents are now, before weights.", terms
    drift = look["drift"] or {}
    changes = [({**base, "change": key}, float(value)) for key, value in drift.items() if key != "ids"]
    yield "qamctl_watch_changes", "What changed since the look before.", changes
    yield from _proposal(look["proposal"], base)


def _proposal(proposal: Mapping[str, Any] | None, base: Mapping[str, str]) -> Iterator[Family]:
    worth = proposal is not None and bool(proposal["worth"])
    yield "qamctl_watch_proposal", "1 while a re-balance is proposed.", [(base, float(worth))]
    if proposal is None or not worth:
        return
    moves = [({**base, "change": change}, float(count)) for change, count in proposal["moves"].items()]
    yield "qamctl_watch_proposal_moves", "Agents that it moves, places and leaves out, and its steps.", moves
    after = [
        ({**base, "level": str(level)}, float(value))
        for level, value in enumerate(proposal["objective"]["after"], 1)
    ]  # fmt: skip
    yield "qamctl_watch_proposal_objective", "Objective once it is applied, its moves counted.", after
    if proposal["gain"] is not None:
        yield "qamctl_watch_proposal_gain_ratio", "Share of the objective that it saves.", [(base, proposal["gain"])]
