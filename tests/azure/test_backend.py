"""Targets as engines: what they say they can do, how jobs are found again, and what ends them; with a fake service."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.azure_scene import Scene, qubo, scene
from support.qubo_models import model_of

from qamctl.azure import store
from qamctl.azure.backend import reason
from qamctl.azure.balance import Choice
from qamctl.azure.clock import StoppableClock
from qamctl.azure.parts import Parts
from qamctl.azure.routing import Routing
from qamctl.azure.service import Cost, ServiceFault, Submission
from qamctl.azure.submit import lock_job
from qamctl.azure.throttle import Limits
from qamctl.backends import qaoa_circuits, registry
from qamctl.backends.base import Job
from qamctl.errors import AuthError, BackendError, GateError, PendingError, SpecError, TemporaryError, UsageError
from qamctl.qubo.compile import compile_qubo
from qamctl.qubo.penalties import Weights
from qamctl.runs.database import connect
from qamctl.runs.metrics import credits_of

__all__ = ["scene"]


def test_an_engine_tells_what_it_can_do() -> None:
    """Several targets are one engine: the largest part that one of them takes, eight jobs at once, remote."""
    one = registry.get("azure:ionq.simulator")
    assert one.capabilities.remote
    assert one.capabilities.quantum
    assert one.capabilities.max_variables == 29
    assert one.capabilities.batch == 8
    several = registry.get("azure:ionq.simulator+quantinuum.sim.h2-1e")
    assert several.name == "azure:ionq.simulator+quantinuum.sim.h2-1e"
    assert several.capabilities.max_variables == 32
    with pytest.raises(ValueError, match="without an account"):
        several.submit(qubo(), {"seed": 1})


def test_names_are_joined_and_split() -> None:
    """The targets of a run are one engine, in the place of the first; of circuits each is one."""
    joined = registry.join_remote(["azure:a", "anneal", "azure:b", "azure:a", "anneal"])
    assert joined == ("azure:a+b", "anneal")
    assert registry.split_remote("azure:a+b") == ("azure:a", "azure:b")
    assert registry.split_remote("anneal") == ("anneal",)
    assert not registry.is_remote("other:thing")
    with pytest.raises(UsageError, match="no backend is called 'other:thing'"):
        registry.get("other:thing")


@pytest.mark.parametrize(
    ("name", "text"),
    [("ionq.simulater", "did you mean"), ("pasqal.sim.emu-sv", "no circuits of gates"), ("classical", "no target")],
)
def test_a_target_that_is_none_is_refused(name: str, text: str) -> None:
    """The nearest names are told; a target without gates runs no models."""
    with pytest.raises(UsageError, match=text):
        registry.get(f"azure:{name}")


def test_a_job_brings_samples_with_their_figures(scene: Scene) -> None:
    """Counts become samples of the QUBO; the info has job, target, cost; the file of the job says the end."""
    engine = scene.engine()
    found = scene.sample(engine, qubo(), part=3)
    assert found.record.sample.tolist() == [[0, 0, 0]]
    assert found.record.num_occurrences.tolist() == [20]
    assert (found.info["route"], found.info["cached"], found.info["cost"]) == ("ionq.simulator", False, 0.0)
    [job] = engine.book.told()
    assert (job["id"], job["state"], job["billed"], job["part"]) == (found.info["job"], "succeeded", 0.25, 3)
    file = json.loads((scene.folder / "run-1" / "jobs" / f"{job['id']}.json").read_text())
    assert (file["schema"], file["state"], file["run"], file["billed"]) == ("qamctl/job/1", "succeeded", "run-1", 0.25)


def test_a_kept_result_asks_for_nothing(scene: Scene) -> None:
    """Another run with the same payload opens no desk; a damaged output is no result."""
    first = scene.sample(scene.engine(), qubo())
    assert scene.opened == 1
    engine = scene.engine(run="run-2")
    again = scene.sample(engine, qubo())
    assert scene.opened == 1
    assert again.info["cached"]
    assert again.info["job"] == first.info["job"]
    assert engine.book.told()[0]["own"] is False
    assert not (scene.folder / "run-2").exists()
    for path in (scene.folder / "cache").rglob("*"):
        if path.is_file():
            path.write_bytes(b"damaged")
    assert not scene.sample(scene.engine(run="run-3"), qubo()).info["cached"]
    assert scene.service.asked.count("put") == 1  # the service still had it


def test_a_job_that_failed_is_tried_again_by_the_next_run_only(scene: Scene) -> None:
    """Within the run the same payload fails at once; another run sends it under another id."""
    scene.service.word = "Failed"
    engine = scene.engine()
    for _ in range(2):
        with pytest.raises(BackendError, match="failed: Broken: it broke"):
            scene.sample(engine, qubo())
    assert len(scene.service.jobs) == 1
    scene.service.word = "Succeeded"
    assert not scene.sample(scene.engine(run="run-2"), qubo()).info["cached"]
    assert len(scene.service.jobs) == 2


def test_a_wait_that_is_over_leaves_the_job(scene: Scene) -> None:
    """After --timeout the job is told; the next run goes on with it, and counts it as the first one's."""
    scene.service.seconds = 100.0
    engine = scene.engine(timeout=20.0)
    with pytest.raises(PendingError, match="qamctl jobs wait"):
        scene.sample(engine, qubo())
    assert engine.book.running() == list(scene.service.jobs)
    scene.clock.sleep(100.0)
    later = scene.engine(run="run-2")
    found = scene.sample(later, qubo())
    assert found.info["cached"] is False
    assert later.book.told()[0]["own"] is False
    assert len(scene.service.jobs) == 1


