"""Which of Azure's hosts was asked: the data plane and its storage, or one of those beside them."""

from __future__ import annotations

import json
from typing import Final

from qamctl.emulator.front.entra import LOGIN, login
from qamctl.emulator.front.management import LOCATION, MANAGEMENT, manage
from qamctl.emulator.messages import Request, Response, fault, json_answer
from qamctl.emulator.service import AzureService

__all__ = ["LOCATION", "LOGIN", "MANAGEMENT", "TELEMETRY", "respond"]

#: Whom qdk tells of its use, of every region.
TELEMETRY: Final = ".in.applicationinsights.azure.com"


def respond(service: AzureService, request: Request) -> Response:
    """The answer of whichever host was asked.

    Raises
    ------
    LostResponse
        As `AzureService.handle`.
    """
    host = request.header("host")
    if host == LOGIN:
        return login(service, request)
    if host == MANAGEMENT:
        return manage(service, request)
    if host.endswith(TELEMETRY):
        return _heard(request)
    return service.handle(request)


def _heard(request: Request) -> Response:
    """The thanks for telemetry, which ends here: nobody reads it, and nothing is kept."""
    if request.method != "POST" or not request.path.endswith("/track"):
        return fault(404, "NotFound", "There is nothing at this address.")
    try:
        events = json.loads(request.body)
    except (ValueError, RecursionError):
        events = None
    count = len(events) if isinstance(events, list) else 1
    return json_answer({"itemsReceived": count, "itemsAccepted": count, "appId": None, "errors": []})
