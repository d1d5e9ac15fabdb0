"""The service with its blobs in a real Azurite, asked by the unmodified SDK; and what it says where Azurite fails."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from emulator.asking import BELL_LL, SUBSCRIPTION, V2, WORKSPACE, Asker, error, job_body
from support.azurite import ANY_VERSION, Running, closed_port, owner, started

from qamctl.azure.clock import SystemClock
from qamctl.emulator.azurite import PUBLIC_KEY, Azurite
from qamctl.emulator.faults import HEADER
from qamctl.emulator.front.proxy import proxy
from qamctl.emulator.front.server import serve
from qamctl.emulator.service import AzureService, make_request
from qamctl.errors import AuthError, TemporaryError, UnsupportedError, UsageError

QIR = {"input_data_format": "qir.v1", "content_type": "qir.v1", "output_data_format": V2}
OWN_KEY = "b3duLWtleQ=="


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One Azurite for all tests that do not stop it."""
    with started(tmp_path_factory.mktemp("azurite"), ANY_VERSION) as found:
        yield found


@pytest.fixture
def azurite(running: Running) -> Azurite:
    """It, as the service has it."""
    found = Azurite(running.url)
    found.check()
    return found


@pytest.fixture
def service(azurite: Azurite) -> AzureService:
    """Jobs take a moment, and their blobs lie in Azurite."""
    return AzureService(seed=11, queue_seconds=0.05, run_seconds=0.05, storage=azurite, base_url=azurite.url)


@pytest.fixture
def workspace(service: AzureService) -> Iterator[Any]:
    """The SDK's workspace; what it prints while it waits is dropped."""
    os.environ.setdefault("QDK_PYTHON_TELEMETRY", "none")
    from azure.core.credentials import AzureKeyCredential
    from azure.quantum import Workspace

    with serve(service) as url, contextlib.redirect_stdout(io.StringIO()):
        yield Workspace(
            subscription_id=SUBSCRIPTION, resource_group="rg", name="ws1", location="eastus",
            credential=AzureKeyCredential("emulator-key"), _quantum_endpoint=url, _from_connection_string=True,
        )  # fmt: skip


def submit(workspace: Any, payload: bytes = BELL_LL, **options: Any) -> Any:
    """A job of QIR."""
    given = {"name": "bell", "shots": 1000, "input_params": {"items": [{"entryPoint": "ENTRYPOINT__main"}]}}
    return workspace.get_targets("rigetti.sim.qvm").submit(payload, **(given | QIR | options))


def test_results_come_from_azurite(workspace: Any, service: AzureService, azurite: Azurite) -> None:
    """Every blob goes there and comes from there; the service itself is asked for none."""
    job = submit(workspace)
    histogram = job.get_results_histogram()
    assert set(histogram) <= {"[0, 0, 0]", "[0, 1, 1]", "[1, 0, 0]", "[1, 1, 1]"}
    assert sum(entry["count"] for entry in histogram.values()) == 1000
    assert len(job.get_results_shots()) == 1000
    assert job.details.status == "Succeeded"
    assert job.details.output_data_uri.startswith(f"{azurite.url}/job-{job.id}/outputData?")
    assert job.download_data(job.details.input_data_uri) == BELL_LL
    assert not [kind for kind in service.requests if "blob" in kind or "block" in kind]


def test_a_bad_program_fails_with_its_error(workspace: Any, azurite: Azurite) -> None:
    """And has no output."""
    job = submit(workspace, b"garbage")
    with pytest.raises(RuntimeError, match="InvalidInputData"):
        job.get_results()
    assert [blob.name for blob in owner(azurite).get_container_client(f"job-{job.id}").list_blobs()] == ["inputData"]


