"""Reading `reasoning`: every fault at its line and column, and what actions mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from qamctl.errors import SpecError
from qamctl.schedule.read import load_schedule, schedule_from_data
from qamctl.schedule.spec import ScheduleSpec

HEAD = """kind: schedule
version: 1
agents: [{id: a1}, {id: a2}]
tasks: [{id: t1, duration: 1}, {id: t2, duration: 1}]
"""


def read(tmp_path: Path, text: str) -> ScheduleSpec:
    file = tmp_path / "plan.yaml"
    file.write_text(HEAD + text)
    return load_schedule(file)


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("reasoning:\n  actions:\n    prefer t9 on a1: 0.5\n", 7, 5, "names the task 't9'"),
        ("reasoning:\n  actions:\n    prefer t1 on a9: 0.5\n", 7, 5, "names the agent 'a9'"),
        ("reasoning:\n  actions:\n    prefer t1 on a1: 1.5\n", 7, 5, "at most 1"),
        ("reasoning:\n  actions:\n    prefer t1 on a1: -0.5\n", 7, 5, "at least 0"),
        ("reasoning:\n  actions:\n    prefer t1 on a1: often\n", 7, 5, "number"),
        ("reasoning:\n  actions:\n    prefer t1 in 1e..2: 0.5\n", 7, 5, "two numbers"),
        ("reasoning:\n  actions:\n    prefer t1 in 0..1E99: 0.5\n", 7, 5, "beyond any time"),
        ("reasoning: {from: latest, actions: {stay: 1}}\n", 5, 1, "both"),
        ("reasoning: {weight: 2}\n", 5, 1, "neither"),
        ("reasoning: {actions: 3}\n", 5, 13, "probability"),
        ("reasoning: {actions: {stay: 1}, weight: -1}\n", 5, 33, "at least 0"),
        ("reasoning: {actions: {stay: 1}, how: x}\n", 5, 33, "unknown field"),
        ("reasoning: maybe\n", 5, 1, "mapping"),
        ("objective: {makespan: 1, reasoning: 2}\n", 5, 26, "has none"),
        ("objective: [{makespan: 1}, {reasoning: 2}]\n", 5, 29, "has none"),
    ],
)
def test_faults_have_a_place(tmp_path: Path, text: str, line: int, column: int, said: str) -> None:
    """Whatever is wrong with `reasoning` is told with file, line and column."""
    with pytest.raises(SpecError) as caught:
        read(tmp_path, text)
    (fault,) = caught.value.diagnostics
    assert said in fault.message
    assert fault.location is not None
    assert (fault.location.line, fault.location.column) == (line, column)


def test_every_fault_of_the_actions_is_told_at_once(tmp_path: Path) -> None:
    """Two unknown names, two faults."""
    text = "reasoning:\n  actions:\n    prefer t9 on a1: 0.5\n    prefer t1 on b: 0.5\n"
    with pytest.raises(SpecError) as caught:
        read(tmp_path, text)
    assert [fault.location.line for fault in caught.value.diagnostics if fault.location] == [7, 8]


def test_actions_become_preferences(tmp_path: Path) -> None:
    """Agents and spans of starts are read, free text is kept and means nothing, the last level weighs the term."""
    spec = read(
        tmp_path,
        "time: {resolution: 0.5}\nobjective: [{tardiness: 1}, {makespan: 2}]\n"
        "reasoning:\n  weight: 0.01\n  actions: {prefer t2 on a1: 0.4, prefer t1 in 0.7..2: 1, stay: 0.2}\n",
    )
    assert spec.reasoning is not None
    assert [(p.task, p.agent, p.low, p.high, p.probability) for p in spec.reasoning.preferences] == [
        (1, 0, 0, 0, 0.4), (0, -1, 2, 4, 1.0),
    ]  # fmt: skip
    assert dict(spec.reasoning.actions or {}) == {"prefer t2 on a1": 0.4, "prefer t1 in 0.7..2": 1, "stay": 0.2}
    assert spec.objective == ({"tardiness": 1}, {"makespan": 2, "reasoning": 0.01})


def test_a_source_is_left_to_who_knows_runs(tmp_path: Path) -> None:
    """A spec that names a run is read without looking for it, and weighs nothing yet."""
    spec = read(tmp_path, "reasoning: {from: latest}\n")
    assert spec.reasoning is not None
    assert (spec.reasoning.origin, spec.reasoning.weight, spec.reasoning.actions) == ("latest", 1.0, None)
    assert spec.objective == ({"makespan": 1},)


def test_plain_data_is_read_alike() -> None:
    """Faults of data that came from no file have their path."""
    data = {"kind": "schedule", "version": 1, "tasks": [], "reasoning": {"actions": {"prefer t on a": 0.5}}}
    with pytest.raises(SpecError) as caught:
        schedule_from_data(data)
    assert str(caught.value.diagnostics[0].location) == "reasoning.actions.prefer t on a"
