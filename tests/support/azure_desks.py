"""Desks before a simulated service, and orders for them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from support.azure_cloud import WORKSPACE, Cloud, CloudService, Fate, Weather
from support.azure_stage import Stage

from qamctl.azure import store
from qamctl.azure.client import Policy
from qamctl.azure.open import make_desk
from qamctl.azure.submit import Desk, Order
from qamctl.azure.throttle import Limits
from qamctl.runs import ledger
from qamctl.runs.database import connect


def make_order(number: int = 1, *, micros: int = 1_000_000, **fields: Any) -> Order:
    """An order that may cost a dollar."""
    return Order(**{
        "name": f"job {number}", "target": "ionq.simulator", "provider": "ionq", "payload": b"program %d" % number,
        "input_format": "qir.v1", "output_format": "microsoft.quantum-results.v2", "content_type": "qir.v1",
        "shots": 100, "params": {"shots": 100}, "estimate": {"micros": micros, "currency": "USD"}, **fields,
    })  # fmt: skip


def desk_on(
    state: Path, stage: Stage, cloud: Cloud, weather: Weather, seed: int = 1, *, policy: Policy | None = None,
    limits: Limits | None = None,
) -> Desk:  # fmt: skip
    """A process of a machine, whose state folder this is."""
    service = CloudService(cloud, weather)
    desk = make_desk(state, service, stage, seed=seed, at=stage.point, policy=policy, limits=limits)
    # Power cuts are not played here: the syncs would only take time.
    return replace(desk, connect=partial(connect, state / "state.db"))


@dataclass(frozen=True)
class World:
    """A machine before a service where nothing goes wrong but what is written down."""

    stage: Stage
    cloud: Cloud
    weather: Weather
    desk: Desk

    def job(self, order: Order) -> store.Job:
        """The row of an order's job."""
        with self.desk.connect() as connection:
            found = store.get(connection, order.id(WORKSPACE))
        assert found is not None
        return found

    def lines(self) -> list[ledger.Line]:
        """The ledger."""
        with self.desk.connect() as connection:
            return list(ledger.lines(connection))

    def entries(self, order: Order) -> dict[str, int]:
        """The entries of an order's job in the ledger."""
        with self.desk.connect() as connection:
            rows = connection.execute("SELECT entry, micros FROM ledger WHERE job = ?", (order.id(WORKSPACE),))
            return dict(rows.fetchall())

    @property
    def verbs(self) -> list[str]:
        """The requests so far."""
        return [verb for _, verb, _ in self.cloud.requests]


def make_world(
    state: Path, fates: Mapping[bytes, Fate] | None = None, script: Mapping[tuple[str, int], str] | None = None, *,
    second: str = "conflict", seed: int = 1, policy: Policy | None = None, limits: Limits | None = None,
) -> World:  # fmt: skip
    """A world, with faults for the nth request of a verb."""
    stage = Stage(random.Random(seed))
    cloud, weather = Cloud(stage, fates, second), Weather(random.Random(seed), script=script or {})
    return World(stage, cloud, weather, desk_on(state, stage, cloud, weather, seed, policy=policy, limits=limits))
