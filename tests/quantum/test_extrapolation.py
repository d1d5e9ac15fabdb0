"""Fits to zero noise: what they recover, and when they fall back."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qamctl.errors import UsageError
from qamctl.quantum.mitigation.extrapolation import Extrapolation, Point, extrapolate


def points(*values: float, error: float = 0.0, scales: tuple[float, ...] = (1, 3, 5, 7)) -> list[Point]:
    """Values at scales 1, 3, 5, ..."""
    return [Point(scale, value, error) for scale, value in zip(scales, values, strict=False)]


def decay(a: float, b: float, c: float, error: float = 0.0) -> list[Point]:
    """c + a exp(-b x) at scales 1, 3, 5."""
    return points(*(c + a * np.exp(-b * x) for x in (1, 3, 5)), error=error)


@settings(deadline=None)
@given(st.floats(0.05, 5), st.sampled_from([-1, 1]), st.floats(0.01, 1.2), st.floats(-3, 3))
def test_an_exponential_is_recovered(size: float, sign: int, b: float, c: float) -> None:
    """Without noise, whatever its size, sign, rate and asymptote; by request and by choice."""
    for fit in ("exponential", "auto"):
        found = extrapolate(decay(sign * size, b, c), fit=fit, asymptote=c)
        assert (found.fit, found.error) == ("exponential", 0.0)
        assert found.value == pytest.approx(c + sign * size, abs=1e-6 * (size + abs(c)))


def test_polynomials_are_recovered() -> None:
    """A line by the line, a parabola by the parabola, a cubic by Richardson's fit through four points."""
    x = np.array([1.0, 3.0, 5.0, 7.0])
    assert extrapolate(points(*(2 - 0.1 * x)), fit="linear").value == pytest.approx(2)
    assert extrapolate(points(*(2 - 0.3 * x + 0.01 * x**2)), fit="quadratic").value == pytest.approx(2)
    cubic = 2 - 0.3 * x + 0.01 * x**2 - 0.001 * x**3
    assert extrapolate(points(*cubic), fit="richardson").value == pytest.approx(2)


def test_richardson_by_hand() -> None:
    """Through 1, 3, 5 the weights are 15/8, -10/8, 3/8, in the value and in the error."""
    found = extrapolate(points(1.0, 0.5, 0.3, error=0.01), fit="richardson")
    assert found.value == pytest.approx((15 - 5 + 0.9) / 8)
    assert found.error == pytest.approx(0.01 * np.sqrt(15**2 + 10**2 + 3**2) / 8)
    assert found.points == tuple(points(1.0, 0.5, 0.3, error=0.01))


def test_better_points_count_more() -> None:
    """With a far larger error on the last point, the line goes through the others."""
    given_ = [Point(5, 9.0, 1e3), Point(1, 1.0, 1e-3), Point(3, 0.8, 1e-3)]
    found = extrapolate(given_, fit="linear")
    assert found.value == pytest.approx(1.1, abs=1e-4)
    assert [p.scale for p in found.points] == [1, 3, 5]


def spread(fit: str, b: float, error: float, asymptote: float | None = 0.0) -> list[Extrapolation]:
    """Many runs of the same decay from 1, each with its own noise."""
    rng = np.random.default_rng(5)
    truth = np.exp(-b * np.array([1, 3, 5]))
    return [
        extrapolate(points(*(truth + rng.normal(0, error, 3)), error=error), fit=fit, asymptote=asymptote)
        for _ in range(400)
    ]


@pytest.mark.parametrize(("fit", "b"), [("linear", 1e-9), ("richardson", 1e-9), ("exponential", 0.2)])
def test_standard_errors_are_those_of_repetition(fit: str, b: float) -> None:
    """Values scatter about the truth as their errors say; misfits stretch the error of some."""
    found = spread(fit, b, 0.01)
    values = np.array([each.value for each in found])
    assert values.mean() == pytest.approx(1, abs=0.01)
    assert np.median([each.error for each in found]) == pytest.approx(values.std(), rel=0.12)


def test_the_choice_follows_attenuation_and_noise() -> None:
    """Strong attenuation takes the exponential; weak attenuation under noise mostly the line; reasons are told."""
    strong = spread("auto", 0.3, 0.01)
    weak = spread("auto", 0.01, 0.05)
    assert all(each.fit == "exponential" and "attenuation outweighs noise" in each.why for each in strong)
    lines = [each for each in weak if each.fit == "linear"]
    assert len(lines) > 100
    assert any("noise outweighs curvature" in each.why for each in lines)


@pytest.mark.parametrize(("b", "error"), [(0.3, 0.01), (0.1, 0.02), (0.02, 0.02)])
def test_the_choice_is_hardly_worse_than_the_better_fit(b: float, error: float) -> None:
    """Its mean squared error is within a quarter of the better of both."""
    squared = {
        fit: np.mean([(each.value - 1) ** 2 for each in spread(fit, b, error)])
        for fit in ("auto", "linear", "exponential")
    }
    assert squared["auto"] < 1.25 * min(squared["linear"], squared["exponential"])


