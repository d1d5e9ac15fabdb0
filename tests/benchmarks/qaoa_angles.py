"""Makes the table of fixed QAOA angles that the package ships: medians of trained angles, then polished together.

    python tests/benchmarks/qaoa_angles.py --models 240 --seed 1 --file qamctl/quantum/qaoa/angles.json

For each mixer: random models of all families in `tests/support/qaoa_problems.py`, a ladder of depths 1 to 8 on each
(INTERP, L-BFGS-B), the median over models of the angles once their symmetries are taken out, and from there L-BFGS-B on
the mean approximation ratio of all models at once, over angles that depend on the shape of the distribution of energies
(`angles.Shape.terms`). With one build of the kernels the same
command makes the same file but for its date; with another, ratios agree to four digits and rows to a few hundredths.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, astuple
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

from support.qaoa_problems import Problem, free_problem, group_problem, ising_problem, penalty_problem  # noqa: E402

from qamctl.quantum.qaoa.angles import SCHEMA, Shape, canonical, deepened, ramp  # noqa: E402
from qamctl.quantum.qaoa.landscape import Landscape  # noqa: E402
from qamctl.quantum.qaoa.structure import ansatz_for  # noqa: E402
from qamctl.quantum.qaoa.train import Effort, train  # noqa: E402

MIXERS = ("x", "xy-ring", "xy-full", "grover")
#: Where the ladder begins: a Grover phase turns further than single qubits do.
FIRST = {"grover": np.array([0.63, -1.44])}


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the table; prints what each entry reaches on its own models."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=240, help="for each mixer")
    parser.add_argument("--depth", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--file", type=Path, help="where to write the table; without it only the figures are shown")
    options = parser.parse_args(arguments)
    mixers: dict[str, Any] = {}
    for mixer in MIXERS:
        make: Callable[[int, np.random.Generator], Problem] = free_problem if mixer == "x" else group_problem
        rng = np.random.default_rng(options.seed)
        problems = [make(k, rng) for k in range(options.models)]
        spaces = [Landscape(p.polynomial, ansatz_for(p.polynomial.n, p.groups, 1, mixer)) for p in problems]
        mixers[mixer] = {"shapes": shapes_of(spaces), "depths": entries(mixer, spaces, options.depth)}
    provenance = {
        "command": f"python tests/benchmarks/qaoa_angles.py --models {options.models} --depth {options.depth} "
        f"--seed {options.seed} --file qamctl/quantum/qaoa/angles.json",
        "made": datetime.now(UTC).date().isoformat(),
        "seed": options.seed,
        "models": options.models,
        "families": {
            name: " ".join(" ".join(make.__doc__ or "" for make in makers).split())
            for name, makers in (("x", (ising_problem, penalty_problem)), ("others", (group_problem,)))
        },
        "units": "gammas in 1 / Landscape.scale, then betas in Landscape.beta_unit: Shape.terms @ rows",
    }
    if options.file is not None:
        found = {"schema": SCHEMA, "provenance": provenance, "mixers": mixers}
        options.file.write_text(one_list_a_line(json.dumps(found, indent=1)) + "\n", encoding="utf-8")
    return 0


def one_list_a_line(text: str) -> str:
    """JSON with its lists of numbers on one line each."""
    return re.sub(r"\[[^\[\]{}]*\]", lambda match: re.sub(r"\s+", " ", match[0]), text)


def shapes_of(spaces: Sequence[Landscape]) -> dict[str, Any]:
    """The least, median and greatest of each figure of the shape."""
    figures = np.array([astuple(space.shape) for space in spaces])
    rows = {"least": figures.min(axis=0), "median": np.median(figures, axis=0), "most": figures.max(axis=0)}
    return {name: asdict(Shape(*np.round(row, 4).tolist())) for name, row in rows.items()}


def entries(mixer: str, spaces: Sequence[Landscape], depth: int) -> dict[str, Any]:
    """The table's entries of one mixer, by depth."""
    out: dict[str, Any] = {}
    own = [FIRST.get(mixer, ramp(1, 0.6))] * len(spaces)
    terms = np.array([space.shape.terms() for space in spaces])
    before: np.ndarray | None = None
    for p in range(1, depth + 1):
        # From the ladder of the model, and from what fits all: the better end counts.
        starts = [[deepened(angles, p)] for angles in own]
        if before is not None:
            for some, row in zip(starts, terms, strict=True):
                some.append(deepened(row @ before, p))
        ends = [best_of(space, some) for space, some in zip(spaces, starts, strict=True)]
        own = [angles for angles, _ in ends]
        median = np.median([canonical(angles, mixer) for angles in own], axis=0)
        # From the median, and from one layer less: the better end counts here, too.
        begins = [np.vstack([median, np.zeros((terms.shape[1] - 1, 2 * p))])]
        if before is not None:
            begins.append(np.stack([deepened(row, p) for row in before]))
        before, reached = max((polished(spaces, terms, begin) for begin in begins), key=lambda found: found[1])
        trained = float(np.mean([ratio for _, ratio in ends]))
        print(f"{mixer:8} {p}  ratio {reached:.4f}, trained one by one {trained:.4f}", flush=True)
        rows = before.round(4)
        out[str(p)] = {"rows": rows.tolist(), "ratio": round(reached, 4), "trained": round(trained, 4)}
    return out


def best_of(space: Landscape, starts: Sequence[np.ndarray]) -> tuple[np.ndarray, float]:
    """The best end of several starts, and its approximation ratio."""
    effort = Effort(evaluations=200, tolerance=1e-4, ftol=1e-7)
    found = [train(space, start, effort=effort) for start in starts]
    best = min(found, key=lambda t: t.value if t.value is not None else np.inf)
    return best.angles, space.ratio(space.value(best.angles))


def polished(spaces: Sequence[Landscape], terms: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, float]:
    """[6, 2 p] rows of the table with the best mean approximation ratio over all spaces, near a start, and that."""

    def step(flat: np.ndarray) -> tuple[float, np.ndarray]:
        rows = flat.reshape(start.shape)
        total, by = 0.0, np.zeros(start.shape)
        for space, own in zip(spaces, terms, strict=True):
            value, gradient = space.value_and_gradient(own @ rows)
            total -= space.ratio(value)
            by += np.outer(own, gradient) / (space.worst - space.best)
        return total / len(spaces), by.ravel() / len(spaces)

    found = minimize(step, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 120, "ftol": 1e-8})
    return np.asarray(found.x).reshape(start.shape), -float(found.fun)


if __name__ == "__main__":
    sys.exit(main())
