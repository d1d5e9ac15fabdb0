"""Counts corrected for what readout does to them: the confusion of the qubits, inverted.

For few qubits the tensor product of all inverses is applied; for more, the linear system is solved among the outcomes
that were seen (M3: Nation, Kang, Sundaresan and Gambetta, PRX Quantum 2, 040326, 2021), densely where they are few
and without a matrix where they are many. That is biased as far as outcomes are missing. The means of polynomials and
other sums of products need neither: they are undone bit by bit, without bias, for any number of qubits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qamctl.errors import BackendError, UsageError
from qamctl.kernels.couplings import Samples
from qamctl.quantum.mitigation.calibration import Calibration
from qamctl.quantum.mitigation.observables import Observable, all_samples, undone, values_of
from qamctl.quantum.mitigation.outcomes import Estimate, Outcomes, bitstrings
from qamctl.qubo.model import Floats

METHODS: Final = ("auto", "tensored", "subspace")
#: Up to so many bits `auto` applies the inverse to all outcomes.
TENSORED: Final = 14
#: Bits that `tensored` and the matrix-free products on whole vectors go up to.
LARGEST: Final = 22
#: Up to so many outcomes the system is solved densely.
DENSE: Final = 1000
#: Below this P(0|0) + P(1|1) - 1 a qubit's readout says too little to be inverted.
LEAST: Final = 0.02
_TOLERANCE: Final = 1e-9

Solve = Callable[[Floats], Floats]


@dataclass(frozen=True, eq=False)
class Corrected:
    """Outcomes with their quasi-probabilities, which sum to 1 and of which some may be negative.

    Attributes
    ----------
    samples
        [m, bits] the outcomes: all, or those that were seen.
    frequencies
        [m] the shares of the shots that they had.
    shots
        Runs of the circuit.
    method
        "tensored", "dense" or "iterative".
    matrices
        [bits, 2, 2] the confusion of the qubit behind each bit.
    calibration_shots
        Of each entry of `matrices`; 0: known exactly.
    """

    samples: Samples
    frequencies: Floats
    shots: int
    method: str
    matrices: Floats
    calibration_shots: int

    @cached_property
    def quasi(self) -> Floats:
        """[m] the quasi-probabilities."""
        return self._system[0](self.frequencies)

    @property
    def unseen(self) -> float:
        """The share of reads that should lie on outcomes that are not among `samples`.

        Quasi-probabilities are wrong by about as much, and so are the means of observables other than polynomials,
        `ZProduct` and `Share`.
        """
        return max(0.0, float((1 - self._system[2]) @ self.quasi))

    def expectation(self, observable: Observable) -> Estimate:
        """The corrected mean of an observable, with the errors of shots and of the calibration.

        With A the confusion, o A^-1 p is the mean of w = A^-T o over the shots, so its variance is that of w.
        `overhead` is (max w - min w)^2 / (max o - min o)^2. The calibration's part is of first order.
        """
        values, seen = values_of(observable, self.samples), self.frequencies > 0
        weigh = undone(observable, self._inverses)
        weights = self._system[1](values) if weigh is None else weigh(self.samples[seen])
        weights, p = weights if weigh else weights[seen], self.frequencies[seen]
        value = float(weights @ p)
        variance = float((weights - value) ** 2 @ p) / self.shots
        span, wide = float(np.ptp(values)), float(np.ptp(weights))
        overhead = max(1.0, (wide / span) ** 2) if span > 0 else 1.0
        if self.calibration_shots:
            slopes = self._slopes(observable, values) if weigh is None else self._slopes_undone(weigh, weights, p)
            # One half is added on each side: what was never seen in some shots is not known to be impossible.
            runs = self.calibration_shots + 1
            flips = np.stack([self.matrices[:, 1, 0], self.matrices[:, 0, 1]])
            wrong = (flips * self.calibration_shots + 0.5) / runs
            variance += float((slopes**2 * wrong * (1 - wrong)).sum()) / runs
        return Estimate(value, float(np.sqrt(variance)), overhead)

    @cached_property
    def _inverses(self) -> Floats:
        return np.asarray(np.linalg.inv(self.matrices), np.float64)

    @cached_property
    def _system(self) -> tuple[Solve, Solve, Floats]:
        """What solves the linear system and its transpose, and the sums of its columns before they are scaled."""
        return {"tensored": _tensored, "dense": _dense, "iterative": _iterative}[self.method](
            self.samples, self.matrices
        )

    def _slopes(self, observable: Observable, values: Floats) -> Floats:
        """[2, bits] the mean's derivatives by each bit's P(1|0) and P(0|1).

        A flip in readout of x zeros moves the mean by x times what flipping them changes, over the determinant.
        """
        slopes = np.empty((2, self.samples.shape[1]))
        for bit, determinant in enumerate(np.linalg.det(self.matrices).tolist()):
            flipped = self.samples.copy()
            flipped[:, bit] ^= 1
            change = (values_of(observable, flipped) - values) * self.quasi / determinant
            slopes[:, bit] = [-change[self.samples[:, bit] == state].sum() for state in (0, 1)]
        return slopes

    def _slopes_undone(self, weigh: Callable[[Samples], Floats], weights: Floats, p: Floats) -> Floats:
        """The same from the weights w alone: w(1) - w(0) of a bit is o(1) - o(0) over the determinant."""
        samples, inverses = self.samples[self.frequencies > 0], self._inverses
        slopes = np.empty((2, samples.shape[1]))
        for bit in range(samples.shape[1]):
            flipped = samples.copy()
            flipped[:, bit] ^= 1
            rise = (weigh(flipped) - weights) * np.where(samples[:, bit], -p, p)
            slopes[:, bit] = [sign * (rise @ inverses[bit, k, samples[:, bit]]) for k, sign in ((0, -1), (1, 1))]
        return slopes

    def probabilities(self) -> Floats:
        """[m] the distribution nearest to the quasi-probabilities."""
        return nearest_distribution(self.quasi)

    def distribution(self) -> dict[str, float]:
        """Bitstring -> probability in the nearest distribution; zeros are left out."""
        p = self.probabilities()
        held = p > 0
        return dict(zip(bitstrings(self.samples[held]), p[held].tolist(), strict=True))


def correct(outcomes: Outcomes, matrices: Floats, *, calibration_shots: int = 0, method: str = "auto") -> Corrected:
    """Correct the outcomes of one circuit.

    Parameters
    ----------
    outcomes
        What was read.
    matrices
        [bits, 2, 2] the confusion of the qubit that was measured into each bit (`Calibration.of`).
    calibration_shots
        How often each entry was measured, for standard errors; 0: known exactly.
    method
        "tensored" (all 2^bits outcomes, unbiased), "subspace" (those that were seen, their columns scaled to sum
        to 1), or "auto": tensored up to 14 bits.

    Raises
    ------
    UsageError
        There is no such method, or not one matrix for each bit.
    BackendError
        A qubit's readout can't be inverted; and, once quasi-probabilities are asked for, that of the outcomes.
    """
    if method not in METHODS:
        raise UsageError(f"there is no readout correction {method!r}: choose {', '.join(METHODS)}")
    bits = outcomes.bits
    if matrices.shape != (bits, 2, 2):
        raise UsageError(f"{bits} measured bits need {bits} confusion matrices, and there are {len(matrices)}")
    for bit, (low, high) in enumerate(zip(matrices[:, 1, 0].tolist(), matrices[:, 0, 1].tolist(), strict=True)):
        if not 1 - low - high >= LEAST:
            raise BackendError(
                f"the qubit of bit {bit} reads 1 for 0 with probability {low:.3g} and 0 for 1 with {high:.3g}: "
                "that can't be inverted; calibrate again, or use another qubit"
            )
    if method == "tensored" and bits > LARGEST:
        raise UsageError(f"{bits} bits have too many outcomes to correct all of them: choose subspace")
    if method == "tensored" or (method == "auto" and bits <= TENSORED):
        samples, frequencies = all_samples(bits), np.zeros(1 << bits)
        np.add.at(frequencies, _numbers(outcomes.samples), outcomes.frequencies)
        name = "tensored"
    else:
        samples, frequencies = outcomes.samples, outcomes.frequencies
        name = "dense" if len(samples) <= DENSE else "iterative"
    return Corrected(samples, frequencies, outcomes.shots, name, matrices, calibration_shots)


def correct_with(
    outcomes: Outcomes, calibration: Calibration, qubits: tuple[int, ...], *, method: str = "auto"
) -> Corrected:
    """`correct` by a calibration, where `qubits[b]` was measured into bit b."""
    return correct(outcomes, calibration.of(qubits), calibration_shots=calibration.shots, method=method)


def nearest_distribution(quasi: Floats) -> Floats:
    """The probabilities nearest to quasi-probabilities that sum to 1, by Euclidean distance.

    All are lowered by the same amount and none below zero (Smolin, Gambetta and Smith, PRL 108, 070502, 2012).
    """
    falling = np.sort(quasi)[::-1]
    excess = (np.cumsum(falling) - 1) / np.arange(1, len(falling) + 1)
    amount = excess[np.nonzero(falling > excess)[0][-1]]
    return np.asarray(np.maximum(quasi - amount, 0.0))


def tensor_product(matrices: Floats, vector: Floats) -> Floats:
    """[2^bits] the tensor product of matrices [bits, 2, 2] times a vector; bit v of an index belongs to matrix v."""
    for bit, matrix in enumerate(matrices):
        vector = np.einsum("ab,ibj->iaj", matrix, vector.reshape(-1, 2, 1 << bit)).reshape(-1)
    return vector


def _numbers(samples: Samples) -> npt.NDArray[np.int64]:
    """[m] samples as numbers; at most 62 bits."""
    return np.asarray(samples.astype(np.int64) @ (1 << np.arange(samples.shape[1], dtype=np.int64)))


def _confusion(read: Samples, prepared: Samples, matrices: Floats) -> Floats:
    """[a, b] the probability that each prepared outcome is read as another: a bilinear form in the exponent."""
    # Zeros become 1e-40: their logarithm is finite, and the product as good as zero.
    logs = np.log(np.maximum(matrices, 1e-40))
    both = logs[:, 1, 1] - logs[:, 1, 0] - logs[:, 0, 1] + logs[:, 0, 0]
    r, s = read.astype(np.float64), prepared.astype(np.float64)
    exponent = (r * both) @ s.T
    exponent += (r @ (logs[:, 1, 0] - logs[:, 0, 0]))[:, None]
    exponent += s @ (logs[:, 0, 1] - logs[:, 0, 0]) + logs[:, 0, 0].sum()
    return np.asarray(np.exp(exponent, out=exponent))


def _tensored(samples: Samples, matrices: Floats) -> tuple[Solve, Solve, Floats]:
    """The system of all outcomes: each bit's inverse."""
    inverses = np.asarray(np.linalg.inv(matrices), np.float64)
    turned = inverses.transpose(0, 2, 1)
    return partial(tensor_product, inverses), partial(tensor_product, turned), np.ones(len(samples))


