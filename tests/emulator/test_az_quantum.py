"""What `az quantum` (the extension of Azure's command line, 1.0.0b28 of 2026) sends, command by command.

Its data plane is a copy of the SDK's generated client; the requests here have the addresses, parameters and bodies that
it forms, with the bearer token of the login, which is the same for the resource manager.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from emulator.asking import BELL_LL, KEY, SUBSCRIPTION, WORKSPACE, Asker, error, within

from qamctl.emulator.front.hosts import LOGIN, MANAGEMENT, respond
from qamctl.emulator.messages import Response, make_request

#: Of the data plane, of Microsoft.Quantum, of Azure's resources, and of the storage.
DATA, CONTROL, RESOURCES, BLOBS = "2026-01-15-preview", "2025-12-15-preview", "2024-11-01", "2025-11-05"

SUBMITTED = {
    "name": "quil", "inputDataFormat": "rigetti.quil.v1", "outputDataFormat": "rigetti.quil-results.v1",
    "inputParams": {"count": 20}, "providerId": "rigetti", "target": "rigetti.sim.qvm", "metadata": None, "tags": [],
}  # fmt: skip
QUIL = b"DECLARE ro BIT[2]\nH 0\nCNOT 0 1\nMEASURE 0 ro[0]\nMEASURE 1 ro[1]\n"


class Az(Asker):
    """The command line, logged in as a service principal."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(workspaces=[f"{SUBSCRIPTION}/rg/ws1"], **settings)
        form = {"grant_type": "client_credentials", "client_id": "me", "client_secret": KEY, "scope": "x/.default"}
        url = f"https://{LOGIN}/tenant/oauth2/v2.0/token"
        found = respond(self.service, make_request("POST", url, {}, urlencode(form).encode()))
        self.bearer = {"Authorization": f"Bearer {json.loads(found.body)['access_token']}"}
        self.endpoint = self.arm("GET", WORKSPACE)["properties"]["endpointUri"].rstrip("/")

    def arm(self, method: str, path: str, version: str = CONTROL, status: int = 200, **query: str) -> Any:
        """Ask the resource manager."""
        parameters = urlencode({f"${name}": value for name, value in query.items()} | {"api-version": version})
        url = f"https://{MANAGEMENT}{path}?{parameters}"
        found = respond(self.service, make_request(method, url, self.bearer))
        assert found.status == status, found.body
        return json.loads(found.body)

    def data(self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: Any) -> Response:
        """Ask the data plane."""
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        headers = {**self.bearer, "Accept": "application/json"} | ({} if body is None else {"Content-Type": kind})
        parameters = urlencode({"api-version": DATA, **query})
        url = f"{self.endpoint}{WORKSPACE}/{path}?{parameters}"
        return respond(self.service, make_request(method, url, headers, b"" if body is None else body))

    def told(self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: Any) -> Any:
        """What the data plane has."""
        found = self.data(method, path, body, **query)
        assert found.status == 200, found.body
        return json.loads(found.body)

    def blob(self, method: str, url: str, body: bytes = b"", **headers: str) -> Response:
        """Ask the storage."""
        every = {"x-ms-version": BLOBS} | {name.replace("_", "-"): value for name, value in headers.items()}
        return respond(self.service, make_request(method, url, every, body))

    def submit(self, id: str, payload: bytes = QUIL, kind: str = "text/plain", **fields: Any) -> dict[str, Any]:
        """`az quantum job submit`: the provider of the target, the storage, the input, the job."""
        given = SUBMITTED | fields
        targets = {target["id"]: one["id"] for one in self.told("GET", "providerStatus")["value"]
                   for target in one["targets"]}  # fmt: skip
        assert targets[given["target"]] == given["providerId"]
        assert self.arm("GET", WORKSPACE)["properties"]["storageAccount"].endswith("/storageAccounts/qamctlemulator")
        container = self.told("POST", "storage/sasUri", {"containerName": f"job-{id}"})["sasUri"]
        found = self.blob(
            "PUT", within(container, "inputData"), payload, x_ms_blob_type="BlockBlob", if_none_match="*",
            x_ms_blob_content_type=kind, content_type="application/octet-stream",
        )  # fmt: skip
        assert found.status == 201
        made: dict[str, Any] = self.told("PUT", f"jobs/{id}", {**given, "containerUri": container})
        return made


def test_a_program_is_submitted_waited_for_and_read() -> None:
    """`run`, or `job submit`, `job wait` and `job output`: tokens are told to who shows the job, not to who submits."""
    az = Az(runner=None)
    made = az.submit("one")
    addresses = ("containerUri", "inputDataUri", "outputDataUri")
    assert (made["status"], [name for name in addresses if "?" in made[name]]) == ("Waiting", [])
    az.clock.sleep(60)
    job = az.told("GET", "jobs/one")
    assert (job["status"], [name for name in addresses if "sig=" not in job[name]]) == ("Succeeded", [])
    head = az.blob("HEAD", job["outputDataUri"])
    assert (head.status, head.headers["x-ms-blob-type"]) == (200, "BlockBlob")
    assert {"ETag", "Last-Modified", "Content-Type"} <= head.headers.keys()
    found = az.blob("GET", job["outputDataUri"], x_ms_range="bytes=0-33554431")
    assert (found.status, len(json.loads(found.body)["ro"])) == (206, 20)


