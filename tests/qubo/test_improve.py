"""The hybrid loop on a toy problem: never worse, reproducible, and stopped where asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
import pytest
from support.toys import Bits, State

from qamctl.backends import exact, neal
from qamctl.backends.local import sample_set
from qamctl.qubo.improve import improve
from qamctl.qubo.window import Window


def run(problem: Bits, sample: Callable = exact.sample, **options: object) -> tuple[State, int, list[State]]:
    reported: list[State] = []

    def engine(compiled: object, **wanted: object) -> object:
        return sample(compiled, wanted)

    settings: dict = {"seed": 3, "stop": lambda: False, "steps": 40} | options
    found = improve(problem, (1,) * 8, engine, report=reported.append, **settings)
    return found.answer, len(found.attempts), reported


def test_it_reaches_the_optimum_and_reports_each_gain() -> None:
    """Window by window the sum falls to zero; what is reported only gets better."""
    answer, windows, reported = run(Bits())
    assert answer == (0,) * 8
    assert windows == 40
    values = [sum(state) for state in reported]
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == len(values)


def test_equal_seeds_give_equal_walks() -> None:
    """With steps the annealer's reads are fixed too, so that the same seed gives the same answer."""
    assert run(Bits(), neal.sample, steps=6) == run(Bits(), neal.sample, steps=6)


def test_unreadable_samples_change_nothing() -> None:
    """Where no sample can be repaired the incumbent stays."""
    answer, windows, reported = run(Bits(broken=True))
    assert (answer, windows, reported) == ((1,) * 8, 40, [])


def test_an_exact_engine_settles_its_windows() -> None:
    """Each window learns the energy that was proved least; an annealer proves nothing."""
    problem = Bits()
    run(problem, steps=3)
    assert len(problem.proofs) == 3
    run(problem, neal.sample, steps=3)
    assert len(problem.proofs) == 3


def test_it_ends_when_told_or_when_nothing_is_left_or_time_is_up() -> None:
    """A stop, the end of the windows and the end of the time each end the loop."""
    assert run(Bits(), stop=lambda: True)[1] == 0
    assert run(Bits(windows=2))[1] == 2
    ticks: Iterator[int] = count()
    assert run(Bits(), steps=None, seconds=5.0, clock=lambda: float(next(ticks)))[1] == 2


def test_a_budget_is_needed() -> None:
    """Neither or both of steps and seconds is a mistake of the caller."""
    with pytest.raises(ValueError, match="exactly one"):
        run(Bits(), steps=None)
    with pytest.raises(ValueError, match="exactly one"):
        run(Bits(), seconds=1.0)


def test_the_summary_counts_every_sample() -> None:
    """Shots, windows and the share of feasible samples are those of all windows."""
    found = improve(
        Bits(),
        (1,) * 4,
        lambda compiled, **wanted: neal.sample(compiled, wanted),
        seed=1,
        stop=lambda: False,
        report=lambda state: None,
        steps=3,
    )
    summary = found.summary()
    assert summary["windows"] == 3
    assert summary["shots"] == sum(attempt.reads for attempt in found.attempts) == 12
    assert summary["feasible_fraction"] == 1.0
    empty = improve(
        Bits(windows=0), (1, 1), neal.sample, seed=1, stop=lambda: False, report=lambda state: None, steps=3
    )
    assert empty.summary()["feasible_fraction"] is None


def test_only_new_states_are_read() -> None:
    """The state that a window was opened in, and a state met twice, cost no decoding."""
    read: list[tuple[int, ...]] = []

    class Watched(Bits):
        def open(self, incumbent: State, attempt: int, rng: np.random.Generator, count: int) -> list[Window[State]]:
            def told(window: Window[State]) -> Window[State]:
                def reading(sample: np.ndarray, onto: State) -> State | None:
                    read.append(tuple(sample.tolist()))
                    return window.read(sample, onto)

                return replace(window, read=reading)

            return [told(window) for window in super().open(incumbent, attempt, rng, count)]

    def engine(compiled: Any, **options: Any) -> Any:
        return sample_set(compiled, np.array([[1, 1], [0, 1], [0, 1], [1, 0], [1, 1]]), {})

    improve(Watched(), (1, 1), engine, seed=1, stop=lambda: False, report=lambda state: None, steps=1)
    assert read == [(0, 1), (1, 0)]


def test_the_problem_learns_what_its_windows_gave() -> None:
    """Each window is closed once, with whether it improved the answer."""
    problem = Bits()
    run(problem, steps=6)
    assert len(problem.improved) == 6
    assert problem.improved[0]
