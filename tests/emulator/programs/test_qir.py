"""QIR read as a circuit: the same distribution as the simulator that runs it shot by shot, and the same nesting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from emulator.asking import BELL_LL

from qamctl.emulator.programs.qir import listed, nested, run, width
from qamctl.errors import BackendError
from qamctl.quantum.qir import read_own, read_qir, run_qir, to_qir

HEAD, _, REST = BELL_LL.decode().partition("  call void @__quantum__rt__array_record_output")
TAIL = "  ret i64 0\n}" + REST.partition("  ret i64 0\n}")[2]


def program(*lines: str) -> Any:
    """BELL_LL with other calls at its end, in place of what it records."""
    declared = (
        "declare void @__quantum__rt__tuple_record_output(i64, i8*)\n"
        "declare void @__quantum__rt__int_record_output(i64, i8*)\n"
        "declare void @__quantum__qis__mresetz__body(%Qubit*, %Result*)\n"
        "declare void @__quantum__qis__reset__body(%Qubit*)\n"
        "declare void @__quantum__qis__barrier__body()\n"
        "declare i1 @__quantum__qis__read_result__body(%Result*)\n"
    )
    calls = "".join(f"  {line}\n" for line in lines)
    text = HEAD + calls + TAIL.replace("declare void", declared + "declare void", 1)
    return read_qir(text.encode(), "the program")


def record(*places: int | str) -> list[str]:
    """Calls that record: numbers are results, `array n` and `tuple n` begin such."""
    calls = []
    for place in places:
        if isinstance(place, str):
            kind, size = place.split()
            calls.append(f"call void @__quantum__rt__{kind}_record_output(i64 {size}, i8* null)")
        else:
            result = f"%Result* inttoptr (i64 {place} to %Result*)"
            calls.append(f"call void @__quantum__rt__result_record_output({result}, i8* null)")
    return calls


@pytest.mark.parametrize(
    ("recorded", "bits", "told"),
    [
        (["array 3", 2, 1, 0], "abc", ["a", "b", "c"]),
        ([1], "a", "a"),
        (["tuple 2", "array 2", 0, 1, "array 1", 2], "abc", {"Item1": ["a", "b"], "Item2": ["c"]}),
        (["tuple 2", 0, "tuple 2", 1, 2], "abc", {"Item1": "a", "Item2": {"Item1": "b", "Item2": "c"}}),
        ([0, 1], "ab", ["a", "b"]),
        (["array 0", 0], "a", [[], "a"]),
        (["array 5", 0, 1], "ab", ["a", "b"]),
    ],
)
def test_results_are_nested_as_they_are_recorded(recorded: list[Any], bits: str, told: Any) -> None:
    """Arrays are lists, tuples have items; what does not add up is one list."""
    found = listed(program(*record(*recorded)))
    assert found.recorded == tuple(place for place in recorded if isinstance(place, int))
    assert nested(found.shape, bits) == told


def test_the_circuit_is_the_program() -> None:
    """Gates, measurements and resets; and the results that are recorded come in their order."""
    reset = "call void @__quantum__qis__reset__body(%Qubit* null)"
    again = "call void @__quantum__qis__mresetz__body(%Qubit* null, %Result* inttoptr (i64 2 to %Result*))"
    found = listed(program(reset, again, *record("array 2", 2, 1)))
    assert found.circuit is not None
    assert dict(found.circuit.count_ops()) == {"measure": 4, "reset": 2, "h": 1, "cx": 1, "rx": 1}
    sampled = run(program(reset, again, *record("array 2", 2, 1)), found, 50, 1)
    assert sampled.rows[:, 0].tolist() == [0] * len(sampled.rows)
    assert len(sampled.order) == 50


@pytest.mark.parametrize(
    "line",
    [
        "call void @__quantum__qis__barrier__body()",
        "%0 = call i1 @__quantum__qis__read_result__body(%Result* null)",
        "call void @__quantum__qis__cx__body(%Qubit* null, %Qubit* null)",
        "call void @__quantum__qis__h__body(%Qubit* inttoptr (i64 9 to %Qubit*))",
        "call void @__quantum__qis__m__body(%Qubit* null, %Result* inttoptr (i64 9 to %Result*))",
        "call void @__quantum__rt__int_record_output(i64 3, i8* null)",
    ],
)
def test_what_is_no_gate_of_a_circuit_is_left_to_the_simulator(line: str) -> None:
    """Then there is no circuit."""
    assert listed(program(line, *record(0))).circuit is None


def test_a_result_that_is_chosen_on_the_way_is_left_to_the_simulator() -> None:
    """Neither what is recorded nor its nesting is known here."""
    chosen = "%0 = select i1 true, %Result* null, %Result* inttoptr (i64 1 to %Result*)"
    found = listed(program(chosen, "call void @__quantum__rt__result_record_output(%Result* %0, i8* null)"))
    assert (found.circuit, found.recorded, found.shape) == (None, (), [])


def test_how_many_results_are_recorded_is_read_or_tried() -> None:
    """Where they are not constants, a shot is run; what the simulator can't run is refused."""
    info = program(*record("array 3", 2, 1, 0))
    assert width(info, listed(info)) == 3
    computed = "%0 = add i64 1, 1"
    info = program(computed, "call void @__quantum__rt__array_record_output(i64 %0, i8* null)", *record(0, 1))
    with pytest.raises(BackendError, match="the QIR simulator failed"):
        width(info, listed(info))


def test_both_simulations_draw_from_the_same_distribution() -> None:
    """Every gate of QIR in one random circuit: chi square of the difference within its bound (seed 4)."""
    from qiskit import QuantumCircuit

    rng = np.random.default_rng(4)
    circuit = QuantumCircuit(4, 4)
    for name in rng.permutation(["h", "x", "y", "z", "s", "sdg", "t", "tdg", "sx"] * 2):
        getattr(circuit, name)(int(rng.integers(4)))
    for name in ("rx", "ry", "rz"):
        getattr(circuit, name)(float(rng.normal()), int(rng.integers(4)))
    for name in ("cx", "cy", "cz", "ch", "swap"):
        getattr(circuit, name)(*map(int, rng.permutation(4)[:2]))
    for name in ("rxx", "ryy", "rzz"):
        getattr(circuit, name)(float(rng.normal()), *map(int, rng.permutation(4)[:2]))
    circuit.ccx(*map(int, rng.permutation(4)[:3]))
    circuit.measure(range(4), range(4))
    info = read_own(to_qir(circuit))
    program = listed(info)
    assert program.circuit is not None
    shots = 4000
    sampled = run(info, program, shots, 1)
    mine = dict.fromkeys((f"{k:04b}" for k in range(16)), 0)
    for k, count in enumerate(np.bincount(sampled.order)):
        mine["".join(map(str, sampled.rows[k]))] += int(count)
    other = run_qir(info, shots, 2)
    chi = sum(
        (mine[key] - other.get(key, 0)) ** 2 / (mine[key] + other.get(key, 0))
        for key in mine
        if mine[key] + other.get(key, 0)
    )
    assert chi < 37.7, (mine, other)  # 15 degrees of freedom, once in 1,000


def test_a_program_that_records_more_in_one_branch_is_refused() -> None:
    """Nobody could read its histogram."""
    from qamctl.emulator.programs import qir
    from qamctl.emulator.programs.fault import BadProgram

    with pytest.raises(BadProgram, match="another number of results"):
        qir._width({"01": 3, "0": 2})
