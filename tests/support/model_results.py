"""Results of small model files, made by the real pipeline or by hand, for checkers to look at."""

from __future__ import annotations

from typing import Any

from support.qubo_models import model_of

from qamctl.qubo.check_result import Asked
from qamctl.qubo.model import LE, Model

SHA256 = "ab" * 32


def small_model() -> Model:
    """min -a - 2b + 4c + 3ab - bc, one of (a, b), b + c <= 1 twice over: b alone is best, with -2."""
    return model_of([-1.0, -2.0, 4.0], [(0, 1, 3.0), (1, 2, -1.0)], groups=[[0, 1]], rows=[({1: 2, 2: 2}, LE, 3)])


def asked(sense: str = "min") -> Asked:
    """The small model as the checker is given it."""
    return Asked(small_model(), sense, SHA256, "small.yaml", ["cap"], [""])


def good_result(sense: str = "min") -> dict[str, Any]:
    """A result of the small model that holds."""
    value = -2 if sense == "min" else 2
    row = {"backend": "exact", "status": "optimal", "objective": value, "bound": value, "seconds": 0.1}
    return {
        "schema": "qamctl/result/1", "kind": "model", "run": "r", "status": "optimal", "objective": value,
        "bound": value, "gap": 0.0, "energy": -2, "sense": sense, "format": "model",
        "levels": [{"terms": {"objective": value}, "value": value, "bound": value}],
        "terms": {"objective": value},
        "solution": {"variables": ["x0", "x1", "x2"], "sample": [0, 1, 0], "samples_file": None},
        "violations": [], "reasons": [], "solved_by": "exact", "fallback": None, "attempts": [row],
        "compiled": {"kind": "qubo", "scope": "whole", "variables": 4, "energy": -2, "penalty": 0},
        "provenance": {"spec_sha256": SHA256},
    }  # fmt: skip
