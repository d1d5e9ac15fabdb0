"""Pulser sequences (`pasqal.pulser.v1`), which drive neutral atoms with pulses instead of gates, run as jobs.

    {"sequence_builder": <Pulser's abstract representation, as an object or as text>}

What is read is version 1 of that representation (pulser-core/pulser/json/abstract_repr/schemas) as far as it drives
atoms between the ground state and a Rydberg state; a sequence with anything else, or with what its own device does not
take, fails with what that is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qamctl.azure.prices import CircuitFigures, load_prices
from qamctl.emulator.programs import costs, pulser_device, rydberg
from qamctl.emulator.programs.fault import BadProgram
from qamctl.emulator.programs.limits import check_qubits, shots_of
from qamctl.emulator.programs.pulser_device import BASIS, Device
from qamctl.emulator.programs.pulser_schedule import PROTOCOLS, Pulse, Schedule
from qamctl.emulator.programs.pulser_waveforms import Waveform, duration, number, phase_to_detuning
from qamctl.emulator.programs.pulser_waveforms import read as read_waveform
from qamctl.emulator.programs.sampled import seed_of
from qamctl.emulator.work import Outcome, Work

INPUT: Final = "pasqal.pulser.v1"
OUTPUT: Final = "pasqal.pulser-results.v1"

#: Atoms of a register, before memory is taken, and how exactly (µm) they are where traps are.
_MOST: Final = 1000
_EXACT: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence that was read.

    Attributes
    ----------
    places
        [n, 2 or 3] the atoms' positions in µm.
    driven
        Those that any pulse drives, in order. The others stay in their ground state, in which they act on none.
    drive
        What acts on the driven ones.
    """

    device: Device
    places: npt.NDArray[np.float64] = field(repr=False)
    driven: tuple[int, ...]
    drive: rydberg.Drive

    @property
    def coupling(self) -> npt.NDArray[np.float64]:
        """[k, k] How the driven atoms interact, in rad/µs."""
        return rydberg.interactions(self.places[list(self.driven)], self.device.c6)


def run_pulser(work: Work) -> Outcome:
    """Run a job: counts of what the atoms are measured as, the first atom leftmost, the most frequent first.

    Raises
    ------
    BadProgram
        It is no sequence that can be run, or too large for its target or for this emulator.
    """
    sequence = read(work.payload)
    check_qubits(work, len(sequence.places), None)
    shots = shots_of(work.target, work.params)
    runs = sequence.device.most_runs
    if runs is not None and shots > runs and not work.target.is_simulator:
        raise BadProgram(f"The job asks for {shots} shots, and its device takes {runs}.")
    found = rydberg.sample(sequence.drive, sequence.coupling, shots, seed_of(work.seed, work.job))
    counts = {_of_all(bits, sequence): count for bits, count in found.items()}
    return Outcome(json.dumps(counts).encode(), cost=_cost(work, shots))


def _of_all(bits: str, sequence: Sequence) -> str:
    """What all atoms are measured as, from the driven ones."""
    met = dict(zip(sequence.driven, bits, strict=True))
    return "".join(met.get(atom, "0") for atom in range(len(sequence.places)))


def read(source: bytes) -> Sequence:
    """A sequence from a job's input.

    Raises
    ------
    BadProgram
        It is none, or has what is not simulated.
    """
    record = _object(_object(source, "The input data").get("sequence_builder"), "'sequence_builder'")
    if record.get("version") != "1":
        raise BadProgram("The sequence is not of version 1 of Pulser's abstract representation.")
    if record.get("variables"):
        raise BadProgram("The sequence has variables: build it with their values before it is sent.")
    if record.get("slm_mask_targets"):
        raise BadProgram("The sequence has an SLM mask, which this emulator does not simulate.")
    if record.get("measurement") not in (None, BASIS):
        raise BadProgram(
            f"The sequence is measured in the basis {str(record['measurement'])[:20]!r}: this emulator runs '{BASIS}'."
        )
    device = pulser_device.read(record.get("device"))
    places = _places(record, device)
    schedule = _scheduled(record, device, len(places))
    driven, drive = _driven(schedule)
    return Sequence(device, places, driven, drive)


def _object(found: Any, what: str) -> dict[str, Any]:
    try:
        content = json.loads(found) if isinstance(found, str | bytes) else found
    except (ValueError, RecursionError):
        raise BadProgram(f"{what} is not valid JSON.") from None
    if not isinstance(content, dict):
        raise BadProgram(f"{what} is no JSON object.")
    return content


