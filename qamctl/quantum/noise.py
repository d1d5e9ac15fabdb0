"""Circuits with the errors of a class of machine: compiled to its gates, run by qiskit-aer with a model of its noise.

A gate's error is 1 - its average fidelity, as makers publish it, as depolarising noise; where T1 and T2 are known, the
relaxation during the gate is part of that error (as in qiskit-aer's `basic_device_gate_errors`). Turns about Z are
virtual on all of these machines and have no error. Idling, crosstalk and leakage are not modelled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from types import MappingProxyType
from typing import Any, Final

from qamctl.errors import BackendError, Diagnostic, SpecError, UnsupportedError, UsageError
from qamctl.quantum.pauli_values import (
    columns_of,
    from_counts,
    groups,
    is_diagonal,
    letters,
    measured_in,
    setting_circuit,
    support,
)
from qamctl.quantum.program import (
    Counts,
    Expectation,
    Measured,
    Program,
    Setting,
    from_strings,
    is_measured,
    join_counts,
)
from qamctl.quantum.simulate import check_qubits, refuse_unmeasured
from qamctl.quantum.simulate.batches import in_batches
from qamctl.quantum.simulate.lowering import final_columns, final_measurements, refuse_unbound

#: Updates of amplitudes in one batch of shots: about a second.
BATCH: Final = 1e9

#: Updates of amplitudes that a run may take, about ten minutes.
COST: Final = 1e12


@dataclass(frozen=True, slots=True)
class Noise:
    """The errors of a class of machine.

    Attributes
    ----------
    preset
        Its class: a key of `PRESETS`.
    p1, p2
        Average error of a gate on one qubit, on two.
    readout
        Chance that a measured bit is read wrong.
    t1, t2
        Seconds of relaxation and of dephasing; None: neither is modelled.
    time1, time2
        Seconds of a gate on one qubit, on two.
    """

    preset: str
    p1: float
    p2: float
    readout: float
    t1: float | None = None
    t2: float | None = None
    time1: float = 50e-9
    time2: float = 300e-9


#: Figures by class, rounded from what the makers published of the machines named here by the end of 2025; a device has
#: its own today. generic: a superconducting machine of that time, any pair coupled. ionq: Forte. quantinuum: H2.
#: rigetti: Cepheus.
PRESETS: Final[Mapping[str, Noise]] = MappingProxyType(
    {
        noise.preset: noise
        for noise in (
            Noise("generic", 1e-3, 1e-2, 2e-2),
            Noise("ionq", 2e-4, 4e-3, 5e-3, 100.0, 1.0, 130e-6, 970e-6),
            Noise("quantinuum", 3e-5, 1e-3, 1e-3),
            Noise("rigetti", 1e-3, 5e-3, 3e-2, 30e-6, 20e-6, 40e-9, 70e-9),
        )
    }
)

#: The gates of `generic`, any pair of qubits coupled.
GENERIC: Final = ("rz", "sx", "x", "cx")


def make_noise(given: Mapping[str, Any]) -> Noise:
    """The figures of a `noise` block: those of its preset, and what is given in their place.

    Raises
    ------
    SpecError
        There is no such preset, or T2 is above 2 * T1.
    """
    name = str(given.get("preset", "generic"))
    if name not in PRESETS:
        raise SpecError(f"there is no noise preset {name!r}: choose {', '.join(PRESETS)}")
    figures: dict[str, Any] = {key: float(value) for key, value in given.items() if key != "preset"}
    found = replace(PRESETS[name], **figures)
    t1, t2 = found.t1, found.t2
    if t1 is None and t2 is not None:
        found = replace(found, t1=t2)
    elif t2 is None and t1 is not None:
        found = replace(found, t2=t1)
    elif t1 is not None and t2 is not None and t2 > 2 * t1:
        if "t2" not in given:  # the preset's is more than the T1 that was given allows
            return replace(found, t2=2 * t1)
        message = f"noise: t2 = {t2:g} s is above 2 * t1 = {2 * t1:g} s, which no qubit can have"
        raise SpecError(message, [Diagnostic(message)])
    return found


def run(program: Program, shots: int, seed: int, *, stop: Callable[[], bool] = lambda: False) -> Measured:
    """Shots of a circuit with noise, and the value of its observable; equal seeds give equal counts.

    An observable of I and Z is taken from the counts where they have its qubits; else it is measured, with all the
    shots for each setting. Where the program says so, its noise is mitigated: see `qamctl.quantum.mitigation.program`.

    Raises
    ------
    SpecError
        A parameter has no value, or nothing is measured and no observable is asked for.
    UnsupportedError
        qiskit-aer is not installed; too many qubits; or the machine lacks something that the circuit does.
    BackendError
        The simulator failed, or `stop` ended it.
    """
    refuse_unmeasured(program)
    refuse_unbound(program.circuit)
    noise = make_noise(program.noise)
    machine = _Machine(noise, shots, seed, stop)
    finals = final_measurements(program.circuit)
    columns = final_columns(program.circuit)
    counts = machine.counts(program.circuit, program.n) if is_measured(program.circuit) else None
    settings: tuple[Setting, ...] = ()
    expectation: Expectation | None = None
    terms = program.observable
    if terms and counts is not None and is_diagonal(terms) and set(support(terms)) <= columns.keys():
        expectation = from_counts(counts, terms, columns)
    elif terms:
        settings = tuple(
            Setting(basis, machine.setting(program.circuit, basis, finals, k))
            for k, (basis, _) in enumerate(groups(terms))
        )
        expectation = measured_in(settings, terms)
    mitigation: dict[str, Any] = {}
    if program.mitigate:
        expectation, mitigation["mitigation"] = _mitigated(program, machine, counts, settings, expectation)
    info = {
        "method": "qiskit-aer", "noise": {name: getattr(noise, name) for name in noise.__slots__},
        "compiled": machine.figures, **mitigation,
    }  # fmt: skip
    return Measured(counts, expectation, settings, info)


class _Machine:
    """A simulated machine; what it ran first is what its figures are of."""

    def __init__(self, noise: Noise, shots: int, seed: int, stop: Callable[[], bool]) -> None:
        self.noise, self.shots, self.seed, self.stop = noise, shots, seed, stop
        self.figures: dict[str, Any] = {}
        self.model = noise_model(noise)

    def counts(self, circuit: Any, bits: int, turn: int = 0) -> Counts:
        """Counts of a circuit; `turn` keeps the seeds of several apart."""
        from qamctl.quantum.transpile import figures_of

        native = native_form(circuit, self.noise.preset)
        self.figures = self.figures or figures_of(native).to_dict()
        return self.run([native], bits, turn)[0]

    def run(self, natives: Sequence[Any], bits: int, *turns: int) -> list[Counts]:
        """Counts of circuits of so many bits in the machine's gates; `turns` keep the seeds of several calls apart."""
        cost = sum(map(self.cost, natives))
        if cost > COST:
            most = int(self.shots * COST / cost)
            step = f"take at most {most:,} shots" if most else "take fewer qubits"
            operations, qubits = sum(len(native.data) for native in natives), max(one.num_qubits for one in natives)
            raise UnsupportedError(
                f"{self.shots:,} noisy shots of {operations:,} operations on {qubits} qubits would "
                f"take longer than ten minutes: {step}"
            )
        return [self.sample(native, bits, (*turns, k) if k else turns) for k, native in enumerate(natives)]

    def cost(self, native: Any) -> float:
        """Updates of amplitudes that a circuit's shots take."""
        check_qubits(native.num_qubits, 2.0)
        return float(self.shots * max(1, len(native.data)) * 2.0**native.num_qubits)

    def sample(self, native: Any, bits: int, turns: tuple[int, ...]) -> Counts:
        """The shots of one circuit."""
        from qiskit.exceptions import QiskitError
        from qiskit_aer import AerSimulator

        # One thread: with more the counts would depend on how many there are.
        simulator = AerSimulator(noise_model=self.model, max_parallel_threads=1)

        def measure(shots: int, seed: int) -> Counts:
            strings = simulator.run(native, shots=shots, seed_simulator=seed).result().get_counts()
            return from_strings({str(text): int(count) for text, count in strings.items()}, bits)

        try:
            each = self.cost(native) / self.shots
            return in_batches(measure, self.shots, each, BATCH, (self.seed, *turns), self.stop)
        except QiskitError as error:  # Aer's own faults are of this type, too
            raise BackendError(f"the noise simulator failed: {str(error.message).splitlines()[0]}") from None

    def setting(self, circuit: Any, basis: str, finals: Mapping[int, int], k: int) -> Counts:
        """Counts of the circuit's qubits in another basis."""
        turned = setting_circuit(circuit, basis, finals.keys())
        counts = self.counts(turned, turned.num_clbits, k + 1)
        return join_counts(counts.samples[:, circuit.num_clbits :], counts.occurrences)


