"""When each pulse of a Pulser sequence is played: Pulser's own delays between pulses are part of what a sequence says.

Pulses on atoms that another channel drives wait for it, as their protocol says; a new phase waits until the last pulse
has faded; a beam takes time to turn to other atoms; and a channel's clock makes all of that longer. The rules are those
of pulser-core 1.9 (pulser/sequence/_schedule.py). What a channel's bandwidth does to the pulses' shapes is not
simulated, as it is not by default on Pasqal's emulators, but the time that it takes is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from qamctl.emulator.programs.fault import BadProgram
from qamctl.emulator.programs.pulser_device import Channel
from qamctl.emulator.programs.pulser_waveforms import LONGEST, Waveform

PROTOCOLS: Final = ("min-delay", "no-delay", "wait-for-all")

#: How close (rad/µs) to its input a channel's output must be for a pulse to be over.
_OVER: Final = 1e-2


@dataclass(frozen=True, slots=True)
class Pulse:
    """A pulse.

    Attributes
    ----------
    phase, after
        In radians: that of the pulse, and by how much it shifts those of its atoms' later pulses.
    """

    amplitude: Waveform
    detuning: Waveform
    phase: float
    after: float

    @property
    def is_delay(self) -> bool:
        """Whether it is a delay with a detuning, whose phase means nothing."""
        constant = self.amplitude.constant and self.detuning.constant
        return constant and not self.amplitude.samples[0]


@dataclass(frozen=True, slots=True)
class Slot:
    """What a channel does for some time: play a pulse, change its targets, or wait.

    Attributes
    ----------
    start, end
        In ns.
    targets
        Atoms by their place in the register.
    fall
        Nanoseconds after its end in which a pulse fades.
    """

    start: int
    end: int
    targets: frozenset[int]
    pulse: Pulse | None = None
    fall: int = 0
    retargets: bool = False


@dataclass(slots=True)
class _Line:
    """A declared channel and what it does."""

    name: str
    channel: Channel
    slots: list[Slot] = field(default_factory=list)

    def end(self, *, faded: bool = False) -> int:
        """When it is done with what it has so far; when its last pulse has faded, too."""
        end = self.slots[-1].end if self.slots else 0
        for slot in reversed(self.slots) if faded else ():
            if slot.pulse is not None:
                return max(end, slot.end + slot.fall)
            if end - slot.end >= 2 * self.channel.rise:
                break
        return end

    def last(self) -> Slot:
        if not self.slots:
            raise BadProgram(f"The channel '{self.name}' has no target yet.")
        return self.slots[-1]

    def last_phased(self) -> Slot | None:
        """The last pulse whose phase means something."""
        pulses = (slot for slot in reversed(self.slots) if slot.pulse is not None)
        return next((slot for slot in pulses if slot.pulse is not None and not slot.pulse.is_delay), None)


@dataclass(slots=True)
class _Reference:
    """The phase that the pulses on an atom begin from, since when, and when the last of them ended."""

    phase: float = 0.0
    since: int = 0
    used: int = 0


class Schedule:
    """The channels of a sequence, and what was added to them so far.

    Parameters
    ----------
    channels
        By the names under which they were declared.
    atoms
        How many there are.
    longest
        The device's longest sequence in ns; None: there is none.
    """

    def __init__(self, channels: Mapping[str, Channel], atoms: int, longest: int | None = None) -> None:
        self._lines = {name: _Line(name, channel) for name, channel in channels.items()}
        self._phases = [_Reference() for _ in range(atoms)]
        self._longest = LONGEST if longest is None else min(longest, LONGEST)
        for line in self._lines.values():
            if not line.channel.local:
                line.slots.append(Slot(-1, 0, frozenset(range(atoms)), retargets=True))

    @property
    def duration(self) -> int:
        """Nanoseconds until every channel is done."""
        return max((line.end() for line in self._lines.values()), default=0)

    def played(self) -> Iterator[tuple[Slot, Pulse]]:
        """The pulses, each with when and on what it is played."""
        for line in self._lines.values():
            yield from ((slot, slot.pulse) for slot in line.slots if slot.pulse is not None)

    def pulse(self, name: str, pulse: Pulse, protocol: str) -> None:
        """Play a pulse on a channel, with the delays that it needs."""
        line = self._line(name)
        targets = line.last().targets
        pulse = _fitted(pulse, line.channel, self._phase(targets))
        start = line.end() + self._needed(line, pulse, protocol, max(self._phases[atom].since for atom in targets))
        if start > line.end():
            self._wait(line, start - line.end())
        self._append(line, Slot(start, start + pulse.amplitude.duration, targets, pulse, _fall(pulse, line.channel)))
        for atom in targets:
            self._phases[atom].used = max(self._phases[atom].used, line.end())
        if pulse.after:
            self.shift(targets, pulse.after)

    def delay(self, name: str, duration: int, *, faded: bool) -> None:
        """Let a channel wait; after its last pulse has faded, where that is said."""
        line = self._line(name)
        if faded:
            self._fade(line)
        if duration:
            self._wait(line, duration)

    def target(self, name: str, targets: frozenset[int]) -> None:
        """Turn a local channel to these atoms."""
        line = self._line(name)
        channel = line.channel
        if not channel.local:
            raise BadProgram(f"The channel '{name}' acts on all atoms, and has no targets.")
        if channel.most_targets is not None and len(targets) > channel.most_targets:
            raise BadProgram(f"The channel '{name}' has {channel.most_targets} targets at most, not {len(targets)}.")
        self._phase(targets)
        if not line.slots:
            line.slots.append(Slot(-1, 0, targets, retargets=True))
            return
        self._fade(line)
        if line.last().targets == targets:
            return
        since = line.end() - next(slot.end for slot in reversed(line.slots) if slot.retargets)
        takes = max(channel.between_targets - since, 0, channel.to_target)
        end = line.end() + (channel.waited(takes) if takes else 0)
        self._append(line, Slot(line.end(), end, targets, retargets=True))

    def align(self, names: Sequence[str], *, faded: bool) -> None:
        """Let channels wait for the one that is done last."""
        lines = [self._line(name) for name in names]
        if len(set(names)) < max(len(names), 2):
            raise BadProgram("Only two or more channels, each named once, can be aligned.")
        end = max(line.end(faded=faded) for line in lines)
        for line in lines:
            if line.end() < end:
                self._wait(line, line.channel.waited(end - line.end()))

    def shift(self, atoms: frozenset[int], phase: float) -> None:
        """Shift the phases that later pulses on these atoms begin from."""
        for atom in atoms:
            one = self._phases[atom]
            one.phase, one.since = (one.phase + phase) % (2 * math.pi), one.used

    def _line(self, name: str) -> _Line:
        if name not in self._lines:
            raise BadProgram(f"The channel {name[:40]!r} is not declared.")
        return self._lines[name]

    def _phase(self, targets: frozenset[int]) -> float:
        phases = {self._phases[atom].phase for atom in targets}
        if len(phases) > 1:
            raise BadProgram("Atoms whose phases were shifted differently can't be driven together.")
        return phases.pop()

    def _needed(self, line: _Line, pulse: Pulse, protocol: str, since: int) -> int:
        """How long a channel waits before a pulse."""
        end = line.end()
        start, jump = max(end, since), 0
        if protocol != "no-delay":
            start = self._free(line, start, everyone=protocol == "wait-for-all")
            before = line.last_phased()
            if before is not None and before.pulse is not None and before.pulse.phase != pulse.phase:
                jump = line.channel.jump + before.fall - (end - before.end)
        needed = max(start - end, jump)
        return line.channel.waited(needed) if needed > 0 else 0

    def _free(self, line: _Line, start: int, *, everyone: bool) -> int:
        """When the other channels' pulses on the same atoms have faded, or all of their pulses."""
        for other in self._lines.values():
            for slot in reversed(other.slots) if other is not line else ():
                if slot.end + (2 * other.channel.rise if slot.pulse is None else slot.fall) <= start:
                    break
                if slot.pulse is not None and (everyone or slot.targets & line.last().targets):
                    start = slot.end + slot.fall
                    break
        return start

    def _fade(self, line: _Line) -> None:
        left = line.end(faded=True) - line.end()
        if left > 0:
            self._wait(line, line.channel.waited(left))

    def _wait(self, line: _Line, duration: int) -> None:
        last = line.last()
        self._append(line, Slot(last.end, last.end + line.channel.valid(duration), last.targets))

    def _append(self, line: _Line, slot: Slot) -> None:
        if slot.end > self._longest:
            raise BadProgram(f"The sequence lasts longer than {self._longest} ns.")
        line.slots.append(slot)


