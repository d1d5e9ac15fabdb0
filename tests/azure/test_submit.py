"""A job that was asked for is sent exactly one time."""

from __future__ import annotations

import logging
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.azure_cloud import WORKSPACE, Cloud, Fate, Weather
from support.azure_desks import World, desk_on, make_order, make_world

from qamctl.azure import store
from qamctl.azure.submit import Order, complete, enqueue, submit_once, write_down
from qamctl.errors import AuthError, BackendError, GateError, TemporaryError

RESERVED = {"reserved": 1_000_000}


def intended(world: World, order: Order) -> store.Job:
    return write_down(world.desk, order, "intended", lambda connection: None)


def test_a_job_is_asked_for_uploaded_and_made(tmp_path: Path) -> None:
    """Three requests; the row says what the service said, the credits are reserved, a second call asks nothing."""
    world = make_world(tmp_path)
    order = make_order(tags=("a",), metadata={"k": "v"}, session="s", priority="high")
    job = submit_once(world.desk, order)
    assert world.verbs == ["get", "upload", "put"]
    assert (job.state, job.status, job.id) == ("submitted", "Waiting", order.id(WORKSPACE))
    assert job.next_poll == job.submitted + world.desk.client.policy.first_look
    assert world.entries(order) == RESERVED
    sent = world.cloud.jobs[job.id].submission
    assert sent.payload == order.payload
    assert (sent.id, sent.name, sent.target, sent.provider) == (job.id, "job 1", "ionq.simulator", "ionq")
    assert (sent.input_format, sent.output_format) == ("qir.v1", "microsoft.quantum-results.v2")
    assert (sent.params, sent.metadata, sent.tags) == ({"shots": 100}, {"k": "v"}, ("a",))
    assert (sent.session, sent.priority) == ("s", "High")
    assert submit_once(world.desk, order) == job
    assert len(world.cloud.requests) == 3


def test_intent_is_written_before_the_first_byte_leaves(tmp_path: Path) -> None:
    """When the first request goes out, row, reservation and payload are there."""
    world, seen = make_world(tmp_path), []
    order = make_order()

    def look() -> None:
        if world.stage.reached["get leaves"] == 1 and not seen:
            job = world.job(order)
            seen.append((job.state, world.entries(order), world.desk.cache.get(job.payload)))

    world.stage.watch = look
    submit_once(world.desk, order)
    assert seen == [("intended", RESERVED, order.payload)]


def test_ids_follow_from_the_content() -> None:
    """Payload, target, formats, parameters, workspace and run key make the id; name, tags and priority do not."""
    order = make_order()
    same = make_order(name="other", tags=("t",), priority="high", metadata={"a": "b"}, estimate={})
    assert same.id(WORKSPACE) == order.id(WORKSPACE)
    changes: list[dict[str, Any]] = [
        {"payload": b"x"}, {"target": "y"}, {"input_format": "y"}, {"output_format": "y"}, {"params": {"shots": 7}},
    ]  # fmt: skip
    others = [make_order(**change) for change in changes]
    assert len({one.content for one in [order, *others]}) == 6
    ids = {one.id(WORKSPACE) for one in [order, *others, make_order(run_key="again")]}
    assert len(ids | {order.id("another/group/space")}) == 8
    assert make_order(run_key="again").content == order.content


@pytest.mark.parametrize("second", ["conflict", "same", "reject"])
@pytest.mark.parametrize("fault", ["lost", "error-after", "twice", "late"])
def test_a_doubtful_answer_is_looked_into(tmp_path: Path, fault: str, second: str) -> None:
    """Where the service may have the job it is asked, whatever it says to a second job of an id: one job, one row."""
    world = make_world(tmp_path, script={("put", 1): fault}, second=second)
    job = submit_once(world.desk, make_order())
    world.stage.sleep(100.0)
    world.cloud.arrive()
    assert job.state == "submitted"
    assert world.cloud.made == {job.id: 1}
    assert world.verbs.count("put") == (2 if fault == "late" else 1)


