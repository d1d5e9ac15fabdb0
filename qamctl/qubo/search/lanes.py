"""Independent searches side by side, one a thread, that share the best samples, the budget and the end."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from qamctl.kernels.couplings import Couplings
from qamctl.qubo.search.base import SLICE, Budget, Found

#: How many distinct samples are kept, unless a search asks for another number.
KEEP = 32

#: Apart as the increments of splitmix64: the seeds of lanes have nothing in common.
STRIDE = 0x9E3779B97F4A7C15


class Worker(Protocol):
    """What one lane does: turns of a kernel until the lane's `turn` is None; gives figures for `Found.info`."""

    def __call__(self, lane: Lane) -> Mapping[str, Any]: ...


class Lane:
    """One lane's view of the search.

    A worker is a loop ``while turn := lane.turn(): done = kernel.run(*turn); lane.count(done, attempts)`` that
    hands good samples to `offer`.

    Attributes
    ----------
    index
        From 0; lane 0 runs in the caller's thread, and is alone under a step budget.
    seed
        The lane's own, 0 <= seed < 2^64.
    initial
        [n] the warm start, in lane 0 alone: the others explore; None where there is none.
    """

    def __init__(self, shared: _Shared, index: int, seed: int, initial: np.ndarray | None) -> None:
        self.index, self.seed, self.initial = index, seed, initial
        self._shared = shared
        self.steps = self.attempts = 0

    def turn(self, seconds: float = SLICE) -> tuple[int, float] | None:
        """The steps and seconds that a kernel may take now; None when the search is over."""
        return self._shared.turn(self, seconds)

    def count(self, steps: int, attempts: int) -> None:
        """Enter what a kernel did."""
        self.steps += steps
        self.attempts += attempts

    def offer(self, sample: np.ndarray, total: float, occurrences: int = 1) -> bool:
        """Hand in a sample; whether it is better than every lane's so far.

        Parameters
        ----------
        sample
            [n] 0 and 1; copied.
        total
            The kernel's sum of the coefficients: (energy - offset) * scale.
        """
        return self._shared.offer(sample, total, occurrences)

    @property
    def timed(self) -> bool:
        """Whether seconds end the search; if not, nothing may depend on when a turn ended."""
        return self._shared.budget.seconds is not None

    def improves(self, total: float) -> bool:
        """Whether a kernel's sum is less than that of the best sample of all lanes."""
        return self._shared.energy(total) < self._shared.least

    @property
    def best(self) -> tuple[np.ndarray, float]:
        """A copy of the best sample of all lanes, and its energy."""
        return self._shared.best()

    @property
    def progress(self) -> float:
        """How much of the budget is used, 0 .. 1."""
        return self._shared.progress(self)


