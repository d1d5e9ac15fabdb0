"""What the storage tells beside the bytes."""

from __future__ import annotations

from emulator.asking import Asker


def test_the_storage_tells_the_version_and_the_digest_of_what_it_has() -> None:
    """Of containers and blobs; under the digest's own name where the whole blob is read."""
    asker = Asker()
    address = asker.upload("one", b"hello")
    for method in ("GET", "HEAD"):
        found = asker.store(method, f"{address}&restype=container")
        assert (found.status, {"ETag", "Last-Modified"} <= found.headers.keys()) == (200, True)
    assert (
        asker.store("GET", f"{address}&restype=container").headers["Last-Modified"] == "Wed, 18 Nov 2026 11:06:40 GMT"
    )
    place, _, query = address.partition("?")
    whole = asker.store("GET", f"{place}/inputData?{query}")
    part = asker.store("GET", f"{place}/inputData?{query}", x_ms_range="bytes=0-1")
    head = asker.store("HEAD", f"{place}/inputData?{query}")
    digest = "XUFAKrxLKna5cZ2REBfFkg=="
    assert (whole.headers["Content-MD5"], part.headers["x-ms-blob-content-md5"]) == (digest, digest)
    assert head.headers["Content-MD5"] == digest
    assert ("x-ms-blob-content-md5" in whole.headers, "Content-MD5" in part.headers) == (False, False)
