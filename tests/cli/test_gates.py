"""`--check` and `--baseline` of the commands that search, through the entry point."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from support.command_line import Ran, Run

from qamctl.differences.compared import Row
from qamctl.gates.condition import OPERATORS
from qamctl.gates.figures import EVERY, FURTHER

SEARCH = ("--backend", "list-search", "--max-steps", "50", "--threads", "1")

PAIRS = """\
kind: cluster
version: 1
name: pairs
agents: [{id: a, cluster: c0}, {id: b, cluster: c1}, {id: c, cluster: c0}, {id: d, cluster: c1}]
clusters: {count: 2, max_size: 3}
links: [{a: a, b: b, weight: 5}, {a: c, b: d, weight: 5}, {a: b, b: c}]
"""

INCIDENT = """\
kind: reason
version: 1
paths: [{id: retry, prior: 0.7}, {id: escalate, prior: 0.3}]
"""

#: A problem of each kind, a condition that its answer meets, and one that it does not.
KINDS = {
    "schedule": ("two.yaml", SEARCH, "makespan<=7", "makespan<7"),
    "cluster": ("pairs.yaml", ("--backend", "assignment", "--max-steps", "500"), "cut==1", "moves==0"),
    "reason": ("incident.yaml", (), "decision==retry", "probability>0.7"),
    "solve": ("ring.qubo", ("--max-steps", "100"), "objective<=-1", "energy>-1"),
}


@pytest.fixture(autouse=True)
def files(room: Path) -> None:
    """A problem of each kind."""
    (room / "pairs.yaml").write_text(PAIRS)
    (room / "incident.yaml").write_text(INCIDENT)
    (room / "ring.qubo").write_text("p qubo 0 2 2 1\n0 0 -1\n1 1 -1\n0 1 2\n")
    (room / "bell.qasm").write_text('OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\ncreg c[1];\nmeasure q -> c;\n')
    (room / "tardy.yaml").write_text((room / "two.yaml").read_text() + "objective: {tardiness: 1}\n")
    longer = (room / "two.yaml").read_text().replace("duration: 4", "duration: 5")
    (room / "longer.yaml").write_text(longer)


def call(run: Run, kind: str, *flags: str) -> Ran:
    """A run of the problem of that kind, with a seed."""
    file, search, *_ = KINDS[kind]
    return run(kind, file, *search, "--seed", "1", *flags)


@pytest.mark.parametrize("kind", KINDS)
def test_conditions_decide_the_exit_code(run: Run, room: Path, kind: str) -> None:
    """0 where every one is met; 9 after result and metrics were written, each verdict in them and on the page."""
    good, bad = KINDS[kind][2:]
    files = ("--result", "r.json", "--metrics", "m.json")
    ran = call(run, kind, "--check", good, *files)
    assert (ran.code, "not met" in ran.err) == (0, False)
    assert "Gates: all met" in ran.out
    ran = call(run, kind, "--check", f"{good}, {bad}", "--check", "status!=unknown", *files)
    assert ran.code == 9
    assert "Gates: 1 of 3 not met" in ran.out
    assert re.search(rf"{re.escape(bad)} +\S+ +not met", ran.out)
    assert f"gate not met: {bad} (it is " in ran.err
    result, metrics = (json.loads((room / name).read_text()) for name in ("r.json", "m.json"))
    assert [(row["gate"], row["met"]) for row in result["gates"]] == [
        (good, True), (bad, False), ("status!=unknown", True),
    ]  # fmt: skip
    assert metrics["gates"] == result["gates"]
    assert run("check", "r.json", KINDS[kind][0]).code == 0
    assert result["provenance"]["options"]["check"] == [good, bad, "status!=unknown"]


def test_quiet_runs_say_which_gate_was_not_met(run: Run) -> None:
    """An exit code of 9 without a word would be a riddle; as one object the result has it."""
    ran = call(run, "cluster", "--check", "moves==0", "-q")
    assert (ran.code, ran.out, ran.err) == (9, "", "gate not met: moves==0 (it is 2)\n")
    ran = call(run, "cluster", "--check", "moves==0", "-o", "json")
    assert (ran.code, ran.json["gates"]) == (9, [{"gate": "moves==0", "value": 2, "met": False}])


@pytest.mark.parametrize(
    ("command", "flags", "says"),
    [
        (
            "schedule two.yaml",
            ("--check", "makspan<=60"),
            "--check: a schedule result has no figure makspan: did you mean",
        ),
        (
            "cluster pairs.yaml",
            ("--check", "makespan<=60"),
            "a cluster result has no figure makespan: its figures are status,",
        ),
        ("reason incident.yaml", ("--check", "expected_utility>0"), "a reason result has no figure expected_utility"),
        ("solve ring.qubo", ("--check", "gap=0"), "--check: gap=0 is no condition: write == for equality"),
        ("solve bell.qasm", ("--baseline", "latest"), "--baseline: one answer of a circuit is not better than another"),
        ("solve ring.qubo", ("--check", "gap<=0,,gap<=1"), "--check: must be conditions with a comma between them"),
        ("cluster pairs.yaml", ("--baseline", "latest"), "no run of `qamctl cluster` named pairs has ended with exit"),
        ("cluster pairs.yaml", ("--baseline", "nothing"), "no run nothing"),
    ],
)
@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_what_makes_no_sense_is_told_before_the_search(
    run: Run, tmp_path: Path, command: str, flags: tuple[str, ...], says: str, dry: tuple[str, ...]
) -> None:  # fmt: skip
    """Exit code 2, and no run folder; a dry run finds it out, too."""
    ran = run(*command.split(), *flags, *dry)
    assert ran.code == 2
    assert says in ran.err
    assert not (tmp_path / "state" / "qamctl" / "runs").exists()


def test_conditions_of_a_configuration_file_hold(run: Run, room: Path) -> None:
    """As any option, and a slip names where it stands."""
    (room / "qamctl.toml").write_text('check = ["cut==1", "gap<=0"]\n')
    assert [row["gate"] for row in call(run, "cluster", "-o", "json").json["gates"]] == ["cut==1", "gap<=0"]
    ran = call(run, "solve")
    assert ran.code == 2
    assert "qamctl.toml:1: a model result has no figure cut" in ran.err


def test_without_an_answer_the_exit_code_is_4(run: Run) -> None:
    """No gate is met, and each verdict says so; nothing to be found is worse than what was found."""
    ran = run("schedule", "impossible.yaml", *SEARCH, "--check", "makespan<=9,status==infeasible", "-o", "json")
    assert ran.code == 4
    assert [row["met"] for row in ran.json["gates"]] == [False, True]
    assert ran.json["gates"][0]["note"] == "the result has no makespan"


def test_not_worse_than_the_baseline(run: Run, room: Path) -> None:
    """0 for the same answer, 9 for a worse one, after it was written; the block says which level decides."""
    assert call(run, "cluster", "--out", "good").code == 0
    ran = call(run, "cluster", "--baseline", "good")
    assert (ran.code, "baseline" in ran.err) == (0, False)
    assert re.search(r"baseline +same +met", ran.out)
    worse = (room / "pairs.yaml").read_text().replace("max_size: 3", "max_size: 3, min_size: 2") + "moves: {max: 0}\n"
    (room / "stuck.yaml").write_text(worse)
    flags = ("--backend", "assignment", "--max-steps", "50", "--baseline", "latest", "-o", "json", "--out", "bad")
    ran = run("cluster", "stuck.yaml", *flags)
    assert ran.code == 9
    assert "is of another version of the problem file" in ran.err
    block = ran.json["baseline"]
    assert (block["verdict"], block["level"], block["same_spec"]) == ("worse", 1, False)
    assert json.loads((room / "bad" / "result.json").read_text())["baseline"] == block
    assert run("check", "bad/result.json", "stuck.yaml").code == 0


def test_a_run_that_failed_its_gates_is_no_baseline(run: Run) -> None:
    """A second try is not compared with the first, so that nothing worse passes by being run twice."""
    assert call(run, "cluster", "--out", "good").code == 0
    assert call(run, "cluster", "--check", "moves==0", "--out", "bad").code == 9
    ran = call(run, "cluster", "--baseline", "latest", "-o", "json")
    assert (ran.code, ran.json["baseline"]["file"].split("/")[-2]) == (0, "good")
    ran = call(run, "cluster", "--baseline", "bad")
    assert ran.code == 3
    assert "did not meet its own gate moves==0: name a result that met all of its gates" in ran.err


def test_other_results_are_no_baseline(run: Run, tmp_path: Path) -> None:
    """Another kind, another objective: exit code 3 before the search."""
    assert call(run, "cluster", "--result", "c.json").code == 0
    runs = len(list((tmp_path / "state" / "qamctl" / "runs").iterdir()))
    ran = call(run, "schedule", "--baseline", "c.json")
    assert ran.code == 3
    assert "is the result of a cluster: name one of a schedule" in ran.err
    ran = run("schedule", "two.yaml", "--baseline", "broken.yaml")
    assert ran.code == 3
    assert len(list((tmp_path / "state" / "qamctl" / "runs").iterdir())) == runs


def test_another_objective_is_no_baseline(run: Run) -> None:
    """The levels of both are named."""
    assert call(run, "schedule", "--result", "r.json").code == 0
    ran = run("schedule", "tardy.yaml", *SEARCH, "--baseline", "r.json")
    assert ran.code == 3
    assert "has another objective: it is makespan, and tardy.yaml has tardiness" in ran.err


def test_the_baseline_is_not_overwritten(run: Run) -> None:
    """A worse answer in its place would pass the next time."""
    assert call(run, "cluster", "--result", "r.json").code == 0
    ran = call(run, "cluster", "--baseline", "r.json", "--result", "r.json")
    assert ran.code == 2
    assert "--result r.json would overwrite a file" in ran.err


def test_an_answer_that_is_given_again_is_judged_anew(run: Run) -> None:
    """`--reuse` finds the answer whatever the gates were, and each run has its own verdicts."""
    assert call(run, "cluster", "--reuse").code == 0
    ran = call(run, "cluster", "--reuse", "--check", "moves==0", "-o", "json")
    assert (ran.code, "reused" in ran.json) == (9, True)
    again = call(run, "cluster", "--reuse", "-o", "json")
    assert (again.code, "gates" in again.json, "reused" in again.json) == (0, False, True)


def test_metrics_for_prometheus_have_the_gates(run: Run, room: Path) -> None:
    """One gauge for each."""
    assert call(run, "cluster", "--check", "cut==1,moves==0", "--metrics", "m.prom").code == 9
    text = (room / "m.prom").read_text()
    assert 'qamctl_gate_met{kind="cluster",name="pairs",gate="cut==1"} 1' in text
    assert 'qamctl_gate_met{kind="cluster",name="pairs",gate="moves==0"} 0' in text


def test_every_figure_is_documented() -> None:
    """docs/ci.md names each figure of each kind, and every operator."""
    wanted = {*EVERY, *OPERATORS, *(name for names in FURTHER.values() for name in names)}
    assert wanted - named("ci") == set()


def test_every_field_is_documented(run: Run) -> None:
    """docs/results.md names the blocks of a result and their fields, docs/ci.md those of a difference."""
    assert call(run, "cluster", "--out", "good").code == 0
    result = call(run, "cluster", "--baseline", "good", "--check", "gap<=0", "--out", "other", "-o", "json").json
    fields = {"gates", "baseline", *result["baseline"], *result["gates"][0], "note"}
    assert fields - named("results") == set()
    found = run("diff", "good", "other", "-o", "json").json
    row = Row("x", (), {}, {}).data()
    assert {*found, *found["before"], *found["figures"][0], *found["changes"], *row} - named("ci") == set()


def named(page: str) -> set[str]:
    """What stands on a page of the documentation as code."""
    text = (Path(__file__).parents[2] / "docs" / f"{page}.md").read_text()
    return set(re.findall("`([^`]+)`", re.sub("(?s)```.*?```", "", text)))
