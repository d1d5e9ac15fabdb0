"""The elite of a memetic search: good samples that are apart from each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.kernels.couplings import Samples

#: How much the value counts in a member's score; the rest is its distance to the nearest other member.
QUALITY = 0.7


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A local optimum and its value, the sum of the model's coefficients."""

    value: float
    sample: Samples


class Population:
    """At most `size` members, kept by quality and distance (Lu, Glover, Hao 2010).

    Attributes
    ----------
    symmetric
        Flipping all variables changes no energy: a sample and its complement are then the same.
    """

    def __init__(self, size: int, symmetric: bool) -> None:
        self.size, self.symmetric = size, symmetric
        self.members: list[Member] = []

    @property
    def full(self) -> bool:
        """Whether another member takes the place of one of these."""
        return len(self.members) >= self.size

    @property
    def best(self) -> Member:
        """The member with the least value; the oldest of equal ones."""
        return min(self.members, key=lambda member: member.value)

    def towards(self, sample: Samples, goal: Samples) -> tuple[Samples, int]:
        """`goal` or its complement, whichever is nearer to `sample`, and how many flips it is away."""
        apart = int(np.count_nonzero(sample != goal))
        if self.symmetric and 2 * apart > len(sample):
            return 1 - goal, len(sample) - apart
        return goal, apart

    def admit(self, value: float, sample: Samples) -> bool:
        """Take a sample in, unless it is there already or scores least; whether it was taken.

        The score ranks members by value and by distance to the nearest other one; the best stays always.
        """
        candidate = Member(value, sample.copy())
        if any(self.towards(sample, member.sample)[1] == 0 for member in self.members):
            return False
        self.members.append(candidate)
        if len(self.members) <= self.size:
            return True
        values = np.array([member.value for member in self.members])
        distances = np.array([self._nearest(member) for member in self.members], float)
        score = QUALITY * _share(-values) + (1 - QUALITY) * _share(distances)
        score[values == values.min()] = np.inf
        out = int(np.argmin(score)) if np.isfinite(score).any() else len(self.members) - 1
        return self.members.pop(out) is not candidate

    def renew(self) -> None:
        """Begin again with the best member alone."""
        self.members = [self.best]

    def _nearest(self, member: Member) -> int:
        others = (other for other in self.members if other is not member)
        return min(self.towards(member.sample, other.sample)[1] for other in others)


def _share(figures: np.ndarray) -> np.ndarray:
    """From 0 for the least to 1 for the largest."""
    low, high = figures.min(), figures.max()
    return (figures - low) / (high - low) if high > low else np.zeros(len(figures))
