"""The targets of Azure Quantum: what we know of each as data, what the service says of it today, and what fits.

The figures are in `targets.toml`, each with its source and date. A target that the service lists and that is not there
is taken as the others of its provider are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from qamctl.errors import UnsupportedError, UsageError

if TYPE_CHECKING:
    from qamctl.azure.service import TargetStatus

#: Profiles of QIR, each with all that the ones before it have.
PROFILES: Final = ("base", "adaptive-ri", "adaptive-rif")

#: Parts of a name that say that a target is no quantum computer.
_SIMULATED: Final = frozenset({"sim", "simulator", "emulator"})


@dataclass(frozen=True, slots=True)
class Format:
    """How a program is sent and its results come back, in the service's words."""

    name: str
    input: str
    output: str
    content_type: str


@dataclass(frozen=True, slots=True)
class Target:
    """A target.

    Attributes
    ----------
    id
        The service's name, as `ionq.qpu.forte-1`.
    provider
        The service's name of the provider.
    text
        What it is.
    qpu
        Whether jobs run on a quantum computer; where that is not known, it is taken to be one.
    kind
        The class of `qamctl.quantum.targets` that circuits are compiled for; None: it takes no circuits of gates.
    profile
        The most of QIR that it takes, one of `PROFILES`; None: no QIR.
    qubits
        None where not known.
    min_shots, max_shots, default_shots
        `max_shots` None: the service decides.
    formats
        What it takes, the first by default.
    shots_param
        The input parameter that has the shots.
    batch
        Circuits in one job.
    retired
        It was listed by the service once; today's documentation does not name it.
    source, date
        Where the figures are from, and of what day (ISO 8601).
    known
        Whether it is in our data; else it was made from what the service lists.
    """

    id: str
    provider: str
    text: str
    qpu: bool
    kind: str | None
    profile: str | None
    qubits: int | None
    min_shots: int
    max_shots: int | None
    default_shots: int
    formats: tuple[Format, ...]
    shots_param: str
    batch: int
    retired: bool
    source: str
    date: str
    known: bool = True

    def format(self, name: str) -> Format:
        """The format of that name (`qir`, `ionq`, ...).

        Raises
        ------
        UnsupportedError
            The target does not take it.
        """
        for found in self.formats:
            if found.name == name:
                return found
        taken = ", ".join(f"{found.name} ({found.input})" for found in self.formats)
        raise UnsupportedError(f"{self.id} does not take programs in the format {name}: it takes {taken}")


def known() -> Mapping[str, Target]:
    """The targets of our data, by id."""
    return _data()[0]


def formats() -> Mapping[str, Format]:
    """The formats of our data, by name."""
    return _data()[1]


@cache
def _data() -> tuple[Mapping[str, Target], Mapping[str, Format]]:
    import tomllib
    from importlib.resources import files

    data = tomllib.loads(files("qamctl.azure").joinpath("targets.toml").read_text("utf-8"))
    found = {name: Format(name, **row) for name, row in data["formats"].items()}
    rows = {id: _target(id, row, found) for id, row in data["target"].items()}
    return MappingProxyType(rows), MappingProxyType(found)


def _target(id: str, row: Mapping[str, Any], formats: Mapping[str, Format]) -> Target:
    optional: dict[str, Any] = {"kind": None, "profile": None, "qubits": None, "max_shots": None, "retired": False}
    given = optional | dict(row)
    given["formats"] = tuple(formats[name] for name in given["formats"])
    given["date"] = given["date"].isoformat()
    return Target(id=id, **given)


def find(name: str) -> Target:
    """The target of that name.

    Raises
    ------
    UsageError
        Our data has none; the nearest names are told.
    """
    found = known().get(name)
    if found is not None:
        return found
    import difflib  # for faults only

    near = difflib.get_close_matches(name.lower(), known(), 3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(_current())}"
    raise UsageError(f"there is no target {name!r}: {hint}")


def from_status(status: TargetStatus) -> Target:
    """A target that the service lists: ours where it is known, else one like the others of its provider.

    How many shots it takes is then left to the service, and it counts as a quantum computer unless its name says that
    it simulates.
    """
    ours = known().get(status.id)
    if ours is None:
        ours = _like(status)
    return merge(ours, status)


