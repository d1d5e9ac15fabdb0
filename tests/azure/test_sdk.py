"""The SDK's client as a `Service`, against the test service over loopback."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.core.credentials import AzureKeyCredential
from azure.replay import KEY, Answer, Clock, answering, as_json, fault_of, job_json, sent, submission

from qamctl import __version__
from qamctl.azure.clean import Secret
from qamctl.azure.sdk import SdkService, connect
from qamctl.azure.service import ServiceFault
from qamctl.azure.workspace import Place, find_place
from qamctl.emulator.faults import Event, Faults
from qamctl.emulator.front.proxy import proxy
from qamctl.emulator.front.server import serve
from qamctl.emulator.service import AzureService, Outcome, Work

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
V2 = "microsoft.quantum-results.v2"
SAS = "https://store.blob.core.windows.net/job-x?sv=1&se=2099-01-01T00%3A00%3A00Z&sig=x"


def big(work: Work) -> Outcome:
    return Outcome(output=b"0123456789abcdef" * (5 * 1024 * 1024))


def small(work: Work) -> Outcome:
    return Outcome(output=b'{"DataFormat": "microsoft.quantum-results.v2", "Results": []}')


@pytest.fixture
def emulator() -> AzureService:
    return AzureService(clock=Clock(), key=KEY, runner=small)


@pytest.fixture
def address(emulator: AzureService) -> Iterator[str]:
    with serve(emulator) as found:
        yield found


@pytest.fixture
def azure(address: str) -> Iterator[SdkService]:
    found = connect(Place(SUBSCRIPTION, "RG", "ws1", None, address, "key", Secret(KEY)), {})
    yield found
    found.close()


def clock_of(emulator: AzureService) -> Any:
    return emulator._core.clock


def test_a_job_is_submitted_awaited_and_read(azure: SdkService, emulator: AzureService) -> None:
    """Upload, submission, polls, output and input by one service, over loopback http with a key."""
    with pytest.raises(ServiceFault) as caught:
        azure.get_job("x")
    assert (caught.value.status, caught.value.passing) == (404, False)
    uploaded = azure.upload(submission())
    job = azure.put_job(submission(tags=("a", "b"), metadata={"m": "1"}), uploaded)
    assert (job.id, job.name, job.target, job.provider, job.status) == (
        "x",
        "night",
        "ionq.simulator",
        "ionq",
        "Waiting",
    )
    assert (job.params, job.tags, job.input_format, job.output_format) == ({"shots": 10}, ("a", "b"), "qir.v1", V2)
    clock_of(emulator).sleep(100)
    job = azure.get_job("x")
    assert (job.state, job.error) == ("succeeded", None)
    assert job.created is not None
    assert job.created < (job.began or "") < (job.ended or "")
    assert json.loads(azure.output(job))["DataFormat"] == V2
    assert azure.input(job) == b"circuit"
    assert emulator.created == {"x": 1}
    assert [found.id for found in azure.list_jobs(None, None, 0, 10)] == ["x"]


def test_an_upload_replaces_what_an_earlier_attempt_left(azure: SdkService, emulator: AzureService) -> None:
    """Uploading twice is no conflict, and the second payload counts."""
    azure.upload(submission(payload=b"first"))
    uploaded = azure.upload(submission(payload=b"second"))
    job = azure.put_job(submission(payload=b"second"), uploaded)
    assert azure.input(job) == b"second"
    assert "?" not in uploaded.input_uri
    assert "sig=" not in repr(uploaded)


def test_a_job_is_cancelled(azure: SdkService, emulator: AzureService) -> None:
    """Whatever the answer to a cancellation, the job ends cancelled."""
    azure.put_job(submission(), azure.upload(submission()))
    job = azure.cancel_job("x")
    assert job is None or job.id == "x"
    clock_of(emulator).sleep(100)
    assert azure.get_job("x").state == "cancelled"


def test_targets_quotas_and_sessions(azure: SdkService) -> None:
    """Profiles are told in our words; a session opens, takes a job, and closes."""
    targets = {target.id: target for target in azure.targets()}
    assert (targets["ionq.simulator"].profile, targets["ionq.simulator"].provider) == ("base", "ionq")
    assert {target.profile for target in targets.values()} >= {"base", "adaptive-ri"}
    assert all((target.qubits or 1) > 0 for target in targets.values())
    assert all(quota.limit >= 0 and quota.dimension for quota in azure.quotas())
    session = azure.open_session("s1", "nightly", "ionq", "ionq.simulator")
    assert (session.id, session.name, session.target, session.provider) == ("s1", "nightly", "ionq.simulator", "ionq")
    order = submission(session="s1")
    assert azure.put_job(order, azure.upload(order)).session == "s1"
    assert azure.get_session("s1").id == "s1"
    assert azure.close_session("s1").id == "s1"
    with pytest.raises(ServiceFault) as caught:
        azure.get_session("s2")
    assert caught.value.status == 404


def test_eighty_mebibytes_go_up_and_come_down(address: str, emulator: AzureService) -> None:
    """A large input goes in blocks, a large output comes in ranges, and both are whole."""
    payload = bytes(range(256)) * (80 * 4096)
    emulator._core.runner = big  # type: ignore[misc]
    azure = connect(Place(SUBSCRIPTION, "rg", "ws1", None, address, None, Secret(KEY)), {})
    job = azure.put_job(submission(payload=payload), azure.upload(submission(payload=payload)))
    assert (emulator.requests["PUT block"], emulator.requests["PUT blocklist"]) == (20, 1)
    assert azure.input(job) == payload
    clock_of(emulator).sleep(100)
    assert azure.output(azure.get_job("x")) == big(None).output  # type: ignore[arg-type]
    assert emulator.requests["GET blob"] > 4
    azure.close()


def test_pages_are_filled_to_the_top(azure: SdkService) -> None:
    """A page has as many jobs as were asked for, and the next one begins behind it."""
    for number in range(5):
        azure.put_job(submission(f"job-{number}"), azure.upload(submission(f"job-{number}")))
    first, second = azure.list_jobs(None, None, 0, 3), azure.list_jobs(None, None, 3, 3)
    assert (len(first), len(second)) == (3, 2)
    assert len({job.id for job in [*first, *second]}) == 5


def test_a_wrong_key_is_refused(address: str) -> None:
    """Another key gives 401, and the message does not hold it."""
    azure = connect(Place(SUBSCRIPTION, "rg", "ws1", None, address, None, Secret("wrong-key-canary")), {})
    fault = fault_of(azure)
    assert fault.status == 401
    assert "wrong-key-canary" not in str(fault)
    azure.close()


@pytest.mark.parametrize(
    ("fault", "status", "after"),
    [("throttle", 429, 7.0), ("error-before", 500, None), ("lost-before", None, None), ("lost-after", None, None)],
)
def test_one_call_is_one_attempt(fault: str, status: int | None, after: float | None) -> None:
    """Nothing is tried twice beneath us: what fails once, fails, and the request came once."""
    faults = Faults(script=(Event("GET job", 1, fault), Event("PUT blob", 1, fault)), retry_after=7.0)
    emulator = AzureService(key=KEY, faults=faults, runner=small)
    with serve(emulator) as address:
        azure = connect(Place(SUBSCRIPTION, "rg", "ws1", None, address, None, Secret(KEY)), {})
        stored = 503 if status == 429 else status  # the storage has its own word for it
        for wanted, call in ((status, lambda: azure.get_job("x")), (stored, lambda: azure.upload(submission()))):
            with pytest.raises(ServiceFault) as caught:
                call()
            assert (caught.value.status, caught.value.retry_after) == (wanted, after)
            assert caught.value.passing
        azure.close()
    assert (emulator.requests["GET job"], emulator.requests["PUT blob"]) == (1, 1)


def test_an_expired_address_is_asked_for_anew() -> None:
    """Where the storage refuses an address that has expired, a new one is asked for, once."""
    clock = Clock(time.time())
    emulator = AzureService(clock=clock, key=KEY, runner=small, token_seconds=1000)
    with serve(emulator) as address:
        place = Place(SUBSCRIPTION, "rg", "ws1", None, address, None, Secret(KEY))
        azure = SdkService(place, AzureKeyCredential(KEY), clock=Clock(clock.now() - 10_000))  # believes it is valid
        azure.put_job(submission(), azure.upload(submission()))
        clock.sleep(100)
        job = azure.get_job("x")
        asked = emulator.requests["POST sas"]
        clock.sleep(5000)
        assert azure.output(job)
        assert emulator.requests["POST sas"] == asked + 1
        azure.close()


def test_a_service_works_from_many_threads(azure: SdkService, emulator: AzureService) -> None:
    """Eight threads that open it at once submit eight jobs, each once."""
    failed: list[BaseException] = []

    def submit(number: int) -> None:
        try:
            order = submission(f"t{number}")
            azure.put_job(order, azure.upload(order))
            assert azure.input(azure.get_job(order.id)) == b"circuit"
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=submit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert emulator.created == {f"t{number}": 1 for number in range(8)}


def test_a_service_that_was_closed_opens_again(azure: SdkService) -> None:
    """Closing is not the end."""
    azure.close()
    azure.close()
    assert azure.list_jobs(None, None, 0, 1) == []
    azure.close()
    assert azure.list_jobs(None, None, 0, 1) == []


def test_nothing_is_asked_before_the_first_verb() -> None:
    """Making a service opens no connection; nobody there is no connection, told with its reason."""
    azure = connect(Place(SUBSCRIPTION, "rg", "ws1", None, "http://127.0.0.1:9/", None, Secret(KEY)), {})
    assert azure.workspace == f"{SUBSCRIPTION}/rg/ws1"
    assert azure.endpoint == "http://127.0.0.1:9/"
    fault = fault_of(azure)
    assert (fault.status, fault.message) == (None, "no connection (Connection refused)")
    azure.close()


def test_what_is_for_this_machine_goes_through_no_proxy(azure: SdkService, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain http on loopback is not shown to the proxy that the environment names."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    assert azure.put_job(submission(), azure.upload(submission())).id == "x"


STRING = f"SubscriptionId={SUBSCRIPTION};ResourceGroupName=rg;WorkspaceName=ws1;ApiKey={KEY};"
STRING += "QuantumEndpoint=https://eastus.quantum.azure.com/;"
WAYS: dict[str, dict[str, str]] = {
    "a connection string": {"AZURE_QUANTUM_CONNECTION_STRING": STRING},
    "a service principal": {
        "AZURE_QUANTUM_RESOURCE_ID": (
            f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Quantum/Workspaces/ws1"
        ),
        "AZURE_TENANT_ID": SUBSCRIPTION, "AZURE_CLIENT_ID": SUBSCRIPTION, "AZURE_CLIENT_SECRET": KEY,
    },
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_azures_own_addresses_work_over_https(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a real connection string, or a login that looks the workspace up, through a proxy that stands for Azure."""
    emulator = AzureService(key=KEY, runner=small, queue_seconds=0.0, run_seconds=0.0)
    with proxy(emulator, tmp_path) as front:
        for name, value in front.environment.items():
            monkeypatch.setenv(name, value)
        azure = connect(find_place(environ=WAYS[way]), WAYS[way])
        azure.put_job(submission(), azure.upload(submission()))
        job = azure.get_job("x")
        assert job.state in ("submitted", "succeeded")
        assert azure.input(job) == b"circuit"
        assert json.loads(azure.output(azure.get_job("x")))["DataFormat"] == V2
        azure.close()
    assert emulator.created == {"x": 1}


