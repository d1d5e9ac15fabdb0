"""The engine `anneal`: simulated annealing of models without constraints, and independent reads for samplers.

What a model is like decides, never what it is called. Its temperatures are read off a quick look and a small
competition. Then populations of anneals follow each other, their states crossed where the model is sparse; where
annealed states differ in many separate clusters (grids and other flat graphs) tempering with cluster moves takes over
if it proves better.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from qamctl.kernels.anneal.arrange import Arranged, arrange
from qamctl.kernels.couplings import Couplings
from qamctl.qubo.search.annealing.exchange import Exchange
from qamctl.qubo.search.annealing.furnace import Furnace, Member
from qamctl.qubo.search.annealing.population import LEAST, SIZE, Heat, bear, clustered, epoch, meet, try_heats
from qamctl.qubo.search.annealing.reads import reads
from qamctl.qubo.search.annealing.temperatures import look, scale_of
from qamctl.qubo.search.base import Budget, Found
from qamctl.qubo.search.lanes import Lane, run_lanes

__all__ = ["reads", "search"]

#: The part of the budget that a quick look at the temperatures may take.
LOOK = 0.04

#: Sweeps of an anneal as a part of the sweeps left: of a population that tempering will follow, and of others.
FIRST, LATER = 0.012, 0.04

#: The first anneals of a population take this part of the budget left at most.
SHARE = 0.4

#: Each population's anneals are at least so much longer than those before.
GROWTH = 1.15

#: The part of the rest in which tempering has to show that it is better.
RACE = 0.3


def search(
    model: Couplings,
    *,
    budget: Budget,
    seed: int,
    stop: Callable[[], bool] = lambda: False,
    report: Callable[[np.ndarray, float], None] = lambda sample, energy: None,
    initial: np.ndarray | None = None,
) -> Found:
    """Anneal a model; see `qamctl.qubo.search.base.Search`. A step is a sweep.

    `info`: method ("population" or "tempering", whichever the search ended with), heat (hot and cold end, in units
    of energy), populations, sweeps (of an anneal of the last one), dense (whether full rows were used).
    """
    begin = budget.clock()
    arranged = arrange(model)
    if budget.seconds is not None:
        budget = replace(budget, seconds=max(0.0, budget.seconds - (budget.clock() - begin)))

    def worker(lane: Lane) -> Mapping[str, Any]:
        return _anneal(arranged, model, lane)

    return run_lanes(worker, model, budget=budget, seed=seed, stop=stop, report=report, initial=initial)


def _anneal(arranged: Arranged, model: Couplings, lane: Lane) -> Mapping[str, Any]:
    """One lane's search."""
    furnace = Furnace(arranged, lane)
    furnace.kernel.start(furnace.anywhere())
    scale = scale_of(arranged.model)
    furnace.climbs(scale, 1)  # to see the pace
    span = look(scale, model.n, furnace.climbs, int(LOOK * furnace.sweeps_left()))
    heat, seeds = try_heats(furnace, span)
    if lane.initial is not None:
        seeds.append(_given(furnace, lane.initial))
    seeds = sorted(seeds, key=lambda member: member.energy)[: SIZE // 2]
    info: dict[str, Any] = {"method": "population", "dense": arranged.dense, "populations": 0, "sweeps": 0}
    champion: Member | None = None
    members: list[Member] = []
    sweeps, flat = 0, clustered(furnace, seeds)
    while not furnace.over and furnace.sweeps_left() > 0:
        length, size = _size(furnace.sweeps_left(), model.n, sweeps, FIRST if flat else LATER)
        if length < GROWTH * sweeps / 2:  # no time for another population
            _finish(furnace, heat, [*members, *([champion] if champion else [])], sweeps // 2)
            break
        sweeps = length
        members, heat = epoch(furnace, heat, sweeps, size, seeds)
        champion = meet(furnace, champion, members)
        info |= {"populations": info["populations"] + 1, "sweeps": sweeps}
        seeds = []
        if flat and not furnace.over:
            info["method"] = _temper(furnace, heat, champion)
            flat = False
    furnace.end()
    return info | {"heat": [heat.hot / model.scale, heat.cold / model.scale]}


def _size(left: int, n: int, before: int, part: float) -> tuple[int, int]:
    """Sweeps of an anneal and states of the next population, whose last one had anneals of `before` sweeps."""
    size = int(np.clip(SHARE * left / LEAST, 1, SIZE))
    if size == 1:
        return max(1, int(0.8 * left)), 1
    most = 2000 + 4 * n
    wanted = min(most, int(part * left))
    return max(1, min(max(wanted, LEAST, int(GROWTH * before)), int(SHARE * left / size))), size


def _finish(furnace: Furnace, heat: Heat, members: list[Member], sweeps: int) -> None:
    """Reheat what there is for the rest of the budget."""
    while not furnace.over and furnace.sweeps_left() > 0:
        if bear(furnace, heat, members, max(1, min(sweeps, int(0.9 * furnace.sweeps_left())))) is None:
            return


def _temper(furnace: Furnace, heat: Heat, champion: Member | None) -> str:
    """Let tempering show whether it is better; if so it goes on. The better method."""
    ladder = Exchange(furnace, heat, RACE)
    before = furnace.lane.progress
    ladder.run(before + RACE * (1 - before))
    if champion is not None and ladder.ladder.best_energy > champion.energy:
        return "population"
    ladder.run(1.0)
    return "tempering"


def _given(furnace: Furnace, initial: np.ndarray) -> Member:
    """The state that the search was given."""
    placed = furnace.arranged.spread(initial)
    furnace.kernel.start(placed)
    member = Member(placed, furnace.kernel.energy)
    furnace.offer(member)
    return member
