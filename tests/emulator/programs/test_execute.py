"""Programs of every format, run."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from emulator.asking import BELL_LL, V1, V2

from qamctl.azure.results import parse
from qamctl.emulator.programs.execute import run
from qamctl.emulator.targets import TARGETS, Target
from qamctl.emulator.work import Outcome, Work

IONQ = ("ionq.circuit.v1", "ionq.quantum-results.v1")
QASM = ("honeywell.openqasm.v1", "honeywell.quantum-results.v1")
QUIL = ("rigetti.quil.v1", "rigetti.quil-results.v1")

#: Probability of 1 after rx(1).
ONE = float(np.sin(0.5) ** 2)


def work(
    target: str,
    payload: bytes,
    formats: tuple[str, str] = ("qir.v1", V2),
    *,
    lost: float = 0.0,
    job: str = "j",
    **params: Any,
) -> Work:
    """A job."""
    found = next(one for one in TARGETS if one.id == target)
    return Work(job, found, payload, *formats, params, 1, lost)


def counts(outcome: Outcome, formats: tuple[str, str] = ("qir.v1", V2), shots: int = 1000) -> dict[str, int]:
    """Counts of the first result, by our own parser."""
    assert outcome.error is None, outcome.error
    return dict(parse(outcome.output, format=formats[1], shots=shots)[0].counts)


def adaptive() -> bytes:
    """QIR that measures a qubit and turns another one where that was 1: 00 or 11."""
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

    from qamctl.quantum.qir import to_qir

    circuit = QuantumCircuit(QuantumRegister(2), ClassicalRegister(2, "c"))
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    circuit.measure(1, 1)
    return to_qir(circuit, profile="adaptive-ri")


def test_equal_seeds_and_ids_give_equal_results() -> None:
    """And another id other ones."""
    first = run(work("rigetti.sim.qvm", BELL_LL, shots=500))
    assert run(work("rigetti.sim.qvm", BELL_LL, shots=500)) == first
    assert run(work("rigetti.sim.qvm", BELL_LL, shots=500, job="other")).output != first.output


def test_qir_of_many_shots_keeps_to_the_exact_distribution() -> None:
    """100,000 shots: chi square of 3 degrees of freedom below 16.3."""
    found = counts(run(work("rigetti.sim.qvm", BELL_LL, shots=100_000)))
    exact = {"000": (1 - ONE) / 2, "011": (1 - ONE) / 2, "100": ONE / 2, "111": ONE / 2}
    assert found.keys() == exact.keys()
    assert sum((found[key] - 1e5 * p) ** 2 / (1e5 * p) for key, p in exact.items()) < 16.3, "seed 1, job j"


def test_programs_that_branch_run_on_targets_that_take_them() -> None:
    """Shot by shot, on qdk's simulator; a target of the base profile refuses."""
    found = counts(run(work("quantinuum.sim.h2-1e", adaptive(), shots=200)))
    assert found.keys() == {"00", "11"}
    assert abs(found["00"] - 100) < 5 * 7.1, found
    refused = run(work("ionq.simulator", adaptive(), shots=200))
    assert refused.error is not None
    assert "does not take QIR of the profile adaptive-ri" in refused.error[1]


def test_items_have_parameters_of_their_own() -> None:
    """Before those of the job; the first format has one result only."""
    found = run(work("rigetti.sim.qvm", BELL_LL, shots=10, items=[{"shots": 5}, {}]))
    results = json.loads(found.output)["Results"]
    assert [len(one["Shots"]) for one in results] == [5, 10]
    found = run(work("rigetti.sim.qvm", BELL_LL, ("qir.v1", V1), count="40"))
    histogram = json.loads(found.output)["Histogram"]
    assert sum(histogram[1::2]) == pytest.approx(1.0)
    assert set(histogram[::2]) <= {"[0, 0, 0]", "[0, 1, 1]", "[1, 0, 0]", "[1, 1, 1]"}


