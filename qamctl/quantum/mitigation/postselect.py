"""Shots that broke a rule which the circuit keeps are thrown away: noise gave them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qamctl.errors import InfeasibleError, UsageError
from qamctl.kernels.couplings import Samples
from qamctl.quantum.intervals import wilson
from qamctl.quantum.mitigation.observables import Check
from qamctl.quantum.mitigation.outcomes import Counts, bitstrings, read_counts


@dataclass(frozen=True)
class Kept:
    """What a check left of the counts.

    Attributes
    ----------
    counts
        The outcomes that pass.
    kept, shots
        Shots that pass, of all.
    interval
        95 % Wilson interval of the kept fraction.
    """

    counts: Counts
    kept: int
    shots: int
    interval: tuple[float, float]

    @property
    def fraction(self) -> float:
        """The share of the shots that was kept; 1 / fraction times as many shots give as many kept ones."""
        return self.kept / self.shots


def postselect(counts: Counts, check: Check) -> Kept:
    """Keep the outcomes that pass a check.

    Raises
    ------
    InfeasibleError
        None does.
    BackendError
        The counts are none.
    """
    outcomes = read_counts(counts)
    passed = passes(check, outcomes.samples)
    samples, often = outcomes.samples[passed], outcomes.often[passed].astype(np.int64)
    kept, shots = int(often.sum()), outcomes.shots
    if not kept:
        raise nothing_kept(shots)
    return Kept(dict(zip(bitstrings(samples), often.tolist(), strict=True)), kept, shots, wilson(kept, shots))


def nothing_kept(shots: int) -> InfeasibleError:
    """The fault of a circuit of which no shot passes."""
    return InfeasibleError(
        f"none of {shots} shots passes the check: take more shots or a target with less noise, "
        "and see that the circuit keeps the rule"
    )


def passes(check: Check, samples: Samples) -> npt.NDArray[np.bool_]:
    """[s] which samples [s, bits] pass.

    Raises
    ------
    UsageError
        The check does not give a truth value for each.
    """
    passed = np.asarray(check(samples))
    if passed.shape != (len(samples),) or passed.dtype != np.bool_:
        raise UsageError(f"the check must give {len(samples)} truth values for as many samples")
    return passed


def one_hot(groups: Sequence[Sequence[int]]) -> Check:
    """Exactly one bit of each group is set."""
    chosen = [list(group) for group in groups]

    def check(samples: Samples) -> npt.NDArray[np.bool_]:
        kept = np.ones(len(samples), np.bool_)
        for group in chosen:
            kept &= samples[:, group].sum(axis=1, dtype=np.int64) == 1
        return kept

    return check


def parity(bits: Sequence[int], odd: bool = False) -> Check:
    """An even number of some bits is set, or an odd one."""
    chosen = list(bits)
    return lambda samples: samples[:, chosen].sum(axis=1, dtype=np.int64) % 2 == int(odd)


def all_of(*checks: Check) -> Check:
    """Every one of some checks passes."""
    return lambda samples: np.logical_and.reduce([passes(check, samples) for check in checks], axis=0)
