"""A fleet in the middle of its plan, when some of its agents fail: what is left to do, and what became of the plan."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

Row = dict[str, Any]

#: The rows of a result by task.
Plan = dict[str, Row]


@dataclass(frozen=True)
class Failure:
    """When agents fail, and what that leaves of a plan.

    Attributes
    ----------
    now
        When it happens.
    gone
        The agents that fail.
    before
        What was planned of every task that is not finished.
    running
        Those that have begun, on agents that are still there: they stay as they are.
    affected
        Those whose agents have failed: they are done anew.
    """

    now: int
    gone: frozenset[str]
    before: Plan
    running: frozenset[str]
    affected: frozenset[str]

    def judged(self, after: Plan) -> Row:
        """What a new plan keeps: how many affected tasks it places, how many of the others move, and their share.

        Raises
        ------
        AssertionError
            A task is missing, was moved though it runs, begins in the past, or is on an agent that is gone.
        """
        assert after.keys() <= self.before.keys()
        assert self.before.keys() - self.affected <= after.keys()
        moved = {task for task in after if place(after[task]) != place(self.before[task])}
        assert not moved & self.running
        assert all(after[task]["start"] >= self.now for task in after.keys() - self.running)
        assert not any(self.gone & set(row["agents"]) for row in after.values())
        others = self.before.keys() - self.affected
        found = {"tasks": len(after), "affected": len(self.affected), "placed": len(self.affected & after.keys())}
        return found | {"moved": len(moved & others), "share": len(moved & others) / max(1, len(others))}


def place(row: Row) -> tuple[tuple[str, ...], int]:
    """Who does a task, and when it begins."""
    return tuple(row["agents"]), row["start"]


def fail(folder: Path, plan: Plan, at: float, share: float, seed: int) -> Failure:
    """Let a share of the agents fail at a part of the makespan, and write what is left to do.

    `replan.yaml` says it as a user would, with `freeze_until`; `anew.yaml` for a run that knows no earlier result:
    tasks that have begun are pinned, others released at that moment.
    """
    agents, tasks = read(folder / "agents.csv"), read(folder / "tasks.csv")
    now = round(at * max(row["end"] for row in plan.values()))
    gone = frozenset(row["id"] for row in Random(seed).sample(agents, max(1, round(share * len(agents)))))
    left = {row["id"] for row in tasks if plan[row["id"]]["end"] > now}
    affected = {task for task in left if gone & set(plan[task]["agents"])}
    running = {task for task in left - affected if plan[task]["start"] < now}
    kept = [row for row in tasks if row["id"] in left]
    for row in kept:
        row["after"] = "|".join(task for task in row["after"].split("|") if task in left)
    write(folder / "agents-left.csv", [row for row in agents if row["id"] not in gone])
    write(folder / "tasks-left.csv", kept)
    write(folder / "tasks-anew.csv", [_anew(row, plan[row["id"]], now, row["id"] in running) for row in kept])
    spec = (folder / "fleet.yaml").read_text().replace("agents.csv", "agents-left.csv")
    rest = "objective: [{tardiness: 1}, {makespan: 1}]"
    assert rest in spec
    kept_first = f"freeze_until: {now}\nobjective: [{{disruption: 1}}, {{tardiness: 1}}, {{makespan: 1}}]"
    (folder / "replan.yaml").write_text(spec.replace("tasks.csv", "tasks-left.csv").replace(rest, kept_first))
    (folder / "anew.yaml").write_text(spec.replace("tasks.csv", "tasks-anew.csv"))
    before = {task: plan[task] for task in left}
    return Failure(now, gone, before, frozenset(running), frozenset(affected))


def _anew(row: Row, planned: Row, now: int, running: bool) -> Row:
    if running:
        return row | {"pinned": f"agent={planned['agents'][0]}|start={planned['start']}"}
    return row | {"release": max(int(row["release"] or 0), now), "pinned": ""}


def read(path: Path) -> list[Row]:
    """The rows of a CSV file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, rows: list[Row]) -> None:
    """Rows as a CSV file."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
