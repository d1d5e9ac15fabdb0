"""The SDK's blobs as its documentation has them: its storage over plain http, and all that is left over https.

What goes over https goes in a process of its own, which only its environment leads to the emulator.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from emulator.asking import BELL_LL, SUBSCRIPTION
from support.sdk_room import Room, declare, room, uses

from qamctl.emulator.front.proxy import proxy
from qamctl.emulator.service import AzureService

KEY = "c4n4ry-0123456789"
CONNECTION = (
    f"SubscriptionId={SUBSCRIPTION};ResourceGroupName=rg;WorkspaceName=ws1;ApiKey={KEY};"
    "QuantumEndpoint=https://eastus.quantum.azure.com/;"
)


@pytest.fixture(scope="module")
def here() -> Iterator[Room]:
    """An emulator for all that goes over plain http."""
    with room() as found:
        yield found


def container(here: Room, name: str) -> Any:
    """A container that is open."""
    from azure.storage.blob import ContainerClient

    return ContainerClient.from_container_url(here.workspace().get_container_uri(container_name=name))


@uses("storage.upload_blob container blob_name content_type content_encoding data", "storage.download_blob",
      "storage.download_blob_properties", "storage.remove_sas_token")  # fmt: skip
def test_a_blob_goes_up_and_comes_down(here: Room) -> None:
    """With its type and encoding; one that is there already is an error."""
    from azure.core.exceptions import ResourceExistsError
    from azure.quantum import storage

    box = container(here, "up-and-down")
    address = storage.upload_blob(box, "x.txt", "text/plain", "identity", b"data", return_sas_token=False)
    opened = box.get_blob_client("x.txt").url
    assert address == storage.remove_sas_token(opened) == storage.remove_sas_token(address)
    assert storage.download_blob(opened) == b"data"
    found = storage.download_blob_properties(opened)
    kind = found.content_settings
    assert (found.size, kind.content_type, kind.content_encoding) == (4, "text/plain", "identity")
    with pytest.raises(ResourceExistsError):
        storage.upload_blob(box, "x.txt", "text/plain", "", b"other", return_sas_token=False)
    assert storage.download_blob(opened) == b"data"


@uses("storage.set_blob_metadata metadata", "storage.download_blob_metadata")
def test_a_blob_has_metadata(here: Room) -> None:
    """As it was set last."""
    from azure.quantum import storage

    blob = container(here, "metadata").upload_blob("x", b"data")
    assert storage.download_blob_metadata(blob.url) == {}
    for told in ({"a": "1", "b": "two"}, {"c": "3"}):
        storage.set_blob_metadata(blob.url, metadata=told)
        assert storage.download_blob_metadata(blob.url) == told
    assert storage.download_blob(blob.url) == b"data"


@uses("storage.StreamedBlob container blob_name content_type content_encoding", "storage.StreamedBlob.upload_data",
      "storage.StreamedBlob.commit metadata", "storage.StreamedBlob.getUri")  # fmt: skip
def test_a_blob_goes_up_in_pieces(here: Room) -> None:
    """It is there once they are committed."""
    from azure.core.exceptions import ResourceNotFoundError
    from azure.quantum.storage import StreamedBlob, download_blob, download_blob_metadata

    box = container(here, "pieces")
    blob = StreamedBlob(box, "x", "text/plain", "")
    with pytest.raises(Exception, match="cannot commit before"):
        blob.commit()
    for piece in (b"one,", b"two,", b"three"):
        blob.upload_data(piece)
    opened = box.get_blob_client("x").url
    with pytest.raises(ResourceNotFoundError):
        download_blob(opened)
    blob.commit(metadata={"pieces": "3"})
    assert blob.getUri() == opened.partition("?")[0]
    assert download_blob(opened) == b"one,two,three"
    assert download_blob_metadata(opened) == {"pieces": "3"}
    with pytest.raises(Exception, match="already committed"):
        blob.commit()


#: What the process below calls.
HTTPS = (
    "Workspace", "Workspace.from_connection_string connection_string", "Workspace.location", "Workspace.name",
    "Workspace.get_targets name", "Workspace.list_jobs", "Workspace.get_job", "Workspace.cancel_job",
    "Workspace.list_top_level_items", "Workspace.get_quotas", "Workspace.get_container_uri job_id",
    "rigetti.Rigetti.submit", "Target.open_session", "Session.list_jobs", "Session.__exit__",
    "Job.wait_until_completed", "Job.get_results", "Job.get_results_histogram", "Job.get_results_shots",
    "Job.container_name", "Job.download_data", "Job.update tags", "Job.delete", "Job.list_attachments",
    "Job.upload_attachment name data", "Job.upload_attachment container_uri", "Job.download_attachment name",
    "Job.download_attachment container_uri", "storage.download_blob",
)  # fmt: skip

SCRIPT = """
import contextlib, io, json, os, sys
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.quantum import Workspace
from azure.quantum.storage import download_blob
from support.sdk_room import declare, seen, submit

