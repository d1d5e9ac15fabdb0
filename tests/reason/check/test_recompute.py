"""The second computation of posteriors against the rules of probability, by roads of their own."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from reason.check.cases import random_data

from qamctl.reason.check.motion import MOST_TOGETHER, TooLargeError, start, turns
from qamctl.reason.check.motion import exponential as series
from qamctl.reason.check.question import groups, question, reached
from qamctl.reason.check.recompute import UndecidedError, density, recompute
from qamctl.reason.read import reason_from_data
from qamctl.reason.spec import EVOLVE, Floats, ReasonSpec


def make(prior: Floats, rows: dict[str, Floats], **rest: Any) -> ReasonSpec:
    names = [f"p{i}" for i in range(len(prior))]
    return reason_from_data({
        "kind": "reason", "version": 1,
        "paths": [{"id": name, "prior": float(p)} for name, p in zip(names, prior, strict=True)],
        "evidence": [
            {"id": key, "likelihood": dict(zip(names, row.tolist(), strict=True))} for key, row in rows.items()
        ],
        **rest,
    })  # fmt: skip


def context(matrix: Any, time: float) -> dict[str, Any]:
    n = len(matrix)
    return {
        "couplings": [
            [f"p{i}", f"p{j}", float(matrix[i, j].real), float(matrix[i, j].imag)] for i in range(n) for j in range(i)
        ],
        "fields": {f"p{i}": float(matrix[i, i].real) for i in range(n)},
        "time": time,
    }


def hermitian(rng: np.random.Generator, n: int) -> Any:
    matrix = rng.normal(size=(n, n)) + 1j * rng.normal(size=(n, n))
    return (matrix + matrix.conj().T) / 2


def exponential(matrix: Any, time: float) -> Any:
    """exp(-i H t) by eigenvectors, which the code under test does not use."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.exp(-1j * time * values)) @ vectors.conj().T


def test_bayes() -> None:
    """Without evolution the posterior is prior times likelihoods to the power of their reliabilities."""
    rng = np.random.default_rng(1)
    for _ in range(50):
        n, j = int(rng.integers(1, 9)), int(rng.integers(1, 4))
        prior, likelihood, alpha = rng.random(n) + 0.01, rng.random((j, n)), rng.random(j) * 3
        spec = make(prior, {f"e{k}": row for k, row in enumerate(likelihood)}, coherence=float(rng.random()))
        spec = replace(spec, evidence=replace(spec.evidence, reliability=alpha))
        joint = prior / prior.sum() * np.prod((likelihood / likelihood.max(1)[:, None]) ** alpha[:, None], axis=0)
        truth = recompute(spec)
        np.testing.assert_allclose(truth.posterior, joint / joint.sum(), atol=1e-13)
        assert truth.log_evidence == pytest.approx(math.log(joint.sum() * likelihood.max(1).prod()), abs=1e-12)


@pytest.mark.parametrize("n", [3, 5, 300])
def test_hidden_markov(n: int) -> None:
    """Without coherence the posterior is that of the filter with the transitions |U|^2."""
    rng = np.random.default_rng(n)
    for _ in range(20 if n < 100 else 1):
        matrix = hermitian(rng, n)
        spec = make(
            rng.random(n) + 0.1, {"a": rng.random(n), "b": rng.random(n)}, context=context(matrix, 0.3),
            steps=["a", "evolve", "b", "evolve", "a"],
        )  # fmt: skip
        move = np.abs(exponential(matrix, 0.3)) ** 2
        p, evidence = spec.paths.prior.copy(), 1.0
        for step in spec.steps:
            p = move @ p if step == EVOLVE else p * spec.evidence.likelihood[step]
            evidence, p = evidence * p.sum(), p / p.sum()
        truth = recompute(spec)
        np.testing.assert_allclose(truth.posterior, p, atol=1e-12)
        assert truth.log_evidence == pytest.approx(math.log(evidence), abs=1e-11)


