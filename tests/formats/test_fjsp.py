"""The flexible job shop importer: both forms, ids, machines that differ, and clean faults for everything else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.foreign import mutated, read_or_fault
from support.shared import shared_path

from qamctl.errors import SpecError
from qamctl.formats.fjsp import read
from qamctl.schedule.read import schedule_from_data

# Two jobs on three machines: an operation on one machine, two that take different times, one that takes the same.
PAIRS = "# two jobs\n2 3 1.75\n 2  1 2 4  2 1 5 3 6\n\n 1  2 3 7 1 7\n"
TABLE = "2\n3\n2 1\n0 4 0\n5 0 6\n7 0 7\n"

TASKS = [
    {"id": "J0.0", "duration": 4, "agents": ["M1"]},
    {
        "id": "J0.1",
        "modes": [{"id": "M0", "duration": 5, "agents": ["M0"]}, {"id": "M2", "duration": 6, "agents": ["M2"]}],
        "after": ["J0.0"],
    },
]


def test_operations_have_the_machines_that_can_do_them() -> None:
    """Equal durations make a list of agents, different ones a mode for each machine; all count from 0."""
    data = read(PAIRS, name="dir/small.fjs")
    assert data["name"] == "small"
    assert data["agents"] == [{"id": "M0"}, {"id": "M1"}, {"id": "M2"}]
    assert data["objective"] == {"makespan": 1}
    assert data["tasks"] == [*TASKS, {"id": "J1.0", "duration": 7, "agents": ["M2", "M0"]}]
    schedule_from_data(data)


def test_a_table_says_the_same() -> None:
    """A row of durations for each operation gives the same problem; machines then come in their order."""
    data = read(TABLE, name="dir/small.txt")
    assert data["tasks"] == [*TASKS, {"id": "J1.0", "duration": 7, "agents": ["M0", "M2"]}]
    assert data | {"tasks": []} == read(PAIRS, name="small") | {"tasks": []}
    schedule_from_data(data)


@pytest.mark.parametrize("mean", ["", " 2", " 1.75", " 2."])
def test_the_mean_may_stand_in_the_head(mean: str) -> None:
    """The mean number of machines of an operation changes nothing."""
    assert read(PAIRS.replace(" 1.75", mean), name="x") == read(PAIRS, name="x")


def test_a_byte_order_mark_and_windows_line_ends_are_fine() -> None:
    """What an editor adds to a text file changes nothing."""
    for text in (PAIRS, TABLE):
        assert read("\ufeff" + text.replace("\n", "\r\n"), name="x") == read(text, name="x")


def test_an_operation_may_take_no_time() -> None:
    """A duration of 0 is one in pairs, where machines that can't do it are simply not there."""
    assert read("1 2\n1 2 1 0 2 0\n", name="x")["tasks"] == [{"id": "J0.0", "duration": 0, "agents": ["M0", "M1"]}]


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("", 1, 1, "empty"),
        ("# only a comment\n", 1, 1, "empty"),
        ("0 2\n", 1, 1, "0 can't be the number of jobs"),
        ("1 100001\n1 1 1 5\n", 1, 3, "100001 can't be the number of machines"),
        ("1 2 x\n1 1 1 5\n", 1, 5, "`x` stands after"),
        ("1 2 3 4\n1 1 1 5\n", 1, 5, "`3` stands after"),
        ("2 2\n1 1 1 5\n", 2, 1, "2 jobs are announced and 1 lines follow"),
        ("1 2\n1 1 1 5\n1 1 1 5\n", 3, 1, "1 jobs are announced and 2 lines follow"),
        ("1 2\n0\n", 2, 1, "0 can't be the number of operations of job 0"),
        ("1 2\n1 0\n", 2, 3, "0 can't be the number of machines that can do operation 0 of job 0"),
        ("1 2\n1 3 1 1 2 1 3 1\n", 2, 3, "3 can't be the number of machines that can do operation 0"),
        ("1 2\n1 1 0 5\n", 2, 5, "0 can't be a machine of operation 0 of job 0, which is from 1 to 2"),
        ("1 2\n1 1 3 5\n", 2, 5, "3 can't be a machine of operation 0 of job 0"),
        ("1 2\n1 2 1 5 1 6\n", 2, 9, "machine 1 stands twice among those of operation 0 of job 0"),
        ("1 2\n2 1 1 5 1 2\n", 2, 1, "the duration of operation 1 of job 0 on machine 2"),
        ("1 2\n1 1 1 5 9\n", 2, 9, "`9` stands after"),
        ("1 2\n1 1 1 -5\n", 2, 7, "`-5` stands where the duration"),
        ("1 2\n1 1 1 5.5\n", 2, 7, "`5.5` stands where"),
        ("2\n", 1, 1, "the text ends before the first operation"),
        ("2\n3\n", 2, 1, "the text ends before the first operation"),
        ("2\n3 1\n1 1\n", 2, 3, "`1` stands after"),
        ("2\n3\n1\n1 1 1\n", 3, 1, "the number of operations of job 1"),
        ("2\n2\n1 1\n1 1\n", 4, 1, "2 operations are announced and 1 lines follow"),
        ("1\n2\n1\n1 1\n1 1\n", 5, 1, "1 operations are announced and 2 lines follow"),
        ("1\n2\n1\n1\n", 4, 1, "the duration of operation 0 of job 0 on machine 1"),
        ("1\n2\n1\n1 2 3\n", 4, 5, "`3` stands after"),
        ("1\n2\n1\n0 0\n", 4, 1, "no machine can do operation 0 of job 0"),
        ("1000000000\n1\n1\n", 3, 1, "the number of operations of job 1"),
    ],
)
def test_a_fault_is_told_with_its_place(text: str, line: int, column: int, words: str) -> None:
    """A text of another form is refused with file, line and column."""
    with pytest.raises(SpecError) as caught:
        read(text, name="bad.fjs")
    (found,) = caught.value.diagnostics
    assert found.location is not None
    assert (found.location.file, found.location.line, found.location.column) == ("bad.fjs", line, column)
    assert words in found.message
    assert caught.value.message.startswith("bad.fjs can't be read as a flexible job shop: ")


