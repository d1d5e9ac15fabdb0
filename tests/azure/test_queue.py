"""The queue: each job once, by priority, within the budget, whoever drains it and whoever is killed.

    QAMCTL_QUEUES=2000 pytest tests/azure/test_queue.py -k seeded

plays more queues of the simulation; `test_kill.py` has real processes.
"""

from __future__ import annotations

import os
import random
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from support.azure_cloud import WORKSPACE, Cloud, Fate, Weather
from support.azure_desks import World, desk_on, make_order, make_world
from support.azure_stage import Stage

from qamctl.azure import poll, store
from qamctl.azure.queue import Drained, drain
from qamctl.azure.store import PRIORITIES, Job
from qamctl.azure.submit import Desk, Order, complete_if_free, enqueue, submit_once
from qamctl.errors import AuthError, BackendError, GateError, PendingError, TemporaryError
from qamctl.runs import ledger

SEEDS = int(os.environ.get("QAMCTL_QUEUES", "120"))
PRICE = 1_000_000


@dataclass
class Watch:
    """Looks at the database at every point: budget and priorities must hold at any instant."""

    connection: sqlite3.Connection
    budget: int
    claims: list[str] = field(default_factory=list)
    #: Of the process that drains at this moment: what the budget held back from it.
    held: dict[int, set[str]] = field(default_factory=dict)
    last: int = 0

    def look(self, stage: Stage) -> None:
        """Called between any two steps; between two calls at most one job was claimed."""
        counted = sum(line.counted for line in ledger.lines(self.connection))
        assert counted <= self.budget, f"{counted} of {self.budget} are reserved"
        new = self.connection.execute(
            "SELECT number, job FROM ledger WHERE entry = 'reserved' AND number > ? ORDER BY number", (self.last,)
        ).fetchall()
        assert len(new) <= 1
        for number, id in new:
            self.last = number
            if id not in self.claims:  # else one that was refused, and is tried again
                self.claims.append(id)
            ((priority,),) = self.connection.execute("SELECT priority FROM jobs WHERE id = ?", (id,)).fetchall()
            before = self.connection.execute("SELECT id FROM jobs WHERE state = 'queued' AND priority > ?", (priority,))
            passed_over = {other for (other,) in before} - self.held.get(id_of(stage), set())
            assert not passed_over, f"{id} was claimed before {passed_over}"


def id_of(stage: Stage) -> int:
    return id(stage.current)


def admit_within(budget: int, watch: Watch | None, stage: Stage) -> Callable[[sqlite3.Connection, Job], None]:
    """A monthly budget, as the command line asks for it."""

    def admit(connection: sqlite3.Connection, job: Job) -> None:
        counted = sum(line.counted for line in ledger.lines(connection))
        if counted + int((job.estimate or {})["micros"]) > budget:
            if watch is not None:
                watch.held.setdefault(id_of(stage), set()).add(job.id)
            raise GateError("the budget is used up")

    return admit


def orders_of(rng: random.Random, count: int) -> list[Order]:
    """Orders of all priorities, that cost about a dollar."""
    words = list(PRIORITIES)
    return [make_order(k, micros=PRICE + rng.randint(0, 3) * 100_000, priority=rng.choice(words)) for k in range(count)]


def cron(desk: Desk, watch: Watch, stage: Stage, until: Callable[[], bool]) -> None:
    """Drains the queue every minute until all is sent."""
    while not until():
        watch.held[id_of(stage)] = set()
        with suppress(TemporaryError, AuthError):
            drain(desk, admit=admit_within(watch.budget, watch, stage))
        for job in rows(desk, "state = 'submitted'"):
            with suppress(TemporaryError, AuthError, BackendError):
                poll.look(desk, job.id)
        desk.clock.sleep(60.0)


def rows(desk: Desk, where: str) -> list[Job]:
    with desk.connect() as connection:
        return store.select(connection, where)


