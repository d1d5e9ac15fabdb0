"""Means of Pauli sums from counts, in as many bases as they need."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import SparsePauliOp, Statevector
from support.circuits import measured, program, random_terms

from qamctl.quantum.pauli_values import (
    columns_of,
    from_counts,
    groups,
    is_diagonal,
    letters,
    measured_in,
    placed,
    setting_circuit,
    support,
)
from qamctl.quantum.program import Counts, Setting, from_strings
from qamctl.quantum.simulate import run
from qamctl.quantum.simulate.lowering import final_measurements


def test_letters_and_support() -> None:
    """The rightmost letter is that of qubit 0; identities act on nothing."""
    assert letters("ZIXY") == {0: "Y", 1: "X", 3: "Z"}
    assert support([("ZII", 1.0), ("IIX", 1.0)]) == [0, 2]
    assert is_diagonal([("ZI", 1.0), ("II", 1.0)])
    assert not is_diagonal([("ZY", 1.0)])
    assert columns_of("XIZ") == {0: 0, 2: 1}


def test_a_sum_is_placed_on_the_qubits_of_a_state() -> None:
    """Qubits that are not simulated vanish from the strings."""
    found = placed([("ZIIX", 0.5), ("IIII", 2.0)], {0: 1, 3: 0}, 2)
    assert sorted(found.strings) == [("II", 2.0), ("XZ", 0.5)]
    assert placed([("II", 2.0)], {}, 0).expectation(np.ones(1)) == 2.0


@pytest.mark.parametrize("seed", range(8))
def test_groups_share_a_basis(seed: int) -> None:
    """Each term but the identity is in one group, whose basis agrees with it on each of its qubits."""
    terms = [*random_terms(5, 20, seed), ("IIIII", 1.0)]
    found = groups(terms)
    members = sorted(term for _, group in found for term in group)
    assert members == sorted(term for term in terms if set(term[0]) != {"I"})
    for basis, group in found:
        for label, _ in group:
            assert letters(label).items() <= letters(basis).items()
    assert groups([("II", 1.0)]) == []


def test_the_mean_and_its_error_of_counts() -> None:
    """Of ZZ on 3 shots out of 4: the mean is 1/2, and the error that of a sample."""
    counts = from_strings({"00": 1, "11": 2, "01": 1}, 2)
    found = from_counts(counts, [("ZZ", 1.0)], {0: 0, 1: 1})
    assert found.value == 0.5
    assert found.error == pytest.approx(np.std([1, 1, 1, -1], ddof=1) / 2)
    assert not found.exact
    assert from_counts(from_strings({"1": 1}, 1), [("Z", 1.0)], {0: 0}).error == 0


@pytest.mark.parametrize("seed", range(4))
def test_measured_means_are_near_the_exact_one(seed: int) -> None:
    """A sum of X, Y and Z, measured basis by basis, is within its error of qiskit's value."""
    circuit = random_circuit(3, 4, max_operands=2, seed=seed)
    terms = [*random_terms(3, 6, seed), ("III", 0.7)]
    exact = Statevector(circuit).expectation_value(SparsePauliOp.from_list(terms)).real
    whole = measured(circuit)
    finals = final_measurements(whole)
    settings = []
    for k, (basis, _) in enumerate(groups(terms)):
        turned = setting_circuit(whole, basis, finals)
        counts = run(program(turned), 4000, 10 * seed + k).counts
        assert counts is not None
        settings.append(Setting(basis, _own(counts.strings(), whole.num_clbits)))
    found = measured_in(settings, terms)
    assert abs(found.value - exact) < 4.5 * found.error + 1e-9


def _own(strings: dict[str, int], others: int) -> Counts:
    """The counts of a setting, the circuit's own bits cut off."""
    cut: dict[str, int] = {}
    for text, count in strings.items():
        key = text[: len(text) - others]
        cut[key] = cut.get(key, 0) + count
    return from_strings(cut, len(next(iter(cut))))


def test_a_setting_keeps_what_happens_on_the_way() -> None:
    """Only the measurements that end the circuit are replaced."""
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.h(0)
    circuit.measure(0, 1)
    turned = setting_circuit(circuit, "IY", final_measurements(circuit))
    assert [one.operation.name for one in turned.data] == ["h", "measure", "h", "sdg", "h", "measure"]
    assert turned.num_clbits == 3
