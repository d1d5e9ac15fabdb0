"""Shots in each of the service's output formats.

Only Microsoft's two formats have a mark for a lost bit, which the SDK knows in both (azure/quantum/qiskit/job.py,
`_bitstring_has_qubit_loss`). Nobody documented one for the formats of IonQ, Quantinuum's OpenQASM and Rigetti's Quil:
there no bit is lost.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from qamctl.emulator.programs.qir import Shape, nested
from qamctl.emulator.programs.sampled import Sampled

V1: Final = "microsoft.quantum-results.v1"
V2: Final = "microsoft.quantum-results.v2"
IONQ: Final = "ionq.quantum-results.v1"
HONEYWELL: Final = "honeywell.quantum-results.v1"
RIGETTI: Final = "rigetti.quil-results.v1"

#: A bit of a qubit that was lost.
LOST: Final = "-"


def microsoft_v2(items: Sequence[tuple[Sampled, Shape]], lost: float, seed: int) -> bytes:
    """Histogram and shots of each item.

    Parameters
    ----------
    lost
        Probability with which a shot loses each of its bits.
    """
    results = []
    for number, (sampled, shape) in enumerate(items):
        shots = _lossy(sampled, lost, seed + number)
        told = {bits: nested(shape, bits) for bits in dict.fromkeys(shots)}
        counts = Counter(shots)
        histogram = [
            {"Outcome": told[bits], "Display": display(told[bits]), "Count": counts[bits]}
            for bits in sorted(counts, key=str)
        ]
        results.append({"Histogram": histogram, "Shots": [told[bits] for bits in shots]})
    return json.dumps({"DataFormat": V2, "Results": results}).encode()


def microsoft_v1(items: Sequence[tuple[Sampled, Shape]], lost: float, seed: int) -> bytes:
    """Outcomes of the first item and their frequencies, one after the other; the format has no place for others.

    A lost bit is told as in the second format, whose outcomes are shown alike.
    """
    sampled, shape = items[0]
    shots = _lossy(sampled, lost, seed)
    found: list[Any] = []
    for bits, count in sorted(Counter(shots).items(), key=str):
        found += [display(nested(shape, bits)), count / len(shots)]
    return json.dumps({"Histogram": found}).encode()


def ionq(probabilities: Mapping[int, float]) -> bytes:
    """Probabilities of numbers, whose bit k is qubit k."""
    return json.dumps({"histogram": {str(key): probabilities[key] for key in sorted(probabilities)}}).encode()


def honeywell(sampled: Sampled, registers: Mapping[str, Sequence[int]]) -> bytes:
    """Registers, the highest bit leftmost."""
    found = {}
    for name, bits in registers.items():
        texts = ["".join(map(str, row[list(bits)][::-1].tolist())) for row in sampled.rows]
        found[name] = [texts[k] for k in sampled.order]
    return json.dumps(found).encode()


def rigetti(runs: Sequence[Sampled], registers: Mapping[str, Sequence[int]]) -> bytes:
    """Registers, the lowest bit leftmost, and one run after the other."""
    found: dict[str, list[list[int]]] = {}
    for name, bits in registers.items():
        found[name] = []
        for sampled in runs:
            rows = [row[list(bits)].tolist() for row in sampled.rows]
            found[name] += [rows[k] for k in sampled.order]
    return json.dumps(found).encode()


def display(outcome: Any) -> str:
    """An outcome as it is shown: lists in brackets, tuples in parentheses."""
    if isinstance(outcome, list):
        return f"[{', '.join(map(display, outcome))}]"
    if isinstance(outcome, dict):
        return f"({', '.join(map(display, outcome.values()))})"
    return str(outcome)


def _lossy(sampled: Sampled, lost: float, seed: int) -> list[tuple[Any, ...]]:
    """The bits of each shot, some of them lost."""
    rows = [tuple(row.tolist()) for row in sampled.rows]
    shots: list[tuple[Any, ...]] = [rows[k] for k in sampled.order]
    if not lost:
        return shots
    gone = np.random.default_rng([seed, 2]).random((len(shots), sampled.rows.shape[1])) < lost
    for k in np.flatnonzero(gone.any(axis=1)):
        shots[k] = tuple(LOST if away else bit for bit, away in zip(shots[k], gone[k], strict=True))
    return shots
