"""Pulser sequences: files that Pulser itself wrote, timed and simulated, and sequences written here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qamctl.azure.results import parse
from qamctl.emulator.programs.fault import BadProgram
from qamctl.emulator.programs.pulser import INPUT, OUTPUT, read, run_pulser
from qamctl.emulator.programs.pulser_device import read as read_device
from qamctl.emulator.programs.rydberg import probabilities
from qamctl.emulator.targets import Target
from qamctl.emulator.work import Work

#: Sequences with what pulser-core and pulser-simulation 1.9.1 made of them; each says what it is.
FILES = sorted((Path(__file__).parent / "data").glob("*.json"))

EMULATOR = Target("pasqal.sim.emu-tn", "pasqal", 100, None, (INPUT,), default_shots=100)


def constant(duration: int, value: float) -> dict[str, Any]:
    """A waveform."""
    return {"kind": "constant", "duration": duration, "value": value}


def pulse(channel: str = "all", duration: int = 100, amplitude: Any = 0.0, **more: Any) -> dict[str, Any]:
    """An operation; the amplitude is a constant, or any waveform."""
    shape = amplitude if isinstance(amplitude, dict) else constant(duration, amplitude)
    return {
        "op": "pulse", "channel": channel, "protocol": "min-delay", "amplitude": shape,
        "detuning": constant(duration, 0.0), "phase": 0.0, "post_phase_shift": 0.0, **more,
    }  # fmt: skip


TURN = pulse(amplitude=10 * np.pi)


def sequence(*operations: Any, atoms: int = 1, apart: float = 50.0, **more: Any) -> dict[str, Any]:
    """A sequence on atoms that stand on a line."""
    return {
        "version": "1", "name": "x", "variables": {}, "measurement": "ground-rydberg", "device": "MockDevice",
        "register": [{"name": f"q{k}", "x": k * apart, "y": 0} for k in range(atoms)],
        "channels": {"all": "rydberg_global", "one": "rydberg_local"}, "operations": list(operations), **more,
    }  # fmt: skip


def payload(record: Any) -> bytes:
    """A job's input."""
    return json.dumps({"sequence_builder": record}).encode()


def job(record: Any, target: Target = EMULATOR, **params: Any) -> Work:
    """A job."""
    return Work("j", target, payload(record), INPUT, OUTPUT, params, 1)


def counts(record: Any, **params: Any) -> dict[str, int]:
    """What a job counts."""
    found: dict[str, int] = json.loads(run_pulser(job(record, **params)).output)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_of_pulser_are_read_timed_and_simulated_as_by_itself(path: Path) -> None:
    """Times and phases are equal; probabilities but for how it joins its samples where pulses begin and end."""
    told = json.loads(path.read_text("utf-8"))
    found = read(payload(told["sequence"]))
    played = [slot for slots in told["played"].values() for slot in slots]
    assert found.driven == tuple(range(len(found.places)))
    assert len(found.drive.rabi) == max(end for _, end, _, _ in played)
    alone = np.zeros(found.drive.rabi.shape, np.int64)
    for start, end, atoms, _ in played:
        alone[start:end, atoms] += 1
    assert not found.drive.rabi[alone == 0].any()
    for start, end, atoms, phase in played:
        one = found.drive.rabi[start:end, atoms][alone[start:end, atoms] == 1]
        assert one.any()
        assert (one * np.exp(1j * phase)).imag == pytest.approx(np.zeros(len(one)), abs=1e-9)
    chances = probabilities(found.drive, found.coupling)
    assert np.abs(chances - told["probabilities"]).sum() / 2 < 5e-3


def test_the_sequence_may_be_text_or_an_object() -> None:
    """As Microsoft's examples have it, one or the other."""
    assert counts(sequence(TURN)) == counts(json.dumps(sequence(TURN))) == {"1": 100}


def test_the_first_atom_is_leftmost_and_our_own_parser_agrees() -> None:
    """Only the second of three is turned: 010, and bit 1."""
    local = {"op": "target", "channel": "one", "target": 1}
    half = pulse("one", amplitude=5 * np.pi)
    found = run_pulser(job(sequence(local, half, atoms=3), shots=1000))
    assert json.loads(found.output).keys() == {"000", "010"}
    (result,) = parse(found.output, format=OUTPUT, shots=1000)
    assert abs(result.counts["010"] - 500) < 5 * 15.9
    assert counts(sequence({**local, "target": [0, 1]}, pulse("one", amplitude=10 * np.pi), atoms=3)) == {"110": 100}


