"""The service's answers have the fields and types that the real service's had when it was recorded."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml
from emulator.asking import Asker
from support.shared import shared_path

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def exchanges(name: str) -> list[dict[str, Any]]:
    """The requests and answers of a recording."""
    text = shared_path("azure-recordings", f"{name}.yaml").read_text()
    return list(yaml.load(text, Loader=LOADER)["interactions"])


def sent(name: str, part: str) -> tuple[bytes, dict[str, Any]]:
    """Body and answer of the only PUT to an address with this part; bodies were recorded as Python writes bytes."""
    (one,) = [
        one
        for one in exchanges(name)
        if one["request"]["method"] == "PUT" and part in one["request"]["uri"].partition("?")[0]
    ]
    body = one["request"]["body"]
    return (ast.literal_eval(body) if str(body).startswith(("b'", 'b"')) else body.encode()), one["response"]


def blob(address: str) -> str:
    """The name of a blob."""
    return address.partition("?")[0].rpartition("/")[2]


def answers(name: str, method: str, part: str) -> Iterator[Any]:
    """Objects that were answered to requests of a kind."""
    for one in exchanges(name):
        if one["request"]["method"] == method and part in one["request"]["uri"].partition("?")[0]:
            yield json.loads(one["response"]["body"]["string"])


def shape(value: Any) -> Any:
    """Fields and types, values apart."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, float | int) and not isinstance(value, bool) else type(value).__name__


def tokens(job: dict[str, Any]) -> dict[str, list[str]]:
    """Which fields the token of each address has."""
    names = ("containerUri", "inputDataUri", "outputDataUri")
    return {name: [key for key, _ in parse_qsl(urlsplit(job[name]).query)] for name in names}


