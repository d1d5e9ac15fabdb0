"""The providers' own formats, and the order of bits in each."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.azure.results import Result, parse
from qamctl.errors import BackendError

IONQ, RIGETTI = "ionq.quantum-results.v1", "rigetti.quil-results.v1"
HONEYWELL, PASQAL = "honeywell.quantum-results.v1", "pasqal.pulser-results.v1"


def one(document: Any, format: str, shots: int | None = None, bits: int | None = None) -> Result:
    (result,) = parse(json.dumps(document).encode(), format=format, shots=shots, bits=bits)
    return result


@st.composite
def registers(draw: st.DrawFn, marks: str) -> dict[str, list[str]]:
    """Registers by name, in the order of their declaration, each with its bitstrings, highest bit leftmost."""
    names = draw(st.lists(st.text("abcro_0123", min_size=1, max_size=4), min_size=1, max_size=3, unique=True))
    shots = draw(st.integers(1, 20))
    given = {}
    for name in names:
        width = draw(st.integers(1, 4))
        given[name] = draw(st.lists(st.text(marks, min_size=width, max_size=width), min_size=shots, max_size=shots))
    return given


def keys(given: dict[str, list[str]]) -> list[str]:
    """As qiskit has the shots: the last register first."""
    return [" ".join(reversed(parts)) for parts in zip(*given.values(), strict=True)]


@given(st.lists(st.text("01", min_size=5, max_size=5), min_size=1, max_size=30), st.integers(0, 500))
def test_ionq_comes_back_as_it_was_written(rows: list[str], shots: int) -> None:
    """Bit k of the number is qubit k; counts made of probabilities sum to the shots."""
    given = {row: count / len(rows) for row, count in Counter(rows).items()}
    numbers = {str(sum(1 << k for k, bit in enumerate(reversed(row)) if bit == "1")): p for row, p in given.items()}
    result = one({"histogram": numbers}, IONQ, shots, 5)
    assert result.probabilities == given
    assert sum(result.counts.values()) == result.shots == shots
    assert (result.lost, result.sequence, result.estimated, result.format) == (0, None, True, IONQ)


def test_ionq_bit_k_is_qubit_k() -> None:
    """6 is qubits 1 and 2, written with qubit 0 rightmost."""
    assert one({"histogram": {"6": 1.0}}, IONQ, 10, 4).counts == {"0110": 10}


def test_ionq_without_a_width_takes_the_highest_one() -> None:
    """Without the number of qubits, the highest 1 of all outcomes gives it."""
    assert one({"histogram": {"0": 0.5, "6": 0.5}}, IONQ, 2).counts == {"000": 1, "110": 1}
    assert one({"histogram": {"0": 1.0}}, IONQ, 2).counts == {"0": 2}


@given(registers("01"))
def test_rigetti_comes_back_as_it_was_written(given: dict[str, list[str]]) -> None:
    """Element j of a row is bit j, and the last register is leftmost."""
    document = {name: [[int(bit) for bit in reversed(row)] for row in rows] for name, rows in given.items()}
    result = one(document, RIGETTI)
    assert list(result.sequence or ()) == keys(given)
    assert result.counts == Counter(keys(given))
    assert (result.lost, result.estimated, result.format) == (0, False, RIGETTI)


def test_rigetti_element_0_is_rightmost() -> None:
    """`ro[0]` is the lowest bit."""
    assert one({"ro": [[1, 0, 0], [1, 1, 0]]}, RIGETTI, 5).counts == {"001": 1, "011": 1}


@given(registers("01-2"), st.booleans())
def test_honeywell_comes_back_as_it_was_written(given: dict[str, list[str]], token: bool) -> None:
    """Strings are kept as they are, the last register leftmost; lost qubits and the token beside them are left out."""
    result = one(given | ({"access_token": "secret"} if token else {}), HONEYWELL)
    kept = [key for key in keys(given) if not set(key) & set("-2")]
    assert list(result.sequence or ()) == kept
    assert result.counts == Counter(kept)
    assert (result.lost, result.format) == (len(keys(given)) - len(kept), HONEYWELL)


def test_honeywell_leftmost_is_the_highest_bit() -> None:
    """Of a register of 3 bits whose bit 0 is 1, the string is 001, and so is the key."""
    assert one({"c": ["001"], "m": ["10"]}, HONEYWELL).counts == {"10 001": 1}


@given(st.dictionaries(st.text("01", min_size=4, max_size=4), st.integers(0, 1000), min_size=1), st.booleans())
def test_pasqal_comes_back_as_it_was_written(counts: dict[str, int], wrapped: bool) -> None:
    """The first atom is leftmost in the output and rightmost in the counts; counts of 0 are left out."""
    document = {key[::-1]: count for key, count in counts.items()}
    result = one({"counter": document} if wrapped else document, PASQAL)
    assert result.counts == {key: count for key, count in counts.items() if count}
    assert result.shots == sum(counts.values())
    assert (result.sequence, result.probabilities, result.estimated, result.format) == (None, None, False, PASQAL)


def test_pasqal_atom_0_is_rightmost() -> None:
    """Atom 0 is bit 0."""
    assert one({"1000": 3}, PASQAL).counts == {"0001": 3}


@pytest.mark.parametrize(
    ("format", "document", "reason"),
    [
        (IONQ, [], "no object `histogram`"),
        (IONQ, {"histogram": [0.5, 0.5]}, "no object `histogram`"),
        (IONQ, {"histogram": {"01": 1.0}}, "`01`, which is no whole number"),
        (IONQ, {"histogram": {"-1": 1.0}}, "no whole number"),
        (IONQ, {"histogram": {"٣": 1.0}}, "no whole number"),
        (IONQ, {"histogram": {"9" * 400: 1.0}}, "no whole number"),
        (IONQ, {"histogram": {"8": 1.0}}, "have 4 bits, and the program measures 3"),
        (IONQ, {"histogram": {"1": 2}}, "the probability of `001` is `2`"),
        (IONQ, {"histogram": {}}, "sum to 0"),
        (RIGETTI, {}, "no registers"),
        (RIGETTI, [[0, 1, 1]], "no registers"),
        (RIGETTI, {"ro": [0, 1, 0]}, "`ro` is no list of shots"),
        (RIGETTI, {"ro": "010"}, "`ro` is no list of shots"),
        (RIGETTI, {"ro": ["010"]}, "`ro` has a shot that is no list of 0 and 1"),
        (RIGETTI, {"ro": [[0, 2, 0]]}, "`ro` has a shot that is no list of 0 and 1"),
        (RIGETTI, {"theta": [[0.5, 0.1, 0]]}, "`theta` has a shot that is no list"),
        (RIGETTI, {"ro": [[0, 1, 0]], "b": []}, "different numbers of shots"),
        (HONEYWELL, [], "no registers"),
        (HONEYWELL, {"access_token": "x"}, "no registers"),
        (HONEYWELL, {"c": "010"}, "`c` is no list of bitstrings"),
        (HONEYWELL, {"c": [[0, 1, 0]]}, "`c` is no list of bitstrings"),
        (HONEYWELL, {"c": ["0x2"]}, "no measurement"),
        (HONEYWELL, {"c": ["010"], "d": ["0", "1"]}, "different numbers of shots"),
        (PASQAL, {}, "no counts"),
        (PASQAL, [], "no counts"),
        (PASQAL, {"counter": 5}, "no counts"),
        (PASQAL, {"001": 0.5}, "the count of `001` is `0.5`"),
        (PASQAL, {"atoms": 5}, "`atoms`, which is no measurement"),
    ],
)
def test_broken_outputs_are_refused(format: str, document: Any, reason: str) -> None:
    """Whatever is not as the format has it is named, and nothing is guessed."""
    with pytest.raises(BackendError, match=reason):
        one(document, format, 10, 3)