def test_an_input_of_80_mib_arrives_in_blocks_and_leaves_in_ranges(workspace: Any, azurite: Azurite) -> None:
    """Whole both ways."""
    from azure.storage.blob import BlobClient

    payload = os.urandom(1024) * (80 * 1024)
    job = submit(workspace, payload, name="big")
    blocks, _ = owner(azurite).get_blob_client(f"job-{job.id}", "inputData").get_block_list("all")
    assert [block.size for block in blocks] == [4 * 1024 * 1024] * 20
    address = workspace.get_job(job.id).details.input_data_uri
    assert job.download_data(address) == payload
    assert BlobClient.from_blob_url(address).download_blob(offset=1000, length=5).readall() == payload[1000:1005]
    assert azurite.read(f"job-{job.id}", "inputData") == payload


def test_attachments_are_put_listed_and_read(workspace: Any) -> None:
    """By the container's addresses; the SDK's own look-up of a container knows Azure's hosts only."""
    from azure.storage.blob import ContainerClient

    job = submit(workspace)
    job.wait_until_completed()
    opened = workspace.get_container_uri(job_id=job.id)
    job.upload_attachment("my notes/ä.txt", b"mine", container_uri=opened)
    assert job.download_attachment("my notes/ä.txt", container_uri=opened) == b"mine"
    listed = ContainerClient.from_container_url(job.details.container_uri).list_blobs()
    assert [blob.name for blob in listed] == ["inputData", "my notes/ä.txt", "outputData"]
    alone = workspace._get_linked_storage_sas_uri(f"job-{job.id}", "my notes/ä.txt")
    assert job.download_data(alone) == b"mine"


def test_a_blob_is_saved_under_the_jobs_name(workspace: Any) -> None:
    """Azurite sends the header that the token says."""
    from azure.storage.blob import BlobClient

    job = submit(workspace, name="ball & chain")
    job.wait_until_completed()
    settings = BlobClient.from_blob_url(job.details.output_data_uri).get_blob_properties().content_settings
    assert settings.content_disposition == f"attachment; filename=ball+%26+chain-{job.id}.output.json"


def test_a_second_upload_of_the_same_input_is_refused_by_azurite(workspace: Any, service: AzureService) -> None:
    """409 BlobAlreadyExists, and one job."""
    from azure.core.exceptions import ResourceExistsError

    id = "0f0e0d0c-0000-4000-8000-00000000beef"
    submit(workspace, job_id=id)
    with pytest.raises(ResourceExistsError, match="BlobAlreadyExists"):
        submit(workspace, job_id=id)
    assert service.created == {id: 1}


def test_rights_and_end_of_a_token_are_kept_by_azurite(workspace: Any, service: AzureService, azurite: Azurite) -> None:
    """A token that the service gives as expired, one for reading only, and one that somebody lengthened."""
    from azure.core.exceptions import HttpResponseError
    from azure.storage.blob import BlobClient

    job = submit(workspace)
    now = SystemClock().now()

    def refused(address: str, *, write: bool = False) -> str:
        client = BlobClient.from_blob_url(address, retry_total=0)
        with pytest.raises(HttpResponseError) as found:
            client.upload_blob(b"x", overwrite=True) if write else client.download_blob()
        assert found.value.status_code == 403
        return str(getattr(found.value.error_code, "value", found.value.error_code))

    place = (f"job-{job.id}", "inputData")
    valid = azurite.blob_address("", *place, now - 600, now + 600, "")
    asked = {HEADER: "expired", "x-ms-quantum-api-key": "emulator-key"}
    told = service.handle(make_request("GET", f"{WORKSPACE}/jobs/{job.id}?api-version=2026-01-15-preview", asked))
    expired = json.loads(told.body)["inputDataUri"]
    end = valid.partition("&se=")[2].partition("&")[0]
    assert BlobClient.from_blob_url(valid).download_blob().readall() == BELL_LL
    assert refused(expired) == refused(valid.replace(end, end.replace("20", "21", 1))) == "AuthorizationFailure"
    assert refused(valid, write=True) == "AuthorizationPermissionMismatch"
    expired = azurite.upload_address("", *place, now - 600, now - 1)
    assert refused(expired, write=True) == "AuthorizationFailure"


def test_a_removed_job_leaves_no_container(workspace: Any, azurite: Azurite) -> None:
    """Nor an error, where the container is gone already."""
    one, two = submit(workspace), submit(workspace)
    assert owner(azurite).get_container_client(f"job-{one.id}").exists()
    one.delete()
    assert not owner(azurite).get_container_client(f"job-{one.id}").exists()
    owner(azurite).delete_container(f"job-{two.id}")
    two.delete()


