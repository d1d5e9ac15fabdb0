"""A part of an assignment as a mixed-integer program: every rule as rows, every term as costs."""

from __future__ import annotations

import numpy as np

from qamctl.cluster.solvers.programs.costs import draw_units
from qamctl.cluster.solvers.programs.groups import draw_apart, draw_cut, draw_devices, draw_near, draw_spreads
from qamctl.cluster.solvers.programs.part import Part
from qamctl.cluster.solvers.programs.program import Draft, Program
from qamctl.cluster.solvers.programs.rows import draw_holding
from qamctl.cluster.spec import TERMS, Flags, Floats
from qamctl.cluster.terms import terms


def draw(part: Part, charged: Flags, *, rules: bool = True) -> Program:
    """The program of a part; its first variables are the pairs of the part, in their order.

    Every assignment that keeps all rules is a solution that costs what it costs. The other way round only devices
    that several agents share are not seen to: whether an answer keeps every rule is for the search's own sums to say.

    Parameters
    ----------
    charged
        [7] the terms that count; others may be left out of the costs.
    rules
        Whether rules between units have rows, and links that are cut have costs. Without them the program is a
        relaxation, and much smaller where everybody is free.
    """
    draft = Draft()
    counts = dict(zip(TERMS, charged.tolist(), strict=True))
    draw_units(draft, part, counts)
    draw_holding(draft, part, counts)
    draw_devices(draft, part)
    if rules:
        draw_apart(draft, part)
        draw_spreads(draft, part, counts["spread"])
        draw_near(draft, part)
        if counts["cut"]:
            draw_cut(draft, part)
    return draft.finish(np.where(charged, terms(part.problem, part.leaf), 0.0))


def value_of(program: Program, weights: Floats) -> float:
    """What the known assignment costs."""
    return float(weights @ (program.constant + program.cost @ program.known))
