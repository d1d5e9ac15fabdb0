"""What targets take, each limit at its last good value and one beyond it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from emulator.asking import BELL_LL, Asker
from emulator.programs.running import IONQ, QASM, QUIL, failed, work

from qamctl.emulator.programs import limits
from qamctl.emulator.programs.execute import run
from qamctl.emulator.programs.fault import BadProgram
from qamctl.emulator.targets import TARGETS

IDS = [target.id for target in TARGETS if "qir.v1" in target.formats]


def wide_ll(qubits: int) -> bytes:
    """BELL_LL on more qubits, which it does not use."""
    return BELL_LL.replace(b'"required_num_qubits"="3"', b'"required_num_qubits"="%d"' % qubits)


@pytest.mark.parametrize("id", IDS)
def test_shots_are_within_the_targets_limits(id: str) -> None:
    """From the least to the most that our table of targets has; where it has none, what is simulated here."""
    target = next(one for one in TARGETS if one.id == id)
    most = target.max_shots or limits.MOST_SHOTS
    for name in ("shots", "count"):
        assert limits.shots_of(target, {name: most}) == most
        assert limits.shots_of(target, {name: str(target.min_shots)}) == target.min_shots
        for bad in (most + 1, target.min_shots - 1, 1.0, "1e3", -1, True, [5], "9" * 12):
            with pytest.raises(BadProgram, match=f"must be from {target.min_shots} to {most} on the target '{id}'"):
                limits.shots_of(target, {name: bad})
    assert limits.shots_of(target, {"shots": None}) == target.default_shots


@pytest.mark.parametrize("id", IDS)
def test_programs_are_within_the_targets_qubits(id: str) -> None:
    """As large as the target is good, one more is not; emulators that hold less as a state vector say so."""
    target = next(one for one in TARGETS if one.id == id)
    assert target.qubits is not None
    one = work(id, b"")
    limits.check_qubits(one, target.state_qubits or target.qubits, None)
    with pytest.raises(
        BadProgram, match=f"needs {target.qubits + 1} qubits, and the target '{id}' has {target.qubits}"
    ):
        limits.check_qubits(one, target.qubits + 1, None)
    if target.state_qubits is not None:
        with pytest.raises(BadProgram, match="'simulator': 'stabilizer'"):
            limits.check_qubits(one, target.state_qubits + 1, None)
        limits.check_qubits(work(id, b"", simulator="stabilizer"), target.qubits, None)
        with pytest.raises(BadProgram, match="must be 'state-vector' or 'stabilizer'"):
            limits.check_qubits(work(id, b"", simulator="fast"), 1, None)


@pytest.mark.parametrize("profile", ["base", "adaptive-ri", "adaptive-rif"])
@pytest.mark.parametrize("id", IDS)
def test_qir_is_within_the_targets_profile(id: str, profile: str) -> None:
    """Profiles have all that the ones before have."""
    target = next(one for one in TARGETS if one.id == id)
    order = ["Base", "Adaptive_RI", "Adaptive_RIF"]
    if ["base", "adaptive-ri", "adaptive-rif"].index(profile) <= order.index(str(target.profile)):
        limits.check_profile(target, profile)
    else:
        with pytest.raises(BadProgram, match=f"'{id}' does not take QIR of the profile {profile}"):
            limits.check_profile(target, profile)


def test_jobs_over_a_limit_fail() -> None:
    """Format, bytes, qubits and shots, of every kind of program."""
    wide = json.dumps({"qubits": 26, "circuit": [{"gate": "x", "target": 25}]}).encode()
    cases = [
        (work("qci.simulator", b"{}", IONQ), "does not take the input format 'ionq.circuit.v1'"),
        (work("ionq.qpu.aria-1", wide_ll(26)), "needs 26 qubits, and the target 'ionq.qpu.aria-1' has 25"),
        (work("ionq.qpu.aria-1", wide, IONQ), "needs 26 qubits, and the target 'ionq.qpu.aria-1' has 25"),
        (work("ionq.qpu.aria-1", BELL_LL, shots=10_001), "from 1 to 10000 on the target 'ionq.qpu.aria-1'"),
        (work("rigetti.sim.qvm", b"DECLARE ro BIT[1]\nMEASURE 20 ro[0]", QUIL), "needs 21 qubits"),
        (work("rigetti.sim.qvm", b"DECLARE ro BIT[1]\nMEASURE 0 ro[0]", QUIL, count=0), "from 1 to 10000"),
        (work("quantinuum.sim.h2-1e", b"OPENQASM 2.0; qreg q[33]; creg c[1]; measure q[32] -> c[0];", QASM),
         "simulates a state vector of 32: up to 56"),
    ]  # fmt: skip
    for one, told in cases:
        code, message = failed(run(one))
        assert (code, told in message) == ("InvalidInputData", True), message
    one = work("ionq.simulator", BELL_LL)
    small = replace(one.target, max_bytes=len(BELL_LL))
    assert run(replace(one, target=small)).error is None
    found = failed(run(replace(one, target=small, payload=BELL_LL + b"\n")))
    assert found[1] == f"The program has {len(BELL_LL) + 1:,} bytes, and the target 'ionq.simulator' takes " + (
        f"{len(BELL_LL):,}."
    )


def test_a_job_over_a_limit_is_made_and_then_fails() -> None:
    """As on the real service, which reads programs when they run."""
    asker = Asker(runner=None)
    made = asker.make("j", BELL_LL, target="ionq.qpu.aria-1", inputParams={"shots": 20_000})
    assert made["status"] == "Waiting"
    asker.clock.sleep(100)
    told = asker.json("GET", "jobs/j")
    assert (told["status"], told["errorData"]["code"], told["costEstimate"]) == ("Failed", "InvalidInputData", None)
    assert "must be from 1 to 10000" in told["errorData"]["message"]
