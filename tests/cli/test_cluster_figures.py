"""Figures and pictures of clusters on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from support.command_line import Run

SEARCH = ("--backend", "assignment", "--max-steps", "500", "--seed", "1")

PAIRS = """\
kind: cluster
version: 1
name: pairs
agents: [{id: a, cluster: c0}, {id: b, cluster: c1}, {id: c, cluster: c0}, {id: d, cluster: c1}]
clusters: {count: 2, max_size: 3}
links: [{a: a, b: b, weight: 5}, {a: c, b: d, weight: 5}, {a: b, b: c}]
"""

CHANGES = """\
cluster  in  out      cut   inside
c0        1    1  11 -> 1   0 -> 5
c1        1    1  11 -> 1   0 -> 5
all       -    -  11 -> 1  0 -> 10
"""


@pytest.fixture(autouse=True)
def files(room: Path) -> None:
    """Two pairs, each torn."""
    (room / "pairs.yaml").write_text(PAIRS)


def test_the_page_shows_what_changes(run: Run, room: Path) -> None:
    """After the run, of the run that is kept, and of `solve`; without its metrics a run is shown all the same."""
    ran = run("cluster", "pairs.yaml", *SEARCH, "--out", "run")
    assert CHANGES in ran.out
    assert "Cut: 1, before 11" in ran.out
    assert CHANGES in run("runs", "show", "run").out
    assert CHANGES in run("solve", "pairs.yaml", *SEARCH).out
    metrics = room / "run" / "metrics.json"
    for text in ("{", json.dumps(json.loads(metrics.read_text()) | {"run": "another"}), None):
        metrics.unlink()
        if text is not None:
            metrics.write_text(text)
        ran = run("runs", "show", "run")
        assert ran.code == 0
        assert "cluster  in" not in ran.out
        assert "Cut: 1\n" in ran.out


def test_a_picture_beside_the_page(run: Run, room: Path) -> None:
    """`--picture` writes a file that browsers show, and refuses what it can't be."""
    assert run("cluster", "pairs.yaml", *SEARCH, "--picture", "pairs.svg").code == 0
    tree = ElementTree.fromstring((room / "pairs.svg").read_text())
    assert tree.tag == "{http://www.w3.org/2000/svg}svg"
    assert {one.text for one in tree.iter("{http://www.w3.org/2000/svg}text")} >= {"a", "b", "c", "d", "c0", "c1"}
    assert run("cluster", "pairs.yaml", *SEARCH, "--picture", "pairs.png").code == 2
    assert run("cluster", "pairs.yaml", *SEARCH, "--picture", "p.svg", "--metrics", "m.prom").code == 0
    assert "qamctl_clusters_cut" in (room / "m.prom").read_text()
    (room / "folder.svg").mkdir()
    ran = run("cluster", "pairs.yaml", *SEARCH, "--picture", "folder.svg")
    assert (ran.code, "it is a folder" in ran.err) == (2, True)
