"""What the service hands to whoever runs a job, and what it gets back; so that tests put their own in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from qamctl.emulator.targets import Target


@dataclass(frozen=True, slots=True)
class Work:
    """A job that is due.

    Attributes
    ----------
    params
        `inputParams`.
    seed
        Equal seeds give equal outcomes.
    lost
        Probability with which a shot of QIR loses each of its bits, which are told as "-".
    noise
        The preset of `qamctl.quantum.noise` that it is simulated with where it asks for nothing; None: no noise.
    """

    job: str
    target: Target
    payload: bytes = field(repr=False)
    input_format: str
    output_format: str
    params: Mapping[str, Any]
    seed: int
    lost: float = 0.0
    noise: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it.

    Attributes
    ----------
    output
        The result; empty where it failed.
    error
        Code and message of a job that failed.
    cost
        As `costEstimate`; None: the service does not say.
    """

    output: bytes = field(default=b"", repr=False)
    error: tuple[str, str] | None = None
    cost: Mapping[str, Any] | None = None


Runner = Callable[[Work], Outcome]

#: Threads that run jobs. They last as long as the process: what loads qiskit in a thread that ends, as that of a
#: connection, lets the process crash later (`qamctl.quantum.loading`).
_THREADS: Final = ThreadPoolExecutor(2, "qamctl-emulator")


#: Threads in which due jobs wait for those that run them, so that no request has to.
_WAITING: Final = ThreadPoolExecutor(8, "qamctl-emulator-jobs")


def start(run: Callable[[], None]) -> Future[None]:
    """Begin something that an answer need not wait for."""
    return _WAITING.submit(run)


def lasting(run: Runner) -> Runner:
    """The same runner, in threads that last as long as the process; whoever calls waits for the outcome.

    Parameters
    ----------
    run
        It may load and use qiskit and qdk.
    """
    return lambda work: _THREADS.submit(run, work).result()
