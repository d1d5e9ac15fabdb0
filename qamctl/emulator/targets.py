"""The targets that the service offers, each with its size, profile, formats and price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

_QIR: Final = ("qir.v1",)


@dataclass(frozen=True, slots=True)
class Target:
    """One target.

    Attributes
    ----------
    profile
        The most of QIR that it takes, as the service names it; None: it takes no QIR.
    formats
        Input formats that it takes.
    queue
        Seconds, as `averageQueueTime`.
    availability
        Available, Degraded or Unavailable.
    price
        In dollars for one shot; None: what our price table says.
    start_seconds, shot_seconds
        How long a job runs: before its first shot, and for each.
    """

    id: str
    provider: str
    qubits: int | None
    profile: str | None
    formats: tuple[str, ...]
    queue: int = 0
    availability: str = "Available"
    status_page: str = ""
    price: float | None = None
    start_seconds: float = 1.0
    shot_seconds: float = 0.0

    @property
    def is_simulator(self) -> bool:
        """Whether it is no quantum computer: probabilities are exact."""
        return ".qpu." not in self.id


_IONQ: Final = ("ionq.circuit.v1", *_QIR)
_QUANTINUUM: Final = ("honeywell.openqasm.v1", *_QIR)
_RIGETTI: Final = ("rigetti.quil.v1", *_QIR)
_IONQ_PAGE: Final = "https://status.ionq.co"
_RIGETTI_PAGE: Final = "https://rigetti.statuspage.io/"

#: What a workspace of every provider had in 2026; pulses, which Pasqal's targets take, are not run here.
TARGETS: Final = (
    Target("ionq.simulator", "ionq", 29, "Base", _IONQ, 2, status_page=_IONQ_PAGE),
    Target("ionq.qpu.aria-1", "ionq", 25, "Base", _IONQ, 600, status_page=_IONQ_PAGE),
    Target("ionq.qpu.forte-1", "ionq", 36, "Base", _IONQ, 900, status_page=_IONQ_PAGE),
    Target("ionq.qpu.forte-enterprise-1", "ionq", 36, "Base", _IONQ, 900, status_page=_IONQ_PAGE),
    Target("quantinuum.sim.h2-1sc", "quantinuum", 56, "Adaptive_RI", _QUANTINUUM, 1),
    Target("quantinuum.sim.h2-1e", "quantinuum", 56, "Adaptive_RI", _QUANTINUUM, 1483),
    Target("quantinuum.qpu.h2-1", "quantinuum", 56, "Adaptive_RI", _QUANTINUUM, 79856, "Degraded"),
    Target("quantinuum.sim.helios-1e", "quantinuum", 98, "Adaptive_RIF", _QUANTINUUM, 60),
    Target("quantinuum.qpu.helios-1", "quantinuum", 98, "Adaptive_RIF", _QUANTINUUM, 18435),
    Target("rigetti.sim.qvm", "rigetti", 20, "Base", _RIGETTI, 5, status_page=_RIGETTI_PAGE),
    Target("rigetti.qpu.cepheus-1-108q", "rigetti", 108, "Base", _RIGETTI, 5, status_page=_RIGETTI_PAGE),
    Target("echo-output", "Microsoft.Test.FirstParty", None, None, ("microsoft.quantum-log.v1",), 1),
)


def provider_status(targets: Sequence[Target], unavailable: frozenset[str] = frozenset()) -> list[dict[str, Any]]:
    """Providers with their targets, as `providerStatus` tells them.

    Parameters
    ----------
    unavailable
        Ids of targets that are down at this moment.
    """
    told: dict[str, list[dict[str, Any]]] = {}
    for target in targets:
        availability = "Unavailable" if target.id in unavailable else target.availability
        entry = {
            "id": target.id,
            "currentAvailability": availability,
            "averageQueueTime": target.queue,
            "statusPage": target.status_page,
            "numQubits": target.qubits,
            "targetProfile": target.profile,
        }
        told.setdefault(target.provider, []).append(entry)
    return [
        {"id": provider, "currentAvailability": _together(entries), "targets": entries}
        for provider, entries in told.items()
    ]


def _together(entries: Sequence[dict[str, Any]]) -> str:
    """A provider is as available as the best of its targets."""
    found = {entry["currentAvailability"] for entry in entries}
    return next(word for word in ("Available", "Degraded", "Unavailable") if word in found)
