"""`qamctl diff`: what changed from one result to another, for people, programs and pull requests."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.command_line import Run
from support.results import result, row

ODD = "a|b `c` <i>@team</i>\n|*"


@pytest.fixture(autouse=True)
def results(room: Path) -> None:
    """Three schedules: one, the same with some changes, and one of very many tasks that all move."""
    one = [row("x", 0, 3, "a"), row("y", 3, 5, "a"), row(ODD, 0, 1, ODD)]
    other = [row("x", 0, 3, "b"), row("y", 4, 6, "a"), row("z", 0, 1)]
    many = [[row(f"t{k}", start, start + 1) for k in range(70)] for start in (0, 5)]
    for name, rows, span in (("one", one, 5), ("two", other, 6), ("before", many[0], 1), ("after", many[1], 6)):
        data = result(levels=({"makespan": span},), solution={"assignments": rows, "unscheduled": []}, run=name)
        (room / f"{name}.json").write_text(json.dumps(data))
    (room / "cluster.json").write_text(json.dumps(result("cluster")))
    (room / "none.json").write_text(json.dumps(result(levels=(), solution=None, status="infeasible", gap=None)))


def test_a_page_says_what_changed(run: Run) -> None:
    """Which one is better, figures with their change, tasks by how they changed; no line wider than the page."""
    ran = run("diff", "one.json", "two.json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("The second one is worse\nBefore: one\nAfter:  two\n")
    assert re.search(r"makespan +5 +6 +\+1\n", ran.out)
    assert "Tasks: 1 dropped, 1 added, 1 reassigned, 1 moved; the largest shift is 1\n" in ran.out
    assert re.search(r"\nx +reassigned +a -> b +- +0 +3 +-\n", ran.out)
    assert re.search(r"\ny +moved +a +- +3 -> 4 +5 -> 6 +\+1\n", ran.out)
    assert all(len(line) <= 80 for line in ran.out.splitlines())


def test_long_lists_are_cut(run: Run) -> None:
    """At a number that is told; 0 is all of them, and JSON has all anyway."""
    for flags, shown in (((), 50), (("--limit", "3"), 3), (("--limit", "0"), 70)):
        page = run("diff", "before.json", "after.json", *flags).out
        assert len(re.findall(r"(?m)^t\d+ +moved", page)) == shown
        assert ("--limit 0 lists all" in page) == (shown < 70)
    assert "... and 20 more" in run("diff", "before.json", "after.json").out
    assert len(run("diff", "before.json", "after.json", "-o", "json", "--limit", "3").json["changes"]["rows"]) == 70
    assert run("diff", "before.json", "after.json", "--limit", "few").code == 2


@pytest.mark.parametrize("output", ["json", "yaml"])
def test_programs_read_one_object(run: Run, output: str) -> None:
    """Both sides, verdict, figures, terms and changes."""
    ran = run("diff", "one.json", "two.json", "-o", output)
    found: Any = ran.json if output == "json" else yaml.safe_load(ran.out)
    assert found["schema"] == "qamctl/diff/1"
    assert (found["kind"], found["same"], found["verdict"]) == ("schedule", False, "worse")
    assert found["terms"] == [{"name": "makespan", "before": 5, "after": 6, "change": 1}]
    assert [one["id"] for one in found["changes"]["rows"]] == [ODD, "z", "y", "x"]


def test_markdown_for_a_pull_request(run: Run) -> None:
    """A table of figures, and the changes folded away, cut at the limit; no name is markup or ends a cell."""
    ran = run("diff", "one.json", "two.json", "-o", "markdown", "--limit", "2")
    assert ran.code == 0
    assert ran.out.startswith("**The second one is worse**: `one` → `two`\n\n|  | before | after | change |\n")
    assert "| `makespan` | 5 | 6 | +1 |\n" in ran.out
    assert "<details>\n<summary>4 changed tasks, the first 2</summary>\n\n| task | what |" in ran.out
    name = r"`` a\|b `c` <i>@team</i> \|* ``"
    assert f"| {name} | dropped | {name} | - | 0 | 1 | - |\n" in ran.out
    assert ran.out.endswith("\n\n</details>\n")
    rows = [line for line in ran.out.splitlines() if line.startswith("| `")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in rows} == {5, 8}


def test_no_difference(run: Run) -> None:
    """Is said, and there is no list."""
    for flags in ((), ("-o", "markdown")):
        out = run("diff", "one.json", "one.json", *flags).out
        assert "No difference" in out
        assert "<details>" not in out
    assert run("diff", "one.json", "one.json", "-o", "json").json["same"] is True


@pytest.mark.parametrize(
    ("names", "flags", "code"),
    [
        (("one", "two"), (), 0), (("one", "two"), ("--exit-code",), 9), (("one", "one"), ("--exit-code",), 0),
        (("one", "none"), ("--exit-code",), 9), (("one", "cluster"), (), 3), (("one", "missing"), (), 2),
    ],
)  # fmt: skip
def test_exit_codes(run: Run, names: tuple[str, str], flags: tuple[str, ...], code: int) -> None:
    """0 whether they differ or not, unless asked for; 3 for two kinds; 2 for what is no result at all."""
    ran = run("diff", *(f"{name}.json" for name in names), *flags, "-q")
    assert (ran.code, ran.out) == (code, "")
    assert bool(ran.err) == (code in (2, 3))


def test_an_unknown_format_is_refused(run: Run) -> None:
    """With the others named."""
    ran = run("diff", "one.json", "two.json", "-o", "html")
    assert ran.code == 2
    assert "--output" in ran.err


def test_runs_are_compared_by_name(run: Run, room: Path) -> None:
    """Directories, beginnings of ids, and latest."""
    (room / "ring.qubo").write_text("p qubo 0 2 2 1\n0 0 -1\n1 1 -1\n0 1 2\n")
    ids = [run("solve", "ring.qubo", "--max-steps", "10", "--out", name, "-o", "json").json["run"] for name in "ab"]
    found = run("diff", "a", "latest", "-o", "json").json
    assert [found[side]["run"] for side in ("before", "after")] == ids
    assert found["changes"]["of"] == "variable"
    assert run("diff", ids[0], ids[1], "--exit-code").code in (0, 9)


def test_without_an_answer_figures_are_told(run: Run) -> None:
    """And that there is none."""
    out = run("diff", "none.json", "one.json").out
    assert out.startswith("They differ\n")
    assert "Note: the first one has no answer" in out
    assert re.search(r"status +infeasible +feasible", out)


def test_every_kind_has_its_page(run: Run, room: Path) -> None:
    """Devices of agents, shares of bitstrings with their distance."""
    agents = [{"agent": "a", "cluster": "c", "devices": {"gpu": [number, 3]}} for number in (0, 1)]
    for name, row_ in zip(("here", "there"), agents, strict=True):
        (room / f"{name}.json").write_text(json.dumps(result("cluster", solution={"assignments": [row_]})))
    out = run("diff", "here.json", "there.json").out
    assert re.search(r"\na +other devices +c +gpu 0\+3 -> gpu 1\+3\n", out)
    for name, counts in (("left", {"00": 3, "11": 1}), ("right", {"00": 1, "11": 3})):
        (room / f"{name}.json").write_text(json.dumps(result("circuit", solution={"counts": counts, "shots": 4})))
    out = run("diff", "left.json", "right.json").out
    assert "Bitstrings: 2 changed; total variation 0.5\n" in out
    assert re.search(r"\n00 +changed +0\.75 -> 0\.25 +-0\.5\n", out)
