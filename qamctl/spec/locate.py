"""Finds the line and column of fields by reading the file a second time, following only the fields asked for.

Positions are needed for faults alone, so the reader keeps none of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qamctl.errors import Location
from qamctl.spec.json_text import tokens
from qamctl.spec.source import Path_
from qamctl.spec.table import table_places
from qamctl.spec.yaml_text import events

Mark = tuple[int, int]


@dataclass(slots=True)
class _Step:
    """One event of either syntax: open a mapping or a list, close one, a scalar, an alias."""

    what: str  # "{", "[", "end", "scalar"
    mark: Mark
    text: str = ""


def places_in(
    data: Mapping[str, Any], text: str, label: str, base: Path, is_json: bool
) -> Callable[[Sequence[Path_]], list[Location]]:
    """The `places` of a source: fields of the file itself, and cells of its side tables."""

    def places(paths: Sequence[Path_]) -> list[Location]:
        marks = _marks(text, is_json or _is_json(text), set(paths) | {path[:1] for path in paths})
        found: list[Location] = []
        cells = _table_cells(data, label, base, paths, marks)
        for path in paths:
            mark = next((marks[path[:n]] for n in range(len(path), -1, -1) if path[:n] in marks), (1, 1))
            found.append(cells.get(path) or Location(label, *mark))
        return found

    return places


def _is_json(text: str) -> bool:
    if not text.lstrip().startswith("{"):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _table_cells(
    data: Mapping[str, Any], label: str, base: Path, paths: Sequence[Path_], marks: Mapping[Path_, Mark]
) -> dict[Path_, Location]:
    """The places of those paths that lie in a side table or in CSV text."""
    wanted: dict[Path_, list[Path_]] = {}
    holders: dict[Path_, dict[str, Any]] = {}
    for path in paths:
        inside = _table_around(data, path)
        if inside is not None:
            at, holder = inside
            holders[at] = holder
            wanted.setdefault(at, []).append(path)
    found: dict[Path_, Location] = {}
    for at, mine in wanted.items():
        holder = holders[at]
        rest = [path[len(at) :] for path in mine]
        cells = [(int(way[0]), str(way[1]) if len(way) > 1 else None) for way in rest]
        inline = "csv" in holder
        file = label if inline or label == "<stdin>" else str(Path(label).parent / holder["table"])
        above, _ = marks.get((*at, "csv"), (0, 0)) if inline else (0, 0)
        for path, (line, cell) in zip(mine, table_places(base, holder, cells), strict=True):
            found[path] = Location(file, line and above + line, None if inline else cell)
    return found


def _table_around(data: Mapping[str, Any], path: Path_) -> tuple[Path_, dict[str, Any]] | None:
    """The table whose rows the path leads into, and the way to it; None where it leads into none."""
    value: Any = data
    for n, part in enumerate(path):
        if not isinstance(value, dict):
            return None
        if isinstance(part, int):
            return (path[:n], value) if isinstance(value.get("csv", value.get("table")), str) else None
        value = value.get(part)
    return None


def _marks(text: str, is_json: bool, wanted: set[Path_]) -> dict[Path_, Mark]:
    """Line and column of the wanted paths and of everything around them: keys of mappings, items of lists."""
    prefixes = {path[:n] for path in wanted for n in range(len(path) + 1)}
    prefixes |= {(*prefix, "csv") for prefix in prefixes if prefix}
    marks: dict[Path_, Mark] = {}
    stack: list[tuple[Path_ | None, str, int]] = []  # path of the container or None, its kind, items so far
    key: str | int | None = None
    for step in _json_steps(text) if is_json else _yaml_steps(text):
        if step.what == "end":
            stack.pop()
            key = None
            continue
        path: Path_ | None = ()
        if stack:
            outer, kind, items = stack[-1]
            if kind == "{" and key is None:
                if step.what == "scalar":
                    key = step.text
                    if outer is not None and (*outer, key) in prefixes:
                        marks[*outer, key] = step.mark
                    continue
                key = ""  # a key that is no text was refused before; keep in step
            if kind == "[":
                key, stack[-1] = items, (outer, kind, items + 1)
            path = (*outer, key) if outer is not None and key is not None and (*outer, key) in prefixes else None
        if path is not None:
            marks.setdefault(path, step.mark)
        key = None
        if step.what in "{[":
            stack.append((path, step.what, 0))
    return marks


def _yaml_steps(text: str) -> Iterator[_Step]:
    import yaml
    from yaml.events import (
        AliasEvent,
        MappingEndEvent,
        MappingStartEvent,
        ScalarEvent,
        SequenceEndEvent,
        SequenceStartEvent,
    )

    what = {
        MappingStartEvent: "{", SequenceStartEvent: "[", MappingEndEvent: "end", SequenceEndEvent: "end",
        ScalarEvent: "scalar", AliasEvent: "scalar",
    }  # fmt: skip
    next_event = events(text.encode())
    try:
        while (event := next_event()) is not None:
            kind = what.get(type(event))
            if kind is not None:
                mark = (event.start_mark.line + 1, event.start_mark.column + 1)
                yield _Step(kind, mark, event.value if type(event) is ScalarEvent else "")
    except yaml.YAMLError:
        return


def _json_steps(text: str) -> Iterator[_Step]:
    for token in tokens(text):
        if token.text in ":,":
            continue
        mark = (token.line, token.column)
        if token.text in "{[":
            yield _Step(token.text, mark)
        elif token.text in "}]":
            yield _Step("end", mark)
        else:
            yield _Step("scalar", mark, json.loads(token.text) if token.text.startswith('"') else token.text)
