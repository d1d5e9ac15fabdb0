"""Simulated annealing of QUBOs by dwave-neal: the reference annealer, and the QUBO member of `auto`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from qamctl.backends.base import Capabilities
from qamctl.backends.local import LocalBackend, sample_set
from qamctl.errors import UnsupportedError

if TYPE_CHECKING:
    import dimod

    from qamctl.qubo.compile import Compiled

#: Sweeps of a read, and reads where no seconds are given.
SWEEPS = 1000
READS = 8

#: A read with a time budget is at least this long, in sweeps.
LEAST_SWEEPS = 50

#: Chance that the hottest temperature takes a step as bad as one broken constraint, and that the coldest
#: takes the smallest step.
HOT_CHANCE, COLD_CHANCE = 0.5, 0.01

#: Seeds of the annealer are 31 bits.
SEEDS = 2**31


def backend() -> LocalBackend:
    """The engine `neal`."""
    return LocalBackend("neal", Capabilities(("qubo",), package="dwave-neal"), sample)


def sample(compiled: Compiled, options: Mapping[str, Any]) -> dimod.SampleSet:
    """Anneal.

    Options
    -------
    seed
        Of all reads together; with `seconds` absent equal seeds give equal samples.
    reads, sweeps
        8 reads of 1,000 sweeps by default.
    seconds
        Wall time: one read is timed, then as many follow as fit (`reads` at most, where those are given, too).
    steps
        In place of both: sweeps of all reads together.
    stop, report
        Whether to end, asked between reads; told the best sample of each read and its energy.
    initial
        [n] a state from which every other read starts, at a lower temperature; the rest start at random.

    Raises
    ------
    UnsupportedError
        dwave-neal is not installed.
    """
    try:
        import neal
    except ImportError as error:
        raise UnsupportedError("backend neal needs the package dwave-neal: pip install dwave-neal") from error

    seed = int(options["seed"]) % SEEDS
    sweeps = max(1, int(options.get("sweeps") or SWEEPS))
    if compiled.n == 0:
        return sample_set(compiled, np.zeros((1, 0), np.int8), {"sweeps": sweeps})
    bqm, betas, initial = compiled.to_bqm(), beta_range(compiled), options.get("initial")
    sampler = neal.SimulatedAnnealingSampler()
    stop = options.get("stop") or (lambda: False)
    report = options.get("report") or (lambda sample, energy: None)

    def anneal(number: int, reads: int, warm: bool) -> dimod.SampleSet:
        start: dict[str, Any] = {}
        schedule = list(betas)
        if warm:
            start = {"initial_states": (np.asarray(initial, np.int8)[None, :], range(compiled.n)),
                     "initial_states_generator": "tile"}  # fmt: skip
            schedule = [float(np.sqrt(betas[0] * betas[1])), betas[1]]
        found: dimod.SampleSet = sampler.sample(
            bqm, num_reads=reads, num_sweeps=sweeps, beta_range=schedule, seed=(seed + 7919 * number) % SEEDS,
            interrupt_function=stop, **start,
        )  # fmt: skip
        best = found.first
        report(np.array([best.sample[i] for i in range(compiled.n)], np.uint8), float(best.energy))
        return found

    seconds = options.get("seconds")
    if seconds is None:
        reads = max(1, int(options.get("reads") or READS))
        if options.get("steps") is not None:
            reads = min(reads, int(options["steps"]))
            sweeps = max(1, int(options["steps"]) // reads)
        warm = reads // 2 if initial is not None else 0
        parts = [anneal(0, reads - warm, False)]
        if warm:
            parts.append(anneal(1, warm, True))
        return _together(compiled, parts, sweeps)
    # One read is timed to see how many sweeps a read may have and how many reads fit.
    deadline = time.monotonic() + float(seconds)
    asked, sweeps = sweeps, min(sweeps, LEAST_SWEEPS)
    began = time.monotonic()
    parts = [anneal(0, 1, initial is not None)]
    per_sweep = (time.monotonic() - began) / sweeps
    sweeps = int(np.clip((deadline - time.monotonic()) / 2 / max(per_sweep, 1e-9), sweeps, asked))
    number, most = 1, options.get("reads") or np.inf
    while number < most and not stop() and time.monotonic() + per_sweep * sweeps < deadline:
        parts.append(anneal(number, 1, initial is not None and number % 2 == 0))
        number += 1
    return _together(compiled, parts, sweeps)


def beta_range(compiled: Compiled) -> tuple[float, float]:
    """Inverse temperatures, hottest first, by the sizes of the steps that the model has.

    Hot: a step of the median largest coupling of a variable, about one broken constraint, is taken half
    of the time. Cold: the smallest step that tells good states apart is taken once in a hundred times.
    The annealer's own range counts every coupling of a variable as if all were broken at once, which on
    one-hot groups leaves most of the time at temperatures where nothing settles.
    """
    largest = np.zeros(compiled.n)
    for ends in (compiled.row, compiled.col):
        np.maximum.at(largest, ends, np.abs(compiled.weight))
    sizes = largest[largest > 0] if (largest > 0).any() else np.abs(compiled.linear[compiled.linear != 0])
    if len(sizes) == 0:
        return 0.1, 1.0
    hot = max(float(np.median(sizes)), 1e-300)  # so that its inverse is a number
    steps = np.abs(np.concatenate([compiled.linear, compiled.weight]))
    steps = np.unique(np.round(steps[steps > 1e-9 * hot], 9))
    # Coefficients are sums of penalties and costs: the smallest difference between two is a cost.
    gaps = np.diff(steps)
    gaps = gaps[gaps > 1e-6 * hot]
    cold = float(min(steps.min(initial=hot), gaps.min(initial=hot)))
    return float(np.log(1 / HOT_CHANCE) / hot), float(np.log(1 / COLD_CHANCE) / max(cold, 1e-3 * hot))


def _together(compiled: Compiled, parts: list[dimod.SampleSet], sweeps: int) -> dimod.SampleSet:
    """All reads as one sample set, in the order of the reads."""
    order = [np.argsort(np.fromiter(part.variables, np.int64)) for part in parts]
    samples = np.concatenate([part.record.sample[:, columns] for part, columns in zip(parts, order, strict=True)])
    return sample_set(compiled, samples, {"sweeps": sweeps})
