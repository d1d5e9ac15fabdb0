"""The job shop importer: ids, machines, order of operations, and clean faults for everything else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.foreign import mutated, read_or_fault
from support.shared import shared_path

from qamctl.errors import SpecError
from qamctl.formats.jobshop import read
from qamctl.schedule.read import schedule_from_data

SMALL = "# two jobs\n2 3\n 0 4  1 2  2 7\n\n 2 1  0 3  1 0\n"


def test_operations_become_a_chain_of_tasks_on_their_machines() -> None:
    """Operation k of job j is J<j>.<k>, may be done by its machine only, and follows the one before."""
    data = read(SMALL, name="dir/small.txt")
    assert data["name"] == "small"
    assert data["agents"] == [{"id": "M0"}, {"id": "M1"}, {"id": "M2"}]
    assert data["objective"] == {"makespan": 1}
    assert data["tasks"] == [
        {"id": "J0.0", "duration": 4, "agents": ["M0"]},
        {"id": "J0.1", "duration": 2, "agents": ["M1"], "after": ["J0.0"]},
        {"id": "J0.2", "duration": 7, "agents": ["M2"], "after": ["J0.1"]},
        {"id": "J1.0", "duration": 1, "agents": ["M2"]},
        {"id": "J1.1", "duration": 3, "agents": ["M0"], "after": ["J1.0"]},
        {"id": "J1.2", "duration": 0, "agents": ["M1"], "after": ["J1.1"]},
    ]


def test_a_machine_takes_one_operation_at_once() -> None:
    """The agents of a job shop have one slot each."""
    assert schedule_from_data(read(SMALL, name="small.txt")).agents.slots.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("", 1, 1, "empty"),
        ("# only a comment\n", 1, 1, "empty"),
        ("2\n", 1, 1, "the number of machines"),
        ("2 2 9\n", 1, 5, "`9` stands after"),
        ("0 2\n", 1, 1, "0 can't be the number of jobs"),
        ("2 2\n0 1 1 1\n", 2, 1, "2 jobs are announced and 1 lines"),
        ("1 2\n0 1 1 1\n0 1 1 1\n", 3, 1, "1 jobs are announced and 2 lines"),
        ("1 2\n0 1 2 1\n", 2, 5, "2 can't be the machine of operation 1 of job 0, which is from 0 to 1"),
        ("1 2\n0 1 1\n", 2, 1, "the duration of operation 1 of job 0"),
        ("1 2\n0 1 1 1 0\n", 2, 9, "`0` stands after"),
        ("1 2\n0 -1 1 1\n", 2, 3, "`-1` stands where the duration"),
        ("1 2\n0 1.5 1 1\n", 2, 3, "`1.5` stands where"),
        ("1 2\n0 9999999999 1 1\n", 2, 3, "9999999999 can't be the duration"),
        ("1 2\n0 \u0664 1 1\n", 2, 3, "stands where the duration"),
        ("1 2\n0 \x00\x1b[2J 1 1\n", 2, 3, "`??[2J` stands"),
        ("1 1000000000\n0 1\n", 2, 1, "the machine of operation 1 of job 0"),
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
    assert caught.value.message.startswith("bad.txt can't be read as a job shop: ")


def test_a_byte_order_mark_and_windows_line_ends_are_fine() -> None:
    """What an editor adds to a text file changes nothing."""
    assert read("\ufeff" + SMALL.replace("\n", "\r\n"), name="small.txt") == read(SMALL, name="small.txt")


@pytest.mark.parametrize(("file", "jobs", "machines"), [("ft06", 6, 6), ("la16", 10, 10), ("abz7", 20, 15)])
def test_published_instances_are_read_whole(file: str, jobs: int, machines: int) -> None:
    """A published instance gives as many operations as its first line says, and a valid problem."""
    path = shared_path(f"instances/schedule/jobshop/{file}.txt")
    data = read(path.read_text(), name=path.name)
    assert len(data["tasks"]) == jobs * machines
    numbers = [int(word) for word in path.read_text().split()[2:]]
    assert [task["duration"] for task in data["tasks"]] == numbers[1::2]
    assert [task["agents"] for task in data["tasks"]] == [[f"M{m}"] for m in numbers[0::2]]
    schedule_from_data(data)


@settings(deadline=None)
@given(st.data())
def test_a_damaged_file_gives_a_problem_or_a_fault(data: st.DataObject) -> None:
    """Whatever happens to a file, it is read as a valid problem or refused with a place in it."""
    found = read_or_fault("jobshop", mutated(data, SMALL))
    assert found is None or found["kind"] == "schedule"
