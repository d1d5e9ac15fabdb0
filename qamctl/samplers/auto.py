"""The whole engine `auto` as a dimod sampler: presolve, exact methods, searches by what the model is, and bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dimod
from dimod.core.initialized import Initialized
from dimod.core.sampler import Sampler

from qamctl.qubo.search import auto
from qamctl.qubo.search.base import Budget
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
from qamctl.samplers.descent import searched

PARAMETERS = (
    "time_limit", "max_steps", "seed", "threads", "target_energy", "initial_states", "interrupt_function",
)  # fmt: skip

#: Seconds where no budget is given.
TIME_LIMIT = 1.0


class AutoSampler(Sampler, Initialized):
    """The best samples that the engines together find in a time."""

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
        time_limit: float | None = None,
        *,
        max_steps: int | None = None,
        seed: int | None = None,
        threads: int = 1,
        target_energy: float | None = None,
        initial_states: Any = None,
        interrupt_function: Callable[[], bool] | None = None,
        **kwargs: Any,
    ) -> dimod.SampleSet:
        """Samples of a binary quadratic model, best first, energies as the model gives them.

        Parameters
        ----------
        bqm
            SPIN or BINARY, any labels.
        time_limit
            Wall seconds of the whole call, 1 by default; a proof ends the search earlier. However much of it the
            conversion of the model took, a local minimum at least comes back. What the first call in a process must
            import, which takes some tenths of a second, comes before.
        max_steps
            A budget of work in place of time: equal seeds then give equal samples.
        seed, threads, target_energy, interrupt_function
            As in `AnnealSampler.sample`.
        initial_states
            A sample to start from; of several the first. The result is never worse.

        Returns
        -------
        dimod.SampleSet
            `info`: seed, method, steps, attempts, `bound` (no sample has less energy; None where nothing is known),
            `proved` (the first sample is optimal), timing.

        Raises
        ------
        TypeError, ValueError
            A parameter makes no sense.
        """
        auto.load()
        bqm, timing = checked(bqm), Timing()
        self.remove_unknown_kwargs(**kwargs)
        if time_limit is not None and max_steps is not None:
            raise ValueError("'time_limit' and 'max_steps' exclude each other")
        seed, stop, threads = seed_of(seed), stopper(interrupt_function), positive("threads", threads, int)
        steps = None if max_steps is None else positive("max_steps", max_steps, int)
        limit = positive("time_limit", TIME_LIMIT if time_limit is None else time_limit)
        target = energy_of("target_energy", target_energy)
        model, labels = couplings_of(bqm)
        initial, _ = starts(self, bqm, labels, None, initial_states, "random", seed)
        timing.mark()
        found = auto.search(
            model, budget=Budget(None if steps else timing.left(limit), steps, threads, target), seed=seed,
            stop=stop, initial=None if initial is None else initial[0],
        )  # fmt: skip
        found = searched(model, found)
        timing.mark()
        return sample_set(bqm, labels, found, {"seed": seed}, timing)
