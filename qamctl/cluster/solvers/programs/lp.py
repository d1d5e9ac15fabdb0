"""The linear relaxation of a program, and the lower bound that its prices prove whatever the solver's tolerances."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from qamctl.cluster.solvers.programs.program import Program
from qamctl.cluster.spec import Floats

#: Rounding of a sum, in shares of the sum of its parts' magnitudes.
ROUNDING: Final = 1e-13
#: Decimals of costs up to which an objective is known to be a multiple of something.
DECIMALS: Final = 3


@dataclass(frozen=True, eq=False)
class Relaxation:
    """What a linear relaxation says.

    Attributes
    ----------
    bound
        Nothing costs less.
    value, reduced
        [v] of each variable: what it is, and what a unit more of it adds to the bound.
    price
        [rows] what a unit more of a row's limit adds.
    solved
        The solver came to something: else the bound is what the limits of the variables say.
    """

    bound: float
    value: Floats
    reduced: Floats
    price: Floats
    solved: bool


@dataclass(eq=False)
class Relax:
    """GLOP on the relaxation of a program; `stop` may be called from another thread at any time.

    Attributes
    ----------
    weights
        [7] of the terms.
    seconds
        Wall time at most; None: no limit.
    effort
        Deterministic seconds at most, which are about seconds of a quick machine.
    """

    program: Program
    weights: Floats
    seconds: float | None
    effort: float
    stopped: bool = False
    _solver: Any = None

    def stop(self) -> None:
        """End the run; has no effect in the moment before the search begins, so ask until it has ended."""
        self.stopped = True
        if self._solver is not None:
            self._solver.interrupt_solve()

    def solve(self) -> Relaxation:
        """Solve it; what was reached proves a bound too where it was cut short."""
        import scipy.sparse as sp
        from ortools.linear_solver.python import model_builder_helper as glop

        program = self.program
        rows = len(program.row_lower)
        entries = (program.factor, (program.row, program.column))
        matrix = sp.csr_matrix(entries, shape=(rows, program.size))
        model: Any = glop.ModelBuilderHelper()
        model.fill_model_from_sparse_data(
            program.lower, program.upper, self.weights @ program.cost, program.row_lower, program.row_upper, matrix
        )
        solver: Any = glop.ModelSolverHelper("glop")
        solver.set_solver_specific_parameters(f"use_dual_simplex: true max_deterministic_time: {self.effort}")
        if self.seconds is not None:
            solver.set_time_limit_in_seconds(max(0.01, self.seconds))
        self._solver = solver
        if not self.stopped:
            solver.solve(model)
        found = solver.has_response() and len(solver.dual_values()) == rows
        price = np.array(solver.dual_values(), float) if found else np.zeros(rows)
        value = np.array(solver.variable_values(), float) if found and solver.has_solution() else program.known
        bound, reduced = proved(program, self.weights, price)
        return Relaxation(bound, value, reduced, price, found)


def proved(program: Program, weights: Floats, price: Floats) -> tuple[float, Floats]:
    """(what no solution is below, [v] reduced costs), by weak duality: any prices prove a bound.

    Parameters
    ----------
    price
        [rows]; a sign that has no limit to go with counts as zero.
    """
    low, high = program.row_lower, program.row_upper
    price = np.where((price > 0) & np.isfinite(low) | (price < 0) & np.isfinite(high), price, 0.0)
    paid = price * np.where(price > 0, np.where(np.isfinite(low), low, 0.0), np.where(np.isfinite(high), high, 0.0))
    cost = weights @ program.cost
    spent = np.bincount(program.column, weights=price[program.row] * program.factor, minlength=program.size)
    reduced = cost - spent
    # A reduced cost that is zero but for rounding must not be multiplied by a wide range.
    scale = np.abs(cost) + np.bincount(
        program.column, weights=np.abs(price[program.row] * program.factor), minlength=program.size
    )
    ends = np.minimum(reduced * program.lower, reduced * program.upper)
    constant = float(weights @ program.constant)
    reach = np.maximum(np.abs(program.lower), np.abs(program.upper))
    doubt = ROUNDING * (np.abs(paid).sum() + (scale * reach).sum() + abs(constant))
    return constant + float(paid.sum() + ends.sum()) - float(doubt), reduced


def rounded(program: Program, weights: Floats, bound: float) -> float:
    """The bound, as the next value that the objective can have if it only has multiples of a decimal."""
    for digits in range(DECIMALS + 1):
        grain = 10.0**digits
        costs = np.append(weights @ program.cost, weights @ program.constant) * grain
        if not np.array_equal(costs, np.round(costs)):
            continue
        parts = (program.factor, program.lower, program.upper, program.row_lower, program.row_upper)
        if all(np.array_equal(part, np.round(part)) for part in parts):
            return max(bound, math.ceil(bound * grain - 1e-6) / grain)
        return bound
    return bound
