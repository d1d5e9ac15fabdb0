"""What the schedule search kernels are given: the problem and its tables as flat arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Index = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ScheduleProblem:
    """A scheduling problem over T tasks, O options, H holders and W renewable columns; times in ticks.

    An option is a way to do a task on a holder; what it takes is a row of four compressed tables
    (`*_first`, `*_column`, `*_amount`). Every array is C-contiguous.

    Attributes
    ----------
    release, deadline, due, weight, pinned
        [T] earliest start, latest end (hard), wished end, weight of lateness and flow, fixed start or -1.
    tail
        [T] least time from a task's start to the end of the last task that depends on it.
    first_option
        [T + 1] the options of task t are first_option[t]:first_option[t + 1], by duration, then cost; by
        cost, then duration where `cheapest_first`.
    option_reasoning, option_floor
        [O] what the option adds to the term `reasoning` at any start, and a moment that a task waits for where it
        is done by this option; a pinned task does not wait.
    start_first, start_since, start_price
        What a start adds to the term `reasoning`, by task: start_price of the last row of start_first[t]:start_first[t
        + 1] with start_since <= start; nothing for a task without rows.
    option_holder, option_need, option_duration, option_cost
        [O] the holder, the row of the need tables, ticks, cost without the fixed part.
    own_*, shared_*
        Renewable needs by row: columns of the option's holder, columns of holder 0.
    stock_use_*
        Needs of consumables by row: index into `stock`.
    least_*
        By task: what every option of the task takes from a stock.
    capacity
        [H, W] renewable capacity, 0 where not held.
    fixed_cost
        [H] of using a holder at all.
    stock, stock_weight
        [C] what there is of each consumable, and the violation of one unit more.
    before_*, after_*
        Precedence by task, both ways: other task, kind (0 FS, 1 SS, 2 FF, 3 SF) and lag. The kinds of
        `after` are those that hold when time runs backward.
    rank
        [T] place in a topological order.
    levels
        [L, 6] coefficients of makespan, tardiness, tardy, flow, cost and reasoning, terms in objective units.
    bounds
        [L] a lower bound of each level, -inf where none is known; the search ends when all are met.
    unit
        Objective units in one tick.
    keys, choices
        [S, T] starting points: tasks by rising key as far as precedence allows; the option of each task, or
        -1 to leave it to the search.
    surprise
        A power of two of values -log(u), u uniform in (0, 1): an accepted worsening is at most temperature
        times one of them.
    cooling
        [256] temperatures of a cycle, in units of the mean change that a move makes.
    """

    release: Ints
    deadline: Ints
    due: Ints
    weight: Floats
    pinned: Ints
    tail: Ints
    first_option: Ints
    option_holder: Index
    option_need: Index
    option_duration: Ints
    option_cost: Floats
    option_reasoning: Floats
    option_floor: Ints
    start_first: Ints
    start_since: Ints
    start_price: Floats
    own_first: Ints
    own_column: Index
    own_amount: Ints
    shared_first: Ints
    shared_column: Index
    shared_amount: Ints
    stock_use_first: Ints
    stock_use_column: Index
    stock_use_amount: Ints
    least_first: Ints
    least_column: Index
    least_amount: Ints
    capacity: Ints
    fixed_cost: Floats
    stock: Ints
    stock_weight: Floats
    before_first: Ints
    before_task: Index
    before_kind: npt.NDArray[np.int8]
    before_lag: Ints
    after_first: Ints
    after_task: Index
    after_kind: npt.NDArray[np.int8]
    after_lag: Ints
    rank: Index
    levels: Floats
    bounds: Floats
    unit: float
    keys: Floats
    choices: Ints
    cheapest_first: bool
    surprise: Floats
    cooling: Floats


def surprise(size: int = 4096) -> Floats:
    """`size` values -log(u) at evenly spread u: the annealer's only logarithms, taken once."""
    return -np.log((np.arange(size) + 0.5) / size)


def cooling(hot: float, cold: float) -> Floats:
    """[256] temperatures that fall from `hot` to `cold` by a constant factor."""
    return np.asarray(hot * (cold / hot) ** (np.arange(256) / 255.0), np.float64)
