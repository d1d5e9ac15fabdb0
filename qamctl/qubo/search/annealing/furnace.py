"""Anneals in a lane's turns: deadlines, counts and the best sample are kept here, and strategies only choose."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qamctl.kernels.anneal import Annealer, annealer
from qamctl.kernels.anneal.arrange import Arranged
from qamctl.kernels.anneal.reference import Random
from qamctl.kernels.couplings import Floats, Samples
from qamctl.qubo.search.lanes import Lane

#: Steps in a turn of a search that is limited by time.
UNLIMITED = 2**40


@dataclass(frozen=True, slots=True)
class Member:
    """A state in slots, and its energy in the kernels' units without the offset."""

    placed: Samples
    energy: float


class Furnace:
    """An annealer in a lane.

    Attributes
    ----------
    arranged
        The model in slots.
    random
        For the strategies' own choices.
    best
        The best state that this lane has seen.
    over
        The lane's budget is used, or the search was ended.
    """

    def __init__(self, arranged: Arranged, lane: Lane) -> None:
        self.arranged, self.lane = arranged, lane
        self.kernel: Annealer = annealer(arranged, lane.seed)
        self.random = Random(lane.seed ^ 0x5851F42D4C957F2D)
        self.best = Member(np.zeros(arranged.slots, np.uint8), math.inf)
        self.over = False
        self._marks = [(0, 0.0)]  # sweeps and progress, where the pace was looked at

    def anneal(self, start: Samples, temperatures: Floats) -> Member | None:
        """Anneal from a state and descend; the best state on the way. None when the search is over before.

        Parameters
        ----------
        start
            In slots.
        temperatures
            Of each sweep, in the kernels' units.
        """
        kernel = self.kernel
        kernel.start(start)
        kernel.plan(temperatures)
        self._run()
        if kernel.left and self.best.energy < math.inf:
            return None
        kernel.descend()
        found = Member(kernel.best, kernel.best_energy)
        self.offer(found)
        return found if not kernel.left else None

    def climbs(self, temperature: float, sweeps: int) -> float | None:
        """The share of flips looked at that are taken and raise the energy, going on with the state at hand.

        None when the search is over before.
        """
        before = self.kernel.climbs
        self.kernel.plan(np.full(sweeps, temperature))
        self._run()
        return None if self.kernel.left else (self.kernel.climbs - before) / max(1, sweeps * len(self.arranged.slot))

    def cross(self, start: Member, other: Member) -> tuple[Member, tuple[int, int, int, int]]:
        """`start` with every cluster of `other` that does not raise the energy, and the clusters' figures."""
        self.kernel.start(start.placed)
        figures = self.kernel.cross(other.placed)
        crossed = Member(self.kernel.sample, self.kernel.energy)
        self.offer(crossed)
        return crossed, figures

    def offer(self, member: Member) -> None:
        """Enter a state among the samples of the search."""
        self.lane.offer(self.arranged.gather(member.placed), member.energy)
        if member.energy < self.best.energy:
            self.best = member

    def anywhere(self) -> Samples:
        """A random state, in slots."""
        return self.arranged.spread(random_bits(self.random, len(self.arranged.slot)))

    def sweeps_left(self) -> int:
        """How many sweeps the rest of the budget is good for: those of a step budget, else by the latest pace."""
        turn = self.lane.turn()
        if turn is None:
            self.over = True
            return 0
        if turn[0] < UNLIMITED:
            return turn[0]
        sweeps, progress = self._marks[0]
        now = self.lane.progress
        pace = (now - progress) / max(1, self.lane.steps - sweeps)
        return int(min(max(0.0, 1 - now) / max(pace, 1e-12), UNLIMITED))

    def end(self) -> None:
        """See that a search without any finished anneal still has a local minimum."""
        if self.best.energy == math.inf:
            self.kernel.descend()
            self.offer(Member(self.kernel.best, self.kernel.best_energy))

    def _run(self) -> None:
        """Work the kernel's plan off, as long as there is budget."""
        kernel, n = self.kernel, len(self.arranged.slot)
        if self.lane.steps == 0:
            self._marks = [(0, self.lane.progress)]
        while kernel.left:
            turn = self.lane.turn()
            if turn is None:
                self.over = True
                return
            done = kernel.run(*turn)
            self.lane.count(done, done * n)
            if kernel.left and kernel.best_energy < self.best.energy < math.inf:
                self.offer(Member(kernel.best, kernel.best_energy))
        self._marks.append((self.lane.steps, self.lane.progress))
        if len(self._marks) > 2 and self._marks[-1][1] - self._marks[1][1] > 0.02:
            del self._marks[0]


def random_bits(random: Random, n: int) -> Samples:
    """[n] bits of splitmix64 from one draw on: the same on every machine."""
    z = np.uint64(random.draw()) + np.arange(1, -(-n // 64) + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    bits: Samples = np.unpackbits(z.astype("<u8").view(np.uint8))[:n]
    return bits
