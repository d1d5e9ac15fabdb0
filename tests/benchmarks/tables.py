"""How the benchmarks write tables: columns in line, figures short."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import mean


def aligned(lines: Sequence[Sequence[str]], left: set[int]) -> str:
    """Lines of cells in columns; those of `left` begin at the left, the others end at the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    out = []
    for line in lines:
        cells = [t.ljust(w) if k in left else t.rjust(w) for k, (t, w) in enumerate(zip(line, widths, strict=True))]
        out.append("  ".join(cells).rstrip())
    return "\n".join(out)


def figure(value: float | None, digits: int = 2) -> str:
    """A number with so many places, none where it is whole and they are few; - for None."""
    if value is None:
        return "-"
    return f"{value:.0f}" if float(value).is_integer() and digits < 4 else f"{value:.{digits}f}"


def mean_of(values: Iterable[float | None]) -> float | None:
    """The mean of those that are there; None where none is."""
    known = [value for value in values if value is not None]
    return mean(known) if known else None
