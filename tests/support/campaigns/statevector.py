"""State vectors of every shape, against the references: qubits bit by bit, other axes too, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from qamctl.kernels.statevector import QUBIT, Axis
from qamctl.kernels.statevector.general import GeneralEvolution
from qamctl.kernels.statevector.general_reference import General
from qamctl.kernels.statevector.qubits import QubitEvolution, blocks
from qamctl.kernels.statevector.reference import Qubits


def angles(depth: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Gammas and betas, some beyond pi, some exact multiples of pi / 2."""
    betas = rng.normal(size=depth) * 3
    return rng.normal(size=depth), np.where(rng.random(depth) < 0.3, rng.integers(-4, 5, depth) * np.pi / 2, betas)


def figures(evolution: QubitEvolution | GeneralEvolution, gammas: np.ndarray, betas: np.ndarray) -> list[bytes]:
    """Bits of everything that an evolution says."""
    found = [np.float64(evolution.energy(gammas, betas)).tobytes(), evolution.amplitudes().tobytes()]
    found += [evolution.probabilities().tobytes(), evolution.sample(50, 1).tobytes()]
    for cut, alpha in ((None, 1.0), (0.5, 0.25)):
        value, by_gamma, by_beta = evolution.gradient(gammas, betas, cut=cut, alpha=alpha)
        found += [np.float64(value).tobytes(), by_gamma.tobytes(), by_beta.tobytes()]
    return found


def some_axes(rng: np.random.Generator) -> list[Axis]:
    """A few factors of one to five states, with any generator and any start."""
    axes = []
    for size in rng.integers(1, 6, rng.integers(0, 5)):
        matrix, start = rng.normal(size=(size, size)), rng.normal(size=size)
        plain = size == 2 and rng.random() < 0.5
        axes.append(QUBIT if plain else Axis(matrix + matrix.T, start / np.linalg.norm(start)))
    return axes


def threaded(make: Callable[..., Any], threads: int) -> Callable[..., Any]:
    """A kernel that uses so many threads, whatever its size."""
    return lambda *arguments: make(*arguments[:-1], threads)


def qubits(native: ModuleType, n: int, depth: int, seed: int, threads: int) -> None:
    """One state of qubits in both kernels."""
    rng = np.random.default_rng(seed)
    diagonal = rng.normal(size=2**n) * 3 + 1
    gammas, betas = angles(depth, rng)
    mine = QubitEvolution(diagonal, threaded(native.Qubits, threads), 1)
    assert figures(mine, gammas, betas) == figures(QubitEvolution(diagonal, Qubits, 1), gammas, betas), (n, depth, seed)


def parts(native: ModuleType, n: int, low: int, width: int, threads: int) -> None:
    """Any cut into blocks: the sums of every pass are the reference's."""
    rng = np.random.default_rng(n)
    layers = np.array([[0.7, 0.3, 0, 1 / 1.09 ** (n / 2), 1 / 1.09], [-0.2, -0.5, 1, 0.8 ** (n / 2), 0.8]])
    diagonal = rng.uniform(-1, 1, 2**n)
    both = [make(diagonal, 0.0, 1.0, n, low, width, threads) for make in (native.Qubits, Qubits)]
    for kernel in both:
        kernel.plan(layers)
    for t in (0, 1, 2):
        assert both[0].forward(t) == both[1].forward(t), (n, low, width, t)
    for t in (2, 1, 0):
        assert both[0].backward(t, 0.1, 0.7, 0.2) == both[1].backward(t, 0.1, 0.7, 0.2), (n, low, width, t)
    assert both[0].state(2**n).tobytes() == both[1].state(2**n).tobytes()


def general(native: ModuleType, seed: int, threads: int) -> None:
    """One state over any axes in both kernels, in float32 bit by bit, in float64 but for rounding."""
    rng = np.random.default_rng(seed)
    axes = some_axes(rng) if seed % 5 else [QUBIT] * 11
    diagonal = rng.normal(size=int(np.prod([axis.size for axis in axes], dtype=int))) * 2 + 1
    gammas, betas = angles(int(rng.integers(0, 4)), rng)
    for grover in (False, True):
        make = partial(GeneralEvolution, diagonal, axes, grover=grover, threads=1)
        mine = make(threaded(native.General32, threads))
        assert figures(mine, gammas, betas) == figures(make(General), gammas, betas), seed
        mine, other = make(threaded(native.General64, threads)), make(partial(General, kind=np.float64))
        assert abs(mine.energy(gammas, betas) - other.energy(gammas, betas)) < 1e-11
        assert np.allclose(mine.amplitudes(), other.amplitudes(), rtol=0, atol=1e-12)
        for a, b in zip(mine.gradient(gammas, betas), other.gradient(gammas, betas), strict=True):
            assert np.allclose(a, b, rtol=1e-10, atol=1e-10)


def refusals(native: ModuleType) -> None:
    """Sizes and passes that do not fit are errors."""
    good = np.zeros(64)
    for arguments in (
        (good, 0.0, 1.0, 7, 6, 1, 1), (good, 0.0, 1.0, 3, 3, 1, 1), (good, 0.0, 1.0, 6, 3, 1, 1),
        (good, 0.0, 1.0, 6, 7, 1, 1), (good, 0.0, 1.0, 6, 5, 4, 1), (good, 0.0, 1.0, 6, 5, 0, 1),
        (good, 0.0, 1.0, 6, 5, 1, 0),
    ):  # fmt: skip
        refused(partial(native.Qubits, *arguments))
    for arguments in (
        (good, 0.0, 1.0, good, [8, 9], 1), (good, 0.0, 1.0, good, [8, 0], 1), (good, 0.0, 1.0, good[1:], [8, 8], 1),
        (good, 0.0, 1.0, good, [8, 8], 0), (good, 0.0, 1.0, good, [2**40, 2**40], 1),
    ):  # fmt: skip
        refused(partial(native.General32, *arguments))
    state = native.Qubits(good, 0.0, 1.0, 6, 5, 1, 1)
    for wrong in (
        partial(state.forward, 0), partial(state.backward, 0, 0.0, 1.0, 2.0), partial(state.plan, np.zeros((1, 4))),
        partial(state.state, 65), partial(state.state, -1),
    ):  # fmt: skip
        refused(wrong)
    axes = native.General32(good, 0.0, 1.0, good, [8, 8], 1)
    for axis, matrix in ((2, np.zeros((8, 8))), (-1, np.zeros((8, 8))), (0, np.zeros((8, 7)))):
        refused(partial(axes.mix, axis, matrix, matrix, False))
        refused(partial(axes.generated, axis, matrix, 1.0))


def refused(call: partial[object]) -> None:
    """A call that must be an error."""
    try:
        call()
    except (ValueError, IndexError, TypeError):
        return
    raise AssertionError(call)


def campaign(native: ModuleType) -> None:
    """Qubits of every number, blocks of every shape, axes of every kind; and what is refused."""
    for n in range(13):
        for depth in (1, 2, 3):
            qubits(native, n, depth, seed=n, threads=1 + depth % 2)
    for n in range(4, 14):
        for low in range(4, n + 1):
            parts(native, n, low, min(2 ** (n % 3), 2 ** (low - 4)), threads=1 + low % 3)
    parts(native, 15, *blocks(15), threads=2)
    for seed in range(30):
        general(native, seed, threads=1 + seed % 3)
    refusals(native)
