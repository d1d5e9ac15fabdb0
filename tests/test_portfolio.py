"""Lanes and turns: who runs when; shared incumbents, proofs, failures and controls."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from qamctl.errors import BackendError, UnsupportedError
from qamctl.portfolio import Turn, plan
from qamctl.race import race
from qamctl.schedule.build import build_instance
from qamctl.schedule.check import Report
from qamctl.schedule.contest import contest_of
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solution import Solution
from qamctl.solver import Budget, Outcome

SAMPLED = ["neal", "exact"]


@pytest.fixture(scope="module")
def instance() -> Instance:
    """Two tasks of three ticks on one agent: makespan 6 at best."""
    data = {
        "kind": "schedule", "version": 1, "agents": [{"id": "a"}],
        "tasks": [{"id": "t1", "duration": 3}, {"id": "t2", "duration": 3}],
    }  # fmt: skip
    return build_instance(schedule_from_data(data))


def schedule(instance: Instance, start: int) -> Solution:
    """The second task starts at `start`."""
    return instance.solution(np.array([0, start], np.int64), instance.first_option[:-1])


def engine(instance: Instance, start: int, status: str = "feasible", bound: float | None = None, calls=None):  # type: ignore[no-untyped-def]
    """An engine that finds a fixed schedule at once."""

    def solve(instance, incumbent, budget: Budget, seed, stop, report) -> Outcome:  # type: ignore[no-untyped-def]
        if calls is not None:
            calls.append((incumbent, budget, seed))
        return Outcome(status, schedule(instance, start), (bound,), info={"shots": 10})

    return solve


def run(instance: Instance, solvers, lanes, **options):  # type: ignore[no-untyped-def]
    settings = {"seconds": 1.0, "steps": None, "seed": 1, "stop": lambda: False, "sampled": SAMPLED} | options
    return race(contest_of(instance), solvers, lanes, **settings)


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
@pytest.mark.parametrize(
    "engines",
    [["list-search"], ["cpsat"], ["neal"], ["neal", "exact"], ["list-search", "neal"], ["list-search", "cpsat", "neal"],
     ["cpsat", "list-search"]],
)  # fmt: skip
def test_every_engine_gets_a_turn_in_order_of_time(engines: list[str], threads: int) -> None:
    """Each engine has a turn, turns end one after the other, no later than the whole time, a start first."""
    lanes = plan(engines, threads, sampled=SAMPLED, heuristic="list-search")
    assert {turn.engine for lane in lanes for turn in lane if turn.control_of is None} >= set(engines)
    for lane in lanes:
        ends = [turn.until for turn in lane]
        assert ends == sorted(ends)
        assert 0 < ends[0] <= ends[-1] <= 1 + 1e-9
    assert lanes[0][0].engine not in SAMPLED
    assert len(lanes) <= max(1, threads)
    controls = [turn.control_of for lane in lanes for turn in lane if turn.control_of]
    assert controls == [name for name in engines if name in SAMPLED]


def test_auto_on_two_cores_gives_cpsat_its_own_lane() -> None:
    """List search and the sampled engine share the first lane."""
    lanes = plan(["list-search", "cpsat", "neal"], 2, sampled=SAMPLED, heuristic="list-search")
    assert [[turn.engine for turn in lane] for lane in lanes] == [
        ["list-search", "neal", "list-search", "list-search"],
        ["cpsat"],
    ]


def test_the_lead_has_all_cores_after_an_opening() -> None:
    """On one lane: the heuristic, sampled engines with their controls, and the one that knows the problem best."""
    (lane,) = plan(["list-search", "cpsat", "neal"], 2, sampled=SAMPLED, heuristic="list-search", lead="cpsat")
    assert [turn.engine for turn in lane] == ["list-search", "neal", "list-search", "cpsat"]
    assert [turn.threads for turn in lane] == [2, 2, 2, 2]
    assert [turn.until for turn in lane] == pytest.approx([0.06, 0.09, 0.12, 1.0])
    (lane,) = plan(["cpsat", "neal"], 1, sampled=SAMPLED, heuristic="list-search", lead="cpsat")
    assert [turn.engine for turn in lane] == ["list-search", "neal", "list-search", "cpsat"]
    assert plan(["cpsat"], 2, sampled=SAMPLED, heuristic="list-search", lead="cpsat") == [[Turn("cpsat", 1.0, 2)]]


def test_a_lead_that_is_the_heuristic_begins() -> None:
    """It gives sampled engines their start, and goes on as their control, on all cores."""
    (lane,) = plan(["cpsat", "neal"], 2, sampled=SAMPLED, heuristic="cpsat", lead="cpsat")
    assert [turn.engine for turn in lane] == ["cpsat", "neal", "cpsat"]
    assert [turn.threads for turn in lane] == [2, 2, 2]
    assert lane[2].control_of == "neal"


def test_an_only_native_engine_searches_on_every_core() -> None:
    """Each lane with another seed; sampled engines take their turn on the first one."""
    lanes = plan(["list-search", "neal"], 3, sampled=SAMPLED, heuristic="list-search")
    assert [[turn.engine for turn in lane] for lane in lanes] == [
        ["list-search", "neal", "list-search", "list-search"],
        ["list-search"],
    ]
    assert lanes[1][0].threads == 2


def test_the_best_incumbent_is_handed_on_and_kept(instance: Instance) -> None:
    """A later engine starts from the earlier one's schedule, and a worse answer does not replace a better one."""
    calls: list = []
    solvers = {"list-search": engine(instance, 4), "cpsat": engine(instance, 9, calls=calls)}
    found = run(instance, solvers, [[Turn("list-search", 0.5), Turn("cpsat", 1.0)]])
    assert calls[0][0].start.tolist() == [0, 4]
    assert [attempt.value for attempt in found.attempts] == [(7.0,), (12.0,)]
    assert [value for _, value, _ in found.curve] == [(7.0,)]


