"""Alternating evolutions of a state vector under a diagonal and a mixer: energies, exact gradients, probabilities."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import numpy as np

from qamctl.kernels import extension
from qamctl.kernels.couplings import Floats, Ints
from qamctl.kernels.statevector.axis import QUBIT, Axis

__all__ = ["QUBIT", "Axis", "Evolution", "bytes_needed", "evolution"]


class Evolution(Protocol):
    """A state under exp(-i beta B) exp(-i gamma D), layer after layer; D is diagonal, B a sum over axes or a projector.

    States are numbered with mixed radix, the first axis changing fastest. One caller at a time.
    """

    @property
    def states(self) -> int:
        """Length of the state vector."""
        ...

    def energy(self, gammas: Floats, betas: Floats, stop: Callable[[], bool] = ...) -> float:
        """The expectation of D after len(gammas) layers; the state is kept.

        Parameters
        ----------
        gammas, betas
            [p] in units of 1 / D, and radians.
        stop
            Asked between passes over the state.

        Raises
        ------
        InterruptedError
            `stop` said so; the state is then undefined.
        """
        ...

    def gradient(
        self,
        gammas: Floats,
        betas: Floats,
        *,
        cut: float | None = None,
        alpha: float = 1.0,
        stop: Callable[[], bool] = ...,
    ) -> tuple[float, Floats, Floats]:
        """Expectation of an observable, and its derivatives by gamma [p] and beta [p] (adjoint method).

        The observable is D, or with a `cut` the one whose expectation is the mean over the lowest share `alpha` of
        the distribution of D, where `cut` is that share's quantile: cut + min(D - cut, 0) / alpha
        (Rockafellar and Uryasev 2000). The state is not kept.
        """
        ...

    def probabilities(self) -> Floats:
        """[states] float64, of the state that `energy` left; they sum to one."""
        ...

    def amplitudes(self) -> np.ndarray:
        """[states] complex, of the state that `energy` left; a global phase is not defined."""
        ...

    def sample(self, shots: int, seed: int) -> Ints:
        """[shots] numbers of states, drawn independently from `probabilities`; the same with either kernel."""
        ...


def evolution(
    diagonal: Floats,
    axes: Sequence[Axis],
    *,
    grover: bool = False,
    double: bool = False,
    threads: int = 1,
) -> Evolution:
    """An evolution under a diagonal.

    Parameters
    ----------
    diagonal
        [states] float64.
    axes
        Of the space; the product of their sizes is the number of states.
    grover
        The mixer is exp(-i beta |s><s|) with s the product of the axes' starts, in place of the axes' generators.
    double
        Compute in float64 in place of float32: slower, to check with.
    threads
        Cores to use; they do not change any figure.

    Raises
    ------
    ValueError
        The diagonal has another number of states than the axes, or a value that is not finite.
    MemoryError
        There is not enough; `bytes_needed` tells before.
    """
    if len(diagonal) != math.prod(axis.size for axis in axes):
        raise ValueError("the diagonal needs a value for each state")
    native = extension("statevector")
    if not double and not grover and all(_plain(axis) for axis in axes):
        from qamctl.kernels.statevector.qubits import QubitEvolution

        if native is not None:
            return QubitEvolution(diagonal, native.Qubits, threads)
        from qamctl.kernels.statevector.reference import Qubits

        return QubitEvolution(diagonal, Qubits, threads)
    from qamctl.kernels.statevector.general import GeneralEvolution

    if native is not None:
        make = native.General64 if double else native.General32
        return GeneralEvolution(diagonal, axes, make, grover=grover, threads=threads)
    from qamctl.kernels.statevector.general_reference import General

    return GeneralEvolution(
        diagonal, axes, partial(General, kind=np.float64 if double else np.float32), grover=grover, threads=threads
    )


def bytes_needed(states: int, gradient: bool, double: bool) -> int:
    """Memory that an evolution takes in C++, the caller's diagonal not counted.

    Parameters
    ----------
    states
        Of the register.
    gradient
        Whether `gradient` will be called.
    double
        As for `evolution`. In float32 it is the memory of qubits under the X mixer.
    """
    return states * ((16 if double else 8) * (2 if gradient or double else 1) + (16 if double else 4))


def _plain(axis: Axis) -> bool:
    return axis is QUBIT or all(
        np.array_equal(mine, plain) for mine, plain in ((axis.generator, QUBIT.generator), (axis.start, QUBIT.start))
    )
