"""Leaving out paths: the stated bound holds, and what is too large for a circuit becomes one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.reason_specs import random_data

from qamctl.errors import UnsupportedError
from qamctl.reason.exact import solve_exactly
from qamctl.reason.plan import plan_circuit
from qamctl.reason.prune import Pruned, prune
from qamctl.reason.read import reason_from_data
from qamctl.reason.solution import total_variation
from qamctl.reason.solvers.exact import solution_of, spread
from qamctl.reason.spec import ReasonSpec
from qamctl.reason.state import ImpossibleError

#: Far more paths than a circuit takes.
MANY = 20_000


def skewed(rng: np.random.Generator, share: float, *, evolves: bool, coherence: float) -> dict[str, Any]:
    """A spec in which some paths hardly matter: by their priors, by the evidence, or by both."""
    n = int(rng.integers(2, 25))
    data = random_data(
        rng, n, int(rng.integers(0, 5)), evolves=evolves, coherence=coherence, density=1.2 / n,
        zeros=bool(rng.integers(2)),
    )  # fmt: skip
    for row in data["paths"]:
        row["prior"] *= 10 ** -rng.uniform(0, 6)
    for row in data["evidence"]:
        row["likelihood"] = {name: value * 10 ** -rng.uniform(0, 3) for name, value in row["likelihood"].items()}
    return {**data, "prune": share}


def missed(spec: ReasonSpec, pruned: Pruned) -> float:
    """The total variation between the posterior of what is left and that of everything."""
    left = pruned.spread(solve_exactly(pruned.spec).posterior, len(spec.paths.ids))
    return total_variation(left, solve_exactly(spec).posterior)


@pytest.mark.parametrize(("evolves", "coherence"), [(False, 0.0), (True, 0.0), (True, 0.4), (True, 1.0)])
def test_the_posterior_is_off_by_no_more_than_the_error(evolves: bool, coherence: float) -> None:
    """On 100 random specs each, some of whose paths are left out; the bound is not idle, and reached where it is."""
    rng = np.random.default_rng([evolves, int(10 * coherence)])
    left_out, tight = 0, 0
    for _ in range(100):
        share = 10 ** -rng.uniform(0.5, 4)
        spec = reason_from_data(skewed(rng, share, evolves=evolves, coherence=coherence))
        pruned = prune(spec)
        distance = missed(spec, pruned)
        assert distance <= pruned.error + 1e-12
        left_out += len(pruned.kept) < len(spec.paths.ids)
        tight += 0 < pruned.error < 4 * distance
    assert left_out > 50
    assert tight > 15


def test_intervals_hold_the_whole_posterior() -> None:
    """The answer from what is left is as wide as what was left out may matter."""
    rng = np.random.default_rng(5)
    for _ in range(50):
        spec = reason_from_data(skewed(rng, 0.05, evolves=bool(rng.integers(2)), coherence=0.5))
        pruned = prune(spec)
        found = solution_of(spread(spec, pruned, solve_exactly(pruned.spec)), pruned.error)
        true = solve_exactly(spec).posterior
        assert (found.intervals[:, 0] - 1e-12 <= true).all()
        assert (true <= found.intervals[:, 1] + 1e-12).all()


def test_nothing_is_left_out_unless_it_is_asked_for() -> None:
    """With `prune: 0` every path stays, also one that is impossible; the error is 0."""
    rng = np.random.default_rng(6)
    data = random_data(rng, 12, 3, zeros=True)
    spec = reason_from_data(data)
    pruned = prune(spec)
    assert pruned.spec is spec
    assert (pruned.kept.tolist(), pruned.error) == (list(range(12)), 0.0)


def test_what_has_a_share_of_nothing_costs_nothing() -> None:
    """Paths that can't be are left out at any share above 0, without an error."""
    data = {
        "kind": "reason", "version": 1, "prune": 1e-12,
        "paths": [{"id": "a", "prior": 1}, {"id": "b", "prior": 0}, {"id": "c", "prior": 1}],
        "evidence": [{"id": "e", "likelihood": {"a": 0.5, "b": 1, "c": 0}}],
    }  # fmt: skip
    pruned = prune(reason_from_data(data))
    assert (pruned.spec.paths.ids, pruned.error) == (("a",), 0.0)


def test_partners_stay_together() -> None:
    """What is coupled with a path that matters is kept, however little it has so far."""
    data: dict[str, Any] = {
        "kind": "reason", "version": 1, "prune": 0.01,
        "paths": [{"id": "a", "prior": 1}, {"id": "b", "prior": 1e-9}, {"id": "c", "prior": 1e-9}],
        "context": {"couplings": [["a", "b", 0.5]], "time": 1},
    }  # fmt: skip
    assert prune(reason_from_data(data)).spec.paths.ids == ("a", "b")
    assert prune(reason_from_data({**data, "steps": []})).spec.paths.ids == ("a",)  # nothing evolves


def test_impossible_evidence_is_told_as_such() -> None:
    """Also where it is impossible on what is left."""
    data = {
        "kind": "reason", "version": 1, "prune": 0.01, "paths": [{"id": "a"}, {"id": "b"}],
        "evidence": [{"id": "e", "likelihood": {}, "otherwise": 0}],
    }  # fmt: skip
    spec = reason_from_data(data)
    pruned = prune(spec)
    with pytest.raises(ImpossibleError):
        solve_exactly(pruned.spec)


def test_twenty_thousand_paths_become_a_circuit() -> None:
    """Too many for one, until those that hardly matter are left out: its posterior is right within the error."""
    rng = np.random.default_rng(7)
    priors = (np.arange(1, MANY + 1, dtype=float) ** -3).tolist()
    ids = [f"p{i}" for i in range(MANY)]
    likely = dict(zip(ids[:60], rng.uniform(0.2, 1, 60).tolist(), strict=True))
    data: dict[str, Any] = {
        "kind": "reason", "version": 1,
        "paths": [{"id": name, "prior": prior} for name, prior in zip(ids, priors, strict=True)],
        "evidence": [{"id": "e", "likelihood": likely, "otherwise": 0.1}],
    }  # fmt: skip
    whole = reason_from_data(data)
    exact = solve_exactly(whole)
    with pytest.raises(UnsupportedError, match="leave out paths by `prune: WEIGHT`, or take method exact"):
        plan_circuit(whole, exact, method="sample", shots=1000, mid_circuit=False)
    spec = reason_from_data({**data, "prune": 1e-5})
    pruned = prune(spec)
    plan = plan_circuit(pruned.spec, solve_exactly(pruned.spec), method="sample", shots=1000, mid_circuit=False)
    assert plan.made.path_bits <= 6
    distance = missed(spec, pruned)
    assert 0 < distance <= pruned.error < 0.001
