"""The workflow importer: ids, parents, run times, agents, and faults with their place in the JSON text."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.foreign import mutated, read_or_fault
from support.shared import shared_path

from qamctl.errors import SpecError, UsageError
from qamctl.formats.wfcommons import read
from qamctl.schedule.read import schedule_from_data

SMALL: dict[str, Any] = {
    "name": "small",
    "schemaVersion": "1.5",
    "workflow": {
        "specification": {
            "tasks": [
                {"name": "split", "id": "split_1", "parents": [], "children": ["map_1", "map_2"]},
                {"name": "map", "id": "map_1", "parents": ["split_1"], "children": ["join"]},
                {"name": "map", "id": "map_2", "parents": ["split_1"], "children": []},
                {"name": "join", "id": "join", "parents": ["map_1", "map_2"], "children": []},
            ]
        },
        "execution": {
            "makespanInSeconds": 30,
            "tasks": [
                {"id": "join", "runtimeInSeconds": 2.0},
                {"id": "split_1", "runtimeInSeconds": 1.25},
                {"id": "map_1", "runtimeInSeconds": 10},
                {"id": "map_2", "runtimeInSeconds": 12.3456},
            ],
            "machines": [{"nodeName": "one"}, {"nodeName": "two"}],
        },
    },
}


def test_tasks_keep_ids_parents_and_run_times() -> None:
    """Tasks stand in the file's order with their measured seconds, after their parents, on the file's machines."""
    data = read(json.dumps(SMALL), name="runs/small.json")
    assert data["name"] == "small"
    assert data["time"] == {"unit": "s", "resolution": 0.001}
    assert data["agents"] == [{"id": "a0"}, {"id": "a1"}]
    assert data["tasks"] == [
        {"id": "split_1", "duration": 1.25},
        {"id": "map_1", "duration": 10, "after": ["split_1"]},
        {"id": "map_2", "duration": 12.3456, "after": ["split_1"]},
        {"id": "join", "duration": 2, "after": ["map_1", "map_2"]},
    ]


def test_run_times_become_milliseconds_rounded_up() -> None:
    """The problem counts in milliseconds, and no task gets less time than it took."""
    spec = schedule_from_data(read(json.dumps(SMALL), name="small.json"))
    assert spec.modes.duration.tolist() == [1250, 10000, 12346, 2000]


def test_the_number_of_agents_can_be_said() -> None:
    """`agents` stands above the file's machines; without either the fault says what to do."""
    assert len(read(json.dumps(SMALL), name="small.json", agents=16)["agents"]) == 16
    bare = copy.deepcopy(SMALL)
    del bare["workflow"]["execution"]["machines"]
    assert len(read(json.dumps(bare), name="small.json", agents=3)["agents"]) == 3
    with pytest.raises(SpecError) as caught:
        read(json.dumps(bare), name="small.json")
    assert caught.value.diagnostics[0].hint == "say how many agents there are with --agents N"
    for agents in (0, -1, 100_001):
        with pytest.raises(UsageError):
            read(json.dumps(SMALL), name="small.json", agents=agents)


def test_a_child_that_does_not_name_its_parent_still_waits() -> None:
    """What only `children` says holds as well as what `parents` says."""
    one_sided = copy.deepcopy(SMALL)
    tasks = one_sided["workflow"]["specification"]["tasks"]
    tasks[3]["parents"] = []
    tasks[2]["children"] = ["join"]
    assert read(json.dumps(one_sided), name="small.json") == read(json.dumps(SMALL), name="small.json")


SPEC: tuple[str | int, ...] = ("workflow", "specification", "tasks")
RUN: tuple[str | int, ...] = ("workflow", "execution", "tasks")