def test_registers_of_a_program_are_told_apart() -> None:
    """A tuple, as qdk records several registers: items in both, and parentheses where it is shown."""
    text = BELL_LL.replace(b"array_record_output(i64 3,", b"tuple_record_output(i64 3,")
    text = text.replace(b"@__quantum__rt__array_record_output(i64,", b"@__quantum__rt__tuple_record_output(i64,")
    (result,) = json.loads(run(work("rigetti.sim.qvm", text, shots=50)).output)["Results"]
    assert set(result["Shots"][0]) == {"Item1", "Item2", "Item3"}
    assert {entry["Display"] for entry in result["Histogram"]} <= {"(0, 0, 0)", "(0, 1, 1)", "(1, 0, 0)", "(1, 1, 1)"}


def test_lost_shots_are_marked() -> None:
    """A lost bit is `-`, in histogram and shots alike, about as often as it should."""
    found = run(work("rigetti.sim.qvm", BELL_LL, lost=0.1, shots=2000))
    (result,) = json.loads(found.output)["Results"]
    lost = sum("-" in shot for shot in result["Shots"])
    assert abs(lost - 2000 * 0.271) < 5 * 19.9
    assert sum(entry["Count"] for entry in result["Histogram"] if "-" in entry["Outcome"]) == lost
    assert any(entry["Display"] == "[0, 1, -]" for entry in result["Histogram"])
    assert parse(found.output, format=V2, shots=2000)[0].shots in (2000, 2000 - lost)


def test_ionqs_simulator_tells_exact_probabilities_and_its_machines_frequencies() -> None:
    """By number, bit k of which is qubit k."""
    circuit = json.dumps(
        {"qubits": 2, "circuit": [{"gate": "x", "target": 1}, {"gate": "rx", "rotation": 1.0, "target": 0}]}
    )
    exact = json.loads(run(work("ionq.simulator", circuit.encode(), IONQ)).output)["histogram"]
    assert exact == {"2": pytest.approx(1 - ONE), "3": pytest.approx(ONE)}
    sampled = json.loads(run(work("ionq.qpu.aria-1", circuit.encode(), IONQ, shots=400)).output)["histogram"]
    assert sampled.keys() == {"2", "3"}
    assert all(value * 400 == pytest.approx(round(value * 400)) for value in sampled.values())
    assert abs(sampled["3"] - ONE) < 5 * 0.021


def test_openqasm_gives_registers_as_quantinuum_does() -> None:
    """A list of strings each, the highest bit leftmost."""
    text = b'OPENQASM 2.0; include "qelib1.inc"; qreg q[3]; creg a[1]; creg b[2]; x q[1]; measure q[0] -> a[0];' \
           b" measure q[1] -> b[0]; measure q[2] -> b[1];"  # fmt: skip
    found = run(work("quantinuum.sim.h2-1e", text, QASM, count=3))
    assert json.loads(found.output) == {"a": ["0"] * 3, "b": ["01"] * 3}


def test_quil_gives_rows_of_bits_one_shot_unless_more_are_asked_for() -> None:
    """As recorded: the lowest bit first."""
    text = b"DECLARE ro BIT[2]\nX 0\nMEASURE 0 ro[0]\nMEASURE 1 ro[1]\n"
    assert json.loads(run(work("rigetti.sim.qvm", text, QUIL)).output) == {"ro": [[1, 0]]}
    assert len(json.loads(run(work("rigetti.sim.qvm", text, QUIL, count=5)).output)["ro"]) == 5


def test_the_echo_gives_its_input_back() -> None:
    """Whatever it is."""
    found = run(work("echo-output", b"{ input: 'data' }", ("microsoft.quantum-log.v1",) * 2))
    assert (found.output, found.cost) == (b"{ input: 'data' }", None)


