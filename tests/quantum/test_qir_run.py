"""Circuits as QIR: profiles, bits that are never measured, observables, files."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from support.circuits import measured, program

from qamctl.errors import SpecError, UnsupportedError
from qamctl.quantum.compare import fit
from qamctl.quantum.program import Program
from qamctl.quantum.qir import read_own, to_qir
from qamctl.quantum.qir.run import compiled, run


def turned() -> QuantumCircuit:
    circuit = QuantumCircuit(3, 4)
    circuit.ry(0.7, 0)
    circuit.cx(0, 1)
    circuit.x(2)
    circuit.measure([0, 1, 2], [0, 3, 1])
    return circuit


def test_counts_have_all_bits_and_repeat() -> None:
    """Bits that are never measured are 0, the others those of the distribution; the same seed gives the same."""
    first, again = run(program(turned()), 600, 3), run(program(turned()), 600, 3)
    assert first.counts is not None
    assert again.counts is not None
    assert first.counts.strings() == again.counts.strings()
    p = 0.11757891  # sin(0.35)^2
    assert fit(first.counts.strings(), {"0010": 1 - p, "1011": p}) > 1e-3
    assert first.info["profile"] == "base"


def test_observables_from_counts_and_in_other_bases() -> None:
    """Z is taken from the counts, X and Y from settings of their own; without counts there are settings alone."""
    diagonal = run(program(turned(), (("ZII", 1.0), ("IZZ", 0.5))), 300, 1)
    assert diagonal.expectation is not None
    assert diagonal.expectation.value == pytest.approx(-0.5)
    assert diagonal.settings == ()
    plus = QuantumCircuit(2)
    plus.h(0)
    plus.cx(0, 1)
    both = run(program(plus, (("XX", 1.0), ("YY", 1.0), ("II", 0.25))), 200, 1)
    assert both.counts is None
    assert both.expectation is not None
    assert both.expectation.value == 0.25  # 1 - 1, measured without error
    assert [setting.basis for setting in both.settings] == ["XX", "YY"]


def test_dynamic_circuits_take_the_adaptive_profile() -> None:
    """Conditions and resets are compiled to adaptive-ri; bits that are never measured are refused there."""
    circuit = QuantumCircuit(2, 2)
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    circuit.measure(1, 1)
    assert compiled(circuit).profile == "adaptive-ri"
    assert run(program(circuit), 20, 1).counts.strings() == {"11": 20}  # type: ignore[union-attr]
    wide = QuantumCircuit(2, 3)
    wide.measure(0, 0)
    with wide.if_test((wide.clbits[0], 1)):
        wide.x(1)
    wide.measure(1, 1)
    with pytest.raises(UnsupportedError, match="never measured"):
        run(program(wide), 20, 1)


def test_qir_itself() -> None:
    """A QIR program has counts of its results; I and Z have values on them, X has none, nor bits that there aren't."""
    info = read_own(to_qir(measured(QuantumCircuit(2))))
    assert run(Program(None, 2, info), 30, 1).counts.strings() == {"00": 30}  # type: ignore[union-attr]
    assert run(Program(None, 2, info, (("ZZ", 2.0),)), 30, 1).expectation.value == 2.0  # type: ignore[union-attr]
    with pytest.raises(SpecError, match="only I and Z"):
        run(Program(None, 2, info, (("XI", 1.0),)), 30, 1)
    with pytest.raises(SpecError, match="records 2 bits"):
        run(Program(None, 2, info, (("ZII", 1.0),)), 30, 1)


def test_what_cannot_be_run_is_told() -> None:
    """Parameters without a value, and nothing measured."""
    circuit = measured(QuantumCircuit(1))
    circuit.rx(Parameter("theta"), 0)
    with pytest.raises(SpecError, match="theta"):
        run(program(circuit), 1, 1)
    with pytest.raises(SpecError, match="measures nothing"):
        run(program(QuantumCircuit(1)), 1, 1)
