"""QAOA on this machine: the circuit of a QUBO is simulated exactly, its angles are trained, then it is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from qamctl.backends.base import Capabilities
from qamctl.backends.local import LocalBackend, sample_set
from qamctl.backends.searching import report_of, seed_of

if TYPE_CHECKING:
    import dimod

    from qamctl.quantum.ansatz import Ansatz
    from qamctl.quantum.landscape import Landscape
    from qamctl.quantum.native import Native
    from qamctl.quantum.polynomial import Polynomial
    from qamctl.quantum.train import Effort, Training
    from qamctl.qubo.compile import Compiled

#: Measurements, and layers, where nothing else is said.
SHOTS: Final = 1000
DEPTH: Final = 3

#: Qubits that are simulated in a moment whatever the couplings; more fit where one-hot groups keep the states few.
QUBITS: Final = 24

#: Evaluations of a training without a time limit, and the share of a time limit that training may take.
EVALUATIONS: Final = 40
TRAINING: Final = 0.8

#: Up to so many states the energy at the end is computed once more in float64.
CHECKED: Final = 2**14

#: Evaluations that are told one by one.
TOLD: Final = 1000


def backend() -> LocalBackend:
    """The engine `qaoa`."""
    return LocalBackend("qaoa", Capabilities(("qubo", "polynomial"), any_variables=QUBITS, shots=SHOTS), sample)


def sample(compiled: Compiled | Native, options: Mapping[str, Any]) -> dimod.SampleSet:
    """Train the angles of a circuit, from those that fit most problems, and measure it.

    One-hot groups, those that penalties hide too, are kept by the mixer.

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
    angles
        A file in which the training is kept; one that was killed goes on from it.
    threads, stop, report
        As in `backends.base.Backend.submit`.

    Raises
    ------
    UnsupportedError
        The states of the circuit do not fit into memory.
    """
    from qamctl.quantum.angles import table_angles
    from qamctl.quantum.landscape import Landscape
    from qamctl.quantum.train import Effort

    halted, measuring = options.get("stop") or (lambda: False), False
    ansatz = ansatz_of(compiled, int(options.get("depth") or DEPTH), str(options.get("mixer") or "auto"))
    # What was trained when the run was told to end is measured all the same.
    landscape = Landscape(
        _polynomial(compiled), ansatz, threads=int(options.get("threads") or 1),
        stop=lambda: not measuring and halted(),
    )  # fmt: skip
    start = table_angles(ansatz, landscape.linear_share)
    training = _train(landscape, start, _effort(options, halted, Effort), options.get("angles"))
    measuring = True
    shots = max(1, int(options.get("reads") or SHOTS))
    samples, met = landscape.sample(training.angles, shots, seed_of(options))
    energies = compiled.energy(samples)
    best = int(np.argmin(energies))
    report_of(options)(samples[best], float(energies[best]))
    return sample_set(compiled, samples, _figures(compiled, ansatz, landscape, training), energies=energies,
                      occurrences=met)  # fmt: skip


def _polynomial(compiled: Compiled | Native) -> Polynomial:
    from qamctl.quantum.native import Native
    from qamctl.quantum.polynomial import polynomial_of

    return compiled.polynomial if isinstance(compiled, Native) else polynomial_of(compiled)


def ansatz_of(compiled: Compiled | Native, depth: int, mixer: str) -> Ansatz:
    """The circuit for a QUBO, by the one-hot groups that it was compiled from or that its penalties hide."""
    from qamctl.backends.searching import couplings_of
    from qamctl.quantum.native import Native
    from qamctl.quantum.structure import ansatz_for, choose_ansatz
    from qamctl.qubo.search.onehot import hidden_groups

    if isinstance(compiled, Native):
        return ansatz_for(compiled.n, [], depth, mixer)
    hidden = None if len(compiled.group_index) else hidden_groups(couplings_of(compiled))
    if hidden is None:
        return choose_ansatz(compiled, depth, mixer)
    groups = np.split(hidden[1], hidden[0][1:-1])
    return ansatz_for(compiled.n, [group.tolist() for group in groups], depth, mixer)


def _effort(options: Mapping[str, Any], stop: Callable[[], bool], effort: type[Effort]) -> Effort:
    if options.get("seconds") is not None:
        return effort(seconds=TRAINING * float(options["seconds"]), stop=stop)
    return effort(evaluations=int(options.get("steps") or EVALUATIONS), stop=stop)


def _train(landscape: Landscape, start: np.ndarray, effort: Effort, path: Any) -> Training:
    """Train; the evaluations are kept in a file where one is named."""
    from qamctl.quantum.history import History
    from qamctl.quantum.train import train

    if path is None:
        return train(landscape, start, effort=effort)
    with History(path) as history:
        return train(landscape, start, effort=effort, history=history)


def _figures(compiled: Compiled | Native, ansatz: Ansatz, landscape: Landscape, training: Training) -> dict[str, Any]:
    """What metrics say of the circuit and its training."""
    from qamctl.quantum.ansatz import angle_names
    from qamctl.quantum.history import curve
    from qamctl.quantum.landscape import Landscape

    expectation = landscape.value(training.angles)
    gammas, betas = landscape.raw(training.angles)
    figures: dict[str, Any] = {
        "depth": ansatz.depth,
        "mixer": ansatz.mixer,
        "qubits": compiled.n,
        "groups": len(ansatz.register.groups),
        "states": ansatz.register.states,
        "expectation": expectation,
        "ratio": landscape.ratio(expectation),
        "probability_of_optimum": landscape.probability(training.angles),
        "evaluations": training.evaluations,
        "training": training.status,
        "angles": dict(zip(angle_names(ansatz.depth), np.concatenate([gammas, betas]).tolist(), strict=True)),
        "history": curve(training.history[:TOLD]),
    }
    if ansatz.register.states <= CHECKED:
        exact = Landscape(_polynomial(compiled), ansatz, double=True).value(training.angles)
        figures["float64_difference"] = abs(exact - expectation)
    return figures