def test_a_part_that_comes_too_late_is_not_sent(scene: Scene) -> None:
    """Where the time to wait is over before a job could be sent, none is written down."""
    engine = scene.engine(timeout=20.0)
    scene.sample(engine, qubo())
    scene.clock.sleep(30.0)
    with pytest.raises(PendingError, match="before a job could be sent"):
        scene.sample(engine, qubo(1))
    assert len(engine.book.told()) == 1


@pytest.mark.parametrize("verb", ["take a look", "send"])
def test_a_turn_that_would_come_too_late_is_the_end_of_the_wait(scene: Scene, verb: str) -> None:
    """Many requests before ours are no fault of the service: the wait is over, and a job that was not sent is none."""
    scene.service.seconds = 1000.0
    engine = scene.engine(timeout=20.0)
    job = engine.submit(qubo(), {"seed": 1, "reads": 20, "depth": 1})
    desk = engine.errand.opened()
    desk.client.throttle.limits = Limits(per_second=0.001)
    desk.client.throttle.take()
    with pytest.raises(PendingError):
        engine.poll(job) if verb == "take a look" else engine.submit(qubo(1), {"seed": 1, "reads": 20, "depth": 1})
    assert [row["state"] for row in engine.book.told()] == ["submitted", "cancelled"][: len(engine.book.told())]


def test_a_stop_cancels_nothing_that_was_sent(scene: Scene) -> None:
    """The job runs on, paid for, and the samples are none."""
    engine = scene.engine()
    found = scene.sample(engine, qubo(), stop=lambda: bool(scene.service.jobs))
    assert len(found) == 0
    assert len(scene.service.jobs) == 1
    assert engine.book.running() == list(scene.service.jobs)


def test_a_job_that_was_never_sent_is_withdrawn(scene: Scene) -> None:
    """Where the service does not answer before the upload, no credits stay reserved; after it the job may be there."""
    scene.service.fault = lambda verb: ServiceFault("away", status=503)
    engine = scene.engine(timeout=5.0)
    with pytest.raises(TemporaryError):
        scene.sample(engine, qubo())
    assert [job["state"] for job in engine.book.told()] == ["cancelled"]
    scene.clock.sleep(10_000.0)
    scene.service.fault = lambda verb: ServiceFault("away", status=503) if verb == "put" else None
    engine = scene.engine(run="run-2", timeout=5.0)
    with pytest.raises(TemporaryError):
        scene.sample(engine, qubo())
    assert [job["state"] for job in engine.book.told()] == ["intended"]


def test_a_job_that_the_service_refused_in_so_many_words_is_withdrawn(scene: Scene) -> None:
    """A PUT that was answered with 403 made no job: nothing is left for `jobs drain` to send."""
    scene.service.fault = lambda verb: ServiceFault("no", status=403) if verb == "put" else None
    engine = scene.engine(timeout=5.0)
    with pytest.raises(AuthError):
        scene.sample(engine, qubo())
    assert [job["state"] for job in engine.book.told()] == ["cancelled"]


