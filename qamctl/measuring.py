"""Engines that measure circuits: how large their parts are, how often they measure, and what they are judged against.

Options of a run go in, options of engines and of the hybrid loop come out, for schedules and models alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qamctl.qubo.rounds import Controls, Limits

if TYPE_CHECKING:
    from qamctl.azure.account import Account
    from qamctl.backends.base import Backend
    from qamctl.errors import QamError
    from qamctl.options import Options
    from qamctl.qubo.window import Sampler

#: Qubits of a part, where nothing else is said: simulated in a moment, and small for every device.
QUBITS: Final = 16

#: The classical engine that is given the same parts for the same time.
CLASSICAL: Final = "anneal"

#: Parts that a remote engine is given in all, where nothing else is said.
ROUNDS: Final = 16

#: Seconds that the classical engine has beside a remote one: less than any job takes, and enough to solve a part of
#: this size as a rule, so that nothing is claimed for a queue's sake.
BESIDE: Final = 0.25


class CutShort(Exception):
    """An engine could not go on; what it had until then counts.

    Parameters
    ----------
    error
        Why.
    outcome
        What it had, as engines of its kind give it.
    left
        What is still to be told: of jobs that run on, say.
    """

    def __init__(self, error: QamError, outcome: Any, left: str | None = None) -> None:
        super().__init__(error.message)
        self.error, self.outcome = error, outcome
        self.note = "; ".join(text for text in (error.message, left) if text)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run says of circuits; None where it says nothing.

    Attributes
    ----------
    shots, depth, mixer, noise
        Measurements each time a circuit is run, its layers, its mixer, and a preset for engines that simulate noise.
    max_qubits
        Of a part; larger problems are improved part by part.
    max_shots, max_rounds
        In all.
    angles, name
        Where the angles of a whole model are kept, and what the problem is called there.
    account
        Whose jobs those of remote engines are.
    strict
        No engine may stand in for a job that failed.
    """

    shots: int | None = None
    depth: int | None = None
    mixer: str | None = None
    max_qubits: int | None = None
    max_shots: int | None = None
    max_rounds: int | None = None
    angles: Path | None = None
    noise: str | None = None
    name: str | None = None
    account: Account | None = None
    strict: bool = False

    @property
    def parts(self) -> int:
        """Parts of a remote engine in all: neither its time nor its steps are limited."""
        return self.max_rounds or ROUNDS

    def circuit(self) -> dict[str, Any]:
        """Options of a circuit, as engines take them."""
        return {name: value for name in ("depth", "mixer", "noise") if (value := getattr(self, name)) is not None}

    def limits(self) -> Limits:
        """What all parts together may use up."""
        cost = None if self.account is None else self.account.max_cost
        return Limits(self.max_rounds, self.max_shots, cost)


NOTHING: Final = Settings()


def told(row: Mapping[str, Any], info: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of `bench` for an engine of circuits, from its line of the result and its figures.

    Evaluations are added up over the parts of a problem, the probability of the optimum is their mean.
    """
    rounds = info.get("rounds") or [info]
    chances = [part["probability_of_optimum"] for part in rounds if part.get("probability_of_optimum") is not None]
    return {
        "shots": row["shots"],
        "evaluations": sum(int(part.get("evaluations") or 0) for part in rounds),
        "probability_of_optimum": sum(chances) / len(chances) if chances else None,
        "gain_over_random": row["gain_over_random"],
        "gain_over_classical_same_time": row["gain_over_classical_same_time"],
    }


def settings_of(options: Options, name: str | None = None, account: Account | None = None) -> Settings:
    """The settings that the options of a run hold, for a problem of this name."""
    return Settings(
        options.shots, options.depth, options.mixer, options.max_qubits, options.max_shots, options.max_rounds,
        options.angles, options.noise, name, account, options.strict,
    )  # fmt: skip


def shots_of(engine: Backend, settings: Settings) -> int:
    """Measurements each time that a circuit is run."""
    shots = settings.shots or engine.capabilities.shots or 0
    return shots if settings.max_shots is None else min(shots, settings.max_shots)


def qubits_of(engine: Backend, settings: Settings) -> int | None:
    """Variables of a part at most; None: the engine decides."""
    able = engine.capabilities
    if not able.quantum:
        return able.max_variables
    wanted = settings.max_qubits or min(QUBITS, able.any_variables or QUBITS)
    return wanted if able.max_variables is None else min(wanted, able.max_variables)


def loop_options(engine: Backend, settings: Settings, classical: Sampler) -> Mapping[str, Any]:
    """How the hybrid loop treats an engine: `effort`, `controls` and `limits` of `qubo.improve.improve`.

    Every part has both controls: as many random choices as shots, decoded alike, and a classical engine for as long as
    the circuit took.
    """
    if not engine.capabilities.quantum:
        return {}
    found: dict[str, Any] = {
        "effort": {"reads": shots_of(engine, settings), **settings.circuit()},
        "controls": Controls(classical, 1, True, BESIDE if engine.capabilities.remote else None),
        "limits": settings.limits(),
    }
    return found | ({"together": engine.capabilities.batch} if engine.capabilities.remote else {})
