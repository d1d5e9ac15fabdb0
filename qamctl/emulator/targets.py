"""The targets that the service offers, each with its size, profile, formats, limits, times and price.

What is known of the real ones is in one table, `qamctl/azure/targets.toml`; here stands what only a service needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from qamctl.azure.targets import find

#: Profiles of QIR as our table names them -> as the service does.
_PROFILES: Final = {"base": "Base", "adaptive-ri": "Adaptive_RI", "adaptive-rif": "Adaptive_RIF"}

#: Parts of an id that only quantum computers have.
_MACHINES: Final = (".qpu.", ".machine")


@dataclass(frozen=True, slots=True)
class Target:
    """One target.

    Attributes
    ----------
    qubits
        As the service tells them; None: it does not.
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
    min_shots, max_shots, default_shots
        Of a job; None: only what the simulators here take. The last one is for a job that does not say.
    max_bytes
        Of a program; nobody published a limit, so it is ours.
    state_qubits
        That it simulates unless the job asks for the stabilizer method; None: `qubits`.
    is_sampled
        Whether it draws shots; else it tells the exact distribution, scaled to the shots.
    checks_only
        Whether it compiles programs and runs none: every result is 0.
    """

    id: str
    provider: str
    qubits: int | None
    profile: str | None
    formats: tuple[str, ...]
    queue: int = 0
    availability: str = "Available"
    status_page: str | None = ""
    price: float | None = None
    start_seconds: float = 1.0
    shot_seconds: float = 0.0
    min_shots: int = 1
    max_shots: int | None = None
    default_shots: int = 500
    max_bytes: int = 256 * 1024 * 1024
    state_qubits: int | None = None
    is_sampled: bool = True
    checks_only: bool = False

    @property
    def is_simulator(self) -> bool:
        """Whether it is no quantum computer."""
        return not any(part in self.id for part in _MACHINES)


def _known(id: str, queue: int, start: float, shot: float, **more: Any) -> Target:
    """A target of our table, with the seconds that jobs wait, begin and take for a shot; `more` goes first."""
    row = find(id)
    given: dict[str, Any] = {
        "qubits": row.qubits, "profile": None if row.profile is None else _PROFILES[row.profile],
        "formats": tuple(format.input for format in row.formats), "min_shots": row.min_shots,
        "max_shots": row.max_shots, **_OF_PROVIDER.get(row.provider, {}), **more,
    }  # fmt: skip
    return Target(id, row.provider, queue=queue, start_seconds=start, shot_seconds=shot, **given)


#: Shots of a job that does not say: recorded of Quantinuum and Rigetti, and documented of IonQ's noisy simulator.
_OF_PROVIDER: Final[dict[str, dict[str, Any]]] = {
    "ionq": {"default_shots": 1000, "status_page": "https://status.ionq.co"},
    "quantinuum": {"default_shots": 1},
    "rigetti": {"default_shots": 1, "status_page": "https://rigetti.statuspage.io/"},
    "pasqal": {"default_shots": 100},
    "qci": {"status_page": None},
}

#: Documented as of 56/32 qubits: as a state vector, which is their default, these emulators hold fewer.
_H2E: Final[dict[str, Any]] = {"qubits": 56, "state_qubits": find("quantinuum.sim.h2-1e").qubits}

#: What a workspace of every provider had in 2026.
#:
#: Seconds: the wait as it was recorded in 2025 where it was. How long simulators run was recorded, too (ionq.simulator,
#: the QVM, the checkers, h2-1e). All the times of quantum computers are rough guesses of the right magnitude, as nobody
#: published them; Rigetti's are what our price table assumes.
TARGETS: Final = (
    _known("ionq.simulator", 2, 0.1, 0.0, is_sampled=False),
    _known("ionq.qpu.aria-1", 600, 10.0, 0.03),
    _known("ionq.qpu.forte-1", 900, 10.0, 0.05),
    _known("ionq.qpu.forte-enterprise-1", 900, 10.0, 0.05),
    _known("quantinuum.sim.h2-1sc", 1, 0.1, 0.0, checks_only=True),
    _known("quantinuum.sim.h2-1e", 1483, 1.6, 0.004, **_H2E),
    _known("quantinuum.qpu.h2-1", 79856, 20.0, 0.2, availability="Degraded"),
    _known("quantinuum.sim.h2-2sc", 1, 0.1, 0.0, checks_only=True),
    _known("quantinuum.sim.h2-2e", 43319, 1.6, 0.004, **_H2E),
    _known("quantinuum.qpu.h2-2", 50000, 20.0, 0.2),
    _known("quantinuum.sim.helios-1sc", 1, 0.1, 0.0, checks_only=True),
    _known("quantinuum.sim.helios-1e", 60, 2.0, 0.01),
    _known("quantinuum.qpu.helios-1", 18435, 20.0, 0.2),
    _known("rigetti.sim.qvm", 5, 0.5, 0.0),
    _known("rigetti.qpu.cepheus-1-108q", 5, 0.5, 0.001),
    _known("qci.simulator", 2, 0.5, 0.0),
    _known("qci.simulator.noisy", 2, 0.5, 0.001),
    _known("qci.machine1", 60, 2.0, 0.001),
    _known("pasqal.sim.emu-tn", 17, 10.0, 0.0),
    _known("pasqal.sim.emu-sv", 5, 5.0, 0.0),
    _known("pasqal.sim.emu-mps", 5, 5.0, 0.0),
    _known("pasqal.sim.emu-free", 5, 2.0, 0.0),
    _known("pasqal.qpu.fresnel", 0, 60.0, 0.5, availability="Degraded"),
    _known("pasqal.qpu.fresnel-can1", 600, 60.0, 0.5),
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
