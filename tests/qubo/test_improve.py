"""The hybrid loop on a toy problem: never worse, reproducible, and stopped where asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
import pytest
from support.qubo_models import model_of
from support.toys import Bits, State

from qamctl.backends import exact, neal
from qamctl.backends.local import sample_set
from qamctl.qubo.compile import compile_qubo
from qamctl.qubo.improve import improve
from qamctl.qubo.penalties import sufficient_weights
from qamctl.qubo.rounds import Controls, Limits
from qamctl.qubo.window import Window, best_first


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


def shots(compiled: Any, **options: Any) -> Any:
    """An engine that measures: every state is as likely, and a measurement costs half a credit."""
    rng = np.random.default_rng(options["seed"])
    drawn = rng.integers(0, 2, (options["reads"], compiled.n))
    return sample_set(compiled, drawn, {"cost": 0.5 * options["reads"], "states": 2**compiled.n, "secret": 1})


def measure(problem: Bits, **options: Any) -> Any:
    settings = {"seed": 5, "stop": lambda: False, "steps": 40, "effort": {"reads": 3}} | options
    return improve(problem, (1,) * 8, shots, report=lambda state: None, **settings)


@pytest.mark.parametrize(
    ("limits", "windows", "name"),
    [
        (Limits(rounds=5), 5, "rounds"),
        (Limits(shots=10), 3, "shots"),
        (Limits(cost=7.0), 4, "cost"),
        (Limits(cost=1.5), 1, "cost"),
        (Limits(cost=0.0), 0, "cost"),
        (Limits(shots=2), 0, "shots"),
        (Limits(), 40, None),
    ],
)
def test_limits_end_the_loop_before_they_are_passed(limits: Limits, windows: int, name: str | None) -> None:
    """No window is opened that would go beyond the rounds, the shots or the cost, and the summary says which it was."""
    found = measure(Bits(), limits=limits)
    assert len(found.attempts) == windows
    assert found.ended == (None if name is None else f"the limit of {name} was reached")
    assert found.summary().get("ended") == found.ended


def test_every_round_of_an_engine_that_measures_is_told_with_both_controls() -> None:
    """Chance has as many draws as there were shots; the rows are plain data and hold what the engine said of them."""

    def annealer(compiled: object, **options: object) -> object:
        return neal.sample(compiled, options)

    found = measure(Bits(), controls=Controls(annealer, 1, shots=True), limits=Limits(rounds=6))
    rows = found.summary()["rounds"]
    assert len(rows) == 6
    for row in rows:
        assert row["reads"] == 3
        assert row["states"] == 4
        assert "secret" not in row
        assert row["energy"] >= row["classical_energy"]
        assert {"gain", "random_gain", "classical_gain", "random_energy"} <= row.keys()
    assert json.loads(json.dumps(rows)) == rows
    lowered = {name: sum(max(0, row["opened"] - row[f"{name}energy"]) for row in rows) for name in ("", "random_")}
    assert lowered[""] > 0
    assert found.summary()["sampled_gain"] == pytest.approx(lowered[""])
    assert found.summary()["sampled_gain_over_random"] == pytest.approx(lowered[""] - lowered["random_"])


def test_shots_count_with_the_slack_bits_that_cost_least() -> None:
    """A measured state whose slack bits are off is worth what the model's part of it is worth, for chance alike."""
    problem = Bits()
    window = problem.open((1, 1), 0, np.random.default_rng(1), 1)[0]
    best, energy = best_first(window, np.array([[1, 1], [0, 1], [0, 1], [0, 0]], np.uint8))
    assert best.tolist() == [[0, 0], [0, 1]]
    assert energy == float(window.compiled.energy(np.array([0, 0]))[0])
    nothing, none = best_first(window, np.zeros((0, 2), np.uint8))
    assert (len(nothing), none) == (0, np.inf)


def test_windows_without_a_choice_are_not_measured() -> None:
    """A loop over circuits passes them over, counts no shots for them, and ends where there are no others."""

    class Empty(Bits):
        def open(self, incumbent: State, attempt: int, rng: np.random.Generator, count: int) -> list[Window[State]]:
            model = model_of([])
            compiled = compile_qubo(model, sufficient_weights(model))
            return [Window(model, compiled, np.zeros(0, np.uint8), lambda sample, onto: None)]

    found = measure(Empty(), controls=Controls(None, 1, shots=True))
    assert found.attempts == ()
    assert found.ended == "no window had anything to choose"


def test_a_circuit_is_not_begun_without_the_time_that_the_longest_took() -> None:
    """It can't be cut short, so the loop ends before its time is over; a search's window may be opened to the end."""
    ticks: Iterator[int] = count()
    options = {"steps": None, "seconds": 40.0, "clock": lambda: float(next(ticks))}
    log: list[Any] = []
    found = measure(Bits(), controls=Controls(None, 1, shots=True), log=log, **options)
    assert 1 <= len(found.attempts) < 14
    assert next(ticks) <= 44  # the last look at the clock comes after the last round
    assert log == list(found.attempts)
