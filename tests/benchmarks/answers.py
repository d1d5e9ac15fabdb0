"""Answers to a published problem, from its file: ours, of windows alone, of peers; and what is wrong with them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from asked import asked
from commands import qamctl, schedule
from published import Case
from ways import Flexible

Row = dict[str, Any]

#: What the metrics file says of windows: numbers, and gains by the names that they have here.
COUNTS = ("windows", "improved", "controlled")
GAINS = {
    "gain": "gain", "over_random": "gain_over_random", "over_classical": "gain_over_classical_same_time",
}  # fmt: skip


def ours(case: Case, problem: Flexible, limits: dict[str, Any]) -> Row:
    """`qamctl schedule` on the imported file, checked by `qamctl check`; wall and CPU seconds of the whole command."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        qamctl(home, "import", case.format, str(case.path.resolve()), "--file", "problem.yaml")
        options = ["--time-limit", str(limits["seconds"]), "--threads", str(limits["threads"])]
        result, spent = schedule(home, "problem.yaml", *options, "--seed", str(limits["seed"]))
        metrics = json.loads((home / "run" / "metrics.json").read_text())
        found: Row = {"status": result["status"], "start": None, "chosen": None, "bound": result["bound"]}
        found |= {"wall": spent.wall, "cpu": spent.cpu, "windows": windows(result, metrics)}
        if result["solution"]:
            qamctl(home, "check", "run/result.json", "problem.yaml")
            found["start"], found["chosen"] = problem.schedule(result["solution"]["assignments"])
            found |= {"objective": result["objective"], "solved by": result["solved_by"]}
    return found


def windows(result: Row, metrics: Row) -> Row:
    """What the QUBO windows of a run did, over all engines that opened some; see `figures_of`.

    `worsened`: the incumbent rose at some instant, windows lost, or the answer is above what an engine had.
    """
    found = figures_of([figures for figures in metrics["search"].values() if "windows" in figures])
    values = [value for _, value, _ in metrics["curve"]]
    reached = [row["objective"] for row in result["attempts"] if row["objective"] is not None]
    rose = any(later > sooner for sooner, later in pairwise(values))
    above = result["objective"] is not None and any(result["objective"] > value for value in [*values, *reached])
    return found | {"worsened": rose or above or (found["gain"] or 0) < -1e-9}


def figures_of(engines: Sequence[Row]) -> Row:
    """Sums over engines: the windows, those that improved the incumbent, those with controls.

    `gain` is what the engine gained in the last ones, `over_random` and `over_classical` how much of that chance and
    the classical engine did not; None where there were no controls.
    """
    found: Row = {name: sum(figures.get(name, 0) for figures in engines) for name in COUNTS}
    for short, name in GAINS.items():
        gains = [figures[name] for figures in engines if figures.get(name) is not None]
        found[short] = sum(gains) if gains else None
    return found


def windows_alone(case: Case, problem: Flexible, limits: Row) -> Row:
    """`windows_worker.py` on the file; raises as `asked.asked` does."""
    job = {"format": case.format, "path": str(case.path.resolve()), **limits}
    answer = asked("windows_worker.py", job, patience=4 * limits["seconds"] + 300)
    rows = answer.pop("rows")
    start, chosen = (None, None) if rows is None else problem.schedule(rows)
    return answer | {"start": start, "chosen": chosen}


def peer(engine: str, case: Case, limits: dict[str, Any], *, patience: float = 3600) -> Row:
    """A peer of `peer_worker.py`, in a process of its own; raises as `asked.asked` does."""
    job = {"engine": engine, "format": case.format, "path": str(case.path.resolve()), **limits}
    return asked("peer_worker.py", job, patience=patience)


def judge(case: Case, problem: Flexible, answer: Row) -> Iterator[str]:
    """What is wrong with an answer: its schedule, the objective that it claims, a value or a bound that can't be."""
    known = case.best
    if answer["start"] is not None:
        yield from problem.faults(answer["start"], answer["chosen"])[:3]
        value = problem.makespan(answer["start"], answer["chosen"])
        known = min(known, value)
        if answer.get("objective", value) != value:
            yield f"the makespan is {value}, not {answer['objective']}"
        if case.bound is not None and value < case.bound:
            yield f"the makespan {value} is below {case.bound}, which is proved"
    if answer["bound"] is not None and answer["bound"] > known + 1e-6:
        yield f"the bound {answer['bound']} is above {known}, which is known"
    if answer.get("status") == "optimal" and (answer["bound"] is None or answer["bound"] < known - 1e-6):
        yield f"called optimal, with a bound of {answer['bound']} where {known} is known"
