"""What a run says of the QUBO that it compiled: its size, its constraints, and the energy of the answer in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from qamctl.qubo.compile import compile_qubo
from qamctl.qubo.feasible import feasible
from qamctl.qubo.model import Model
from qamctl.qubo.objective import value_of
from qamctl.qubo.penalties import sufficient_weights
from qamctl.qubo.weight_report import constraint_report

#: The whole problem is compiled up to these sizes; beyond, a window.
WHOLE_VARIABLES = 20_000
WHOLE_COUPLINGS = 3_000_000

#: Variables of that window, about.
WINDOW_VARIABLES = 1_000


def answer_block(
    model: Model, sample: np.ndarray, *, whole: bool, raw_variables: int, more: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The `compiled` block of a result: the answer's sample is extended, and its energy is its objective.

    Parameters
    ----------
    sample
        [n] the answer in the model.
    whole
        The model is that of the whole problem.
    raw_variables
        Variables before the problem was looked at more closely.
    more
        What this kind of problem says besides.
    """
    objective = value_of(model, sample)
    weights = sufficient_weights(model, objective)
    compiled = compile_qubo(model, weights)
    energy = float(compiled.energy(compiled.extend(sample))[0])
    kept = bool(feasible(model, sample[None, :])[0])
    return {
        "kind": compiled.kind,
        "scope": "whole" if whole else "windows",
        "variables": compiled.n,
        "raw_variables": raw_variables,
        "quadratic": len(compiled.row),
        "sha256": compiled.sha256,
        **(more or {}),
        "constraints": constraint_report(model, weights, compiled),
        "energy": number(energy),
        "penalty": 0 if kept else number(energy - objective),
    }


def number(value: float) -> int | float:
    """To twelve digits: what lies beyond is the rounding of penalties that cancel."""
    value = float(f"{value:.12g}")
    return int(value) if value.is_integer() else value
