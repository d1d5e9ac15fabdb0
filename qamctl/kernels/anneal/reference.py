"""Annealing in plain numpy: specification, the tests' oracle, and what runs where no compiler was.

A sweep goes through the slots in blocks of 32. A block draws 32 thresholds that follow each other in a table of
-log(u), from a random place on; slot after slot is flipped where what that costs is at most temperature times
threshold: the Metropolis rule, with the flips before taken into account.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from qamctl.kernels.anneal.arrange import BLOCK, PLACES, Arranged
from qamctl.kernels.couplings import Floats, Samples

MASK = 2**64 - 1


class Random:
    """splitmix64 (Steele, Lea, Flood 2014)."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def draw(self) -> int:
        """64 random bits."""
        self.state = z = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, n: int) -> int:
        """An integer of 0 .. n - 1."""
        return ((self.draw() >> 32) * n) >> 32


class Walker:
    """One state of a model in slots, with the field of every slot: the change of energy were it set from 0 to 1.

    `sign` turns a field into the change of energy by a flip: 1 at 0, -1 at 1.
    """

    def __init__(self, arranged: Arranged) -> None:
        model = self.model = arranged.model
        self.arranged, self.block, self.flips, self.climbs = arranged, 0, 0, 0
        self.kind = np.int64 if model.integral else np.float64
        # Integers are judged in single precision, others in double.
        self.judge: Any = np.float32 if model.integral else np.float64
        self.threshold: np.ndarray = arranged.threshold.astype(self.judge)
        # By block: the slots that hold a variable.
        held = (arranged.open[:, None] >> np.arange(BLOCK, dtype=np.uint32)) & 1
        self.held = held.astype(bool).ravel()[: model.n]
        self.first = model.first.tolist()
        self.start(np.zeros(model.n, np.uint8))

    def start(self, sample: Samples) -> None:
        """Go to a sample."""
        if len(sample) != self.model.n:
            raise ValueError("a sample has the wrong size")
        self.field = self.model.linear.astype(self.kind)
        self.sign = np.ones(self.model.n, self.kind)
        self.energy: float = 0
        self.block = 0
        for j in np.flatnonzero(sample).tolist():
            self.flip(j)

    def flip(self, j: int) -> float:
        """Flip a slot; the change of energy."""
        change: float = (self.field[j] * self.sign[j]).item()
        self.energy += change
        a, b = self.first[j], self.first[j + 1]
        self.field[self.model.other[a:b]] += self.model.weight[a:b] * self.sign[j]
        self.sign[j] = -self.sign[j]
        return change

    def sweep(self, random: Random, temperature: float, late: Callable[[], bool]) -> bool:
        """Go on with a sweep; whether it was completed before it was too late."""
        n, t = self.model.n, self.judge(temperature)
        while self.block * BLOCK < n:
            begin = self.block * BLOCK
            end = min(n, begin + BLOCK)
            place = random.draw() >> (64 - PLACES)
            limit = t * self.threshold[place : place + end - begin]
            self.block += 1
            j = begin
            while True:
                change = (self.field[j:end] * self.sign[j:end]).astype(self.judge)
                hit = (change <= limit[j - begin :]) & self.held[j:end]
                at = int(hit.argmax())
                if not hit[at]:
                    break
                self.flips += 1
                self.climbs += self.flip(j + at) > 0
                j += at + 1
                if j == end:
                    break
            if self.block * BLOCK < n and late():
                return False
        self.block = 0
        return True

    def descend(self) -> None:
        """Flip whatever lowers the energy, in the order of the slots, until nothing does."""
        moved = True
        while moved:
            moved = False
            j = 0
            while j < self.model.n:
                better = self.field[j:] * self.sign[j:] <= -self.arranged.least
                at = int(better.argmax())
                if not better[at]:
                    break
                self.flip(j + at)
                moved = True
                j += at + 1

    @property
    def sample(self) -> Samples:
        """The state."""
        return (self.sign < 0).astype(np.uint8)


