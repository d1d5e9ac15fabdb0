"""When the pulses of a sequence are played: each rule by itself (`test_pulser.py` has files that Pulser timed)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from qamctl.emulator.programs.fault import BadProgram
from qamctl.emulator.programs.pulser_device import Channel
from qamctl.emulator.programs.pulser_schedule import Pulse, Schedule
from qamctl.emulator.programs.pulser_waveforms import read

FREE = Channel("rydberg_global", local=False)
LOCAL = Channel("rydberg_local", local=True)

#: Its rise time is 170 ns: 480 √2 / 4.
SLOW = Channel("rydberg_global", local=False, bandwidth=4.0)


def constant(duration: int = 100, amplitude: float = 5.0, detuning: float = 0.0, **more: float) -> Pulse:
    """A pulse that does not change."""
    shapes = [read({"kind": "constant", "duration": duration, "value": value}) for value in (amplitude, detuning)]
    return Pulse(*shapes, more.get("phase", 0.0), more.get("after", 0.0))


def times(schedule: Schedule) -> list[tuple[int, int]]:
    """When each pulse is played."""
    return sorted((slot.start, slot.end) for slot, _ in schedule.played())


def two(**more: Any) -> Schedule:
    """A global channel and a local one, which is on the first of three atoms."""
    schedule = Schedule({"all": FREE, "one": Channel("rydberg_local", local=True, **more)}, 3)
    schedule.target("one", frozenset({0}))
    return schedule


def test_pulses_follow_each_other() -> None:
    """And delays lie between them."""
    schedule = Schedule({"a": FREE}, 1)
    schedule.pulse("a", constant(100), "min-delay")
    schedule.delay("a", 30, faded=False)
    schedule.delay("a", 0, faded=False)
    schedule.pulse("a", constant(50), "min-delay")
    assert (times(schedule), schedule.duration) == ([(0, 100), (130, 180)], 180)


def test_a_pulse_waits_for_other_channels_as_its_protocol_says() -> None:
    """For those that drive its atoms, for all, or for none."""
    for protocol, start in (("min-delay", 0), ("wait-for-all", 100), ("no-delay", 0)):
        schedule = Schedule({"a": LOCAL, "b": LOCAL}, 2)
        schedule.target("a", frozenset({0}))
        schedule.target("b", frozenset({1}))
        schedule.pulse("a", constant(100), "min-delay")
        schedule.pulse("b", constant(10), protocol)
        assert times(schedule) == sorted([(0, 100), (start, start + 10)])
    for protocol, start in (("min-delay", 100), ("wait-for-all", 100), ("no-delay", 0)):
        schedule = two()
        schedule.pulse("one", constant(100), "min-delay")
        schedule.pulse("all", constant(10), protocol)
        assert times(schedule) == sorted([(0, 100), (start, start + 10)])


def test_a_pulse_waits_until_the_others_have_faded() -> None:
    """A slow channel's pulse lasts longer than it says: at least its rise time, and until its output has followed."""
    schedule = Schedule({"slow": SLOW, "one": LOCAL}, 1)
    schedule.target("one", frozenset({0}))
    schedule.pulse("slow", constant(100, 0.005), "min-delay")  # too weak to be noticed when it is over
    schedule.delay("slow", 20, faded=False)
    schedule.pulse("one", constant(10), "min-delay")
    assert times(schedule) == [(0, 100), (270, 280)]
    schedule.pulse("slow", constant(100), "no-delay")
    schedule.pulse("one", constant(10), "min-delay")
    start = times(schedule)[-1][0]
    assert 220 + 170 < start <= 220 + 2 * 170


