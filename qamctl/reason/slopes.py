"""How a posterior follows the reliability of evidence: derivatives, from differences of the exact posterior."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Final

from qamctl.reason.exact import begun
from qamctl.reason.spec import Floats, ReasonSpec
from qamctl.reason.state import run_steps

#: Relative step of the differences: their error is about its square.
STEP: Final = 1e-5


def by_reliability(spec: ReasonSpec, rows: Sequence[int], steps: Sequence[int]) -> list[Floats | None]:
    """[N] for each piece of evidence: how the posterior follows the exponent of its likelihood.

    None where it is 0 and the least trust would rule paths out at once: there is no derivative.

    Raises
    ------
    ImpossibleError
        The evidence has the probability 0.
    """
    begin, out = begun(spec, steps, spec.coherence), list[Floats | None]()

    def posterior(row: int, value: float) -> Floats:
        state, changed = copy.deepcopy(begin), spec.evidence.reliability.copy()
        changed[row] = value
        run_steps(state, steps, spec.evidence.likelihood, changed)
        return state.probabilities

    for row in rows:
        now = float(spec.evidence.reliability[row])
        step = STEP * max(1.0, now)
        if now == 0 and (spec.evidence.likelihood[row] <= 0).any():
            out.append(None)
        elif now < step:  # nothing lies below 0
            nearest, next_, last = (posterior(row, now + k * step) for k in range(3))
            out.append((4 * next_ - 3 * nearest - last) / (2 * step))
        else:
            out.append((posterior(row, now + step) - posterior(row, now - step)) / (2 * step))
    return out
