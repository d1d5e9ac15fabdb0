"""JSON outputs, read so that a million shots fit in memory: a list of bits is kept as one short text."""

from __future__ import annotations

import json
import json.scanner
import re
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from qamctl.azure.results.fault import Unreadable, clean

#: A list of nothing but 0, 1 and 2. Possessive, so that a list of millions needs no memory for ways back.
_FLAT: Final = re.compile(r"\[[ \t\r\n]*+([012](?:[ \t\r\n]*+,[ \t\r\n]*+[012])*+)[ \t\r\n]*+\]")


class Row(str):
    """A list of 0, 1 and 2 as its characters; equal lists are the same object.

    Of a list, Python would keep 56 bytes and 8 for every element, for each shot anew. It walks like the list: its
    elements are "0", "1" and "2".
    """

    __slots__ = ()


def load(data: bytes) -> Any:
    """The document in an output; lists of nothing but 0, 1 and 2 are `Row`.

    Raises
    ------
    Unreadable
        It is empty, no UTF-8, no JSON, nested too deeply, or gives a name of an object twice.
    """
    if not data.strip():
        raise Unreadable("it is empty")
    try:
        return _decoder().decode(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Unreadable(f"it is not UTF-8 (byte {error.start + 1})") from None
    except json.JSONDecodeError as error:
        raise Unreadable(f"it is not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    except ValueError:  # the only other one: Python reads no whole number of more than 4,300 digits
        raise Unreadable("it has a number of thousands of digits") from None


def _decoder() -> json.JSONDecoder:
    """The standard decoder, but for lists.

    Its parts in Python are used (`json.scanner.py_make_scanner`), because those in C can't be told how to read a list.
    """
    decoder: Any = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse)
    decoder.parse_array = _lists(decoder.parse_array)
    decoder.scan_once = json.scanner.py_make_scanner(decoder)  # type: ignore[attr-defined]
    return decoder  # type: ignore[no-any-return]


def _lists(plain: Callable[..., tuple[Any, int]]) -> Callable[..., tuple[Any, int]]:
    met: dict[str, Row] = {}

    def read(state: tuple[str, int], scan_once: Callable[[str, int], tuple[Any, int]]) -> tuple[Any, int]:
        text, start = state  # just after the bracket
        found = _FLAT.match(text, start - 1)
        if found is None:
            return plain(state, scan_once)
        bits = found[1].replace(",", "").replace(" ", "")
        if not bits.isdecimal():
            bits = "".join(bits.split())
        row = met.get(bits)
        if row is None:
            row = met[bits] = Row(bits)
        return row, found.end()

    return read


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        (twice, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise Unreadable(f"it has {clean(twice)} twice")
    return members


def _refuse(word: str) -> Any:
    raise Unreadable(f"{word} is no number")
