"""The SDK's jobs as its documentation has them: made, watched, waited for, read, changed, cancelled and removed."""

from __future__ import annotations

import contextlib
import io
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Any

import pytest
from emulator.asking import BELL_LL, V1, V2
from support.sdk_room import QIR, SLOW, Clock, Room, room, submit, uses

#: What is said of a job whose input is there already.
STORED = {key: value for key, value in QIR.items() if key != "content_type"}

IONQ_X = {"qubits": 2, "circuit": [{"gate": "x", "target": 0}]}

#: Two registers instead of one: a tuple of a list of one result and a list of two.
TUPLE_LL = BELL_LL.replace(
    b"  call void @__quantum__rt__array_record_output(i64 3, i8* null)\n",
    b"  call void @__quantum__rt__tuple_record_output(i64 2, i8* null)\n"
    b"  call void @__quantum__rt__array_record_output(i64 1, i8* null)\n",
).replace(
    b"  call void @__quantum__rt__result_record_output(%Result* inttoptr (i64 1 to",
    b"  call void @__quantum__rt__array_record_output(i64 2, i8* null)\n"
    b"  call void @__quantum__rt__result_record_output(%Result* inttoptr (i64 1 to",
).replace(
    b"declare void @__quantum__rt__array_record_output(i64, i8*)\n",
    b"declare void @__quantum__rt__array_record_output(i64, i8*)\n"
    b"declare void @__quantum__rt__tuple_record_output(i64, i8*)\n",
)  # fmt: skip


@pytest.fixture(scope="module")
def here() -> Iterator[Room]:
    """An emulator for all of them."""
    with room() as found:
        yield found


@pytest.fixture(scope="module")
def workspace(here: Room) -> Any:
    """One of its workspaces."""
    return here.workspace()


@pytest.fixture(scope="module")
def done(workspace: Any) -> Any:
    """A job that succeeded; it is only read."""
    job = submit(workspace, name="done", shots=200)
    job.wait_until_completed(print_progress=False)
    return job


@pytest.fixture(scope="module")
def failed(workspace: Any) -> Any:
    """A job whose program can't be read."""
    job = submit(workspace, b"garbage", name="failed")
    job.wait_until_completed(print_progress=False)
    return job


def echoed(workspace: Any, data: bytes, **options: Any) -> Any:
    """A job whose result is its input."""
    from azure.quantum import Job

    kind, own = "microsoft.quantum-log.v1", "Microsoft.Test.FirstParty"
    given = {"target": "echo-output", "provider_id": own, "input_data_format": kind, "output_data_format": kind}
    return Job.from_input_data(workspace, input_data=data, **({"name": "echo"} | given | options))


@uses("Job.create_job_id", "Job.from_input_data job_id", "Job.id", "Workspace.get_job")
def test_ids_are_made_and_kept(workspace: Any) -> None:
    """Each another one, and what is made under it is found under it."""
    from azure.quantum import Job

    one, other = Job.create_job_id(), Job.create_job_id()
    assert one != other
    assert str(uuid.UUID(one)) == one
    job = Job.from_input_data(workspace, "bell", "rigetti.sim.qvm", BELL_LL, job_id=one, provider_id="rigetti", **QIR)
    assert job.id == one == workspace.get_job(one).id


@uses(
    "Job.from_input_data workspace name target input_data content_type encoding container_name provider_id "
    "input_data_format output_data_format input_params priority tags",
    "Job.details", "Job.item_type", "Job.workspace",
)  # fmt: skip
def test_a_job_is_made_of_all_that_is_said(here: Room, workspace: Any) -> None:
    """What is said is what the service tells of it, and where its input lies."""
    from azure.quantum import ItemType, Job
    from azure.quantum.job.base_job import ContentType

    box = f"box-{uuid.uuid4()}"
    options = {"container_name": box, "encoding": "identity", "content_type": ContentType.text_plain}
    told = {"provider_id": "rigetti", "priority": "High", "tags": ["a", "b"]}
    job = Job.from_input_data(workspace, "all", "rigetti.sim.qvm", BELL_LL, **(QIR | options), **told)
    assert job.item_type == ItemType.JOB
    assert job.workspace is workspace
    job.refresh()
    found = job.details
    assert (found.name, found.target, found.provider_id) == ("all", "rigetti.sim.qvm", "rigetti")
    assert (found.priority, found.tags, found.job_type) == ("High", ["a", "b"], "QuantumComputing")
    assert (found.input_data_format, found.output_data_format) == ("qir.v1", V2)
    assert found.input_params == QIR["input_params"]
    assert f"/{box}?" in found.container_uri
    properties = job.download_blob_properties(found.input_data_uri)
    assert (properties.container, properties.content_settings.content_type) == (box, "text/plain")
    assert properties.content_settings.content_encoding == "identity"


