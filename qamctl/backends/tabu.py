"""One-flip tabu search by our own kernels: of QUBOs, and of models with their constraints."""

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
    independent,
    report_of,
    seed_of,
    stop_of,
)
from qamctl.qubo.payload import Uncompiled

if TYPE_CHECKING:
    import dimod

    from qamctl.qubo.compile import Compiled


def backend() -> LocalBackend:
    """The engine `tabu`."""
    return LocalBackend("tabu", Capabilities(("qubo", "model")), sample)


def sample(compiled: Compiled | Uncompiled, options: Mapping[str, Any]) -> dimod.SampleSet:
    """Search; options as in `backends.base.Backend.submit`.

    The best samples come back. A step is a flip. Each of several `reads` is a search of its own; with `initial` they
    are one search of as many steps as reads and `sweeps` make together. `seconds` may end it earlier.
    """
    if isinstance(compiled, Uncompiled):
        return as_sample_set(compiled, constrained(compiled, options))
    from qamctl.qubo.search import tabu
    from qamctl.qubo.search.reading import read_tabu

    if turn := independent(options):
        return as_sample_set(compiled, read_tabu(couplings_of(compiled), turn))
    found = tabu.search(
        couplings_of(compiled), budget=budget_of(options), seed=seed_of(options), stop=stop_of(options),
        report=report_of(options), initial=options.get("initial"),
    )  # fmt: skip
    return as_sample_set(compiled, found)
