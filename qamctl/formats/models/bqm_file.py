"""dimod's BQM files, versions 1.0 and 2.0: the adjacency of a binary quadratic model, each pair in both rows."""

from __future__ import annotations

import numpy as np

from qamctl.formats.models.binary import Bytes, labels_of
from qamctl.formats.models.build import Objective, Rows
from qamctl.formats.models.labels import Numbered
from qamctl.formats.models.limits import too_many_variables
from qamctl.formats.models.parsed import Parsed


def read(raw: bytes, label: str) -> Parsed:
    """The terms of a BQM file, BINARY or SPIN.

    Raises
    ------
    SpecError
        The bytes are damaged, cut off, or of another version.
    """
    cursor = Bytes(raw, label, "bqm")
    header, version = cursor.header(b"DIMODBQM", ((1, 0), (2, 0)))
    n, pairs = cursor.shape(header)
    complaint = too_many_variables(n)
    if complaint:
        raise cursor.fault(complaint, None)
    vartype = header.get("vartype")
    if vartype not in ("BINARY", "SPIN"):
        raise cursor.fault("the header's vartype is neither BINARY nor SPIN")
    bias = cursor.dtype(header, "dtype", "f")
    offset = float(cursor.array(bias, 1, "the offset")[0])
    start, index = cursor.dtype(header, "ntype", "iu"), cursor.dtype(header, "itype", "iu")
    nodes = cursor.array(np.dtype([("first", start), ("bias", bias)]), n, "the linear biases")
    ends = cursor.array(np.dtype([("other", index), ("bias", bias)]), 2 * pairs if n else 0, "the couplings")
    first = np.append(nodes["first"].astype(np.int64), len(ends))
    other = ends["other"].astype(np.int64)
    if n and (first[0] != 0 or (np.diff(first) < 0).any() or ((other < 0) | (other >= n)).any()):
        raise cursor.fault("its rows of couplings overlap, or name variables that are not there")
    row = np.repeat(np.arange(n), np.diff(first))
    lower = other < row  # each pair stands in both rows
    if int(lower.sum()) != pairs or (row == other).any():
        raise cursor.fault(f"the header announces {pairs} couplings, and the rows hold others")
    linear, weight = nodes["bias"].astype(float), ends["bias"][lower].astype(float)
    if not (np.isfinite(linear).all() and np.isfinite(weight).all() and np.isfinite(offset)):
        raise cursor.fault("a bias is not a finite number", "remove it, or set it to a number")
    named = header.get("variables")
    if version == (1, 0):
        labels = labels_of(cursor, named, n)
    elif named:
        labels = labels_of(cursor, cursor.json(cursor.section(b"VARS"), "the list of labels"), n)
    else:
        labels = Numbered(n)
    spin = np.ones(n, bool) if vartype == "SPIN" else None
    return Parsed(Objective(linear, other[lower], row[lower], weight, offset, spin), Rows(), labels)
