"""JSON as this project writes it: one layout for people and diffs, one canonical form for hashes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePath
from typing import Any

#: Containers that fit are kept on one line.
_WIDTH = 120
#: Below this depth everything stays on one line: the rows of a solution are one line each.
_DEPTH = 3
_SURROGATE = re.compile("[\ud800-\udfff]")


def dumps(value: Any) -> str:
    """JSON text in insertion order, a line for each field and row, ending in a newline.

    Integers stay integers, floats are written so that they read back exactly, numpy scalars and arrays
    become numbers and lists, date-times ISO-8601.

    Raises
    ------
    ValueError
        A number is NaN or infinite: JSON has no such thing.
    TypeError
        Something has no form in JSON.
    """
    return _encodable(_layout(value, 0)) + "\n"


def canonical(value: Any) -> str:
    """The one JSON text of a value: keys sorted, no spaces; equal values have equal text, so hash this."""
    return _encodable(_CANONICAL.encode(value))


def line(value: Mapping[str, Any]) -> str:
    """JSON text in insertion order on one line, without a newline."""
    return _encodable(_COMPACT.encode(value))


def _encodable(text: str) -> str:
    """The text with lone surrogates as escapes: a file name that is not UTF-8 brings them, and UTF-8 has none."""
    if text.isascii():
        return text
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _layout(value: Any, depth: int) -> str:
    if depth == _DEPTH or not isinstance(value, (dict, list, tuple)) or not value:
        return _COMPACT.encode(value)
    if isinstance(value, dict):
        # The key goes through the encoder too: it turns 1, None and True into text, as inside a compact part.
        parts = [f"{_COMPACT.encode({key: 0})[1:-4]}: {_layout(item, depth + 1)}" for key, item in value.items()]
        first, last = "{", "}"
    else:
        parts = [_layout(item, depth + 1) for item in value]
        first, last = "[", "]"
    inline = depth > 0 and sum(map(len, parts)) + 2 * len(parts) <= _WIDTH - depth and not any("\n" in p for p in parts)
    if inline:
        return first + ", ".join(parts) + last
    indent = "\n" + " " * (depth + 1)
    return first + indent + ("," + indent).join(parts) + "\n" + " " * depth + last


def _convert(value: Any) -> Any:
    """What the encoder does not know; numpy is recognised by its methods, so that it need not be imported."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if hasattr(value, "tolist") and hasattr(value, "dtype"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


_COMPACT = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=_convert)
_CANONICAL = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, default=_convert, sort_keys=True, separators=(",", ":")
)
