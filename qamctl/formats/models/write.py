"""Writes a model in the formats that others read: whole columns at once, the same bytes for the same model."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from qamctl.errors import UsageError
from qamctl.formats.models import TARGETS, Sense
from qamctl.formats.models.build import sums
from qamctl.formats.models.content import Content, constraints_of
from qamctl.formats.models.labels import Numbered
from qamctl.formats.models.notes import note_lines
from qamctl.formats.models.write_dimod import write_bqm, write_cqm
from qamctl.formats.models.write_lp import write_lp
from qamctl.qubo.model import Floats, Model

if TYPE_CHECKING:
    from qamctl.qubo.compile import Compiled


def write(
    model: Model | Compiled,
    to: str,
    sense: Sense,
    labels: Sequence[str] | None,
    row_names: Sequence[str],
    group_names: Sequence[str],
) -> bytes:
    """See `write_model`."""
    if to not in TARGETS:
        raise UsageError(f"There is no format `{to}` to write: there are {', '.join(TARGETS)}")
    constraints = constraints_of(model, row_names, group_names)
    if len(constraints.sense) and to not in ("cqm", "lp"):
        hint = "compile it to a penalty QUBO first, or write cqm or lp"
        raise UsageError(f"{TARGETS[to]} can't hold the {len(constraints.sense)} constraints of the model: {hint}")
    if labels is None:
        labels = model.labels
    if len(labels) != model.n:
        labels = Numbered(model.n)
    sign = -1.0 if sense == "max" else 1.0
    content = Content(
        model.n, sign * model.linear + 0.0, model.row.astype(np.int64), model.col.astype(np.int64),
        sign * model.weight, sign * float(model.offset) + 0.0, labels, sense, constraints,
    )  # fmt: skip
    if to == "qubo":
        return _qubo(content)
    return {"ising": _ising, "bqm": write_bqm, "cqm": write_cqm, "lp": write_lp}[to](content)


def texts(values: Floats) -> Iterable[str]:
    """Each number as the shortest text that reads back as the same one, without a point where it is whole."""
    whole = values.astype(np.int64) if len(values) and np.abs(values).max() < 2.0**53 else None
    if whole is not None and (whole == values).all():
        return map(str, whole.tolist())
    return map(repr, values.tolist())


def _qubo(content: Content) -> bytes:
    """D-Wave's .qubo text; names stand in comments behind the terms."""
    own = np.flatnonzero(content.linear)
    numbered = content.is_numbered
    head = [
        *note_lines("c", offset=content.offset, sense=None if content.sense == "min" else content.sense),
        f"p qubo 0 {content.n} {len(own)} {len(content.row)}",
    ]
    nodes = own.tolist()
    parts = (
        head,
        map("%d %d %s".__mod__, zip(nodes, nodes, texts(content.linear[own]), strict=True)),
        map("%d %d %s".__mod__, zip(content.row.tolist(), content.col.tolist(), texts(content.weight), strict=True)),
        () if numbered else note_lines("c", names=((str(i), name) for i, name in enumerate(content.labels))),
    )
    return "".join("\n".join(part) + "\n" for part in map(list, parts) if part).encode("ascii")


def _ising(content: Content) -> bytes:
    """Spins s = 2 x - 1, in the JSON that dimod's `from_serializable` reads."""
    quarter = content.weight / 4
    field = content.linear / 2 + sums(content.row, quarter, content.n) + sums(content.col, quarter, content.n)
    offset = content.offset + float(content.linear.sum()) / 2 + float(quarter.sum())
    data = {
        "type": "BinaryQuadraticModel",
        "version": {"bqm_schema": "3.0.0"},
        "use_bytes": False,
        "index_type": "int32",
        "bias_type": "float64",
        "num_variables": content.n,
        "num_interactions": len(content.row),
        "variable_labels": content.json_labels(),
        "variable_type": "SPIN",
        "offset": offset,
        "info": {},
        "linear_biases": field.tolist(),
        "quadratic_biases": quarter.tolist(),
        "quadratic_head": content.row.tolist(),
        "quadratic_tail": content.col.tolist(),
    }
    return json.dumps(data).encode("ascii") + b"\n"
