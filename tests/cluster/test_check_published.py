"""The checker against costs that others computed: the current states of the ROADEF/EURO 2012 challenge."""

from __future__ import annotations

import pytest
from support.shared import shared_path

from qamctl.cluster.check import check_columns
from qamctl.cluster.read import cluster_from_data
from qamctl.formats import roadef


@pytest.mark.parametrize("name", ["a1_1", "a1_2", "a1_3", "a1_4", "a1_5"])
def test_current_states_cost_what_was_published(name: str) -> None:
    """Load and balance of the original assignment add up to the challenge's figure, and no constraint is broken."""
    folder = shared_path("instances", "cluster", "machine-reassignment")
    more = [(f"assignment_{name}.txt", (folder / f"assignment_{name}.txt").read_text())]
    spec = cluster_from_data(roadef.read((folder / f"model_{name}.txt").read_text(), name=name, more=more))
    report = check_columns(spec, spec.agents.current)
    assert report.violations == ()
    assert report.levels == (int((folder / f"original_cost_{name}.txt").read_text()),)
    assert report.terms["move"] == 0