def _places(record: Mapping[str, Any], device: Device) -> npt.NDArray[np.float64]:
    atoms = record.get("register")
    if not isinstance(atoms, list) or not all(isinstance(atom, dict) for atom in atoms) or not 1 <= len(atoms) <= _MOST:
        raise BadProgram(f"The sequence has no 'register' of 1 to {_MOST} atoms.")
    if any("qid" in atom for atom in atoms):
        raise BadProgram("The register's atoms have no places yet: build the sequence before it is sent.")
    if len({str(atom.get("name")) for atom in atoms}) < len(atoms):
        raise BadProgram("Two atoms of the register have the same name.")
    axes = ("x", "y", "z") if "z" in atoms[0] else ("x", "y")
    places = np.array([[number(atom, axis) for axis in axes] for atom in atoms])
    _check_places(places, device)
    _check_traps(places, record.get("layout"), device)
    return places


def _check_places(places: npt.NDArray[np.float64], device: Device) -> None:
    """The limits of the device."""
    if places.shape[1] > device.dimensions:
        raise BadProgram("The register has three dimensions, and the device two.")
    if device.most_atoms is not None and len(places) > device.most_atoms:
        raise BadProgram(f"The register has {len(places)} atoms, and the device takes {device.most_atoms}.")
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)[np.triu_indices(len(places), 1)]
    least = max(device.least_distance - _EXACT, _EXACT)
    if apart.size and apart.min() < least:
        raise BadProgram(f"Two atoms are {apart.min():g} µm apart, and at least {least:g} µm are needed.")
    if device.most_radius is not None and np.linalg.norm(places, axis=1).max() > device.most_radius:
        raise BadProgram(f"An atom is more than {device.most_radius:g} µm from the centre, the device's most.")


def _check_traps(places: npt.NDArray[np.float64], layout: Any, device: Device) -> None:
    """Where there is a layout, every atom is on one of its traps."""
    from scipy.spatial import KDTree

    if layout is None:
        if device.needs_layout:
            raise BadProgram("The device needs a register with a layout.")
        return
    rows = layout.get("coordinates") if isinstance(layout, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, list) and len(row) == places.shape[1] for row in rows):
        raise BadProgram("The layout has no 'coordinates' of the register's dimensions.")
    if not rows:
        raise BadProgram("The layout has no traps.")
    traps = [[number({"coordinates": one}, "coordinates") for one in row] for row in rows]
    away = KDTree(traps).query(places)[0] > 2 * _EXACT
    if away.any():
        raise BadProgram(f"The atom at {tuple(places[away][0].tolist())} is on none of the layout's traps.")


def _scheduled(record: Mapping[str, Any], device: Device, atoms: int) -> Schedule:
    declared, operations = record.get("channels"), record.get("operations")
    if not isinstance(declared, dict) or not isinstance(operations, list):
        raise BadProgram("The sequence has no object 'channels' or no list 'operations'.")
    if not device.reusable and len({str(id) for id in declared.values()}) < len(declared):
        raise BadProgram("A channel of the device is declared twice, which the device does not take.")
    channels = {name: pulser_device.channel(device, id) for name, id in declared.items()}
    schedule = Schedule(channels, atoms, device.longest)
    for count, step in enumerate(operations, 1):
        kind = step.get("op") if isinstance(step, dict) else None
        try:
            if not isinstance(kind, str) or kind not in _OPERATIONS:
                raise BadProgram(_UNKNOWN.get(str(kind), "this operation is not known."))
            _OPERATIONS[kind](schedule, step, atoms)
        except RecursionError:
            raise BadProgram(f"Operation {count}: its waveforms are nested too deeply.") from None
        except BadProgram as fault:
            raise BadProgram(f"Operation {count} ({str(kind)[:40]}): {fault.message}") from None
    if not schedule.duration:
        raise BadProgram("The sequence has no pulses.")
    return schedule


def _pulse(schedule: Schedule, step: Mapping[str, Any], atoms: int) -> None:
    _play(schedule, step, read_waveform(step.get("detuning")), number(step, "phase"))


def _pulse_with_phases(schedule: Schedule, step: Mapping[str, Any], atoms: int) -> None:
    phase = step.get("phase")
    _play(schedule, step, *phase_to_detuning(read_waveform(phase), phase["kind"] if isinstance(phase, dict) else ""))


def _play(schedule: Schedule, step: Mapping[str, Any], detuning: Waveform, phase: float) -> None:
    protocol = step.get("protocol")
    if protocol not in PROTOCOLS:
        raise BadProgram(f"the protocol {str(protocol)[:40]!r} is not known.")
    amplitude = read_waveform(step.get("amplitude"))
    pulse = Pulse(amplitude, detuning, phase, number(step, "post_phase_shift", 0.0))
    schedule.pulse(_name(step), pulse, protocol)


