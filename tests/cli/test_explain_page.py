"""The page of a schedule's explanation: what it says where something is missing, and how values are written."""

from __future__ import annotations

from typing import Any

from qamctl.cli.explain_schedule_page import schedule_explanation_page

PLACE = {"file": "plan.yaml", "line": 3, "column": None}
CONFLICT = {
    "constraints": [{"constraint": "horizon", "text": "all tasks end by 5 s", "field": "horizon", **PLACE}],
    "why": [], "minimal": False, "proof": ["cpsat"],
}  # fmt: skip
NOTHING: dict[str, Any] = {
    "kind": "schedule", "file": "plan.yaml", "status": "infeasible", "unit": "s", "conflicts": [], "remedies": [],
    "more_conflicts": False, "binding": None, "complete": True,
}  # fmt: skip


def page(**found: Any) -> str:
    """The page of an explanation on one line."""
    return " ".join(schedule_explanation_page(NOTHING | found, 80, lambda text, style: text).split())


def test_what_is_not_proved_is_said() -> None:
    """That constraints may be spared, that there may be more conflicts, that nothing helps, that time was short."""
    found = page(conflicts=[CONFLICT], more_conflicts=True, complete=False)
    assert found == (
        "Status: infeasible This constraint can't hold: plan.yaml:3 all tasks end by 5 s Some of them may not be "
        "needed: the time ended before that was proved. There may be more conflicts. No change was found that gives it "
        "a schedule. Not every question had an answer in the time: allow more by --time-limit."
    )


def test_values_are_written_as_in_the_file() -> None:
    """Lists, mappings, flags; what is new is added, what goes is removed."""
    values = ((None, [14, 16, 5]), ({"group": "g"}, None), (False, True), (["a"], ["a", "b"]), (1.5, 2))
    edits = [{"field": "f", "from": before, "to": after, **PLACE} for before, after in values]
    remedy = {"cost": 2.5, "least": False, "changes": [{"text": "do it", "edits": edits}]}
    assert page(remedies=[remedy]) == (
        "Status: infeasible Each of these gives it a schedule, the cheapest first: 1. cost 2.5, perhaps less is enough "
        "do it f: add [14, 16, 5] (plan.yaml:3) f: remove {group: g} (plan.yaml:3) f: false -> true (plan.yaml:3) "
        "f: [a] -> [a, b] (plan.yaml:3) f: 1.5 -> 2 (plan.yaml:3)"
    )


def test_a_bound_that_is_not_explained() -> None:
    """A bound is told without reasons; a weaker one that has reasons stands beside it."""
    binding = {"makespan": 9, "bound": 8, "explained": None, "conflict": None}
    lasts = "Status: feasible The shortest schedule that was found lasts 9 s. None is shorter than 8 s."
    assert page(status="feasible", binding=binding) == lasts
    binding |= {"explained": 7, "conflict": CONFLICT | {"minimal": True}}
    assert page(status="feasible", binding=binding) == (
        f"{lasts} None is shorter than 7 s because of this constraint: plan.yaml:3 all tasks end by 5 s"
    )
    assert page(status="feasible", binding={"makespan": 0, "bound": 0, "explained": None, "conflict": None}) == (
        "Status: feasible The shortest schedule that was found lasts 0 s."
    )
