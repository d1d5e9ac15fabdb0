"""Circuits for a class of machines, and what they cost there: gates, layers, swaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from qamctl.errors import UnsupportedError, UsageError
from qamctl.quantum.targets import TargetClass, check_fits

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: What is no gate.
_NO_GATES: Final = ("measure", "reset", "barrier", "delay")

#: What a machine that branches within a circuit takes, too.
_CONTROL: Final = ("if_else", "while_loop", "for_loop", "switch_case")


@dataclass(frozen=True)
class Figures:
    """What a circuit is made of.

    Attributes
    ----------
    depth
        Layers of operations, measurements included.
    two_qubit
        Gates on two and more qubits.
    two_qubit_depth
        Layers of those.
    gates
        Name -> count, in the order of the alphabet.
    parameters
        Those without a value.
    """

    qubits: int
    clbits: int
    depth: int
    two_qubit: int
    two_qubit_depth: int
    gates: Mapping[str, int]
    parameters: int

    def to_dict(self) -> dict[str, Any]:
        """For reports in JSON."""
        return {
            "qubits": self.qubits, "clbits": self.clbits, "depth": self.depth, "two_qubit": self.two_qubit,
            "two_qubit_depth": self.two_qubit_depth, "gates": dict(self.gates), "parameters": self.parameters,
        }  # fmt: skip


@dataclass(frozen=True)
class CircuitReport:
    """A circuit before and after it was compiled for a target.

    Attributes
    ----------
    target
        Its class; None where it was not compiled.
    swaps
        That routing put in.
    layout
        [qubits] the machine's qubit that each qubit of the compiled circuit is, where couplings matter; else empty.
    """

    target: str | None
    before: Figures
    after: Figures
    swaps: int = 0
    layout: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """For reports in JSON: the figures of the compiled circuit, and of the one before where that is another."""
        out = self.after.to_dict()
        if self.target is not None:
            out |= {"target": self.target, "swaps": self.swaps, "layout": list(self.layout)}
            out["before"] = self.before.to_dict()
        return out


def figures_of(circuit: QuantumCircuit) -> Figures:
    """What a circuit is made of; blocks under conditions count once."""
    gates = {str(name): int(count) for name, count in sorted(circuit.count_ops().items())}
    return Figures(
        circuit.num_qubits, circuit.num_clbits, circuit.depth(), circuit.size(_entangles), circuit.depth(_entangles),
        MappingProxyType(gates), len(circuit.parameters),
    )  # fmt: skip


def report_of(circuit: QuantumCircuit) -> CircuitReport:
    """The report of a circuit that is not compiled for any target."""
    figures = figures_of(circuit)
    return CircuitReport(None, figures, figures)


def transpile_for(
    circuit: QuantumCircuit, target: TargetClass, *, seed: int = 0, optimization_level: int = 2
) -> tuple[QuantumCircuit, CircuitReport]:
    """A circuit in a target's gates, between qubits that it couples; bit i measures what it measured before.

    Parameters
    ----------
    seed
        Of layout and routing: the same seed gives the same circuit.
    optimization_level
        0 to 3, as qiskit has them.

    Raises
    ------
    UsageError
        There is no such level.
    UnsupportedError
        The circuit has too many qubits, or does what the target does not.
    """
    from qiskit import transpile
    from qiskit.exceptions import QiskitError

    if optimization_level not in range(4):
        raise UsageError(f"an optimization level is 0, 1, 2 or 3, not {optimization_level}")
    check_fits(circuit.num_qubits, target)
    _check_flow(circuit, target)
    before = figures_of(circuit)
    if not target.gates:
        return circuit, CircuitReport(target.name, before, before)
    swaps: list[int] = [0]

    def look(**step: Any) -> None:
        """Called by qiskit after each pass; only routing puts in swaps that are still to be translated."""
        if type(step["pass_"]).__name__ in ("SabreSwap", "SabreLayout", "BasicSwap", "LookaheadSwap"):
            swaps[0] = max(swaps[0], step["dag"].count_ops().get("swap", 0))

    basis = [*target.gates, *(_CONTROL if target.mid_circuit else ())]
    try:
        found = transpile(
            circuit, basis_gates=basis, coupling_map=target.couplings(), seed_transpiler=seed,
            optimization_level=optimization_level, callback=look,
        )  # fmt: skip
    except QiskitError as error:
        raise UnsupportedError(f"the circuit has no form for {target.name}: {error.message}") from None
    layout: tuple[int, ...] = ()
    if target.grid is not None:
        found, layout = _used(found)
    own = int(before.gates.get("swap", 0))
    return found, CircuitReport(target.name, before, figures_of(found), max(0, swaps[0] - own), layout)


def _entangles(step: Any) -> bool:
    return len(step.qubits) > 1 and step.operation.name not in _NO_GATES and not _blocks(step.operation)


def _blocks(operation: Any) -> tuple[Any, ...]:
    """The circuits that an operation of control flow holds."""
    return tuple(getattr(operation, "blocks", ()))


def _check_flow(circuit: QuantumCircuit, target: TargetClass) -> None:
    """Refuse what happens after a measurement where the target only measures at the end."""
    measured: set[Any] = set()
    for step in circuit.data:
        name = step.operation.name
        late = measured.intersection(step.qubits) and name not in ("barrier", "delay")
        if not target.mid_circuit and (late or _blocks(step.operation) or name == "reset"):
            raise UnsupportedError(
                f"{target.name} measures at the end only, and the circuit has {name!r} "
                f"{'after a measurement' if late else 'in it'}: quantinuum and simulator measure in between"
            )
        if name == "measure":
            measured.update(step.qubits)
    if target.grid is not None and not measured:
        raise UnsupportedError(
            f"{target.name} couples neighbours only, so that qubits change places, and without measurements nothing "
            "says where they end: measure them"
        )


def _used(circuit: QuantumCircuit) -> tuple[QuantumCircuit, tuple[int, ...]]:
    """The circuit on the qubits that it uses, and which of the machine's those are."""
    from qiskit import QuantumCircuit, QuantumRegister
    from qiskit.circuit import CircuitInstruction

    used = sorted({circuit.find_bit(qubit).index for step in circuit.data for qubit in step.qubits})
    register = QuantumRegister(len(used), "q")
    out = QuantumCircuit(register, *circuit.cregs, name=circuit.name, global_phase=circuit.global_phase)
    out.add_bits([bit for bit in circuit.clbits if not circuit.find_bit(bit).registers])
    place = {circuit.qubits[k]: register[i] for i, k in enumerate(used)}
    for step in circuit.data:
        out._append(CircuitInstruction(step.operation, [place[q] for q in step.qubits], step.clbits))
    return out, tuple(used)
