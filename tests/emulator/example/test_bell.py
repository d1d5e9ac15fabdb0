"""The team's own tests."""

from __future__ import annotations

import bell
import pytest


@pytest.fixture
def workspace() -> bell.Workspace:
    """Azure's, or what stands in for it."""
    return bell.open_workspace()


def test_both_qubits_agree(workspace: bell.Workspace) -> None:
    """Half of the shots are 00, half are 11."""
    assert bell.measure(workspace) == {"0": 0.5, "3": 0.5}


def test_a_job_is_listed(workspace: bell.Workspace) -> None:
    """Under its name."""
    bell.measure(workspace)
    assert "bell" in bell.names_of_jobs(workspace)


def test_the_simulator_is_available(workspace: bell.Workspace) -> None:
    """Before anything is sent."""
    assert workspace.get_targets("ionq.simulator").current_availability == "Available"
