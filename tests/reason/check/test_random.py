"""Results of specs at random hold, as the pipeline makes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from reason.check.cases import random_data, solved
from reason.check.test_result import DATA

from qamctl.reason.check import check_result


def test_random_results_hold() -> None:
    """Two hundred specs at random, and their computed results: nothing is said against one."""
    statuses = set()
    for seed in range(200):
        spec, result, _ = solved(random_data(np.random.default_rng(seed)), compiled=False)
        assert check_result(result, spec) == [], seed
        statuses.add(result["status"])
    assert statuses == {"optimal", "infeasible"}


def test_random_pruned_results_hold() -> None:
    """The same where paths are left out."""
    for seed in range(100):
        spec, result, _ = solved(random_data(np.random.default_rng(seed), prune=True), compiled=False)
        assert check_result(result, spec) == [], seed


def test_random_measured_results_hold() -> None:
    """The same where they are measured, amplified or not."""
    rounds = 0
    for seed in range(14):
        data = random_data(np.random.default_rng(seed), most=4)
        spec, result, _ = solved(data, "statevector", shots=200, seed=seed)
        assert check_result(result, spec) == [], seed
        rounds += (result["compiled"] or {}).get("rounds", 0)
    data: dict[str, Any] = {**DATA, "steps": ["e", "f"], "coherence": 0, "context": None}
    data["evidence"] = [{"id": k, "likelihood": {"a": 1, "b": 0.001, "c": 0.002}} for k in ("e", "f")]
    data["paths"] = [{"id": "a", "prior": 0.01}, {"id": "b", "prior": 0.5}, {"id": "c", "prior": 0.49}]
    spec, result, _ = solved(data, "statevector", method="amplify")
    assert result["compiled"]["rounds"] > 0
    assert check_result(result, spec) == []
