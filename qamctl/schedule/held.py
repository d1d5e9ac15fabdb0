"""What of a schedule a QUBO can't hold: it is refused by name, never left out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qamctl.errors import UnsupportedError
from qamctl.schedule.crews import Crews
from qamctl.schedule.instance import Instance
from qamctl.schedule.setup_runs import is_straight
from qamctl.schedule.spec import TERMS

#: Terms that depend on what stands next to what, or on the busiest agent.
_NEVER = ("setup", "balance")


def refuse_unheld(instance: Instance, level: int = 0, slot: int = 1) -> None:
    """Go on if a QUBO can hold the problem.

    Parameters
    ----------
    level
        The level of the objective that is minimised; earlier ones are kept.
    slot
        Ticks in a slot.

    Raises
    ------
    UnsupportedError
        It can't: with the names of what it can't hold.
    """
    if instance.crews is None:
        return
    found = list(_names(instance, instance.crews, level, slot))
    if found:
        raise UnsupportedError(f"no QUBO of this schedule holds {', '.join(found)}: other engines do")


def _names(instance: Instance, crews: Crews, level: int, slot: int) -> Iterator[str]:
    spec = instance.spec
    if slot > 1:
        yield "slots of several ticks (`solver.slot`) beside calendars, crews, rules and optional tasks"
    if spec.setups is not None and not is_straight(instance, crews, spec.setups):
        yield "setups that take longer than the way round by another family"
    weighed = (instance.levels[: level + 1] != 0).any(axis=0)
    varies = {
        "setup": spec.setups is not None and bool((spec.tasks.family >= 0).any() and spec.setups.time.any()),
        "balance": len(spec.agents.ids) > 0,
    }
    yield from (f"the term `{term}`" for term in _NEVER if weighed[TERMS.index(term)] and varies[term])
    kept = (instance.levels[:level] != 0).any(axis=0)
    if kept[TERMS.index("communication")] and spec.transfers is not None and np.any(spec.after.data > 0):
        yield "the term `communication` in a level that is kept"
