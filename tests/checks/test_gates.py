"""The gates that a result claims: whatever of them is altered is found out, and only what is right holds."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.results import earlier, result

from qamctl.checks.gates import DISCREPANCIES, check_gates
from qamctl.gates.baseline import Baseline
from qamctl.gates.condition import OPERATORS, read_condition
from qamctl.gates.figures import WORDS
from qamctl.gates.verdicts import Gates, judged

FIGURES = ("status", "gap", "makespan", "left_out", "seconds", "decision", "cost")
TEXTS = ("gap <= 0.2", "makespan!=5", "status==feasible", "left_out==0", "cost<1")


def told(*texts: str, base: Any = None, baseline: Baseline | None = None) -> Any:
    """A result with its verdicts, and the options that ask for them."""
    conditions = tuple(read_condition(text, "schedule", FIGURES, WORDS) for text in texts)
    data = judged(Gates(conditions, baseline), result() if base is None else base, 1.5, {})
    data["provenance"] = copy.deepcopy(data["provenance"])
    data["provenance"]["options"] = {"check": list(texts), "baseline": None if baseline is None else "old"}
    return data


def kinds(data: Any, folder: Path | None = None) -> list[str]:
    """What is found, each of the public kinds, with a place and a text."""
    found = check_gates(data, folder).found
    assert all(one.kind in DISCREPANCIES and one.field and one.text for one in found)
    return [one.field for one in found]


def test_true_verdicts_hold() -> None:
    """Met and unmet ones, of null, and with blanks in what was asked for; a result without gates has none."""
    checked = check_gates(told(*TEXTS), None)
    assert (list(checked.found), list(checked.notes)) == ([], [])
    assert kinds(result()) == []
    assert kinds({}) == []


ALTERED: list[tuple[Callable[[Any], Any], str]] = [
    (lambda data: data["gates"].pop(), "gates"),
    (lambda data: data["gates"].reverse(), "gates"),
    (lambda data: data.pop("gates"), "gates"),
    (lambda data: data.update(gates={"gap<=0.2": True}), "gates"),
    (lambda data: data["gates"].append("met"), "gates"),
    (lambda data: data["gates"][0].update(met=False), "gates[0].met"),
    (lambda data: data["gates"][1].update(met=True), "gates[1].met"),
    (lambda data: data["gates"][1].update(met=None), "gates[1].met"),
    (lambda data: data["gates"][0].update(value=0.1), "gates[0].value"),
    (lambda data: data["gates"][2].update(value="optimal"), "gates[2].value"),
    (lambda data: data["gates"][4].update(value=0.5), "gates[4].value"),
    (lambda data: data["gates"][4].update(met=True), "gates[4].met"),
    (lambda data: data["gates"][0].update(gate="gap<=0.3"), "gates"),
    (lambda data: data["gates"][0].update(gate=7), "gates[0].gate"),
    (lambda data: data["solution"]["unscheduled"].append("z"), "gates[3].value"),
    (lambda data: data.update(gap=0.4), "gates[0].met"),
]


@pytest.mark.parametrize(("alter", "field"), ALTERED)
def test_each_alteration_is_found(alter: Callable[[Any], Any], field: str) -> None:
    """A gate that is gone, another verdict, another value, another figure."""
    data = told(*TEXTS)
    alter(data)
    assert field in kinds(data)


def test_seconds_are_taken_as_they_stand() -> None:
    """They can't be told again: a note says so, and the verdict has to follow from them."""
    data = told("seconds<2")
    checked = check_gates(data, None)
    assert (list(checked.found), len(checked.notes)) == ([], 1)
    data["gates"][0]["met"] = False
    assert kinds(data) == ["gates[0].met"]
    data["gates"][0]["value"] = "soon"
    assert kinds(data) == ["gates[0].value"]


def against(tmp_path: Path, *levels: float) -> Any:
    """A result with a baseline that lies in a file."""
    old = result(levels=({"makespan": levels[0]}, {"cost": levels[1]}))
    file = tmp_path / "old.json"
    file.write_text(json.dumps(old))
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    source = type(earlier(old))(file, sha256, old)
    return told(base=result(levels=({"makespan": 5}, {"cost": 2})), baseline=Baseline(source, levels, "min", True))


