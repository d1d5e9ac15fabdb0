"""A cursor over the bytes of dimod's binary files, which never believes a count that the bytes do not bear out.

dimod's own loaders take the counts and indices of a file on trust, down to C++; a damaged file can take a process
with it. The layout is documented at `dimod.BinaryQuadraticModel.to_file`: a magic word, two bytes of version, the
length of a JSON header, the header, then arrays.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from qamctl.errors import SpecError
from qamctl.formats.faults import fault, shown
from qamctl.formats.models.detect import FORMATS
from qamctl.formats.models.labels import Numbered
from qamctl.spec.cells import read_name
from qamctl.spec.faults import Refusal

#: Names of number types that a header may give.
TYPES: Final[Mapping[str, str]] = {
    "float64": "<f8", "float32": "<f4", "int64": "<i8", "int32": "<i4", "int16": "<i2", "int8": "<i1",
    "uint64": "<u8", "uint32": "<u4", "uint16": "<u2", "uint8": "<u1",
}  # fmt: skip

_CUT = "the file may be cut off or damaged: write it again"


class Bytes:
    """The bytes of a file, taken from front to back.

    Parameters
    ----------
    format
        A key of `FORMATS`, for messages.
    part
        What the bytes are a part of, for messages.
    """

    def __init__(self, raw: bytes, label: str, format: str, part: str = "") -> None:
        self.raw, self.label, self.format, self.part = raw, label, format, part
        self.at = 0

    def fault(self, message: str, hint: str | None = _CUT) -> SpecError:
        """The error for a fault; binary files have no lines."""
        where = f"in {self.part}, " if self.part else ""
        return fault(self.label, None, None, where + message, hint=hint, what=FORMATS[self.format])

    def take(self, count: int, meaning: str) -> memoryview:
        """The next bytes."""
        left = len(self.raw) - self.at
        if not 0 <= count <= left:
            raise self.fault(f"byte {self.at}: {meaning} needs {count} bytes, and {left} are left")
        self.at += count
        return memoryview(self.raw)[self.at - count : self.at]

    def array(self, dtype: np.dtype[Any], count: int, meaning: str) -> np.ndarray:
        """The next `count` items."""
        return np.frombuffer(self.take(dtype.itemsize * count, meaning), dtype)

    def header(self, magic: bytes, versions: Sequence[tuple[int, int]]) -> tuple[dict[str, Any], tuple[int, int]]:
        """The JSON header and the version."""
        if bytes(self.take(len(magic), "the magic word")) != magic:
            raise self.fault(f"it does not begin with {magic.decode()}", None)
        major, minor = self.take(2, "the version")
        if (major, minor) not in versions:
            known = ", ".join(f"{a}.{b}" for a, b in versions)
            raise self.fault(f"version {major}.{minor} is not known", f"write it with a dimod that writes {known}")
        length = int.from_bytes(self.take(4, "the length of the header"), "little")
        data = self.json(self.take(length, "the header"), "the header")
        if not isinstance(data, dict):
            raise self.fault("the header is not a JSON object")
        return data, (major, minor)

    def section(self, name: bytes, length_bytes: int = 4) -> bytes:
        """The content of a named section."""
        meaning = f"the section {name.decode()}"
        if bytes(self.take(len(name), meaning)) != name:
            raise self.fault(f"byte {self.at - len(name)}: {meaning} is missing")
        length = int.from_bytes(self.take(length_bytes, meaning), "little")
        return bytes(self.take(length, meaning))

    def json(self, raw: bytes | memoryview, meaning: str) -> Any:
        """JSON in some of the bytes."""
        try:
            return json.loads(bytes(raw).decode("utf-8"))
        except (ValueError, RecursionError):
            raise self.fault(f"{meaning} is not valid JSON") from None

    def shape(self, data: Mapping[str, Any]) -> tuple[int, int]:
        """The numbers of variables and interactions in a header; counts are bounded by the bytes that are left."""
        match data.get("shape"):
            case [int(n), int(m)] if 0 <= n <= len(self.raw) and 0 <= m <= len(self.raw):
                return n, m
            case other:
                raise self.fault(f"the shape {shown(json.dumps(other))} in the header does not fit the file's length")

    def dtype(self, data: Mapping[str, Any], key: str, kinds: str) -> np.dtype[Any]:
        """A number type that the header names; `kinds` are the first letters of those allowed."""
        name = data.get(key)
        if not isinstance(name, str) or name not in TYPES or name[0] not in kinds:
            raise self.fault(f"the header gives {shown(json.dumps(name))} as {key}", f"known are {', '.join(TYPES)}")
        return np.dtype(TYPES[name])


def labels_of(cursor: Bytes, data: Any, n: int) -> Sequence[str]:
    """The texts of dimod's labels: numbers as digits, tuples as Python writes them.

    Raises
    ------
    SpecError
        There are more or fewer than n, or two have the same text.
    """
    if not isinstance(data, list) or len(data) != n:
        raise cursor.fault(f"there are {n} variables, and not as many labels")
    try:
        labels = [_label(item) for item in data]
    except Refusal as refusal:
        raise cursor.fault(f"a label {refusal.message}", "rename the variable: `bqm.relabel_variables`") from None
    except RecursionError:
        raise cursor.fault("a label is nested too deeply", "rename the variable: `bqm.relabel_variables`") from None
    if len(set(labels)) < n:
        twice = Counter(labels).most_common(1)[0][0]
        raise cursor.fault(f"two variables are called {shown(twice)}", "give every variable a name of its own")
    return Numbered(n) if labels == list(Numbered(n)) else labels


def _label(item: Any) -> str:
    if isinstance(item, str):
        return read_name(item, True)
    return read_name(str(_tuples(item)), True)


def _tuples(item: Any) -> Any:
    return tuple(map(_tuples, item)) if isinstance(item, list) else item
