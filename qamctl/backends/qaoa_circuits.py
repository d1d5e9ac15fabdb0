"""QAOA gate by gate: what an engine of circuits makes of a QUBO, with angles that were trained by exact simulation.

The circuit is the one that `qamctl compile --to qasm` writes, and that a device would be sent: its measurements, noise
and all, become samples of the QUBO.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from qamctl.backends.local import sample_set
from qamctl.backends.qaoa import DEPTH, EVALUATIONS, TRAINING, figures, groups_in, polynomial_in
from qamctl.backends.searching import report_of, seed_of
from qamctl.errors import UnsupportedError

if TYPE_CHECKING:
    import dimod

    from qamctl.quantum.native import Native
    from qamctl.quantum.program import Counts, Measured, Program
    from qamctl.qubo.compile import Compiled

#: States up to which angles are trained; larger circuits have the shipped ones as they are.
TRAINED: Final = 2**20

#: Takes a program, shots and a seed.
Run = Callable[["Program", int, int], "Measured"]


def sample_model(
    compiled: Compiled | Native, options: Mapping[str, Any], run: Run, shots: int, most: int | None = None
) -> dimod.SampleSet:
    """Measure the QAOA circuit of a QUBO on an engine of circuits; fewer shots where its time is up before.

    Parameters
    ----------
    options
        As for `backends.qaoa.sample`; `noise` is a preset for engines that simulate it.
    run
        The engine.
    shots
        Where the options say nothing.
    most
        Qubits that the engine takes; None: it says so itself.

    Raises
    ------
    UnsupportedError
        The engine can't hold the circuit.
    """
    from qamctl.quantum.program import Measured
    from qamctl.quantum.simulate.batches import Stopped

    if compiled.n == 0:
        return sample_set(compiled, np.zeros((1, 0), np.int8), {})
    if most is not None and compiled.n > most:
        raise UnsupportedError(
            f"the circuit has {compiled.n} qubits, and this engine takes {most} at most: set "
            f"--max-qubits {most}, or less, to improve the model part by part"
        )
    try:
        program, told = circuit_of(compiled, options)
    except InterruptedError:
        return sample_set(compiled, np.zeros((0, compiled.n), np.int8), {})
    try:
        measured = run(program, max(1, int(options.get("reads") or shots)), seed_of(options))
    except Stopped as end:  # what was measured by then counts
        measured = Measured(end.counts)
    if measured.counts is None:
        return sample_set(compiled, np.zeros((0, compiled.n), np.int8), {})
    found = samples_of(compiled, measured.counts, {**told, **measured.info})
    if len(found):
        best = int(np.argmin(found.record.energy))
        report_of(options)(measured.counts.samples[best], float(found.record.energy[best]))
    return found


def circuit_of(compiled: Compiled | Native, options: Mapping[str, Any]) -> tuple[Program, dict[str, Any]]:
    """The QAOA circuit of a QUBO with trained angles, and what is told of them; options as for `sample_model`.

    Without `seconds` the training depends on nothing but the QUBO and the options.

    Raises
    ------
    InterruptedError
        By `stop`.
    """
    from qamctl.quantum.circuits import qaoa_circuit
    from qamctl.quantum.program import Program

    ansatz, angles, told = _angles(compiled, options)
    noise = {} if options.get("noise") is None else {"preset": options["noise"]}
    return Program(qaoa_circuit(polynomial_in(compiled), ansatz, angles), compiled.n, noise=noise), told


def samples_of(compiled: Compiled | Native, counts: Counts, told: Mapping[str, Any]) -> dimod.SampleSet:
    """What was measured as samples of the QUBO; `told` is what `circuit_of` told, and the engine."""
    samples, met = counts.samples, counts.occurrences
    energies = compiled.energy(samples)
    info = {**told, **(_measured(energies, met, told) if len(samples) else {})}
    return sample_set(compiled, samples, info, energies=energies, occurrences=met)


def _measured(energies: np.ndarray, met: np.ndarray, told: Mapping[str, Any]) -> dict[str, Any]:
    """What the counts say; what exact simulation said of the trained state stands under `ideal`."""
    shots = float(met.sum())
    ideal = {name: told[name] for name in ("expectation", "ratio", "probability_of_optimum") if name in told}
    found: dict[str, Any] = {"expectation": float(energies @ met) / shots, "ratio": None, "ideal": ideal}
    least, worst = told.get("least_energy"), told.get("worst_energy")
    if least is not None and worst is not None:
        best = energies <= least + 1e-9 * (worst - least)
        found["probability_of_optimum"] = float(met[best].sum()) / shots
        found["ratio"] = 1.0 if worst == least else (worst - found["expectation"]) / (worst - least)
    return found


def _angles(compiled: Compiled | Native, options: Mapping[str, Any]) -> tuple[Any, list[float], dict[str, Any]]:
    """The ansatz, its angles [2 depth] as circuits have them, and what is told of them."""
    from qamctl.quantum.qaoa import QAOAOptimizer
    from qamctl.quantum.qaoa.structure import ansatz_for
    from qamctl.quantum.qaoa.untrained import untrained_angles

    depth, mixer = int(options.get("depth") or DEPTH), str(options.get("mixer") or "auto")
    polynomial, groups, seconds = polynomial_in(compiled), groups_in(compiled), options.get("seconds")
    ansatz = ansatz_for(compiled.n, groups, depth, mixer)
    if ansatz.register.states > TRAINED:
        angles = untrained_angles(polynomial, ansatz).tolist()
        return ansatz, angles, {"depth": depth, "mixer": ansatz.mixer, "qubits": compiled.n, "training": "fixed"}
    optimizer = QAOAOptimizer(
        polynomial, groups=groups, depth=depth, mixer=mixer,
        evaluations=int(options.get("steps") or EVALUATIONS) if seconds is None else None,
        seconds=None if seconds is None else 0.5 * TRAINING * float(seconds), shots=1, seed=seed_of(options),
        stop=options.get("stop") or (lambda: False),
    )  # fmt: skip
    found, landscape = optimizer.optimize(), optimizer.landscape
    told = {**figures(found), "least_energy": landscape.best, "worst_energy": landscape.worst}
    return found.ansatz, list(found.angles.values()), told
