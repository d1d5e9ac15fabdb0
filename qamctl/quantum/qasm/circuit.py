"""From the syntax tree of an OpenQASM 3 program to a circuit: qiskit's importer, with what it lacks.

The importer binds the parameters of own gates in alphabetical order, lets Python's errors through without a place,
takes memory for any register that is declared, takes no powers of gates with parameters, and can't index qubits by a
loop's variable. Its statements are wrapped one by one: checked before, counted, and every failure told at its place.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from qamctl.quantum.qasm.limits import CLBITS, FAULTS, OPERATIONS, QUBITS, too_many_operations
from qamctl.quantum.qasm.powers import operations, power
from qamctl.quantum.qasm.syntax import Fault, nodes

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: Qubits of a gate that `pow` is taken of: the power is one of a matrix.
POWER_QUBITS: Final = 6

#: Operations that an own gate stands for: qiskit copies them wherever the gate is used.
GATE: Final = 10_000

#: What the importer has no form for.
_UNSUPPORTED: Final = {
    "BreakStatement": "`break`",
    "CalibrationDefinition": "calibrations (defcal)",
    "CalibrationGrammarDeclaration": "calibrations (defcalgrammar)",
    "CalibrationStatement": "calibrations (cal)",
    "ClassicalAssignment": "classical assignments",
    "ConstantDeclaration": "constants (const)",
    "ContinueStatement": "`continue`",
    "EndStatement": "`end`",
    "ExpressionStatement": "expressions as statements",
    "ExternDeclaration": "external functions (extern)",
    "FunctionCall": "function calls",
    "Pragma": "pragmas",
    "ReturnStatement": "`return`",
    "SubroutineDefinition": "subroutines (def)",
    "SwitchStatement": "`switch`",
    "Cast": "casts",
    "DurationOf": "`durationof`",
    "SizeOf": "`sizeof`",
    "ArrayLiteral": "arrays",
    "ImaginaryLiteral": "imaginary numbers",
}

#: After a fault in one of these, later ones are no news.
_DECLARING: Final = {
    "Include", "QubitDeclaration", "QuantumGateDefinition", "ClassicalDeclaration", "IODeclaration", "AliasStatement",
    "SubroutineDefinition", "ExternDeclaration", "ConstantDeclaration",
}  # fmt: skip


def circuit_of(tree: Any) -> QuantumCircuit:
    """The circuit of a program; loops over ranges are unrolled.

    Raises
    ------
    Faults
        With every fault of a statement, up to one in a declaration.
    """
    look_at(tree)
    conversion = _Conversion.of()
    found: list[Fault] = []
    for statement in tree.statements:
        try:
            conversion.visit(statement, conversion.state)
        except Fault as fault:
            found.append(fault)
            if type(statement).__name__ in _DECLARING or len(found) >= FAULTS or conversion.spent > OPERATIONS:
                break
    if found:
        raise Faults(found)
    circuit: QuantumCircuit = conversion.state.circuit
    for parameter in conversion.state.all_parameters - set(circuit.parameters):
        circuit.global_phase += parameter - parameter
    return circuit


class Faults(Exception):
    """What is wrong with a program, all that was found."""

    def __init__(self, found: list[Fault]) -> None:
        super().__init__(found[0].message)
        self.found = found


def look_at(tree: Any) -> None:
    """Refuse, before anything is allocated, what would take too much of it, and quotients that are cut.

    Raises
    ------
    Faults
        With the first of them.
    """
    qubits = clbits = 0
    for node in nodes(tree):
        kind = type(node).__name__
        if kind == "QubitDeclaration":
            qubits += _size(node.size, node)
        elif kind == "ClassicalDeclaration" and type(node.type).__name__ == "BitType":
            clbits += _size(node.type.size, node)
        elif kind == "Identifier" and re.fullmatch(r"\$[0-9]+", node.name):
            if len(node.name) > 9 or int(node.name[1:]) >= QUBITS:
                raise Faults([_at(node, f"the qubit {node.name} is beyond the {QUBITS:,} that are taken")])
        elif kind == "BinaryExpression" and node.op.name == "/":
            _check_quotient(node)
        if qubits > QUBITS or clbits > CLBITS:
            what = f"{qubits:,} qubits" if qubits > QUBITS else f"{clbits:,} bits"
            most = QUBITS if qubits > QUBITS else CLBITS
            raise Faults([_at(node, f"{what} are more than the {most:,} that are taken")])


def _size(size: Any, node: Any) -> int:
    if size is None:
        return 1
    if type(size).__name__ != "IntegerLiteral" or size.value < 1:
        raise Faults([_at(node, "the size of a register must be a whole number of at least 1")])
    return int(size.value)


def _check_quotient(node: Any) -> None:
    """Whole numbers divide as in C: `1/2` is 0, which nobody means."""
    left, right = node.lhs, node.rhs
    if type(right).__name__ == "IntegerLiteral" and right.value == 0:
        raise Faults([_at(node, "this divides by zero")])
    if type(left).__name__ == type(right).__name__ == "IntegerLiteral" and left.value % right.value:
        text = f"{left.value}/{right.value}"
        hint = f"write {left.value}.0/{right.value}"
        raise Faults([_at(node, f"{text} is a division of whole numbers, which cuts the fraction off", hint)])


def _at(node: Any, message: str, hint: str | None = None) -> Fault:
    span = getattr(node, "span", None)
    return Fault(message, hint=hint) if span is None else Fault(message, span.start_line, span.start_column + 1, hint)


@dataclass(slots=True)
class _Conversion:
    """The importer's visitor and state, with every statement wrapped.

    Attributes
    ----------
    spent
        Statements and operations so far.
    sizes
        Own gate -> operations that it stands for.
    """

    visitor: Any
    state: Any
    visit_plain: Callable[[Any, Any], Any]
    modify_plain: Callable[[Any, Any, Any], Any]
    spent: int = 0
    sizes: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls) -> _Conversion:
        from qiskit_qasm3_import.converter import ConvertVisitor
        from qiskit_qasm3_import.state import State

        visitor: Any = ConvertVisitor()
        out = cls(visitor, State(None), visitor.visit, visitor._apply_gate_modifier)
        visitor.visit = out.visit
        visitor.visit_QuantumGateDefinition = out.define_gate
        visitor.visit_ForInLoop = out.unroll
        visitor._apply_gate_modifier = out.modify
        return out

    def visit(self, node: Any, context: Any = None) -> Any:
        """One statement, whose failure becomes a fault at its place."""
        from qiskit_qasm3_import.exceptions import ConversionError, raise_from_node

        try:
            self._spend(node, context)
            if type(node).__name__ in ("BreakStatement", "ContinueStatement"):  # loops are unrolled
                raise_from_node(node, f"node of type {type(node).__name__} is not supported")
            out = self.visit_plain(node, context)
            if type(node).__name__ == "QuantumGate":
                _check_finite(node, context)
            return out
        except Fault:
            raise
        except ConversionError as error:
            raise _told(error, node) from None
        except Exception as error:
            raise _at(node, *_python_error(error, node, context)) from None

    def _spend(self, node: Any, context: Any) -> None:
        self.spent += 1
        if type(node).__name__ == "QuantumGate":
            _check_gate(node, context)
            width = max((_width(qubit, context) for qubit in node.qubits), default=1)
            self.spent += self.sizes.get(node.name.name, 1) * width
        if self.spent > OPERATIONS:
            raise _at(node, too_many_operations())

    def define_gate(self, node: Any, context: Any) -> Any:
        """A gate's definition, with its parameters in the order in which they are declared."""
        from qiskit.circuit import Parameter, Qubit
        from qiskit_qasm3_import import types
        from qiskit_qasm3_import.converter import GateBuilder
        from qiskit_qasm3_import.data import Scope, Symbol
        from qiskit_qasm3_import.state import GateScope

        before, scope = self.spent, Scope.GATE
        # Two gates may call their parameters the same, and qiskit knows parameters in one expression by their names.
        parameters = [Parameter(f"{node.name.name}.{name.name}") for name in node.arguments]
        qubits = [Qubit() for _ in node.qubits]
        inner: Any
        with GateScope(context) as inner:
            for name, parameter in zip(node.arguments, parameters, strict=True):
                inner.symbol_table.insert(Symbol(name.name, parameter, types.Angle(), scope, node))
                inner.all_parameters.add(parameter)
            inner.circuit.add_bits(qubits)
            for name, qubit in zip(node.qubits, qubits, strict=True):
                inner.symbol_table.insert(Symbol(name.name, qubit, types.Qubit(), scope, node))
            for statement in node.body:
                self.visit(statement, inner)
        self.sizes[node.name.name] = size = self.spent - before
        if size > GATE:
            raise _at(node, f"the gate {node.name.name!r} stands for more than {GATE:,} operations")
        self.spent = before + 1
        builder = GateBuilder(node.name.name, inner.circuit, parameters)
        return self.visitor._define_gate(node.name.name, builder, len(parameters), len(qubits), node, context)

    def modify(self, modifier: Any, gate: Any, context: Any) -> Any:
        """A gate under one of its modifiers; powers are ours."""
        if modifier.modifier.name != "pow":
            return self.modify_plain(modifier, gate, context)
        exponent = self.visitor._resolve_constant_float(modifier.argument, context)
        try:
            out = power(gate, exponent)
        except Fault as fault:
            raise _at(modifier, fault.message, fault.hint) from None
        self.spent += operations(out) - 1
        return out

    def unroll(self, node: Any, context: Any) -> Any:
        """A loop over whole numbers, statement by statement, with its variable as a constant."""
        from qiskit_qasm3_import import types
        from qiskit_qasm3_import.data import Scope, Symbol
        from qiskit_qasm3_import.state import LocalScope

        if type(node.type).__name__ not in ("IntType", "UintType"):
            raise _at(node, "the variable of a loop must be an int or a uint")
        values, kind = self.visitor._resolve_generic(node.set_declaration, context, strict=True)
        if isinstance(kind, types.Range):
            if values.start is None or values.stop is None:
                raise _at(node.set_declaration, "the range of a loop needs a start and an end")
            values = range(values.start, values.stop, 1 if values.step is None else values.step)
        elif not isinstance(kind, types.Sequence):
            raise _at(node.set_declaration, "a loop runs over a range or a set of whole numbers")
        for value in values:
            self._spend(node, context)
            inner: Any
            with LocalScope(context) as inner:
                inner.symbol_table.insert(Symbol(node.identifier.name, value, types.Int(True), Scope.LOCAL, node))
                for statement in node.block:
                    self.visit(statement, inner)
        return context


