"""QAOA on this machine: the circuit of a QUBO is simulated exactly, its angles are trained, then it is measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from qamctl.backends.base import Capabilities
from qamctl.backends.local import LocalBackend, sample_set
from qamctl.backends.searching import couplings_of, report_of, seed_of

if TYPE_CHECKING:
    import dimod

    from qamctl.quantum.native import Native
    from qamctl.quantum.qaoa import QAOAResult
    from qamctl.qubo.compile import Compiled

#: Measurements, and layers, where nothing else is said.
SHOTS: Final = 1000
DEPTH: Final = 3

#: Qubits that are simulated in a moment whatever the couplings; more fit where one-hot groups keep the states few.
QUBITS: Final = 24

#: Evaluations of a training without a time limit, and the share of a time limit that training may take.
EVALUATIONS: Final = 40
TRAINING: Final = 0.8

#: Qubits from which on a training may outlast a short time limit: the shipped angles are measured first.
SLOW: Final = 18

#: Evaluations that are told one by one.
TOLD: Final = 1000


def backend() -> LocalBackend:
    """The engine `qaoa`."""
    return LocalBackend("qaoa", Capabilities(("qubo", "polynomial"), any_variables=QUBITS, shots=SHOTS), sample)


def sample(compiled: Compiled | Native, options: Mapping[str, Any]) -> dimod.SampleSet:
    """Train the angles of a circuit, from those that fit most problems, and measure it.

    One-hot groups, those that penalties hide too, are kept by the mixer. There are no samples where it was told to stop
    before the circuit had run once.

    Options
    -------
    seed
        Of the measurements.
    reads
        Shots: 1,000 by default.
    depth, mixer
        Of the circuit: 3 layers by default, and a mixer of `qamctl.quantum.ansatz`, or auto.
    seconds, steps
        How long to train: four fifths of the seconds, or so many evaluations at most; 40 without either.
    angles, name
        A file: a `.jsonl` keeps the training, and one that was killed goes on from it; in a `.json` the angles of each
        problem stand under its name, and similar ones begin there.
    threads, stop, report
        As in `backends.base.Backend.submit`.

    Raises
    ------
    UnsupportedError
        The states of the circuit do not fit into memory.
    """
    from qamctl.quantum.qaoa import QAOAOptimizer
    from qamctl.quantum.qaoa.book import AngleBook
    from qamctl.quantum.qaoa.history import History

    seconds, path = options.get("seconds"), options.get("angles")
    book = AngleBook(path) if path is not None and path.suffix == ".json" else None
    with nullcontext() if path is None or book is not None else History(path) as history:
        report = report_of(options)

        def first(samples: np.ndarray) -> None:
            energies = compiled.energy(samples)
            report(samples[int(np.argmin(energies))], float(energies.min()))

        optimizer = QAOAOptimizer(
            polynomial_in(compiled), groups=groups_in(compiled), depth=int(options.get("depth") or DEPTH),
            mixer=str(options.get("mixer") or "auto"),
            evaluations=int(options.get("steps") or EVALUATIONS) if seconds is None else None,
            seconds=None if seconds is None else TRAINING * float(seconds),
            shots=max(1, int(options.get("reads") or SHOTS)), seed=seed_of(options),
            threads=int(options.get("threads") or 1), book=book, name=str(options.get("name") or "problem"),
            history=history, stop=options.get("stop") or (lambda: False),
            first=first if compiled.n >= SLOW else None,
        )  # fmt: skip
        try:
            found = optimizer.optimize()
        except InterruptedError:
            return sample_set(compiled, np.zeros((0, compiled.n), np.int8), {})
    report(found.best_sample, found.best_energy)
    return sample_set(
        compiled, found.samples, figures(found), energies=compiled.energy(found.samples), occurrences=found.occurrences
    )  # fmt: skip


def polynomial_in(compiled: Compiled | Native) -> Any:
    """What a payload minimises, as a polynomial."""
    from qamctl.quantum.native import Native
    from qamctl.quantum.polynomial import polynomial_of

    return compiled.polynomial if isinstance(compiled, Native) else polynomial_of(compiled)


def groups_in(compiled: Compiled | Native) -> Sequence[Sequence[int]]:
    """One-hot groups that a QUBO was compiled from, or that its penalties hide."""
    from qamctl.quantum.native import Native
    from qamctl.qubo.search.onehot import hidden_groups

    if isinstance(compiled, Native) or compiled.n == 0:
        return []
    start, index = compiled.group_start, compiled.group_index
    if not len(index):
        start, index = hidden_groups(couplings_of(compiled)) or (start, index)
    return [part.tolist() for part in np.split(index, start[1:-1])] if len(index) else []


def figures(found: QAOAResult) -> dict[str, Any]:
    """What metrics say of a circuit and its training."""
    from qamctl.quantum.qaoa.history import curve

    register = found.ansatz.register
    return {
        "depth": found.ansatz.depth,
        "mixer": found.ansatz.mixer,
        "qubits": register.n,
        "groups": len(register.groups),
        "states": register.states,
        "expectation": found.value,
        "ratio": found.ratio,
        "probability_of_optimum": found.probability_of_best,
        "evaluations": found.evaluations,
        "start": found.start,
        "training": found.status,
        "angles": dict(found.angles),
        "history": curve(found.history[:TOLD]),
        "float64_difference": found.difference,
    }
