"""A mixed-integer program that is drawn up block by block, each block whole arrays of variables and rows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from qamctl.cluster.spec import TERMS, Flags, Floats, Ints


@dataclass(frozen=True, eq=False)
class Program:
    """Minimise `weights @ (constant + cost @ x)` over x with `row_lower <= matrix @ x <= row_upper`.

    Attributes
    ----------
    cost
        [7, v] what each variable adds to each term of `TERMS`.
    constant
        [7] of each term: what does not depend on the variables.
    lower, upper
        [v] finite.
    whole
        [v] only whole numbers will do.
    known
        [v] what the variables are in the assignment that the program was drawn up from.
    row, column, factor
        The matrix by its entries; a place may stand several times, and counts with the sum.
    row_lower, row_upper
        [rows] -inf and inf where there is no limit.
    capacity_row, capacity_cluster, capacity_resource
        The rows that are capacities, and whose of what.
    """

    cost: Floats
    constant: Floats
    lower: Floats
    upper: Floats
    whole: Flags
    known: Floats
    row: Ints
    column: Ints
    factor: Floats
    row_lower: Floats
    row_upper: Floats
    capacity_row: Ints
    capacity_cluster: Ints
    capacity_resource: Ints

    @property
    def size(self) -> int:
        """Variables."""
        return len(self.lower)


@dataclass
class Draft:
    """A program under construction."""

    size: int = 0
    rows: int = 0
    capacities: tuple[Ints, Ints, Ints] = field(default_factory=lambda: (np.zeros(0, np.int64),) * 3)
    _cost: list[tuple[int, Ints, Floats]] = field(default_factory=list)
    _columns: list[tuple[Floats, Floats, Flags, Floats]] = field(default_factory=list)
    _entries: list[tuple[Ints, Ints, Floats]] = field(default_factory=list)
    _limits: list[tuple[Floats, Floats]] = field(default_factory=list)

    def variables(
        self, known: np.ndarray, upper: np.ndarray | float, lower: np.ndarray | float = 0.0, *, whole: bool = False
    ) -> Ints:
        """More variables, so many as `known` has values; their columns."""
        count = len(known)
        ends = [np.broadcast_to(np.asarray(end, float), count) for end in (lower, upper)]
        self._columns.append((ends[0], ends[1], np.full(count, whole), np.asarray(known, float)))
        self.size += count
        return np.arange(self.size - count, self.size)

    def charge(self, term: str, column: Ints, cost: np.ndarray | float) -> None:
        """Add to what variables cost in a term."""
        self._cost.append((TERMS.index(term), column, np.broadcast_to(np.asarray(cost, float), len(column))))

    def limit(
        self,
        row: Ints,
        column: Ints,
        factor: np.ndarray | float,
        *,
        lower: np.ndarray | None = None,
        upper: np.ndarray | None = None,
    ) -> Ints:
        """More rows, numbered from 0 in `row`, so many as there are limits; their numbers in the program."""
        given = upper if lower is None else lower
        assert given is not None
        count = len(given)
        low = np.full(count, -np.inf) if lower is None else np.asarray(lower, float)
        high = np.full(count, np.inf) if upper is None else np.asarray(upper, float)
        self._limits.append((low, high))
        number = np.arange(self.rows, self.rows + count)
        self.rows += count
        self.extend(number[row], column, factor)
        return number

    def extend(self, row: Ints, column: Ints, factor: np.ndarray | float) -> None:
        """More entries of rows that there are."""
        self._entries.append((row, column, np.broadcast_to(np.asarray(factor, float), len(column))))

    def finish(self, terms: Floats) -> Program:
        """The program; `terms` are those of the known assignment."""
        lower, upper, whole, known = (
            np.concatenate([columns[part] for columns in self._columns]) if self._columns else np.zeros(0)
            for part in range(4)
        )
        cost = np.zeros((len(TERMS), self.size))
        for term, column, each in self._cost:
            np.add.at(cost[term], column, each)
        places, columns, factor = (
            np.concatenate([entries[part] for entries in self._entries]) if self._entries else np.zeros(0)
            for part in range(3)
        )
        low, high = (
            np.concatenate([limits[part] for limits in self._limits]) if self._limits else np.zeros(0)
            for part in range(2)
        )
        return Program(
            cost, terms - cost @ known, lower, upper, whole.astype(bool), known, places.astype(np.int64),
            columns.astype(np.int64), factor, low, high, *self.capacities,
        )  # fmt: skip