def test_a_proof_ends_all_lanes(instance: Instance) -> None:
    """An engine that would search on is stopped when another one has proved its answer."""
    stopped = threading.Event()

    def endless(instance, incumbent, budget, seed, stop, report) -> Outcome:  # type: ignore[no-untyped-def]
        report(schedule(instance, 5))
        while not stop():
            time.sleep(0.001)
        stopped.set()
        return Outcome("feasible", schedule(instance, 5), (None,))

    solvers = {"list-search": endless, "cpsat": engine(instance, 3, "optimal", 6.0)}
    lanes = [[Turn("list-search", 1.0), Turn("neal", 1.0)], [Turn("cpsat", 1.0)]]
    found = run(instance, solvers, lanes, seconds=60.0)
    assert found.attempts[1].note == "the run ended before its turn came"
    assert stopped.is_set()
    assert found.seconds < 60
    assert {attempt.backend: attempt.status for attempt in found.attempts} == {
        "list-search": "feasible",
        "neal": "unknown",
        "cpsat": "optimal",
    }


def test_an_engine_that_fails_leaves_the_others_alone(instance: Instance) -> None:
    """A crash is that engine's failure, with its reason; a missing package is a turn that was skipped."""

    def broken(*args: object) -> Outcome:
        raise ZeroDivisionError("oops")

    def missing(*args: object) -> Outcome:
        raise UnsupportedError("install qamctl[nothing]")

    solvers = {"cpsat": broken, "neal": missing, "list-search": engine(instance, 3)}
    lanes = [[Turn("cpsat", 0.3), Turn("list-search", 0.6), Turn("neal", 1.0)]]
    by_name = {attempt.backend: attempt for attempt in run(instance, solvers, lanes).attempts}
    assert by_name["cpsat"].status == "failed"
    assert "ZeroDivisionError: oops" in str(by_name["cpsat"].note)
    assert isinstance(by_name["cpsat"].error, BackendError)
    assert (by_name["neal"].status, by_name["neal"].note) == ("skipped", "install qamctl[nothing]")
    assert by_name["list-search"].value == (6.0,)


def test_a_sampled_engine_waits_for_a_start(instance: Instance) -> None:
    """While no schedule is known, and another engine will look for one, a sampled engine's turn is left out."""

    def nothing(*args: object) -> Outcome:
        return Outcome("unknown", None, (None,))

    solvers = {"list-search": nothing, "neal": engine(instance, 3)}
    lanes = [[Turn("list-search", 0.1), Turn("neal", 0.2), Turn("list-search", 1.0)]]
    neal = run(instance, solvers, lanes).attempts[1]
    assert (neal.status, neal.note) == ("unknown", "there was no answer yet to start from when its turn came")
    assert run(instance, solvers, [lanes[0][:2]]).attempts[1].value == (6.0,)


def test_a_control_starts_where_the_sampled_engine_did(instance: Instance) -> None:
    """The control gets the sampled engine's start and time, and the comparison its values."""
    calls: list = []

    def neal(*args) -> Outcome:  # type: ignore[no-untyped-def]
        time.sleep(0.1)
        return Outcome("feasible", schedule(instance, 3), (None,), info={"shots": 10})

    solvers = {"list-search": engine(instance, 5, calls=calls), "neal": neal}
    lanes = [[Turn("list-search", 0.3), Turn("neal", 0.6), Turn("list-search", 1.0, control_of="neal")]]
    found = run(instance, solvers, lanes)
    control = calls[1]
    assert control[0].start.tolist() == [0, 5]
    neal = next(attempt for attempt in found.attempts if attempt.backend == "neal")
    assert control[1].seconds <= neal.seconds + 1e-6
    assert neal.info["classical_value"] == (8.0,)
    assert neal.info["random_value"] == (6.0,)  # any list gives the best schedule of two equal tasks