def test_a_job_in_doubt_is_looked_for_in_the_end(scene: Scene) -> None:
    """A PUT without an answer, and the service has the job: it is told as one that runs; else with how to end it."""

    def lost(verb: str) -> ServiceFault | None:
        return ServiceFault("lost", status=None) if verb == "put" or "put" in scene.service.asked else None

    scene.service.fault = lost
    parts = scene.parts(scene.engine(timeout=20.0))
    parts(qubo(), seed=1)
    [id] = parts.engine.book.intended()
    assert f"{id}; `qamctl jobs cancel ID` ends one" in (parts.left() or "")
    assert parts.finish()["intended"] == [id]
    assert job_row(scene, id).state == "intended"
    scene.clock.sleep(10_000.0)
    scene.service.asked.clear()
    parts = scene.parts(scene.engine(run="run-2", timeout=20.0))
    parts(qubo(1), seed=1)
    [id] = parts.engine.book.intended()
    scene.clock.sleep(10_000.0)  # the service is no longer left in peace
    scene.service.fault = lambda verb: None
    scene.service.jobs[id] = (scene.clock.now(), Submission(
        id=id, name="n", target="ionq.simulator", provider="ionq", payload=b"", input_format="", output_format="",
        content_type="", params={}, metadata={}, tags=(), priority=None, session=None,
    ))  # fmt: skip
    parts.engine.errand._end = scene.clock.now() + 5.0
    assert parts.finish()["running"] == [id]
    assert parts.left() == f"1 job still runs: {id}"


def test_nothing_to_choose_is_no_job(scene: Scene) -> None:
    """A payload without variables is sampled here; one that was told to stop gives nothing."""
    empty = compile_qubo(model_of([]), Weights(0.0, np.zeros(0)))
    assert len(scene.sample(scene.engine(), empty)) == 1
    engine = scene.engine()
    job = engine.submit(qubo(), {"seed": 1, "stop": lambda: True})
    assert job.state == "succeeded"
    assert len(engine.fetch(job)) == 0
    assert scene.opened == 0


def test_a_late_bill_is_asked_for_once_more(scene: Scene) -> None:
    """A job without a figure is looked at again in the end; a service that does not answer then is left alone."""
    scene.service.cost = None
    scene.engine().settle()  # nothing was opened yet
    engine = scene.engine()
    scene.sample(engine, qubo())
    assert engine.book.told()[0]["billed"] is None
    scene.service.cost = Cost(0.5, "USD")
    engine.settle()
    assert engine.book.told()[0]["billed"] == 0.5
    scene.service.cost = None
    engine = scene.engine(run="run-2")
    scene.sample(engine, qubo(1))
    scene.service.fault = lambda verb: ServiceFault("away", status=503)
    asked = len(scene.service.asked)
    engine.settle()
    assert len(scene.service.asked) > asked
    assert [job["billed"] for job in engine.book.told()] == [None]


def test_nobody_is_asked_once_the_time_to_wait_is_over(scene: Scene) -> None:
    """A run that used up its --timeout does not ask for bills, and its book is closed."""
    scene.service.cost = None
    engine = scene.engine(timeout=20.0)
    scene.sample(engine, qubo())
    scene.clock.sleep(30.0)
    asked = len(scene.service.asked)
    engine.settle()
    assert len(scene.service.asked) == asked
    engine.book.stood_in("no such job", "a reason")
    [id] = scene.service.jobs
    engine.book.note(replace(job_row(scene, id), state="failed"), engine.errand.account, None)
    assert engine.book.told()[0]["state"] == "succeeded"


def test_bills_are_asked_for_all_together(scene: Scene) -> None:
    """One short time for all: a service that takes long for each is asked no further than that."""
    scene.service.cost = None
    engine = scene.engine()
    for k in range(5):
        scene.sample(engine, qubo(k))
    asked = len(scene.service.asked)
    scene.service.fault = lambda verb: scene.clock.sleep(1.0)
    engine.settle()
    assert len(scene.service.asked) == asked + 2


def job_row(scene: Scene, id: str) -> store.Job:
    with connect(scene.folder / "state.db") as connection:
        found = store.get(connection, id)
    assert found is not None
    return found


