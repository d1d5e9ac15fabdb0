"""The importer of multi-mode projects: as the project importer reads their tables, and nothing but tables."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.foreign import mutated, read_or_fault
from support.shared import shared_path

from qamctl.errors import SpecError
from qamctl.formats.mmlib import read
from qamctl.formats.rcpsp import read as read_project
from qamctl.schedule.read import schedule_from_data

STARS = "*" * 72
# Two jobs between source and sink, spaced and tabbed as the published files are.
SMALL = f"""\
jobs  (incl. supersource/sink ):\t4
RESOURCES
- renewable                 : 1 R
- nonrenewable              : 2 N
- doubly constrained        : 0 D
{STARS}
PRECEDENCE RELATIONS:
jobnr.    #modes  #successors   successors
1\t1\t2\t\t2 3 \n2\t2\t1\t\t3 \n3\t3\t1\t\t4 \n4\t1\t0\t\t
{STARS}
REQUESTS/DURATIONS:
jobnr.\tmode\tdur\tR1\tN1\tN2
------------------------------------------------------------------------
1\t1\t0\t0\t0\t0\t
2\t1\t3\t6\t0\t4\t
\t2\t9\t0\t5\t0\t
3\t1\t1\t2\t8\t1\t
\t2\t1\t7\t0\t0\t
\t3\t5\t2\t0\t0\t
4\t1\t0\t0\t0\t0\t
{STARS}

 RESOURCE AVAILABILITIES \n\tR 1\tN 1\tN 2
\t9\t12\t5

{STARS}
"""


def test_modes_and_both_sorts_of_resources() -> None:
    """Jobs and modes keep their numbers, source and sink go, what is used up is consumable."""
    data = read(SMALL, name="dir/J2.mm")
    assert data["name"] == "J2"
    assert data["objective"] == {"makespan": 1}
    assert data["resources"] == [
        {"id": "R1", "capacity": 9},
        {"id": "N1", "kind": "consumable", "capacity": 12},
        {"id": "N2", "kind": "consumable", "capacity": 5},
    ]
    assert data["tasks"] == [
        {
            "id": "T2",
            "modes": [
                {"id": "m1", "duration": 3, "demand": {"R1": 6, "N2": 4}},
                {"id": "m2", "duration": 9, "demand": {"N1": 5}},
            ],
        },
        {
            "id": "T3",
            "modes": [
                {"id": "m1", "duration": 1, "demand": {"R1": 2, "N1": 8, "N2": 1}},
                {"id": "m2", "duration": 1, "demand": {"R1": 7}},
                {"id": "m3", "duration": 5, "demand": {"R1": 2}},
            ],
            "after": ["T2"],
        },
    ]
    schedule_from_data(data)


def test_the_project_importer_says_the_same() -> None:
    """`rcpsp` tells the form from the content, and reads it alike."""
    assert read(SMALL, name="x") == read_project(SMALL, name="x")


def test_a_patterson_file_is_sent_to_its_importer() -> None:
    """A project without tables is refused with the importer that reads it."""
    with pytest.raises(SpecError, match=r"p\.rcp can't be read as an MMLIB project: no line says") as caught:
        read("1 0  5 0", name="p.rcp")
    (found,) = caught.value.diagnostics
    assert found.hint == "`qamctl import rcpsp` reads Patterson files"


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "words"),
    [
        ("sink ):\t4", "sink ):\t5", 12, 1, "the number of job 5"),
        ("2\t2\t1\t\t3", "2\t2\t1\t\t9", 10, 8, "9 can't be a successor of activity 2"),
        ("\t2\t9\t0\t5\t0\t\n", "", 19, 1, "3 can't be the number of mode 2 of job 2"),
        ("\t2\t9\t0\t5\t0", "\t2\t9\t0\t-5\t0", 19, 8, "`-5` stands where the request of job 2 for N1"),
        ("\t9\t12\t5", "\t9\t12", 29, 1, "the capacity of N2"),
        ("\t9\t12\t5", "\t9\t12\t5\t1", 28, 9, "`1` stands after"),
        ("\tR1\tN1\tN2", "\tR1\tN1\tN1", 15, 1, "a resource stands twice"),
    ],
)
def test_a_fault_is_told_with_its_place(old: str, new: str, line: int, column: int, words: str) -> None:
    """Every table is checked against the counts that announce it."""
    assert SMALL.count(old) == 1
    with pytest.raises(SpecError) as caught:
        read(SMALL.replace(old, new), name="bad.mm")
    (found,) = caught.value.diagnostics
    assert words in found.message
    assert found.location is not None
    assert (found.location.file, found.location.line, found.location.column) == ("bad.mm", line, column)


@pytest.mark.parametrize(("file", "tasks"), [("J50100_1", 50), ("J10068_1", 100)])
def test_published_instances_are_read_whole(file: str, tasks: int) -> None:
    """A published instance gives its real jobs from T2 on, each in three modes, and two resources of each sort."""
    path = shared_path(f"instances/schedule/multimode-rcpsp/{file}.txt")
    data = read(path.read_text(), name=path.name)
    assert [task["id"] for task in data["tasks"]] == [f"T{k}" for k in range(2, tasks + 2)]
    assert {len(task["modes"]) for task in data["tasks"]} == {3}
    assert [(row["id"], row.get("kind")) for row in data["resources"]] == [
        ("R1", None), ("R2", None), ("N1", "consumable"), ("N2", "consumable"),
    ]  # fmt: skip


@settings(deadline=None)
@given(st.data())
def test_a_damaged_file_gives_a_problem_or_a_fault(data: st.DataObject) -> None:
    """Whatever happens to a file, it is read as a valid problem or refused with a place in it."""
    found = read_or_fault("mmlib", mutated(data, SMALL))
    assert found is None or found["kind"] == "schedule"
