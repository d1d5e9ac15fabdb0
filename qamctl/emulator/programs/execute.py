"""Runs the program of a job on the simulators of `qamctl.quantum`; whatever is wrong with it makes the job fail."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from qamctl.emulator.programs import costs, outputs
from qamctl.emulator.programs.sampled import BadProgram, seed_of, shots_of, simulated
from qamctl.emulator.work import Outcome, Work
from qamctl.errors import QamError
from qamctl.quantum.program import Program

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: Shots of a job that does not say.
_SHOTS: Final = 500

#: Profiles of QIR, each with all that the ones before it have; what calls itself otherwise is taken for the first.
_PROFILES: Final[Mapping[str | None, int]] = {
    "base": 0, "Base": 0, "adaptive-ri": 1, "Adaptive_RI": 1, "adaptive-rif": 2, "Adaptive_RIF": 2,
}  # fmt: skip

#: Input format -> the output formats that there are of it.
_FORMATS: Final[Mapping[str, tuple[str, ...]]] = {
    "qir.v1": (outputs.V2, outputs.V1),
    "ionq.circuit.v1": (outputs.IONQ,),
    "honeywell.openqasm.v1": (outputs.HONEYWELL,),
    "rigetti.quil.v1": (outputs.RIGETTI,),
    "microsoft.quantum-log.v1": ("microsoft.quantum-log.v1",),
}


def run(work: Work) -> Outcome:
    """Run a job."""
    try:
        if work.input_format not in work.target.formats:
            raise BadProgram(f"The target '{work.target.id}' does not take the input format '{work.input_format}'.")
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
    from qamctl.quantum.qir import read_qir

    info = read_qir(work.payload, "The input data")
    _fits(work, info.qubits)
    if _PROFILES.get(info.profile, 0) > _PROFILES.get(work.target.profile, 0):
        raise BadProgram(f"The target '{work.target.id}' does not take QIR of the profile {info.profile}.")
    program = qir.listed(info)
    circuit = program.circuit
    figures = costs.of_qir(info.text, info.qubits) if circuit is None else costs.of_circuit(circuit)
    sampled, runs = [], []
    for number, item in enumerate(_items(work)):
        shots = shots_of(item, _SHOTS)
        found = qir.run(info, program, shots, seed_of(work.seed, work.job, number))
        width = found.rows.shape[1]
        flat: qir.Shape = list(range(width))
        sampled.append((found, program.shape if len(program.recorded) == width else flat))
        runs.append((figures, shots))
    if work.output_format == outputs.V1:
        output = outputs.microsoft_v1(*sampled[0])
    else:
        output = outputs.microsoft_v2(sampled, work.lost, seed_of(work.seed, work.job, "lost"))
    return Outcome(output, cost=costs.cost(work.target, runs))


def _items(work: Work) -> list[Mapping[str, Any]]:
    """The parameters of each item: its own before those of the job."""
    items = work.params.get("items")
    if not items:
        return [work.params]
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise BadProgram("The input parameter 'items' must be a list of objects.")
    return [{**work.params, **item} for item in items]


def _ionq(work: Work) -> Outcome:
    """The simulator tells probabilities, the machines frequencies."""
    import numpy as np

    from qamctl.emulator.programs.ionq import read
    from qamctl.quantum.simulate import exact

    circuit = read(work.payload)
    _fits(work, circuit.num_qubits)
    shots = shots_of(work.params, _SHOTS)
    found = exact(Program(circuit, circuit.num_clbits)) if work.target.is_simulator else None
    if found is None:
        sampled = simulated(circuit, shots, seed_of(work.seed, work.job))
        found = sampled.rows, np.bincount(sampled.order, minlength=len(sampled.rows)) / shots
    rows, chances = found
    numbers = [int("".join(map(str, row[::-1].tolist())), 2) for row in rows]
    told = {number: round(float(chance), 12) for number, chance in zip(numbers, chances, strict=True)}
    probabilities = {number: chance for number, chance in told.items() if chance > 0}
    return Outcome(outputs.ionq(probabilities), cost=_cost(work, circuit, shots))


def _openqasm(work: Work) -> Outcome:
    from qamctl.quantum.qasm import loads

    circuit = loads(work.payload, "The input data")
    _fits(work, circuit.num_qubits)
    shots = shots_of(work.params, _SHOTS)
    sampled = simulated(circuit, shots, seed_of(work.seed, work.job))
    return Outcome(outputs.honeywell(sampled, _registers(circuit)), cost=_cost(work, circuit, shots))


def _quil(work: Work) -> Outcome:
    from qamctl.emulator.programs.quil import read

    circuit = read(work.payload)
    _fits(work, circuit.num_qubits)
    shots = shots_of(work.params, 1)
    sampled = simulated(circuit, shots, seed_of(work.seed, work.job))
    return Outcome(outputs.rigetti(sampled, _registers(circuit)), cost=_cost(work, circuit, shots))


def _echo(work: Work) -> Outcome:
    return Outcome(work.payload)


_RUN: Final[Mapping[str, Callable[[Work], Outcome]]] = {
    "qir.v1": _qir,
    "ionq.circuit.v1": _ionq,
    "honeywell.openqasm.v1": _openqasm,
    "rigetti.quil.v1": _quil,
    "microsoft.quantum-log.v1": _echo,
}


def _fits(work: Work, qubits: int) -> None:
    most = work.target.qubits
    if most is not None and qubits > most:
        raise BadProgram(f"The program needs {qubits} qubits, and the target '{work.target.id}' has {most}.")


def _registers(circuit: QuantumCircuit) -> dict[str, list[int]]:
    """Bits of each classical register."""
    return {
        re.sub(r"\s", "_", register.name): [circuit.find_bit(bit).index for bit in register]
        for register in circuit.cregs
    }


def _cost(work: Work, circuit: QuantumCircuit, shots: int) -> Mapping[str, Any] | None:
    return costs.cost(work.target, [(costs.of_circuit(circuit), shots)])