def test_the_input_is_put_again_before_another_attempt(tmp_path: Path) -> None:
    """An attempt that did not reach the service is made anew from the upload on."""
    world = make_world(tmp_path, script={("put", 1): "unreached", ("put", 2): "throttled"})
    submit_once(world.desk, make_order())
    assert world.verbs == ["get", "upload", "put", "get", "upload", "put", "get", "upload", "put"]


def test_a_job_that_is_there_is_taken_over(tmp_path: Path) -> None:
    """A lost state folder does not make a second job: the id meets the first."""
    world = make_world(tmp_path / "lost")
    order = make_order()
    submit_once(world.desk, order)
    again = desk_on(tmp_path / "new", world.stage, world.cloud, world.weather)
    world.stage.sleep(60.0)
    job = submit_once(again, order)
    assert job.state == "succeeded"
    assert world.verbs == ["get", "upload", "put", "get"]
    with again.connect() as connection:
        rows = connection.execute("SELECT entry, micros FROM ledger").fetchall()
    assert dict(rows) == {**RESERVED, "billed": 250_000}


def test_a_refused_job_is_released(tmp_path: Path) -> None:
    """The service's reason is told and kept, the reservation is released, and asking again tries again."""
    world = make_world(tmp_path, {b"program 1": Fate(word="Refused")})
    order = make_order()
    for _ in range(2):
        with pytest.raises(BackendError, match=r"to ionq\.simulator: the service gave status 400 InvalidJobDefinition"):
            submit_once(world.desk, order)
        job = world.job(order)
        assert (job.state, job.submitted) == ("refused", None)
        assert job.error == {"code": "InvalidJobDefinition", "message": "the circuit is not valid"}
        assert world.entries(order) == {**RESERVED, "released": 0}
    assert world.cloud.jobs == {}
    world.cloud.fates.clear()
    assert submit_once(world.desk, order).state == "submitted"
    assert world.entries(order) == RESERVED


@pytest.mark.parametrize("request_", [("get", 1), ("put", 1)])
def test_refused_credentials_leave_the_job_intended(tmp_path: Path, request_: tuple[str, int]) -> None:
    """A key that is not valid is 6; the job stays, with its reservation, and the same call goes on with it."""
    world = make_world(tmp_path, script={request_: "denied"})
    order = make_order()
    with pytest.raises(AuthError, match="refused the credentials"):
        submit_once(world.desk, order)
    assert world.job(order).state == "intended"
    assert world.entries(order) == RESERVED
    assert submit_once(world.desk, order).state == "submitted"
    assert world.cloud.made.total() == 1


def test_a_service_that_is_away_leaves_the_job_intended(tmp_path: Path) -> None:
    """75, within the time that was allowed, and the same call goes on with it."""
    world = make_world(tmp_path, script={("put", k): "unreached" for k in range(1, 50)})
    order, begun = make_order(), make_world(tmp_path).stage.now()
    with pytest.raises(TemporaryError):
        submit_once(world.desk, order, deadline=begun + 40.0)
    assert world.stage.elapsed <= 40.0
    assert world.job(order).state == "intended"
    world.weather.script = {}
    world.stage.sleep(700.0)
    assert submit_once(world.desk, order).state == "submitted"


def test_a_token_that_expired_on_the_way(tmp_path: Path) -> None:
    """An upload whose token is refused is done again with a new one; at the third time the job stays intended."""
    world = make_world(tmp_path, script={("upload", 1): "expired", ("upload", 2): "expired"})
    assert submit_once(world.desk, make_order(1)).state == "submitted"
    world.weather.script = {("upload", k): "expired" for k in range(4, 7)}
    with pytest.raises(BackendError, match="AuthenticationFailed"):
        submit_once(world.desk, make_order(2))
    assert world.job(make_order(2)).state == "intended"
    assert submit_once(world.desk, make_order(2)).state == "submitted"


