"""Parallel tempering in a lane's turns: temperatures adapt until exchanges are equally likely all along the ladder."""

from __future__ import annotations

import numpy as np

from qamctl.kernels.anneal import Tempering, tempering
from qamctl.kernels.couplings import Floats
from qamctl.qubo.search.annealing.furnace import Furnace, Member
from qamctl.qubo.search.annealing.population import Heat
from qamctl.qubo.search.annealing.temperatures import cooling

#: Levels of the ladder: so many, and one more for every so many variables, at most so many.
LEVELS, PER_LEVEL, MOST = 12, 300, 40

#: The part of the budget left in which the replicas are annealed before.
WARM = 0.25

#: Rounds before the temperatures are adapted first; each time half as many again.
FIRST, GROWTH = 20, 1.5


class Exchange:
    """A ladder that is carried on turn by turn."""

    def __init__(self, furnace: Furnace, heat: Heat, share: float) -> None:
        """Anneal the replicas, in a part of `share` of the sweeps left."""
        n = len(furnace.arranged.slot)
        self.furnace = furnace
        self.levels = min(MOST, LEVELS + n // PER_LEVEL)
        self.temperatures: Floats = cooling(1.2 * heat.hot, heat.cold, self.levels)
        self.ladder: Tempering = tempering(furnace.arranged, self.temperatures, furnace.random.draw())
        sweeps = max(1, int(WARM * share * furnace.sweeps_left() / (2 * self.levels)))
        for replica in range(2 * self.levels):
            end = max(heat.cold, self.temperatures[replica // 2])
            found = furnace.anneal(furnace.anywhere(), cooling(heat.hot, end, sweeps))
            if found is None:
                break
            self.ladder.start(replica, found.placed)
        self._rounds = self._next = 0
        self._length = FIRST
        self._seen = (self.ladder.tried, self.ladder.taken)

    def run(self, until: float) -> None:
        """Carry on until the lane's progress is `until`, or its budget is used."""
        furnace, ladder, lane = self.furnace, self.ladder, self.furnace.lane
        n, replicas = len(furnace.arranged.slot), 2 * self.levels
        while lane.progress < until and not furnace.over:
            turn = lane.turn()
            if turn is None:
                furnace.over = True
                return
            rounds = min(self._next + self._length - self._rounds, turn[0] // replicas)
            if rounds < 1:  # less than a round of a step budget is left
                return
            before = ladder.sweeps
            self._rounds += ladder.run(rounds, turn[1])
            swept = ladder.sweeps - before
            lane.count(swept, swept * n)
            if ladder.best_energy < furnace.best.energy:
                furnace.offer(Member(ladder.best, ladder.best_energy))
            if self._rounds >= self._next + self._length:
                self._adapt()

    def _adapt(self) -> None:
        """Space the temperatures so that each exchange was refused as often as any other (Syed and others 2022)."""
        self._next += self._length
        self._length = int(GROWTH * self._length)
        tried, taken = self.ladder.tried, self.ladder.taken
        asked = np.maximum(1, tried - self._seen[0])
        refused = 1 - (taken - self._seen[1]) / asked
        self._seen = (tried.copy(), taken.copy())
        self.temperatures = respaced(self.temperatures, refused)
        self.ladder.heat(self.temperatures)


def respaced(temperatures: Floats, refused: Floats) -> Floats:
    """[levels] temperatures between the same ends, at equal steps of the summed shares of refusals."""
    barrier = np.concatenate([[0.0], np.cumsum(refused + 1e-3)])
    even = np.linspace(0.0, barrier[-1], len(temperatures))
    made: Floats = np.exp(np.interp(even, barrier, np.log(temperatures)))
    return made
