"""Sums of Pauli strings against qiskit's, against dense matrices, and against each other."""

from __future__ import annotations

from functools import reduce
from itertools import product
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qamctl.quantum.hamiltonian import Diagonal, PauliSum, diagonal_of, pauli_sum
from qamctl.quantum.pauli_text import BadString
from qamctl.quantum.polynomial import Polynomial

MATRICES = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]),
}
SAMPLES = {n: np.array(list(product((0, 1), repeat=n)), np.uint8)[:, ::-1] for n in range(1, 8)}


def matrix(strings: list[tuple[str, float]]) -> np.ndarray:
    """[2^n, 2^n] the sum as Kronecker products."""
    found: np.ndarray = sum(weight * reduce(np.kron, [MATRICES[letter] for letter in text]) for text, weight in strings)
    return found


def random_strings(rng: np.random.Generator, letters: str, most: int = 30) -> list[tuple[str, float]]:
    """Strings of up to six qubits, some of them alike."""
    n, t = int(rng.integers(1, 7)), int(rng.integers(1, most))
    return [("".join(rng.choice(list(letters), n)), float(rng.normal())) for _ in range(t)]


def random_state(rng: np.random.Generator, n: int) -> np.ndarray:
    """[2^n] amplitudes of norm 1."""
    state = rng.normal(size=2**n) + 1j * rng.normal(size=2**n)
    found: np.ndarray = state / np.linalg.norm(state)
    return found


@st.composite
def polynomials(draw: st.DrawFn, degree: int = 4) -> Polynomial:
    """Polynomials of up to seven variables whose sums are exact."""
    n = draw(st.integers(1, 7))
    term = st.sets(st.integers(0, n - 1), min_size=1, max_size=degree).map(lambda found: tuple(sorted(found)))
    weight = st.integers(-64, 64).filter(bool).map(lambda number: number / 8)
    terms = draw(st.dictionaries(term, weight, max_size=8))
    return Polynomial(n, draw(st.integers(-8, 8)) / 4, MappingProxyType(terms))


def test_equal_strings_are_added_as_they_are_written() -> None:
    """0.1 + 0.2 - 0.3 leaves nothing, and what is nothing is left out."""
    found = pauli_sum([("ZI", 0.1), ("Z1", 0.2), ("XX", 0), ("ZI", -0.3), ("IZ", 2), ("YI", 1.5), ("Z0", 1)])
    assert found.strings == [("IZ", 3.0), ("YI", 1.5)]
    assert (found.n, found.locality, found.is_diagonal) == (2, 1, False)
    assert pauli_sum([]).strings == []


def test_the_number_of_qubits_is_what_the_strings_say() -> None:
    """The length of those with a letter for each; else one more than the highest; or what is given."""
    assert pauli_sum([("Z1", 1), ("ZIII", 1)]).n == 4
    assert pauli_sum([("Z1", 1), ("Z0 Z7", 1)]).n == 8
    assert pauli_sum([("Z1", 1)], 5).strings == [("IIIZI", 1.0)]
    with pytest.raises(BadString, match="has 2 letters, and there are 3 qubits"):
        pauli_sum([("ZZZ", 1), ("ZZ", 1)])
    with pytest.raises(BadString, match="acts on qubit 3"):
        pauli_sum([("ZZZ", 1), ("Z3", 1)])


def test_it_is_the_sum_that_qiskit_makes_of_the_strings() -> None:
    """Weights string by string, and expectation values in random states, of any letters."""
    qiskit = pytest.importorskip("qiskit.quantum_info")
    rng = np.random.default_rng(1)
    for _ in range(100):
        strings = random_strings(rng, "IXYZ")
        mine, theirs = pauli_sum(strings), qiskit.SparsePauliOp.from_list(strings)
        simple = {text: weight.real for text, weight in theirs.simplify(atol=0).to_list()}
        assert simple == pytest.approx(dict(mine.strings))
        state = random_state(rng, mine.n)
        value = qiskit.Statevector(state).expectation_value(theirs).real
        assert mine.expectation(state) == pytest.approx(value, abs=1e-9)
        assert matrix(strings) == pytest.approx(theirs.to_matrix())


def test_expectation_values_are_those_of_the_dense_matrix() -> None:
    """Of eigenstates they are the eigenvalues; without qiskit."""
    rng = np.random.default_rng(2)
    for _ in range(40):
        strings = random_strings(rng, "IXYZ")
        values, states = np.linalg.eigh(matrix(strings))
        mine = pauli_sum(strings)
        found = [mine.expectation(states[:, k]) for k in range(len(values))]
        assert found == pytest.approx(values.tolist(), abs=1e-9)


