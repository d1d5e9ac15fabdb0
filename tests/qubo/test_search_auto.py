"""`auto`: what it chooses and proves, that its answers repeat, and that no part of it costs the others' answers."""

from __future__ import annotations

import threading
import time
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.families import FAMILIES
from support.qubo_models import model_of, models, optimum

from qamctl.backends import cpsat_model
from qamctl.errors import BackendError, UnsupportedError
from qamctl.kernels.couplings import Couplings, couplings
from qamctl.model_task import make_question
from qamctl.qubo import check
from qamctl.qubo.model import GE, LE
from qamctl.qubo.search import auto, free
from qamctl.qubo.search.base import Budget
from qamctl.qubo.search.choice import choose
from qamctl.qubo.search.free import bound_steps
from qamctl.qubo.search.shared import Member, Shared, at_most, guarded


def family(name: str, n: int, seed: int = 1) -> Couplings:
    return couplings(*FAMILIES[name](n, seed))


def least(model: Couplings) -> float:
    """The least energy, by trying every state."""
    return min(model.energy(np.array(state)) for state in product((0, 1), repeat=model.n))


@st.composite
def couplings_of_few(draw: st.DrawFn) -> Couplings:
    """Small models, some in several parts, some with coefficients that are not whole."""
    n = draw(st.integers(0, 9))
    number = st.integers(-9, 9).map(float) if draw(st.booleans()) else st.floats(-9, 9, width=16)
    linear = draw(st.lists(number, min_size=n, max_size=n))
    ends = [(i, j) for i in range(n) for j in range(i + 1, n)]
    chosen = draw(st.lists(st.sampled_from(ends), max_size=15, unique=True)) if ends else []
    pairs = np.array(chosen, int).reshape(-1, 2)
    weight = np.array([draw(number) for _ in chosen])
    return couplings(np.array(linear), pairs[:, 0], pairs[:, 1], weight, draw(number))


@settings(deadline=None, max_examples=60)
@given(couplings_of_few())
def test_small_models_are_solved_and_proved(model: Couplings) -> None:
    """Whatever its parts, a small model's optimum is found, with a bound that meets it."""
    found = auto.search(model, budget=Budget(steps=50), seed=1)
    best = least(model)
    assert found.energies[0] == pytest.approx(best, abs=1e-9)
    assert found.info["proved"]
    assert found.info["bound"] <= best + 1e-9
    assert [model.energy(sample) for sample in found.samples] == found.energies.tolist()


@pytest.mark.parametrize("name", list(FAMILIES))
@pytest.mark.parametrize("threads", [1, 2])
def test_every_family_is_searched_in_time(name: str, threads: int) -> None:
    """On models of every family the answer is better than nothing, and its energy and bound are consistent."""
    model = family(name, 120)
    told: list[float] = []
    budget = Budget(seconds=0.5 * threads, threads=threads, clock=time.process_time)  # whatever else the machine does
    found = auto.search(model, budget=budget, seed=1, report=lambda sample, energy: told.append(energy))
    assert found.energies[0] < 0
    assert found.energies[0] == model.energy(found.samples[0]) == min(told)
    assert told == sorted(told, reverse=True)
    assert found.info["bound"] is None or found.info["bound"] <= found.energies[0]


@pytest.mark.parametrize("name", ["sparse", "dense", "assignment"])
def test_steps_repeat(name: str) -> None:
    """Under a step budget samples, energies and bound do not depend on threads."""
    model = family(name, 60)
    one, other = (auto.search(model, budget=Budget(steps=100, threads=threads), seed=7) for threads in (1, 3))
    assert np.array_equal(one.samples, other.samples)
    assert (one.info["bound"], one.info["proved"]) == (other.info["bound"], other.info["proved"])


@settings(deadline=None, max_examples=25)
@given(models())
def test_models_with_constraints(model) -> None:  # type: ignore[no-untyped-def]
    """With groups and rows the members' best feasible sample is the optimum, or infeasibility is proved."""
    question, best = make_question(model), optimum(model)
    members = auto.run(model, question.objective, budget=Budget(steps=300), seed=1, prover=cpsat_model.solve)
    samples = [sample for member in members if member.samples is not None for sample in member.samples]
    energies = [check.objective(model, sample) for sample in samples if not check.violations(model, sample)]
    if best is None:
        assert energies == []
        assert "infeasible" in [member.status for member in members]
    else:
        assert min(energies) == pytest.approx(best[0], abs=1e-9)
        assert max(member.bound for member in members if member.bound is not None) <= best[0] + 1e-6