@uses("Job.from_storage_uri container_uri submit_job provider_id input_params", "Job.submit", "Job.upload_input_data "
      "container_uri input_data content_type blob_name encoding", "Job.download_blob_properties")  # fmt: skip
def test_an_input_that_is_there_already_is_made_a_job(here: Room, workspace: Any) -> None:
    """Whatever it is called; nothing is sent before it is submitted."""
    from azure.quantum import Job

    id = Job.create_job_id()
    container = workspace.get_container_uri(job_id=id)
    uri = Job.upload_input_data(container, BELL_LL, "qir.v1", blob_name="mine", encoding="identity")
    assert uri == container.partition("?")[0] + "/mine"
    place = {"target": "rigetti.sim.qvm", "provider_id": "rigetti", "input_data_uri": uri, "container_uri": container}
    job = Job.from_storage_uri(workspace, name="stored", job_id=id, submit_job=False, **place, **STORED)
    assert id not in here.service.jobs
    job.submit()
    assert here.service.created[id] == 1
    assert job.download_blob_properties(job.details.input_data_uri).name == "mine"
    assert sum(job.get_results().values()) == pytest.approx(1.0)


@uses("Job.from_storage_uri input_data_uri", "rigetti.Rigetti.submit blob_name", "Job.get_results")
def test_an_input_may_lie_in_another_container(workspace: Any, done: Any) -> None:
    """As that of an earlier job; the results lie in the job's own."""
    from azure.quantum import Job

    uri = done.details.input_data_uri.partition("?")[0]
    place = {"target": "rigetti.sim.qvm", "provider_id": "rigetti", "input_data_uri": uri}
    job = Job.from_storage_uri(workspace, name="again", **place, **STORED)
    assert sum(job.get_results().values()) == pytest.approx(1.0)
    assert f"/job-{job.id}/" in job.details.output_data_uri
    other = submit(workspace, blob_name="mine")
    assert sum(other.get_results().values()) == pytest.approx(1.0)


@uses("Job.refresh", "Job.has_completed", "Job.has_succeeded")
def test_a_job_is_watched_through_its_life(here: Room, workspace: Any) -> None:
    """From Waiting to Succeeded, with the times at which it began and ended."""
    job = submit(workspace, target=SLOW)
    words, times = [], {}
    for minutes in (1, 60, 55, 10):
        here.clock.move(minutes=minutes)
        job.refresh()
        words.append((job.details.status, job.has_completed(), job.has_succeeded()))
        times[words[-1][0].value] = job.details.begin_execution_time, job.details.end_execution_time
    assert words == [("Waiting", False, False), ("Executing", False, False), ("Finishing", False, False),
                     ("Succeeded", True, True)]  # fmt: skip
    assert times["Waiting"] == (None, None)
    assert None not in times["Succeeded"]
    assert times["Executing"] == (times["Succeeded"][0], None)
    found = job.details
    assert timedelta(minutes=45) < found.end_execution_time - found.begin_execution_time <= timedelta(hours=1)
    assert found.begin_execution_time - found.creation_time == pytest.approx(timedelta(hours=1), abs=timedelta(0, 1))
    assert found.creation_time.tzinfo is not None


