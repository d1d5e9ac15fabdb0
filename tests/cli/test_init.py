"""`qamctl init schedule --from`: a spec that is made of tables, and what is said of tables that make none."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest
from support.command_line import Run
from support.shared import ROOT

from qamctl.spec.reader import read_source

TASKS = "id,duration,demand,after,due\nbuild,4,gpu=1,,\ntrain,6,gpu=2,build,12\nreport,1,,train+1,20\n"
AGENTS = "id,capacity,skills\nada,,code|review\nbob,,code=2\n"
RESOURCES = "id,capacity\ngpu,2\n"


@pytest.fixture(autouse=True)
def tables(room: Path) -> None:
    """Three tables in the working folder, which belong together."""
    for name, text in (("tasks", TASKS), ("agents", AGENTS), ("resources", RESOURCES)):
        (room / f"{name}.csv").write_text(text)


ALL = ("--from", "tasks.csv", "--agents", "agents.csv", "--resources", "resources.csv")


def test_tables_become_a_spec_that_solves(run: Run, room: Path) -> None:
    """The spec refers to the tables, says nothing else but as comments, and is valid and solved as it stands."""
    ran = run("init", "schedule", *ALL, "--file", "plan.yaml")
    assert (ran.code, ran.out, ran.err) == (0, "", "wrote plan.yaml\n")
    assert read_source(room / "plan.yaml")[0] == {
        "kind": "schedule",
        "version": 1,
        "resources": {"table": "resources.csv"},
        "agents": {"table": "agents.csv"},
        "tasks": {"table": "tasks.csv"},
    }
    assert run("validate", "plan.yaml").code == 0
    ran = run("schedule", "plan.yaml", "--max-steps", "50", "--threads", "1", "-o", "json")
    assert (ran.code, ran.json["objective"], ran.json["violations"]) == (0, 12, [])


def test_the_example_of_the_docs(run: Run, room: Path) -> None:
    """The two tables of docs/import.md make a plan by the commands that stand above them."""
    blocks = (ROOT / "docs" / "import.md").read_text().split("```")[1::2]
    for name, block in zip(("tasks", "agents"), (text for text in blocks if text.startswith("\nid,")), strict=True):
        (room / f"{name}.csv").write_text(block.removeprefix("\n"))
    lines = [shlex.split(line, comments=True) for line in blocks[0].removeprefix("sh\n").splitlines()]
    assert [words[1] for words in lines] == ["init", "validate", "schedule"]
    assert [run(*words[1:]).code for words in lines] == [0, 0, 0]


def test_without_a_file_the_spec_goes_to_standard_output(run: Run, room: Path) -> None:
    """Tables are then named relative to the working folder; tasks alone are enough where they need nothing."""
    (room / "data").mkdir()
    (room / "data" / "jobs.csv").write_text("id,duration\na,1\n")
    ran = run("init", "schedule", "--from", "data/jobs.csv")
    assert (ran.code, ran.err) == (0, "")
    assert "\ntasks: {table: data/jobs.csv}\n" in ran.out
    assert "\n# agents: {table: agents.csv}\n" in ran.out
    (room / "plan.yaml").write_text(ran.out)
    assert run("validate", "plan.yaml").code == 0


def test_paths_are_relative_to_the_spec(run: Run, room: Path) -> None:
    """The spec beside its tables can be moved with them, however they were named on the command line."""
    (room / "plans" / "data").mkdir(parents=True)
    (room / "plans" / "data" / "tasks.csv").write_text("id,duration\na,1\n")
    (room / "plans" / "agents.csv").write_text("id\nada\n")
    files = ("--from", str(room / "plans" / "data" / "tasks.csv"), "--agents", "plans/agents.csv")
    assert run("init", "schedule", *files, "--file", "plans/plan.yaml").code == 0
    data, _ = read_source(room / "plans" / "plan.yaml")
    assert (data["tasks"], data["agents"]) == ({"table": "data/tasks.csv"}, {"table": "agents.csv"})
    (room / "plans").rename(room / "moved")
    assert run("validate", "moved/plan.yaml").code == 0


def test_a_way_through_a_link_is_below_the_spec(run: Run, room: Path) -> None:
    """What counts is where a table lies, not the name that leads there."""
    (room / "plans").mkdir()
    (room / "tasks.csv").rename(room / "plans" / "tasks.csv")
    (room / "link").symlink_to("plans")
    (room / "plans" / "tasks.csv").write_text("id,duration\na,1\n")
    assert run("init", "schedule", "--from", "link/tasks.csv", "--file", "plans/plan.yaml").code == 0
    assert read_source(room / "plans" / "plan.yaml")[0]["tasks"] == {"table": "tasks.csv"}


def test_a_name_that_is_no_text_is_refused(run: Run, room: Path) -> None:
    """A spec is text, and so are the names of its tables (2)."""
    name = os.fsdecode(b"t\xff.csv")
    (room / name).write_text("id,duration\na,1\n")
    ran = run("init", "schedule", "--from", name)
    assert ran.code == 2
    assert "a spec can't name such a file: half of a surrogate pair" in ran.err


def test_a_table_outside_the_folder_of_the_spec_is_refused(run: Run, room: Path) -> None:
    """The reader takes tables below the spec only, so no other spec is written, and a place that works is told."""
    (room / "plans").mkdir()
    ran = run("init", "schedule", "--from", "tasks.csv", "--file", "plans/plan.yaml")
    assert ran.code == 2
    assert "--from tasks.csv is not below the folder that the spec goes to" in ran.err
    assert list((room / "plans").iterdir()) == []


def test_a_unit_and_an_origin(run: Run, room: Path) -> None:
    """Hours and date-times of a table need a word each, and no YAML."""
    (room / "tasks.csv").write_text("id,duration,due\na,1.5,2026-11-21T08:00:00+00:00\nb,PT30M,\n")
    ran = run("init", "schedule", "--from", "tasks.csv", "--file", "plan.yaml")
    assert ran.code == 3
    assert "tasks.csv:2:3" in ran.err
    options = ("--unit", "h", "--origin", "2026-11-20T20:00:00+00:00")
    assert run("init", "schedule", "--from", "tasks.csv", *options, "--file", "plan.yaml").code == 0
    assert read_source(room / "plan.yaml")[0]["time"] == {"unit": "h", "origin": "2026-11-20T20:00:00+00:00"}
    assert run("validate", "plan.yaml").code == 0


def test_parquet_and_arrow_tables(run: Run, room: Path) -> None:
    """A typed table is as good as a CSV one."""
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    table = pa.table({"id": ["a", "b"], "duration": [2, 3], "after": [[], ["a"]], "demand": [{"cpu": 1}, {"cpu": 2}]})
    pq.write_table(table, room / "tasks.parquet")
    agents = pa.table({"id": ["ada"], "capacity": [{"cpu": 2}]})
    with pa.OSFile(str(room / "agents.arrow"), "wb") as sink, pa.ipc.new_file(sink, agents.schema) as writer:
        writer.write_table(agents)
    files = ("--from", "tasks.parquet", "--agents", "agents.arrow")
    assert run("init", "schedule", *files, "--file", "plan.yaml").code == 0
    ran = run("schedule", "plan.yaml", "--max-steps", "20", "--threads", "1", "-o", "json")
    assert (ran.code, ran.json["objective"]) == (0, 5)


def test_faults_of_tables_are_told_and_nothing_is_written(run: Run, room: Path) -> None:
    """Foreign columns, and then cells and references: all at once, each with its place and what to do (3)."""
    (room / "tasks.csv").write_text("task,hours,depends_on\na,1,\n")
    (room / "agents.csv").write_text("id,skils\nada,code\n")
    ran = run("init", "schedule", "--from", "tasks.csv", "--agents", "agents.csv", "--file", "plan.yaml")
    assert ran.code == 3
    assert ran.err == (
        "error: tasks.csv, agents.csv can't make a spec\n"
        "tasks.csv:1:1: the column `task` is no field of tasks\n"
        "  hint: call it `id`\n"
        "tasks.csv:1:2: the column `hours` is no field of tasks\n"
        "  hint: call it `duration`, and say --unit h\n"
        "agents.csv:1:2: the column `skils` is no field of agents\n"
        "  hint: did you mean `skills`?\n"
        "tasks.csv:1:3: the column `depends_on` is no field of tasks\n"
        "  hint: call it `after`; a cell is t1|t2+5|t3:SS-PT1M\n"
    )
    (room / "tasks.csv").write_text("id,duration,after,skills\na,x,,\nb,1,c,\nb,1,,\n")
    (room / "agents.csv").write_text("id\nada\n")
    ran = run("init", "schedule", "--from", "tasks.csv", "--agents", "agents.csv", "--file", "plan.yaml")
    assert ran.code == 3
    for place in ("tasks.csv:2:2: ", "tasks.csv:3:3: ", "tasks.csv:4:1: "):
        assert place in ran.err
    assert not (room / "plan.yaml").exists()


def test_resources_of_agents_need_no_table(run: Run, room: Path) -> None:
    """What agents hold is listed in the spec; what nobody holds is told once, where it is first demanded (3)."""
    (room / "agents.csv").write_text("id,capacity\nada,cpu=4|mem=8\nbob,cpu=2\n")
    (room / "tasks.csv").write_text("id,duration,demand\na,1,cpu=2\nb,1,mem=3|cpu=1\nc,2,\n")
    options = ("--from", "tasks.csv", "--agents", "agents.csv", "--file", "plan.yaml")
    assert run("init", "schedule", *options).code == 0
    assert read_source(room / "plan.yaml")[0]["resources"] == [{"id": "cpu"}, {"id": "mem"}]
    assert run("validate", "plan.yaml").code == 0
    (room / "tasks.csv").write_text("id,duration,demand\na,1,cpu=2\nb,1,gpu=3|cpu=1\nc,2,gpu=1\nd,1,broken\n")
    ran = run("init", "schedule", *options, "--force")
    assert ran.code == 3
    assert ran.err.count("no agent holds the resource `gpu`") == 1
    assert "tasks.csv:3:3: no agent holds the resource `gpu`\n  hint: give its capacity" in ran.err
    (room / "tasks.csv").write_text("id,duration,demand\na,1,broken\n")
    ran = run("init", "schedule", *options, "--force")
    assert ran.code == 3
    assert "tasks.csv:2:3: `demand` must be written as name=value|name=value" in ran.err


def test_many_faults_are_counted_without_a_place_that_is_not_there(run: Run, room: Path) -> None:
    """The spec is not written yet, so no line names it."""
    (room / "tasks.csv").write_text("id,duration\n" + "".join(f"t{k},x\n" for k in range(80)))
    ran = run("init", "schedule", "--from", "tasks.csv", "--file", "plan.yaml")
    assert ran.code == 3
    assert ran.err.endswith("\nand 30 more faults\n")
    assert "plan.yaml" not in ran.err


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "tasks.csv: the table is empty"),
        (b"id,id\na,b\n", "tasks.csv: the column `id` stands in the header twice"),
        (b",id,duration\n0,a,1\n", "tasks.csv: a column has no name in the header"),
        (
            b"id;duration\na;1\n",
            "tasks.csv:1:1: the table has one column, `id;duration`\n  hint: separate cells by commas",
        ),
        (b"id,duration\n\xff,1\n", "tasks.csv: the table `tasks.csv` cannot be read: byte 0xff is not UTF-8"),
        (b"duration\n1\n", "tasks.csv:1: the table has no column `id`"),
        (b"id\na\n", "tasks.csv:1: the table has no column `duration`"),
    ],
)
def test_a_table_that_is_none(run: Run, room: Path, raw: bytes, words: str) -> None:
    """What can't be read as a table of tasks is told of the table, for there is no spec yet."""
    (room / "tasks.csv").write_bytes(raw)
    ran = run("init", "schedule", "--from", "tasks.csv", "--file", "plan.yaml")
    assert ran.code == 3
    assert words in ran.err
    assert "plan.yaml" not in ran.err