class Clusters:
    """Parts in which two states differ: what is coupled through differing slots belongs together.

    Where a state's complement is as good, the nearer one of the two is compared.
    """

    def __init__(self, walker: Walker, sample: np.ndarray) -> None:
        self.model = walker.model
        differs = (walker.sample != (np.asarray(sample) != 0)) & walker.held
        self.held = int(walker.held.sum())
        if walker.arranged.symmetric and 2 * int(differs.sum()) > self.held:
            differs = ~differs & walker.held
        self.differing = int(differs.sum())
        self.differs: list[bool] = differs.tolist()

    def take(self, j: int) -> list[int]:
        """The cluster of slot j, in the order in which it is found; its slots differ no more."""
        first, other = self.model.first, self.model.other
        member = [j]
        self.differs[j] = False
        for v in member:
            for k in other[first[v] : first[v + 1]].tolist():
                if self.differs[k]:
                    self.differs[k] = False
                    member.append(k)
        return member

    def all(self) -> Iterator[list[int]]:
        """Every cluster, by its first slot."""
        for j in range(self.model.n):
            if self.differs[j]:
                yield self.take(j)


class Alone:
    """Refuses a second thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        if not self._lock.acquire(blocking=False):
            raise RuntimeError("this search is already running in another thread")
        try:
            yield
        finally:
            self._lock.release()


class Annealer:
    """Simulated annealing (Kirkpatrick, Gelatt, Vecchi 1983); annealer.hpp takes the same decisions one by one.

    Attributes
    ----------
    left
        Sweeps of the plan that are still to be done.
    energy, sample
        Of the current state.
    best_energy, best
        Of the best state since the last `start`, as far as seen at the ends of sweeps, descents and crossings.
    flips, climbs
        Variables flipped by sweeps, and those among them that raised the energy.
    """

    def __init__(self, arranged: Arranged, seed: int) -> None:
        self._walker, self._random, self._alone = Walker(arranged), Random(seed), Alone()
        self._arranged = arranged
        self._temperatures: Floats = np.zeros(0)
        self._at = 0
        self._record()

    def seed(self, seed: int) -> None:
        """Begin the random numbers anew."""
        self._random = Random(seed)

    def start(self, sample: Samples) -> None:
        """Go to a sample, which is the best from now on."""
        with self._alone():
            self._walker.start(sample)
            self._record()

    def plan(self, temperatures: Floats) -> None:
        """Set the temperature of each sweep to come, in the kernels' units of energy."""
        self._temperatures, self._at = np.array(temperatures, np.float64), 0

    def run(self, sweeps: int, seconds: float) -> int:
        """Carry on with the plan for at most `sweeps` sweeps and about `seconds`; the sweeps completed."""
        with self._alone():
            until, done = time.monotonic() + seconds, 0

            def late() -> bool:
                return time.monotonic() >= until

            while done < sweeps and self.left:
                if self._walker.sweep(self._random, self._temperatures[self._at], late):
                    done += 1
                    self._at += 1
                    self._compare()
                if late():
                    break
            return done

    def descend(self) -> None:
        """Flip whatever lowers the energy until nothing does."""
        with self._alone():
            self._walker.descend()
            self._compare()

    def cross(self, sample: Samples) -> tuple[int, int, int, int]:
        """Take over every cluster of `sample` that does not raise the energy; of those that leave it, half.

        Returns
        -------
        Slots that differed, clusters, slots of the largest, clusters taken over.
        """
        if len(sample) != self._arranged.slots:
            raise ValueError("a sample has the wrong size")
        with self._alone():
            walker, clusters = self._walker, Clusters(self._walker, sample)
            count = largest = taken = 0
            for cluster in clusters.all():
                count += 1
                largest = max(largest, len(cluster))
                before = walker.energy
                for j in cluster:
                    walker.flip(j)
                change, least = walker.energy - before, self._arranged.least
                if change <= -least or (change < least and self._random.draw() >> 63):
                    taken += 1
                    continue
                for j in cluster:
                    walker.flip(j)
                walker.energy = before
            self._compare()
            return clusters.differing, count, largest, taken

    @property
    def left(self) -> int:
        return len(self._temperatures) - self._at

    @property
    def energy(self) -> float:
        return float(self._walker.energy)

    @property
    def sample(self) -> Samples:
        return self._walker.sample

    @property
    def flips(self) -> int:
        return self._walker.flips

    @property
    def climbs(self) -> int:
        return self._walker.climbs

    def _compare(self) -> None:
        if self._walker.energy < self.best_energy:
            self._record()

    def _record(self) -> None:
        self.best_energy, self.best = float(self._walker.energy), self._walker.sample
