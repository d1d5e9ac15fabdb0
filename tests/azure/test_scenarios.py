"""Submit once, whatever happens: seeded scenarios against a simulated service with a fake clock.

    QAMCTL_SCENARIOS=10000 pytest tests/azure/test_scenarios.py -n 2       # as many as for acceptance
    python tests/azure/test_scenarios.py --count 10000 --seed 0            # the same, in one process
    python tests/azure/test_scenarios.py --count 1 --seed 4711             # one that failed, again

A scenario is one to three orders, some asked for again and again, by one to three processes on one or two machines.
Requests and answers are lost, late, doubled and refused, tokens expire, keys are refused for a while, jobs fail, clocks
are set back, and processes are killed between any two steps and begin anew.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1])]

from support.azure_cloud import WORKSPACE, Cloud, Fate, Weather, result_of
from support.azure_desks import desk_on, make_order
from support.azure_stage import Stage

from qamctl.azure import poll, store
from qamctl.azure.submit import Desk, Order, submit_once
from qamctl.errors import AuthError, BackendError, PendingError, TemporaryError
from qamctl.runs import ledger

COUNT = int(os.environ.get("QAMCTL_SCENARIOS", "1000"))
CHUNKS = 20

#: Seconds after which even the worst scenario must be over, and requests of one job by one process.
HORIZON, REQUESTS = 4 * 3600.0, 250

#: Where `Desk.at` is told of steps on the way of a job to its result.
POINTS = ("begin", "payload kept", "written down", "asked", "uploaded", "in doubt", "sent", "noted", "looked", "read")


@dataclass(frozen=True)
class Told:
    """What became of a scenario."""

    killed: Counter[str]
    elapsed: float
    requests: int


def random_fate(rng: random.Random) -> Fate:
    word = rng.choices(["Succeeded", "Completed", "Failed", "Cancelled", "Refused"], [60, 5, 15, 5, 15])[0]
    cost = rng.choice([0.0, 0.25, 1.000001]) if word in ("Succeeded", "Completed") or rng.random() < 0.3 else None
    late = rng.choice([0.0, 0.0, 30.0, 5000.0]) if word in ("Succeeded", "Completed") else 0.0
    return Fate(rng.choice([0.0, 2.0, 40.0]), rng.choice([0.0, 3.0, 60.0]), word, cost, late)


def scenario(seed: int, folder: Path) -> Told:
    """Play one, and judge it."""
    rng = random.Random(seed)
    made = [make_order(k, micros=1_000_000 + k, run_key=rng.choice(["", "", "x"])) for k in range(rng.randint(1, 3))]
    stage = Stage(
        random.Random(rng.random()), switch=rng.choice([0.0, 0.05, 0.3]), kill=rng.choice([0.0, 0.02, 0.1, 0.3]),
        kills=rng.randint(0, 6), horizon=HORIZON,
    )  # fmt: skip
    fates = {order.payload: random_fate(rng) for order in made}
    cloud = Cloud(stage, fates, rng.choice(["conflict", "same", "reject"]))
    rate, until = rng.choice([0.0, 0.1, 0.3, 0.6]), rng.choice([20.0, 200.0, 1200.0])
    weather = Weather(random.Random(rng.random()), rate, until)
    machines = 2 if rng.random() < 0.15 else 1
    desks = [desk_on(folder / str(k % machines), stage, cloud, weather, k) for k in range(rng.randint(1, 3))]
    asked = [made + rng.choices(made, k=rng.randint(0, 2)) for _ in desks]
    for orders in asked:
        rng.shuffle(orders)
    back = rng.uniform(10.0, 300.0) if rng.random() < 0.1 else None
    stage.watch = partial(set_clock_back, stage, back)
    scripts = [partial(customer, desk, orders, rng.random() < 0.5) for desk, orders in zip(desks, asked, strict=True)]
    with ExitStack() as stack:
        for desk in desks:  # the last one that closes the database tidies it up, which takes time
            stack.enter_context(desk.connect())
        stage.run(*scripts)
        elapsed = stage.elapsed
        for desk in desks[:machines]:
            judge(desk, made, cloud, weather, machines)
    jobs = sum(len(orders) for orders in asked) + stage.killed.total()
    assert len(cloud.requests) <= REQUESTS * jobs, f"{len(cloud.requests)} requests"
    return Told(stage.killed, elapsed, len(cloud.requests))


def set_clock_back(stage: Stage, at: float | None) -> None:
    """Some machine's clock is set back by a day, once."""
    if at is not None and stage.elapsed >= at:
        stage.set_back = 86_400.0


