"""Hamiltonians on the command line: solved, checked, compiled, compared."""

from __future__ import annotations

import csv
import json
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from support.command_line import Run

from qamctl.formats.models import read_model
from qamctl.formats.models.spec_hamiltonian import read_hamiltonian

FOUR = """\
kind: hamiltonian
version: 1
name: four
offset: 0.5
terms:
  - [IZZZZ, 1]
  - [ZZZII, -2]
  - [Z0 Z4, 1]
  - [IIIIZ, 0.25]
  - [IIZII, -0.25]
"""
ALL = np.array(list(product((0, 1), repeat=5)), np.uint8)
STEPS = ("--max-steps", "2000")


@pytest.fixture(autouse=True)
def files(room: Path) -> None:
    """A Hamiltonian of four-body terms, and one that is not diagonal."""
    (room / "four.yaml").write_text(FOUR)
    (room / "field.yaml").write_text(FOUR.replace("IIIIZ", "IIIIX"))
    (room / "bad.yaml").write_text(FOUR.replace("0.25", "0.25+1j"))


def energies(file: str) -> np.ndarray:
    """[32] the energies of all states, on the diagonal of the matrix of the strings."""
    qiskit = pytest.importorskip("qiskit.quantum_info")
    found = read_hamiltonian(file)
    matrix = qiskit.SparsePauliOp.from_list(found.total.strings).to_matrix()
    diagonal: np.ndarray = np.linalg.eigvalsh(matrix) + found.offset
    return diagonal


@pytest.mark.parametrize("sense", ["min", "max"])
def test_solve_finds_the_least_or_greatest_eigenvalue(run: Run, room: Path, sense: str) -> None:
    """The objective is an extreme eigenvalue, proved; the result passes the check, and says what was read."""
    ran = run("solve", "four.yaml", "--sense", sense, *STEPS, "--out", "run", "-o", "json")
    assert ran.code == 0, ran.err
    result = ran.json
    assert (result["kind"], result["format"], result["sense"], result["status"]) == (
        "model", "hamiltonian", sense, "optimal",
    )  # fmt: skip
    best = energies("four.yaml")[0 if sense == "min" else -1]
    assert result["objective"] == pytest.approx(best)
    assert result["energy"] == (result["objective"] if sense == "min" else -result["objective"])
    assert result["solution"]["variables"][:5] == ["q0", "q1", "q2", "q3", "q4"]
    assert result["compiled"]["penalty"] == 0
    assert run("check", "run/result.json", "four.yaml").code == 0


@pytest.mark.parametrize("backend", ["auto", "anneal", "tabu", "neal", "exact", "cpsat"])
def test_every_engine_takes_it(run: Run, backend: str) -> None:
    """Through the quadratic model, each finds a state that checks, and all but one the ground state."""
    ran = run("solve", "four.yaml", "--backend", backend, *STEPS, "--result", "r.json", "-o", "json")
    assert ran.code == 0, ran.err
    least = energies("four.yaml")[0]
    if backend == "neal":  # on the penalty QUBO, in so few sweeps: near
        assert ran.json["objective"] >= least - 1e-9
    else:
        assert ran.json["objective"] == pytest.approx(least)
    assert run("check", "r.json", "four.yaml").code == 0


def test_the_check_recomputes_the_energy_from_the_strings(run: Run, room: Path) -> None:
    """A result whose figures agree with each other, not with the strings, does not hold: exit code 9."""
    assert run("solve", "four.yaml", *STEPS, "--out", "run").code == 0
    result = json.loads((room / "run" / "result.json").read_text())
    result["solution"]["sample"][0] ^= 1
    (room / "flipped.json").write_text(json.dumps(result))
    ran = run("check", "flipped.json", "four.yaml")
    assert ran.code == 9
    assert "the Pauli strings add up to" in ran.out
    result = json.loads((room / "run" / "result.json").read_text())
    result["solution"]["sample"][-1] ^= 1
    (room / "product.json").write_text(json.dumps(result))
    ran = run("check", "product.json", "four.yaml")
    assert ran.code == 9
    assert "constraint: " in ran.out


def test_validate_tells_every_fault(run: Run) -> None:
    """Valid, diagonal or not; complex weights are told with their lines, exit code 3."""
    assert run("validate", "four.yaml", "field.yaml").code == 0
    ran = run("validate", "bad.yaml")
    assert ran.code == 3
    assert "bad.yaml:9:13: " in ran.err
    assert "bad.yaml:10:13: " in ran.err
    assert ran.err.count("must be a real number, found the complex") == 2
    assert run("solve", "bad.yaml").code == 3


