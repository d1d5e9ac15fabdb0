"""dimod's CQM files, version 2.0: a zip archive with an expression for the objective and for each constraint.

Only what a binary model holds is taken: binary and spin variables, integers between 0 and 1, hard linear constraints.
The layout is documented at `dimod.ConstrainedQuadraticModel.to_file`.
"""

from __future__ import annotations

import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from qamctl.formats.faults import shown
from qamctl.formats.models.binary import Bytes, labels_of
from qamctl.formats.models.build import Objective, Rows, difference
from qamctl.formats.models.labels import Numbered
from qamctl.formats.models.limits import CONSTRAINTS, CQM_FILES, SIZE, too_many_variables
from qamctl.formats.models.parsed import Parsed
from qamctl.qubo.model import EQ, GE, LE, Floats, Ints

_SENSES: Final = {b"<=": LE, b"==": EQ, b">=": GE}
_VARTYPES: Final = ("binary", "spin", "integer", "real")
_VARIABLE: Final = np.dtype([("vartype", "i1"), ("low", "<f8"), ("high", "<f8")])
_BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, RuntimeError,
    KeyError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Expression:
    """offset + linear over variables + weight over pairs; indices are those of the model."""

    index: Ints
    linear: Floats
    row: Ints
    col: Ints
    weight: Floats
    offset: float


class _Archive:
    """The files of the archive, unpacked one at a time, none larger than all of them may be together."""

    def __init__(self, raw: bytes, cursor: Bytes) -> None:
        self._cursor = cursor
        if raw.count(b"PK\x01\x02") > CQM_FILES:
            raise cursor.fault(f"it holds more than {CQM_FILES:,} files", "a model of so many constraints is not taken")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(raw))
        except _BROKEN as error:
            raise cursor.fault(f"its archive cannot be opened: {_reason(error)}") from None
        self._files = {info.filename: info for info in self._zip.infolist()}
        if sum(info.file_size for info in self._files.values()) > SIZE:
            raise cursor.fault(f"it unpacks to more than {SIZE // 2**20} MB", "split the problem")

    def names(self) -> Sequence[str]:
        return list(self._files)

    def find(self, name: str) -> bytes | None:
        """The content of a file; None where it is not there."""
        info = self._files.get(name)
        if info is None:
            return None
        try:
            with self._zip.open(info) as stream:
                return stream.read(info.file_size)
        except _BROKEN as error:
            raise self._cursor.fault(f"{shown(name)} cannot be unpacked: {_reason(error)}") from None

    def get(self, name: str) -> bytes:
        content = self.find(name)
        if content is None:
            raise self._cursor.fault(f"{shown(name)} is missing from its archive")
        return content


def _reason(error: Exception) -> str:
    return shown((str(error).splitlines() or [type(error).__name__])[0], 100)


def read(raw: bytes, label: str) -> Parsed:
    """The objective and the constraints of a CQM file.

    Raises
    ------
    SpecError
        The file is damaged, cut off or of another version, or holds what no binary linear model does: each named.
    """
    cursor = Bytes(raw, label, "cqm")
    header, _ = cursor.header(b"DIMODCQM", ((2, 0),))
    archive = _Archive(raw, cursor)
    n = header.get("num_variables")
    if not isinstance(n, int) or isinstance(n, bool) or n < 0:
        raise cursor.fault("the header does not say how many variables there are")
    complaint = too_many_variables(n)
    if complaint:
        raise cursor.fault(complaint, None)
    packed = Bytes(archive.get("varinfo"), label, "cqm", "varinfo").section(b"VTYP")
    variables = Bytes(packed, label, "cqm", "varinfo").array(_VARIABLE, n, "the list of variables")
    named = archive.find("variable_labels.json")
    labels = Numbered(n) if named is None else labels_of(cursor, cursor.json(named, "the list of labels"), n)
    spin = _checked(variables, labels, cursor)
    found = _expression(archive.get("objective"), label, "the objective", n)
    linear = np.zeros(n)
    np.add.at(linear, found.index, found.linear)
    objective = Objective(linear, found.row, found.col, found.weight, found.offset, spin if spin.any() else None)
    return Parsed(objective, _rows(archive, cursor, label, n), labels)


