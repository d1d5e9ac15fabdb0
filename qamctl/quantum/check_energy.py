"""A result file against the Pauli strings that it answers: the energy of its sample, from nothing but their letters.

Apart from the reader's sums, polynomials and products: what is wrong in one of those is found here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qamctl.checks.found import Discrepancy
from qamctl.qubo.verdict import ROUNDING, Verdict, exact_sum


def check_energy(result: Mapping[str, Any], strings: Sequence[tuple[str, float]], n: int) -> list[Discrepancy]:
    """Hold the objective of a result against the sum of its strings' signs.

    Parameters
    ----------
    result
        The data of a result file; where it has no sample of n qubits, the check of the model tells.
    strings
        Diagonal ones, as texts with weights, in the sense of the file; the empty text is the identity.
    """
    solution = result.get("solution")
    sample = solution.get("sample") if isinstance(solution, Mapping) else None
    if not isinstance(sample, list) or len(sample) < n or not all(type(bit) is int for bit in sample[:n]):
        return []
    signed = np.array([weight * _sign(text, sample, n) for text, weight in strings])
    value, rounding = exact_sum(signed), 16 * ROUNDING * float(np.abs(signed).sum())
    given = result.get("objective")
    if isinstance(given, (int, float)) and Verdict(value, (), rounding).agrees(float(given)):
        return []
    return [Discrepancy("objective", "objective", f"is {given!r}, the Pauli strings add up to {value}")]


def _sign(text: str, sample: Sequence[int], n: int) -> int:
    """The product of (-1)^bit over the qubits with a Z: -1 or 1."""
    if any(mark.isdigit() for mark in text):
        qubits = [int(factor[1:]) for factor in text.split() if factor[0] == "Z"]
    else:
        qubits = [n - 1 - place for place, letter in enumerate(text) if letter == "Z"]
    return -1 if sum(sample[qubit] for qubit in qubits) % 2 else 1
