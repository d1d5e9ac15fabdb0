"""What the schedule search kernels are given: the problem and its tables as flat arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Index = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CrewTables:
    """What a problem with crews adds (see `qamctl.schedule.crews`); arrays as those of `ScheduleProblem`.

    Attributes
    ----------
    option_out
        [O] 1 where the option leaves its task out.
    take_*
        Renewable needs by option: holder (0: the pool), column, amount; by holder.
    crew_first, crew_holder, crew_number
        By option: the holders of its crew, ascending, and how many agents of each.
    option_pause, gap_first, gap_start, gap_end
        [O] the pattern of gaps in which the option pauses, -1 where it does not; by pattern.
    away_first, away_start, away_end
        By holder: when its agents are away.
    step_first, step_since, step_free
        By holder: its free capacity, [S, W] from [S] moments on; the first is 0.
    gang, gang_first, gang_task
        [T] the gang of a task, -1 where it is in none; by gang.
    arc_first, arc_task, arc_kind, arc_lag, arc_data
        Precedence by task as it holds for schedules, with the row of `delay` of what is sent, -1 where nothing is. That
        of the problem itself is the precedence of lists, in which a gang is as one task.
    delay
        [D, L] ticks by class of link.
    link_first, link_other, link_class
        By holder: the holders that it has a link of another class than 0 to, ascending, and the class.
    rule_kind, rule_key, rule_skew, rule_values, rule_first, rule_task
        [Q] near, apart, spread as 0, 1, 2; the row of `value`; the largest skew; how many values there are; its tasks.
    own_rule_first, own_rule
        By task: its rules.
    most_crew
        [T] agents that the task takes at most.
    value
        [V, H] what a rule compares: row 0 the holders themselves, others the values of a label.
    family, setup_of, setup_time
        [T] the family of a task, -1 where it has none; [H] the table of a holder; [S, F, F] ticks.
    append
        Where setups are weighed, a task is never placed before one of its agent's that was placed already.
    reward
        [T] of a task that is left out.
    earlier, moved, same
        [T] the start in an earlier schedule, -1 where there is none; [O] what the option adds to the term `disruption`,
        and whether it has the earlier crew, so that the start counts instead.
    agents
        Of the spec: their mean is what the term `balance` is measured by.
    price
        The violation of a broken rule.
    """

    option_out: npt.NDArray[np.int8]
    take_first: Ints
    take_holder: Index
    take_column: Index
    take_amount: Ints
    crew_first: Ints
    crew_holder: Index
    crew_number: Index
    option_pause: Ints
    gap_first: Ints
    gap_start: Ints
    gap_end: Ints
    away_first: Ints
    away_start: Ints
    away_end: Ints
    step_first: Ints
    step_since: Ints
    step_free: Ints
    gang: Index
    gang_first: Ints
    gang_task: Index
    arc_first: Ints
    arc_task: Index
    arc_kind: npt.NDArray[np.int8]
    arc_lag: Ints
    arc_data: Index
    delay: Ints
    link_first: Ints
    link_other: Index
    link_class: Index
    rule_kind: npt.NDArray[np.int8]
    rule_key: Index
    rule_skew: Ints
    rule_values: Ints
    rule_first: Ints
    rule_task: Index
    own_rule_first: Ints
    own_rule: Index
    most_crew: Ints
    value: Index
    family: Index
    setup_of: Index
    setup_time: Ints
    append: bool
    reward: Floats
    earlier: Ints
    moved: Floats
    same: npt.NDArray[np.int8]
    agents: int
    price: float

    @property
    def classes(self) -> int:
        """Classes of links."""
        return int(self.delay.shape[1])

    @property
    def families(self) -> int:
        """Families of setups."""
        return int(self.setup_time.shape[1])


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
        [L, 11] coefficients of makespan, tardiness, tardy, flow, cost, reasoning, unscheduled, setup, communication,
        balance and disruption, terms in objective units; those behind reasoning are 0 without crews.
    bounds
        [L] a lower bound of each level, -inf where none is known; the search ends when all are met.
    unit
        Objective units in one tick.
    keys, choices
        [S, T] starting points: tasks by rising key as far as precedence allows; the option of each task, or
        -1 to leave it to the search.
    draw_first, draw
        By task: what a move that changes its option draws from, evenly; -1 leaves it to the search.
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
    draw_first: Ints
    draw: Ints
    cheapest_first: bool
    surprise: Floats
    cooling: Floats
    crews: CrewTables | None = None


def surprise(size: int = 4096) -> Floats:
    """`size` values -log(u) at evenly spread u: the annealer's only logarithms, taken once."""
    return -np.log((np.arange(size) + 0.5) / size)


def cooling(hot: float, cold: float) -> Floats:
    """[256] temperatures that fall from `hot` to `cold` by a constant factor."""
    return np.asarray(hot * (cold / hot) ** (np.arange(256) / 255.0), np.float64)
