"""Jobs over their whole life, as the service tells it."""

from __future__ import annotations

import json

import pytest
from emulator.asking import START, WORKSPACE, Asker, error, job_body, within

from qamctl.emulator.targets import Target


def test_a_job_waits_runs_and_succeeds_by_the_clock() -> None:
    """The word for a job follows from the time alone."""
    asker = Asker()
    made = asker.make("one")
    assert (made["status"], made["quantumComputingData"]) == ("Waiting", None)
    seen = []
    for _ in range(4):
        job = asker.json("GET", "jobs/one")
        seen.append(job["status"])
        asker.clock.sleep(5)
    assert seen == ["Waiting", "Waiting", "Executing", "Succeeded"]
    job = asker.json("GET", "jobs/one")
    assert job["beginExecutionTime"] == "2026-11-18T11:06:50.000Z"
    assert job["endExecutionTime"] == "2026-11-18T11:06:55.000Z"
    assert job["lastModifiedTime"] == "2026-11-18T11:06:55.0000000+00:00"
    assert job["creationTime"] == "2026-11-18T11:06:40.0000000+00:00"
    assert job["costEstimate"] == {"currencyCode": "USD", "estimatedTotal": 1.5}
    assert job["errorData"] is None
    assert job["quantumComputingData"] == {"count": 1}


def test_the_answer_to_the_request_that_makes_a_job_has_no_token() -> None:
    """As recorded: no SAS in it, and a port in the address of the output."""
    made = Asker(base_url="https://store.blob.core.windows.net/").make("one")
    base = "https://store.blob.core.windows.net"
    assert made["containerUri"] == f"{base}/job-one"
    assert made["inputDataUri"] == f"{base}/job-one/inputData"
    assert made["outputDataUri"] == f"{base}:443/job-one/outputData"


def test_input_and_output_are_read_at_the_addresses_that_the_job_tells() -> None:
    """Each opens one blob for reading, and names a file for browsers."""
    asker = Asker()
    asker.make("one", b"program")
    asker.clock.sleep(60)
    job = asker.json("GET", "jobs/one")
    read = asker.store("GET", job["inputDataUri"])
    assert (read.status, read.body) == (200, b"program")
    assert read.headers["Content-Disposition"] == "attachment; filename=a+job-one.input.json".replace("+", " ")
    output = asker.store("GET", job["outputDataUri"])
    assert json.loads(output.body) == {"payload": "7 bytes"}
    assert output.headers["Content-Type"] == "application/octet-stream"
    assert asker.store("PUT", job["inputDataUri"], b"y", x_ms_blob_type="BlockBlob").status == 403
    assert asker.store("GET", within(job["containerUri"], "outputData")).body == output.body


def test_results_of_a_providers_own_format_lie_in_the_raw_output() -> None:
    """As recorded: `rawOutputData`, which is JSON, and it is told when the job has ended."""
    asker = Asker()
    asker.make("one", inputDataFormat="ionq.circuit.v1", outputDataFormat="ionq.quantum-results.v1")
    assert "/outputData?" in asker.json("GET", "jobs/one")["outputDataUri"]
    asker.clock.sleep(60)
    found = asker.json("GET", "jobs/one")["outputDataUri"]
    assert "/rawOutputData?" in found
    assert asker.store("GET", found).headers["Content-Type"] == "application/json"


def test_a_job_of_a_bad_program_fails_with_code_and_message() -> None:
    """Nothing is billed, and there is no output."""
    asker = Asker()
    asker.make("one", b"bad")
    asker.clock.sleep(60)
    job = asker.json("GET", "jobs/one")
    assert job["status"] == "Failed"
    assert job["errorData"] == {"code": "InvalidInputData", "message": "it is bad"}
    assert job["costEstimate"] is None
    assert asker.store("GET", job["outputDataUri"]).status == 404


