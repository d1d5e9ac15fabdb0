"""Names of variables that are only numbered: made when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload


@dataclass(frozen=True, slots=True)
class Numbered(Sequence[str]):
    """The texts of n numbers in a row.

    Attributes
    ----------
    first
        The first number.
    """

    n: int
    first: int = 0

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[str]:
        return map(str, range(self.first, self.first + self.n))

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> list[str]: ...

    def __getitem__(self, place: int | slice) -> str | list[str]:
        numbers = range(self.first, self.first + self.n)[place]
        return str(numbers) if isinstance(numbers, int) else [str(number) for number in numbers]
