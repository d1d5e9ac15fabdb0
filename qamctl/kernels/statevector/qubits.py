"""Evolutions of qubits under the X mixer: what the kernels are told, pass by pass, and what their sums mean."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import numpy as np

from qamctl.kernels.couplings import Floats, Ints
from qamctl.kernels.statevector.scaled import (
    Scaled,
    checked,
    draw,
    normalised,
    observable,
    probabilities,
    scaled,
    turn,
)

#: A kernel works on at least so many qubits: those of a column. Idle ones fill up.
LEAST = 4

#: Up to so many qubits a block is the whole state.
WHOLE = 11

#: From so many qubits on threads take less time than starting them.
THREADS = 18


class Passes(Protocol):
    """See `qamctl.kernels.statevector.reference.Qubits`."""

    def plan(self, layers: Floats) -> None: ...

    def forward(self, t: int) -> tuple[int, int, int]: ...

    def backward(self, t: int, shift: float, weight: float, level: float) -> tuple[int, int, int]: ...

    def state(self, count: int) -> np.ndarray: ...


def blocks(n: int) -> tuple[int, int]:
    """How many of n qubits are within blocks, and how many columns blocks across are wide.

    A block within has 2^low amplitudes, one across 2^(n - low) * 16 * width: both stay in a core's own cache.
    """
    low = n if n <= WHOLE else max(WHOLE, (n + 6) // 2)
    return low, min(4 if n - low <= 8 else 2, 2 ** (low - 4))


def layer(gamma: float, beta: float, found: Scaled, n: int) -> tuple[float, float, float, float, float]:
    """What a kernel knows of a layer: half turns of the phase of d = 1, the tangent of beta modulo pi / 2 as a float32,
    whether pairs are exchanged (1), the factor cosine^n of the phase, and cosine^2, both of that very tangent.
    """
    rest = math.remainder(beta, math.pi / 2)
    tangent = float(np.float32(math.tan(rest)))
    cosine2 = 1 / (1 + tangent * tangent)
    return turn(gamma, found), tangent, round((beta - rest) / (math.pi / 2)) % 2, cosine2 ** (n / 2), cosine2


class QubitEvolution:
    """See `qamctl.kernels.statevector.Evolution`."""

    def __init__(self, diagonal: Floats, make: Callable[..., Passes], threads: int) -> None:
        self.states = len(diagonal)
        self._scaled = scaled(diagonal)
        n = self.states.bit_length() - 1
        self._n = max(n, LEAST)
        if n < LEAST:
            diagonal = np.tile(diagonal, 2 ** (LEAST - n))
        low, width = blocks(self._n)
        self._passes = make(
            np.ascontiguousarray(diagonal, np.float64), self._scaled.middle, self._scaled.scale,
            self._n, low, width, threads if n >= THREADS else 1,
        )  # fmt: skip

    def energy(self, gammas: Floats, betas: Floats, stop: Callable[[], bool] = lambda: False) -> float:
        above, norm = self._run(checked(gammas, betas), stop)
        return self._scaled.middle + self._scaled.reach * (above / norm)

    def gradient(
        self,
        gammas: Floats,
        betas: Floats,
        *,
        cut: float | None = None,
        alpha: float = 1.0,
        stop: Callable[[], bool] = lambda: False,
    ) -> tuple[float, Floats, Floats]:
        angles = checked(gammas, betas)
        wanted = observable(self._scaled, cut, alpha)
        norm = self._run(angles, stop)[1]
        depth = len(angles) or 1
        by_gamma, by_beta = np.zeros(depth), np.zeros(depth)
        value = 0.0
        for t in range(depth, -1, -1):
            if stop():
                raise InterruptedError
            before, after, middle = self._passes.backward(t, wanted.shift, wanted.weight, wanted.level)
            if t < depth:
                by_beta[t] += before
                by_gamma[t] = middle
            else:
                value = wanted.base + wanted.unit * (middle / norm)
            if t > 0:
                by_beta[t - 1] += after
        by_beta *= 2 * wanted.unit / norm
        by_gamma *= 2 * wanted.unit * self._scaled.reach / norm
        return value, by_gamma[: len(angles)], by_beta[: len(angles)]

    def probabilities(self) -> Floats:
        return probabilities(self._passes.state(self.states))

    def amplitudes(self) -> np.ndarray:
        return normalised(self._passes.state(self.states))

    def sample(self, shots: int, seed: int) -> Ints:
        return draw(self.probabilities(), shots, seed)

    def _run(self, angles: list[tuple[float, float]], stop: Callable[[], bool]) -> tuple[int, int]:
        """All passes; the sums of d |psi|^2 and of |psi|^2, in units. No layer is one that does nothing."""
        layers = [layer(gamma, beta, self._scaled, self._n) for gamma, beta in angles or [(0.0, 0.0)]]
        self._passes.plan(np.array(layers))
        found = (0, 0, 0)
        for t in range(len(layers) + 1):
            if stop():
                raise InterruptedError
            found = self._passes.forward(t)
        return found[0], found[1]
