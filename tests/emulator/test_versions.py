"""Versions of the interface: which are taken, and what each of them does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from emulator.asking import WORKSPACE, Asker, error, job_body, within

from qamctl.emulator.messages import Response, make_request
from qamctl.emulator.versions import KNOWN

#: The last one without `:cancel`, the one that brought it, and today's.
BEFORE, CANCELS, TODAY = "2025-09-01-preview", "2025-12-01-preview", "2026-01-15-preview"


def ask(asker: Asker, version: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Response:
    """Ask in a version."""
    url = f"{WORKSPACE}/{path}?api-version={version}"
    return asker.service.handle(make_request(method, url, {"x-ms-quantum-api-key": asker.key}, body or b""))


@pytest.mark.parametrize("version", [*KNOWN, "2026-01-16", "2031-12-31-preview"])
def test_known_versions_are_taken_and_younger_ones_too(version: str) -> None:
    """A client that was generated tomorrow is answered as today's."""
    assert ask(Asker(), version, "GET", "quotas").status == 200


@pytest.mark.parametrize(
    "version",
    [
        "2019-11-04-preview", "2022-09-11-preview", "2022-09-12", "2025-12-01", "2025-12-02-preview", "2026-01-15",
        "2027-02-30-preview", "2027-13-01", "9999-99-99", "latest", "2027-01-01-beta", "v1", "٢٠٢٧-٠١-٠١",
        "2026-01-15-PREVIEW",
    ],
)  # fmt: skip
def test_other_versions_are_refused_and_those_that_there_are_told(version: str) -> None:
    """Older than all, between two of them, or no version at all."""
    found = ask(Asker(), version, "GET", "quotas")
    assert error(found) == (400, "UnsupportedApiVersion")
    told = json.loads(found.body)["error"]["message"]
    assert version in told
    assert told.endswith(f"The supported api-versions are '{', '.join(KNOWN)}'.")
    assert found.headers["api-supported-versions"] == ", ".join(KNOWN)


def test_without_a_version_nothing_is_done() -> None:
    """Each route says so; an address at which there is nothing is not found first."""
    asker = Asker()
    headers = {"x-ms-quantum-api-key": asker.key}
    found = asker.service.handle(make_request("DELETE", f"{WORKSPACE}/jobs/one", headers))
    assert error(found) == (400, "MissingApiVersionParameter")
    assert error(asker.service.handle(make_request("GET", f"{WORKSPACE}/nothing", headers))) == (404, "NotFound")


@pytest.mark.parametrize("version", KNOWN)
def test_delete_ends_a_job_in_older_versions_and_removes_it_in_today_s(version: str) -> None:
    """204 either way, and in either way it is gone that was asked for: the work, or the job."""
    asker = Asker()
    asker.make("one")
    found = ask(asker, version, "DELETE", "jobs/one")
    assert (found.status, found.body) == (204, b"")
    if version >= CANCELS:
        assert "one" not in asker.service.jobs
    else:
        assert asker.json("GET", "jobs/one")["status"] == "CancellationRequested"
    assert error(ask(asker, version, "DELETE", "jobs/two")) == (404, "JobNotFound")


def test_delete_in_an_older_version_leaves_a_job_that_has_ended_as_it_is() -> None:
    """With its results."""
    asker = Asker()
    asker.make("one")
    asker.clock.sleep(60)
    assert ask(asker, BEFORE, "DELETE", "jobs/one").status == 204
    job = asker.json("GET", "jobs/one")
    assert job["status"] == "Succeeded"
    assert asker.store("GET", job["outputDataUri"]).status == 200


@pytest.mark.parametrize(
    ("method", "path", "last"),
    [
        ("POST", "jobs/one:cancel", BEFORE),
        ("GET", "quotaUsages", CANCELS),
    ],
)
def test_what_came_later_is_not_there_before(method: str, path: str, last: str) -> None:
    """404, and nothing happens."""
    asker = Asker()
    asker.make("one")
    found = ask(asker, last, method, path)
    assert error(found) == (404, "NotFound")
    assert "before the api-version" in json.loads(found.body)["error"]["message"]
    assert asker.json("GET", "jobs/one")["status"] == "Waiting"
    assert ask(asker, TODAY, method, path).status in (200, 400)


@pytest.mark.parametrize(
    ("version", "made"), [(TODAY, True), ("2027-01-01", True), (CANCELS, False), (KNOWN[0], False)]
)
def test_the_container_of_an_address_is_made_by_the_service_or_by_the_client(version: str, made: bool) -> None:
    """Older clients look, make it, and look again; then they upload as ever."""
    asker = Asker()
    found = ask(asker, version, "POST", "storage/sasUri", {"containerName": "job-one"})
    address = json.loads(found.body)["sasUri"]
    looked = f"{address}&restype=container"
    upload = within(address, "inputData")
    assert asker.store("GET", looked).status == (200 if made else 404)
    assert asker.store("PUT", upload, x_ms_blob_type="BlockBlob").status == (201 if made else 404)
    assert asker.store("PUT", looked).status == (409 if made else 201)
    assert asker.store("GET", looked).status == 200
    assert asker.store("PUT", upload, x_ms_blob_type="BlockBlob").status == 201
    assert ask(asker, version, "PUT", "jobs/one", job_body(address)).status == 200


@pytest.mark.parametrize("version", KNOWN)
def test_size_and_profile_of_a_target_are_told_today_only(version: str) -> None:
    """Before, there were four fields, as recorded."""
    told = json.loads(ask(Asker(), version, "GET", "providerStatus").body)["value"][0]["targets"][0]
    new = {"numQubits", "targetProfile"} if version == TODAY else set()
    assert told.keys() == {"id", "currentAvailability", "averageQueueTime", "statusPage"} | new