def test_expectation_values_of_states_in_several_blocks() -> None:
    """A state larger than a block, more terms than are summed at once, and a real state of single precision."""
    rng = np.random.default_rng(3)
    n = 21
    bits = rng.integers(0, 2, n).astype(np.uint8)
    state = np.zeros(2**n, np.float32)
    state[int(bits @ (1 << np.arange(n)))] = 1.0
    strings = [(" ".join(f"Z{q}" for q in sorted(rng.choice(n, 3, replace=False))), 1.0) for _ in range(700)]
    found = pauli_sum(strings, n)
    assert found.expectation(state) == found.energy(bits)[0]
    plus = np.full(2**n, 2 ** (-n / 2))
    assert pauli_sum([("X0", 1.0), ("X20", 2.0), ("X3 X15", 4.0), ("Z1", 8.0)], n).expectation(plus) == (
        pytest.approx(7.0)
    )
    assert pauli_sum([], 2).expectation(np.array([1, 0, 0, 0])) == 0.0


def test_a_state_of_another_size_is_refused() -> None:
    """And a sum on more qubits than any state has."""
    with pytest.raises(ValueError, match="a state of 2 qubits has 4 amplitudes, not 3"):
        pauli_sum([("ZZ", 1)]).expectation(np.ones(3))
    with pytest.raises(ValueError, match="no amplitudes"):
        pauli_sum([("Z99", 1)]).masks()


def test_four_body_hamiltonians_against_exact_diagonalisation() -> None:
    """Energies of all samples, of strings and of the polynomial, are the eigenvalues, state by state."""
    rng = np.random.default_rng(4)
    for _ in range(40):
        n = int(rng.integers(4, 7))
        rows = [rng.choice(n, int(rng.integers(0, 5)), replace=False) for _ in range(12)]
        strings = [("".join("Z" if q in row else "I" for q in range(n)), float(rng.normal())) for row in rows]
        mine = pauli_sum(strings)
        dense = matrix(strings)
        energies = mine.energy(SAMPLES[n])
        assert energies == pytest.approx(np.diag(dense).real)
        assert mine.polynomial().energy(SAMPLES[n]) == pytest.approx(energies)
        assert np.sort(energies) == pytest.approx(np.linalg.eigvalsh(dense))
        assert mine.polynomial().degree <= 4


@given(polynomials())
def test_products_of_z_and_polynomials_say_the_same(polynomial: Polynomial) -> None:
    """From bits to Z and back is exact, and every sample has the same value in all forms."""
    there = diagonal_of(polynomial)
    back = there.polynomial()
    assert (back.offset, dict(back.terms)) == (polynomial.offset, dict(polynomial.terms))
    strings = [(" ".join(f"Z{q}" for q in qubits), weight) for qubits, weight in there.terms]
    summed = pauli_sum(strings, polynomial.n)
    samples = SAMPLES[polynomial.n]
    assert (summed.energy(samples) + there.offset == polynomial.energy(samples)).all()
    assert summed.diagonal() == Diagonal(polynomial.n, 0.0, there.terms)


def test_the_identity_is_the_offset() -> None:
    """Of the products of Z and of the polynomial: Z is 1 - 2 x."""
    found = pauli_sum([("II", 1.5), ("ZZ", 1.0), ("IZ", -0.5)])
    assert found.diagonal() == Diagonal(2, 1.5, (((0,), -0.5), ((0, 1), 1.0)))
    polynomial = found.polynomial()
    assert (polynomial.offset, dict(polynomial.terms)) == (2.0, {(0,): -1.0, (1,): -2.0, (0, 1): 4.0})


def test_what_is_not_diagonal_has_no_values_in_samples() -> None:
    """Polynomials, energies and means of counts are refused."""
    found = pauli_sum([("XZ", 1.0)])
    for ask in (found.polynomial, found.diagonal, lambda: found.energy(np.zeros(2)), lambda: means(found)):
        with pytest.raises(ValueError, match="not diagonal"):
            ask()


def means(hamiltonian: PauliSum) -> float:
    """The mean of one bitstring."""
    return hamiltonian.expectation_of_counts({"0" * hamiltonian.n: 1})


@settings(max_examples=40)
@given(st.integers(0, 10**6))
def test_means_of_counts_are_expectation_values(seed: int) -> None:
    """Counts in proportion to a state's probabilities have its expectation value; the leftmost bit is the highest."""
    rng = np.random.default_rng(seed)
    strings = random_strings(rng, "IZ")
    found = pauli_sum(strings)
    state = random_state(rng, found.n)
    counts = {format(k, f"0{found.n}b"): p for k, p in enumerate((np.abs(state) ** 2).tolist())}
    assert found.expectation_of_counts(counts) == pytest.approx(found.expectation(state), abs=1e-9)


@pytest.mark.parametrize("counts", [{}, {"00": 0}])
def test_without_counts_there_is_no_mean(counts: dict[str, int]) -> None:
    """Nothing measured is refused."""
    with pytest.raises(ValueError, match="there are no counts"):
        pauli_sum([("ZZ", 1)]).expectation_of_counts(counts)


@pytest.mark.parametrize("text", ["000", "0", "0x", "0²"])
def test_bitstrings_of_other_qubits_are_refused(text: str) -> None:
    """Each has a 0 or 1 for every qubit."""
    with pytest.raises(ValueError, match="not of 2 qubits"):
        pauli_sum([("ZZ", 1)]).expectation_of_counts({text: 1})
