"""Every command through the entry point, in this process, on real files."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from support.command_line import Run

from qamctl.runs.lock import Lock, acquire
from qamctl.runs.record import state_folder

SEARCH = ("--backend", "list-search", "--max-steps", "50", "--threads", "1")


def held(target: Path) -> Lock:
    """The lock of a target, held by somebody else."""
    lock = acquire(state_folder(os.environ), target, run="other", now=datetime.now(UTC), mode="fail")
    assert lock is not None
    return lock


# schedule


def test_schedule_shows_a_page(run: Run, room: Path) -> None:
    """A run prints status, rows and picture on standard output, nothing wider than the page but paths."""
    ran = run("schedule", "two.yaml", *SEARCH, "--out", "run")
    assert ran.code == 0
    assert ran.out.startswith("Status: optimal (objective 7, bound 7, gap 0.00 %)")
    assert "t2" in ran.out
    assert "Result: " in ran.out
    assert all(len(line) <= 80 for line in ran.out.splitlines() if not line.startswith("Result: "))
    assert json.loads((room / "run" / "result.json").read_text())["objective"] == 7


@pytest.mark.parametrize("output", ["json", "yaml"])
def test_schedule_prints_the_result_file(run: Run, room: Path, output: str) -> None:
    """`-o json` and `-o yaml` give the same object as the run's result.json."""
    ran = run("schedule", "two.yaml", *SEARCH, "--out", "run", "-o", output)
    printed = ran.json if output == "json" else yaml.safe_load(ran.out)
    assert printed == json.loads((room / "run" / "result.json").read_text())


def test_schedule_quiet(run: Run, room: Path) -> None:
    """-q prints nothing, the files are written all the same."""
    ran = run("schedule", "two.yaml", *SEARCH, "-q", "--result", "r.json", "--metrics", "m.json")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert (room / "r.json").exists()
    assert (room / "m.json").exists()


def test_schedule_verbose_tells_events(run: Run) -> None:
    """-v tells the run's events on standard error, with the time since its start."""
    ran = run("schedule", "two.yaml", *SEARCH, "-v")
    assert ran.code == 0
    assert " s] built tasks=2" in ran.err


def test_schedule_dry_run_writes_nothing(run: Run, room: Path, tmp_path: Path) -> None:
    """--dry-run tells the sizes and leaves no run."""
    ran = run("schedule", "two.yaml", "--dry-run", "-o", "json")
    assert ran.code == 0
    assert ran.json["tasks"] == 2
    assert not (tmp_path / "state" / "qamctl" / "runs").exists()
    assert "tasks: 2" in run("schedule", "two.yaml", "--dry-run").out


def test_schedule_without_an_answer(run: Run) -> None:
    """An impossible problem exits with 4, writes a result, and gives the reason with file and line."""
    ran = run("schedule", "impossible.yaml", *SEARCH)
    assert ran.code == 4
    assert "Status: infeasible" in ran.out
    assert "impossible.yaml:6: deadline" in ran.out
    assert run("schedule", "impossible.yaml", *SEARCH, "-o", "json").json["status"] == "infeasible"


def test_schedule_of_a_broken_file(run: Run) -> None:
    """Faults exit with 3, each with file, line and column and the nearest name; as one object with -o json."""
    ran = run("schedule", "broken.yaml")
    assert (ran.code, ran.out) == (3, "")
    assert "broken.yaml:4:" in ran.err
    assert "duration" in ran.err
    error = run("schedule", "broken.yaml", "-o", "json").json["error"]
    assert error["code"] == 3
    assert error["diagnostics"][0]["line"] == 4


@pytest.mark.parametrize(
    "flags", [["--time-limit", "-1"], ["--seed", "x"], ["--if-locked", "maybe"], ["-o", "xml"], ["--profile", "none"]]
)
def test_schedule_with_a_bad_value(run: Run, flags: list[str]) -> None:
    """A flag's value that makes no sense is a usage error that names the flag."""
    ran = run("schedule", "two.yaml", *flags)
    assert (ran.code, ran.out) == (2, "")
    assert (flags[0] if flags[0] != "-o" else "--output").lstrip("-") in ran.err


def test_schedule_reads_options_from_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """QAMCTL_OUTPUT counts where no flag is given."""
    monkeypatch.setenv("QAMCTL_OUTPUT", "json")
    assert run("schedule", "two.yaml", *SEARCH).json["kind"] == "schedule"


def test_schedule_with_a_bad_configuration(run: Run, room: Path) -> None:
    """A configuration file at fault exits with 3 and the place."""
    (room / "qamctl.toml").write_text("# mine\ntime_limt = 3\n")
    ran = run("schedule", "two.yaml")
    assert ran.code == 3
    assert "qamctl.toml:2" in ran.err