@pytest.mark.parametrize(
    "words",
    [["solve"], ["solve", "--dry-run"], ["compile", "--to", "qubo"], ["bench", "--backend", "tabu"]],
    ids=lambda words: " ".join(words),
)
def test_what_is_not_diagonal_is_refused_by_name(run: Run, words: list[str]) -> None:
    """Exit code 8, with the term, its line, and what such sums are for."""
    ran = run(words[0], "field.yaml", *words[1:])
    assert ran.code == 8
    assert "field.yaml has terms that are not diagonal" in ran.err
    assert "field.yaml:9:6: `IIIIX` is not diagonal" in ran.err
    assert "`observable` of a circuit" in ran.err


def test_a_table_that_needs_a_missing_package_is_not_valid(
    run: Run, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what `solve` refuses with exit code 8, only sums that are not diagonal pass `validate`."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # as if it were not installed
    (room / "t.parquet").write_bytes(b"PAR1")
    (room / "table.yaml").write_text("kind: hamiltonian\nversion: 1\nterms: {table: t.parquet}\n")
    assert run("validate", "table.yaml").code == 8


@pytest.mark.parametrize("to", ["qubo", "ising", "bqm", "cqm", "lp"])
def test_it_is_compiled_and_solved_again(run: Run, room: Path, to: str) -> None:
    """Each target, solved as the model that it is, has the ground state's energy."""
    assert run("compile", "four.yaml", "--to", to, "--file", f"out.{to}").code == 0
    sense = () if to in ("qubo", "lp") else ("--sense", "min")
    ran = run("solve", f"out.{to}", *sense, *STEPS, "-o", "json")
    assert ran.code == 0, ran.err
    assert ran.json["objective"] == pytest.approx(energies("four.yaml")[0])


def test_samples_are_decoded(run: Run, room: Path) -> None:
    """All samples of the model, of another solver: the best is the ground state, checked."""
    model = read_model("four.yaml").model
    with (room / "s.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(model.labels)
        table.writerows(product((0, 1), repeat=model.n))
    ran = run("decode", "four.yaml", "s.csv", "--result", "d.json", "-o", "json")
    assert ran.code == 0, ran.err
    assert json.loads((room / "d.json").read_text())["objective"] == pytest.approx(energies("four.yaml")[0])
    assert run("check", "d.json", "four.yaml").code == 0


@pytest.mark.parametrize("shape", ["counts", "columns"])
def test_samples_of_the_qubits_alone_are_decoded(run: Run, room: Path, shape: str) -> None:
    """As a circuit gives them: the products follow; the leftmost bit is the highest qubit."""
    best = np.argmin(read_hamiltonian("four.yaml").total.energy(ALL))
    text = "".join(map(str, ALL[best][::-1]))
    if shape == "counts":
        (room / "s.json").write_text(json.dumps({text: 3, "00000": 7}))
    else:
        rows = ["q4,q3,q2,q1,q0", ",".join(text), "0,0,0,0,0"]
        (room / "s.json").write_text("\n".join(rows))
    ran = run("decode", "four.yaml", "s.json", "--result", "d.json", "-o", "json")
    assert ran.code == 0, ran.err
    result = json.loads((room / "d.json").read_text())
    assert result["objective"] == pytest.approx(energies("four.yaml")[0])
    assert result["solution"]["sample"][:5] == ALL[best].tolist()
    assert run("check", "d.json", "four.yaml").code == 0
    (room / "s.json").write_text(json.dumps({"0000": 1}))
    assert run("decode", "four.yaml", "s.json").code == 3


def test_engines_are_compared_on_it(run: Run) -> None:
    """`bench` gives a row an engine."""
    ran = run("bench", "four.yaml", "--backend", "anneal", "--backend", "exact", *STEPS, "-o", "json")
    assert ran.code == 0, ran.err
    assert [row["objective"] for row in ran.json["rows"]] == pytest.approx([energies("four.yaml")[0]] * 2)


def test_init_and_schema_know_the_kind(run: Run, room: Path) -> None:
    """The starter file is valid and solved; the schema is that of the kind."""
    assert run("init", "hamiltonian", "--file", "start.yaml").code == 0
    assert run("validate", "start.yaml").code == 0
    assert run("solve", "start.yaml", *STEPS, "-o", "json").json["status"] == "optimal"
    assert run("schema", "hamiltonian").json["properties"]["kind"] == {
        "enum": ["hamiltonian"], "description": "what kind of problem this is",
    }  # fmt: skip