def test_a_job_of_our_id_on_another_target(tmp_path: Path) -> None:
    """What has our id and is not ours is not taken for it; nothing stays reserved, and a run key is the way out."""
    world = make_world(tmp_path)
    order = make_order()
    submit_once(world.desk, order)
    made = world.cloud.jobs[order.id(WORKSPACE)]
    made.submission = replace(made.submission, target="ionq.qpu.aria-1")
    desk = desk_on(tmp_path / "other", world.stage, world.cloud, world.weather)
    with pytest.raises(BackendError, match=r"another job under the id .*: on ionq.qpu.aria-1, .* --run-key"):
        submit_once(desk, order)
    other = replace(world, desk=desk)
    assert other.job(order).state == "refused"
    assert other.entries(order) == {**RESERVED, "released": 0}
    made.submission = replace(made.submission, target="IonQ.Simulator")
    assert submit_once(desk, order).state == "submitted"


class Hiding(Cloud):
    """A service that says of a job that it is there, and does not show it."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.hidden = 10**9

    def get(self, id: str) -> Any:
        if self.hidden > 0 and id in self.jobs:
            self.hidden -= 1
            return super().get("nobody")
        return super().get(id)


def test_a_conflict_with_a_job_that_is_not_shown(tmp_path: Path) -> None:
    """409 and 404 together are tried again; when they stay the job stays intended and reserved, for it may be there."""
    world = make_world(tmp_path)
    cloud = Hiding(world.stage, {}, "conflict")
    desk = desk_on(tmp_path, world.stage, cloud, Weather(random.Random(1)))
    world = replace(world, desk=desk, cloud=cloud)
    order = make_order()
    cloud.upload(_submission(desk, order))
    cloud.hidden = 1
    with pytest.raises(Exception, match="no such job"):
        cloud.put(_submission(desk, order))
    cloud.hidden = 10**9
    with pytest.raises(BackendError, match=r"says that there is a job of that id, and does not show it .*409"):
        submit_once(desk, order)
    assert world.verbs.count("put") == 3
    assert world.job(order).state == "intended"
    assert world.entries(order) == RESERVED
    cloud.hidden = 2
    assert submit_once(desk, order).state == "submitted"
    assert cloud.made.total() == 1


def _submission(desk: Any, order: Order) -> Any:
    from qamctl.azure.submit import _submission as make

    return make(desk, write_down(desk, order, "intended", lambda connection: None))


def test_the_budget_may_say_no(tmp_path: Path) -> None:
    """A gate that is not met leaves nothing behind, and nothing is asked of the service."""
    world = make_world(tmp_path)

    def no(connection: object) -> None:
        raise GateError("too dear")

    with pytest.raises(GateError):
        submit_once(world.desk, make_order(), admit=no)
    assert world.cloud.requests == []
    assert world.lines() == []


@pytest.mark.parametrize("damage", [None, b"something else"])
def test_an_input_that_was_lost(tmp_path: Path, damage: bytes | None) -> None:
    """A job whose input is gone or damaged is not sent; submitting the file again puts it back."""
    world = make_world(tmp_path)
    order = make_order()
    job = intended(world, order)
    path = world.desk.cache.folder / job.payload[:2] / job.payload
    path.unlink() if damage is None else path.write_bytes(damage)
    with pytest.raises(BackendError, match=r"no longer in .*, or was damaged: submit its file again"):
        complete(world.desk, job.id)
    assert world.cloud.jobs == {}
    assert submit_once(world.desk, order).state == "submitted"


def test_complete_leaves_other_jobs_as_they_are(tmp_path: Path) -> None:
    """Jobs that are queued or ended are not sent by `complete`; one that is not known is told."""
    world = make_world(tmp_path)
    order = make_order()
    queued = enqueue(world.desk, order)
    assert complete(world.desk, queued.id) == queued
    with pytest.raises(BackendError, match="there is no job nothing here"):
        complete(world.desk, "nothing")
    assert world.cloud.requests == []


def test_payloads_are_not_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither an order's nor a submission's text holds what is sent, and nothing is logged."""
    order = make_order(payload=b"CANARY")
    with caplog.at_level(logging.DEBUG):
        submit_once(make_world(tmp_path).desk, order)
    assert "CANARY" not in repr(order) + caplog.text
