"""Blobs in Azurite, Microsoft's emulator of the storage: blocks, ranges, conditions and signatures are then its own."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final
from urllib.parse import quote, quote_plus, urlsplit

from qamctl.azure.workspace import is_loopback
from qamctl.emulator import times
from qamctl.emulator.place import LOCAL_ACCOUNT
from qamctl.errors import AuthError, TemporaryError, UnsupportedError, UsageError

#: The variable by which an Azurite is told its accounts, as `account:key[:key];account:key`.
ACCOUNTS: Final = "AZURITE_ACCOUNTS"

#: The key of every Azurite that is told none. It is public, Microsoft documents it
#: (learn.microsoft.com/azure/storage/common/storage-use-azurite), and it opens nothing but emulators.
PUBLIC_KEY: Final = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

#: Where an Azurite listens that is told no port.
_PORT: Final = 10_000

#: The version of the storage's API that is spoken here: the SDK's own is younger than any that Azurite knows.
_VERSION: Final = "2023-11-03"

#: What can be a container.
_CONTAINER: Final = re.compile(r"(?=.{3,63}\Z)[a-z0-9]+(?:-[a-z0-9]+)*")

#: How it has to be started, for clients whose version of the API it does not know.
_START: Final = "azurite-blob --skipApiVersionCheck --disableTelemetry"


class Azurite:
    """An Azurite on this machine, as `storage.Storage`.

    Signatures, and when they end, are its own, by the machine's clock. Of the faults only `expired` befalls what
    is asked of it.

    Parameters
    ----------
    url
        As `http://127.0.0.1:10000/devstoreaccount1`; port and account may be left out.
    environ
        Where `AZURITE_ACCOUNTS` may name the account's key; without it, it is the public one.
    patience
        Seconds that it may take to answer.

    Raises
    ------
    UsageError
        The address is none on this machine, or the accounts are not as Azurite takes them.
    """

    def __init__(self, url: str, environ: Mapping[str, str] | None = None, patience: float = 30.0) -> None:
        self.url: Final = _address(url)
        self._key: Final = _key((environ or {}).get(ACCOUNTS, ""))
        self._patience: Final = patience
        self._service: Final = self._client(api_version=_VERSION)

    def check(self) -> None:
        """Ask whether it is there, knows the key, and takes what the SDK sends.

        Raises
        ------
        TemporaryError
            Nothing answers.
        AuthError
            It has another key.
        UnsupportedError
            It refuses the SDK's version of the API.
        UsageError
            What answers is no Azurite.
        """
        from azure.core.exceptions import HttpResponseError

        servers: list[str] = []

        def note(answer: Any) -> None:
            servers.append(answer.http_response.headers.get("Server", ""))

        with self._told():
            try:
                self._service.get_account_information(raw_response_hook=note)
                with self._client() as newer:
                    newer.get_account_information()
            except HttpResponseError as error:
                if not servers or not servers[0].startswith("Azurite"):
                    wanted = f"start one by {_START}, and name its address"
                    raise UsageError(f"what answers at {self.url} is no Azurite: {wanted}") from None
                if error.status_code == 403:
                    wanted = f"set {ACCOUNTS} as it was started, or leave it out for both"
                    raise AuthError(f"Azurite at {self.url} has another key: {wanted}") from None
                if error.status_code == 400:
                    wanted = f"start it by {_START}"
                    raise UnsupportedError(f"Azurite at {self.url} refuses the SDK's requests: {wanted}") from None
                raise

    def make(self, container: str) -> None:
        """As `Storage` has it."""
        from azure.core.exceptions import ResourceExistsError

        with self._told(), suppress(ResourceExistsError):
            self._service.create_container(container)

    def read(self, container: str, blob: str) -> bytes | None:
        """As `Storage` has it."""
        from azure.core.exceptions import ResourceNotFoundError

        if not _CONTAINER.fullmatch(container):  # a job may name anything, and what is no name is not there
            return None
        with self._told():
            try:
                data: bytes = self._service.get_blob_client(container, blob).download_blob().readall()
            except ResourceNotFoundError:
                return None
            return data

    def write(self, container: str, blob: str, data: bytes, now: float, content_type: str) -> None:
        """As `Storage` has it; when it was written says Azurite's own clock."""
        from azure.core.exceptions import ResourceNotFoundError
        from azure.storage.blob import ContentSettings

        settings = ContentSettings(content_type=content_type)
        with self._told():
            client = self._service.get_blob_client(container, blob)
            try:
                client.upload_blob(data, overwrite=True, content_settings=settings)
            except ResourceNotFoundError:  # somebody removed the container
                self.make(container)
                client.upload_blob(data, overwrite=True, content_settings=settings)

    def drop(self, container: str) -> None:
        """As `Storage` has it."""
        from azure.core.exceptions import ResourceNotFoundError

        if not _CONTAINER.fullmatch(container):
            return
        with self._told(), suppress(ResourceNotFoundError):
            self._service.delete_container(container)

    def upload_address(self, base: str, container: str, blob: str | None, start: float, end: float) -> str:
        """As `Storage` has it; a container opens by a token of the account, as that of the real service does."""
        if blob is not None:
            return self._blob(container, blob, "rcw", start, end)
        from azure.storage.blob import AccountSasPermissions, ResourceTypes, generate_account_sas

        rights = AccountSasPermissions(read=True, write=True, list=True, add=True, create=True)
        types = ResourceTypes(container=True, object=True)
        token = generate_account_sas(LOCAL_ACCOUNT, self._key, types, rights, **_period(start, end))
        return f"{self._path(container)}?{token}"

    def container_address(self, base: str, container: str, start: float, end: float) -> str:
        """As `Storage` has it."""
        from azure.storage.blob import ContainerSasPermissions, generate_container_sas

        rights = ContainerSasPermissions(read=True, list=True)
        name = _clean(container)
        token = generate_container_sas(LOCAL_ACCOUNT, name, self._key, permission=rights, **_period(start, end))
        return f"{self._path(container)}?{token}"

    def blob_address(self, base: str, container: str, blob: str, start: float, end: float, file_name: str) -> str:
        """As `Storage` has it."""
        shown = f"attachment; filename={quote_plus(file_name, errors='replace')}"
        return self._blob(container, blob, "r", start, end, content_disposition=shown)

    def _blob(self, container: str, blob: str, rights: str, start: float, end: float, **headers: Any) -> str:
        from azure.storage.blob import BlobSasPermissions, generate_blob_sas

        token = generate_blob_sas(
            LOCAL_ACCOUNT,
            _clean(container),
            _clean(blob),
            account_key=self._key,
            permission=BlobSasPermissions.from_string(rights),
            **_period(start, end),
            **headers,
        )
        return f"{self._path(container, blob)}?{token}"

    def _path(self, *names: str) -> str:
        return "/".join([self.url, *(quote(_clean(name), safe="/~") for name in names)])

    def _client(self, **options: Any) -> Any:
        """A client of the SDK; it tries twice, because connections that have rested may be closed, and never waits."""
        from azure.storage.blob import BlobServiceClient, LinearRetry

        return BlobServiceClient(
            self.url,
            credential={"account_name": LOCAL_ACCOUNT, "account_key": self._key},
            retry_policy=LinearRetry(backoff=0, retry_total=1, random_jitter_range=0),
            connection_timeout=self._patience,
            read_timeout=self._patience,
            use_env_settings=False,  # no proxy is between this machine and itself
            **options,
        )

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say in words what it failed to do.

        Raises
        ------
        TemporaryError
            It is not there, or is in trouble.
        """
        from azure.core.exceptions import AzureError, HttpResponseError

        try:
            yield
        except HttpResponseError as error:
            answer = f"answers with status {error.status_code}" if error.status_code else "breaks off its answer"
            raise TemporaryError(f"Azurite at {self.url} {answer}: look whether it is well, and try again") from None
        except AzureError:
            raise TemporaryError(f"Azurite at {self.url} does not answer: start it by {_START}") from None


def _address(url: str) -> str:
    """The account's address, whole, without a slash at its end."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORT
    except ValueError:
        raise UsageError("the address of Azurite is not a URL: as http://127.0.0.1:10000") from None
    if parts.scheme != "http" or not is_loopback(host) or "@" in parts.netloc:
        raise UsageError("the address of Azurite is not plain http on this machine: as http://127.0.0.1:10000")
    if parts.path.strip("/") not in ("", LOCAL_ACCOUNT) or parts.query or parts.fragment:
        raise UsageError(
            f"the address of Azurite names more than its account {LOCAL_ACCOUNT}: as http://127.0.0.1:10000"
        )
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/{LOCAL_ACCOUNT}"


def _key(accounts: str) -> str:
    """The account's key, of what `AZURITE_ACCOUNTS` says."""
    if not accounts.strip():
        return PUBLIC_KEY
    keys = dict(part.strip().split(":")[:2] for part in accounts.split(";") if ":" in part)
    try:
        if base64.b64decode(keys[LOCAL_ACCOUNT], validate=True):
            return keys[LOCAL_ACCOUNT]
    except (KeyError, ValueError):
        pass
    raise UsageError(
        f"{ACCOUNTS} gives the account {LOCAL_ACCOUNT} no key: as {LOCAL_ACCOUNT}:KEY, where KEY is base64"
    )


def _period(start: float, end: float) -> dict[str, Any]:
    return {"start": times.whole(start), "expiry": times.whole(end), "protocol": "https,http"}


def _clean(name: str) -> str:
    """A name as it can be signed: half a character is none."""
    return name.encode(errors="replace").decode()
