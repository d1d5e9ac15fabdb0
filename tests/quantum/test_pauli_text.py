"""Pauli strings as they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.quantum.pauli_text import BadString, PauliString, dense_text, parse_string


def test_the_leftmost_letter_is_the_highest_qubit() -> None:
    """A letter for each qubit, counted from the right as qiskit counts."""
    assert parse_string("ZIXY") == PauliString((0, 1, 3), "YXZ", 4, True)
    assert parse_string("II") == PauliString((), "", 2, True)


def test_a_sparse_string_names_its_qubits() -> None:
    """In any order, blanks between, I only as a place."""
    assert parse_string("Z3  X0") == PauliString((0, 3), "XZ", 4, False)
    assert parse_string("I9 Z2") == PauliString((2,), "Z", 10, False)


@given(st.text("IXYZ", min_size=1, max_size=9))
def test_dense_text_is_the_way_back(text: str) -> None:
    """Reading a string and writing it again gives the same string, in either form."""
    read = parse_string(text)
    assert dense_text(len(text), read.qubits, read.letters) == text
    sparse = " ".join(f"{letter}{qubit}" for qubit, letter in zip(read.qubits, read.letters, strict=True))
    if sparse:
        again = parse_string(sparse)
        assert (again.qubits, again.letters) == (read.qubits, read.letters)


def test_only_z_is_diagonal() -> None:
    """X and Y are not."""
    found = [parse_string(text).is_diagonal for text in ("ZIZ", "III", "Z4", "ZXI", "Y0")]
    assert found == [True, True, True, False, False]


@pytest.mark.parametrize(
    ("text", "complaint", "hint"),
    [
        ("", "is empty", "write I for every qubit, or an offset"),
        ("  ", "is empty", "write I for every qubit, or an offset"),
        ("zzI", "has small letters", "write ZZI"),
        ("z0 z1", "has small letters", "write Z0 Z1"),
        ("z" * 61, "has small letters", "write large ones"),
        ("ZZA", "has `A` at place 3", "the letters are I, X, Y and Z"),
        ("Z`", "has '`' at place 2", "the letters are I, X, Y and Z"),
        ("Z0*Z1", "has `*` at place 3", "the letters are I, X, Y and Z"),
        ("ZZ Z0", "mixes two forms", "a letter for each qubit, as in ZZII, or letters with qubits: Z2 Z3"),
        ("Z0 Z3 X0", "names qubit 0 twice", "write the product as one letter, its sign in the weight"),
    ],
)
def test_what_is_no_pauli_string_is_told(text: str, complaint: str, hint: str) -> None:
    """Each fault has its sentence and what to write in its place."""
    with pytest.raises(BadString) as caught:
        parse_string(text)
    assert (caught.value.message, caught.value.hint) == (complaint, hint)


def test_strings_are_held_against_the_number_of_qubits() -> None:
    """A letter for each qubit, and no qubit beyond the last."""
    parse_string("ZI").check(2)
    parse_string("Z0").check(2)
    with pytest.raises(BadString, match="has 2 letters, and there are 3 qubits"):
        parse_string("ZI").check(3)
    with pytest.raises(BadString, match="acts on qubit 5"):
        parse_string("Z5").check(5)
