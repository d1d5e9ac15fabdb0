"""Independent anneals, as samplers take them: each with a start and random numbers of its own."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from qamctl.kernels.anneal import annealer
from qamctl.kernels.anneal.arrange import Arranged, arrange
from qamctl.kernels.anneal.reference import Random
from qamctl.kernels.couplings import Couplings, Floats
from qamctl.qubo.search.annealing.furnace import random_bits
from qamctl.qubo.search.annealing.temperatures import Span, cooling, look, scale_of
from qamctl.qubo.search.base import SLICE, Budget, Found
from qamctl.qubo.search.lanes import KEEP, STRIDE, Lane, run_lanes

#: Seconds that no search sees the end of, where only the number of reads is a limit.
FOREVER = 1e8

#: Sweeps that the look at the temperatures may take: few variables are looked at longer.
LONG = 2000

#: Samples that are kept where time is the limit.
MOST = 4096


def reads(
    model: Couplings,
    *,
    reads: int | None,
    sweeps: int,
    betas: np.ndarray | None = None,
    seed: int,
    initial: np.ndarray | None = None,
    threads: int = 1,
    seconds: float | None = None,
    stop: Callable[[], bool] = lambda: False,
    target: float | None = None,
    taken: Callable[[int, np.ndarray], None] = lambda number, sample: None,
) -> Found:
    """Anneal `reads` times, each on its own; as many times as fit into `seconds` where `reads` is None.

    Parameters
    ----------
    sweeps
        Of each read; 0: the starts themselves.
    betas
        [sweeps] inverse temperatures, in the model's units of energy. The state after the last one is the sample,
        as it is at that temperature. None: from the model, and each read ends in a local minimum.
    initial
        [n] where every other read starts, half as hot; or [k, n] where reads start, in turn.
    target
        Ends the reads as soon as a sample has this energy or less.
    taken
        Called with the number of each read, from 0, and its sample [n], from any thread and in any order. Read k starts
        at row k of `initial`, modulo its rows, with random numbers of its own: its sample depends on nothing else.

    Returns
    -------
    Found
        All distinct samples, as many as there is time for. Unless they are ended early, they depend on the seed alone,
        whatever `threads`.

    Raises
    ------
    ValueError
        Neither `reads` nor `seconds` is given, or `betas` has another length.
    """
    if reads is None and seconds is None:
        raise ValueError("reads or seconds is needed")
    if betas is not None and len(betas) != sweeps:
        raise ValueError(f"{sweeps} sweeps need as many inverse temperatures, not {len(betas)}")
    deadline = None if seconds is None else time.monotonic() + seconds
    arranged = arrange(model)
    if betas is not None:
        with np.errstate(divide="ignore"):
            cold = warm = model.scale / np.asarray(betas, np.float64)
        ends = cold[[0, -1]] if sweeps else np.ones(2)
    else:
        span = _span(arranged, seed, lambda: stop() or (deadline is not None and time.monotonic() >= deadline))
        cold = cooling(span.usual, span.cold, sweeps)
        warm = cooling(max(0.5 * span.usual, span.cold), span.cold, sweeps)
        ends = np.array([span.usual, span.cold])
    numbers, reached = itertools.count(), threading.Event()
    states = None if initial is None else (np.asarray(initial) != 0).astype(np.uint8)

    def begin(number: int, random: Random) -> tuple[np.ndarray, Floats]:
        if states is None or (states.ndim == 1 and number % 2 == 0):
            return random_bits(random, model.n), cold
        return (states, warm) if states.ndim == 1 else (states[number % len(states)], cold)

    def worker(lane: Lane) -> Mapping[str, Any]:
        kernel = annealer(arranged, 0)
        for number in itertools.takewhile(lambda k: reads is None or k < reads, numbers):
            random = Random((seed + number * STRIDE) % 2**64)
            start, temperatures = begin(number, random)
            kernel.seed(random.draw())
            kernel.start(arranged.spread(start))
            kernel.plan(temperatures)
            while kernel.left and not reached.is_set() and (turn := lane.turn()):
                done = kernel.run(*turn)
                lane.count(done, done * model.n)
            if kernel.left and number >= threads:
                break  # the read was cut short
            if betas is None and sweeps:
                kernel.descend()
                sample, energy = arranged.gather(kernel.best), kernel.best_energy
            else:
                sample, energy = arranged.gather(kernel.sample), kernel.energy
            taken(number, sample)
            lane.offer(sample, energy)
            if target is not None and model.energy(sample) <= target:
                reached.set()
            if reached.is_set() or lane.turn() is None:
                break
        return {}

    left = FOREVER if deadline is None else max(0.0, deadline - time.monotonic())
    # The target is not the budget's: a state that the lanes begin with would meet it, and is no read.
    found = run_lanes(
        worker, model, budget=Budget(seconds=left, threads=threads), seed=seed, stop=stop,
        report=lambda sample, energy: None, keep=max(KEEP, MOST if reads is None else reads),
    )  # fmt: skip
    info = {
        "method": "independent reads", "reads": int(found.occurrences.sum()), "sweeps": sweeps,
        "beta_range": tuple((model.scale / ends).tolist()),
    }  # fmt: skip
    return Found(
        found.samples, found.energies, found.occurrences, found.steps, found.attempts, found.curve, info
    )  # fmt: skip


def _span(arranged: Arranged, seed: int, over: Callable[[], bool]) -> Span:
    """The temperatures of a model, by a look of its own."""
    kernel, n = annealer(arranged, seed), len(arranged.slot)
    kernel.start(arranged.spread(random_bits(Random(seed % 2**64), n)))

    def climbs(temperature: float, count: int) -> float | None:
        before = kernel.climbs
        kernel.plan(np.full(count, temperature))
        while kernel.left and not over():
            kernel.run(count, SLICE)
        return None if kernel.left else (kernel.climbs - before) / max(1, count * n)

    return look(scale_of(arranged.model), n, climbs, LONG)
