"""The classical side of a circuit: bits, variables, and the expressions that its conditions are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from qamctl.errors import UnsupportedError


@dataclass
class Memory:
    """What a shot has measured and computed so far.

    Attributes
    ----------
    bits
        One byte, 0 or 1, for each classical bit of the circuit.
    variables
        Classical variables by their identity in the circuit.
    """

    bits: bytearray
    variables: dict[Any, Any] = field(default_factory=dict)

    def copy(self) -> Memory:
        """A memory of its own with the same content."""
        return Memory(bytearray(self.bits), dict(self.variables))


#: Reads a value from the memory.
Value = Callable[[Memory], Any]

_BINARY: Mapping[str, Callable[[Any, Any], Any]] = {
    "BIT_AND": lambda a, b: a & b, "BIT_OR": lambda a, b: a | b, "BIT_XOR": lambda a, b: a ^ b,
    "LOGIC_AND": lambda a, b: bool(a) and bool(b), "LOGIC_OR": lambda a, b: bool(a) or bool(b),
    "EQUAL": lambda a, b: a == b, "NOT_EQUAL": lambda a, b: a != b, "LESS": lambda a, b: a < b,
    "LESS_EQUAL": lambda a, b: a <= b, "GREATER": lambda a, b: a > b, "GREATER_EQUAL": lambda a, b: a >= b,
    "SHIFT_LEFT": lambda a, b: a << b, "SHIFT_RIGHT": lambda a, b: a >> b, "ADD": lambda a, b: a + b,
    "SUB": lambda a, b: a - b, "MUL": lambda a, b: a * b,
    "DIV": lambda a, b: (a // b if isinstance(a, int) else a / b) if b else 0,
}  # fmt: skip


def condition(given: Any, places: Mapping[Any, int]) -> Value:
    """The condition of a branch or a loop: (bit or register, value), or an expression."""
    if isinstance(given, tuple):
        source, wanted = given
        read = value_of(source, places)
        return lambda memory: int(read(memory)) == int(wanted)
    return value_of(given, places)


def value_of(given: Any, places: Mapping[Any, int]) -> Value:
    """What reads a bit, a register or an expression (`qiskit.circuit.classical.expr`).

    Parameters
    ----------
    places
        Number of each classical bit.

    Raises
    ------
    UnsupportedError
        The expression has a part that no simulation here evaluates.
    """
    from qiskit.circuit import ClassicalRegister, Clbit
    from qiskit.circuit.classical import expr

    if isinstance(given, Clbit):
        place = places[given]
        return lambda memory: bool(memory.bits[place])
    if isinstance(given, ClassicalRegister):
        row = [places[bit] for bit in given]
        return lambda memory: sum(memory.bits[place] << k for k, place in enumerate(row))
    if isinstance(given, expr.Value):
        constant = given.value
        return lambda memory: constant
    if isinstance(given, expr.Var):
        if not given.standalone:
            return value_of(given.var, places)
        key = given.var
        return lambda memory: memory.variables[key]
    if isinstance(given, expr.Cast):
        return _wrapped(value_of(given.operand, places), given.type)
    if isinstance(given, expr.Unary):
        inner, negate = value_of(given.operand, places), given.op.name == "NEGATE"
        if given.op.name == "LOGIC_NOT" or (given.op.name == "BIT_NOT" and _width(given.type) is None):
            return lambda memory: not inner(memory)
        return _wrapped((lambda memory: -inner(memory)) if negate else (lambda memory: ~inner(memory)), given.type)
    if isinstance(given, expr.Binary) and given.op.name in _BINARY:
        left, right, both = value_of(given.left, places), value_of(given.right, places), _BINARY[given.op.name]
        return _wrapped(lambda memory: both(left(memory), right(memory)), given.type)
    if isinstance(given, expr.Index):
        whole, at = value_of(given.target, places), value_of(given.index, places)
        return lambda memory: bool(int(whole(memory)) >> int(at(memory)) & 1)
    raise UnsupportedError(f"the circuit's condition has a {type(given).__name__}, which can't be simulated here")


def _width(kind: Any) -> int | None:
    width = getattr(kind, "width", None)
    return None if width is None else int(width)


def _wrapped(read: Value, kind: Any) -> Value:
    """A value in the range of its type: unsigned numbers wrap around."""
    width = _width(kind)
    if width is not None:
        mask = (1 << width) - 1
        return lambda memory: int(read(memory)) & mask
    if type(kind).__name__ == "Bool":
        return lambda memory: bool(read(memory))
    return read


def read_bits(given: Any) -> Iterator[Any]:
    """The classical bits that a condition reads."""
    from qiskit.circuit import ClassicalRegister, Clbit
    from qiskit.circuit.classical import expr

    if isinstance(given, tuple):
        yield from read_bits(given[0])
    elif isinstance(given, Clbit):
        yield given
    elif isinstance(given, ClassicalRegister):
        yield from given
    elif isinstance(given, expr.Expr):
        for variable in expr.iter_vars(given):
            if not variable.standalone:
                yield from read_bits(variable.var)