@pytest.mark.parametrize(("file", "jobs", "machines", "operations"), [("mk01", 10, 6, 55), ("mk07", 20, 5, 100)])
def test_published_instances_are_read_whole(file: str, jobs: int, machines: int, operations: int) -> None:
    """A published instance gives every machine, duration and operation that its numbers say."""
    path = shared_path(f"instances/schedule/flexible-jobshop/{file}.txt")
    data = read(path.read_text(), name=path.name)
    assert len(data["agents"]) == machines
    assert len(data["tasks"]) == operations
    assert sum("after" not in task for task in data["tasks"]) == jobs
    numbers = iter(path.read_text().split()[3:])
    for task in data["tasks"]:
        if "after" not in task:
            next(numbers)  # the number of operations
        pairs = [(int(next(numbers)) - 1, int(next(numbers))) for _ in range(int(next(numbers)))]
        assert ways(task) == pairs
    assert next(numbers, None) is None


def ways(task: dict) -> list[tuple[int, int]]:  # type: ignore[type-arg]
    """The machines of an imported task, each with its duration."""
    modes = task.get("modes", [task])
    return [(int(agent[1:]), mode["duration"]) for mode in modes for agent in mode["agents"]]


@settings(deadline=None)
@given(st.data())
def test_a_damaged_file_gives_a_problem_or_a_fault(data: st.DataObject) -> None:
    """Whatever happens to a file, it is read as a valid problem or refused with a place in it."""
    found = read_or_fault("fjsp", mutated(data, data.draw(st.sampled_from([PAIRS, TABLE]))))
    assert found is None or found["kind"] == "schedule"
