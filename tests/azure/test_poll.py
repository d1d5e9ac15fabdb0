"""Waiting calmly: how often is looked, what is taken down, and what ends a wait."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from support.azure_cloud import WORKSPACE, Fate, result_of
from support.azure_desks import World, desk_on, make_order, make_world

from qamctl.azure import poll
from qamctl.azure.client import Policy
from qamctl.azure.store import Job
from qamctl.azure.submit import Order, enqueue, submit_once, write_down
from qamctl.azure.throttle import Limits
from qamctl.errors import AuthError, BackendError, TemporaryError

DAY = 86_400.0


def submitted(world: World, *orders: Order) -> list[str]:
    return [submit_once(world.desk, order).id for order in orders]


def looks(world: World, since: float) -> Counter[str]:
    """How often each job was asked for since a moment."""
    return Counter(id for moment, verb, id in world.cloud.requests if verb == "get" and moment >= since)


def test_a_job_is_waited_for_to_its_output(tmp_path: Path) -> None:
    """The wait gives the jobs in the order of the ids, with their outputs in the cache."""
    world = make_world(tmp_path, {b"program 1": Fate(waits=30.0), b"program 2": Fate(word="Failed")})
    ids = submitted(world, make_order(1), make_order(2))
    seen: list[Sequence[Job]] = []
    jobs = poll.wait(world.desk, ids, tick=seen.append)
    assert [job.id for job in jobs] == ids
    assert [job.state for job in jobs] == ["succeeded", "failed"]
    assert poll.output_of(world.desk, jobs[0]) == result_of(b"program 1")
    assert seen[-1] == jobs
    assert all(len(one) == 2 for one in seen)
    requests = len(world.cloud.requests)
    assert poll.wait(world.desk, [ids[1], ids[0], ids[1]]) == [jobs[1], jobs[0]]
    assert poll.look(world.desk, ids[0]) == jobs[0]
    assert len(world.cloud.requests) == requests


@pytest.mark.parametrize("count", [1, 10, 100, 1000])
def test_at_most_two_requests_a_job_and_minute(tmp_path: Path, count: int) -> None:
    """No job is asked for more than twice a minute: of many jobs from the start, of few once the first looks are done.

    Of few jobs each is looked at often at first, since many are done in seconds.
    """
    world = make_world(tmp_path, {b"program %d" % k: Fate(waits=1e6) for k in range(count)}, limits=Limits(1e6))
    quiet = 0.0 if count >= 20 else 180.0
    with world.desk.connect():  # the last one that closes the database tidies it up, which takes time
        ids = submitted(world, *(make_order(k) for k in range(count)))
        begun = world.stage.elapsed
        for seconds in (quiet + 30.0, 30.0, 35.0):  # three processes, one after the other
            poll.wait(world.desk, ids, deadline=world.stage.now() + seconds)
    asked = [(moment - begun, id) for moment, verb, id in world.cloud.requests if verb == "get" and moment > begun]
    for start in range(int(quiet), int(quiet) + 35, 5):
        minute = Counter(id for moment, id in asked if start <= moment < start + 60.0)
        assert max(minute.values()) <= 2
    assert len({id for _, id in asked}) == count
    if count == 1:
        first = [moment for moment, _ in asked if moment < 60.0]
        assert 5 <= len(first) <= 8
        assert first[0] <= 1.5


def test_intervals_grow_to_the_last_and_have_jitter(tmp_path: Path) -> None:
    """Between two looks lies what the policy says, up to a fifth more, never less."""
    world = make_world(tmp_path, {b"program 1": Fate(waits=1e6)})
    ids = submitted(world, make_order())
    poll.wait(world.desk, ids, deadline=world.stage.now() + 3600.0)
    moments = [moment for moment, verb, _ in world.cloud.requests if verb == "get"][1:]
    gaps = [b - a for a, b in pairwise(moments)]
    bounds = [min(30.0, 1.5 ** (k + 1)) for k in range(len(gaps))]
    shares = [gap / bound for gap, bound in zip(gaps, bounds, strict=True)]
    assert min(shares) >= 1.0
    assert max(shares[10:]) <= 1.2 + poll.NAP / 30.0
    assert len({round(gap, 3) for gap in gaps[10:]}) > 10


def test_cron_goes_on_where_a_wait_ended(tmp_path: Path) -> None:
    """When the next look is due is kept: waits of a second each ask no more often than a long one."""
    world = make_world(tmp_path, {b"program 1": Fate(waits=1e6)})
    ids = submitted(world, make_order())
    begun = world.stage.elapsed
    for _ in range(300):
        poll.wait(world.desk, ids, deadline=world.stage.now() + 1.0)
    assert 290.0 <= world.stage.elapsed - begun <= 310.0
    assert looks(world, begun).total() <= 7 + 300 / 30


def test_deadline_and_stop_end_a_wait(tmp_path: Path) -> None:
    """At the deadline, or when a signal has come, the wait gives the jobs as they stand."""
    world = make_world(tmp_path, {b"program 1": Fate(waits=1e6)})
    ids = submitted(world, make_order())
    begun = world.stage.now()
    (job,) = poll.wait(world.desk, ids, deadline=begun + 7.3)
    assert job.state == "submitted"
    assert world.stage.now() == pytest.approx(begun + 7.3)
    asked: list[float] = []

    def stop() -> bool:
        asked.append(world.stage.now())
        return len(asked) > 20

    assert poll.wait(world.desk, ids, stop=stop)[0].state == "submitted"
    assert world.stage.now() - begun < 7.3 + 20 * poll.NAP + 1.0


def test_a_deadline_among_many_jobs_is_no_fault_of_the_service(tmp_path: Path) -> None:
    """Where the rate limit leaves no turn before the deadline, the wait gives the jobs as they stand."""
    world = make_world(tmp_path, {b"program %d" % k: Fate(waits=1e6) for k in range(30)}, limits=Limits(0.5))
    ids = submitted(world, *(make_order(k) for k in range(30)))
    world.stage.sleep(100.0)
    deadline = world.stage.now() + 9.0
    jobs = poll.wait(world.desk, ids, deadline=deadline)
    assert {job.state for job in jobs} == {"submitted"}
    assert world.stage.now() <= deadline


def test_waits_of_a_service_that_is_away(tmp_path: Path) -> None:
    """75 after an outage that is too long, or at the deadline; the next wait goes on, and loses nothing."""
    world = make_world(tmp_path, policy=Policy(outage=600.0))
    ids = submitted(world, make_order())
    world.weather.script = {("get", k): "unreached" for k in range(2, 400)}
    begun = world.stage.elapsed
    with pytest.raises(TemporaryError):
        poll.wait(world.desk, ids)
    assert 120.0 <= world.stage.elapsed - begun <= 610.0
    with pytest.raises(TemporaryError):
        poll.wait(world.desk, ids, deadline=world.stage.now() + 10.0)
    world.weather.script = {("get", world.verbs.count("get") + 1): "denied"}
    world.stage.sleep(700.0)
    with pytest.raises(AuthError):
        poll.wait(world.desk, ids)
    assert poll.wait(world.desk, ids)[0].state == "succeeded"


@pytest.mark.parametrize("back", [60.0, 3600.0, 30 * DAY])
def test_a_clock_that_was_set_back(tmp_path: Path, back: float) -> None:
    """A look that is due on another day, by a clock that was set back, is due within the longest interval."""
    world = make_world(tmp_path, {b"program 1": Fate(waits=40.0)})
    ids = submitted(world, make_order())
    world.stage.sleep(20.0)
    poll.look(world.desk, ids[0])
    world.stage.set_back = back
    begun = world.stage.elapsed
    assert poll.wait(world.desk, ids)[0].state == "succeeded"
    assert world.stage.elapsed - begun < 100.0


def test_two_processes_wait_for_one_job(tmp_path: Path) -> None:
    """Both are given the end, the output and the bill are there once, and the second asks for little."""
    world = make_world(tmp_path, {b"program 1": Fate(waits=100.0)})
    order = make_order()
    ids = submitted(world, order)
    other, ends = desk_on(tmp_path, world.stage, world.cloud, world.weather, 2), []
    world.stage.run(
        lambda: ends.append(poll.wait(world.desk, ids)[0].state), lambda: ends.append(poll.wait(other, ids)[0].state)
    )
    assert ends == ["succeeded", "succeeded"]
    assert world.entries(order) == {"reserved": 1_000_000, "billed": 250_000}


def test_failed_jobs_keep_the_service_s_reason(tmp_path: Path) -> None:
    """The output of a failed job is its error; a job without a reason, and one that runs, say so."""
    world = make_world(tmp_path, {b"program 1": Fate(word="Failed"), b"program 2": Fate(word="Cancelled")})
    ids = submitted(world, make_order(1), make_order(2), make_order(3))
    failed, cancelled, _ = poll.wait(world.desk, ids)
    with pytest.raises(BackendError, match=r"job .* on ionq.simulator failed: QubitsLost: the trap was empty"):
        poll.output_of(world.desk, failed)
    assert poll.why(cancelled).endswith("cancelled: the service gave no reason")
    running = submit_once(world.desk, make_order(4))
    with pytest.raises(BackendError, match=r"still runs \(Waiting\)"):
        poll.output_of(world.desk, running)
    assert "output" not in world.verbs[-2:]


@pytest.mark.parametrize("damage", [None, b"something else"])
def test_an_output_that_the_cache_lost_is_read_anew(tmp_path: Path, damage: bytes | None) -> None:
    """A file that is gone or damaged is noticed, and the output is read from the service again."""
    world = make_world(tmp_path)
    (job,) = poll.wait(world.desk, submitted(world, make_order()))
    assert job.output is not None
    path = world.desk.cache.folder / job.output[:2] / job.output
    path.unlink() if damage is None else path.write_bytes(damage)
    assert poll.output_of(world.desk, job) == result_of(b"program 1")
    assert path.read_bytes() == result_of(b"program 1")
    path.unlink()
    world.cloud.jobs.clear()
    with pytest.raises(BackendError, match="its output is not kept here"):
        poll.output_of(world.desk, job)
    world.weather.script = {("get", world.verbs.count("get") + 1): "denied"}
    with pytest.raises(AuthError, match="reading the output"):
        poll.output_of(world.desk, job)


def test_a_token_of_the_output_that_expired(tmp_path: Path) -> None:
    """The job is asked for again, since its answer holds a new token; at the third refusal the fault is told."""
    world = make_world(tmp_path, script={("output", 1): "expired", ("output", 2): "expired"})
    ids = submitted(world, make_order(1))
    assert poll.wait(world.desk, ids)[0].output is not None
    assert world.verbs[-5:] == ["output", "get", "output", "get", "output"]
    world.weather.script = {("output", k): "expired" for k in range(4, 7)}
    ids = submitted(world, make_order(2))
    with pytest.raises(BackendError, match="AuthenticationFailed"):
        poll.wait(world.desk, ids)
    assert world.job(make_order(2)).state == "succeeded"
    assert poll.wait(world.desk, ids)[0].output is not None


def test_an_output_that_could_not_be_read_is_read_by_the_next_wait(tmp_path: Path) -> None:
    """A process that ends between the state and the output leaves that to the next one."""
    world = make_world(tmp_path)
    ids = submitted(world, make_order())
    world.weather.script = {("output", k): "unreached" for k in range(1, 40)}
    with pytest.raises(TemporaryError):
        poll.wait(world.desk, ids)
    job = world.job(make_order())
    assert (job.state, job.output) == ("succeeded", None)
    world.weather.script = {}
    world.stage.sleep(700.0)
    assert poll.wait(world.desk, ids)[0].output is not None


def test_a_cost_that_comes_late_is_billed_later(tmp_path: Path) -> None:
    """A job that succeeded is asked for its cost by later looks, for a week; the reservation counts until then."""
    fates = {b"program 1": Fate(cost_late=DAY), b"program 2": Fate(cost=None)}
    world = make_world(tmp_path, fates)
    late, never = make_order(1), make_order(2)
    ids = submitted(world, late, never)
    poll.wait(world.desk, ids)
    assert [line.counted for line in world.lines()] == [1_000_000, 1_000_000]
    for id in ids:
        poll.look(world.desk, id)
    assert world.entries(late) == {"reserved": 1_000_000}
    world.stage.sleep(DAY)
    for id in ids:
        poll.look(world.desk, id)
    assert world.entries(late) == {"reserved": 1_000_000, "billed": 250_000}
    before = len(world.cloud.requests)
    poll.look(world.desk, ids[0])
    assert len(world.cloud.requests) == before  # the figure is there
    poll.look(world.desk, ids[1])
    assert len(world.cloud.requests) == before + 1
    world.stage.sleep(poll.COST_PATIENCE)
    poll.look(world.desk, ids[1])
    assert len(world.cloud.requests) == before + 1  # it was asked for long enough


def test_a_cost_after_a_long_wait_is_still_asked_for(tmp_path: Path) -> None:
    """However often a job was looked at while it waited, its late bill is not missed."""
    world = make_world(tmp_path, {b"program 1": Fate(waits=4 * 3600.0, cost_late=600.0)})
    ids = submitted(world, make_order())
    (job,) = poll.wait(world.desk, ids)
    assert job.polls > 100
    world.stage.sleep(600.0)
    poll.look(world.desk, ids[0])
    assert world.entries(make_order())["billed"] == 250_000


def test_jobs_that_were_not_sent_are_not_looked_at(tmp_path: Path) -> None:
    """Jobs that are queued, intended or refused are given as they are, without a request."""
    world = make_world(tmp_path)
    queued = enqueue(world.desk, make_order(1))
    intended = write_down(world.desk, make_order(2), "intended", lambda connection: None)
    assert poll.wait(world.desk, [queued.id, intended.id]) == [queued, intended]
    assert [poll.look(world.desk, job.id) for job in (queued, intended)] == [queued, intended]
    assert world.cloud.requests == []


def test_jobs_that_are_not_known(tmp_path: Path) -> None:
    """An id that is not here, or no longer at the service, is told."""
    world = make_world(tmp_path)
    for verb in (poll.look, lambda desk, id: poll.wait(desk, [id])):
        with pytest.raises(BackendError, match="there is no job nothing here"):
            verb(world.desk, "nothing")
    order = make_order()
    (id,) = submitted(world, order)
    world.cloud.jobs.clear()
    with pytest.raises(BackendError, match=r"no longer has job .*, which was submitted to ionq.simulator"):
        poll.look(world.desk, id)
    assert world.job(order).state == "submitted"
    assert order.id(WORKSPACE) == id


def test_an_answer_that_was_overtaken_while_the_output_is_missing(tmp_path: Path) -> None:
    """A stale answer that says that the job runs does not undo its end, whatever it brings."""
    world = make_world(tmp_path, {b"program 1": Fate(waits=50.0)})
    ids = submitted(world, make_order())

    def slow() -> None:
        poll.look(world.desk, ids[0])

    def quick() -> None:
        world.stage.sleep(1.0)
        poll.wait(world.desk, ids)

    world.stage.sleep(49.0)
    world.weather.rng = random.Random(3)
    world.weather.script = {("get", 2): "slow"}
    world.stage.run(slow, quick)
    job = world.job(make_order())
    assert (job.state, job.output is not None) == ("succeeded", True)


def test_other_policies(tmp_path: Path) -> None:
    """A service on this machine is looked at often."""
    world = make_world(tmp_path, policy=Policy(first_look=0.05, last_look=0.5, spread=0.02))
    poll.wait(world.desk, submitted(world, make_order()))
    assert 10 <= world.verbs.count("get") <= 25
