"""Points in time as the service writes them, from seconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime


def precise(seconds: float, zone: str = "+00:00") -> str:
    """As `creationTime`: to a tenth of a microsecond, with its offset, which in lists is `Z`."""
    return _at(seconds).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0" + zone


def brief(seconds: float) -> str:
    """As `beginExecutionTime`: to a millisecond, `Z` at its end."""
    moment = _at(seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def whole(seconds: float) -> str:
    """As a token says when it ends: to a second."""
    return _at(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def http_date(seconds: float) -> str:
    """As in a header."""
    return format_datetime(_at(seconds), usegmt=True)


def read(text: str) -> float | None:
    """Seconds since 1970 of a date, or of a date and time, in UTC where it has no offset; None: it is none."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except ValueError:
        return None


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
