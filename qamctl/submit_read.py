"""What `submit` sends: a circuit, the QAOA circuit of a problem, or a program in a provider's own language."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qamctl.config import resolve
from qamctl.errors import SpecError, UnsupportedError, UsageError
from qamctl.kinds import kind_of, kind_of_format
from qamctl.story import Problem, by_flag, make_problem

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from qamctl.compiling import Target
    from qamctl.formats.native import NativeFile
    from qamctl.quantum.qir import QirInfo

#: Options of problems that are compiled; a circuit is sent as it is.
PROBLEMS: Final = ("depth", "mixer", "sense", "slot", "max_variables")


@dataclass(frozen=True)
class Program:
    """A file as a program for a quantum computer.

    Attributes
    ----------
    kind
        schedule, cluster, model or circuit.
    circuit, qir, native
        Exactly one is set.
    target
        The problem that the circuit was compiled from; None of a circuit file.
    report
        Of a problem: what its circuit is, as `qamctl compile` tells it.
    shots
        That the file asks for; None: it does not.
    """

    kind: str
    problem: Problem
    circuit: QuantumCircuit | None
    qir: QirInfo | None = None
    target: Target | None = None
    report: Mapping[str, Any] = field(default_factory=dict)
    shots: int | None = None
    native: NativeFile | None = None

    @property
    def bits(self) -> int | None:
        """Classical bits of a result that does not show all of them; None: it does, or they are not known."""
        return None if self.native is None else self.native.bits


def read_program(
    path: str, flags: Mapping[str, object], *, profile: str | None = None, config_file: Path | None = None
) -> Program:
    """The program of a file, and the options that hold for it.

    Parameters
    ----------
    path
        A spec, a model file, OpenQASM, QIR, or with the option `input_format` a provider's own program; `-` is standard
        input.

    Raises
    ------
    SpecError, InfeasibleError
        The file is at fault, or nothing can satisfy it.
    UsageError, UnsupportedError
        An option makes no sense, or no circuit can hold the problem.
    """
    asked = resolve(
        flags, {}, profile=profile, config_file=config_file, cwd=Path.cwd(), environ=os.environ
    ).options  # fmt: skip
    if asked.input_format is not None:
        return _native(path, asked.input_format, asked.format, flags, profile, config_file)
    kind = kind_of(path, "model") if asked.format is None else kind_of_format(asked.format)
    if kind == "circuit":
        return _circuit(path, asked.format, flags, profile, config_file)
    from qamctl import compiling
    from qamctl.quantum.qasm import loads

    given = dict(flags)
    if asked.format is not None:
        given["format"] = asked.format
    target = compiling.open_target(path, given, profile=profile, config_file=config_file)
    # By way of OpenQASM, which is what `qamctl compile` writes: what is sent can be looked at, and is nothing else.
    made = compiling.write_circuit(target, compiling.circuit_form("qasm", None, None, False))
    circuit = loads(made.content.decode(), target.problem.source.label)
    return Program(kind, target.problem, circuit, None, target, made.report)


def _circuit(
    path: str, format: str | None, flags: Mapping[str, object], profile: str | None, config_file: Path | None
) -> Program:
    from qamctl.formats.circuits import read_circuit
    from qamctl.quantum.pauli_values import is_diagonal, support

    file = read_circuit(path, format=format)
    problem = make_problem(
        file, file.name, file.source, file.solver, flags, profile=profile, config_file=config_file
    )  # fmt: skip
    _refuse_idle(problem)
    if file.bits == 0:
        raise SpecError(f"{file.source.label} measures nothing: measure its qubits into bits (`c = measure q;`)")
    if file.observable:
        seen = columns_of(file)
        if not is_diagonal(file.observable) or not set(support(file.observable)) <= seen.keys():
            raise UnsupportedError(
                f"{file.source.label} has an observable that its own measurements do not tell, and a job measures "
                "nothing else: turn the qubits into its basis in the circuit, and give it with Z in place of X and Y"
            )
    return Program("circuit", problem, file.circuit, file.qir, shots=file.shots)


def _native(
    path: str,
    input_format: str,
    format: str | None,
    flags: Mapping[str, object],
    profile: str | None,
    config_file: Path | None,
) -> Program:
    from qamctl.formats.native import read_native

    if format is not None:
        raise UsageError(
            f"--format {format} and --input-format {input_format} say different things: leave one of them out"
        )
    found = read_native(path, input_format)
    problem = make_problem(
        found, found.name, found.source, {}, flags, profile=profile, config_file=config_file
    )  # fmt: skip
    _refuse_idle(problem)
    return Program("circuit", problem, None, native=found)


def _refuse_idle(problem: Problem) -> None:
    """Raise a UsageError where a flag asks for what is not done with a circuit."""
    if idle := [f"--{name.replace('_', '-')}" for name in PROBLEMS if by_flag(problem, name)]:
        are = "is" if len(idle) == 1 else "are"
        raise UsageError(f"{', '.join(idle)} {are} for problems, and {problem.source.label} is a circuit: leave it out")


def columns_of(file: Any) -> Mapping[int, int]:
    """The bit of each qubit that is measured last."""
    from qamctl.quantum.simulate.lowering import final_columns

    return {bit: bit for bit in range(file.bits)} if file.circuit is None else final_columns(file.circuit)
