"""docs/results.md says what every word of the checker means."""

from __future__ import annotations

import re
from pathlib import Path

from qamctl.schedule.check import CONSTRAINTS
from qamctl.schedule.spec import TERMS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "results.md"


def test_every_kind_of_violation_is_documented() -> None:
    """Each has its place in the table, and the table has no others."""
    table = PAGE.read_text(encoding="utf-8").split("finds broken in a schedule\n")[1].split("\n## ")[0]
    first = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert sorted(word for cell in first for word in re.findall(r"`([\w-]+)`", cell)) == sorted(CONSTRAINTS)


def test_every_term_is_documented() -> None:
    """Each stands on the page as code."""
    assert set(TERMS) <= set(re.findall(r"`(\w+)`", PAGE.read_text(encoding="utf-8")))