def test_a_job_whose_input_was_never_put_fails() -> None:
    """The service takes the job, and finds out when it is due."""
    asker = Asker()
    assert asker.ask("PUT", "jobs/one", job_body(asker.container("job-one"))).status == 200
    asker.clock.sleep(60)
    assert asker.json("GET", "jobs/one")["errorData"]["code"] == "InputDataNotFound"


def test_a_job_is_cancelled_a_little_later() -> None:
    """First the request is told, then the end; and nothing runs."""
    asker = Asker()
    asker.make("one")
    told = asker.json("POST", "jobs/one:cancel")
    assert (told["status"], told["isCancelling"], told["cancellationTime"]) == ("CancellationRequested", True, None)
    asker.clock.sleep(2)
    job = asker.json("GET", "jobs/one")
    assert (job["status"], job["isCancelling"]) == ("Cancelled", False)
    assert job["cancellationTime"] == "2026-11-18T11:06:40.000Z"
    assert (job["beginExecutionTime"], job["endExecutionTime"]) == (None, None)
    asker.clock.sleep(600)
    assert asker.json("GET", "jobs/one")["status"] == "Cancelled"
    assert asker.service.jobs["one"].outcome is None


def test_a_job_that_has_ended_is_not_cancelled_any_more() -> None:
    """The answer tells it as it is, also when nobody had asked for it since its end."""
    asker = Asker()
    asker.make("one")
    asker.clock.sleep(60)
    assert asker.json("POST", "jobs/one:cancel")["status"] == "Succeeded"
    asker.json("POST", "jobs/one:cancel")
    assert asker.json("GET", "jobs/one")["status"] == "Succeeded"


def test_a_second_cancellation_changes_nothing() -> None:
    """The first one's time counts."""
    asker = Asker()
    asker.make("one")
    asker.json("POST", "jobs/one:cancel")
    asker.clock.sleep(1)
    asker.json("POST", "jobs/one:cancel")
    asker.clock.sleep(1)
    assert asker.json("GET", "jobs/one")["status"] == "Cancelled"


def test_name_tags_and_priority_are_changed() -> None:
    """What is not given stays."""
    asker = Asker()
    assert "priority" not in asker.make("one", tags=["a"])
    told = asker.json("PATCH", "jobs/one", {"id": "one", "tags": ["b", "c"], "priority": "High"})
    assert told == {"id": "one", "name": "a job", "priority": "High", "tags": ["b", "c"]}
    asker.clock.sleep(1)
    asker.json("PATCH", "jobs/one", {"name": "other"})
    job = asker.json("GET", "jobs/one")
    assert (job["name"], job["tags"], job["priority"]) == ("other", ["b", "c"], "High")
    assert job["lastModifiedTime"] == "2026-11-18T11:06:41.0000000+00:00"


def test_a_job_is_removed_with_its_blobs() -> None:
    """Afterwards there is neither, and the id is free."""
    asker = Asker()
    asker.make("one")
    uri = asker.json("GET", "jobs/one")["inputDataUri"]
    assert asker.ask("DELETE", "jobs/one").status == 204
    assert error(asker.ask("GET", "jobs/one")) == (404, "JobNotFound")
    assert asker.store("GET", uri).status == 404
    assert asker.put("one").status == 200


