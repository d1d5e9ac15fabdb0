"""Every kind of constraint: told by name, place and words where a spec has no schedule for that reason, and changed."""

from __future__ import annotations

from typing import Any

import pytest
from support.clashes import CLASHES, Clash
from support.clashing_specs import solved
from support.edited_specs import edited, path_of

from qamctl.schedule.explain import explain_schedule
from qamctl.schedule.explain.families import KINDS
from qamctl.schedule.read import schedule_from_data


def whole(clash: Clash) -> dict[str, Any]:
    """The data of a case as a file would hold it."""
    return {"kind": "schedule", "version": 1, **clash.data}


@pytest.mark.parametrize("clash", CLASHES, ids=lambda clash: clash.name)
def test_a_clash_is_told(clash: Clash) -> None:
    """The constraints are those of the case, none more, each with its field and words; what is offered helps."""
    data = whole(clash)
    found = explain_schedule(schedule_from_data(data), seconds=60, most=50)
    (conflict,) = found["conflicts"]
    assert (found["status"], conflict["minimal"], found["more_conflicts"]) == ("infeasible", True, False)
    assert "cpsat" in conflict["proof"]
    rows = [(row["constraint"], row["field"], row["text"]) for row in conflict["constraints"]]
    assert [row for row in rows if row[0] != "not-optional"] == list(clash.told)
    must = [text for kind, _, text in rows if kind == "not-optional"]
    assert [text.split("'")[1] for text in must] == list(clash.tasks)
    offered = [
        [(edit["field"], edit["from"], edit["to"]) for change in remedy["changes"] for edit in change["edits"]]
        for remedy in found["remedies"]
    ]
    assert set(map(str, clash.helps)) <= {str(edit) for edits in offered for edit in edits}
    for edits in offered:
        changed = edited(data, [(path_of(name), before, after) for name, before, after in edits])
        assert solved(schedule_from_data(changed))[0] == "feasible", edits
    assert [remedy["cost"] for remedy in found["remedies"]] == sorted(remedy["cost"] for remedy in found["remedies"])
    assert all(remedy["least"] for remedy in found["remedies"])


def test_every_kind_has_its_case() -> None:
    """No kind of constraint is left out of these cases."""
    assert {"not-optional", *(kind for clash in CLASHES for kind, *_ in clash.told)} == set(KINDS)
