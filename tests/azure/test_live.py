"""A free job on the real ionq.simulator, for whoever has a workspace: `pytest -m live tests/azure/test_live.py`.

It costs nothing, and has never run against the real service yet: docs/azure.md says when it last did.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qamctl import doctoring
from qamctl.azure.account import Account
from qamctl.errors import AuthError, QamError
from qamctl.options import Options
from qamctl.remote import Office

pytestmark = pytest.mark.live


@pytest.fixture
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Office:
    """The workspace that the environment names, with a state folder of its own."""
    if request.config.getoption("-m") != "live":
        pytest.skip("asks the real service: only with -m live")
    account = Account(tmp_path, os.environ)
    try:
        account.place()
    except (AuthError, QamError) as error:
        pytest.skip(f"needs a workspace: {error}")
    return Office(account, Options())


def test_the_targets_and_a_free_job(office: Office) -> None:
    """The service lists its targets, and two entangled qubits give equal bits."""
    found = doctoring.look_live(office)
    assert [(one.name, one.state) for one in found] == [("targets", "ok"), ("job", "ok")], found
