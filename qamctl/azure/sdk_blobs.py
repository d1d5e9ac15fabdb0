"""Inputs and outputs of jobs lie in Azure's storage, behind addresses that are signed for a while (SAS)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from qamctl.azure.service import ServiceFault
from qamctl.azure.workspace import is_loopback

#: Up to this many bytes an input goes in one request, above in blocks.
_SINGLE: Final = 64 * 1024 * 1024
_BLOCK: Final = 4 * 1024 * 1024

#: Bytes of an output that is read; larger ones are no results of shots.
LARGEST: Final = 1024 * 1024 * 1024

#: Seconds that a signature must still last to be used.
_MARGIN: Final = 300.0


@dataclass(frozen=True)
class Blobs:
    """Puts and gets, one attempt each.

    Attributes
    ----------
    options
        For the storage clients of the SDK: transport, retries off, user agent.
    """

    options: Mapping[str, Any] = field(repr=False)

    def put(self, container: str, name: str, data: bytes, content_type: str) -> str:
        """Write a blob, over what is there; the container is made where it is not there yet.

        Parameters
        ----------
        container
            Its signed address.

        Returns
        -------
        str
            The blob's address, not signed.
        """
        from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
        from azure.storage.blob import ContainerClient, ContentSettings

        check(container)
        client = ContainerClient.from_container_url(
            container, max_single_put_size=_SINGLE, max_block_size=_BLOCK, **self.options
        )
        blob = client.get_blob_client(name)
        settings = ContentSettings(content_type=content_type)
        try:
            blob.upload_blob(data, overwrite=True, content_settings=settings)
        except ResourceNotFoundError:  # services before 2025 leave the making to us
            try:
                client.create_container()
            except ResourceExistsError as error:
                if getattr(error, "error_code", "") != "ContainerAlreadyExists":
                    raise
            blob.upload_blob(data, overwrite=True, content_settings=settings)
        return str(blob.url).partition("?")[0]

    def get(self, address: str) -> bytes:
        """Read a blob by its signed address; large ones in several ranges.

        Raises
        ------
        ServiceFault
            It is too large.
        """
        from azure.storage.blob import BlobClient

        check(address)
        download = BlobClient.from_blob_url(address, **self.options).download_blob()
        if download.size > LARGEST:
            raise ServiceFault(f"the data has {download.size} bytes, more than {LARGEST}", status=413, code="TooLarge")
        return bytes(download.readall())


def check(address: str) -> None:
    """Refuse a storage address over which data would go in the clear.

    Raises
    ------
    ServiceFault
        It is not https, nor on this machine.
    """
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise ServiceFault("the service gave an address of storage that is not https", status=400, code="BadAddress")


def split(address: str) -> tuple[str, str]:
    """Container and name of a blob, by its address; on this machine the account's name comes first in the path.

    Raises
    ------
    ValueError
        It is no address of a blob.
    """
    parts = urlsplit(address)
    path = parts.path.lstrip("/")
    if is_loopback(parts.hostname or ""):
        path = path.partition("/")[2]
    container, _, name = path.partition("/")
    if not container or not name:
        raise ValueError("an address without container or blob")
    return unquote(container), unquote(name)


def is_signed(address: object, now: float) -> bool:
    """Whether an address has a signature that lasts a while yet.

    Parameters
    ----------
    now
        Seconds since 1970.
    """
    query = parse_qs(urlsplit(address).query) if isinstance(address, str) else {}
    if "sig" not in query:
        return False
    try:
        return datetime.fromisoformat(query["se"][0]).timestamp() > now + _MARGIN
    except (KeyError, ValueError):
        return True  # the storage knows when it ends
