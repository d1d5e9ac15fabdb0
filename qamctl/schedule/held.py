"""What of a schedule a QUBO can't hold: it is refused by name, never left out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qamctl.errors import UnsupportedError
from qamctl.schedule.instance import Instance


def refuse_unheld(instance: Instance) -> None:
    """Go on if a QUBO can hold the problem.

    Raises
    ------
    UnsupportedError
        It can't: with the names of what it can't hold.
    """
    if instance.crews is not None:
        raise UnsupportedError(f"no QUBO of a schedule holds {', '.join(_names(instance))}: other engines do")


def _names(instance: Instance) -> Iterator[str]:
    spec = instance.spec
    gangs = np.bincount(spec.tasks.gang[spec.tasks.gang >= 0])
    found = {
        "calendars of agents": len(spec.agents.away.start) > 0,
        "calendars of resources": len(spec.resources.calendar.start) > 0,
        "optional tasks": bool(spec.tasks.optional.any()),
        "several agents on one task": bool((spec.modes.count > 1).any() or spec.tasks.pinned_crew),
        "setups": spec.setups is not None,
        "data between agents": spec.transfers is not None,
        "gangs": bool((gangs > 1).any()),
    }
    yield from (name for name, there in found.items() if there)
    yield from dict.fromkeys(f"`{rule.kind}`" for rule in spec.rules)
    weighed = dict.fromkeys(term for level in spec.objective for term, weight in level.items() if weight)
    yield from (f"the term `{term}`" for term in ("balance", "disruption") if term in weighed)
