"""Versions of the interface (`api-version`): which there are, and what changed with which.

As the generated clients of azure-quantum have them: 0.28 of 2023 spoke the first, 1.2 the second, 3.0 that of 2024-10,
3.6 that of 2025-12 and 3.7 the last. Older ones had other addresses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from qamctl.emulator.messages import Request, refuse

KNOWN: Final = (
    "2022-09-12-preview",
    "2023-11-13-preview",
    "2024-03-01-preview",
    "2024-10-01-preview",
    "2025-09-01-preview",
    "2025-12-01-preview",
    "2026-01-15-preview",
)

#: Since then `:cancel` ends a job, and DELETE removes it; before, DELETE ended it.
CANCELS: Final = "2025-12-01-preview"

#: Since then the service makes the container for whose address it is asked, and tells size and profile of a target.
MAKES: Final = "2026-01-15-preview"

#: Kinds of request that there were not from the beginning.
_ADDED: Final[Mapping[str, str]] = {
    "POST job:cancel": CANCELS,
    "GET usages": MAKES,
    "GET suite providers": MAKES,
    "GET suite usages": MAKES,
}

_SHAPE: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:-preview)?", re.ASCII)


def check(request: Request, kind: str) -> None:
    """Refuse a version that there is not, and what there was not in a version.

    A version that is younger than all is taken for the youngest: clients are generated several times a year.

    Parameters
    ----------
    kind
        As `place.Place.kind`.

    Raises
    ------
    Refused
        400 or 404.
    """
    version = request.query.get("api-version", "")
    if not version:
        raise refuse(400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required.")
    if version not in KNOWN and not _is_younger(version):
        known = ", ".join(KNOWN)
        text = f"The api-version '{version}' is not supported. The supported api-versions are '{known}'."
        raise refuse(400, "UnsupportedApiVersion", text, {"api-supported-versions": known})
    if not has(request, _ADDED.get(kind, "")):
        raise refuse(404, "NotFound", f"There is nothing at this address before the api-version {_ADDED[kind]}.")


def has(request: Request, version: str) -> bool:
    """Whether a request speaks this version or a younger one."""
    return request.query.get("api-version", "")[:10] >= version[:10]


def _is_younger(version: str) -> bool:
    match = _SHAPE.fullmatch(version)
    try:
        return match is not None and date(*map(int, match.groups())).isoformat() > KNOWN[-1][:10]
    except ValueError:
        return False
