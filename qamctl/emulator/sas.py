"""Shared access signatures: addresses of blobs that open them for a while, signed so that nobody writes their own."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, quote_plus

from qamctl.emulator import times

#: The version of the storage service whose tokens these are like.
VERSION: Final = "2025-01-05"

#: What is signed, in this order.
_SIGNED: Final = ("sv", "ss", "srt", "spr", "st", "se", "sr", "sp", "rscd")


@dataclass(frozen=True, slots=True)
class Signer:
    """Writes and checks tokens.

    Parameters
    ----------
    secret
        Whoever has it can write them.
    """

    secret: bytes = field(repr=False)

    def account(self, rights: str, start: float, end: float) -> str:
        """The query of a token for all containers, as the service gives to who is going to upload."""
        fields = {"sv": VERSION, "ss": "b", "srt": "co", "spr": "https,http"}
        return self._query("", {**fields, "st": times.whole(start), "se": times.whole(end), "sp": rights})

    def container(self, container: str, rights: str, start: float, end: float) -> str:
        """The query of a token for one container."""
        fields = {"sv": VERSION, "st": times.whole(start), "se": times.whole(end), "sr": "c", "sp": rights}
        return self._query(container, fields)

    def blob(self, container: str, blob: str, rights: str, start: float, end: float, file_name: str = "") -> str:
        """The query of a token for one blob.

        Parameters
        ----------
        file_name
            Under which a browser saves it.
        """
        fields = {"sv": VERSION, "st": times.whole(start), "se": times.whole(end), "sr": "b", "sp": rights}
        if file_name:
            fields["rscd"] = f"attachment; filename={quote_plus(file_name, errors='replace')}"
        return self._query(f"{container}/{blob}", fields)

    def opens(self, query: Mapping[str, str], container: str, blob: str | None, right: str, now: float) -> bool:
        """Whether a token opens a container, or a blob in it, for one right (a letter of `sp`) at this time."""
        scope = {"c": container, "b": f"{container}/{blob}"}.get(query.get("sr", ""), "")
        fields = {name: query[name] for name in _SIGNED if name in query}
        if not hmac.compare_digest(self._sign(scope, fields), query.get("sig", "").encode("utf-8", "surrogatepass")):
            return False
        start, end = times.read(query.get("st", "")), times.read(query.get("se", ""))
        return start is not None and end is not None and start <= now < end and right in query.get("sp", "")

    def _query(self, scope: str, fields: Mapping[str, str]) -> str:
        signature = self._sign(scope, fields).decode()
        return "&".join(f"{name}={quote(value, safe='')}" for name, value in {**fields, "sig": signature}.items())

    def _sign(self, scope: str, fields: Mapping[str, str]) -> bytes:
        text = "\n".join([scope, *(f"{name}={value}" for name, value in sorted(fields.items()))])
        digest = hmac.digest(self.secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return base64.b64encode(digest)
