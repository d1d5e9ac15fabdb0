"""Reads long runs of plain flow rows (`- {id: t1, duration: 3}`) at the speed of JSON.

Large problem files are made of such rows, one a line, and libyaml spends a microsecond on each of their
tokens. Rows in which YAML and JSON differ only by the quotes around words are rewritten as JSON; the rest of
the file goes to the YAML loader with a marker in place of each run. Nothing is guessed: where a run does not
rewrite into valid JSON it stays YAML, and where anything at all is odd (a marker that does not come back as
an item of a top-level list, a fault anywhere) the caller reads the whole file as YAML.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from qamctl.errors import SpecError
from qamctl.spec.yaml_text import CONSTANTS, load_yaml

#: Texts shorter than this are read fast enough as they are, and so are shorter runs of rows.
LEAST_TEXT: Final = 50_000
LEAST_ROWS: Final = 64

#: Opens a marker; no file can hold it, since control characters and escapes keep a file from this path.
_MARK: Final = "\x02"

_PLAIN = r"[A-Za-z0-9_.\-, :]*+"
_ROW = rf"- \{{{_PLAIN}(?:(?:\{{{_PLAIN}\}}|\[{_PLAIN}\]){_PLAIN})*+\}}\n"
_RUN = re.compile(rf"^( *){_ROW}(?:\1{_ROW}){{{LEAST_ROWS},}}+", re.MULTILINE)
_PIECES = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*|[^A-Za-z_]+").findall
_ODD = re.compile(r":(?! )|[0-9]{18}").search


class _Quoted(dict[str, str]):
    """Pieces of a row as JSON: words in quotes, constants as they are called there, the rest unchanged."""

    def __missing__(self, piece: str) -> str:
        text = piece
        if piece[0] == "_" or piece[0].isalpha():
            text = json.dumps(CONSTANTS[piece]) if piece in CONSTANTS else f'"{piece}"'
        self[piece] = text
        return text


class _Twice(Exception):
    """A mapping with a duplicate key; the YAML loader tells where."""


def load_rows(text: str, label: str) -> Any | None:
    """Plain data of a YAML file with long runs of flow rows; None where the YAML loader must read it all."""
    if len(text) < LEAST_TEXT or "\\" in text:
        return None
    runs: list[list[Any]] = []
    quoted = _Quoted()

    def replace(match: re.Match[str]) -> str:
        run, indent = match[0], match[1]
        if _ODD(run):
            return run
        rows = run[len(indent) + 2 : -1].replace(f"\n{indent}- ", "\n,")
        try:
            runs.append(json.loads(f"[{''.join(map(quoted.__getitem__, _PIECES(rows)))}]", object_pairs_hook=_mapping))
        except ValueError:
            return run
        return f'{indent}- "\\x02{len(runs) - 1}"\n'

    try:
        rest = _RUN.sub(replace, text)
        data = load_yaml(rest.encode(), label) if runs else None
    except (_Twice, SpecError):
        return None
    return data if type(data) is dict and _insert(data, runs) else None


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise _Twice
    return mapping


def _insert(data: dict[str, Any], runs: list[list[Any]]) -> bool:
    """Put the runs where their markers stand; False where a marker is not an item of a top-level list."""
    found = 0
    for key, value in data.items():
        if type(value) is not list or _MARK not in {item[:1] for item in value if type(item) is str}:
            continue
        rows: list[Any] = []
        for item in value:
            if type(item) is str and item.startswith(_MARK):
                rows += runs[int(item[1:])]
                found += 1
            else:
                rows.append(item)
        data[key] = rows
    return found == len(runs)