def test_a_new_phase_waits_for_the_last_pulse() -> None:
    """Twice the rise time and until that has faded; or as long as the channel says; not for detuned delays."""
    for channel, wait in ((FREE, 0), (SLOW, 170 + 2 * 170), (Channel("g", local=False, phase_jump=57), 57)):
        schedule = Schedule({"a": channel}, 1)
        for phase in (0.0, 0.0, 1.0):
            schedule.pulse("a", constant(100, 0.005, phase=phase), "min-delay")
        assert times(schedule) == [(0, 100), (100, 200), (200 + wait, 300 + wait)]
    schedule = Schedule({"a": SLOW}, 1)
    schedule.pulse("a", constant(100, 0.005), "min-delay")
    schedule.pulse("a", constant(80, 0.0, 0.005), "no-delay")
    schedule.pulse("a", constant(90, 0.0, 0.005, phase=1.0), "min-delay")
    schedule.pulse("a", constant(70, 0.005, phase=2.0), "no-delay")
    assert times(schedule)[:2] == [(0, 100), (100, 180)]
    assert times(schedule)[2:] == [(610, 700), (700, 770)]  # 510 ns after the pulse, whatever lies between


def test_phases_of_atoms_shift_those_of_their_pulses() -> None:
    """From the end of their last pulse on, which pulses on other channels wait for, too."""
    schedule = two()
    schedule.pulse("all", constant(100, phase=7.0, after=0.5), "min-delay")
    schedule.shift(frozenset({0, 1, 2}), 0.25)
    schedule.pulse("one", constant(10, phase=1.0), "no-delay")
    phases = {slot.start: pulse.phase for slot, pulse in schedule.played()}
    assert phases == {0: pytest.approx(7.0 - 2 * math.pi), 100: pytest.approx(1.75)}
    schedule.shift(frozenset({1}), 0.1)
    with pytest.raises(BadProgram, match="phases were shifted differently"):
        schedule.pulse("all", constant(), "min-delay")
    with pytest.raises(BadProgram, match="phases were shifted differently"):
        schedule.target("one", frozenset({0, 1}))


def test_turning_to_other_atoms_takes_time() -> None:
    """As long as the channel takes, and not sooner than its interval after the last time."""
    schedule = two(to_target=30, between_targets=200)
    schedule.pulse("one", constant(100), "min-delay")
    schedule.target("one", frozenset({0}))  # it is there already
    schedule.target("one", frozenset({1}))  # 100 ns are left of the interval
    schedule.pulse("one", constant(300), "min-delay")
    schedule.target("one", frozenset({2}))  # none are
    schedule.pulse("one", constant(10), "min-delay")
    assert times(schedule) == [(0, 100), (200, 500), (530, 540)]
    schedule = two(between_targets=100)
    schedule.pulse("one", constant(100), "min-delay")
    schedule.target("one", frozenset({1}))
    schedule.pulse("one", constant(10), "min-delay")
    assert times(schedule) == [(0, 100), (100, 110)]


def test_channels_are_aligned_with_the_one_that_is_done_last() -> None:
    """With its fading or without; a channel that is done then waits no longer."""
    for faded, start in ((True, 270), (False, 100)):
        schedule = Schedule({"slow": SLOW, "one": LOCAL}, 2)
        schedule.target("one", frozenset({0}))
        schedule.pulse("slow", constant(100, 0.005), "min-delay")
        schedule.align(["slow", "one"], faded=faded)
        schedule.pulse("one", constant(10), "no-delay")
        assert times(schedule) == [(0, 100), (start, start + 10)]
    schedule.align(["one", "slow"], faded=False)
    assert schedule.duration == 110


def test_a_delay_may_begin_when_the_pulse_has_faded() -> None:
    """Also where other delays lie between; none where it has faded already."""
    schedule = Schedule({"slow": SLOW}, 1)
    schedule.pulse("slow", constant(100, 0.005), "min-delay")
    schedule.delay("slow", 20, faded=False)
    schedule.delay("slow", 30, faded=True)
    assert schedule.duration == 100 + 170 + 30
    schedule.delay("slow", 400, faded=True)
    schedule.delay("slow", 10, faded=True)
    assert schedule.duration == 710


