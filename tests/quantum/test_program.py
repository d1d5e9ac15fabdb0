"""Programs in the shape of payloads, and counts as bitstrings and columns."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from support.circuits import program

from qamctl.quantum.program import from_strings, is_measured, join_counts, to_strings, unbound


def test_a_program_is_a_payload() -> None:
    """It has bits, no couplings, and every bitstring is worth nothing."""
    circuit = QuantumCircuit(3, 2)
    found = program(circuit)
    assert (found.kind, found.n, found.qubits, len(found.row)) == ("circuit", 2, 3, 0)
    samples = np.array([[0, 1], [1, 1]], np.uint8)
    assert np.array_equal(found.extend(samples), samples)
    assert np.array_equal(found.restore(samples), samples)
    assert found.energy(samples).tolist() == [0, 0]


@given(st.dictionaries(st.text("01", min_size=70, max_size=70), st.integers(1, 10**6), min_size=1, max_size=6))
def test_bitstrings_and_columns_are_the_same(counts: dict[str, int]) -> None:
    """Strings, wider than a machine's word, become columns and come back in the order of their numbers."""
    found = from_strings(counts, 70)
    assert found.strings() == counts
    assert list(found.strings()) == sorted(counts)
    assert found.shots == sum(counts.values())
    assert to_strings(found.samples)[0] == min(counts)


def test_blanks_between_registers_are_left_out_and_equal_strings_joined() -> None:
    """What qiskit gives for several registers is one string; samples that are equal count together."""
    assert from_strings({"1 01": 3}, 3).strings() == {"101": 3}
    rows = np.array([[1, 0], [0, 1], [1, 0]], np.uint8)
    assert join_counts(rows, np.array([1, 2, 3])).strings() == {"01": 4, "10": 2}
    assert join_counts(np.zeros((2, 0), np.uint8), np.array([1, 2])).strings() == {"": 3}
    assert join_counts(np.zeros((0, 2), np.uint8), np.zeros(0, np.int64)).strings() == {}


def test_what_a_circuit_measures_and_lacks() -> None:
    """Measurements within conditions count, and inputs without a value are named."""
    from qiskit.circuit import Parameter
    from qiskit.circuit.classical import types

    circuit = QuantumCircuit(1, 1)
    assert not is_measured(circuit)
    with circuit.if_test((circuit.clbits[0], 0)):
        circuit.measure(0, 0)
    assert is_measured(circuit)
    circuit.rx(Parameter("b"), 0)
    circuit.rx(Parameter("a"), 0)
    circuit.add_input("flag", types.Bool())
    assert unbound(circuit) == ["a", "b", "flag"]
