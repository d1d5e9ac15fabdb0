"""What the real service answered, replayed through our client and parser: statuses, counts, pages, errors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.core.credentials import AzureKeyCredential
from azure.replay import KEY, Adapter, Exchange, recorded_place, recording, replayed, transport
from support.shared import shared_path

from qamctl.azure.results import parse
from qamctl.azure.sdk import SdkService
from qamctl.azure.service import RemoteJob, ServiceFault, Submission, Uploaded

#: Recordings of a submitted job -> how it ended, and how many outcomes its output counts; None: no counts in it.
SUBMITTED: dict[str, tuple[str, int | None]] = {
    "test_job_get_results_with_expired_sas_token": ("Succeeded", None),
    "test_job_submit_ionq": ("Succeeded", None),
    "test_job_submit_ionq_100_shots": ("Succeeded", 100),
    "test_job_submit_ionq_cost_estimate": ("Succeeded", None),
    "test_job_submit_ionq_with_conflicting_shots_from_input_params": ("Succeeded", None),
    "test_job_submit_ionq_with_shots_from_input_params": ("Succeeded", None),
    "test_job_submit_rigetti_default_input_params": ("Succeeded", 1),
    "test_job_submit_rigetti_dict_input_params": ("Succeeded", 5),
    "test_job_submit_rigetti_dict_input_params_with_shots": ("Succeeded", 5),
    "test_job_submit_rigetti_typed_input_params": ("Succeeded", 5),
    "test_job_submit_rigetti_typed_input_params_with_shots": ("Succeeded", 5),
    "test_job_submit_rigetti_with_conflicting_shots_and_count_from_input_params": ("Succeeded", 5),
    "test_job_submit_rigetti_with_count": ("Succeeded", 100),
    "test_plugins_submit_qiskit_to_ionq": ("Succeeded", 500),
    "test_qiskit_qir_submit_ionq": ("Succeeded", 100),
    "test_qiskit_submit_to_rigetti": ("Succeeded", 100),
    "test_qiskit_submit_to_rigetti_conflicting_shots_and_count_from_options": ("Succeeded", None),
    "test_qiskit_submit_to_rigetti_with_count_from_options": ("Succeeded", None),
    "test_qiskit_submit_to_rigetti_with_count_param": ("Succeeded", None),
    "test_qiskit_submit_to_rigetti_with_explicit_shots_param": ("Succeeded", None),
    "test_quil_syntax_error": ("Failed", None),
}
#: The others, each with a test of its own.
OTHERS = {
    "test_list_jobs_filtered_by_status",
    "test_workspace_auth_connection_string_api_key",
    "test_workspace_get_targets_ionq",
    "test_workspace_job_quotas",
}
EXPIRED = "test_job_get_results_with_expired_sas_token"


def service(adapter: Adapter) -> SdkService:
    return SdkService(recorded_place(), AzureKeyCredential(KEY), transport=transport(adapter))


def sent_job(name: str) -> tuple[dict[str, Any], Exchange]:
    """What a recording's client asked for when it made its job, and the exchange that wrote the input."""
    made = next(one for one in recording(name) if one.method == "PUT" and "/jobs/" in one.url)
    stored = next(
        one for one in recording(name) if one.method == "PUT" and one.url.partition("?")[0].endswith("/inputData")
    )
    text = made.body.decode()
    if text.startswith("b'"):  # vcr wrote the text of bytes
        text = text[2:-1].encode("latin-1", "backslashreplace").decode("unicode_escape")
    return json.loads(text), stored


def submission_of(name: str) -> Submission:
    body, stored = sent_job(name)
    made = next(one for one in recording(name) if one.method == "PUT" and "/jobs/" in one.url)
    return Submission(
        id=urlsplit(made.url).path.rpartition("/")[2], name=body["name"], target=body["target"],
        provider=body["providerId"], payload=stored.body, input_format=body["inputDataFormat"],
        output_format=body["outputDataFormat"], content_type="application/octet-stream", params=body["inputParams"],
        metadata=body.get("metadata") or {}, tags=tuple(body.get("tags") or ()), priority=body.get("priority"),
        session=body.get("sessionId"),
    )  # fmt: skip


def submitted(azure: SdkService, name: str) -> tuple[RemoteJob, list[str]]:
    """Submit a recorded job anew and ask until it ends; the words that the service had for it on the way."""
    order = submission_of(name)
    job = azure.put_job(order, azure.upload(order))
    words = [job.status]
    for _ in range(100):
        if job.state != "submitted":
            break
        job = azure.get_job(order.id)
        words.append(job.status)
    return job, [word for at, word in enumerate(words) if at == 0 or word != words[at - 1]]


def bodies(name: str) -> Iterator[dict[str, Any]]:
    """The answers about single jobs, in order."""
    for one in recording(name):
        if re.search(r"/jobs/[^/?]+$", one.url.partition("?")[0]):
            yield json.loads(one.answer.body)


