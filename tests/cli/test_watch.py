"""`qamctl watch`: its lines, and the command as a real process that files change under and signals end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.command_line import Run
from support.exposition import parse

from qamctl.cli.watch import _STYLES, line
from qamctl.errors import Diagnostic, Location, SpecError
from qamctl.runs.record import state_folder
from qamctl.watch_look import Look, Watcher
from qamctl.watch_plan import Plan
from qamctl.watching import write_figures

SEARCH = ("--backend", "assignment", "--max-steps", "300", "--seed", "1", "--threads", "1")
COMMAND = [sys.executable, "-P", "-m", "qamctl", "watch", "fleet.yaml"]

FLEET = """\
kind: cluster
version: 1
name: fleet
resources: [{id: cpu}]
agents: {table: agents.csv}
clusters: [{id: x, capacity: {cpu: 6}, safe: {cpu: 5}}, {id: y, capacity: {cpu: 6}}]
links: [{a: a, b: b, weight: 9}, {a: c, b: d, weight: 9}]
objective: {cut: 1, move: 1}
"""
TABLE = "id,demand,cluster\na,cpu=2,x\nb,cpu=2,y\nc,cpu=2,x\nd,cpu=2,y\n"
NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def fleet(room: Path) -> Path:
    """Two pairs that talk a lot, each torn."""
    (room / "fleet.yaml").write_text(FLEET)
    (room / "agents.csv").write_text(TABLE)
    return room


def told(room: Path, table: str | None = None, **plan: Any) -> str:
    """The line of one look, after another table has taken the place of the first one."""
    flags = {"backend": ["assignment"], "max_steps": 300, "seed": 1, "threads": 1}
    watcher = Watcher("fleet.yaml", flags, Plan(**plan))
    look = watcher.look(NOW)
    if table is not None:
        (room / "agents.csv").write_text(table)
        look = watcher.look(NOW)
    return line(look, watcher.plan.threshold, lambda text, style: text)


# Lines


def test_a_look_that_proposes(run: Run) -> None:
    """One line: when, how it stands, what it costs, and what to do; the run is where the line says."""
    ran = run("watch", "fleet.yaml", "--once", *SEARCH)
    assert (ran.code, len(ran.out.splitlines())) == (0, 1)
    head, _, rest = ran.out.rstrip("\n").partition(" drifted: ")
    assert datetime.fromisoformat(head).tzinfo is not None
    figures, place = rest.split(", see ")
    assert figures == (
        "objective 18 (cut 18); imbalance cpu 0 %, agents 0 %; first look; "
        "re-balance: 2 moves in 2 steps, objective 18 -> 2"
    )
    assert (Path(place) / "result.json").exists()


def test_programs_read_lines_of_json(run: Run) -> None:
    """One object a look; as YAML, one document a look; --quiet says nothing to people."""
    ran = run("watch", "fleet.yaml", "--count", "2", "--every", "0.1s", *SEARCH, "-o", "json")
    looks = [json.loads(text) for text in ran.out.splitlines()]
    assert [look["look"] for look in looks] == [1, 2]
    assert looks[0]["proposal"] == looks[1]["proposal"]
    assert (looks[0]["searched"], looks[1]["searched"]) == (True, False)
    ran = run("watch", "fleet.yaml", "--count", "2", "--every", "0.1s", "--no-search", "-o", "yaml")
    assert [look["status"] for look in yaml.safe_load_all(ran.out)] == ["fine", "fine"]
    assert run("watch", "fleet.yaml", "--once", "--no-search", "--quiet").out == ""


def test_a_warning_is_told_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not at every look."""
    monkeypatch.setattr("qamctl.pipeline.native", lambda: False)
    ran = run("watch", "fleet.yaml", "--count", "3", "--every", "0.1s", *SEARCH)
    assert ran.code == 0
    assert ran.err.count("warning: the C++ kernels are not installed") == 1


@pytest.mark.parametrize(
    ("argv", "code", "word"),
    [
        (["--once", "--count", "2"], 2, "--once and --count"),
        (["--count", "0"], 2, "--count must be a whole number of at least 1"),
        (["--every", "soon"], 2, "--every must be a time such as"),
        (["--threshold", "5"], 2, "--threshold must be a share"),
        (["--backend", "nonsense"], 2, "nonsense"),
        (["--metrics", "fleet.txt"], 2, "ends in .json or .prom"),
    ],
)
def test_flags_that_make_no_sense(run: Run, argv: list[str], code: int, word: str) -> None:
    """Told before anything is looked at."""
    ran = run("watch", "fleet.yaml", *argv)
    assert (ran.code, ran.out) == (code, "")
    assert word in ran.err


