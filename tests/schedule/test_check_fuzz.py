"""Whatever stands in a result file, the checker answers with a report and raises nothing; it stands alone."""

from __future__ import annotations

import ast
import copy
import sys
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import qamctl.schedule.check
from qamctl.schedule.check import CONSTRAINTS, DISCREPANCIES, check_result, check_schedule
from qamctl.schedule.read import schedule_from_data

SPEC = schedule_from_data(
    {
        "kind": "schedule",
        "version": 1,
        "time": {"unit": "min", "resolution": 0.5, "origin": "2026-11-20T20:00:00+00:00"},
        "agents": [{"id": "a", "calendar": [[1, 2]], "labels": {"zone": "z"}}, {"id": "b"}],
        "tasks": [
            {"id": "x", "modes": [{"id": "m", "duration": 3}], "preemptible": True, "setup": "f"},
            {"id": "y", "duration": 2, "setup": "f", "after": [{"task": "x", "data": 1}], "near": ["x"], "gang": "g"},
            {"id": "z", "duration": 2, "count": 2, "optional": True, "reward": 2, "apart": ["y"], "gang": "g",
             "spread": {"label": "zone"}},
        ],
        "setup": [{"from": "f", "to": "f", "time": 0.5}],
        "communication": {"bandwidth": 1},
    }
)  # fmt: skip
ROWS: list[dict[str, Any]] = [
    {"task": "x", "agents": ["a"], "mode": "m", "start": 0, "end": 4, "segments": [[0, 1], [2, 4]]},
    {"task": "y", "agents": ["a"], "mode": None, "start": 4.5, "end": 6.5, "segments": None},
]
RESULT: dict[str, Any] = {
    "schema": "qamctl/result/1",
    "kind": "schedule",
    "status": "optimal",
    "objective": 6.5,
    "bound": 6.5,
    "gap": 0,
    "levels": [{"terms": {"makespan": 6.5}, "value": 6.5, "bound": 6.5}],
    "terms": {
        "makespan": 6.5, "tardiness": 0, "tardy": 0, "flow": 10.5, "cost": 0, "unscheduled": 2, "setup": 0.5,
        "communication": 0,
    },
    "solution": {"assignments": ROWS, "unscheduled": ["z"]},
    "violations": [],
    "attempts": [{"backend": "cpsat", "objective": 6.5, "bound": 6.5}],
    "compiled": {"energy": 6.5, "penalty": 0},
    "provenance": {"spec_sha256": SPEC.source.sha256, "tables": {}, "options": {"slot": None}},
}  # fmt: skip

words = st.sampled_from(
    ["x", "y", "z", "a", "b", "m", "task", "start", "table", "assignments", "value", "2026-11-20", "optimal"]
)
scalars = (
    st.none() | st.booleans() | st.floats() | st.integers() | st.integers(-5, 5) | st.just(10**400) | words | st.text()
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words | st.text(), inner, max_size=3)
)


@st.composite
def altered(draw: st.DrawFn, sound: Any) -> Any:
    """The sound data with one to three places replaced by anything."""
    data = [copy.deepcopy(sound)]
    for _ in range(draw(st.integers(1, 3))):
        target: Any = data
        key: Any = 0
        while isinstance(target[key], (dict, list)) and target[key] and draw(st.integers(0, 4)):
            target = target[key]
            keys = sorted(target, key=repr) if isinstance(target, dict) else list(range(len(target)))
            key = draw(st.sampled_from(keys))
        target[key] = draw(anything)
    return data[0]


@settings(max_examples=300, deadline=None)
@given(altered(ROWS), altered(["z"]) | st.just(["z"]))
def test_any_rows_get_a_report(rows: Any, unscheduled: Any) -> None:
    """Rows altered at random give violations of the public kinds, or none."""
    report = check_schedule(SPEC, rows, unscheduled)
    assert set(report.counts) <= set(CONSTRAINTS)
    assert all(len(violation.text) < 1_000 for violation in report.violations)


@settings(max_examples=500, deadline=None)
@given(altered(RESULT))
def test_any_result_gets_its_discrepancies(result: Any) -> None:
    """Results altered at random give discrepancies of the public kinds, or none."""
    for discrepancy in check_result(result, SPEC, Path()):
        assert discrepancy.kind in DISCREPANCIES
        assert len(str(discrepancy)) < 1_000


def test_the_result_that_is_altered_is_sound() -> None:
    """The fuzzed tests start from a result that holds."""
    assert check_result(RESULT, SPEC) == []


def test_deep_and_huge_values_are_only_shown_in_part() -> None:
    """No nesting is too deep and no number too long to be named in a sentence."""
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    for value in (deep, 10**5_000, [10**5_000]):
        assert check_schedule(SPEC, [ROWS[0] | {"start": value}, ROWS[1]], ["z"]).counts == {"malformed": 1}


def test_the_checker_stands_alone() -> None:
    """It imports the spec's types, what checkers share, numpy and Python's own; nothing of search or encoders."""
    allowed = ("qamctl.schedule.check", "qamctl.schedule.spec", "qamctl.checks", "qamctl.spec", "numpy")
    folder = Path(next(iter(qamctl.schedule.check.__path__)))
    files = sorted(folder.glob("*.py"))
    assert len(files) > 5
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names = [str(node.module)]
            for name in names:
                inside = any(name == room or name.startswith(f"{room}.") for room in allowed)
                assert inside or name.split(".")[0] in sys.stdlib_module_names, f"{file.name} imports {name}"
