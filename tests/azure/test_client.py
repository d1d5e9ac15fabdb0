"""Patience: what is tried again, how often and how long, and how the end of it is told."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from support.azure_cloud import Cloud, Weather
from support.azure_desks import World, desk_on, make_world

from qamctl.azure.client import TOKENS, NoTurn, Policy, error_of, told
from qamctl.azure.service import ServiceFault
from qamctl.azure.throttle import Limits
from qamctl.errors import AuthError, BackendError, TemporaryError

#: A breaker and a rate that are out of the way.
OPEN = Limits(per_second=1e6, failures=10_000)


def world_of(folder: Path, policy: Policy | None = None, limits: Limits = OPEN) -> World:
    return make_world(folder, policy=policy, limits=limits)


def failing(faults: Sequence[ServiceFault | str]) -> Callable[[], str]:
    """A verb that fails so, one time after the other, and then gives what stands last."""
    left = list(faults)

    def verb() -> str:
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, ServiceFault):
            raise found
        return found

    return verb


@pytest.mark.parametrize("status", [None, 408, 429, 500, 502, 503, 504, 599])
def test_passing_failures_are_tried_again(tmp_path: Path, status: int | None) -> None:
    """No answer, 408, 429 and the service's own faults are waited out."""
    world = world_of(tmp_path)
    fault = ServiceFault("busy", status=status)
    assert world.desk.client.call("asking", failing([fault, fault, "done"])) == "done"
    assert world.stage.elapsed > 0.0


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 412, 422])
def test_refusals_are_not(tmp_path: Path, status: int) -> None:
    """What the service refuses is refused at once, after one request."""
    world = world_of(tmp_path)
    with pytest.raises(ServiceFault) as caught:
        world.desk.client.call("asking", failing([ServiceFault("no", status=status), "never"]))
    assert caught.value.status == status
    assert world.stage.elapsed < 0.001


def test_pauses_double_with_jitter(tmp_path: Path) -> None:
    """The nth pause lies between half of and the whole of its bound, which doubles up to the last one."""
    policy = Policy(first_pause=0.5, last_pause=30.0, patience=1e6)
    world = world_of(tmp_path, policy)
    moments: list[float] = []

    def verb() -> None:
        moments.append(world.stage.elapsed)
        if len(moments) < 60:
            raise ServiceFault("down", status=503)

    world.desk.client.call("asking", verb)
    pauses = [b - a for a, b in pairwise(moments)]
    bounds = [min(30.0, 0.5 * 2.0**k) for k in range(len(pauses))]
    shares = [pause / bound for pause, bound in zip(pauses, bounds, strict=True)]
    assert 0.5 <= min(shares) < 0.6  # 59 draws: the whole range is used
    assert 0.9 < max(shares) <= 1.0001


def test_the_deadline_ends_everything(tmp_path: Path) -> None:
    """A service that is down for good gives 75 before the deadline, with the last fault and the count."""
    world = world_of(tmp_path, Policy(patience=60.0))
    with pytest.raises(
        TemporaryError, match=r"asking: the service gave status 503 \(down\), \d+ times in a row"
    ) as one:
        world.desk.client.call("asking", failing([ServiceFault("down", status=503)]))
    assert "run the same command again later" in one.value.message
    assert 20.0 < world.stage.elapsed <= 60.0
    with pytest.raises(TemporaryError, match="no answer, 1 time in a row"):
        world.desk.client.call("asking", failing([ServiceFault("")]), world.stage.now() + 0.01)


def test_retry_after_is_honoured(tmp_path: Path) -> None:
    """The next attempt comes no earlier than the service asked, and not at all where that is after the deadline."""
    world = world_of(tmp_path)
    verb = failing([ServiceFault("slow down", status=429, retry_after=17.0), "done"])
    assert world.desk.client.call("asking", verb) == "done"
    assert 17.0 <= world.stage.elapsed < 18.0
    with pytest.raises(TemporaryError, match="429"):
        world.desk.client.call("asking", failing([ServiceFault("slow down", status=429, retry_after=500.0)]))


def test_retry_after_is_shared(tmp_path: Path) -> None:
    """Another process of the machine, new or about to ask, waits as long as this one was asked to."""
    world = world_of(tmp_path)
    other = desk_on(tmp_path, world.stage, Cloud(world.stage), Weather(random.Random(1)), limits=OPEN)
    with pytest.raises(ServiceFault):
        world.desk.client.once("asking", failing([ServiceFault("", status=429, retry_after=17.0)]), world.stage.now())
    other.client.call("asking", lambda: None)
    assert world.stage.elapsed == pytest.approx(17.0, abs=0.01)


