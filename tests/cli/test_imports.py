"""`qamctl import` for formats of several files, with options, and with something to tell."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from support.command_line import Run
from support.kubernetes import listed, node, pod

from qamctl.cluster.read import load_cluster
from qamctl.formats import FORMATS

GRAPH = "3 2 100\n7 2\n7 1 3\n7 2\n"
MODEL = "1 0 1  2 0 0 5 5 0 1  0 1 5 5 1 0  1 1 0  1 0 2 3  0  1 1 1\n"


def test_the_help_names_every_format(run: Run) -> None:
    """Whoever asks for help sees what can be read."""
    words = run("import", "--help").out.replace(",", " ").replace(";", " ").split()
    assert [format for format in FORMATS if format not in words] == []


def test_two_files_make_one_problem(run: Run, room: Path) -> None:
    """A model and its assignment go to standard output, a file, or a folder under the model's name."""
    (room / "model.txt").write_text(MODEL)
    (room / "assignment.txt").write_text("1\n")
    ran = run("import", "roadef", "model.txt", "assignment.txt")
    assert (ran.code, ran.err) == (0, "")
    assert run("import", "roadef", "model.txt", "assignment.txt", "--file", "one.yaml").code == 0
    (room / "specs").mkdir()
    assert run("import", "roadef", "model.txt", "assignment.txt", "--file", "specs").code == 0
    assert ran.out == (room / "one.yaml").read_text() == (room / "specs" / "model.yaml").read_text()
    assert load_cluster(room / "one.yaml").agents.current.tolist() == [1]
    assert "  pairs:\n    csv: |\n      from,to,cost\n      M0,M1,1\n" in ran.out


def test_a_file_too_few_is_told(run: Run, room: Path) -> None:
    """Which files there should be, in their order; a fault of the second one has its name."""
    (room / "model.txt").write_text(MODEL)
    (room / "assignment.txt").write_text("2\n")
    ran = run("import", "roadef", "model.txt")
    assert ran.code == 2
    assert "roadef takes 2 files: MODEL ASSIGNMENT, and 1 came" in ran.err
    ran = run("import", "roadef", "model.txt", "assignment.txt")
    assert ran.code == 3
    assert "assignment.txt:1:1: 2 can't be the machine of process 0" in ran.err


def test_options_of_a_graph(run: Run, room: Path) -> None:
    """The number of clusters and their tolerance reach the spec, and what is lost is told beside it."""
    (room / "g.graph").write_text(GRAPH)
    ran = run("import", "metis", "g.graph", "--clusters", "3", "--tolerance", "2.5")
    assert ran.code == 0
    assert "clusters: {count: 3}\nbalance: 2.5\n" in ran.out
    assert ran.err == (
        "warning: g.graph: the sizes of the nodes are left out: they weigh messages, which no term counts\n"
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--clusters", "0"], "--clusters must be a whole number"),
        (["--clusters", "4"], "--clusters 4 is more than the graph has nodes, 3"),
        (["--tolerance", "-1"], "--tolerance must be a number"),
        (["--tolerance", "1e3"], "--tolerance must be a number"),
        (["--tolerance", "0.1234567"], "at most six decimals"),
        (["--agents", "3"], "--agents goes with wfcommons only"),
    ],
)
def test_options_that_make_no_sense(run: Run, room: Path, options: list[str], words: str) -> None:
    """They are told as a fault of the call."""
    (room / "g.graph").write_text(GRAPH)
    ran = run("import", "metis", "g.graph", *options)
    assert ran.code == 2
    assert words in ran.err


def test_what_kubectl_prints_comes_through_a_pipe(run: Run, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input, units in the head of the spec, warnings on standard error; files of one cluster are one."""
    objects = [node("a", taints=["k=v:PreferNoSchedule"]), pod("p", "a")]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(listed(objects).encode())))
    ran = run("import", "kubernetes", "-")
    assert ran.code == 0
    assert ran.out.startswith(
        "# yaml-language-server: $schema=cluster.schema.json\n# cpu in cores\n# memory in MiB\nkind: cluster\n"
    )
    assert ran.err.startswith("warning: stdin: spec.taints of a: ")
    (room / "nodes.json").write_text(listed(objects[:1]))
    (room / "pods.json").write_text(listed(objects[1:]))
    both = run("import", "kubernetes", "nodes.json", "pods.json")
    assert both.out == ran.out.replace("name: stdin", "name: nodes")
