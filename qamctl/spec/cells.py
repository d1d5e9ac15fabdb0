"""Reads one cell, of YAML or of a table, into a name, a map or a list; a cell that cannot be read is a Refusal."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from qamctl.spec.faults import Refusal, nearest, show
from qamctl.spec.numbers import exact
from qamctl.spec.yaml_text import CONSTANTS

T = TypeVar("T")

#: Decimals of quantities and speeds.
PLACES: Final = 6

#: Finds what no name may hold.
CONTROL: Final = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]").search


def read_name(cell: Any, text: bool) -> str:
    """An id or a name: text that is not empty, on one line, without control characters."""
    if not isinstance(cell, str):
        hint = f'write "{cell}" in quotes' if type(cell) in (int, float, bool) else None
        raise Refusal(f"must be text, found {show(cell)}", hint)
    if not cell or CONTROL(cell):
        raise Refusal("must not be empty" if not cell else f"must not hold control characters, found {show(cell)}")
    return cell


def read_words(known: Sequence[str], cell: Any, text: bool) -> tuple[str, ...]:
    """Some of a few known words, a list or one alone, each once; no word for `none`, which stands alone."""
    words = cell if isinstance(cell, list) else [cell]
    for word in words or [cell]:
        if word not in known:
            hint = nearest(word, known) if isinstance(word, str) else None
            raise Refusal(f"must be among {', '.join(known)}, found {show(word)}", hint)
    if "none" in words and len(words) > 1:
        raise Refusal("has none beside others", "remove none, or the others")
    return () if words == ["none"] else tuple(dict.fromkeys(words))


def read_levels(cell: Any, text: bool) -> Mapping[str, float]:
    """Skills: {name: level} or [name], which is level 1."""
    if text:
        cell = split_map(cell) if "=" in cell else cell.split("|")
    if isinstance(cell, list):
        return {_inner(read_name, name, text, i): 1.0 for i, name in enumerate(cell)}
    if not isinstance(cell, dict):
        raise Refusal(f"must be {{name: level}} or [name], found {show(cell)}")
    return {_inner(read_name, name, text, name): _inner(_level, level, text, name) for name, level in cell.items()}


def _level(cell: Any, text: bool) -> float:
    return float(exact(cell, text=text))


def read_labels(cell: Any, text: bool) -> Mapping[str, str]:
    """Labels: {key: text}."""
    cell = split_map(cell) if text else cell
    if not isinstance(cell, dict):
        raise Refusal(f"must be a mapping of texts, found {show(cell)}")
    return {_inner(read_name, key, text, key): _inner(read_name, value, text, key) for key, value in cell.items()}


def read_flag(cell: Any, text: bool) -> bool:
    """True or false."""
    flag = CONSTANTS.get(cell) if text else cell
    if not isinstance(flag, bool):
        raise Refusal(f"must be true or false, found {show(cell)}")
    return flag


def read_names(cell: Any, text: bool) -> tuple[str, ...]:
    """A list of names, each once."""
    cell = cell.split("|") if text else cell
    if not isinstance(cell, list):
        hint = f"write [{cell}]" if isinstance(cell, str) and len(cell) < 60 else None
        raise Refusal(f"must be a list of names, found {show(cell)}", hint)
    return tuple(dict.fromkeys(_inner(read_name, name, text, i) for i, name in enumerate(cell)))


def read_requirements(cell: Any, text: bool) -> Mapping[str, tuple[str, ...]]:
    """Values by label: {label: text or [text]}; `label=a/b` in a table."""
    cell = {label: values.split("/") for label, values in split_map(cell).items()} if text else cell
    if not isinstance(cell, dict):
        raise Refusal(f"must be {{label: value}} or {{label: [value, ...]}}, found {show(cell)}")
    return {_inner(read_name, label, text, label): _inner(_values, cell[label], text, label) for label in cell}


def _values(cell: Any, text: bool) -> tuple[str, ...]:
    values = cell if isinstance(cell, list) else [cell]
    if not values:
        raise Refusal("must have a value")
    return tuple(dict.fromkeys(read_name(value, text) for value in values))


def _inner(read: Callable[[Any, bool], T], cell: Any, text: bool, way: str | int) -> T:
    """Read a cell inside a cell, and say on refusal which one it was."""
    try:
        return read(cell, text)
    except Refusal as refusal:
        refusal.way = (way, *refusal.way)
        refusal.message = f"{show(way)} {refusal.message}" if isinstance(way, str) else refusal.message
        raise


def split_map(cell: str) -> dict[str, str]:
    """The map in a CSV cell: `k=v|k2=v2`."""
    out: dict[str, str] = {}
    for part in cell.split("|"):
        key, equals, value = part.partition("=")
        if not equals or not key:
            raise Refusal(f"must be written as name=value|name=value, found {show(cell)}")
        if key in out:
            raise Refusal(f"names {show(key)} twice")
        out[key] = value
    return out
