"""Which tasks of a schedule are worth solving anew together: several ways, the more often the more they help.

Besides what is near in time these are what large neighbourhood searches of schedules free: tasks of a critical chain
(D. Godard, P. Laborie, W. Nuijten 2005), of few machines (P. Shaw 1998 calls them related), without slack, and what
stands before late tasks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from qamctl.qubo.record import Record
from qamctl.schedule.instance import Instance
from qamctl.schedule.limits import least_reasoning, task_terms
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import NEVER, Floats, Ints
from qamctl.schedule.standing import Standing, standing_of

#: Ways to pick tasks: those of all levels; of levels that weigh no time, that weigh some, and that weigh due times; and
#: of problems where tasks choose between agents.
ALWAYS, UNTIMED, TIMED, DUE = ("anywhere", "beside", "scattered"), ("costly",), ("slack", "chain"), ("late",)
CHOOSING = ("pair",)

#: What a record keeps from window to window, and its least share: only few windows of good schedules improve them.
MEMORY, LEAST_SHARE = 0.99, 0.004

#: How often a window begins with a task that reasoning would have otherwise, where the level weighs that.
AGAINST = 0.5


@dataclass(frozen=True)
class Picked:
    """The tasks of a window.

    Attributes
    ----------
    free
        [T]
    way
        How they were picked.
    holders
        [H] whom they may go to; None: anyone.
    """

    free: np.ndarray
    way: str
    holders: np.ndarray | None = None


@dataclass
class Picker:
    """Picks the tasks of windows around an incumbent.

    anywhere
        Any task, and what is near it in time.
    costly
        A task that the level pays for, and what is near it in time.
    beside
        A costly task, and what is near it in time on its supplies or in a rule with it.
    scattered
        Any tasks.
    pair
        A costly task, and what is near it in time on its agent and on another one that could do it and is less busy:
        tasks can change places, and go to nobody else.
    slack
        Tasks that can't be later without the level noticing, or hardly, near one of them in time.
    chain
        A stretch of tasks that wait for each other up to a costly one, and what is near them on their supplies.
    late
        A late task, and what stands before it on its supplies or because of precedence.
    """

    instance: Instance
    _records: dict[int, Record] = field(default_factory=dict)
    _standing: Standing | None = None

    def way(self, level: int, rng: np.random.Generator) -> str:
        """One of the ways by chance, as often as it helped in windows of this level."""
        if level not in self._records:
            self._records[level] = Record(ways_of(self.instance, level), MEMORY, LEAST_SHARE)
        return self._records[level].choose(rng)

    def learn(self, level: int, way: str, improved: bool) -> None:
        """Note whether a window that was picked so improved the incumbent."""
        self._records[level].learn(way, improved)

    def pick(
        self, incumbent: Solution, level: int, way: str, tasks: int, used: np.ndarray, rng: np.random.Generator
    ) -> Picked:
        """So many tasks that are not used [T], as far as there are."""
        open_tasks = np.flatnonzero(~used)
        tasks = min(tasks, len(open_tasks))
        free = np.zeros(self.instance.n, bool)
        if way == "scattered" or not tasks:
            free[rng.choice(open_tasks, tasks, replace=False)] = True
            return Picked(free, way)
        middle = (incumbent.start + incumbent.end).astype(np.float64)
        if self.instance.crews is not None:  # what is left out may be done at any time
            out = incumbent.mode < 0
            middle[out] = rng.integers(0, int(middle.max(initial=0)) + 1, int(out.sum()))
        pivot = self._pivot(incumbent, level, way, used, rng)
        far, holders = float(middle.max(initial=0)) + 1.0, None
        distance = np.abs(middle - middle[pivot])
        if way == "beside":
            standing = self.standing(incumbent)
            distance[~(standing.users(standing.supplies(np.array([pivot]))) | _ruled(self.instance, pivot))] += far
        elif way == "pair":
            near, holders = self._pair(incumbent, pivot, rng)
            distance[~near] += far
        elif way == "slack":
            distance += 2.0 * self.standing(incumbent).slack(level)
        elif way == "chain":
            distance = self._along(incumbent, pivot, middle, tasks, rng)
        elif way == "late":
            distance = self._before(incumbent, pivot, middle)
        # A little noise, so that the same pivot does not always give the same window.
        distance *= rng.uniform(0.8, 1.25, self.instance.n)
        if way != "chain":
            distance[pivot] = -1.0
        distance[used] = np.inf
        free[np.argsort(distance, kind="stable")[:tasks]] = True
        return Picked(free, way, holders)

    def standing(self, incumbent: Solution) -> Standing:
        """How the incumbent stands."""
        if self._standing is None or self._standing.incumbent is not incumbent:
            self._standing = standing_of(self.instance, incumbent)
        return self._standing

    def _pivot(self, incumbent: Solution, level: int, way: str, used: np.ndarray, rng: np.random.Generator) -> int:
        worth = np.zeros(0, np.int64)
        if way != "anywhere":
            worth = unmet(self.instance, incumbent, level, rng)
            worth = worth if len(worth) else costly(self.instance, incumbent, level)
            worth = worth[~used[worth]]
        if not len(worth):
            worth = np.flatnonzero(~used)
        pivot = int(rng.choice(worth))
        if way == "slack":
            tight = np.flatnonzero((self.standing(incumbent).slack(level) == 0) & ~used)
            pivot = int(rng.choice(tight)) if len(tight) else pivot
        return pivot

    def _pair(self, incumbent: Solution, pivot: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray | None]:
        """[T] the tasks of two holders, and these [H]; None where the pivot has no other."""
        instance = self.instance
        option = instance.options_of(incumbent)
        holder = instance.option_holder[option]
        able = np.unique(instance.option_holder[instance.first_option[pivot] : instance.first_option[pivot + 1]])
        able = able[able != holder[pivot]]
        if not len(able):
            return np.ones(instance.n, bool), None
        work = np.maximum(0, np.minimum(incumbent.end, incumbent.end[pivot]) - incumbent.start)
        busy = np.bincount(holder, work, len(instance.members))[able] / np.maximum(1, instance.capacity[able, 0])
        holders = np.zeros(len(instance.members), bool)
        holders[[int(holder[pivot]), int(able[np.argmin(busy * rng.uniform(0.7, 1.4, len(able)))])]] = True
        return holders[holder], holders

    def _along(self, incumbent: Solution, last: int, middle: Floats, tasks: int, rng: np.random.Generator) -> Floats:
        """[T] how far from a stretch of the chain that ends with a task: half of the window are tasks of the chain."""
        standing = self.standing(incumbent)
        chain = standing.chain(last, rng)
        at = int(rng.integers(len(chain)))
        half = max(1, tasks // 2)
        stretch = np.array(chain[max(0, at - half // 2) : max(0, at - half // 2) + half])
        low, high = float(middle[stretch].min()), float(middle[stretch].max())
        distance: Floats = np.maximum(0.0, np.maximum(low - middle, middle - high)) + 1.0
        distance[~standing.users(standing.supplies(stretch))] += float(middle.max()) + 1.0
        distance[stretch] = 0.0
        return distance

    def _before(self, incumbent: Solution, pivot: int, middle: Floats) -> Floats:
        """[T] how far before a task, on its supplies or because of precedence; what is after it is far."""
        standing = self.standing(incumbent)
        near = standing.users(standing.supplies(np.array([pivot])))
        near[standing.neighbours(pivot)] = True
        distance: Floats = np.abs(middle - middle[pivot])
        distance[~near | (middle > middle[pivot])] += float(middle.max(initial=0)) + 1.0
        return distance


def ways_of(instance: Instance, level: int) -> tuple[str, ...]:
    """The ways that can make a difference to a level."""
    weights, first = instance.levels[level], instance.first_option
    lowest, highest = (reduce.reduceat(instance.option_holder, first[:-1]) for reduce in (np.minimum, np.maximum))
    timed, due, chooses = weights[:4].any(), weights[1:3].any(), (lowest < highest).any()
    return (*ALWAYS, *(TIMED if timed else UNTIMED), *(DUE if due else ()), *(CHOOSING if chooses else ()))


def costly(instance: Instance, incumbent: Solution, level: int) -> Ints:
    """The tasks that the level pays for most: last ones, late ones, else all."""
    weights = instance.levels[level]
    if instance.crews is not None and weights[6:].any():
        return _paid_for(instance, incumbent, level)
    if weights[0] > 0:
        return np.flatnonzero(incumbent.end >= np.quantile(incumbent.end, 0.9))
    late = np.flatnonzero((incumbent.end > instance.due) & (instance.due < NEVER))
    if (weights[1] > 0 or weights[2] > 0) and len(late):
        return late
    return np.arange(instance.n)


def _paid_for(instance: Instance, incumbent: Solution, level: int) -> Ints:
    """The tasks that the level pays for where they are left out, have moved, or end last; else all."""
    everyone, option = np.arange(instance.n), instance.options_of(incumbent)
    terms = task_terms(instance, everyone, option, incumbent.start, incumbent.end)
    weights = instance.levels[level]
    paid = weights[6:] @ terms[6:] > 0
    if weights[0] > 0:
        paid |= incumbent.end >= np.quantile(incumbent.end, 0.9)
    return np.flatnonzero(paid) if paid.any() else everyone


def unmet(instance: Instance, incumbent: Solution, level: int, rng: np.random.Generator) -> Ints:
    """The tasks that could agree with reasoning more, now and then; none where the level does not weigh that."""
    weights = instance.levels[level]
    if weights[5] == 0 or instance.wishes is None or (weights[:5].any() and rng.random() >= AGAINST):
        return np.zeros(0, np.int64)
    everyone = np.arange(instance.n)
    now = instance.reasoning_of(everyone, instance.options_of(incumbent), incumbent.start)
    start, _ = instance.earliest
    return np.flatnonzero(now > least_reasoning(instance, start, np.full(instance.n, NEVER)) + 1e-9)


def _ruled(instance: Instance, pivot: int) -> np.ndarray:
    """[T] the tasks that stand in a rule or a gang with the pivot: it moves only with them, or past them."""
    gang = instance.spec.tasks.gang
    tasks: np.ndarray = (gang == gang[pivot]) & (gang >= 0)
    tasks[[t for rule in instance.spec.rules if pivot in rule.tasks for t in rule.tasks]] = True
    return tasks
