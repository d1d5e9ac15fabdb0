"""Parallel tempering with cluster moves in plain numpy: the specification of tempering.hpp, and its fallback."""

from __future__ import annotations

import time

import numpy as np

from qamctl.kernels.anneal.arrange import PLACES, Arranged
from qamctl.kernels.anneal.reference import Alone, Clusters, Random, Walker
from qamctl.kernels.couplings import Floats, Ints, Samples

#: Replicas at each temperature.
COPIES = 2


class Tempering:
    """Replica exchange (Geyer 1991; Hukushima, Nemoto 1996) with isoenergetic cluster moves.

    In a round every replica does a sweep at the temperature of its level. Then the two replicas of each level swap
    one of the clusters in which they differ, which leaves the sum of their energies (Houdayer 2001; Zhu, Ochoa,
    Katzgraber 2015) - not where more than half differs, for then clusters span the model. Last, neighbouring levels
    exchange their replicas with probability min(1, exp((1/T - 1/T') (E - E'))), even pairs and odd pairs in turn.

    Attributes
    ----------
    energies
        [2 levels] of replica 2 t + c: copy c at level t.
    best_energy, best
        Of the best state since the beginning, as far as seen at the ends of sweeps and cluster moves.
    tried, taken
        [levels - 1] exchanges between each level and the next.
    sweeps, clusters
        Sweeps of single replicas, and cluster moves.
    """

    def __init__(self, arranged: Arranged, temperatures: Floats, seed: int) -> None:
        if len(temperatures) == 0:
            raise ValueError("a ladder needs a temperature")
        self._arranged, self._random, self._alone = arranged, Random(seed), Alone()
        self._temperatures = np.array(temperatures, np.float64).tolist()
        self._walkers = [Walker(arranged) for _ in range(COPIES * len(temperatures))]
        self.tried: Ints = np.zeros(len(temperatures) - 1, np.int64)
        self.taken: Ints = np.zeros(len(temperatures) - 1, np.int64)
        self.sweeps = self.clusters = self._rounds = self._at = 0
        self._record(self._walkers[0])

    def start(self, replica: int, sample: Samples) -> None:
        """Set the state of a replica."""
        if not 0 <= replica < len(self._walkers):
            raise ValueError("no such replica")
        with self._alone():
            self._walkers[replica].start(sample)
            self._compare(self._walkers[replica])

    def heat(self, temperatures: Floats) -> None:
        """Set the temperatures of the levels."""
        if len(temperatures) != len(self._temperatures):
            raise ValueError("a ladder keeps its length")
        self._temperatures = np.array(temperatures, np.float64).tolist()

    def run(self, rounds: int, seconds: float) -> int:
        """Carry on for at most `rounds` rounds and about `seconds`; the rounds completed."""
        with self._alone():
            until, done = time.monotonic() + seconds, 0

            def late() -> bool:
                return time.monotonic() >= until

            while done < rounds:
                walker = self._walkers[self._at]
                if walker.sweep(self._random, self._temperatures[self._at // COPIES], late):
                    self.sweeps += 1
                    self._compare(walker)
                    self._at += 1
                    if self._at == len(self._walkers):
                        self._at = 0
                        for t in range(len(self._temperatures)):
                            self._exchange_cluster(self._walkers[COPIES * t], self._walkers[COPIES * t + 1])
                        self._exchange_levels()
                        done += 1
                        self._rounds += 1
                if late():
                    break
            return done

    def sample(self, replica: int) -> Samples:
        """The state of a replica."""
        if not 0 <= replica < len(self._walkers):
            raise ValueError("no such replica")
        return self._walkers[replica].sample

    @property
    def energies(self) -> Floats:
        return np.array([walker.energy for walker in self._walkers], np.float64)

    def _exchange_cluster(self, a: Walker, b: Walker) -> None:
        clusters = Clusters(a, b.sample)
        chosen = self._random.below(max(1, clusters.differing))
        if clusters.differing == 0 or 2 * clusters.differing > clusters.held:
            return
        seed = int(np.flatnonzero(clusters.differs)[chosen])
        for j in clusters.take(seed):
            a.flip(j)
            b.flip(j)
        self.clusters += 1
        self._compare(a)
        self._compare(b)

    def _exchange_levels(self) -> None:
        ladder, walkers = self._temperatures, self._walkers
        for t in range(self._rounds % 2, len(ladder) - 1, 2):
            for c in range(COPIES):
                one, two = COPIES * t + c, COPIES * (t + 1) + c
                gain = (1 / ladder[t] - 1 / ladder[t + 1]) * float(walkers[one].energy - walkers[two].energy)
                self.tried[t] += 1
                if -gain > float(self._arranged.threshold[self._random.draw() >> (64 - PLACES)]):
                    continue
                self.taken[t] += 1
                walkers[one], walkers[two] = walkers[two], walkers[one]

    def _compare(self, walker: Walker) -> None:
        if walker.energy < self.best_energy:
            self._record(walker)

    def _record(self, walker: Walker) -> None:
        self.best_energy, self.best = float(walker.energy), walker.sample
