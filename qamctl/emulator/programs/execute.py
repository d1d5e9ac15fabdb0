"""Runs the program of a job on the simulators of `qamctl.quantum`; whatever is wrong with it makes the job fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from qamctl.emulator.programs import costs, exact, outputs, pulser
from qamctl.emulator.programs.fault import BadProgram
from qamctl.emulator.programs.limits import check_input, check_profile, check_qubits, shots_of
from qamctl.emulator.programs.noise import Noisy, decided
from qamctl.emulator.programs.sampled import Sampled, seed_of, simulated, zeros
from qamctl.emulator.work import Outcome, Work
from qamctl.errors import QamError

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from qamctl.emulator.programs.qir import Listed
    from qamctl.quantum.qir import QirInfo

#: Input format -> the output formats that there are of it. A provider's own programs come back in its own format:
#: nothing is known of the service translating them.
_FORMATS: Final[Mapping[str, tuple[str, ...]]] = {
    "qir.v1": (outputs.V2, outputs.V1),
    "ionq.circuit.v1": (outputs.IONQ,),
    "honeywell.openqasm.v1": (outputs.HONEYWELL,),
    "rigetti.quil.v1": (outputs.RIGETTI,),
    pulser.INPUT: (pulser.OUTPUT,),
    "microsoft.quantum-log.v1": ("microsoft.quantum-log.v1",),
}


def run(work: Work) -> Outcome:
    """Run a job."""
    try:
        check_input(work)
        if work.output_format not in _FORMATS[work.input_format]:
            text = f"The output returned by '{work.target.provider.lower()}' cannot be translated as specified by "
            more = "'outputDataFormat'. Please ensure that 'outputDataFormat' is correct."
            raise BadProgram(f"{text}{more}", "CannotTranslateOutputData")
        return _RUN[work.input_format](work)
    except BadProgram as fault:
        return Outcome(error=(fault.code, fault.message))
    except QamError as error:
        return Outcome(error=("InvalidInputData", error.message))
    except Exception as error:  # a program that the simulators choke on may not end the service
        return Outcome(error=("InternalServerError", f"The simulator failed: {type(error).__name__}."))


def _qir(work: Work) -> Outcome:
    from qamctl.emulator.programs import qir

    info = _read(work.payload)
    noise = decided(work.target, work.noise, work.params)
    check_qubits(work, info.qubits, noise)
    check_profile(work.target, info.profile)
    program = qir.listed(info)
    circuit = program.circuit
    figures = costs.of_qir(info.text, info.qubits) if circuit is None else costs.of_circuit(circuit)
    sampled, runs = [], []
    for number, item in enumerate(_items(work)):
        shots = shots_of(work.target, item)
        found = _qir_shots(work, info, program, shots, number, noise)
        width = found.rows.shape[1]
        flat: qir.Shape = list(range(width))
        sampled.append((found, program.shape if len(program.recorded) == width else flat))
        runs.append((figures, shots))
    lost = 0.0 if work.target.checks_only else work.lost
    write = outputs.microsoft_v1 if work.output_format == outputs.V1 else outputs.microsoft_v2
    output = write(sampled, lost, seed_of(work.seed, work.job, "lost"))
    return Outcome(output, cost=costs.cost(work.target, runs))


@lru_cache(maxsize=16)
def _read(payload: bytes) -> QirInfo:
    """A program; LLVM looks at it in a process of its own, which takes far longer than running most of them."""
    from qamctl.quantum.qir import read_qir

    return read_qir(payload, "The input data")


def _items(work: Work) -> list[Mapping[str, Any]]:
    """The parameters of each item: its own before those of the job."""
    items = work.params.get("items")
    if not items:
        return [work.params]
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise BadProgram("The input parameter 'items' must be a list of objects.")
    return [{**work.params, **item} for item in items]


def _qir_shots(work: Work, info: QirInfo, program: Listed, shots: int, number: int, noise: Noisy | None) -> Sampled:
    """What an item of a job measures: its columns are the results that it records."""
    from qamctl.emulator.programs import qir

    if work.target.checks_only:
        return zeros(qir.width(info, program), shots)
    if program.circuit is not None and noise is None and not work.target.is_sampled:
        found = exact.scaled(program.circuit, program.recorded, shots)
        if found is not None:
            return found
    return qir.run(info, program, shots, seed_of(work.seed, work.job, number), noise)


def _ionq(work: Work) -> Outcome:
    """The simulator tells probabilities, unless it simulates noise; the machines frequencies."""
    import numpy as np

    from qamctl.emulator.programs.ionq import read

    circuit = read(work.payload, work.target.id)
    noise = decided(work.target, work.noise, work.params)
    check_qubits(work, circuit.num_qubits, noise)
    shots = shots_of(work.target, work.params)
    found = exact.distribution(circuit) if noise is None and not work.target.is_sampled else None
    if found is None:
        sampled = _shots(work, circuit, shots, noise)
        found = sampled.rows, np.bincount(sampled.order, minlength=len(sampled.rows)) / shots
    rows, chances = found
    numbers = [int("".join(map(str, row[::-1].tolist())), 2) for row in rows]
    told = {number: round(float(chance), 12) for number, chance in zip(numbers, chances, strict=True)}
    probabilities = {number: chance for number, chance in told.items() if chance > 0}
    return Outcome(outputs.ionq(probabilities), cost=_cost(work, circuit, shots))


def _openqasm(work: Work) -> Outcome:
    from qamctl.emulator.programs.openqasm import read

    circuit, registers = read(work.payload)
    noise = decided(work.target, work.noise, work.params)
    check_qubits(work, circuit.num_qubits, noise)
    shots = shots_of(work.target, work.params)
    sampled = _shots(work, circuit, shots, noise)
    return Outcome(outputs.honeywell(sampled, registers), cost=_cost(work, circuit, shots))


def _quil(work: Work) -> Outcome:
    from qamctl.emulator.programs import quil

    circuits = [quil.read(work.payload, values) for values in quil.runs(work.params)]
    noise = decided(work.target, work.noise, work.params)
    check_qubits(work, circuits[0].num_qubits, noise)
    shots = shots_of(work.target, work.params)
    sampled = [_shots(work, circuit, shots, noise, number) for number, circuit in enumerate(circuits)]
    registers = {one.name: [circuits[0].find_bit(bit).index for bit in one] for one in circuits[0].cregs}
    figures = [(costs.of_circuit(circuit), shots) for circuit in circuits]
    return Outcome(outputs.rigetti(sampled, registers), cost=costs.cost(work.target, figures))


def _echo(work: Work) -> Outcome:
    return Outcome(work.payload)


_RUN: Final[Mapping[str, Callable[[Work], Outcome]]] = {
    "qir.v1": _qir,
    "ionq.circuit.v1": _ionq,
    "honeywell.openqasm.v1": _openqasm,
    "rigetti.quil.v1": _quil,
    pulser.INPUT: pulser.run_pulser,
    "microsoft.quantum-log.v1": _echo,
}


def _shots(work: Work, circuit: QuantumCircuit, shots: int, noise: Noisy | None, number: int = 0) -> Sampled:
    """What a job's circuit measures; `number` keeps the seeds of several apart."""
    if work.target.checks_only:
        return zeros(circuit.num_clbits, shots)
    return simulated(circuit, shots, seed_of(work.seed, work.job, number), noise)


def _cost(work: Work, circuit: QuantumCircuit, shots: int) -> Mapping[str, Any] | None:
    return costs.cost(work.target, [(costs.of_circuit(circuit), shots)])
