"""Damaged outputs: a result or a refusal, never anything else."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from qamctl.azure.results import FORMATS, Result, parse
from qamctl.errors import BackendError

V2 = "microsoft.quantum-results.v2"
SEEDS: list[Any] = [
    {"Results": [{"Histogram": [{"Outcome": [0, 1], "Display": "[0, 1]", "Count": 2}], "Shots": [[0, 1], [0, 1]]}]},
    {"DataFormat": V2, "Results": [{"Shots": [{"Item1": [0], "Item2": [1, "-"]}, {"Error": {}}]}, {"Shots": [0, 1]}]},
    {"Histogram": ["[0, 1]", 0.25, "(1, [0])", 0.25, "0", 0.5]},
    {"histogram": {"0": 0.5, "7": 0.5}},
    {"ro": [[0, 1], [1, 1]], "b": [[0], [1]]},
    {"c": ["01", "1-"], "access_token": "x"},
    {"001": 50, "101": 50},
    {"counter": {"001": 50}},
]  # fmt: skip
PIECES = ["[", "]", "{", "}", ",", ":", '"', "0", "1", "2", "-", "null", "true", "1e999", "NaN", "\\u0000", "\\ud800",
          "[[[[", "((((", "Item1", "Error", "9" * 5000, "[0, 1]", "\ufeff", " " * 50, "é", "\x00"]  # fmt: skip


def mutated(text: bytes, rng: random.Random) -> bytes:
    """The text with a few pieces put in, taken out, doubled or broken."""
    data = bytearray(text)
    for _ in range(rng.randint(1, 5)):
        at = rng.randint(0, len(data))
        to = min(len(data), at + rng.randint(0, 12))
        kind = rng.randrange(5)
        if kind == 0:
            data[at:at] = rng.choice(PIECES).encode()
        elif kind == 1:
            del data[at:to]
        elif kind == 2:
            data[at:at] = data[at:to] * rng.randint(1, 4)
        elif kind == 3:
            data[at:to] = rng.choice(PIECES).encode()
        else:
            data[at:to] = bytes(rng.randrange(256) for _ in range(to - at))
    return bytes(data)


@pytest.mark.parametrize("seed", range(4))
def test_damaged_outputs_give_results_or_refusals(seed: int) -> None:
    """Of 2,000 damaged outputs, each gives results whose counts add up, or a refusal of one printable line."""
    rng = random.Random(seed)
    refusals: list[str] = []
    for i in range(500):
        data = mutated(json.dumps(rng.choice(SEEDS)).encode(), rng)
        format = rng.choice([*FORMATS, "", "odd"])
        case = f"seed {seed}, document {i}, {format}: {data!r}"
        try:
            results = parse(data, format=format, shots=rng.choice([None, 0, 3, 1000]), bits=rng.choice([None, 2, 3]))
        except BackendError as error:
            refusals.append(error.message)
            continue
        assert results, case
        for result in results:
            assert isinstance(result, Result), case
            assert sum(result.counts.values()) == result.shots, case
            assert result.sequence is None or len(result.sequence) == result.shots, case
            assert all(type(key) is str and set(key) <= set("01 ") for key in result.counts), case
    assert [message for message in refusals if not message.isprintable()] == [], seed
    assert 100 < len(refusals) < 500, seed


@pytest.mark.parametrize("format", [*FORMATS, ""])
@pytest.mark.parametrize("data", [b"[" * 500 + b"]" * 500, b'{"Results":' * 200 + b"0" + b"}" * 200,
                                  b'{"Results": [{"Shots": [' + b"[" * 100 + b"0" + b"]" * 100 + b"]}]}",
                                  b'{"Histogram": ["' + b"(" * 5000 + b'", 1.0]}'])  # fmt: skip
def test_nested_garbage_is_refused(data: bytes, format: str) -> None:
    """Nesting without end is refused like any other garbage."""
    with pytest.raises(BackendError):
        parse(data, format=format, shots=1)
