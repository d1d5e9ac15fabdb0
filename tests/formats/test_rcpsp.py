"""The project importer: Patterson, PSPLIB single- and multi-mode, MMLIB; dummies, wrapped lines, faults."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.foreign import mutated, read_or_fault
from support.shared import shared_path

from qamctl.errors import SpecError
from qamctl.formats.rcpsp import read
from qamctl.schedule.read import schedule_from_data

# Five activities with source and sink; the successors of the source are wrapped onto a second line.
RCP = """\
5  2
4  7
0  0 0  3  2
   3 4
3  2 0  1  4
5  0 7  1  5
2  4 1  1  5
0  0 0  0
"""

STARS = "*" * 72
SM = f"""\
{STARS}
file with basedata            : small.bas
initial value random generator: 28123
{STARS}
projects                      :  1
jobs (incl. supersource/sink ):  5
horizon                       :  10
RESOURCES
  - renewable                 :  2   R
  - nonrenewable              :  0   N
  - doubly constrained        :  0   D
{STARS}
PROJECT INFORMATION:
pronr.  #jobs rel.date duedate tardcost  MPM-Time
    1      3      0       8        2        8
{STARS}
PRECEDENCE RELATIONS:
jobnr.    #modes  #successors   successors
   1        1          3           2   3   4
   2        1          1           4
   3        1          1           5
   4        1          1           5
   5        1          0
{STARS}
REQUESTS/DURATIONS:
jobnr. mode duration  R 1  R 2
------------------------------------------------------------------------
  1      1     0       0    0
  2      1     3       2    0
  3      1     5       0    7
  4      1     2       4    1
  5      1     0       0    0
{STARS}
RESOURCEAVAILABILITIES:
  R 1  R 2
    4    7
{STARS}
"""

MM = f"""\
jobs (incl. supersource/sink ):  4
RESOURCES
  - renewable                 :  1   R
  - nonrenewable              :  1   N
  - doubly constrained        :  0   D
{STARS}
PRECEDENCE RELATIONS:
jobnr.    #modes  #successors   successors
   1        1          1           2
   2        2          1           3
   3        3          1           4
   4        1          0
{STARS}
REQUESTS/DURATIONS:
jobnr. mode duration  R 1  N 1
------------------------------------------------------------------------
  1      1     0       0    0
  2      1     3       6    0
         2     9       0    5
  3      1     1       2    8
         2     1       7    0
         3     5       2    0
  4      1     0       0    0
{STARS}
RESOURCEAVAILABILITIES:
  R 1  N 1
    9   12
{STARS}
"""

SMALL_TASKS = [
    {"id": "T2", "duration": 3, "demand": {"R1": 2}},
    {"id": "T3", "duration": 5, "demand": {"R2": 7}},
    {"id": "T4", "duration": 2, "demand": {"R1": 4, "R2": 1}, "after": ["T2"]},
]


def test_a_patterson_project_is_read_as_one_stream_of_numbers() -> None:
    """Activities keep their numbers, source and sink are dropped, and wrapped lines are joined."""
    data = read(RCP, name="p.rcp")
    assert data["resources"] == [{"id": "R1", "capacity": 4}, {"id": "R2", "capacity": 7}]
    assert data["tasks"] == SMALL_TASKS
    schedule_from_data(data)


def test_a_single_mode_psplib_project_says_the_same() -> None:
    """The same project in both forms gives the same problem."""
    assert read(SM, name="p.sm") == read(RCP, name="p.rcp")


def test_headings_may_be_spaced_as_mmlib_does() -> None:
    """A heading of two words, empty lines around column titles and tabs between numbers change nothing."""
    spaced = SM.replace("RESOURCEAVAILABILITIES:\n", "\n RESOURCE AVAILABILITIES \n\n").replace("  4      1", "4\t1")
    assert spaced != SM
    assert read(spaced, name="p.sm") == read(SM, name="p.sm")


def test_a_multi_mode_project_has_modes_and_consumables() -> None:
    """Modes are m1, m2...; nonrenewable resources are consumable; only what is used is demanded."""
    data = read(MM, name="p.mm")
    assert data["resources"] == [{"id": "R1", "capacity": 9}, {"id": "N1", "kind": "consumable", "capacity": 12}]
    assert data["tasks"] == [
        {
            "id": "T2",
            "modes": [
                {"id": "m1", "duration": 3, "demand": {"R1": 6}},
                {"id": "m2", "duration": 9, "demand": {"N1": 5}},
            ],
        },
        {
            "id": "T3",
            "modes": [
                {"id": "m1", "duration": 1, "demand": {"R1": 2, "N1": 8}},
                {"id": "m2", "duration": 1, "demand": {"R1": 7}},
                {"id": "m3", "duration": 5, "demand": {"R1": 2}},
            ],
            "after": ["T2"],
        },
    ]
    schedule_from_data(data)


def test_a_milestone_inside_a_project_stays() -> None:
    """Only source and sink are dummies: an inner activity of no duration keeps the precedence through it."""
    data = read("4 0  2 1 2  0 1 3  3 1 4  2 0", name="p.rcp")
    assert data["tasks"] == [
        {"id": "T1", "duration": 2},
        {"id": "T2", "duration": 0, "after": ["T1"]},
        {"id": "T3", "duration": 3, "after": ["T2"]},
        {"id": "T4", "duration": 2, "after": ["T3"]},
    ]


def test_a_first_activity_that_takes_a_resource_is_real() -> None:
    """An activity of no duration that demands a resource is no source."""
    data = read("2 1 5  0 2 1 2  4 1 0", name="p")
    assert [task["id"] for task in data["tasks"]] == ["T1", "T2"]


def test_a_project_of_dummies_is_a_valid_empty_problem() -> None:
    """Nothing but source and sink leaves nothing to do."""
    data = read("2 0  0 1 2  0 0", name="p.rcp")
    assert data["tasks"] == []
    schedule_from_data(data)


def test_a_successor_that_stands_twice_counts_once() -> None:
    """A doubled precedence says no more than a single one."""
    assert read("2 0  1 2 2 2  1 0", name="p")["tasks"][1]["after"] == ["T1"]


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", (1, 1), "the number of activities"),
        ("0 0", (1, 1), "0 can't be the number of activities"),
        ("2 1 5\n1 1 1 2", (2, 1), "the duration of activity 2"),
        ("2 1 5\n1 1 1 3\n1 0 0", (2, 7), "3 can't be a successor of activity 1"),
        ("2 1 5\n1 1 1 2\n1 0 0 8", (3, 7), "`8` stands after"),
        ("2 1 x", (1, 5), "`x` stands where the capacity of resource 1"),
        ("2 0\n1 1 2\n1 1 1", (2, 1), "1 -> 2 -> 1 wait for each other"),
        ("1 0\n1 1 1", (2, 1), "1 -> 1 wait for each other"),
        ("1000000000 1000000000 1", (1, 1), "the capacity of resource 2"),
        ("2 0\n1 1000000000 2", (2, 1), "a successor of activity 1"),
    ],
)
def test_a_fault_in_a_patterson_file_is_told_with_its_place(text: str, place: tuple[int, int], words: str) -> None:
    """A text of another form is refused with line and column."""
    assert words in fault_of(text, place)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("jobs (incl. supersource/sink ):  5", "jobs: many", "no line says"),
        ("jobs (incl. supersource/sink ):  5", "jobs (incl. supersource/sink ):  6", "the number of job 6"),
        (
            "jobs (incl. supersource/sink ):  5",
            "jobs (incl. supersource/sink ):  4",
            "a successor of activity 3",
        ),
        ("REQUESTS/DURATIONS:", "WISHES:", "the table of requests is missing"),
        ("RESOURCEAVAILABILITIES:", "AVAILABLE:", "the table of availabilities is missing"),
        (
            "   2        1          1           4\n",
            "   3        1          1           4\n",
            "the number of job 2",
        ),
        ("  3      1     5       0    7", "  3      2     5       0    7", "can't be the number of mode 1 of job 3"),
        ("  3      1     5       0    7", "  3      1     5       0", "1 can't be the number of job 4"),
        ("  3      1     5       0    7", "  3      1     5       0    7.5", "`7.5` stands where the request of job 3"),
        ("duration  R 1  R 2", "duration  R 1  R 1", "stands twice"),
        ("duration  R 1  R 2", "duration  R 1  D 2", "doubly constrained"),
        ("  R 1  R 2\n    4    7", "  R 2  R 1\n    4    7", "the capacities are those of"),
        ("    4    7\n", "    4\n", "the capacity of R2"),
        ("   4        1          1           5", "   4        1          1           2", "wait for each other"),
    ],
)
def test_a_fault_in_a_psplib_file_is_told_with_its_place(old: str, new: str, words: str) -> None:
    """Every table of the form is checked against the counts that announce it."""
    assert old in SM
    with pytest.raises(SpecError) as caught:
        read(SM.replace(old, new), name="p.sm")
    (found,) = caught.value.diagnostics
    assert words in found.message
    assert found.location is not None
    assert found.location.line is not None
    assert found.location.column is not None


def fault_of(text: str, place: tuple[int, int]) -> str:
    with pytest.raises(SpecError) as caught:
        read(text, name="p")
    (found,) = caught.value.diagnostics
    assert found.location is not None
    assert (found.location.line, found.location.column) == place
    return found.message


@pytest.mark.parametrize(
    ("file", "tasks", "resources"),
    [("rcpsp/j30/j30_1_1.rcp", 30, 4), ("rcpsp/j120/j120_1_1.rcp", 120, 4), ("multimode-rcpsp/J10019_1.txt", 100, 4)],
)
def test_published_instances_are_read_whole(file: str, tasks: int, resources: int) -> None:
    """A published instance gives its real activities, from T2 on, and a valid problem."""
    path = shared_path(f"instances/schedule/{file}")
    data = read(path.read_text(), name=path.name)
    assert [task["id"] for task in data["tasks"]] == [f"T{k}" for k in range(2, tasks + 2)]
    assert len(data["resources"]) == resources
    schedule_from_data(data)


@settings(deadline=None)
@given(st.data())
def test_a_damaged_file_gives_a_problem_or_a_fault(data: st.DataObject) -> None:
    """Whatever happens to a file, it is read as a valid problem or refused with a place in it."""
    found = read_or_fault("rcpsp", mutated(data, data.draw(st.sampled_from([RCP, SM, MM]))))
    assert found is None or found["kind"] == "schedule"
