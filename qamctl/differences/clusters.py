"""What changed from one assignment of agents to another: who moved, came, went, was placed or left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from qamctl.differences.compared import Changes, Row
from qamctl.differences.parts import rows_of

#: Ways in which an agent changes, in the order of their rows.
_WORDS: Final = ("dropped", "left out", "added", "placed", "moved", "other devices")


def changes_of(before: Mapping[str, Any], after: Mapping[str, Any], places: tuple[Path, Path]) -> Changes:
    """The agents that changed; within each way of changing in the order of the results.

    Parameters
    ----------
    before, after
        The blocks `solution` of two results.
    places
        Their files, beside which tables are.

    Raises
    ------
    SpecError
        The assignments are no rows of agents, or their table can't be read.
    """
    old, new = _agents(before, places[0]), _agents(after, places[1])
    rows = [
        Row(agent, (word,), old.get(agent), new.get(agent))
        for agent in dict.fromkeys([*old, *new])
        if (word := _word(old.get(agent), new.get(agent))) is not None
    ]
    rows.sort(key=lambda row: _WORDS.index(row.what[0]))
    words = Counter(row.what[0] for row in rows)
    counts: dict[str, float] = {word.replace(" ", "_"): words[word] for word in _WORDS}
    counts["unchanged"] = len({*old, *new}) - len(rows)
    devices = any(side["devices"] for agents in (old, new) for side in agents.values())
    return Changes("agent", ("cluster", "devices") if devices else ("cluster",), "", counts, rows)


def _agents(solution: Mapping[str, Any], place: Path) -> dict[str, dict[str, Any]]:
    rows = rows_of("cluster", solution.get("assignments"), "agent", place)
    return {agent: {"cluster": row.get("cluster"), "devices": row.get("devices")} for agent, row in rows.items()}


def _word(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> str | None:
    """How an agent changed; None where it did not."""
    if old is None or new is None:
        return "added" if old is None else "dropped"
    if old["cluster"] != new["cluster"]:
        return "left out" if new["cluster"] is None else "placed" if old["cluster"] is None else "moved"
    return "other devices" if (old["devices"] or {}) != (new["devices"] or {}) else None
