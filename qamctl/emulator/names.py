"""What may be the name of a container, a blob, a block, a job or a session."""

from __future__ import annotations

import base64
import re
from typing import Final

_CONTAINER: Final = re.compile(r"(?=.{3,63}\Z)[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_BLOB: Final = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,1024}")
_ID: Final = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z._-]{0,254}[0-9A-Za-z])?", re.ASCII)

#: Bytes of the name of a block.
_BLOCK: Final = 64


def is_container(name: str) -> bool:
    """Small letters and digits, and single hyphens within, 3 to 63 of them."""
    return _CONTAINER.fullmatch(name) is not None


def is_blob(name: str) -> bool:
    """Nearly anything, but no control characters, at most 1,024 characters."""
    return _BLOB.fullmatch(name) is not None


def is_block(name: str) -> bool:
    """Base64 of at most 64 bytes."""
    try:
        return len(base64.b64decode(name, validate=True)) <= _BLOCK
    except ValueError:
        return False


def is_id(name: str) -> bool:
    """Letters and digits, and `.`, `_`, `-` within, at most 256 of them; mostly a GUID."""
    return _ID.fullmatch(name) is not None
