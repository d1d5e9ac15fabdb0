"""The checker of circuit results: what runs write holds, and each way of breaking it is found."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qamctl.formats.circuits import read_circuit
from qamctl.pipeline import run
from qamctl.quantum.check_circuit import DISCREPANCIES, Asked, check_result
from qamctl.quantum.simulate.lowering import final_columns

QASM = """\
  OPENQASM 3;
  include "stdgates.inc";
  qubit[3] q;
  bit[3] c;
  ry(0.9) q[0];
  cx q[0], q[1];
  h q[2];
"""
END = "  c = measure q;\n"
DYNAMIC = "  c[0] = measure q[0];\n  if (c[0]) { x q[2]; }\n  c[1] = measure q[1];\n  c[2] = measure q[2];\n"


def spec(observable: str = "", end: str = END) -> str:
    text = f"kind: circuit\nversion: 1\nname: small\nqasm: |\n{QASM}{end}"
    return text + (f"observable: {observable}\n" if observable else "")


Made = Callable[..., tuple[dict[str, Any], Asked]]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    """Runs a spec, and gives its result and what the checker is asked."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def make(text: str, backend: str = "statevector", **flags: Any) -> tuple[dict[str, Any], Asked]:
        path = tmp_path / "small.yaml"
        path.write_text(text)
        asked = {"backend": [backend], "seed": 3, "shots": 400, "out": tmp_path / "out", **flags}
        result = json.loads(json.dumps(run("circuit", str(path), asked).result))
        file = read_circuit(path)
        columns = final_columns(file.circuit)
        return result, Asked(file.circuit, 3, file.observable, columns, file.source.sha256, file.source.label)

    return make


CASES = [
    (spec(), "statevector"), (spec("[[IZZ, 1.0], [ZII, 0.5]]"), "statevector"), (spec("[[XXX, 1.0]]"), "statevector"),
    (spec("[[IZZ, 1.0], [ZII, 0.5]]"), "noisy"), (spec("[[XXI, 1.0], [IZZ, 0.5], [III, 2]]"), "noisy"),
    (spec("[[XXI, 1.0], [YYI, 0.5]]"), "qir"), (spec(end=DYNAMIC), "statevector"),
    (spec("[[ZII, 1.0]]", DYNAMIC), "statevector"), (spec("[[XII, 1.0]]", DYNAMIC), "statevector"),
    (spec("[[XII, 1.0]]", ""), "statevector"), (spec("[[XZI, 1.0]]", ""), "noisy"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "backend"), CASES)
def test_what_a_run_writes_holds(made: Made, text: str, backend: str) -> None:
    """Counts alone, computed and measured means, dynamic circuits, no counts at all: nothing is found."""
    result, asked = made(text, backend)
    assert result["status"] == "feasible"
    assert [str(found) for found in check_result(result, asked)] == []