def test_files_of_an_earlier_run_are_dropped(scene: Scene) -> None:
    """A folder that is used again keeps the files of its own run, and what is none of ours."""
    folder = scene.folder / "run-1" / "jobs"
    folder.mkdir(parents=True)
    (folder / "old.json").write_text('{"asked_by": "another"}')
    (folder / "note.json").write_text("no json")
    scene.sample(scene.engine(), qubo())
    assert not (folder / "old.json").exists()
    assert (folder / "note.json").exists()
    assert len(list(folder.glob("*.json"))) == 2


def test_a_reason_is_always_given() -> None:
    """The service's words, or that it gave none."""

    @dataclass
    class Row:
        state: str
        error: dict[str, Any] | None

    assert reason(Row("failed", {"code": "A", "message": "b"})) == "A: b"  # type: ignore[arg-type]
    assert reason(Row("cancelled", None)) == "it cancelled, and the service gave no reason"  # type: ignore[arg-type]


def test_a_pause_ends_when_the_run_is_told_to() -> None:
    """The clock of a run that is interrupted does not wait for its pauses."""
    StoppableClock(lambda: False).sleep(0.01)
    with pytest.raises(TemporaryError, match="told to end"):
        StoppableClock(lambda: True).sleep(3600.0)


# The parts of a problem


def test_a_failed_job_has_a_stand_in(scene: Scene) -> None:
    """The classical engine samples the part; the row of the job says so; a strict run ends instead."""
    scene.service.word = "Failed"
    parts = scene.parts(scene.engine())
    [options] = parts.assign([qubo()])
    found = parts(qubo(), seed=1, **options)
    assert found.info["stand_in"]
    assert "it broke" in found.info["fallback"]
    assert found.first.energy == qubo().energy(np.array(list(np.ndindex(2, 2, 2)))).min()
    assert parts.ended() is None
    figures = parts.finish()
    assert figures["fallbacks"] == 1
    assert figures["jobs"][0]["fallback"] == found.info["fallback"]
    assert parts.note() == "the job of 1 part failed: the classical engine sampled in place of it"
    assert isinstance(parts.error, BackendError)
    assert parts.error.message.startswith("no part was measured by a job: the job of 1 part failed (")
    strict = scene.parts(scene.engine(run="run-2"), strict=True)
    assert len(strict(qubo(), seed=1)) == 0
    assert isinstance(strict.error, BackendError)


@pytest.mark.parametrize(
    ("status", "kind"), [(503, TemporaryError), (401, AuthError), (None, TemporaryError)]
)  # fmt: skip
def test_a_service_that_does_not_work_ends_the_engine(scene: Scene, status: int | None, kind: type) -> None:
    """The first part says why, further ones are not tried."""
    scene.service.fault = lambda verb: ServiceFault("no", status=status)
    parts = scene.parts(scene.engine(timeout=3.0))
    found = parts(qubo(), seed=1)
    assert len(found) == 0
    assert found.info["unfinished"]
    assert isinstance(parts.error, kind)
    asked = len(scene.service.asked)
    assert len(parts(qubo(1), seed=1)) == 0
    assert len(scene.service.asked) == asked
    assert parts.ended() == parts.error.message


def test_a_limit_ends_the_engine_without_a_fault_once_something_was_done(scene: Scene, tmp_path: Path) -> None:
    """The cap on costs is a limit like others where parts came back, and a fault where none did."""
    prices = tmp_path / "prices.toml"
    prices.write_text('["ionq.simulator"]\nformula = "per-shot"\ncurrency = "USD"\nper_shot = 0.01\n'
                      'source = "https://example.org"\ndate = 2026-11-29\n')  # fmt: skip
    parts = scene.parts(scene.engine(max_cost=0.3, prices=prices))
    assert len(parts(qubo(), seed=1)) == 1
    assert len(parts(qubo(1), seed=1)) == 0
    assert parts.error is None
    assert "--max-cost" in (parts.ended() or "")
    none = scene.parts(scene.engine(run="run-2", max_cost=0.1, prices=prices))
    none(qubo(2), seed=1)
    assert isinstance(none.error, GateError)


