"""Tabu search as a dimod sampler: takes the place of tabu.TabuSampler."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import dimod
import numpy as np
from dimod.core.initialized import Initialized
from dimod.core.sampler import Sampler

from qamctl.kernels.couplings import Couplings
from qamctl.qubo.search import tabu
from qamctl.qubo.search.base import Budget, Found
from qamctl.samplers.bqm import (
    LEAST,
    Timing,
    checked,
    couplings_of,
    energy_of,
    positive,
    sample_set,
    seed_of,
    starts,
    stopper,
)
from qamctl.samplers.descent import searched
from qamctl.samplers.multistart import multistart

PARAMETERS = (
    "initial_states", "initial_states_generator", "num_reads", "seed", "tenure", "timeout", "num_restarts",
    "energy_threshold", "interrupt_function", "time_limit", "threads", "target_energy",
)  # fmt: skip

#: Restarts that no search comes to: the default of dwave-samplers, which stands for "until the timeout".
RESTARTS = 1_000_000


class TabuSampler(Sampler, Initialized):
    """One-flip tabu search.

    The parameters of `dwave.samplers.TabuSampler` mean here what they mean there. Where neither `tenure` nor
    `num_restarts` is given, each read is the search of `qamctl solve --backend tabu`: tabu search with path
    relinking between elite samples, or breakout local search, as suits the model. Otherwise it is multistart tabu
    search. `time_limit`, `threads`, `interrupt_function` and `target_energy` are new.
    """

    def __init__(self) -> None:
        self._parameters: dict[str, Any] = {name: [] for name in PARAMETERS}
        self._properties: dict[str, Any] = {}

    @property
    def parameters(self) -> dict[str, Any]:
        """Keywords of `sample`, each with the properties that it depends on."""
        return self._parameters

    @property
    def properties(self) -> dict[str, Any]:
        """What else there is to know."""
        return self._properties

    def sample(
        self,
        bqm: dimod.BinaryQuadraticModel,
        initial_states: Any = None,
        initial_states_generator: str = "random",
        num_reads: int | None = None,
        seed: int | None = None,
        tenure: int | None = None,
        timeout: float | None = 20,
        num_restarts: int = RESTARTS,
        energy_threshold: float | None = None,
        *,
        interrupt_function: Callable[[], bool] | None = None,
        time_limit: float | None = None,
        threads: int = 1,
        target_energy: float | None = None,
        **kwargs: Any,
    ) -> dimod.SampleSet:
        """Samples of a binary quadratic model, one a read, energies as the model gives them.

        Parameters
        ----------
        bqm
            SPIN or BINARY, any labels.
        initial_states, initial_states_generator
            Where reads start, and how the missing ones are made: "none", "tile" or "random".
        num_reads
            Searches; as many as initial states by default, else 1.
        seed
            None: by chance, told in `info`. Time ends the reads: equal seeds need not give equal samples, unless
            `num_restarts` ends them first.
        tenure
            Steps for which a flipped variable is held, 0 .. variables - 1.
        timeout
            Milliseconds of each read; None: without a limit.
        num_restarts
            Searches that follow the first of a read; 0: none.
        energy_threshold, target_energy
            A read ends as soon as it has a sample of this energy or less; two names of one thing.
        interrupt_function
            Asked about fifty times a second; True ends the search, and what there is comes back.
        time_limit
            Wall seconds of the whole call, in place of `timeout`: what the conversion of the model leaves is divided
            among the reads. Reads for which no time is left are not made; the first always is, and gives a local
            minimum at least.
        threads
            Cores to use: reads side by side.

        Returns
        -------
        dimod.SampleSet
            With a column `num_restarts`. `info`: seed, method, steps (flips), attempts, timing.

        Raises
        ------
        TypeError, ValueError
            A parameter makes no sense.
        """
        bqm, timing = checked(bqm), Timing()
        self.remove_unknown_kwargs(**kwargs)
        seed, stop, threads = seed_of(seed), stopper(interrupt_function), positive("threads", threads, int)
        if energy_threshold is not None and target_energy is not None:
            raise ValueError("'energy_threshold' and 'target_energy' are two names of one thing: give one")
        target = energy_of("target_energy", target_energy)
        if energy_threshold is not None:
            target = energy_of("energy_threshold", energy_threshold)
        seconds = float("inf") if timeout is None else positive("timeout", timeout) / 1000
        limit = float("inf") if time_limit is None else positive("time_limit", time_limit)
        _whole("tenure", 0 if tenure is None else tenure, max(1, len(bqm)))
        _whole("num_restarts", num_restarts, 2**63)
        model, labels = couplings_of(bqm)
        initial, reads = starts(self, bqm, labels, num_reads, initial_states, initial_states_generator, seed)
        timing.mark()
        left = timing.left(limit)
        if time_limit is not None:
            seconds = share(left, reads, threads)
        plain = tenure is None and num_restarts == RESTARTS and seconds < float("inf")
        one = _searched if plain else partial(multistart, tenure=tenure, restarts=int(num_restarts))
        seeds = np.random.default_rng(seed).integers(2**63, size=reads).tolist()
        began = time.monotonic()

        def read(k: int) -> tuple[Found, int] | None:
            if k and (stop() or time.monotonic() - began >= left):
                return None
            given = None if initial is None else initial[k]
            found, count = one(model, given, seeds[k], seconds=seconds, target=target, stop=stop)
            return searched(model, found), count

        if threads > 1 and reads > 1:
            with ThreadPoolExecutor(min(threads, reads)) as pool:
                done = list(pool.map(read, range(reads)))
        else:
            done = [read(k) for k in range(reads)]
        taken = [each for each in done if each is not None]
        timing.mark()
        found = _joined([each for each, _ in taken])
        restarts = np.array([count for _, count in taken])
        return sample_set(bqm, labels, found, {"seed": seed}, timing, num_restarts=restarts)


def share(seconds: float, reads: int, threads: int) -> float:
    """Wall seconds of each of several reads, which so many threads take turns to make, in a time for all of them."""
    return max(LEAST, seconds / -(-reads // threads))


def _whole(name: str, value: Any, limit: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 0 <= value < limit:
        raise ValueError(f"{name!r} must be an integer of 0 .. {limit - 1}: {value!r}")


def _searched(
    model: Couplings,
    initial: np.ndarray | None,
    seed: int,
    *,
    seconds: float,
    target: float | None,
    stop: Callable[[], bool],
) -> tuple[Found, int]:
    """A read by the search of the engine `tabu`, and how often that restarted."""
    found = tabu.search(model, budget=Budget(seconds=seconds, target=target), seed=seed, stop=stop, initial=initial)
    return found, int(found.info.get("restarts", 0))


def _joined(reads: list[Found]) -> Found:
    """The best sample of each read, in the order of the reads."""
    return replace(
        reads[0],
        samples=np.stack([read.samples[0] for read in reads]),
        energies=np.array([read.energies[0] for read in reads]),
        occurrences=np.ones(len(reads), np.int64),
        steps=sum(read.steps for read in reads),
        attempts=sum(read.attempts for read in reads),
    )
