"""The best assignment that searches of one instance have found."""

from __future__ import annotations

from collections.abc import Sequence

from qamctl.cluster.instance import Instance
from qamctl.cluster.spec import Index, Ints
from qamctl.kernels import AssignmentSearch
from qamctl.levels import reached


class Best:
    """What is best so far.

    Attributes
    ----------
    value
        Its violation (0 where feasible) and its levels; None where nothing was looked at yet.
    answer
        [n] leaves of units, and [pieces] the devices that they take.
    """

    def __init__(self, instance: Instance, bounds: Sequence[float | None]) -> None:
        self.instance, self.bounds = instance, bounds
        self.value: tuple[float, ...] | None = None
        self.answer: tuple[Index, Ints] | None = None

    def take(self, search: AssignmentSearch) -> tuple[float, ...]:
        """Look at the best of a search; its violation and levels."""
        value = (float(search.best_violation), *(self.instance.levels @ search.best_term).tolist())
        if self.value is None or value < self.value:
            self.answer = search.best, search.best_mask  # first: who watches looks at the value before the answer
            self.value = value
        return value

    def met(self, level: int) -> bool:
        """Whether it is feasible and nothing can be better at this level."""
        if self.value is None or self.value[0] > 0:
            return False
        return reached(self.value[1 + level], self.bounds[level])

    def optimal(self) -> bool:
        """Whether nothing can be better at any level."""
        return all(map(self.met, range(len(self.bounds))))