def test_every_recording_has_a_test() -> None:
    """No recording is left out here."""
    found = {path.stem for path in shared_path("azure-recordings").glob("*.yaml")}
    assert found == SUBMITTED.keys() | OTHERS
    assert len(found) == 25


@pytest.mark.parametrize("name", SUBMITTED)
def test_a_recorded_job_is_submitted_and_ends_as_it_did(name: str) -> None:
    """Upload, submission and polls give the words that the service said, in their order, and the job as it ended."""
    adapter = replayed(name)
    job, words = submitted(service(adapter), name)
    said = [body["status"] for body in bodies(name)]
    assert words == [word for at, word in enumerate(said) if at == 0 or word != said[at - 1]]
    assert job.status == SUBMITTED[name][0]
    last = list(bodies(name))[-1]
    assert (job.name, job.target, job.provider) == (last["name"], last["target"], last["providerId"])
    assert (job.created, job.began, job.ended) == tuple(
        last[field] for field in ("creationTime", "beginExecutionTime", "endExecutionTime")
    )
    assert job.params == last["inputParams"]
    assert job.cost is None if last["costEstimate"] is None else job.cost is not None
    if job.cost is not None:
        assert job.cost.total == last["costEstimate"]["estimatedTotal"]
        assert job.cost.currency == last["costEstimate"]["currencyCode"] == "USD"
        assert list(job.cost.events) == last["costEstimate"]["events"]
    assert [asked.split("/")[0] for asked in adapter.asked[:3]] == ["POST storage", "PUT ", "PUT jobs"]


@pytest.mark.parametrize("name", SUBMITTED)
def test_what_is_sent_is_what_the_sdk_sent(name: str) -> None:
    """The request that makes a job says what the recorded client said, and the input is what it wrote."""
    adapter = replayed(name)
    submitted(service(adapter), name)
    ours = json.loads(next(one.body for one in adapter.sent if one.method == "PUT" and "/jobs/" in one.url))
    theirs, stored = sent_job(name)
    absent = {field: value for field, value in theirs.items() if value in (None, [], {}) and field != "inputParams"}
    assert ours == {field: value for field, value in theirs.items() if field not in absent}
    written = next(one for one in adapter.sent if one.method == "PUT" and "/inputData" in one.url)
    assert written.body == stored.body
    assert "If-None-Match" not in written.headers  # what an earlier attempt left is replaced
    assert all(one.headers["x-ms-quantum-api-key"] == KEY for one in adapter.sent if ".quantum." in one.url)
    assert not any("x-ms-quantum-api-key" in one.headers for one in adapter.sent if ".blob." in one.url)


@pytest.mark.parametrize("name", [name for name, (_, counted) in SUBMITTED.items() if counted is not None])
def test_a_recorded_output_is_fetched_and_counted(name: str) -> None:
    """The output comes by the address that the job tells, without another question, and its shots are all counted."""
    adapter = replayed(name)
    azure = service(adapter)
    job, _ = submitted(azure, name)
    asked = len(adapter.sent)
    data = azure.output(job)
    assert data == next(one.answer.body for one in recording(name) if one.answer.status == 206)
    assert len(adapter.sent) == asked + 1
    shots = job.params.get("shots", job.params.get("count"))
    (result,) = parse(data, format=job.output_format, shots=shots)
    assert sum(result.counts.values()) == SUBMITTED[name][1]


@pytest.mark.parametrize("name", ["test_job_submit_ionq", "test_job_submit_ionq_cost_estimate"])
def test_probabilities_without_shots_stay_probabilities(name: str) -> None:
    """A recorded job that named no shots gives probabilities that sum to one, and no counts."""
    azure = service(replayed(name))
    job, _ = submitted(azure, name)
    (result,) = parse(azure.output(job), format=job.output_format, shots=job.params.get("shots"))
    assert result.counts == {}
    assert sum((result.probabilities or {}).values()) == pytest.approx(1.0)


def test_another_process_asks_for_the_address_of_an_output() -> None:
    """Without a signed address at hand, one is asked for, for just that blob; the output is the recorded one."""
    job, _ = submitted(service(replayed(EXPIRED)), EXPIRED)
    adapter = replayed(EXPIRED, last=True)
    assert service(adapter).output(job) == b"{ input: 'data' }"
    container = "job-00000000-0000-0000-0000-000000000001"
    assert adapter.asked == ["POST storage/sasUri", f"GET /{container}/rawOutputData"]
    assert json.loads(adapter.sent[0].body or "") == {"containerName": container, "blobName": "rawOutputData"}


class Later:
    """A clock after the end of every recorded signature."""

    def now(self) -> float:
        return 2_560_000_000.0  # 2051

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing waits here")


