"""What engines of circuits share: what they take, and what was measured as the samples that every engine gives."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from qamctl.backends.searching import seed_of
from qamctl.errors import UnsupportedError

if TYPE_CHECKING:
    import dimod

    from qamctl.quantum.native import Native
    from qamctl.quantum.program import Measured, Program
    from qamctl.qubo.compile import Compiled

#: Kinds of payload: circuits, and models, of which they run the QAOA circuit.
KINDS: Final = ("circuit", "qubo", "polynomial")

#: Measurements where nothing else is said.
SHOTS: Final = 1000

#: Qubits of a model's circuit that engines take which do not tell before they have compiled it.
MOST: Final = {"qir": 24}


class Run(Protocol):
    """An engine at work: `qamctl.quantum.simulate.run`, and those of other modules."""

    def __call__(self, program: Program, shots: int, seed: int, *, stop: Callable[[], bool]) -> Measured:
        """Measure a program."""
        ...


def measure(
    payload: Program | Compiled | Native, options: Mapping[str, Any], run: Run, name: str, shots: int = SHOTS
) -> dimod.SampleSet:
    """What the engine `name` makes of a circuit or a model.

    Options: `seed`, `reads` (the shots), `stop`; of models also those of `backends.qaoa.sample`, and `noise`, a preset.
    """
    from qamctl.backends.qaoa_circuits import sample_model
    from qamctl.quantum.program import Program

    stop = options.get("stop") or (lambda: False)
    if not isinstance(payload, Program):
        end = math.inf if options.get("seconds") is None else time.monotonic() + float(options["seconds"])
        return sample_model(
            payload, options, partial(run, stop=lambda: stop() or time.monotonic() >= end), shots, MOST.get(name)
        )  # fmt: skip
    runs = partial(run, stop=stop)
    if name != "qir":
        refuse_qir(payload, name)
    return measured_set(payload, runs(payload, shots_of(options, shots), seed_of(options)))


def shots_of(options: Mapping[str, Any], otherwise: int = SHOTS) -> int:
    """How often to measure."""
    return max(1, int(options.get("reads") or otherwise))


def refuse_qir(program: Program, name: str) -> None:
    """Raise an UnsupportedError for a program that is QIR."""
    if program.qir is not None:
        raise UnsupportedError(f"backend {name} simulates circuits, not QIR: take --backend qir, or give OpenQASM")


def measured_set(program: Program, measured: Measured) -> dimod.SampleSet:
    """Counts as samples [k, bits] with their occurrences; everything else stands in `info`.

    `info` has `expectation` (value, error, exact), `settings` ({basis, counts}) and the engine's figures.
    """
    import dimod

    counts = measured.counts
    samples = np.zeros((0, program.n), np.uint8) if counts is None else counts.samples
    met = np.zeros(0, np.int64) if counts is None else counts.occurrences
    info: dict[str, Any] = dict(measured.info)
    if measured.expectation is not None:
        found = measured.expectation
        info["expectation"] = {"value": found.value, "error": found.error, "exact": found.exact}
    if measured.settings:
        info["settings"] = [
            {"basis": setting.basis, "counts": setting.counts.strings()} for setting in measured.settings
        ]
    found_set: dimod.SampleSet = dimod.SampleSet.from_samples(  # type: ignore[no-untyped-call]
        (samples.astype(np.int8), list(range(samples.shape[1]))), "BINARY", energy=np.zeros(len(samples)),
        num_occurrences=met, info={"exact": False, "reads": int(met.sum()), **info}, sort_labels=False,
    )  # fmt: skip
    return found_set
