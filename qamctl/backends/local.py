"""The verbs of a backend for engines on this machine: they finish within `submit`, and results are kept by job."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from qamctl.backends.base import Capabilities, Job
from qamctl.errors import BackendError, UnsupportedError

if TYPE_CHECKING:
    import dimod

    from qamctl.qubo.payload import Payload

#: Takes a payload of a kind that the engine knows, and the options of `Backend.submit`.
SampleFunction = Callable[[Any, Mapping[str, Any]], "dimod.SampleSet"]


def sample_set(
    compiled: Payload,
    samples: np.ndarray,
    info: Mapping[str, Any],
    *,
    energies: np.ndarray | None = None,
    occurrences: np.ndarray | None = None,
) -> dimod.SampleSet:
    """Samples [s, n] as dimod holds them; `info` gets the number of reads.

    Parameters
    ----------
    energies
        [s] where they are known; else they are computed from the payload.
    occurrences
        [s] how often each sample was met; None: once.
    """
    import dimod

    found: dimod.SampleSet = dimod.SampleSet.from_samples(  # type: ignore[no-untyped-call]
        (np.asarray(samples, np.int8), list(range(compiled.n))),
        "BINARY",
        energy=compiled.energy(samples) if energies is None else energies,
        num_occurrences=occurrences,
        info={"exact": False, **info},
    )
    found.info["reads"] = len(samples) if occurrences is None else int(occurrences.sum())
    return found


@dataclass
class LocalBackend:
    """A sampling function as a `Backend`; safe to use from several threads.

    Attributes
    ----------
    name, capabilities
        As in `backends.base`.
    sample
        Takes a payload and the options of `Backend.submit`, gives the samples.
    """

    name: str
    capabilities: Capabilities
    sample: SampleFunction
    _results: dict[str, dimod.SampleSet] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def submit(self, compiled: Payload, options: Mapping[str, Any]) -> Job:
        """Sample now; the job that comes back has succeeded.

        Raises
        ------
        UnsupportedError
            The engine takes no such model.
        """
        most = self.capabilities.max_variables
        if compiled.kind not in self.capabilities.kinds:
            known = ", ".join(self.capabilities.kinds)
            raise UnsupportedError(f"backend {self.name} takes models of kind {known}, not {compiled.kind}")
        if most is not None and compiled.n > most:
            raise UnsupportedError(
                f"backend {self.name} takes at most {most} variables, the model has {compiled.n}: "
                "set solver.max_variables, or choose another backend"
            )
        job = Job(f"{self.name}-{next(self._numbers)}", self.name, "succeeded", {"variables": compiled.n})
        self._results[job.id] = self.sample(compiled, options)
        return job

    def poll(self, job: Job) -> Job:
        """The job itself: nothing runs on."""
        return job

    def fetch(self, job: Job) -> dimod.SampleSet:
        """The samples of a job, once: they are handed over, not kept.

        Raises
        ------
        BackendError
            The job is not one of this backend's, or was fetched before.
        """
        found = self._results.pop(job.id, None)
        if found is None:
            raise BackendError(f"backend {self.name} has no samples of job {job.id}: it was fetched or cancelled")
        return found

    def cancel(self, job: Job) -> Job:
        """Forget the samples."""
        self._results.pop(job.id, None)
        return replace(job, state="cancelled")
