"""QUBO windows alone on a published problem, with chance and `tabu` beside `anneal` in every one of them.

In a run of `auto` classical engines have no controls, which would cost it time; here they have, and the windows begin
with the schedule of a rule, so that there is something to gain. A process of its own: the job comes as JSON on standard
input, the answer goes out.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

# One core: every window is sampled three times, one after the other.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent)]

from answers import figures_of  # noqa: E402

from qamctl import engines  # noqa: E402
from qamctl.backends import registry  # noqa: E402
from qamctl.formats import read  # noqa: E402
from qamctl.qubo.rounds import Controls  # noqa: E402
from qamctl.schedule.build import build_instance  # noqa: E402
from qamctl.schedule.contest import check_solution  # noqa: E402
from qamctl.schedule.read import schedule_from_data  # noqa: E402
from qamctl.schedule.solution import Solution, to_rows  # noqa: E402
from qamctl.schedule.solvers.qubo_windows import solve  # noqa: E402
from qamctl.solver import Budget  # noqa: E402


def run(job: Mapping[str, Any]) -> dict[str, Any]:
    """The rows of the schedule that the windows end with, checked by the package, and what they gained."""
    path = Path(job["path"])
    spec = schedule_from_data(read(job["format"], path.read_text(), name=path.name))
    instance = build_instance(spec)
    values: list[float] = []

    def report(solution: Solution) -> None:
        values.append(instance.value(solution)[0])

    wall, cpu = time.perf_counter(), time.process_time()
    outcome = solve(
        instance, None, Budget(seconds=job["seconds"], threads=1), job["seed"], lambda: False, report,
        sample=partial(engines.sample, registry.get("anneal")),
        controls=Controls(partial(engines.sample, registry.get("tabu"))),
    )  # fmt: skip
    answer: dict[str, Any] = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    answer |= {"status": outcome.status, "bound": outcome.bounds[0], "rows": None, "windows": None}
    if outcome.solution is not None:
        checked = check_solution(spec, outcome.solution)
        assert not checked.violations, [violation.text for violation in checked.violations]
        found = figures_of([outcome.info])
        worsened = any(later > sooner for sooner, later in pairwise([*values, float(checked.levels[0])]))
        answer["windows"] = found | {"worsened": worsened or (found["gain"] or 0) < -1e-9}
        answer |= {"rows": to_rows(spec, outcome.solution), "objective": float(checked.levels[0])}
    return answer


if __name__ == "__main__":
    answer = run(json.load(sys.stdin))
    sys.stdout.write("\n" + json.dumps(answer) + "\n")