CASES = {
    "test_job_submit_ionq_100_shots": ("ionq.circuit.v1", "ionq.quantum-results.v1", "ionq", "ionq.simulator"),
    "test_qiskit_qir_submit_ionq": ("qir.v1", "microsoft.quantum-results.v2", "ionq", "ionq.simulator"),
    "test_job_submit_rigetti_with_count": ("rigetti.quil.v1", "rigetti.quil-results.v1", "rigetti", "rigetti.sim.qvm"),
    "test_quil_syntax_error": ("rigetti.quil.v1", "rigetti.quil-results.v1", "rigetti", "rigetti.sim.qvm"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_job_has_the_recorded_shape_from_its_making_to_its_end(name: str) -> None:
    """The same input gives the same fields, types, tokens and status; and the same error of a bad program."""
    asker = Asker(runner=None)
    body = json.loads(sent(name, "/jobs/")[0])
    container = asker.upload("one", sent(name, "/inputData")[0])
    body |= {"containerUri": container, "inputDataUri": container.partition("?")[0] + "/inputData"}
    found = asker.ask("PUT", "jobs/one", body)
    answer = sent(name, "/jobs/")[1]
    assert found.status == answer["status"]["code"]
    made, recorded = json.loads(found.body), json.loads(answer["body"]["string"])
    assert shape(made) == shape(recorded)
    assert tokens(made) == tokens(recorded)
    last = list(answers(name, "GET", "/jobs/"))[-1]
    asker.clock.sleep(600)
    job = asker.json("GET", "jobs/one")
    assert shape(job) == shape(last)
    assert {key: set(value) for key, value in tokens(job).items()} == {k: set(v) for k, v in tokens(last).items()}
    for key in ("status", "errorData", "metadata", "providerId", "jobType", "jobPriority", "quantumComputingData"):
        assert job[key] == last[key], key
    assert (
        job["outputDataUri"].partition("?")[0].rpartition("/")[2]
        == last["outputDataUri"].partition("?")[0].rpartition("/")[2]
    )
    if last["costEstimate"] is not None:
        ours, theirs = job["costEstimate"]["events"], last["costEstimate"]["events"]
        names = ("dimensionId", "dimensionName", "measureUnit")
        assert [[event[key] for key in names] for event in ours] == [[event[key] for key in names] for event in theirs]


@pytest.mark.parametrize("name", [name for name in CASES if "syntax" not in name])
def test_an_output_has_the_recorded_shape(name: str) -> None:
    """Of the same program; with exact probabilities also the same values."""
    body, payload = json.loads(sent(name, "/jobs/")[0]), sent(name, "/inputData")[0]
    theirs = next(answers(name, "GET", "utputData"))
    asker = Asker(runner=None)
    container = asker.upload("one", payload)
    assert asker.ask("PUT", "jobs/one", body | {"containerUri": container}).status == 200
    asker.clock.sleep(600)
    ours = json.loads(asker.store("GET", asker.json("GET", "jobs/one")["outputDataUri"]).body)
    assert shape(ours) == shape(theirs)
    if "histogram" in theirs:
        assert ours == theirs
    if "ro" in theirs:
        assert len(ours["ro"]) == len(theirs["ro"])
        assert {tuple(row) for row in ours["ro"]} == {(0, 0), (1, 1)}
    if "Results" in theirs:
        told = [{str(entry["Outcome"]) for entry in one["Results"][0]["Histogram"]} for one in (ours, theirs)]
        assert told[0] == told[1]


def test_listings_have_the_recorded_shape() -> None:
    """A page of jobs, and what stands around it."""
    name = "test_list_jobs_filtered_by_status"
    asker = Asker()
    for number in range(2):
        asker.make(f"j{number}", b"bad", inputDataFormat="ionq.circuit.v1", outputDataFormat="ionq.quantum-results.v1",
                   inputParams={"shots": 1, "count": 1}, metadata={"num_qubits": 1})  # fmt: skip
    asker.clock.sleep(600)
    page = next(answers(name, "GET", "/jobs"))
    ours = asker.json("GET", "jobs?top=1&filter=%28State%20eq%20%27Failed%27%20or%20State%20eq%20%27Cancelled%27%29")
    assert ours.keys() == page.keys()
    theirs = page["value"][0]
    assert ours["value"][0].keys() == theirs.keys()
    assert shape(ours["value"][0]["errorData"]) == shape(theirs["errorData"])
    assert ours["nextLink"].partition("?")[2].split("&")[-3:-1] == ["top=1", "skip=1"]
    assert [part.partition("=")[0] for part in page["nextLink"].partition("?")[2].split("&")] == [
        part.partition("=")[0] for part in ours["nextLink"].partition("?")[2].split("&")
    ]


def test_targets_and_quotas_have_the_recorded_shape() -> None:
    """Today's service tells size and profile of a target besides."""
    asker = Asker()
    recorded = next(answers("test_workspace_get_targets_ionq", "GET", "/providerStatus"))
    ours = asker.json("GET", "providerStatus")
    assert ours.keys() == recorded.keys()
    assert ours["value"][0].keys() == recorded["value"][0].keys()
    target, theirs = shape(ours["value"][0]["targets"][0]), shape(recorded["value"][0]["targets"][0])
    assert {key: target[key] for key in theirs} == theirs
    assert target.keys() - theirs.keys() == {"numQubits", "targetProfile"}
    quotas = next(answers("test_workspace_job_quotas", "GET", "/quotas"))
    assert shape(asker.json("GET", "quotas")) == shape(quotas)


def test_a_wrong_key_is_answered_as_recorded() -> None:
    """401 with no body, and the same header."""
    recorded = next(one["response"] for one in exchanges("test_workspace_auth_connection_string_api_key")
                    if one["response"]["status"]["code"] == 401)  # fmt: skip
    found = Asker().ask("GET", "jobs", key="wrong")
    assert (found.status, found.body) == (401, recorded["body"]["string"].encode())
    assert [found.headers["WWW-Authenticate"]] == recorded["headers"]["www-authenticate"]
