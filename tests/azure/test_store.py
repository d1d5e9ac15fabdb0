"""Rows of jobs, and what the ledger says of them."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.azure_cloud import WORKSPACE
from support.azure_desks import World, make_order, make_world

from qamctl.azure import store
from qamctl.azure.service import Cost, RemoteJob
from qamctl.azure.submit import Order, enqueue, write_down
from qamctl.errors import GateError

RESERVED = {"reserved": 1_000_000}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def anyone(connection: sqlite3.Connection) -> None:
    """Lets everything through."""


def intend(world: World, order: Order) -> store.Job:
    return write_down(world.desk, order, "intended", anyone)


def remote(order: Order, status: str, **fields: Any) -> RemoteJob:
    return RemoteJob(order.id(WORKSPACE), order.name, order.target, order.provider, status, **fields)


def note(world: World, order: Order, status: str, **fields: Any) -> store.Job:
    now = world.stage.now()
    with world.desk.connect() as connection:
        return store.note(connection, order.id(WORKSPACE), remote(order, status, **fields), now, now + 5)


def close(world: World, order: Order, verb: Any, *words: str) -> bool:
    with world.desk.connect() as connection:
        return bool(verb(connection, order.id(WORKSPACE), *words, world.stage.now()))


def test_a_row_comes_back_as_it_was_written(world: World) -> None:
    """Every field of a job survives the database, those in JSON too."""
    order = make_order(
        tags=("a", "b"), metadata={"k": "v"}, priority="high", run="r", directory="/runs/r", session="s", run_key="k"
    )
    written = intend(world, order)
    assert world.job(order) == written
    assert written.request == {
        "input_format": "qir.v1", "output_format": "microsoft.quantum-results.v2", "content_type": "qir.v1",
        "params": {"shots": 100}, "metadata": {"k": "v"}, "tags": ["a", "b"], "session": "s", "run_key": "k",
        "priority": "high",
    }  # fmt: skip
    assert (written.priority, written.run, written.directory, written.is_ended) == (1, "r", "/runs/r", False)
    assert world.desk.cache.get(written.payload) == order.payload
    with world.desk.connect() as connection:
        assert store.get(connection, "nobody") is None


def test_intended_reserves_and_queued_does_not(world: World) -> None:
    """Credits are reserved with the row that says that a job will be sent."""
    queued, intended = make_order(1), make_order(2)
    enqueue(world.desk, queued)
    intend(world, intended)
    assert world.entries(queued) == {}
    assert world.entries(intended) == RESERVED


def test_a_second_entry_gives_the_first(world: World) -> None:
    """Asking for a job again changes neither row nor ledger."""
    order = make_order()
    first = intend(world, order)
    world.stage.sleep(10.0)
    assert intend(world, order) == first
    assert enqueue(world.desk, order) == first
    assert len(world.lines()) == 1


def test_the_budget_is_asked_within_the_transaction(world: World) -> None:
    """Where the budget says no, there is neither row nor reservation; where a job is there, nobody is asked."""
    order = make_order()

    def no(connection: sqlite3.Connection) -> None:
        assert connection.in_transaction
        raise GateError("too dear")

    with pytest.raises(GateError, match="too dear"):
        write_down(world.desk, order, "intended", no)
    assert world.lines() == []
    with world.desk.connect() as connection:
        assert store.select(connection, "1") == []
    first = intend(world, order)
    assert write_down(world.desk, order, "intended", no) == first


@pytest.mark.parametrize("verb", ["refuse", "withdraw"])
def test_what_was_never_sent_begins_anew(world: World, verb: str) -> None:
    """A job that was refused or withdrawn is released, and reserved again when it is asked for again."""
    order = make_order()
    intend(world, order)
    words = ("Bad", "not valid") if verb == "refuse" else ()
    assert close(world, order, getattr(store, verb), *words)
    job = world.job(order)
    assert job.state == ("refused" if verb == "refuse" else "cancelled")
    assert job.error == ({"code": "Bad", "message": "not valid"} if verb == "refuse" else None)
    assert (job.is_ended, job.ended) == (True, world.stage.now())
    assert world.entries(order) == {**RESERVED, "released": 0}
    assert world.lines()[0].counted == 0
    world.stage.sleep(1.0)
    assert intend(world, order).state == "intended"
    assert world.entries(order) == RESERVED
    assert world.lines()[0].counted == 1_000_000


def test_a_queued_job_is_withdrawn_without_a_trace_in_the_ledger(world: World) -> None:
    """Nothing was reserved, so nothing is released."""
    order = make_order()
    enqueue(world.desk, order)
    assert close(world, order, store.withdraw)
    assert world.job(order).state == "cancelled"
    assert world.entries(order) == {}


def test_a_job_that_was_sent_is_not_withdrawn(world: World) -> None:
    """Neither a job that the service has nor one that has ended changes by a late word that it is not to be sent."""
    order = make_order()
    intend(world, order)
    for word, state in (("Waiting", "submitted"), ("Succeeded", "succeeded")):
        note(world, order, word)
        before = world.job(order)
        assert not close(world, order, store.withdraw)
        assert not close(world, order, store.refuse, "Bad", "not valid")
        assert world.job(order) == before
        assert before.state == state
    assert world.entries(order) == RESERVED


def test_a_cancelled_job_of_the_service_stays(world: World) -> None:
    """A job that was cancelled after it was sent is not sent again by asking for it."""
    order = make_order()
    intend(world, order)
    note(world, order, "Waiting")
    job = note(world, order, "Cancelled")
    assert (job.state, job.status) == ("cancelled", "Cancelled")
    assert intend(world, order) == job
    assert world.entries(order) == {**RESERVED, "released": 0}


def test_what_the_service_says_is_taken_down(world: World) -> None:
    """State, word, times, count of looks, error and details are those of the last answer."""
    order = make_order()
    intend(world, order)
    sent = world.stage.now()
    job = note(world, order, "Waiting", details={"a": 1})
    assert (job.state, job.submitted, job.ended, job.polls, job.next_poll) == ("submitted", sent, None, 1, sent + 5)
    world.stage.sleep(20.0)
    job = note(world, order, "Failed", error=("Lost", "the trap was empty"), details={"b": 2})
    assert (job.state, job.submitted, job.ended, job.polls) == ("failed", sent, sent + 20, 2)
    assert job.error == {"code": "Lost", "message": "the trap was empty"}
    assert job.details == {"b": 2}


def test_an_overtaken_answer_changes_nothing(world: World) -> None:
    """An answer that says `Executing` and comes after `Succeeded` is not believed."""
    order = make_order()
    intend(world, order)
    note(world, order, "Waiting")
    job = note(world, order, "Succeeded", cost=Cost(0.25, "USD"))
    assert note(world, order, "Executing") == job == world.job(order)


def test_a_job_given_up_that_the_service_has_after_all(world: World) -> None:
    """A row that says `refused` follows the service where it has the job: what may be billed is reserved again."""
    order = make_order()
    intend(world, order)
    close(world, order, store.refuse, "Bad", "not valid")
    job = note(world, order, "Executing")
    assert (job.state, job.submitted, job.ended) == ("submitted", world.stage.now(), None)
    assert world.entries(order) == RESERVED


def test_billed_by_the_service_s_own_figure(world: World) -> None:
    """The bill is what the service said first, in its currency; later words change nothing."""
    order = make_order()
    intend(world, order)
    note(world, order, "Waiting", cost=Cost(9.0, "USD"))
    assert world.entries(order) == RESERVED  # no bill before the end
    note(world, order, "Succeeded", cost=Cost(0.1000001, "EUR"))
    assert world.entries(order) == {**RESERVED, "billed": 100_001}
    note(world, order, "Succeeded", cost=Cost(7.0, "EUR"))
    assert world.entries(order) == {**RESERVED, "billed": 100_001}
    (line,) = world.lines()
    assert (line.currency, line.billed_currency) == ("USD", "EUR")
    assert (world.job(order).details or {})["costEstimate"] == {"estimatedTotal": 7.0}


def test_a_bill_without_a_currency_is_in_that_of_the_reservation(world: World) -> None:
    """Where the service names no currency the estimate's is meant; without one it is dollars."""
    priced = make_order(1, estimate={"micros": 5, "currency": "EUR"})
    free = make_order(2, estimate={})
    for order in (priced, free):
        intend(world, order)
        note(world, order, "Succeeded", cost=Cost(1.0, ""))
    assert [(line.currency, line.billed_currency, line.reserved) for line in world.lines()] == [
        ("EUR", "EUR", 5), ("USD", "USD", 0)
    ]  # fmt: skip