def test_a_request_to_wait_that_comes_while_waiting(tmp_path: Path) -> None:
    """A process that waits for its turn waits on where the service asks another one to wait in the meantime."""
    world, moments = world_of(tmp_path, limits=Limits(per_second=0.1, failures=99)), []
    client = world.desk.client

    def first() -> None:
        with pytest.raises(ServiceFault):
            client.once("asking", failing([ServiceFault("", status=503, retry_after=40.0)]), world.stage.now() + 100)

    def second() -> None:
        world.stage.sleep(0.001)
        client.once("asking", lambda: moments.append(world.stage.elapsed), world.stage.now() + 100)

    client.throttle.take()
    world.stage.run(first, second)
    assert moments[0] >= 50.0  # the first asked after 10 s, and was told to wait 40 s


def test_retry_after_of_a_refusal_holds_nobody(tmp_path: Path) -> None:
    """A header in an answer that will not change means nothing."""
    world = world_of(tmp_path)
    with pytest.raises(ServiceFault):
        world.desk.client.call("asking", failing([ServiceFault("no", status=400, retry_after=50.0)]))
    assert world.desk.client.throttle.closed_for() == 0.0


def test_the_breaker_keeps_other_processes_away(tmp_path: Path) -> None:
    """After five failures in a row nobody asks, a call with little time says so at once, later all is well."""
    world = make_world(tmp_path)
    with pytest.raises(TemporaryError):
        world.desk.client.call("asking", failing([ServiceFault("")]), world.stage.now() + 25.0)
    assert world.desk.client.throttle.closed_for() > 0.0
    other = desk_on(tmp_path, world.stage, world.cloud, world.weather)

    def never() -> None:
        raise AssertionError("the service was asked")

    with pytest.raises(TemporaryError, match=r"left in peace for another \d+ s") as caught:
        other.client.call("asking", never, world.stage.now() + 1.0)
    assert not isinstance(caught.value, NoTurn)
    assert other.client.call("asking", lambda: "back") == "back"
    assert other.client.throttle.closed_for() == 0.0


def test_answers_of_any_sort_open_the_breaker(tmp_path: Path) -> None:
    """A refusal or a 429 shows that the service is there."""
    for status in (404, 429):
        world = make_world(tmp_path / str(status))
        throttle = world.desk.client.throttle
        for _ in range(4):
            throttle.failed()
        with pytest.raises(ServiceFault):
            world.desk.client.once("asking", failing([ServiceFault("", status=status)]), world.stage.now())
        throttle.failed()
        assert throttle.closed_for() == 0.0


def test_too_many_before_us(tmp_path: Path) -> None:
    """Where only the rate limit is in the way, a call whose turn comes too late says that."""
    world = world_of(tmp_path, limits=Limits(per_second=1.0))
    for _ in range(10):
        world.desk.client.throttle.take()
    with pytest.raises(NoTurn, match=r"requests to https://simulated.invalid are 10.0 s behind"):
        world.desk.client.call("asking", lambda: None, world.stage.now() + 5.0)


def test_find(tmp_path: Path) -> None:
    """404 means that there is no such job; other refusals are raised."""
    world = make_world(tmp_path, script={("get", 1): "unreached", ("get", 3): "denied"})
    assert world.desk.client.find("nobody") is None
    assert world.verbs == ["get", "get"]
    with pytest.raises(ServiceFault) as caught:
        world.desk.client.find("nobody")
    assert caught.value.status == 401


def test_a_refused_token_is_asked_for_anew(tmp_path: Path) -> None:
    """The storage's refusal is borne twice, other refusals not at all, and so is that of another sort."""
    client = world_of(tmp_path).desk.client
    expired = ServiceFault("expired", status=403, code="AuthenticationFailed")
    assert TOKENS == 3
    assert client.with_fresh_token(failing([expired, expired, "done"])) == "done"
    for faults in ([expired, expired, expired, "never"], [ServiceFault("", status=403, code="Forbidden"), "never"],
                   [ServiceFault("", status=404, code="AuthenticationFailed"), "never"]):  # fmt: skip
        with pytest.raises(ServiceFault):
            client.with_fresh_token(failing(faults))


@pytest.mark.parametrize(
    ("fault", "kind", "text"),
    [
        (ServiceFault("key", status=401), AuthError, "qamctl doctor"),
        (ServiceFault("role", status=403, code="Forbidden"), AuthError, "refused the credentials"),
        (ServiceFault("sas", status=403, code="AuthenticationFailed"), BackendError, "status 403 AuthenticationFailed"),
        (ServiceFault("gone", status=404), BackendError, "knows nothing of that name"),
        (ServiceFault("bad\n  input", status=400, code="Bad"), BackendError, "status 400 Bad (bad input)"),
        (ServiceFault("", status=503), TemporaryError, "try again later"),
        (ServiceFault(""), TemporaryError, "no answer"),
    ],
)  # fmt: skip
def test_how_a_fault_is_told(fault: ServiceFault, kind: type[Exception], text: str) -> None:
    """Each sort of fault has its exit code, and a sentence that says what to do."""
    error = error_of(fault, "asking for job X")
    assert type(error) is kind
    assert error.message.startswith("asking for job X: ")
    assert text in error.message


def test_long_messages_are_cut() -> None:
    """A page of HTML in an answer does not become the message."""
    assert len(told(ServiceFault("x" * 5000, status=500))) < 350
