"""Inequalities without slack bits: the unbalanced penalty, a parabola that is least inside the allowed range.

A. Montanez-Barrera, D. Willsch, A. Maldonado-Romero and K. Michielsen, "Unbalanced penalization: a new approach to
encode inequality constraints of combinatorial problems for quantum optimization algorithms", 2022
(arXiv:2211.13914). With h = right side - left side, -lambda_1 h + lambda_2 h^2 stands for exp(-h): small where
h >= 0, large where h < 0, and quadratic in the variables themselves, so that a row needs no further bit.

It is a heuristic. A state that breaks a row by little may cost less than one that leaves much room, so that the
least energy is not always feasible, and the energy of a feasible state is not its objective. `penalties` that are
sufficient with slack bits are no guarantee here; `raise_weights.solve_check_raise` finds weights that work.
"""

from __future__ import annotations

import numpy as np

from qamctl.qubo.model import Floats
from qamctl.qubo.slack import Squares

Lambdas = tuple[float, float]


def parabolas(squares: Squares, weight: Floats, lambdas: Lambdas | None = None) -> tuple[Floats, Floats]:
    """([r], [r]) lambda_1 and lambda_2 of each row; for equations 0 and the weight itself.

    Parameters
    ----------
    squares
        Rows without slack bits.
    weight
        [r] penalties of the rows.
    lambdas
        Both, in units of the weight, the same for all rows. None: the parabola costs `weight` where the row is
        broken by 1, and nothing where it is just kept and where it leaves as much as its largest coefficient: a
        row that is nearly full leaves less than one more item needs.
    """
    size = np.diff(squares.start)
    largest = np.zeros(len(size))
    np.maximum.at(largest, np.repeat(np.arange(len(size)), size), np.abs(squares.coef).astype(np.float64))
    room = np.minimum(largest, squares.reach)
    if lambdas is None:
        linear, square = weight * room / (1.0 + room), weight / (1.0 + room)
    else:
        linear, square = weight * lambdas[0], weight * lambdas[1]
    equation = squares.reach == 0
    return np.where(equation, 0.0, linear), np.where(equation, weight, square)