def _fitted(pulse: Pulse, channel: Channel, phase: float) -> Pulse:
    """A pulse on a channel: as long as its clock wants it, and with the phase of its atoms."""
    amplitude, detuning = pulse.amplitude.samples, pulse.detuning.samples
    if len(amplitude) != len(detuning):
        raise BadProgram(f"The amplitude lasts {len(amplitude)} ns, and the detuning {len(detuning)} ns.")
    if amplitude.min() < 0:
        raise BadProgram("The amplitude is below 0.")
    if channel.most_amplitude is not None and amplitude.max() > channel.most_amplitude:
        raise BadProgram(f"The amplitude is above {channel.most_amplitude:g} rad/µs, the channel's most.")
    if channel.most_detuning is not None and np.abs(detuning).max().round(6) > channel.most_detuning:
        raise BadProgram(f"The detuning is beyond ±{channel.most_detuning:g} rad/µs.")
    if 0 < amplitude.mean() < channel.least_mean:
        raise BadProgram(f"The amplitude is below {channel.least_mean:g} rad/µs on average.")
    size = channel.valid(len(amplitude))
    high, off = (_resized(shape, size, channel) for shape in (pulse.amplitude, pulse.detuning))
    turn = 2 * math.pi
    return Pulse(high, off, (pulse.phase % turn + phase) % turn, pulse.after % turn)


def _resized(shape: Waveform, size: int, channel: Channel) -> Waveform:
    if size == shape.duration:
        return shape
    if not shape.elastic:
        raise BadProgram(
            f"A waveform lasts {shape.duration} ns and can't be made longer: choose a multiple of {channel.clock} ns, "
            "the channel's clock."
        )
    return Waveform(size, shape.shape, constant=shape.constant)


def _fall(pulse: Pulse, channel: Channel) -> int:
    """Nanoseconds until a pulse has faded."""
    if not channel.rise:
        return 0
    return channel.rise + max(_tail(shape.samples, channel) for shape in (pulse.amplitude, pulse.detuning))


def _tail(samples: npt.NDArray[np.float64], channel: Channel) -> int:
    """Nanoseconds after a waveform's end until the channel's output has followed it: its filter is Gaussian."""
    padded = np.pad(samples, channel.rise)
    cutoff = (channel.bandwidth or 0.0) * 1e-3 / math.sqrt(2 * math.log(2))
    passed = np.exp(-((np.fft.fftfreq(len(padded)) / cutoff) ** 2))
    output = np.fft.ifft(np.fft.fft(padded) * passed).real
    over = np.flatnonzero(np.abs(padded - output)[-channel.rise :] <= _OVER)
    return int(over[0]) if len(over) else channel.rise