@pytest.mark.parametrize(
    ("one", "code", "text"),
    [
        (work("ionq.simulator", b"x", QUIL), "InvalidInputData", "does not take the input format 'rigetti.quil.v1'"),
        (work("ionq.simulator", b"x", ("qir.v1", "x")), "CannotTranslateOutputData", "The output returned by 'ionq'"),
        (work("ionq.simulator", b"garbage"), "InvalidInputData", "can't be read as QIR"),
        (work("ionq.simulator", b"BC\xc0\xde damaged"), "InvalidInputData", "can't be read as QIR"),
        (work("ionq.simulator", BELL_LL, shots=0), "InvalidInputData", "The number of shots must be from 1 to"),
        (work("ionq.simulator", BELL_LL, shots=True), "InvalidInputData", "The number of shots must be from 1 to"),
        (work("ionq.simulator", BELL_LL, shots="x"), "InvalidInputData", "The number of shots must be from 1 to"),
        (work("ionq.simulator", BELL_LL, items=[3]), "InvalidInputData", "'items' must be a list of objects"),
        (work("quantinuum.sim.h2-1e", b"OPENQASM 2.0; x", QASM), "InvalidInputData", "can't be read as OpenQASM"),
        (work("quantinuum.sim.h2-1e", b'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; x q[0];', QASM),
         "InvalidInputData", "measures nothing"),
        (work("rigetti.sim.qvm", b"DECLARE ro BIT[1]\nX 30\nMEASURE 30 ro[0]\n", QUIL), "InvalidInputData",
         "needs 31 qubits, and the target 'rigetti.sim.qvm' has 20"),
        (work("ionq.simulator", b"{}", IONQ), "InvalidInputData", "no list 'circuit'"),
    ],
)  # fmt: skip
def test_a_bad_program_fails_with_code_and_message(one: Work, code: str, text: str) -> None:
    """And is not billed."""
    found = run(one)
    assert found.error is not None
    assert (found.error[0], text in found.error[1]) == (code, True), found.error
    assert (found.output, found.cost) == (b"", None)


def test_what_the_simulators_choke_on_fails_too() -> None:
    """Nothing comes out but an outcome."""
    circuit = json.dumps({"qubits": 1, "circuit": []}).encode()
    found = run(Work("j", TARGETS[0], circuit, *IONQ, None, 1))  # type: ignore[arg-type]
    assert found.error == ("InternalServerError", "The simulator failed: AttributeError.")


def test_jobs_are_billed_by_our_prices_or_by_the_targets_own() -> None:
    """In the shape that was recorded: dimensions of the provider, and the total."""
    free = run(work("ionq.simulator", BELL_LL, shots=100)).cost
    assert free is not None
    assert [event["dimensionId"] for event in free["events"]] == ["gs1q", "gs2q"]
    assert free["estimatedTotal"] == 0.0
    billed = run(work("ionq.qpu.aria-1", BELL_LL, shots=100)).cost
    assert billed is not None
    assert billed["estimatedTotal"] > 0
    total = sum(event["amountBilled"] * event["unitPrice"] for event in billed["events"])
    assert total == pytest.approx(billed["estimatedTotal"], abs=1e-6)
    units = run(work("quantinuum.sim.h2-1e", BELL_LL, shots=100)).cost
    assert units is not None
    assert [event["dimensionId"] for event in units["events"]] == ["ehqc"]
    assert (units["estimatedTotal"], units["events"][0]["amountBilled"] > 5) == (0.0, True)
    own = Target("x.qpu.y", "x", 5, "Base", ("qir.v1",), price=0.25)
    assert run(Work("j", own, BELL_LL, "qir.v1", V2, {"shots": 4}, 1)).cost == {
        "currencyCode": "USD", "estimatedTotal": 1.0,
        "events": [{"dimensionId": "shot", "dimensionName": "Shot", "measureUnit": "shot", "amountBilled": 4.0,
                    "amountConsumed": 4.0, "unitPrice": 0.25}],
    }  # fmt: skip
    unknown = Target("x.qpu.z", "x", 5, "Base", ("qir.v1",))
    assert run(Work("j", unknown, BELL_LL, "qir.v1", V2, {"shots": 4}, 1)).cost is None