def test_question_order_equality() -> None:
    """Sharp questions in two orders obey the equality of Wang and Busemeyer, though the order matters."""
    rng = np.random.default_rng(3)
    effects = []
    for _ in range(12):
        n = int(rng.integers(2, 7))
        v = rng.normal(size=n) + 1j * rng.normal(size=n)
        v /= np.linalg.norm(v)
        turned = np.pi * np.outer(v, v.conj())  # exp(-i H) = 1 - 2 |v><v|, which undoes itself
        yes = {name: (rng.random(n) < 0.5).astype(float) for name in "ab"}
        for row in yes.values():
            row[:2] = 1, 0
        rows = {**yes, **{name.upper(): 1 - row for name, row in yes.items()}}

        def chance(*steps: str, prior: Floats, rows: dict[str, Floats] = rows, turned: Any = turned) -> float:
            truth = recompute(make(prior, rows, context=context(turned, 1.0), steps=list(steps), coherence=1))
            return math.exp(truth.log_evidence)

        prior = rng.random(n) + 0.1
        forth = {x + y: chance(x, "evolve", y, prior=prior) for x, y in product("aA", "bB")}
        back = {x + y: chance("evolve", y, "evolve", x, prior=prior) for x, y in product("aA", "bB")}
        assert sum(forth.values()) == pytest.approx(1, abs=1e-12)
        assert forth["ab"] + forth["AB"] == pytest.approx(back["ab"] + back["AB"], abs=1e-12)
        effects.append(abs(forth["ab"] - back["ab"]))
    assert np.mean(effects) > 0.01


def test_partial_coherence() -> None:
    """Coherence kappa is the mixture of keeping a state, with probability kappa, and of reading its path."""
    rng = np.random.default_rng(4)
    for _ in range(10):
        n, matrix = 3, hermitian(rng, 3)
        spec = make(
            rng.random(n) + 0.1, {"a": rng.random(n), "b": rng.random(n)}, context=context(matrix, 0.8),
            steps=["a", "evolve", "b", "evolve"], coherence=float(rng.random()),
        )  # fmt: skip
        kept, u = spec.coherence, exponential(matrix, 0.8)

        def lose(states: list[Any], kept: float = kept) -> list[Any]:
            read = [np.sqrt(1 - kept) * np.diag(state) for state in states]
            return [np.sqrt(kept) * state for state in states] + [row for rows in read for row in rows]

        states = lose([np.sqrt(spec.paths.prior).astype(complex)])
        for step in spec.steps:
            states = lose([u @ s if step == EVOLVE else np.sqrt(spec.evidence.likelihood[step]) * s for s in states])
        joint = sum(np.abs(state) ** 2 for state in states)
        truth = recompute(spec)
        np.testing.assert_allclose(truth.posterior, joint / joint.sum(), atol=1e-12)
        assert truth.log_evidence == pytest.approx(math.log(joint.sum()), abs=1e-12)
        rho = sum(np.outer(state, state.conj()) for state in states) / joint.sum()
        np.testing.assert_allclose(density(spec, np.arange(n)), rho, atol=1e-12)


def test_small_and_large_alike() -> None:
    """Amplitudes, chances and groups say what the whole density matrix says."""
    seen = set()
    for seed in range(150):
        spec = reason_from_data(random_data(np.random.default_rng(seed)))
        asked = question(spec)
        turned, _ = turns(asked)
        states = [start(asked, turned, asked.coherence, whole=whole) for whole in (True, False)]
        seen.add(type(states[1]).__name__)
        for step in asked.steps:
            if step == EVOLVE:
                states = [state.evolved() for state in states]
                continue
            kept = np.exp(asked.log_likelihood[step])
            if float(states[0].chances @ kept) < 1e-6:
                break
            states = [state.observed(kept) for state in states]
        np.testing.assert_allclose(states[0].chances, states[1].chances, atol=1e-9)
    assert seen == {"Chances", "Amplitudes", "Grouped"}


def test_interference_and_order() -> None:
    """Interference is what coherence adds to a decision, and the order matters only across an evolution."""
    rng = np.random.default_rng(5)
    for _ in range(10):
        n, matrix = 4, hermitian(rng, 4)
        rows = {"a": rng.random(n), "b": rng.random(n), "c": rng.random(n)}
        rest: dict[str, Any] = {"context": context(matrix, 0.5)}
        prior, steps = rng.random(n) + 0.1, ["a", "evolve", "b", "c"]
        truth = recompute(make(prior, rows, steps=steps, coherence=0.7, **rest))
        plain = recompute(make(prior, rows, steps=steps, **rest))
        np.testing.assert_allclose(truth.interference, truth.posterior - plain.posterior, atol=1e-12)
        assert not plain.interference.any()
        effects = {}
        for pair, order in (("ab", ["b", "evolve", "a", "c"]), ("ac", ["c", "evolve", "b", "a"])):
            other = recompute(make(prior, rows, steps=order, coherence=0.7, **rest))
            effects[tuple(pair)] = np.abs(truth.posterior - other.posterior).sum() / 2
        assert truth.order is not None
        assert truth.order.pairs.keys() == effects.keys()
        assert truth.order.low - 1e-12 <= max(effects.values()) <= truth.order.high + 1e-12
        assert truth.order.high - truth.order.low < 1e-9


