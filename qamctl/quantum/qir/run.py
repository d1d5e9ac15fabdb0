"""Programs run as QIR: circuits are compiled first, observables measured in as many settings as they need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from qamctl.errors import SpecError, UnsupportedError
from qamctl.quantum.pauli_values import from_counts, groups, is_diagonal, measured_in, setting_circuit, support
from qamctl.quantum.program import Counts, Measured, Program, Setting, from_strings, is_measured, join_counts
from qamctl.quantum.qir import COST, QirInfo, read_own, run_qir, to_qir
from qamctl.quantum.simulate import check_qubits, refuse_unmeasured
from qamctl.quantum.simulate.batches import in_batches
from qamctl.quantum.simulate.lowering import final_columns, final_measurements, refuse_unbound

#: Updates of amplitudes in one batch of shots: about a second.
BATCH: Final = 3e8


def run(program: Program, shots: int, seed: int, *, stop: Callable[[], bool] = lambda: False) -> Measured:
    """Shots of a program as QIR, and the value of its observable; equal seeds give equal counts.

    Raises
    ------
    SpecError
        A parameter has no value, or nothing is measured and no observable is asked for; or the observable of a QIR
        file has X or Y.
    UnsupportedError
        The shots would take too long, or the profile lacks something that the circuit does.
    BackendError
        The simulator failed, or `stop` ended it.
    """
    part = _of_circuit if program.qir is None else _of_file
    return part(program, shots, seed, stop)


def _of_file(program: Program, shots: int, seed: int, stop: Callable[[], bool]) -> Measured:
    counts = _counts(program.qir, shots, (seed, 0), stop)
    terms, width = program.observable, counts.samples.shape[1]
    if not terms:
        return Measured(counts, None, (), _figures(program.qir))
    if not is_diagonal(terms):
        raise SpecError("the observable has X or Y, and QIR is measured as it is: only I and Z have a value there")
    if any(qubit >= width for qubit in support(terms)):
        raise SpecError(f"the observable acts on bit {max(support(terms))}, and the QIR records {width} bits")
    expectation = from_counts(counts, terms, {bit: bit for bit in range(width)})
    return Measured(counts, expectation, (), _figures(program.qir))


def _of_circuit(program: Program, shots: int, seed: int, stop: Callable[[], bool]) -> Measured:
    refuse_unmeasured(program)
    refuse_unbound(program.circuit)
    circuit, terms = program.circuit, program.observable
    finals = final_measurements(circuit)
    columns = final_columns(circuit)
    counts, info = None, None
    if is_measured(circuit):
        info = compiled(circuit)
        counts = _widened(_counts(info, shots, (seed, 0), stop), circuit)
    if not terms:
        return Measured(counts, None, (), _figures(info))
    if counts is not None and is_diagonal(terms) and set(support(terms)) <= columns.keys():
        return Measured(counts, from_counts(counts, terms, columns), (), _figures(info))
    settings = []
    for k, (basis, _) in enumerate(groups(terms)):
        turned = setting_circuit(circuit, basis, finals.keys())
        own = compiled(turned)
        info = info or own
        every = _widened(_counts(own, shots, (seed, k + 1), stop), turned)
        settings.append(Setting(basis, join_counts(every.samples[:, circuit.num_clbits :], every.occurrences)))
    return Measured(counts, measured_in(settings, terms), tuple(settings), _figures(info))


def compiled(circuit: Any) -> QirInfo:
    """A circuit as QIR: base profile, or adaptive-ri where it measures, resets or decides on the way."""
    finals = final_measurements(circuit)
    late = any(
        one.operation.name in ("measure", "reset", "store") or hasattr(one.operation, "blocks")
        for at, one in enumerate(circuit.data)
        if at not in finals
    )
    return read_own(to_qir(_measured_bits_only(circuit), profile="adaptive-ri" if late else "base"))


def _counts(info: QirInfo, shots: int, seed: tuple[int, int], stop: Callable[[], bool]) -> Counts:
    """Counts of a QIR program, whose bits are those that it records."""
    check_qubits(info.qubits, 2.0)

    def measure(shots: int, seed: int) -> Counts:
        strings = run_qir(info, shots, seed)
        return from_strings(strings, len(next(iter(strings))))

    if shots * info.cost > COST:
        return measure(shots, seed[0])  # it refuses, and says what would fit
    return in_batches(measure, shots, info.cost, BATCH, seed, stop)


def _written(circuit: Any) -> list[int]:
    """The bits that something is measured into."""
    return sorted({circuit.find_bit(bit).index for one in circuit.data for bit in one.clbits})


def _measured_bits_only(circuit: Any) -> Any:
    """The circuit without the bits that it never measures, which QIR can't record."""
    bits = _written(circuit)
    if len(bits) == circuit.num_clbits:
        return circuit
    if any(hasattr(one.operation, "blocks") for one in circuit.data):
        raise UnsupportedError(
            "the circuit has conditions and bits that are never measured, which QIR can't record: leave those bits out"
        )
    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction

    out = QuantumCircuit(circuit.num_qubits, len(bits))
    place = {circuit.clbits[bit]: out.clbits[k] for k, bit in enumerate(bits)}
    for one in circuit.data:
        qubits = [out.qubits[circuit.find_bit(qubit).index] for qubit in one.qubits]
        out.append(CircuitInstruction(one.operation, qubits, [place[bit] for bit in one.clbits]))
    return out


def _widened(counts: Counts, circuit: Any) -> Counts:
    """Counts with all of the circuit's bits; those that are never measured are 0."""
    bits = _written(circuit)
    if len(bits) == circuit.num_clbits:
        return counts
    rows = np.zeros((len(counts.samples), circuit.num_clbits), np.uint8)
    rows[:, bits] = counts.samples
    return join_counts(rows, counts.occurrences)


def _figures(info: QirInfo | None) -> Mapping[str, Any]:
    if info is None:
        return {"method": "qdk"}
    return {"method": "qdk", "profile": info.profile, "qir_qubits": info.qubits, "operations": info.operations}
