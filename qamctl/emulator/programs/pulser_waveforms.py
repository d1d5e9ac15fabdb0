"""Numbers and waveforms of Pulser's abstract representation; each waveform is one value for each nanosecond.

The shapes, and the lengths of those that are told by their highest value, are those of pulser-core 1.9
(pulser/waveforms.py), so that a sequence lasts here as long as it does there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qamctl.emulator.programs.fault import BadProgram

Floats = npt.NDArray[np.float64]

#: Nanoseconds of a waveform and of a sequence at most, before memory and time are taken.
LONGEST: Final = 100_000


@dataclass(frozen=True, slots=True)
class Waveform:
    """A waveform.

    Attributes
    ----------
    duration
        In ns.
    shape
        The samples, for a duration.
    elastic
        Whether it may be made longer, as channels do whose clock is slow.
    constant
        Whether it is one value by its kind.
    """

    duration: int
    shape: Callable[[int], Floats] = field(repr=False)
    elastic: bool = True
    constant: bool = False

    @property
    def samples(self) -> Floats:
        """[duration] The value in each nanosecond."""
        return self.shape(self.duration)


def number(record: Mapping[str, Any], name: str, default: float | None = None) -> float:
    """A number of a record.

    Raises
    ------
    BadProgram
        It is none, as where a variable has no value yet.
    """
    found = record.get(name, default)
    if isinstance(found, dict):
        raise BadProgram(f"'{name}' depends on a variable: build the sequence before it is sent.")
    try:
        value = math.nan if isinstance(found, bool) or not isinstance(found, int | float) else float(found)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise BadProgram(f"'{name}' must be a number.")
    return value


def numbers(record: Mapping[str, Any], name: str) -> Floats:
    """[k] Numbers of a record, one at least.

    Raises
    ------
    BadProgram
        There are none.
    """
    found = record.get(name)
    if not isinstance(found, list) or not found or len(found) > LONGEST:
        raise BadProgram(f"'{name}' must be a list of 1 to {LONGEST} numbers.")
    return np.array([number({name: one}, name) for one in found])


def duration(record: Mapping[str, Any], name: str = "duration") -> int:
    """A time in ns; parts of a nanosecond are left out, as Pulser does.

    Raises
    ------
    BadProgram
        It is none.
    """
    found = int(number(record, name))
    if not 0 <= found <= LONGEST:
        raise BadProgram(f"'{name}' must be from 0 to {LONGEST} ns.")
    return found


def read(record: Any) -> Waveform:
    """A waveform of any kind.

    Raises
    ------
    BadProgram
        It is not known, or makes no sense.
    """
    kind = record.get("kind") if isinstance(record, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise BadProgram(f"The waveform {str(kind)[:40]!r} is not known.")
    found = _KINDS[kind](record)
    if not 1 <= found.duration <= LONGEST:
        raise BadProgram(f"A waveform lasts {found.duration} ns, and must last from 1 to {LONGEST} ns.")
    return found


def phase_to_detuning(phase: Waveform, kind: str) -> tuple[Waveform, float]:
    """A pulse's detuning and the phase that it begins with, from how its phase runs: δ = -dφ/dt.

    Parameters
    ----------
    kind
        Of the phase's waveform.
    """
    samples = phase.samples
    slopes = -np.diff(samples) * 1e3
    if kind in ("constant", "ramp"):
        slope = float(slopes[0]) if len(slopes) else 0.0
        return _flat(phase.duration, slope), float(samples[0]) + slope * 1e-3
    detuning = np.concatenate([slopes[:1], slopes]) if len(slopes) else np.zeros(1)
    return _fixed(detuning), float(samples[0] + detuning[0] * 1e-3)


def _flat(duration: int, value: float) -> Waveform:
    return Waveform(duration, lambda size: np.full(size, value), constant=True)


def _fixed(samples: Floats) -> Waveform:
    return Waveform(len(samples), lambda size: samples, elastic=False)


def _constant(record: Mapping[str, Any]) -> Waveform:
    return _flat(duration(record), number(record, "value"))


def _ramp(record: Mapping[str, Any]) -> Waveform:
    start, stop = number(record, "start"), number(record, "stop")
    return Waveform(duration(record), lambda size: np.linspace(start, stop, size))


def _custom(record: Mapping[str, Any]) -> Waveform:
    return _fixed(numbers(record, "samples"))


def _composite(record: Mapping[str, Any]) -> Waveform:
    parts = record.get("waveforms")
    if not isinstance(parts, list) or not 2 <= len(parts) <= LONGEST:
        raise BadProgram("A composite waveform needs two waveforms or more.")
    found = [read(part) for part in parts]
    if sum(part.duration for part in found) > LONGEST:
        raise BadProgram(f"A composite waveform lasts more than {LONGEST} ns.")
    return _fixed(np.concatenate([part.samples for part in found]))


def _interpolated(record: Mapping[str, Any]) -> Waveform:
    """PCHIP through points at fractions of the duration."""
    values, times = numbers(record, "values"), numbers(record, "times")
    if len(values) != len(times) or len(values) < 2:
        raise BadProgram("An interpolated waveform needs as many times as values, and two at least.")
    if times.min() < 0 or times.max() > 1 or (np.diff(times) <= 0).any():
        raise BadProgram("The times of an interpolated waveform must rise from 0 to 1.")

    def shape(size: int) -> Floats:
        from scipy.interpolate import PchipInterpolator

        if size < 2:
            return values[:1]
        curve: Floats = PchipInterpolator(times * (size - 1), values)(np.arange(size))
        return np.clip(curve, values.min(), values.max())

    return Waveform(duration(record), shape)


def _window(size: int, beta: float | None) -> Floats:
    """A Kaiser window, or Blackman's where there is no beta."""
    found = np.blackman(size) if beta is None else np.kaiser(size, beta)
    return np.clip(found, 0, np.inf)