@pytest.mark.parametrize("threads", [1, 2])
def test_constraints_in_time(threads: int) -> None:
    """With a time limit the search, the bound and CP-SAT share it, on one core or side by side."""
    k, rng = 4, np.random.default_rng(1)
    groups = [[k * i + p for p in range(k)] for i in range(24)]
    pairs = [(a, b, float(rng.integers(1, 9))) for a in range(96) for b in range(a + 1, 96) if rng.random() < 0.1]
    pairs = [pair for pair in pairs if pair[0] // k != pair[1] // k]
    rows = [({k * i + p: int(rng.integers(1, 5)) for i in range(24)}, LE, 18) for p in range(k)]
    model = model_of(rng.integers(0, 20, 96).astype(float).tolist(), pairs, groups, rows)
    told: list[str] = []
    members = auto.run(
        model, make_question(model).objective, budget=Budget(seconds=0.8, threads=threads), seed=1,
        prover=cpsat_model.solve, finished=lambda member: told.append(member.name),
    )  # fmt: skip
    by_name = {member.name: member for member in members}
    assert by_name["anneal"].status == "feasible"
    assert by_name["anneal"].samples is not None
    assert check.violations(model, by_name["anneal"].samples[0]) == []
    assert {"anneal", "bound"} <= set(told)


def test_infeasible_models_are_proved_without_a_prover() -> None:
    """Rows that together leave nothing are told by propagation."""
    model = model_of([1.0] * 20, groups=[[0, 1]], rows=[({0: 1, 1: 1}, GE, 2)])  # too many to enumerate
    members = auto.run(model, make_question(model).objective, budget=Budget(steps=50), seed=1)
    assert [member.status for member in members if member.name == "anneal"] == ["infeasible"]


def test_reads_come_besides() -> None:
    """Independent samples are taken besides the search, as many as were asked for."""
    question = make_question(model_of([-1.0, 2.0, -3.0], [(0, 1, 2.0), (1, 2, -2.0)]))
    members = auto.run(question.model, question.objective, budget=Budget(steps=400), seed=1, reads=9)
    reads = members[-1]
    assert (reads.name, reads.shots, int(reads.occurrences.sum())) == ("reads", 9, 9)
    timed = auto.run(question.model, question.objective, budget=Budget(seconds=0.3), seed=1, reads=5)
    assert timed[-1].shots == 5


def test_a_step_budget_bounds_the_reads() -> None:
    """A read is one step at least: a million of them in seven steps are seven, and that is said."""
    for model in (model_of([-1.0, 2.0]), model_of([3.0, 1.0, 2.0, 5.0], groups=[[0, 1], [2, 3]])):
        question = make_question(model)
        reads = auto.run(question.model, question.objective, budget=Budget(steps=7), seed=1, reads=10**6)[-1]
        assert (reads.shots, reads.note) == (7, "7 of 1000000 reads were taken in the steps")


def test_reads_of_constrained_models() -> None:
    """They keep what can be kept, and repeat with the seed."""
    model = model_of([3.0, 1.0, 2.0, 5.0], [(0, 3, -4.0)], groups=[[0, 1], [2, 3]], rows=[({1: 1, 2: 1}, LE, 1)])
    question = make_question(model)
    one, other = (auto.run(model, question.objective, budget=Budget(steps=400), seed=1, reads=6)[-1] for _ in range(2))
    assert (one.name, one.shots) == ("reads", 6)
    assert one.samples is not None
    assert other.samples is not None
    assert np.array_equal(one.samples, other.samples)
    assert check.violations(model, one.samples[0]) == []


def test_a_start_is_never_made_worse() -> None:
    """The result is at least as good as the sample to start from, and an end at once gives that one back."""
    model = family("dense", 60)
    good = auto.search(model, budget=Budget(steps=2000), seed=1)
    again = auto.search(model, budget=Budget(steps=1), seed=2, initial=good.samples[0])
    assert again.energies[0] <= good.energies[0]
    at_once = auto.search(model, budget=Budget(seconds=5), seed=1, initial=good.samples[0], stop=lambda: True)
    assert at_once.energies[0] == good.energies[0]
    nothing = auto.search(model, budget=Budget(seconds=5), seed=1, stop=lambda: True)
    assert len(nothing.samples) >= 1


def test_the_target_ends_it() -> None:
    """A sample as good as the target ends the search long before its time."""
    model = family("dense", 200)
    found = auto.search(model, budget=Budget(seconds=60, target=-1000.0), seed=1)
    assert found.energies[0] <= -1000.0


@pytest.mark.parametrize(
    ("name", "n", "first", "both"),
    [
        ("sparse", 4000, "anneal", False), ("grid", 4000, "anneal", False), ("sparse", 300, "anneal", True),
        ("sherrington-kirkpatrick", 300, "anneal", True), ("dense", 300, "tabu", True),
        ("assignment", 900, "onehot", True),
    ],
)  # fmt: skip
def test_choice_is_by_what_the_model_is(name: str, n: int, first: str, both: bool) -> None:
    """Hidden groups begin as such, penalties and dense weights with tabu, others with annealing."""
    assert choose(family(name, n))[0] == first
    assert len(choose(family(name, n))) == 1 + both


def test_sweeps_of_bounds_follow_the_steps() -> None:
    """Small budgets get few sweeps, large models fewer, and no model gets none."""
    small, large = family("sparse", 100), family("dense", 1000)
    assert bound_steps(small, 1) == bound_steps(large, 1) == 20
    assert 20 < bound_steps(small, 4000) <= 1000
    assert bound_steps(large, 10**9) < bound_steps(small, 10**9) == 2000


class Broken:
    """A prover that fails in the way it is told."""

    def __init__(self, fault: Exception) -> None:
        self.fault = fault

    def __call__(self, model: Any, **options: Any) -> Any:
        raise self.fault


@pytest.mark.parametrize(
    ("fault", "status"),
    [(UnsupportedError("too large"), "skipped"), (BackendError("no"), "failed"), (ZeroDivisionError("x"), "failed")],
)
def test_a_member_that_fails_costs_no_answer(fault: Exception, status: str) -> None:
    """A prover that is missing, fails or crashes is noted; the search's answer stands."""
    model = model_of([-1.0, -2.0, -4.0] + [0.0] * 17, [(0, 2, 3.0), (1, 3, 2.0)], groups=[[0, 1], [2, 3]])
    members = auto.run(model, make_question(model).objective, budget=Budget(steps=100), seed=1, prover=Broken(fault))
    by_name = {member.name: member for member in members}
    assert by_name["cpsat"].status == status
    assert by_name["cpsat"].note is not None
    assert by_name["anneal"].samples is not None


def test_a_prover_may_find_and_prove(monkeypatch: pytest.MonkeyPatch) -> None:
    """What CP-SAT finds on what presolve left is restored, and its bound counts for the whole model."""
    monkeypatch.setattr(free, "PROVABLE", 10**6)
    rng = np.random.default_rng(3)
    pairs = [(i, j) for i in range(34) for j in range(i + 1, 34)]
    ends = np.array(pairs)
    model = couplings(rng.integers(-9, 10, 34) / 2, ends[:, 0], ends[:, 1], rng.integers(-9, 10, len(ends)), 7.25)
    best = auto.search(model, budget=Budget(steps=3000), seed=1)

    def prover(left: Any, **options: Any) -> Any:
        options["report"](options["initial"], 0.0)
        return SimpleNamespace(status="optimal", sample=options["initial"], bound=check.objective(
            left, options["initial"]), info={})  # fmt: skip

    question = SimpleNamespace(model=model_of([0.0] * 34), objective=model)
    members = auto.run(question.model, model, budget=Budget(steps=3000), seed=1, initial=best.samples[0], prover=prover)
    proof = next(member for member in members if member.name == "cpsat")
    assert proof.bound == pytest.approx(best.energies[0])
    assert proof.samples is not None
    assert model.energy(proof.samples[0]) == best.energies[0]


def test_guarded_tells_faults() -> None:
    """What goes well has no member; what fails is one."""
    assert guarded("x", lambda: None) is None
    fault = guarded("x", lambda: [][0])
    assert fault is not None
    assert (fault.name, fault.status) == ("x", "failed")


def test_what_takes_too_long_goes_on_beside() -> None:
    """An action is waited for about as long as it was given, and then left to end by itself."""
    ended = threading.Event()

    def slow(seconds: float) -> None:
        time.sleep(10 * seconds)
        ended.set()

    at_most(slow, 0.05)
    assert not ended.is_set()
    assert ended.wait(10)


def test_the_bound_proves_only_what_it_meets() -> None:
    """An exact model is proved by a bound that equals its energy, one of floats up to rounding; never by less."""
    exact = couplings(np.array([1.0]), np.zeros(0, int), np.zeros(0, int), np.zeros(0))
    floats = couplings(np.array([1 / 3]), np.zeros(0, int), np.zeros(0, int), np.zeros(0))
    cases = ((exact, 0.0, True), (exact, -1e-12, False), (floats, -1e-16, True), (floats, -1e-12, False))
    for model, bound, proved in cases:
        shared = Shared(model, Budget(steps=1), 1, lambda: False, lambda *told: None)
        assert not shared.proved()
        shared.offer("x", np.zeros(1, np.uint8), 0.0)
        shared.raise_bound(bound)
        shared.raise_bound(None)
        assert shared.proved() is proved
    assert Member("x", "unknown").samples is None


def test_the_first_glance_is_told() -> None:
    """The moment of annealing before presolve stands among the searches, also where tabu does all the rest."""
    model = family("dense", 120)
    assert choose(model)[0] == "tabu"
    found = auto.search(model, budget=Budget(seconds=0.4, clock=time.process_time), seed=1)
    assert {"anneal", "tabu"} <= set(found.info["searches"])
    assert found.info["searches"]["anneal"]["steps"] > 0
