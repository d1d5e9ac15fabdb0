"""What a run compiled: the answer's own QUBO, its size and the answer's energy in it; numpy only."""

from __future__ import annotations

from typing import Any

import numpy as np

from qamctl.cluster.instance import Instance
from qamctl.cluster.model import ClusterModel, build_model, coarse, model_of
from qamctl.cluster.part import part_of
from qamctl.cluster.pick import pains
from qamctl.cluster.sizes import estimate
from qamctl.cluster.solution import Solution
from qamctl.cluster.spec import Ints
from qamctl.cluster.standing import Standing, stand
from qamctl.cluster.windows import ROW_BITS
from qamctl.errors import UnsupportedError
from qamctl.qubo.answer_block import WHOLE_COUPLINGS, WHOLE_VARIABLES, WINDOW_VARIABLES, answer_block

__all__ = ["WHOLE_COUPLINGS", "compile_answer", "model_around", "whole_model"]

#: Leaves of the window that is compiled of larger problems, and variables that it has at least, about.
LEAVES = 4
LEAST_VARIABLES = 8


def compile_answer(
    instance: Instance,
    solution: Solution,
    level: int,
    *,
    max_variables: int | None = None,
    max_couplings: int = WHOLE_COUPLINGS,
) -> dict[str, Any]:
    """The `compiled` block of a result: the answer is encoded, and its energy is the objective of its level.

    Parameters
    ----------
    solution
        A feasible assignment; its values are kept in the levels before `level`.
    max_variables, max_couplings
        Up to these the whole problem is compiled; beyond, a window, outside of which everybody stays.

    Raises
    ------
    UnsupportedError
        The objective, an earlier level or a rule cannot be held by a QUBO.
    """
    objective = instance.value(solution)[level]
    built = whole_model(instance, solution, level, max_variables=max_variables, max_couplings=max_couplings)
    block = None if built is None else _exact_block(built, solution, objective, whole=True)
    most = WINDOW_VARIABLES if max_variables is None else min(WINDOW_VARIABLES, max(LEAST_VARIABLES, max_variables))
    while block is None and most >= LEAST_VARIABLES:
        block = _exact_block(_window(instance, solution, level, most), solution, objective, whole=False)
        most //= 2  # fewer choices need smaller numbers
    if block is None:
        raise UnsupportedError(
            "quantities and costs are too far apart for the penalties of a QUBO, whose numbers have 53 bits: give them "
            "in larger units"
        )
    return block


def _exact_block(built: ClusterModel, solution: Solution, objective: float, *, whole: bool) -> dict[str, Any] | None:
    """The block; None where large penalties squared are no longer exact, so that the energy is not the objective."""
    block = answer_block(built.model, built.encode(solution), whole=whole, raw_variables=built.raw_variables)
    return block if abs(block["energy"] - objective) <= 1e-9 * max(1.0, abs(objective)) else None


def model_around(
    instance: Instance,
    solution: Solution,
    level: int,
    *,
    max_variables: int | None = None,
    max_couplings: int = WHOLE_COUPLINGS,
) -> tuple[ClusterModel, bool]:
    """(model, whether it is the whole problem) of one level around a feasible assignment; as in `compile_answer`."""
    built = whole_model(instance, solution, level, max_variables=max_variables, max_couplings=max_couplings)
    if built is not None:
        return built, True
    most = WINDOW_VARIABLES if max_variables is None else min(WINDOW_VARIABLES, max_variables)
    return _window(instance, solution, level, most), False


def _window(instance: Instance, solution: Solution, level: int, variables: int) -> ClusterModel:
    """The model of the clusters where the level costs most, with about so many variables."""
    standing = stand(instance, solution)
    part = part_of(standing, *_costly(standing, level, variables))
    built = model_of(instance, part, standing, level=level, fixed_levels=standing.value[:level])
    return coarse(built, solution, ROW_BITS)


def whole_model(
    instance: Instance,
    solution: Solution | None,
    level: int,
    *,
    max_variables: int | None = None,
    max_couplings: int = WHOLE_COUPLINGS,
) -> ClusterModel | None:
    """The model of the whole problem; None where it is too large, or an earlier level fits no row.

    Arguments as in `compile_answer`; without a feasible assignment the first level is meant.
    """
    most = WHOLE_VARIABLES if max_variables is None else max_variables
    value = () if solution is None else instance.value(solution)[:level]
    variables, couplings = estimate(instance, level=level)
    if variables > most or couplings > max_couplings:
        return None
    try:
        built = build_model(instance, solution, level=level, fixed_levels=value)
    except UnsupportedError:
        if level == 0:
            raise
        return None  # what an earlier level leaves to a window may be small enough to hold
    return built if built.model.n <= most else None


def _costly(standing: Standing, level: int, variables: int) -> tuple[Ints, Ints]:
    """(units, leaves) of a window of about so many variables, where the level costs most."""
    instance, leaf = standing.instance, standing.leaf
    pain = pains(standing, level)
    by_leaf = np.bincount(leaf, weights=pain, minlength=instance.k + 1)[: instance.k]
    leaves = np.sort(np.argsort(-by_leaf, kind="stable")[:LEAVES])
    inside = np.flatnonzero(np.isin(leaf, leaves) | (leaf == instance.k))
    inside = inside if len(inside) else np.arange(instance.n)
    dearest = inside[np.argsort(-pain[inside], kind="stable")][: max(1, variables // max(1, len(leaves)))]
    return np.sort(dearest), leaves
