"""Reads a problem file into plain data, and refuses what is no problem file before anything else looks at it."""

from __future__ import annotations

import gc
import hashlib
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from qamctl.errors import Diagnostic, Location, SpecError
from qamctl.spec.faults import nearest, show
from qamctl.spec.flow_rows import load_rows
from qamctl.spec.json_text import load_json
from qamctl.spec.source import Source
from qamctl.spec.yaml_text import load_yaml

#: Bytes of a spec or a side table.
SIZE: Final = 256 * 1024 * 1024

#: Bytes that are asked for at once where it is not known how many there are.
PIECE: Final = 1 << 20

#: Every kind of problem file there is.
KINDS: Final = ("schedule", "cluster", "orchestrate", "reason", "model", "hamiltonian", "circuit")

_CONTROL: Final = bytes([*range(9), 11, 12, *range(14, 32), 127])
_ODD_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]").search


def read_source(path: str | Path) -> tuple[dict[str, Any], Source]:
    """Plain data and source of a YAML or JSON file; `-` is standard input.

    Raises
    ------
    SpecError
        The file cannot be read, is too large, is not UTF-8, is not a mapping, or holds what is refused
        (see `yaml_text`).
    """
    if str(path) == "-":
        return parse_source(read_bytes(None, "<stdin>"), "<stdin>", None)
    return parse_source(read_bytes(Path(path), str(path)), str(path), Path(path))


def parse_source(raw: bytes, label: str, file: Path | None) -> tuple[dict[str, Any], Source]:
    """Plain data and source of a YAML or JSON text that was read from `file`, from standard input for None.

    Raises
    ------
    SpecError
        As for `read_source`.
    """
    from qamctl.spec.locate import places_in

    base = Path() if file is None else file.parent
    text = decode(raw, label)
    is_json = file is not None and file.suffix.lower() == ".json"
    with no_collection():
        data = _parse(text, label, is_json)
        _check_text(data, text, label)
    if not isinstance(data, dict):
        found = "nothing" if data is None else "a list" if isinstance(data, list) else show(data)
        hint = "start with `kind: schedule` and `version: 1`"
        where = Location(label, 1, 1)
        raise SpecError(f"{label} cannot be read", [Diagnostic(f"a spec is a mapping, found {found}", where, hint)])
    tables: dict[str, tuple[Path, str]] = {}
    places = places_in(data, text, label, base, is_json)
    return data, Source(label, file, raw, hashlib.sha256(raw).hexdigest(), tables, base, places)


def spec_kind(data: Mapping[str, Any]) -> str:
    """The kind of problem that the data states.

    Raises
    ------
    SpecError
        There is no kind, or none that exists.
    """
    kind = data.get("kind")
    if isinstance(kind, str) and kind in KINDS:
        return kind
    hint = nearest(kind, KINDS) if isinstance(kind, str) else None
    advice = (hint() if callable(hint) else hint) or f"one of {', '.join(KINDS)}"
    message = "`kind` is missing" if "kind" not in data else f"`kind` cannot be {show(kind)}"
    raise SpecError(message, [Diagnostic(message, None, advice)])


def read_bytes(file: Path | None, label: str, most: int | None = None) -> bytes:
    """The bytes of a file, of standard input for None.

    Raises
    ------
    SpecError
        It cannot be read, or has more bytes than `most`, by default `SIZE`.
    """
    most = SIZE if most is None else most
    try:
        if file is None:
            raw = _read(sys.stdin.buffer, PIECE, most + 1)
        else:
            with file.open("rb") as stream:
                raw = _read(stream, os.fstat(stream.fileno()).st_size + 1, most + 1)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise SpecError(f"{label} cannot be read", [Diagnostic(f"cannot be read: {reason}", Location(label))]) from None
    if len(raw) > most:
        message = f"larger than {most // 2**20} MB"
        raise SpecError(f"{label} cannot be read", [Diagnostic(message, Location(label), "split the problem")])
    return raw


def _read(stream: IO[bytes], first: int, most: int) -> bytes:
    """What a stream holds, at most so many bytes; room is made for what comes, not for what might."""
    pieces, left = [stream.read(min(first, most))], most
    while pieces[-1] and (left := left - len(pieces[-1])) > 0:
        pieces.append(stream.read(min(PIECE, left)))
    return b"".join(pieces)


def decode(raw: bytes, label: str) -> str:
    """Text from UTF-8 bytes, without a byte order mark.

    Raises
    ------
    SpecError
        The bytes are not UTF-8, or hold control characters.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message, at, hint = f"byte {raw[error.start]:#04x} is not UTF-8", error.start, "save the file as UTF-8"
    else:
        parts = range(0, len(raw), 2**20)  # one at a time: a copy of a large file costs more than looking at it
        if not any(_holds_control(raw[part : part + 2**20]) for part in parts):
            return text
        at = next(i for i, byte in enumerate(raw) if byte in _CONTROL)
        message, hint = f"control character {raw[at]:#04x}", "the file is no text file, or damaged"
    line_start = raw.rfind(b"\n", 0, at) + 1
    where = Location(label, raw.count(b"\n", 0, at) + 1, len(raw[line_start:at].decode("utf-8", "replace")) + 1)
    raise SpecError(f"{label} cannot be read", [Diagnostic(message, where, hint)])


def _holds_control(raw: bytes) -> bool:
    return len(raw.translate(None, _CONTROL)) != len(raw)


@contextmanager
def no_collection() -> Iterator[None]:
    """Keep the cyclic garbage collector still: walking the growing data again and again costs more than parsing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _parse(text: str, label: str, is_json: bool) -> Any:
    if is_json:
        return load_json(text, label)
    if text.lstrip().startswith("{"):
        try:
            return load_json(text, label)
        except SpecError:
            pass  # YAML flow style starts like this too, and the YAML loader tells where the fault is
    data = load_rows(text, label)
    return load_yaml(text.encode(), label) if data is None else data


def _check_text(data: Any, text: str, label: str) -> None:
    """Refuse what only an escape (`\\u0000`, `\\ud800`) can smuggle into a text."""
    if "\\" not in text:
        return
    level = [data]
    while level:
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner += value
                inner += value.values()
            elif isinstance(value, list):
                inner += value
            elif isinstance(value, str) and _ODD_TEXT(value):
                message = f"a text with a control character: {show(value)}"
                raise SpecError(f"{label} cannot be read", [Diagnostic(message, Location(label))])
        level = inner