def _checked(variables: np.ndarray, labels: Sequence[str], cursor: Bytes) -> np.ndarray:
    """[n] whether a variable is a spin; what is neither spin nor binary is refused."""
    vartype, low, high = variables["vartype"], variables["low"], variables["high"]
    bad = (vartype < 0) | (vartype > 1)
    bad &= ~((vartype == 2) & (low == 0) & (high == 1))
    if bad.any():
        at = int(np.flatnonzero(bad)[0])
        kind = _VARTYPES[vartype[at]] if 0 <= vartype[at] < len(_VARTYPES) else "unknown"
        what = f"the variable {shown(labels[at])} is {kind}, between {low[at]:g} and {high[at]:g}"
        hint = "write an integer in bits: `dimod.generators.binary_encoding(label, upper_bound)`"
        raise cursor.fault(f"{what}; a model here is binary", hint)
    spin: np.ndarray = vartype == 1
    return spin


def _expression(raw: bytes, label: str, part: str, n: int) -> _Expression:
    cursor = Bytes(raw, label, "cqm", part)
    header, _ = cursor.header(b"DIMODEXPR", ((2, 0),))
    own, pairs = cursor.shape(header)
    bias, itype = cursor.dtype(header, "dtype", "f"), cursor.dtype(header, "itype", "iu")

    def inner(name: bytes, length: int = 4) -> Bytes:
        return Bytes(cursor.section(name, length), label, "cqm", part)

    index = inner(b"INDX").array(itype, own, "the list of variables").astype(np.int64)
    offset = float(inner(b"OFFS").array(bias, 1, "the offset")[0])
    linear = inner(b"LINB").array(bias, own, "the linear biases").astype(float)
    pair = np.dtype([("u", itype), ("v", itype), ("bias", bias)])
    quadratic = inner(b"QUAD", 8).array(pair, pairs, "the couplings")
    u, v = quadratic["u"].astype(np.int64), quadratic["v"].astype(np.int64)
    for indices, most in ((index, n), (u, own), (v, own)):
        if len(indices) and not 0 <= int(indices.min()) <= int(indices.max()) < most:
            raise cursor.fault("it names a variable that is not there")
    weight = quadratic["bias"].astype(float)
    if not (np.isfinite(linear).all() and np.isfinite(weight).all() and np.isfinite(offset)):
        raise cursor.fault("a bias is not a finite number", "remove it, or set it to a number")
    return _Expression(index, linear, index[u], index[v], weight, offset)


def _rows(archive: _Archive, cursor: Bytes, label: str, n: int) -> Rows:
    """The constraints in the order of the archive."""
    matches = (re.fullmatch(r"constraints/(.+)/lhs", name, re.DOTALL) for name in archive.names())
    names = [match[1] for match in matches if match]
    if len(names) > CONSTRAINTS:
        raise cursor.fault(f"{len(names):,} constraints are more than the {CONSTRAINTS:,} that are taken", None)
    parts: list[_Expression] = []
    senses, rhs, titles, discrete = [], [], [], []
    for name in names:
        folder, title = f"constraints/{name}", _title(name, cursor)
        part = f"the constraint {title}"
        if archive.find(f"{folder}/weight") is not None:
            hint = "add its penalty to the objective, or make it hard: leave out `weight`"
            raise cursor.fault(f"{part} is soft", hint)
        found = _expression(archive.get(f"{folder}/lhs"), label, part, n)
        if (found.weight != 0).any():
            hint = "replace each product by a variable with linear constraints of its own, or move it to the objective"
            raise cursor.fault(f"{part} is quadratic", hint)
        sense = archive.get(f"{folder}/sense")
        if sense not in _SENSES:
            raise cursor.fault(f"{part} has no sense: one of <=, ==, >=")
        right = float(Bytes(archive.get(f"{folder}/rhs"), label, "cqm", part).array(np.dtype("<f8"), 1, "rhs")[0])
        if not np.isfinite(right):
            raise cursor.fault(f"the right side of {part} is not a finite number", "remove the constraint")
        parts.append(found)
        senses.append(_SENSES[sense])
        rhs.append(difference(right, found.offset))
        titles.append(title)
        discrete.append(any(archive.find(f"{folder}/discrete") or b""))
    return Rows(
        np.cumsum([0, *(len(part.index) for part in parts)]).astype(np.int64),
        np.concatenate([np.zeros(0, np.int64), *(part.index for part in parts)]),
        np.concatenate([np.zeros(0), *(part.linear for part in parts)]),
        np.array(senses, np.int64),
        np.array(rhs, float),
        titles,
        np.array(discrete, bool),
    )


def _title(name: str, cursor: Bytes) -> str:
    """The label of a constraint as text; it stands in the archive as JSON."""
    return labels_of(cursor, [cursor.json(name.encode("utf-8", "replace"), "the label of a constraint")], 1)[0]
