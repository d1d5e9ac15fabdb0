"""A proof from approximate dual variables: a lower bound on a spin model that rounding can't break.

For any y, sum of J[i, j] s[i] s[j] over i < j is at least (sum of y) / 2 when J - Diag(y) is positive semidefinite.
The matrix is factorised in floating point; that the factorisation ends proves positive definiteness up to a known
error (S. M. Rump, "Verification of positive definiteness", BIT 46, 2006), or, for a sparse factorisation, the
residual is bounded. The diagonal is raised until this works, and the bound pays for what was added.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qamctl.kernels.couplings import Floats, Ints

#: Largest matrix that is factorised as a dense one: 800 MB. 3,000 take half a second, 8,000 ten.
MAX_DENSE = 8_000
#: Four times the multiply-adds between two looks at the clock.
BLOCK_WORK = 4e9
#: Smallest share of the mean diagonal that is added.
LEAST = 2.0**-40
#: What is added is one of so many steps of a geometric scale from `LEAST` to all of the mean.
STEPS = 127
#: Up to so many spins the least step is found by halving, above it from a guess in strides.
SMALL, STRIDE = 1_500, 7


@dataclass(frozen=True, slots=True)
class Matrix:
    """J - Diag(y), symmetric: its strict upper triangle, each pair once, and its diagonal."""

    n: int
    low: Ints
    high: Ints
    weight: Floats
    diagonal: Floats

    def dense(self, diagonal: Floats) -> Floats:
        """[n, n], with another diagonal."""
        full = np.zeros((self.n, self.n))
        full[self.low, self.high] = self.weight
        full[self.high, self.low] = self.weight
        np.fill_diagonal(full, diagonal)
        return full


def certified(matrix: Matrix, late: Callable[[], bool]) -> float | None:
    """A number that no sum of J[i, j] s[i] s[j] over i < j is below; None when `late` came first.

    Parameters
    ----------
    matrix
        J - Diag(y) for any y; the closer y to the dual optimum, the better.
    """
    if matrix.n == 0:
        return 0.0
    thin = matrix.n > MAX_DENSE
    scale = float(matrix.diagonal.mean())
    if not scale > 0 or not np.isfinite(matrix.diagonal).all():
        return None

    def shortfall(step: int) -> float | None:
        raised = matrix.diagonal + scale * LEAST ** (1 - step / STEPS)
        below = _sparse_shortfall(matrix, raised) if thin else _dense_shortfall(matrix, raised, late)
        if below is None:
            return None
        # s'(J - Diag(y) + added + below)s >= 0, and the diagonal that was really used counts.
        total = math.fsum(raised.tolist()) + matrix.n * below
        return -total / 2 - 2.0**-50 * abs(total)

    if matrix.n <= SMALL:
        return _by_halving(shortfall, late)
    # The guess decides a step of a coarse scale alone, so that its rounding hardly ever shows in the result.
    guess = max(LEAST, -1.01 * _least_eigenvalue(matrix) / scale)
    step = min(STEPS, math.ceil(STEPS * (1 - math.log2(guess) / math.log2(LEAST))))
    while not late():
        proved = shortfall(step)
        if proved is not None or step == STEPS:
            return proved
        step = min(STEPS, step + STRIDE)
    return None


def _by_halving(shortfall: Callable[[int], float | None], late: Callable[[], bool]) -> float | None:
    """The proof with the least addition of the scale; it takes a factorisation for each halving."""
    best = None
    low, high = 0, STEPS
    while low <= high and not late():
        middle = (low + high) // 2
        proved = shortfall(middle)
        if proved is None:
            low = middle + 1
        else:
            best, high = proved, middle - 1
    return best


def _least_eigenvalue(matrix: Matrix) -> float:
    """About the least eigenvalue: only a guess of what has to be added."""
    from scipy.sparse import coo_array, diags_array
    from scipy.sparse.linalg import ArpackNoConvergence, eigsh

    upper = coo_array((matrix.weight, (matrix.low, matrix.high)), shape=(matrix.n, matrix.n)).tocsr()
    whole = upper + upper.T + diags_array(matrix.diagonal)
    start = np.cos(np.arange(matrix.n) * 1.618)
    try:
        found = eigsh(whole, k=1, which="SA", v0=start, tol=1e-4, maxiter=40, return_eigenvectors=False)
    except ArpackNoConvergence:
        return -1e-6 * float(matrix.diagonal.mean())
    return float(found[0])


def _dense_shortfall(matrix: Matrix, diagonal: Floats, late: Callable[[], bool]) -> float | None:
    """Cholesky: where it ends, the least eigenvalue is at least -(n + 1) u trace / (1 - (n + 1) u) (Rump, 2.3).

    That holds for sums in any order; four times as much allows for triangular solvers that multiply by
    reciprocals. It is done in blocks of columns, because a library's call could not be interrupted.
    """
    from scipy.linalg import solve_triangular

    n, full = matrix.n, matrix.dense(diagonal)
    wide = int(min(256, max(32, BLOCK_WORK / n**2)))
    for begin in range(0, n, wide):
        end = min(n, begin + wide)
        panel = full[begin:, begin:end]
        panel -= full[begin:, :begin] @ full[begin:end, :begin].T
        try:
            corner = np.linalg.cholesky(panel[: end - begin])
        except np.linalg.LinAlgError:
            return None
        panel[: end - begin] = corner
        panel[end - begin :] = solve_triangular(corner, panel[end - begin :].T, lower=True, check_finite=False).T
        if late():
            return None
    return 4 * (n + 8) * 2.0**-53 * float(diagonal.sum())


def _sparse_shortfall(matrix: Matrix, diagonal: Floats) -> float | None:
    """L D L' from a sparse factorisation: with D >= 0, what is missing is at most the norm of the residual.

    Any L and D will do for the proof, so nothing is assumed about the solver; the residual and the rounding of
    its computation are bounded by their row sums.
    """
    from scipy.sparse import coo_array, diags_array
    from scipy.sparse.linalg import splu

    upper = coo_array((matrix.weight, (matrix.low, matrix.high)), shape=(matrix.n, matrix.n)).tocsr()
    whole = (upper + upper.T + diags_array(diagonal)).tocsc()
    try:
        found = splu(whole, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    except RuntimeError:  # exactly singular
        return None
    pivots = found.U.diagonal()
    if not (np.isfinite(pivots).all() and (pivots > 0).all() and (found.perm_r == found.perm_c).all()):
        return None
    order = np.argsort(found.perm_c)
    lower = found.L.tocsr()
    scaled = diags_array(pivots) @ lower.T
    residual = whole[order][:, order] - lower @ scaled
    size = abs(lower) @ (abs(scaled) @ np.ones(matrix.n))
    most = int(np.diff(lower.indptr).max()) + 4
    rounding = 2 * most * 2.0**-53 * float((size + abs(whole) @ np.ones(matrix.n)).max())
    return float((abs(residual) @ np.ones(matrix.n)).max()) * 1.001 + rounding
