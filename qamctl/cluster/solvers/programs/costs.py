"""Where units may be, as rows, and what each of them costs there: its own cost, its move, or leaving it out."""

from __future__ import annotations

import numpy as np

from qamctl.cluster.merge import owners
from qamctl.cluster.solvers.programs.part import Part, cost_entries, expand
from qamctl.cluster.solvers.programs.program import Draft
from qamctl.cluster.spec import NO_LIMIT, Ints


def draw_units(draft: Draft, part: Part, counts: dict[str, bool]) -> None:
    """A variable for every pair, one place for every unit, and what it costs there.

    Parameters
    ----------
    counts
        By term, whether it is charged for.
    """
    problem, free = part.problem, part.free
    pair = draft.variables(part.here, 1.0, whole=True)
    optional = problem.optional[free] > 0
    ones = np.ones(len(free))
    draft.limit(part.unit, pair, 1.0, lower=np.where(optional, 0.0, ones), upper=ones)
    if counts["unplaced"]:
        draft.charge("unplaced", pair, -problem.reward[free[part.unit]])
    if counts["cost"]:
        named, entry = cost_entries(problem, free[part.unit], part.to)
        draft.charge("cost", pair[named], problem.cost_value[entry])
    _moves(draft, part, pair, counts["move"])


def _moves(draft: Draft, part: Part, pair: Ints, charged: bool) -> None:
    problem = part.problem
    position, entry = expand(problem.home_first, part.free[part.unit])
    if charged and len(problem.pair_cost):
        way = problem.home_leaf[entry].astype(np.int64) * problem.k + part.to[position]
        price = problem.per_pair * problem.pair_cost[way] * problem.home_count[entry]
        draft.charge("move", pair[position], price)
    stays = problem.home_leaf[entry] == part.to[position]
    position, entry = pair[position[stays]], entry[stays]
    if charged:
        draft.charge("move", position, -problem.per_agent * problem.home_cost[entry])
        if problem.per_group:
            _groups(draft, part, position, entry)
    owner = owners(problem.home_first)
    moved = part.rest[owner] != problem.home_leaf
    single = np.zeros(len(entry), np.int64)
    if problem.most_moves < NO_LIMIT:
        most = problem.most_moves - problem.home_count[moved].sum()
        draft.limit(single, position, -problem.home_count[entry], upper=np.array([most]))
    if np.isfinite(problem.max_move_cost):
        money = problem.max_move_cost - problem.home_cost[moved].sum()
        draft.limit(single, position, -problem.home_cost[entry], upper=np.array([money + 1e-9]))


def _groups(draft: Draft, part: Part, position: Ints, entry: Ints) -> None:
    """One variable for the largest number of moved members of a group.

    Parameters
    ----------
    position, entry
        Pairs that keep agents where they are now, and their entries of the table of homes.
    """
    problem = part.problem
    owner = owners(problem.home_first)

    def moved(leaf: np.ndarray) -> np.ndarray:
        some = (leaf[owner] != problem.home_leaf) & (problem.home_group >= 0)
        return np.bincount(problem.home_group[some], weights=problem.home_count[some], minlength=problem.groups)

    kept = problem.home_group[entry] >= 0
    position, entry = position[kept], entry[kept]
    groups, row = np.unique(problem.home_group[entry], return_inverse=True)
    base = moved(part.rest)  # as if all who are free moved
    others = np.delete(base, groups).max(initial=0.0)
    column = draft.variables(
        np.array([moved(part.leaf).max(initial=0.0)]), base.max(initial=0.0), np.array([others])
    )  # fmt: skip
    draft.charge("move", column, problem.per_group)
    number = draft.limit(row, position, problem.home_count[entry].astype(float), lower=base[groups])
    draft.extend(number, np.repeat(column, len(groups)), 1.0)
