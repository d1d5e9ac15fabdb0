"""A bound for models whose variables are choices: one of each one-hot group, on or off for the others.

Costs between two choices are a table. Messages move cost from the tables to the labels of the choices, and
multipliers charge for constraints; whatever they are, each choice and each table at its best gives a lower bound
(M. Schlesinger 1976, as in T. Werner, "A linear programming approach to max-sum problem: a review", 2007; for the
constraints A. Geoffrion, "Lagrangean relaxation for integer programming", 1974). Messages are improved by min-sum
diffusion, multipliers by subgradient steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qamctl.kernels.couplings import EXACT, Floats, Ints
from qamctl.qubo.bounds.spins import ROUNDING
from qamctl.qubo.model import EQ, LE, Model

#: Cells of all tables at most; of models with more, only the best partner of each label counts.
MAX_CELLS = 4_000_000
#: Rounds without a better bound after which steps are halved.
PATIENCE = 8


@dataclass(frozen=True)
class Choices:
    """Minimise the sum of `cost` of one label of each choice, and of `table` of the labels of each coupled pair.

    Attributes
    ----------
    first
        [g + 1] the labels of each choice.
    variable
        [m] of each label; -1 for "none of them".
    cost
        [m]
    side_edge, side_label
        Every label of both ends of every edge (a coupled pair of choices), those of the lower end first.
    cell_a, cell_b, table
        Cells of the tables by their two sides, row by row.
    row_label, row_of, row_coef, row_sense, row_rhs
        Entries of the constraints by label.
    """

    first: Ints
    variable: Ints
    cost: Floats
    side_edge: Ints
    side_label: Ints
    cell_a: Ints
    cell_b: Ints
    table: Floats
    row_label: Ints
    row_of: Ints
    row_coef: Floats
    row_sense: np.ndarray
    row_rhs: Floats


def choices_of(model: Model) -> Choices:
    """The choices of a model; couplings within a group are dropped, as no feasible state has both ends."""
    size = np.diff(model.group_start)
    member = model.group_index.astype(np.int64)
    group = np.repeat(np.arange(len(size)), size)
    # A variable of several groups belongs to the first of them; the others may then choose none of theirs.
    _, once = np.unique(member, return_index=True)
    owned = np.zeros(len(member), bool)
    owned[once] = True
    short = np.bincount(group[~owned], minlength=len(size)) > 0
    free = np.setdiff1d(np.arange(model.n), member)
    choice = np.concatenate(
        [group[owned], np.flatnonzero(short), len(size) + np.arange(len(free)), len(size) + np.arange(len(free))]
    )
    none = np.full(len(free), -1)
    variable = np.concatenate([member[owned], np.full(int(short.sum()), -1), none, free])
    order = np.argsort(choice, kind="stable")
    choice, variable = choice[order], variable[order]
    choice = np.unique(choice, return_inverse=True)[1]  # a group without members is no choice
    first = np.searchsorted(choice, np.arange(choice.max(initial=-1) + 2)).astype(np.int64)
    cost = np.where(variable >= 0, model.linear[variable], 0.0)
    label = np.zeros(model.n, np.int64)
    label[variable[variable >= 0]] = np.flatnonzero(variable >= 0)
    a, b = label[model.row], label[model.col]
    apart = choice[a] != choice[b]
    a, b = np.minimum(a[apart], b[apart]), np.maximum(a[apart], b[apart])
    cost, sides, (cell_a, cell_b, table) = _tables(first, choice, cost, a, b, model.weight[apart])
    return Choices(
        first, variable, cost, *sides, cell_a, cell_b, table,
        row_label=label[model.con_index],
        row_of=np.repeat(np.arange(len(model.con_rhs)), np.diff(model.con_start)),
        row_coef=model.con_coef.astype(float),
        row_sense=model.con_sense,
        row_rhs=model.con_rhs.astype(float),
    )  # fmt: skip


def _tables(
    first: Ints, choice: Ints, cost: Floats, a: Ints, b: Ints, weight: Floats
) -> tuple[Floats, tuple[Ints, Ints], tuple[Ints, Ints, Floats]]:
    """Costs of labels, sides of edges and cells; where the tables are too large, halves of them go to the labels."""
    count = len(first) - 1
    edge, place = np.unique(choice[a] * count + choice[b], return_inverse=True)
    low, high = edge // count, edge % count
    wide, tall = np.diff(first)[low], np.diff(first)[high]
    nothing = np.zeros(0, np.int64)
    if int((wide * tall).sum()) > MAX_CELLS:
        half = _halves(len(choice), choice, a, b, weight) + _halves(len(choice), choice, b, a, weight)
        return cost + half, (nothing, nothing), (nothing, nothing, np.zeros(0))
    sides = np.stack([wide, tall], axis=1).ravel()
    start = np.concatenate([[0], np.cumsum(sides)])
    side_edge = np.repeat(np.arange(len(edge)), wide + tall)
    end = np.repeat(np.stack([first[low], first[high]], axis=1).ravel(), sides)
    side_label = end + np.arange(start[-1]) - np.repeat(start[:-1], sides)
    cells = wide * tall
    begin = np.concatenate([[0], np.cumsum(cells)])
    within = np.arange(begin[-1]) - np.repeat(begin[:-1], cells)
    cell_a = np.repeat(start[0:-1:2], cells) + within // np.repeat(tall, cells)
    cell_b = np.repeat(start[1::2], cells) + within % np.repeat(tall, cells)
    at = begin[place] + (a - first[choice[a]]) * tall[place] + (b - first[choice[b]])
    table: Floats = np.bincount(at, weight, int(begin[-1])).astype(float)
    return cost, (side_edge.astype(np.int64), side_label), (cell_a, cell_b, table)


def _halves(labels: int, choice: Ints, a: Ints, b: Ints, weight: Floats) -> Floats:
    """[labels] half of what each label a can gain at best from one label of each other choice."""
    order = np.lexsort((choice[b], a))
    if len(order) == 0:
        return np.zeros(labels)
    a, other, weight = a[order], choice[b][order], weight[order]
    new = np.flatnonzero(np.concatenate([[True], (np.diff(a) != 0) | (np.diff(other) != 0)]))
    least = np.minimum(np.minimum.reduceat(weight, new), 0)
    return np.asarray(np.bincount(a[new], least / 2, labels), float)


@dataclass(frozen=True)
class State:
    """Messages by side, multipliers by row."""

    message: Floats
    multiplier: Floats


def choice_bound(model: Model, upper: float | None, rounds: int, late: Callable[[], bool]) -> tuple[float, int]:
    """A lower bound on the objective of every feasible state, offset included, and the rounds done.

    Parameters
    ----------
    upper
        The objective of some feasible state: the steps aim for it.
    rounds
        At most so many improvements.
    """
    c = choices_of(model)
    target = None if upper is None else upper - model.offset
    state = State(np.zeros(len(c.side_label)), np.zeros(len(c.row_rhs)))
    best, kept, stale, pace, done = -math.inf, state, 0, 1.0, 0
    while True:
        value, unary, left = _evaluate(c, state)
        if value > best + 1e-9 * abs(best) or not math.isfinite(best):
            best, kept, stale = value, state, 0
        else:
            stale += 1
        if stale >= PATIENCE:
            pace, stale, state = pace / 2, 0, kept
            value, unary, left = _evaluate(c, state)
        nothing = len(c.table) == 0 and len(c.row_rhs) == 0
        if done >= rounds or nothing or pace < 1e-3 or late() or (target is not None and best >= target):
            break
        state = State(_diffused(c, state, unary, left), _stepped(c, state, unary, best, target, pace))
        done += 1
    return model.offset + _proved(c, kept), done


def _charged(c: Choices, multiplier: Floats) -> Floats:
    """[m] costs of labels with what the constraints charge for them."""
    return c.cost + np.bincount(c.row_label, c.row_coef * multiplier[c.row_of], len(c.cost))


def _evaluate(c: Choices, state: State) -> tuple[float, Floats, Floats]:
    """The bound, costs of labels with their messages, and what is left in the tables."""
    unary = _charged(c, state.multiplier) + np.bincount(c.side_label, state.message, len(c.cost))
    left = c.table - state.message[c.cell_a] - state.message[c.cell_b]
    value = float(np.minimum.reduceat(unary, c.first[:-1]).sum()) if len(unary) else 0.0
    if len(left):
        value += float(np.minimum.reduceat(left, _edge_cells(c)).sum())
    return value - float((state.multiplier * c.row_rhs).sum()), unary, left


def _edge_cells(c: Choices) -> Ints:
    """The first cell of each edge."""
    edge = c.side_edge[c.cell_a]
    return np.flatnonzero(np.concatenate([[True], np.diff(edge) != 0]))


def _diffused(c: Choices, state: State, unary: Floats, left: Floats) -> Floats:
    """Messages after each label has spread its cost evenly over its tables, and taken back half of the best."""
    if len(left) == 0:
        return state.message
    share = (unary / np.maximum(1, np.bincount(c.side_label, minlength=len(unary))))[c.side_label]
    spread = left + share[c.cell_a] + share[c.cell_b]
    best = np.full(len(state.message), np.inf)
    np.minimum.at(best, c.cell_a, spread)
    np.minimum.at(best, c.cell_b, spread)
    return np.asarray(state.message - share + best / 2)


def _stepped(c: Choices, state: State, unary: Floats, best: float, target: float | None, pace: float) -> Floats:
    """Multipliers after a step along what the cheapest labels break of the constraints (Polyak's length)."""
    if len(c.row_rhs) == 0:
        return state.multiplier
    chosen = np.zeros(len(unary))
    chosen[cheapest(c.first, unary)] = 1
    slope = np.bincount(c.row_of, c.row_coef * chosen[c.row_label], len(c.row_rhs)) - c.row_rhs
    idle = ((c.row_sense == LE) & (slope < 0)) | ((c.row_sense > EQ) & (slope > 0))
    slope[idle & (state.multiplier == 0)] = 0
    norm = float((slope * slope).sum())
    if norm == 0:
        return state.multiplier
    goal = target if target is not None and target > best else best + 0.05 * (abs(best) + 1)
    moved = state.multiplier + pace * (goal - best) / norm * slope
    moved[c.row_sense == LE] = np.maximum(moved[c.row_sense == LE], 0)
    moved[c.row_sense > EQ] = np.minimum(moved[c.row_sense > EQ], 0)
    return np.asarray(moved)


def cheapest(first: Ints, unary: Floats) -> Ints:
    """[g] the first cheapest label of each choice."""
    size = np.diff(first)
    least = np.repeat(np.minimum.reduceat(unary, first[:-1]), size)
    hits = np.flatnonzero(unary == least)
    owner = np.repeat(np.arange(len(size)), size)[hits]
    return np.asarray(hits[np.unique(owner, return_index=True)[1]])


def _proved(c: Choices, state: State) -> float:
    """The bound, less what rounding may have added."""
    value = _evaluate(c, state)[0]
    deep = 8 + int(max(np.bincount(c.row_label, minlength=1).max(), np.bincount(c.side_label, minlength=1).max()))
    size = np.abs(c.cost).sum() + np.abs(c.row_coef * state.multiplier[c.row_of]).sum()
    size += np.abs(state.message).sum() + np.abs(state.multiplier * c.row_rhs).sum()
    size += np.abs(c.table).sum() + np.abs(state.message[c.cell_a]).sum() + np.abs(state.message[c.cell_b]).sum()
    whole = bool((c.cost == np.rint(c.cost)).all() and (c.table == np.rint(c.table)).all())
    if whole and size < EXACT / 2 and not (state.multiplier.any() or state.message.any()):
        return value
    return value - ROUNDING * (deep + math.log2(len(c.cost) + len(c.table) + 2)) * float(size)