def play(seed: int, count: int, processes: int, folder: Path, *, kills: int = 12) -> None:
    """A queue, filled while it is drained by processes that are killed."""
    rng = random.Random(seed)
    orders = orders_of(rng, count)
    stage = Stage(
        random.Random(rng.random()), switch=rng.choice([0.02, 0.1, 0.3]), kill=rng.choice([0.0, 0.02, 0.1]),
        kills=rng.randint(0, kills), steps=3000 * count, horizon=86_400.0,
    )  # fmt: skip
    words = ["Succeeded"] * 8 + ["Failed", "Refused"]
    fates = {order.payload: Fate(word=rng.choice(words), cost=rng.choice([0.0, 0.5, 1.0])) for order in orders}
    cloud = Cloud(stage, fates, rng.choice(["conflict", "same", "reject"]))
    weather = Weather(random.Random(rng.random()), rng.choice([0.0, 0.1, 0.3]), rng.choice([60.0, 600.0]))
    desks = [desk_on(folder, stage, cloud, weather, k) for k in range(processes)]
    # Enough for all in the end, since a bill is never above a dollar; never enough for all at once.
    budget = PRICE * count + 300_000 + (1_000_000 if rng.random() < 0.5 else 0)
    for order in orders[: rng.randint(count // 2, count)]:
        enqueue(desks[0], order)
    with closing(sqlite3.connect(folder / "state.db", isolation_level=None, check_same_thread=False)) as connection:
        watch = Watch(connection, budget)
        stage.watch = partial(watch.look, stage)

        def fill() -> None:
            there = {job.id for job in rows(desks[0], "1")}
            for order in orders:
                if order.id(WORKSPACE) not in there:  # one that was refused would begin anew
                    enqueue(desks[0], order)
                stage.sleep(3.0 * rng.random())

        def done() -> bool:
            found = rows(desks[0], "1")
            return len(found) == count and all(job.is_ended for job in found)

        stage.run(fill, *(partial(cron, desk, watch, stage, done) for desk in desks))
        ids = {order.id(WORKSPACE): fates[order.payload] for order in orders}
        assert set(watch.claims) == set(ids)
    wanted = {id: int(fate.word != "Refused") for id, fate in ids.items()}
    assert {id: cloud.made[id] for id in ids} == wanted
    assert set(cloud.jobs) <= set(ids)
    assert set(cloud.again) <= weather.excused
    judge_order(cloud.jobs, watch.claims, processes + stage.killed.total())


def judge_order(arrived: Sequence[str] | dict[str, object], claims: Sequence[str], on_the_way: int) -> None:
    """Jobs arrive in the order in which they were claimed, but for those that were on the way at the same time."""
    place = {id: k for k, id in enumerate(id for id in claims if id in set(arrived))}
    overtaken = [sum(place[later] < place[id] for later in list(arrived)[k + 1 :]) for k, id in enumerate(arrived)]
    assert max(overtaken, default=0) <= on_the_way


@pytest.mark.parametrize("chunk", range(8))
def test_seeded_queues(chunk: int) -> None:
    """In every simulated queue each job is sent once, by priority, and the budget holds at any instant."""
    for seed in range(chunk, SEEDS, 8):
        with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as folder:
            try:
                play(seed, random.Random(seed).randint(2, 12), 1 + seed % 3, Path(folder))
            except BaseException as fault:
                fault.add_note(f"queue of seed {seed}")
                raise


def queue_of(world: World, *words: str) -> list[Order]:
    """Jobs of these priorities in the queue."""
    orders = [make_order(k, priority=word) for k, word in enumerate(words)]
    for order in orders:
        world.stage.sleep(1.0)
        enqueue(world.desk, order)
    return orders


def test_by_priority_and_age(tmp_path: Path) -> None:
    """Jobs are sent by priority, the older first, and the service is told of a high one."""
    world = make_world(tmp_path)
    orders = queue_of(world, "low", "standard", "high", "standard", "high")
    assert world.cloud.requests == []
    assert world.lines() == []
    found = drain(world.desk)
    wanted = [orders[k].id(WORKSPACE) for k in (2, 4, 1, 3, 0)]
    assert [job.id for job in found.sent] == list(world.cloud.jobs) == wanted
    assert [job.submission.priority for job in world.cloud.jobs.values()] == ["High", "High", None, None, None]
    assert (found.held, found.failed, found.left) == ([], [], 0)


def test_at_most_so_many(tmp_path: Path) -> None:
    """`most` ends a drain; what is left is counted, and sent by the next."""
    world = make_world(tmp_path)
    queue_of(world, "standard", "standard", "standard")
    assert drain(world.desk, most=0) == Drained(left=3)
    found = drain(world.desk, most=2)
    assert (len(found.sent), found.left) == (2, 1)
    assert len(drain(world.desk, most=2).sent) == 1


def test_stop_is_asked_between_jobs(tmp_path: Path) -> None:
    """A signal ends a drain after the job that is being sent."""
    world = make_world(tmp_path)
    queue_of(world, "standard", "standard")
    found = drain(world.desk, stop=lambda: len(world.cloud.jobs) == 1)
    assert (len(found.sent), found.left) == (1, 1)


def test_the_budget_holds_jobs_back(tmp_path: Path) -> None:
    """What the budget does not allow stays in the queue with the reason; what is cheaper goes."""
    world = make_world(tmp_path)
    dear, cheap = make_order(1, micros=5_000_000, priority="high"), make_order(2, micros=1_000_000)
    for order in (dear, cheap):
        enqueue(world.desk, order)
    found = drain(world.desk, admit=admit_within(2_000_000, None, world.stage))
    assert [(job.id, reason) for job, reason in found.held] == [(dear.id(WORKSPACE), "the budget is used up")]
    assert [job.id for job in found.sent] == [cheap.id(WORKSPACE)]
    assert found.left == 1
    assert world.job(dear).state == "queued"
    assert world.entries(dear) == {}


def test_a_long_queue_that_is_held_back(tmp_path: Path) -> None:
    """Many jobs that the budget holds back do not hide one behind them, and are each asked for once."""
    world, asked = make_world(tmp_path), []
    for k in range(store.CANDIDATES + 10):
        enqueue(world.desk, make_order(k, micros=5_000_000, priority="high"))
    enqueue(world.desk, make_order(1000, micros=0))
    within = admit_within(1_000_000, None, world.stage)

    def admit(connection: sqlite3.Connection, job: Job) -> None:
        asked.append(job.id)
        within(connection, job)

    found = drain(world.desk, admit=admit)
    assert [job.name for job in found.sent] == ["job 1000"]
    assert len(found.held) == found.left == store.CANDIDATES + 10
    assert len(asked) == len(set(asked)) == store.CANDIDATES + 11


def test_refused_jobs_do_not_stop_the_others(tmp_path: Path) -> None:
    """A job that the service will not have is told with the reason; the rest goes on, the reservation is released."""
    world = make_world(tmp_path, {b"program 0": Fate(word="Refused")})
    orders = queue_of(world, "high", "standard")
    found = drain(world.desk)
    assert [job.id for job, _ in found.failed] == [orders[0].id(WORKSPACE)]
    assert "the circuit is not valid" in found.failed[0][1]
    assert [job.id for job in found.sent] == [orders[1].id(WORKSPACE)]
    assert world.entries(orders[0]) == {"reserved": PRICE, "released": 0}
    assert drain(world.desk) == Drained()


def test_a_service_that_is_away_loses_nothing(tmp_path: Path) -> None:
    """The drain ends with 75; the job that was on its way goes first the next time, whatever its priority."""
    world = make_world(tmp_path, script={("get", k): "unreached" for k in range(1, 30)})
    orders = queue_of(world, "low")
    found = drain(world.desk, deadline=world.stage.now() + 20)
    assert (found.sent, found.left) == ([], 0)
    assert isinstance(found.stopped, TemporaryError)
    assert world.job(orders[0]).state == "intended"
    enqueue(world.desk, make_order(10, priority="high"))
    world.weather.script = {}
    world.stage.sleep(700.0)
    assert [job.name for job in drain(world.desk).sent] == ["job 0", "job 10"]


def test_a_job_that_may_not_be_sent_does_not_block_the_others(tmp_path: Path) -> None:
    """What the service forbids of one job (403) is told; the others are sent, and it is tried again the next time."""
    world = make_world(tmp_path, script={("put", 1): "forbidden"})
    orders = queue_of(world, "high", "standard", "low")
    found = drain(world.desk)
    assert [job.name for job in found.sent] == ["job 1", "job 2"]
    assert [job.name for job, _ in found.failed] == ["job 0"]
    assert (found.stopped, world.job(orders[0]).state) == (None, "intended")
    assert [job.name for job in drain(world.desk).sent] == ["job 0"]


def test_a_key_that_is_refused_ends_the_drain(tmp_path: Path) -> None:
    """No other job would fare better; nothing is lost."""
    world = make_world(tmp_path, script={("get", 2): "denied"})
    queue_of(world, "high", "standard", "low")
    found = drain(world.desk)
    assert [job.name for job in found.sent] == ["job 0"]
    assert isinstance(found.stopped, AuthError)
    assert [job.name for job in drain(world.desk).sent] == ["job 1", "job 2"]


def test_the_month_in_which_a_job_is_sent_pays_for_it(tmp_path: Path) -> None:
    """A reservation of last month is made anew, if this month's budget allows; else the job is held back."""
    world = make_world(tmp_path, script={("get", k): "unreached" for k in range(1, 30)})
    (order,) = queue_of(world, "standard")
    drain(world.desk, deadline=world.stage.now() + 5)
    assert world.job(order).state == "intended"
    before = world.lines()[0].month
    world.weather.script = {}
    world.stage.sleep(40 * 86_400.0)

    def full(connection: sqlite3.Connection, job: Job) -> None:
        raise GateError("the month is full")

    held = drain(world.desk, admit=full)
    assert [(job.name, why) for job, why in held.held] == [("job 0", "the month is full")]
    assert (world.job(order).state, world.lines()[0].month) == ("intended", before)
    assert [job.name for job in drain(world.desk).sent] == ["job 0"]
    assert world.lines()[0].month != before


def test_a_job_in_other_hands_is_passed_over(tmp_path: Path) -> None:
    """A drain neither waits for a job that another process is sending, nor counts it as its own."""
    world = make_world(tmp_path)
    order, other = queue_of(world, "standard", "standard")
    found, seen = [], []

    def slow() -> None:
        found.append(drain(world.desk, most=1))

    def quick() -> None:
        while not world.stage.reached["put leaves"]:
            world.stage.sleep(0.01)
        with world.desk.connect() as connection:
            seen.append(store.get(connection, order.id(WORKSPACE)).state)  # type: ignore[union-attr]
        found.append(drain(world.desk))

    world.weather.script = {("put", 1): "slow"}
    world.stage.run(slow, quick)
    assert seen == ["intended"]
    assert [[job.name for job in one.sent] for one in found] == [["job 1"], ["job 0"]]
    assert dict(world.cloud.made) == {order.id(WORKSPACE): 1, other.id(WORKSPACE): 1}
    assert complete_if_free(world.desk, order.id(WORKSPACE)) is None
    with pytest.raises(BackendError, match="there is no job nothing here"):
        complete_if_free(world.desk, "nothing")


def test_a_queued_job_is_sent_at_once_where_it_is_asked_for_again(tmp_path: Path) -> None:
    """`submit` of a job that waits in the queue sends it; enqueueing a job that was sent changes nothing."""
    world = make_world(tmp_path)
    order = make_order()
    assert enqueue(world.desk, order).state == "queued"
    assert enqueue(world.desk, order).state == "queued"
    job = submit_once(world.desk, order)
    assert job.state == "submitted"
    assert enqueue(world.desk, order) == job
    assert drain(world.desk) == Drained()
    assert world.entries(order) == {"reserved": PRICE}


def test_other_workspaces_are_left_alone(tmp_path: Path) -> None:
    """A drain sends only the jobs of its workspace."""
    world = make_world(tmp_path)
    enqueue(world.desk, make_order())
    world.desk.client.service.workspace = "sub/group/other"
    assert drain(world.desk) == Drained()
    assert world.cloud.requests == []


def test_a_submitter_waits_for_its_turn(tmp_path: Path) -> None:
    """A second process that submits the same job waits until the first is done, and past its deadline says so."""
    world, late = make_world(tmp_path, script={("put", 1): "slow"}), []
    order = make_order()

    def first() -> None:
        submit_once(world.desk, order)

    def second() -> None:
        while not world.stage.reached["put leaves"]:
            world.stage.sleep(0.01)
        with pytest.raises(PendingError, match="another process is still submitting"):
            submit_once(world.desk, order, deadline=world.stage.now() + 1.0)
        late.append(submit_once(world.desk, order).state)

    world.stage.run(first, second)
    assert late == ["submitted"]
    assert world.cloud.made.total() == 1