def test_shots_and_seed_are_the_jobs() -> None:
    """`shots`, or `count`; equal jobs give equal counts, and the most frequent comes first."""
    record = sequence(pulse(amplitude=4.0), atoms=2)
    for params, shots in (({"shots": 7}, 7), ({"count": "30"}, 30), ({}, 100)):
        assert sum(counts(record, **params).values()) == shots
    found = counts(record, shots=500)
    assert found == counts(record, shots=500)
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_atoms_that_nothing_drives_cost_nothing() -> None:
    """Thirty atoms, of which two interact as two."""
    turns = [{"op": "target", "channel": "one", "target": [3, 20]}, pulse("one", amplitude=10 * np.pi)]
    found = counts(sequence(*turns, atoms=30, apart=9.0))
    assert found == {"".join("1" if k in (3, 20) else "0" for k in range(30)): 100}
    assert counts(sequence(pulse(detuning=constant(100, 5.0)), atoms=20)) == {"0" * 20: 100}
    with pytest.raises(BadProgram, match="The pulses drive 15 atoms, and this emulator simulates 14"):
        counts(sequence(TURN, atoms=15))


def test_what_channels_do_to_an_atom_adds_up() -> None:
    """With their phases: twice the amplitude, or none."""
    target, half = {"op": "target", "channel": "one", "target": 0}, pulse(amplitude=5 * np.pi)
    for phase, bit in ((0.0, "1"), (np.pi, "0")):
        other = pulse("one", amplitude=5 * np.pi, protocol="no-delay", phase=phase)
        assert counts(sequence(target, half, other)) == {bit: 100}


def test_every_operation_does_what_it_says() -> None:
    """Two half turns with a phase of π between them undo each other, however that came to be."""
    half = pulse(amplitude=5 * np.pi)
    shift = {"op": "phase_shift", "basis": "ground-rydberg", "phi": np.pi, "targets": [0]}
    delay = {"op": "delay", "channel": "all", "time": 40, "at_rest": True}
    wave = {"kind": "constant", "duration": 100, "value": np.pi}
    running = {**{key: half[key] for key in ("channel", "protocol", "amplitude")}, "op": "pulse_arbitrary_phase"}
    turned = pulse(duration=40, detuning=constant(40, np.pi / 0.04))
    align = {"op": "align", "channels": ["all", "one"]}
    for steps, bit in (
        ([half, half], "1"), ([half, delay, half], "1"), ([half, {**half, "phase": np.pi}], "0"),
        ([half, shift, half], "0"), ([half, {**shift, "targets": []}, half], "0"),
        ([{**half, "post_phase_shift": np.pi}, half], "0"), ([half, turned, half], "0"),
        ([half, {**running, "phase": wave}], "0"),
        ([{"op": "target", "channel": "one", "target": 0}, half, align, {**half, "channel": "one"}], "1"),
    ):  # fmt: skip
        assert counts(sequence(*steps)) == {bit: 100}, steps


def test_registers_have_two_or_three_dimensions() -> None:
    """Distances count in all of them: close atoms block each other."""
    for place in ({"x": 4.0, "y": 0.0, "z": 0.0}, {"x": 0.0, "y": 0.0, "z": 4.0}):
        register = [{"name": "a", "x": 0, "y": 0, "z": 0}, {"name": "b", **place}]
        assert "11" not in counts(sequence(pulse(amplitude=6.0, duration=250), register=register), shots=1000)
    far = [{"name": "a", "x": 0, "y": 0, "z": 0}, {"name": "b", "x": 0, "y": 0, "z": 90.0}]
    assert counts(sequence(TURN, register=far)) == {"11": 100}


def test_named_devices_are_known() -> None:
    """Those that files of Pulser before 1.0 name."""
    assert read_device("Chadoq2").c6 == read_device("MockDevice").c6 == 5420158.53
    assert read_device("IroiseMVP").c6 == 865723.02
    only = {"channels": {"all": "rydberg_global"}}
    assert counts(sequence(pulse(amplitude=10.0, duration=314), device="Chadoq2", **only)) == {"1": 100}
    with pytest.raises(BadProgram, match=r"above 15\.708 rad/µs"):
        counts(sequence(pulse(amplitude=16.0), device="Chadoq2", **only))