def test_a_slow_clock_makes_everything_longer() -> None:
    """Pulses are stretched with their shapes, delays are rounded up, and no wait is shorter than the channel takes."""
    schedule = Schedule({"a": Channel("g", local=False, clock=4, shortest=16), "b": FREE}, 1)
    schedule.pulse("a", constant(21), "min-delay")
    schedule.delay("a", 17, faded=False)
    schedule.pulse("b", constant(46), "no-delay")
    ramp = read({"kind": "ramp", "duration": 30, "start": 0.0, "stop": 3.1})
    schedule.pulse("a", Pulse(ramp, read({"kind": "constant", "duration": 30, "value": 1.0}), 0.0, 0.0), "min-delay")
    assert times(schedule) == [(0, 24), (0, 46), (60, 92)]
    last = next(pulse for slot, pulse in schedule.played() if slot.start == 60)
    assert last.amplitude.samples == pytest.approx(np.linspace(0, 3.1, 32))


def test_no_channels_have_no_duration() -> None:
    """There is nothing to do."""
    assert Schedule({}, 2).duration == 0


def custom(*samples: float) -> Pulse:
    """A pulse that can't be stretched."""
    shape = read({"kind": "custom", "samples": list(samples)})
    return Pulse(shape, read({"kind": "constant", "duration": len(samples), "value": 1.0}), 0.0, 0.0)


@pytest.mark.parametrize(
    ("limits", "pulse", "told"),
    [
        ({"most_amplitude": 4.0}, constant(), "above 4 rad/µs"),
        ({"most_detuning": 4.0}, constant(detuning=-4.1), "beyond ±4 rad/µs"),
        ({"least_mean": 6.0}, constant(), "below 6 rad/µs on average"),
        ({"shortest": 101}, constant(), "acts for 101 to 100000 ns at a time, and not for 100 ns"),
        ({"longest": 50}, constant(), "acts for 1 to 50 ns at a time"),
        ({"clock": 99_999}, constant(99_999 + 1), "and not for 100000 ns"),
        ({"clock": 4}, custom(1.0, 2.0, 3.0), "3 ns and can't be made longer: choose a multiple of 4 ns"),
        ({}, custom(1.0, -2.0), "below 0"),
        ({}, Pulse(constant(20).amplitude, constant(30).detuning, 0, 0), "lasts 20 ns, and the detuning 30 ns"),
    ],
)  # fmt: skip
def test_a_pulse_that_the_channel_does_not_take_is_refused(limits: dict[str, Any], pulse: Pulse, told: str) -> None:
    """With the limit; at the limit it is taken."""
    with pytest.raises(BadProgram) as raised:
        Schedule({"a": Channel("g", local=False, **limits)}, 1).pulse("a", pulse, "min-delay")
    assert told in raised.value.message
    taken = Channel("g", local=False, most_amplitude=5.0, most_detuning=4.0, least_mean=5.0, shortest=100, longest=100)
    Schedule({"a": taken}, 1).pulse("a", constant(detuning=4.0), "min-delay")


def test_what_can_not_be_scheduled_is_refused() -> None:
    """With what is wrong."""
    schedule = Schedule({"all": FREE, "one": Channel("l", local=True, most_targets=1)}, 3, longest=120)
    for act, told in (
        (lambda: schedule.pulse("x", constant(), "min-delay"), "The channel 'x' is not declared."),
        (lambda: schedule.pulse("one", constant(), "min-delay"), "The channel 'one' has no target yet."),
        (lambda: schedule.delay("one", 5, faded=False), "The channel 'one' has no target yet."),
        (lambda: schedule.target("all", frozenset({1})), "acts on all atoms"),
        (lambda: schedule.target("one", frozenset({1, 2})), "has 1 targets at most, not 2"),
        (lambda: schedule.align(["all"], faded=True), "two or more channels"),
        (lambda: schedule.align(["all", "all"], faded=True), "each named once"),
        (lambda: schedule.pulse("all", constant(121), "min-delay"), "lasts longer than 120 ns"),
    ):
        with pytest.raises(BadProgram) as raised:
            act()
        assert told in raised.value.message
