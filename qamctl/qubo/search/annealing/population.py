"""A population of annealed states: crossed cluster by cluster, reheated, annealed again.

Two good states of a sparse model differ in parts that are not coupled with each other. Taking the better side of each
part gives a child at least as good as either (the clusters of Houdayer moves, as a crossover); reheating it to a
temperature at which only part of it melts explores around it. When a population has converged, another is begun,
with longer anneals, and its best meets the champion of those before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.qubo.search.annealing.furnace import Furnace, Member
from qamctl.qubo.search.annealing.temperatures import Span, cooling

#: States of a population.
SIZE = 8

#: A population ends after so many children in a row, by its size, that were no better than its worst state.
PATIENCE = 2

#: Children are heated to one of these places between the cold end (0) and the hot end (1), geometrically, and have
#: this part of the sweeps.
REHEAT, SHORTER = (0.4, 0.5, 0.6, 0.7), 0.5

#: Sweeps of an anneal at least, where the budget allows it.
LEAST = 400

#: Clusters count as many where this part of the differing variables is outside the largest one.
APART = 0.03

#: With more couplings a variable than this, clusters grow through the whole model soon (Zhu and others 2015).
FLAT = 6

#: The part of the budget that goes into finding the hot end.
TRIALS = 0.1


@dataclass(frozen=True, slots=True)
class Heat:
    """Between which temperatures to anneal."""

    hot: float
    cold: float

    def between(self, place: float) -> float:
        """A temperature: the cold end at 0, the hot end at 1, geometrically between."""
        return float(self.cold * (self.hot / self.cold) ** place)


#: What anneals with other temperatures than the best known try next: factors of the hot and of the cold end.
NEIGHBOURS = ((0.7, 1.0), (1.0, 1.5), (1.4, 1.0), (1.0, 0.67))


class Thermostat:
    """Finds better temperatures while a population is made: each anneal that is needed anyway tries some.

    The best temperatures known are tried first, then their neighbours; what comes out better leads on.
    """

    def __init__(self, heat: Heat) -> None:
        self.best, self._value = heat, float("inf")
        self._open: list[Heat] = [heat]

    def next(self) -> Heat:
        """The temperatures to anneal with."""
        return self._open[0] if self._open else self.best

    def learn(self, heat: Heat, energy: float) -> None:
        """What an anneal with these temperatures came to."""
        if heat in self._open:
            self._open.remove(heat)
        if energy >= self._value:
            return
        self._value = energy
        if heat != self.best or not self._open:
            self.best = heat
            moved = (Heat(heat.hot * hot, heat.cold * cold) for hot, cold in NEIGHBOURS)
            self._open = [other for other in moved if other.hot > 2 * other.cold]


def try_heats(furnace: Furnace, span: Span) -> tuple[Heat, list[Member]]:
    """Find the hot end that suits the model: candidates compete, the better half goes on with twice the sweeps."""
    hots, found = list(span.hot), list[Member]()
    rounds = max(1, int(np.ceil(np.log2(max(2, len(hots))))))
    sweeps = int(TRIALS * furnace.sweeps_left() / (2 * len(hots) * rounds))
    if len(hots) == 1 or sweeps < 8:
        return Heat(span.usual, span.cold), found
    while len(hots) > 1:
        mean: dict[float, float] = {}
        for hot in hots:
            pair = [furnace.anneal(furnace.anywhere(), cooling(hot, span.cold, sweeps)) for _ in range(2)]
            done = [member for member in pair if member is not None]
            if len(done) < 2:
                return Heat(span.usual, span.cold), found
            found += done
            mean[hot] = sum(member.energy for member in done) / 2
        hots = sorted(hots, key=lambda hot: mean[hot])[: (len(hots) + 1) // 2]
        sweeps *= 2
    return Heat(hots[0], span.cold), found


def clustered(furnace: Furnace, members: list[Member]) -> bool:
    """Whether annealed states differ in many clusters, not in one that spans the model and a few single variables."""
    pairs, n = furnace.arranged.model.pairs, len(furnace.arranged.slot)
    if furnace.arranged.dense or len(members) < 2 or 2 * pairs > FLAT * n:
        return False
    _, (differing, clusters, largest, _) = furnace.cross(members[0], members[1])
    return clusters >= 8 and differing - largest >= APART * differing


def epoch(furnace: Furnace, heat: Heat, sweeps: int, size: int, seeds: list[Member]) -> tuple[list[Member], Heat]:
    """One population until it has converged or the search is over; its states, and the temperatures that did best.

    Parameters
    ----------
    sweeps
        Of each first anneal.
    size
        States, seeds included.
    seeds
        States that are there already.
    """
    members, thermostat, stale = list(seeds[:size]), Thermostat(heat), 0
    while len(members) < size and not furnace.over:
        tried = thermostat.next()
        found = furnace.anneal(furnace.anywhere(), cooling(tried.hot, tried.cold, sweeps))
        if found is not None:
            members.append(found)
            thermostat.learn(tried, found.energy)
    heat = thermostat.best
    while not furnace.over and len(members) == size and stale < PATIENCE * size:
        child = bear(furnace, heat, members, max(1, int(SHORTER * sweeps)))
        if child is None:
            break
        stale += 1
        if any(child.energy == m.energy and np.array_equal(child.placed, m.placed) for m in members):
            continue
        worst = max(range(size), key=lambda k: members[k].energy)
        if child.energy < members[worst].energy:
            stale = 0
        if child.energy <= members[worst].energy:
            members[worst] = child
    return members, heat


def bear(furnace: Furnace, heat: Heat, members: list[Member], sweeps: int) -> Member | None:
    """A child of two states: the better with what is good in the other, reheated."""
    one = members[furnace.random.below(len(members))]
    if len(members) > 1 and not furnace.arranged.dense:
        other = members[furnace.random.below(len(members))]
        if other.energy < one.energy:
            one, other = other, one
        if other is not one:
            one, _ = furnace.cross(one, other)
    reheated = heat.between(REHEAT[furnace.random.below(len(REHEAT))])
    return furnace.anneal(one.placed, cooling(reheated, heat.cold, sweeps))


def meet(furnace: Furnace, champion: Member | None, members: list[Member]) -> Member | None:
    """The champion so far, crossed with a finished population's best."""
    if not members:
        return champion
    best = min(members, key=lambda member: member.energy)
    if champion is None or furnace.arranged.dense:
        return best if champion is None or best.energy < champion.energy else champion
    if best.energy < champion.energy:
        best, champion = champion, best
    return furnace.cross(champion, best)[0]