program = sys.stdin.buffer.read()
told = {}
with contextlib.redirect_stdout(io.StringIO()), seen(declare(*json.loads(sys.argv[1]))) as made:
    workspace = Workspace()
    same = Workspace.from_connection_string(connection_string=os.environ["AZURE_QUANTUM_CONNECTION_STRING"])
    told["places"] = [(one.name, one.location) for one in (workspace, same)]
    told["providers"] = sorted(quota["providerId"] for quota in same.get_quotas())
    target = workspace.get_targets(name="rigetti.sim.qvm")
    with target.open_session(name="s") as session:
        inside = submit(same, program, name="outside")
        first = target.submit(program, name="first", shots=100, input_data_format="qir.v1", content_type="qir.v1",
                              output_data_format="microsoft.quantum-results.v2")
        first.wait_until_completed()
    told["inside"] = [job.details.name for job in session.list_jobs()]
    told["session"] = session.details.status
    counts = {key: entry["count"] for key, entry in first.get_results_histogram().items()}
    told["agree"] = first.get_results() == {key: count / 100 for key, count in counts.items()}
    told["shots"] = len(first.get_results_shots())
    told["input"] = first.download_data(first.details.input_data_uri) == program

    told["container"] = first.container_name == "job-" + first.id
    told["before"] = [blob.name for blob in first.list_attachments()]
    address = first.upload_attachment(name="notes", data=b"mine")
    opened = workspace.get_container_uri(job_id=first.id)
    told["address"] = [address.partition("?")[2], address == opened.partition("?")[0] + "/notes"]
    first.upload_attachment(name="more", data=b"{}", container_uri=opened)
    try:
        first.upload_attachment(name="notes", data=b"other")
    except ResourceExistsError as error:
        told["twice"] = error.status_code
    told["after"] = [(blob.name, blob.size) for blob in first.list_attachments() if blob.name in ("notes", "more")]
    told["notes"] = first.download_attachment(name="notes").decode()
    told["more"] = first.download_attachment(name="more", container_uri=opened).decode()
    fresh = workspace.get_job(first.id)
    told["fresh"] = [fresh.download_attachment(name="inputData") == program,
                     download_blob(fresh.details.input_data_uri) == program]
    try:
        fresh.download_attachment(name="none")
    except ResourceNotFoundError as error:
        told["none"] = error.error_code

    told["tags"] = fresh.update(tags=["a"]).details.tags
    told["cancelled"] = workspace.cancel_job(fresh).details.status
    told["items"] = [item.details.name for item in workspace.list_top_level_items()]
    fresh.delete()
    told["left"] = [job.details.name for job in workspace.list_jobs()]
told["made"] = sorted(made)
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the process says of its calls, and the service that it asked."""
    folder = tmp_path_factory.mktemp("https")
    service = AzureService(key=KEY, seed=11, queue_seconds=0.02, run_seconds=0.02)
    with proxy(service, folder) as front:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("AZURE_")}
        environ |= {**front.environment, "QDK_PYTHON_TELEMETRY": "none", "HOME": str(folder)}
        environ |= {"XDG_STATE_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
        environ |= {"PYTHONPATH": str(Path(__file__).parents[1]), "AZURE_QUANTUM_CONNECTION_STRING": CONNECTION}
        command = [sys.executable, "-c", SCRIPT, json.dumps(HTTPS)]
        done = subprocess.run(command, cwd=folder, env=environ, input=BELL_LL, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    assert KEY.encode() not in done.stdout + done.stderr
    return {**json.loads(done.stdout), "service": service}


def test_all_that_is_said_to_go_over_https_does(told: Any) -> None:
    """Every call was made there, and every one of its requests came here."""
    assert {tuple(use) for use in told["made"]} == set(declare(*HTTPS))
    assert told["service"].requests["PUT job"] == 2
    assert told["service"].requests["GET blobs"] == 2


def test_a_connection_string_leads_to_a_workspace(told: Any) -> None:
    """From the environment and as an argument; jobs, sessions and results are what they are over plain http."""
    assert told["places"] == [["ws1", "eastus"]] * 2
    assert {"ionq", "quantinuum", "rigetti"} <= set(told["providers"])
    assert (told["inside"], told["session"]) == (["first"], "Succeeded")
    assert (told["agree"], told["shots"], told["input"]) == (True, 100, True)
    assert (told["tags"], told["cancelled"]) == (["a"], "Succeeded")
    assert (told["items"], told["left"]) == (["s", "outside"], ["outside"])


def test_attachments_are_listed_put_and_got(told: Any) -> None:
    """In the job's container; one that is there already is not written over, whatever the documentation says."""
    assert told["container"] is True
    assert told["before"] == ["inputData", "outputData"]
    assert told["address"] == ["", True]
    assert sorted(told["after"]) == [["more", 2], ["notes", 4]]
    assert (told["notes"], told["more"], told["fresh"]) == ("mine", "{}", [True, True])
    assert (told["twice"], told["none"]) == (409, "BlobNotFound")