def test_an_address_that_has_expired_is_asked_for_anew() -> None:
    """A signed address past its end is not tried."""
    adapter = replayed(EXPIRED)
    azure = SdkService(recorded_place(), AzureKeyCredential(KEY), transport=transport(adapter), clock=Later())
    job, _ = submitted(azure, EXPIRED)
    assert azure.output(job) == b"{ input: 'data' }"
    assert adapter.asked[-2].startswith("POST storage/sasUri")


def test_the_failed_program_tells_why() -> None:
    """Code and message of the job with a syntax error are the service's."""
    job, _ = submitted(service(replayed("test_quil_syntax_error")), "test_quil_syntax_error")
    assert job.state == "failed"
    assert job.error is not None
    code, message = job.error
    assert code == "InvalidInputData"
    assert message.startswith("QVM reported a problem running your program")
    assert message.endswith("the operator a is not known")


def test_recorded_pages_of_jobs_are_listed() -> None:
    """Three pages, asked for one by one and all at once, are the same jobs, all of them failed."""
    name = "test_list_jobs_filtered_by_status"
    query = parse_qs(urlsplit(recording(name)[0].url).query)["filter"][0]
    azure = service(replayed(name))
    pages = [azure.list_jobs(query, None, skip, 100) for skip in (0, 100, 200)]
    recorded = [json.loads(one.answer.body)["value"] for one in recording(name)]
    assert [[job.id for job in page] for page in pages] == [[job["id"] for job in page] for page in recorded]
    assert {job.state for page in pages for job in page} == {"failed"}
    adapter = replayed(name)
    together = service(adapter).list_jobs(query, None, 0, 300)
    assert [job.id for job in together] == [job.id for page in pages for job in page]
    assert parse_qs(urlsplit(adapter.sent[0].url or "").query)["filter"] == [query]


def test_recorded_jobs_are_listed_with_a_key_and_refused_without() -> None:
    """The first key lists jobs; the second is refused with 401, which has no body."""
    name = "test_workspace_auth_connection_string_api_key"
    answers = iter(one.answer for one in recording(name))
    azure = service(Adapter(lambda request: next(answers)))
    jobs = azure.list_jobs(None, None, 0, 100)
    assert [job.id for job in jobs] == [job["id"] for job in json.loads(recording(name)[0].answer.body)["value"]]
    assert len(jobs) == 100
    with pytest.raises(ServiceFault) as caught:
        azure.list_jobs(None, None, 0, 100)
    assert (caught.value.status, caught.value.passing) == (401, False)


def test_recorded_targets_are_told() -> None:
    """All targets of all providers, with queue times; keys in status pages are taken out."""
    found = {target.id: target for target in service(replayed("test_workspace_get_targets_ionq")).targets()}
    assert len(found) == 4 + 2 + 13 + 3 + 3 + 10
    assert found["ionq.simulator"].provider == "ionq"
    assert (found["ionq.simulator"].availability, found["ionq.simulator"].queue_seconds) == ("Available", 37.0)
    assert (found["ionq.qpu.aria-1"].availability, found["ionq.qpu.aria-1"].qubits) == ("Unavailable", None)
    assert found["quantinuum.qpu.h1-1"].status_page == "https://calendar.qapi.quantinuum.com/?target=H1-1&key=***"
    assert found["qci.machine1"].status_page is None


def test_recorded_quotas_are_told() -> None:
    """Both quotas, with use and limit."""
    first, second = service(replayed("test_workspace_job_quotas")).quotas()
    assert (first.dimension, first.scope, first.provider) == (
        "concurrent_dft_jobs",
        "Subscription",
        "microsoft-elements",
    )
    assert (second.used, second.held, second.limit, second.period) == (0.0, 0.0, 10.0, "None")


@pytest.mark.parametrize("name", ["test_qiskit_qir_submit_ionq", "test_qiskit_submit_to_rigetti"])
def test_targets_are_told_where_a_recording_has_them_on_the_way(name: str) -> None:
    """The list of targets names the one that the job ran on."""
    azure = service(replayed(name))
    job, _ = submitted(azure, name)
    assert job.target in {target.id for target in azure.targets()}


@pytest.mark.parametrize("name", SUBMITTED)
def test_nothing_signed_is_in_what_comes_out(name: str) -> None:
    """Neither signatures nor the key are in jobs, in what was uploaded, or in what the service shows of itself."""
    azure = service(replayed(name))
    order = submission_of(name)
    uploaded = azure.upload(order)
    job = azure.put_job(order, uploaded)
    seen = [job, azure.get_job(order.id), uploaded, azure, replace(uploaded, container_uri="")]
    text = "".join(map(repr, seen)) + json.dumps(job.details) + Uploaded.__repr__(uploaded)
    assert "sig=" not in text
    assert KEY not in text
    assert job.details["containerUri"] == f"https://mystorage.blob.core.windows.net/job-{order.id}"
