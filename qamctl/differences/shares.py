"""What changed in answers that give each of many things a share: posteriors of decisions, counts of circuits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from qamctl.differences.compared import Changes, Row, is_number
from qamctl.differences.parts import rows_of
from qamctl.errors import SpecError

#: Smaller differences of shares are rounding.
_ROUNDING: Final = 1e-12


def posteriors(before: Mapping[str, Any], after: Mapping[str, Any], places: tuple[Path, Path]) -> Changes:
    """The paths whose probability changed, the largest changes first.

    Parameters
    ----------
    before, after
        The blocks `solution` of two results.
    places
        Their files, beside which tables are.

    Raises
    ------
    SpecError
        The posterior is none, or its table can't be read.
    """
    sides = [_posterior(block, place) for block, place in zip((before, after), places, strict=True)]
    return _changes("path", "probability", *sides)


def counts(before: Mapping[str, Any], after: Mapping[str, Any], places: tuple[Path, Path]) -> Changes:
    """The bitstrings whose share of all shots changed, the largest changes first; else as `posteriors`."""
    sides = []
    for block, place in zip((before, after), places, strict=True):
        given = block.get("counts")
        if not isinstance(given, Mapping) or not all(map(is_number, given.values())):
            raise SpecError(f"{place}: its solution has no counts")
        shots = sum(given.values()) or 1
        sides.append({str(bits): count / shots for bits, count in given.items()})
    return _changes("bitstring", "share", *sides)


def _posterior(solution: Mapping[str, Any], place: Path) -> dict[str, float]:
    given = solution.get("posterior")
    if isinstance(given, Mapping) and isinstance(given.get("table"), str):
        rows = rows_of("posterior", given, "path", place)
        try:
            return {path: float(row["probability"]) for path, row in rows.items()}
        except (KeyError, TypeError, ValueError) as error:
            raise SpecError(f"{place}: the table of its posterior is none of paths and probabilities") from error
    if not isinstance(given, Mapping) or not all(map(is_number, given.values())):
        raise SpecError(f"{place}: its solution has no posterior")
    return dict(given)


def _changes(of: str, field: str, old: Mapping[str, float], new: Mapping[str, float]) -> Changes:
    names = dict.fromkeys([*old, *new])
    moves = {name: new.get(name, 0.0) - old.get(name, 0.0) for name in names}
    rows = [
        Row(
            name, ("added" if name not in old else "dropped" if name not in new else "changed",),
            {field: old[name]} if name in old else None, {field: new[name]} if name in new else None, moves[name],
        )
        for name in sorted(names, key=lambda name: -abs(moves[name]))
        if abs(moves[name]) > _ROUNDING or name not in old or name not in new
    ]  # fmt: skip
    distance = sum(map(abs, moves.values())) / 2
    told = {"changed": len(rows), "unchanged": len(names) - len(rows), "total_variation": round(distance, 12)}
    return Changes(of, (field,), "change", told, rows)
