"""What `--mitigate` does: a program that a noisy machine measured, its circuits folded and its readout calibrated.

Folding takes the circuit in the machine's own gates, so that each gate's noise grows and no compiler takes a copy away;
calibration circuits read the machine's qubits that the circuit ended on. Where an observable needs several bases, each
one is corrected by itself, and their sum is extrapolated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from qamctl.errors import UsageError
from qamctl.quantum.mitigation import Mitigated, Readout, Zne, execute
from qamctl.quantum.mitigation.calibration import confusion_seen
from qamctl.quantum.mitigation.extrapolation import Extrapolation, Point, extrapolate
from qamctl.quantum.mitigation.folding import fold, measured_qubits
from qamctl.quantum.mitigation.observables import Check, ZSum, mixed_mean
from qamctl.quantum.mitigation.outcomes import Counts as Strings
from qamctl.quantum.mitigation.postselect import one_hot
from qamctl.quantum.pauli_values import is_diagonal, letters, support
from qamctl.quantum.program import Counts, Expectation, Program, is_measured
from qamctl.quantum.simulate.lowering import final_columns, final_measurements

#: The words that are known.
METHODS: Final = ("readout", "zne", "postselect")

#: Circuits that calibrate readout: all 0, and all 1.
CALIBRATING: Final = 2


@dataclass(frozen=True)
class Reading:
    """A circuit and what it gave.

    Attributes
    ----------
    circuit
        In the machine's gates; every classical bit is measured.
    counts
        Of those bits, without mitigation.
    observable
        The part of the program's observable that is read here.
    """

    circuit: Any
    counts: Counts
    observable: ZSum


@dataclass(frozen=True)
class Machine:
    """Where the circuits run.

    Attributes
    ----------
    run
        Counts of circuits in its gates.
    gates
        Their names.
    """

    run: Callable[[Sequence[Any]], Sequence[Strings]]
    gates: Collection[str]


def complaint(program: Program) -> str | None:
    """Why a program can't be mitigated as it asks, and what to do; None: it can."""
    circuit, terms = program.circuit, program.observable
    if circuit is None:
        return None  # noisy engines refuse QIR themselves
    if "zne" in program.mitigate and not terms:
        return "zne extrapolates the mean of an observable, and there is none: give an `observable` in a circuit spec"
    if "postselect" in program.mitigate:
        if not program.groups:
            return "postselect needs to know which bits are one-hot: give `groups` in a circuit spec"
        if blind := {bit for group in program.groups for bit in group} - set(final_measurements(circuit).values()):
            return f"postselect looks at bit {min(blind)} of `groups`, and nothing is measured into it: measure it last"
        if terms and not own_counts(program):
            return "postselect keeps counts of the circuit's bits, which the observable is not read from: leave it out"
    steps = circuit.data
    ends = final_measurements(circuit)
    for at, step in enumerate(steps):
        name = step.operation.name
        if (name == "measure" and at not in ends) or (step.clbits and name != "measure") or name == "reset":
            return (
                f"mitigation is for gates with measurements at the end, and instruction {at + 1} of the circuit, "
                f"`{name}`, is neither: leave mitigation out"
            )
    if not (support(terms) if terms and not own_counts(program) else is_measured(circuit)):
        return "nothing is measured that mitigation could correct: measure qubits, or leave it out"
    return None


def own_counts(program: Program) -> bool:
    """Whether the observable, if there is one, is read from the counts of the circuit's own bits."""
    terms = program.observable
    inside = is_diagonal(terms) and set(support(terms)) <= final_columns(program.circuit).keys()
    return is_measured(program.circuit) and inside


def circuits_needed(methods: Collection[str], settings: int) -> int:
    """Circuits that run for a value, those without mitigation among them, where it is read in so many bases."""
    scales = len(Zne().scales) if "zne" in methods else 1
    return max(1, settings) * (scales + (CALIBRATING if "readout" in methods else 0))


def in_z(terms: Sequence[tuple[str, float]], columns: Mapping[int, int]) -> ZSum:
    """A Pauli sum whose qubits were turned into the basis that is measured, over columns of the counts."""
    return ZSum(tuple((tuple(columns[qubit] for qubit in letters(label)), weight) for label, weight in terms))


def only_measured(circuit: Any) -> tuple[Any, list[int]]:
    """The circuit with those classical bits alone that are measured, and which ones of its bits those are."""
    from qiskit import ClassicalRegister, QuantumCircuit

    bits = sorted({circuit.find_bit(bit).index for step in circuit.data for bit in step.clbits})
    register = ClassicalRegister(len(bits), "c")
    place = {circuit.clbits[bit]: register[k] for k, bit in enumerate(bits)}
    out = QuantumCircuit(*circuit.qregs, register, global_phase=circuit.global_phase)
    out.add_bits([bit for bit in circuit.qubits if not circuit.find_bit(bit).registers])
    for step in circuit.data:
        out.append(step.operation, step.qubits, [place[bit] for bit in step.clbits])
    return out, bits


def widened(told: Mapping[str, Any], bits: Sequence[int], n: int) -> dict[str, Any]:
    """What `mitigate` tells of some of n bits as of all: the others are 0, and read without errors."""
    out = dict(told)
    if told["readout"] is not None:
        rates = dict(zip(bits, told["readout"][0], strict=True))
        out["readout"] = [[rates.get(bit, [0.0, 0.0]) for bit in range(n)]]
    if told["distribution"] is not None:
        out["distribution"] = {}
        for text, share in told["distribution"].items():
            read = dict(zip(bits, reversed(text), strict=True))
            out["distribution"]["".join(read.get(bit, "0") for bit in reversed(range(n)))] = share
    return out


