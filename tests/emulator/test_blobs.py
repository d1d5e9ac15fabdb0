"""The storage, as far as clients of Azure Quantum use it."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

import pytest
from emulator.asking import Asker, within

from qamctl.emulator.messages import Response


def code(found: Response) -> tuple[int, str]:
    """Status and code of an error of the storage."""
    text = found.body.decode("utf-8-sig")
    assert re.search("<Code>(.*)</Code>", text)[1] == found.headers["x-ms-error-code"]  # type: ignore[index]
    return found.status, found.headers["x-ms-error-code"]


def test_a_blob_is_put_once_when_the_client_says_so() -> None:
    """`If-None-Match: *` refuses a second one; without it the second replaces the first."""
    asker = Asker()
    blob = within(asker.container("box"), "inputData")
    first = asker.store("PUT", blob, b"one", x_ms_blob_type="BlockBlob", if_none_match="*")
    again = asker.store("PUT", blob, b"two", x_ms_blob_type="BlockBlob", if_none_match="*")
    assert (first.status, code(again)) == (201, (409, "BlobAlreadyExists"))
    assert asker.store("GET", blob).body == b"one"
    assert asker.store("PUT", blob, b"two", x_ms_blob_type="BlockBlob").headers["ETag"] != first.headers["ETag"]
    assert asker.store("GET", blob).body == b"two"


def test_properties_are_told_as_they_were_given() -> None:
    """Content type, encoding and metadata, by GET and by HEAD."""
    asker = Asker()
    blob = within(asker.container("box"), "a b/c")
    given = {"x_ms_blob_content_type": "qir.v1", "x_ms_blob_content_encoding": "gzip", "x_ms_meta_who": "me"}
    asker.store("PUT", blob, b"data", x_ms_blob_type="BlockBlob", **given)
    for method in ("GET", "HEAD"):
        found = asker.store(method, blob)
        assert found.status == 200
        assert (found.headers["Content-Type"], found.headers["Content-Encoding"]) == ("qir.v1", "gzip")
        assert found.headers["x-ms-meta-who"] == "me"
    assert asker.store("PUT", f"{blob}&comp=metadata", x_ms_meta_who="you").status == 200
    found = asker.store("GET", blob)
    assert (found.headers["x-ms-meta-who"], found.headers["Content-Type"], found.body) == ("you", "qir.v1", b"data")


def test_a_large_blob_is_put_in_blocks_and_read_in_ranges() -> None:
    """Blocks come in the order of the list, whatever the order in which they were put."""
    asker = Asker()
    blob = within(asker.container("box"), "big")
    for name, data in (("Yg==", b"456"), ("YQ==", b"123"), ("dW51c2Vk", b"x")):
        assert asker.store("PUT", f"{blob}&comp=block&blockid={name}", data).status == 201
    listed = b"<?xml version='1.0'?><BlockList><Latest>YQ==</Latest><Latest>Yg==</Latest></BlockList>"
    assert asker.store("PUT", f"{blob}&comp=blocklist", listed, x_ms_blob_content_type="text/plain").status == 201
    whole = asker.store("GET", blob)
    assert (whole.body, whole.headers["Content-Type"]) == (b"123456", "text/plain")
    part = asker.store("GET", blob, x_ms_range="bytes=2-3")
    assert (part.status, part.body, part.headers["Content-Range"]) == (206, b"34", "bytes 2-3/6")
    rest = asker.store("GET", blob, range="bytes=4-")
    assert (rest.body, rest.headers["Content-Range"]) == (b"56", "bytes 4-5/6")
    assert code(asker.store("GET", blob, x_ms_range="bytes=6-7")) == (416, "InvalidRange")
    assert code(asker.store("PUT", f"{blob}&comp=blocklist", listed)) == (400, "InvalidBlockList")
    assert code(asker.store("PUT", f"{blob}&comp=blocklist", b"<x>")) == (400, "InvalidXmlDocument")
    assert code(asker.store("PUT", f"{blob}&comp=block", b"x")) == (400, "MissingRequiredQueryParameter")
    assert code(asker.store("PUT", f"{blob}&comp=block&blockid=unused", b"x")) == (400, "InvalidQueryParameterValue")
    for wrong in ("bytes=3-2", "bytes=-2", "bytes=a-b", "2-3"):
        assert code(asker.store("GET", blob, x_ms_range=wrong)) == (416, "InvalidRange")


@pytest.mark.parametrize("coding", ["utf-8", "utf-16", "utf-16-le"])
def test_a_list_of_blocks_declares_no_entities(coding: str) -> None:
    """In whatever coding it hides them."""
    asker = Asker()
    blob = within(asker.container("box"), "big")
    assert asker.store("PUT", f"{blob}&comp=block&blockid=YQ==", b"1").status == 201
    text = "<!DOCTYPE BlockList [<!ENTITY a 'YQ=='>]><BlockList><Latest>&a;</Latest></BlockList>".encode(coding)
    assert code(asker.store("PUT", f"{blob}&comp=blocklist", text)) == (400, "InvalidXmlDocument")


def test_a_version_that_has_changed_is_not_read_on() -> None:
    """`If-Match` holds a client to what it began to read, or to write over."""
    asker = Asker()
    blob = within(asker.container("box"), "a")
    tag = asker.store("PUT", blob, b"1", x_ms_blob_type="BlockBlob").headers["ETag"]
    assert asker.store("GET", blob, if_match=tag).status == 200
    assert asker.store("GET", blob, if_match="*").status == 200
    asker.store("PUT", blob, b"2", x_ms_blob_type="BlockBlob")
    assert code(asker.store("GET", blob, if_match=tag)) == (412, "ConditionNotMet")
    assert code(asker.store("PUT", blob, b"3", x_ms_blob_type="BlockBlob", if_match=tag)) == (412, "ConditionNotMet")
    other = within(asker.container("box"), "none")
    assert code(asker.store("PUT", other, b"3", x_ms_blob_type="BlockBlob", if_match=tag)) == (412, "ConditionNotMet")


def test_containers_are_made_looked_at_and_listed() -> None:
    """Making one that there is, is refused; a list has names, sizes and types, page by page."""
    asker = Asker()
    account = asker.container("box")
    assert code(asker.store("PUT", f"{account}&restype=container")) == (409, "ContainerAlreadyExists")
    other = account.replace("/box?", "/other?")
    assert code(asker.store("GET", f"{other}&restype=container")) == (404, "ContainerNotFound")
    assert asker.store("PUT", f"{other}&restype=container").status == 201
    assert asker.store("GET", f"{other}&restype=container").headers["x-ms-lease-state"] == "available"
    assert asker.store("HEAD", f"{other}&restype=container").status == 200
    for name in ("b", "a", "b&c"):
        asker.store("PUT", within(account, name.replace("&", "%26")), b"xy", x_ms_blob_type="BlockBlob")
    text = asker.store("GET", f"{account}&restype=container&comp=list").body.decode()
    assert re.findall("<Name>(.*?)</Name>", text) == ["a", "b", "b&amp;c"]
    assert "<Content-Length>2</Content-Length>" in text
    assert "<NextMarker/>" in text
    text = asker.store("GET", f"{account}&restype=container&comp=list&prefix=b&maxresults=1").body.decode()
    assert re.findall("<Name>(.*?)</Name>", text) == ["b"]
    assert "<NextMarker>b&amp;c</NextMarker>" in text
    text = asker.store("GET", f"{account}&restype=container&comp=list&marker=b%26c").body.decode()
    assert re.findall("<Name>(.*?)</Name>", text) == ["b&amp;c"]
    for most in ("x", "0", "-1"):
        found = asker.store("GET", f"{account}&restype=container&comp=list&maxresults={most}")
        assert code(found) == (400, "OutOfRangeQueryParameterValue")


def test_what_is_not_there_is_not_found() -> None:
    """Neither a blob, nor a container that was removed with its job."""
    asker = Asker()
    account = asker.container("box")
    assert code(asker.store("GET", within(account, "a"))) == (404, "BlobNotFound")
    assert code(asker.store("GET", within(account.replace("/box?", "/none?"), "a"))) == (404, "ContainerNotFound")
    assert code(asker.store("PUT", within(account, "a"), b"x", x_ms_blob_type="PageBlob")) == (
        400,
        "InvalidHeaderValue",
    )
    assert code(asker.store("POST", within(account, "a"))) == (405, "UnsupportedHttpVerb")


def test_a_blob_is_removed_only_with_the_right_to() -> None:
    """The addresses that the service gives away have no right to remove."""
    asker = Asker()
    account = asker.container("box")
    asker.store("PUT", within(account, "a"), b"x", x_ms_blob_type="BlockBlob")
    assert code(asker.store("DELETE", within(account, "a"))) == (403, "AuthenticationFailed")
    signer = asker.service._core.signer
    address = within(account, "a").partition("?")[0]
    query = signer.blob("box", "a", "d", asker.clock.now() - 1, asker.clock.now() + 10)
    assert asker.store("DELETE", f"{address}?{query}").status == 202
    assert code(asker.store("GET", within(account, "a"))) == (404, "BlobNotFound")


def test_a_token_ends_when_it_says() -> None:
    """At `se`, not before; and another one opens the same blob."""
    asker = Asker(token_seconds=600.0)
    blob = within(asker.container("box"), "a")
    asker.store("PUT", blob, b"x", x_ms_blob_type="BlockBlob")
    asker.clock.sleep(599)
    assert asker.store("GET", blob).status == 200
    asker.clock.sleep(1)
    assert code(asker.store("GET", blob)) == (403, "AuthenticationFailed")
    assert asker.store("GET", within(asker.container("box"), "a")).status == 200


@pytest.mark.parametrize("part", ["sv", "st", "se", "sr", "sp", "sig"])
def test_a_token_that_was_touched_opens_nothing(part: str) -> None:
    """Every field is signed."""
    asker = Asker()
    asker.make("one")
    parts = urlsplit(asker.json("GET", "jobs/one")["inputDataUri"])
    fields = dict(parse_qsl(parts.query))
    other = {"se": "2099-01-01T00:00:00Z", "st": "2000-01-01T00:00:00Z", "sp": "rw", "sr": "c"}
    fields[part] = other.get(part, fields[part][:-1] + ("A" if fields[part][-1] != "A" else "B"))
    query = "&".join(f"{name}={value}" for name, value in fields.items()).replace("+", "%2B")
    whole = f"{parts.scheme}://{parts.netloc}{parts.path}"
    assert code(asker.store("GET", f"{whole}?{query}")) == (403, "AuthenticationFailed")
    assert code(asker.store("GET", whole)) == (403, "AuthenticationFailed")
    assert asker.store("GET", f"{whole}?{parts.query}").status == 200


def test_a_token_of_one_job_does_not_open_another() -> None:
    """Neither its blobs nor its container."""
    asker = Asker()
    for id in ("one", "two"):
        asker.make(id)
    job = asker.json("GET", "jobs/one")
    for address in (job["inputDataUri"], within(job["containerUri"], "inputData")):
        assert asker.store("GET", address).status == 200
        other = address.replace("/job-one/", "/job-two/")
        assert code(asker.store("GET", other)) == (403, "AuthenticationFailed")


def test_a_token_of_another_service_opens_nothing() -> None:
    """Tokens are signed with what follows from the key."""
    one, other = Asker(), Asker(key="another")
    blob = within(one.container("box"), "a")
    assert code(other.store("PUT", blob, b"x", x_ms_blob_type="BlockBlob")) == (403, "AuthenticationFailed")


def test_the_account_itself_answers_nothing() -> None:
    """Nothing can be asked of it, whatever key comes with the question."""
    asker = Asker()
    found = asker.store("GET", "http://127.0.0.1/devstoreaccount1/?comp=list", x_ms_quantum_api_key="emulator-key")
    assert code(found) == (405, "UnsupportedHttpVerb")
