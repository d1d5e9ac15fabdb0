"""The `noise` block of a spec: the errors of a simulated machine."""

from __future__ import annotations

from typing import Any

import numpy as np

from qamctl.spec.circuit_fields import NOISE
from qamctl.spec.decode import check_names, choices, inner_rows, numbers
from qamctl.spec.faults import Faults
from qamctl.spec.rows import Rows


def read_noise(root: Rows, faults: Faults) -> dict[str, Any]:
    """The figures of the noise block that are given; its preset always, where there is a block."""
    rows, _ = inner_rows(root, NOISE, faults)
    check_names(rows, NOISE, faults)
    if not rows.n:
        return {}
    found: dict[str, Any] = {"preset": choices(rows, NOISE["preset"], faults)[0]}
    for field in NOISE.fields[1:]:
        value = float(numbers(rows, field, faults)[0])
        if not np.isnan(value):
            found[field.name] = value
    return found
