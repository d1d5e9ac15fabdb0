"""`qamctl solve` in this process: every format, every output, every exit code."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import dimod
import numpy as np
import pytest
import yaml
from support.command_line import Run

from qamctl import contest_run, model_engines
from qamctl.contest import Contest
from qamctl.model_task import Engine
from qamctl.solve import Answer, find_answer

#: The least of x0, x1 alone is -2 with both; the coupling makes it one of them.
QUBO = "c two variables\np qubo 0 2 2 1\n0 0 -1\n1 1 -2\n0 1 4\n"
TRIANGLE = "3 3\n1 2 1\n2 3 1\n1 3 1\n"
LP = "Maximize\n obj: 3 x + 2 y\nSubject To\n cap: x + y <= 1\nBinary\n x y\nEnd\n"
CSV = "i,j,weight\na,a,-1\nb,b,-2\na,b,4\n"
SPEC = """\
kind: model
version: 1
name: knap
variables: [a, b, c]
linear: {a: 4, b: 3, c: 2}
constraints: [{name: cap, terms: {a: 3, b: 2, c: 2}, sense: "<=", rhs: 4}]
sense: max
solver: {max_steps: 400}
"""
IMPOSSIBLE = SPEC.replace("name: knap", "name: never").replace("rhs: 4", "rhs: -1")
STEPS = ("--max-steps", "500")


@pytest.fixture(autouse=True)
def files(room: Path) -> None:
    """A model in every format."""
    texts = {
        "two.qubo": QUBO, "triangle.txt": TRIANGLE, "pick.lp": LP, "table.csv": CSV, "knap.yaml": SPEC,
        "never.yaml": IMPOSSIBLE,
    }  # fmt: skip
    for name, text in texts.items():
        (room / name).write_text(text)
    bqm = dimod.BinaryQuadraticModel({"a": -1.0, "b": -2.0}, {("a", "b"): 4.0}, 0.0, "BINARY")
    with bqm.to_file() as data:
        (room / "two.bqm").write_bytes(data.read())
    (room / "two.json").write_text(json.dumps(bqm.to_serializable()))
    cqm = dimod.ConstrainedQuadraticModel()
    x, y = dimod.Binaries(["x", "y"])
    cqm.set_objective(-3 * x - 2 * y)
    cqm.add_constraint(x + y <= 1, label="cap")
    with cqm.to_file() as data:
        (room / "pick.cqm").write_bytes(data.read())


FORMATS = [
    ("two.qubo", "qubo", "min", -2), ("triangle.txt", "rudy", "max", 2), ("pick.lp", "lp", "max", 3),
    ("table.csv", "csv", "min", -2), ("knap.yaml", "model", "max", 5), ("two.bqm", "bqm", "min", -2),
    ("two.json", "json", "min", -2), ("pick.cqm", "cqm", "min", -3),
]  # fmt: skip


@pytest.mark.parametrize(("file", "format", "sense", "best"), FORMATS)
def test_every_format(run: Run, room: Path, file: str, format: str, sense: str, best: int) -> None:
    """Each format is told from its content, solved in its own sense, proved, and its result passes the check."""
    ran = run("solve", file, *STEPS, "--out", "run", "-o", "json")
    assert ran.code == 0, ran.err
    result = ran.json
    assert (result["kind"], result["format"], result["sense"]) == ("model", format, sense)
    assert (result["status"], result["objective"], result["bound"], result["gap"]) == ("optimal", best, best, 0.0)
    assert result["energy"] == (best if sense == "min" else -best)
    assert result["compiled"]["penalty"] == 0
    assert run("check", "run/result.json", file).code == 0
    assert run("validate", file).code == 0


@pytest.mark.parametrize("backend", ["anneal", "tabu", "neal", "exact", "cpsat", "auto"])
@pytest.mark.parametrize("file", ["two.qubo", "knap.yaml"])
def test_every_engine(run: Run, file: str, backend: str) -> None:
    """Each engine solves models with and without constraints, and is named as who solved it."""
    ran = run("solve", file, "--backend", backend, *STEPS, "--result", "r.json", "-o", "json")
    assert ran.code == 0, ran.err
    assert ran.json["objective"] == (-2 if file == "two.qubo" else 5)
    assert ran.json["attempts"]
    if backend != "auto":
        assert ran.json["solved_by"] == backend
    assert run("check", "r.json", file).code == 0


def test_a_page(run: Run, room: Path) -> None:
    """The page says how good the answer is, who found it, what it is, and where the files are."""
    ran = run("solve", "two.qubo", *STEPS, "--out", "run", "--reads", "5")
    lines = ran.out.splitlines()
    assert lines[0] == "Status: optimal (objective -2, bound -2, gap 0.00 %)"
    assert lines[1].startswith("Solved by: ")
    assert "engine" in ran.out
    assert "1 of 2 variables are 1: 1" in ran.out
    assert lines[-2].startswith("Result: ")
    assert lines[-1].endswith("run/samples.npz")
    assert all(len(line) <= 80 for line in lines[:-2])
    assert "(maximised)" in run("solve", "triangle.txt", *STEPS).out


@pytest.mark.parametrize("output", ["json", "yaml"])
def test_the_result_is_printed_as_written(run: Run, room: Path, output: str) -> None:
    """`-o json` and `-o yaml` give the same object as the run's result.json, and the copy of --result."""
    ran = run("solve", "two.qubo", *STEPS, "--out", "run", "--result", "copy.json", "-o", output)
    printed = ran.json if output == "json" else yaml.safe_load(ran.out)
    assert printed == json.loads((room / "run" / "result.json").read_text())
    assert (room / "copy.json").read_bytes() == (room / "run" / "result.json").read_bytes()


