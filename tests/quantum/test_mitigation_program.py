"""Programs on a noisy machine, mitigated: circuits in its gates, words that agree everywhere, values by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Qubit
from qiskit.quantum_info import Operator
from support.circuits import measured, program

pytest.importorskip("qiskit_aer")

from qamctl.errors import UsageError
from qamctl.options import MITIGATIONS
from qamctl.quantum.mitigation import program as module
from qamctl.quantum.mitigation.folding import fold
from qamctl.quantum.mitigation.program import METHODS, circuits_needed, complaint, in_z, only_measured, widened
from qamctl.quantum.noise import PRESETS, machine_gates, native_form, run
from qamctl.quantum.program import Program
from qamctl.spec.circuit_fields import MITIGATIONS as SPEC_WORDS


def ghz(n: int) -> QuantumCircuit:
    circuit = QuantumCircuit(n)
    circuit.h(0)
    for k in range(n - 1):
        circuit.cx(k, k + 1)
    return measured(circuit)


def asked(circuit: QuantumCircuit, terms: tuple[tuple[str, float], ...], *words: str, **noise: float) -> Program:
    return Program(circuit, circuit.num_clbits, observable=terms, noise=noise, mitigate=words)


def test_the_words_are_the_ones_that_specs_and_flags_take() -> None:
    """One list of words; a spec has `none` besides, and decisions have `detect`, which takes their codes."""
    assert SPEC_WORDS[:-1] == METHODS
    assert (*METHODS, "detect") == MITIGATIONS


@pytest.mark.parametrize("preset", PRESETS)
def test_folded_circuits_are_the_same_in_the_machines_gates(preset: str) -> None:
    """Three times the gates, all of them the machine's, and the same unitary; so are calibrating circuits."""
    native = native_form(ghz(3), preset)
    gates = machine_gates(preset)
    for circuit in (fold(native, 3).circuit, module_x()):
        own = module._in_gates(circuit, gates)
        assert {step.operation.name for step in own.data} <= {*gates, "barrier", "measure"}
        one, two = (each.remove_final_measurements(inplace=False) for each in (own, circuit))
        assert Operator(one).equiv(Operator(two))
    noisy = [sum(step.operation.name not in ("rz", "barrier", "measure") for step in each.data)
             for each in (native, module._in_gates(fold(native, 3).circuit, gates))]  # fmt: skip
    assert noisy[1] == 3 * noisy[0]


def module_x() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.x([0, 1])
    return measured(circuit)


def test_readout_noise_is_taken_out_of_a_ghz_state() -> None:
    """P(0...0) + P(1...1) in the distribution and the stabilisers' sum come back, the raw ones are off."""
    terms = (("ZZZZZZ", 1.0), ("IIIIZZ", 0.5), ("XXXXXX", 0.25), ("IIIIII", -1.0))
    for words, observable, exact in ((("readout",), terms[:2], 1.5), (("readout", "zne"), terms, 0.75)):
        found = run(asked(ghz(6), observable, *words, p1=0.0, p2=0.0, readout=0.05), 6000, 5)
        assert found.expectation is not None
        told = found.info["mitigation"]
        assert abs(found.expectation.value - exact) < 4 * found.expectation.error
        assert abs(told["raw"]["value"] - exact) > 4 * told["raw"]["standard_error"]
        assert (told["distribution"] is None) == (len(observable) == 4)
        assert len(told["readout"]) == (1 if len(observable) == 2 else 2)


def test_errors_are_those_of_repetitions() -> None:
    """The scatter over seeds is as large as the standard error that each run tells."""
    runs = [
        run(asked(ghz(3), (("ZZI", 1.0), ("IZZ", 1.0)), "readout", "zne", p2=0.02), 500, seed) for seed in range(24)
    ]
    values, errors = zip(*((r.expectation.value, r.expectation.error) for r in runs if r.expectation), strict=True)
    assert len(values) == 24
    assert abs(np.mean(values) - 2) < 4 * np.mean(errors) / math.sqrt(24) + 0.05
    assert 0.5 < np.std(values) / np.sqrt(np.mean(np.square(errors))) < 1.6


def test_readout_bends_an_extrapolation_alone() -> None:
    """Where gates decay exponentially and readout is left in, a note says that the asymptote is not its own."""
    told = run(asked(ghz(6), (("ZZZZZZ", 1.0),), "zne", p2=0.05), 20_000, 3).info["mitigation"]
    assert told["fit"] == "exponential"
    assert any("where readout errs, correct it too" in note for note in told["notes"])
    assert told["readout"] is None


def test_bits_that_are_never_measured() -> None:
    """They leave the circuit, and come back as zeros that are read without errors."""
    circuit = QuantumCircuit(2, 4)
    circuit.x(0)
    circuit.measure([0, 1], [3, 1])
    own, bits = only_measured(circuit)
    assert (bits, own.num_clbits, own.num_qubits) == ([1, 3], 2, 2)
    told = {"readout": [[[0.1, 0.2], [0.3, 0.4]]], "distribution": {"10": 1.0}, "fit": None}
    wide = widened(told, bits, 4)
    assert wide["distribution"] == {"1000": 1.0}
    assert wide["readout"] == [[[0.0, 0.0], [0.1, 0.2], [0.0, 0.0], [0.3, 0.4]]]
    assert widened({"readout": None, "distribution": None}, bits, 4) == {"readout": None, "distribution": None}
    loose = QuantumCircuit([Qubit(), Qubit()])
    assert only_measured(loose)[0].num_qubits == 2


def test_what_a_value_takes() -> None:
    """Three scales and two calibrating circuits in each basis; one basis at least."""
    assert [circuits_needed(words, 2) for words in (["zne"], ["readout"], ["readout", "zne"])] == [6, 6, 10]
    assert circuits_needed(["postselect"], 0) == 1
    assert in_z((("XY", 2.0), ("II", 1.0)), {0: 4, 1: 5}).terms == (((4, 5), 2.0), ((), 1.0))


def test_what_can_not_be_mitigated() -> None:
    """Resets and conditions are named; QIR is left to the engine, which refuses it."""
    circuit = QuantumCircuit(1, 1)
    circuit.reset(0)
    circuit.measure(0, 0)
    assert "instruction 1 of the circuit, `reset`, is neither" in str(complaint(program(circuit)))
    circuit = ghz(2)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    assert "instruction 3 of the circuit, `measure`" in str(complaint(program(circuit)))
    assert complaint(Program(None, 2, mitigate=("zne",))) is None
    with pytest.raises(UsageError, match="there is none: give an `observable`"):
        run(asked(ghz(2), (), "zne"), 10, 1)
