"""Distances and chi-square tests against scipy's, and what they say of counts that are right or wrong."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2_contingency, chisquare

from qamctl.quantum.compare import fit, homogeneity, total_variation


def test_total_variation() -> None:
    """Half the sum of the differences of the shares."""
    assert total_variation({"0": 3, "1": 1}, {"0": 0.25, "1": 0.75}) == 0.5
    assert total_variation({"0": 5}, {"1": 2}) == 1.0
    assert total_variation({"0": 5}, {"0": 2}) == 0.0


def test_the_tests_are_those_of_scipy() -> None:
    """With large cells the p-values are scipy's."""
    one, two, chances = {"a": 40, "b": 60, "c": 30}, {"a": 50, "b": 45, "c": 60}, {"a": 0.3, "b": 0.5, "c": 0.2}
    assert fit(one, chances) == pytest.approx(chisquare([40, 60, 30], [39, 65, 26]).pvalue)
    table = chi2_contingency([[40, 60, 30], [50, 45, 60]], correction=False)
    assert homogeneity(one, two) == pytest.approx(table.pvalue)


def test_rare_outcomes_share_a_cell() -> None:
    """A thousand outcomes that were met once or never are no evidence against a uniform distribution."""
    rng = np.random.default_rng(1)
    chances = {f"{k:010b}": 1 / 1024 for k in range(1024)}
    drawn = rng.multinomial(200, [1 / 1024] * 1024)
    counts = {f"{k:010b}": int(count) for k, count in enumerate(drawn) if count}
    assert fit(counts, chances) > 1e-3
    other = {f"{k:010b}": int(count) for k, count in enumerate(rng.multinomial(300, [1 / 1024] * 1024)) if count}
    assert homogeneity(counts, other) > 1e-3


def test_wrong_counts_are_found() -> None:
    """An impossible outcome has the p-value 0; a wrong share a tiny one; a single outcome nothing to test."""
    assert fit({"01": 1, "00": 999}, {"00": 0.5, "11": 0.5}) == 0.0
    assert fit({"00": 600, "11": 400}, {"00": 0.5, "11": 0.5}) < 1e-9
    assert homogeneity({"00": 600, "11": 400}, {"00": 400, "11": 600}) < 1e-9
    assert fit({"0": 10}, {"0": 1.0}) == 1.0
