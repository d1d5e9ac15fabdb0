"""JSON text to plain data, as strictly as YAML is read; the place of a fault is only looked for when there is one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from qamctl.errors import Diagnostic, Location, SpecError
from qamctl.spec.faults import show
from qamctl.spec.yaml_text import DEPTH, DIGITS

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of JSON text: a bracket, a separator, or a scalar as it is written; line and column from 1."""

    text: str
    line: int
    column: int


class _Refused(Exception):
    """What is refused, and how to find it: the text of the token, or a duplicate key."""

    def __init__(self, message: str, token: str | None) -> None:
        super().__init__(message)
        self.message, self.token = message, token


def tokens(text: str) -> Iterator[Token]:
    """The tokens of JSON text in order."""
    line, line_start, seen = 1, 0, 0
    for match in _TOKEN.finditer(text):
        at = match.start()
        breaks = text.count("\n", seen, at)
        if breaks:
            line += breaks
            line_start = text.rindex("\n", seen, at) + 1
        seen = at
        yield Token(match[0], line, at - line_start + 1)


def load_json(text: str, label: str) -> Any:
    """Plain data from JSON text.

    Raises
    ------
    SpecError
        With the line and column of the first thing that is refused.
    """
    try:
        data = json.loads(
            text, object_pairs_hook=_mapping, parse_int=_integer, parse_float=_float, parse_constant=_constant
        )
    except json.JSONDecodeError as error:
        where = Location(label, error.lineno, error.colno)
        raise _spec_error(label, f"not valid JSON: {error.msg}", where) from None
    except _Refused as refused:
        wanted = refused.token
        found = next((t for t in tokens(text) if t.text == wanted), None) if wanted else _duplicate(text)
        raise _spec_error(label, refused.message, _place(label, found)) from None
    except RecursionError:
        raise _spec_error(label, f"nested more than {DEPTH} deep", _place(label, _too_deep(text))) from None
    deep = _too_deep(text) if text.count("[") + text.count("{") > DEPTH and _depth(data) > DEPTH else None
    if deep:
        raise _spec_error(label, f"nested more than {DEPTH} deep", _place(label, deep))
    return data


def _spec_error(label: str, message: str, where: Location) -> SpecError:
    return SpecError(f"{label} cannot be read", [Diagnostic(message, where)])


def _place(label: str, token: Token | None) -> Location:
    return Location(label, token.line, token.column) if token else Location(label)


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        seen: set[str] = set()
        again = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _Refused(f"the key {show(again)} stands here a second time", None)
    return mapping


def _integer(text: str) -> int:
    if len(text) > DIGITS + 1:
        raise _Refused(f"a number of {len(text)} digits is more than anything here needs", text)
    return int(text)


def _float(text: str) -> float:
    value = float(text) if len(text) <= 2 * DIGITS else float("inf")
    if value in (float("inf"), float("-inf")):
        raise _Refused("the number is too large or has too many digits", text)
    return value


def _constant(text: str) -> Any:
    raise _Refused(f"{text} is not a number that can be used; every number must be finite", text)


def _duplicate(text: str) -> Token | None:
    """The first key that stands in its object a second time."""
    keys: list[set[str] | None] = []
    before: Token | None = None
    for token in tokens(text):
        if token.text in ("{", "["):
            keys.append(set() if token.text == "{" else None)
        elif token.text in ("}", "]"):
            keys.pop()
        elif token.text == ":" and before is not None:
            known, key = keys[-1], json.loads(before.text)
            if known is not None:
                if key in known:
                    return before
                known.add(key)
        before = token
    return None


def _too_deep(text: str) -> Token | None:
    depth = 0
    for token in tokens(text):
        depth += (token.text in ("{", "[")) - (token.text in ("}", "]"))
        if depth > DEPTH:
            return token
    return None


def _depth(data: Any) -> int:
    """Nesting of containers, found level by level."""
    depth, level = 0, [data] if isinstance(data, dict | list) else []
    while level:
        depth += 1
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    return depth
