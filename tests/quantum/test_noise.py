"""Noise: presets and what replaces them, the channels, the counts of simulated machines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import average_gate_fidelity
from support.circuits import branching, program

pytest.importorskip("qiskit_aer")

from qamctl.errors import BackendError, SpecError, UnsupportedError
from qamctl.options import NOISES
from qamctl.quantum import noise as module
from qamctl.quantum.noise import PRESETS, Noise, make_noise, noise_model, run
from qamctl.spec.circuit_fields import PRESETS as SPEC_PRESETS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "circuits.md"


def bell() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


def test_the_presets_are_the_ones_that_specs_and_flags_take() -> None:
    """One list of names, and each preset's figures stand in the documentation."""
    assert tuple(PRESETS) == SPEC_PRESETS == NOISES
    table = PAGE.read_text().split("| preset |")[1].split("\n\n")[0]
    rows = dict(re.findall(r"(?m)^\| `(\w+)` \|(.*)\|$", table))
    for name, figures in PRESETS.items():
        told = [cell.strip() for cell in rows[name].split("|")]
        assert told[1:6] == [
            f"{figures.p1:g}", f"{figures.p2:g}", f"{figures.readout:g}",
            *("-" if t is None else f"{t:g}" for t in (figures.t1, figures.t2)),
        ]  # fmt: skip


def test_figures_replace_those_of_the_preset() -> None:
    """What is given holds, the rest is the preset's; one relaxation time stands for the other."""
    found = make_noise({"preset": "ionq", "p2": 0.02})
    assert (found.p1, found.p2, found.t1) == (PRESETS["ionq"].p1, 0.02, PRESETS["ionq"].t1)
    assert make_noise({}) == PRESETS["generic"]
    assert make_noise({"t1": 1e-3}).t2 == 1e-3
    assert make_noise({"t2": 1e-3}).t1 == 1e-3
    assert make_noise({"preset": "rigetti", "t1": 1e-6}).t2 == 2e-6


def test_contradictions_are_told() -> None:
    """T2 above 2 T1, and a preset that does not exist."""
    with pytest.raises(SpecError, match=r"t2 = 3e-06 s is above 2 \* t1"):
        make_noise({"t1": 1e-6, "t2": 3e-6})
    with pytest.raises(SpecError, match="choose generic, ionq, quantinuum, rigetti"):
        make_noise({"preset": "ibm"})


@pytest.mark.parametrize("preset", PRESETS)
def test_a_gate_has_the_average_error_that_is_given(preset: str) -> None:
    """Relaxation and depolarising together have the fidelity of the figures, by qiskit's formula."""
    figures = PRESETS[preset]
    for qubits, error, seconds in ((1, figures.p1, figures.time1), (2, figures.p2, figures.time2)):
        channel = module._gate_error(figures, qubits, error, seconds)
        relaxed = module._gate_error(Noise(preset, 0, 0, 0, figures.t1, figures.t2), qubits, 0.0, seconds)
        least = 0.0 if relaxed is None else 1 - average_gate_fidelity(relaxed)
        assert 1 - average_gate_fidelity(channel) == pytest.approx(max(error, least), rel=0.02)


def test_a_machine_without_errors_has_none() -> None:
    """All figures zero: no gate and no readout has an error, and counts follow the circuit."""
    figures = {"preset": "generic", "p1": 0, "p2": 0, "readout": 0}
    assert noise_model(make_noise(figures)).noise_instructions == []
    counts = run(program(bell(), **figures), 500, 1).counts
    assert counts is not None
    assert set(counts.strings()) == {"00", "11"}


@pytest.mark.parametrize("preset", PRESETS)
def test_noise_shows_in_counts_and_means_and_repeats(preset: str) -> None:
    """Wrong bitstrings appear about as often as the figures say; the same seed gives the same counts."""
    terms = (("ZZ", 1.0),)
    first, again = (run(program(bell(), terms, preset=preset, readout=0.1), 2000, 4) for _ in range(2))
    assert first.counts is not None
    assert again.counts is not None
    assert first.counts.strings() == again.counts.strings()
    wrong = sum(first.counts.strings().get(text, 0) for text in ("01", "10")) / 2000
    assert 0.14 < wrong < 0.24  # 2 * 0.1 * 0.9 by readout alone
    assert first.expectation is not None
    assert first.expectation.value == pytest.approx(1 - 2 * wrong)
    assert first.settings == ()
    assert first.info["noise"]["preset"] == preset


def test_other_bases_are_measured_on_their_own() -> None:
    """XX and YY of a Bell pair are 1 and -1, measured in two settings beside the counts."""
    found = run(program(bell(), (("XX", 1.0), ("YY", 1.0), ("II", 0.5)), preset="quantinuum"), 1000, 2)
    assert [setting.basis for setting in found.settings] == ["XX", "YY"]
    assert found.expectation is not None
    assert abs(found.expectation.value - 0.5) < 0.1
    alone = bell()
    alone.remove_final_measurements()
    assert run(program(alone, (("ZZ", 1.0),)), 500, 1).counts is None


def test_dynamic_circuits_run_where_the_machine_branches() -> None:
    """Quantinuum measures on the way; IonQ does not, and says so."""
    circuit = bell()
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(0)
    circuit.measure(0, 0)
    exact = {"preset": "quantinuum", "p1": 0, "p2": 0, "readout": 0}
    counts = run(program(circuit, **exact), 200, 1).counts
    assert counts is not None
    assert set(counts.strings()) == {"00", "10"}
    with pytest.raises(BackendError, match=r"noise simulator failed: .*box"):
        run(program(branching(1), **exact), 200, 1)
    with pytest.raises(UnsupportedError, match="ionq measures at the end only"):
        run(program(branching(1), preset="ionq"), 200, 1)


def test_what_cannot_be_run_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parameters, nothing measured, and a run of hours; the last says what would fit."""
    free = bell()
    free.rx(Parameter("theta"), 0)
    with pytest.raises(SpecError, match="theta"):
        run(program(free), 10, 1)
    with pytest.raises(SpecError, match="measures nothing"):
        run(program(QuantumCircuit(1)), 10, 1)
    monkeypatch.setattr(module, "COST", 1e4)
    with pytest.raises(UnsupportedError, match=r"100,000 noisy shots .* take at most \d+ shots"):
        run(program(bell()), 100_000, 1)
    monkeypatch.setattr(module, "COST", 1)
    with pytest.raises(UnsupportedError, match="take fewer qubits"):
        run(program(bell()), 10, 1)


def test_without_aer_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package that is missing, and how to install it."""
    import sys

    monkeypatch.setitem(sys.modules, "qiskit_aer.noise", None)
    with pytest.raises(UnsupportedError, match=r'pip install "qamctl\[noise\]"'):
        noise_model(PRESETS["generic"])