def test_devices_may_say_how_strongly_atoms_interact() -> None:
    """As those of older files do; others name their Rydberg level."""
    assert read_device({"interaction_coeff": 5008713.0, "channels": []}).c6 == 5008713.0
    assert read_device({"rydberg_level": 100, "channels": []}).c6 == 352931119.11


def device(**more: Any) -> dict[str, Any]:
    """A device with a channel."""
    channels = [{"id": "rydberg_global", "basis": "ground-rydberg", "addressing": "Global"}]
    return {"device": {"rydberg_level": 60, "channels": channels, **more}, "channels": {"all": "rydberg_global"}}


def test_atoms_are_on_the_traps_of_their_layout() -> None:
    """Where there is one; some devices need one."""
    traps = {"coordinates": [[0, 0], [50.0000001, 0], [0, 50]]}
    assert counts(sequence(TURN, atoms=2, layout=traps, **device(requires_layout=True))) == {"11": 100}
    for layout, told in (
        (None, "needs a register with a layout"), ({"coordinates": [[0, 0], [0, 50]]}, r"\(50.0, 0.0\) is on none"),
        ({"coordinates": []}, "no traps"), ({"coordinates": [[0, 0, 0]]}, "no 'coordinates' of the register's"),
        ([], "no 'coordinates'"), ({"coordinates": [["a", 0]]}, "must be a number"),
    ):  # fmt: skip
        with pytest.raises(BadProgram, match=told):
            counts(sequence(TURN, atoms=2, layout=layout, **device(requires_layout=True)))


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"max_atom_num": 1}, "2 atoms, and the device takes 1"),
        ({"min_atom_distance": 50.1}, "50 µm apart, and at least 50.1 µm are needed"),
        ({"max_radial_distance": 49.0}, "more than 49 µm from the centre"),
        ({"max_sequence_duration": 99}, "Operation 1 (pulse): The sequence lasts longer than 99 ns"),
        ({"rydberg_level": 49}, "must be from 50 to 100"),
        ({"rydberg_level": None}, "must be from 50 to 100"),
        ({"min_atom_distance": -1}, "must not be below 0"),
        ({"channels": 3}, "no list of 'channels'"),
        ({"channels": []}, "no channel 'rydberg_global'"),
        ({"channels": [{"id": "rydberg_global", "basis": "ground-rydberg"}]}, "neither 'Global' nor 'Local'"),
        ({"channels": [{"id": "rydberg_global", "basis": "ground-rydberg", "addressing": "Global",
                        "mod_bandwidth": 1e-9}]}, "bandwidth of 1e-09 MHz"),
    ],
)  # fmt: skip
def test_limits_of_the_device_are_kept(limits: dict[str, Any], told: str) -> None:
    """With what they are."""
    with pytest.raises(BadProgram) as raised:
        counts(sequence(TURN, atoms=2, **device(**limits)))
    assert told in raised.value.message


def test_machines_take_as_many_shots_as_their_device_says() -> None:
    """Emulators take more; and no target takes more atoms than it has."""
    machine = Target("pasqal.qpu.fresnel", "pasqal", 3, None, (INPUT,))
    record = sequence(TURN, **device(max_runs=500))
    assert run_pulser(job(record, machine, shots=500)).output == b'{"1": 500}'
    with pytest.raises(BadProgram, match="501 shots, and its device takes 500"):
        run_pulser(job(record, machine, shots=501))
    assert counts(record, shots=501) == {"1": 501}
    with pytest.raises(BadProgram, match=r"needs 4 qubits, and the target 'pasqal\.qpu\.fresnel' has 3"):
        run_pulser(job(sequence(TURN, atoms=4), machine))


def test_jobs_are_billed_by_the_hour() -> None:
    """In the shape that was recorded: emulators and machines apart, each at our price where that is known."""
    free = run_pulser(job(sequence(TURN))).cost
    assert free is not None
    assert [(one["dimensionId"], one["unitPrice"]) for one in free["events"]] == [
        ("compute-time-emu", 0.0), ("compute-time-qpu", 0.0),
    ]  # fmt: skip
    assert (free["currencyCode"], free["estimatedTotal"]) == ("USD", 0.0)
    machine = Target("pasqal.qpu.fresnel", "pasqal", 100, None, (INPUT,), start_seconds=16, shot_seconds=0.2)
    billed = run_pulser(job(sequence(TURN), machine, shots=100)).cost
    assert billed is not None
    used = billed["events"][1]
    assert (used["amountBilled"], used["measureUnit"], billed["currencyCode"]) == (0.01, "per hour", "EUR")
    assert billed["estimatedTotal"] == pytest.approx(0.01 * used["unitPrice"])
    assert billed["estimatedTotal"] > 0
    own = run_pulser(job(sequence(TURN), Target("x.sim.y", "x", 5, None, (INPUT,), price=0.25), shots=4)).cost
    assert own is not None
    assert own["estimatedTotal"] == 1.0