def test_the_run_directory(run: Run, room: Path) -> None:
    """The run keeps the model under its own suffix, and metrics with sizes, curve and figures of each engine."""
    assert run("solve", "two.qubo", *STEPS, "--out", "run", "--metrics", "m.prom").code == 0
    assert (room / "run" / "spec.qubo").read_text() == QUBO
    metrics = json.loads((room / "run" / "metrics.json").read_text())
    assert metrics["model"]["variables"] == 2
    assert (metrics["model"]["couplings"], metrics["model"]["density"]) == (1, 1.0)
    assert metrics["curve"][-1][1] == -2
    assert metrics["search"]
    assert 'qamctl_objective{kind="model"' in (room / "m.prom").read_text()


def test_the_sense_can_be_given(run: Run) -> None:
    """--sense max maximises what the file holds; the check reads it the same way."""
    ran = run("solve", "two.qubo", "--sense", "max", *STEPS, "--result", "r.json", "-o", "json")
    assert (ran.json["objective"], ran.json["energy"], ran.json["sense"]) == (1, -1, "max")
    assert run("check", "r.json", "two.qubo").code == 0
    assert run("check", "r.json", "two.qubo", "--sense", "min").code == 9


def test_samples_go_where_they_are_asked(run: Run, room: Path) -> None:
    """--reads takes samples, --samples writes them in three forms; the result names the file beside it."""
    for file in ("s.npz", "s.csv", "s.json"):
        ran = run("solve", "knap.yaml", "--backend", "neal", "--reads", "12", "--samples", file, "--out", "run",
                  "-o", "json")  # fmt: skip
        assert ran.code == 0, ran.err
        assert ran.json["solution"]["samples_file"] == "samples.npz"
        assert ran.json["attempts"][0]["shots"] == 12
    assert run("check", "run/result.json", "knap.yaml").code == 0
    with np.load(room / "s.npz", allow_pickle=False) as held:
        assert held["variables"].tolist() == ["a", "b", "c"]
        assert int(held["occurrences"].sum()) == 12
        count = len(held["energies"])
    assert len((room / "s.csv").read_text().splitlines()) == count + 1
    assert len(dimod.SampleSet.from_serializable(json.loads((room / "s.json").read_text()))) == count


def test_a_target_ends_it(run: Run) -> None:
    """--target-energy takes a number, also below zero, and ends the run there."""
    ran = run("solve", "triangle.txt", "--backend", "neal", "--target-energy", "-2", "-o", "json")
    assert ran.json["energy"] == -2


