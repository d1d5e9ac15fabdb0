"""The hybrid loop on a toy problem: never worse, reproducible, and stopped where asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import numpy as np
import pytest
from support.qubo_models import model_of

from qamctl.backends import exact, neal
from qamctl.qubo.compile import compile_qubo
from qamctl.qubo.improve import Window, improve
from qamctl.qubo.penalties import sufficient_weights

State = tuple[int, ...]


class Bits:
    """Minimise a sum of bits, two bits a window; `broken` samples cannot be read."""

    def __init__(self, *, broken: bool = False, windows: int = 1_000) -> None:
        self.broken, self.left, self.proofs = broken, windows, list[float]()

    def value(self, answer: State) -> tuple[float, ...]:
        return (float(sum(answer)),)

    def open(self, incumbent: State, attempt: int, rng: np.random.Generator) -> Window[State] | None:
        if self.left == 0:
            return None
        self.left -= 1
        at = int(rng.integers(len(incumbent) - 1))
        model = model_of([1.0, 1.0], offset=float(sum(incumbent) - incumbent[at] - incumbent[at + 1]))
        compiled = compile_qubo(model, sufficient_weights(model))

        def read(sample: np.ndarray) -> State | None:
            if self.broken:
                return None
            return (*incumbent[:at], *(int(b) for b in sample), *incumbent[at + 2 :])

        initial = np.array(incumbent[at : at + 2], np.uint8)
        return Window(model, compiled, initial, read, self.proofs.append)


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
    assert run(Bits(), steps=None, seconds=5.0, clock=lambda: float(next(ticks)))[1] == 4


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
