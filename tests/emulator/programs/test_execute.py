"""Programs of every format, run."""

from __future__ import annotations

import json

import numpy as np
import pytest
from emulator.asking import BELL_LL, V1, V2
from emulator.programs.running import IONQ, ONE, QASM, QUIL, adaptive, chi_square, counts, failed, frequencies, work

from qamctl.azure.results import parse
from qamctl.emulator.programs.execute import run
from qamctl.emulator.targets import TARGETS, Target
from qamctl.emulator.work import Work


def test_equal_seeds_and_ids_give_equal_results() -> None:
    """And another id other ones."""
    first = run(work("rigetti.sim.qvm", BELL_LL, shots=500))
    assert run(work("rigetti.sim.qvm", BELL_LL, shots=500)) == first
    assert run(work("rigetti.sim.qvm", BELL_LL, shots=500, job="other")).output != first.output


def test_qir_of_many_shots_keeps_to_the_exact_distribution() -> None:
    """100,000 shots: chi square of 3 degrees of freedom below 16.3 (seed 1, job j)."""
    found = counts(run(work("qci.simulator", BELL_LL, shots=100_000)))
    exact = np.zeros(8)
    exact[[0b000, 0b011]], exact[[0b100, 0b111]] = (1 - ONE) / 2, ONE / 2
    assert found.keys() == {"000", "011", "100", "111"}
    assert chi_square(frequencies(found, 3)[exact > 0], exact[exact > 0]) < 16.3


def test_programs_that_branch_run_on_targets_that_take_them() -> None:
    """Shot by shot, on qdk's simulator; a target of the base profile refuses."""
    found = counts(run(work("quantinuum.sim.h2-1e", adaptive(), shots=200)))
    assert found.keys() == {"00", "11"}
    assert abs(found["00"] - 100) < 5 * 7.1, found
    refused = run(work("ionq.simulator", adaptive(), shots=200))
    assert refused.error is not None
    assert "does not take QIR of the profile adaptive-ri" in refused.error[1]


def test_bitcode_runs_as_the_text_does() -> None:
    """The same program in both forms gives the same shots."""
    from qamctl.quantum.qir import read_own

    bitcode = read_own(BELL_LL).bitcode
    assert bitcode.startswith(b"BC")
    text = run(work("rigetti.sim.qvm", BELL_LL, shots=200))
    assert run(work("rigetti.sim.qvm", bitcode, shots=200)).output == text.output


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
    assert parse(found.output, format=V2, shots=2000)[0].shots == 2000 - lost


def test_lost_bits_are_shown_in_the_first_format_too() -> None:
    """The same shots as in the second; formats of providers have no mark for them."""
    second = json.loads(run(work("rigetti.sim.qvm", BELL_LL, lost=0.1, shots=2000)).output)["Results"][0]["Histogram"]
    found = run(work("rigetti.sim.qvm", BELL_LL, ("qir.v1", V1), lost=0.1, shots=2000))
    first = json.loads(found.output)["Histogram"]
    assert dict(zip(first[::2], first[1::2], strict=True)) == {
        entry["Display"]: pytest.approx(entry["Count"] / 2000) for entry in second
    }
    read = parse(found.output, format=V1, shots=2000)[0]
    assert read.lost == sum(entry["Count"] for entry in second if "-" in entry["Outcome"]) > 0
    text = b'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; x q[0]; measure q -> c;'
    assert json.loads(run(work("quantinuum.sim.h2-1e", text, QASM, lost=0.5, shots=9)).output) == {"c": ["1"] * 9}


@pytest.mark.parametrize("target", [target.id for target in TARGETS if target.checks_only])
def test_syntax_checkers_give_zeros_and_cost_nothing(target: str) -> None:
    """As documented: of as many results as the program records, in its shape, and as many shots; none is lost."""
    found = run(work(target, BELL_LL, shots=5, lost=0.5))
    (result,) = json.loads(found.output)["Results"]
    assert result == {
        "Histogram": [{"Outcome": [0, 0, 0], "Display": "[0, 0, 0]", "Count": 5}], "Shots": [[0, 0, 0]] * 5,
    }  # fmt: skip
    assert (found.cost or {"estimatedTotal": 0.0})["estimatedTotal"] == 0.0
    assert counts(run(work(target, adaptive(), shots=7))) == {"00": 7}
    wide = BELL_LL.replace(b'"required_num_qubits"="3"', b'"required_num_qubits"="56"')
    assert counts(run(work(target, wide, shots=2))) == {"000": 2}


def test_wide_qir_is_sampled_on_ionqs_simulator_too() -> None:
    """More outcomes than are listed there."""
    wide = BELL_LL.replace(b'"required_num_qubits"="3"', b'"required_num_qubits"="21"')
    assert sum(counts(run(work("ionq.simulator", wide, shots=50))).values()) == 50


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


def test_quil_runs_once_for_each_vector_of_values() -> None:
    """As recorded: the shots of one run after the other, in the registers of bits only."""
    text = b"DECLARE ro BIT[1]\nDECLARE theta REAL[1]\nRX(theta) 0\nMEASURE 0 ro[0]\n"
    angles = [[0.0], [3.141592653589793], [6.283185307179586]]
    found = run(work("rigetti.sim.qvm", text, QUIL, count=5, skipQuilc=False, substitutions={"theta": angles}))
    assert json.loads(found.output) == {"ro": [[0]] * 5 + [[1]] * 5 + [[0]] * 5}


def test_quil_gives_rows_of_bits_one_shot_unless_more_are_asked_for() -> None:
    """As recorded: the lowest bit first. So it is of the other formats there and on Quantinuum's targets."""
    text = b"DECLARE ro BIT[2]\nX 0\nMEASURE 0 ro[0]\nMEASURE 1 ro[1]\n"
    assert json.loads(run(work("rigetti.sim.qvm", text, QUIL)).output) == {"ro": [[1, 0]]}
    assert len(json.loads(run(work("rigetti.sim.qvm", text, QUIL, count=5)).output)["ro"]) == 5
    assert sum(counts(run(work("rigetti.sim.qvm", BELL_LL))).values()) == 1
    assert sum(counts(run(work("quantinuum.sim.h2-1e", BELL_LL))).values()) == 1


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
    found = failed(run(one))
    assert (found[0], text in found[1]) == (code, True), found


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
