"""Every recorded exchange with the real service: the emulator answers the same request with the same shape."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

import pytest
from support.azure_replay import STORAGE, Exchange, Replay, recorded
from support.shared import shared_path

from qamctl.emulator.messages import Response

#: The recordings, and how many exchanges each has.
RECORDINGS = {
    "test_job_get_results_with_expired_sas_token": 21,
    "test_job_submit_ionq": 18,
    "test_job_submit_ionq_100_shots": 17,
    "test_job_submit_ionq_cost_estimate": 25,
    "test_job_submit_ionq_with_conflicting_shots_from_input_params": 16,
    "test_job_submit_ionq_with_shots_from_input_params": 22,
    "test_job_submit_rigetti_default_input_params": 18,
    "test_job_submit_rigetti_dict_input_params": 22,
    "test_job_submit_rigetti_dict_input_params_with_shots": 17,
    "test_job_submit_rigetti_typed_input_params": 17,
    "test_job_submit_rigetti_typed_input_params_with_shots": 17,
    "test_job_submit_rigetti_with_conflicting_shots_and_count_from_input_params": 18,
    "test_job_submit_rigetti_with_count": 17,
    "test_list_jobs_filtered_by_status": 5,
    "test_plugins_submit_qiskit_to_ionq": 25,
    "test_qiskit_qir_submit_ionq": 24,
    "test_qiskit_submit_to_rigetti": 24,
    "test_qiskit_submit_to_rigetti_conflicting_shots_and_count_from_options": 19,
    "test_qiskit_submit_to_rigetti_with_count_from_options": 19,
    "test_qiskit_submit_to_rigetti_with_count_param": 19,
    "test_qiskit_submit_to_rigetti_with_explicit_shots_param": 18,
    "test_quil_syntax_error": 16,
    "test_workspace_auth_connection_string_api_key": 3,
    "test_workspace_get_targets_ionq": 3,
    "test_workspace_job_quotas": 3,
}

#: Fields of a job that follow from the request and from its state, so that their values are the same, too.
SAME = (
    "id", "name", "itemType", "jobType", "jobPriority", "status", "providerId", "target", "inputDataFormat",
    "outputDataFormat", "inputParams", "metadata", "sessionId", "tags", "isCancelling", "errorData",
)  # fmt: skip

#: Headers that are the connection's, not the answer's.
ASIDE = {"connection", "transfer-encoding", "content-length"}


def shape(value: Any) -> Any:
    """Fields and types, values apart; of a list the shapes that are in it."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        found: list[Any] = []
        found.extend(one for one in map(shape, value) if one not in found)
        return found
    return "number" if isinstance(value, float | int) and not isinstance(value, bool) else type(value).__name__


def address(text: str) -> tuple[str, list[str]]:
    """Of an address in the storage: its path, and which fields its signature has."""
    parts = urlsplit(text)
    return f"{parts.netloc.partition('.')[2]}{parts.path}", [key for key, _ in parse_qsl(parts.query)]


def differences(one: Exchange, answer: Response) -> list[str]:
    """In what an answer is not as recorded."""
    found = [f"status {answer.status}"] if answer.status != one.status else []
    ours = {key.lower(): value for key, value in answer.headers.items()}
    for name in sorted(one.told.keys() - ASIDE):
        if name not in ours:
            found.append(f"header {name} is missing")
        elif name in ("content-type", "www-authenticate", "x-ms-error-code") and ours[name] != one.told[name]:
            found.append(f"header {name}: {ours[name]}")
    if bool(answer.body) != bool(one.answer):
        found.append(f"{len(answer.body)} bytes")
    elif one.content is not None:
        found += in_json(one.content, json.loads(answer.body))
    elif one.answer.startswith("\ufeff<?xml"):
        trees = [ElementTree.fromstring(text.lstrip("\ufeff")) for text in (one.answer, answer.body.decode())]
        told = [([node.tag for node in tree.iter()], tree.findtext("Code")) for tree in trees]
        found += [f"XML {told[1]}"] if told[0] != told[1] else []
    elif one.answer.encode() != answer.body:
        found.append(f"{answer.body[:40]!r}")
    return found + (in_storage(one, answer, ours) if STORAGE in one.host else [])


