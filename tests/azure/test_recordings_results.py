"""Outputs that the real service gave: each is parsed, and agrees with what the installed SDK makes of it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
import yaml
from support.shared import shared_path

from qamctl.azure.results import Result, parse
from qamctl.errors import BackendError

#: Recordings with an output -> how many shots there were; None: it gave probabilities, and was not asked for shots.
OUTPUTS: dict[str, int | None] = {
    "test_job_submit_ionq": None,
    "test_job_submit_ionq_100_shots": 100,
    "test_job_submit_ionq_cost_estimate": None,
    "test_job_submit_rigetti_default_input_params": 1,
    "test_job_submit_rigetti_dict_input_params": 5,
    "test_job_submit_rigetti_dict_input_params_with_shots": 5,
    "test_job_submit_rigetti_typed_input_params": 5,
    "test_job_submit_rigetti_typed_input_params_with_shots": 5,
    "test_job_submit_rigetti_with_conflicting_shots_and_count_from_input_params": 5,
    "test_job_submit_rigetti_with_count": 100,
    "test_plugins_submit_qiskit_to_ionq": 500,
    "test_qiskit_qir_submit_ionq": 100,
    "test_qiskit_submit_to_rigetti": 100,
}
NO_RESULT = "test_job_get_results_with_expired_sas_token"


@cache
def recording(name: str) -> tuple[dict[str, Any], bytes | None]:
    """The job as it ended, and its output where it was fetched."""
    text = shared_path("azure-recordings", f"{name}.yaml").read_text(encoding="utf-8")
    job: dict[str, Any] = {}
    output = None
    for exchange in yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["interactions"]:
        request, response = exchange["request"], exchange["response"]
        body = response["body"].get("string") or ""
        body = body.encode() if isinstance(body, str) else body
        if request["method"] != "GET":
            continue
        if "/jobs/" in request["uri"]:
            job = json.loads(body)
        elif ".blob." in request["uri"] and response["status"]["code"] == 206:
            output = body
    return job, output


def ours(name: str) -> tuple[Result, ...]:
    job, output = recording(name)
    params = job["inputParams"]
    assert output is not None
    return parse(output, format=job["outputDataFormat"], shots=params.get("shots", params.get("count")))


def sdk_job(name: str) -> Any:
    """The SDK's own job, whose output is the recorded one; nothing goes over the network."""
    from azure.quantum import Job
    from azure.quantum._client.models import JobDetails

    details, output = recording(name)

    class Replayed(Job):  # type: ignore[misc]
        def download_data(self, *_: Any, **__: Any) -> bytes | None:
            return output

    return Replayed(workspace=None, job_details=JobDetails(details))


def test_every_recorded_output_is_tested() -> None:
    """The outputs named here are all that the recordings hold."""
    names = [path.stem for path in shared_path("azure-recordings").glob("*.yaml")]
    assert sorted(name for name in names if recording(name)[1] is not None) == sorted([*OUTPUTS, NO_RESULT])


@pytest.mark.parametrize("name", OUTPUTS)
def test_recorded_output_is_of_the_shots_that_were_asked_for(name: str) -> None:
    """The job had succeeded, and its output gives all its shots, none of them lost."""
    job, _ = recording(name)
    (result,) = ours(name)
    assert job["status"] == "Succeeded"
    assert result.format == job["outputDataFormat"]
    assert (result.shots, result.lost) == (OUTPUTS[name] or 0, 0)
    assert sum(result.counts.values()) == result.shots


@pytest.mark.parametrize("name", OUTPUTS)
def test_recorded_output_agrees_with_the_sdk(name: str) -> None:
    """Counts, shots and probabilities are those that the SDK reads from the same output."""
    job = sdk_job(name)
    (result,) = ours(name)
    answer = job.get_results()
    if result.format == "ionq.quantum-results.v1":
        width = max(int(key).bit_length() for key in answer["histogram"])
        assert result.probabilities == {format(int(key), f"0{width}b"): p for key, p in answer["histogram"].items()}
    elif result.format == "rigetti.quil-results.v1":
        from azure.quantum.target.rigetti.result import Result as Readouts

        rows = Readouts(job)["ro"]
        assert rows == answer["ro"]
        assert [[int(bit) for bit in reversed(row)] for row in result.sequence or ()] == rows
    else:
        histogram, shots = job.get_results_histogram(), job.get_results_shots()
        assert result.counts == {"".join(map(str, of["outcome"])): of["count"] for of in histogram.values()}
        assert [[int(bit) for bit in row] for row in result.sequence or ()] == shots
        assert {f"[{', '.join(key)}]": count / result.shots for key, count in result.counts.items()} == answer


def test_recorded_output_that_is_no_result_is_refused() -> None:
    """What the SDK gives back as a raw string is an error that names the format, the content and the next step."""
    assert isinstance(sdk_job(NO_RESULT).get_results(), str)
    with pytest.raises(BackendError) as caught:
        ours(NO_RESULT)
    message = caught.value.message
    assert "the job names `microsoft.quantum-log.v1`" in message
    assert "it is not JSON" in message
    assert "found `{ input: 'data' }`" in message
    assert "submit again with output format" in message