def test_a_job_whose_input_was_never_put_fails(azurite: Azurite) -> None:
    """And one whose container can't exist is refused, without a question to Azurite."""
    asker = Asker(storage=azurite, base_url=azurite.url)
    assert asker.ask("PUT", "jobs/one", job_body(asker.container("never-put"))).status == 200
    asker.clock.sleep(20)
    assert asker.json("GET", "jobs/one")["errorData"]["code"] == "InputDataNotFound"
    assert asker.ask("DELETE", "jobs/one").status == 204
    for place in (f"{azurite.url}/NO-NAME", f"{azurite.url}/..", f"{azurite.url}/\ud800", "http://127.0.0.1/x/y"):
        assert asker.ask("PUT", "jobs/two", job_body(place)).status == 400


def test_an_output_makes_its_container_anew(azurite: Azurite) -> None:
    """Where somebody removed it while the job ran."""
    azurite.make("made-twice")
    azurite.make("made-twice")
    azurite.drop("made-twice")
    azurite.write("made-twice", "outputData", b"{}", 0.0, "application/json")
    assert azurite.read("made-twice", "outputData") == b"{}"
    found = owner(azurite).get_blob_client("made-twice", "outputData").get_blob_properties()
    assert found.content_settings.content_type == "application/json"


def test_clients_of_azures_hosts_find_the_blobs_here(service: AzureService, azurite: Azurite, tmp_path: Path) -> None:
    """Over https with a connection string, in a process of its own: the addresses of blobs stay plain http."""
    code = """
import contextlib, io, json, sys
from azure.quantum import Workspace
with contextlib.redirect_stdout(io.StringIO()):
    job = Workspace().get_targets("rigetti.sim.qvm").submit(sys.stdin.read(), name="bell", shots=100,
        **json.loads(sys.argv[1]))
    found = job.get_results()
print(json.dumps([job.details.container_uri.partition("?")[0], sum(found.values())]))
"""
    connection = f"SubscriptionId={SUBSCRIPTION};ResourceGroupName=rg;WorkspaceName=ws1;ApiKey=emulator-key;"
    with proxy(service, tmp_path) as front:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("AZURE_")}
        environ |= {**front.environment, "QDK_PYTHON_TELEMETRY": "none", "HOME": str(tmp_path)}
        environ["AZURE_QUANTUM_CONNECTION_STRING"] = f"{connection}QuantumEndpoint=https://eastus.quantum.azure.com/;"
        command = [sys.executable, "-c", code, json.dumps(QIR)]
        done = subprocess.run(command, cwd=tmp_path, env=environ, input=BELL_LL, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    place, total = json.loads(done.stdout.splitlines()[-1])
    assert (place, total) == (f"{azurite.url}/job-{next(iter(service.jobs))}", pytest.approx(1.0))


def test_jobs_outlast_an_azurite_that_hangs(tmp_path: Path) -> None:
    """503 for as long as it does, no job is decided; afterwards the same job succeeds."""
    with started(tmp_path, ANY_VERSION) as hanging:
        azurite = Azurite(hanging.url, patience=0.2)
        asker = Asker(storage=azurite, base_url=azurite.url)
        patient = Azurite(hanging.url)
        for id in ("one", "two"):
            patient.make(f"job-{id}")
            patient.write(f"job-{id}", "inputData", b"12345", 0.0, "qir.v1")
            container = patient.container_address("", f"job-{id}", 0.0, 1.0)
            assert asker.ask("PUT", f"jobs/{id}", job_body(container)).status == 200
        asker.clock.sleep(20)
        hanging.signal(signal.SIGSTOP)
        assert error(asker.ask("GET", "jobs/one")) == (503, "ServiceUnavailable")
        assert error(asker.ask("GET", "jobs")) == (503, "ServiceUnavailable")
        assert error(asker.ask("POST", "storage/sasUri", {"containerName": "new"})) == (503, "ServiceUnavailable")
        assert asker.service.jobs["one"].outcome is None
        with pytest.raises(TemporaryError, match="does not answer"):
            asker.service.status("one")
        hanging.signal(signal.SIGCONT)
        for _ in range(100):  # the first answers may come too late for so little patience
            found = asker.ask("GET", "jobs/one")
            if found.status == 200:
                break
        assert json.loads(found.body)["status"] == "Succeeded"
        assert patient.read("job-one", "outputData") == b'{"payload": "5 bytes"}'


def test_what_is_wrong_is_told_at_the_start(tmp_path: Path) -> None:
    """Another key, and versions of the API that are checked, each with what to do."""
    account = f"devstoreaccount1:{OWN_KEY}:c2Vjb25k"
    with started(tmp_path, accounts=f"other:{PUBLIC_KEY};{account}") as checking:
        with pytest.raises(AuthError, match="has another key: set AZURITE_ACCOUNTS as it was started") as refused:
            Azurite(checking.url).check()
        assert PUBLIC_KEY not in str(refused.value)
        with pytest.raises(TemporaryError, match="answers with status 403: look whether it is well"):
            Azurite(checking.url).make("refused")
        known = Azurite(checking.url, {"AZURITE_ACCOUNTS": f"other:{PUBLIC_KEY}; {account};"})
        with pytest.raises(UnsupportedError, match="start it by azurite-blob --skipApiVersionCheck"):
            known.check()
        known.make("own-key")
        known.write("own-key", "some", b"x", 0.0, "text/plain")
        assert known.read("own-key", "some") == b"x"


def test_nothing_and_something_else_at_the_address_are_told_apart() -> None:
    """75 for what may start yet, 2 for what is no Azurite."""
    nobody = Azurite(f"http://127.0.0.1:{closed_port()}")
    with pytest.raises(TemporaryError, match="does not answer: start it by azurite-blob"):
        nobody.check()
    assert error(Asker(storage=nobody).ask("POST", "storage/sasUri", {"containerName": "new"}))[0] == 503
    with serve(AzureService()) as url, pytest.raises(UsageError, match="is no Azurite"):
        Azurite(url).check()


@pytest.mark.parametrize("end", ["", "/", "/devstoreaccount1", "/devstoreaccount1/"])
def test_the_address_is_completed(end: str) -> None:
    """By Azurite's port and account."""
    assert Azurite(f"http://127.0.0.1{end}").url == "http://127.0.0.1:10000/devstoreaccount1"
    assert Azurite(f"http://localhost:8000{end}").url == "http://localhost:8000/devstoreaccount1"
    assert Azurite(f"http://[::1]:8000{end}").url == "http://[::1]:8000/devstoreaccount1"


@pytest.mark.parametrize(
    ("address", "wrong"),
    [
        ("http://192.0.2.1:10000", "not plain http on this machine"),
        ("http://storage.example.com", "not plain http on this machine"),
        ("https://127.0.0.1:10000", "not plain http on this machine"),
        ("http://me:secret@127.0.0.1:10000", "not plain http on this machine"),
        ("127.0.0.1:10000", "not plain http on this machine"),
        ("http://127.0.0.1:port", "not a URL"),
        ("http://127.0.0.1:10000/another", "more than its account devstoreaccount1"),
        ("http://127.0.0.1:10000/?sig=secret", "more than its account devstoreaccount1"),
    ],
)
def test_other_addresses_are_refused(address: str, wrong: str) -> None:
    """Nothing is sent to another machine, and nothing of the address is repeated."""
    with pytest.raises(UsageError, match=wrong) as refused:
        Azurite(address)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("accounts", ["another:a2V5", "devstoreaccount1", "devstoreaccount1:", "devstoreaccount1:no!"])
def test_accounts_without_a_key_are_refused(accounts: str) -> None:
    """The message says how they are written, without what was."""
    with pytest.raises(UsageError, match="as devstoreaccount1:KEY") as refused:
        Azurite("http://127.0.0.1", {"AZURITE_ACCOUNTS": accounts})
    assert "no!" not in str(refused.value)
