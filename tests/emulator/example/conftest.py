"""The switch with which the team sees what the SDK's retries are worth."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.pipeline.policies import RetryPolicy


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--no-retry`."""
    parser.addoption("--no-retry", action="store_true", help="Give every request one attempt.")


@pytest.fixture(autouse=True)
def _attempts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK has no option for it, so its policy is told."""
    if request.config.getoption("--no-retry"):
        usual = RetryPolicy.__init__

        def once(self: Any, **settings: Any) -> None:
            usual(self, **{**settings, "retry_total": 0})

        monkeypatch.setattr(RetryPolicy, "__init__", once)
