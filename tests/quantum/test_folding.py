"""Folded circuits: longer, and the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import ClassicalRegister, Parameter
from qiskit.quantum_info import Operator
from qiskit.transpiler import generate_preset_pass_manager

from qamctl.errors import UsageError
from qamctl.quantum.mitigation.folding import fold, measured_qubits


def body() -> Any:
    """Five gates and a barrier, with a global phase."""
    circuit = QuantumCircuit(3, 2, global_phase=0.3)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.barrier()
    circuit.rz(0.7, 1)
    circuit.sx(2)
    circuit.cp(0.4, 1, 2)
    return circuit


def gates(circuit: Any) -> int:
    """How many there are."""
    return sum(circuit.count_ops().values()) - sum(circuit.count_ops().get(k, 0) for k in ("barrier", "measure"))


@settings(deadline=None)
@given(st.floats(1, 8))
def test_the_unitary_stays(scale: float) -> None:
    """To the global phase; and the gates are as many as it says, which is within one pair of what was asked."""
    folded = fold(body(), scale)
    assert Operator(folded.circuit) == Operator(body())
    assert gates(folded.circuit) == pytest.approx(5 * folded.scale)
    assert abs(folded.scale - scale) <= 0.2 + 1e-9


def test_whole_and_partial_folds_by_hand() -> None:
    """Scale 3 is U U^-1 U; 1.8 folds the last two gates once more."""
    assert [s.operation.name for s in fold(body(), 1.8, barriers=False).circuit.data][-5:] == [
        "cp", "cp", "sxdg", "sx", "cp",
    ]  # fmt: skip
    assert (fold(body(), 1).circuit, fold(body(), 1).scale) == (body(), 1.0)
    names = [s.operation.name for s in fold(body(), 3, barriers=False).circuit.data]
    assert names == ["h", "cx", "barrier", "rz", "sx", "cp", "cp", "sxdg", "rz", "barrier", "cx", "h", *names[:6]]


def test_a_partial_fold_reaches_over_barriers() -> None:
    """Four of the last gates lie on both sides of the circuit's own barrier."""
    folded = fold(body(), 2.6)
    assert folded.scale == pytest.approx(2.6)
    assert Operator(folded.circuit) == Operator(body())


def test_measurements_stay_at_the_end() -> None:
    """Once, into the same bits, also with the barrier before them."""
    circuit = body()
    circuit.measure(2, 0)
    circuit.barrier()
    circuit.measure(0, 1)
    folded = fold(circuit, 5).circuit
    assert [s.operation.name for s in folded.data][-3:] == ["measure", "barrier", "measure"]
    assert folded.count_ops()["measure"] == 2
    assert measured_qubits(folded) == measured_qubits(circuit) == (2, 0)


def test_a_compiler_does_not_take_the_copies_away() -> None:
    """With barriers the strongest optimisation leaves three times the two-qubit gates; without, not."""
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    compiler = generate_preset_pass_manager(3, basis_gates=["rz", "sx", "cx"], seed_transpiler=1)
    counts = [compiler.run(fold(circuit, 3, barriers=b).circuit).count_ops()["cx"] for b in (True, False)]
    assert counts == [3, 1]


def test_parameters_may_stay_open() -> None:
    """A circuit can be folded first and its angles given later."""
    theta = Parameter("theta")
    circuit = QuantumCircuit(1)
    circuit.rx(theta, 0)
    folded = fold(circuit, 3).circuit.assign_parameters({theta: 0.4})
    assert Operator(folded) == Operator(circuit.assign_parameters({theta: 0.4}))


def test_nothing_grows_where_there_is_nothing() -> None:
    """A circuit of measurements alone has scale 1 whatever is asked."""
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    assert fold(circuit, 3).scale == 1.0
    assert fold(circuit, 3).circuit == circuit


@pytest.mark.parametrize("scale", [0.9, -1, float("inf"), float("nan")])
def test_scales_below_one_are_refused(scale: float) -> None:
    """Noise can only be added."""
    with pytest.raises(UsageError, match="1 and more"):
        fold(body(), scale)


def reset(circuit: Any) -> None:
    circuit.reset(0)


def gate_after_measuring(circuit: Any) -> None:
    circuit.measure(0, 0)
    circuit.x(0)


def branch(circuit: Any) -> None:
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)


@pytest.mark.parametrize(
    ("spoil", "name"), [(reset, "`reset`"), (gate_after_measuring, "`x` follows"), (branch, "`if_else`")]
)
def test_what_can_not_be_undone_is_named(spoil: Callable[[Any], None], name: str) -> None:
    """Resets, gates behind measurements, branches."""
    circuit = body()
    spoil(circuit)
    with pytest.raises(UsageError, match=name):
        fold(circuit, 3)


def test_bits_that_nothing_is_measured_into_are_refused() -> None:
    """None, one of two, one twice, or no bits at all."""
    empty, one, twice, many = QuantumCircuit(1), QuantumCircuit(1, 2), QuantumCircuit(1, 1), QuantumCircuit(2)
    one.measure(0, 1)
    twice.measure(0, 0)
    twice.measure(0, 0)
    for circuit in (empty, one, twice):
        with pytest.raises(UsageError, match="must be measured once"):
            measured_qubits(circuit)
    many.add_register(ClassicalRegister(1, "a"), ClassicalRegister(1, "b"))
    many.measure([1, 0], [0, 1])
    assert measured_qubits(many) == (1, 0)