def _scaled(size: int, area: float, beta: float | None) -> Floats:
    window = _window(size, beta)
    if not window.sum():
        raise BadProgram(f"A Blackman waveform of {size} ns has no area: it must last longer.")
    return np.asarray(window * (area / window.sum() * 1e3))


def _windowed(record: Mapping[str, Any]) -> Waveform:
    area, beta = number(record, "area"), _beta(record)
    return Waveform(duration(record), lambda size: _scaled(size, area, beta))


def _beta(record: Mapping[str, Any]) -> float | None:
    if record["kind"].startswith("blackman"):
        return None
    beta = number(record, "beta")
    if not 0 <= beta <= 700:  # what a double's exponential holds
        raise BadProgram("'beta' must be from 0 to 700.")
    return beta


def _windowed_by_height(record: Mapping[str, Any]) -> Waveform:
    """The shortest that does not pass the highest value."""
    area, highest, beta = number(record, "area"), number(record, "max_val"), _beta(record)
    if area * highest <= 0:
        raise BadProgram("'max_val' and 'area' must have the same sign, and neither may be 0.")
    if abs(area / highest) * 1e3 > LONGEST:
        raise BadProgram(f"A waveform lasts more than {LONGEST} ns.")
    find = _blackman_length if beta is None else _kaiser_length
    size = find(abs(area), abs(highest), beta)
    return Waveform(size, lambda size: _scaled(size, area, beta))


def _blackman_length(area: float, highest: float, beta: float | None) -> int:
    """The window's area is 0.42 of its length; it reaches 1 only where its length is odd."""
    first = size = math.ceil(area / (0.42 * highest) * 1e3)
    while not _window(size, None).sum() or area / _window(size, None).sum() * 1e3 > highest:
        size += 1
    if size > first and size % 2 == 1:
        before = _scaled(size - 1, area, None).max() if _window(size - 1, None).sum() else math.inf
        if _scaled(size, area, None).max() < before <= highest:
            return size - 1
    return size


def _kaiser_length(area: float, highest: float, beta: float | None) -> int:
    """Short windows do not become lower with each nanosecond, so all are tried."""
    guess = int(area * 1e3 / (highest * _window(100, beta).sum() / 100))
    if guess < 11:
        heights = {size: float(_scaled(size, area, beta).max()) for size in range(1, 16)}
        fits = {size: height for size, height in heights.items() if height <= highest}
        return max(fits, key=lambda size: fits[size], default=16)
    if guess > 2 * LONGEST:
        return guess  # which is refused
    size = guess
    for _ in range(3 if guess > 1000 else 0):  # the heights of long ones go as one over the length
        size = round(size * _scaled(size, area, beta).max() / highest)
    while _scaled(size, area, beta).max() > highest:
        size += 1
    while size > 1 and _scaled(size - 1, area, beta).max() <= highest:
        size -= 1
    return size


_KINDS: Final[Mapping[str, Callable[[Mapping[str, Any]], Waveform]]] = {
    "constant": _constant, "ramp": _ramp, "custom": _custom, "composite": _composite, "interpolated": _interpolated,
    "blackman": _windowed, "kaiser": _windowed, "blackman_max": _windowed_by_height, "kaiser_max": _windowed_by_height,
}  # fmt: skip