def _width(qubit: Any, context: Any) -> int:
    """Qubits that an operand stands for, at most: all of its register, or one."""
    name = qubit if type(qubit).__name__ == "Identifier" else qubit.name
    symbol = context.symbol_table.get(name.name, qubit)
    simple = type(qubit).__name__ == "IndexedIdentifier" and all(
        isinstance(index, list) and len(index) == 1 and type(index[0]).__name__ != "RangeDefinition"
        for index in qubit.indices
    )
    return 1 if symbol is None or simple else int(getattr(symbol.type, "size", None) or 1)


def _check_gate(node: Any, context: Any) -> None:
    """Refuse a gate with other numbers of parameters or qubits than it has, and modifiers that take too much."""
    name = node.name.name
    symbol = context.symbol_table.get(name, node)
    kind: Any = getattr(symbol, "type", None)
    if not hasattr(kind, "n_quantum"):
        return  # the importer says that there is no such gate
    parameters, qubits = (
        len(n) if isinstance(n, list) else int(n) for n in (kind.n_classical, kind.n_quantum)
    )  # `U` has lists
    for modifier in node.modifiers:
        which, argument = modifier.modifier.name, modifier.argument
        if which in ("ctrl", "negctrl"):
            qubits += 1 if argument is None else _controls(argument, modifier)
        elif which == "pow" and kind.n_quantum not in range(POWER_QUBITS + 1) and not isinstance(kind.n_quantum, list):
            raise _at(modifier, f"a power is taken of gates of at most {POWER_QUBITS} qubits")
    if len(node.arguments) != parameters:
        raise _at(node, f"{name} takes {_count(parameters, 'parameter')}, not {len(node.arguments)}")
    if len(node.qubits) != qubits:
        raise _at(node, f"{name} acts on {_count(qubits, 'qubit')}, not on {len(node.qubits)}")