def _mitigated(
    program: Program, machine: _Machine, counts: Counts | None, settings: Sequence[Setting], raw: Expectation | None
) -> tuple[Expectation | None, dict[str, Any]]:
    """The mitigated value and how it was found, from what was measured without mitigation and further circuits."""
    from qamctl.quantum.mitigation.program import Machine, Reading, complaint, in_z, mitigate, only_measured, widened

    if fault := complaint(program):
        raise UsageError(fault)
    terms, readings, bits = program.observable, [], list(range(program.n))
    constant = [(label, weight) for label, weight in terms if not letters(label)]
    if not settings and counts is not None:
        circuit, bits = only_measured(native_form(program.circuit, machine.noise.preset))
        columns = {qubit: bits.index(bit) for qubit, bit in final_columns(program.circuit).items()}
        program = replace(program, groups=[[bits.index(bit) for bit in group] for group in program.groups])
        readings = [Reading(circuit, join_counts(counts.samples[:, bits], counts.occurrences), in_z(terms, columns))]
    finals = final_measurements(program.circuit)
    for k, (setting, (basis, members)) in enumerate(zip(settings, groups(terms), strict=False)):
        turned = setting_circuit(program.circuit, basis, finals)
        circuit = only_measured(native_form(turned, machine.noise.preset))[0]
        part = in_z([*members, *(constant if not k else ())], columns_of(basis))
        readings.append(Reading(circuit, setting.counts, part))
    turn = count(len(settings) + 1)

    def run(circuits: Sequence[Any]) -> list[dict[str, int]]:
        found = machine.run(circuits, circuits[0].num_clbits, next(turn)) if circuits else []
        return [counts.strings() for counts in found]

    value, told = mitigate(program, readings, raw, Machine(run, machine_gates(machine.noise.preset)))
    return value, told if settings else widened(told, bits, program.n)


