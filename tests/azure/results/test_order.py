"""The order of bits in QIR outputs, proved by running: what is compiled here comes back as qiskit's keys."""

from __future__ import annotations

import json
import os
from collections import Counter
from typing import Any

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.primitives import StatevectorSampler

from qamctl.azure.results import Result, parse
from qamctl.quantum.qir import read_own, run_qir, to_qir

V1, V2 = "microsoft.quantum-results.v1", "microsoft.quantum-results.v2"


def recorded(qir: str, shots: int = 5) -> list[Any]:
    """What the runtime recorded, shot by shot, as the service writes it: lists of bits, tuples of lists."""
    os.environ.setdefault("QDK_PYTHON_TELEMETRY", "none")
    from qdk.simulation import run_qir as run

    return [written(row) for row in run(qir, shots=shots, seed=1, type="cpu")]


def written(value: Any) -> Any:
    if isinstance(value, tuple):
        return {f"Item{i}": written(part) for i, part in enumerate(value, 1)}
    return [written(part) for part in value] if isinstance(value, list) else {"Zero": 0, "One": 1}[str(value)]


def as_v2(rows: list[Any]) -> Result:
    tally = Counter(map(json.dumps, rows))
    histogram = [{"Outcome": json.loads(row), "Display": row, "Count": count} for row, count in tally.items()]
    (result,) = parse(json.dumps({"DataFormat": V2, "Results": [{"Histogram": histogram, "Shots": rows}]}).encode(),
                      format=V2, shots=None)  # fmt: skip
    return result


def qiskit_keys(circuit: QuantumCircuit) -> dict[str, int]:
    """Qiskit's own counts of a circuit of one register."""
    data = StatevectorSampler(seed=1).run([circuit], shots=5).result()[0].data
    return dict(next(iter(data.values())).get_counts())


@pytest.mark.parametrize("flipped", range(3))
def test_v2_of_our_qir_has_the_keys_of_qiskit(flipped: int) -> None:
    """X on one of 3 qubits, compiled by `to_qir`, run, written as v2 and parsed: the counts are qiskit's."""
    circuit = QuantumCircuit(3, 3)
    circuit.x(flipped)
    circuit.measure(range(3), range(3))
    result = as_v2(recorded(to_qir(circuit).decode()))
    assert result.counts == qiskit_keys(circuit)
    assert result.counts == {["001", "010", "100"][flipped]: 5}


def test_v1_of_our_qir_has_the_keys_of_qiskit() -> None:
    """The same of v1, whose keys are the printed outcomes; and of our own engine."""
    circuit = QuantumCircuit(3, 3)
    circuit.x(0)
    circuit.measure(range(3), range(3))
    content = to_qir(circuit)
    pairs = [str(recorded(content.decode(), 1)[0]), 1.0]
    (result,) = parse(json.dumps({"Histogram": pairs}).encode(), format=V1, shots=5)
    assert result.counts == qiskit_keys(circuit) == run_qir(read_own(content), 5, 1) == {"001": 5}


def test_v2_of_several_registers_has_the_last_one_first() -> None:
    """`qdk.qiskit` records a tuple of registers, the last one first, and its own keys are ours."""
    os.environ.setdefault("QDK_PYTHON_TELEMETRY", "none")
    from qdk import TargetProfile
    from qdk.qiskit import QSharpBackend

    first, second = ClassicalRegister(2, "first"), ClassicalRegister(1, "second")
    circuit = QuantumCircuit(QuantumRegister(3), first, second)
    circuit.x(0)
    circuit.measure(range(3), range(3))
    backend = QSharpBackend(target_profile=TargetProfile.Base)
    result = as_v2(recorded(backend.qir(circuit)))
    assert result.counts == {"0 01": 5}
    assert result.counts == dict(backend.run(circuit, shots=5).result().get_counts())


def test_other_compilers_record_the_other_way_round() -> None:
    """`qdk.openqasm` records the lowest bit first, so its keys are reversed, as the documentation warns."""
    os.environ.setdefault("QDK_PYTHON_TELEMETRY", "none")
    import qdk
    from qdk import openqasm

    qdk.init(target_profile=qdk.TargetProfile.Base)
    program = 'OPENQASM 3.0; include "stdgates.inc"; qubit[3] q; bit[3] c; x q[0]; c = measure q;'
    assert as_v2(recorded(str(openqasm.compile(program)))).counts == {"100": 5}
