"""What the engines over our own searches have in common: options to budgets, found samples to sample sets."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from qamctl.backends.local import sample_set
from qamctl.kernels.couplings import Couplings, couplings
from qamctl.qubo.search.base import Budget, Found
from qamctl.qubo.search.reading import ReadTurn, read_constrained

if TYPE_CHECKING:
    import dimod

    from qamctl.qubo.compile import Compiled
    from qamctl.qubo.payload import Payload, Uncompiled


#: Reads, and sweeps of a read, where no budget is given.
READS, SWEEPS = 8, 1000


def couplings_of(compiled: Compiled) -> Couplings:
    """The kernels' form of a QUBO."""
    return couplings(compiled.linear, compiled.row, compiled.col, compiled.weight, compiled.offset)


def in_reads(options: Mapping[str, Any]) -> bool:
    """Whether independent reads are asked for, and not the best samples of a budget."""
    counted = options.get("reads") is not None or options.get("sweeps") is not None
    return counted or (options.get("seconds") is None and options.get("steps") is None)


def size_of_reads(options: Mapping[str, Any]) -> tuple[int, int]:
    """(reads, sweeps of each); steps, where they are given too, are the sweeps of all reads together."""
    reads = max(1, int(options.get("reads") or READS))
    if options.get("steps") is not None:
        reads = min(reads, max(1, int(options["steps"])))
        return reads, max(1, int(options["steps"]) // reads)
    return reads, max(1, int(options.get("sweeps") or SWEEPS))


def seed_of(options: Mapping[str, Any]) -> int:
    """The seed, which there must be."""
    return int(options["seed"])


def stop_of(options: Mapping[str, Any]) -> Callable[[], bool]:
    """Whether to end: when told, or, where reads have a time limit too, when that is over."""
    stop: Callable[[], bool] = options.get("stop") or (lambda: False)
    if options.get("seconds") is None or not in_reads(options):
        return stop
    deadline = time.monotonic() + float(options["seconds"])
    return lambda: stop() or time.monotonic() >= deadline


def report_of(options: Mapping[str, Any]) -> Callable[[np.ndarray, float], None]:
    """Whom to tell of better samples."""
    return options.get("report") or (lambda sample, energy: None)


def budget_of(options: Mapping[str, Any]) -> Budget:
    """The budget of a search: steps, where reads are asked for or steps are given, else seconds."""
    threads, target = int(options.get("threads") or 1), options.get("target")
    if in_reads(options):
        reads, sweeps = size_of_reads(options)
        return Budget(steps=reads * sweeps, threads=threads, target=target)
    if options.get("steps") is not None:
        return Budget(steps=int(options["steps"]), threads=threads, target=target)
    return Budget(seconds=float(options["seconds"]), threads=threads, target=target)


def independent(options: Mapping[str, Any]) -> ReadTurn | None:
    """What independent reads are asked for: a number of them, and no state to start from."""
    if options.get("reads") is None or options.get("initial") is not None:
        return None
    reads, steps = max(1, int(options["reads"])), options.get("steps")
    if steps is None and options.get("sweeps") is not None:
        steps = reads * int(options["sweeps"])
    return ReadTurn(reads, seed_of(options), int(options.get("threads") or 1), steps, stop_of(options))


def constrained(payload: Uncompiled, options: Mapping[str, Any]) -> Found:
    """The search among the states that keep the groups; rows by adaptive weights. Reads are searches of their own."""
    from qamctl.qubo.search import groups

    if turn := independent(options):
        return read_constrained(payload.model, turn)
    return groups.search(
        payload.model, budget=budget_of(options), seed=seed_of(options), stop=stop_of(options),
        report=report_of(options), initial=options.get("initial"),
    )  # fmt: skip


def as_sample_set(payload: Payload, found: Found) -> dimod.SampleSet:
    """The samples of a search, with its figures as info; what it says of each sample is left out."""
    plain = {key: figure for key, figure in found.info.items() if not isinstance(figure, np.ndarray)}
    figures = {"steps": found.steps, "attempts": found.attempts, **plain}
    return sample_set(payload, found.samples, figures, energies=found.energies, occurrences=found.occurrences)