def test_schedule_skips_while_another_run_holds_the_lock(run: Run, room: Path) -> None:
    """--if-locked skip exits with 0, prints no result, and says so beside it."""
    with held(room / "two.yaml"):
        ran = run("schedule", "two.yaml", *SEARCH, "--if-locked", "skip")
    assert (ran.code, ran.out, ran.err) == (0, "", "skipped: another run holds the lock\n")


def test_schedule_with_a_damaged_index(run: Run, tmp_path: Path) -> None:
    """A damaged index of runs is a warning, never the end of a run, nor of a list, which then knows the folders."""
    (tmp_path / "state" / "qamctl").mkdir(parents=True)
    (tmp_path / "state" / "qamctl" / "state.db").write_bytes(b"this is no database" * 100)
    assert run("schedule", "two.yaml", *SEARCH).code == 0
    assert len(run("runs", "list", "-o", "json").json["runs"]) == 1
    for argv in (("list",), ("prune", "--keep", "1")):
        ran = run("runs", *argv)
        assert ran.code == 0
        assert "warning: " in ran.err


def test_the_record_holds_the_command_line(run: Run, room: Path) -> None:
    """A run remembers how it was called."""
    run("schedule", "two.yaml", *SEARCH, "--out", "run")
    command = json.loads((room / "run" / "manifest.json").read_text())["command"]
    assert command == ["qamctl", "schedule", "two.yaml", *SEARCH, "--out", "run"]


# validate


def test_validate_good_files(run: Run) -> None:
    """Good files are valid, by name, on standard output."""
    ran = run("validate", "two.yaml", "two.yaml")
    assert (ran.code, ran.out, ran.err) == (0, "two.yaml: valid\ntwo.yaml: valid\n", "")


def test_validate_tells_all_files(run: Run) -> None:
    """Every file is told, faults on standard error; a fault of shape (3) outweighs one of satisfiability (4)."""
    ran = run("validate", "two.yaml", "impossible.yaml", "broken.yaml")
    assert ran.code == 3
    assert ran.out == "two.yaml: valid\nimpossible.yaml: infeasible\nbroken.yaml: invalid\n"
    assert "impossible.yaml:6:27: deadline: " in ran.err
    assert "broken.yaml:4:" in ran.err
    assert run("validate", "impossible.yaml").code == 4


def test_validate_as_json(run: Run) -> None:
    """One object: the files with their status, and the error with all diagnostics where there is one."""
    assert run("validate", "two.yaml", "-o", "json").json == {"files": [{"file": "two.yaml", "status": "valid"}]}
    value = run("validate", "two.yaml", "broken.yaml", "-o", "json").json
    assert [row["status"] for row in value["files"]] == ["valid", "invalid"]
    assert value["error"]["code"] == 3
    assert value["error"]["message"] == "1 of 2 files can't be solved"
    assert value["error"]["diagnostics"][0]["file"] == "broken.yaml"


def test_validate_a_file_that_is_not_there(run: Run) -> None:
    """A file that can't be read is a fault (3), not a trace."""
    ran = run("validate", "nowhere.yaml")
    assert ran.code == 3
    assert "nowhere.yaml" in ran.err


def test_validate_quiet(run: Run) -> None:
    """-q leaves faults only."""
    assert run("validate", "two.yaml", "-q").out == ""
    ran = run("validate", "broken.yaml", "-q")
    assert (ran.code, ran.out) == (3, "")
    assert "broken.yaml:4:" in ran.err


# check


def test_check_holds(run: Run) -> None:
    """A result of our own passes its check."""
    run("schedule", "two.yaml", *SEARCH, "--result", "r.json")
    ran = run("check", "r.json", "two.yaml")
    assert (ran.code, ran.out) == (0, "r.json: every figure and constraint holds\n")
    assert run("check", "r.json", "two.yaml", "-o", "json").json["holds"] is True


def test_check_finds_differences(run: Run, room: Path) -> None:
    """A result that was changed fails its check (9), and each difference is told."""
    run("schedule", "two.yaml", *SEARCH, "--result", "r.json")
    result = json.loads((room / "r.json").read_text())
    result["objective"] = 6
    result["solution"]["assignments"][1] |= {"start": 0, "end": 4}
    (room / "r.json").write_text(json.dumps(result))
    ran = run("check", "r.json", "two.yaml")
    assert ran.code == 9
    assert "does not hold" in ran.out
    value = run("check", "r.json", "two.yaml", "-o", "json").json
    assert value["holds"] is False
    assert value["error"]["code"] == 9
    assert len(value["discrepancies"]) == len(value["error"]["diagnostics"]) > 1