NESTED = constant(1, 0.0)
for _ in range(400):
    NESTED = {"kind": "composite", "waveforms": [constant(1, 0.0), NESTED]}


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (b"{", "The input data is not valid JSON"),
        (b"[" * 100_000, "The input data is not valid JSON"),
        (b"\xff", "The input data is not valid JSON"),
        (b"[]", "The input data is no JSON object"),
        (b"{}", "'sequence_builder' is no JSON object"),
        (payload("{"), "'sequence_builder' is not valid JSON"),
        (payload({"version": "2"}), "not of version 1"),
        (payload(sequence(variables={"x": {"type": "float", "value": [0.0]}})), "has variables: build it"),
        (payload(sequence(slm_mask_targets=["q0"])), "has an SLM mask"),
        (payload(sequence(measurement="digital")), "measured in the basis 'digital'"),
        (payload(sequence(device="Nowhere")), "The device 'Nowhere' is not known"),
        (payload(sequence(device=[3])), "The device '[3]' is not known"),
        (payload(sequence(register=[])), "no 'register' of 1 to"),
        (payload(sequence(register=[3])), "no 'register' of 1 to"),
        (payload(sequence(register=[{"qid": "a"}])), "no places yet"),
        (payload(sequence(register=[{"name": "a", "x": 0, "y": 0}] * 2)), "the same name"),
        (payload(sequence(register=[{"name": "a", "x": 0}])), "'y' must be a number"),
        (payload(sequence(atoms=2, apart=0.0)), "Two atoms are 0 µm apart"),
        (payload(sequence(device="Chadoq2", register=[{"name": "a", "x": 0, "y": 0, "z": 0}])), "three dimensions"),
        (payload(sequence(channels=[])), "no object 'channels'"),
        (payload(sequence(operations=None)), "no list 'operations'"),
        (payload(sequence(channels={"a": "raman_local"})), "in the basis 'digital', and this emulator runs"),
        (payload(sequence(channels={"a": "mw_global"})), "in the basis 'XY', and this emulator runs"),
        (payload(sequence(channels={"a": 3})), "no channel '3'"),
        (payload(sequence(device="Chadoq2", channels={"a": "rydberg_local", "b": "rydberg_local"})), "declared twice"),
        (payload(sequence()), "The sequence has no pulses"),
        (payload(sequence(3)), "Operation 1 (None): this operation is not known"),
        (payload(sequence(TURN, {"op": "fly"})), "Operation 2 (fly): this operation is not known"),
        (payload(sequence({"op": "enable_eom_mode"})), "(enable_eom_mode): the EOM mode"),
        (payload(sequence({"op": "config_slm_mask"})), "SLM masks are not simulated"),
        (payload(sequence({"op": "truncate"})), "cut off"),
        (payload(sequence(pulse(protocol="now"))), "the protocol 'now' is not known"),
        (payload(sequence(pulse(phase={"variable": "x"}))), "'phase' depends on a variable"),
        (payload(sequence(pulse("two"))), "The channel 'two' is not declared"),
        (payload(sequence(pulse(amplitude={"kind": "sinus"}))), "The waveform 'sinus' is not known"),
        (payload(sequence({**TURN, "op": "pulse_arbitrary_phase", "phase": 3.0})), "The waveform 'None' is not known"),
        (payload(sequence(pulse(amplitude=NESTED))), "nested too deeply"),
        (payload(sequence({"op": "align", "channels": "all"})), "must be a list of names"),
        (payload(sequence({"op": "phase_shift", "basis": "digital"})), "no channel acts in the basis 'digital'"),
        (payload(sequence({"op": "target", "channel": "one", "target": 1})), "from 0 to 0"),
        (payload(sequence({"op": "target", "channel": "one", "target": []})), "from 0 to 0"),
        (payload(sequence({"op": "target", "channel": "one", "target": 0.5})), "from 0 to 0"),
    ],
)  # fmt: skip
def test_what_is_no_sequence_is_refused(source: bytes, told: str) -> None:
    """With what is wrong, and where."""
    with pytest.raises(BadProgram) as raised:
        read(source)
    assert told in raised.value.message