def test_nothing_secret_is_logged_or_shown(azure: SdkService, caplog: pytest.LogCaptureFixture) -> None:
    """With every logger at its most talkative, neither the key nor a signature reaches a handler."""
    for name in ("", "azure", "urllib3", "urllib3.connectionpool", "azure.core.pipeline.policies.http_logging_policy"):
        caplog.set_level(logging.DEBUG, logger=name)
    azure.put_job(submission(), azure.upload(submission()))
    azure.input(azure.get_job("x"))
    assert "sig=" not in caplog.text
    assert KEY not in caplog.text
    assert caplog.records == []
    assert KEY not in repr(vars(azure))


@pytest.mark.parametrize("answer", [Answer(204), Answer(202), Answer(200, b""), as_json({})])
def test_a_cancellation_that_tells_nothing_is_none(answer: Answer) -> None:
    """The older service answers 204; what became of the job is not said."""
    assert answering(answer).cancel_job("x") is None


def test_a_cancellation_that_is_refused_or_lost_is_a_fault() -> None:
    """A conflict and a lost connection are told."""
    with pytest.raises(ServiceFault) as caught:
        answering(as_json({"error": {"code": "Conflict", "message": "over"}}, 409)).cancel_job("x")
    assert caught.value.status == 409
    job = answering(as_json(job_json(status="CancellationRequested"))).cancel_job("x")
    assert job is not None
    assert job.state == "submitted"


