"""microsoft.quantum-results v1 and v2: histograms, shots, batches, tuples, lost qubits."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.azure.results import Result, parse
from qamctl.errors import BackendError

V1, V2 = "microsoft.quantum-results.v1", "microsoft.quantum-results.v2"


def outcome(row: str) -> Any:
    """A bitstring as the service writes it: a list of bits, or a tuple of them for several registers."""
    parts = [[bit if bit == "-" else int(bit) for bit in part] for part in row.split(" ")]
    return parts[0] if len(parts) == 1 else {f"Item{i}": part for i, part in enumerate(parts, 1)}


def display(row: str) -> str:
    """As the service prints it."""
    parts = [f"[{', '.join(part)}]" for part in row.split(" ")]
    return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"


def item(rows: list[str]) -> dict[str, Any]:
    """One result of a v2 output."""
    histogram = [{"Outcome": outcome(r), "Display": display(r), "Count": n} for r, n in Counter(rows).items()]
    return {"Histogram": histogram, "Shots": [outcome(row) for row in rows]}


def v2(*items: dict[str, Any]) -> bytes:
    """A v2 output."""
    return json.dumps({"DataFormat": V2, "Results": list(items)}).encode()


def one(data: bytes, format: str = V2, shots: int | None = None, bits: int | None = None) -> Result:
    (result,) = parse(data, format=format, shots=shots, bits=bits)
    return result


@st.composite
def shots(draw: st.DrawFn, marks: str = "01-") -> list[str]:
    """Shots of one circuit, of one or several registers."""
    widths = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    row = st.tuples(*[st.text(marks, min_size=width, max_size=width) for width in widths]).map(" ".join)
    return draw(st.lists(row, max_size=30))


@given(st.lists(shots(), min_size=1, max_size=3))
def test_v2_comes_back_as_it_was_written(batch: list[list[str]]) -> None:
    """Each item's counts, sequence and lost shots are those that were written, in the order that was recorded."""
    results = parse(v2(*map(item, batch)), format=V2, shots=7)
    assert len(results) == len(batch)
    for rows, result in zip(batch, results, strict=True):
        kept = [row for row in rows if "-" not in row]
        assert result.sequence == tuple(kept)
        assert result.counts == Counter(kept)
        assert (result.shots, result.lost) == (len(kept), len(rows) - len(kept))
        assert (result.format, result.estimated, result.probabilities) == (V2, False, None)


@given(shots("01"), st.integers(0, 1000))
def test_v1_comes_back_as_it_was_written(rows: list[str], asked: int) -> None:
    """Probabilities are those that were written; counts made of them sum to the shots."""
    rows = rows or ["01"]
    given = {row: count / len(rows) for row, count in Counter(rows).items()}
    pairs = [part for row, value in given.items() for part in (display(row), value)]
    result = one(json.dumps({"Histogram": pairs}).encode(), V1, asked)
    assert result.probabilities == given
    assert sum(result.counts.values()) == result.shots == asked
    assert (result.lost, result.sequence, result.estimated, result.format) == (0, None, True, V1)


def test_v1_of_the_shots_that_made_it_counts_them() -> None:
    """Probabilities that were counts over shots give the counts back."""
    data = b'{"Histogram": ["[0, 1]", 0.07, "[1, 1]", 0.62, "[0, 0]", 0.31]}'
    assert one(data, V1, 100).counts == {"00": 31, "01": 7, "11": 62}


def test_v1_reads_all_keys_that_services_wrote() -> None:
    """Keys with brackets, of tuples and bare ones are read; those of the same bits are added."""
    data = b'{"Histogram": ["(0, 1)", 0.25, "[0], [1]", 0.25, "(1, 1)", 0.4, "(-, 1)", 0.1]}'
    result = one(data, V1, 10)
    assert (result.counts, result.lost) == ({"0 1": 5, "1 1": 4}, 1)
    assert one(b'{"Histogram": ["0", 0.5, "1", 0.5]}', V1, 2).counts == {"0": 1, "1": 1}


def test_lost_marks_of_every_kind_lose_the_shot() -> None:
    """Shots with "-", 2, null or an error are left out of counts and sequence, and counted as lost."""
    rows: list[Any] = [[0, 1], [0, "-"], [2, 1], [None, 0], {"Error": {"Code": "0x20"}}, [0, 1]]
    result = one(v2({"Shots": rows}))
    assert (result.counts, result.shots, result.lost, result.sequence) == ({"01": 2}, 2, 4, ("01", "01"))


def test_single_bits_are_shots() -> None:
    """A program that returns one result gives bare bits."""
    result = one(v2({"Histogram": [{"Outcome": 0, "Count": 2}, {"Outcome": 1, "Count": 1}], "Shots": [0, 1, 0]}))
    assert result.sequence == ("0", "1", "0")