def test_exponential() -> None:
    """Small and large matrices have the exponential that their eigenvectors say, whatever their angles."""
    rng = np.random.default_rng(6)
    for n, time in ((1, 0.0), (2, 1e-3), (3, 0.7), (5, 40.0), (16, 1.0), (17, 1.0)):
        matrices = np.stack([hermitian(rng, n) for _ in range(3)])
        right = np.stack([exponential(matrix, time) for matrix in matrices])
        np.testing.assert_allclose(series(-1j * time * matrices), right, atol=1e-13 * (1 + time))


def test_impossible() -> None:
    """Evidence that no path allows is impossible, wherever its likelihoods are 0."""
    prior = np.array([0.5, 0.5, 0.0])
    assert not recompute(make(prior, {"a": np.zeros(3)})).possible
    assert not recompute(make(prior, {"a": np.array([0.0, 0, 1])})).possible
    assert not recompute(make(prior, {"a": np.array([1.0, 0, 1]), "b": np.array([0.0, 1, 1])})).possible
    assert recompute(make(prior, {"a": np.array([1.0, 0, 1])})).possible
    # The same between paths that have evolved into each other: what evidence takes is gone for sure.
    rest: dict[str, Any] = {"context": context(np.ones((3, 3)), 0.4), "coherence": 0.5}
    rows = {"a": np.array([1.0, 0, 0]), "b": np.array([0.0, 1, 1])}
    assert not recompute(make(prior, rows, steps=["evolve", "a", "b"], **rest)).possible
    assert recompute(make(prior, rows, steps=["evolve", "a", "evolve", "b"], **rest)).possible


def test_tiny_likelihoods() -> None:
    """Exponents that no machine number holds leave the posterior that they should."""
    spec = make(np.array([0.5, 0.5, 0.0]), {"a": np.array([0.1, 0.05, 1.0])})
    spec = replace(spec, evidence=replace(spec.evidence, reliability=np.array([800.0])))
    truth = recompute(spec)
    np.testing.assert_allclose(truth.posterior, [1, 0, 0], atol=1e-15)
    assert truth.log_evidence == pytest.approx(math.log(0.5) + 800 * math.log(0.1))


def test_rounding_decides() -> None:
    """Evidence on a path that interference empties is not told to be possible, nor impossible."""
    swap = np.array([[0, np.pi / 2], [np.pi / 2, 0]], complex)
    for coherence in (0.0, 1.0):
        spec = make(
            np.array([1.0, 0]), {"a": np.array([1.0, 0])}, context=context(swap, 1.0), steps=["evolve", "a"],
            coherence=coherence,
        )  # fmt: skip
        with pytest.raises(UndecidedError):
            recompute(spec)


def test_too_large() -> None:
    """More paths that are coupled with each other than are computed a second time are refused, in a word."""
    n = MOST_TOGETHER + 1
    names = [f"p{i}" for i in range(n)]
    spec = reason_from_data({
        "kind": "reason", "version": 1, "paths": [{"id": name} for name in names],
        "evidence": [], "context": {"couplings": [[a, b, 0.1] for a, b in pairwise(names)]},
    })  # fmt: skip
    with pytest.raises(TooLargeError, match=f"{n:,} paths are coupled"):
        recompute(spec)


def test_groups() -> None:
    """Paths are of one group where couplings lead from one to the other, and are reached from priors there."""
    spec = reason_from_data({
        "kind": "reason", "version": 1, "evidence": [],
        "paths": [{"id": name, "prior": p} for name, p in zip("abcde", (1, 0, 0, 0, 1), strict=True)],
        "context": {"couplings": [["a", "b", 1], ["b", "c", 0.5, 1], ["d", "e", 0]]},
    })  # fmt: skip
    group = groups(question(spec)).tolist()
    assert group[0] == group[1] == group[2]
    assert len(set(group)) == 3
    assert reached(question(spec)).tolist() == [True, True, True, False, True]


def test_network_rain() -> None:
    """A network's posterior is that of its joint distribution."""
    spec = reason_from_data({
        "kind": "reason", "version": 1, "query": "rain", "observed": {"wet": "yes"},
        "nodes": [
            {"id": "rain", "table": [0.8, 0.2]},
            {"id": "wet", "parents": ["rain"], "table": [[0.9, 0.1], [0.3, 0.7]]},
        ],
    })  # fmt: skip
    truth = recompute(spec)
    np.testing.assert_allclose(truth.posterior, [0.08 / 0.22, 0.14 / 0.22], atol=1e-14)
    assert truth.log_evidence == pytest.approx(math.log(0.22))
