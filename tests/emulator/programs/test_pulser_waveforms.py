"""Waveforms of Pulser's abstract representation, against closed formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qamctl.emulator.programs.fault import BadProgram
from qamctl.emulator.programs.pulser_waveforms import LONGEST, phase_to_detuning, read


def wave(kind: str, **more: Any) -> dict[str, Any]:
    """A waveform's record."""
    return {"kind": kind, **more}


RAMP = wave("ramp", duration=11, start=-1.0, stop=4.0)


def test_simple_shapes_are_what_they_are_called() -> None:
    """One value for each nanosecond, the ends included."""
    assert read(wave("constant", duration=4, value=2.5)).samples.tolist() == [2.5] * 4
    assert read(RAMP).samples == pytest.approx(np.arange(11) / 2 - 1)
    assert read(wave("ramp", duration=1, start=3.0, stop=5.0)).samples.tolist() == [3.0]
    assert read(wave("custom", samples=[1, 2.5, 0])).samples.tolist() == [1.0, 2.5, 0.0]
    both = read(wave("composite", waveforms=[RAMP, wave("constant", duration=3, value=7.0)]))
    assert (both.duration, both.samples[10:].tolist()) == (14, [4.0, 7.0, 7.0, 7.0])


def test_parts_of_a_nanosecond_are_left_out() -> None:
    """As Pulser does."""
    assert read(wave("constant", duration=4.9, value=1.0)).duration == 4


@pytest.mark.parametrize("duration", [3, 50, 1001])
@pytest.mark.parametrize("area", [np.pi, -0.4])
def test_windows_have_the_area_that_was_asked_for(duration: int, area: float) -> None:
    """In rad: the sum over nanoseconds, in µs; they are symmetric, and never of the other sign."""
    for record in (wave("blackman"), wave("kaiser", beta=0.0), wave("kaiser", beta=14.0)):
        found = read({**record, "duration": duration, "area": area}).samples
        assert found.sum() * 1e-3 == pytest.approx(area)
        assert found == pytest.approx(found[::-1])
        assert (found * np.sign(area) >= 0).all()


def test_blackmans_window_is_his() -> None:
    """0.42 - 0.5 cos(2πx) + 0.08 cos(4πx), of height area / 0.42 T."""
    found = read(wave("blackman", duration=2001, area=2.0)).samples
    x = np.linspace(0, 1, 2001)
    shape = 0.42 - 0.5 * np.cos(2 * np.pi * x) + 0.08 * np.cos(4 * np.pi * x)
    assert found == pytest.approx(shape * found.max(), abs=1e-12)
    assert found.max() == pytest.approx(2.0 / (0.42 * 2.0), rel=1e-2)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("area", "highest"), [(3.0, 10.0), (0.5, 12.6), (6.0, 1.3), (0.05, 9.0), (0.01, 1.2)])
def test_windows_by_height_are_as_short_as_that_allows(sign: int, area: float, highest: float) -> None:
    """They do not pass it, and a shorter one of the kind would."""
    for record in (wave("blackman_max"), wave("kaiser_max", beta=14.0), wave("kaiser_max", beta=2.0)):
        found = read({**record, "area": sign * area, "max_val": sign * highest})
        assert found.samples.sum() * 1e-3 == pytest.approx(sign * area)
        assert np.abs(found.samples).max() <= highest
        kind = {**record, "kind": record["kind"].removesuffix("_max")}
        if found.duration > 4:
            assert read({**kind, "area": area, "duration": found.duration - 2}).samples.max() > highest


@pytest.mark.parametrize(
    ("record", "duration"),
    [
        (wave("blackman_max", area=3.0, max_val=10.0), 716), (wave("blackman_max", area=0.1, max_val=12.0), 21),
        (wave("kaiser_max", area=3.0, max_val=10.0, beta=14.0), 905),
        (wave("kaiser_max", area=0.05, max_val=12.0, beta=5.0), 9),
        (wave("kaiser_max", area=3.84, max_val=3.6, beta=6.0), 2135),
        (wave("kaiser_max", area=0.136, max_val=36.9, beta=28.0), 16),
    ],
)  # fmt: skip
def test_windows_by_height_last_as_long_as_pulsers(record: dict[str, Any], duration: int) -> None:
    """Lengths that pulser-core 1.9.1 gave."""
    assert read(record).duration == duration


