"""Routing that a repeated run follows: it depends on recorded figures alone, so that the same jobs are met again.

What the service says of its queues changes by the minute. It is asked once, and kept under what the first parts are;
a run that begins with the same parts takes what was kept, for as long as it finds the results of its jobs at hand. The
first part that has to be sent anew ends that: the service is asked again, and from there on that counts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from qamctl.azure.backend import BATCH, CLASSICAL, AzureBackend
from qamctl.azure.balance import Balancer, Choice, Route
from qamctl.azure.patience import Abandoned
from qamctl.azure.service import ServiceFault
from qamctl.errors import QamError
from qamctl.runs.atomic import make_folder, write_atomic

if TYPE_CHECKING:
    from qamctl.qubo.payload import Payload

#: Where it is kept, in the state folder.
FOLDER: Final = "routing"

#: Seconds that a part takes on a target before one has been measured, and on the classical engine.
PART, CLASSICAL_PART = 10.0, 0.1


@dataclass
class Routing:
    """The balancer of a run, with the figures that it goes by.

    Attributes
    ----------
    engine
        The targets.
    shots, depth
        Of a part's circuit, for its price.
    """

    engine: AzureBackend
    seed: int
    shots: int
    depth: int
    _balancer: Balancer | None = None
    _round: int = 0
    _kept: dict[int, dict[str, Any]] = field(default_factory=dict)  # figures by the round from which they hold
    _key: str = ""
    _stale: bool = False
    _asked: bool = False

    def assign(self, payloads: Sequence[Payload]) -> list[Choice]:
        """The routes of the parts of a round."""
        if self._balancer is None:
            self._key = self._name(payloads)
            self._kept = self._read()
        if self._round == 0 and 0 not in self._kept:
            self._stale = True
        if self._stale:  # from here on nothing is repeated
            self._kept = {k: figures for k, figures in self._kept.items() if k < self._round}
            if self._round == 0 or not self._asked:
                self._kept[self._round], self._asked = self._ask(), True
        figures = self._kept.get(self._round)
        if self._balancer is None:
            self._balancer = Balancer(
                self._routes(figures or {}), self.seed, together=BATCH, budget=self._budget()
            )  # fmt: skip
        elif figures is not None:
            self._balancer.update(self._routes(figures))
        self._round += 1
        return self._balancer.assign([(payload.n, len(payload.row)) for payload in payloads])

    def learn(self, payload: Payload, info: Mapping[str, Any], gain: float) -> None:
        """What a part gave; the time is that of its job, as it was written down."""
        assert self._balancer is not None  # the part was assigned
        route = str(info["route"])
        row = self.engine.book.rows.get(str(info.get("job")), {})
        seconds = CLASSICAL_PART if route == CLASSICAL else row.get("seconds")
        self._balancer.observe(route, payload.n, seconds, float(info.get("cost") or 0.0), gain)
        if info.get("job") and not info.get("cached"):
            self._stale = True

    def keep(self) -> None:
        """Write the figures down, for a run that begins with the same parts."""
        path = self._path()
        if path is None or not self._kept:
            return
        with suppress(QamError):  # a run that can't keep them is no worse
            make_folder(path.parent, private=True)
            write_atomic(path, json.dumps({str(k): self._kept[k] for k in sorted(self._kept)}), private=True)

    def _name(self, payloads: Sequence[Payload]) -> str:
        parts = [getattr(payload, "sha256", f"{payload.n}-{len(payload.row)}") for payload in payloads]
        text = json.dumps([self.engine.name, self.seed, self.shots, self.depth, parts])
        return hashlib.sha256(text.encode()).hexdigest()

    def _path(self) -> Any:
        account = self.engine.account
        return None if account is None else account.state / FOLDER / f"{self._key}.json"

    def _read(self) -> dict[int, dict[str, Any]]:
        path = self._path()
        with suppress(OSError, ValueError, AttributeError):
            return {int(k): dict(figures) for k, figures in json.loads(path.read_bytes()).items()}
        return {}

    def _ask(self) -> dict[str, Any]:
        """What the service says of the targets; nothing where it does not answer: their jobs will say why."""
        errand = self.engine.errand
        with suppress(QamError, ServiceFault, Abandoned):
            desk = errand.opened()
            call = desk.client.call
            found = errand.within(
                lambda: call("asking for the targets", desk.client.service.targets, errand.patience(desk))
            )  # fmt: skip
            return {
                one.id: {"queue": one.queue_seconds, "available": one.availability != "Unavailable",
                         "qubits": one.qubits}
                for one in found if one.id in self.engine.targets
            }  # fmt: skip
        return {}

    def _routes(self, figures: Mapping[str, Any]) -> list[Route]:
        def price_on(target: str) -> Any:
            return lambda variables, couplings: self.engine.price(
                target, variables, couplings, self.shots, self.depth
            )  # fmt: skip

        routes = [Route(CLASSICAL, part_seconds=CLASSICAL_PART)]
        for name, target in self.engine.targets.items():
            today = figures.get(name, {})
            qubits = today.get("qubits") or target.qubits
            routes.append(Route(
                name, qubits, bool(today.get("available", True)), float(today.get("queue", 0.0)), PART, BATCH,
                price_on(name), self.engine.least(name),
            ))  # fmt: skip
        return routes

    def _budget(self) -> float | None:
        account = self.engine.account
        return None if account is None else account.max_cost
