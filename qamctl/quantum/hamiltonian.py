"""Hamiltonians as sums of Pauli strings: what they are worth in a state, in samples, and as a polynomial of bits.

A product of Z on some qubits is +1 or -1, by the parity of their bits: with Z = 1 - 2 x it is a polynomial over
x in {0, 1}, and back with x = (1 - Z) / 2. All factors are powers of two, so that both ways are exact as long as the
sums are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from qamctl.quantum.pauli_text import LETTERS, PauliString, dense_text, parse_string
from qamctl.quantum.polynomial import Polynomial
from qamctl.qubo.model import Floats, Ints

#: Qubits of the longest diagonal term that a problem file may hold, and that circuits are made of.
BODIES: Final = 4

#: The codes of the letters.
X, Y, Z = 1, 2, 3

#: Bits of a state's number that are handled as one column, and columns that are looked at at once.
_LOW, _ROWS = 10, 1024

#: Terms that are summed at once.
_TERMS = 512

#: By the number of Y in a string: the sign, and whether the imaginary part is summed. P|k> = i^Y (-1)^(k.z) |k ^ x>.
_PHASES = ((1.0, False), (-1.0, True), (-1.0, False), (1.0, True))

#: A product of Z: its qubits, ascending, and its weight.
ZTerm = tuple[tuple[int, ...], float]


@dataclass(frozen=True)
class Diagonal:
    """Offset plus the sum of weight * product of Z over some qubits: what phases of circuits are made of.

    Attributes
    ----------
    terms
        Short ones first; none empty, none zero.
    """

    n: int
    offset: float
    terms: tuple[ZTerm, ...]

    def polynomial(self) -> Polynomial:
        """The same values over bits, of the same degree."""
        sums = _expanded([((), self.offset), *self.terms], lambda part, whole: (-2.0) ** part)
        return Polynomial(self.n, sums.pop((), 0.0), MappingProxyType(sums))


def diagonal_of(polynomial: Polynomial) -> Diagonal:
    """The products of Z that have the values of a polynomial over bits."""
    terms: Iterable[ZTerm] = [((), polynomial.offset), *polynomial.terms.items()]
    sums = _expanded(terms, lambda part, whole: (-1.0) ** part * 0.5**whole)
    offset = sums.pop((), 0.0)
    return Diagonal(polynomial.n, offset, tuple(sums.items()))


def _expanded(terms: Iterable[ZTerm], factor: Callable[[int, int], float]) -> dict[tuple[int, ...], float]:
    """The product over the members of each term of (1 + f x), multiplied out: sums that are rounded once.

    Parameters
    ----------
    factor
        Of a part of so many members, of a whole of so many.
    """
    sums: dict[tuple[int, ...], list[float]] = {}
    for members, weight in terms:
        for size in range(len(members) + 1):
            share = weight * factor(size, len(members))
            for part in combinations(members, size):
                sums.setdefault(part, []).append(share)
    total = {part: math.fsum(shares) for part, shares in sums.items()}
    return {part: total[part] for part in sorted(total, key=lambda part: (len(part), part)) if total[part]}


@dataclass(frozen=True, eq=False)
class PauliSum:
    """The sum of weight * Pauli string, each string once, none with the weight zero.

    Attributes
    ----------
    n
        Qubits.
    start, qubit, letter
        CSR: the qubits that each string acts on, ascending, and what it does there: 1 is X, 2 is Y, 3 is Z.
    weight
        [t]
    """

    n: int
    start: Ints
    qubit: Ints
    letter: npt.NDArray[np.uint8]
    weight: Floats

    @property
    def is_diagonal(self) -> bool:
        """Whether there are only Z and I: then it has a value in every state of the bits."""
        return bool((self.letter == Z).all())

    @property
    def locality(self) -> int:
        """Qubits of the longest string."""
        return int(np.diff(self.start).max(initial=0))

    @property
    def strings(self) -> list[tuple[str, float]]:
        """The strings with their weights, a letter for each qubit, the highest one leftmost, as qiskit has them."""
        return [(dense_text(self.n, qubits, letters), weight) for qubits, letters, weight in self.terms()]

    def terms(self) -> Iterator[tuple[tuple[int, ...], str, float]]:
        """Qubits, letters and weight of each string."""
        qubit, letters = self.qubit.tolist(), "".join(LETTERS[code] for code in self.letter.tolist())
        start = self.start.tolist()
        for k, weight in enumerate(self.weight.tolist()):
            yield tuple(qubit[start[k] : start[k + 1]]), letters[start[k] : start[k + 1]], weight

    def diagonal(self) -> Diagonal:
        """The products of Z; the identity is the offset.

        Raises
        ------
        ValueError
            It is not diagonal.
        """
        self._must_be_diagonal()
        terms = sorted(((qubits, weight) for qubits, _, weight in self.terms()), key=lambda term: (len(term[0]), term))
        offset = math.fsum(weight for qubits, weight in terms if not qubits)
        return Diagonal(self.n, offset, tuple((qubits, weight) for qubits, weight in terms if qubits))

    def polynomial(self) -> Polynomial:
        """The values of a diagonal sum over bits.

        Raises
        ------
        ValueError
            It is not diagonal.
        """
        return self.diagonal().polynomial()

    def energy(self, samples: np.ndarray) -> Floats:
        """[s] the values of a diagonal sum in samples [s, n] of 0 and 1; [1] for a single one.

        Raises
        ------
        ValueError
            It is not diagonal.
        """
        self._must_be_diagonal()
        rows = np.atleast_2d(np.asarray(samples)) != 0
        total = np.zeros(len(rows))
        for qubits, _, weight in self.terms():
            odd = np.logical_xor.reduce(rows[:, list(qubits)], axis=1)
            total += np.where(odd, -weight, weight)
        return total

    def expectation_of_counts(self, counts: Mapping[str, int | float]) -> float:
        """The mean of a diagonal sum over measured bitstrings, the leftmost character being the highest qubit.

        Raises
        ------
        ValueError
            It is not diagonal, nothing was measured, or a bitstring is of other qubits.
        """
        texts, often = list(counts), np.array(list(counts.values()), float)
        if not often.sum() > 0:
            raise ValueError("there are no counts")
        if any(len(text) != self.n or set(text) - {"0", "1"} for text in texts):
            raise ValueError(f"a bitstring is not of {self.n} qubits")
        bits = np.frombuffer("".join(texts).encode(), np.uint8).reshape(len(texts), self.n)[:, ::-1] == ord("1")
        return float(often @ self.energy(bits) / often.sum())

    def masks(self) -> tuple[Ints, Ints]:
        """[t], [t] the bits that each string flips (X and Y), and those whose parity is its sign (Z and Y).

        Raises
        ------
        ValueError
            There are more qubits than bits.
        """
        if self.n > 62:
            raise ValueError(f"a state of {self.n} qubits has no amplitudes that a machine holds")
        bit, of = np.left_shift(1, self.qubit), np.repeat(np.arange(len(self.weight)), np.diff(self.start))
        flips, signs = np.zeros((2, len(self.weight)), np.int64)
        for mask, other in ((flips, Z), (signs, X)):
            chosen = self.letter != other
            np.add.at(mask, of[chosen], bit[chosen])
        return flips, signs

    def expectation(self, amplitudes: np.ndarray) -> float:
        """The expectation value in a state of norm 1.

        Strings that flip the same bits share one product of amplitudes; the signs of the others are a matrix product
        over two halves of the bits. No matrix of the size of the states is built.

        Parameters
        ----------
        amplitudes
            [2^n] complex; bit v of a state's number is qubit v.

        Raises
        ------
        ValueError
            The state is of another size.
        """
        state = np.asarray(amplitudes).ravel()
        if len(state) != 2**self.n:
            raise ValueError(f"a state of {self.n} qubits has {2**self.n} amplitudes, not {len(state)}")
        flips, signs = self.masks()
        ys = _counts(flips & signs) % 4
        order = np.argsort(flips, kind="stable")
        groups = np.split(order, np.flatnonzero(np.diff(flips[order])) + 1) if len(order) else []
        return math.fsum(
            _expectation(state, int(flips[own[0]]), signs[own], ys[own], self.weight[own])
            for group in groups
            for own in np.split(group, range(_TERMS, len(group), _TERMS))
        )

    def _must_be_diagonal(self) -> None:
        if not self.is_diagonal:
            raise ValueError("the Hamiltonian is not diagonal: it has no values in samples")


def _expectation(state: np.ndarray, flip: int, signs: Ints, ys: Ints, weight: Floats) -> float:
    """The sum over strings that flip the same bits, block by block of the states."""
    low = min(_LOW, len(state).bit_length() - 1)
    table = state.reshape(-1, 1 << low)
    right = np.arange(1 << low)
    high_flip, low_flip = flip >> low, flip & ((1 << low) - 1)
    low_signs = _parity_signs(right[:, None] & signs)
    value = np.array([sign for sign, _ in _PHASES])[ys] * weight
    imaginary = np.array([imag for _, imag in _PHASES])[ys]
    total = 0.0
    for begin in range(0, len(table), _ROWS):
        left = np.arange(begin, min(begin + _ROWS, len(table)))
        here = table[begin : begin + _ROWS].astype(np.complex128, copy=False)
        there = table[left ^ high_flip] if high_flip else here
        product = (there[:, right ^ low_flip] if low_flip else there).conj() * here
        high_signs = _parity_signs(left[:, None] & (signs >> low))
        for part, own in ((product.real, ~imaginary), (product.imag, imaginary)):
            if own.any():
                sums = ((part @ low_signs[:, own]) * high_signs[:, own]).sum(axis=0)
                total += float(sums @ value[own])
    return total


def _counts(numbers: Ints) -> Ints:
    """How many bits of each number are 1."""
    return np.bitwise_count(numbers).astype(np.int64)


def _parity_signs(numbers: Ints) -> Floats:
    """-1 for numbers with an odd count of ones, else 1."""
    return np.where(_counts(numbers) & 1, -1.0, 1.0)


def pauli_sum(strings: Iterable[tuple[str, float]], n: int | None = None) -> PauliSum:
    """The sum of strings with weights, as texts (`pauli_text.parse_string`).

    Parameters
    ----------
    n
        Qubits; None: as many as the strings say.

    Raises
    ------
    BadString
        A text is no Pauli string, or of another number of qubits than the others.
    """
    read = [(parse_string(text), weight) for text, weight in strings]
    if n is None:
        dense = next((string.span for string, _ in read if string.dense), None)
        n = max((string.span for string, _ in read), default=0) if dense is None else dense
    for string, _ in read:
        string.check(n)
    return sum_of(n, [string for string, _ in read], [float(weight) for _, weight in read])


def sum_of(n: int, strings: Sequence[PauliString], weights: Sequence[float]) -> PauliSum:
    """The sum of strings that were read before: equal ones added as decimals are, those without weight left out."""
    found: dict[tuple[tuple[int, ...], str], float] = {}
    for string, weight in zip(strings, weights, strict=True):
        key = string.qubits, string.letters
        found[key] = _added(found[key], weight) if key in found else float(weight)
    kept = {key: weight for key, weight in found.items() if weight}
    letters = "".join(letters for _, letters in kept)
    return PauliSum(
        n,
        np.cumsum([0, *(len(qubits) for qubits, _ in kept)]).astype(np.int64),
        np.array([qubit for qubits, _ in kept for qubit in qubits], np.int64),
        np.array([LETTERS.index(letter) for letter in letters], np.uint8),
        np.array(list(kept.values()), np.float64),
    )


def _added(one: float, other: float) -> float:
    """The sum of two numbers as it is written: 0.1 + 0.2 is 0.3."""
    return float(Decimal(repr(float(one))) + Decimal(repr(float(other))))