@pytest.mark.parametrize("levels", [(5, 2), (5, 1), (5, 3), (4, 9), (6, 0)])
def test_the_verdict_on_a_baseline_is_computed_again(tmp_path: Path, levels: tuple[float, float]) -> None:
    """Level by level, against its file; where that is gone, its values are taken as they stand, with a note."""
    data = against(tmp_path, *levels)
    checked = check_gates(data, None)
    assert (list(checked.found), list(checked.notes)) == ([], [])
    for alter in (
        lambda one: one["baseline"].update(verdict="better" if one["baseline"]["verdict"] != "better" else "worse"),
        lambda one: one["baseline"].update(level=7),
        lambda one: one["gates"][0].update(met=not one["gates"][0]["met"]),
        lambda one: one["gates"][0].update(value=None),
        lambda one: one["baseline"].update(levels=[9, 9]),
        lambda one: one["baseline"].update(levels=["5"]),
        lambda one: one.pop("baseline"),
    ):
        altered = copy.deepcopy(data)
        alter(altered)
        assert kinds(altered)
    (tmp_path / "old.json").write_text("{}")
    checked = check_gates(data, None)
    assert (list(checked.found), len(checked.notes)) == ([], 1)


def test_without_an_answer_there_is_no_verdict(tmp_path: Path) -> None:
    """Nor a level that decides, and the gate is not met."""
    data = against(tmp_path, 5, 2)
    data["solution"] = None
    assert "baseline.verdict" in kinds(data)
    data["baseline"] |= {"verdict": None, "level": None}
    data["gates"][0] |= {"value": None, "met": False}
    assert kinds(data) == []
    data["baseline"]["file"] = str(tmp_path)  # a folder by now
    assert len(check_gates(data, None).notes) == 1


def test_the_sense_is_that_of_the_result(tmp_path: Path) -> None:
    """More is better where the objective is maximised."""
    data = against(tmp_path, 5, 2)
    data["levels"][1]["value"] = 3
    assert "baseline.verdict" in kinds(data)
    data["sense"] = "max"
    data["baseline"] |= {"verdict": "better", "level": 2}
    data["gates"][0] |= {"value": "better", "met": True}
    assert kinds(data) == []


def test_rows_beside_the_result_are_counted(tmp_path: Path) -> None:
    """A table that can't be read is a discrepancy."""
    data = told("left_out==0")
    data["solution"]["unscheduled"] = {"table": "u.csv"}
    assert "gates[0]" in kinds(data, tmp_path)
    (tmp_path / "u.csv").write_text("task\nz\n")
    data["gates"][0] |= {"value": 1, "met": False}
    assert kinds(data, tmp_path) == []


def test_a_job_of_a_service_has_no_gates() -> None:
    """What `qamctl submit` wrote was asked for nothing that it did not do."""
    data = told("gap<=1")
    del data["gates"]
    assert kinds(data) == ["gates"]
    assert kinds(data | {"job": {}}) == []


NUMBERS = st.integers(-(2**60), 2**60) | st.floats(-1e9, 1e9)


@given(st.sampled_from(list(OPERATORS)), NUMBERS, NUMBERS)
def test_two_ways_come_to_one_verdict(sign: str, value: float, limit: float) -> None:
    """The check shares no code with the gates, and agrees with them on any numbers."""
    data = told(f"gap{sign}{limit!r}", base=result(gap=value))
    assert kinds(data) == []
    data["gates"][0]["met"] = not data["gates"][0]["met"]
    assert kinds(data) == ["gates[0].met"]


JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(["gates", "baseline", "levels", "solution", "terms", "provenance", "gap", "sense"]), JSON, JSON)
def test_whatever_stands_there_is_a_discrepancy_at_most(key: str, value: Any, inner: Any) -> None:
    """Never an exception."""
    data = told(*TEXTS)
    data["gates"].append({"gate": inner, "value": value, "met": inner})
    data["baseline"] = {"levels": value, "file": inner}
    kinds(data)
    kinds(data | {key: value})
    kinds(told(*TEXTS) | {key: inner, "gates": [{"gate": "baseline", "value": value}]})
