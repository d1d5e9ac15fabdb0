"""Evolutions over any axes, under any mixer: what the kernels are told, step by step, and what their sums mean."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Protocol

import numpy as np

from qamctl.kernels.couplings import Floats, Ints
from qamctl.kernels.statevector.axis import Axis
from qamctl.kernels.statevector.scaled import (
    UNIT,
    checked,
    draw,
    normalised,
    observable,
    probabilities,
    scaled,
    turn,
)

#: From so many states on threads take less time than starting them.
THREADS = 2**17


class Steps(Protocol):
    """See `qamctl.kernels.statevector.general_reference.General`."""

    def begin(self) -> None: ...

    def phase(self, turn: float, both: bool) -> None: ...

    def mix(self, axis: int, re: Floats, im: Floats, both: bool) -> None: ...

    def generated(self, axis: int, generator: Floats, weight: float) -> int: ...

    def measure(self) -> tuple[int, int, int]: ...

    def turn(self, shift: float, weight: float, level: float) -> int: ...

    def gamma(self) -> int: ...

    def overlap(self, adjoint: bool) -> tuple[int, int, int]: ...

    def add_start(self, adjoint: bool, re: float, im: float) -> None: ...

    def state(self, count: int) -> np.ndarray: ...


class GeneralEvolution:
    """See `qamctl.kernels.statevector.Evolution`."""

    def __init__(
        self, diagonal: Floats, axes: Sequence[Axis], make: Callable[..., Steps], *, grover: bool, threads: int
    ) -> None:
        self.states = len(diagonal)
        self._scaled = scaled(diagonal)
        self._axes, self._grover = tuple(axes), grover
        start = reduce(np.multiply.outer, [axis.start for axis in reversed(self._axes)], np.ones(()))
        self._steps = make(
            np.ascontiguousarray(diagonal, np.float64), self._scaled.middle, self._scaled.scale,
            np.ascontiguousarray(start, np.float64).reshape(-1), [axis.size for axis in self._axes],
            threads if self.states >= THREADS else 1,
        )  # fmt: skip
        self._eigen = {id(axis): np.linalg.eigh(axis.generator) for axis in self._axes}
        norms = [float(np.abs(self._eigen[id(axis)][0]).max()) for axis in self._axes]
        # What <lambda|B|psi> is divided by, so that its sum fits; a power of two, which costs no figure.
        self._reach = 2.0 ** max(0, math.ceil(math.log2(max(1.0, *norms, 1.0))))

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
        value = wanted.base + wanted.unit * (self._steps.turn(wanted.shift, wanted.weight, wanted.level) / norm)
        by_gamma, by_beta = np.zeros(len(angles)), np.zeros(len(angles))
        for k in range(len(angles) - 1, -1, -1):
            if stop():
                raise InterruptedError
            gamma, beta = angles[k]
            by_beta[k] = 2 * wanted.unit * (self._generated() / norm)
            self._mix(-beta, both=True)
            by_gamma[k] = 2 * wanted.unit * self._scaled.reach * (self._steps.gamma() / norm)
            self._steps.phase(turn(-gamma, self._scaled), True)
        return value, by_gamma, by_beta

    def probabilities(self) -> Floats:
        return probabilities(self._steps.state(self.states))

    def amplitudes(self) -> np.ndarray:
        return normalised(self._steps.state(self.states))

    def sample(self, shots: int, seed: int) -> Ints:
        return draw(self.probabilities(), shots, seed)

    def _run(self, angles: list[tuple[float, float]], stop: Callable[[], bool]) -> tuple[int, int]:
        """All layers; the sums of d |psi|^2 and of |psi|^2, in units."""
        self._steps.begin()
        for gamma, beta in angles:
            if stop():
                raise InterruptedError
            self._steps.phase(turn(gamma, self._scaled), False)
            self._mix(beta, both=False)
        above, norm, _ = self._steps.measure()
        return above, norm

    def _mix(self, beta: float, *, both: bool) -> None:
        """exp(-i beta B)"""
        if self._grover:
            for adjoint in (False, True)[: 1 + both]:
                more = (cmath.exp(-1j * beta) - 1) * self._overlap(adjoint)
                self._steps.add_start(adjoint, more.real, more.imag)
            return
        matrices: dict[int, tuple[Floats, Floats]] = {}
        for a, axis in enumerate(self._axes):
            if id(axis) not in matrices:
                values, vectors = self._eigen[id(axis)]
                cosine, sine = np.cos(beta * values), np.sin(-beta * values)
                matrices[id(axis)] = (vectors * cosine) @ vectors.T, (vectors * sine) @ vectors.T
            re, im = matrices[id(axis)]
            self._steps.mix(a, re, im, both)

    def _generated(self) -> float:
        """Im <lambda|B|psi>, in units."""
        if self._grover:
            return (self._overlap(True).conjugate() * self._overlap(False)).imag / UNIT
        found = sum(
            self._steps.generated(a, np.ascontiguousarray(axis.generator, np.float64), 1 / self._reach)
            for a, axis in enumerate(self._axes)
        )
        return found * self._reach

    def _overlap(self, adjoint: bool) -> complex:
        re, im, _ = self._steps.overlap(adjoint)
        return complex(re * UNIT, im * UNIT)