def test_only_clusters_are_watched(run: Run) -> None:
    """A file of another kind, and none at all, end with 3."""
    assert run("watch", "two.yaml", "--once").code == 3
    ran = run("watch", "nowhere.yaml", "--once", "-o", "json")
    assert (ran.code, ran.json["error"]["code"]) == (3, 3)
    assert run("watch", "-").code == 2


def test_a_line_tells_what_changed(fleet: Path) -> None:
    """Counts by what happened; a proposal that stands is told again."""
    assert "; nothing changed; still proposed: 2 moves" in told(fleet, TABLE)
    more = TABLE.replace("d,cpu=2,y", "d,cpu=1,x") + "e,cpu=1,y\n"
    assert "; 1 joined, 1 moved, 1 changed" in told(fleet, more, search=False)


def test_a_line_names_who_is_too_full(fleet: Path) -> None:
    """The first broken rules in full and the others counted; what is above a safe limit, too."""
    (fleet / "agents.csv").write_text(TABLE.replace(",y", ",x"))
    text = told(fleet)
    assert text.startswith("2026-11-20T20:00:00Z broken: cluster x: 8 of cpu used, 2 more than its capacity, 6")
    (fleet / "agents.csv").write_text(TABLE.replace("a,cpu=2", "a,cpu=3.5"))
    assert " fine: x is above its safe 5 of cpu with 5.5; objective 18" in told(fleet, search=False)
    (fleet / "agents.csv").write_text("id,cluster\na,x\nb,\nc,\nd,\ne,\nf,\n")
    text = told(fleet, search=False)
    assert (
        " broken: agent b is in no cluster; agent c is in no cluster; agent d is in no cluster; and 2 more bro" in text
    )


def test_a_line_of_a_fleet_that_is_nowhere(fleet: Path) -> None:
    """The first placement is proposed, with what it will cost."""
    (fleet / "agents.csv").write_text("id\na\nb\nc\nd\n")
    text = told(fleet)
    assert " broken: no agent is in a cluster; first look; re-balance: 0 moves, 4 placed in " in text
    assert ", objective 0, see " in text


def test_a_line_of_a_search_that_gives_nothing(fleet: Path) -> None:
    """Too little is saved, or nothing fits; a search that could not begin says why."""
    (fleet / "fleet.yaml").write_text(FLEET.replace("weight: 9", "weight: 1.1"))
    assert "; the best re-balance saves 9.1 %, less than 20 %" in told(fleet, threshold=0.2)
    assert "saves" not in told(fleet, TABLE, threshold=0.2)
    (fleet / "agents.csv").write_text(TABLE.replace("a,cpu=2", "a,cpu=7"))
    text = told(fleet)
    assert "; no feasible re-balance (infeasible): " in text
    fault = SpecError("it is locked")
    look = Look(1, NOW, "fleet", "fine", fault=fault)
    assert (
        line(look, 0.05, lambda text, style: text)
        == "2026-11-20T20:00:00Z fine: no agent is in a cluster; first look; it is locked"
    )


def test_a_line_of_files_that_cannot_be_read() -> None:
    """The first faults with their places, the others counted; a fault that says it all stands alone."""

    def text(fault: SpecError) -> str:
        return line(Look(1, NOW, "fleet", "unreadable", fault=fault), 0.05, lambda text, style: style + text)

    faults = [Diagnostic(f"fault {k}", Location("fleet.yaml", k, 1)) for k in range(5)]
    assert text(SpecError("5 faults in fleet.yaml", faults)) == (
        "2026-11-20T20:00:00Z badunreadable: 5 faults in fleet.yaml: fleet.yaml:0:1: fault 0; fleet.yaml:1:1: fault 1; "
        "fleet.yaml:2:1: fault 2; and 2 more"
    )
    assert text(SpecError("fleet.yaml\ncannot be read")).endswith(": fleet.yaml cannot be read")


# The page on it