def test_a_schedule_with_a_fault_is_no_incumbent(instance: Instance) -> None:
    """A faulty schedule is its engine's failure: no one starts from it, and its proof ends nothing."""
    calls: list = []
    solvers = {"cpsat": engine(instance, 1, "optimal", 4.0), "list-search": engine(instance, 3, calls=calls)}
    lanes = [[Turn("cpsat", 0.5), Turn("list-search", 1.0)]]
    found = run(instance, solvers, lanes)
    assert [(a.status, a.value) for a in found.attempts] == [("rejected", None), ("feasible", (6.0,))]
    assert str(found.attempts[0].note).startswith("the checker found: agent a")
    assert isinstance(found.attempts[0].error, BackendError)
    assert calls[0][0] is None


def test_an_exception_of_the_listener_ends_the_engines(instance: Instance) -> None:
    """When the caller goes, the engines are stopped before the exception leaves."""
    ended = threading.Event()

    def endless(instance, incumbent, budget, seed, stop, report) -> Outcome:  # type: ignore[no-untyped-def]
        while not stop():
            time.sleep(0.001)
        ended.set()
        return Outcome("unknown", None, (None,))

    def gone(seconds: float, best: object) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        run(instance, {"list-search": endless}, [[Turn("list-search", 1.0)]], seconds=60.0, progress=gone)
    assert ended.is_set()


def test_a_yardstick_that_fails_leaves_the_answer(instance: Instance) -> None:
    """Where chance can't be drawn, its turn has failed with a reason; later turns and the schedule stand."""

    def broken(*args: object) -> None:
        raise MemoryError("too many")

    def neal(*args) -> Outcome:  # type: ignore[no-untyped-def]
        time.sleep(0.05)
        return Outcome("feasible", schedule(instance, 4), (None,), info={"shots": 10})

    solvers = {"list-search": engine(instance, 5), "neal": neal, "cpsat": engine(instance, 3)}
    lanes = [
        [Turn("list-search", 0.3), Turn("neal", 0.5), Turn("list-search", 0.8, control_of="neal"), Turn("cpsat", 1)]
    ]
    contest = replace(contest_of(instance), random=broken)
    found = race(contest, solvers, lanes, seconds=1.0, steps=None, seed=1, stop=lambda: False, sampled=SAMPLED)
    by_name = {attempt.backend: attempt for attempt in found.attempts}
    assert "MemoryError: too many" in str(by_name["list-search"].error)
    assert by_name["list-search"].value == (8.0,)
    assert by_name["cpsat"].value == (6.0,)


def test_checks_take_little_of_an_engines_time(instance: Instance) -> None:
    """Where a check takes long, answers that follow at once are passed over; the last one counts in any case."""
    checked: list[int] = []

    def check(solution: Solution) -> Report:
        checked.append(int(solution.start[1]))
        time.sleep(0.05)
        return real(solution)

    def eager(instance, incumbent, budget, seed, stop, report) -> Outcome:  # type: ignore[no-untyped-def]
        for start in (9, 8, 7, 6):
            report(schedule(instance, start))
        return Outcome("feasible", schedule(instance, 6), (None,))

    contest = contest_of(instance)
    real = contest.check
    budget = {"seed": 1, "stop": lambda: False}
    solvers, lanes = {"list-search": eager}, [[Turn("list-search", 1.0)]]
    found = race(replace(contest, check=check), solvers, lanes, seconds=9.0, steps=None, **budget)
    assert checked == [9, 6]
    assert found.attempts[0].value == (9.0,)
    checked.clear()
    race(replace(contest, check=check), solvers, lanes, seconds=None, steps=9, **budget)
    assert checked == [9, 8, 7, 6]


def test_steps_run_one_engine_after_the_other(instance: Instance) -> None:
    """With a step budget no control runs, sampled engines get windows, and the lanes go in order."""
    calls: list = []
    solvers = {name: engine(instance, 4, calls=calls) for name in ("list-search", "neal", "cpsat")}
    lanes = plan(["list-search", "cpsat", "neal"], 1, sampled=SAMPLED, heuristic="list-search")
    run(instance, solvers, lanes, seconds=None, steps=2500)
    assert [budget.steps for _, budget, _ in calls] == [2500, 3, 2500]
    assert [budget.seconds for _, budget, _ in calls] == [None] * 3


def test_progress_is_told(instance: Instance) -> None:
    """The listener hears the time and the best value while engines work."""
    heard: list = []

    def slow(instance, incumbent, budget, seed, stop, report) -> Outcome:  # type: ignore[no-untyped-def]
        report(schedule(instance, 4))
        time.sleep(0.2)
        return Outcome("feasible", schedule(instance, 4), (None,))

    run(instance, {"list-search": slow}, [[Turn("list-search", 1.0)]], progress=lambda at, best: heard.append(best))
    assert (7.0,) in heard