def broken(result: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of the result with another value at a place."""
    out = copy.deepcopy(result)
    at: Any = out
    *way, last = path.split(".")
    for key in way:
        at = at[int(key)] if key.isdecimal() else at[key]
    at[int(last) if last.isdecimal() else last] = value
    return out


BREAKS = [
    ("schema", "x", "schema"), ("kind", "model", "kind"), ("status", "optimal", "status"),
    ("violations", [1], "violations"),
    ("bound", 1, "bound"), ("gap", 0.0, "bound"), ("provenance", None, "provenance"),
    ("provenance.spec_sha256", "0", "provenance"), ("solution", None, "solution"), ("solution", 3, "solution"),
    ("solution.bits", 4, "solution"), ("solution.counts", [], "counts"), ("solution.counts", {"00": 400}, "counts"),
    ("solution.counts", {"002": 400}, "counts"), ("solution.counts", {"000": 400.0}, "counts"),
    ("solution.counts", {"000": 0}, "counts"), ("solution.shots", 401, "counts"),
    ("solution.counts", {"001": 400}, "distribution"), ("solution.counts", {"000": 200, "111": 200}, "distribution"),
    ("solution.expectation", None, "expectation"), ("solution.expectation", 3, "expectation"),
    ("solution.expectation.value", "a", "expectation"), ("solution.expectation.standard_error", -1, "expectation"),
    ("solution.expectation.value", 0.3, "expectation"), ("solution.expectation.from_counts", None, "expectation"),
    ("solution.expectation.from_counts.value", 0.123, "expectation"),
    ("solution.expectation.from_counts.standard_error", 0.5, "expectation"),
    ("solution.expectation.from_counts", 3, "expectation"),
    ("objective", 0.2, "objective"), ("terms", {}, "terms"), ("levels", [], "levels"), ("attempts", None, "attempts"),
    ("attempts", [], "attempts"), ("attempts.0", 1, "attempts"), ("attempts.0.objective", 9, "attempts"),
    ("solved_by", "noisy", "attempts"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "kind"), BREAKS)
def test_each_break_is_found(made: Made, path: str, value: Any, kind: str) -> None:
    """A result that is broken in one place has a discrepancy of that kind."""
    result, asked = made(spec("[[IZZ, 1.0], [ZII, 0.5]]"))
    assert kind in {found.kind for found in check_result(broken(result, path, value), asked)}
    assert kind in DISCREPANCIES


SETTINGS = [
    ("solution.settings", 3, "settings"), ("solution.settings.0", 3, "settings"),
    ("solution.settings.0.basis", "XQ", "settings"), ("solution.settings.0.basis", 3, "settings"),
    ("solution.settings.0.counts", {"000": 1}, "settings"), ("solution.settings.0.counts", {"00": 400}, "expectation"),
    ("solution.settings.0.basis", "XYI", "settings"), ("solution.settings", [], "expectation"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "kind"), SETTINGS)
def test_each_break_of_a_setting_is_found(made: Made, path: str, value: Any, kind: str) -> None:
    """Bases, their counts, and the mean that follows from them."""
    result, asked = made(spec("[[XXI, 1.0], [IZZ, 0.5], [III, 2]]"), "noisy")
    assert kind in {found.kind for found in check_result(broken(result, path, value), asked)}


def test_measured_means_follow_from_the_counts(made: Made) -> None:
    """An engine that samples must give just the mean of its counts; the pasts of a state vector one that is near."""
    result, asked = made(spec("[[IZZ, 1.0]]"), "noisy")
    other = broken(result, "solution.expectation.value", result["objective"] + 1e-3)
    assert "expectation" in {found.kind for found in check_result(other, asked)}
    result, asked = made(spec("[[ZII, 1.0]]", DYNAMIC))
    assert "expectation" in {
        found.kind for found in check_result(broken(result, "solution.expectation.value", 0.9), asked)
    }


def test_no_observable_no_mean(made: Made) -> None:
    """A mean of a file without an observable, and a result that is no mapping."""
    result, asked = made(spec())
    given = {"value": 1.0, "standard_error": 0.0, "exact": True}
    assert "expectation" in {f.kind for f in check_result(broken(result, "solution.expectation", given), asked)}
    assert check_result([], asked)[0].kind == "malformed"  # type: ignore[arg-type]
    nothing = broken(broken(result, "solution", None), "status", "interrupted")
    assert {found.kind for found in check_result(nothing, asked)} <= {"attempts"}


ODD = [None, True, -1, 10**400, 1e308, float("nan"), "x", "", [], [1], {}, {"a": 1}, {"010": 1}, [[{}]]]


def places(value: Any, way: str = "") -> list[str]:
    """Every place in a result."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [] if not way else [way]
    for key, item in inner:
        found += places(item, f"{way}.{key}" if way else str(key))
    return found


@pytest.mark.parametrize(("text", "backend"), [CASES[1], CASES[4], CASES[7]])
def test_odd_results_are_discrepancies_and_never_exceptions(made: Made, text: str, backend: str) -> None:
    """Whatever stands at any place of a result is told, not raised."""
    result, asked = made(text, backend)
    result["provenance"] = {"spec_sha256": result["provenance"]["spec_sha256"]}
    for place in places(result):
        for value in ODD:
            found = check_result(broken(result, place, value), asked)
            assert all(discrepancy.kind in DISCREPANCIES for discrepancy in found)


def test_qir_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of QIR the width is that of the recorded bits, and the observable acts on them."""
    from qiskit import QuantumCircuit
    from support.circuits import measured

    from qamctl.quantum.qir import read_own, to_qir

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    circuit = QuantumCircuit(2)
    circuit.x(1)
    (tmp_path / "p.ll").write_text(read_own(to_qir(measured(circuit))).text)
    path = tmp_path / "p.yaml"
    path.write_text("kind: circuit\nversion: 1\nfile: p.ll\nobservable: [[ZI, 2.0], [IZ, 1.0]]\n")
    result = json.loads(json.dumps(run("circuit", str(path), {"seed": 1, "shots": 20}).result))
    file = read_circuit(path)
    asked = Asked(None, file.bits, file.observable, {0: 0, 1: 1}, file.source.sha256, file.source.label)
    assert check_result(result, asked) == []
    assert result["objective"] == -1.0
    narrow = broken(broken(result, "solution.bits", 1), "solution.counts", {"1": 20})
    assert "solution" in {found.kind for found in check_result(narrow, asked)}
    assert "expectation" in {f.kind for f in check_result(broken(result, "solution.expectation.value", 1.0), asked)}
