"""docs/robustness.md names campaigns that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "robustness.md").read_text()
CAMPAIGNS = re.findall(r"`(QAMCTL_\w+)=[0-9]+ pytest (?:-n 2 )?(tests/\S+?)(?: -k (\w+))?`", PAGE)


def test_every_row_has_its_campaign() -> None:
    """Each promise is told with the command that tries to break it."""
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| what happens")]
    assert len(CAMPAIGNS) == len(rows) > 5


@pytest.mark.parametrize(("variable", "file", "word"), CAMPAIGNS)
def test_a_campaign_is_a_test_with_more_cases(variable: str, file: str, word: str) -> None:
    """The test is there, reads the variable, names its campaign, and has a test of the word."""
    text = (ROOT / file).read_text()
    assert variable in text
    assert f"{variable}=" in text.split('"""')[1] or "makes the campaign longer or shorter" in text
    assert re.search(rf"\ndef test_\w*{word}", text)