@pytest.mark.parametrize(
    ("path", "value", "line_holds", "words"),
    [
        (("workflow",), 5, "5", "`workflow` should be a mapping"),
        (("workflow", "tasks"), [], '"tasks": []', "before WfFormat 1.4"),
        (("workflow", "specification"), [], '"specification": []', "a mapping should stand here"),
        (SPEC, {}, '"tasks": {}', "`tasks` should be a list"),
        ((*SPEC, 1), "map_1", '"map_1"', "a mapping should stand here"),
        ((*SPEC, 1, "id"), 7, '"id": 7', "`id` should be a text"),
        ((*SPEC, 1, "id"), "", '"id": ""', "is no id"),
        ((*SPEC, 1, "id"), "a\nb", '"id": "a\\nb"', "is no id"),
        ((*SPEC, 1, "id"), "\ud800", '"id": "\\ud800"', "is no id"),
        ((*SPEC, 1, "id"), "split_1", '"id": "split_1"', "is taken"),
        ((*SPEC, 1, "parents"), ["nobody"], '"nobody"', "there is no task `nobody`"),
        ((*SPEC, 1, "parents"), [["x"]], "[", "there is no task"),
        ((*SPEC, 0, "parents"), ["join"], "{", "wait for each other"),
        ((*SPEC, 1, "children"), {"a": 1}, '"children": {', "`children` should be a list"),
        ((*RUN, 0, "id"), "nobody", '"id": "nobody"', "the specification has no task `nobody`"),
        ((*RUN, 0, "id"), "map_1", '"id": "map_1"', "was executed by an earlier row"),
        ((*RUN, 0, "runtimeInSeconds"), -0.5, "-0.5", "a run time is from 0 to"),
        ((*RUN, 0, "runtimeInSeconds"), float("nan"), "NaN", "a run time is from 0 to"),
        ((*RUN, 0, "runtimeInSeconds"), 10**400, "1000", "a run time is from 0 to"),
        ((*RUN, 0, "runtimeInSeconds"), float("inf"), "Infinity", "a run time is from 0 to"),
        ((*RUN, 0, "runtimeInSeconds"), True, "true", "`runtimeInSeconds` should be a number"),
        ((*RUN, 0, "runtimeInSeconds"), "2", '"2"', "`runtimeInSeconds` should be a number"),
        (("workflow", "execution", "machines"), [], '"execution"', "the file lists 0 machines"),
    ],
)
def test_a_fault_is_told_with_its_place(path: tuple[str | int, ...], value: Any, line_holds: str, words: str) -> None:
    """A fault of content is told with the line and column of the value, which JSON itself does not keep."""
    damaged: Any = copy.deepcopy(SMALL)
    row = damaged
    for step in path[:-1]:
        row = row[step]
    row[path[-1]] = value
    text = json.dumps(damaged, indent=2)
    with pytest.raises(SpecError) as caught:
        read(text, name="bad.json")
    (found,) = caught.value.diagnostics
    assert words in found.message
    assert found.location is not None
    assert found.location.line is not None
    line = text.split("\n")[found.location.line - 1]
    assert line_holds in line
    assert found.location.column is not None
    assert not line[found.location.column - 1].isspace()


@pytest.mark.parametrize(
    "path", [("workflow",), SPEC[:2], RUN[:2], SPEC, RUN, (*SPEC, 2, "id"), (*RUN, 3), (*RUN, 3, "runtimeInSeconds")]
)
def test_what_is_missing_is_named(path: tuple[str | int, ...]) -> None:
    """A file that lacks a part of the format is refused where that part should stand."""
    damaged: Any = copy.deepcopy(SMALL)
    row = damaged
    for step in path[:-1]:
        row = row[step]
    del row[path[-1]]
    with pytest.raises(SpecError) as caught:
        read(json.dumps(damaged, indent=1), name="bad.json")
    assert "is missing" in caught.value.message or "has no run time of `map_2`" in caught.value.message


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", (1, 1), "no JSON"),
        ("[]", (1, 1), "a mapping should stand here"),
        ('{\n "workflow": }', (2, 14), "no JSON: expecting value"),
        ("[" * 100_000, (1, 501), "nested too deeply"),
        ('{"a":\n 1' + "1" * 9000 + "}", (2, 2), "too many digits"),
        ('{"a": 1, "a": 2}', (1, 1), "`workflow` is missing"),
    ],
)
def test_what_is_no_json_is_refused(text: str, place: tuple[int, int], words: str) -> None:
    """A text that JSON does not take is refused with the place where it breaks."""
    with pytest.raises(SpecError) as caught:
        read(text, name="bad.json")
    (found,) = caught.value.diagnostics
    assert found.location is not None
    assert (found.location.line, found.location.column) == place
    assert words in found.message


def test_a_byte_order_mark_is_dropped() -> None:
    """What an editor puts before the text changes nothing."""
    assert read("\ufeff" + json.dumps(SMALL), name="small.json") == read(json.dumps(SMALL), name="small.json")


@pytest.mark.parametrize(
    ("file", "tasks"),
    [
        ("1000genome-chameleon-18ch-100k-001", 468),
        ("epigenomics-chameleon-hep-7seq-100k-001", 577),
        ("montage-chameleon-2mass-025d-001", 619),
    ],
)
def test_real_workflows_are_read_whole(file: str, tasks: int) -> None:
    """A traced workflow gives all its tasks and a valid problem."""
    path = shared_path(f"instances/orchestrate/workflows/{file}.json")
    data = read(path.read_text(), name=path.name)
    assert len(data["tasks"]) == tasks
    assert len(data["agents"]) in (3, 4)
    schedule_from_data(data)


@settings(deadline=None)
@given(st.data())
def test_a_damaged_file_gives_a_problem_or_a_fault(data: st.DataObject) -> None:
    """Whatever happens to a file, it is read as a valid problem or refused with a place in it."""
    found = read_or_fault("wfcommons", mutated(data, json.dumps(SMALL, indent=1)))
    assert found is None or found["kind"] == "schedule"
