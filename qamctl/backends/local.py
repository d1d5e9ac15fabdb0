"""The verbs of a backend for engines on this machine: they finish within `submit`, and results are kept by job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from qamctl.backends.base import Capabilities, Job
from qamctl.errors import BackendError, UnsupportedError

if TYPE_CHECKING:
    import dimod

    from qamctl.qubo.compile import Compiled

SampleFunction = Callable[["Compiled", Mapping[str, Any]], "dimod.SampleSet"]


def sample_set(compiled: Compiled, samples: np.ndarray, info: Mapping[str, Any]) -> dimod.SampleSet:
    """Samples [s, n] as dimod holds them, energies by the compiled model; `info` gets the number of reads."""
    import dimod

    found: dimod.SampleSet = dimod.SampleSet.from_samples(  # type: ignore[no-untyped-call]
        (samples, list(range(compiled.n))), "BINARY", energy=compiled.energy(samples), info={"exact": False, **info}
    )
    found.info["reads"] = len(samples)
    return found


@dataclass
class LocalBackend:
    """A sampling function as a `Backend`.

    Attributes
    ----------
    name, capabilities
        As in `backends.base`.
    sample
        Takes a compiled model and the options of `Backend.submit`, gives the samples.
    """

    name: str
    capabilities: Capabilities
    sample: SampleFunction
    _results: dict[str, dimod.SampleSet] = field(default_factory=dict)
    _count: int = 0

    def submit(self, compiled: Compiled, options: Mapping[str, Any]) -> Job:
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
        self._count += 1
        job = Job(f"{self.name}-{self._count}", self.name, "succeeded", {"variables": compiled.n})
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
        if job.id not in self._results:
            raise BackendError(f"backend {self.name} has no samples of job {job.id}: it was fetched or cancelled")
        return self._results.pop(job.id)

    def cancel(self, job: Job) -> Job:
        """Forget the samples."""
        self._results.pop(job.id, None)
        return replace(job, state="cancelled")