def test_points_are_joined_without_overshooting() -> None:
    """Through the points, and monotone between them."""
    record = wave("interpolated", duration=101, values=[0.0, 5.0, 5.0, -2.0], times=[0.0, 0.2, 0.5, 1.0])
    found = read(record).samples
    assert found[[0, 20, 50, 100]] == pytest.approx([0.0, 5.0, 5.0, -2.0])
    assert found[20:51] == pytest.approx(np.full(31, 5.0))
    assert (np.diff(found[:21]) > 0).all()
    assert (np.diff(found[50:]) < 0).all()
    assert read({**record, "duration": 1}).samples.tolist() == [0.0]
    inside = read({**record, "times": [0.1, 0.3, 0.5, 0.9]}).samples
    assert (inside.min(), inside.max()) == (-2.0, 5.0)


def test_a_running_phase_is_a_detuning() -> None:
    """φ(t) = φ0 - Σ δ, sample by sample."""
    samples = np.cumsum(np.linspace(0.0, 0.02, 40))
    points = wave("interpolated", duration=30, values=[0.0, 1.0, 0.3], times=[0.0, 0.4, 1.0])
    for record in (
        wave("custom", samples=samples.tolist()), wave("ramp", duration=20, start=0.1, stop=1.0), points,
        wave("constant", duration=9, value=0.7),
    ):  # fmt: skip
        phase = read(record)
        detuning, first = phase_to_detuning(phase, record["kind"])
        assert first - np.cumsum(detuning.samples) * 1e-3 == pytest.approx(phase.samples)
        assert detuning.elastic == (record["kind"] in ("ramp", "constant"))
    for kind in ("custom", "ramp"):
        detuning, first = phase_to_detuning(read(wave(kind, samples=[0.4], duration=1, start=0.4, stop=1.0)), kind)
        assert (detuning.samples.tolist(), first) == ([0.0], pytest.approx(0.4))


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (3, "The waveform 'None' is not known"),
        (wave("sinus"), "The waveform 'sinus' is not known"),
        (wave("constant", duration=0, value=1.0), "lasts 0 ns"),
        (wave("constant", duration=LONGEST + 1, value=1.0), "must be from 0 to"),
        (wave("constant", duration=-3, value=1.0), "must be from 0 to"),
        (wave("constant", duration=5), "'value' must be a number"),
        (wave("constant", duration=5, value=True), "'value' must be a number"),
        (wave("constant", duration=5, value=float("nan")), "'value' must be a number"),
        (wave("constant", duration=5, value=10**400), "'value' must be a number"),
        (wave("constant", duration=5, value={"variable": "x"}), "'value' depends on a variable"),
        (wave("custom", samples=[]), "'samples' must be a list"),
        (wave("custom", samples=[1, None]), "'samples' must be a number"),
        (wave("composite", waveforms=[RAMP]), "two waveforms or more"),
        (wave("composite", waveforms=[wave("constant", duration=LONGEST, value=1)] * 2), "lasts more than"),
        (wave("interpolated", duration=5, values=[1.0], times=[0.0]), "two at least"),
        (wave("interpolated", duration=5, values=[1.0, 2.0], times=[0.0]), "as many times as values"),
        (wave("interpolated", duration=5, values=[1.0, 2.0], times=[0.0, 1.1]), "must rise from 0 to 1"),
        (wave("interpolated", duration=5, values=[1.0, 2.0], times=[0.5, 0.5]), "must rise from 0 to 1"),
        (wave("blackman", duration=2, area=1.0), "has no area"),
        (wave("kaiser", duration=9, area=1.0, beta=-1.0), "'beta' must be from"),
        (wave("kaiser", duration=9, area=1.0), "'beta' must be a number"),
        (wave("blackman_max", area=1.0, max_val=-1.0), "must have the same sign"),
        (wave("blackman_max", area=0.0, max_val=0.0), "neither may be 0"),
        (wave("blackman_max", area=1e9, max_val=1.0), "lasts more than"),
        (wave("kaiser_max", area=50.0, max_val=0.6, beta=300.0), "must last from 1 to"),
        (wave("kaiser_max", area=0.001, max_val=1e-300, beta=300.0), "lasts more than"),
    ],
)
def test_what_is_no_waveform_is_refused(record: Any, told: str) -> None:
    """With what is wrong."""
    with pytest.raises(BadProgram) as raised:
        _ = read(record).samples
    assert told in raised.value.message
