"""Models with constraints and few variables: every state is looked at, and nothing is left to prove."""

from __future__ import annotations

import numpy as np

from qamctl.qubo.model import GE, LE, Model
from qamctl.qubo.search.shared import Member, Shared

#: Variables up to which all states are a moment's work.
MOST = 16

#: Sums of a row's coefficients up to this are exact.
EXACT = 2**53


def is_tiny(model: Model) -> bool:
    """Whether all states can be looked at, in exact sums of rows."""
    return model.n <= MOST and float(np.abs(model.con_coef).astype(float).sum()) < EXACT


def search_all(shared: Shared, model: Model) -> Member:
    """The feasible state of least objective, the first of equal ones when variable i counts 2^i; or that none is."""
    began = shared.elapsed()
    states = (np.arange(2**model.n)[:, None] >> np.arange(model.n) & 1).astype(np.uint8)
    states = states[_kept(model, states)]
    figures = {"method": "enumeration", "states": 2**model.n, "feasible_states": len(states)}
    if not len(states):
        shared.infeasible = True
        return Member("exact", "infeasible", variables=model.n, seconds=shared.elapsed() - began, info=figures)
    rough = states @ model.linear + (states[:, model.row] & states[:, model.col]) @ model.weight
    near = np.flatnonzero(rough <= rough.min() + 2 * shared.objective.rounding)
    energies = [shared.objective.energy(states[k]) for k in near]
    best = states[near[int(np.argmin(energies))]]
    shared.offer("exact", best, min(energies))
    shared.raise_bound(min(energies))
    return Member(
        "exact", "optimal", best[None, :], bound=min(energies), variables=model.n, seconds=shared.elapsed() - began,
        info=figures,
    )  # fmt: skip


def _kept(model: Model, states: np.ndarray) -> np.ndarray:
    """[s] which states keep every group and row."""
    good = np.ones(len(states), bool)
    for g in range(len(model.group_start) - 1):
        good &= states[:, model.group_index[model.group_start[g] : model.group_start[g + 1]]].sum(axis=1) == 1
    for c in range(len(model.con_rhs)):
        part = slice(model.con_start[c], model.con_start[c + 1])
        over = states[:, model.con_index[part]].astype(np.int64) @ model.con_coef[part] - model.con_rhs[c]
        sense = model.con_sense[c]
        good &= over <= 0 if sense == LE else over >= 0 if sense == GE else over == 0
    return good
