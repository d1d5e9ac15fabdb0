"""A circuit as a flat list of steps: gates ready to be applied, measurements, and jumps for its classical control.

Flat, so that a simulation can leave a branch anywhere and go on with another one: a branch is a place in the list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qamctl.errors import SpecError, UnsupportedError
from qamctl.quantum.program import unbound
from qamctl.quantum.simulate.amplitudes import LOW, Kernel, Matrix, make_kernel
from qamctl.quantum.simulate.classical import Value, condition, value_of
from qamctl.quantum.simulate.gates import Elementary, elementary

#: Steps of a circuit whose loops are unrolled.
MOST_STEPS = 2_000_000


@dataclass(frozen=True, slots=True)
class Apply:
    """A gate."""

    kernel: Kernel


@dataclass(frozen=True, slots=True)
class Measure:
    """A qubit into a bit, while the circuit goes on."""

    qubit: int
    bit: int


@dataclass(frozen=True, slots=True)
class Reset:
    """A qubit back to 0."""

    qubit: int


@dataclass(frozen=True, slots=True)
class Store:
    """A value into a classical variable, or into a bit."""

    variable: Any
    bits: tuple[int, ...]
    value: Value


@dataclass(slots=True)
class Jump:
    """Go on elsewhere; with `unless`, only where that is false."""

    unless: Value | None = None
    to: int = -1


Step = Apply | Measure | Reset | Store | Jump


@dataclass(frozen=True)
class Lowered:
    """A circuit that is ready to be simulated.

    Attributes
    ----------
    qubits
        The circuit's qubits that are simulated, in order: place k of the state is qubit `qubits[k]`. The others stay 0.
    bits
        Classical bits.
    finals
        (place of a qubit, bit) of the measurements after which nothing happens to either; they are left out of the
        steps.
    idle
        Bits that are measured last from a qubit that stays 0.
    """

    steps: tuple[Step, ...]
    qubits: tuple[int, ...]
    bits: int
    finals: tuple[tuple[int, int], ...]
    idle: tuple[int, ...]

    @property
    def n(self) -> int:
        """Qubits that are simulated."""
        return len(self.qubits)

    @property
    def dynamic(self) -> bool:
        """Whether anything is measured, reset or decided on the way."""
        return any(not isinstance(step, Apply) for step in self.steps)


def final_measurements(circuit: Any) -> dict[int, int]:
    """Place in `circuit.data` -> bit, of the measurements after which nothing happens to their qubit and their bit."""
    qubits: set[Any] = set()
    bits: set[Any] = set()
    found: dict[int, int] = {}
    for at in range(len(circuit.data) - 1, -1, -1):
        instruction = circuit.data[at]
        name = instruction.operation.name
        if name in ("barrier", "delay"):
            continue
        if name == "measure" and instruction.qubits[0] not in qubits and instruction.clbits[0] not in bits:
            found[at] = circuit.find_bit(instruction.clbits[0]).index
        if name == "store" or hasattr(instruction.operation, "blocks"):  # conditions may read any bit
            bits.update(circuit.clbits)
        qubits.update(instruction.qubits)
        bits.update(instruction.clbits)
    return found


def final_columns(circuit: Any) -> dict[int, int]:
    """Bit of each qubit that is measured last."""
    ends = final_measurements(circuit)
    return {circuit.find_bit(circuit.data[at].qubits[0]).index: bit for at, bit in ends.items()}


def used_qubits(circuit: Any) -> list[int]:
    """The qubits to which anything happens but barriers, delays and measurements."""
    idle = ("barrier", "delay", "measure")
    used = {qubit for one in circuit.data if one.operation.name not in idle for qubit in one.qubits}
    return sorted(circuit.find_bit(qubit).index for qubit in used)


def lower(circuit: Any, keep: Sequence[int] = ()) -> Lowered:
    """The steps of a circuit.

    Parameters
    ----------
    circuit
        A `qiskit.QuantumCircuit` without free parameters.
    keep
        Qubits that are simulated even if nothing happens to them.

    Raises
    ------
    SpecError
        A parameter has no value.
    UnsupportedError
        A gate has neither a matrix nor a definition, or the loops are too long.
    """
    refuse_unbound(circuit)
    qubits = tuple(sorted({*used_qubits(circuit), *keep}))
    lowering = _Lowering({qubit: place for place, qubit in enumerate(qubits)})
    ends = final_measurements(circuit)
    finals, idle = [], []
    for at, bit in ends.items():
        place = lowering.places.get(circuit.find_bit(circuit.data[at].qubits[0]).index)
        if place is None:
            idle.append(bit)
        else:
            finals.append((place, bit))
    left = [one for at, one in enumerate(circuit.data) if at not in ends]
    lowering.block(
        left, {qubit: k for k, qubit in enumerate(circuit.qubits)}, {bit: k for k, bit in enumerate(circuit.clbits)}, ()
    )
    lowering.flush()
    return Lowered(tuple(lowering.steps), qubits, len(circuit.clbits), tuple(sorted(finals)), tuple(sorted(idle)))


def refuse_unbound(circuit: Any) -> None:
    """Raise a SpecError that names the parameters without a value, if there are any."""
    names = unbound(circuit)
    if names:
        more = "" if len(names) <= 8 else f" and {len(names) - 8} more"
        text = ", ".join(names[:8]) + more
        raise SpecError(f"the circuit has no value for {text}: give them under `parameters` in a circuit spec")


def _among(read: Value, wanted: frozenset[int]) -> Value:
    return lambda memory: int(read(memory)) in wanted


@dataclass
class _Loop:
    """Jumps out of a loop that is being built, and back to its next round."""

    breaks: list[Jump] = field(default_factory=list)
    continues: list[Jump] = field(default_factory=list)


@dataclass
class _Lowering:
    """Builds the list; runs of gates on one qubit become one gate.

    Attributes
    ----------
    places
        Qubit of the circuit -> place in the state.
    waiting
        By place, the product of gates on one qubit that are not in the list yet.
    kernels
        Of the gates so far: equal ones on the same qubits share one.
    """

    places: Mapping[int, int]
    steps: list[Step] = field(default_factory=list)
    waiting: dict[int, Matrix] = field(default_factory=dict)
    kernels: dict[Any, Kernel] = field(default_factory=dict)

    def block(
        self, data: Iterator[Any] | Sequence[Any], qubits: Mapping[Any, int], bits: Mapping[Any, int],
        loops: tuple[_Loop, ...],
    ) -> None:  # fmt: skip
        """Append the steps of a block of a circuit.

        Parameters
        ----------
        qubits, bits
            Where the block's qubits and bits are in the circuit.
        loops
            Those that are open, the innermost last.
        """
        for instruction in data:
            operation = instruction.operation
            on = [qubits[qubit] for qubit in instruction.qubits]
            into = [bits[bit] for bit in instruction.clbits]
            if hasattr(operation, "blocks"):
                self._control(operation, on, into, bits, loops)
            elif operation.name in ("break_loop", "continue_loop"):
                jump = Jump()
                self._add(jump)
                (loops[-1].breaks if operation.name == "break_loop" else loops[-1].continues).append(jump)
            elif operation.name == "store":
                self._store(operation, bits)
            else:
                self._operation(operation, on, into)

    def _operation(self, operation: Any, on: list[int], into: list[int]) -> None:
        for part in elementary(operation, on, into):
            if part.name == "measure":
                self._measure(part)
            elif part.name == "reset":
                self._add(Reset(self.places[part.targets[0]]))
            else:
                self._gate(part)

    def _measure(self, part: Elementary) -> None:
        place, bit = self.places.get(part.targets[0]), part.bits[0]
        if place is None:  # a qubit that stays 0
            self._add(Store(None, (bit,), lambda memory: 0))
        else:
            self._add(Measure(place, bit))

    def _gate(self, part: Elementary) -> None:
        targets = [self.places[qubit] for qubit in part.targets]
        controls = [(self.places[qubit], value) for qubit, value in part.controls]
        if len(targets) == 1 and not controls:
            before = self.waiting.get(targets[0])
            self.waiting[targets[0]] = part.matrix if before is None else part.matrix @ before
            return
        self.flush([*targets, *(qubit for qubit, _ in controls)])
        self._apply(targets, part.matrix, controls)

    def _apply(self, targets: list[int], matrix: Matrix, controls: list[tuple[int, int]]) -> None:
        if not controls and matrix[0, 0] != 0 and not np.any(matrix - np.diag(np.diagonal(matrix))):
            matrix = matrix / matrix[0, 0]  # a phase of all is nothing: what is 1 then costs nothing
        key = (tuple(targets), tuple(controls), matrix.tobytes())
        kernel = self.kernels.get(key)
        if kernel is None:
            kernel = self.kernels[key] = make_kernel(len(self.places), targets, matrix, controls)
        if not kernel.idle:
            self._append(Apply(kernel))

    def flush(self, places: Sequence[int] | None = None) -> None:
        """Put the gates that wait into the list, all of them or those on some places."""
        ready = [place for place in (list(self.waiting) if places is None else places) if place in self.waiting]
        low = sorted(place for place in self.waiting if place < LOW)
        if any(place < LOW for place in ready):  # one multiplication of rows does for all of them
            product: Matrix = np.eye(1, dtype=np.complex128)
            for place in low:
                product = np.asarray(np.kron(self.waiting.pop(place), product))
            self._apply(low, product, [])
        for place in ready:
            if place in self.waiting:
                self._apply([place], self.waiting.pop(place), [])

    def _add(self, step: Step) -> None:
        self.flush([step.qubit] if isinstance(step, (Measure, Reset)) else None)
        self._append(step)

    def _append(self, step: Step) -> None:
        self.steps.append(step)
        if len(self.steps) > MOST_STEPS:
            raise UnsupportedError(f"the circuit has more than {MOST_STEPS:,} steps, its loops unrolled")

    def _label(self) -> int:
        """The place that a jump goes to: nothing may wait across it."""
        self.flush()
        return len(self.steps)

    def _store(self, operation: Any, bits: Mapping[Any, int]) -> None:
        target, value = operation.params
        read = value_of(value, bits)
        if target.standalone:
            self._add(Store(target.var, (), read))
        else:
            cells = tuple(bits[bit] for bit in (target.var if hasattr(target.var, "size") else [target.var]))
            self._add(Store(None, cells, read))

    def _control(
        self, operation: Any, on: list[int], into: list[int], bits: Mapping[Any, int], loops: tuple[_Loop, ...]
    ) -> None:
        def body(circuit: Any, inner: tuple[_Loop, ...]) -> None:
            qubits = dict(zip(circuit.qubits, on, strict=True))
            self.block(circuit.data, qubits, {**bits, **dict(zip(circuit.clbits, into, strict=True))}, inner)

        match operation.name:
            case "if_else":
                skip = Jump(condition(operation.condition, bits))
                self._add(skip)
                then, otherwise = (*operation.blocks, None)[:2]
                body(then, loops)
                if otherwise is not None:
                    end = Jump()
                    self._add(end)
                    skip.to = self._label()
                    body(otherwise, loops)
                    end.to = self._label()
                else:
                    skip.to = self._label()
            case "while_loop":
                loop, start = _Loop(), self._label()
                leave = Jump(condition(operation.condition, bits))
                self._add(leave)
                body(operation.blocks[0], (*loops, loop))
                self._add(Jump(None, start))
                self._close(loop, start)
                leave.to = len(self.steps)
            case "for_loop":
                numbers, parameter, circuit = operation.params
                whole = _Loop()
                for number in numbers:
                    loop = _Loop(whole.breaks)
                    bound = parameter is not None and parameter in circuit.parameters
                    body(circuit.assign_parameters({parameter: number}) if bound else circuit, (*loops, loop))
                    at = self._label()
                    for jump in loop.continues:
                        jump.to = at
                self._close(whole, len(self.steps))
            case "switch_case":
                self._switch(operation, bits, body, loops)
            case "box":
                body(operation.blocks[0], loops)
            case name:
                raise UnsupportedError(f"the circuit has the control flow {name}, which can't be simulated here")

    def _close(self, loop: _Loop, start: int) -> None:
        end = self._label()
        for jump in loop.breaks:
            jump.to = end
        for jump in loop.continues:
            jump.to = start

    def _switch(self, operation: Any, bits: Mapping[Any, int], body: Any, loops: tuple[_Loop, ...]) -> None:
        from qiskit.circuit import CASE_DEFAULT

        read, ends = value_of(operation.target, bits), []
        for labels, circuit in operation.cases_specifier():
            skip = None
            if CASE_DEFAULT not in labels:
                wanted = frozenset(int(label) for label in labels)
                skip = Jump(_among(read, wanted))
                self._add(skip)
            body(circuit, loops)
            ends.append(Jump())
            self._add(ends[-1])
            if skip is not None:
                skip.to = self._label()
        end = self._label()
        for jump in ends:
            jump.to = end
