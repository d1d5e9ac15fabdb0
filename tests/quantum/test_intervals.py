"""Wilson's interval."""

from __future__ import annotations

import numpy as np
import pytest

from qamctl.quantum.intervals import wilson


def test_a_published_value() -> None:
    """81 of 263 is the example of Newcombe (1998): 0.2553 to 0.3662."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)


def test_it_solves_the_score_equation() -> None:
    """At both ends the share that was seen is z standard deviations away: another road to the same numbers."""
    for hits, trials in ((1, 10), (30, 60), (999, 1000)):
        for end in wilson(hits, trials, 2.5):
            assert abs(hits / trials - end) == pytest.approx(2.5 * np.sqrt(end * (1 - end) / trials))


@pytest.mark.parametrize("share", [0.01, 0.05, 0.5, 0.93])
def test_it_covers_the_truth(share: float) -> None:
    """Of many simulated experiments about 95 % have the true share in their interval."""
    hits = np.random.default_rng(7).binomial(2000, share, 4000)
    inside = [low <= share <= high for low, high in (wilson(int(h), 2000) for h in hits)]
    assert 0.935 < np.mean(inside) < 0.97


def test_its_ends() -> None:
    """Nothing and everything reach the ends, no trials say nothing, and nonsense is refused."""
    assert wilson(0, 5)[0] == 0.0
    assert wilson(5, 5)[1] == 1.0
    assert wilson(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError, match="no share"):
        wilson(3, 2)