def test_check_of_what_is_no_result(run: Run, room: Path) -> None:
    """A file that is no result can't be checked (3)."""
    (room / "r.json").write_text("{")
    ran = run("check", "r.json", "two.yaml")
    assert ran.code == 3
    assert "r.json:1:2: " in ran.err
    for data in (b'{"a": "\xff"}', b"[1]"):
        (room / "r.json").write_bytes(data)
        ran = run("check", "r.json", "two.yaml")
        assert ran.code == 3
        assert "r.json is no result file" in ran.err
    assert run("check", "nowhere.json", "two.yaml").code == 3
    assert run("check", "r.json", "nowhere.yaml").code == 3


# bench


def test_bench_is_a_table(run: Run) -> None:
    """Each engine has its row; as json the rows hold the figures."""
    flags = ("--max-steps", "20", "--threads", "1")
    ran = run("bench", "two.yaml", "--backend", "list-search", *flags)
    assert ran.code == 0
    assert ran.out.splitlines()[0].split() == ["engine", "status", "objective", "bound", "gap", "seconds"]
    assert ran.out.splitlines()[1].split()[:3] == ["list-search", "optimal", "7"]
    (row,) = run("bench", "two.yaml", "--backend", "list-search", *flags, "-o", "json").json["rows"]
    assert row["objective"] == 7


def test_bench_needs_engines(run: Run) -> None:
    """Without an engine there is nothing to compare (2)."""
    ran = run("bench", "two.yaml")
    assert ran.code == 2
    assert "--backend" in ran.err


# init, schema, import


def test_init_writes_a_file_that_solves(run: Run, room: Path) -> None:
    """The starter file is valid, and is only replaced when that is asked for."""
    assert run("init", "schedule", "--file", "plan.yaml").code == 0
    assert run("validate", "plan.yaml").code == 0
    assert run("init", "schedule").out == (room / "plan.yaml").read_text()
    (room / "plan.yaml").write_text("mine")
    ran = run("init", "schedule", "--file", "plan.yaml")
    assert ran.code == 2
    assert "--force" in ran.err
    assert (room / "plan.yaml").read_text() == "mine"
    assert run("init", "schedule", "--file", "plan.yaml", "--force").code == 0
    assert (room / "plan.yaml").read_text() != "mine"


@pytest.mark.parametrize("command", ["init", "schema"])
def test_kinds_that_are_not_there(run: Run, command: str) -> None:
    """An unknown kind is told as such (2 or 8), not as a bug."""
    ran = run(command, "shedule")
    assert ran.code in (2, 8)
    assert "shedule" in ran.err


def test_schema_is_json(run: Run, room: Path) -> None:
    """The schema is one JSON document, on standard output or in a file."""
    schema = run("schema", "schedule").json
    assert "draft-07" in schema["$schema"]
    ran = run("schema", "schedule", "--file", "s.json")
    assert (ran.code, ran.out, ran.err) == (0, "", "wrote s.json\n")
    assert json.loads((room / "s.json").read_text()) == schema


JOBSHOP = "2 2\n0 3 1 2\n1 2 0 4\n"


def test_import_to_standard_output(run: Run, room: Path) -> None:
    """The problem file goes to standard output, and solves."""
    (room / "tiny.txt").write_text(JOBSHOP)
    ran = run("import", "jobshop", "tiny.txt")
    assert ran.code == 0
    (room / "tiny.yaml").write_text(ran.out)
    assert run("validate", "tiny.yaml").code == 0


def test_import_several_files_into_a_folder(run: Run, room: Path) -> None:
    """Several files need a folder, and each gives its own problem file."""
    (room / "a.txt").write_text(JOBSHOP)
    (room / "b.txt").write_text(JOBSHOP)
    assert run("import", "jobshop", "a.txt", "b.txt").code == 2
    assert run("import", "jobshop", "a.txt", "b.txt", "--file", "specs").code == 2
    (room / "specs").mkdir()
    assert run("import", "jobshop", "a.txt", "b.txt", "--file", "specs").code == 0
    assert sorted(path.name for path in (room / "specs").iterdir()) == ["a.yaml", "b.yaml"]


def test_import_overwrites_nothing_that_it_reads_or_has_written(run: Run, room: Path) -> None:
    """The foreign file stays, and two of one name do not become one."""
    (room / "a.txt").write_text(JOBSHOP)
    assert run("import", "jobshop", "a.txt", "--file", "a.txt").code == 2
    for folder in ("one", "two", "specs"):
        (room / folder).mkdir()
    (room / "one" / "a.txt").write_text(JOBSHOP)
    (room / "two" / "a.yaml").write_text(JOBSHOP)
    ran = run("import", "jobshop", "a.txt", "one/a.txt", "--file", "specs")
    assert ran.code == 2
    assert "specs/a.yaml would overwrite a file: --file writes it" in ran.err
    assert list((room / "specs").iterdir()) == []
    assert run("import", "jobshop", "two/a.yaml", "--file", "two").code == 2
    assert (room / "a.txt").read_text() == (room / "two" / "a.yaml").read_text() == JOBSHOP


