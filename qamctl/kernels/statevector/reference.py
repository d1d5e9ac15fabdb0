"""Qubits under the X mixer in plain numpy: the specification of the C++ kernel, its test, and what runs without it.

Everything is float32 and happens in the same order as in C++, so that both find the same bits.

*The mixer* is a rotation (A, B) -> (A - i t B, B - i t A) of each pair of amplitudes that differ in a qubit, t the
tangent of beta; its missing factor, the cosine, is in the factor of the same layer's phase. Where the tangent would be
above 1, beta is taken modulo pi / 2, and the pair is exchanged. Each number is one product and one sum: there is
nothing for a processor to fuse or to do in another order.

*Passes*. The first `low` qubits lie within blocks of neighbouring amplitudes, the others across. The parts of a
layer's mixer commute, so that p layers need p + 1 passes over memory: {phase 1, low 1}, {high 1, phase 2, high 2},
{low 2, phase 3, low 3} ... A pass works on blocks of rows of columns of 16 amplitudes: low qubits are the bits inside
a column, and the bits of the row numbers of a block; high qubits are bits of row numbers only, of blocks `width`
columns wide that reach across. Before the phase the bits go from the highest down, after it from the lowest up.

*Gradients* go the passes back with two states, psi and lambda = O psi: 2 Im <lambda|B|psi> and 2 Im <lambda|D|psi>
(T. Jones and J. Gacon, "Efficient calculation of gradients in classical simulations of variational quantum
algorithms", 2020). Just before a qubit is unwound, or a pair of them, X on it is added to the sum.

*Sums* have sixteen lanes and the length of what is at hand: a block for bits above a part, else a part (of
2^`PART` columns). They are folded in halves, and added in whole multiples of a unit, where no order matters.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from qamctl.kernels.couplings import Floats
from qamctl.kernels.statevector.scaled import UNIT

#: Amplitudes in a column.
COLUMN = 16

#: Columns in a part, as a power of two.
PART = 7

Singles = npt.NDArray[np.float32]

#: Least maximal errors on |x| < 1/2: 4e-9 of sin(pi x) as x times a polynomial in x^2, 5e-8 of cos(pi x).
SINE = np.array([3.14159258004465, -5.16770687892147, 2.550031377195992, -0.5980451735992887, 0.07722012789578603])
COSINE = np.array([0.9999999534664404, -4.9347928586568335, 4.058411913809638, -1.3318801588486473, 0.21969679345528])


def sincos(x: Singles, factor: float) -> tuple[Singles, Singles]:
    """factor * sin(pi x) and factor * cos(pi x) for |x| < 2^21."""
    magic = np.float32(12582912)  # 1.5 * 2^23: adding it rounds to whole numbers, whose parity is the last bit
    whole = x + magic
    rest = x - (whole - magic)
    square = rest * rest
    sign = whole.view(np.uint32) << np.uint32(31)
    a, b = (SINE * factor).astype(np.float32), (COSINE * factor).astype(np.float32)
    odd = rest * ((((a[4] * square + a[3]) * square + a[2]) * square + a[1]) * square + a[0])
    even = (((b[4] * square + b[3]) * square + b[2]) * square + b[1]) * square + b[0]
    return (odd.view(np.uint32) ^ sign).view(np.float32), (even.view(np.uint32) ^ sign).view(np.float32)


def total(terms: np.ndarray, weight: float = 1.0) -> int:
    """The sum of terms [sums, length, 16] in units: sixteen lanes each from first to last, then the lanes in halves."""
    lanes = np.add.accumulate(terms, axis=1)[:, -1]
    while lanes.shape[1] > 1:
        half = lanes.shape[1] // 2
        lanes = lanes[:, :half] + lanes[:, half:]
    return int((lanes[:, 0].astype(float) * (weight / UNIT)).astype(np.int64).sum())


class Qubits:
    """A state of `n` qubits and its adjoint one, driven pass by pass; see `qamctl.kernels.statevector.qubits`.

    Parameters
    ----------
    diagonal
        [2^n] float64.
    middle, scale
        (diagonal - middle) * scale is between -1 and 1.
    n
        Qubits, at least 4.
    low
        Those within blocks, at least 4.
    width
        Columns that blocks across are wide.
    threads
        Taken for the likeness with the C++ kernel.
    """

    def __init__(
        self, diagonal: Floats, middle: float, scale: float, n: int, low: int, width: int, threads: int
    ) -> None:
        columns = 2**low // COLUMN
        if not (4 <= low <= n and len(diagonal) == 2**n and width >= 1 and columns % width == 0 and threads >= 1):
            raise ValueError("the qubits of a state vector and its blocks do not fit together")
        self._n, self._low, self._width = n, low, width
        self._shape = (2 ** (n - low), columns, COLUMN)
        self._diagonal: Singles = ((diagonal - middle) * scale).astype(np.float32)
        self._psi = self._lambda = np.zeros((2, 2**n), np.float32)
        self._layers: list[list[float]] = []

    def plan(self, layers: Floats) -> None:
        """The layers to come, [p, 5]: see `qamctl.kernels.statevector.qubits.layer`."""
        self._layers = np.asarray(layers, float).reshape(-1, 5).tolist()

    def forward(self, t: int) -> tuple[int, int, int]:
        """Pass t of p + 1; the last one returns the sums of D |psi|^2 and of |psi|^2, in units."""
        p = self._depth(t)
        d, (psi,) = self._blocks(self._diagonal, t), self._states(t, self._psi)
        if t > 0:
            self._mix(t, [psi], self._layers[t - 1], 1, up=False)
        sums = (0, 0, 0)
        if t == p:
            share = psi[0] * psi[0] + psi[1] * psi[1]
            sums = (self._sum(t, d * share), self._sum(t, share), 0)
        else:
            first = 2.0 ** -(self._n // 2) * (0.5**0.5 if self._n % 2 else 1.0)
            sine, cosine = self._phase(d, t, 1, first if t == 0 else 1.0)
            psi = np.stack((cosine, -sine)) if t == 0 else _turned(psi, sine, cosine)
            self._mix(t, [psi], self._layers[t], 1, up=True)
        self._psi = self._flat(psi, t)
        return sums

    def backward(self, t: int, shift: float, weight: float, level: float) -> tuple[int, int, int]:
        """Pass t back, from p to 0, in units: sums for beta of layers t and t - 1, and for gamma of layer t.

        With t = p it begins with lambda = O psi and the sum of O |psi|^2, in place of the one for gamma.
        """
        p = self._depth(t)
        d = self._blocks(self._diagonal, t)
        psi, adjoint = self._states(t, self._psi, self._lambda)
        before = after = middle = 0
        if t < p:
            layer = self._layers[t]
            others = self._low if t % 2 else self._n - self._low
            before = self._mix(t, [psi, adjoint], layer, -1, up=False, weight=_power(layer[4], others))
            middle = self._sum(t, d * (adjoint[0] * psi[1] - adjoint[1] * psi[0]), _power(layer[4], self._n))
            if t > 0:
                sine, cosine = self._phase(d, t, -1, 1.0)
                psi, adjoint = _turned(psi, sine, cosine), _turned(adjoint, sine, cosine)
        else:
            value = np.float32(shift) + np.float32(weight) * np.minimum(d, np.float32(level))
            middle = self._sum(t, value * (psi[0] * psi[0] + psi[1] * psi[1]))
            adjoint = value * psi
        if t > 0:
            after = self._mix(t, [psi, adjoint], self._layers[t - 1], -1, up=True, weight=1.0)
        self._psi, self._lambda = self._flat(psi, t), self._flat(adjoint, t)
        return before, after, middle

    def state(self, count: int) -> np.ndarray:
        """[count] complex64: the first amplitudes of psi."""
        out = np.empty(count, np.complex64)
        out.real, out.imag = self._psi[0, :count], self._psi[1, :count]
        return out

    def _depth(self, t: int) -> int:
        if not (self._layers and 0 <= t <= len(self._layers)):
            raise IndexError("there is no such pass")
        return len(self._layers)

    def _blocks(self, values: np.ndarray, t: int) -> np.ndarray:
        """[..., states] as [..., blocks, rows, width, 16], the blocks of pass t."""
        rows, columns, _ = self._shape
        if t % 2 == 0:
            return values.reshape(*values.shape[:-1], rows, columns, 1, COLUMN)
        across = values.reshape(*values.shape[:-1], rows, columns // self._width, self._width, COLUMN)
        return np.ascontiguousarray(across.swapaxes(-4, -3))

    def _states(self, t: int, *states: np.ndarray) -> list[np.ndarray]:
        return [self._blocks(state, t).copy() for state in states]

    def _flat(self, blocks: np.ndarray, t: int) -> np.ndarray:
        return (blocks if t % 2 == 0 else blocks.swapaxes(-4, -3)).reshape(2, -1)

    def _phase(self, d: Singles, k: int, sign: int, factor: float) -> tuple[Singles, Singles]:
        turn, _, _, own, _ = self._layers[k]
        return sincos(d * np.float32(sign * turn), factor * own)

    def _bits(self, t: int) -> tuple[int, int, int]:
        """Of the blocks of pass t: amplitudes in a row, bits of row numbers, and how many of those are within parts."""
        rows, width = (self._shape[1], 1) if t % 2 == 0 else (self._shape[0], self._width)
        bits = rows.bit_length() - 1
        return COLUMN * width, bits, min(bits, max(0, PART - (width.bit_length() - 1)))

    def _sum(self, t: int, terms: np.ndarray, weight: float = 1.0) -> int:
        """Of one number for each amplitude, part by part."""
        row, _, part = self._bits(t)
        return total(terms.reshape(-1, (row << part) // COLUMN, COLUMN), weight)

    def _mix(
        self, t: int, states: list[np.ndarray], layer: list[float], sign: int, *, up: bool, weight: float = 1.0
    ) -> int:
        """The mixer on the qubits of pass t, in place; with two states the sum of Im <lambda|X|psi> in units."""
        row, bits, part = self._bits(t)
        block = row << bits
        # Groups of qubits as (amplitudes between neighbours, qubits, amplitudes that a sum is made over).
        groups = [(1, 4, row << part)] if t % 2 == 0 else []
        groups += [(row << b, min(2, part - b), row << part) for b in range(0, part, 2)]
        groups += [(row << b, min(2, bits - b), block) for b in range(part, bits, 2)]
        found, tangent, flip, cosine2 = 0, np.float32(sign * layer[1]), layer[2] != 0, layer[4]
        for apart, count, length in groups if up else reversed(groups):
            if len(states) == 2:
                found += total(_generated(states[0], states[1], apart, count, length), weight)
            for b in range(count) if up else reversed(range(count)):
                for state in states:
                    _rotate(state, apart << b, tangent, flip)
                weight *= cosine2
        return found


def _power(x: float, times: int) -> float:
    out = 1.0
    for _ in range(times):
        out *= x
    return out


def _turned(state: np.ndarray, sine: Singles, cosine: Singles) -> np.ndarray:
    """A state times cosine - i sine."""
    re, im = state
    return np.stack((re * cosine + im * sine, im * cosine - re * sine))


def _rotate(state: np.ndarray, apart: int, tangent: np.float32, flip: bool) -> None:
    """(A, B) -> (A - i t B, B - i t A), or the other way round, of amplitudes `apart` from each other, in place."""
    pairs = state.reshape(2, -1, 2, apart)
    (ar, ai), (br, bi) = pairs[:, :, 0], pairs[:, :, 1]
    a, b = np.stack((ar + tangent * bi, ai - tangent * br)), np.stack((br + tangent * ai, bi - tangent * ar))
    pairs[:, :, 0], pairs[:, :, 1] = (b, a) if flip else (a, b)


def _generated(psi: np.ndarray, adjoint: np.ndarray, apart: int, count: int, length: int) -> np.ndarray:
    """[sums, terms, 16] of Im <lambda| X on some neighbouring qubits |psi>."""
    if count == 4:  # inside columns
        own, (lre, lim) = (state.reshape(2, -1, length // COLUMN, COLUMN) for state in (psi, adjoint))
        lane = np.arange(COLUMN)
        re, im = own[..., lane ^ 1] + own[..., lane ^ 2] + own[..., lane ^ 4] + own[..., lane ^ 8]
        return np.asarray(lre * im - lim * re)
    shape = (2, psi.size // (2 * length), length // (apart << count), 2**count, apart // COLUMN, COLUMN)
    re, im = np.moveaxis(psi.reshape(shape), 3, 1)
    lre, lim = np.moveaxis(adjoint.reshape(shape), 3, 1)
    if count == 1:
        terms = lre[0] * im[1] - lim[0] * re[1] + lre[1] * im[0] - lim[1] * re[0]
    else:
        outer, inner = (re[0] + re[3], im[0] + im[3]), (re[1] + re[2], im[1] + im[2])
        terms = (lre[0] + lre[3]) * inner[1] - (lim[0] + lim[3]) * inner[0]
        terms = terms + (lre[1] + lre[2]) * outer[1] - (lim[1] + lim[2]) * outer[0]
    return np.asarray(terms.reshape(terms.shape[0], -1, COLUMN))
