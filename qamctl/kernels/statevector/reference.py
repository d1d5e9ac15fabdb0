"""State vectors in plain numpy: the specification of the C++ kernels, their test, and what runs without them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np

from qamctl.kernels.couplings import Floats
from qamctl.kernels.statevector import Axis


class Evolution:
    """See `qamctl.kernels.statevector.Evolution`."""

    def __init__(self, diagonal: Floats, axes: Sequence[Axis], *, grover: bool = False, double: bool = False) -> None:
        self.states = int(np.prod([axis.size for axis in axes], dtype=np.int64))
        if len(diagonal) != self.states:
            raise ValueError("the diagonal needs a value for each state")
        self._axes, self._grover = tuple(axes), grover
        self._kind = np.complex128 if double else np.complex64
        self._middle = 0.5 * (float(diagonal.max()) + float(diagonal.min()))
        self._diagonal = (diagonal - self._middle).astype(np.float64 if double else np.float32)
        # Axis 0 changes fastest: it is numpy's last one.
        self._shape = tuple(axis.size for axis in reversed(self._axes))
        starts = [axis.start for axis in reversed(self._axes)]
        self._start = reduce(np.multiply.outer, starts, np.ones(())).reshape(-1).astype(self._kind)
        self._eigen = [np.linalg.eigh(axis.generator) for axis in self._axes]
        self._state = self._start.copy()

    def energy(self, gammas: Floats, betas: Floats, stop: Callable[[], bool] = lambda: False) -> float:
        state = self._start.copy()
        for gamma, beta in zip(gammas, betas, strict=True):
            if stop():
                raise InterruptedError
            state = self._mix(self._phase(state, gamma), beta)
        self._state = state
        return float(self.probabilities() @ self._diagonal.astype(float)) + self._middle

    def gradient(
        self,
        gammas: Floats,
        betas: Floats,
        *,
        cut: float | None = None,
        alpha: float = 1.0,
        stop: Callable[[], bool] = lambda: False,
    ) -> tuple[float, Floats, Floats]:
        self.energy(gammas, betas, stop)
        state, observable = self._state, self._diagonal
        if cut is not None:
            level = observable.dtype.type(cut - self._middle)
            observable = level + np.minimum(observable - level, 0) * observable.dtype.type(1 / alpha)
        norm = float(np.vdot(state, state).real)
        adjoint = observable * state
        value = float(np.vdot(state, adjoint).real) / norm + self._middle
        by_gamma, by_beta = np.zeros(len(gammas)), np.zeros(len(betas))
        for k in range(len(gammas) - 1, -1, -1):
            if stop():
                raise InterruptedError
            by_beta[k] = 2 * float(np.vdot(adjoint, self._generate(state)).imag) / norm
            state, adjoint = self._mix(state, -betas[k]), self._mix(adjoint, -betas[k])
            by_gamma[k] = 2 * float(np.vdot(adjoint, self._diagonal * state).imag) / norm
            state, adjoint = self._phase(state, -gammas[k]), self._phase(adjoint, -gammas[k])
        return value, by_gamma, by_beta

    def probabilities(self) -> Floats:
        state = self._state
        found = (state.real.astype(float) ** 2) + (state.imag.astype(float) ** 2)
        return np.asarray(found / found.sum())

    def amplitudes(self) -> np.ndarray:
        norm = np.sqrt((np.abs(self._state.astype(np.complex128)) ** 2).sum())
        return np.asarray(self._state / norm)

    def _phase(self, state: np.ndarray, gamma: float) -> np.ndarray:
        return state * np.exp(-1j * gamma * self._diagonal.astype(float)).astype(self._kind)

    def _mix(self, state: np.ndarray, beta: float) -> np.ndarray:
        if self._grover:
            return state + self._kind((np.exp(-1j * beta) - 1) * np.vdot(self._start, state)) * self._start
        cube = state.reshape(self._shape)
        for a, (values, vectors) in enumerate(self._eigen):
            matrix = ((vectors * np.exp(-1j * beta * values)) @ vectors.T).astype(self._kind)
            place = len(self._shape) - 1 - a
            cube = np.moveaxis(np.tensordot(matrix, cube, (1, place)), 0, place)
        return cube.reshape(-1)

    def _generate(self, state: np.ndarray) -> np.ndarray:
        """B on a state."""
        if self._grover:
            return np.vdot(self._start, state) * self._start
        cube = state.reshape(self._shape)
        total = np.zeros_like(cube)
        for a, axis in enumerate(self._axes):
            place = len(self._shape) - 1 - a
            total += np.moveaxis(np.tensordot(axis.generator.astype(cube.real.dtype), cube, (1, place)), 0, place)
        return total.reshape(-1)
