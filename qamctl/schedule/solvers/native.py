"""Which native heuristic a schedule problem asks for."""

from __future__ import annotations

from typing import Final

from qamctl.schedule.instance import Instance
from qamctl.schedule.solvers import critical_path, list_search
from qamctl.schedule.solvers.shop import shop_of
from qamctl.solver import Solver

HEURISTICS: Final[dict[str, Solver]] = {"list-search": list_search.solve, "critical-path": critical_path.solve}


def heuristic_name(instance: Instance) -> str:
    """On shops critical-path takes the place of list-search, unless many of their machines are alike."""
    shop = shop_of(instance)
    return "list-search" if shop is None or shop.crowded else "critical-path"


def heuristic_of(instance: Instance) -> Solver:
    """The solver of that name."""
    return HEURISTICS[heuristic_name(instance)]
