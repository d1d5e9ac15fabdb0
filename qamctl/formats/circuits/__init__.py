"""Circuit files: OpenQASM 3 and 2, QIR as text or bitcode, and specs of `kind: circuit` that hold or name one.

The format is told from the content. Whatever comes in is a qiskit circuit whose parameters have values, or a QIR
program, together with what is to be measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from qamctl.spec.source import Source

__all__ = ["FORMATS", "CircuitFile", "read_circuit"]

#: Formats that are read -> what each is.
FORMATS: Final[Mapping[str, str]] = MappingProxyType(
    {"openqasm": "an OpenQASM program", "qir": "QIR", "circuit": "a spec of kind circuit"}
)


@dataclass(frozen=True)
class CircuitFile:
    """A circuit as it was read from a file.

    Attributes
    ----------
    circuit
        A `qiskit.QuantumCircuit` without free parameters; None for QIR.
    qir
        A `qamctl.quantum.qir.QirInfo`; None for OpenQASM.
    format
        A key of `FORMATS`.
    name
        Used in run names: what the file says, else its stem.
    source
        The bytes that were read, and what to call the file.
    observable
        Pauli strings, a letter for each qubit, with weights; empty where there is none.
    shots
        That the spec asks for; None: it does not.
    noise
        The `noise:` block of a spec.
    mitigate
        Words of `qamctl.options.MITIGATIONS` that the spec asks for.
    groups
        Bits of which exactly one is 1.
    solver
        The `solver:` block of a spec.
    """

    circuit: Any
    qir: Any
    format: str
    name: str
    source: Source
    observable: Sequence[tuple[str, float]] = ()
    shots: int | None = None
    noise: Mapping[str, Any] = field(default_factory=dict)
    solver: Mapping[str, Any] = field(default_factory=dict)
    mitigate: tuple[str, ...] = ()
    groups: tuple[tuple[int, ...], ...] = ()

    @property
    def bits(self) -> int:
        """Classical bits, of which a bitstring is made; of QIR the results that it may record."""
        return int(self.qir.results if self.circuit is None else self.circuit.num_clbits)

    @property
    def qubits(self) -> int:
        """Qubits of the circuit."""
        return int(self.qir.qubits if self.circuit is None else self.circuit.num_qubits)

    @property
    def registers(self) -> list[tuple[str, int]]:
        """Name and size of the classical registers, the lowest bits first; none of QIR, or of bits outside of any."""
        if self.circuit is None:
            return []
        found = [(str(register.name), int(register.size)) for register in self.circuit.cregs]
        return found if sum(size for _, size in found) == self.bits else []


def read_circuit(path: str | Path, *, format: str | None = None) -> CircuitFile:
    """The circuit in a file.

    Parameters
    ----------
    path
        `-` is standard input.
    format
        A key of `FORMATS`; None tells it from the content.

    Raises
    ------
    UsageError
        For an unknown format.
    SpecError
        For a file that is not of the format, with file, line and column; for a circuit whose parameters have no
        values, or that measures nothing and has no observable.
    """
    from qamctl.formats.circuits.read import read_file

    return read_file(path, format)
