"""The importer of parallel machine problems: ids, durations by machine, and clean faults for everything else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.foreign import mutated, read_or_fault
from support.shared import shared_path

from qamctl.errors import SpecError
from qamctl.formats.pmp import read
from qamctl.schedule.read import schedule_from_data

SMALL = "2\n3\n60 53 45\t\n8 8 8\n"

SETUPS = """\
3 2 1 2
0 5 1 6
0 4 1 4
0 1 1 2
SSD
M0
0 3 1
2 0 0
1 0 0
M1
9 3 2
0 9 0
1 0 9
"""


def test_a_job_has_a_mode_for_each_machine() -> None:
    """Job j is J<j>, from 0; where it takes equally long everywhere the machines are a list of agents."""
    data = read(SMALL, name="dir/small.txt")
    assert data["name"] == "small"
    assert data["agents"] == [{"id": "M0"}, {"id": "M1"}, {"id": "M2"}]
    assert data["objective"] == {"makespan": 1}
    assert data["tasks"] == [
        {
            "id": "J0",
            "modes": [
                {"id": "M0", "duration": 60, "agents": ["M0"]},
                {"id": "M1", "duration": 53, "agents": ["M1"]},
                {"id": "M2", "duration": 45, "agents": ["M2"]},
            ],
        },
        {"id": "J1", "duration": 8, "agents": ["M0", "M1", "M2"]},
    ]
    schedule_from_data(data)


def test_the_counts_may_stand_on_one_line() -> None:
    """`jobs machines` on one line, comments and blank lines change nothing."""
    assert read("# a comment\n" + SMALL.replace("2\n3", "2 3\n"), name="x") == read(SMALL, name="x")


def test_setup_times_are_rows_between_families() -> None:
    """Each job is a family; machines that need as long share a row; nothing is set up from a job to itself."""
    data = read(SETUPS, name="x")
    assert [task["setup"] for task in data["tasks"]] == ["J0", "J1", "J2"]
    assert data["tasks"][1] == {"id": "J1", "duration": 4, "agents": ["M0", "M1"], "setup": "J1"}
    assert data["setup"] == {
        "csv": "from,to,time,agents\nJ0,J1,3,M0|M1\nJ0,J2,1,M0\nJ0,J2,2,M1\nJ1,J0,2,M0\nJ2,J0,1,M0|M1\n"
    }
    schedule_from_data(data)


def test_without_any_setup_time_there_are_no_rows() -> None:
    """A table of zeros says nothing, and then jobs have no families."""
    data = read("1 1 1 1\n0 5\nSSD\nM0\n7\n", name="x")
    assert data == read("1 1\n5\n", name="x")
    schedule_from_data(data)


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("", 1, 1, "empty"),
        ("2\n", 1, 1, "the number of machines"),
        ("0 2\n", 1, 1, "0 can't be the number of jobs"),
        ("2\n3 1\n1 1 1\n1 1 1\n", 2, 3, "`1` stands after"),
        ("2 3 1\n1 1 1\n1 1 1\n", 1, 5, "`1` stands after"),
        ("2\n2\n1 1\n", 3, 1, "2 jobs are announced and 1 lines follow"),
        ("1\n2\n1 1\n1 1\n", 4, 1, "1 jobs are announced and 2 lines follow"),
        ("1\n2\n1\n", 3, 1, "the duration of job 0 on machine 1"),
        ("1\n2\n1 2 3\n", 3, 5, "`3` stands after"),
        ("1\n2\n1 -2\n", 3, 3, "`-2` stands where the duration of job 0 on machine 1"),
        ("1\n2\n1 9999999999\n", 3, 3, "9999999999 can't be the duration"),
        (SETUPS.replace("0 4 1 4", "1 4 1 4"), 3, 1, "1 can't be the number of machine 0, before the duration of"),
        (SETUPS.replace("SSD", "SSD SSD"), 5, 5, "`SSD` stands where `M0` should"),
        (SETUPS.replace("M1", "M2"), 10, 1, "`M2` stands where `M1` should"),
        (SETUPS.removesuffix("1 0 9\n"), 13, 1, "the setup time from job 2 to job 0 on machine 1"),
        (SETUPS[: SETUPS.index("M1")], 10, 1, "the text ends where `M1` should stand"),
        (SETUPS + "7", 14, 1, "`7` stands after"),
        ("1\n1000000000\n1\n", 3, 1, "the duration of job 0 on machine 1"),
    ],
)
def test_a_fault_is_told_with_its_place(text: str, line: int, column: int, words: str) -> None:
    """A text of another form is refused with file, line and column."""
    with pytest.raises(SpecError) as caught:
        read(text, name="bad.txt")
    (found,) = caught.value.diagnostics
    assert found.location is not None
    assert (found.location.file, found.location.line, found.location.column) == ("bad.txt", line, column)
    assert words in found.message
    assert caught.value.message.startswith("bad.txt can't be read as a parallel machine problem: ")


@pytest.mark.parametrize(("file", "jobs", "machines"), [("1", 100, 10), ("639", 100, 40)])
def test_published_instances_are_read_whole(file: str, jobs: int, machines: int) -> None:
    """A published instance gives the duration of every job on every machine."""
    path = shared_path(f"instances/schedule/parallel-machines/{file}.txt")
    data = read(path.read_text(), name=path.name)
    assert (len(data["tasks"]), len(data["agents"])) == (jobs, machines)
    durations = [mode["duration"] for task in data["tasks"] for mode in task["modes"]]
    assert durations == [int(word) for word in path.read_text().split()[2:]]


@settings(deadline=None)
@given(st.data())
def test_a_damaged_file_gives_a_problem_or_a_fault(data: st.DataObject) -> None:
    """Whatever happens to a file, it is read as a valid problem or refused with a place in it."""
    found = read_or_fault("pmp", mutated(data, data.draw(st.sampled_from([SMALL, SETUPS]))))
    assert found is None or found["kind"] == "schedule"
