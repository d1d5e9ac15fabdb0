"""What noise does to results: the channel that its figures stand for, computed by hand."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from emulator.asking import BELL_LL, V1
from emulator.programs.running import (
    IONQ,
    QASM,
    QUIL,
    adaptive,
    chi_square,
    counts,
    failed,
    frequencies,
    misread,
    turned,
    work,
)

pytest.importorskip("qiskit_aer")

from qamctl.emulator.programs.execute import run
from qamctl.quantum.noise import PRESETS

#: Gates that each are one of Quantinuum's, so that each has its error.
QUANTINUUM = b"""OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
ry(0.7) q[0];
rx(1.1) q[1];
rzz(0.9) q[0], q[1];
rx(0.4) q[0];
ry(0.8) q[1];
measure q -> c;
"""
STEPS = [("y", 0.7, [0]), ("x", 1.1, [1]), ("zz", 0.9, [0, 1]), ("x", 0.4, [0]), ("y", 0.8, [1])]


def test_errors_that_are_asked_for_are_the_channel_they_stand_for() -> None:
    """Two qubits, five gates, large errors: chi square of 3 degrees of freedom below 16.3 (20,000 shots, job j)."""
    params = {"error-params": {"p1": 0.12, "p2": 0.2, "p_meas": [0.02, 0.06]}}
    found = counts(run(work("quantinuum.sim.h2-1e", QUANTINUUM, QASM, count=20_000, **params)), QASM)
    exact = misread(turned(2, STEPS, p1=0.12 * 2 / 3, p2=0.2 * 4 / 5), 0.04)
    ideal = turned(2, STEPS)
    assert chi_square(frequencies(found, 2), exact) < 16.3
    assert chi_square(frequencies(found, 2), ideal) > 1000
    off = counts(run(work("quantinuum.sim.h2-1e", QUANTINUUM, QASM, count=20_000, **{"error-model": False})), QASM)
    assert chi_square(frequencies(off, 2), ideal) < 16.3


@pytest.mark.parametrize(
    ("target", "preset", "payload", "formats"),
    [
        ("quantinuum.sim.h2-1e", "quantinuum", b'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1];'
         b" rx(3.141592653589793) q[0]; measure q -> c;", QASM),
        ("rigetti.qpu.cepheus-1-108q", "rigetti", b"DECLARE ro BIT[1]\nRX(pi) 0\nMEASURE 0 ro[0]\n", QUIL),
        ("qci.simulator.noisy", "generic", BELL_LL.replace(b"double 1.0", b"double 3.141592653589793"),
         ("qir.v1", V1)),
    ],
)  # fmt: skip
def test_a_gate_and_a_measurement_err_as_often_as_the_preset_says(
    target: str, preset: str, payload: bytes, formats: tuple[str, str]
) -> None:
    """A qubit that was turned to 1 is read as 0 within 5 sigma of that; without noise it never is."""
    noise = PRESETS[preset]
    shots = 10_000
    # QIR's turned qubit is its leftmost; there it takes two of the generic gates at most.
    for one, least, most in ((preset, 1, 2 if preset == "generic" else 1), (None, 0, 0)):
        found = counts(run(work(target, payload, formats, preset=one, shots=shots)), formats, shots)
        zeros = sum(count for bits, count in found.items() if bits[0] == "0")
        low, high = ((k * noise.p1 + bool(k) * noise.readout) * shots for k in (least, most))
        assert low - 5 * math.sqrt(low) <= zeros <= high + 5 * math.sqrt(high), (one, zeros)


def ladder(rounds: int) -> tuple[bytes, list[tuple[str, float, list[int]]]]:
    """IonQ's JSON of turns of one qubit and of both, each one gate of the machines; and the same as steps."""
    gates: list[dict[str, Any]] = []
    steps: list[tuple[str, float, list[int]]] = []
    for k in range(rounds):
        for name, angle, places in (("xx", 0.9, [0, 1]), ("y", 0.5 + k, [0]), ("y", 0.3 - k, [1])):
            gates.append({"gate": name if len(places) > 1 else f"r{name}", "rotation": angle, "targets": places})
            steps.append((name, angle, places))
    return json.dumps({"circuit": gates}).encode(), steps


