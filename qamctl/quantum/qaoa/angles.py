"""Angles that were trained once and fit most problems: a table by mixer and depth, shipped with the package.

In scaled units (`landscape`) good angles of one problem are good for others of its kind (Brandao et al. 2018; Shaydulin
et al. 2023), so a circuit needs no training to be useful. `tests/benchmarks/qaoa_angles.py` makes the table.
"""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from qamctl.quantum.ansatz import Ansatz
from qamctl.qubo.model import Floats

#: The table, beside this file.
TABLE: Final = Path(__file__).with_name("angles.json")

#: What its `schema` says.
SCHEMA: Final = "qamctl/angles/1"


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of the distribution of energies over the states, on which good angles depend.

    Attributes
    ----------
    linear_share
        Share of the variance that single axes make: fields, as against couplings. Fields want larger betas.
    skewness, kurtosis
        The third moment in deviations, and the fourth less 3: both 0 for a normal distribution, which the energies of
        large problems come near to.
    """

    linear_share: float
    skewness: float
    kurtosis: float

    def within(self, least: Shape, most: Shape) -> Shape:
        """The nearest shape whose figures all lie between those of two others."""
        limits = zip(astuple(self), astuple(least), astuple(most), strict=True)
        return Shape(*(min(max(x, low), high) for x, low, high in limits))

    def terms(self) -> Floats:
        """[6] what the table's rows are multiplied by: 1, the figures, and the products by which penalties are told."""
        share, skewness, kurtosis = astuple(self)
        return np.array([1.0, share, skewness, kurtosis, share * share, share * skewness])


@cache
def table() -> dict[str, Any]:
    """The shipped table: `provenance`, and for each mixer and depth the angles and what they reached."""
    found: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
    assert found["schema"] == SCHEMA
    return found


def deepest(mixer: str) -> int:
    """The greatest depth in the table; deeper circuits get interpolated angles."""
    return max(map(int, table()["mixers"][mixer]["depths"]))


def table_angles(ansatz: Ansatz, shape: Shape | None = None, depth: int | None = None) -> Floats:
    """[2 p] scaled angles for a circuit, from the table.

    Parameters
    ----------
    ansatz
        Its mixer and its depth are what counts.
    shape
        `Landscape.shape` of the problem, on which the table's angles depend; figures outside what it was made from
        count as the nearest inside. None: the median shape of the problems that it was made from.
    depth
        In place of the circuit's own.
    """
    depth = ansatz.depth if depth is None else depth
    own = table()["mixers"][ansatz.mixer]
    least, median, most = (Shape(**own["shapes"][name]) for name in ("least", "median", "most"))
    rows = np.array(own["depths"][str(min(depth, deepest(ansatz.mixer)))]["rows"])
    return deepened((shape or median).within(least, most).terms() @ rows, depth)


def deepened(angles: Floats, depth: int) -> Floats:
    """[2 depth] angles of a shallower circuit stretched to more layers, one at a time (INTERP).

    Layer k of p + 1 gets (k - 1) / p of what layer k - 1 had and (p - k + 1) / p of layer k (Zhou et al. 2020,
    appendix B).
    """
    while len(angles) < 2 * depth:
        p = len(angles) // 2
        k = np.arange(p + 1)
        parts = []
        for part in np.split(np.asarray(angles, float), 2):
            before, after = np.concatenate([[0.0], part]), np.concatenate([part, [0.0]])
            parts.append(k / p * before + (p - k) / p * after)
        angles = np.concatenate(parts)
    return np.asarray(angles, float)


def ramp(depth: int, step: float = 0.7) -> Floats:
    """[2 depth] a linear ramp: gamma rises to `step` while beta falls from -`step`, as in annealing by small steps.

    Gamma is positive and beta negative, because every circuit begins in the highest state of its mixer.
    """
    middle = (np.arange(depth) + 0.5) / depth
    return np.concatenate([step * middle, -step * (1 - middle)])


def canonical(angles: Floats, mixer: str) -> Floats:
    """[2 p] the same angles with their symmetries taken out: betas within half a period of 0, the first gamma positive.

    For real diagonals and mixers the sign of all angles at once means nothing. X on a qubit has the period pi in beta,
    the Grover phase 2 pi; the xy mixers of mixed group sizes have none.
    """
    gammas, betas = (part.copy() for part in np.split(np.asarray(angles, float), 2))
    period = {"x": np.pi, "grover": 2 * np.pi}.get(mixer)
    if period is not None:
        betas -= period * np.round(betas / period)
    sign = -1.0 if gammas[0] < 0 else 1.0
    return np.concatenate([sign * gammas, sign * betas])
