"""Simulated annealing by our own kernels: of QUBOs, and of models with their constraints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qamctl.backends.base import Capabilities
from qamctl.backends.local import LocalBackend
from qamctl.backends.searching import (
    as_sample_set,
    budget_of,
    constrained,
    couplings_of,
    in_reads,
    report_of,
    seed_of,
    size_of_reads,
    stop_of,
)
from qamctl.qubo.payload import Uncompiled

if TYPE_CHECKING:
    import dimod

    from qamctl.qubo.compile import Compiled


def backend() -> LocalBackend:
    """The engine `anneal`."""
    return LocalBackend("anneal", Capabilities(("qubo", "model")), sample)


def sample(compiled: Compiled | Uncompiled, options: Mapping[str, Any]) -> dimod.SampleSet:
    """Anneal; options as in `backends.base.Backend.submit`.

    With `reads` or `sweeps`, or without any budget, each read is an annealing of its own: 8 of 1,000 sweeps
    unless told otherwise; `seconds` then is a limit besides. With `seconds` or `steps` alone the search divides
    them as it sees fit, and its best samples come back. With `initial` every other read starts there, half as hot.
    """
    if isinstance(compiled, Uncompiled):
        return as_sample_set(compiled, constrained(compiled, options))
    from qamctl.qubo.search import anneal

    model, stop = couplings_of(compiled), stop_of(options)
    if in_reads(options):
        reads, sweeps = size_of_reads(options)
        found = anneal.reads(
            model, reads=reads, sweeps=sweeps, betas=None, seed=seed_of(options), initial=options.get("initial"),
            threads=int(options.get("threads") or 1), seconds=options.get("seconds"), stop=stop,
            target=options.get("target"),
        )  # fmt: skip
    else:
        found = anneal.search(
            model, budget=budget_of(options), seed=seed_of(options), stop=stop, report=report_of(options),
            initial=options.get("initial"),
        )  # fmt: skip
    return as_sample_set(compiled, found)
