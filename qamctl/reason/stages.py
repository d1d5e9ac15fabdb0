"""The steps of a spec in as few stages as do the same: what stands between two evolutions is one piece of evidence.

Evidence and dephasing are both diagonal, so that all evidence up to the next evolution multiplies into one likelihood,
and all dephasing into one factor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from qamctl.reason.spec import EVOLVE, Floats
from qamctl.reason.state import relative_likelihood


@dataclass(frozen=True, eq=False)
class Stage:
    """What happens up to an evolution, or to the end.

    Attributes
    ----------
    rows
        The evidence that is seen.
    likelihood
        [N] of all of it, divided by its largest; None without evidence.
    log_scale
        The logarithm of what it was divided by: by so much more is accepted than where each piece stands alone.
    coherence
        What is left of the off-diagonal elements when the evolution begins.
    evolve
        Whether there is one.
    """

    rows: tuple[int, ...]
    likelihood: Floats | None
    log_scale: float
    coherence: float
    evolve: bool


def stages_of(
    steps: Sequence[int],
    likelihood: Floats,
    reliability: Floats,
    coherence: float,
    *,
    evolves: bool = True,
    whole: bool = False,
) -> tuple[Stage, ...]:
    """The stages of some steps.

    Parameters
    ----------
    likelihood, reliability
        [J, N] and [J] of the evidence.
    evolves
        False: evolution changes nothing, and is left out.
    whole
        Keep what the last step leaves of coherence, which nothing but the state itself shows.
    """
    wanted = [step for step in steps if evolves or step != EVOLVE]
    out: list[Stage] = []
    rows: list[int] = []
    for step in [*wanted, EVOLVE]:
        if step != EVOLVE:
            rows.append(step)
            continue
        joint, scale = _joint(likelihood[rows], reliability[rows]) if rows else (None, 0.0)
        out.append(Stage(tuple(rows), joint, scale, coherence ** (1 + len(rows)), True))
        rows = []
    last = out.pop()
    return (*out, replace(last, evolve=False)) if last.rows or whole or not out else tuple(out)


def _joint(likelihoods: Floats, reliabilities: Floats) -> tuple[Floats, float]:
    """[N] the product of likelihoods with their exponents by its largest, and the logarithm of that."""
    with np.errstate(divide="ignore"):
        logs = [np.log(relative_likelihood(row, alpha)) for row, alpha in zip(likelihoods, reliabilities, strict=True)]
    total = np.sum(logs, axis=0)
    most = float(total.max())
    return (np.exp(total - most), most) if np.isfinite(most) else (np.zeros_like(total), 0.0)
