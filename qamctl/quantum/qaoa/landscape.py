"""The energy of a circuit as a function of its angles: means, CVaR, gradients, probabilities and samples.

Angles are scaled, so that those of one problem do for others: gamma in units of 1 / scale, where the scale follows from
the spread of the energies, and beta in units that follow from the sizes of the groups. Angles are one vector [2 p], all
gammas, then all betas, as `ansatz.angle_names` has them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property

import numpy as np

from qamctl.kernels.couplings import Samples
from qamctl.kernels.statevector import evolution
from qamctl.quantum.ansatz import Ansatz
from qamctl.quantum.polynomial import Polynomial
from qamctl.quantum.qaoa.angles import Shape
from qamctl.quantum.qaoa.structure import check_size
from qamctl.qubo.model import Floats, Ints

#: Energies that differ by less than this share of their range are one level.
_LEVEL = 1e-9


class Landscape:
    """What a polynomial and an ansatz make of angles. Of any depth: the angles' number says which.

    Parameters
    ----------
    polynomial
        Whose energy is meant.
    ansatz
        Its register and its mixer; the depth is only the default of `qamctl.quantum.qaoa.angles.table_angles`.
    threads
        Cores to use; they change no figure.
    double
        Compute in float64: slower, to check with.
    memory
        Bytes that may be used; None: half of what this machine has.
    stop
        Asked between passes over the state.

    Attributes
    ----------
    diagonal
        [states] the energy of each state of the register.
    best, worst, mean, deviation
        Of the diagonal.
    scale
        A scaled gamma of 1 is a gamma of 1 / scale.
    beta_unit
        A scaled beta of 1 is a beta of this.
    evaluations
        How often the circuit was run.

    Raises
    ------
    UnsupportedError
        The states do not fit into memory.
    """

    def __init__(
        self,
        polynomial: Polynomial,
        ansatz: Ansatz,
        *,
        threads: int = 1,
        double: bool = False,
        memory: int | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        check_size(ansatz, memory)
        self.ansatz = ansatz
        self._polynomial, self._double = polynomial, double
        self.diagonal = ansatz.register.diagonal(polynomial)
        self.best, self.worst = float(self.diagonal.min()), float(self.diagonal.max())
        self.mean, self.deviation = float(self.diagonal.mean()), float(self.diagonal.std())
        # What rounding makes of sums of this size is no difference; beyond it the unit of the energies means nothing.
        self.blur = 4 * float(np.finfo(float).eps) * max(abs(self.best), abs(self.worst))
        self.flat = self.worst - self.best <= self.blur
        self.scale = 1.0 if self.flat else self.deviation / spread_of(ansatz)
        self.beta_unit = beta_unit_of(ansatz)
        self.evaluations = 0
        self._stop = stop
        self._evolution = evolution(
            self.diagonal, ansatz.axes(), grover=ansatz.mixer == "grover", double=double, threads=threads
        )
        self._held: bytes | None = None

    def finish(self) -> None:
        """From now on nothing stops the circuit: what was trained when a run was told to end can be measured."""
        self._stop = lambda: False

    def raw(self, angles: Floats) -> tuple[Floats, Floats]:
        """Scaled angles [2 p] as those of the circuit: gammas [p] in units of 1 / energy, betas [p] in radians."""
        gammas, betas = np.split(np.asarray(angles, float), 2)
        return gammas / self.scale, betas * self.beta_unit

    def value(self, angles: Floats, alpha: float = 1.0) -> float:
        """The mean energy, or that of the lowest share alpha of the distribution (CVaR)."""
        mean = self._run(angles)
        if alpha >= 1:
            return mean
        weight, energies = self._lowest(alpha)
        over = np.maximum(np.cumsum(weight) - alpha, 0.0)
        return float(np.maximum(weight - over, 0.0) @ energies) / alpha

    def value_and_gradient(self, angles: Floats, alpha: float = 1.0) -> tuple[float, Floats]:
        """The same, and its derivatives [2 p] by the scaled angles.

        The quantile is that of the exact distribution: where the share ends within a level, the level counts in part.
        """
        gammas, betas = self.raw(angles)
        cut = None
        if alpha < 1:
            self._run(angles)
            weight, energies = self._lowest(alpha)
            self.evaluations -= 1  # one evaluation, though the circuit is run twice
            cut = float(energies[min(int(np.searchsorted(np.cumsum(weight), alpha)), len(energies) - 1)])
        self._held = None
        self.evaluations += 1
        value, by_gamma, by_beta = self._evolution.gradient(gammas, betas, cut=cut, alpha=alpha, stop=self._stop)
        return float(value), np.concatenate([by_gamma / self.scale, by_beta * self.beta_unit])

    def probabilities(self, angles: Floats) -> Floats:
        """[states] the distribution of measurements."""
        self._run(angles)
        return self._evolution.probabilities()

    def probability(self, angles: Floats, energy: float | None = None) -> float:
        """Of measuring a state of at most this energy; None: the least one in the register."""
        level = self.best if energy is None else energy
        low = self.diagonal <= level + _LEVEL * (self.worst - self.best) + self.blur
        return float(self.probabilities(angles)[low].sum())

    def ratio(self, value: float) -> float:
        """(worst - value) / (worst - best): 1 at the least energy in the register, 0 at the greatest."""
        return 1.0 if self.flat else (self.worst - value) / (self.worst - self.best)

    def sample(self, angles: Floats, shots: int, seed: int) -> tuple[Samples, Ints]:
        """Measure: the samples [k, n] that were met, by their states' numbers, and how often [k] each was."""
        rising = np.cumsum(self.probabilities(angles))
        drawn = np.random.default_rng(seed).random(shots) * rising[-1]
        states, times = np.unique(np.searchsorted(rising, drawn, side="right"), return_counts=True)
        return self.ansatz.register.samples(np.minimum(states, len(rising) - 1)), times.astype(np.int64)

    @cached_property
    def shape(self) -> Shape:
        """Of the distribution of the diagonal."""
        if self.flat:
            return Shape(0.0, 0.0, 0.0)
        register = self.ansatz.register
        alone = sum(
            float(self.diagonal.reshape(-1, size, stride).mean(axis=(0, 2)).var())
            for size, stride in zip(register.sizes, register.strides, strict=True)
        )
        away = (self.diagonal - self.mean) / self.deviation
        square = away * away
        skewness, kurtosis = float(square @ away) / len(away), float(square @ square) / len(away) - 3
        return Shape(alone / self.deviation**2, skewness, kurtosis)

    @cached_property
    def fingerprint(self) -> str:
        """Of the problem and the circuit, angles and depth apart: what evaluations are kept under."""
        ansatz, digest = self.ansatz, hashlib.sha256(b"qamctl/landscape/1\0")
        shape = (ansatz.register.n, ansatz.register.groups, ansatz.mixer, ansatz.warm, self._double)
        digest.update(repr(shape).encode())
        digest.update(self._polynomial.offset.hex().encode())
        for variables, weight in sorted(self._polynomial.terms.items()):
            digest.update(f"{variables}{float(weight).hex()}".encode())
        return digest.hexdigest()[:32]

    @cached_property
    def _order(self) -> tuple[Ints, Floats]:
        """States by rising energy, and the energies in that order."""
        order = np.argsort(self.diagonal, kind="stable")
        return order, self.diagonal[order]

    def _lowest(self, alpha: float) -> tuple[Floats, Floats]:
        """Probabilities in the state that is held, and energies, by rising energy, until a share is reached."""
        order, energies = self._order
        probabilities, take = self._evolution.probabilities(), 1024
        while True:  # few states hold the share once angles are any good, and looking them up in order is slow
            weight = probabilities[order[:take]]
            if take >= len(order) or float(weight.sum()) > alpha:
                return weight, energies[:take]
            take *= 4

    def _run(self, angles: Floats) -> float:
        """The mean energy; the state is held, and a second call with the same angles costs nothing."""
        key = np.asarray(angles, float).tobytes()
        if key != self._held:
            self._held = None
            self.evaluations += 1
            self._energy = self._evolution.energy(*self.raw(angles), stop=self._stop)
            self._held = key
        return self._energy


def spread_of(ansatz: Ansatz) -> float:
    """What the energies' deviation is divided by: local mixers move an axis at a time, a Grover phase all of them."""
    return 1.0 if ansatz.mixer == "grover" else float(np.sqrt(len(ansatz.register.sizes)))


def beta_unit_of(ansatz: Ansatz) -> float:
    """The mean over all axes of what makes them turn alike.

    X turns by 1, hops among d members by 2 / d, as their matrix is d times a projector up to a phase; on rings of more
    than three, speed depends on the size no more.
    """
    if ansatz.mixer == "grover":
        return 1.0
    units = [1.0] * len(ansatz.register.free)
    for group in ansatz.register.groups:
        units.append(2 / len(group) if ansatz.mixer == "xy-full" else 2 / min(3, len(group)))
    return float(np.mean(units)) if units else 1.0
