"""The instructions of QIR programs: known ones of any machine, unknown ones at their lines, no results recorded."""

from __future__ import annotations

import threading

import pyqir
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.random import random_circuit

from qamctl.errors import BackendError, SpecError
from qamctl.quantum.qir import PROFILES, read_qir, run_qir, to_qir
from qamctl.quantum.qir.instructions import faults_of, is_known

RECORD = "__quantum__rt__result_record_output"


def coin(profile: str = "base") -> bytes:
    """One qubit, turned and measured."""
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    return to_qir(circuit, profile=profile)


@pytest.mark.parametrize("profile", PROFILES)
def test_all_that_the_compiler_emits_is_known(profile: str) -> None:
    """Random circuits of every profile are read without a fault."""
    for seed in range(4):
        circuit = random_circuit(3, 8, max_operands=3, measure=True, seed=seed)
        assert read_qir(to_qir(circuit, profile=profile), "f").results == 3


@pytest.mark.parametrize("name", ["x", "sx", "cnot", "rzz", "ccx", "mresetz", "r", "rxxyyzz", "u1q"])
def test_gates_have_all_forms(name: str) -> None:
    """Body, adjoint, controlled; a form that there is not is unknown."""
    assert all(is_known(f"__quantum__qis__{name}__{form}") for form in ("body", "adj", "ctl", "ctladj"))
    assert not is_known(f"__quantum__qis__{name}__bodi")
    assert not is_known(f"__quantum__qis__{name}")


def test_functions_of_the_runtime_are_known() -> None:
    """Those of the profiles and the families of the specification; others are not."""
    known = ("initialize", "read_result", "qubit_allocate", "array_create_1d", "double_record_output", "message")
    assert all(is_known(f"__quantum__rt__{name}") for name in known)
    assert not is_known("__quantum__rt__nosuch")


def test_unknown_instructions_stand_at_their_lines() -> None:
    """In text with line and column, in bitcode without; what is near is named."""
    text = coin().replace(b"qis__h__body", b"qis__mresez__body")
    with pytest.raises(SpecError, match="no instruction __quantum__qis__mresez__body") as caught:
        read_qir(text, "f.ll")
    (fault,) = caught.value.diagnostics
    assert fault.location is not None
    line, column = fault.location.line, fault.location.column
    assert line is not None
    assert column is not None
    assert text.decode().splitlines()[line - 1][column - 1 :].startswith("@__quantum__qis__mresez__body(")
    assert fault.hint == "did you mean __quantum__qis__mresetz__body?"
    bitcode = pyqir.Module.from_ir(pyqir.Context(), text.decode()).bitcode
    with pytest.raises(SpecError, match="no instruction __quantum__qis__mresez__body") as caught:
        read_qir(bitcode, "f.bc")
    assert str(caught.value.diagnostics[0]).startswith("f.bc: there is no")


def test_at_most_twenty_faults_are_told() -> None:
    """Each instruction once."""
    assert len(faults_of([f"__quantum__qis__no{k}__body" for k in range(30)], "", "f")) == 20


def test_declared_defined_and_noise_functions_are_no_faults() -> None:
    """Nobody calls the first, the second says itself what it does, and the third does nothing without noise."""
    declared = coin() + b"\ndeclare void @__quantum__qis__nosuch__body(%Qubit*)\n"
    assert read_qir(declared, "f").qubits == 1
    called = coin().replace(b"qis__h__body", b"qis__own__body")
    head = b"declare void @__quantum__qis__own__body(%Qubit*)"
    assert read_qir(called.replace(head, b"define void @__quantum__qis__own__body(%Qubit* %q) {\n  ret void\n}"), "f")
    noise = called.replace(head, head + b" #7") + b'\nattributes #7 = { "qdk_noise" }\n'
    assert run_qir(read_qir(noise, "f"), 5, 1) == {"0": 5}


def test_a_program_that_records_nothing_is_refused() -> None:
    """Lists alone are no results; one result is enough."""
    text = b"".join(line for line in coin().splitlines(True) if b"call void @" + RECORD.encode() not in line)
    with pytest.raises(SpecError, match="records no results: nothing would be measured") as caught:
        read_qir(text, "f.ll")
    assert RECORD in str(caught.value.diagnostics[0].hint)
    assert faults_of([RECORD], "", "f") == []


@pytest.mark.parametrize("profile", ["base", "adaptive-ri"])
def test_a_simulator_that_fails_in_a_thread_is_quiet(profile: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Its objects belong to the thread that made them, and are gone when the error is told in another one."""
    found = read_qir(coin(profile).replace(b"qis__h__body", b"qis__v__body"), "f")
    told: list[BackendError] = []

    def run() -> None:
        try:
            run_qir(found, 1, 1)
        except BackendError as error:
            told.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert "simulator failed" in told.pop().message
    assert capfd.readouterr() == ("", "")
