"""Engines of circuits by name: what they measured, taken from the samples that every engine gives."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from qamctl.backends import registry
from qamctl.engines import jobs_of, sample
from qamctl.errors import QamError, UsageError
from qamctl.quantum.loading import load as load_circuits
from qamctl.quantum.pauli_values import from_counts, is_diagonal, support
from qamctl.quantum.program import Counts, Expectation, Program, join_counts
from qamctl.quantum.simulate.batches import Stopped

if TYPE_CHECKING:
    import dimod

#: Seconds between two looks at the signals, and that an engine is given to end once one came.
POLL, GRACE = 0.02, 1.0

#: Our engines of circuits.
ENGINES = ("statevector", "noisy", "qir")

#: Those of them whose counts follow the circuit's distribution.
NOISELESS = ("statevector", "qir")

#: Those that simulate noise, which can be mitigated.
NOISY = ("noisy",)


@dataclass(frozen=True)
class Found:
    """What an engine measured.

    Attributes
    ----------
    counts
        None where the circuit has no measurements of its own.
    expectation
        Of the observable; None where there is none, or the engine can't tell.
    settings
        Counts in other bases: {basis, counts by bitstring}.
    seconds
        Wall time.
    from_counts
        The expectation that the counts give as they are.
    mitigation
        How noise was taken out of the expectation; None where it was not.
    """

    backend: str
    counts: Counts | None
    expectation: Expectation | None
    settings: Sequence[dict[str, Any]]
    info: dict[str, Any]
    seconds: float
    from_counts: Expectation | None = field(default=None)
    mitigation: dict[str, Any] | None = field(default=None)


def expand(backends: Sequence[str], *, qir: bool) -> tuple[str, ...]:
    """The engines that are meant, each once; `auto` is the state vector, and `qir` for QIR.

    Raises
    ------
    UsageError
        No engine of circuits has one of the names.
    UnsupportedError
        One needs a package that is not installed.
    """
    meant = (("qir" if qir else "statevector") if name == "auto" else name for name in backends)
    names = tuple(dict.fromkeys(one for name in meant for one in registry.split_remote(name)))
    for name in names:
        if registry.native_kind(name) or "circuit" not in registry.get(name).capabilities.kinds:
            raise UsageError(f"backend {name} searches problems and runs no circuits: take one of {', '.join(ENGINES)}")
    return names


def load(name: str) -> None:
    """Import what an engine needs before its clock runs; what is missing it says itself."""
    from importlib import import_module
    from importlib.util import find_spec

    own = {"noisy": "noise", "qir": "qir.run", "statevector": "simulate"}
    import_module("dimod")
    if name in own:
        import_module(f"qamctl.quantum.{own[name]}")
    load_circuits(qir=name == "qir" or registry.is_remote(name))
    if name == "noisy" and find_spec("qiskit_aer") is not None:
        import_module("qiskit_aer")


def measure(
    name: str,
    program: Program,
    columns: dict[int, int],
    *,
    shots: int,
    seed: int,
    stop: Callable[[], bool],
    account: Any = None,
) -> Found:
    """Run a program on an engine.

    Parameters
    ----------
    columns
        Bit of each qubit that is measured last, for the observable.
    account
        Whose job it is, on a target of a service.

    Raises
    ------
    QamError
        The engine can't run it, or failed.
    """
    load(name)
    begin = time.monotonic()
    engine = registry.get(name, account)
    try:
        samples = sample(engine, program, seed=seed, reads=shots, stop=stop)
    except QamError:
        if engine.capabilities.remote and stop():  # it gave up because the run is told to end
            raise Stopped(None) from None
        raise
    if engine.capabilities.remote and not len(samples) and stop():
        raise Stopped(None)
    seconds = time.monotonic() - begin
    counts = _counts(samples)
    told = samples.info.get("expectation")
    expectation = None if told is None else Expectation(told["value"], told["error"], told["exact"])
    own = None
    terms = program.observable
    if counts is not None and terms and is_diagonal(terms) and set(support(terms)) <= columns.keys():
        own = from_counts(counts, terms, columns)
    settings = list(samples.info.get("settings", ()))
    known = ("expectation", "settings", "reads", "exact", "mitigation")
    info = {key: value for key, value in samples.info.items() if key not in known}
    if engine.capabilities.remote:
        info |= jobs_of(engine)
    mitigation = samples.info.get("mitigation")
    return Found(name, counts, expectation or own, settings, info, seconds, own, mitigation)


def patiently(
    call: Callable[[], Found], stop: Callable[[], bool], tick: Callable[[], None], *, grace: float = GRACE
) -> Found | None:
    """What a call gives; None where it was left behind, because it did not end soon after it was to stop.

    It works in a thread of its own: simulators of others look at no signals, this one does.
    """
    done: list[Found] = []
    faults: list[BaseException] = []

    def work() -> None:
        try:
            done.append(call())
        except BaseException as error:  # raised again by who waits
            faults.append(error)

    # No daemon: a process that ends while C++ still works would end in the middle of it.
    worker = threading.Thread(target=work, name="engine")
    worker.start()
    left = grace
    while worker.is_alive() and left > 0:
        worker.join(POLL)
        tick()
        left = left - POLL if stop() else grace
    if faults:
        raise faults[0]
    return done[0] if done else None


def _counts(samples: dimod.SampleSet) -> Counts | None:
    if not len(samples) or not len(samples.variables):
        return None
    order = np.argsort(np.fromiter(samples.variables, np.int64, len(samples.variables)))
    record = samples.record
    return join_counts(record.sample[:, order].astype(np.uint8), record.num_occurrences.astype(np.int64))


def plain(found: Expectation | None) -> dict[str, Any] | None:
    """An expectation as the result file has it."""
    if found is None or not math.isfinite(found.value):
        return None
    return {"value": found.value, "standard_error": found.error, "exact": found.exact}
