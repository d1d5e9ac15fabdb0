"""Circuits on state vectors: against qiskit's and Aer's, static ones exactly, dynamic ones by chi-square tests."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, transpile
from qiskit.circuit import Parameter
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import SparsePauliOp, Statevector
from support.circuits import branching, by_string, dynamic, measured, program, random_terms, same

from qamctl.errors import BackendError, SpecError, UnsupportedError
from qamctl.quantum import simulate
from qamctl.quantum.compare import fit, homogeneity
from qamctl.quantum.simulate import exact, run
from qamctl.quantum.simulate.batches import Stopped

#: Chance that one of the tests below is unlucky, for good: seeds are fixed.
LEAST_P = 1e-3


@pytest.mark.parametrize("seed", range(12))
def test_random_circuits_have_the_distribution_of_qiskit(seed: int) -> None:
    """Bitstrings, and the mean of a sum of Pauli strings, are those of qiskit's Statevector."""
    n = 2 + seed % 6
    circuit = random_circuit(n, 6, max_operands=4, seed=seed)
    terms = random_terms(n, 6, seed)
    state = Statevector(circuit)
    found = exact(program(measured(circuit)))
    assert found is not None
    assert same(by_string(*found), state.probabilities_dict())
    value = run(program(measured(circuit), terms), 100, seed).expectation
    assert value is not None
    assert value.exact
    assert value.value == pytest.approx(state.expectation_value(SparsePauliOp.from_list(terms)).real, abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_drawn_counts_follow_the_distribution(seed: int) -> None:
    """Counts of static circuits pass a chi-square test against qiskit's probabilities."""
    circuit = random_circuit(5, 6, max_operands=3, seed=50 + seed)
    counts = run(program(measured(circuit)), 5000, seed).counts
    assert counts is not None
    assert counts.shots == 5000
    chances = {key: p for key, p in Statevector(circuit).probabilities_dict().items() if p > 1e-12}
    assert fit(counts.strings(), chances) > LEAST_P


@pytest.mark.parametrize("seed", range(5))
def test_dynamic_circuits_do_what_aer_does(seed: int) -> None:
    """Measurements on the way, resets, branches, switches and loops: the shots and the exact tree agree with Aer's."""
    aer = pytest.importorskip("qiskit_aer").AerSimulator(seed_simulator=seed, max_parallel_threads=1)
    circuit = dynamic(seed)
    theirs = aer.run(transpile(circuit, aer, optimization_level=0), shots=3000).result().get_counts()
    mine = run(program(circuit), 3000, seed).counts
    assert mine is not None
    found = exact(program(circuit))
    assert found is not None
    chances = by_string(*found)
    assert sum(chances.values()) == pytest.approx(1, abs=1e-9)
    assert fit(mine.strings(), chances) > LEAST_P
    assert fit(theirs, chances) > LEAST_P
    assert homogeneity(mine.strings(), theirs) > LEAST_P


def test_the_same_seed_gives_the_same_counts() -> None:
    """Counts and means repeat bit by bit; another seed gives others."""
    for circuit in (measured(random_circuit(5, 5, seed=3)), branching(4)):
        terms = random_terms(circuit.num_qubits, 3, 1)
        first, again, other = (run(program(circuit, terms), 500, seed) for seed in (5, 5, 6))
        assert first.counts is not None
        assert again.counts is not None
        assert other.counts is not None
        assert first.counts.strings() == again.counts.strings() != other.counts.strings()
        assert first.expectation == again.expectation


def test_gates_run_once_for_each_past_not_for_each_shot() -> None:
    """The branches of a circuit with two measurements on the way are four, however many shots."""
    circuit = QuantumCircuit(2, 3)
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.h(0)
    circuit.measure(0, 1)
    circuit.h(0)
    circuit.measure(0, 2)
    found = run(program(circuit), 100_000, 1)
    assert found.info["branches"] == 4
    assert found.counts is not None
    assert fit(found.counts.strings(), {f"{k:03b}": 1 / 8 for k in range(8)}) > LEAST_P


def test_a_mean_over_pasts_has_an_error() -> None:
    """With a measurement on the way the mean is that of the shots, within its standard error of the exact one."""
    circuit = QuantumCircuit(2, 1)
    circuit.ry(1.0, 0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    found = run(program(circuit, (("ZI", 1.0),)), 4000, 3).expectation
    assert found is not None
    assert not found.exact
    assert abs(found.value - np.cos(1.0)) < 4 * found.error


def test_registers_stand_as_qiskit_joins_them() -> None:
    """The register that was added last is leftmost; bits without measurement are 0; idle qubits are not simulated."""
    circuit = QuantumCircuit(40)
    low, high = ClassicalRegister(2, "low"), ClassicalRegister(3, "high")
    circuit.add_register(low, high)
    circuit.x(7)
    circuit.measure(7, low[0])
    circuit.measure(8, low[1])
    circuit.x(39)
    circuit.measure(39, high[2])
    found = run(program(circuit), 10, 1)
    assert found.counts is not None
    assert found.counts.strings() == {"10001": 10}
    assert found.info["simulated_qubits"] == 2


def test_a_measured_bit_may_be_measured_again_and_idle_qubits_on_the_way_are_zero() -> None:
    """The last measurement of a bit counts; one of a qubit that stays 0 clears the bit even in a loop."""
    circuit = QuantumCircuit(3, 2)
    circuit.x(0)
    circuit.measure(0, 0)
    circuit.measure(1, 0)
    circuit.measure(0, 1)
    with circuit.while_loop((circuit.clbits[1], 1)):
        circuit.measure(2, 1)
    assert run(program(circuit), 5, 1).counts.strings() == {"00": 5}  # type: ignore[union-attr]


def test_a_continued_loop_goes_on() -> None:
    """`continue` leaves out the rest of a round, of for loops with values and of while loops."""
    circuit = QuantumCircuit(2, 2)
    angle = Parameter("angle")
    with circuit.for_loop((0, 1, 0), angle):
        circuit.rx(np.pi * angle, 0)
        circuit.measure(0, 0)
        with circuit.if_test((circuit.clbits[0], 0)):
            circuit.continue_loop()
        circuit.x(1)
    circuit.measure(1, 1)
    with circuit.while_loop((circuit.clbits[0], 1)):
        circuit.x(0)
        circuit.measure(0, 0)
        circuit.continue_loop()
    # Two rounds of the for loop see a 1, so qubit 1 is turned twice; the while loop clears bit 0.
    assert run(program(circuit), 7, 1).counts.strings() == {"00": 7}  # type: ignore[union-attr]


def test_an_observable_needs_no_measurement() -> None:
    """Without measurements there are no counts, and the mean is exact; qubits without gates are 0."""
    circuit = QuantumCircuit(3)
    circuit.h(0)
    found = run(program(circuit, (("IIX", 0.5), ("ZII", 2.0), ("III", 1.0))), 10, 1)
    assert found.counts is None
    assert found.expectation is not None
    assert found.expectation.value == pytest.approx(3.5)
    empty = run(program(QuantumCircuit(2), (("II", 1.5),)), 10, 1).expectation
    assert empty is not None
    assert empty.value == 1.5


def test_what_cannot_be_run_is_told() -> None:
    """Nothing measured, a parameter without a value, a loop without end, and a simulation that is stopped."""
    with pytest.raises(SpecError, match="measures nothing"):
        run(program(QuantumCircuit(1, 1)), 10, 1)
    free = QuantumCircuit(1, 1)
    free.rx(Parameter("theta"), 0)
    free.measure(0, 0)
    with pytest.raises(SpecError, match="no value for theta"):
        run(program(free), 10, 1)
    endless = QuantumCircuit(1, 1)
    with endless.while_loop((endless.clbits[0], 0)):
        endless.id(0)
    endless.measure(0, 0)
    with pytest.raises(BackendError, match="never end"):
        run(program(endless), 1, 1)
    with pytest.raises(Stopped):
        run(program(measured(random_circuit(3, 3, seed=1))), 10, 1, stop=lambda: True)


def test_too_many_qubits_are_refused_before_anything_is_allocated() -> None:
    """The message says how many qubits, how much memory, and what fits; dynamic circuits need more."""
    circuit = QuantumCircuit(50, 50)
    circuit.h(range(50))
    circuit.measure(range(50), range(50))
    with pytest.raises(UnsupportedError, match=r"50 qubits needs .* PiB .* up to \d\d qubits fit"):
        run(program(circuit), 10, 1)
    small = measured(random_circuit(5, 3, seed=1))
    with pytest.raises(UnsupportedError, match="1 KiB may be used here: up to 4 qubits fit"):
        run(program(small), 10, 1, memory=1024)
    with pytest.raises(UnsupportedError, match="with measurements on the way"):
        run(program(branching(1)), 10, 1, memory=128)


def test_an_exact_tree_may_be_too_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """More pasts than asked for, and there is no distribution."""
    assert exact(program(branching(1)), most_branches=2) is None
    monkeypatch.setattr(simulate, "MOST_JUMPS", 10)
    circuit = QuantumCircuit(1)
    assert exact(program(circuit)) is not None