def test_the_error_that_says_most_is_told(scene: Scene) -> None:
    """Of several faults in one round a refused login goes before a service that is away."""
    parts = scene.parts(scene.engine())
    parts._end(TemporaryError("away"))
    parts._end(AuthError("refused"))
    parts._end(PendingError("late"))
    assert isinstance(parts.error, AuthError)
    assert parts.ended() == "away"


def test_a_stop_leaves_the_part_unfinished(scene: Scene) -> None:
    """What was told to end is no fault, and the job is named."""
    parts = scene.parts(scene.engine())
    found = parts(qubo(), seed=1, stop=lambda: bool(scene.service.jobs))
    assert found.info["unfinished"]
    assert found.info["job"] in (parts.note() or "")
    scene.service.fault = lambda verb: ServiceFault("away", status=503)
    asked = len(scene.service.asked)
    late = scene.parts(scene.engine(run="run-2"))
    assert len(late(qubo(1), seed=1, stop=lambda: len(scene.service.asked) > asked)) == 0
    assert late.error is None
    assert late.ended() is None


def test_one_target_beside_the_classical_engine(scene: Scene) -> None:
    """`azure:T+classical` balances the two; parts of the classical engine are no jobs."""
    engine = scene.engine("ionq.simulator", "classical")
    assert engine.classical
    parts = scene.parts(engine)
    routes = [options["route"] for options in parts.assign([qubo(k) for k in range(6)])]
    assert set(routes) == {"ionq.simulator", "classical"}
    found = parts(qubo(), seed=1, route="classical", why="a reason", part=0)
    assert (found.info["route"], found.info["why"], found.info["stand_in"]) == ("classical", "a reason", True)
    assert scene.service.jobs == {}


def test_routing_repeats_itself_from_what_was_kept(scene: Scene) -> None:
    """The service is asked for its queues once; a run that meets its jobs in the cache goes by the same figures."""

    def run(name: str, rounds: int = 2) -> tuple[Parts, list[str]]:
        parts = scene.parts(scene.engine("ionq.simulator", "quantinuum.sim.h2-1e", run=name))
        routes = []
        for k in range(rounds):
            payloads = [qubo(10 * k + j) for j in range(2)]
            given = parts.assign(payloads)
            for payload, options in zip(payloads, given, strict=True):
                found = parts(payload, seed=1, **options)
                parts.learn(payload, found.info, 1.0 if options["route"] == "classical" else 2.0)
                routes.append(str(options["route"]))
        parts.finish()
        return parts, routes

    _, first = run("run-1")
    assert scene.service.asked.count("targets") == 1
    asked = len(scene.service.asked)
    _, second = run("run-2")
    assert second == first
    assert len(scene.service.asked) == asked
    _, third = run("run-3", rounds=3)  # the third round is new: the queues are asked for again behind it
    assert third[:4] == first
    assert scene.service.asked.count("targets") == 1
    run("run-4", rounds=5)
    assert scene.service.asked.count("targets") == 2
    asked = len(scene.service.asked)
    run("run-5", rounds=5)
    assert len(scene.service.asked) == asked


def test_routing_without_an_answer_goes_by_what_is_known(scene: Scene) -> None:
    """A service that does not tell its queues is no fault of the routing; damaged figures are none."""
    scene.service.fault = lambda verb: ServiceFault("no", status=400) if verb == "targets" else None
    engine = scene.engine("ionq.simulator", "rigetti.sim.qvm")
    routing = Routing(engine, 1, 20, 1)
    choices = routing.assign([qubo()])
    assert isinstance(choices[0], Choice)
    routing.keep()
    [path] = list((scene.folder / "routing").glob("*.json"))
    path.write_text("[]")
    again = Routing(engine, 1, 20, 1)
    scene.service.fault = lambda verb: None
    assert len(again.assign([qubo() for _ in range(4)])) == 4
    assert "rigetti.sim.qvm" not in {choice.route for choice in again.assign([qubo()] * 4)}  # not available today


def test_jobs_are_dropped_once(scene: Scene) -> None:
    """Cancelling tells the state, and the job goes on."""
    engine = scene.engine()
    job = engine.submit(qubo(), {"seed": 1, "reads": 20, "depth": 1})
    assert isinstance(job, Job)
    assert engine.cancel(job).state == "cancelled"
    assert engine.book.running() == [job.id]