class Progress(io.StringIO):
    """What is printed; time passes with each of it."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def write(self, text: str) -> int:
        self.clock.move(minutes=100 * len(text))
        return super().write(text)


@uses("Job.wait_until_completed timeout_secs", "Job.wait_until_completed max_poll_wait_secs", "Job.get_results")
def test_a_job_is_waited_for(here: Room, workspace: Any) -> None:
    """With a dot for each time that it has not ended yet."""
    job = submit(workspace, target=SLOW)
    with contextlib.redirect_stdout(Progress(here.clock)) as printed:
        job.wait_until_completed(max_poll_wait_secs=0.2, timeout_secs=60)
    assert (printed.getvalue(), job.details.status) == ("..", "Succeeded")
    assert sum(job.get_results().values()) == pytest.approx(1.0)


@uses("Job.wait_until_completed timeout_secs print_progress", "Job.get_results timeout_secs",
      "Job.get_results_histogram timeout_secs", "Job.get_results_shots timeout_secs")  # fmt: skip
def test_nobody_waits_longer_than_said(workspace: Any) -> None:
    """TimeoutError with the time, whatever is waited for; the job goes on."""
    job = submit(workspace, target=SLOW)
    with contextlib.redirect_stdout(io.StringIO()) as printed, pytest.raises(TimeoutError, match="exceeded 0 seconds"):
        job.wait_until_completed(timeout_secs=0, print_progress=False)
    assert printed.getvalue() == ""
    for ask in (job.get_results, job.get_results_histogram, job.get_results_shots):
        with pytest.raises(TimeoutError, match=r"exceeded 0\.0 seconds"):
            ask(timeout_secs=0.0)
    assert workspace.get_job(job.id).details.status == "Waiting"


@uses("Job.get_results", "Job.get_results_histogram", "Job.get_results_shots")
def test_results_are_told_as_frequencies_counts_and_shots(done: Any) -> None:
    """The same ones."""
    histogram, shots, frequencies = done.get_results_histogram(), done.get_results_shots(), done.get_results()
    assert len(shots) == 200
    assert {key: entry["outcome"] for key, entry in histogram.items()} == {str(shot): shot for shot in shots}
    assert {key: entry["count"] for key, entry in histogram.items()} == {str(one): shots.count(one) for one in shots}
    assert frequencies == {key: entry["count"] / 200 for key, entry in histogram.items()}
    assert all(first == second for _, first, second in shots)


@uses("Job.get_results_histogram", "Job.get_results_shots")
def test_results_of_several_items_and_registers_are_told_apart(workspace: Any) -> None:
    """A list of results for items; a tuple for registers."""
    items = {"items": [{"entryPoint": "ENTRYPOINT__main", "arguments": [], "shots": shots} for shots in (30, 50)]}
    batch = submit(workspace, input_params=items, shots=None)
    assert [sum(entry["count"] for entry in one.values()) for one in batch.get_results_histogram()] == [30, 50]
    assert [len(shots) for shots in batch.get_results_shots()] == [30, 50]
    registers = submit(workspace, TUPLE_LL)
    shots = registers.get_results_shots()
    assert {type(shot) for shot in shots} == {tuple}
    assert {(len(one), len(other), other[0] == other[1]) for one, other in shots} == {(1, 2, True)}
    assert {str(entry["outcome"]) for entry in registers.get_results_histogram().values()} == set(map(str, shots))
    assert set(registers.get_results_histogram()) == set(map(str, shots))


@uses("Job.get_results", "Job.get_results_histogram", "Job.get_results_shots", "Job.download_data")
def test_other_formats_of_results_are_told_as_they_are(workspace: Any) -> None:
    """Without counts and shots, which is said; what is no JSON comes as text."""
    first = submit(workspace, output_data_format=V1)
    assert sum(first.get_results().values()) == pytest.approx(1.0)
    assert "Histogram" in json.loads(first.download_data(first.details.output_data_uri))
    ionq = workspace.get_targets("ionq.simulator").submit(IONQ_X)
    assert ionq.get_results() == {"histogram": {"1": 1.0}}
    for job in (first, ionq):
        with pytest.raises(ValueError, match="counts instead of probabilities is not a supported feature"):
            job.get_results_histogram()
        with pytest.raises(ValueError, match="Individual shot results are not supported"):
            job.get_results_shots()
    assert echoed(workspace, b"no JSON").get_results() == "no JSON"
    assert echoed(workspace, b'{"a": [1]}').get_results() == {"a": [1]}


@uses("Job.get_results", "Job.get_results_histogram", "Job.get_results_shots", "Job.has_completed",
      "Job.has_succeeded")  # fmt: skip
def test_a_job_that_failed_tells_why(failed: Any) -> None:
    """RuntimeError with its status, code and message, whatever is asked of it."""
    assert (failed.has_completed(), failed.has_succeeded()) == (True, False)
    assert failed.details.error_data.code == "InvalidInputData"
    for ask in (failed.get_results, failed.get_results_histogram, failed.get_results_shots):
        with pytest.raises(RuntimeError, match=r"status: \S*FAILED.*InvalidInputData.*can't be read as QIR"):
            ask()


@uses("Workspace.cancel_job", "Job.has_completed", "Job.has_succeeded", "Job.get_results")
def test_a_job_is_cancelled(here: Room, workspace: Any, done: Any) -> None:
    """It is told at once that it is going to be; of a job that has ended nothing changes."""
    job = workspace.cancel_job(submit(workspace, target=SLOW))
    assert (job.details.status, job.has_completed()) == ("CancellationRequested", False)
    here.clock.move(minutes=2)
    job.refresh()
    assert (job.has_completed(), job.has_succeeded()) == (True, False)
    assert job.details.cancellation_time is not None
    with pytest.raises(RuntimeError, match=r"status: \S*CANCELLED"):
        job.get_results()
    assert workspace.cancel_job(done).details.status == "Succeeded"


@uses("Job.update name", "Job.update tags", "Job.update priority", "Job.update", "Workspace.update_job name tags")
def test_a_job_is_changed_in_what_is_said(workspace: Any) -> None:
    """And in nothing else; to say nothing is refused, with no request."""
    from azure.quantum import Priority

    def told() -> tuple[Any, ...]:
        details = workspace.get_job(job.id).details
        return details.name, details.tags, details.priority

    job = submit(workspace, name="before", tags=["x"])
    assert job.update(name="after") is job
    assert told() == ("after", ["x"], None)
    job.update(tags=["y", "z"])
    assert told() == ("after", ["y", "z"], None)
    job.update(priority=Priority.HIGH)
    assert told() == ("after", ["y", "z"], "High") == (job.details.name, job.details.tags, job.details.priority)
    assert workspace.update_job(job, name="again", tags=[]).details.name == "again"
    assert told() == ("again", [], "High")
    with pytest.raises(ValueError, match="At least one"):
        job.update()


@uses("Job.delete", "Workspace.delete_job")
def test_a_job_is_removed(here: Room, workspace: Any) -> None:
    """It is not found any more, nor listed, nor are its blobs there."""
    from azure.core.exceptions import ResourceNotFoundError

    first, second = submit(workspace, name="first"), submit(workspace, name="second")
    for job, delete in ((first, first.delete), (second, lambda: workspace.delete_job(second))):
        job.refresh()
        delete()
        with pytest.raises(ResourceNotFoundError, match="JobNotFound"):
            job.refresh()
        with pytest.raises(ResourceNotFoundError, match="ContainerNotFound"):
            job.download_data(job.details.input_data_uri)
    assert not {first.id, second.id} & {job.id for job in workspace.list_jobs()}


@uses("Job.matches_filter name_match", "Job.matches_filter status", "Job.matches_filter created_after",
      "Job.matches_filter")  # fmt: skip
def test_a_job_is_matched_with_a_filter(here: Room, done: Any, failed: Any) -> None:
    """By an expression that its name holds, by its status, and by the day on which it was made."""
    from azure.quantum import JobStatus

    assert done.matches_filter()
    assert [job.matches_filter(name_match="d.n") for job in (done, failed)] == [True, False]
    assert [job.matches_filter(status=JobStatus.FAILED) for job in (done, failed)] == [False, True]
    now = here.clock.today().astimezone(UTC)
    assert done.matches_filter(created_after=now - timedelta(days=3))
    assert not done.matches_filter(created_after=now + timedelta(days=3))


@uses("Job.download_data", "Job.download_blob_properties")
def test_blobs_of_a_job_are_downloaded(here: Room, done: Any) -> None:
    """By the addresses that the job tells, and by those without a token, for which one is asked for."""
    plain = done.details.input_data_uri.partition("?")[0]
    for address in (done.details.input_data_uri, plain):
        assert done.download_data(address) == BELL_LL
        properties = done.download_blob_properties(address)
        assert (properties.size, properties.content_settings.content_type) == (len(BELL_LL), "qir.v1")
    output = json.loads(done.download_data(done.details.output_data_uri))
    assert (output["DataFormat"], len(output["Results"])) == (V2, 1)


@uses("Job.details")
def test_what_a_job_cost_is_told(done: Any, failed: Any) -> None:
    """In a currency, with what was counted; a job that failed costs nothing."""
    cost = done.details.cost_estimate
    assert cost.currency_code == "USD"
    assert cost.estimated_total >= 0
    assert all(event.amount_billed >= 0 and event.dimension_name for event in cost.events)
    assert failed.details.cost_estimate is None
    assert done.details.quantum_computing_data.count == 1
