"""Is a small circuit worth anything to a schedule of sixty tasks? QAOA in windows of 16 qubits against its controls.

    python tests/benchmarks/qaoa_schedule.py --time-limit 10
    python tests/benchmarks/qaoa_schedule.py --seeds 0,1 --shots 50 --rounds 40 --json out.json

First table: `qamctl schedule --backend qaoa --max-qubits 16` as a user runs it; list search gives the incumbent, QAOA
improves it window by window, every window has both controls beside it: as many random choices as shots, decoded and
repaired alike, and our annealer for the time that the circuit took. `sampled` is by how much the samples themselves are
below the energy that a window was opened with; `gain` is what decoding and repair make of them.

Second table: three loops from one poor schedule (by a rule), with the same number of windows: QAOA, random choices with
as many draws as it has shots, and the annealer. Every schedule is checked by the package's checker, and no loop may end
worse than it began.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent), str(HERE.parent)]

import numpy as np  # noqa: E402
from support.sixty import repair_shop  # noqa: E402

from qamctl import engines  # noqa: E402
from qamctl.backends import registry  # noqa: E402
from qamctl.backends.local import sample_set  # noqa: E402
from qamctl.measuring import Settings  # noqa: E402
from qamctl.qubo.control import choices  # noqa: E402
from qamctl.qubo.improve import improve  # noqa: E402
from qamctl.qubo.model import Model  # noqa: E402
from qamctl.qubo.rounds import Controls  # noqa: E402
from qamctl.qubo.window import Sampler, Window  # noqa: E402
from qamctl.schedule.bounds import level_bounds  # noqa: E402
from qamctl.schedule.build import build_instance  # noqa: E402
from qamctl.schedule.check import check_columns  # noqa: E402
from qamctl.schedule.contest import contest_of  # noqa: E402
from qamctl.schedule.instance import Instance  # noqa: E402
from qamctl.schedule.read import schedule_from_data  # noqa: E402
from qamctl.schedule.solution import Solution  # noqa: E402
from qamctl.schedule.solvers.qubo_windows import first_schedule  # noqa: E402
from qamctl.schedule.windows import ScheduleWindows  # noqa: E402
from qamctl.solve import find_answer  # noqa: E402
from qamctl.windowed import OpenLevels  # noqa: E402

Row = dict[str, Any]


def main() -> int:
    """Measure, print both tables; 1 where the samples are not ahead of chance on average, or a schedule got worse."""
    options = arguments()
    runs, loops = [], []
    for seed in options.seeds:
        instance = build_instance(schedule_from_data(repair_shop(seed)))
        runs.append(command(instance, seed, options))
        loops.append(three_loops(instance, seed, options))
        sys.stderr.write(json.dumps([runs[-1], loops[-1]]) + "\n")
    show(runs)
    sys.stdout.write("\n")
    show(loops)
    names = ("sampled", "sampled random", "sampled classical", "gain", "gain random", "gain classical")
    mean = {key: float(np.mean([row[key] for row in runs])) for key in names}
    ends = {key: float(np.mean([row["start"] - row[key] for row in loops])) for key in ("qaoa", "random", "anneal")}
    sys.stdout.write(
        f"\nMeans of {len(runs)} problems: " + ", ".join(f"{key} {value:.2f}" for key, value in mean.items()) + "\n"
        "Gained from the rule's schedule: " + ", ".join(f"{key} {value:.1f}" for key, value in ends.items()) + "\n"
    )
    if options.json:
        options.json.write_text(json.dumps({"runs": runs, "loops": loops}, indent=1) + "\n")
    sound = all(row["checked"] and row["after"] <= row["before"] for row in runs) and all(r["checked"] for r in loops)
    return 0 if sound and mean["sampled"] > mean["sampled random"] else 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=lambda text: [int(s) for s in text.split(",")], default=list(range(10)))
    parser.add_argument("--time-limit", type=float, default=10.0, help="wall seconds of each run")
    parser.add_argument("--max-qubits", type=int, default=16)
    parser.add_argument("--shots", type=int, default=100)
    parser.add_argument("--depth", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=60, help="windows of each of the three loops")
    parser.add_argument("--json", type=Path, help="write the rows to a file")
    return parser.parse_args()


def command(instance: Instance, seed: int, options: argparse.Namespace) -> Row:
    """What `qamctl schedule --backend qaoa` makes of a problem."""
    settings = Settings(options.shots, options.depth, None, options.max_qubits)
    answer = find_answer(
        contest_of(instance), backends=("qaoa",), seconds=options.time_limit, seed=seed, threads=1, settings=settings
    )
    ran = {one.backend: one for one in answer.attempts}
    figures = ran["qaoa"].info
    assert answer.solution is not None
    assert answer.report is not None
    rounds = figures.get("rounds", [])
    before = next(value[0] for _, value, who in reversed(answer.race.curve) if who == "list-search")  # type: ignore[union-attr]
    return {
        "seed": seed, "before": before, "after": answer.report.levels[0], "solved by": answer.solved_by,
        "windows": len(rounds), "sampled": lowered(rounds, "energy"),
        "sampled random": lowered(rounds, "random_energy"), "sampled classical": lowered(rounds, "classical_energy"),
        "gain": sum_of(rounds, "gain"), "gain random": sum_of(rounds, "random_gain"),
        "gain classical": sum_of(rounds, "classical_gain"),
        "P(best)": float(np.mean([row["probability_of_optimum"] for row in rounds])) if rounds else 0.0,
        "checked": checked(instance, answer.solution) is not None,
    }  # fmt: skip


def sum_of(rounds: list[Row], name: str) -> float:
    return float(sum(row[name] for row in rounds))


def lowered(rounds: list[Row], name: str) -> float:
    """By how much the best energies of the windows are below those that they were opened with, in sum."""
    return float(sum(max(0.0, row["opened"] - row[name]) for row in rounds if row[name] is not None))


def three_loops(instance: Instance, seed: int, options: argparse.Namespace) -> Row:
    """The same number of windows for QAOA, chance and the annealer, from the rule's schedule."""
    start = first_schedule(instance)
    assert start is not None
    circuit = {"reads": options.shots, "depth": options.depth}
    qaoa: Sampler = partial(engines.sample, registry.get("qaoa"))
    anneal: Sampler = partial(engines.sample, registry.get("anneal"))
    row: Row = {"seed": seed, "start": instance.value(start)[0]}
    fine = True
    loops = (("qaoa", qaoa, circuit), ("random", chance, circuit), ("anneal", anneal, {"reads": 8, "sweeps": 1000}))
    for name, sample, effort in loops:
        windows = WithModels(instance, options.max_qubits, 1, OpenLevels(list(level_bounds(instance))))
        found = improve(
            windows, start, sample if name != "random" else partial(sample, windows), seed=seed,
            stop=lambda: False, report=lambda answer: None, steps=options.rounds, effort=effort,
            controls=Controls(None, 10**9, shots=name != "anneal"),
        )  # fmt: skip
        row[name] = instance.value(found.answer)[0]
        fine = fine and checked(instance, found.answer) is not None and row[name] <= row["start"]
    return {**row, "checked": fine}


