"""Conditions and expressions of circuits against what they say."""

from __future__ import annotations

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit.classical import expr, types

from qamctl.errors import UnsupportedError
from qamctl.quantum.simulate.classical import Memory, condition, read_bits, value_of

A, B = ClassicalRegister(3, "a"), ClassicalRegister(2, "b")
PLACES = {bit: k for k, bit in enumerate([*A, *B])}
MEMORY = Memory(bytearray([1, 0, 1, 0, 1]))  # a = 5, b = 2

CASES = [
    (expr.lift(A), 5), (expr.lift(A[1]), False), (expr.bit_and(A, 6), 4), (expr.bit_or(A, 2), 7),
    (expr.bit_xor(A, 7), 2), (expr.bit_not(A), 2), (expr.bit_not(A[1]), True), (expr.logic_not(A[0]), False),
    (expr.logic_and(A[0], A[2]), True), (expr.logic_or(A[1], B[0]), False), (expr.equal(A, 5), True),
    (expr.not_equal(A, 5), False), (expr.less(B, A), True), (expr.less_equal(A, 4), False), (expr.greater(A, B), True),
    (expr.greater_equal(A, 6), False), (expr.shift_left(A, 1), 2), (expr.shift_right(A, 1), 2),
    (expr.index(A, 2), True), (expr.index(A, B), True), (expr.cast(A, types.Uint(2)), 1),
    (expr.cast(A, types.Bool()), True), (expr.add(A, expr.lift(4, types.Uint(3))), 1),
    (expr.sub(expr.lift(1.5), expr.lift(2.0)), -0.5), (expr.mul(expr.lift(1.5), expr.lift(2.0)), 3.0),
    (expr.div(A, expr.lift(2, types.Uint(3))), 2), (expr.div(expr.lift(1.0), expr.lift(4.0)), 0.25),
    (expr.div(A, expr.lift(0, types.Uint(3))), 0), (expr.negate(expr.lift(2.5)), -2.5),
]  # fmt: skip


@pytest.mark.parametrize(("given", "value"), CASES)
def test_expressions(given: expr.Expr, value: object) -> None:
    """Each operator gives what it says, wrapped to the width of its type."""
    assert value_of(given, PLACES)(MEMORY) == value


@pytest.mark.parametrize(
    ("given", "value"),
    [((A, 5), True), ((A, 4), False), ((A[0], 1), True), ((B[0], True), False), (expr.lift(A[2]), 1)],
)
def test_conditions(given: object, value: bool) -> None:
    """A register or a bit beside its value, or an expression."""
    assert bool(condition(given, PLACES)(MEMORY)) == value


def test_the_bits_that_a_condition_reads() -> None:
    """Those of its registers and its bits, and none of its variables."""
    variable = expr.Var.new("v", types.Bool())
    assert list(read_bits((A, 3))) == list(A)
    assert list(read_bits((B[1], 1))) == [B[1]]
    assert set(read_bits(expr.logic_and(A[0], expr.logic_or(B[0], variable)))) == {A[0], B[0]}
    assert list(read_bits(None)) == []


def test_variables_are_read_and_a_copy_is_apart() -> None:
    """A variable has the value that was stored; a copied memory does not change with the first one."""
    variable = expr.Var.new("v", types.Uint(4))
    memory = Memory(bytearray(1), {variable.var: 9})
    other = memory.copy()
    other.variables[variable.var] = 3
    other.bits[0] = 1
    assert value_of(variable, {})(memory) == 9
    assert memory.bits[0] == 0


def test_what_is_no_expression_is_refused() -> None:
    """Something else in a condition is told by its type."""
    with pytest.raises(UnsupportedError, match="a str"):
        value_of("q", PLACES)


def test_stored_variables_decide() -> None:
    """A circuit that computes with variables and bits goes where they say."""
    from qamctl.quantum.program import Program
    from qamctl.quantum.simulate import run

    circuit = QuantumCircuit(QuantumRegister(2), A, B)
    count = circuit.add_var("count", expr.lift(3, types.Uint(4)))
    circuit.x(0)
    circuit.measure(0, A[0])
    circuit.store(count, expr.add(count, expr.cast(A, types.Uint(4))))
    circuit.store(B[1], expr.equal(count, 4))
    with circuit.if_test(expr.equal(count, 4)):
        circuit.x(1)
    circuit.measure(1, B[0])
    assert run(Program(circuit, 5), 10, 1).counts.strings() == {"11001": 10}  # type: ignore[union-attr]
