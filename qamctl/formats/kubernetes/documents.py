"""The objects in what kubectl prints: JSON or YAML, one or many after each other, single or in lists, with places."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from qamctl.errors import SpecError
from qamctl.formats.faults import fault, shown
from qamctl.formats.json_place import line_and_column, place, too_deep
from qamctl.spec.yaml_text import load_yaml

WHAT: Final = "nodes and pods of Kubernetes"
#: What gives the importer all that it reads.
COMMAND: Final = "kubectl get nodes,pods -A -o json"

_Path = tuple[str | int, ...]
_KINDS: Final = {dict: "a mapping", list: "a list", str: "a text", bool: "true or false", int: "a whole number"}
_DIVIDER = re.compile(r"^---(?=\s|\Z)", re.MULTILINE)
_SPACE = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class Entry:
    """A value of a document, with the means to say where a fault stands; an absent value is None."""

    value: Any
    file: str
    path: _Path = ()
    locate: Callable[[_Path], tuple[int, int]] = field(default=lambda path: (1, 1), repr=False)

    def fault(self, message: str, hint: str | None = None) -> SpecError:
        """The error for a fault of this value."""
        return fault(self.file, *self.locate(self.path), message, hint=hint, what=WHAT)

    def at(self, step: str | int) -> Entry:
        """What stands under a key of a mapping, or at a place of a list; of nothing comes nothing."""
        inside: Any = None
        if isinstance(step, int):
            inside = self.value[step]
        elif self.value is not None:
            inside = self._is(dict).get(step)
        return Entry(inside, self.file, (*self.path, step), self.locate)

    def items(self) -> list[Entry]:
        """The entries of a list."""
        return [self.at(i) for i in range(len(self._is(list)))] if self.value is not None else []

    def pairs(self) -> list[tuple[str, Entry]]:
        """The entries of a mapping."""
        pairs = [(key, self.at(key)) for key in self._is(dict)] if self.value is not None else []
        for key, value in pairs:
            if not key or not key.isprintable():
                raise value.fault(f"{shown(key)} can't be a name: it needs printable characters")
        return pairs

    def text(self, default: str | None = None) -> str:
        """A text without control characters; without a default it must be there, and not empty."""
        if self.value is None and default is not None:
            return default
        if self.value is None:
            raise self.fault(f"`{self.path[-1]}` is missing")
        text: str = self._is(str)
        if not text.isprintable() or (default is None and not text):
            raise self.fault(f"{shown(text)} can't be `{self.path[-1]}`: it needs printable characters")
        return text

    def texts(self) -> tuple[str, ...]:
        """The texts of a list."""
        return tuple(item.text("") for item in self.items())

    def labels(self) -> dict[str, str]:
        """Texts by name."""
        return {key: value.text("") for key, value in self.pairs()}

    def integer(self, default: int, low: int = 0, high: int = 2**31) -> int:
        """A whole number from `low` to `high`, by default of 32 bits."""
        if self.value is None:
            return default
        if not low <= self._is(int) <= high:
            raise self.fault(f"`{self.path[-1]}` is from {low} to {high}")
        return int(self.value)

    def flag(self) -> bool:
        """True or false; false where it is absent."""
        return self.value is not None and bool(self._is(bool))

    def _is(self, kind: type) -> Any:
        if type(self.value) is not kind:
            subject = f"`{self.path[-1]}`" if self.path and isinstance(self.path[-1], str) else "what stands here"
            raise self.fault(f"{subject} should be {_KINDS[kind]}")
        return self.value


def objects_in(text: str, name: str) -> Iterator[tuple[str, Entry]]:
    """Kind and content of every object, those in lists one by one.

    Raises
    ------
    SpecError
        For a text that is neither JSON nor YAML, or holds something else than objects.
    """
    text = text.removeprefix("\ufeff")
    documents = list(_json(text, name) if text.lstrip()[:1] in ("{", "[") else _yaml(text, name))
    if not documents:
        raise fault(name, 1, 1, "the file is empty", hint=COMMAND, what=WHAT)
    for document in documents:
        yield from _objects(document, "")


def _objects(entry: Entry, otherwise: str) -> Iterator[tuple[str, Entry]]:
    """The objects of an entry; those in a list of one kind (`NodeList`) need not say theirs."""
    if isinstance(entry.value, list):
        for item in entry.items():
            yield from _objects(item, otherwise)
        return
    kind = entry.at("kind").text(otherwise or None)
    if kind.endswith("List") and "items" in entry.value:
        for item in entry.at("items").items():
            yield from _objects(item, kind.removesuffix("List"))
        return
    yield kind, entry


def _json(text: str, name: str) -> Iterator[Entry]:
    """JSON values, one after the other."""
    decoder = json.JSONDecoder()
    start = _end_of_space(text, 0)
    while start < len(text):
        try:
            value, end = decoder.raw_decode(text, start)
        except json.JSONDecodeError as error:
            message = f"it is no JSON: {error.msg[:1].lower()}{error.msg[1:]}"
            hint = "the file may be cut off" if error.pos >= len(text.rstrip()) else None
            raise fault(name, error.lineno, error.colno, message, what=WHAT, hint=hint) from None
        except RecursionError:
            raise fault(name, *too_deep(text, 500), "it is nested too deeply", what=WHAT) from None
        except ValueError:  # an integer of more digits than Python converts
            long = re.search("[0-9]{640,}", text[start:])  # 640 digits is the least limit that Python can be set to
            at = line_and_column(text, start + (long.start() if long else 0))
            raise fault(name, *at, "a number has too many digits", what=WHAT) from None
        yield Entry(value, name, (), _json_places(text, start, end))
        start = _end_of_space(text, end)


def _end_of_space(text: str, start: int) -> int:
    match = _SPACE.match(text, start)
    return match.end() if match else start


def _json_places(text: str, start: int, end: int) -> Callable[[_Path], tuple[int, int]]:
    def locate(path: _Path) -> tuple[int, int]:
        first_line, first_column = line_and_column(text, start)
        piece = text[start:end]
        # What is missing has no place: that of the nearest thing around it.
        found = (place(piece, path[:n]) for n in range(len(path), 0, -1))
        line, column = next((mark for mark in found if mark != (1, 1)), (1, 1))
        return first_line + line - 1, column + (first_column - 1 if line == 1 else 0)

    return locate


def _yaml(text: str, name: str) -> Iterator[Entry]:
    """YAML documents; empty ones are left out."""
    starts = [0, *(match.start() for match in _DIVIDER.finditer(text) if match.start())]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        # Behind as many empty lines as there are lines before, so that every place is that in the file.
        piece = "\n" * text.count("\n", 0, start) + text[start:end]
        try:
            value = load_yaml(piece.encode("utf-8", "replace"), name)
        except SpecError as error:
            (found,) = error.diagnostics
            line, column = (found.location.line, found.location.column) if found.location else (None, None)
            line = min(line or 1, piece.count("\n") + 1)  # the end of a file may be told as a line below it
            raise fault(name, line, column or 1, found.message, what=WHAT, hint=found.hint) from None
        if value is not None:
            yield Entry(value, name, (), _yaml_places(value, piece, name))


def _yaml_places(value: Any, piece: str, name: str) -> Callable[[_Path], tuple[int, int]]:
    def locate(path: _Path) -> tuple[int, int]:
        from qamctl.spec.locate import places_in

        found = places_in(value, piece, name, Path(), False)([path])[0]
        return found.line or 1, found.column or 1

    return locate


def all_objects(files: Sequence[tuple[str, str]]) -> Iterator[tuple[str, Entry]]:
    """Kind and content of every object in several files, given as name and text."""
    for name, text in files:
        yield from objects_in(text, name)