def customer(desk: Desk, orders: Sequence[Order], waits_at_once: bool) -> None:
    """A process that wants all its orders done."""
    ids = []
    for order in orders:
        id = order.id(WORKSPACE)
        patiently(desk, id, partial(submit_once, desk, order))
        ids.append(id)
        if waits_at_once:
            finish(desk, [id])
    finish(desk, ids)


def finish(desk: Desk, ids: Sequence[str]) -> None:
    """Wait, as cron would, until all have ended."""
    while not all(row(desk, id).is_ended for id in ids):
        patiently(desk, ids[0], lambda: poll.wait(desk, ids, deadline=desk.clock.now() + 300.0))
        if not any(row(desk, id).state == "submitted" for id in ids):
            desk.clock.sleep(5.0)  # another process is sending again what was refused
    for id in ids:
        if row(desk, id).state == "succeeded" and row(desk, id).output is None:
            patiently(desk, id, partial(poll.look, desk, id))


def patiently(desk: Desk, id: str, act: Callable[[], object]) -> None:
    """Do something until it works, as cron would; a job that the service refused is done with."""
    while True:
        try:
            act()
            return
        except (TemporaryError, PendingError, AuthError):
            pass
        except BackendError as error:
            if row(desk, id).state == "refused":
                return
            if "AuthenticationFailed" not in error.message and "does not show it" not in error.message:
                raise
        desk.clock.sleep(60.0)


def row(desk: Desk, id: str) -> store.Job:
    with desk.connect() as connection:
        job = store.get(connection, id)
    assert job is not None
    return job


def judge(desk: Desk, orders: Sequence[Order], cloud: Cloud, weather: Weather, machines: int) -> None:
    """Compare what is written down with what there is, when all is quiet."""
    stage = cloud.stage
    stage.elapsed += 7200.0
    weather.rate, weather.script = 0.0, {}
    cloud.arrive()
    expected = {order.id(WORKSPACE): cloud.fates.get(order.payload, Fate()) for order in orders}
    wanted = {id: int(fate.word != "Refused") for id, fate in expected.items()}
    assert {id: cloud.made[id] for id in wanted} == wanted, "not exactly one job a submission"
    assert set(cloud.jobs) <= set(wanted), "a job that nobody asked for"
    if machines == 1:
        assert set(cloud.again) <= weather.excused, "the service was asked to make a job that it had"
    billed = 0
    for order in orders:
        id = order.id(WORKSPACE)
        fate = expected[id]
        poll.look(desk, id)
        job = row(desk, id)
        billed += judge_row(desk, job, fate, order.payload)
        before = len(cloud.requests)
        if fate.word != "Refused":
            assert submit_once(desk, order) == job, "a second submission changed the job"
        assert len(cloud.requests) == before, "a second submission asked the service"
    with desk.connect() as connection:
        lines = ledger.lines(connection)
        counts = connection.execute("SELECT job, entry, count(*) FROM ledger GROUP BY job, entry").fetchall()
    assert {line.job for line in lines} == set(wanted)
    assert all(count == 1 for _, _, count in counts)
    assert sum(line.billed or 0 for line in lines) == billed
    assert {line.job: line.reserved for line in lines} == {o.id(WORKSPACE): o.estimate["micros"] for o in orders}
    for line in lines:
        fate = expected[line.job]
        paid = fate.word != "Refused" and fate.cost is not None
        assert (line.billed is not None) == paid, line
        # Only a job that succeeded and has no figure still counts with what was reserved.
        assert line.counted == (line.billed if paid else 0), line