def test_qir_is_submitted_with_what_the_command_line_adds() -> None:
    """Entry point, capability, shots and arguments are parameters; there is no address of the input, and no name."""
    az = Az(runner=None)
    params = {"targetCapability": "Base", "entryPoint": "ENTRYPOINT__main", "arguments": [], "shots": 100}
    fields = {"name": None, "inputDataFormat": "qir.v1", "outputDataFormat": "microsoft.quantum-results.v1"}
    made = az.submit("one", BELL_LL, "application/x-qir.v1", **fields, inputParams=params, tags=["a", "b"],
                     metadata={"who": "me"}, providerId="quantinuum", target="quantinuum.sim.h2-1e")  # fmt: skip
    assert (made["inputParams"], made["tags"], made["metadata"]) == (params, ["a", "b"], {"who": "me"})
    az.clock.sleep(60)
    job = az.told("GET", "jobs/one")
    assert (job["status"], job["name"]) == ("Succeeded", "azure-quantum-job")
    output = json.loads(az.blob("GET", job["outputDataUri"], x_ms_range="bytes=0-33554431").body)
    assert sum(output["Histogram"][1::2]) == pytest.approx(1.0)
    assert az.blob("GET", job["inputDataUri"]).headers["Content-Type"] == "application/x-qir.v1"


def test_what_failed_is_shown_with_its_error() -> None:
    """`job output` of a job that failed shows the job."""
    az = Az()
    az.submit("one", b"bad")
    az.clock.sleep(60)
    job = az.told("GET", "jobs/one")
    assert (job["status"], job["errorData"]["code"], job["target"]) == ("Failed", "InvalidInputData", "rigetti.sim.qvm")
    assert error(az.data("GET", "jobs/two")) == (404, "JobNotFound")


def test_jobs_are_cancelled_removed_and_changed() -> None:
    """`job cancel`, `job delete` and `job update`, which asks for the job afterwards."""
    az = Az()
    for id in ("one", "two"):
        az.submit(id)
    assert az.data("POST", "jobs/one:cancel").status in (200, 204)
    az.clock.sleep(3)
    assert az.told("GET", "jobs/one")["status"] == "Cancelled"
    assert az.data("DELETE", "jobs/one").status == 204
    assert error(az.data("GET", "jobs/one")) == (404, "JobNotFound")
    for address in ("jobs/two", "jobUpdateOptions/two"):
        az.told("PATCH", address, {"name": "New name", "priority": "High", "tags": ["a", "b"]})
        job = az.told("GET", "jobs/two")
        assert (job["name"], job["priority"], job["tags"]) == ("New name", "High", ["a", "b"])
        az.told("PATCH", address, {"tags": []})
        job = az.told("GET", "jobs/two")
        assert (job["name"], job["tags"]) == ("New name", [])
        az.told("PATCH", address, {"name": "Old name"})


@pytest.mark.parametrize("version", ["2023-11-13-preview", "2024-10-01-preview"])
def test_the_command_line_before_2026_cancels_by_delete(version: str) -> None:
    """It waits for the job's end afterwards, so that the job has to stay."""
    az = Az()
    az.submit("one")
    assert az.data("DELETE", "jobs/one", **{"api-version": version}).status == 204
    az.clock.sleep(3)
    assert az.told("GET", "jobs/one", **{"api-version": version})["status"] == "Cancelled"


def test_files_of_a_job_are_listed_and_read_with_the_token_of_its_container() -> None:
    """`job file list` and `job file download`."""
    az = Az()
    az.submit("one")
    az.clock.sleep(60)
    container = az.told("GET", "jobs/one")["containerUri"]
    found = az.blob("GET", f"{container}&restype=container&comp=list")
    blobs = ElementTree.fromstring(found.body.decode()).findall("Blobs/Blob")
    assert [one.findtext("Name") for one in blobs] == ["inputData", "rawOutputData"]
    assert [one.findtext("Properties/Content-Length") for one in blobs] == [str(len(QUIL)), "23"]
    assert all((one.findtext("Properties/Last-Modified") or "").endswith(" GMT") for one in blobs)
    found = az.blob("GET", within(container, "inputData"), x_ms_range="bytes=0-33554431")
    assert (found.status, found.body) == (206, QUIL)
    missing = az.blob("GET", within(container, "nothing"), x_ms_range="bytes=0-33554431")
    assert (missing.status, missing.headers["x-ms-error-code"]) == (404, "BlobNotFound")


