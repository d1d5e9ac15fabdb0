"""A peer on a published problem in a process of its own: the job comes as JSON on standard input, its answer goes out.

So the CPU time is the peer's alone, no engine's libraries disturb another's, and a crash is a row.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flexible_peer import assigned, cpsat, unordered
from peers import pyjobshop
from published_files import read
from ways import Flexible


def run(job: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of `cpsat` (the model as it is defined), `cpsat+loads`, `cpsat-best` or `pyjobshop`."""
    problem = read(job["format"], Path(job["path"]))
    limits = {"seconds": job["seconds"], "threads": job["threads"], "seed": job["seed"]}
    if job["engine"] == "pyjobshop":
        return pyjobshop(problem, **limits)
    if job["engine"] == "cpsat-best":
        return best_model(problem, limits)
    return cpsat(problem, **limits, loads=job["engine"] == "cpsat+loads")


def best_model(problem: Flexible, limits: Mapping[str, Any]) -> dict[str, Any]:
    """The model that serves CP-SAT best: an assignment where order is nothing, else intervals with loads."""
    return assigned(problem, **limits) if unordered(problem) else cpsat(problem, **limits, loads=True)


if __name__ == "__main__":
    answer = run(json.load(sys.stdin))
    sys.stdout.write("\n" + json.dumps(answer) + "\n")
