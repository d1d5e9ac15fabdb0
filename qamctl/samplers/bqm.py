"""Between dimod's binary quadratic models, of any labels and either vartype, and what our searches work on."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from importlib import import_module
from typing import Any

import dimod
import numpy as np
from dimod.core.initialized import Initialized

from qamctl.kernels.couplings import Couplings, couplings
from qamctl.qubo.search.base import Found

#: Seeds that are drawn where none is given, as dwave-samplers does.
SEEDS = 2**31


#: Seconds of a search at least, however much of the time limit the conversion of the model took.
LEAST = 0.005

#: Interactions from which sums over couplings are left to scipy.
MANY = 2**17


def checked(bqm: Any) -> dimod.BinaryQuadraticModel:
    """The model, if it is one; to be called before the clock starts, as it imports what a large one needs.

    Raises
    ------
    TypeError
        It is something else.
    """
    if not isinstance(bqm, dimod.BinaryQuadraticModel):
        raise TypeError(
            f"'bqm' must be a dimod.BinaryQuadraticModel, not {type(bqm).__name__}: dictionaries are taken by "
            "'sample_qubo' and 'sample_ising', models with constraints need dimod.cqm_to_bqm first"
        )
    if bqm.num_interactions >= MANY:
        import_module("scipy.sparse")
    return bqm


def couplings_of(bqm: dimod.BinaryQuadraticModel) -> tuple[Couplings, list[Hashable]]:
    """A model in binary variables, and its labels in the order of its indices."""
    labels = list(bqm.variables)
    vectors = bqm.to_numpy_vectors(variable_order=labels)
    linear, (row, col, weight) = np.asarray(vectors[0], np.float64), vectors[1]
    weight, offset = np.asarray(weight, np.float64), float(bqm.offset)
    if bqm.vartype is dimod.SPIN:  # s = 2 x - 1
        ends = np.bincount(row, weight, len(labels)) + np.bincount(col, weight, len(labels))
        offset += float(weight.sum() - linear.sum())
        linear, weight = 2.0 * linear - 2.0 * ends, 4.0 * weight
    return couplings(linear, row, col, weight, offset), labels


def seed_of(seed: Any) -> int:
    """The seed that was given, or one by chance.

    Raises
    ------
    TypeError, ValueError
        It is no integer, or negative.
    """
    if seed is None:
        return int(np.random.default_rng().integers(SEEDS))
    if not isinstance(seed, int | np.integer):
        raise TypeError(f"'seed' must be None or an integer: {seed!r}")
    if seed < 0:
        raise ValueError(f"'seed' must not be negative: {seed}")
    return int(seed)


def positive(name: str, value: Any, kind: type = float) -> Any:
    """A number above 0.

    Raises
    ------
    TypeError, ValueError
        It is no number, or not above 0.
    """
    number = (int, np.integer) if kind is int else (int, float, np.integer, np.floating)
    if isinstance(value, bool) or not isinstance(value, number):
        raise TypeError(f"{name!r} must be {'an integer' if kind is int else 'a number'}: {value!r}")
    if not value > 0:
        raise ValueError(f"{name!r} must be above 0: {value!r}")
    return kind(value)


def energy_of(name: str, value: Any) -> float | None:
    """An energy to reach, where one is given.

    Raises
    ------
    TypeError, ValueError
        It is no number.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name!r} must be a number: {value!r}")
    if np.isnan(value):
        raise ValueError(f"{name!r} must be a number or None, not {value!r}")
    return float(value)


def stopper(interrupt: Callable[[], bool] | None) -> Callable[[], bool]:
    """A function that asks `interrupt`, where there is one.

    Raises
    ------
    TypeError
        It is not callable.
    """
    if interrupt is None:
        return lambda: False
    if not callable(interrupt):
        raise TypeError("'interrupt_function' must be callable")
    return lambda: bool(interrupt())


class Timing:
    """Nanoseconds of the three parts of a call, under the keys that dwave-samplers gives them."""

    def __init__(self) -> None:
        self._marks = [time.perf_counter_ns()]

    def mark(self) -> None:
        """A part ends here."""
        self._marks.append(time.perf_counter_ns())

    def left(self, limit: float) -> float:
        """Seconds that are left of a limit on the whole call, `LEAST` at least."""
        return max(LEAST, limit - 1e-9 * (time.perf_counter_ns() - self._marks[0]))

    def __call__(self) -> dict[str, int]:
        names = ("preprocessing_ns", "sampling_ns", "postprocessing_ns")
        return {name: end - begin for name, begin, end in zip(names, self._marks, self._marks[1:], strict=False)}


def sample_set(
    bqm: dimod.BinaryQuadraticModel,
    labels: list[Hashable],
    found: Found,
    info: Mapping[str, Any],
    timing: Timing,
    **vectors: Any,
) -> dimod.SampleSet:
    """Samples as dimod holds them, in the model's vartype, energies by the model itself.

    Parameters
    ----------
    vectors
        Further columns, one entry for each sample.
    """
    samples = found.samples.astype(np.int8)
    if bqm.vartype is dimod.SPIN:
        samples = 2 * samples - 1
    made: dimod.SampleSet = dimod.SampleSet.from_samples_bqm(  # type: ignore[no-untyped-call]
        (samples, labels), bqm, num_occurrences=found.occurrences, **vectors
    )
    made.info.update({"steps": found.steps, "attempts": found.attempts, **found.info, **info})
    timing.mark()
    made.info["timing"] = timing()
    return made


def starts(
    sampler: Initialized,
    bqm: dimod.BinaryQuadraticModel,
    labels: list[Hashable],
    num_reads: int | None,
    initial_states: Any,
    generator: Any,
    seed: int,
) -> tuple[np.ndarray | None, int]:
    """([k, n] binary states to start from, one a read, None where every read starts at random; reads).

    Raises
    ------
    TypeError, ValueError
        As `dimod.Initialized.parse_initial_states`.
    """
    given = initial_states is not None or generator != "random"
    if not given:
        return None, 1 if num_reads is None else positive("num_reads", num_reads, int)
    parsed = sampler.parse_initial_states(bqm, initial_states, generator, num_reads, seed % 2**32, copy_always=True)
    states = parsed.initial_states
    place = {label: k for k, label in enumerate(states.variables)}
    columns = [place[label] for label in labels]
    return (states.record.sample[:, columns] > 0).astype(np.uint8), parsed.num_reads
