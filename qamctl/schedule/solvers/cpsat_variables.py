"""CP-SAT's variables with their bounds, and the kinds of constraints that schedules are made of.

Whatever the bounds already say is not said again, and what can't vary is a constant instead of a variable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

#: Closed intervals of ticks, ascending, apart from each other.
Ranges = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Point:
    """A moment, an amount or a choice: variable + offset; the variable is None where it is a constant."""

    variable: cp_model.IntVar | None
    offset: int = 0

    def __add__(self, ticks: int) -> Point:
        return Point(self.variable, self.offset + ticks)

    @property
    def expression(self) -> Any:
        """What CP-SAT's constraints take."""
        if self.variable is None:
            return self.offset
        return self.variable + self.offset if self.offset else self.variable

    @property
    def surely(self) -> bool:
        """Of a choice: it is 1."""
        return self.variable is None and self.offset == 1

    @property
    def never(self) -> bool:
        """Of a choice: it is 0."""
        return self.variable is None and self.offset == 0

    def of(self, values: Sequence[int]) -> int:
        """Its value where variable i has values[i]."""
        return self.offset + (0 if self.variable is None else values[self.variable.index])


YES, NO = Point(None, 1), Point(None, 0)


class Variables(Mapping[int, "tuple[cp_model.IntVar, int, int]"]):
    """A model of CP-SAT: the variables with their bounds, by index, and `cp`, the model itself."""

    def __init__(self) -> None:
        from ortools.sat.python import cp_model

        self.cp = cp_model.CpModel()
        self._known: dict[int, tuple[cp_model.IntVar, int, int]] = {}

    def __getitem__(self, index: int) -> tuple[cp_model.IntVar, int, int]:
        return self._known[index]

    def __iter__(self) -> Iterator[int]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    # -- variables ---------------------------------------------------------------------------------

    def new(self, low: int, high: int) -> Point:
        """A new integer variable, or a constant where it can't vary."""
        return Point(None, low) if low == high else self._keep(self.cp.new_int_var(low, high, ""), low, high)

    def new_in(self, ranges: Ranges) -> Point:
        """A new integer variable with values in some ranges, or a constant where it can't vary."""
        from ortools.sat.python import cp_model

        low, high = ranges[0][0], ranges[-1][1]
        if len(ranges) == 1:
            return self.new(low, high)
        domain = cp_model.Domain.from_intervals([list(span) for span in ranges])
        return self._keep(self.cp.new_int_var_from_domain(domain, ""), low, high)

    def choice(self) -> Point:
        """A new Boolean variable."""
        return self._keep(self.cp.new_bool_var(""), 0, 1)

    def _keep(self, variable: cp_model.IntVar, low: int, high: int) -> Point:
        self._known[variable.index] = variable, low, high
        return Point(variable)

    def lowest(self, point: Point) -> int:
        """The least value that the bounds allow."""
        return point.offset + (0 if point.variable is None else self._known[point.variable.index][1])

    def highest(self, point: Point) -> int:
        """The greatest value that the bounds allow."""
        return point.offset + (0 if point.variable is None else self._known[point.variable.index][2])

    # -- constraints -------------------------------------------------------------------------------

    def never(self) -> None:
        """Makes the model infeasible."""
        self.cp.add_bool_or([])

    def at_most(self, less: Point, more: Point, *where: Point) -> None:
        """Adds less <= more where all of some choices are 1, unless the bounds of the variables say so already."""
        if self.highest(less) <= self.lowest(more) or any(choice.never for choice in where):
            return
        if self.lowest(less) > self.highest(more):
            self.some_of([], where)
            return
        bound = self.cp.add(less.expression <= more.expression)
        conditions = [choice.variable for choice in where if choice.variable is not None]
        if conditions:
            bound.only_enforce_if(conditions)

    def equal(self, one: Point, other: Point, *where: Point) -> None:
        """Adds one == other where all of some choices are 1."""
        if any(choice.never for choice in where):
            return
        bound = self.cp.add(one.expression == other.expression)
        conditions = [choice.variable for choice in where if choice.variable is not None]
        if conditions:
            bound.only_enforce_if(conditions)

    def unless(self, choice: Point, end: Point, due: int) -> None:
        """Adds end <= due unless the choice is 1."""
        assert choice.variable is not None
        self.cp.add(end.expression <= due).only_enforce_if(~choice.variable)

    def only_where(self, choice: Point, moment: Point, ranges: Ranges) -> None:
        """Adds that a moment is in one of some ranges if the choice is 1, unless its bounds say so already."""
        from ortools.sat.python import cp_model

        if choice.never or (
            len(ranges) == 1 and ranges[0][0] <= self.lowest(moment) and self.highest(moment) <= ranges[0][1]
        ):
            return
        domain = cp_model.Domain.from_intervals([list(span) for span in ranges])
        bound = self.cp.add_linear_expression_in_domain(moment.expression, domain)
        if choice.variable is not None:
            bound.only_enforce_if(choice.variable)

    def one_of(self, choices: Sequence[Point]) -> None:
        """Adds that exactly one of the choices is 1."""
        self.cp.add_exactly_one(point.expression for point in choices)

    def one_of_if(self, choices: Sequence[Point], where: Point) -> None:
        """Adds that exactly one of the choices is 1 if `where` is, and none of them if it is not."""
        if where.variable is None:
            assert where.surely
            self.one_of(choices)
        else:
            self.cp.add_exactly_one([*(point.expression for point in choices), ~where.variable])

    def some_of(self, choices: Sequence[Point], where: Sequence[Point] = ()) -> None:
        """Adds that one of the choices is 1, or one of `where` is 0."""
        if any(choice.surely for choice in choices) or any(choice.never for choice in where):
            return
        literals = [choice.variable for choice in choices if choice.variable is not None]
        negated = [~choice.variable for choice in where if choice.variable is not None]
        self.cp.add_bool_or([*literals, *negated])

    def one_at_most(self, choices: Sequence[Point]) -> None:
        """Adds that not two of the choices are 1."""
        if len(choices) > 1:
            self.cp.add_at_most_one(point.expression for point in choices)
