"""What differs between two cluster specs, column by column; where they came from apart."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


def differences(one: Any, other: Any, way: str = "spec") -> list[str]:
    """The ways to the columns that are not the same."""
    if is_dataclass(one):
        names = [field.name for field in fields(one) if field.name != "source"]
        parts = [differences(getattr(one, name), getattr(other, name), f"{way}.{name}") for name in names]
        return [found for part in parts for found in part]
    if isinstance(one, np.ndarray):
        return [] if one.dtype == other.dtype and np.array_equal(one, other) else [way]
    if isinstance(one, list | tuple):
        return [] if list(one) == list(other) else [way]
    return [] if one == other else [way]