def _like(status: TargetStatus) -> Target:
    qpu = _SIMULATED.isdisjoint(status.id.lower().replace(".", "-").split("-"))
    same = [t for t in known().values() if t.provider == status.provider.lower()]
    same.sort(key=lambda t: (_common(t.id, status.id), t.qpu == qpu, not t.retired), reverse=True)
    if same:
        return replace(
            same[0], id=status.id, provider=status.provider, text="listed by the service", qpu=qpu, qubits=None,
            max_shots=None, retired=False, source="", date="", known=False,
        )  # fmt: skip
    return Target(
        id=status.id, provider=status.provider, text="listed by the service", qpu=qpu, kind="simulator",
        profile="base", qubits=None, min_shots=1, max_shots=None, default_shots=500, formats=(formats()["qir"],),
        shots_param="shots", batch=1, retired=False, source="", date="", known=False,
    )  # fmt: skip


def _common(one: str, other: str) -> int:
    """Letters that two names begin with."""
    return next((k for k, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def merge(target: Target, status: TargetStatus | None) -> Target:
    """The target with what the service says of it today; as it is where the service says nothing.

    A profile does not make an analog machine take QIR, nor does one that we have no name for count.
    """
    if status is None:
        return target
    profile = status.profile if status.profile in PROFILES and target.profile is not None else target.profile
    return replace(target, qubits=target.qubits if status.qubits is None else status.qubits, profile=profile)


def check(target: Target, *, qubits: int | None = None, shots: int | None = None, profile: str | None = None) -> None:
    """Refuse what a target can't run; None: not asked.

    Parameters
    ----------
    qubits
        Of the circuit.
    profile
        Of the QIR, one of `PROFILES`.

    Raises
    ------
    UsageError
        Fewer shots than one, or more than the target takes.
    UnsupportedError
        The circuit is too large, or its QIR has more than the target takes; the targets that fit are told.
    """
    if shots is not None:
        _check_shots(target, shots)
    if profile is not None and not _takes(target, profile):
        raise UnsupportedError(_profile_fault(target, qubits or 0, profile))
    if qubits is not None and target.qubits is not None and qubits > target.qubits:
        fits = _fitting(qubits, profile if profile is not None else "base" if target.profile is not None else None)
        hint = f"it fits {', '.join(fits)}" if fits else "no known target is as large"
        raise UnsupportedError(f"the circuit has {qubits} qubits, and {target.id} has {target.qubits}: {hint}")


def _check_shots(target: Target, shots: int) -> None:
    most = target.max_shots
    if shots < target.min_shots:
        upto = f"to {most:,}" if most is not None else "on"
        raise UsageError(f"--shots {shots}: {target.id} takes from {target.min_shots} {upto}")
    if most is not None and shots > most:
        raise UsageError(f"--shots {shots}: {target.id} takes at most {most:,} in a job; submit several with --run-key")


def _takes(target: Target, profile: str) -> bool:
    return target.profile is not None and PROFILES.index(profile) <= PROFILES.index(target.profile)


def _fitting(qubits: int, profile: str | None) -> list[str]:
    """Targets of today for a circuit; profile None: analog ones."""
    return [
        t.id
        for t in _current().values()
        if (t.qubits is None or t.qubits >= qubits) and (_takes(t, profile) if profile else t.profile is None)
    ]


def _current() -> Mapping[str, Target]:
    return {t.id: t for t in known().values() if not t.retired}


def _profile_fault(target: Target, qubits: int, profile: str) -> str:
    fits = ", ".join(_fitting(qubits, profile)) or "no known target"
    if target.profile is None:
        return f"{target.id} takes no QIR, but {target.formats[0].input}: QIR of the profile {profile} fits {fits}"
    taken = " or ".join(PROFILES[: PROFILES.index(target.profile) + 1])
    return f"{target.id} does not take QIR of the profile {profile}: choose --qir-profile {taken}, or of {fits}"
