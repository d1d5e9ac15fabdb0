"""Sessions that jobs belong to: an id as it is, or a name, under which the first job opens one."""

from __future__ import annotations

import uuid
from functools import partial
from typing import TYPE_CHECKING

from qamctl.azure.client import error_of
from qamctl.azure.service import ServiceFault

if TYPE_CHECKING:
    from qamctl.azure.submit import Desk
    from qamctl.azure.targets import Target


def open_session(desk: Desk, name: str | None, target: Target, deadline: float | None = None) -> str | None:
    """The id of a session; where it is a name that the workspace and the target have none of, it is opened.

    Raises
    ------
    AuthError, BackendError, TemporaryError
        The service refuses, or does not answer well.
    """
    if name is None or is_uuid(name):
        return name
    service = desk.client.service
    id = str(uuid.uuid5(uuid.NAMESPACE_URL, "\0".join(["qamctl session", service.workspace, target.id, name])))
    what = f"opening the session {name!r}"
    try:
        try:
            desk.client.call(what, partial(service.get_session, id), deadline)
        except ServiceFault as fault:
            if fault.status != 404:
                raise
            desk.client.call(what, partial(service.open_session, id, name, target.provider, target.id), deadline)
    except ServiceFault as fault:
        raise error_of(fault, what) from fault
    return id


def is_uuid(text: str) -> bool:
    """Whether a text is an id as the service has them."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
