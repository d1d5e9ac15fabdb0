"""What changed from one sample of a model to another: the variables that flipped, came or went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from qamctl.differences.compared import Changes, Row
from qamctl.errors import SpecError

_WORDS: Final = ("dropped", "added", "flipped")


def changes_of(before: Mapping[str, Any], after: Mapping[str, Any], places: tuple[Path, Path]) -> Changes:
    """The variables that have another value, by their labels.

    Parameters
    ----------
    before, after
        The blocks `solution` of two results.
    places
        Their files.

    Raises
    ------
    SpecError
        A solution holds no value for each of its variables.
    """
    old, new = (_values(block, place) for block, place in zip((before, after), places, strict=True))
    rows = [
        Row(
            label, ("added" if label not in old else "dropped" if label not in new else "flipped",),
            {"value": old[label]} if label in old else None, {"value": new[label]} if label in new else None,
        )
        for label in dict.fromkeys([*old, *new])
        if old.get(label) != new.get(label)
    ]  # fmt: skip
    rows.sort(key=lambda row: _WORDS.index(row.what[0]))
    words = Counter(row.what[0] for row in rows)
    counts: dict[str, float] = {word: words[word] for word in _WORDS}
    counts["unchanged"] = len({*old, *new}) - len(rows)
    return Changes("variable", ("value",), "", counts, rows)


def _values(solution: Mapping[str, Any], place: Path) -> dict[str, int]:
    labels, sample = solution.get("variables"), solution.get("sample")
    if not isinstance(labels, list) or not isinstance(sample, list) or len(labels) != len(sample):
        raise SpecError(f"{place}: its solution does not hold a value for each variable")
    return dict(zip(map(str, labels), sample, strict=True))
