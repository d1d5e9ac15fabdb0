"""From engines to a verified answer: portfolio, verdict, fallback, determinism."""

from __future__ import annotations

import random

import numpy as np
import pytest
from support.cpsat_cases import FT06, job_shop
from support.random_specs import random_spec

from qamctl import engines
from qamctl.errors import BackendError, UnsupportedError, UsageError
from qamctl.levels import prove
from qamctl.race import Attempt
from qamctl.schedule.build import build_instance
from qamctl.schedule.contest import contest_of
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data
from qamctl.solve import find_answer, judge
from qamctl.solver import Outcome

DATA = {
    "kind": "schedule",
    "version": 1,
    "agents": [{"id": "a1"}, {"id": "a2", "speed": 0.5}],
    "tasks": [{"id": f"t{k}", "duration": 2 + k, "due": 9, "weight": 1 + k} for k in range(6)],
    "objective": [{"tardiness": 1}, {"makespan": 1}],
}


@pytest.fixture(scope="module")
def instance() -> Instance:
    return build_instance(schedule_from_data(DATA))


def test_auto_lists_every_engine_and_proves_a_small_problem(instance: Instance) -> None:
    """The portfolio ends with a proof; each member is an attempt."""
    answer = find_answer(contest_of(instance), seconds=20, seed=1, threads=2)
    assert answer.status == "optimal"
    assert [attempt.backend for attempt in answer.attempts] == ["list-search", "anneal", "cpsat"]
    assert answer.proof is not None
    assert answer.report is not None
    assert list(answer.proof.bounds) == list(answer.report.levels)


def test_auto_searches_shops_on_critical_paths() -> None:
    """There list search only compares with the sampled engine; elsewhere critical-path is no member, nor told of."""
    shop = build_instance(schedule_from_data(job_shop(FT06)))
    answer = find_answer(contest_of(shop), seconds=20, seed=1, threads=2)
    assert [attempt.backend for attempt in answer.attempts] == ["critical-path", "anneal", "list-search", "cpsat"]
    assert answer.status == "optimal"
    named = find_answer(contest_of(shop), backends=("auto", "list-search"), seconds=2, seed=1, threads=2)
    assert {"critical-path", "list-search"} <= {attempt.backend for attempt in named.attempts}


def test_critical_path_alone_takes_shops_only(instance: Instance) -> None:
    """Others end with the reason, also where it stands beside an engine that takes them."""
    for backends in (("critical-path",), ("critical-path", "cpsat")):
        with pytest.raises(UnsupportedError, match="searches shops"):
            find_answer(contest_of(instance), backends=backends, seconds=1, seed=1)
    assert "critical-path" not in [
        attempt.backend
        for attempt in find_answer(contest_of(instance), backends=("auto", "exact"), seconds=1, seed=1).attempts
    ]


def test_below_a_second_cpsat_is_left_out(instance: Instance) -> None:
    """With too little time for CP-SAT the answer says that it was left out, and why."""
    answer = find_answer(contest_of(instance), seconds=0.5, seed=1, threads=2)
    cpsat = next(attempt for attempt in answer.attempts if attempt.backend == "cpsat")
    assert (cpsat.status, cpsat.note) == ("skipped", "left out below 1 s of time")
    assert answer.solution is not None


@pytest.mark.parametrize("backend", ["list-search", "cpsat", "anneal", "tabu", "neal", "exact"])
def test_one_engine_alone(instance: Instance, backend: str) -> None:
    """Every engine by its name gives a schedule that the checker accepts."""
    answer = find_answer(contest_of(instance), backends=(backend,), seconds=2, seed=1)
    assert answer.report is not None
    assert answer.report.feasible
    assert backend in [attempt.backend for attempt in answer.attempts]


def test_an_unknown_engine_is_a_usage_error(instance: Instance) -> None:
    """A wrong name is refused with the nearest one."""
    with pytest.raises(UsageError, match="did you mean cpsat"):
        find_answer(contest_of(instance), backends=("cp-sat",), seconds=1, seed=1)


def test_an_engine_of_another_kind_of_problem_is_named(instance: Instance) -> None:
    """The message says what it searches, and which engines there are for this problem."""
    with pytest.raises(
        UsageError, match="assignment searches clusters, and this is a schedule: take one of auto, list"
    ):
        find_answer(contest_of(instance), backends=("assignment",), seconds=1, seed=1)


