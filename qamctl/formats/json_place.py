"""Where a value stands in a JSON text: `json` keeps no positions, so a fault is looked up afterwards."""

from __future__ import annotations

import json
import re

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def place(text: str, path: tuple[str | int, ...]) -> tuple[int, int]:
    """Line and column, from 1, of the value at `path` in a valid JSON text; of the text's start where there is none."""
    here: list[str | int] = []
    key_next = False
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token in "}]":
            here.pop()
            key_next = False
        elif token == ",":
            last = here[-1]
            if isinstance(last, int):
                here[-1] = last + 1
            key_next = isinstance(last, str)
        elif token == ":":
            key_next = False
        elif key_next:
            here[-1] = str(json.loads(token))
        else:
            if tuple(here) == path:
                return line_and_column(text, match.start())
            if token == "{":
                here.append("")
                key_next = True
            elif token == "[":
                here.append(0)
    return 1, 1


def too_deep(text: str, depth: int) -> tuple[int, int]:
    """Line and column of the first bracket that stands deeper than `depth`; of the text's start where none does."""
    now = 0
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token in "{[":
            now += 1
            if now > depth:
                return line_and_column(text, match.start())
        elif token in "}]":
            now -= 1
    return 1, 1


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of a character."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
