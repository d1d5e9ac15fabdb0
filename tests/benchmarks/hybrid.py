"""What is a sub-solver worth? The hybrid loop with small windows on large models: our engines against chance.

    python tests/benchmarks/hybrid.py --seconds 10 --seeds 1,2,3
    python tests/benchmarks/hybrid.py --only sparse --variables 5000 --window 64 --engines tabu,neal --json out.json

Every engine starts from the same local minimum (one-flip descent from a random state) and has the same CPU seconds, on
one core; the engines' order turns. `random` draws uniform states of the same windows for as long as `anneal` takes for
one. Then `anneal` runs once more with both controls beside it in every window: chance and `tabu`, each for the time
that `anneal` took, from the same state. What is printed is what the samples make of the energy, computed anew.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent), str(HERE.parent)]

import numpy as np  # noqa: E402
from support.families import FAMILIES  # noqa: E402
from support.raw_models import raw_model  # noqa: E402

from qamctl import engines  # noqa: E402
from qamctl.backends import registry  # noqa: E402
from qamctl.backends.local import sample_set  # noqa: E402
from qamctl.qubo.control import uniform  # noqa: E402
from qamctl.qubo.hybrid import improve_model  # noqa: E402
from qamctl.qubo.incumbent import Problem, changed, incumbent_of, problem_of  # noqa: E402
from qamctl.qubo.payload import Payload, Uncompiled  # noqa: E402
from qamctl.qubo.rounds import Controls  # noqa: E402
from qamctl.qubo.window import Sampler  # noqa: E402

Row = dict[str, Any]


def main() -> int:
    """Measure, print the table; 1 where chance was not beaten."""
    options = arguments()
    rows = []
    for family in options.only or FAMILIES:
        for seed in options.seeds:
            row = measure(family, seed, options)
            rows.append(row)
            say(json.dumps(row))
    write(table(rows, options.engines))
    beaten = [row for row in rows if row["energies"]["anneal"] < row["energies"]["random"]]
    write(f"\nanneal ended below random in {len(beaten)} of {len(rows)} runs\n")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0 if len(beaten) == len(rows) else 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variables", type=int, default=5000, help="of each model, about")
    parser.add_argument("--window", type=int, default=64, help="variables of a window")
    parser.add_argument("--seconds", type=float, default=10.0, help="CPU seconds of each loop")
    parser.add_argument("--seeds", type=lambda text: [int(s) for s in text.split(",")], default=[1, 2, 3])
    parser.add_argument("--engines", type=lambda text: text.split(","), default=["tabu"], help="besides anneal")
    parser.add_argument("--strategy", default="auto", help="impact, graph, windows or auto")
    parser.add_argument("--only", action="append", default=[], choices=FAMILIES, help="a family; repeatable")
    parser.add_argument("--json", type=Path, help="write the rows to a file")
    return parser.parse_args()


def measure(family: str, seed: int, options: argparse.Namespace) -> Row:
    """One model, one start: the energy that each loop ends with, and what the controls say."""
    model = raw_model(FAMILIES[family](options.variables, seed))
    problem = problem_of(model)
    start, energy = local_minimum(problem, seed)
    names = ["anneal", *(name for name in options.engines if name != "anneal")]
    samplers: dict[str, Sampler] = {name: engine(name) for name in names}

    def loop(sample: Sampler, **more: Any) -> Any:
        return improve_model(
            model, start, sample, max_variables=options.window, seed=seed, seconds=options.seconds,
            clock=time.process_time, strategy=options.strategy, objective=problem.couplings, **more,
        )  # fmt: skip

    energies: dict[str, float] = {}
    windows: dict[str, int] = {}
    turned = names[seed % len(names) :] + names[: seed % len(names)]
    for name in turned:
        found = loop(samplers[name])
        energies[name], windows[name] = found.energy, len(found.attempts)
    found = loop(chance(options.seconds / max(1, windows["anneal"])), native=True)
    energies["random"], windows["random"] = found.energy, len(found.attempts)
    rival = engine("tabu")
    figures = loop(samplers["anneal"], controls=Controls(rival)).improvement.summary()
    wanted = ("controlled", "gain", "gain_over_random", "gain_over_classical_same_time")
    paired = {key: figures.get(key) for key in wanted}
    return {"family": family, "variables": model.n, "seed": seed, "start": energy, "energies": energies,
            "windows": windows, "paired": paired}  # fmt: skip


def engine(name: str) -> Sampler:
    """An engine by its name."""
    backend = registry.get(name)
    return lambda compiled, **options: engines.sample(backend, compiled, **options)


def chance(seconds: float) -> Sampler:
    """Uniformly drawn states of a window for so long, as if they were an engine."""

    def sample(compiled: Payload, **options: Any) -> Any:
        assert isinstance(compiled, Uncompiled)
        rng = np.random.default_rng(options["seed"])
        drawn = uniform(compiled.model, rng, seconds=seconds, clock=time.process_time)
        return sample_set(compiled, drawn.samples, {}, energies=drawn.energies)

    return sample


def local_minimum(problem: Problem, seed: int) -> tuple[np.ndarray, float]:
    """A random state, and from it the flip that gains most for as long as one gains."""
    state = incumbent_of(problem, np.random.default_rng(seed).integers(0, 2, problem.model.n))
    while True:
        change = np.where(state.sample != 0, -state.fields, state.fields)
        if change.min() >= 0:
            return state.sample, problem.energy(state)
        best = np.array([np.argmin(change)])
        state = changed(problem, state, best, 1 - state.sample[best])


def table(rows: list[Row], others: list[str]) -> str:
    """One line for each run: what every loop took off the start's energy."""
    names = ["anneal", *(name for name in others if name != "anneal"), "random"]
    head = ["family", "seed", "start", *(f"{name} gains" for name in names), "over random", "% of start", "windows",
            "same windows: anneal", "over random", "over tabu"]  # fmt: skip
    lines = [head]
    for row in rows:
        gains = [row["start"] - row["energies"][name] for name in names]
        over = gains[0] - gains[-1]
        paired = row["paired"]
        lines.append([
            row["family"], row["seed"], *map(number, [row["start"], *gains, over]),
            f"{100 * over / max(1e-9, abs(row['start'])):.2f}", row["windows"]["anneal"],
            *(number(paired[key]) for key in ("gain", "gain_over_random", "gain_over_classical_same_time")),
        ])  # fmt: skip
    wide = [max(len(str(line[k])) for line in lines) for k in range(len(head))]
    return "".join("  ".join(str(cell).rjust(w) for cell, w in zip(line, wide, strict=True)) + "\n" for line in lines)


def number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


def say(text: str) -> None:
    sys.stderr.write(text + "\n")


def write(text: str) -> None:
    sys.stdout.write(text)


if __name__ == "__main__":
    sys.exit(main())
