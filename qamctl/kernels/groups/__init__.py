"""The search over one-hot groups and rows: plain Python in reference.py, C++ in groups.cpp; both decide alike."""

from __future__ import annotations

from typing import Protocol

from qamctl.kernels import extension
from qamctl.kernels.couplings import Floats, Index, Ints
from qamctl.kernels.groups.problem import GroupProblem


class GroupSearch(Protocol):
    """Annealing of a `GroupProblem`, driven in slices that do not change its path.

    Methods and properties are described in `qamctl.kernels.groups.reference`. It begins with the first member of
    every block on, at temperature 0, rows weighing 1.

    Raises
    ------
    RuntimeError
        By `run`, when another thread is using this object.
    ValueError
        For arguments of another length or of another block.
    """

    def start(self, choice: Index) -> None: ...

    def plan(
        self, temperatures: Floats, objective: float = ..., raise_by: float = ..., lower_by: float = ...
    ) -> None: ...

    def set_candidates(self, first: Ints, member: Index) -> None: ...

    def set_weights(self, weights: Floats) -> None: ...

    def run(self, sweeps: int, seconds: float) -> int: ...

    @property
    def weights(self) -> Floats: ...

    @property
    def visits(self) -> Ints: ...

    @property
    def sweeps(self) -> int: ...

    @property
    def climbs(self) -> int: ...

    @property
    def best_objective(self) -> float: ...

    @property
    def best_violation(self) -> int: ...

    @property
    def best_choice(self) -> Index: ...

    @property
    def objective(self) -> float: ...

    @property
    def violation(self) -> int: ...

    @property
    def choice(self) -> Index: ...


def group_search(problem: GroupProblem, seed: int) -> GroupSearch:
    """A search over `problem`, in C++ or else the reference; `seed` is taken modulo 2**64."""
    found = extension("groups")
    if found is None:
        from qamctl.kernels.groups.reference import GroupSearch as Reference

        return Reference(problem, seed % 2**64)
    search: GroupSearch = found.GroupSearch(problem, seed % 2**64)
    return search
