"""The states that a circuit moves among: all of its free qubits, and one member of each one-hot group.

A mixer that keeps one-hot groups never leaves the product of the groups' members: 4^4 = 256 states of a 4 x 4
assignment in place of 2^16. States are numbered with mixed radix, the first axis changing fastest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qamctl.kernels.couplings import Samples
from qamctl.quantum.polynomial import Polynomial
from qamctl.qubo.model import Floats, Ints


@dataclass(frozen=True)
class Register:
    """Qubits as a simulation sees them: axes of free qubits first, then one axis for each group.

    Attributes
    ----------
    n
        Qubits, which are the variables of a model.
    groups
        One-hot groups that the mixer keeps: members in the order of the axis' digits; none shares a member.
    """

    n: int
    groups: tuple[tuple[int, ...], ...] = ()

    def __post_init__(self) -> None:
        members = [v for group in self.groups for v in group]
        if len(set(members)) != len(members) or not all(0 <= v < self.n for v in members):
            raise ValueError("groups of a register share a member, or have one that is no qubit")
        if not all(self.groups):
            raise ValueError("a group of a register has no member")

    @cached_property
    def free(self) -> tuple[int, ...]:
        """The qubits in no group, ascending; without groups, bit v of a state's number is qubit v."""
        held = {v for group in self.groups for v in group}
        return tuple(v for v in range(self.n) if v not in held)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """States of each axis."""
        return (2,) * len(self.free) + tuple(map(len, self.groups))

    @property
    def states(self) -> int:
        """How many states there are in all."""
        return math.prod(self.sizes)

    @cached_property
    def strides(self) -> tuple[int, ...]:
        """By how much a state's number grows with the digit of each axis."""
        out, stride = [], 1
        for size in self.sizes:
            out.append(stride)
            stride *= size
        return tuple(out)

    def digits(self, states: np.ndarray) -> Ints:
        """[s, axes] the digits of numbered states [s]."""
        number = np.asarray(states, np.int64)[:, None]
        return (number // np.array(self.strides, np.int64)) % np.array(self.sizes, np.int64)

    def samples(self, states: np.ndarray) -> Samples:
        """[s, n] numbered states [s] as samples of the variables."""
        digits = self.digits(states)
        out = np.zeros((len(digits), self.n), np.uint8)
        free = len(self.free)
        out[:, list(self.free)] = digits[:, :free]
        row = np.arange(len(digits))
        for k, group in enumerate(self.groups):
            out[row, np.array(group)[digits[:, free + k]]] = 1
        return out

    def number(self, samples: np.ndarray) -> Ints:
        """[s] the numbers of samples [s, n], each of which chooses one member of every group.

        Raises
        ------
        ValueError
            One of them does not.
        """
        rows = np.atleast_2d(np.asarray(samples)) != 0
        number = np.zeros(len(rows), np.int64)
        for v, stride in zip(self.free, self.strides, strict=False):
            number += rows[:, v] * stride
        for group, stride in zip(self.groups, self.strides[len(self.free) :], strict=True):
            chosen = rows[:, list(group)]
            if not (chosen.sum(axis=1) == 1).all():
                raise ValueError("a sample does not choose one member of each group")
            number += chosen.argmax(axis=1) * stride
        return number

    def diagonal(self, polynomial: Polynomial) -> Floats:
        """[states] the value of a polynomial in every state, built axis by axis with one addition for each state.

        Adding an axis repeats what there is, plus the cofactor of the variable that each digit sets.
        """
        if polynomial.n != self.n:
            raise ValueError("the polynomial and the register have different variables")
        axes: list[tuple[int | None, ...]] = [(None, v) for v in self.free] + [tuple(group) for group in self.groups]
        place = {v: a for a, axis in enumerate(axes) for v in axis if v is not None}
        return _values(polynomial.offset, polynomial.terms, axes, place)


def _values(
    offset: float,
    terms: Mapping[tuple[int, ...], float],
    axes: Sequence[tuple[int | None, ...]],
    place: Mapping[int, int],
) -> Floats:
    """The values over the product of some axes of a polynomial that has no variables on others."""
    cofactors: dict[int, dict[tuple[int, ...], float]] = {}
    for variables, weight in terms.items():
        last = max(variables, key=place.__getitem__)
        rest = tuple(v for v in variables if v != last)
        if not any(place[v] == place[last] for v in rest):  # two members of a group are never both chosen
            cofactors.setdefault(last, {})[rest] = weight
    out = np.empty(math.prod(map(len, axes)))
    out[0], size = offset, 1
    for a, axis in enumerate(axes):
        for digit in range(len(axis) - 1, -1, -1):  # the first digit's part holds what is added to: it comes last
            variable = axis[digit]
            more: Floats | float = 0.0
            if variable is not None and variable in cofactors:
                own = cofactors[variable]
                constant = own.pop((), 0.0)
                more = _values(constant, own, axes[:a], place) if own else constant
            np.add(out[:size], more, out=out[digit * size : (digit + 1) * size])
        size *= len(axis)
    return out