def test_without_an_asymptote_the_choice_is_between_line_and_polynomial() -> None:
    """Curvature beyond the noise takes Richardson's fit, else the line; of two points only the line is left."""
    assert {each.fit for each in spread("auto", 0.4, 0.001, None)} == {"richardson"}
    assert sum(each.fit == "linear" for each in spread("auto", 0.001, 0.05, None)) > 300
    two = extrapolate(points(1.0, 0.5))
    assert (two.fit, two.why) == ("linear", "two points without an asymptote allow no more")


@pytest.mark.parametrize(
    ("given_", "reason"),
    [
        (points(0.5, -0.2, 0.1), "cross the asymptote"),
        (points(0.5, 0.0, 0.0), "only the first"),
        (points(0.1, -0.01, 0.001, error=0.02), "only the first"),
        (points(0.5, 0.6, 0.7), "don't fall"),
        (points(0.5, 0.2, 0.4), "don't fall"),
        (points(0.5, 0.52, 0.5, error=0.05), "don't fall"),
        (points(0.5, 0.499999, 0.6, error=0.05), "don't fall"),
        (points(0.0, 0.2, 0.1), "can't be told"),
        (points(0.05, 0.2, 0.1, error=0.04), "can't be told"),
    ],
)
@pytest.mark.parametrize("fit", ["auto", "exponential"])
def test_an_exponential_that_the_points_forbid_becomes_a_line(given_: list[Point], reason: str, fit: str) -> None:
    """Sign changes, ratios of 1 and more, and values that rise: the result says so, and equals the linear fit."""
    found = extrapolate(given_, fit=fit, asymptote=0.0)
    assert found.fit == "linear"
    assert reason in found.why
    assert any(reason in note and "in place of exponential" in note for note in found.notes)
    assert found.value == extrapolate(given_, fit="linear").value


def test_a_tail_within_its_noise_is_no_sign_change() -> None:
    """Strong attenuation leaves points beyond the asymptote by chance; the decay is still fitted."""
    found = extrapolate(points(0.37, 0.05, -0.004, error=0.01), fit="exponential", asymptote=0.0)
    assert (found.fit, found.notes) == ("exponential", ())
    assert found.value == pytest.approx(1, abs=4 * found.error)
    late = extrapolate(points(0.37, 0.02, 0.03, error=0.012), fit="exponential", asymptote=0.0)
    assert late.fit == "exponential"
    unlike = [Point(1, 0.1, 0.01), Point(3, 0.02, 0.005)]
    assert extrapolate(unlike, fit="exponential", asymptote=0.0).fit == "exponential"


@pytest.mark.parametrize("fit", ["quadratic", "richardson", "auto"])
def test_a_polynomial_through_ups_and_downs_becomes_a_line(fit: str) -> None:
    """Beyond their errors the values turn."""
    found = extrapolate(points(1.0, 0.5, 0.9, 0.2, error=0.01), fit=fit)
    assert found.fit == "linear"
    assert "up and down" in found.notes[0]


def test_points_off_the_curve_stretch_the_error() -> None:
    """By the root of chi squared over its freedom, and with a note."""
    bent = points(1.0, 0.5, 0.9, 0.2, error=0.01)
    straight = points(1.0, 0.8, 0.6, 0.4, error=0.01)
    far, near = (extrapolate(each, fit="linear") for each in (bent, straight))
    assert far.error > 10 * near.error
    assert "as far from the curve" in far.notes[0]
    assert near.notes == ()


@given(st.lists(st.floats(-2, 2), min_size=3, max_size=6), st.floats(0, 0.5), st.sampled_from(["auto", "exponential"]))
def test_any_points_give_a_finite_answer(values: list[float], error: float, fit: str) -> None:
    """Whatever was measured, a number and an error come back, and the fit that was used is named."""
    found = extrapolate(points(*values, error=error, scales=(1, 2, 3, 4, 5, 6)), fit=fit, asymptote=0.1)
    assert np.isfinite([found.value, found.error]).all()
    assert found.fit in ("linear", "exponential")
    assert all(a.scale < b.scale for a, b in pairwise(found.points))


@pytest.mark.parametrize(
    ("given_", "fit", "message"),
    [
        (points(1, 2), "cubic", "no fit 'cubic'"),
        (points(1), "linear", "at least 2"),
        (points(1, 2), "quadratic", "at least 3"),
        ([Point(1, 1, 0), Point(1, 2, 0)], "linear", "different scales"),
        ([Point(0, 1, 0), Point(1, 2, 0)], "linear", "scales above 0"),
        ([Point(1, 1, -1), Point(2, 2, 0)], "linear", "no negative errors"),
        ([Point(1, np.nan, 0), Point(2, 2, 0)], "linear", "not finite"),
        (points(1, 2), "exponential", "needs the asymptote"),
    ],
)
def test_what_can_not_be_fitted_is_refused(given_: list[Point], fit: str, message: str) -> None:
    """With what is wrong."""
    with pytest.raises(UsageError, match=message):
        extrapolate(given_, fit=fit)
