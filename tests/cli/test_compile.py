"""`qamctl compile`: problem files as solvers take them, with names, the same bytes each time."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import dimod
import numpy as np
import pytest
from support.command_line import Run

from qamctl.backends.exact import minimum
from qamctl.cli.main import main
from qamctl.compiling import compiled_target, open_target
from qamctl.formats.models import read_model

PLAN = """\
kind: schedule
version: 1
name: plan
agents: [{id: a1, cost: {fixed: 2}}, {id: a2}]
tasks:
  - {id: t1, duration: 2}
  - {id: t2, duration: 1, after: [t1]}
  - {id: t3, duration: 2}
objective: [{makespan: 1}, {cost: 1}]
"""

KNAPSACK = """\
Maximize
 obj: 5 a + 4 b + 3 c
Subject To
 weight: 3 a + 2 b + 2 c <= 4
 either: a + c <= 1
Binary
 a b c
End
"""


@pytest.fixture
def plan(room: Path) -> str:
    """A schedule that is compiled whole."""
    (room / "plan.yaml").write_text(PLAN)
    return "plan.yaml"


@pytest.fixture
def knapsack(room: Path) -> str:
    """A model with two rows that is maximised."""
    (room / "knapsack.lp").write_text(KNAPSACK)
    return "knapsack.lp"


@pytest.mark.parametrize("to", ["qubo", "ising", "bqm", "cqm", "lp"])
def test_every_target_reads_back_as_the_same_problem(run: Run, room: Path, plan: str, to: str) -> None:
    """What is written is read by `solve` again, with the same names, and has the same least energy."""
    ran = run("compile", plan, "--to", to, "--file", f"out.{to}")
    assert ran.code == 0
    assert ran.out == ""
    assert f"wrote out.{to}" in ran.err
    back = read_model(f"out.{to}").model
    target = open_target(plan, {})
    compiled, _ = compiled_target(target)
    native = to in ("cqm", "lp")
    assert set(back.labels) == set(target.model.labels if native else compiled.labels)
    assert (len(back.con_rhs) > 0) == native
    best = run("solve", f"out.{to}", "--backend", "exact", "--max-steps", "1", "-o", "json").json
    assert best["energy"] == pytest.approx(compiled.energy(_state(minimum(compiled), compiled.n))[0])


def _state(number: int, n: int) -> np.ndarray:
    return (number >> np.arange(n) & 1).astype(np.uint8)


def test_the_same_problem_compiles_to_the_same_bytes(run: Run, plan: str) -> None:
    """Twice the same command, twice the same text on standard output."""
    first, second = run("compile", plan), run("compile", plan)
    assert first.code == 0
    assert first.out == second.out
    assert '"t1/a1@0"' in first.out


def test_binary_targets_go_to_pipes_and_not_to_terminals(run: Run, plan: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A BQM on standard output is the file's bytes; at a terminal it is refused, with what to do."""
    assert run("compile", plan, "--to", "bqm", "--file", "out.bqm").code == 0

    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    pipe, terminal = io.TextIOWrapper(io.BytesIO()), Terminal(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", pipe)
    assert main(["compile", plan, "--to", "bqm"]) == 0
    assert pipe.buffer.getvalue() == Path("out.bqm").read_bytes()  # type: ignore[attr-defined]
    monkeypatch.setattr(sys, "stdout", terminal)
    assert main(["compile", plan, "--to", "bqm"]) == 2
    assert terminal.buffer.getvalue() == b""  # type: ignore[attr-defined]
    assert main(["compile", plan, "--to", "qubo"]) == 0
    assert terminal.buffer.getvalue().startswith(b"c ")  # type: ignore[attr-defined]


def test_encodings_are_chosen_and_reported(run: Run, plan: str, knapsack: str) -> None:
    """--dry-run tells kinds, weights and bits of each encoding, and writes nothing."""
    plain = run("compile", plan, "--dry-run", "-o", "json").json
    walls = run("compile", plan, "--dry-run", "-o", "json", "--encoding", "domain-wall").json
    assert plain["constraints"]["one-hot"]["encoding"] == "one-hot"
    assert walls["constraints"]["one-hot"]["encoding"] == "domain-wall"
    assert walls["variables"] == plain["variables"] - walls["constraints"]["one-hot"]["count"]
    slack = run("compile", knapsack, "--dry-run", "-o", "json").json
    bare = run("compile", knapsack, "--dry-run", "-o", "json", "--inequality", "unbalanced").json
    assert (slack["variables"], bare["variables"]) == (3 + 3, 3)
    light = run("compile", knapsack, "--dry-run", "-o", "json", "--penalty", "0.5").json
    kinds = slack["constraints"]
    assert all(
        light["constraints"][kind]["weight"] == [pytest.approx(w / 2) for w in kinds[kind]["weight"]] for kind in kinds
    )
    assert light["sha256"] != slack["sha256"]
    assert "constraints:" in run("compile", plan, "--dry-run").out


def test_a_later_level_keeps_the_earlier_ones(run: Run, plan: str) -> None:
    """--level 2 minimises the cost among schedules of the first schedule's makespan."""
    first = run("compile", plan, "--dry-run", "-o", "json").json
    second = run("compile", plan, "--dry-run", "-o", "json", "--level", "2").json
    assert (first["level"], second["level"]) == (1, 2)
    assert first["sha256"] != second["sha256"]


def test_lp_keeps_the_sense_and_the_names_of_rows(run: Run, knapsack: str) -> None:
    """A maximised model stays one as LP; as a QUBO it is minimised."""
    ran = run("compile", knapsack, "--to", "lp")
    assert "Maximize" in ran.out
    assert "weight:" in ran.out
    assert "sense max" not in run("compile", knapsack).out


def test_slots_and_sizes(run: Run, plan: str, room: Path) -> None:
    """A longer slot makes the model smaller; one that is too large is refused with what to do."""
    one = run("compile", plan, "--dry-run", "-o", "json").json["variables"]
    two = run("compile", plan, "--dry-run", "-o", "json", "--slot", "2").json
    assert two["slot"] == 2
    assert two["variables"] < one
    most = run("compile", plan, "--dry-run", "-o", "json", "--max-variables", "15").json
    assert most["slot"] > 1
    ran = run("compile", plan, "--max-variables", "1")
    assert ran.code == 8
    assert "--slot" in ran.err


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (("compile", "impossible.yaml"), 4, "deadline"),
        (("compile", "broken.yaml"), 3, "duraton"),
        (("compile", "absent.yaml"), 3, "absent.yaml"),
        (("compile", "two.yaml", "--to", "quil"), 2, "choose one of"),
        (("compile", "two.yaml", "--encoding", "binary"), 2, "one-hot or domain-wall"),
        (("compile", "two.yaml", "--to", "lp", "--inequality", "log"), 2, "slack or unbalanced"),
        (("compile", "two.yaml", "--level", "2"), 2, "1 levels"),
        (("compile", "two.yaml", "--level", "x"), 2, "whole number"),
        (("compile", "two.yaml", "--penalty", "0"), 2, "above 0"),
        (("compile", "two.yaml", "--penalty", "much"), 2, "above 0"),
    ],
)
def test_what_can_not_be_compiled_is_said(run: Run, argv: tuple[str, ...], code: int, words: str) -> None:
    """Exit code, and the cause in words."""
    ran = run(*argv)
    assert ran.code == code
    assert words in ran.err


