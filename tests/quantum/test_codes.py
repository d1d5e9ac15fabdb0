"""Logical errors: sampled against exact, falling with distance, and their crossing with bare qubits."""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import Any

import pytest

from qamctl.errors import UnsupportedError, UsageError
from qamctl.quantum.codes import crossover, exact_logical_error, logical_error
from qamctl.quantum.codes.circuits import Noise
from qamctl.quantum.intervals import wilson


@pytest.mark.parametrize(
    ("code", "distance", "rounds"), [("detection", 2, 0), ("detection", 2, 2), ("steane", 3, 1), ("steane", 3, 2)]
)
def test_sampled_rates_are_the_exact_ones(code: str, distance: int, rounds: int) -> None:
    """Sampling and decoding, and the transform of the error model, agree: the interval of 4 sigma holds the truth."""
    found = logical_error(code, distance, rounds, 0.01, 0.02, 100_000, seed=3, p_store=0.005)
    low, high = wilson(found.failures, found.kept, 4.0)
    assert low < exact_logical_error(code, distance, rounds, 0.01, 0.02, p_store=0.005) < high
    assert found.interval == wilson(found.failures, found.kept)
    assert found.rate == found.failures / found.kept
    assert (found.kept < found.shots) == (code == "detection")


def test_matching_is_nearly_the_best_decoder() -> None:
    """On the repetition code of distance 3 it errs no less often than the table, and hardly more."""
    best = exact_logical_error("repetition", 3, 2, 0.02, 0.02)
    found = logical_error("repetition", 3, 2, 0.02, 0.02, 200_000, seed=1)
    assert best < wilson(found.failures, found.kept, 4.0)[1]
    assert found.rate < 1.2 * best


def test_the_repetition_code_improves_with_distance() -> None:
    """At least fivefold from 3 to 5, and without decoding it gets worse."""
    three, five = (logical_error("repetition", d, d, 0.005, 0.01, 150_000, seed=2) for d in (3, 5))
    assert three.rate > 5 * five.rate
    assert three.undecoded < five.undecoded
    assert three.rate < three.bare


@pytest.mark.parametrize(("code", "distance"), [("steane", 3), ("detection", 2)])
def test_one_fault_is_never_enough(code: str, distance: int) -> None:
    """The exact rate falls with the square of the noise: a tenth of it, a hundredth of the errors."""
    rates = [exact_logical_error(code, distance, 1, p, p) for p in (1e-3, 1e-4, 1e-5)]
    assert [a / b for a, b in pairwise(rates)] == pytest.approx([100, 100], rel=0.05)


def test_the_crossover_separates_gain_from_loss() -> None:
    """Just below it the Steane code is better than a bare qubit, just above it is worse."""
    p = crossover("steane", 1)
    assert p is not None
    assert p == pytest.approx(6.8e-3, rel=0.02)
    for factor, better in ((0.99, True), (1.01, False)):
        q = factor * p
        assert (exact_logical_error("steane", 3, 1, q, q) < Noise(q, q, q).bare(1)) == better


def test_better_gates_move_the_crossover() -> None:
    """The better gates and measurements are than storage, the higher it lies; with hopeless gates there is none."""
    even, better = crossover("steane", 1), crossover("steane", 1, gate=0.1, measure=0.1)
    assert even is not None
    assert better is not None
    assert better > 5 * even
    assert crossover("steane", 1, gate=1e6, measure=0) is None
    assert crossover("repetition", 1, gate=0, measure=0, distance=5) == pytest.approx(0.3)


def test_equal_seeds_give_equal_counts_and_the_clock_is_the_caller_s() -> None:
    """All fields agree, the seconds too, which are those of the clock."""
    ticks = iter(range(100))
    runs = [
        logical_error("detection", 2, 1, 0.02, 0.02, 200_000, seed=9, clock=lambda: float(next(ticks))) for _ in (0, 1)
    ]
    assert runs[0] == runs[1]
    assert runs[0].seconds == 1.0
    assert runs[0].p_store == runs[0].p_gate == 0.02


def test_where_nothing_is_kept_nothing_is_known() -> None:
    """Every check fires in a flood of noise: the rate is 1, and the interval is everything."""
    found = logical_error("detection", 2, 30, 0.5, 0.5, 10, seed=1)
    assert (found.kept, found.rate, found.interval) == (0, 1.0, (0.0, 1.0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("shor", 3, 1, 0.1, 0.1, 1), "no code 'shor'"),
        (("steane", 5, 1, 0.1, 0.1, 1), "has distance 3, not 5"),
        (("repetition", 4, 1, 0.1, 0.1, 1), "odd distance"),
        (("repetition", 1, 1, 0.1, 0.1, 1), "odd distance"),
        (("steane", 3, 0, 0.1, 0.1, 1), "at least 1 rounds"),
        (("detection", 2, -1, 0.1, 0.1, 1), "at least 0 rounds"),
        (("steane", 3, 1, 0.1, 0.1, 0), "one shot"),
        (("steane", 3, 1, 0.8, 0.1, 1), "gates must be within 0 and 0.75, and is 0.8"),
        (("steane", 3, 1, 0.1, float("nan"), 1), "measurements must be within 0 and 0.5"),
    ],
)
def test_what_makes_no_experiment_is_refused(arguments: Any, message: str) -> None:
    """With the code, the number and what is allowed."""
    with pytest.raises(UsageError, match=message):
        logical_error(*arguments, seed=1)


def test_too_many_rounds_have_no_table() -> None:
    """The Steane decoder ends at three."""
    with pytest.raises(UnsupportedError, match="fewer rounds"):
        logical_error("steane", 3, 4, 0.01, 0.01, 10, seed=1)


@pytest.mark.parametrize("package", ["stim", "pymatching"])
def test_a_missing_package_is_named_with_its_extra(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message is the command that installs it."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UnsupportedError, match=r'pip install "qamctl\[qec\]"'):
        logical_error("repetition", 3, 1, 0.01, 0.01, 10, seed=1)
