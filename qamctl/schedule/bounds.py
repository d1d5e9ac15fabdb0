"""Lower bounds that need no search: longest paths and resource energy for the makespan, earliest ends for the rest.

They tell a search when it may stop, give every result a bound where CP-SAT is left out, and strengthen
CP-SAT's own. Each is cheap: a few passes over the options.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from qamctl.schedule.borne import burdens
from qamctl.schedule.destructive import least_makespan
from qamctl.schedule.instance import Instance
from qamctl.schedule.kept import same_crew
from qamctl.schedule.limits import least_reasoning
from qamctl.schedule.prices import prices_of
from qamctl.schedule.spec import NEVER, TERMS, Floats, Ints

#: Heads and tails that an energy bound distinguishes; with at most so many it is exact over all pairs.
GRID: Final = 64


@lru_cache(maxsize=1)  # several engines ask for the same instance's, and a large one takes a while
def level_bounds(instance: Instance) -> tuple[float | None, ...]:
    """A valid lower bound on the objective of each level, unconditional; for every feasible schedule.

    Returns
    -------
    tuple
        One value a level, in objective units.
    """
    return tuple(float(value) for value in instance.levels @ term_bounds(instance))


def term_bounds(instance: Instance) -> Floats:
    """[11] a lower bound on each term of `TERMS`, in objective units."""
    if instance.n == 0:
        return np.zeros(instance.levels.shape[1])
    start, end = instance.earliest
    sure = instance.sure
    weight, late = instance.weight[sure], np.where(instance.due < NEVER, np.maximum(0, end - instance.due), 0)[sure]
    # The same sums in the same order as in Instance.terms, so that a bound that is met is met exactly.
    return np.array(
        [
            makespan_bound(instance) * instance.unit if instance.levels[:, 0].any() else 0.0,
            (weight * late).sum() * instance.unit,
            (weight * (late > 0)).sum(),
            (weight * (end - instance.release)[sure]).sum() * instance.unit,
            _cost_bound(instance),
            _reasoning_bound(instance, start),
            *np.zeros(len(TERMS) - 7),
            _disruption_bound(instance, start),
        ]
    )


def _disruption_bound(instance: Instance, first: Ints) -> float:
    """What changes against an earlier schedule whoever does what: crews that are gone, starts that are no more."""
    earlier, crews = instance.spec.earlier, instance.crews
    if earlier is None or crews is None or not instance.keeps:
        return 0.0
    stays = np.zeros(instance.n, bool)
    stays[np.repeat(np.arange(instance.n), np.diff(instance.first_option))[same_crew(instance, crews)]] = True
    last, _ = instance.latest(NEVER // 4)
    shift = np.maximum(0, np.maximum(first - earlier.start, earlier.start - last)) * instance.unit
    least = np.where(earlier.start >= 0, instance.weight * np.where(stays, np.minimum(1.0, shift), 1.0), 0.0)
    return float(np.cumsum(least)[-1])


@lru_cache(maxsize=1)
def makespan_bound(instance: Instance) -> int:
    """Ticks that no feasible schedule can end before.

    The longest path; and for each supply of a renewable resource the energy bound
    min head + sum of energies / capacity + min tail over the tasks with head >= h and tail >= q, for all
    pairs (h, q). On a machine of capacity one that is Jackson's preemptive bound (J. Carlier, "The
    one-machine sequencing problem", EJOR 11, 1982); on a cumulative one the fully elastic relaxation
    (P. Baptiste, C. Le Pape and W. Nuijten, "Satisfiability tests and time-bound adjustments for
    cumulative scheduling problems", Annals of OR 92, 1999).
    """
    sure = instance.sure
    if not sure.any():
        return 0
    head, end = instance.earliest
    free = np.full(instance.n, -1, np.int64)
    _, finish = instance.tails.latest(np.zeros(instance.n, np.int64), free, instance.shortest, instance.longest)
    tail = -finish
    best = int((end + tail)[sure].max())
    known = list(burdens(instance))
    for burden in known:
        tasks, supply, some = burden.tasks, burden.supply, burden.energy > 0
        if supply <= 0 or not some.any():
            continue
        h, q, work = head[tasks][some], tail[tasks][some], burden.energy[some]
        if h.max() + q.max() + work.sum() / supply > best:
            best = max(best, _energy_bound(h, q, work, supply))
    prices = prices_of(instance) if instance.levels[0, 0] else None
    best = best if prices is None else max(best, prices.bound)
    return least_makespan(instance, known, best) if instance.levels[:, 0].any() else best


def _energy_bound(head: Ints, tail: Ints, energy: Floats, supply: float) -> int:
    """The greatest h + ceil(energy of the tasks with head >= h and tail >= q / supply) + q."""
    heads, tails = _thresholds(head), _thresholds(tail)
    cell = (np.searchsorted(heads, head, "right") - 1) * len(tails) + np.searchsorted(tails, tail, "right") - 1
    work = np.bincount(cell, energy, len(heads) * len(tails)).reshape(len(heads), len(tails))
    work = work[::-1, ::-1].cumsum(axis=0).cumsum(axis=1)[::-1, ::-1]
    # Sums of integers below 2**53 are exact, and rounding a quotient never lifts it over an integer.
    exact = float(supply).is_integer() and work[0, 0] < 2**53
    time = np.ceil(work / supply * (1.0 if exact else 1 - 1e-9)).astype(np.int64)
    total = heads[:, None] + time + tails[None, :]
    return int(total[work > 0].max())


def _thresholds(values: Ints) -> Ints:
    distinct = np.unique(values)
    if len(distinct) <= GRID:
        return distinct
    return distinct[np.linspace(0, len(distinct) - 1, GRID).astype(np.int64)]


def _cost_bound(instance: Instance) -> float:
    """The cheapest option of every task, and the fixed cost of the holders that can't be avoided."""
    tasks = np.flatnonzero(np.diff(instance.first_option))
    if not len(tasks):
        return 0.0
    if not instance.complete:  # other agents may cost less: what a mode costs is sure
        modes = instance.spec.modes.cost
        return float(np.minimum.reduceat(modes, instance.spec.tasks.first_mode[:-1])[instance.sure].sum())
    first, sure = instance.first_option[:-1][tasks], instance.sure[tasks]
    if not sure.any():
        return 0.0
    cheapest = np.minimum.reduceat(instance.option_cost, first)[sure]
    lowest = np.minimum.reduceat(instance.option_holder, first)[sure]
    forced = np.unique(lowest[lowest == np.maximum.reduceat(instance.option_holder, first)[sure]])
    fixed = np.minimum.reduceat(instance.fixed_cost[instance.option_holder], first)[sure]
    return float(cheapest.sum() + max(instance.fixed_cost[forced].sum(), fixed.max()))


def _reasoning_bound(instance: Instance, start: Ints) -> float:
    """The most preferred agent and the most preferred start of every task that its window allows."""
    if instance.wishes is None or not instance.complete:
        return 0.0
    last, _ = instance.latest(NEVER // 4)
    return float(least_reasoning(instance, start, np.maximum(start, last))[instance.sure].sum())