def test_ionqs_model_is_as_far_from_ideal_as_its_figures_say() -> None:
    """Ten rounds: the distance to the depolarised distribution is that of sampling, and to the ideal one larger."""
    payload, steps = ladder(10)
    asked = {"noise": {"model": "aria-1", "seed": 5}}
    found = json.loads(run(work("ionq.simulator", payload, IONQ, shots=20_000, **asked)).output)["histogram"]
    met = np.array([found.get(str(k), 0.0) for k in range(4)])
    ideal = turned(2, steps)
    noisy = misread(turned(2, steps, 0.0005 / 2, 0.0133 * 3 / 4), PRESETS["ionq"].readout)
    assert met.sum() == pytest.approx(1)
    assert np.abs(ideal - noisy).sum() / 2 > 0.04
    # Sampling: 4 sigma of 4 outcomes; and what relaxation is part of the error does otherwise than depolarising does.
    assert np.abs(met - noisy).sum() / 2 < 0.012
    again = json.loads(run(work("ionq.simulator", payload, IONQ, shots=20_000, job="k", **asked)).output)["histogram"]
    assert again == found, "the seed of the job's noise decides alone"
    exact = json.loads(run(work("ionq.simulator", payload, IONQ, noise={"model": "ideal"})).output)["histogram"]
    assert [exact.get(str(k), 0.0) for k in range(4)] == pytest.approx(ideal.tolist(), abs=1e-9)


def test_noise_samples_as_many_shots_as_are_asked_for() -> None:
    """Also on the exact simulator; 1,000 where the job does not say, and no more qubits than the model has."""
    payload, _ = ladder(1)
    found = json.loads(run(work("ionq.simulator", payload, IONQ, noise={"model": "forte-1"})).output)["histogram"]
    assert all(value * 1000 == pytest.approx(round(value * 1000)) for value in found.values())
    assert sum(counts(run(work("ionq.simulator", BELL_LL, shots=77, noise={"model": "aria-1"}))).values()) == 77
    wide = json.dumps({"circuit": [{"gate": "x", "target": 25}]}).encode()
    told = failed(run(work("ionq.simulator", wide, IONQ, noise={"model": "aria-1"})))[1]
    assert told == "The program needs 26 qubits, and the noise model takes 25."


def test_programs_that_branch_are_refused_with_noise_and_circuits_that_do_are_not() -> None:
    """QIR says so with a code of its own; OpenQASM goes on with the machine's errors."""
    code, message = failed(run(work("quantinuum.sim.h2-1e", adaptive(), preset="quantinuum", shots=5)))
    assert (code, "noise is simulated of circuits only" in message) == ("NoiseNotSupported", True)
    quiet = work("quantinuum.sim.h2-1e", adaptive(), preset="quantinuum", shots=5, **{"error-model": False})
    assert run(quiet).error is None
    text = (
        b'OPENQASM 2.0; include "qelib1.inc"; qreg q[30]; creg c[1]; creg d[2]; x q[3]; measure q[3] -> c[0]; '
        b"if (c==1) x q[29]; reset q[3]; measure q[29] -> d[1]; measure q[3] -> d[0];"
    )
    found = counts(run(work("quantinuum.sim.h2-1e", text, QASM, preset="quantinuum", count=1000)), QASM)
    assert found["10 1"] > 980
    assert "measures at the end only" in failed(run(work("quantinuum.sim.h2-1e", text, QASM, preset="ionq")))[1]


def test_noise_that_would_take_too_long_is_refused_before_it_begins() -> None:
    """With what to do."""
    wide = json.dumps({"circuit": [{"gate": "h", "target": k} for k in range(22)]}).encode()
    told = failed(run(work("ionq.simulator", wide, IONQ, shots=1000, noise={"model": "aria-1"})))[1]
    assert told.startswith("1000 noisy shots of 44 operations on 22 qubits would take longer than a minute here")


def test_a_syntax_checker_has_no_noise() -> None:
    """Zeros stay zeros."""
    found = run(work("quantinuum.sim.h2-1sc", QUANTINUUM, QASM, count=50, **{"error-params": {"p1": 0.5}}))
    assert json.loads(found.output) == {"c": ["00"] * 50}
