"""Enumeration and the sweep: against the definition, against each other, and where they give up."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from support.bayes_networks import by_definition, everyone_meets, random_network, random_polytree

from qamctl.errors import UnsupportedError
from qamctl.reason.network import check
from qamctl.reason.network.check import enumerated, parents_first, recompute, swept


@pytest.mark.parametrize("zeros", [False, True])
def test_both_roads_give_what_the_definition_says(zeros: bool) -> None:
    """The joint probability of each answer and of what was observed, in plain Python and by both."""
    for seed in range(40):
        network = random_network(seed, most_nodes=7, most_values=3, zeros=zeros)
        posterior, evidence = by_definition(network)
        order = parents_first(network)
        assert enumerated(network, order) == pytest.approx(posterior * evidence, abs=1e-13)
        assert np.exp(swept(network, order)) == pytest.approx(posterior * evidence, abs=1e-13)


def test_chunks_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enumeration in many chunks, the last of them shorter, is enumeration in one."""
    for seed in range(10):
        network = random_network(seed, most_values=3)
        whole = enumerated(network, parents_first(network))
        monkeypatch.setattr(check, "CHUNK", 7)
        assert enumerated(network, parents_first(network)) == pytest.approx(whole, abs=1e-14)
        monkeypatch.undo()


def test_impossible_observations() -> None:
    """They have the logarithm -inf, and the posterior is zeros."""
    network = replace(everyone_meets(2), tables=[np.array([1.0, 0.0])] * 2 + [np.eye(2)[[[0, 1], [1, 0]]]])
    posterior, log_evidence = recompute(network)
    assert posterior.tolist() == [0, 0]
    assert log_evidence == -math.inf


def test_large_networks_are_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A polytree that was enumerated is as one that was swept, when there are too many combinations."""
    for seed in range(5):
        network = random_polytree(seed, 12)
        posterior, log_evidence = recompute(network)
        monkeypatch.setattr(check, "FEW_COMBINATIONS", 1)
        again, log_again = recompute(network)
        monkeypatch.undo()
        assert again == pytest.approx(posterior, abs=1e-13)
        assert log_again == pytest.approx(log_evidence, abs=1e-12)


def test_what_is_too_wide_to_be_swept_is_enumerated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight coins that all depend on each other, where a sweep may hold only sixteen combinations."""
    network = everyone_meets(8)
    posterior, log_evidence = recompute(network)
    monkeypatch.setattr(check, "FEW_COMBINATIONS", 1)
    monkeypatch.setattr(check, "MOST_HELD", 16)
    again, log_again = recompute(network)
    assert again == pytest.approx(posterior, abs=1e-13)
    assert log_again == pytest.approx(log_evidence, abs=1e-12)
    monkeypatch.setattr(check, "MOST_COMBINATIONS", 128)
    with pytest.raises(UnsupportedError):
        recompute(network)


def test_it_says_where_it_cannot_tell() -> None:
    """28 coins that all depend on each other are too many to enumerate and to hold."""
    with pytest.raises(UnsupportedError, match=r"can't be recomputed: more than 1,048,576 combinations .* at once"):
        recompute(everyone_meets(28))


def test_nodes_that_matter_stand_behind_their_parents() -> None:
    """Each once, and only ancestors of what is asked for or was observed."""
    for seed in range(40):
        network = random_network(seed)
        order = parents_first(network)
        assert len(set(order)) == len(order)
        assert {*network.query, *network.observed} <= set(order)
        for at, node in enumerate(order):
            assert set(network.parents[node]) <= set(order[:at])
            below = [child for child in order if node in network.parents[child]]
            assert below or node in network.query or node in network.observed