def test_model_files_that_nothing_satisfies(run: Run, room: Path) -> None:
    """A row that no state keeps is told with exit code 4; levels are for schedules."""
    (room / "none.lp").write_text("Minimize\n obj: a\nSubject To\n c: a >= 2\nBinary\n a\nEnd\n")
    ran = run("compile", "none.lp")
    assert ran.code == 4
    assert "at least 2" in ran.err
    (room / "one.lp").write_text("Minimize\n obj: a\nBinary\n a\nEnd\n")
    assert run("compile", "one.lp", "--level", "2").code == 2


@pytest.mark.parametrize("name", ["r.qubo", "link.qubo", "./r.qubo"])
def test_the_file_that_is_compiled_is_not_overwritten(run: Run, room: Path, name: str) -> None:
    """Under whatever name: exit code 2, and the file is as it was."""
    text = "p qubo 0 2 2 1\n0 0 -1\n1 1 -2\n0 1 4\n"
    (room / "r.qubo").write_text(text)
    (room / "link.qubo").symlink_to("r.qubo")
    ran = run("compile", name, "--to", "lp", "--file", "r.qubo")
    assert ran.code == 2
    assert "--file r.qubo would overwrite a file: the run reads it; name another one" in ran.err
    assert (room / "r.qubo").read_text() == text
    assert run("compile", name, "--to", "lp", "--file", "-").code == 0


def test_side_tables_are_not_overwritten(run: Run, room: Path) -> None:
    """A table that the spec names is read, too."""
    (room / "tasks.csv").write_text("id,duration\nt1,2\n")
    (room / "plan.yaml").write_text("kind: schedule\nversion: 1\ntasks: {table: tasks.csv}\n")
    assert run("compile", "plan.yaml", "--file", "tasks.csv").code == 2
    assert (room / "tasks.csv").read_text() == "id,duration\nt1,2\n"


def test_a_bqm_is_what_dimod_reads(run: Run, plan: str) -> None:
    """dimod opens the file, and finds the names and the energies of the penalty QUBO."""
    assert run("compile", plan, "--to", "bqm", "--file", "out.bqm").code == 0
    with open("out.bqm", "rb") as file:
        bqm = dimod.BinaryQuadraticModel.from_file(file)
    compiled, _ = compiled_target(open_target(plan, {}))
    states = np.random.default_rng(1).integers(0, 2, (20, compiled.n))
    assert bqm.energies((states, list(compiled.labels))) == pytest.approx(compiled.energy(states))
