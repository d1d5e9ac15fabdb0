"""What pruning leaves out, and what that costs, against the whole posterior."""

from __future__ import annotations

import math

import numpy as np
import pytest
from reason.check.cases import random_data, solved

from qamctl.reason.check import check_result
from qamctl.reason.check.left_out import kept
from qamctl.reason.check.recompute import recompute
from qamctl.reason.prune import prune
from qamctl.reason.read import reason_from_data
from qamctl.reason.state import ImpossibleError


def test_bound_holds() -> None:
    """The posterior without the paths that are left out is within the bound, and it is the run's."""
    pruned = 0
    for seed in range(150):
        spec = reason_from_data(random_data(np.random.default_rng(seed), prune=True))
        try:
            whole = recompute(spec)
            run = prune(spec)
        except ImpossibleError:
            continue
        left = kept(spec)
        pruned += left.count > 0
        assert left.count == len(spec.paths.ids) - len(run.kept)
        if not whole.possible or left.paths is None:
            continue
        np.testing.assert_array_equal(left.paths, run.kept)
        truth = recompute(spec, left.paths)
        error = left.error(truth.log_left)
        assert error == pytest.approx(run.error, rel=1e-9)
        assert np.abs(whole.posterior - truth.posterior).sum() / 2 <= error + 1e-12
        assert truth.log_evidence <= whole.log_evidence + 1e-12  # some of its ways are left out
        assert math.exp(truth.log_evidence) >= (1 - error) * math.exp(whole.log_evidence) - 1e-12
    assert pruned > 40


def test_nothing_to_leave_out() -> None:
    """Without `prune`, or where it would leave nothing, every path is kept."""
    data = {"kind": "reason", "version": 1, "paths": [{"id": "a"}, {"id": "b"}], "evidence": []}
    assert kept(reason_from_data(data)).paths is None
    assert kept(reason_from_data(data | {"prune": 0.9})).paths is None
    assert kept(reason_from_data(data | {"prune": 0.5})).count == 0


def test_limit_may_be_on_either_side() -> None:
    """A path whose bound is the limit itself is left out where the result says so."""
    data = {
        "kind": "reason", "version": 1, "prune": 0.25, "evidence": [],
        "paths": [{"id": "a", "prior": 3}, {"id": "b", "prior": 1}],
    }  # fmt: skip
    spec = reason_from_data(data)
    assert kept(spec, 1).count == 1
    assert kept(spec, 0).count == 0


def test_evidence_of_all_paths() -> None:
    """The probability of the evidence is of all paths, whatever was left out: within what that may matter."""
    data = {
        "kind": "reason", "version": 1, "prune": 0.01,
        "paths": [{"id": "a", "prior": 0.5}, {"id": "b", "prior": 0.5}],
        "evidence": [{"id": "e", "likelihood": {"a": 0.8, "b": 0.001}}],
    }  # fmt: skip
    spec, result, _ = solved(data)
    assert result["solution"]["pruned"]["paths"] == 1
    assert not check_result(result, spec)
    assert result["solution"]["evidence_probability"] == pytest.approx(0.4005, rel=2e-3)
