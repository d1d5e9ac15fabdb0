"""Presolve of a binary model: every rule that pays, to a fixed point or to the deadline."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qamctl.kernels.couplings import Couplings, Ints, Samples
from qamctl.qubo.presolve.components import Part, components
from qamctl.qubo.presolve.local import reduce_locally
from qamctl.qubo.presolve.roof import roof_dual
from qamctl.qubo.presolve.rounds import model_of, reduce_by_rounds, settle, work_of
from qamctl.qubo.presolve.trail import Trail, Undo

#: Roof duality is tried on at most so many couplings: the flow can't be interrupted. 300,000 take about a second.
ROOF_PAIRS = 300_000
#: ... and where variables have at most so many partners on average; on denser models it settles next to nothing.
ROOF_DEGREE = 24

#: What rules are called in `Presolved.counts`.
RULES = ("persistency", "degree 1", "degree 2", "degree 3", "pairs", "roof duality")


@dataclass(frozen=True)
class Presolved:
    """A smaller model with the same least energy, and the way back.

    Every state of `model` has exactly the energy of its restored state, up to rounding where the whole model is
    not exact.

    Attributes
    ----------
    model
        What is left; its offset holds what the taken variables cost.
    kept
        [m] the whole model's indices of the variables that are left, ascending.
    n
        Variables of the whole model.
    constant
        What the taken variables cost, in the scaled units of the coefficients; an int where the model is exact.
    counts
        How many variables each rule took.
    skipped
        Sentences: which rules were left out or cut short, and why.
    """

    model: Couplings
    kept: Ints
    n: int
    constant: float
    counts: Mapping[str, int]
    skipped: tuple[str, ...]
    undo: Undo

    def restore(self, samples: np.ndarray) -> Samples:
        """[n] or [s, n] states of the whole model from states [m] or [s, m] of what is left."""
        rows = np.atleast_2d(np.asarray(samples)) != 0
        whole = np.zeros((len(rows), self.n), np.uint8)
        whole[:, self.kept] = rows
        self.undo.fill(whole)
        return whole if np.ndim(samples) == 2 else whole[0]

    def project(self, samples: np.ndarray) -> Samples:
        """[m] or [s, m] states of what is left from states [n] or [s, n] of the whole model: a start for a search.

        Restored again they are never worse, but for pairs of variables that were taken for equal or opposite.
        """
        left: Samples = (np.asarray(samples)[..., self.kept] != 0).astype(np.uint8)
        return left

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The connected parts of `model`, largest first."""
        return components(self.model)


def presolve(
    model: Couplings,
    *,
    seconds: float | None = None,
    stop: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] = time.monotonic,
) -> Presolved:
    """Reduces a model by persistency, elimination, pairs and roof duality; at least one optimum survives.

    Parameters
    ----------
    seconds
        By `clock`; None ends at the fixed point alone, so that the result depends on nothing but the model.
    stop
        Asked now and then; when it says so, what was reached so far is given.
    clock
        Seconds that never go back; `time.process_time` measures by CPU time.
    """
    end = None if seconds is None else clock() + seconds

    def late() -> bool:
        return stop() or (end is not None and clock() >= end)

    work, trail = work_of(model), Trail()
    counts = dict.fromkeys(RULES, 0)
    skipped: list[str] = []
    left = None
    while True:
        if late():
            skipped.append("the time was over before nothing more applied")
            break
        reduce_by_rounds(work, trail, counts)
        if not reduce_locally(work, trail, counts, late):
            skipped.append("the time was over before nothing more applied")
            break
        left = model_of(work, model)
        why = _no_roof(left)
        if why:
            skipped.append(why)
            break
        if left.n == 0 or late():
            break
        found = roof_dual(left)
        if len(found.variables) == 0:
            break
        value = np.zeros((2, model.n), bool)
        value[found.values.astype(int), np.flatnonzero(work.alive)[found.variables]] = True
        counts["roof duality"] += settle(work, trail, value[0], value[1])
        left = None
    return Presolved(
        model=left if left is not None else model_of(work, model),
        kept=np.flatnonzero(work.alive),
        n=model.n,
        constant=work.constant,
        counts={rule: count for rule, count in counts.items() if count},
        skipped=tuple(skipped),
        undo=trail.closed(model.n, work.linear.dtype),
    )


def _no_roof(model: Couplings) -> str:
    """Why roof duality is not tried on a model; empty where it is."""
    if not model.exact:
        return "roof duality: the coefficients are no whole numbers"
    if model.pairs > ROOF_PAIRS:
        return f"roof duality: {model.pairs} couplings are more than {ROOF_PAIRS}"
    if 2 * model.pairs > ROOF_DEGREE * model.n:
        return f"roof duality: more than {ROOF_DEGREE} partners for each variable"
    return ""