@pytest.mark.parametrize(
    ("second_put", "status", "name", "created"),
    [("conflict", 409, "a job", 1), ("same", 200, "a job", 1), ("replace", 200, "another", 2)],
)
def test_a_second_job_under_an_id_is_answered_as_set(second_put: str, status: int, name: str, created: int) -> None:
    """Nobody has recorded what the real service does, so that tests can try each."""
    asker = Asker(second_put=second_put)
    asker.make("one")
    asker.clock.sleep(60)
    found = asker.ask("PUT", "jobs/one", job_body(asker.container("job-one"), name="another"))
    assert found.status == status
    assert asker.json("GET", "jobs/one")["name"] == name
    assert (asker.service.puts["one"], asker.service.created["one"], len(asker.service.jobs)) == (2, created, 1)
    if status == 409:
        assert error(found) == (409, "JobAlreadyExists")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"target": "ionq.nowhere"}, "InvalidJobDefinition"),
        ({"providerId": "rigetti"}, "InvalidJobDefinition"),
        ({"target": None}, "InvalidProperty"),
        ({"inputDataFormat": ""}, "InvalidProperty"),
        ({"containerUri": "https://store/"}, "InvalidJobDefinition"),
        ({"containerUri": "http://[/x"}, "InvalidJobDefinition"),
        ({"name": 3}, "InvalidProperty"),
        ({"inputParams": []}, "InvalidProperty"),
        ({"metadata": "x"}, "InvalidProperty"),
        ({"tags": "x"}, "InvalidProperty"),
        ({"tags": [1]}, "InvalidProperty"),
    ],
)
def test_a_job_that_makes_no_sense_is_refused(fields: dict[str, object], code: str) -> None:
    """400, with what is wrong, and there is no job."""
    asker = Asker()
    assert error(asker.put("one", **fields)) == (400, code)
    assert not asker.service.jobs
    assert (asker.service.puts["one"], asker.service.created["one"]) == (1, 0)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    """400, whatever it is."""
    assert error(Asker().ask("PUT", "jobs/one", body)) == (400, "InvalidRequestBody")


def test_a_job_of_another_workspace_is_not_found() -> None:
    """Ids are told apart by workspace in every answer."""
    asker = Asker()
    asker.make("one")
    other = WORKSPACE.replace("ws1", "ws2")
    assert error(asker.ask("GET", "jobs/one", workspace=other)) == (404, "JobNotFound")
    assert asker.json("GET", "jobs", workspace=other)["value"] == []
    assert asker.json("GET", "jobs/one", workspace=WORKSPACE.upper().replace("MICROSOFT.QUANTUM", "Microsoft.Quantum"))


def test_metadata_is_text_and_the_provider_lower_case() -> None:
    """As recorded: numbers in metadata come back as texts."""
    job = Asker().make("one", metadata={"num_qubits": 4, "qiskit": "True"}, providerId="IonQ")
    assert job["metadata"] == {"num_qubits": "4", "qiskit": "True"}
    assert job["providerId"] == "ionq"


def test_what_is_not_said_is_filled_in() -> None:
    """A job needs no name, no output format and no parameters."""
    job = Asker().make("one", name=None, outputDataFormat=None, inputParams=None)
    assert (job["name"], job["outputDataFormat"]) == ("azure-quantum-job", "microsoft.quantum-results.v2")
    assert (job["inputParams"], job["metadata"]) == ({}, None)


def test_a_job_of_several_items_counts_them() -> None:
    """`quantumComputingData` has their number."""
    asker = Asker()
    asker.make("one", inputParams={"items": [{"entryPoint": "a"}, {"entryPoint": "b"}]})
    asker.clock.sleep(5)
    assert asker.json("GET", "jobs/one")["quantumComputingData"] == {"count": 2}


def test_a_job_for_a_target_that_is_down_fails_as_recorded() -> None:
    """The provider could not be reached."""
    target = Target("x.qpu.y", "x", 5, "Base", ("qir.v1",), availability="Unavailable")
    asker = Asker(targets=[target])
    asker.make("one", target="x.qpu.y", providerId="x")
    asker.clock.sleep(60)
    job = asker.json("GET", "jobs/one")
    assert (job["status"], job["errorData"]["code"]) == ("Failed", "ProviderTimeout")


def test_the_status_can_be_asked_without_a_request() -> None:
    """Tests look at a job without being counted."""
    asker = Asker()
    asker.make("one")
    before = asker.service.requests.total()
    assert asker.service.status("one") == "Waiting"
    asker.clock.sleep(START)
    assert asker.service.status("one") == "Succeeded"
    assert asker.service.requests.total() == before
    with pytest.raises(KeyError):
        asker.service.status("two")
