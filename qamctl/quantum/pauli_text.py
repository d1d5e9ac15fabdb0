"""How Pauli strings are written: `ZZII`, a letter for each qubit, or `Z2 Z3`, the qubits that something acts on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

#: The letters in the order of their codes: no action, and the three Pauli matrices.
LETTERS: Final = "IXYZ"

_DENSE = re.compile("[IXYZ]+").fullmatch
_SPARSE = re.compile("[IXYZ][0-9]{1,9}(?: +[IXYZ][0-9]{1,9})*").fullmatch
_ACTION = re.compile("[XYZ]").finditer
_FACTOR = re.compile("([IXYZ])([0-9]+)").findall


class BadString(ValueError):
    """A text that is no Pauli string, or not one of these qubits.

    Parameters
    ----------
    hint
        What to write in its place.
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


@dataclass(frozen=True, slots=True)
class PauliString:
    """A product of Pauli matrices on some qubits.

    Attributes
    ----------
    qubits
        Those that it acts on, ascending.
    letters
        X, Y or Z for each of them.
    span
        Qubits that there must be at least: all of them where every one has its letter.
    dense
        Whether every qubit has its letter.
    """

    qubits: tuple[int, ...]
    letters: str
    span: int
    dense: bool

    @property
    def is_diagonal(self) -> bool:
        """Whether it is a product of Z, or of nothing."""
        return self.letters.count("Z") == len(self.letters)

    def check(self, n: int) -> None:
        """Hold it against the number of qubits.

        Raises
        ------
        BadString
            It is of more or fewer qubits.
        """
        if self.dense and self.span != n:
            raise BadString(f"has {self.span} letters, and there are {n} qubits", "write I for a qubit without action")
        if self.span > n:
            raise BadString(f"acts on qubit {self.span - 1}", f"they are 0 .. {n - 1}")


def parse_string(text: str) -> PauliString:
    """Read `ZZII`, whose leftmost letter is that of the highest qubit, as qiskit has it, or `Z2 Z3`, the same.

    Raises
    ------
    BadString
        It is neither.
    """
    if _DENSE(text):
        last = len(text) - 1
        found = [(last - match.start(), match.group()) for match in _ACTION(text)]
        found.reverse()
        return PauliString(tuple(q for q, _ in found), "".join(letter for _, letter in found), len(text), True)
    if not _SPARSE(text):
        raise _complaint(text)
    factors = sorted((int(digits), letter) for letter, digits in _FACTOR(text))
    qubits = [qubit for qubit, _ in factors]
    twice = next((a for a, b in pairwise(qubits) if a == b), None)
    if twice is not None:
        raise BadString(f"names qubit {twice} twice", "write the product as one letter, its sign in the weight")
    acting = [(qubit, letter) for qubit, letter in factors if letter != "I"]
    letters = "".join(letter for _, letter in acting)
    return PauliString(tuple(qubit for qubit, _ in acting), letters, qubits[-1] + 1, False)


def _complaint(text: str) -> BadString:
    """What is wrong with a text that is no Pauli string."""
    if not text.strip():
        return BadString("is empty", "write I for every qubit, or an offset")
    if _DENSE(text.upper()) or _SPARSE(text.upper()):
        return BadString("has small letters", f"write {text.upper()}" if len(text) <= 60 else "write large ones")
    place, letter = next(
        ((k, letter) for k, letter in enumerate(text, 1) if letter not in "IXYZ 0123456789"), (0, "")
    )  # fmt: skip
    if not place:
        return BadString("mixes two forms", "a letter for each qubit, as in ZZII, or letters with qubits: Z2 Z3")
    shown = f"`{letter}`" if letter.isprintable() and letter != "`" else ascii(letter)
    return BadString(f"has {shown} at place {place}", "the letters are I, X, Y and Z")


def dense_text(n: int, qubits: tuple[int, ...], letters: str) -> str:
    """A Pauli string with a letter for each qubit, the highest one leftmost."""
    text = ["I"] * n
    for qubit, letter in zip(qubits, letters, strict=True):
        text[n - 1 - qubit] = letter
    return "".join(text)
