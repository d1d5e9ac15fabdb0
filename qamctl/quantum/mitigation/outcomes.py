"""What came out of a circuit, as columns, with means and standard errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qamctl.errors import BackendError
from qamctl.kernels.couplings import Samples
from qamctl.quantum.mitigation.observables import Observable, values_of
from qamctl.qubo.model import Floats

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: Bitstring -> how often it came out; the leftmost character is the highest bit, as qiskit has it.
Counts = Mapping[str, int]
#: Runs circuits, all in one call, and gives the counts of each.
Executor = Callable[[Sequence["QuantumCircuit"]], Sequence[Counts]]


@dataclass(frozen=True)
class Estimate:
    """An expectation value, its standard error, and the most that its correction multiplies a variance by."""

    value: float
    error: float
    overhead: float = 1.0


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Counts as columns.

    Attributes
    ----------
    samples
        [m, bits] distinct outcomes; column v is bit v.
    often
        [m] how often each came out; zeros are kept.
    """

    samples: Samples
    often: Floats

    @property
    def bits(self) -> int:
        """Measured bits."""
        return int(self.samples.shape[1])

    @property
    def shots(self) -> int:
        """Runs of the circuit."""
        return int(self.often.sum())

    @property
    def frequencies(self) -> Floats:
        """[m] the share of the shots that each outcome has."""
        return np.asarray(self.often / self.often.sum())

    def expectation(self, observable: Observable) -> Estimate:
        """The mean of an observable over the shots."""
        values, p = values_of(observable, self.samples), self.frequencies
        mean = float(values @ p)
        return Estimate(mean, float(np.sqrt((values - mean) ** 2 @ p / self.shots)))


def read_counts(counts: Counts) -> Outcomes:
    """The columns of counts; blanks between the registers of a bitstring are left out.

    Raises
    ------
    BackendError
        They are no counts, or hold no shot.
    """
    merged: dict[str, int] = {}
    for key, often in counts.items():
        bits = key.replace(" ", "")
        if not bits or bits.strip("01") or often != int(often) or often < 0:
            raise BackendError(f"the target gave {often!r} for {key!r}: counts are bitstrings with whole numbers")
        merged[bits] = merged.get(bits, 0) + int(often)
    if len(set(map(len, merged))) > 1:
        raise BackendError("the target gave bitstrings of different lengths for one circuit")
    if not sum(merged.values()):
        raise BackendError("the target gave no shots for a circuit: run it again, or look at its job there")
    samples = np.frombuffer("".join(merged).encode(), np.uint8).reshape(len(merged), -1)[:, ::-1] - ord("0")
    return Outcomes(np.ascontiguousarray(samples), np.array(list(merged.values()), np.float64))


def bitstrings(samples: Samples) -> list[str]:
    """Samples [m, bits] as qiskit writes them: the highest bit leftmost."""
    text = (np.ascontiguousarray(samples[:, ::-1]) + np.uint8(ord("0"))).tobytes().decode()
    width = samples.shape[1]
    return [text[i : i + width] for i in range(0, len(text), width)]