def test_an_empty_problem_is_solved_by_nobody() -> None:
    """No tasks: an optimal, empty schedule of objective 0."""
    answer = find_answer(contest_of(build_instance(schedule_from_data(DATA | {"tasks": []}))), seconds=1, seed=1)
    assert (answer.status, answer.solved_by, answer.attempts) == ("optimal", None, ())
    assert answer.report is not None
    assert answer.report.levels == (0, 0)


def test_a_schedule_that_the_checker_rejects_is_the_engines_failure(instance: Instance) -> None:
    """The next best answer wins, and the attempt says what was wrong."""
    option = instance.first_option[:-1]
    bad = instance.solution(np.zeros(6, np.int64), option)
    length = np.cumsum([0, *instance.option_duration[option][:-1]])
    good = instance.solution(length.astype(np.int64), option)
    attempts = [Attempt("wild", "feasible", solution=bad), Attempt("calm", "feasible", solution=good)]
    for attempt in attempts:
        assert attempt.solution is not None
        attempt.value, attempt.bounds = instance.value(attempt.solution), (0.0, 0.0)
    answer = judge(contest_of(instance), attempts, interrupted=False)
    assert answer.solved_by == "calm"
    assert attempts[0].status == "rejected"
    assert "the checker found" in str(attempts[0].note)


def test_bounds_of_a_later_level_count_only_under_the_same_earlier_values() -> None:
    """A bound proved for other values of the first level says nothing about this answer's second level."""
    other = Attempt("cpsat", "feasible", value=(1.0, 50.0), bounds=(0.0, 50.0))
    same = Attempt("cpsat", "feasible", value=(0.0, 60.0), bounds=(0.0, 40.0))
    assert prove((0, 55), [other], (0.0, 10.0)).bounds == (0, 10)
    proof = prove((0, 55), [other, same], (0.0, 10.0))
    assert (proof.bounds, proof.level, proof.optimal) == ((0, 40), 1, False)
    assert prove((0, 40), [same], (0.0, None)).optimal


def test_small_differences_of_large_values_count() -> None:
    """An improvement of one tick is seen, and no proof claimed too early, whatever else the value holds."""
    data = {
        "kind": "schedule", "version": 1, "time": {"resolution": 0.001}, "agents": [{"id": "a"}],
        "tasks": [
            {"id": "long", "duration": 5000000, "agents": "none"},
            *({"id": f"t{k}", "duration": d} for k, d in enumerate([0.002, 0.001, 0.001])),
        ],
        "objective": {"flow": 1},
    }  # fmt: skip
    answer = find_answer(contest_of(build_instance(schedule_from_data(data))), seconds=5, seed=1, threads=2)
    assert answer.report is not None
    assert answer.report.levels[0] == pytest.approx(5000000.007, abs=1e-7)


def test_large_whole_numbers_do_not_count_as_equal() -> None:
    """A bound one below a large objective is no proof."""
    assert not prove((10**10,), [], (float(10**10 - 1),)).optimal


def broken(*args: object) -> Outcome:
    raise RuntimeError("out of luck")


def test_auto_falls_back_and_says_so(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """A member that fails is named in the fallback; strict, or by its own name, it ends the run."""
    real = engines.solver
    monkeypatch.setattr(engines, "solver", lambda name, *more: broken if name == "cpsat" else real(name, *more))
    answer = find_answer(contest_of(instance), seconds=1.5, seed=1, threads=2)
    assert answer.solution is not None
    assert answer.fallback == {"backend": "cpsat", "reason": "RuntimeError: out of luck"}
    with pytest.raises(BackendError, match="out of luck"):
        find_answer(contest_of(instance), seconds=1.5, seed=1, strict=True)
    with pytest.raises(BackendError, match="out of luck"):
        find_answer(contest_of(instance), backends=("cpsat",), seconds=1, seed=1)


@pytest.mark.parametrize("number", range(4))
def test_steps_give_the_same_answer_on_any_cores_and_kernels(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Status, bound and schedule are the same with one thread, two threads, and the numpy reference."""
    rng = random.Random(number)
    spec = schedule_from_data(random_spec(rng, tasks=8, agents=3))
    answers = []
    for threads, kernels in [(1, ""), (2, ""), (1, "reference"), (2, "reference")]:
        monkeypatch.setenv("QAMCTL_KERNELS", kernels)
        answer = find_answer(contest_of(build_instance(spec)), steps=300, seed=5, threads=threads)
        rows = None if answer.solution is None else [c.tolist() for c in (answer.solution.start, answer.solution.agent)]
        answers.append((answer.status, answer.proof, rows, answer.solved_by))
    assert all(answer == answers[0] for answer in answers[1:])