def test_a_problem_that_nobody_can_satisfy_is_told(run: Run, room: Path) -> None:
    """The spec is written, as it is well formed, and why it has no schedule is a warning."""
    (room / "tasks.csv").write_text("id,duration,skills\na,1,fly\n")
    ran = run("init", "schedule", "--from", "tasks.csv", "--agents", "agents.csv", "--file", "plan.yaml")
    assert ran.code == 0
    assert "warning: nobody can satisfy it as it stands: " in ran.err
    assert run("validate", "plan.yaml").code == 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--agents", "agents.csv"], "--agents goes with --from"),
        (["--unit", "h"], "--unit goes with --from"),
        (["--from", "tasks.csv", "--unit", ""], "--unit must not be empty"),
        (["--from", "tasks.csv", "--origin", "noon"], "--origin must be a date-time"),
        (["--from", "tasks.csv", "--origin", "2026-11-20", "--unit", "shifts"], "--origin needs a unit with a length"),
        (["--from", "tasks.csv", "--file", "tasks.csv", "--force"], "would overwrite a file"),
        (["--from", "tasks.csv", "--file", "plan.json"], "name it .yaml"),
        (["--from", "tasks.csv", "--file", "two.yaml"], "two.yaml is there already"),
    ],
)
def test_options_that_make_no_sense(run: Run, room: Path, options: list[str], words: str) -> None:
    """They are told as a fault of the call (2)."""
    ran = run("init", "schedule", *options)
    assert ran.code == 2
    assert words in ran.err
    assert (room / "tasks.csv").read_text() == TASKS


def test_other_kinds_are_not_made_of_tables(run: Run) -> None:
    """Only a schedule is (2)."""
    ran = run("init", "cluster", "--from", "tasks.csv")
    assert ran.code == 2
    assert "--from makes a schedule" in ran.err


def test_a_table_that_is_not_there(run: Run) -> None:
    """It is told by its flag (3)."""
    ran = run("init", "schedule", "--from", "tasks.csv", "--agents", "nowhere.csv")
    assert ran.code == 3
    assert "can't read --agents nowhere.csv: there is no such file" in ran.err