def test_no_figure_after_success_keeps_the_reservation(world: World) -> None:
    """A job that succeeded counts with what was reserved until the bill comes; a failed one is released."""
    good, bad, billed = make_order(1), make_order(2), make_order(3)
    for order in (good, bad, billed):
        intend(world, order)
    note(world, good, "Succeeded")
    note(world, bad, "Failed")
    note(world, billed, "Failed", cost=Cost(0.5, "USD"))
    assert world.entries(good) == RESERVED
    assert world.entries(bad) == {**RESERVED, "released": 0}
    assert world.entries(billed) == {**RESERVED, "billed": 500_000}
    note(world, good, "Succeeded", cost=Cost(0.0, "USD"))
    assert world.entries(good) == {**RESERVED, "billed": 0}


def test_claims_by_priority_and_age(world: World) -> None:
    """A claim takes the next that may be sent, passes over those named, and reserves; in the end there is none."""
    for number, word in enumerate(["low", "high", "standard", "high"]):
        world.stage.sleep(1.0)
        enqueue(world.desk, make_order(number, priority=word))
    ids = [make_order(number).id(WORKSPACE) for number in range(4)]
    with world.desk.connect() as connection:

        def claim(skip: tuple[str, ...] = ()) -> str | None:
            job = store.claim(connection, WORKSPACE, world.stage.now(), lambda c, job: job.id != ids[2], skip)
            assert job is None or job.state == "intended"
            return job.id if job else None

        assert store.claim(connection, "elsewhere", 0.0, lambda c, job: True) is None
        assert claim(skip=(ids[1],)) == ids[3]
        assert [claim(), claim(), claim()] == [ids[1], ids[0], None]
    assert world.entries(make_order(1)) == RESERVED
    assert world.entries(make_order(2)) == {}


