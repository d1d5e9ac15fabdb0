"""`--reuse` as a user meets it: pages, warnings, what `doctor` and `config show` tell, what `runs prune` removes."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command_line import Run
from support.warned import said

PROBLEMS = Path(__file__).parents[2] / "problems"
SEARCH = ("--backend", "list-search", "--max-steps", "50", "--threads", "1", "--reuse")


def entries(tmp_path: Path) -> list[Path]:
    """The answers that are kept."""
    return sorted(path for path in (tmp_path / "state" / "qamctl" / "answers").rglob("*") if path.is_file())


def test_a_page_says_whose_answer_it_is(run: Run) -> None:
    """The second page names the run that found the answer, and is the same below that."""
    first = run("schedule", "two.yaml", *SEARCH)
    second = run("schedule", "two.yaml", *SEARCH)
    assert (first.code, second.code, said(second.err)) == (0, 0, "")
    (line,) = [line for line in second.out.splitlines() if line.startswith("Reused: ")]
    assert first.out.split("Result: ")[1].split("/")[-2] in line
    kept = [line for line in second.out.splitlines() if not line.startswith(("Reused: ", "Result: "))]
    assert kept == [line for line in first.out.splitlines() if not line.startswith("Result: ")]


@pytest.mark.parametrize(
    "argv",
    [
        ("cluster", "cluster-teams.yaml", "--backend", "assignment", "--max-steps", "100"),
        ("reason", "reason-incident.yaml"),
        ("solve", "model-ring.qubo", "--max-steps", "20"),
        ("solve", "circuit-bell.qasm", "--shots", "20"),
        ("solve", "schedule-modes.yaml", "--max-steps", "20", "--backend", "list-search"),
    ],
)
def test_every_command_that_solves_has_the_flag(run: Run, argv: tuple[str, ...]) -> None:
    """Twice the same answer, the second one reused, on the page and as data."""
    command = (argv[0], str(PROBLEMS / argv[1]), *argv[2:], "--reuse")
    first = run(*command, "-o", "json").json
    second = run(*command, "-o", "json").json
    assert second["reused"]["run"] == first["run"]
    assert second["solution"] == first["solution"]
    assert f"Reused: from run {first['run']}" in run(*command).out


def test_the_environment_and_a_file_may_ask_for_it(run: Run, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """QAMCTL_REUSE and `reuse = true` are as the flag; `config show` tells both options."""
    (room / "qamctl.toml").write_text("reuse = true\nreuse_limit = 5\n")
    run("schedule", "two.yaml", *SEARCH[:-1])
    monkeypatch.setenv("QAMCTL_REUSE", "yes")
    assert "Reused: " in run("schedule", "two.yaml", *SEARCH[:-1]).out
    shown = run("config", "show").out
    assert "reuse_limit" in shown
    assert "environment QAMCTL_REUSE" in shown


def test_damage_is_a_warning(run: Run, tmp_path: Path) -> None:
    """A damaged entry costs a line on standard error and a search, and is whole again afterwards."""
    first = run("schedule", "two.yaml", *SEARCH, "-o", "json")
    (entry,) = entries(tmp_path)
    entry.write_bytes(entry.read_bytes()[:-1])
    second = run("schedule", "two.yaml", *SEARCH, "-o", "json")
    assert second.code == 0
    assert "its hash differs; it is found anew" in second.err
    assert "reused" not in second.json
    assert second.json["solution"] == first.json["solution"]
    third = run("schedule", "two.yaml", *SEARCH, "-o", "json")
    assert said(third.err) == ""
    assert third.json["reused"]["run"] == second.json["run"]


def test_doctor_tells_how_much_is_kept(run: Run) -> None:
    """How many answers, and how much of their limit they take."""
    run("schedule", "two.yaml", *SEARCH)
    told = {row["name"]: row["text"] for row in run("doctor", "-o", "json").json["findings"]}
    assert told["answers"] == "1 kept for --reuse, 0.0 of at most 1000 MB"


def test_prune_removes_answers_by_the_same_rules(run: Run, tmp_path: Path) -> None:
    """--keep and --older-than hold for answers, too; a dry run removes nothing."""
    for seed in ("1", "2", "3"):
        run("schedule", "two.yaml", *SEARCH, "--seed", seed)
    assert len(entries(tmp_path)) == 3
    told = run("runs", "prune", "--keep", "1", "--dry-run", "-o", "json").json
    assert (len(told["runs"]), told["answers"]) == (2, 2)
    assert told["bytes"] > 0
    assert len(entries(tmp_path)) == 3
    assert "0 runs and 0 kept answers removed" in run("runs", "prune", "--older-than", "30d").out
    assert "2 runs and 2 kept answers removed" in run("runs", "prune", "--keep", "1").out
    assert len(entries(tmp_path)) == 1
