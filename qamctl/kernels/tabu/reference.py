"""Tabu search, path relinking and breakout in plain numpy: specification, the tests' oracle, and the fallback."""

from __future__ import annotations

import math
import threading
import time

import numpy as np

from qamctl.kernels.couplings import Couplings, Floats, Samples

MASK = 2**64 - 1
NEVER = 2**63 - 1


class TabuSearch:
    """One-flip tabu search; see `qamctl.kernels.tabu.TabuSearch` for the interface.

    What a flip would change (`delta`) is kept for every variable. The free variable with the least one is
    flipped, and held for `tenure` + 0 .. `spread` - 1 steps; a held one too, where that gives a new best.
    tabu.hpp takes the same decisions one by one.
    """

    steps: int
    improved: int
    optima: int
    seen: int
    waited: int
    left: int
    length: int
    optimum: float
    _value: float
    _best_value: float

    def __init__(self, model: Couplings, dense: bool, tenure: int, spread: int, tolerance: float, seed: int) -> None:
        self.model, self.n = model, model.n
        self.block = 128 if dense else 64
        self.blocks = -(-self.n // self.block)
        self.tenure, self.spread, self.tolerance, self.random = tenure, spread, tolerance, seed
        self.patience, self.target = NEVER, -math.inf
        self.shortest, self.strong, self.directed = 1, 1, np.zeros(2)
        self.kind = np.int64 if model.integral else np.float64
        self.busy = threading.Lock()
        self._reset()
        self._begin()

    # ------------------------------------------------------------------ interface

    def start(self, sample: Samples) -> None:
        """Go to `sample`, with an empty tabu list."""
        if len(sample) != self.n:
            raise ValueError("the sample is of another model")
        apart = np.flatnonzero((self.spin < 0) != (np.asarray(sample) != 0))
        if not self.model.integral:  # anew, so that no rounding piles up
            self._reset()
            apart = np.flatnonzero(sample)
        for i in reversed(apart.tolist()):
            self._flip(i)
        self._begin()

    def relink(self, sample: Samples, least: int, most: int, greedy: bool) -> int:
        """Walk towards `sample`, and stay at the best state that is `least` .. `most` flips from here.

        Greedy walks take the best flip of those that lead there, others any (PR1 and PR2 of Wang, Lu, Glover,
        Hao 2012). With fewer than `least` flips to go, the walk ends where it began. The number of flips.
        """
        if len(sample) != self.n:
            raise ValueError("the sample is of another model")
        self._begin()
        apart = np.flatnonzero((self.spin < 0) != (np.asarray(sample) != 0)).tolist()
        self.tabu[:] = True
        self.tabu[apart] = False
        path: list[int] = []
        kept, value, least = 0, self._value, max(1, least)
        for _ in range(min(most, len(apart))):
            if greedy:
                i = self._choose(self._least_free(), False)
            else:
                k = self._below(len(apart))
                i, apart[k] = apart[k], apart[-1]
                apart.pop()
            self.tabu[i] = True
            path.append(i)
            self._flip(i)
            if len(path) >= least and (kept < least or self._value < value):
                kept, value = len(path), self._value
        for i in reversed(path[kept:]):
            self._flip(i)
        self._begin()
        return len(path)

    def run(self, steps: int, seconds: float) -> int:
        """Tabu search for at most `steps` steps and about `seconds`; the steps done."""
        return self._drive(steps, seconds, False)

    def breakout(self, steps: int, seconds: float) -> int:
        """Breakout local search (Benlic, Hao 2013) for at most `steps` steps and about `seconds`; the steps done."""
        return self._drive(steps, seconds, True)

    def limit(self, patience: int, target: float) -> None:
        """`run` and `breakout` end after `patience` steps without improvement, and once `best_value` <= `target`."""
        self.patience, self.target = patience, target

    def adapt(self, shortest: int, strong: int, directed: Floats) -> None:
        """Perturbations of `breakout`: from `shortest` to `strong` flips.

        directed[k] is how likely the tabu list directs one, after k local optima without improvement; after
        len(directed) - 1 of them a random one of `strong` flips follows.
        """
        self.shortest, self.strong, self.directed = shortest, strong, directed

    @property
    def value(self) -> float:
        """Of the present state: the sum of the model's coefficients."""
        return float(self._value)

    @property
    def best_value(self) -> float:
        """The least since `start` or `relink`."""
        return float(self._best_value)

    @property
    def sample(self) -> Samples:
        """[n] the present state."""
        return (self.spin < 0).astype(np.uint8)

    @property
    def best_sample(self) -> Samples:
        """[n] the best state since `start` or `relink`."""
        return self.best.copy()

    # ------------------------------------------------------------------ the loop

    def _drive(self, count: int, seconds: float, breakout: bool) -> int:
        if not self.busy.acquire(blocking=False):
            raise RuntimeError("this TabuSearch is already running in another thread")
        try:
            begun, done = time.monotonic(), 0
            while self.n and done < count and self._best_value > self.target:
                if self.steps - self.improved >= self.patience:
                    break
                i = self._broken_out() if breakout else self._free_or_better()
                self.steps += 1
                self._hold(i)
                self._flip(i)
                done += 1
                if self._value < self._best_value - self.tolerance:
                    self._best_value, self.improved = self._value, self.steps
                    self.best = self.sample
                if time.monotonic() - begun >= seconds:
                    break
            return done
        finally:
            self.busy.release()

    def _free_or_better(self) -> int:
        free, least = self._least_free(), self.delta.min().item()
        better = least < free and self._value + least < self._best_value - self.tolerance
        return self._choose(least if better else free, better)

    def _broken_out(self) -> int:
        """Down to a local optimum, then a perturbation: directed or random, longer where it fell back."""
        if self.left == 0:
            least = self.delta.min().item()
            if least < -self.tolerance:
                return self._choose(least, True)
            self.optima += 1
            self.waited = 0 if self.improved > self.seen else self.waited + 1
            self.seen = self.steps
            self.length = self.length + 1 if self._value == self.optimum else self.shortest
            self.optimum = self._value
            self.left = self.length
            self.aimed = (self._draw() >> 11) * 2.0**-53 < self.directed[self.waited]
            if self.waited == len(self.directed) - 1:
                self.left, self.waited, self.aimed = self.strong, 0, False
            self.length = min(self.length, self.strong)
        self.left -= 1
        return self._free_or_better() if self.aimed else self._below(self.n)

    # ------------------------------------------------------------------ memory

    def _reset(self) -> None:
        """All variables 0."""
        self.delta = self.model.linear.astype(self.kind)
        self.spin = np.ones(self.n, self.kind)
        self._value = 0 if self.model.integral else 0.0

    def _begin(self) -> None:
        """A search from here on, with an empty tabu list."""
        self.tabu = np.zeros(self.n, bool)
        self.until: dict[int, int] = {}
        self._best_value, self.best = self._value, self.sample
        self.steps = self.improved = self.optima = self.seen = self.waited = self.left = 0
        self.length, self.optimum, self.aimed = self.shortest, math.inf, False

    def _hold(self, i: int) -> None:
        """`i` is tabu from now on; those whose time is over are not."""
        self.until[i] = self.steps + self.tenure + self._below(self.spread)
        self.tabu[i] = True
        for k in [k for k, end in self.until.items() if end <= self.steps]:
            self.tabu[k] = False
            del self.until[k]

    def _flip(self, i: int) -> None:
        turned = self.spin[i]
        self._value += self.delta[i].item()
        self.spin[i], self.delta[i] = -turned, -self.delta[i]
        row = slice(self.model.first[i], self.model.first[i + 1])
        other = self.model.other[row]
        self.delta[other] += self.model.weight[row] * (self.spin[other] * turned)

    # ------------------------------------------------------------------ choice

    def _least_free(self) -> float:
        free = self.delta[~self.tabu]
        return float(free.min()) if len(free) else math.inf

    def _choose(self, wanted: float, held: bool) -> int:
        """The first variable with this delta, from a random block and a random lane in it on; free, if not `held`."""
        if wanted == math.inf:
            return self._below(self.n)  # every variable is tabu
        equal = np.flatnonzero((self.delta == wanted) & (held | ~self.tabu))
        block, begin = equal // self.block, self._below(self.blocks)
        after = (block - begin) % self.blocks
        lane = equal[after == after.min()] % self.block
        begin = self._below(self.block)
        nearest: int = equal[after == after.min()][np.argmin((lane - begin) % self.block)].item()
        return nearest

    def _draw(self) -> int:
        """The next number of splitmix64."""
        self.random = z = (self.random + 0x9E3779B97F4A7C15) & MASK
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
        return z ^ (z >> 31)

    def _below(self, n: int) -> int:
        """An integer of 0 .. n - 1."""
        return (self._draw() >> 32) * n >> 32