@pytest.fixture(scope="module")
def many() -> Az:
    """Jobs a to e, one a day, of two targets; c failed and e waits."""
    az = Az()
    for number, name in enumerate("abcd"):
        more: dict[str, Any] = {} if number % 2 else {"providerId": "ionq", "target": "ionq.simulator"}
        az.submit(name, b"bad" if name == "c" else QUIL, name=f"job {name}", **more)
        az.clock.sleep(86_400)
    az.submit("e", name="other")
    return az


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({}, "abcde"),
        ({"filter": "JobType eq 'QuantumComputing'"}, "abcde"),
        ({"filter": "JobType eq 'Optimization'"}, ""),
        ({"filter": "ItemType eq 'job'"}, "abcde"),
        ({"filter": "(ProviderId eq 'IonQ' or ProviderId eq 'Microsoft')"}, "ac"),
        ({"filter": "Target eq 'rigetti.sim.qvm'"}, "bde"),
        ({"filter": "(State eq 'Failed' or State eq 'Waiting')"}, "ce"),
        ({"filter": "CreationTime ge 2026-11-19"}, "bcde"),
        ({"filter": "CreationTime ge 2026-11-19T00:00:00Z and CreationTime le 2026-11-21"}, "bc"),
        ({"filter": "startswith(Name, 'JOB')"}, "abcd"),
        ({"filter": "JobType eq 'QuantumComputing' and (State eq 'Succeeded' or State eq 'Failed') and "
                    "CreationTime ge 2026-11-19 and startswith(Name, 'job')"}, "bcd"),
        ({"skip": 1}, "bcde"),
        ({"skip": 1, "top": 2}, "bc"),
        ({"orderby": "Target"}, "acbde"),
        ({"orderby": "Target", "skip": 2}, "bde"),
        ({"orderby": "Target", "top": 1}, "a"),
        ({"orderby": "CreationTime desc", "top": 2}, "ed"),
        ({"orderby": "Name asc", "filter": "ProviderId eq 'rigetti'"}, "bde"),
        ({"orderby": "State desc", "top": 1}, "e"),
    ],
)  # fmt: skip
def test_jobs_are_listed_as_the_flags_say(many: Az, query: dict[str, Any], ids: str) -> None:
    """`job list` with --job-type, --item-type, --provider-id, --target-id, --status, --created-after and -before,
    --job-name, --skip, --top, --orderby and --order; it shows the first page."""
    page = many.told("GET", "jobs", None, **query)
    assert "".join(job["id"] for job in page["value"]) == ids
    assert (page["nextLink"] is None) == (len(ids) != query.get("top"))


def test_targets_and_quotas_are_listed() -> None:
    """`target list` and `workspace quotas`."""
    az = Az()
    (provider, *_) = az.told("GET", "providerStatus")["value"]
    assert {"id", "currentAvailability", "averageQueueTime"} <= provider["targets"][0].keys()
    (quota, *_) = az.told("GET", "quotas")["value"]
    assert {"dimension", "scope", "providerId", "utilization", "holds", "limit", "period"} == quota.keys()


def test_a_workspace_is_shown_listed_and_tells_its_keys() -> None:
    """`workspace show`, `list` (of a subscription, a group, a region) and `keys list`; and of others nothing."""
    az = Az()
    shown = az.arm("GET", WORKSPACE)
    assert (shown["name"], shown["location"], shown["properties"]["provisioningState"]) == (
        "ws1",
        "eastus",
        "Succeeded",
    )
    kind = "resourceType eq 'Microsoft.Quantum/Workspaces'"
    for filter, names in (
        (kind, ["ws1"]), (f"resourceGroup eq 'rg' and {kind}", ["ws1"]), (f"location eq 'East US' and {kind}", ["ws1"]),
        (f"location eq 'westus' and {kind}", []), (f"resourceGroup eq 'other' and {kind}", []),
        ("resourceType eq 'Microsoft.Storage/storageAccounts'", []),
    ):  # fmt: skip
        found = az.arm("GET", f"/subscriptions/{SUBSCRIPTION}/resources", RESOURCES, filter=filter,
                       expand="createdTime,changedTime,provisioningState")["value"]  # fmt: skip
        assert [one["name"] for one in found] == names, filter
        assert all(one["id"].endswith("/providers/Microsoft.Quantum/Workspaces/ws1") for one in found)
    assert az.arm("GET", f"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg", RESOURCES)["name"] == "rg"
    az.arm("GET", f"/subscriptions/{SUBSCRIPTION}/resourcegroups/other", RESOURCES, status=404)
    keys = az.arm("POST", f"{WORKSPACE}/listKeys")
    assert (keys["apiKeyEnabled"], keys["primaryKey"]["key"]) == (True, KEY)
    path = f"{WORKSPACE}/quotas?api-version={DATA}"
    headers = {"x-ms-quantum-api-key": keys["secondaryKey"]["key"]}
    assert respond(az.service, make_request("GET", f"{az.endpoint}{path}", headers)).status == 200
