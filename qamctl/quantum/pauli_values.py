"""Values of Pauli sums: on the qubits of a state, from counts, and the circuits that measure them in other bases.

Terms that agree on every qubit that they share are measured together (qubit-wise commuting groups, Verteletskyi et
al., J. Chem. Phys. 152, 124114, 2020).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from qamctl.quantum.hamiltonian import PauliSum, sum_of
from qamctl.quantum.pauli_text import parse_string
from qamctl.quantum.program import Counts, Expectation, Setting, Terms

Floats = npt.NDArray[np.float64]


def letters(label: str) -> dict[int, str]:
    """Qubit -> letter of a Pauli string, identities left out, the lowest qubit first."""
    return {qubit: letter for qubit, letter in enumerate(reversed(label)) if letter != "I"}


def is_diagonal(terms: Terms) -> bool:
    """Whether only I and Z stand in the terms."""
    return all(set(label) <= {"I", "Z"} for label, _ in terms)


def support(terms: Terms) -> list[int]:
    """The qubits that the terms act on."""
    return sorted({qubit for label, _ in terms for qubit in letters(label)})


def placed(terms: Terms, places: Mapping[int, int], n: int) -> PauliSum:
    """The sum on the n qubits of a state.

    Parameters
    ----------
    places
        Place in the state of each qubit that the terms act on.
    """
    strings = []
    for label, _ in terms:
        at = {places[qubit]: letter for qubit, letter in letters(label).items()}
        strings.append(parse_string("".join(at.get(place, "I") for place in range(n - 1, -1, -1)) or "I"))
    return sum_of(n, strings, [weight for _, weight in terms])


def values_of(samples: np.ndarray, terms: Terms, columns: Mapping[int, int]) -> Floats:
    """[s] the value of a sum of I and Z in each sample [s, n].

    Parameters
    ----------
    columns
        Column of each qubit that the terms act on.
    """
    out = np.zeros(len(samples))
    for label, weight in terms:
        at = [columns[qubit] for qubit in letters(label)]
        odd = samples[:, at].sum(axis=1, dtype=np.int64) & 1
        out += weight * (1 - 2 * odd)
    return out


def mean_of(counts: Counts, terms: Terms, columns: Mapping[int, int]) -> tuple[float, float]:
    """(mean, variance of the mean) of a sum of I and Z over counts."""
    values, shots = values_of(counts.samples, terms, columns), counts.shots
    weight = counts.occurrences / shots
    mean = float(weight @ values)
    return mean, float(weight @ (values - mean) ** 2) / max(1, shots - 1)


def from_counts(counts: Counts, terms: Terms, columns: Mapping[int, int]) -> Expectation:
    """The value of a sum of I and Z, measured; see `mean_of`."""
    mean, variance = mean_of(counts, terms, columns)
    return Expectation(mean, math.sqrt(variance), exact=False)


def groups(terms: Terms) -> list[tuple[str, list[tuple[str, float]]]]:
    """(basis, terms) of the groups that are measured together, greedily, the largest weights first; no identities."""
    found: list[tuple[dict[int, str], list[tuple[str, float]]]] = []
    width = max((len(label) for label, _ in terms), default=0)
    for label, weight in sorted(terms, key=lambda term: -abs(term[1])):
        mine = letters(label)
        if not mine:
            continue
        for basis, members in found:
            if all(basis.get(qubit, letter) == letter for qubit, letter in mine.items()):
                basis.update(mine)
                members.append((label, weight))
                break
        else:
            found.append((dict(mine), [(label, weight)]))
    return [("".join(basis.get(qubit, "I") for qubit in range(width - 1, -1, -1)), members) for basis, members in found]


def setting_circuit(circuit: Any, basis: str, finals: Collection[int]) -> Any:
    """The circuit with its last measurements replaced by those of a basis, into bits of their own: bit k is the k-th.

    Parameters
    ----------
    finals
        Places in `circuit.data` of the measurements that end the circuit.
    """
    from qiskit.circuit import ClassicalRegister

    turned = circuit.copy_empty_like()
    for at, instruction in enumerate(circuit.data):
        if at not in finals:
            turned.append(instruction)
    qubits = letters(basis)
    register = ClassicalRegister(len(qubits), "basis")
    turned.add_register(register)
    for bit, (qubit, letter) in zip(register, qubits.items(), strict=True):
        if letter == "Y":
            turned.sdg(qubit)
        if letter in "XY":
            turned.h(qubit)
        turned.measure(qubit, bit)
    return turned


def columns_of(basis: str) -> dict[int, int]:
    """Column of each qubit in the counts of a setting."""
    return {qubit: k for k, qubit in enumerate(letters(basis))}


def measured_in(settings: Sequence[Setting], terms: Terms) -> Expectation:
    """The value of a Pauli sum from the counts of its settings, which are those of `groups`."""
    value = math.fsum(weight for label, weight in terms if not letters(label))
    variance = 0.0
    for setting, (_, members) in zip(settings, groups(terms), strict=True):
        in_z = [("".join("I" if letter == "I" else "Z" for letter in label), weight) for label, weight in members]
        mean, spread = mean_of(setting.counts, in_z, columns_of(setting.basis))
        value, variance = value + mean, variance + spread
    return Expectation(value, math.sqrt(variance), exact=False)
