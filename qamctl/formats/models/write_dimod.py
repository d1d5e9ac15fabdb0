"""Writes dimod's binary files, BQM 2.0 and CQM 2.0; what they hold is said at `bqm_file` and `cqm_file`."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from qamctl.errors import UnsupportedError
from qamctl.formats.models.content import Constraints, Content
from qamctl.formats.models.limits import CQM_FILES
from qamctl.qubo.model import EQ, GE, LE, Floats, Ints

_SENSES: Final = {LE: b"<=", EQ: b"==", GE: b">="}


def write_bqm(content: Content) -> bytes:
    """A BQM file of binary variables: each coupling stands in the rows of both its variables."""
    low, high = np.concatenate([content.row, content.col]), np.concatenate([content.col, content.row])
    order = np.lexsort((high, low))
    ends = np.zeros(len(low), [("other", "<i4"), ("bias", "<f8")])
    ends["other"], ends["bias"] = high[order], np.concatenate([content.weight, content.weight])[order]
    nodes = np.zeros(content.n, [("first", "<i4"), ("bias", "<f8")])
    degree = np.bincount(low, minlength=content.n)
    nodes["first"], nodes["bias"] = np.cumsum(degree) - degree, content.linear
    header = {
        "dtype": "float64", "itype": "int32", "ntype": "int32", "shape": [content.n, len(content.row)],
        "type": "BinaryQuadraticModel", "variables": not content.is_numbered, "vartype": "BINARY",
    }  # fmt: skip
    parts = [_header(b"DIMODBQM", header), np.float64(content.offset).tobytes(), nodes.tobytes(), ends.tobytes()]
    if not content.is_numbered:
        parts.append(_section(b"VARS", json.dumps(list(content.labels)).encode("ascii")))
    return b"".join(parts)


def write_cqm(content: Content) -> bytes:
    """A CQM file: groups are its discrete constraints.

    Raises
    ------
    UnsupportedError
        It would hold more constraints than are read back.
    """
    constraints = content.constraints
    _refuse_many(constraints, 3 if not content.is_numbered else 2)
    biases = content.n + len(content.row) + len(constraints.index)
    header = {
        "num_biases": biases, "num_constraints": len(constraints.rhs), "num_linear_biases_real": 0,
        "num_quadratic_variables": 0, "num_quadratic_variables_real": 0, "num_variables": content.n,
        "num_weighted_constraints": 0,
    }  # fmt: skip
    out = io.BytesIO()
    out.write(_header(b"DIMODCQM", header))
    variables = np.zeros(content.n, [("vartype", "i1"), ("low", "<f8"), ("high", "<f8")])
    variables["high"] = 1.0
    with zipfile.ZipFile(out, "a") as archive:

        def put(name: str, data: bytes) -> None:
            archive.writestr(zipfile.ZipInfo(name), data)  # with the format's first date in place of now

        put("varinfo", _section(b"VTYP", variables.tobytes()))
        if not content.is_numbered:
            put("variable_labels.json", json.dumps(list(content.labels)).encode("ascii"))
        everything = np.arange(content.n)
        put("objective", _expression("ObjectiveView", everything, content.linear, content))
        for r, name in enumerate(constraints.names):
            entries = slice(int(constraints.start[r]), int(constraints.start[r + 1]))
            folder = f"constraints/{json.dumps(name)}"
            lhs = _expression("ConstraintView", constraints.index[entries], constraints.coef[entries].astype(float))
            put(f"{folder}/lhs", lhs)
            put(f"{folder}/rhs", np.float64(constraints.rhs[r]).tobytes())
            put(f"{folder}/sense", _SENSES[int(constraints.sense[r])])
            if r < constraints.groups:
                put(f"{folder}/discrete", b"\1")
    return out.getvalue()


def _refuse_many(constraints: Constraints, others: int) -> None:
    """Refuse an archive of more files than the reader takes; `others` are those that belong to no constraint."""
    count = len(constraints.rhs)
    if 3 * count + constraints.groups + others > CQM_FILES:
        raise UnsupportedError(
            f"a CQM file has no room for the {count:,} constraints of the model: it is an archive of three files for "
            f"each, and at most {CQM_FILES:,} files are read; write it with --to lp, which has room"
        )


def _expression(kind: str, index: Ints, linear: Floats, quadratic: Content | None = None) -> bytes:
    """The file of an expression: the pairs and the offset are those of `quadratic`, if it has any."""
    pairs = np.zeros(0 if quadratic is None else len(quadratic.row), [("u", "<i4"), ("v", "<i4"), ("bias", "<f8")])
    if quadratic is not None:  # dimod lists the lower triangle, row by row
        order = np.lexsort((quadratic.row, quadratic.col))
        pairs["u"], pairs["v"], pairs["bias"] = (
            column[order] for column in (quadratic.col, quadratic.row, quadratic.weight)
        )
    offset = 0.0 if quadratic is None else quadratic.offset
    header = {"dtype": "float64", "itype": "int32", "shape": [len(index), len(pairs)], "type": kind}
    return b"".join(
        (
            _header(b"DIMODEXPR", header),
            _section(b"INDX", index.astype("<i4").tobytes()),
            _section(b"OFFS", np.float64(offset).tobytes()),
            _section(b"LINB", linear.astype("<f8").tobytes()),
            _section(b"QUAD", pairs.tobytes(), 8),
        )
    )


def _header(magic: bytes, data: Mapping[str, Any]) -> bytes:
    """The magic word, version 2.0, and the JSON header, padded to a multiple of 64 bytes."""
    text = json.dumps(data, sort_keys=True).encode("ascii") + b"\n"
    text += b" " * (-(len(magic) + 6 + len(text)) % 64)
    return magic + b"\2\0" + len(text).to_bytes(4, "little") + text


def _section(name: bytes, data: bytes, length_bytes: int = 4) -> bytes:
    """A named section; its padding counts as its content, as dimod has it."""
    data += b" " * (-(len(name) + length_bytes + len(data)) % 64)
    return name + len(data).to_bytes(length_bytes, "little") + data
