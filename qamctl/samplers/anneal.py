"""Simulated annealing as a dimod sampler: takes the place of neal.SimulatedAnnealingSampler."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import dimod
import numpy as np
from dimod.core.initialized import Initialized
from dimod.core.sampler import Sampler

from qamctl.qubo.search import anneal
from qamctl.qubo.search.base import Budget, Found
from qamctl.samplers.bqm import (
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
from qamctl.samplers.schedule import TYPES, schedule

PARAMETERS = (
    "beta_range", "num_reads", "num_sweeps", "num_sweeps_per_beta", "beta_schedule_type", "seed", "interrupt_function",
    "beta_schedule", "initial_states", "initial_states_generator", "time_limit", "threads", "target_energy",
)  # fmt: skip


class AnnealSampler(Sampler, Initialized):
    """Simulated annealing (Kirkpatrick, Gelatt, Vecchi 1983) by Metropolis sweeps.

    The parameters of `dwave.samplers.SimulatedAnnealingSampler` mean here what they mean there; the default
    temperatures are the model's, by our own reckoning. `time_limit`, `threads` and `target_energy` are new.
    """

    def __init__(self) -> None:
        self._parameters: dict[str, Any] = {name: [] for name in PARAMETERS} | {
            "beta_schedule_type": ["beta_schedule_options"]
        }
        self._properties: dict[str, Any] = {"beta_schedule_options": TYPES}

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
        beta_range: Sequence[float] | None = None,
        num_reads: int | None = None,
        num_sweeps: int | None = None,
        num_sweeps_per_beta: int = 1,
        beta_schedule_type: str = "geometric",
        seed: int | None = None,
        interrupt_function: Callable[[], bool] | None = None,
        beta_schedule: Any = None,
        initial_states: Any = None,
        initial_states_generator: str = "random",
        *,
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
        beta_range
            (hottest, coldest) inverse temperatures; None: from the model.
        num_reads
            Annealings, a row each in their order; as many as initial states by default, else 1. Row i comes from
            initial state i. Where the search is ended early, the rows of reads that were not made are missing.
        num_sweeps, num_sweeps_per_beta
            Of each read, 1,000 by default; and how many of them at one temperature.
        beta_schedule_type, beta_schedule
            "geometric", "linear", or "custom" with the inverse temperatures in `beta_schedule`.
        seed
            Equal seeds give equal samples unless time ends the search; None: by chance, told in `info`.
        interrupt_function
            Asked about fifty times a second; True ends the search, and what there is comes back.
        initial_states, initial_states_generator
            Where reads start, and how the missing ones are made: "none", "tile" or "random".
        time_limit
            Wall seconds of the whole call, in place of reads where their number is not given: then distinct samples
            come back, best first, with their occurrences. Where nothing is said about sweeps and temperatures either,
            the time goes into the annealing search of `qamctl solve --backend anneal`, whose best samples come back.
            However much of it the conversion of the model took, one sample at least comes back.
        threads
            Cores to use.
        target_energy
            Ends the search as soon as a sample has this energy or less.

        Returns
        -------
        dimod.SampleSet
            `info`: seed, method, steps (sweeps), attempts, beta_range, beta_schedule_type, timing.

        Raises
        ------
        TypeError, ValueError
            A parameter makes no sense.
        """
        bqm, timing = checked(bqm), Timing()
        self.remove_unknown_kwargs(**kwargs)
        plan = schedule(beta_range, num_sweeps, num_sweeps_per_beta, beta_schedule_type, beta_schedule)
        seed, stop, threads = seed_of(seed), stopper(interrupt_function), positive("threads", threads, int)
        limit = None if time_limit is None else positive("time_limit", time_limit)
        target = energy_of("target_energy", target_energy)
        model, labels = couplings_of(bqm)
        initial, reads = starts(self, bqm, labels, num_reads, initial_states, initial_states_generator, seed)
        if plan.betas is None and (plan.type == "linear" or num_sweeps_per_beta > 1):
            # A read without a sweep tells the model's own range, which is then divided as asked for.
            left = None if limit is None else timing.left(limit)
            own = anneal.reads(model, reads=1, sweeps=0, seed=seed, seconds=left, stop=stop).info["beta_range"]
            plan = schedule(own, num_sweeps, num_sweeps_per_beta, beta_schedule_type, None)
        timing.mark()
        left = None if limit is None else timing.left(limit)
        if left is not None and num_reads is None and num_sweeps is None and plan.betas is None:
            start = None if initial is None else initial[0]
            if start is None and target is not None and model.offset <= target:
                start = np.zeros(model.n, np.uint8)  # which the search looks at anyway, and would end without it
            found = anneal.search(
                model, budget=Budget(seconds=left, threads=threads, target=target), seed=seed, stop=stop, initial=start
            )
        else:
            counted = num_reads is not None or left is None
            rows: dict[int, np.ndarray] = {}
            found = anneal.reads(
                model, reads=reads if counted else None, sweeps=plan.sweeps, betas=plan.betas, seed=seed,
                initial=initial, threads=threads, seconds=left, stop=stop, target=target,
                taken=rows.__setitem__ if counted else lambda number, sample: None,
            )  # fmt: skip
            found = _in_turn(found, rows, reads) if counted else found
        timing.mark()
        info: dict[str, Any] = {"seed": seed, "beta_schedule_type": plan.type}
        if "heat" in found.info:
            info["beta_range"] = tuple(1.0 / temperature for temperature in found.info["heat"])
        return sample_set(bqm, labels, found, info, timing)


def _in_turn(found: Found, rows: dict[int, np.ndarray], reads: int) -> Found:
    """The samples of reads by their numbers, equal ones as they are; energies are left to the model."""
    if found.samples.shape[1] == 0:
        rows = dict.fromkeys(range(reads), found.samples[0])
    samples, once = np.stack([rows[number] for number in sorted(rows)]), np.ones(len(rows), np.int64)
    info = {**found.info, "reads": len(rows)}
    return replace(found, samples=samples, energies=np.zeros(len(rows)), occurrences=once, info=info)
