"""Variable elimination against enumeration, and where enumeration would take for ever."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.bayes_networks import (
    ASIA,
    by_definition,
    everyone_meets,
    names,
    network_of,
    random_network,
    random_polytree,
    random_table,
)

from qamctl.errors import UnsupportedError
from qamctl.reason.network.check import recompute
from qamctl.reason.network.exact import query_posterior, relevant_nodes
from qamctl.reason.read import load_reason
from qamctl.reason.spec import Network
from qamctl.reason.state import ImpossibleError

PROBLEMS = Path(__file__).parents[3] / "problems"


def problem(name: str) -> Network:
    """The network of a problem file."""
    network = load_reason(PROBLEMS / name).network
    assert network is not None
    return network


@pytest.mark.parametrize("most_values", [2, 3])
def test_random_networks(most_values: int) -> None:
    """The posterior and the probability of what was observed are those of the whole joint distribution."""
    for seed in range(100):
        network = random_network(seed, most_values=most_values, zeros=seed % 4 == 0)
        posterior, log_evidence = recompute(network)
        if log_evidence == -math.inf:
            with pytest.raises(ImpossibleError):
                query_posterior(network)
            continue
        found, log_found = query_posterior(network)
        assert np.abs(found - posterior).max() < 1e-12
        assert log_found == pytest.approx(log_evidence, abs=1e-12)


def test_by_the_definition() -> None:
    """Also with nothing left out beforehand, and summed in plain Python."""
    for seed in range(40):
        network = random_network(seed, most_nodes=7, most_values=3)
        posterior, evidence = by_definition(network)
        found, log_found = query_posterior(network)
        assert np.abs(found - posterior).max() < 1e-12
        assert math.exp(log_found) == pytest.approx(evidence, rel=1e-12)


def test_sprinkler() -> None:
    """Wet grass: rain has 0.4581 of 0.6471, as Murphy (1998) has it; and with the sprinkler off it is nearly sure."""
    network = problem("reason-sprinkler.yaml")
    found, log_found = query_posterior(network)
    assert found[1] == pytest.approx(0.4581 / 0.6471, abs=1e-12)
    assert math.exp(log_found) == pytest.approx(0.6471, abs=1e-12)
    off, _ = query_posterior(replace(network, observed={**network.observed, 1: 0}))
    assert off == pytest.approx(by_definition(replace(network, observed={3: 1, 1: 0}))[0], abs=1e-12)
    assert off[1] > 0.9


def test_asia() -> None:
    """Marginals are the published ones; with any one or two findings every posterior is that of the definition."""
    published = {"tub": 0.0104, "lung": 0.055, "bronc": 0.45, "either": 0.064828, "xray": 0.11029, "dysp": 0.4359706}
    for name, chance in published.items():
        assert query_posterior(network_of(ASIA, [name], {}))[0][1] == pytest.approx(chance, abs=1e-7)
    for observed in ({"dysp": "yes"}, {"dysp": "yes", "asia": "yes"}, {"xray": "yes", "smoke": "no"}, {"xray": "no"}):
        for query in (["lung", "tub"], ["bronc", "either"]):
            network = network_of(ASIA, query, observed)
            assert np.abs(query_posterior(network)[0] - by_definition(network)[0]).max() < 1e-12


def test_alarm() -> None:
    """Every variable of the twelve, and the three disorders together, given what was observed."""
    network = problem("reason-alarm.yaml")
    assert len(network.ids) == 12
    for query in [network.query, *((node,) for node in range(12) if node not in network.observed)]:
        asked = replace(network, query=query)
        posterior, log_evidence = recompute(asked)
        found, log_found = query_posterior(asked)
        assert np.abs(found - posterior).max() < 1e-12
        assert log_found == pytest.approx(log_evidence, abs=1e-12)


def test_only_ancestors_count() -> None:
    """What leads to nothing that is asked for or observed is left out, however wide; parents come first."""
    network = network_of(ASIA, ["tub"], {"xray": "yes"})
    matter = [network.ids[node] for node in relevant_nodes(network)]
    assert matter == ["asia", "smoke", "tub", "lung", "either", "xray"]
    wide = everyone_meets(40)
    assert query_posterior(replace(wide, observed={40: 1}))[0] == pytest.approx([8 / 22, 14 / 22], abs=1e-12)


def test_a_network_that_is_too_wide_is_refused() -> None:
    """It says which treewidth it takes, and what to do."""
    with pytest.raises(UnsupportedError, match=r"treewidth 27 .* takes 2\^28\.0 entries, .*; observe more") as caught:
        query_posterior(everyone_meets(28))
    assert "`x1`" in str(caught.value)


def test_the_first_impossible_observation_is_named() -> None:
    """It is the first one, parents first, with which enumeration gives 0."""
    checked = 0
    for seed in range(400):
        network = random_network(seed, zeros=True, most_values=3)
        if by_definition(network)[1] if len(network.ids) < 6 else recompute(network)[1] > -math.inf:
            continue
        checked += 1
        with pytest.raises(ImpossibleError) as caught:
            query_posterior(network)
        seen: dict[int, int] = {}
        for node in relevant_nodes(replace(network, query=())):
            if node in network.observed:
                seen[node] = network.observed[node]
                if recompute(replace(network, query=(), observed=seen))[1] == -math.inf:
                    break
        assert caught.value.place == node
    assert checked > 20


def hidden_chain(steps: int, chance: float) -> Network:
    """A hidden Markov model: states 0..steps - 1, and what was seen of each."""
    move, see = np.array([[0.9, 0.1], [0.3, 0.7]]), np.array([[1 - chance, chance], [1 - chance / 3, chance / 3]])
    parents = [(), *((k,) for k in range(steps - 1)), *((k,) for k in range(steps))]
    tables = [np.array([0.6, 0.4]), *[move] * (steps - 1), *[see] * steps]
    seen = dict.fromkeys(range(steps, 2 * steps), 1)
    return Network(names(2 * steps), [("a", "b")] * 2 * steps, parents, tables, (steps - 1,), seen)


def test_probabilities_too_small_for_a_machine() -> None:
    """Observations with a probability of 1e-2500 have a posterior and a logarithm: those of the forward algorithm."""
    network = hidden_chain(1000, 3e-3)
    found, log_found = query_posterior(network)
    state, log_total = np.array([0.6, 0.4]), 0.0
    for step in range(1000):
        state = (state @ network.tables[1] if step else state) * network.tables[1000][:, 1]
        log_total += math.log(state.sum())
        state = state / state.sum()
    assert log_total < -2500 * math.log(10)
    assert log_found == pytest.approx(log_total, rel=1e-12)
    assert found == pytest.approx(state, abs=1e-12)
    assert math.exp(log_found) == 0


def test_what_looks_negligible_on_the_way_may_be_all_that_is_left() -> None:
    """A value that is 1e-400 times as probable as another is not lost, when the other is ruled out at last."""
    n = 240
    see, last = np.array([[0.5, 0.5], [0.99, 0.01]]), np.array([[1.0, 0.0], [0.5, 0.5]])
    parents: list[tuple[int, ...]] = [(), *[(0,)] * (n + 1), (0,)]
    tables = [np.array([0.5, 0.5]), *[see] * n, last, np.array([[0.2, 0.8], [0.6, 0.4]])]
    network = Network(
        names(n + 3), [("a", "b")] * (n + 3), parents, tables, (n + 2,), dict.fromkeys(range(1, n + 2), 1)
    )  # fmt: skip
    found, log_found = query_posterior(network)
    assert found == pytest.approx([0.6, 0.4], abs=1e-12)
    assert log_found == pytest.approx(math.log(0.25) + n * math.log(0.01), rel=1e-12)


def test_a_large_polytree_takes_no_time() -> None:
    """37 nodes, as many as ALARM has, within a second, and as a sweep over the network says."""
    for seed in range(5):
        network = random_polytree(seed, 37)
        start = time.perf_counter()
        found, log_found = query_posterior(network)
        assert time.perf_counter() - start < 1
        posterior, log_evidence = recompute(network)
        assert np.abs(found - posterior).max() < 1e-12
        assert log_found == pytest.approx(log_evidence, abs=1e-11)


def test_a_lattice() -> None:
    """160 nodes of width 8, which have 2^158 combinations: elimination and the sweep along the lattice agree."""
    rng = np.random.default_rng(6)
    wide, n = 8, 160
    parents = [tuple(([k - wide] if k >= wide else []) + ([k - 1] if k % wide else [])) for k in range(n)]
    tables = [random_table(rng, [2] * (len(mine) + 1)) for mine in parents]
    network = Network(names(n), [("a", "b")] * n, parents, tables, (0, 77), {n - 1: 1, n - 5: 0})
    found, log_found = query_posterior(network)
    posterior, log_evidence = recompute(network)
    assert np.abs(found - posterior).max() < 1e-12
    assert log_found == pytest.approx(log_evidence, abs=1e-12)


def test_many_neighbours_of_one_node() -> None:
    """A cause of 400 things, each seen through a child of its own: the product of what each of them says."""
    n = 400
    rng = np.random.default_rng(5)
    tables = [random_table(rng, [2]), *(random_table(rng, [2, 2]) for _ in range(2 * n))]
    parents = [(), *[(0,)] * n, *((k,) for k in range(1, n + 1))]
    seen = {k: int(rng.integers(2)) for k in range(n + 1, 2 * n + 1)}
    network = Network(names(2 * n + 1), [("a", "b")] * (2 * n + 1), parents, tables, (0,), seen)
    found, log_found = query_posterior(network)
    logs = np.log(tables[0])
    for k in range(1, n + 1):
        logs = logs + np.log(tables[k] @ tables[n + k][:, seen[n + k]])
    assert found == pytest.approx(np.exp(logs - np.logaddexp(*logs)), abs=1e-12)
    assert log_found == pytest.approx(float(np.logaddexp(*logs)), rel=1e-12)
