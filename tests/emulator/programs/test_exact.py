"""IonQ's simulator, which tells distributions in place of shots."""

from __future__ import annotations

import json

import numpy as np
import pytest
from emulator.asking import BELL_LL, V1, V2
from emulator.programs.running import IONQ, ONE, counts, work

from qamctl.azure.results import parse
from qamctl.emulator.programs.exact import _shared_out, distribution, scaled
from qamctl.emulator.programs.execute import run


def test_qir_gives_the_distribution_scaled_to_the_shots() -> None:
    """No sampling: each outcome within one of its share, in the order of the outcomes; other jobs get the same."""
    found = run(work("ionq.simulator", BELL_LL, shots=1000))
    met = counts(found)
    exact = {"000": (1 - ONE) / 2, "011": (1 - ONE) / 2, "100": ONE / 2, "111": ONE / 2}
    assert met.keys() == exact.keys()
    assert all(abs(met[key] - 1000 * p) < 1 for key, p in exact.items())
    rows = json.loads(found.output)["Results"][0]["Shots"]
    numbers = [int("".join(map(str, row)), 2) for row in rows]
    assert (len(rows), numbers) == (1000, sorted(numbers))
    assert run(work("ionq.simulator", BELL_LL, shots=1000, job="other")).output == found.output


@pytest.mark.parametrize("shots", [1, 2, 100, 1000])
def test_there_are_as_many_shots_as_were_asked_for(shots: int) -> None:
    """Five qubits in superposition, of which one is measured: both outcomes alike, whatever the remainder."""
    calls = "".join(
        f"  call void @__quantum__qis__h__body(%Qubit* inttoptr (i64 {k} to %Qubit*))\n" for k in range(1, 5)
    )
    text = BELL_LL.decode().replace('"required_num_qubits"="3"', '"required_num_qubits"="5"')
    head, _, rest = text.partition("  call void @__quantum__qis__cx__body")
    end = rest[rest.index("  ret i64 0") :]
    measured = (
        "  call void @__quantum__qis__m__body(%Qubit* null, %Result* null)\n"
        "  call void @__quantum__rt__array_record_output(i64 1, i8* null)\n"
        "  call void @__quantum__rt__result_record_output(%Result* null, i8* null)\n"
    )
    found = run(work("ionq.simulator", (head + calls + measured + end).encode(), shots=shots))
    met = counts(found)
    assert sum(met.values()) == shots
    assert abs(met.get("0", 0) - met.get("1", 0)) <= 1 + (shots % 32 > 0)
    first = run(work("ionq.simulator", (head + calls + measured + end).encode(), ("qir.v1", V1), shots=shots))
    assert sum(json.loads(first.output)["Histogram"][1::2]) == pytest.approx(1)


def test_shots_are_shared_out_by_largest_remainder() -> None:
    """They sum up, none is off by one or more, and the first of equal ones goes first."""
    assert _shared_out(np.full(3, 1 / 3), 100).tolist() == [34, 33, 33]
    assert _shared_out(np.array([0.5, 0.5]), 1).tolist() == [1, 0]
    for seed, shots in enumerate((1, 7, 1000, 999_983)):
        chances = np.random.default_rng(seed).dirichlet(np.ones(50))
        found = _shared_out(chances, shots)
        assert found.sum() == shots
        assert (np.abs(found - shots * chances) < 1).all()


def test_what_has_no_such_form_is_sampled() -> None:
    """Measurements on the way, resets, bits that are not measured last, and circuits that are too wide."""
    from qiskit import QuantumCircuit

    late = QuantumCircuit(1, 2)
    late.h(0)
    late.measure(0, 0)
    late.x(0)
    late.measure(0, 1)
    assert scaled(late, [0, 1], 10) is None
    reset = QuantumCircuit(2, 1)
    reset.h(0)
    reset.reset(1)
    reset.measure(0, 0)
    assert scaled(reset, [0], 10) is None
    unmeasured = QuantumCircuit(1, 2)
    unmeasured.measure(0, 0)
    assert scaled(unmeasured, [0, 1], 10) is None
    assert scaled(unmeasured, [0], 10) is not None
    wide = QuantumCircuit(21, 1)
    wide.h(0)
    wide.measure(0, 0)
    assert distribution(wide) is None
    assert scaled(wide, [0], 10) is None
    gates = json.dumps({"qubits": 21, "circuit": [{"gate": "h", "target": 0}]}).encode()
    told = json.loads(run(work("ionq.simulator", gates, IONQ, shots=400)).output)["histogram"]
    assert told.keys() == {"0", "1"}
    assert abs(told["0"] - 0.5) < 5 * 0.025


def test_results_come_in_the_order_in_which_they_are_recorded() -> None:
    """The columns of a shot are the bits that are asked for."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(3, 3)
    circuit.x(0)
    circuit.measure([0, 1, 2], [2, 0, 1])
    found = scaled(circuit, [2, 0], 5)
    assert found is not None
    assert found.rows[found.order].tolist() == [[1, 0]] * 5


def test_items_of_a_job_have_each_its_shots() -> None:
    """And lost bits are lost here, too."""
    found = run(work("ionq.simulator", BELL_LL, items=[{"shots": 3}, {"shots": 50}], lost=0.2))
    assert [len(one["Shots"]) for one in json.loads(found.output)["Results"]] == [3, 50]
    assert sum(result.lost for result in parse(found.output, format=V2, shots=None)) > 5
