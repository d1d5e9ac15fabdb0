"""Broken samples made into assignments: units get one leaf each, and a short search restores the rules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qamctl.cluster.model import ClusterModel
from qamctl.cluster.part import Part
from qamctl.cluster.solution import Solution
from qamctl.cluster.spec import Floats, Index, Ints
from qamctl.kernels import assignment_search
from qamctl.kernels.assignment.problem import AssignmentProblem

#: Steps of the search between two looks at what it has mended, and in all: so many, and more for each unit.
TURN, STEPS, STEPS_PER_UNIT = 64, 1_000, 20

#: Seconds of a turn: it is ended by its steps, so that the same sample gives the same assignment.
ENDLESS = 1e9


def mended(built: ClusterModel, sample: np.ndarray, usual: Solution | None) -> Solution | None:
    """The assignment of a sample of a whole problem, however broken; None where the search can't mend it.

    Parameters
    ----------
    usual
        Where units are put that have no leaf in the sample; None: where they may be.
    """
    usually = None if usual is None else built.part.of(built.instance.leaves_of(usual))
    leaf = placed(built, sample, usually)
    found = kept(built.part, leaf, built.seats.masks(leaf, np.asarray(sample)))
    return None if found is None else built.solution(*found)


def placed(built: ClusterModel, sample: np.ndarray, usual: Index | None) -> Index:
    """[units of the part] one leaf each: the first that the sample gives them, else the usual one."""
    choices = built.choices
    leaf = choices.fixed.copy()
    free = np.flatnonzero(leaf < 0)
    leaf[free] = choices.leaf[choices.first[free]] if usual is None else usual[free]
    taken = np.flatnonzero(np.asarray(sample)[: len(choices.unit)])[::-1]
    leaf[choices.unit[taken]] = choices.leaf[taken]
    return leaf


def kept(
    part: Part, leaf: Index, masks: Ints, level: int = 0, bounds: Floats | None = None, steps: int | None = None
) -> tuple[Index, Ints] | None:
    """(leaves, devices) that keep every rule, from [units] leaves and [pieces] devices that may not.

    Parameters
    ----------
    level, bounds
        The level of the objective that counts while rules are restored, and [level] what those before it may have.
    steps
        Of the search at most; None: by the size of the problem.

    Returns
    -------
    None where the search finds none.
    """
    problem = part.problem
    if fits(problem, leaf, masks):
        return leaf, masks
    search = assignment_search(problem, np.ascontiguousarray(leaf, np.int32), 0)
    if level and bounds is not None:
        search.focus(level, np.ascontiguousarray(bounds, np.float64))
    most = STEPS + STEPS_PER_UNIT * len(part.unit) if steps is None else steps
    while search.best_violation and search.steps < most:
        if not search.run(TURN, ENDLESS):
            break
    return None if search.best_violation else (search.best, search.best_mask)


def fits(problem: AssignmentProblem, leaf: Index, masks: Ints) -> bool:
    """Whether units in these leaves, with these devices, break no rule."""
    bare = problem
    if len(problem.piece_size):
        if not _seated(problem, leaf, masks):
            return False
        none = np.zeros(0, np.int64)
        bare = replace(
            problem, piece_first=np.zeros(problem.n + 1, np.int64), piece_device=none.astype(np.int32), piece_size=none
        )
    return not assignment_search(bare, np.ascontiguousarray(leaf, np.int32), 0).best_violation


def _seated(problem: AssignmentProblem, leaf: Index, masks: Ints) -> bool:
    """Whether every piece of those who are placed has as many devices as it needs, and none is used beyond its size."""
    unit = np.repeat(np.arange(problem.n), np.diff(problem.piece_first))
    here = leaf[unit] < problem.k
    size, kind, bits, where = problem.piece_size[here], problem.piece_device[here], masks[here], leaf[unit][here]
    whole = problem.device_size[kind]
    if (np.bitwise_count(bits) != -(-size // whole)).any() or (bits >> problem.device_count[where, kind]).any():
        return False
    part, kinds = np.minimum(size, whole), len(problem.device_size)
    for number in range(int(bits.max(initial=0)).bit_length()):
        on = (bits >> number) & 1 > 0
        used = np.bincount(where[on] * kinds + kind[on], weights=part[on], minlength=problem.k * kinds)
        if (used.reshape(problem.k, kinds) > problem.device_size).any():
            return False
    return True
