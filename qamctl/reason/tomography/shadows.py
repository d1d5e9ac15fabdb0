"""Means of Pauli strings of many qubits from shots in random bases: classical shadows.

Each shot has a basis of its own, every qubit's X, Y or Z by chance. A string that acts on w qubits is seen by one
shot in 3^w, which counts 3^w times; the median of the means of groups of shots is far off with a probability that falls
exponentially with the number of groups (Huang, Kueng and Preskill, Nature Physics 16, 1050, 2020, theorem 1). What
readout does to a bit is undone in what the bit counts, without bias, also where both flips have different chances.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from qamctl.errors import BackendError, UsageError
from qamctl.kernels.couplings import Samples
from qamctl.quantum.mitigation.observables import ZProduct, undone
from qamctl.quantum.mitigation.outcomes import Counts, read_counts
from qamctl.quantum.pauli_text import BadString, PauliString, parse_string
from qamctl.reason.spec import Floats
from qamctl.reason.tomography.measurements import read_confusion

#: Of the theorem: shots in a group are this times the squared shadow norm, over the squared error.
CONSTANT: Final = 34.0
LETTERS: Final = "XYZ"
#: Shots of a group, on average, that must see a string for its median to be near to normal.
_FEW: Final = 3


@dataclass(frozen=True, slots=True)
class Mean:
    """An estimated mean of a Pauli string.

    Attributes
    ----------
    value
        The median of means; noise may bring it beyond -1..1.
    error
        Its standard error; the bound, where a string is seen so rarely that none is known.
    bound
        The true mean is within this of the value; for all strings that are estimated together, with the confidence
        asked for.
    """

    value: float
    error: float
    bound: float


@dataclass(frozen=True, eq=False)
class Shadow:
    """Shots in random bases, in random order.

    Attributes
    ----------
    letters
        [s, n] which basis each qubit was measured in, as its place in XYZ; column q is qubit q.
    outcomes
        [s, n] what it read.
    confusion
        [n, 2, 2] of the qubits: `confusion[q][read][true]`.
    """

    letters: Samples
    outcomes: Samples
    confusion: Floats

    @property
    def shots(self) -> int:
        """Runs that were kept."""
        return len(self.letters)

    @cached_property
    def _inverses(self) -> Floats:
        return np.asarray(np.linalg.inv(self.confusion), np.float64)

    def means(self, observables: Sequence[str], *, failure: float = 0.05) -> dict[str, Mean]:
        """The means of Pauli strings, by their label.

        Parameters
        ----------
        observables
            Labels such as ZXI, the leftmost letter that of the highest qubit.
        failure
            The chance that a mean of all these is further off than its bound.

        Raises
        ------
        UsageError
            A label is none of these qubits, or the chance is none.
        BackendError
            There are fewer shots than groups.
        """
        strings = [_parsed(label, len(self.confusion)) for label in observables]
        groups = _groups(len(strings), failure)
        if self.shots < groups:
            raise BackendError(f"{self.shots} shots are too few for the medians of {groups} groups: take more shots")
        return {
            label: self._mean(string, groups) for label, string in zip(observables, strings, strict=True)
        }  # fmt: skip

    def _mean(self, string: PauliString, groups: int) -> Mean:
        if not string.qubits:
            return Mean(1.0, 0.0, 0.0)
        qubits = list(string.qubits)
        weigh = undone(ZProduct(string.qubits), self._inverses)
        assert weigh is not None, "a product of Z is undone bit by bit"
        seen = (self.letters[:, qubits] == [LETTERS.index(letter) for letter in string.letters]).all(axis=1)
        values = np.zeros(self.shots)
        weights = weigh(self.outcomes[seen])
        values[seen] = 3.0 ** len(qubits) * weights
        # Shots stand in random order: any split is a random one. Groups differ by one shot at most.
        ends = np.arange(groups + 1) * self.shots // groups
        sizes = np.diff(ends)
        parts = np.add.reduceat(values, ends[:-1]) / sizes
        value = float(np.median(parts))
        bound = math.sqrt(CONSTANT * _shadow_norm(string, self.confusion) / int(sizes.min()))
        if seen.sum() < _FEW * groups:
            return Mean(value, bound, bound)
        # How many shots see the string is known in the mean: one in 3^w.
        variance = 3.0 ** len(qubits) * float((weights**2).mean()) - min(1.0, value**2)
        # The median of K normal numbers has about pi / 2 / (K + pi / 2 - 1) of the variance of one.
        spread = math.pi / 2 / (groups + math.pi / 2 - 1)
        return Mean(value, math.sqrt(variance * spread * groups / self.shots), bound)


def choose_bases(qubits: int, shots: int, seed: int) -> dict[str, int]:
    """Basis -> shots to take in it: each shot's basis is drawn by itself; in the order of the alphabet.

    Raises
    ------
    UsageError
        No qubits, or no shots.
    """
    if qubits < 1 or shots < 1:
        raise UsageError("a shadow has at least one qubit and one shot")
    drawn = np.random.default_rng(seed).integers(0, 3, (shots, qubits), dtype=np.uint8)
    rows, often = np.unique(drawn, axis=0, return_counts=True)
    return {"".join(LETTERS[k] for k in row): int(count) for row, count in zip(rows.tolist(), often, strict=True)}


def gather(counts: Mapping[str, Counts], confusion: npt.ArrayLike | None = None, *, seed: int = 0) -> Shadow:
    """The shadow that counts tell which were taken as `choose_bases` says.

    Shots may be lost to post-selection that does not depend on the basis; others may not.

    Parameters
    ----------
    counts
        Bitstrings, the leftmost character that of the highest qubit, with how often they were read, by basis; a
        basis without any is left out.
    confusion
        [n, 2, 2] as in `Shadow`; None: readout has no errors.
    seed
        Of the order that the shots are put in.

    Raises
    ------
    UsageError
        A basis is none, or not of as many qubits as the others.
    BackendError
        There is no shot, what was read is no counts, or the readout of a qubit tells nothing.
    """
    if not counts:
        raise BackendError("no shot is left of the shadow: take more shots")
    qubits = len(next(iter(counts)))
    letters, outcomes = [], []
    for basis, given in counts.items():
        if len(basis) != qubits or not qubits or basis.strip(LETTERS):
            raise UsageError(f"a basis of {qubits} qubits is {qubits} letters X, Y or Z, not {basis!r}")
        read = read_counts(given)
        if read.bits != qubits:
            raise BackendError(f"the target measured {read.bits} bits in the basis {basis}, of {qubits} qubits")
        often = read.often.astype(np.int64)
        outcomes.append(np.repeat(read.samples, often, axis=0))
        row = np.array([LETTERS.index(letter) for letter in reversed(basis)], np.uint8)
        letters.append(np.broadcast_to(row, outcomes[-1].shape))
    order = np.random.default_rng(seed).permutation(sum(map(len, outcomes)))
    return Shadow(np.concatenate(letters)[order], np.concatenate(outcomes)[order], read_confusion(confusion, qubits))


def shots_needed(
    observables: Sequence[str], error: float, *, failure: float = 0.05, confusion: npt.ArrayLike | None = None
) -> int:
    """Shots after which all these means are within an error, but for a chance of failure.

    That is a proven bound: 34 |O|^2 / error^2 in each of 2 ln(2 M / failure) groups, with |O|^2 at most 3^w for M
    strings on w qubits, times what undoing readout adds. Standard errors are several times smaller.

    Raises
    ------
    UsageError
        There are no strings, one is none of the same qubits, or the error or the chance is none.
    BackendError
        The readout of a qubit tells nothing.
    """
    if not observables or not 0 < error < math.inf:
        raise UsageError("shots are needed for at least one observable and an error above 0")
    qubits = max(_parsed(label).span for label in observables)
    matrices = read_confusion(confusion, qubits if confusion is None else len(np.asarray(confusion)))
    strings = [_parsed(label, len(matrices)) for label in observables]
    largest = max(_shadow_norm(string, matrices) for string in strings)
    return _groups(len(strings), failure) * math.ceil(CONSTANT * largest / error**2)


def _groups(strings: int, failure: float) -> int:
    """How many groups have a median of means: an odd number."""
    if not 0 < failure < 1:
        raise UsageError(f"the chance of failure lies between 0 and 1, and is not {failure:g}")
    return math.ceil(2 * math.log(2 * max(1, strings) / failure)) | 1


def _shadow_norm(string: PauliString, confusion: Floats) -> float:
    """The most that the mean square of what a shot counts can be: 3^w, times the squares of what bits count at most."""
    inverses = np.linalg.inv(confusion[list(string.qubits)])
    most = np.abs(inverses[:, 0] - inverses[:, 1]).max(axis=1, initial=0.0)
    return float(3.0 ** len(string.qubits) * (most**2).prod())


def _parsed(label: str, qubits: int | None = None) -> PauliString:
    """A Pauli string, held against the number of qubits where that is known."""
    try:
        string = parse_string(label)
        if qubits is not None:
            string.check(qubits)
    except BadString as error:
        hint = f": {error.hint}" if error.hint else ""
        raise UsageError(f"the observable {label!r} {error.message}{hint}") from None
    return string
