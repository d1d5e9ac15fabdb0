"""The storage: containers and block blobs, as far as clients of Azure Quantum use them."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from datetime import date
from typing import Final
from urllib.parse import unquote_plus
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from qamctl.emulator import times
from qamctl.emulator.core import Call, Core
from qamctl.emulator.messages import Refused, Response, xml_fault
from qamctl.emulator.names import is_blob, is_block, is_container
from qamctl.emulator.sas import VERSION
from qamctl.emulator.state import Blob

#: What a kind of request does -> the rights of which one opens it.
_RIGHTS: Final[Mapping[str, str]] = {
    "PUT container": "cw",
    "GET container": "rl",
    "HEAD container": "rl",
    "GET blobs": "l",
    "PUT blob": "cw",
    "PUT block": "w",
    "PUT blocklist": "cw",
    "PUT metadata": "w",
    "GET blob": "r",
    "HEAD blob": "r",
    "DELETE blob": "d",
}

#: Kinds of request that are served here.
KINDS: Final = tuple(_RIGHTS)

#: A range of bytes; clients read large blobs in parts.
_RANGE: Final = re.compile(r"bytes=([0-9]{1,15})-([0-9]{0,15})", re.ASCII)

#: Bytes of the largest blob: it lies in memory, and a database keeps it whole.
_MOST: Final = 512 * 1024 * 1024

#: Bytes from which on clients upload in blocks: of what came so the storage has no digest.
_MANY: Final = 64 * 1024 * 1024

#: Blobs of one page of a list.
_PAGE: Final = 5000


def answer(core: Core, call: Call) -> Response:
    """What the storage answers to a request."""
    container, blob = call.place.container or "", call.place.blob
    try:
        rights = _RIGHTS.get(call.place.kind)
        if call.place.kind.endswith(" unknown"):
            raise _refuse(400, "InvalidQueryParameterValue", "The value of the query parameter comp is not supported.")
        if rights is None:
            raise _refuse(405, "UnsupportedHttpVerb", "The resource doesn't support the specified HTTP verb.")
        _check(call)
        query = call.request.query
        if not any(core.signer.opens(query, container, blob, right, call.now) for right in rights):
            text = "Server failed to authenticate the request. Make sure the signature is valid and has not expired."
            raise _refuse(403, "AuthenticationFailed", text)
        return _with_common(_DO[call.place.kind](core, call, container, blob or ""), call)
    except Refused as refused:
        return _with_common(refused.answer, call)


def _check(call: Call) -> None:
    """Refuse what nothing here can be asked for by."""
    if not _is_date(call.request.header("x-ms-version") or VERSION):
        raise _refuse(400, "InvalidHeaderValue", "The value for the header x-ms-version is not a date.")
    if call.place.blob is not None and not is_blob(call.place.blob):
        raise _refuse(400, "InvalidResourceName", "The specified resource name contains invalid characters.")
    if call.place.kind == "PUT container" and not is_container(call.place.container or ""):
        raise _refuse(400, "InvalidResourceName", "The specified resource name contains invalid characters.")


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _refuse(status: int, code: str, message: str) -> Refused:
    return Refused(xml_fault(status, code, message))


def _with_common(found: Response, call: Call) -> Response:
    version = call.request.header("x-ms-version") or VERSION
    common = {"x-ms-version": version, "x-ms-request-id": "00000000-0000-0000-0000-000000000000"}
    return Response(found.status, {**found.headers, **common}, found.body)


def _make_container(core: Core, call: Call, container: str, blob: str) -> Response:
    if container in core.state.containers:
        raise _refuse(409, "ContainerAlreadyExists", "The specified container already exists.")
    core.state.make_container(container)
    return Response(201, _of_container(core, call, container))


def _look_at_container(core: Core, call: Call, container: str, blob: str) -> Response:
    leased = {"x-ms-lease-state": "available", "x-ms-lease-status": "unlocked"}
    return Response(200, {**_of_container(core, call, container), **leased})


def _of_container(core: Core, call: Call, container: str) -> dict[str, str]:
    """What is told of a container: when it was made is not kept, but its first blob came right after."""
    made = min((blob.written for blob in _container(core, container).values()), default=call.now)
    tag = hashlib.sha256(f"{container}\0{made}".encode("utf-8", "replace")).hexdigest()[:12].upper()
    return {"ETag": f'"0x8DE{tag}"', "Last-Modified": times.http_date(made)}


def _list(core: Core, call: Call, container: str, blob: str) -> Response:
    query = call.request.query
    prefix, marker, most = query.get("prefix", ""), query.get("marker", ""), query.get("maxresults", "")
    size = _size(most)
    there = _container(core, container)
    names = sorted(name for name in there if name.startswith(prefix) and name >= marker)
    entries = "".join(_entry(name, there[name]) for name in names[:size])
    following = f"<NextMarker>{escape(names[size])}</NextMarker>" if len(names) > size else "<NextMarker/>"
    head = f'<?xml version="1.0" encoding="utf-8"?><EnumerationResults ContainerName="{escape(container)}">'
    text = f"{head}<Blobs>{entries}</Blobs>{following}</EnumerationResults>"
    return Response(200, {"Content-Type": "application/xml"}, text.encode("utf-8", "replace"))


def _entry(name: str, blob: Blob) -> str:
    fields = {
        "Creation-Time": times.http_date(blob.written),
        "Last-Modified": times.http_date(blob.written),
        "Etag": blob.tag.strip('"'),
        "Content-Length": str(len(blob.data)),
        "Content-Type": blob.content_type,
        "Content-Encoding": blob.encoding,
        "BlobType": "BlockBlob",
    }
    told = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in fields.items())
    return f"<Blob><Name>{escape(name)}</Name><Properties>{told}</Properties></Blob>"


def _put(core: Core, call: Call, container: str, blob: str) -> Response:
    if call.request.header("x-ms-blob-type").lower() != "blockblob":
        raise _refuse(400, "InvalidHeaderValue", "The value for the header x-ms-blob-type is not supported: BlockBlob.")
    return _written(core, call, container, blob, call.request.body)


def _put_block(core: Core, call: Call, container: str, blob: str) -> Response:
    _container(core, container)
    block = call.request.query.get("blockid", "")
    if not block:
        raise _refuse(400, "MissingRequiredQueryParameter", "A block has the parameter blockid.")
    if not is_block(block):
        raise _refuse(400, "InvalidQueryParameterValue", "The name of a block is base64 of at most 64 bytes.")
    core.state.blocks[container, blob, block] = call.request.body
    core.state.touch("block", container, blob, block)
    return Response(201)


def _put_block_list(core: Core, call: Call, container: str, blob: str) -> Response:
    wanted = _blocks_in(call.request.body)
    parts = [core.state.blocks[key] for key in ((container, blob, name) for name in wanted) if key in core.state.blocks]
    if len(parts) < len(wanted):
        raise _refuse(400, "InvalidBlockList", "The specified block list is invalid.")
    if sum(map(len, parts)) > _MOST:
        raise _refuse(413, "RequestBodyTooLarge", "The blob is too large for this service.")
    found = _written(core, call, container, blob, b"".join(parts))
    for key in [key for key in core.state.blocks if key[:2] == (container, blob)]:
        del core.state.blocks[key]
        core.state.touch("block", *key)
    return found


def _blocks_in(body: bytes) -> list[str]:
    """The names in a list of blocks.

    Raises
    ------
    Refused
        400: it is none. Documents that declare entities are not even read.
    """
    try:
        text = body.decode("utf-8-sig")  # as text, so that no other coding can hide what is looked for
        root = None if "<!" in text or "\0" in text else ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError, LookupError):
        root = None
    if root is None or root.tag != "BlockList" or (root.text or "").strip():
        raise _refuse(400, "InvalidXmlDocument", "The specified XML is not syntactically valid.")
    names = [(one.tag, one.text or "", len(one), (one.tail or "").strip()) for one in root]
    if not all(tag in ("Latest", "Uncommitted") and name and not (more or rest) for tag, name, more, rest in names):
        raise _refuse(400, "InvalidBlockList", "The specified block list is invalid.")
    return [name for _, name, _, _ in names]


def _size(text: str) -> int:
    """Blobs of a page."""
    if not text:
        return _PAGE
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text)):
        raise _refuse(400, "OutOfRangeQueryParameterValue", "The parameter maxresults is a number of at least 1.")
    return min(int(text), _PAGE)


def _written(core: Core, call: Call, container: str, blob: str, data: bytes) -> Response:
    there = _container(core, container).get(blob)
    header = call.request.header
    if there is not None and header("if-none-match") == "*":
        raise _refuse(409, "BlobAlreadyExists", "The specified blob already exists.")
    _check_tag(call, there)
    kind = header("x-ms-blob-content-type") or header("content-type") or "application/octet-stream"
    encoding, metadata = header("x-ms-blob-content-encoding"), _metadata(call)
    put = core.state.write(container, blob, data, call.now, content_type=kind, encoding=encoding, metadata=metadata)
    return Response(201, {"ETag": put.tag, "Last-Modified": times.http_date(put.written)})


def _put_metadata(core: Core, call: Call, container: str, blob: str) -> Response:
    there = _blob(core, container, blob)
    given = {"content_type": there.content_type, "encoding": there.encoding, "metadata": _metadata(call)}
    put = core.state.write(container, blob, there.data, call.now, **given)  # type: ignore[arg-type]
    return Response(200, {"ETag": put.tag, "Last-Modified": times.http_date(put.written)})


def _get(core: Core, call: Call, container: str, blob: str) -> Response:
    there = _blob(core, container, blob)
    _check_tag(call, there)
    headers = _properties(call, there)
    asked = call.request.header("x-ms-range") or call.request.header("range")
    if not asked:
        return Response(200, {**headers, **_digest(there, "Content-MD5")}, there.data)
    match, size = _RANGE.fullmatch(asked), len(there.data)
    start, last = (int(match[1]), int(match[2] or size - 1)) if match is not None else (size, 0)
    if start >= size or last < start:
        raise _refuse(416, "InvalidRange", "The range specified is invalid for the current size of the resource.")
    end = min(last, size - 1)
    headers["Content-Range"] = f"bytes {start}-{end}/{size}"
    return Response(206, {**headers, **_digest(there, "x-ms-blob-content-md5")}, there.data[start : end + 1])


def _head(core: Core, call: Call, container: str, blob: str) -> Response:
    """The body is left out by whoever sends it; its length is told."""
    there = _blob(core, container, blob)
    return Response(200, {**_properties(call, there), **_digest(there, "Content-MD5")}, there.data)


def _digest(blob: Blob, header: str) -> dict[str, str]:
    """Of the whole blob, under the name that it has in this answer."""
    if len(blob.data) >= _MANY:
        return {}
    return {header: base64.b64encode(hashlib.md5(blob.data, usedforsecurity=False).digest()).decode()}


def _delete(core: Core, call: Call, container: str, blob: str) -> Response:
    _blob(core, container, blob)
    del core.state.containers[container][blob]
    core.state.touch("blob", container, blob)
    return Response(202)


def _properties(call: Call, blob: Blob) -> dict[str, str]:
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Type": blob.content_type,
        "ETag": blob.tag,
        "Last-Modified": times.http_date(blob.written),
        "x-ms-creation-time": times.http_date(blob.written),
        "x-ms-blob-type": "BlockBlob",
        "x-ms-lease-state": "available",
        "x-ms-lease-status": "unlocked",
        "x-ms-server-encrypted": "true",
        **{f"x-ms-meta-{name}": value for name, value in blob.metadata.items()},
    }
    if blob.encoding:
        headers["Content-Encoding"] = blob.encoding
    if "rscd" in call.request.query:
        shown = unquote_plus(call.request.query["rscd"])
        headers["Content-Disposition"] = re.sub(r"[^\x20-\x7e]", "_", shown)
    return headers


def _metadata(call: Call) -> dict[str, str]:
    prefix = "x-ms-meta-"
    headers = call.request.headers.items()
    return {name.lower()[len(prefix) :]: value for name, value in headers if name.lower().startswith(prefix)}


def _check_tag(call: Call, blob: Blob | None) -> None:
    """Hold what a client says of the version that it means."""
    wanted = call.request.header("if-match")
    if wanted and (blob is None or wanted not in ("*", blob.tag)):
        raise _refuse(412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met.")


def _container(core: Core, container: str) -> dict[str, Blob]:
    found = core.state.containers.get(container)
    if found is None:
        raise _refuse(404, "ContainerNotFound", "The specified container does not exist.")
    return found


def _blob(core: Core, container: str, blob: str) -> Blob:
    found = _container(core, container).get(blob)
    if found is None:
        raise _refuse(404, "BlobNotFound", "The specified blob does not exist.")
    return found


_DO: Final = {
    "PUT container": _make_container,
    "GET container": _look_at_container,
    "HEAD container": _look_at_container,
    "GET blobs": _list,
    "PUT blob": _put,
    "PUT block": _put_block,
    "PUT blocklist": _put_block_list,
    "PUT metadata": _put_metadata,
    "GET blob": _get,
    "HEAD blob": _head,
    "DELETE blob": _delete,
}
