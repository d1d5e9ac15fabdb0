"""Simulated annealing as a dimod sampler: takes the place of neal.SimulatedAnnealingSampler."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import dimod
from dimod.core.initialized import Initialized
from dimod.core.sampler import Sampler

from qamctl.qubo.search import anneal
from qamctl.qubo.search.base import Budget
from qamctl.samplers.bqm import Timing, couplings_of, positive, sample_set, seed_of, starts, stopper
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
        """Samples of a binary quadratic model, energies as the model gives them.

        Parameters
        ----------
        bqm
            SPIN or BINARY, any labels.
        beta_range
            (hottest, coldest) inverse temperatures; None: from the model.
        num_reads
            Annealings; as many as initial states by default, else 1.
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
            Wall seconds of the sampling, in place of reads where their number is not given. Where nothing is said
            about sweeps and temperatures either, the time goes into the annealing search of
            `qamctl solve --backend anneal`, whose best samples come back.
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
        timing = Timing()
        self.remove_unknown_kwargs(**kwargs)
        plan = schedule(beta_range, num_sweeps, num_sweeps_per_beta, beta_schedule_type, beta_schedule)
        seed, stop, threads = seed_of(seed), stopper(interrupt_function), positive("threads", threads, int)
        limit = None if time_limit is None else positive("time_limit", time_limit)
        model, labels = couplings_of(bqm)
        initial, reads = starts(self, bqm, labels, num_reads, initial_states, initial_states_generator, seed)
        if plan.betas is None and (plan.type == "linear" or num_sweeps_per_beta > 1):
            # A read without a sweep tells the model's own range, which is then divided as asked for.
            own = anneal.reads(model, reads=1, sweeps=0, seed=seed).info["beta_range"]
            plan = schedule(own, num_sweeps, num_sweeps_per_beta, beta_schedule_type, None)
        timing.mark()
        if limit is not None and num_reads is None and num_sweeps is None and plan.betas is None:
            found = anneal.search(
                model, budget=Budget(seconds=limit, threads=threads, target=target_energy), seed=seed, stop=stop,
                initial=None if initial is None else initial[0],
            )  # fmt: skip
        else:
            found = anneal.reads(
                model, reads=None if num_reads is None and limit is not None else reads, sweeps=plan.sweeps,
                betas=plan.betas, seed=seed, initial=initial, threads=threads, seconds=limit, stop=stop,
                target=target_energy,
            )  # fmt: skip
        timing.mark()
        info: dict[str, Any] = {"seed": seed, "beta_schedule_type": plan.type}
        if "heat" in found.info:
            info["beta_range"] = tuple(1.0 / temperature for temperature in found.info["heat"])
        return sample_set(bqm, labels, found, info, timing)