def test_a_dry_run_writes_nothing(run: Run, room: Path, tmp_path: Path) -> None:
    """--dry-run tells sizes of model and QUBO."""
    ran = run("solve", "knap.yaml", "--dry-run", "-o", "json")
    assert (ran.code, ran.json["variables"], ran.json["constraints"]) == (0, 3, 1)
    assert ran.json["compiled"]["variables"] > 3
    assert not (tmp_path / "state" / "qamctl" / "runs").exists()
    assert "format: model" in run("solve", "knap.yaml", "--dry-run").out
    assert run("solve", "knap.yaml", "--dry-run", "--backend", "nonsense").code == 2


def test_an_impossible_model(run: Run) -> None:
    """A constraint that nothing keeps exits with 4 and is named, by solve and by validate."""
    ran = run("solve", "never.yaml", *STEPS, "--result", "r.json")
    assert ran.code == 4
    assert "Status: infeasible" in ran.out
    assert "never.yaml: cap: its left side is between 0 and 7, and must be at most -1" in " ".join(ran.out.split())
    assert run("check", "r.json", "never.yaml").code == 0
    ran = run("validate", "never.yaml")
    assert ran.code == 4
    assert "cap" in ran.err


def test_an_infeasible_model_is_proved(run: Run, room: Path) -> None:
    """Constraints that only together are impossible exit with 4 after a proof."""
    rows = (
        '[{name: c1, terms: {a: 1, b: 1}, sense: ">=", rhs: 1}, {name: c2, terms: {a: 1, b: -1}, sense: "==", rhs: 0},'
    )
    rows += ' {name: c3, terms: {a: 1, b: 1}, sense: "<=", rhs: 1}]'
    (room / "both.yaml").write_text(f"kind: model\nversion: 1\nvariables: [a, b]\nconstraints: {rows}\n")
    ran = run("solve", "both.yaml", *STEPS, "--result", "r.json", "-o", "json")
    assert (ran.code, ran.json["status"], ran.json["solution"]) == (4, "infeasible", None)
    assert run("check", "r.json", "both.yaml").code == 0
    ran = run("solve", "both.yaml", "--backend", "neal", *STEPS, "-o", "json")
    assert (ran.code, ran.json["status"]) == (4, "unknown")
    assert "still breaks it by" in ran.json["reasons"][0]["text"]


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        (["--backend", "nonsense"], 2), (["--backend", "list-search"], 2), (["--reads", "0"], 2), (["--reads", "x"], 2),
        (["--target-energy", "low"], 2), (["--target-energy", "nan"], 2), (["--sense", "up"], 2),
        (["--format", "x"], 2), (["--samples", "s.txt"], 2), (["--samples", "two.qubo/s.npz"], 2),
        (["--time-limit", "0"], 2),
        (["--format", "lp"], 3), (["--result", "two.qubo"], 2), (["--samples", "r.json", "--result", "r.json"], 2),
    ],
)  # fmt: skip
def test_bad_values(run: Run, flags: list[str], code: int) -> None:
    """Flags that make no sense exit with 2, a wrong format with 3; nothing is printed as a result."""
    ran = run("solve", "two.qubo", *flags)
    assert (ran.code, ran.out) == (code, "")


@pytest.mark.parametrize("flag", ["--result", "--metrics"])
def test_angles_are_not_overwritten(run: Run, room: Path, flag: str) -> None:
    """A file of angles that another flag names, or that is the model, ends with 2."""
    ran = run("solve", "two.qubo", "--backend", "qaoa", "--angles", "a.json", flag, "./a.json")
    assert (ran.code, ran.out) == (2, "")
    assert f"--angles a.json would overwrite a file: {flag} writes it" in ran.err
    assert not (room / "a.json").exists()
    assert run("solve", "two.json", "--backend", "qaoa", "--angles", "two.json").code == 2


