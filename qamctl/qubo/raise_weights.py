"""Solve, check, raise: penalty weights that work, found from small ones, raised only where a constraint is broken.

Sufficient weights are often so large that they drown the objective: an annealer then finds feasible samples of no
value. Weights far below them usually do, but nobody knows which (Ayodele 2022; M. D. Garcia, M. Ayodele and
A. Moraglio, "Exact and sequential penalty weights in quadratic unconstrained binary optimisation with a digital
annealer", GECCO 2022 companion, raise one weight for all). So: begin with what a single flip could gain, sample,
look which groups and rows the best samples break, raise the weights of those alone, and sample again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from qamctl.qubo.broken import Broken, broken
from qamctl.qubo.compile import Compiled, compile_qubo
from qamctl.qubo.encodings import check_names
from qamctl.qubo.model import Model
from qamctl.qubo.penalties import Weights, estimated_weights, sufficient_weights
from qamctl.qubo.unbalanced import Lambdas
from qamctl.qubo.weight_report import constraint_report

#: Samples [s, n] of a compiled model; the second argument counts the rounds, for the seed.
Sample = Callable[[Compiled, int], np.ndarray]

#: A constraint that so large a share of the samples breaks is raised, though the best sample keeps it.
SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Round:
    """One turn: what the samples were like, and how many weights of each kind were raised after it."""

    energy: float
    feasible_fraction: float
    broken: Mapping[str, int]
    raised: Mapping[str, int]


@dataclass(frozen=True)
class Raised:
    """What the rounds came to.

    Attributes
    ----------
    weights, compiled
        Of the last round.
    sample
        [n_model] the best feasible sample of all rounds; None where there was none.
    objective
        Its objective; inf where there is none.
    settled
        The sample of least energy of the last round is feasible.
    """

    model: Model
    weights: Weights
    compiled: Compiled
    sample: np.ndarray | None
    objective: float
    settled: bool
    rounds: tuple[Round, ...]

    def summary(self) -> dict[str, Any]:
        """Figures for a result file: weights by kind, and every round."""
        return {
            "settled": self.settled,
            "constraints": constraint_report(self.model, self.weights, self.compiled),
            "rounds": [
                {
                    "energy": turn.energy,
                    "feasible_fraction": turn.feasible_fraction,
                    "broken": dict(turn.broken),
                    "raised": dict(turn.raised),
                }
                for turn in self.rounds
            ],
        }


def solve_check_raise(
    model: Model,
    sample: Sample,
    *,
    start: Weights | None = None,
    factor: float = 2.0,
    rounds: int = 20,
    one_hot: str = "one-hot",
    inequality: str = "slack",
    lambdas: Lambdas | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Raised:
    """Raise the weights of broken constraints until the sample of least energy is feasible.

    Parameters
    ----------
    sample
        The engine.
    start
        Weights of the first round; None: `penalties.estimated_weights`. Where the sufficient ones are smaller they
        are taken; costs are shifted as these say.
    factor
        What the weights of broken groups and rows are multiplied by. With slack bits none is raised beyond its
        sufficient weight.
    rounds
        At most so many.
    one_hot, inequality, lambdas
        As for `compile_qubo`.
    stop
        Asked between rounds.

    Raises
    ------
    InfeasibleError
        A row cannot be kept by any state.
    ValueError
        The factor is not above 1, or there is no round.
    """
    check_names(one_hot, inequality)
    if not factor > 1 or rounds < 1:
        raise ValueError("weights are raised by a factor above 1, in at least one round")
    groups = len(model.group_start) - 1
    enough = sufficient_weights(model, one_hot=one_hot)
    cap_group, cap_row = enough.groups(groups), enough.row
    if inequality != "slack":  # nothing is known to be sufficient
        cap_group, cap_row = np.full(groups, np.inf), np.full(len(cap_row), np.inf)
    start = start or estimated_weights(model)
    group = np.minimum(start.groups(groups), cap_group)
    row = np.minimum(start.row, cap_row)
    best: tuple[float, np.ndarray | None] = np.inf, None
    turns: list[Round] = []
    while True:
        weights = Weights(group, row, enough.shift)
        compiled = compile_qubo(model, weights, one_hot=one_hot, inequality=inequality, lambdas=lambdas)
        bits = np.atleast_2d(sample(compiled, len(turns)))
        energy = compiled.energy(bits)
        found = broken(model, compiled, bits)
        best = _better(model, compiled, bits, found, best)
        least = int(np.argmin(energy))
        settled = bool(found.feasible[least])
        often = [one[least] | (one.mean(axis=0) > SHARE) for one in (found.groups, found.rows)]
        up_group, up_row = often[0] & (group < cap_group), often[1] & (row < cap_row)
        end = settled or len(turns) + 1 >= rounds or not (up_group.any() or up_row.any()) or stop()
        if end:
            up_group, up_row = np.zeros_like(up_group), np.zeros_like(up_row)
        share = float(found.feasible.mean())
        breaks, raised = _by_kind(model, found.groups[least], found.rows[least]), _by_kind(model, up_group, up_row)
        turns.append(Round(float(energy[least]), share, breaks, raised))
        if end:
            return Raised(model, weights, compiled, best[1], best[0], settled, tuple(turns))
        group = np.where(up_group, np.minimum(group * factor, cap_group), group)
        row = np.where(up_row, np.minimum(row * factor, cap_row), row)


def _better(
    model: Model, compiled: Compiled, bits: np.ndarray, found: Broken, best: tuple[float, np.ndarray | None]
) -> tuple[float, np.ndarray | None]:
    """The best feasible sample so far, with its objective."""
    for sample in compiled.restore(bits[found.feasible]):
        chosen = sample != 0
        both = chosen[model.row] & chosen[model.col]
        value = model.offset + float(model.linear[chosen].sum()) + float(model.weight[both].sum())
        if value < best[0]:
            best = value, sample
    return best


def _by_kind(model: Model, groups: np.ndarray, rows: np.ndarray) -> dict[str, int]:
    out = {"one-hot": int(groups.sum())} if groups.any() else {}
    count = np.bincount(model.con_kind[rows], minlength=len(model.con_kinds))
    return out | {name: int(count[k]) for k, name in enumerate(model.con_kinds) if count[k]}
