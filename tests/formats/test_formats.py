"""The table of formats, and what all importers share."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.shared import ROOT

from qamctl.errors import UsageError
from qamctl.formats import FORMATS, read
from qamctl.formats.faults import find_cycle, problem_name, shown
from qamctl.formats.remarks import Remarks

GRAPHS = st.integers(1, 8).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, n - 1), max_size=3), min_size=n, max_size=n)
)


def test_every_format_has_a_module_with_read() -> None:
    """Each name of the table leads to a module that reads it."""
    for format in FORMATS.values():
        assert callable(import_module(format.module).read)
        assert format.what


def test_every_format_is_documented() -> None:
    """Each name of the table has a row in the docs of schedules or of clusters."""
    pages = "".join((ROOT / "docs" / f"{page}.md").read_text() for page in ("import", "cluster"))
    assert [format for format in FORMATS if f"\n| `qamctl import {format} " not in pages] == []


def test_a_format_is_read_by_its_name() -> None:
    """The table's `read` hands the text to the format's module."""
    assert read("jobshop", "1 1\n0 5\n", name="x.txt")["tasks"] == [{"id": "J0.0", "duration": 5, "agents": ["M0"]}]
    assert read("rcpsp", "1 0  5 0", name="x.rcp")["tasks"] == [{"id": "T1", "duration": 5}]


def test_an_unknown_format_is_refused_with_the_nearest() -> None:
    """A misspelt format gets a suggestion, another one the list."""
    with pytest.raises(UsageError, match="did you mean `rcpsp`"):
        read("rcps", "", name="x")
    with pytest.raises(UsageError, match="the formats are jobshop, fjsp, pmp, rcpsp, mmlib, wfcommons, roadef"):
        read("doc", "", name="x")


@pytest.mark.parametrize(("option", "whose"), [("agents", "wfcommons"), ("clusters", "metis"), ("tolerance", "metis")])
def test_options_go_with_their_format_only(option: str, whose: str) -> None:
    """A number of agents makes no sense for a file that has its own machines, and so on."""
    options: dict[str, Any] = {option: 4}
    with pytest.raises(UsageError, match=f"--{option} goes with {whose} only"):
        read("jobshop", "1 1\n0 5\n", name="x", **options)


@pytest.mark.parametrize(
    ("format", "more", "words"),
    [
        ("jobshop", 1, "takes one file, and 2 came"),
        ("roadef", 0, "takes 2 files: MODEL ASSIGNMENT, and 1 came"),
        ("alibaba-gpu", 2, "takes 2 files: NODES PODS, and 3 came"),
    ],
)
def test_a_format_has_its_number_of_files(format: str, more: int, words: str) -> None:
    """What two files say together is not made of one or three."""
    with pytest.raises(UsageError, match=words):
        read(format, "", name="x", more=[("y", "")] * more)


def test_remarks_need_not_be_asked_for() -> None:
    """What a format has to tell is told to whoever wants to hear it."""
    sized = "1 0 100\n7\n"
    remarks = Remarks()
    assert read("metis", sized, name="x", clusters=1) == read("metis", sized, name="x", clusters=1, remarks=remarks)
    assert len(remarks.warnings) == 1


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("ft06.txt", "ft06"),
        ("a/b/j30_1_1.rcp", "j30_1_1"),
        ("C:\\data\\la01.txt", "la01"),
        ("-", "imported"),
        ("<stdin>", "imported"),
        ("", "imported"),
        ("\x1b[2J.txt", "[2J"),
    ],
)
def test_a_problem_is_named_by_the_file(file: str, name: str) -> None:
    """The stem of the file's name, printable; `imported` where there is none."""
    assert problem_name(file) == name


def test_a_piece_of_a_file_is_shown_short_and_harmless() -> None:
    """Control characters are masked, long pieces cut."""
    assert shown("a\x1b[0m\n") == "`a?[0m?`"
    assert shown("x" * 50) == "`" + "x" * 40 + "...`"


@settings(deadline=None)
@given(GRAPHS)
def test_a_cycle_is_found_exactly_where_there_is_one(successors: list[list[int]]) -> None:
    """The nodes that are found follow each other in a ring; else removing sources empties the graph."""
    cycle = find_cycle(successors)
    for node, following in zip(cycle, [*cycle[1:], *cycle[:1]], strict=True):
        assert following in successors[node]
    if not cycle:
        left = set(range(len(successors)))
        while left:
            sources = left - {j for i in left for j in successors[i]}
            assert sources
            left -= sources