@pytest.mark.parametrize(
    ("file", "backend", "word"),
    [("two.qubo", "anneal", "not for anneal: take --backend qaoa"), ("two.qubo", "auto", "not for auto"),
     ("two.yaml", "qaoa", "two.yaml is a schedule")],
)  # fmt: skip
def test_angles_that_nothing_would_keep_are_refused(
    run: Run, room: Path, file: str, backend: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a flag, in a dry run, too; the environment may mean other files, and one engine of circuits is enough."""
    for more in ((), ("--dry-run",)):
        ran = run("solve", file, "--backend", backend, "--angles", "a.jsonl", *more)
        assert (ran.code, ran.out) == (2, "")
        assert word in ran.err
    assert run("solve", "two.qubo", "--backend", "tabu,qaoa", "--angles", "a.jsonl", "--dry-run").code == 0
    monkeypatch.setenv("QAMCTL_ANGLES", "a.jsonl")
    assert run("solve", file, "--backend", backend, "--dry-run").code == 0


@pytest.mark.parametrize("file", ["knap.yaml", "two.yaml"])
def test_words_of_the_solver_block_are_checked_when_the_spec_is_read(run: Run, room: Path, file: str) -> None:
    """`validate` and `solve` refuse the same mixer, at the same place."""
    text = (room / file).read_text().replace("solver: {max_steps: 400}\n", "")
    (room / file).write_text(text + "solver: {mixer: zz}\n")
    place = f"{file}:{text.count(chr(10)) + 1}:10: `mixer` must be one of auto, x, xy-ring"
    for command in ("validate", "solve"):
        ran = run(command, file)
        assert ran.code == 3
        assert place in ran.out + ran.err
    (room / file).write_text(text + "solver: {mixer: xy-ring}\n")
    assert run("validate", file).code == 0


@pytest.mark.parametrize(
    ("name", "text", "code", "word"),
    [
        ("empty.qubo", "p qubo 0 0 0 0\n", 0, "objective 0"),
        ("lies.qubo", "p qubo 0 2 2 5\n0 0 1\n", 3, "lies.qubo:2:1"),
        ("range.qubo", "p qubo 0 2 1 0\n7 7 1\n", 3, "range.qubo:2"),
        ("nan.csv", "a,a,nan\n", 3, "nan.csv:1"),
        ("circuit.qasm", "OPENQASM 3;\nqubit q;\n", 3, "measures nothing"),
        ("huge.qubo", "p qubo 0 1000000000 0 0\n", 3, "1,000,000,000"),
        ("text.txt", "hello\n", 3, "text.txt"),
    ],
)
def test_odd_files(run: Run, room: Path, name: str, text: str, code: int, word: str) -> None:
    """An empty model is solved; files at fault exit with 3 and say where, or what they look like."""
    (room / name).write_text(text)
    ran = run("solve", name, *STEPS)
    assert ran.code == code, ran.err
    assert word in ran.out + ran.err
    assert run("solve", "nowhere.qubo").code == 3


def test_a_spec_of_another_kind_is_solved_as_its_command_does(run: Run) -> None:
    """`solve` of a schedule schedules."""
    ran = run("solve", "two.yaml", "--backend", "list-search", "--max-steps", "50", "--result", "r.json", "-o", "json")
    assert (ran.code, ran.json["kind"], ran.json["objective"]) == (0, "schedule", 7)
    assert run("solve", "two.yaml", "--dry-run", "-o", "json").json["tasks"] == 2


def test_bench_of_a_model(run: Run) -> None:
    """Engines are compared on a model file, too."""
    flags = ("--backend", "exact", "--backend", "neal", *STEPS, "-o", "json")
    rows = run("bench", "triangle.txt", *flags).json["rows"]
    assert [(row["backend"], row["objective"]) for row in rows] == [("exact", 2), ("neal", 2)]


def test_seconds_of_a_comparison_are_those_of_the_search(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an engine loads before its search is not counted, and all have the same time."""
    load = model_engines.engine

    def slow(name: str, *settings: Any) -> Engine:
        time.sleep(1.0)
        return load(name, *settings)

    monkeypatch.setattr(model_engines, "engine", slow)
    flags = ("--backend", "anneal", "--backend", "tabu", "--max-steps", "1", "-o", "json")
    assert all(row["seconds"] < 1.0 for row in run("bench", "triangle.txt", *flags).json["rows"])


def test_engines_of_schedules_are_loaded_before_their_time_runs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each one searches a small problem first, whose seconds are not told."""
    searched: list[tuple[int, tuple[str, ...]]] = []

    def noted(contest: Contest, *, backends: tuple[str, ...], **options: Any) -> Answer:
        searched.append((contest.instance.n, backends))
        return find_answer(contest, backends=backends, **options)

    monkeypatch.setattr(contest_run, "find_answer", noted)
    (plan := Path("three.yaml")).write_text(
        "kind: schedule\nversion: 1\ntasks: [" + ", ".join(f"{{id: t{k}, duration: 1}}" for k in range(3)) + "]\n"
    )
    flags = ("--backend", "list-search", "--backend", "exact", "--max-steps", "1", "-o", "json")
    assert len(run("bench", str(plan), *flags).json["rows"]) == 2
    assert searched == [(n, (name,)) for n in (2, 3) for name in ("list-search", "exact")]


@pytest.mark.parametrize("kind", ["orchestrate"])
def test_a_kind_that_is_not_solved_is_named(run: Run, kind: str) -> None:
    """The message says the kind, and which kinds this version solves."""
    Path("later.yaml").write_text(f"kind: {kind}\nversion: 1\n")
    ran = run("solve", "later.yaml")
    assert ran.code == 3
    assert ran.err.startswith(f"error: later.yaml is of kind {kind}, which this version does not solve\n")
    assert "later.yaml:1:1: " in ran.err
    assert "this version solves specs of kind schedule, cluster, reason, model, hamiltonian and circuit" in ran.err


@pytest.mark.parametrize(
    ("flag", "value", "limits"),
    [
        ("--seed", str(2**63), "at least 0 and at most 9,223,372,036,854,775,807"),
        ("--seed", "9" * 40, "at least 0 and at most 9,223,372,036,854,775,807"),
        ("--reads", "1000001", "at least 1 and at most 1,000,000"),
        ("--threads", "5000", "at least 1 and at most 4,096"),
        ("--time-limit", "1e9", "above 0 and below 1,000,000,000"),
        ("--seed", "-1", "at least 0, not '-1'"),
    ],
)
def test_numbers_beyond_their_limits(run: Run, flag: str, value: str, limits: str) -> None:
    """The message has the limit that is broken, the upper one beside the lower."""
    ran = run("solve", "two.qubo", flag, value)
    assert ran.code == 2
    assert limits in ran.err


def test_runs_are_listed_and_shown(run: Run) -> None:
    """A model's run is a run like others."""
    run("solve", "two.qubo", *STEPS)
    (row,) = run("runs", "list", "-o", "json").json["runs"]
    assert (row["kind"], row["name"], row["status"], row["objective"]) == ("model", "two", "optimal", -2)
    assert "1 of 2 variables are 1" in run("runs", "show", "latest").out


def test_check_finds_differences(run: Run, room: Path) -> None:
    """A changed figure of a model's result fails its check (9)."""
    run("solve", "two.qubo", *STEPS, "--result", "r.json")
    result = json.loads((room / "r.json").read_text())
    (room / "r.json").write_text(json.dumps(result | {"objective": -3}))
    ran = run("check", "r.json", "two.qubo")
    assert ran.code == 9
    assert "objective: objective: is -3, -2.0 is right" in ran.out


def test_the_solver_block_and_the_environment_count(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Options come from the spec's solver block, and from variables, as for schedules."""
    assert run("solve", "knap.yaml", "-o", "json").json["provenance"]["options"]["max_steps"] == 400
    monkeypatch.setenv("QAMCTL_SENSE", "max")
    monkeypatch.setenv("QAMCTL_MAX_STEPS", "100")
    assert run("solve", "two.qubo", "-o", "json").json["objective"] == 1


@pytest.mark.parametrize(
    "flags", [["--shots", "5"], ["--depth", "2", "--mixer", "x"], ["--max-qubits", "4"], ["--noise", "ionq"]]
)
def test_flags_of_circuits_need_an_engine_of_circuits(tmp_path: Path, run: Run, flags: list[str]) -> None:
    """Nothing is dropped without a word: exit 2, the flag, and what to take."""
    path = tmp_path / "model.qubo"
    path.write_text(QUBO)
    ran = run("solve", str(path), "--backend", "anneal", *flags)
    assert ran.code == 2
    assert flags[0] in ran.err
    assert "--backend" in ran.err
