"""Pages of jobs and sessions: filtered, in order, each with the address of the next one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import quote

from qamctl.emulator.core import Call, Core
from qamctl.emulator.filters import FilterFault, Record, compile_filter
from qamctl.emulator.messages import Response, json_answer, refuse
from qamctl.emulator.place import own_address
from qamctl.emulator.state import Job, Session
from qamctl.emulator.told import kind as job_type

Item = TypeVar("Item", Job, Session, Job | Session)

#: Items of a page, where nothing is said, and at most.
PAGE: Final = 100

_ORDERS: Final[Mapping[str, str]] = {
    name.lower(): name for name in ("Name", "ItemType", "JobType", "ProviderId", "Target", "State", "CreationTime")
}


def page(core: Core, call: Call, items: Sequence[Item], view: Callable[[Core, Call, Item], dict[str, Any]]) -> Response:
    """A page of these items, in the order in which they were made unless the request says another.

    Parameters
    ----------
    view
        Tells one of them.

    Raises
    ------
    Refused
        400: the filter, the order or the numbers make no sense.
    """
    query = call.request.query
    skip, top = _number(query, "skip", 0), min(_number(query, "top", PAGE), PAGE)
    found = sorted(items, key=lambda item: item.order)
    filter, order = query.get("filter", "").strip(), query.get("orderby", "").strip()
    if filter or order:  # else nobody asks what is known of each
        found = _chosen([(record(core, call, item), item) for item in found], filter, order)
    told = [view(core, call, item) for item in found[skip : skip + top]]
    more = _next(call, skip + top, top) if len(found) > skip + top else None
    return json_answer({"value": told, "nextLink": more})


def record(core: Core, call: Call, item: Job | Session) -> Record:
    """What filters and orders know of an item."""
    if isinstance(item, Job):
        word, provider, target = core.status(item, call.now), item.target.provider, item.target.id
    else:
        word, provider, target = core.session_status(item, call.now), item.provider, item.target
    return {
        "name": item.name,
        "itemtype": type(item).__name__,
        "jobtype": job_type(item) if isinstance(item, Job) else "",
        "providerid": provider,
        "target": target,
        "state": word,
        "creationtime": item.created,
    }


def _chosen(records: list[tuple[Record, Any]], filter: str, order: str) -> list[Any]:
    """What a filter keeps, sorted by `orderby`; equal items stay as they are."""
    try:
        keep = compile_filter(filter)
    except FilterFault as error:
        raise refuse(400, "InvalidFilter", f"The filter is not valid: {error}") from None
    records = [(one, item) for one, item in records if keep(one)]
    if order:
        _sort(records, order)
    return [item for _, item in records]


def _sort(records: list[tuple[Record, Any]], order: str) -> None:
    name, _, direction = order.partition(" ")
    if name.lower() not in _ORDERS or direction.strip().lower() not in ("", "asc", "desc"):
        raise refuse(
            400, "InvalidOrderBy", f"The order is not valid: one of {', '.join(_ORDERS.values())}, asc or desc."
        )
    key = name.lower()
    records.sort(key=lambda pair: pair[0][key], reverse=direction.strip().lower() == "desc")


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 10) or (name == "top" and int(text) == 0):
        raise refuse(400, "InvalidQueryParameter", f"The parameter '{name}' must be a number.")
    return int(text)


def _next(call: Call, skip: int, top: int) -> str:
    query = call.request.query
    kept = {name: query[name] for name in ("filter", "orderby") if name in query}
    parts = {**kept, "top": str(top), "skip": str(skip), "api-version": query["api-version"]}
    text = "&".join(f"{name}={quote(value, safe='()', errors='surrogateescape')}" for name, value in parts.items())
    return f"{own_address(call.request)}{quote(call.request.path, safe='/:', errors='surrogateescape')}?{text}"
