"""Ending jobs: what was not sent is withdrawn, what was is cancelled by the service."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.azure_cloud import WORKSPACE, Fate
from support.azure_desks import make_order, make_world

from qamctl.azure import poll
from qamctl.azure.cancel import cancel
from qamctl.azure.submit import enqueue, lock_job, submit_once, write_down
from qamctl.errors import BackendError, PendingError


def test_a_queued_job_is_withdrawn_without_a_word_to_the_service(tmp_path: Path) -> None:
    """It was never reserved, and nothing is asked."""
    world, order = make_world(tmp_path), make_order()
    id = enqueue(world.desk, order).id
    assert cancel(world.desk, id).state == "cancelled"
    assert (world.verbs, world.entries(order)) == ([], {})


def test_an_intended_job_that_the_service_has_not_is_released(tmp_path: Path) -> None:
    """The reservation goes; asked for again, it begins anew."""
    world, order = make_world(tmp_path), make_order()
    id = write_down(world.desk, order, "intended", lambda connection: None).id
    assert cancel(world.desk, id).state == "cancelled"
    assert world.entries(order) == {"reserved": 1_000_000, "released": 0}
    assert submit_once(world.desk, order).state == "submitted"
    assert world.entries(order) == {"reserved": 1_000_000}
    assert world.cloud.made[id] == 1


def test_a_job_that_is_being_sent_is_left_alone(tmp_path: Path) -> None:
    """Whoever sends it holds its lock."""
    world, order = make_world(tmp_path), make_order()
    id = write_down(world.desk, order, "intended", lambda connection: None).id
    lock = lock_job(world.desk, id)
    assert lock is not None
    with lock, pytest.raises(PendingError, match="cancel it again"):
        cancel(world.desk, id)
    assert world.job(order).state == "intended"


def test_a_job_that_was_sent_is_cancelled_at_the_service(tmp_path: Path) -> None:
    """What was reserved is released, where the service bills nothing."""
    world, order = make_world(tmp_path), make_order()
    id = submit_once(world.desk, order).id
    assert cancel(world.desk, id).state == "cancelled"
    assert world.verbs[-2:] == ["cancel", "get"]
    assert world.entries(order) == {"reserved": 1_000_000, "released": 0}


def test_a_job_that_arrived_unseen_is_cancelled_at_the_service(tmp_path: Path) -> None:
    """An intended job that the service has after all, since only its answer was lost."""
    world, order = make_world(tmp_path), make_order()
    id = submit_once(world.desk, order).id
    with world.desk.connect() as connection:
        connection.execute("UPDATE jobs SET state = 'intended', submitted = NULL WHERE id = ?", (id,))
    assert cancel(world.desk, id).state == "cancelled"
    assert world.verbs[-3:] == ["get", "cancel", "get"]


def test_what_has_ended_stays_as_it_is(tmp_path: Path) -> None:
    """Nothing is asked for a job that is over."""
    world, order = make_world(tmp_path), make_order()
    id = submit_once(world.desk, order).id
    poll.wait(world.desk, [id])
    before = len(world.verbs)
    assert cancel(world.desk, id).state == "succeeded"
    assert len(world.verbs) == before


def test_an_unknown_job_is_told(tmp_path: Path) -> None:
    """An id that nobody wrote down."""
    world = make_world(tmp_path)
    with pytest.raises(BackendError, match="no job"):
        cancel(world.desk, make_order(7).id(WORKSPACE))


def test_a_job_that_the_service_lost_does_not_end_the_wait_for_others(tmp_path: Path) -> None:
    """The others are waited for, then it is told."""
    world = make_world(tmp_path, {b"program 2": Fate(waits=40.0)})
    first, second = (submit_once(world.desk, make_order(k)).id for k in (1, 2))
    del world.cloud.jobs[first]
    with pytest.raises(BackendError, match=first):
        poll.wait(world.desk, [first, second])
    assert world.job(make_order(2)).state == "succeeded"