def in_storage(one: Exchange, answer: Response, ours: dict[str, str]) -> list[str]:
    """What clients read in the storage's headers; the recordings keep some of them only."""
    wanted = ["x-ms-error-code"] if one.status >= 400 else ["etag", "last-modified"]
    found = [f"header {name} is missing" for name in wanted if name not in ours]
    size = len(answer.body)
    if one.status == 206 and ours["content-range"] != f"bytes 0-{size - 1}/{size}":
        found.append(f"range {ours['content-range']}")
    if one.status == 206 and isinstance(one.content, dict):
        found += [] if outcomes(json.loads(answer.body)) == outcomes(one.content) else ["other outcomes"]
    return found


def outcomes(output: dict[str, Any]) -> Any:
    """What of an output does not depend on chance: exact probabilities, else how many shots, and what came out."""
    if "histogram" in output:
        return output
    if "ro" in output:
        return len(output["ro"]), {tuple(row) for row in output["ro"] if len(output["ro"]) > 1}
    batch = output["Results"]
    return [(len(one["Shots"]), {entry["Display"] for entry in one["Histogram"]}) for one in batch]


def in_json(theirs: Any, mine: Any) -> list[str]:
    """Other fields or types; of a page of jobs, which has the same ones, in those of each."""
    if "nextLink" not in theirs or not theirs["value"] or "itemType" not in theirs["value"][0]:
        return in_object(theirs, mine)
    found = [] if [job["id"] for job in theirs["value"]] == [job["id"] for job in mine["value"]] else ["other jobs"]
    for their, my in zip(theirs["value"], mine["value"], strict=False):
        found += in_object(their, my)
    links = [parse_qsl(urlsplit(page["nextLink"] or "").query) for page in (theirs, mine)]
    found += [] if links[0] == links[1] else [f"nextLink: {mine['nextLink']}"]
    return found + in_object({**theirs, "value": []}, {**mine, "value": []})


def in_object(theirs: dict[str, Any], mine: dict[str, Any]) -> list[str]:
    """Other fields or types; of a job other values where they follow, or addresses of another form."""
    found = [f"fields {theirs.keys() ^ mine.keys()}"] if theirs.keys() != mine.keys() else []
    both = [key for key in theirs if key in mine]
    found += [f"{key}: {shape(mine[key])}" for key in both if shape(mine[key]) != shape(theirs[key])]
    if "itemType" in theirs:
        found += [f"{key}: {mine[key]}" for key in SAME if mine.get(key) != theirs[key]]
        found += [f"cost of {dimensions(mine)}"] if dimensions(mine) != dimensions(theirs) else []
        recent = [key for key in both if key.endswith("Uri") and theirs["lastModifiedTime"] is not None]
        found += [f"{key}: {mine[key]}" for key in recent if address(mine[key]) != address(theirs[key])]
    return found


def dimensions(job: dict[str, Any]) -> list[list[str]]:
    """What a job is charged by."""
    names = ("dimensionId", "dimensionName", "measureUnit")
    return [[event[name] for name in names] for event in (job["costEstimate"] or {"events": []})["events"]]


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_is_answered_as_it_was(name: str) -> None:
    """Status, headers, fields, types, and nulls where the real service had them; no exchange is left out."""
    compared, wrong = 0, []
    for one, answer in Replay(recorded(name)).run():
        wrong += [f"{one.number} {one.method} {one.path}: {text}" for text in differences(one, answer)]
        compared += 1
    assert wrong == []
    assert compared == RECORDINGS[name]


def test_no_recording_is_left_out() -> None:
    """Every file that there is, with all that is in it: 423 exchanges."""
    texts = {file.stem: file.read_text() for file in shared_path("azure-recordings").glob("*.yaml")}
    counts = {name: len(re.findall(r"^- request:$", text, re.MULTILINE)) for name, text in texts.items()}
    assert counts == RECORDINGS
    assert sum(counts.values()) == 423
