"""An answer as gauges: terms, levels, gates, tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from support.exposition import parse
from support.runs import NOW

from qamctl.runs.metrics import Stopwatch, build
from qamctl.runs.prometheus import to_prometheus

BASE = (("kind", "schedule"), ("name", "plan"))

GATES = [
    {"gate": "gap<=0.02", "value": 0.0, "met": True}, {"gate": "tardy==0", "value": 2, "met": False},
    {"gate": "baseline", "value": None, "met": False, "note": "there is no answer to compare"},
]  # fmt: skip


def samples_of(kind: str = "schedule", left_out: int | None = 1, **result: Any) -> Any:
    metrics = build(
        run="r", kind=kind, name="plan", result={"status": "feasible", **result}, stopwatch=Stopwatch(), now=NOW,
        model={"tasks": 36}, left_out=left_out,
    )  # fmt: skip
    return parse(to_prometheus(metrics))


def test_what_a_fleet_is_watched_by() -> None:
    """Each term, each level with its bound where there is one, each gate, tasks and those that are left out."""
    levels = [{"terms": {"tardy": 2}, "value": 2, "bound": 0}, {"terms": {"cost": 0.5}, "value": 0.5, "bound": None}]
    samples = samples_of(terms={"makespan": 55, "cost": 0.5, "reasoning": None}, levels=levels, gates=GATES)
    assert samples["qamctl_term"] == {(*BASE, ("term", "makespan")): 55, (*BASE, ("term", "cost")): 0.5}
    assert samples["qamctl_level_objective"] == {(*BASE, ("level", "1")): 2, (*BASE, ("level", "2")): 0.5}
    assert samples["qamctl_level_bound"] == {(*BASE, ("level", "1")): 0}
    assert samples["qamctl_gate_met"] == {
        (*BASE, ("gate", "gap<=0.02")): 1, (*BASE, ("gate", "tardy==0")): 0, (*BASE, ("gate", "baseline")): 0,
    }  # fmt: skip
    assert samples["qamctl_schedule_tasks"] == {BASE: 36}
    assert samples["qamctl_schedule_left_out"] == {BASE: 1}


def test_what_there_is_not_has_no_sample() -> None:
    """Without an answer, without gates, and of other kinds."""
    samples = samples_of(left_out=None)
    absent = {
        "qamctl_term",
        "qamctl_level_objective",
        "qamctl_level_bound",
        "qamctl_gate_met",
        "qamctl_schedule_left_out",
    }
    assert absent.isdisjoint(samples)
    assert samples["qamctl_schedule_tasks"] == {BASE: 36}
    assert "qamctl_schedule_tasks" not in samples_of("cluster", None)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_condition_is_escaped(text: str) -> None:
    """It reads back as it was."""
    samples = samples_of(gates=[{"gate": text, "value": 0, "met": True}])
    assert samples["qamctl_gate_met"] == {(*BASE, ("gate", text)): 1}


def test_every_gauge_is_documented() -> None:
    """docs/ci.md has each of them."""
    page = (Path(__file__).parents[2] / "docs" / "ci.md").read_text()
    levels = [{"terms": {"cost": 1}, "value": 1, "bound": 0}]
    assert [name for name in samples_of(terms={"cost": 1}, levels=levels, gates=GATES) if f"`{name}`" not in page] == []
