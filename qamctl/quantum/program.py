"""A circuit as engines take it, and what they measure: counts of bitstrings, and the value of an observable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

#: Pauli strings with weights; the leftmost letter is that of the highest qubit.
Terms = Sequence[tuple[str, float]]


@dataclass(frozen=True)
class Program:
    """A circuit, or QIR, in the shape that engines take models in (`qubo.payload.Payload`).

    Attributes
    ----------
    circuit
        A `qiskit.QuantumCircuit`; None where only QIR is given.
    n
        Classical bits, of which a bitstring is made.
    qir
        As `qamctl.quantum.qir.read_qir` gives it; None for a circuit.
    observable
        What is to be measured besides the bits; empty: nothing.
    noise
        For engines that simulate noise: what `qamctl.quantum.noise.make_noise` takes.
    kind
        "circuit".
    mitigate
        What mitigates that noise: words of `qamctl.quantum.mitigation.program.METHODS`.
    groups
        Bits of which exactly one is 1, for `postselect`.
    """

    circuit: Any
    n: int
    qir: Any = None
    observable: Terms = ()
    noise: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "circuit"
    mitigate: Sequence[str] = ()
    groups: Sequence[Sequence[int]] = ()

    @property
    def qubits(self) -> int:
        """Qubits of the circuit."""
        return int(self.circuit.num_qubits if self.qir is None else self.qir.qubits)

    @property
    def row(self) -> npt.NDArray[np.int32]:
        """Nothing: bits are not coupled."""
        return np.zeros(0, np.int32)

    def extend(self, sample: np.ndarray) -> np.ndarray:
        """The bits themselves."""
        return np.asarray(sample, np.uint8)

    def restore(self, samples: np.ndarray) -> np.ndarray:
        """The bits themselves."""
        return np.asarray(samples)

    def energy(self, samples: np.ndarray) -> npt.NDArray[np.float64]:
        """[s] zeros: of a circuit no bitstring is better than another."""
        return np.zeros(len(np.atleast_2d(np.asarray(samples))))


def is_measured(circuit: Any) -> bool:
    """Whether the circuit has a measurement anywhere, its control flow included."""
    return any(
        one.operation.name == "measure" or any(map(is_measured, getattr(one.operation, "blocks", ())))
        for one in circuit.data
    )


def unbound(circuit: Any) -> list[str]:
    """The names of a circuit's parameters and inputs that have no value."""
    names = sorted({str(parameter.name) for parameter in circuit.parameters})
    return names + [str(variable.name) for variable in circuit.iter_input_vars()]


@dataclass(frozen=True)
class Counts:
    """How often each bitstring was measured.

    Attributes
    ----------
    samples
        [k, n] distinct; column v is bit v.
    occurrences
        [k] above 0.
    """

    samples: Samples
    occurrences: Ints

    @property
    def shots(self) -> int:
        """Measurements in all."""
        return int(self.occurrences.sum())

    def strings(self) -> dict[str, int]:
        """Bitstrings as qiskit has them, the leftmost bit is the highest; in the order of their numbers."""
        return dict(zip(to_strings(self.samples), self.occurrences.tolist(), strict=True))


def to_strings(samples: Samples) -> list[str]:
    """Bitstrings of samples [k, n], the leftmost bit the highest."""
    return [row[::-1].tobytes().decode() for row in np.asarray(samples, np.uint8) + np.uint8(ord("0"))]


def from_strings(strings: Mapping[str, int], n: int) -> Counts:
    """Counts from bitstrings of n bits, which may have spaces between registers."""
    rows = [np.frombuffer(text.replace(" ", "").encode(), np.uint8)[::-1] - np.uint8(ord("0")) for text in strings]
    return join_counts(
        np.array(rows, np.uint8).reshape(len(rows), n), np.fromiter(strings.values(), np.int64, len(rows))
    )


def join_counts(samples: Samples, occurrences: Ints) -> Counts:
    """Counts in the order of the bitstrings' numbers, equal ones [s, n] joined."""
    rows = np.asarray(samples, np.uint8)
    if len(rows) == 0 or rows.shape[1] == 0:
        met = np.array([occurrences.sum()], np.int64) if len(rows) else np.zeros(0, np.int64)
        return Counts(rows[:1], met)
    packed = np.packbits(rows[:, ::-1], axis=1)
    _, first, place = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    met = np.bincount(place.ravel(), weights=occurrences, minlength=len(first))
    return Counts(rows[first], np.rint(met).astype(np.int64))


@dataclass(frozen=True)
class Expectation:
    """The value of an observable.

    Attributes
    ----------
    value
        Its mean.
    error
        Standard error of a measured one; 0 of one that was computed.
    exact
        Whether it was computed, not measured.
    """

    value: float
    error: float = 0.0
    exact: bool = True


@dataclass(frozen=True)
class Setting:
    """Counts of a circuit whose qubits were turned into the basis of some of an observable's terms.

    Attributes
    ----------
    basis
        A Pauli string: what each qubit was measured in, I where it was not measured.
    counts
        Bit k is the k-th qubit that was measured, from the lowest.
    """

    basis: str
    counts: Counts


@dataclass(frozen=True)
class Measured:
    """What an engine measured.

    Attributes
    ----------
    counts
        Of the circuit's own measurements; None where it has none.
    expectation
        Of the observable; None where there is none.
    settings
        What the expectation was measured in, where not in the counts themselves.
    info
        Figures for the metrics file.
    """

    counts: Counts | None
    expectation: Expectation | None = None
    settings: tuple[Setting, ...] = ()
    info: Mapping[str, Any] = field(default_factory=dict)
