"""Coarser slots and exact repair: rounded to the safe side, shifted left in exact ticks."""

from __future__ import annotations

from itertools import product
from random import Random

import numpy as np
import pytest
from support.random_specs import random_feasible, random_spec

from qamctl.errors import UnsupportedError
from qamctl.qubo import check
from qamctl.qubo.compile import compile_qubo
from qamctl.qubo.penalties import sufficient_weights
from qamctl.schedule.build import build_instance
from qamctl.schedule.check import check_columns
from qamctl.schedule.model import build_model
from qamctl.schedule.place import Profile, place
from qamctl.schedule.read import schedule_from_data


def test_coarse_slots_hold_the_rounded_schedule_and_decode_to_exact_ticks() -> None:
    """The energy is the value of the schedule rounded to slots; what is decoded passes the checker in ticks."""
    rng, compared = Random(3), 0
    while compared < 60:
        spec = schedule_from_data(random_spec(rng, tasks=5, agents=2, max_duration=5))
        incumbent = random_feasible(spec, rng)
        if incumbent is None:
            continue
        instance = build_instance(spec)
        try:
            built = build_model(instance, incumbent, slot=rng.choice((2, 3)))
        except UnsupportedError:  # pinned tasks that no longer fit between each other
            continue
        sample = built.encode(incumbent)
        assert check.violations(built.model, sample.tolist()) == []
        chosen = built.chosen(sample)
        assert chosen is not None
        rounded = built.instance.solution(*chosen)
        value = built.instance.value(rounded)[0]
        compiled = compile_qubo(built.model, sufficient_weights(built.model, value))
        assert compiled.energy(compiled.extend(sample))[0] == pytest.approx(value, rel=1e-9, abs=1e-9)
        decoded = built.decode(sample)
        if decoded is not None:
            report = check_columns(spec, decoded.start, decoded.end, decoded.mode, decoded.agent)
            assert report.violations == ()
            compared += 1


def test_kept_levels_give_way_to_the_rounding_of_the_incumbent() -> None:
    """A makespan of 5 ticks is 3 slots of 2: the second level is built for 6 ticks, and decoded into 5."""
    spec = schedule_from_data(
        {"kind": "schedule", "version": 1, "name": "t",
         "tasks": [{"id": "a", "duration": 5}, {"id": "b", "duration": 2}],
         "agents": [{"id": "m", "slots": 2}], "objective": [{"makespan": 1}, {"flow": 1}]}
    )  # fmt: skip
    instance = build_instance(spec)
    incumbent = instance.solution(np.array([0, 1]), np.array([0, 1]))
    built = build_model(instance, incumbent, level=1, fixed_levels=(5.0,), slot=2)
    decoded = built.decode(built.encode(incumbent))
    assert decoded is not None
    assert decoded.start.tolist() == [0, 0]
    assert decoded.end.max() == 5
    assert build_model(instance, None, slot=2).model.n > 0


def test_pins_too_close_for_a_slot_are_refused() -> None:
    """Two tasks pinned one after the other within a slot cannot both have it."""
    spec = schedule_from_data(
        {"kind": "schedule", "version": 1, "name": "t", "agents": [{"id": "m"}],
         "tasks": [{"id": t, "duration": 2, "pinned": {"start": s}} for t, s in (("a", 0), ("b", 2))]}
    )  # fmt: skip
    instance = build_instance(spec)
    incumbent = instance.solution(np.array([0, 2]), np.array([0, 1]))
    with pytest.raises(UnsupportedError, match="slot of 8 ticks"):
        build_model(instance, incumbent, slot=8)


def test_placing_gives_feasible_schedules_or_nothing() -> None:
    """Whatever order and options are asked for, the checker accepts the schedule that comes back."""
    rng, generator, placed = Random(9), np.random.default_rng(9), 0
    while placed < 200:
        spec = schedule_from_data(random_spec(rng, tasks=6, agents=2, max_duration=4))
        instance = build_instance(spec)
        if (np.diff(instance.first_option) == 0).any():
            continue
        for _ in range(5):
            option = generator.integers(instance.first_option[:-1], instance.first_option[1:])
            start = place(instance, generator.integers(0, 20, instance.n), option)
            if start is None:
                continue
            found = instance.solution(start, option)
            assert check_columns(spec, found.start, found.end, found.mode, found.agent).violations == ()
            placed += 1


def test_placing_keeps_what_it_is_told_to() -> None:
    """Kept tasks stay, the others are shifted left around them; a schedule is never made later."""
    rng, generator, compared = Random(10), np.random.default_rng(10), 0
    while compared < 100:
        spec = schedule_from_data(random_spec(rng, tasks=6, agents=2, max_duration=4))
        incumbent = random_feasible(spec, rng)
        if incumbent is None:
            continue
        instance = build_instance(spec)
        option = instance.options_of(incumbent)
        kept = generator.random(instance.n) < 0.5
        start = place(instance, incumbent.start, option, kept=kept)
        if start is not None:
            assert np.array_equal(start[kept], incumbent.start[kept])
            found = instance.solution(start, option)
            assert check_columns(spec, found.start, found.end, found.mode, found.agent).violations == ()
            compared += 1
        everyone = place(instance, incumbent.start, option, kept=np.ones(instance.n, bool))
        assert everyone is not None
        assert np.array_equal(everyone, incumbent.start)


def test_a_profile_finds_the_first_gap() -> None:
    """The first moment that fits is that of trying every moment."""
    rng = Random(12)
    for _ in range(100):
        profile, used = Profile(), [0] * 60
        for _ in range(rng.randint(0, 6)):
            begin, length, amount = rng.randint(0, 20), rng.randint(1, 6), rng.randint(1, 3)
            profile.add(begin, begin + length, amount)
            for t in range(begin, begin + length):
                used[t] += amount
        for begin, length, room in product((0, 3, 11), (1, 4), (0, 2)):
            first = next(t for t in range(begin, 60) if all(u <= room for u in used[t : t + length]))
            assert profile.fit(begin, length, room) == first
