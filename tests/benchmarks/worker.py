"""One engine on one problem in a process of its own: the job comes as JSON on standard input, the row goes out as JSON.

So the CPU time and the memory are the engine's alone, no engine's libraries disturb another's, and a crash is a row.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from heuristics import fifo, heft
from peers import pyjobshop
from plain import Plain, assignments, plain_problem


def run(job: Mapping[str, Any]) -> dict[str, Any]:
    """Solve, and have the package's checker look at the answer, whoever gave it."""
    from qamctl.schedule.check import check_schedule
    from qamctl.schedule.read import schedule_from_data

    data, engine = job["data"], job["engine"]
    problem = plain_problem(data)
    limits = {"seconds": job["seconds"], "threads": job["threads"], "seed": job["seed"]}
    spec = schedule_from_data(data)
    if engine == "auto":
        answer = _auto(data, problem, **limits)
    elif engine in ("list-search", "cpsat"):
        answer = _native(engine, spec, **limits)
    elif engine == "pyjobshop":
        import pyjobshop as _imported  # noqa: F401  the import is not the solver's time

        answer = _timed(lambda: pyjobshop(problem.flexible, **limits))
        answer.pop("chosen")
        answer["bound"] = None if answer["bound"] is None else answer["bound"] / problem.scale
    else:
        rule = {"heft": heft, "fifo": fifo}[engine]
        answer = _timed(lambda: {"status": "feasible", "start": rule(problem), "bound": None})
    answer["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if answer["start"] is not None:
        report = check_schedule(spec, assignments(problem, data, answer["start"]))
        answer["violations"] = [violation.text for violation in report.violations[:5]]
        answer["objective"] = float(report.levels[0])
    return answer


def _timed(solve: Any) -> dict[str, Any]:
    wall, cpu = time.perf_counter(), time.process_time()
    answer: dict[str, Any] = solve()
    return answer | {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def _native(engine: str, spec: Any, *, seconds: float, threads: int, seed: int) -> dict[str, Any]:
    """A native solver by itself, from nothing, the model building in its time and the imports not."""
    from qamctl.schedule.build import build_instance
    from qamctl.solver import Budget

    if engine == "cpsat":
        from ortools.sat.python import cp_model as _imported  # noqa: F401

        from qamctl.schedule.solvers.cpsat import solve
    else:
        from qamctl.schedule.solvers.list_search import solve

    def work() -> dict[str, Any]:
        budget = Budget(seconds=seconds, threads=threads)
        outcome = solve(build_instance(spec), None, budget, seed, lambda: False, lambda solution: None)
        start = None if outcome.solution is None else outcome.solution.start.tolist()
        return {"status": outcome.status, "start": start, "bound": outcome.bounds[0], "info": outcome.info}

    answer = _timed(work)
    answer["info"] = {key: value for key, value in answer["info"].items() if isinstance(value, (int, float, str))}
    return answer


def _auto(data: Mapping[str, Any], problem: Plain, *, seconds: float, threads: int, seed: int) -> dict[str, Any]:
    """The whole of `qamctl schedule`, file in, checked result out; reading, writing and imports are in its CPU time."""
    from qamctl.formats.spec_yaml import write_spec
    from qamctl.pipeline import run_schedule

    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = os.path.join(folder, "state")
        spec = Path(folder, "problem.yaml")
        spec.write_text(write_spec(data), encoding="utf-8")
        flags = {"time_limit": seconds, "threads": threads, "seed": seed, "out": Path(folder, "run")}
        answer = _timed(lambda: {"report": run_schedule(str(spec), flags)})
    report = answer.pop("report")
    result = report.result
    start = None
    if result["solution"]:
        at = {row["task"]: Fraction(str(row["start"])) * problem.scale for row in result["solution"]["assignments"]}
        start = [int(at[id_]) for id_ in problem.ids]
    solved = report.metrics["seconds"].get("solve", answer["wall"])
    who = {"solved_by": result["solved_by"], "fallback": json.dumps(result["fallback"])}
    return answer | {"status": result["status"], "start": start, "bound": result["bound"], "wall": solved, "info": who}


if __name__ == "__main__":
    row = run(json.load(sys.stdin))
    sys.stdout.write("\n" + json.dumps(row) + "\n")
