"""A condition of `--check`: a figure, an operator and a value, read before the search and held against its result."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from qamctl.levels import same

Value = int | float | str

#: What a condition may say of a number; of a word the last two.
OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": lambda a, b: a < b and not same(a, b),
    "<=": lambda a, b: a < b or same(a, b),
    ">": lambda a, b: a > b and not same(a, b),
    ">=": lambda a, b: a > b or same(a, b),
    "==": same,
    "!=": lambda a, b: not same(a, b),
}

_CONDITION = re.compile(r"([A-Za-z_]\w*)\s*(<=|>=|==|!=|<|>)\s*([^\s<>=!](?:.*\S)?)", re.ASCII)
_WHOLE = re.compile(r"[+-]?[0-9]{1,300}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Condition:
    """What a figure of a result has to be.

    Attributes
    ----------
    text
        As it was given, without the blanks.
    figure, operator, value
        Its three parts.
    """

    text: str
    figure: str
    operator: str
    value: Value

    def met_by(self, value: Value) -> bool:
        """Whether the figure may have this value; differences of rounding apart."""
        if isinstance(value, str) or isinstance(self.value, str):
            return (value == self.value) == (self.operator == "==")
        return OPERATORS[self.operator](value, self.value)


def read_condition(text: str, kind: str, figures: Sequence[str], words: Mapping[str, Sequence[str]]) -> Condition:
    """A condition from its text.

    Parameters
    ----------
    kind
        Of the problem, for messages.
    figures
        The names that it may speak of.
    words
        Those of them that are words, with the words that they can be; none: any.

    Raises
    ------
    ValueError
        It is no condition, or speaks of no such figure; the message is a sentence.
    """
    found = _CONDITION.fullmatch(text.strip())
    if found is None:
        raise ValueError(_malformed(text.strip()))
    figure, operator, value = found.groups()
    if figure not in figures:
        near = _nearest(figure, figures)
        hint = f"did you mean {near}?" if near else f"its figures are {', '.join(figures)}"
        raise ValueError(f"a {kind} result has no figure {figure}: {hint}")
    whole = f"{figure}{operator}{value}"
    if figure not in words:
        return Condition(whole, figure, operator, _number(figure, value))
    if operator not in ("==", "!="):
        raise ValueError(f"{figure} is a word, which can be == or !=, not {operator}")
    if words[figure] and value not in words[figure]:
        near = _nearest(value, words[figure])
        hint = f"; did you mean {near}?" if near else ""
        raise ValueError(f"{figure} is one of {', '.join(words[figure])}, never {value}{hint}")
    return Condition(whole, figure, operator, value)


def _number(figure: str, text: str) -> float:
    if _WHOLE.fullmatch(text):
        return int(text)
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise ValueError(f"{figure} is a number, and {text} is none")
    return value


def _nearest(word: str, words: Sequence[str]) -> str | None:
    from difflib import get_close_matches  # for faults only

    return next(iter(get_close_matches(word, words, 1)), None)


def _malformed(text: str) -> str:
    if re.fullmatch(r"[^<>=!]+=[^<>=!]+", text):
        return f"{text} is no condition: write == for equality"
    return f"{text or 'nothing'} is no condition: write a figure, one of {', '.join(OPERATORS)}, and a value"
