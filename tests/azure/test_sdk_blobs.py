"""Inputs and outputs in the storage: containers, signed addresses, and what is refused."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.replay import SAS, SIGNATURE, Answer, answering, as_json, job_json, sent, submission

from qamctl.azure.sdk_blobs import check, is_signed, split
from qamctl.azure.service import RemoteJob, ServiceFault, Uploaded

RUN = RemoteJob("x", "n", "t", "p", "Succeeded")


def test_a_container_that_is_not_there_is_made() -> None:
    """Older services leave it to the client; that another client was faster is no fault."""
    missing = Answer(404, b"", {"x-ms-error-code": "ContainerNotFound"})
    there = Answer(409, b"", {"x-ms-error-code": "ContainerAlreadyExists"})
    for made in (Answer(201), there):
        azure = answering(as_json({"sasUri": SAS}), missing, made, Answer(201))
        uploaded = azure.upload(submission())
        assert uploaded == Uploaded(SAS, "https://store.blob.core.windows.net/job-x/inputData")
        asked = [(one.method, parse_qs(urlsplit(one.url).query).get("restype")) for one in sent(azure)]
        assert asked == [("POST", None), ("PUT", None), ("PUT", ["container"]), ("PUT", None)]


def test_a_container_that_is_being_deleted_is_a_fault() -> None:
    """Another conflict than that it is there already is told."""
    missing = Answer(404, b"", {"x-ms-error-code": "ContainerNotFound"})
    deleted = Answer(409, b"", {"x-ms-error-code": "ContainerBeingDeleted"})
    with pytest.raises(ServiceFault) as caught:
        answering(as_json({"sasUri": SAS}), missing, deleted).upload(submission())
    assert (caught.value.status, caught.value.code) == (409, "ContainerBeingDeleted")


def test_storage_that_refuses_is_told_without_the_signature() -> None:
    """Status and code of the storage; the message names no signature."""
    said = SAS.replace("&", "&amp;")
    body = f'<?xml version="1.0"?><Error><Code>AuthenticationFailed</Code><Message>{said}</Message></Error>'
    refusal = Answer(403, body.encode(), {"x-ms-error-code": "AuthenticationFailed", "content-type": "application/xml"})
    with pytest.raises(ServiceFault) as caught:
        answering(as_json({"sasUri": SAS}), refusal).upload(submission())
    assert (caught.value.status, caught.value.code) == (403, "AuthenticationFailed")
    assert SIGNATURE not in caught.value.message


@pytest.mark.parametrize("said", [{}, [], {"sasUri": None}, {"sasUri": 3}])
def test_an_address_that_is_none_is_a_fault(said: object) -> None:
    """The service gives no address of storage: nobody knows why, and it may pass."""
    with pytest.raises(ServiceFault) as caught:
        answering(as_json(said)).upload(submission())
    assert caught.value.code == "BadAnswer"


@pytest.mark.parametrize(
    "address", ["http://store.example/c?sig=1", "ftp://store/c?sig=1", "store/c?sig=1", "http://[::2]/c"]
)
def test_nothing_is_sent_in_the_clear(address: str) -> None:
    """An address of storage that is not https is not used."""
    azure = answering(as_json({"sasUri": address}))
    with pytest.raises(ServiceFault) as caught:
        azure.upload(submission())
    assert (caught.value.code, caught.value.passing) == ("BadAddress", False)
    assert len(sent(azure)) == 1


def test_loopback_is_not_in_the_clear() -> None:
    """Addresses on this machine may be http."""
    for address in ("http://127.0.0.1:1/a/c", "http://localhost/a/c", "http://[::1]:2/a/c", "https://x/c"):
        check(address)


def blob(data: bytes) -> Answer:
    return Answer(206, data, {"content-range": f"bytes 0-{len(data) - 1}/{len(data)}", "x-ms-blob-type": "BlockBlob"})


def test_an_output_is_found_by_the_job_where_details_are_missing() -> None:
    """A job of another day has no details at hand: it is asked for, then its address."""
    said = job_json(status="Succeeded", outputDataUri="https://store.blob.core.windows.net:443/job-x/rawOutputData")
    azure = answering(as_json(said), as_json({"sasUri": SAS.replace("job-x", "job-x/rawOutputData")}), blob(b"out"))
    assert azure.output(RUN) == b"out"
    body = json.loads(sent(azure)[1].body)
    assert body == {"containerName": "job-x", "blobName": "rawOutputData"}


@pytest.mark.parametrize("address", [None, "", "nonsense", "https://store.blob.core.windows.net/job-x", 7])
def test_an_output_without_address_is_not_there(address: object) -> None:
    """A job without an address of its output has none."""
    with pytest.raises(ServiceFault) as caught:
        answering(as_json(job_json(outputDataUri=address))).output(RUN)
    assert (caught.value.status, caught.value.code) == (404, "BlobNotFound")


def test_an_output_that_is_missing_or_too_large_is_a_fault() -> None:
    """404 of the storage is told as it is; more bytes than results ever have are not fetched."""
    said = job_json(outputDataUri=SAS.replace("job-x", "job-x/out"))
    missing = Answer(404, b"", {"x-ms-error-code": "BlobNotFound"})
    azure = answering(as_json(said), missing)
    with pytest.raises(ServiceFault) as caught:
        azure.output(azure.get_job("x"))
    assert caught.value.code == "BlobNotFound"
    huge = Answer(206, b"0", {"content-range": "bytes 0-0/99999999999", "x-ms-blob-type": "BlockBlob"})
    azure = answering(as_json(said), huge)
    with pytest.raises(ServiceFault) as caught:
        azure.output(azure.get_job("x"))
    assert (caught.value.status, caught.value.code) == (413, "TooLarge")


def test_signed_addresses_are_kept_for_the_latest_jobs_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many jobs are listed, memory holds the addresses of the last ones."""
    monkeypatch.setattr("qamctl.azure.sdk._KEPT", 3)
    jobs = [job_json(id=f"j{number}", outputDataUri=SAS.replace("job-x", f"job-{number}/o")) for number in range(10)]
    azure = answering(as_json({"value": jobs, "nextLink": None}))
    assert len(azure.list_jobs(None, None, 0, 10)) == 10
    assert [id for id, _ in azure._signed] == ["j7", "j8", "j9"]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://s.blob.core.windows.net:443/job-1/outputData", ("job-1", "outputData")),
        ("https://s.blob.core.windows.net/job-1/a/b%20c?sig=1", ("job-1", "a/b c")),
        ("http://127.0.0.1:9/devstoreaccount1/job-1/rawOutputData", ("job-1", "rawOutputData")),
    ],
)
def test_an_address_names_container_and_blob(address: str, found: tuple[str, str]) -> None:
    """On this machine the account comes first in the path."""
    assert split(address) == found


@pytest.mark.parametrize(
    ("end", "lasts"),
    [
        ("&se=2030-01-01T00%3A00%3A00Z", True), ("&se=2027-01-15T08%3A04%3A00Z", False),
        ("&se=2020-01-01T00%3A00%3A00Z", False),
        ("", True), ("&se=never", True),
    ],
)  # fmt: skip
def test_a_signature_lasts_or_not(end: str, lasts: bool) -> None:
    """It must hold for another five minutes; an end that is not told is for the storage to know."""
    assert is_signed(f"https://s/c/b?sig=x{end}", 1_800_000_000.0) is lasts
    assert not is_signed(f"https://s/c/b?sv=1{end}", 1_800_000_000.0)
    assert not is_signed(None, 0.0)