def mitigate(
    program: Program, readings: Sequence[Reading], raw: Expectation | None, machine: Machine
) -> tuple[Expectation | None, dict[str, Any]]:
    """The value of a program's observable with its noise mitigated, and how it was found, as the result file has it.

    Parameters
    ----------
    readings
        Of the circuit itself, or of each basis that its observable needs.
    raw
        The value without mitigation; None where there is no observable.

    Raises
    ------
    UsageError
        The circuit is too short to be folded.
    BackendError
        A qubit's readout can't be inverted.
    InfeasibleError
        Post-selection keeps nothing.
    """
    methods = [name for name in METHODS if name in program.mitigate]
    keep = one_hot(program.groups) if "postselect" in methods else None
    parts = [_part(reading, methods, keep, machine) for reading in readings]
    scales = [scale for scale, _ in parts[0].values]
    points = [
        Point(scale, math.fsum(part.values[k][1].value for part in parts),
              math.hypot(*(part.values[k][1].error for part in parts)))
        for k, scale in enumerate(scales)
    ]  # fmt: skip
    found = _extrapolated(points, readings, keep) if "zne" in methods else None
    # How many circuits calibrate stands in the result itself.
    told_of = (note for part in parts for _, value in part.values for note in value.notes)
    notes = [note for note in told_of if "calibration circuits" not in note]
    notes += [] if found is None else found.notes
    if found is not None and found.fit == "exponential" and "readout" not in methods:
        notes.append("the asymptote is that of faultless readout: where readout errs, correct it too")
    shots = sum(part.shots for part in parts)
    first = parts[0].values[0][1]
    told: dict[str, Any] = {
        "methods": methods, "raw": None, "shots": shots, "circuits": sum(part.circuits for part in parts),
        "overhead": None, "kept": first.kept, "fit": None if found is None else found.fit,
        "why": None if found is None else found.why, "asymptote": None if found is None else found.asymptote,
        "points": [], "readout": [part.flips for part in parts] if "readout" in methods else None,
        "distribution": None, "notes": list(dict.fromkeys(notes)),
    }  # fmt: skip
    if own_counts(program) and set(methods) & {"readout", "postselect"}:
        told["distribution"] = first.distribution
    if raw is None:
        return None, told
    value = Expectation(points[0].value, points[0].error, exact=False)
    if found is not None:
        value = Expectation(found.value, found.error, exact=False)
        told["points"] = [{"scale": p.scale, "value": p.value, "standard_error": p.error} for p in points]
    plain = sum(reading.counts.shots for reading in readings)
    told["raw"] = {"value": raw.value, "standard_error": raw.error}
    told["overhead"] = (value.error / raw.error) ** 2 * shots / plain if raw.error else None
    return value, told


@dataclass(frozen=True)
class _Part:
    """What one reading came to: (noise scale, value) by rising scale, what ran, and P(1|0), P(0|1) of each bit."""

    values: list[tuple[float, Mitigated]]
    shots: int
    circuits: int
    flips: list[list[float]]


def _part(reading: Reading, methods: Sequence[str], keep: Check | None, machine: Machine) -> _Part:
    """One reading at each noise scale; what it gave already is its first one."""
    folds = [fold(reading.circuit, scale) for scale in (sorted(Zne().scales) if "zne" in methods else [1.0])]
    if len({one.scale for one in folds}) < len(folds):
        raise UsageError("the circuit has no gates on the machine, and zne has nothing to fold: leave zne out")
    results: list[Strings] = [reading.counts.strings()]

    def run(batch: Sequence[Any]) -> Sequence[Strings]:
        results.extend(machine.run([_in_gates(circuit, machine.gates) for circuit in batch[1:]]))
        return results

    readout = Readout() if "readout" in methods else None
    found = execute([one.circuit for one in folds], run, reading.observable, readout=readout, keep=keep)
    flips: list[list[float]] = []
    if readout is not None:
        qubits = measured_qubits(reading.circuit)
        matrices, _ = confusion_seen(results[len(folds) :], len(qubits), readout.patterns)
        order = [sorted(qubits).index(qubit) for qubit in qubits]
        flips = [[float(matrices[k, 1, 0]), float(matrices[k, 0, 1])] for k in order]
    shots = sum(sum(counts.values()) for counts in results)
    return _Part([(one.scale, value) for one, value in zip(folds, found, strict=True)], shots, len(results), flips)


def _extrapolated(points: Sequence[Point], readings: Sequence[Reading], keep: Check | None) -> Extrapolation:
    """The value at no noise; the mean over all outcomes, where it is at hand, is that of endless noise."""
    means = [mixed_mean(reading.observable, reading.circuit.num_clbits, keep) for reading in readings]
    known = [mean for mean in means if mean is not None]
    return extrapolate(points, asymptote=math.fsum(known) if len(known) == len(means) else None)


def _in_gates(circuit: Any, gates: Collection[str]) -> Any:
    """A folded or calibrating circuit in the machine's gates: the inverse of sx is none, and x is not on every one."""
    out = circuit.copy_empty_like()
    for step in circuit.data:
        name = step.operation.name
        if name == "sxdg":
            out.rz(math.pi, step.qubits[0])
            out.sx(step.qubits[0])
            out.rz(math.pi, step.qubits[0])
        elif name == "x" and "x" not in gates:
            out.rx(math.pi, step.qubits[0])
        else:
            out.append(step.operation, step.qubits, step.clbits)
    return out
