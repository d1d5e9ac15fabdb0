"""A fair QAOA kernel in numba: float32, real and imaginary parts apart, whole blocks of qubits for each trip to memory.

Two trips a layer: phase and the low qubits in blocks that stay in the cache; the high qubits in gathered tiles. The
lowest four qubits are turned to long strides by transposing a block, so that everything is a vector.
"""

from __future__ import annotations

import numpy as np
from numba import njit

#: Qubits of a block, and amplitudes side by side in a tile.
LOW, WIDE = 13, 64


@njit(fastmath=True, cache=True, inline="always")
def rotated(re, im, rows, run, c, s):  # type: ignore[no-untyped-def]
    """Rotations on the bits of the row number of [rows, run], one by one: with two at once nothing becomes a vector."""
    h = 1
    while h < rows:
        step = h * run
        for base in range(0, rows * run, 2 * step):
            a, b = re[base : base + step], re[base + step : base + 2 * step]
            x, y = im[base : base + step], im[base + step : base + 2 * step]
            for k in range(step):
                ar, br, ai, bi = a[k], b[k], x[k], y[k]
                a[k], x[k] = c * ar + s * bi, c * ai - s * br
                b[k], y[k] = c * br + s * ai, c * bi - s * ar
        h *= 2


@njit(fastmath=True, cache=True, inline="always")
def phased(re, im, d, turns):  # type: ignore[no-untyped-def]
    """exp(-2 pi i turns d) by polynomials on half a turn."""
    for k in range(len(d)):
        t = d[k] * turns * np.float32(2)
        whole = np.rint(t)
        x = t - whole
        odd = np.float32(1) - np.float32(2) * (whole - np.float32(2) * np.floor(whole * np.float32(0.5)))
        u = x * x
        sine = np.float32(0.0772201278) * u - np.float32(0.598045174)
        sine = ((sine * u + np.float32(2.55003138)) * u - np.float32(5.16770688)) * u + np.float32(3.14159258)
        cosine = np.float32(0.219696793) * u - np.float32(1.33188016)
        cosine = ((cosine * u + np.float32(4.05841191)) * u - np.float32(4.93479286)) * u + np.float32(0.999999953)
        a, b = odd * cosine, odd * sine * x
        r, i = re[k], im[k]
        re[k], im[k] = r * a + i * b, i * a - r * b


@njit(fastmath=True, cache=True)
def low_pass(re, im, d, low, turns, c, s):  # type: ignore[no-untyped-def]
    """Phase and the low qubits, block by block."""
    size = 1 << low
    lanes = 16 if low >= 8 else 1
    rows = size // lanes
    x, y = np.empty(size, np.float32), np.empty(size, np.float32)
    for begin in range(0, len(d), size):
        r, i = re[begin : begin + size], im[begin : begin + size]
        phased(r, i, d[begin : begin + size], turns)
        rotated(r, i, rows, lanes, c, s)
        if lanes > 1:
            for lane in range(lanes):
                for row in range(rows):
                    x[lane * rows + row], y[lane * rows + row] = r[row * lanes + lane], i[row * lanes + lane]
            rotated(x, y, lanes, rows, c, s)
            for row in range(rows):
                for lane in range(lanes):
                    r[row * lanes + lane], i[row * lanes + lane] = x[lane * rows + row], y[lane * rows + row]


@njit(fastmath=True, cache=True)
def high_pass(re, im, low, wide, c, s):  # type: ignore[no-untyped-def]
    """The high qubits, in tiles of a few neighbouring amplitudes of every block."""
    size = 1 << low
    rows = len(re) // size
    x, y = np.empty(rows * wide, np.float32), np.empty(rows * wide, np.float32)
    for column in range(0, size, wide):
        for row in range(rows):
            for k in range(wide):
                x[row * wide + k], y[row * wide + k] = re[row * size + column + k], im[row * size + column + k]
        rotated(x, y, rows, wide, c, s)
        for row in range(rows):
            for k in range(wide):
                re[row * size + column + k], im[row * size + column + k] = x[row * wide + k], y[row * wide + k]


@njit(fastmath=True, cache=True)
def expectation(re, im, d):  # type: ignore[no-untyped-def]
    total = 0.0
    for begin in range(0, len(d), 1024):
        part = np.float32(0)
        for k in range(begin, min(begin + 1024, len(d))):
            part += d[k] * (re[k] * re[k] + im[k] * im[k])
        total += part
    return total


def energy_of(re: np.ndarray, im: np.ndarray, d: np.ndarray, n: int, gammas: np.ndarray, betas: np.ndarray) -> float:
    """The expectation of d [2^n]; re and im are where the state goes."""
    low = min(n, LOW)
    re[:], im[:] = np.float32(2.0 ** (-n / 2)), 0
    for gamma, beta in zip(gammas, betas, strict=True):
        c, s = np.float32(np.cos(beta)), np.float32(np.sin(beta))
        low_pass(re, im, d, low, np.float32(gamma / (2 * np.pi)), c, s)
        if n > low:
            high_pass(re, im, low, min(WIDE, 1 << low), c, s)
    return float(expectation(re, im, d))