def judge_row(desk: Desk, job: store.Job, fate: Fate, payload: bytes) -> int:
    """One job; what the service billed for it, in millionths."""
    words = {"Succeeded": "succeeded", "Completed": "succeeded", "Failed": "failed", "Cancelled": "cancelled"}
    assert job.state == words.get(fate.word, "refused"), job
    if job.state == "refused":
        assert job.error == {"code": "InvalidJobDefinition", "message": "the circuit is not valid"}
        return 0
    assert job.status == fate.word
    assert job.submitted is not None
    assert job.ended is not None
    assert job.error == ({"code": "QubitsLost", "message": "the trap was empty"} if job.state == "failed" else None)
    assert (job.output is not None) == (job.state == "succeeded")
    if job.output is not None:
        assert desk.cache.get(job.output) == result_of(payload)
        assert poll.output_of(desk, job) == result_of(payload)
    return ledger.to_micros(fate.cost or 0.0)


def play(seeds: Sequence[int]) -> list[Told]:
    """Scenarios in folders that are removed; in memory where the machine has such a place."""
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    found = []
    for seed in seeds:
        with tempfile.TemporaryDirectory(prefix="qamctl-scenario-", dir=place) as folder:
            try:
                found.append(scenario(seed, Path(folder)))
            except BaseException as fault:
                fault.add_note(f"scenario of seed {seed}: python tests/azure/test_scenarios.py --count 1 --seed {seed}")
                raise
    return found


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_exactly_one_job_a_submission(chunk: int) -> None:
    """In every scenario each submission makes one job, the ledger is exact, and nothing waits for ever."""
    told = play(range(chunk, COUNT, CHUNKS))
    if len(told) >= 20:  # the bad luck was there
        assert sum(one.killed.total() for one in told) > 0
        assert any(one.elapsed > 100.0 for one in told)


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("nth", [1, 2])
def test_killed_at_every_point(tmp_path: Path, point: str, nth: int) -> None:
    """A process killed at any point of `Desk.at`, the first or second time that it gets there, goes on from there."""
    stage = Stage(random.Random(1), kill_at={point: nth})
    made = [make_order(k) for k in range(2)]
    cloud = Cloud(stage)
    weather = Weather(random.Random(1), script={("put", 1): "lost", ("put", 2): "unreached"})
    desk = desk_on(tmp_path, stage, cloud, weather, 1)
    stage.run(partial(customer, desk, made, False))
    assert stage.killed == {point: 1}
    judge(desk, made, cloud, weather, 1)


def test_points_are_all_there_are(tmp_path: Path) -> None:
    """The list of points is that of the code: all are met on the way of a job with one lost answer."""
    stage = Stage(random.Random(1))
    cloud, weather = Cloud(stage), Weather(random.Random(1), script={("put", 1): "lost"})
    desk = desk_on(tmp_path, stage, cloud, weather, 1)
    stage.run(partial(customer, desk, [make_order()], False))
    met = {name for name in stage.reached if not name.endswith((" leaves", " answered"))}
    assert met == set(POINTS)


def test_a_process_that_waits_for_ever_is_noticed(tmp_path: Path) -> None:
    """The judge itself: a job that never ends, and a second job under another id, are told as faults."""
    stage = Stage(random.Random(1), horizon=1000.0)
    order = make_order()
    cloud, weather = Cloud(stage, {order.payload: Fate(runs=1e9)}), Weather(random.Random(1))
    desk = desk_on(tmp_path, stage, cloud, weather, 1)
    with pytest.raises(AssertionError, match="still not done"):
        stage.run(partial(customer, desk, [order], False))
    stage, other = Stage(random.Random(1)), make_order(2)
    cloud = Cloud(stage)
    desk = desk_on(tmp_path / "other", stage, cloud, weather, 1)
    stage.run(partial(customer, desk, [order, other], False))
    with pytest.raises(AssertionError, match="nobody asked for"):
        judge(desk, [order], cloud, weather, 1)
    cloud.made[order.id(WORKSPACE)] += 1
    with pytest.raises(AssertionError, match="exactly one job"):
        judge(desk, [order, other], cloud, weather, 1)


def main() -> None:
    """Play scenarios one after the other; the first that fails is told with its seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=0, help="of the first")
    options = parser.parse_args()
    told = play(range(options.seed, options.seed + options.count))
    killed = sum((one.killed for one in told), Counter[str]())
    sys.stdout.write(
        f"{len(told)} scenarios: one job a submission in each; {killed.total()} kills at {len(killed)} places, "
        f"{sum(one.requests for one in told)} requests, longest {max(one.elapsed for one in told):.0f} s of the clock\n"
    )


if __name__ == "__main__":
    main()