# Who did what


def test_an_engine_whose_jobs_measured_nothing_says_so(scene: Scene) -> None:
    """Nothing sent is a fault with the reason; a limit of cost is 9; an excuse, or a job, and there is none."""
    parts = scene.parts(scene.engine())
    parts.finish()
    assert str(parts.error) == "no part was measured by a job, and nothing was sent: no part had anything to choose"
    parts = scene.parts(scene.engine())
    parts.finish("the limit of cost was reached")
    assert isinstance(parts.error, GateError)
    parts = scene.parts(scene.engine())
    parts.finish(excused=True)
    assert parts.error is None
    parts = scene.parts(scene.engine())
    parts(qubo(), seed=1)
    parts._end(PendingError("late"))
    parts.error = PendingError("late, said before the first job was back")
    parts.finish()
    assert parts.error is None


def test_small_parts_are_not_worth_a_quantum_computer(scene: Scene) -> None:
    """Up to 8 variables a part is enumerated here, and its row says why; simulators get it, and so do refusals."""
    parts = scene.parts(scene.engine("ionq.qpu.aria-1", allow_qpu=True))
    [options] = parts.assign([qubo()])
    assert (options["route"], options["why"][:31]) == ("classical", "3 variables: enumerated here, e")
    found = parts(qubo(), seed=1, **options)
    assert (found.info["by"], len(found), scene.service.jobs) == ("exact", 1, {})
    assert found.first.energy == qubo().energy(np.array(list(np.ndindex(2, 2, 2)))).min()
    parts.learn(qubo(), found.info, 1.0)
    assert parts.finder == "exact"
    figures = parts.finish()
    assert figures["classical_parts"] == {"exact": 1}
    assert parts.note() == "1 part went to the classical engine, without a job"
    assert "nothing was sent: 3 variables: enumerated here" in str(parts.error)
    refused = scene.parts(scene.engine("ionq.qpu.aria-1"))
    assert "route" not in refused.assign([qubo()])[0]
    assert "route" not in scene.parts(scene.engine()).assign([qubo()])[0]
    several = scene.parts(scene.engine("ionq.qpu.aria-1", "quantinuum.sim.h2-1e", allow_qpu=True))
    for options in several.assign([qubo(k) for k in range(8)]):
        assert options["route"] != "ionq.qpu.aria-1"
        assert "ionq.qpu.aria-1 gets no part below 9 variables" in options["why"]


# Jobs of others


def priced(folder: Path) -> Path:
    path = folder / "prices.toml"
    path.write_text('["ionq.simulator"]\nformula = "per-shot"\ncurrency = "USD"\nper_shot = 0.01\n'
                    'source = "https://example.org"\ndate = 2026-11-29\n')  # fmt: skip
    return path


def test_jobs_that_are_taken_over_count_for_the_cap(scene: Scene, tmp_path: Path) -> None:
    """A killed run's job of USD 0.20 leaves 0.10 of a cap of 0.30, and its cost is told as taken over."""
    scene.service.seconds = 1000.0
    prices = priced(tmp_path)
    first = scene.engine(prices=prices, max_cost=0.3)
    first.submit(qubo(), {"seed": 1, "reads": 20, "depth": 1})  # and the process is killed
    scene.service.seconds = 0.0
    later = scene.engine(run="run-2", prices=prices, max_cost=0.3)
    assert not scene.sample(later, qubo()).info["cached"]
    with pytest.raises(GateError, match=r"the run's other jobs USD 0\.2[05]"):
        scene.sample(later, qubo(1))
    assert credits_of(later.book.told()) == {
        "estimated": 0, "reserved": 0, "billed": 0, "currency": None,
        "taken_over": {"jobs": 1, "estimated": 0.2, "reserved": 0, "billed": 0.25, "currency": "USD"},
    }  # fmt: skip