def test_everything_that_a_watch_writes_is_documented(fleet: Path) -> None:
    """Each field of a line of JSON, each status, and each gauge of the metrics file."""
    page = (Path(__file__).parents[2] / "docs" / "watch.md").read_text()
    named = set(re.findall(r"`(\w+)`", page))
    watcher = Watcher("fleet.yaml", {"backend": ["assignment"], "max_steps": 300}, Plan())
    (fleet / "agents.csv").write_text(TABLE.replace("a,cpu=2", "a,cpu=3.5"))
    first, second = watcher.look(NOW), watcher.look(NOW)
    data = second.data()
    fields = {*data, *data["above"][0], *data["drift"], *data["proposal"], *data["proposal"]["moves"]}
    fields |= {*data["proposal"]["objective"], *_STYLES, "code", "message", "diagnostics"}
    assert fields - named - {"cluster", "resource", "use", "limit"} == set()
    write_figures(fleet / "m.prom", first, NOW.timestamp())
    gauges = set(parse((fleet / "m.prom").read_text()))
    short = {found for found in named if found.startswith("_")}
    assert {name for name in gauges if name not in named and not name.endswith(tuple(short))} == set()


# Real processes


@contextmanager
def watching(room: Path, *argv: str) -> Iterator[subprocess.Popen[str]]:
    """The command in the room, ended by SIGKILL if nothing else ends it."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen([*COMMAND, *argv], cwd=room, text=True, **streams)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def looks(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    """The looks as they come."""
    assert process.stdout is not None
    for text in process.stdout:
        yield json.loads(text)


def until(stream: Iterator[dict[str, Any]], status: str) -> dict[str, Any]:
    """The first look of that status, which must come."""
    return next(look for look in stream if look["status"] == status)


def replace(file: Path, text: str) -> None:
    """Give a file other content in one step, as those do that write what others read."""
    file.with_suffix(".new").write_text(text)
    os.replace(file.with_suffix(".new"), file)


def test_files_change_under_a_watch(fleet: Path) -> None:
    """It proposes, sees the moves, waits a broken file out, finds the next drift, and ends with SIGTERM."""
    with watching(fleet, "--every", "0.2s", *SEARCH, "-o", "json", "--metrics", "m.prom") as process:
        stream = looks(process)
        first = until(stream, "drifted")
        result = json.loads((Path(first["proposal"]["directory"]) / "result.json").read_text())
        places = {row["agent"]: row["cluster"] for row in result["solution"]["assignments"]}
        applied = "".join(f"{agent},cpu=2,{place}\n" for agent, place in places.items())
        replace(fleet / "agents.csv", f"id,demand,cluster\n{applied}")
        fine = until(stream, "fine")
        assert (fine["drift"]["moved"], fine["objective"]) == (2, [0])
        replace(fleet / "fleet.yaml", "kind: cluster\nversion: 1\nagents: [{id: a, dema")
        assert until(stream, "unreadable")["error"]["code"] == 3
        replace(fleet / "fleet.yaml", FLEET)
        assert until(stream, "fine")["error"] is None
        replace(fleet / "agents.csv", TABLE)
        assert until(stream, "drifted")["drift"]["moved"] == 2
        assert 'qamctl_watch_status{kind="cluster",name="fleet",status="drifted"} ' in (fleet / "m.prom").read_text()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 143


def test_ctrl_c_ends_a_wait(fleet: Path) -> None:
    """At once, however long the interval is, and without a word but the looks."""
    with watching(fleet, "--every", "1h", "--no-search") as process:
        assert process.stdout is not None
        assert " fine: " in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        assert process.communicate() == ("", "")


def test_a_signal_in_a_search_ends_the_watch(fleet: Path) -> None:
    """The search keeps its best so far, the look tells it, and the watch does not go on."""
    with watching(fleet, "--backend", "assignment", "--time-limit", "300", "-o", "json", "-v") as process:
        assert process.stderr is not None
        for text in process.stderr:
            if "built" in text:
                break
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 143
        look = json.loads(process.communicate()[0])
    assert look["searched"]
    result = json.loads((Path(look["proposal"]["directory"]) / "result.json").read_text())
    assert result["status"] in ("interrupted", "optimal", "unknown")
    assert (state_folder(os.environ) / "runs").exists()


def test_a_watch_ends_when_nobody_reads_it(fleet: Path) -> None:
    """`qamctl watch ... | head -1` does not go on for ever."""
    with watching(fleet, "--every", "0.1s", "--no-search") as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
        process.stdout = None