def test_histogram_without_shots_is_enough() -> None:
    """Counts are read from the histogram where there are no shots, and there is no sequence then."""
    histogram = [{"Display": "[0, 1]", "Count": 3}, {"Outcome": [1, 1], "Count": 2}]
    for more in list[dict[str, Any]](({}, {"Shots": None}, {"Shots": []})):
        result = one(v2({"Histogram": histogram, **more}))
        assert (result.counts, result.shots, result.sequence) == ({"01": 3, "11": 2}, 5, None)


def test_no_shots_at_all_is_a_result() -> None:
    """An empty result is one of 0 shots."""
    result = one(v2({"Histogram": [], "Shots": []}))
    assert (result.counts, result.shots, result.lost, result.sequence) == ({}, 0, 0, ())


def test_what_the_program_measures_is_compared() -> None:
    """Outcomes of another number of bits than the program measures are refused."""
    assert one(v2(item(["01 1"])), bits=3).shots == 1
    with pytest.raises(BackendError, match="have 3 bits, and the program measures 2"):
        one(v2(item(["01 1"])), bits=2)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "it is no object"),
        ({"DataFormat": V1, "Results": []}, "its DataFormat is `microsoft.quantum-results.v1`"),
        ({"DataFormat": V2}, "no list `Results`"),
        ({"Results": []}, "no list `Results`"),
        ({"Results": {"Histogram": []}}, "no list `Results`"),
        ({"Results": [{"Shots": []}, 1]}, "result 2 is no object"),
        ({"Results": [{}]}, "result 1 has neither Shots nor Histogram"),
        ({"Results": [{"Shots": "0101"}]}, "the Shots of result 1 are no list"),
        ({"Results": [{"Shots": [[0], [10]]}]}, "`10`, which is no measurement"),
        ({"Results": [{"Shots": [[0], [0, 1]]}]}, "different lengths"),
        ({"Results": [{"Histogram": {}}]}, "the Histogram of result 1 is no list"),
        ({"Results": [{"Histogram": ["[0]", 0.5]}]}, r"has `\[0\]`, which is no object"),
        ({"Results": [{"Histogram": [{"Count": 1}]}]}, "has an entry without Outcome"),
        ({"Results": [{"Histogram": [{"Outcome": [0]}]}]}, "the count of `0` is `null`"),
        ({"Results": [{"Histogram": [{"Outcome": [0], "Count": 0.5}]}]}, "the count of `0` is `0.5`"),
        ({"Results": [{"Histogram": [{"Outcome": [0], "Count": -1}]}]}, "the count of `0` is `-1`"),
        ({"Results": [{"Histogram": [{"Outcome": [0], "Count": True}]}]}, "the count of `0` is `true or false`"),
        ({"Results": [{"Histogram": [{"Outcome": [0], "Count": 2}], "Shots": [[0], [1]]}]}, "do not add up"),
    ],
)
def test_broken_v2_is_refused(document: Any, reason: str) -> None:
    """Whatever is not as v2 has it is named, and nothing is guessed."""
    with pytest.raises(BackendError, match=reason):
        parse(json.dumps(document).encode(), format=V2, shots=None)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "no list `Histogram`"),
        ({"Histogram": {"[0]": 1.0}}, "no list `Histogram`"),
        ({"Histogram": ["[0]", 0.5, "[1]"]}, "is not of pairs"),
        ({"Histogram": [0.5, "[0]"]}, "not an outcome and its probability"),
        ({"Histogram": ["[0]", "0.5"]}, "not an outcome and its probability"),
        ({"Histogram": ["[0]", True]}, "not an outcome and its probability"),
        ({"Histogram": ["[9]", 1.0]}, "`9`, which is no measurement"),
    ],
)
def test_broken_v1_is_refused(document: Any, reason: str) -> None:
    """Whatever is not as v1 has it is named."""
    with pytest.raises(BackendError, match=reason):
        parse(json.dumps(document).encode(), format=V1, shots=10)


@pytest.mark.slow
def test_a_million_shots_are_read() -> None:
    """1,000,000 shots of 20 bits are counted, each of them."""
    rows = ["01" * 10, "11" * 10, "0-" * 10, "10" * 10]
    part = ", ".join(json.dumps(outcome(row)) for row in rows)
    data = b'{"Results": [{"Shots": [' + ", ".join([part] * 250_000).encode() + b"]}]}"
    result = one(data)
    assert result.counts == {"01" * 10: 250_000, "10" * 10: 250_000, "11" * 10: 250_000}
    assert (result.lost, len(result.sequence or ())) == (250_000, 750_000)
