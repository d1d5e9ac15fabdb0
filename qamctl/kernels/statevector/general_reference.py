"""Any axes and any mixer in plain numpy: the specification of the C++ kernel, its test, and what runs without it.

States are numbered with mixed radix, the first axis changing fastest. In float32 every step is the C++ kernel's, in
the same order, so that both find the same bits; float64 is there to check with, and agrees but for rounding.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qamctl.kernels.couplings import Floats
from qamctl.kernels.statevector.reference import COLUMN, sincos, total

#: Fibres that are worked on together, and states whose sum is one number.
RUN, SHARE = 64, 1024


class General:
    """A state over a product of axes and its adjoint one.

    Parameters
    ----------
    diagonal
        [states] float64.
    middle, scale
        (diagonal - middle) * scale is between -1 and 1.
    start
        [states] float64: the first state, which is real.
    sizes
        Of the axes, the first one changing fastest.
    threads
        Taken for the likeness with the C++ kernel.
    kind
        np.float32 or np.float64.
    """

    def __init__(
        self, diagonal: Floats, middle: float, scale: float, start: Floats, sizes: Sequence[int], threads: int,
        kind: type[np.float32] | type[np.float64] = np.float32,
    ) -> None:  # fmt: skip
        states = int(np.prod(sizes, dtype=np.int64))
        if not len(diagonal) == len(start) == states:
            raise ValueError("the diagonal needs a value for each state")
        self._kind, self._sizes = kind, tuple(sizes)
        self._diagonal: np.ndarray = ((diagonal - middle) * scale).astype(kind)
        self._start: np.ndarray = start.astype(kind)
        self._states: np.ndarray = np.zeros((2, 2, states), kind)  # psi and lambda; real and imaginary parts

    def begin(self) -> None:
        """Make psi the first state."""
        self._states[0] = self._start, np.zeros_like(self._start)

    def phase(self, turn: float, both: bool) -> None:
        """exp(-i pi turn D) on psi, or on both states."""
        x: np.ndarray = self._diagonal * self._kind(turn)
        sine, cosine = sincos(x, 1.0) if self._kind is np.float32 else (np.sin(np.pi * x), np.cos(np.pi * x))
        for state in self._states[: 1 + both]:
            re, im = state
            state[:] = re * cosine + im * sine, im * cosine - re * sine

    def mix(self, axis: int, re: Floats, im: Floats, both: bool) -> None:
        """A matrix re + i im, [size, size], along an axis of psi, or of both states."""
        a, b = (np.asarray(part, self._kind) for part in (re, im))
        for state in self._states[: 1 + both]:
            x, y = self._fibres(state, axis)
            out = np.zeros((2, *x.shape), self._kind)
            for k in range(self._sizes[axis]):
                out[0] += a[:, k, None] * x[:, None, k] - b[:, k, None] * y[:, None, k]
                out[1] += a[:, k, None] * y[:, None, k] + b[:, k, None] * x[:, None, k]
            state[:] = out.reshape(2, -1)

    def generated(self, axis: int, generator: Floats, weight: float) -> int:
        """The sum of weight * Im <lambda|G|psi>, in units, of a real matrix G along an axis."""
        g: np.ndarray = generator.astype(self._kind)
        x, y = self._fibres(self._states[0], axis)
        out = np.zeros((2, *x.shape), self._kind)
        for k in range(self._sizes[axis]):
            out[0] += g[:, k, None] * x[:, None, k]
            out[1] += g[:, k, None] * y[:, None, k]
        lre, lim = self._fibres(self._states[1], axis)
        terms = (lre * out[1] - lim * out[0]).swapaxes(0, 1).reshape(self._sizes[axis], -1)
        runs = -(-terms.shape[1] // RUN)
        filled: np.ndarray = np.zeros((self._sizes[axis], runs * RUN), self._kind)
        filled[:, : terms.shape[1]] = terms
        return total(filled.reshape(-1, runs, RUN).swapaxes(0, 1).reshape(runs, -1, COLUMN), weight)

    def measure(self) -> tuple[int, int, int]:
        """The sums of D |psi|^2 and of |psi|^2, in units."""
        re, im = self._states[0]
        return self._total(self._diagonal * (re * re + im * im)), self._total(re * re + im * im), 0

    def turn(self, shift: float, weight: float, level: float) -> int:
        """lambda = O psi with O = shift + weight * min(D, level); the sum of O |psi|^2, in units."""
        value = self._kind(shift) + self._kind(weight) * np.minimum(self._diagonal, self._kind(level))
        re, im = self._states[0]
        self._states[1] = value * re, value * im
        return self._total(value * (re * re + im * im))

    def gamma(self) -> int:
        """The sum of Im <lambda|D|psi>, in units."""
        (re, im), (lre, lim) = self._states
        return self._total(self._diagonal * (lre * im - lim * re))

    def overlap(self, adjoint: bool) -> tuple[int, int, int]:
        """<s|psi>, or <s|lambda>, with s the first state: real and imaginary part, in units."""
        re, im = self._states[int(adjoint)]
        return self._total(self._start * re), self._total(self._start * im), 0

    def add_start(self, adjoint: bool, re: float, im: float) -> None:
        """Add (re + i im) times the first state to psi, or to lambda."""
        state = self._states[int(adjoint)]
        state[0] += self._kind(re) * self._start
        state[1] += self._kind(im) * self._start

    def state(self, count: int) -> np.ndarray:
        """[count] complex: the first amplitudes of psi."""
        out = np.empty(count, np.result_type(self._kind, np.complex64))
        out.real, out.imag = self._states[0, :, :count]
        return out

    def _stride(self, axis: int) -> int:
        return int(np.prod(self._sizes[:axis], dtype=np.int64))

    def _fibres(self, state: np.ndarray, axis: int) -> np.ndarray:
        """[2, groups, size, fibres of the group]"""
        return state.reshape(2, -1, self._sizes[axis], self._stride(axis))

    def _total(self, terms: np.ndarray) -> int:
        shares = -(-len(terms) // SHARE)
        filled: np.ndarray = np.zeros(shares * SHARE, self._kind)
        filled[: len(terms)] = terms
        return total(filled.reshape(shares, -1, COLUMN))
