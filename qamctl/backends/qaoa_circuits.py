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

if TYPE_CHECKING:
    import dimod

    from qamctl.quantum.native import Native
    from qamctl.quantum.program import Measured, Program
    from qamctl.qubo.compile import Compiled

#: States up to which angles are trained; larger circuits have the shipped ones as they are.
TRAINED: Final = 2**20

#: Takes a program, shots and a seed.
Run = Callable[["Program", int, int], "Measured"]


def sample_model(compiled: Compiled | Native, options: Mapping[str, Any], run: Run, shots: int) -> dimod.SampleSet:
    """Measure the QAOA circuit of a QUBO on an engine of circuits; fewer shots where its time is up before.

    Parameters
    ----------
    options
        As for `backends.qaoa.sample`; `noise` is a preset for engines that simulate it.
    run
        The engine.
    shots
        Where the options say nothing.

    Raises
    ------
    UnsupportedError
        The engine can't hold the circuit.
    """
    from qamctl.quantum.circuits import qaoa_circuit
    from qamctl.quantum.program import Measured, Program
    from qamctl.quantum.simulate.batches import Stopped

    if compiled.n == 0:
        return sample_set(compiled, np.zeros((1, 0), np.int8), {})
    polynomial = polynomial_in(compiled)
    try:
        ansatz, angles, told = _angles(compiled, options)
    except InterruptedError:
        return sample_set(compiled, np.zeros((0, compiled.n), np.int8), {})
    noise = {} if options.get("noise") is None else {"preset": options["noise"]}
    program = Program(qaoa_circuit(polynomial, ansatz, angles), compiled.n, noise=noise)
    try:
        measured = run(program, max(1, int(options.get("reads") or shots)), seed_of(options))
    except Stopped as end:  # what was measured by then counts
        measured = Measured(end.counts)
    if measured.counts is None:
        return sample_set(compiled, np.zeros((0, compiled.n), np.int8), {})
    samples, met = measured.counts.samples, measured.counts.occurrences
    energies = compiled.energy(samples)
    best = int(np.argmin(energies))
    report_of(options)(samples[best], float(energies[best]))
    info = {**told, **measured.info, "mean_energy": float(energies @ met) / float(met.sum())}
    return sample_set(compiled, samples, info, energies=energies, occurrences=met)


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
    found = QAOAOptimizer(
        polynomial, groups=groups, depth=depth, mixer=mixer,
        evaluations=int(options.get("steps") or EVALUATIONS) if seconds is None else None,
        seconds=None if seconds is None else 0.5 * TRAINING * float(seconds), shots=1, seed=seed_of(options),
        stop=options.get("stop") or (lambda: False),
    ).optimize()  # fmt: skip
    return found.ansatz, list(found.angles.values()), figures(found)
