"""Data from Python callers as the plain data that a problem file would hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qamctl.errors import Diagnostic, Location, SpecError
from qamctl.spec.faults import show
from qamctl.spec.source import Path_, Source, dotted
from qamctl.spec.yaml_text import DEPTH


def plain(data: Any, path: Path_ = ()) -> Any:
    """A copy in dicts, lists, texts, numbers, booleans and None; numpy numbers and arrays become plain.

    Raises
    ------
    SpecError
        The data holds something else, a key that is no text, or is nested too deep.
    """
    kind = type(data)
    if kind in (str, int, float, bool) or data is None:
        return data
    if len(path) > DEPTH:
        raise _error(path, f"nested more than {DEPTH} deep")
    if isinstance(data, Mapping):
        for key in data:
            if type(key) is not str:
                raise _error(path, f"a key must be text, found {show(key)}")
        return {key: plain(value, (*path, key)) for key, value in data.items()}
    if hasattr(data, "tolist") and kind.__module__ == "numpy":
        return plain(data.tolist(), path)
    if isinstance(data, str | int | float):  # subclasses, such as enum members
        return next(base(data) for base in (str, int, float) if isinstance(data, base))
    if isinstance(data, Sequence) and not isinstance(data, bytes | bytearray | memoryview):
        return [plain(value, (*path, i)) for i, value in enumerate(data)]
    raise _error(path, f"holds a {kind.__name__}, which no problem file can hold")


def plain_source(data: Mapping[str, Any], name: str, base: Path | None) -> tuple[dict[str, Any], Source]:
    """A spec from Python callers as plain data, and the source that stands for it; see `plain` for errors.

    Parameters
    ----------
    name
        The spec's name where the data gives none.
    base
        The folder of side tables, by default the working directory.
    """
    clean = plain(data)
    text = json.dumps(clean).encode()
    return clean, Source(name, None, text, hashlib.sha256(text).hexdigest(), {}, base or Path())


def _error(path: Path_, message: str) -> SpecError:
    where = Location(dotted(path) or "the spec")
    return SpecError("the data is not a valid spec: 1 fault", [Diagnostic(message, where)])
