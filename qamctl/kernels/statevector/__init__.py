"""Alternating evolutions of a state vector under a diagonal and a mixer: energies, exact gradients, probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from qamctl.kernels.couplings import Floats


@dataclass(frozen=True)
class Axis:
    """One factor of the space of states: a free qubit, or a one-hot group.

    Attributes
    ----------
    generator
        [d, d] real, symmetric: the mixer is exp(-i beta generator).
    start
        [d] real amplitudes of the first state, of unit norm.
    """

    generator: Floats
    start: Floats

    @property
    def size(self) -> int:
        """States."""
        return len(self.start)


#: A free qubit under the X mixer, from |+>.
QUBIT = Axis(np.array([[0.0, 1.0], [1.0, 0.0]]), np.full(2, 0.5**0.5))


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
    """
    from qamctl.kernels.statevector.reference import Evolution as Reference

    return Reference(diagonal, axes, grover=grover, double=double)
