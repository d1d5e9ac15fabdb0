"""The filters of listings: as much of OData as clients of the service write.

    startswith(Name, 'x') and (State eq 'Failed' or State eq 'Cancelled') and CreationTime ge 2026-01-31

Names are compared in any case, values of names that stand for one of a few words, too. A quote within a text is
doubled; the SDK does not double it in names, so that a text ends at a quote only where it can.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from qamctl.emulator import times

#: What is known of an item, by name in lower case: texts, and the time of its creation in seconds.
Record = Mapping[str, str | float]

Test = Callable[[Record], bool]

_TEXTS: Final = frozenset({"name", "itemtype", "jobtype", "providerid", "target", "state"})

_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<sign>[(),])
      | '(?P<text>(?:[^']|''|'(?!\s*(?:\)|,|$|and\b|or\b)))*)'
      | (?P<word>[A-Za-z0-9_][\w.:+-]*)
    )\s*""",
    re.VERBOSE | re.IGNORECASE,
)

#: Parentheses within parentheses.
_DEEPEST: Final = 40


class FilterFault(ValueError):
    """A filter that makes no sense."""


def compile_filter(text: str) -> Test:
    """The test that a filter stands for; an empty one keeps everything.

    Raises
    ------
    FilterFault
        With what is wrong.
    """
    tokens = _tokens(text)
    if not tokens:
        return lambda record: True
    test, rest = _either(tokens, 0)
    if rest:
        raise FilterFault(f"{rest[0][1]!r} is not expected")
    return test


Tokens = list[tuple[str, str]]


def _tokens(text: str) -> Tokens:
    found, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise FilterFault(f"{text[at : at + 20]!r} is no filter")
        found.append((match.lastgroup, match[match.lastgroup].replace("''", "'")))
        at = match.end()
    return found


def _either(tokens: Tokens, depth: int) -> tuple[Test, Tokens]:
    first, rest = _both(tokens, depth)
    tests = [first]
    while _is(rest, "or"):
        test, rest = _both(rest[1:], depth)
        tests.append(test)
    return (lambda record: any(test(record) for test in tests)), rest


def _both(tokens: Tokens, depth: int) -> tuple[Test, Tokens]:
    first, rest = _one(tokens, depth)
    tests = [first]
    while _is(rest, "and"):
        test, rest = _one(rest[1:], depth)
        tests.append(test)
    return (lambda record: all(test(record) for test in tests)), rest


def _one(tokens: Tokens, depth: int) -> tuple[Test, Tokens]:
    if depth > _DEEPEST:
        raise FilterFault("it has too many parentheses")
    if tokens and tokens[0] == ("sign", "("):
        test, rest = _either(tokens[1:], depth + 1)
        if not rest or rest[0] != ("sign", ")"):
            raise FilterFault("a parenthesis is not closed")
        return test, rest[1:]
    if _is(tokens, "startswith"):
        return _startswith(tokens)
    return _comparison(tokens)


def _startswith(tokens: Tokens) -> tuple[Test, Tokens]:
    shape = [kind for kind, _ in tokens[1:6]]
    if shape != ["sign", "word", "sign", "text", "sign"] or [tokens[k][1] for k in (1, 3, 5)] != ["(", ",", ")"]:
        raise FilterFault("startswith takes a name and a text")
    name, start = _known(tokens[2][1], _TEXTS), tokens[4][1].lower()
    return (lambda record: str(record[name]).lower().startswith(start)), tokens[6:]


def _comparison(tokens: Tokens) -> tuple[Test, Tokens]:
    if len(tokens) < 3 or tokens[0][0] != "word" or tokens[1][0] != "word":
        raise FilterFault(f"{tokens[0][1]!r} is not expected" if tokens else "something is missing at its end")
    name = _known(tokens[0][1], _TEXTS | {"creationtime"})
    sign, (kind, value) = tokens[1][1].lower(), tokens[2]
    if name == "creationtime":
        moment = times.read(value)
        if moment is None or sign not in ("ge", "le", "gt", "lt", "eq"):
            raise FilterFault("CreationTime is compared with a date by ge, le, gt, lt or eq")
        return _moment(sign, moment), tokens[3:]
    if kind != "text" or sign not in ("eq", "ne"):
        raise FilterFault(f"{tokens[0][1]} is compared with a text in quotes by eq or ne")
    wanted, equal = value.lower(), sign == "eq"
    return (lambda record: (str(record[name]).lower() == wanted) is equal), tokens[3:]


def _moment(sign: str, moment: float) -> Test:
    def test(record: Record) -> bool:
        at = float(record["creationtime"])
        return {"ge": at >= moment, "le": at <= moment, "gt": at > moment, "lt": at < moment, "eq": at == moment}[sign]

    return test


def _known(name: str, names: frozenset[str]) -> str:
    if name.lower() not in names:
        raise FilterFault(f"{name!r} can't be filtered by")
    return name.lower()


def _is(tokens: Tokens, word: str) -> bool:
    return bool(tokens) and tokens[0][0] == "word" and tokens[0][1].lower() == word
