"""What goes wrong, and when: drawn by a seed, or written down for the nth request of a kind."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from qamctl.errors import UsageError

#: Faults by name.
FAULTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "throttle": "429 with Retry-After; nothing is done",
        "error-before": "500; nothing is done",
        "error-after": "500, although what was asked for is done",
        "lost-before": "the connection is cut; nothing is done",
        "lost-after": "the connection is cut, although what was asked for is done",
        "twice": "the request is handled twice, and the second answer is sent",
        "slow": "the answer takes a while",
        "expired": "the addresses in the answer have expired already",
        "failed": "the job fails",
        "stuck": "the job never begins",
        "unavailable": "the job's target is down, and the job fails for it; or all targets are told to be down",
    }
)

#: What befalls only some kinds of request.
_ONLY: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "expired": frozenset({"POST sas", "GET job", "GET jobs", "PUT job"}),
        "failed": frozenset({"PUT job"}),
        "stuck": frozenset({"PUT job"}),
        "unavailable": frozenset({"PUT job", "GET providers"}),
    }
)


#: The request header with which a client asks for faults itself: words of `FAULTS`, with commas between them, and
#: seconds for `throttle` and `slow`, as in `lost-after, slow=0.5`. The answer names in it whatever befell the request.
HEADER: Final = "x-qamctl-fault"

#: What takes a number of seconds, and how many at most.
_SECONDS: Final[Mapping[str, float]] = MappingProxyType({"throttle": 3600.0, "slow": 600.0})

#: Fault -> the seconds that it was given, if any.
Drawn = Mapping[str, float | None]


class UnknownFault(ValueError):
    """A request asks for a fault that there is not, or that can't befall it."""


@dataclass(frozen=True, slots=True)
class Event:
    """A fault that is written down.

    Attributes
    ----------
    kind
        Of requests, as `place.Place.kind` has it, for instance `PUT job`; `*`: any.
    nth
        The first request of the kind that it befalls, counted from 1.
    fault
        A key of `FAULTS`.
    times
        How many requests of the kind, one after the other.
    """

    kind: str
    nth: int
    fault: str
    times: int = 1

    def befalls(self, kind: str, nth: int, nth_of_all: int) -> bool:
        """Whether it is the turn of the nth request of a kind."""
        if self.kind == "*":
            return self.nth <= nth_of_all < self.nth + self.times
        return self.kind == kind and self.nth <= nth < self.nth + self.times


@dataclass(frozen=True, slots=True)
class Faults:
    """A plan of faults; equal plans befall equal sequences of requests alike.

    Attributes
    ----------
    rates
        Probability of each fault, for every request that it can befall; `NAME@KIND`, as in `slow@GET job`, for
        those of one kind.
    script
        Faults that come besides.
    retry_after
        Seconds that `throttle` asks to wait.
    slow_seconds
        How long `slow` takes.

    Raises
    ------
    UsageError
        There is no such fault, or a probability is none.
    """

    seed: int = 0
    rates: Mapping[str, float] = field(default_factory=dict)
    script: Sequence[Event] = ()
    retry_after: float = 1.0
    slow_seconds: float = 2.0

    def __post_init__(self) -> None:
        for text in self.rates:
            check_fault(*_parts(text))
        for event in self.script:
            check_fault(event.fault, event.kind)
        for name, rate in self.rates.items():
            if not 0.0 <= rate <= 1.0:
                raise UsageError(f"the rate of the fault {name!r} is {rate:g}: give a probability, from 0 to 1")

    def drawn(self, kind: str, nth: int, nth_of_all: int) -> Drawn:
        """What befalls the nth request of a kind."""
        if not self.rates and not self.script:
            return {}
        events = {event.fault for event in self.script if event.befalls(kind, nth, nth_of_all)}
        found: dict[str, float | None] = dict.fromkeys(name for name in FAULTS if name in events)
        for text, rate in self.rates.items():
            name, only = _parts(text)
            can = kind in _ONLY.get(name, {kind}) and only in ("*", kind)
            if rate and can and self._chance(text, kind, nth) < rate:
                found[name] = None
        return found

    def _chance(self, name: str, kind: str, nth: int) -> float:
        text = f"{self.seed}\0{name}\0{kind}\0{nth}".encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) / 2.0**64


def check_fault(name: str, kind: str = "*") -> None:
    """Hold that there is a fault, which can befall requests of a kind.

    Raises
    ------
    UsageError
        There is no such fault, or it can't.
    """
    if name not in FAULTS:
        raise UsageError(f"there is no fault {name!r}: choose {', '.join(FAULTS)}")
    if kind != "*" and kind not in _ONLY.get(name, {kind}):
        raise UsageError(f"the fault {name!r} can't befall {kind!r}: it befalls {', '.join(sorted(_ONLY[name]))}")


def asked(header: str, kind: str) -> Drawn:
    """The faults that a request of a kind asks for in its header.

    Raises
    ------
    UnknownFault
        There is no such fault, it can't befall that kind of request, or its seconds are none.
    """
    found: dict[str, float | None] = {}
    for part in filter(None, (part.strip() for part in header.split(","))):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        try:
            check_fault(name, kind)
        except UsageError as error:
            raise UnknownFault(error.message) from None
        found[name] = _seconds(name, value) if equals else None
    return found


def _seconds(name: str, text: str) -> float:
    try:
        value = float(text) if text.isascii() and len(text) < 20 else -1.0
    except ValueError:
        value = -1.0
    if name not in _SECONDS or not 0 <= value <= _SECONDS[name]:
        raise UnknownFault(f"{name}={text[:20]}: only {' and '.join(_SECONDS)} take seconds, and not too many")
    return value


def _parts(text: str) -> tuple[str, str]:
    """Fault and kind of a rate."""
    name, at, kind = text.partition("@")
    return name, kind if at else "*"