def _delay(schedule: Schedule, step: Mapping[str, Any], atoms: int) -> None:
    schedule.delay(_name(step), duration(step, "time"), faded=step.get("at_rest") is True)


def _target(schedule: Schedule, step: Mapping[str, Any], atoms: int) -> None:
    schedule.target(_name(step), _atoms(step, "target", atoms))


def _align(schedule: Schedule, step: Mapping[str, Any], atoms: int) -> None:
    names = step.get("channels")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BadProgram("'channels' must be a list of names.")
    schedule.align(names, faded=step.get("at_rest", True) is True)


def _phase_shift(schedule: Schedule, step: Mapping[str, Any], atoms: int) -> None:
    if step.get("basis") != BASIS:
        raise BadProgram(f"no channel acts in the basis {str(step.get('basis'))[:20]!r}.")
    everyone = step.get("targets") == []
    schedule.shift(frozenset(range(atoms)) if everyone else _atoms(step, "targets", atoms), number(step, "phi"))


def _name(step: Mapping[str, Any]) -> str:
    return str(step.get("channel"))


def _atoms(step: Mapping[str, Any], name: str, atoms: int) -> frozenset[int]:
    """Atoms by their places in the register, one or a list of them."""
    found = step.get(name)
    places = [number({name: one}, name) for one in (found if isinstance(found, list) else [found])]
    if not places or not all(place.is_integer() and 0 <= place < atoms for place in places):
        raise BadProgram(f"'{name}' must be atoms of the register, from 0 to {atoms - 1}.")
    return frozenset(map(int, places))


_OPERATIONS: Final[Mapping[str, Callable[[Schedule, Mapping[str, Any], int], None]]] = {
    "pulse": _pulse, "pulse_arbitrary_phase": _pulse_with_phases, "delay": _delay, "target": _target, "align": _align,
    "phase_shift": _phase_shift,
}  # fmt: skip

_EOM: Final = "the EOM mode of a channel is not simulated by this emulator."
_DMM: Final = "maps of detunings and SLM masks are not simulated by this emulator."
_UNKNOWN: Final[Mapping[str, str]] = {
    "enable_eom_mode": _EOM, "modify_eom_setpoint": _EOM, "add_eom_pulse": _EOM, "disable_eom_mode": _EOM,
    "config_slm_mask": _DMM, "config_detuning_map": _DMM, "add_dmm_detuning": _DMM,
    "truncate": "sequences that were cut off are not simulated by this emulator.",
}  # fmt: skip


def _driven(schedule: Schedule) -> tuple[tuple[int, ...], rydberg.Drive]:
    """The driven atoms, and what all channels together do to each: amplitudes add up with their phases."""
    slots = list(schedule.played())
    driven = sorted({atom for slot, pulse in slots if pulse.amplitude.samples.any() for atom in slot.targets})
    rydberg.check_size(len(driven))
    shape = (schedule.duration, len(driven))
    rabi, detuning = np.zeros(shape, np.complex128), np.zeros(shape)
    for slot, pulse in slots:
        times, targets = slice(slot.start, slot.end), [k for k, atom in enumerate(driven) if atom in slot.targets]
        rabi[times, targets] += (pulse.amplitude.samples * np.exp(-1j * pulse.phase))[:, None]
        detuning[times, targets] += pulse.detuning.samples[:, None]
    return tuple(driven), rydberg.Drive(rabi, detuning)


def _cost(work: Work, shots: int) -> dict[str, Any] | None:
    """Pasqal bills time, on emulators and machines apart, at our price; unless the target has its own."""
    if work.target.price is not None:
        return costs.cost(work.target, [(CircuitFigures(0, 0, 0, 0, 0), shots)])
    hours = round((work.target.start_seconds + shots * work.target.shot_seconds) / 3600, 4)
    price = load_prices().get(work.target.id)
    known = price is not None and price.formula == "per-time"
    unit = float(price.coefficients["unit_price"]) if price is not None and known else 0.0
    events = []
    for id, name, used in (
        ("compute-time-emu", "Compute Time on HPC-based Emulators", work.target.is_simulator),
        ("compute-time-qpu", "Compute Time on QPU", not work.target.is_simulator),
    ):
        amount = hours if used else 0.0
        events.append({"dimensionId": id, "dimensionName": name, "measureUnit": "per hour", "amountBilled": amount,
                       "amountConsumed": amount, "unitPrice": unit if used else 0.0})  # fmt: skip
    return {"currencyCode": "EUR" if known else "USD", "events": events, "estimatedTotal": round(hours * unit, 6)}