def _check_finite(node: Any, context: Any) -> None:
    """Refuse parameters that are no numbers: a product of literals may be too large for one."""
    for value in context.circuit.data[-1].operation.params if context.circuit.data else ():
        if isinstance(value, float | int) and not math.isfinite(value):
            raise _at(node, f"a parameter of {node.name.name} is not finite")


def _controls(argument: Any, modifier: Any) -> int:
    if type(argument).__name__ != "IntegerLiteral" or argument.value < 1:
        raise _at(modifier, "the number of controls must be a whole number of at least 1")
    return int(argument.value)


def _count(number: int, what: str) -> str:
    return f"no {what}" if number == 0 else f"{number} {what}" + ("" if number == 1 else "s")


def _told(error: Any, node: Any) -> Fault:
    """A fault that the importer found, in our words where its own name its insides."""
    message, line, column = str(error.message), node.span.start_line, node.span.start_column + 1
    match = re.match(r"(\d+),(\d+): (.*)", message, re.DOTALL)
    if match is not None:
        line, column, message = int(match[1]), int(match[2]) + 1, match[3]
    hint = None
    if found := re.search(r"node of type (\w+) is not supported|^'(\w+)' cannot be resolved", message):
        name = found[1] or found[2]
        message = f"not supported: {_UNSUPPORTED.get(name, name)}"
        hint = "gates, measurements, resets, barriers, loops over numbers and conditions on bits are"
    elif found := re.fullmatch(r"gate '(.*)' is not defined\.", message):
        message = f"there is no gate {found[1]!r}"
        hint = 'define it, or `include "stdgates.inc";` before it'
    elif found := re.fullmatch(r"Undefined symbol '(.*)'\.", message):
        message, hint = f"{found[1]!r} is not declared", "declare it before it is used: `qubit[2] q;`"
    elif message.startswith("non-stdgates imports"):
        message = f"other files than stdgates.inc are not included: {node.filename!r}"
        hint = "put its definitions into the program"
    elif found := re.match(r"Symbol '(.*)' already inserted|'(.*)' is already defined", message):
        message, hint = f"{found[1] or found[2]!r} is declared twice", "give one of the two another name"
    return Fault(message.rstrip("."), line, column, hint)


def _python_error(error: Exception, node: Any, context: Any) -> tuple[str, str | None]:
    """What is wrong where qiskit or Python only said that something is."""
    if isinstance(error, RecursionError):
        return "the statement is nested too deeply", None
    if isinstance(error, IndexError):
        for inner in nodes(node):
            symbol = context.symbol_table.get(getattr(getattr(inner, "name", None), "name", ""), None)
            size = getattr(getattr(symbol, "type", None), "size", None)
            if type(inner).__name__ != "IndexedIdentifier" or size is None:
                continue
            for index in nodes(inner.indices):
                if type(index).__name__ == "IntegerLiteral" and index.value >= size:
                    name, last = inner.name.name, f"the last one is {inner.name.name}[{size - 1}]"
                    return f"{name}[{index.value}] is beyond the register {name}, which has {size}", last
        return "an index is beyond its register", None
    text = str(getattr(error, "message", error)).strip("'\"").strip()
    if "duplicate" in text:
        return "a qubit is used twice in one operation", "its qubits must differ"
    if text == "register size error":
        return "a measurement needs as many bits as qubits", None
    return f"the statement can't be taken: {text or type(error).__name__}", None
