"""What a compiled model says of its constraints: their kinds, their penalty weights, the bits that they took."""

from __future__ import annotations

from typing import Any

import numpy as np

from qamctl.qubo.compile import Compiled
from qamctl.qubo.model import Floats, Model
from qamctl.qubo.penalties import Weights


def constraint_report(model: Model, weights: Weights, compiled: Compiled) -> dict[str, dict[str, Any]]:
    """By kind of constraint: how many, least and largest weight, and the slack bits that they took."""
    out: dict[str, dict[str, Any]] = {}
    groups = len(model.group_start) - 1
    if groups:
        name = "one-hot" if compiled.walls is None else "domain-wall"
        out["one-hot"] = {"count": groups, "weight": _span(weights.groups(groups)), "bits": 0, "encoding": name}
    bits = np.zeros(len(model.con_rhs), np.int64)
    bits[compiled.slack.row] = np.diff(compiled.slack.bit_start)
    for k, kind in enumerate(model.con_kinds):
        mine = model.con_kind == k
        if mine.any():
            out[kind] = {
                "count": int(mine.sum()), "weight": _span(weights.row[mine]), "bits": int(bits[mine].sum()),
            }  # fmt: skip
    return out


def _span(weights: Floats) -> list[int | float]:
    return [int(value) if value.is_integer() else value for value in (float(weights.min()), float(weights.max()))]