class WithModels(ScheduleWindows):
    """Windows that remember the model that each compiled one stands for, so that chance can draw from it."""

    def open(self, *arguments: Any) -> list[Window[Solution]]:
        found = list(super().open(*arguments))
        self.models: dict[int, Model] = {id(window.compiled): window.model for window in found}
        return found


def chance(windows: WithModels, compiled: Any, **options: Any) -> Any:
    """Random choices as if they were shots: one member of each group, other bits 0 or 1, the best slack bits."""
    rng = np.random.default_rng(options["seed"])
    drawn = choices(windows.models[id(compiled)], options["reads"], rng)
    return sample_set(compiled, compiled.extend(drawn), {})


def checked(instance: Instance, solution: Solution) -> float | None:
    """The objective by the checker; None where it finds a constraint broken."""
    report = check_columns(instance.spec, solution.start, solution.end, solution.mode, solution.agent)
    return None if report.violations else float(report.levels[0])


def show(rows: list[Row]) -> None:
    """A table."""
    head = list(rows[0])
    lines = [head, *([cell(row[name]) for name in head] for row in rows)]
    wide = [max(len(line[k]) for line in lines) for k in range(len(head))]
    for line in lines:
        sys.stdout.write("  ".join(text.rjust(w) for text, w in zip(line, wide, strict=True)) + "\n")


def cell(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main())
