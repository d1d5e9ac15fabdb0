"""A binary quadratic model in dimod's JSON: `json.dumps(bqm.to_serializable())`, spins or binary variables."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from qamctl.errors import SpecError
from qamctl.formats.faults import fault, shown
from qamctl.formats.json_place import place
from qamctl.formats.models.binary import Bytes, labels_of
from qamctl.formats.models.build import Objective, Rows
from qamctl.formats.models.detect import FORMATS
from qamctl.formats.models.labels import Numbered
from qamctl.formats.models.limits import too_many_variables
from qamctl.formats.models.lines import text_of
from qamctl.formats.models.parsed import Parsed
from qamctl.spec.json_text import load_json

_WHAT = FORMATS["json"]
_HINT = "it is what `json.dumps(bqm.to_serializable())` writes"


def read(raw: bytes, label: str) -> Parsed:
    """The terms of a model in dimod's JSON.

    Raises
    ------
    SpecError
        With file, line and column.
    """
    text = text_of(raw, label).decode()
    data = load_json(text, label)

    def wrong(key: str, message: str) -> SpecError:
        held = isinstance(data, dict) and key in data
        return fault(label, *place(text, (key,) if held else ()), message, hint=_HINT, what=_WHAT)

    if not isinstance(data, dict) or data.get("type") != "BinaryQuadraticModel":
        raise wrong("type", "`type` is not BinaryQuadraticModel")
    if data.get("use_bytes"):
        raise wrong("use_bytes", "its arrays are bytes, which JSON does not hold")
    vartype = data.get("variable_type")
    if vartype not in ("BINARY", "SPIN"):
        raise wrong("variable_type", "`variable_type` is neither BINARY nor SPIN")
    linear = _column(data, "linear_biases", "if", wrong).astype(float)
    n = len(linear)
    complaint = too_many_variables(n)
    if complaint:
        raise wrong("linear_biases", complaint)
    weight = _column(data, "quadratic_biases", "if", wrong).astype(float)
    row, col = (_column(data, key, "i", wrong).astype(np.int64) for key in ("quadratic_head", "quadratic_tail"))
    for key, index in (("quadratic_head", row), ("quadratic_tail", col)):
        if len(index) != len(weight):
            raise wrong(key, f"`{key}` has {len(index)} entries, and `quadratic_biases` {len(weight)}")
        if len(index) and not 0 <= int(index.min()) <= int(index.max()) < n:
            raise wrong(key, f"`{key}` holds an index outside 0..{n - 1}")
    for key, count in (("num_variables", n), ("num_interactions", len(weight))):
        if data.get(key, count) != count:
            raise wrong(key, f"`{key}` is {shown(json.dumps(data[key]))}, and {count} follow")
    offset = data.get("offset", 0)
    if isinstance(offset, bool) or not isinstance(offset, int | float):
        raise wrong("offset", "`offset` is not a number")
    named = data.get("variable_labels")
    labels = Numbered(n) if named is None else labels_of(Bytes(raw, label, "json"), named, n)
    spin = np.ones(n, bool) if vartype == "SPIN" else None
    return Parsed(Objective(linear, row, col, weight, float(offset), spin), Rows(), labels)


def _column(data: dict[str, Any], key: str, kinds: str, wrong: Callable[[str, str], SpecError]) -> np.ndarray:
    """A list of numbers; `kinds` are those of numpy that it may have."""
    cells = data.get(key)
    if not isinstance(cells, list):
        raise wrong(key, f"`{key}` is not a list")
    allowed = {int, float} if "f" in kinds else {int}
    if not set(map(type, cells)) <= allowed:
        need = "numbers" if "f" in kinds else "whole numbers"
        raise wrong(key, f"`{key}` holds something other than {need}")
    try:
        return np.array(cells, float if "f" in kinds else np.int64)
    except OverflowError:
        raise wrong(key, f"`{key}` holds a number that is too large") from None
