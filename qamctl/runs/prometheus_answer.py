"""An answer as gauges: its terms, its objective level by level, the gates of its run, and the tasks of a schedule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qamctl.runs.exposition import Family


def answer_families(metrics: Mapping[str, Any], base: Mapping[str, str]) -> Iterator[Family]:
    """Gauges of whatever the answer has.

    `qamctl_objective` is that of the level which the result speaks of, and that may be another one in the next run;
    those by level keep their meaning.

    Parameters
    ----------
    metrics
        As `metrics.build` made them.
    base
        Labels that every sample carries.
    """
    terms = [
        ({**base, "term": name}, float(value)) for name, value in metrics.get("terms", {}).items() if value is not None
    ]
    yield "qamctl_term", "Terms of the objective, before weights.", terms
    for key, text in (("value", "Checked objective of each level."), ("bound", "Proved bound of each level.")):
        rows = [
            ({**base, "level": str(number)}, float(level[key]))
            for number, level in enumerate(metrics.get("levels", ()), 1)
            if level[key] is not None
        ]
        yield f"qamctl_level_{'objective' if key == 'value' else key}", text, rows
    met = [({**base, "gate": row["gate"]}, float(row["met"])) for row in metrics.get("gates", ())]
    yield "qamctl_gate_met", "1 for each gate of the run that was met, 0 for each that was not.", met
    if metrics["kind"] == "schedule":
        tasks, left_out = metrics["model"].get("tasks"), metrics.get("left_out")
        yield "qamctl_schedule_tasks", "Tasks in the problem file.", [] if tasks is None else [(base, float(tasks))]
        out = [] if left_out is None else [(base, float(left_out))]
        yield "qamctl_schedule_left_out", "Tasks that the answer leaves out.", out
