"""The device that a Pulser sequence is written for: how strongly its atoms interact, and what its channels can do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

from qamctl.emulator.programs.fault import BadProgram
from qamctl.emulator.programs.pulser_waveforms import LONGEST, number

BASIS: Final = "ground-rydberg"

#: C6/ħ (rad/µs µm^6) of the Rydberg levels from 50 to 100 of rubidium, as Pulser has it (it is from ARC, which computes
#: it from measured quantum defects).
_C6: Final = (
    96120.72, 122241.6, 154693.02, 194740.36, 243973.91, 304495.01, 378305.98, 468027.05, 576714.85, 707911.38,
    865723.02, 1054903.11, 1281042.11, 1550531.15, 1870621.31, 2249728.57, 2697498.69, 3224987.51, 3844734.37,
    4571053.32, 5420158.53, 6410399.4, 7562637.31, 8900342.14, 10449989.62, 12241414.53, 14308028.03, 16687329.94,
    19421333.62, 22557029.94, 26146720.74, 30248886.65, 34928448.69, 40257623.67, 46316557.88, 53194043.52,
    60988354.64, 69808179.15, 79773468.88, 91016513.07, 103677784.57, 117933293.96, 133943541.9, 151907135.94,
    172036137.34, 194562889.89, 219741590.56, 247850178.91, 279192193.77, 314098829.39, 352931119.11,
)  # fmt: skip


@dataclass(frozen=True)
class Channel:
    """A channel of a device.

    Attributes
    ----------
    local
        Whether it acts on some atoms only, which are its targets; `most_targets` at once.
    most_amplitude, most_detuning, least_mean
        Limits of its pulses, in rad/µs; None: there is none.
    clock, shortest, longest
        Durations in ns: what they are multiples of, and their limits.
    between_targets, to_target
        Nanoseconds from the end of one change of targets to that of the next, and that each takes.
    bandwidth
        In MHz, as Pulser counts it; None: the output is the input.
    phase_jump
        Nanoseconds that a new phase waits for; None: twice the rise time.
    """

    id: str
    local: bool
    most_amplitude: float | None = None
    most_detuning: float | None = None
    least_mean: float = 0.0
    most_targets: int | None = None
    clock: int = 1
    shortest: int = 1
    longest: int | None = None
    between_targets: int = 0
    to_target: int = 0
    bandwidth: float | None = None
    phase_jump: int | None = None

    @cached_property
    def rise(self) -> int:
        """Nanoseconds in which its output follows from 10 to 90 %."""
        return round(480 / self.bandwidth * math.sqrt(2)) if self.bandwidth else 0

    @property
    def jump(self) -> int:
        """Nanoseconds between pulses of different phases."""
        return 2 * self.rise if self.phase_jump is None else self.phase_jump

    def valid(self, duration: int) -> int:
        """A duration, made longer until it is a multiple of the clock's.

        Raises
        ------
        BadProgram
            The channel does not act for so short or so long a time.
        """
        longest = LONGEST if self.longest is None else min(self.longest, LONGEST)
        found = -(-duration // self.clock) * self.clock
        if not self.shortest <= duration <= longest or found > LONGEST:
            raise BadProgram(
                f"The channel acts for {self.shortest} to {longest} ns at a time, and not for {duration} ns."
            )
        return found

    def waited(self, duration: int) -> int:
        """How long it waits where that is needed for so long."""
        return self.valid(max(duration, self.shortest))


@dataclass(frozen=True, slots=True)
class Device:
    """A device.

    Attributes
    ----------
    c6
        In rad/µs µm^6.
    channels
        Records of the representation by the channels' ids.
    reusable
        Whether a channel may be declared twice.
    dimensions, most_atoms, least_distance, most_radius
        Limits of registers; distances in µm.
    needs_layout
        Whether atoms must be on a layout's traps.
    longest
        Nanoseconds of a sequence.
    most_runs
        Shots of a job.
    """

    c6: float
    channels: Mapping[str, Mapping[str, Any]]
    reusable: bool = False
    dimensions: int = 3
    most_atoms: int | None = None
    least_distance: float = 0.0
    most_radius: float | None = None
    needs_layout: bool = False
    longest: int | None = None
    most_runs: int | None = None


def read(record: Any) -> Device:
    """A device from its record, or from its name.

    Raises
    ------
    BadProgram
        It is not known, or makes no sense.
    """
    if isinstance(record, str) and record in _NAMED:
        record = _NAMED[record]
    if not isinstance(record, Mapping):
        raise BadProgram(f"The device {str(record)[:40]!r} is not known: send it as an object, as Pulser 1 does.")
    channels = record.get("channels")
    if not isinstance(channels, list | tuple) or not all(isinstance(one, Mapping) for one in channels):
        raise BadProgram("The device has no list of 'channels'.")
    return Device(
        c6=_c6(record),
        channels={str(one.get("id")): one for one in channels},
        reusable=record.get("reusable_channels") is True,
        dimensions=_whole(record, "dimensions") or 3,
        most_atoms=_whole(record, "max_atom_num"),
        least_distance=_optional(record, "min_atom_distance") or 0.0,
        most_radius=_optional(record, "max_radial_distance"),
        needs_layout=record.get("requires_layout") is True,
        longest=_whole(record, "max_sequence_duration"),
        most_runs=_whole(record, "max_runs"),
    )


def channel(device: Device, id: Any) -> Channel:
    """One of a device's channels.

    Raises
    ------
    BadProgram
        There is none, or it drives another transition than that to the Rydberg state.
    """
    record = device.channels.get(id) if isinstance(id, str) else None
    if record is None:
        raise BadProgram(f"The device has no channel {str(id)[:40]!r}.")
    if record.get("basis") != BASIS:
        raise BadProgram(
            f"The channel '{id}' acts in the basis {str(record.get('basis'))[:20]!r}, and this emulator runs '{BASIS}'."
        )
    if record.get("addressing") not in ("Global", "Local"):
        raise BadProgram(f"The channel '{id}' is neither 'Global' nor 'Local'.")
    bandwidth = _optional(record, "mod_bandwidth")
    if bandwidth is not None and bandwidth < 0.01:  # a rise time of 68 µs
        raise BadProgram(f"The channel '{id}' has a bandwidth of {bandwidth:g} MHz, which is too low.")
    return Channel(
        id=id,
        local=record["addressing"] == "Local",
        most_amplitude=_optional(record, "max_amp"),
        most_detuning=_optional(record, "max_abs_detuning"),
        least_mean=_optional(record, "min_avg_amp") or 0.0,
        most_targets=_whole(record, "max_targets"),
        clock=_whole(record, "clock_period") or 1,
        shortest=_whole(record, "min_duration") or 1,
        longest=_whole(record, "max_duration"),
        between_targets=_whole(record, "min_retarget_interval") or 0,
        to_target=_whole(record, "fixed_retarget_t") or 0,
        bandwidth=bandwidth,
        phase_jump=_whole(record, "custom_phase_jump_time"),
    )


def _c6(record: Mapping[str, Any]) -> float:
    """Older devices say it themselves, the others name their level."""
    if record.get("interaction_coeff") is not None:
        return number(record, "interaction_coeff")
    level = _whole(record, "rydberg_level")
    if level is None or not 50 <= level <= 100:
        raise BadProgram("The device's 'rydberg_level' must be from 50 to 100.")
    return _C6[level - 50]


def _optional(record: Mapping[str, Any], name: str) -> float | None:
    """A limit, which is not below 0, or null."""
    if record.get(name) is None:
        return None
    found = number(record, name)
    if found < 0:
        raise BadProgram(f"'{name}' of the device must not be below 0.")
    return found


def _whole(record: Mapping[str, Any], name: str) -> int | None:
    found = _optional(record, name)
    return None if found is None else int(found)


_LIMITS: Final = {"clock_period": 4, "min_duration": 16, "max_duration": 2**26}
_ADDRESSED: Final = {"min_retarget_interval": 220, "fixed_retarget_t": 0, "max_targets": 1}

#: Devices that may be named, as files of Pulser before 1.0 do; channels in other bases are left with what is asked of
#: them, which is to be refused.
_NAMED: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "Chadoq2": {
            "rydberg_level": 70, "dimensions": 2, "max_atom_num": 100, "max_radial_distance": 50,
            "min_atom_distance": 4,
            "channels": (
                {"id": "rydberg_global", "basis": BASIS, "addressing": "Global", "max_abs_detuning": 40 * math.pi,
                 "max_amp": 5 * math.pi, **_LIMITS},
                {"id": "rydberg_local", "basis": BASIS, "addressing": "Local", "max_abs_detuning": 40 * math.pi,
                 "max_amp": 20 * math.pi, **_LIMITS, **_ADDRESSED},
                {"id": "raman_local", "basis": "digital", "addressing": "Local"},
            ),
        },
        "IroiseMVP": {
            "rydberg_level": 60, "dimensions": 2, "max_atom_num": 100, "max_radial_distance": 60,
            "min_atom_distance": 5,
            "channels": (
                {"id": "rydberg_global", "basis": BASIS, "addressing": "Global", "max_abs_detuning": 8 * math.pi,
                 "max_amp": 6 * math.pi, "mod_bandwidth": 4, **_LIMITS},
            ),
        },
        "MockDevice": {
            "rydberg_level": 70, "reusable_channels": True,
            "channels": (
                {"id": "rydberg_global", "basis": BASIS, "addressing": "Global"},
                {"id": "rydberg_local", "basis": BASIS, "addressing": "Local"},
                {"id": "raman_global", "basis": "digital", "addressing": "Global"},
                {"id": "raman_local", "basis": "digital", "addressing": "Local"},
                {"id": "mw_global", "basis": "XY", "addressing": "Global"},
            ),
        },
    }
)  # fmt: skip