def _dense(samples: Samples, matrices: Floats) -> tuple[Solve, Solve, Floats]:
    """The system among few outcomes and its transpose, by one LU factorisation; and the sums of its columns."""
    from scipy.linalg import lapack, lu_factor, lu_solve

    matrix = _confusion(samples, samples, matrices)
    columns = matrix.sum(axis=0)
    matrix /= columns
    factors = lu_factor(matrix)
    reciprocal, _ = lapack.dgecon(factors[0], float(np.abs(matrix).sum(axis=0).max()))
    if not reciprocal > 1e-12:
        raise BackendError(
            "the readout of these outcomes can't be told apart: calibrate again, or measure fewer qubits"
        )
    return (lambda right: lu_solve(factors, right)), (lambda right: lu_solve(factors, right, trans=1)), columns


def _iterative(samples: Samples, matrices: Floats) -> tuple[Solve, Solve, Floats]:
    """The same for many outcomes, by GMRES with the diagonal as preconditioner."""
    from scipy.sparse.linalg import LinearOperator, bicgstab, gmres

    m = len(samples)
    forward, backward = _products(samples, matrices)
    columns = backward(np.ones(m))
    bit = np.arange(samples.shape[1])
    diagonal = np.prod(matrices[bit, samples, samples], axis=1) / columns

    def solver(product: Solve) -> Solve:
        operator: Any = LinearOperator((m, m), matvec=product, dtype=np.float64)
        rough: Any = LinearOperator((m, m), matvec=lambda x: x / diagonal, dtype=np.float64)

        def solve(right: Floats) -> Floats:
            for method, limits in ((gmres, {"restart": 40, "maxiter": 5}), (bicgstab, {"maxiter": 200})):
                found, failed = method(operator, right, rtol=_TOLERANCE, atol=0.0, M=rough, **limits)
                if not failed:
                    return np.asarray(found)
            raise BackendError("the readout correction did not converge: calibrate again, or measure fewer qubits")

        return solve

    return solver(lambda x: forward(x / columns)), solver(lambda x: backward(x) / columns), columns


def _products(samples: Samples, matrices: Floats) -> tuple[Solve, Solve]:
    """The confusion among outcomes, and its transpose, times a vector.

    Through the vector of all 2^bits outcomes where that is less work than all pairs of outcomes; else a block of
    rows at a time.
    """
    m, bits = samples.shape
    if bits <= LARGEST and (1 << bits) < m * m:
        place = _numbers(samples)

        def through(factors: Floats) -> Solve:
            def product(x: Floats) -> Floats:
                whole = np.zeros(1 << bits)
                whole[place] = x
                return tensor_product(factors, whole)[place]

            return product

        return through(matrices), through(matrices.transpose(0, 2, 1))

    rows = max(1, 4_000_000 // m)

    def by_blocks(factors: Floats) -> Solve:
        def product(x: Floats) -> Floats:
            parts = [_confusion(samples[i : i + rows], samples, factors) @ x for i in range(0, m, rows)]
            return np.concatenate(parts)

        return product

    return by_blocks(matrices), by_blocks(matrices.transpose(0, 2, 1))