def machine_gates(preset: str) -> tuple[str, ...]:
    """The gates of a class of machine."""
    from qamctl.quantum.targets import TARGETS

    return tuple(TARGETS[preset].gates) if preset in TARGETS else GENERIC


def native_form(circuit: Any, preset: str) -> Any:
    """The circuit in the gates of a class of machine, the same each time."""
    from qamctl.quantum.targets import TARGETS
    from qamctl.quantum.transpile import transpile_for

    if preset in TARGETS:
        return transpile_for(circuit, TARGETS[preset], optimization_level=1)[0]
    from qiskit import transpile

    control = ("if_else", "while_loop", "for_loop", "switch_case")
    return transpile(circuit, basis_gates=[*GENERIC, *control], optimization_level=1, seed_transpiler=0)


def noise_model(noise: Noise) -> Any:
    """The errors as a `qiskit_aer.noise.NoiseModel`.

    Raises
    ------
    UnsupportedError
        qiskit-aer is not installed.
    """
    try:
        from qiskit_aer.noise import NoiseModel, ReadoutError
    except ImportError as missing:
        raise UnsupportedError(
            'backend noisy needs qiskit-aer, which is not installed: pip install "qamctl[noise]"'
        ) from missing
    gates = machine_gates(noise.preset)
    model = NoiseModel()
    double = [gate for gate in gates if gate in ("rxx", "rzz", "cz", "cx")]
    single = [gate for gate in gates if gate not in double and gate != "rz"]
    for names, qubits, error, seconds in ((single, 1, noise.p1, noise.time1), (double, 2, noise.p2, noise.time2)):
        channel = _gate_error(noise, qubits, error, seconds)
        if channel is not None:
            model.add_all_qubit_quantum_error(channel, names)
    if noise.readout:
        right, wrong = 1 - noise.readout, noise.readout
        model.add_all_qubit_readout_error(ReadoutError([[right, wrong], [wrong, right]]))
    return model


def _gate_error(noise: Noise, qubits: int, error: float, seconds: float) -> Any:
    """The channel behind a gate: relaxation, and depolarising for the rest of its error; None where there is none."""
    from qiskit.quantum_info import average_gate_fidelity
    from qiskit_aer.noise import depolarizing_error, thermal_relaxation_error

    size = 2**qubits
    relaxation, lost = None, 0.0
    if noise.t1 is not None and noise.t2 is not None:
        one = thermal_relaxation_error(noise.t1, noise.t2, seconds)
        relaxation = one if qubits == 1 else one.tensor(one)
        lost = 1 - float(average_gate_fidelity(relaxation))
    rest = min(1.0, max(0.0, error - lost) * size / (size - 1))
    if rest <= 0:
        return relaxation
    depolarising = depolarizing_error(rest, qubits)
    return depolarising if relaxation is None else relaxation.compose(depolarising)
