"""One outcome, however its bits are wrapped, as a bitstring; a lost qubit is `-` in it."""

from __future__ import annotations

import re
from typing import Any, Final

from qamctl.azure.results.fault import Unreadable, clean

#: A qubit that was lost, as bitstrings have it here; outputs have other marks, too, and 2.
LOST: Final = "-"

#: Single outcomes as they are written; those of Q# and of QIR's runtime among them (SDK: cirq/targets/generic.py).
_WORDS: Final = {
    "zero": "0",
    "false": "0",
    "one": "1",
    "true": "1",
    "loss": LOST,
    "lost": LOST,
    "null": LOST,
    "none": LOST,
}

_BITS: Final = re.compile(r"[012-]+").fullmatch

#: Tuples and lists inside one another; two are what programs record.
_DEPTH: Final = 16

_OPEN: Final = {")": "(", "]": "["}
_TOKEN: Final = re.compile(r"[\[\](),]|[^\[\](),\s]+")


def bitstring(value: Any, depth: int = 0) -> str:
    """The bits of an outcome in the order in which they were recorded.

    A list is one register, whatever is nested in it. A tuple is several, which are joined by a space.

    Parameters
    ----------
    value
        0, 1, true, false; "0", "1", "010", "Zero", "One"; "-", 2, null, "Loss" of a lost qubit; lists of them; tuples,
        as `{"Item1": .., "Item2": ..}` or Python's; `{"Error": ..}` of a shot that failed, which counts as lost.

    Raises
    ------
    Unreadable
        It is something else: programs may record numbers, too, and those are no measurements.
    """
    if depth > _DEPTH:
        raise Unreadable("an outcome is nested too deeply")
    if isinstance(value, str):
        return _of_text(value)
    if value is None:
        return LOST
    if isinstance(value, int) and 0 <= value <= 2:
        return "01-"[value]
    if isinstance(value, list):
        return "".join(bitstring(part, depth + 1).replace(" ", "") for part in value)
    if isinstance(value, dict):
        value = LOST if "Error" in value else _tuple(value)
    if isinstance(value, tuple):
        return " ".join(bitstring(part, depth + 1) for part in value)
    if value == LOST:
        return LOST
    raise Unreadable(f"an outcome is {clean(value)}, which is no measurement")


def _of_text(text: str) -> str:
    if _BITS(text):
        return text.replace("2", LOST)
    bit = _WORDS.get(text.lower())
    if bit is None:
        raise Unreadable(f"an outcome is {clean(text)}, which is no measurement")
    return bit


def _tuple(members: dict[str, Any]) -> tuple[Any, ...]:
    try:
        return tuple(members[f"Item{i + 1}"] for i in range(len(members)))
    except KeyError:
        raise Unreadable(f"an outcome is an object with {clean(next(iter(members)))}, which is no tuple") from None


def from_display(text: str) -> str:
    """The bits of an outcome that is written out: `[0, 1]`, `(0, [1, 0])`, `[0], [1]`, `0`, `01 1`.

    Values beside one another are a tuple with or without its brackets: both occur
    (github.com/microsoft/azure-quantum-python/issues/361).

    Raises
    ------
    Unreadable
        It is no such thing.
    """
    levels: list[list[Any]] = [[]]
    opened: list[str] = []
    for token in _TOKEN.findall(text):
        if token in "([":
            opened.append(token)
            levels.append([])
            if len(levels) > _DEPTH:
                raise Unreadable("an outcome is nested too deeply")
        elif token in ")]":
            if not opened or opened.pop() != _OPEN[token]:
                raise Unreadable(f"the brackets of {clean(text)} do not match")
            inner = levels.pop()
            levels[-1].append(tuple(inner) if token == ")" else inner)
        elif token != ",":
            levels[-1].append(token)
    if opened or not levels[0]:
        raise Unreadable(f"{clean(text)} is no outcome")
    return bitstring(levels[0][0] if len(levels[0]) == 1 else tuple(levels[0]))
