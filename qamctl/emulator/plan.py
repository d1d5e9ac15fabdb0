"""Plans of faults as people write them: on the command line, and in a file.

A fault on the command line is `NAME`, `NAME=RATE`, `NAME@KIND=RATE`, or, for the nth request, `NAME@KIND#N` and
`NAME@KIND#NxTIMES`. A file is a mapping::

    seed: 7
    retry_after: 2
    slow_seconds: 3
    rates: {throttle: 0.05, "slow@GET job": 0.1}
    script:
      - {fault: lost-after, on: PUT job, nth: 2, times: 1}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qamctl.emulator.faults import Event, Faults, check_fault
from qamctl.errors import Diagnostic, SpecError, UsageError

if TYPE_CHECKING:
    from qamctl.spec.source import Path_, Source

_TEXT: Final = re.compile(
    r"(?P<name>[a-z-]+) (?:@(?P<kind>[^#=]+))?"
    r"(?:\#(?P<nth>[0-9]{1,9})(?:x(?P<times>[0-9]{1,9}))?)? (?:=(?P<rate>.+))?",
    re.VERBOSE,
)

_KEYS: Final = ("seed", "retry_after", "slow_seconds", "rates", "script")
_EVENT_KEYS: Final = ("fault", "on", "nth", "times")

#: Bytes of a file.
_MOST: Final = 1024 * 1024


def plan(texts: Iterable[str], file: Path | None, seed: int | None) -> Faults:
    """The faults of a file, if any, and those of the command line besides.

    Parameters
    ----------
    seed
        In place of the file's; None: the file's, or 0.

    Raises
    ------
    UsageError
        A text makes no sense.
    SpecError
        The file can't be read, or makes no sense: every fault of it, with its line and column.
    """
    found = Faults() if file is None else read_plan(file)
    rates, script = dict(found.rates), list(found.script)
    for text in texts:
        one = _read(text)
        if isinstance(one, Event):
            script.append(one)
        else:
            rates[one[0]] = one[1]
    return replace(found, rates=rates, script=tuple(script), seed=found.seed if seed is None else seed)


def _read(text: str) -> Event | tuple[str, float]:
    """A fault of the command line: for the nth request, or with a rate."""
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"--fault {text!r} makes no sense: write NAME, NAME=RATE, NAME@KIND=RATE or NAME@KIND#N")
    name, kind = match["name"], (match["kind"] or "*").strip()
    _check_kind(kind)
    check_fault(name, kind)
    if match["nth"] is not None:
        if match["rate"] is not None:
            raise UsageError(f"--fault {text!r} has both a number and a rate: leave one of them out")
        nth, times = int(match["nth"]), int(match["times"] or 1)
        if min(nth, times) < 1:
            raise UsageError(f"--fault {text!r}: requests are counted from 1")
        return Event(kind, nth, name, times)
    rate = _rate(1.0 if match["rate"] is None else match["rate"])
    if rate is None:
        raise UsageError(f"--fault {text!r}: the rate is a probability, from 0 to 1")
    return (name if kind == "*" else f"{name}@{kind}"), rate


def _check_kind(kind: str) -> None:
    from qamctl.emulator.service import KINDS

    if kind != "*" and kind not in KINDS:
        near = get_close_matches(kind, KINDS, 1)
        raise UsageError(
            f"there are no requests of the kind {kind!r}: "
            + (f"did you mean {near[0]!r}?" if near else f"choose {', '.join(KINDS)}")
        )


def read_plan(file: Path) -> Faults:
    """The faults of a file.

    Raises
    ------
    SpecError
        It can't be read, or makes no sense: every fault of it, with its line and column.
    """
    from qamctl.spec.reader import parse_source, read_bytes

    data, source = parse_source(read_bytes(file, str(file), _MOST), str(file), file)
    wrong: list[tuple[Path_, str, str]] = []
    wrong += [
        ((key,), f"there is no key `{key}` here", f"one of {', '.join(_KEYS)}") for key in data if key not in _KEYS
    ]
    numbers = {key: _number(data, key, least, wrong) for key, least in _NUMBERS.items() if key in data}
    rates = _rates(data.get("rates", {}), wrong)
    script = _script(data.get("script", []), wrong)
    if wrong:
        raise _told(source, wrong)
    given: dict[str, Any] = {key: value for key, value in numbers.items() if value is not None}
    return Faults(**given, rates=rates, script=tuple(script))


#: Numbers of a file, with their kind.
_NUMBERS: Final[Mapping[str, type[int] | type[float]]] = {"seed": int, "retry_after": float, "slow_seconds": float}

_Wrong = list[tuple["Path_", str, str]]


def _number(data: Mapping[str, Any], key: str, kind: type[int] | type[float], wrong: _Wrong) -> float | None:
    value = data[key]
    taken = (int,) if kind is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, taken) or not 0 <= value < 2**53:
        wrong.append(((key,), f"`{key}` must be a number of at least 0", "0 and more"))
        return None
    return kind(value)


def _rates(given: Any, wrong: _Wrong) -> dict[str, float]:
    if not isinstance(given, dict):
        wrong.append((("rates",), "`rates` must be a mapping of faults to probabilities", "as {throttle: 0.1}"))
        return {}
    found = {}
    for name, value in given.items():
        fault, at, kind = str(name).partition("@")
        _check(("rates", name), fault, kind if at else "*", wrong)
        rate = _rate(value)
        if rate is None:
            wrong.append((("rates", name), f"the rate of `{name}` must be a probability", "from 0 to 1"))
        else:
            found[str(name)] = rate
    return found


def _script(given: Any, wrong: _Wrong) -> list[Event]:
    if not isinstance(given, list):
        wrong.append((("script",), "`script` must be a list of faults", "as [{fault: slow, on: GET job, nth: 1}]"))
        return []
    found = []
    for place, one in enumerate(given):
        if not isinstance(one, dict):
            wrong.append((("script", place), "a fault of the script must be a mapping", f"of {', '.join(_EVENT_KEYS)}"))
            continue
        wrong += [
            (("script", place, key), f"there is no key `{key}` here", f"one of {', '.join(_EVENT_KEYS)}")
            for key in one
            if key not in _EVENT_KEYS
        ]
        kind, nth, times = str(one.get("on", "*")), one.get("nth", 1), one.get("times", 1)
        _check(("script", place), str(one.get("fault")), kind, wrong)
        for key, value in (("nth", nth), ("times", times)):
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                wrong.append((("script", place, key), f"`{key}` must be an integer of at least 1", "1 and more"))
                break
        else:
            found.append(Event(kind, nth, str(one.get("fault")), times))
    return found


def _check(path: Path_, name: str, kind: str, wrong: _Wrong) -> None:
    try:
        _check_kind(kind)
        check_fault(name, kind)
    except UsageError as error:
        text, _, hint = error.message.partition(": ")
        wrong.append((path, text, hint))


def _rate(value: Any) -> float | None:
    """A probability; None: it is none."""
    try:
        rate = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else -1.0
    except (ValueError, OverflowError):
        return None
    return rate if 0.0 <= rate <= 1.0 else None


def _told(source: Source, wrong: _Wrong) -> SpecError:
    places = source.places([path for path, _, _ in wrong])
    told = [Diagnostic(text, place, hint) for (_, text, hint), place in zip(wrong, places, strict=True)]
    return SpecError(f"{source.label} is no plan of faults", told)
