"""Lists of jobs by the filters that `az quantum job list` has: of ours from the database, of all from the service."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qamctl.errors import UsageError
from qamctl.job_view import of_ours, of_theirs
from qamctl.remote import Office, jobs_here

if TYPE_CHECKING:
    from qamctl.azure.service import RemoteJob

#: Words of `--orderby`, as the service has them -> the key of a job's view.
ORDERS: Final[Mapping[str, str]] = {
    "Name": "name", "ProviderId": "provider", "Target": "target", "State": "state", "CreationTime": "created",
}  # fmt: skip

#: Jobs of a page of the service, and of a list where nothing is said.
PAGE, TOP = 100, 20


@dataclass(frozen=True, slots=True)
class Asked:
    """Which jobs.

    Attributes
    ----------
    states
        Ours (`queued`, `submitted`, ...) or the service's words, in any case.
    name
        What the name begins with.
    first, last
        Days of the creation, both included.
    session
        Its id.
    tags
        All of them.
    order
        A key of `ORDERS`.
    """

    targets: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    name: str | None = None
    first: date | None = None
    last: date | None = None
    session: str | None = None
    tags: tuple[str, ...] = ()
    skip: int = 0
    top: int = TOP
    order: str = "CreationTime"
    descending: bool = True


def asked(
    *,
    targets: Sequence[str] | None = None,
    providers: Sequence[str] | None = None,
    states: Sequence[str] | None = None,
    name: str | None = None,
    created_after: str | None = None,
    created_before: str | None = None,
    session: str | None = None,
    tags: Sequence[str] | None = None,
    skip: str | None = None,
    top: str | None = None,
    order_by: str | None = None,
    order: str | None = None,
) -> Asked:
    """The filters as they stand on the command line.

    Raises
    ------
    UsageError
        One of them makes no sense.
    """
    orders = {word.lower(): word for word in ORDERS}
    if order_by is not None and order_by.lower() not in orders:
        raise UsageError(f"--orderby {order_by}: choose {', '.join(ORDERS)}")
    if order not in (None, "asc", "desc"):
        raise UsageError(f"--order {order}: choose asc or desc")
    return Asked(
        tuple(targets or ()), tuple(providers or ()), tuple(word.lower() for word in states or ()), name,
        _day("--created-after", created_after), _day("--created-before", created_before), session, tuple(tags or ()),
        _number("--skip", skip, 0, 0), _number("--top", top, TOP, 1), orders[(order_by or "CreationTime").lower()],
        order != "asc",
    )  # fmt: skip


def _day(flag: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{flag} {text}: give a day as 2026-11-20") from None


def _number(flag: str, text: str | None, default: int, least: int) -> int:
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < least:
        raise UsageError(f"{flag} {text}: give a whole number of at least {least}")
    return int(text)


def local(state: Path, which: Asked) -> list[dict[str, Any]]:
    """Jobs of ours, of all workspaces, as they were seen last; nothing is asked of anybody.

    Raises
    ------
    SpecError, TemporaryError
        The state database can't be used.
    """
    jobs, key = jobs_here(state), ORDERS[which.order]
    jobs.sort(key=lambda job: job.created if key == "created" else str(getattr(job, key)), reverse=which.descending)
    found = [view for view in map(of_ours, jobs) if _fits(view, which)]
    return found[which.skip : which.skip + which.top]


def _fits(view: Mapping[str, Any], which: Asked) -> bool:
    day = None if view["created"] is None else _moment(view["created"]).date()
    words = {str(view["state"]).lower(), str(view.get("status") or "").lower()}
    return (
        (not which.targets or view["target"] in which.targets)
        and (not which.providers or view["provider"] in which.providers)
        and (not which.states or bool(words & set(which.states)))
        and (which.name is None or str(view["name"]).lower().startswith(which.name.lower()))
        and (which.first is None or (day is not None and day >= which.first))
        and (which.last is None or (day is not None and day <= which.last))
        and (which.session is None or view["session"] == which.session)
        and set(which.tags) <= set(view["tags"])
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def remote(office: Office, which: Asked) -> list[dict[str, Any]]:
    """Jobs as the service has them, whoever submitted them.

    Raises
    ------
    AuthError, BackendError, TemporaryError
        The service does not answer well.
    """
    from qamctl.azure.client import error_of
    from qamctl.azure.service import ServiceFault

    direction = "desc" if which.descending else "asc"
    # The service has no filter of these, so all its pages are looked at until there are enough.
    own = bool(which.tags or which.session)
    found: list[dict[str, Any]] = []
    wanted, at = which.top + (which.skip if own else 0), 0 if own else which.skip
    with office.desk() as desk:
        service = desk.client.service
        while len(found) < wanted:
            size = PAGE if own else min(PAGE, wanted - len(found))

            def page(skip: int = at, top: int = size) -> Sequence[RemoteJob]:
                return service.list_jobs(query(which), f"{which.order} {direction}", skip, top)

            try:
                rows = desk.client.call("listing jobs", page)
            except ServiceFault as fault:
                raise error_of(fault, "listing jobs") from fault
            at += len(rows)
            found += [view for view in map(of_theirs, rows) if not own or _belongs(view, which)]
            if len(rows) < size:
                break
    return found[which.skip : wanted] if own else found


def _belongs(view: Mapping[str, Any], which: Asked) -> bool:
    return (which.session is None or view["session"] == which.session) and set(which.tags) <= set(view["tags"])


#: States of ours in the service's words.
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "submitted": ("Waiting", "Executing", "Finishing"), "succeeded": ("Succeeded", "Completed"),
    "failed": ("Failed",), "cancelled": ("Cancelled",),
}  # fmt: skip


def query(which: Asked) -> str | None:
    """The filters in the service's language (OData); None where there are none."""
    states = [word for state in which.states for word in _WORDS.get(state, (state.capitalize(),))]
    parts = [f"startswith(Name, {_quoted(which.name)})"] if which.name else []
    for key, values in (("ProviderId", which.providers), ("Target", which.targets), ("State", states)):
        if values:
            parts.append("(" + " or ".join(f"{key} eq {_quoted(value)}" for value in values) + ")")
    if which.first is not None:
        parts.append(f"CreationTime ge {which.first.isoformat()}")
    if which.last is not None:  # to the end of that day
        parts.append(f"CreationTime lt {(which.last + timedelta(days=1)).isoformat()}")
    return " and ".join(parts) or None


def _quoted(text: str) -> str:
    """A text of OData: a quote within is doubled."""
    return "'" + text.replace("'", "''") + "'"