def test_import_faults(run: Run, room: Path) -> None:
    """A bad file exits with 3 and its place, a bad call with 2."""
    (room / "bad.txt").write_text("2 2\n0 3 1 x\n1 2 0 4\n")
    ran = run("import", "jobshop", "bad.txt")
    assert ran.code == 3
    assert "bad.txt:2:7" in ran.err
    assert run("import", "jobshop", "nowhere.txt").code == 3
    assert run("import", "jobshp", "bad.txt").code == 2
    assert run("import", "jobshop", "bad.txt", "--agents", "3").code == 2
    assert run("import", "wfcommons", "bad.txt", "--agents", "none").code == 2
    assert run("import", "wfcommons", "bad.txt", "--agents", "3").code == 3


# runs, config


def test_runs_are_listed_shown_and_pruned(run: Run, tmp_path: Path) -> None:
    """A run appears in the list, is shown whole by its beginning or as latest, and goes when pruned."""
    assert run("runs", "list").out == "no runs yet\n"
    run("schedule", "two.yaml", *SEARCH)
    run("schedule", "impossible.yaml", *SEARCH)
    rows = run("runs", "list", "-o", "json").json["runs"]
    known = {row["name"]: (row["status"], row["exit_code"]) for row in rows}
    assert known == {"two": ("optimal", 0), "impossible": ("infeasible", 4)}
    two = next(row["id"] for row in rows if row["name"] == "two")
    assert two in run("runs", "list").out
    assert len(run("runs", "list", "--limit", "1", "-o", "json").json["runs"]) == 1
    shown = run("runs", "show", two)
    assert shown.code == 0
    assert "Status: optimal" in shown.out
    assert run("runs", "show", two, "-o", "json").json["result"]["objective"] == 7
    assert run("runs", "show", "latest").code == 0
    assert "would be removed" in run("runs", "prune", "--keep", "1", "--dry-run").out
    assert len(run("runs", "list", "-o", "json").json["runs"]) == 2
    assert run("runs", "prune", "--keep", "1").code == 0
    assert len(run("runs", "list", "-o", "json").json["runs"]) == 1
    nothing = {"runs": [], "answers": 0, "bytes": 0, "dry_run": False}
    assert run("runs", "prune", "--older-than", "30d", "-o", "json").json == nothing


def test_runs_usage(run: Run) -> None:
    """Runs that are not there, and values that make no sense, are usage errors."""
    for argv in (
        ("show", "nothing"),
        ("show", "latest"),
        ("prune",),
        ("prune", "--keep", "-1"),
        ("prune", "--older-than", "soon"),
        ("list", "--limit", "few"),
    ):
        ran = run("runs", *argv)
        assert (ran.code, ran.out) == (2, ""), argv


def test_runs_show_of_a_run_without_a_result(run: Run, room: Path) -> None:
    """A killed run is shown by what is known of it."""
    run("schedule", "two.yaml", *SEARCH, "--out", "run")
    os.remove(room / "run" / "result.json")
    ran = run("runs", "show", "run")
    assert ran.code == 0
    assert "status: " in ran.out
    (room / "run" / "result.json").write_text("{")
    assert run("runs", "show", "run").code == 3


def test_config_show_gives_origins(run: Run, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each option has its value and its origin: file and line, environment, flag or default."""
    (room / "qamctl.toml").write_text("time_limit = 3\n[profile.ci]\nseed = 7\n")
    monkeypatch.setenv("QAMCTL_THREADS", "1")
    value = run("config", "show", "--profile", "ci", "-o", "json").json
    assert value["time_limit"]["value"] == 3.0
    assert "qamctl.toml:1" in value["time_limit"]["origin"]
    assert value["seed"]["value"] == 7
    assert value["threads"] == {"value": 1, "origin": "environment QAMCTL_THREADS"}
    assert value["strict"] == {"value": False, "origin": "default"}
    assert "time_limit" in run("config", "show").out


def test_validate_places_a_reason_in_its_side_table(run: Run, tmp_path: Path) -> None:
    """What nobody can satisfy in a table is told with the table's line."""
    (tmp_path / "tasks.csv").write_text("id,duration,skills\nt1,3,\nt2,3,fly\n")
    (tmp_path / "plan.yaml").write_text("kind: schedule\nversion: 1\nagents: [{id: a}]\ntasks: {table: tasks.csv}\n")
    ran = run("validate", str(tmp_path / "plan.yaml"))
    assert ran.code == 4
    assert "tasks.csv:3" in ran.err
