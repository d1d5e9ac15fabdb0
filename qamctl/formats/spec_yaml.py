"""Writes a problem file that people like to read: a header, then tables one row a line in flow style, numbers exact.

A general YAML writer would need seconds for 10,000 rows and fold them; a problem file needs only mappings,
lists, text, numbers, true, false and null. Text that any YAML version could take for something else is quoted.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

#: Where editors find the schema: what `qamctl schema KIND --file KIND.schema.json` writes beside the spec.
SCHEMA: Final = "{kind}.schema.json"

#: More rows than this are a table, which stands one row a line even where its rows have no ids.
FEW: Final = 3

#: CSV text and the like: lines that a block holds as they are.
_LINES = re.compile(r"(?:[!-~][ -~]*\n){2,}\Z").match
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*\Z").match
_TAKEN: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def write_spec(data: Mapping[str, Any], *, schema: str = SCHEMA, comment: Sequence[str] = ()) -> str:
    """The YAML text of a problem file's data; reading it gives equal data.

    Parameters
    ----------
    schema
        The schema's path or URL for editors; `{kind}` stands for the problem's kind.
    comment
        Lines that say what the problem is, below the header.

    Raises
    ------
    TypeError, ValueError
        For a value that a problem file can't hold: another type, NaN, infinity, half of a surrogate pair.
    """
    lines = [f"# yaml-language-server: $schema={schema.format(kind=data.get('kind', 'schedule'))}"]
    lines += [f"# {line}".rstrip() for line in comment]
    for key, value in data.items():
        lines += _entry(key, value, "")
    return "\n".join(lines) + "\n"


def _entry(key: str, value: Any, indent: str) -> list[str]:
    """The lines of a mapping's entry: tables and texts of several lines in a block, everything else on one line."""
    start = f"{indent}{_text(key)}:"
    if isinstance(value, str) and _LINES(value):
        return [f"{start} |", *(f"{indent}  {line}" for line in value[:-1].split("\n"))]
    if _is_table(value):
        return [start, *(f"{indent}  - {flow(row)}" for row in value)]
    if isinstance(value, Mapping) and _holds_block(value):
        return [start, *(line for inner, item in value.items() for line in _entry(inner, item, indent + "  "))]
    return [f"{start} {flow(value)}"]


def _is_table(value: Any) -> bool:
    if not (isinstance(value, list) and value and all(isinstance(row, Mapping) for row in value)):
        return False
    return len(value) > FEW or all("id" in row for row in value)


def _holds_block(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_block(item) for item in value.values())
    return _is_table(value) or (isinstance(value, str) and bool(_LINES(value)))


def flow(value: Any) -> str:
    """A value on one line, in flow style.

    Raises
    ------
    TypeError, ValueError
        As for `write_spec`.
    """
    if isinstance(value, str):
        return _text(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join([f"{_text(key)}: {flow(item)}" for key, item in value.items()]) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join([flow(item) for item in value]) + "]"
    raise TypeError(f"a problem file can't hold a {type(value).__name__}")


def _text(value: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a key of a problem file is text, not {type(value).__name__}")
    if _PLAIN(value) and value.lower() not in _TAKEN:
        return value
    return _quoted(value)


def _quoted(value: str) -> str:
    """Double quotes: JSON's escapes, and YAML's for what is not printable and JSON would leave as it is."""
    text = json.dumps(value, ensure_ascii=False)
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def _escaped(character: str) -> str:
    if "\ud800" <= character <= "\udfff":
        raise ValueError(f"half of a surrogate pair (U+{ord(character):04X}) can't be written to a file")
    return f"\\U{ord(character):08X}"


def _number(value: float) -> str:
    """The shortest text that reads back as the same number, with the point that YAML 1.1 wants in an exponent form."""
    if not math.isfinite(value):
        raise ValueError(f"a problem file can't hold the number {value}")
    mantissa, e, exponent = repr(value).partition("e")
    return repr(value) if not e or "." in mantissa else f"{mantissa}.0e{exponent}"