def test_cached_gives_the_latest_output_of_the_same_content(world: World) -> None:
    """Jobs that computed the same, and whose output was kept, the latest first, whatever their run key."""
    orders = [make_order(1, run_key=key) for key in "abcd"]
    for order in orders:
        world.stage.sleep(1.0)
        intend(world, order)
    for order, word in zip(orders, ("Succeeded", "Succeeded", "Succeeded", "Failed"), strict=True):
        note(world, order, word)
    with world.desk.connect() as connection:
        for order in (orders[0], orders[1], orders[3]):
            store.keep_output(connection, order.id(WORKSPACE), "0" * 64)
        found = store.cached(connection, orders[0].content)
        assert store.cached(connection, make_order(2).content) == []
    assert [job.id for job in found] == [orders[1].id(WORKSPACE), orders[0].id(WORKSPACE)]
    assert found[0].output == "0" * 64


def test_ended_states(world: World) -> None:
    """`is_ended` is true in just those states after which nothing happens."""
    job = intend(world, make_order())
    states = ("queued", "intended", "submitted", "succeeded", "failed", "cancelled", "refused")
    assert [replace(job, state=state).is_ended for state in states] == [False] * 3 + [True] * 4


def test_a_job_of_the_queue_gets_another_priority(world: World) -> None:
    """In the queue and in what is told to the service; what is no longer in the queue keeps its own."""
    job = enqueue(world.desk, make_order(1))
    with world.desk.connect() as connection:
        assert store.reprioritise(connection, job.id, "high")
        found = store.get(connection, job.id)
        assert found is not None
        assert (found.priority, found.request["priority"]) == (1, "high")
        assert found.request | {"priority": "standard"} == job.request
        assert store.claim(connection, job.workspace, 0.0, lambda c, job: True) is not None
        assert not store.reprioritise(connection, job.id, "low")
        assert not store.reprioritise(connection, "nobody", "low")
