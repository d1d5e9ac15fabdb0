"""Verdicts on the gates of a result: one for each that was asked for, and none passes in silence."""

from __future__ import annotations

from typing import Any

from support.results import earlier, result

from qamctl.gates.baseline import Baseline
from qamctl.gates.condition import Condition
from qamctl.gates.verdicts import Gates, judged, unmet

GAP = Condition("gap<=0.1", "gap", "<=", 0.1)
SPAN = Condition("makespan<=60", "makespan", "<=", 60)


def against(*levels: float, same_spec: bool = True) -> Baseline:
    return Baseline(earlier(result()), levels, "min", same_spec)


def test_every_gate_has_its_verdict() -> None:
    """In the order of the conditions, the baseline last, above the provenance."""
    found = judged(Gates((GAP, SPAN), against(4)), result(), 1.0, {})
    assert found["gates"] == [
        {"gate": "gap<=0.1", "value": 0.2, "met": False},
        {"gate": "makespan<=60", "value": 5, "met": True},
        {"gate": "baseline", "value": "worse", "met": False, "note": "5, and the baseline has 4"},
    ]
    assert [row["gate"] for row in unmet(found)] == ["gap<=0.1", "baseline"]
    assert list(found)[-3:] == ["gates", "baseline", "provenance"]
    assert found["baseline"]["verdict"] == "worse"


def test_a_figure_that_is_null_is_not_met() -> None:
    """Whatever the operator, and the row says why."""
    for operator in ("<=", "==", "!=", ">"):
        found = judged(Gates((Condition("", "gap", operator, 0),)), result(gap=None), 1.0, {})
        assert found["gates"] == [{"gate": "", "value": None, "met": False, "note": "the result has no gap"}]


def test_without_an_answer_no_gate_passes() -> None:
    """Neither conditions on figures nor the baseline."""
    nothing = result(levels=(), solution=None, gap=None)
    found = judged(Gates((SPAN,), against(4)), nothing, 1.0, {})
    assert [row["met"] for row in found["gates"]] == [False, False]
    assert found["gates"][1]["note"] == "there is no answer to compare"
    assert (found["baseline"]["verdict"], found["baseline"]["level"]) == (None, None)


def test_the_level_that_decides_is_told() -> None:
    """Where there are several."""
    two: Any = result(levels=({"makespan": 5}, {"cost": 7}))
    found = judged(Gates((), against(5, 9)), two, 1.0, {})
    assert found["gates"] == [
        {"gate": "baseline", "value": "better", "met": True, "note": "level 2: 7, and the baseline has 9"}
    ]
    assert judged(Gates((), against(5, 7)), two, 1.0, {})["gates"] == [
        {"gate": "baseline", "value": "same", "met": True}
    ]


def test_nothing_is_said_where_nothing_was_asked() -> None:
    """And verdicts of another run, whose answer is given again, are replaced."""
    told = judged(Gates((GAP,), against(4)), result(), 1.0, {})
    assert judged(Gates(), result(), 1.0, {}) == result()
    assert judged(Gates(), told, 1.0, {}) == result()
    assert [row["gate"] for row in judged(Gates((SPAN,)), told, 1.0, {})["gates"]] == ["makespan<=60"]


def test_seconds_are_rounded() -> None:
    """To the microsecond, as in the metrics."""
    gates = Gates((Condition("seconds<2", "seconds", "<", 2),))
    assert judged(gates, result(), 1.23456789, {})["gates"][0]["value"] == 1.234568


def test_a_baseline_of_another_version_is_noted() -> None:
    """That is what a change of the problem file looks like; nothing is said of the same one."""
    assert "is of another version of the problem file" in Gates((), against(4, same_spec=False)).notes[0]
    assert Gates((), against(4)).notes == Gates((GAP,)).notes == ()