def test_a_job_that_another_run_only_wrote_down_is_sent_within_our_own_limits(scene: Scene, tmp_path: Path) -> None:
    """A row that a killed run left `intended`: whoever sends it asks for its own cap first, and counts it once."""
    prices, options = priced(tmp_path), {"seed": 1, "reads": 20, "depth": 1}
    first = scene.engine(prices=prices)
    scene.service.fault = lambda verb: ServiceFault("lost", status=None) if verb == "put" else None
    with pytest.raises(TemporaryError):
        scene.engine(prices=prices, timeout=5.0).submit(qubo(), options)
    del first
    scene.clock.sleep(10_000.0)
    scene.service.fault = lambda verb: None
    small = scene.engine(run="run-2", prices=prices, max_cost=0.1)
    with pytest.raises(GateError, match=r"--max-cost of USD 0\.10"):
        small.submit(qubo(), options)
    assert scene.service.jobs == {}
    assert len(small.book.intended()) == 1
    fitting = scene.engine(run="run-3", prices=prices, max_cost=0.2, monthly_budget=0.2)
    fitting.submit(qubo(), options)
    assert len(scene.service.jobs) == 1


def test_without_a_run_all_jobs_count_for_the_cap(scene: Scene, tmp_path: Path) -> None:
    """`bench` has no run of its own: what its engine asked for counts all the same."""
    engine = scene.engine(run=None, prices=priced(tmp_path), max_cost=0.3)
    scene.service.cost = None
    scene.sample(engine, qubo())
    with pytest.raises(GateError, match=r"other jobs USD 0\.20"):
        scene.sample(engine, qubo(1))


def test_a_job_in_another_process_hands_is_left_there(scene: Scene) -> None:
    """The lock of the job is held elsewhere until the time is over: 7, and the row stays, reserved."""
    engine = scene.engine(timeout=5.0)
    order_of_job = {"seed": 1, "reads": 20, "depth": 1}
    probe = scene.engine(run="probe", timeout=5.0)
    scene.service.fault = lambda verb: ServiceFault("away", status=503)
    with pytest.raises(TemporaryError):
        probe.submit(qubo(), order_of_job)
    [id] = [job["id"] for job in probe.book.told()]
    scene.clock.sleep(10_000.0)
    scene.service.fault = lambda verb: None
    lock = lock_job(probe.errand.opened(), id)
    assert lock is not None
    with lock, pytest.raises(PendingError, match="another process"):
        engine.submit(qubo(), order_of_job)
    assert job_row(scene, id).state == "intended"
    assert engine.book.intended() == [id]


@pytest.mark.parametrize("version", [None, 99])
def test_a_database_that_can_not_be_used_is_told_as_everywhere(scene: Scene, version: int | None) -> None:
    """Damaged, or of a later version: the words and the code of every command on jobs, not an engine's bug."""
    scene.folder.mkdir(exist_ok=True)
    if version is None:
        (scene.folder / "state.db").write_bytes(b"no database at all" * 300)
    else:
        with connect(scene.folder / "state.db") as connection:
            connection.execute(f"PRAGMA user_version = {version}")
    parts = scene.parts(scene.engine())
    assert len(parts(qubo(), seed=1)) == 0
    assert isinstance(parts.error, SpecError)
    assert re.search("is damaged" if version is None else "a later qamctl", parts.error.message)
    assert len(scene.parts(scene.engine("ionq.simulator", "rigetti.sim.qvm")).assign([qubo()])) == 1


def test_a_model_is_compiled_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a model was compiled to is kept, and the same job found by it; damage, and it is compiled again."""
    first = scene.sample(scene.engine(), qubo())
    compiled: list[Any] = []
    real = qaoa_circuits.circuit_of
    monkeypatch.setattr(qaoa_circuits, "circuit_of", lambda *given: compiled.append(given) or real(*given))
    again = scene.sample(scene.engine(run="run-2"), qubo())
    assert compiled == []
    assert (again.info["job"], again.info["cached"]) == (first.info["job"], True)
    assert again.info["angles"] == first.info["angles"]
    scene.sample(scene.engine(run="run-3"), qubo(), depth=2)
    assert len(compiled) == 1
    for path in (scene.folder / "compiled").glob("*.json"):
        path.write_text("{}")
    assert scene.sample(scene.engine(run="run-4"), qubo()).info["cached"]
    assert len(compiled) == 2
    [path] = [path for path in (scene.folder / "compiled").glob("*.json") if path.read_text() != "{}"]
    (scene.folder / "cache" / (name := json.loads(path.read_text())["payload"])[:2] / name).write_bytes(b"damaged")
    scene.sample(scene.engine(run="run-5"), qubo())
    assert len(compiled) == 3
