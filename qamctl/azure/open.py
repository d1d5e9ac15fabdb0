"""Opens the desk: the state folder's database, the workspace that is asked for, and a patient client of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qamctl.azure.client import LOOPBACK, Client, Policy
from qamctl.azure.clock import Clock, SystemClock
from qamctl.azure.submit import Desk
from qamctl.azure.throttle import Limits, Throttle
from qamctl.runs.cache import Cache
from qamctl.runs.database import connect

if TYPE_CHECKING:
    from qamctl.azure.service import Service
    from qamctl.azure.workspace import Place

#: Requests a second of all processes to a service on this machine.
LOOPBACK_LIMITS = Limits(per_second=1000.0)


def open_desk(state: Path, place: Place, environ: Mapping[str, str], *, clock: Clock | None = None) -> Desk:
    """The desk of a workspace; nothing is asked of the service yet, unless its address has to be looked up.

    Raises
    ------
    AuthError
        There are no credentials.
    """
    from qamctl.azure.sdk import connect as connect_sdk

    loopback = place.endpoint is not None and place.endpoint.startswith("http://")
    return make_desk(
        state, connect_sdk(place, environ), clock or SystemClock(), policy=LOOPBACK if loopback else None,
        limits=LOOPBACK_LIMITS if loopback else None,
    )  # fmt: skip


def make_desk(
    state: Path,
    service: Service,
    clock: Clock,
    *,
    policy: Policy | None = None,
    limits: Limits | None = None,
    seed: int | None = None,
    at: Callable[[str], None] = lambda name: None,
) -> Desk:
    """The desk of any service; `seed` is of the pauses between attempts, None: they differ each time."""
    database = partial(connect, state / "state.db", durable=True)
    # What is shared of a service may be lost in a power cut: syncing it would cost more than the requests.
    throttle = Throttle(partial(connect, state / "state.db"), service.endpoint, clock, limits)
    client = Client(service, throttle, clock, random.Random(seed), policy)
    return Desk(state, database, Cache(state / "cache"), client, clock, at)
