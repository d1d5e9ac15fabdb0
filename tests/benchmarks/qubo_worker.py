"""One engine on one binary model in a process of its own: the job comes as JSON on standard input, the row goes out."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# One core each: CPU seconds are what is compared.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent)]

from qubo_cases import Case, energy  # noqa: E402
from qubo_engines import ENGINES, Skipped  # noqa: E402

#: Points of a curve that are kept.
POINTS = 200


def run(job: Mapping[str, Any]) -> dict[str, Any]:
    """Search, and compute the energy of what was found anew."""
    case = Case.from_json(job["problem"])
    vectors = case.vectors()
    wall = time.perf_counter()
    try:
        found = ENGINES[job["engine"]](vectors, job["seed"], job["seconds"], job)
    except Skipped as reason:
        return {"status": "skipped", "fault": str(reason)}
    cpu = found.info.get("cpu", found.used)
    answer: dict[str, Any] = {"status": "done", "fault": None, "wall": time.perf_counter() - wall, "cpu": cpu}
    answer |= {"energy": None, "calls": found.calls, "attempts": found.attempts, "info": found.info}
    answer |= {"variables": len(vectors[0]), "couplings": len(vectors[1])}
    if found.sample is not None:
        answer["energy"] = energy(vectors, found.sample)
        if abs(answer["energy"] - min([found.value, *(value for _, value in found.curve)])) > 1e-6:
            answer["fault"] = f"claims {found.value}, its sample has {answer['energy']}"
    step = max(1, -(-len(found.curve) // POINTS))
    answer["curve"] = [*found.curve[:-1:step], *found.curve[-1:]]
    answer["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return answer


if __name__ == "__main__":
    row = run(json.load(sys.stdin))
    sys.stdout.write("\n" + json.dumps(row) + "\n")