class _Shared:
    """What lanes have in common; safe to use from several threads."""

    def __init__(
        self,
        model: Couplings,
        budget: Budget,
        stop: Callable[[], bool],
        report: Callable[[np.ndarray, float], None],
        keep: int,
        begin: float | None,
    ) -> None:
        self.model, self.budget, self.stop, self.report, self.keep = model, budget, stop, report, keep
        self.begin = budget.clock() if begin is None else begin
        self.reserve = 0.0  # seconds that the last look at the energies takes
        self.over = False
        self.curve: list[tuple[float, float]] = []
        self.pool: dict[bytes, tuple[float, int]] = {}
        self.worst = math.inf  # the highest energy that a full pool still takes
        self.champion = np.zeros(model.n, np.uint8), math.inf
        self.lock = threading.Lock()
        self.telling = threading.Lock()
        self.told = math.inf  # the least energy reported

    def turn(self, lane: Lane, seconds: float) -> tuple[int, float] | None:
        if lane.index == 0 and not self.over and self.stop():
            self.over = True
        if self.over:
            return None
        if self.budget.seconds is None:
            left = (self.budget.steps or 0) - lane.steps
            return (left, seconds) if left > 0 else None
        remaining = self.budget.seconds - self.reserve - (self.budget.clock() - self.begin)
        return (2**40, min(seconds, remaining)) if remaining > 0 else None

    def progress(self, lane: Lane) -> float:
        if self.budget.seconds is None:
            return min(1.0, lane.steps / max(1, self.budget.steps or 0))
        return min(1.0, (self.budget.clock() - self.begin) / max(1e-9, self.budget.seconds - self.reserve))

    def best(self) -> tuple[np.ndarray, float]:
        with self.lock:
            return self.champion[0].copy(), self.champion[1]

    def offer(self, sample: np.ndarray, total: float, occurrences: int) -> bool:
        energy = self.energy(total)
        if energy > self.worst:
            return False
        return self.enter(sample, energy if self.model.exact else self.model.energy(sample), occurrences)

    def energy(self, total: float) -> float:
        model, energy = self.model, total / self.model.scale
        return math.fsum([model.offset, energy]) if model.offset else energy

    @property
    def least(self) -> float:
        return self.champion[1]

    def enter(self, sample: np.ndarray, energy: float, occurrences: int) -> bool:
        key = np.packbits(np.asarray(sample) != 0).tobytes()
        with self.lock:
            _, met = self.pool.get(key, (energy, 0))
            self.pool[key] = energy, met + occurrences
            if len(self.pool) >= 2 * self.keep:
                ranked = sorted(self.pool.items(), key=lambda item: (item[1][0], item[0]))
                self.pool = dict(ranked[: self.keep])
                self.worst = ranked[self.keep - 1][1][0]
            if energy >= self.champion[1]:
                return False
            self.champion = (np.array(sample, np.uint8), energy)
            self.curve.append((0.0 if self.budget.seconds is None else self.budget.clock() - self.begin, energy))
            if self.budget.target is not None and energy <= self.budget.target:
                self.over = True
        with self.telling:  # outside the lock: a slow listener holds nobody up who has nothing to tell
            if energy < self.told:  # another lane may have been first with a better one
                self.told = energy
                self.report(np.array(sample, np.uint8), energy)
        return True

    def found(self, steps: int, attempts: int, info: Mapping[str, Any]) -> Found:
        """The samples kept, their energies computed anew; as many as there is time for, the best always."""
        model = self.model
        ranked = sorted(self.pool.items(), key=lambda item: (item[1][0], item[0]))[: self.keep]
        ranked = [entry for entry in ranked if entry[1][1]] or ranked
        samples: list[np.ndarray] = []
        energies: list[float] = []
        met: list[int] = []
        for key, (_, occurrences) in ranked:
            seconds = self.budget.seconds
            if samples and seconds is not None and self.budget.clock() - self.begin + self.reserve > seconds + SLICE:
                break
            bits = np.unpackbits(np.frombuffer(key, np.uint8), count=model.n)
            samples.append(bits)
            energies.append(model.energy(bits))
            met.append(max(1, occurrences))
        order = np.argsort(energies, kind="stable")
        return Found(
            np.array(samples, np.uint8).reshape(len(samples), model.n)[order],
            np.array(energies, np.float64)[order],
            np.array(met, np.int64)[order],
            steps, attempts, tuple(self.curve), info,
        )  # fmt: skip


def run_lanes(
    worker: Worker,
    model: Couplings,
    *,
    budget: Budget,
    seed: int,
    stop: Callable[[], bool],
    report: Callable[[np.ndarray, float], None],
    initial: np.ndarray | None = None,
    keep: int = KEEP,
    begin: float | None = None,
) -> Found:
    """Run `worker` in `budget.threads` lanes, and give what they found together.

    Under a step budget there is one lane, so that the result does not depend on the number of threads.

    Parameters
    ----------
    keep
        How many distinct samples are wanted.
    begin
        The reading of the budget's clock from which its seconds count; None: now.

    Raises
    ------
    Exception
        What a lane raised, after the others were told to end.
    """
    shared = _Shared(model, budget, stop, report, keep, begin)
    start = np.zeros(model.n, np.uint8) if initial is None else (np.asarray(initial) != 0).astype(np.uint8)
    before = budget.clock()
    energy = model.energy(start)
    shared.reserve = budget.clock() - before
    # Nobody asked for all zeros, but where they meet the target they are an answer.
    met = budget.target is not None and energy <= budget.target
    shared.enter(start, energy, 1 if initial is not None or met else 0)
    threads = 1 if budget.seconds is None else max(1, budget.threads)
    lanes = [
        Lane(shared, k, (seed + k * STRIDE) % 2**64, None if k or initial is None else start) for k in range(threads)
    ]
    info: dict[str, Any] = {}
    if model.n:
        info = dict(_run(worker, lanes, shared))
    return shared.found(sum(lane.steps for lane in lanes), sum(lane.attempts for lane in lanes), info)


def _run(worker: Worker, lanes: list[Lane], shared: _Shared) -> Mapping[str, Any]:
    """Lane 0 here, where Ctrl-C arrives; the others in threads of their own. The info of lane 0."""
    faults: list[BaseException] = []

    def guarded(lane: Lane) -> None:
        try:
            worker(lane)
        except BaseException as fault:
            faults.append(fault)
            shared.over = True

    threads = [threading.Thread(target=guarded, args=(lane,), name=f"lane-{lane.index}") for lane in lanes[1:]]
    for thread in threads:
        thread.start()
    ended = False
    try:
        info = worker(lanes[0])
        ended = True
    finally:
        # Under a time budget every lane ends by itself; where lane 0 was interrupted, nobody carries on.
        shared.over = shared.over or not ended
        for thread in threads:
            while thread.is_alive():  # lane 0 may have ended first: who asks to stop is still listened to
                thread.join(SLICE)
                shared.over = shared.over or shared.stop()
    if faults:
        raise faults[0]
    return info