def test_pages_of_the_service_smaller_than_ours_are_joined() -> None:
    """The service's next link is followed until our page is full, and no further."""
    link = "https://eastus.quantum.azure.com/more?skip=2"
    pages = [as_json({"value": [job_json(id=f"j{at}"), job_json(id=f"j{at + 1}")], "nextLink": link}) for at in (0, 2)]
    azure = answering(*pages)
    assert [job.id for job in azure.list_jobs("State eq 'Failed'", "CreationTime desc", 5, 3)] == ["j0", "j1", "j2"]
    query = parse_qs(urlsplit(sent(azure)[0].url).query)
    assert (query["filter"], query["orderby"], query["skip"], query["top"]) == (
        ["State eq 'Failed'"], ["CreationTime desc"], ["5"], ["3"],
    )  # fmt: skip


@pytest.mark.parametrize("said", [{"value": [3]}, {"value": 3}, [], {"value": [{"id": "x"}]}])
def test_lists_that_are_none_are_faults(said: object) -> None:
    """Jobs, targets and quotas that have not the documented shape are refused."""
    for verb in (lambda azure: azure.list_jobs(None, None, 0, 9), lambda azure: azure.quotas()):
        with pytest.raises(ServiceFault) as caught:
            verb(answering(as_json(said)))
        assert caught.value.code == "BadAnswer"


@pytest.mark.parametrize(
    "said", [{"value": [{"id": "ionq", "targets": [3]}]}, {"value": [{"targets": [{"id": "t"}]}]}, {"value": [[]]}]
)
def test_targets_that_are_none_are_faults(said: object) -> None:
    """A provider or target without a name is no target."""
    with pytest.raises(ServiceFault) as caught:
        answering(as_json(said)).targets()
    assert caught.value.code == "BadAnswer"


def test_who_asks_is_told() -> None:
    """Our name and version stand before the SDK's, for the service and the storage."""
    azure = answering(as_json({"sasUri": SAS}), Answer(201))
    azure.upload(submission())
    names = [one.headers["User-Agent"] for one in sent(azure)]
    assert all(name.startswith(f"qamctl/{__version__} azsdk-python-") for name in names)
