"""Our own client (`qamctl.azure.sdk`) against the service, over plain http and behind Azure's names."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from emulator.asking import BELL_LL, SUBSCRIPTION, V2

from qamctl.azure.results import parse
from qamctl.azure.sdk import SdkService, connect
from qamctl.azure.service import RemoteJob, ServiceFault, Submission
from qamctl.azure.workspace import find_place
from qamctl.emulator.faults import Event, Faults
from qamctl.emulator.front.server import serve
from qamctl.emulator.service import AzureService

EVENTS = [Event("PUT job", 2, "error-after"), Event("PUT job", 3, "throttle"), Event("PUT job", 4, "lost-after")]


@pytest.fixture
def service() -> AzureService:
    """Jobs take a moment; the second to fourth request to make one go wrong, each in another way."""
    return AzureService(queue_seconds=0.05, run_seconds=0.05, faults=Faults(script=EVENTS, retry_after=3.0))


@pytest.fixture
def client(service: AzureService) -> Iterator[SdkService]:
    """Our client, led there by a connection string."""
    with serve(service) as url:
        string = (
            f"SubscriptionId={SUBSCRIPTION};ResourceGroupName=rg;WorkspaceName=ws1;ApiKey={service.key};"
            f"QuantumEndpoint={url};"
        )
        environ = {"AZURE_QUANTUM_CONNECTION_STRING": string}
        found = connect(find_place(environ=environ), environ)
        yield found
        found.close()


def submission(id: str, **fields: object) -> Submission:
    """A job of QIR."""
    given = {
        "id": id, "name": "bell", "target": "rigetti.sim.qvm", "provider": "rigetti", "payload": BELL_LL,
        "input_format": "qir.v1", "output_format": V2, "content_type": "qir.v1", "params": {"shots": 200},
    } | fields  # fmt: skip
    return Submission(**given)  # type: ignore[arg-type]


def ended(client: SdkService, id: str) -> RemoteJob:
    """The job, when it has ended."""
    for _ in range(400):
        job = client.get_job(id)
        if job.state != "submitted":
            return job
        time.sleep(0.05)
    raise AssertionError("the job did not end")


def test_a_job_goes_all_the_way(client: SdkService, service: AzureService) -> None:
    """Submit, wait, output, input, cost, list; and our parser reads the counts."""
    with pytest.raises(ServiceFault) as missing:
        client.get_job("one")
    assert (missing.value.status, missing.value.code) == (404, "JobNotFound")
    one = submission("one", tags=("a",), metadata={"k": "v"})
    made = client.put_job(one, client.upload(one))
    assert (made.state, made.tags) == ("submitted", ("a",))
    job = ended(client, "one")
    assert job.state == "succeeded"
    assert job.cost is not None
    (result,) = parse(client.output(job), format=job.output_format, shots=200)
    assert sum(result.counts.values()) == 200
    assert set(result.counts) <= {"000", "011", "100", "111"}
    assert client.input(job) == BELL_LL
    assert [listed.id for listed in client.list_jobs("State eq 'Succeeded'", "CreationTime desc", 0, 10)] == ["one"]
    assert "sig=" not in json.dumps(dict(job.details))
    assert service.created == {"one": 1}


def test_every_fault_is_told_by_its_kind(client: SdkService, service: AzureService) -> None:
    """500, 429 with its wait, and no answer at all; whether the job was made is seen only by asking for it."""
    one = submission("one")
    client.put_job(one, client.upload(one))
    seen = []
    for id in ("two", "three", "four"):
        one = submission(id)
        uploaded = client.upload(one)
        with pytest.raises(ServiceFault) as raised:
            client.put_job(one, uploaded)
        seen.append((raised.value.status, raised.value.retry_after, id in service.jobs))
        assert raised.value.passing
    assert seen == [(500, None, True), (429, 3.0, False), (None, None, True)]
    two = submission("two")
    uploaded = client.upload(two)
    with pytest.raises(ServiceFault) as raised:
        client.put_job(two, uploaded)
    assert raised.value.status == 409
    assert not raised.value.passing


def test_the_rest_of_the_verbs_is_answered(client: SdkService, service: AzureService) -> None:
    """Targets, quotas, cancelling, sessions."""
    targets = {target.id: target for target in client.targets()}
    assert (targets["ionq.simulator"].qubits, targets["ionq.simulator"].profile) == (29, "base")
    assert targets["quantinuum.qpu.helios-1"].profile == "adaptive-rif"
    assert {quota.provider for quota in client.quotas()} >= {"ionq"}
    session = client.open_session("s1", "mine", "rigetti", "rigetti.sim.qvm")
    assert (session.name, session.status) == ("mine", "Waiting")
    one = submission("one", session="s1", priority="High")
    client.put_job(one, client.upload(one))
    service.jobs["one"].begins = service.jobs["one"].ends = float("inf")
    cancelled = client.cancel_job("one")
    assert cancelled is not None
    assert cancelled.status == "CancellationRequested"
    assert ended(client, "one").state == "cancelled"
    assert client.close_session("s1").status == client.get_session("s1").status == "Succeeded"
