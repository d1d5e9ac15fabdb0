"""What evidence and evolution do to a state, in the forms that are small enough for the number of paths.

Few paths are one density matrix, step by step as the definition has it (Low, Yoder and Chuang 2014; Busemeyer and
Wang). Of many, only those that are coupled have to be computed together: as amplitudes where nothing is ever lost of
their coherence, as chances that |U|^2 moves where all of it is, and else as a density matrix for each group.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np

from qamctl.reason.check.question import Ints, Question, groups
from qamctl.reason.spec import Complex, Floats

#: Paths of one density matrix.
MOST_WHOLE: Final = 256

#: Coupled paths that are computed together, and products of numbers that their propagators may take.
MOST_TOGETHER: Final = 512
MOST_PRODUCTS: Final = 1 << 30

#: Paths of a group whose propagator is a series: the matrices of many groups are multiplied at once.
MOST_SERIES: Final = 16


class TooLargeError(Exception):
    """More paths are coupled with each other than are recomputed; the message says how many."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What an evolution does to all groups of one size c > 1: their paths [m, c] and propagators [m, c, c]."""

    paths: Ints
    propagator: Complex


class State(Protocol):
    """Probabilities of paths, and what is between them; nothing changes in place."""

    @property
    def chances(self) -> Floats: ...
    def observed(self, kept: Floats) -> State: ...
    def evolved(self) -> State: ...


def turns(question: Question) -> tuple[tuple[Turn, ...], float]:
    """exp(-i H time) of every group, and how far the largest of its angles goes, in radians.

    Raises
    ------
    TooLargeError
        A group is too large, or all of them are.
    """
    if not question.evolves:
        return (), 0.0
    group = groups(question)
    order = np.argsort(group, kind="stable")
    sizes = np.bincount(group)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    if sizes.max() > MOST_TOGETHER:
        raise TooLargeError(
            f"{sizes.max():,} paths are coupled with each other, and at most {MOST_TOGETHER:,} are computed a second "
            "time"
        )
    if float((sizes[sizes > 1].astype(float) ** 3).sum()) > MOST_PRODUCTS:
        raise TooLargeError(f"{int((sizes > 1).sum()):,} groups of coupled paths are too many for a second computation")
    inside = np.empty(len(group), np.int64)
    inside[order] = np.arange(len(group)) - np.repeat(starts, sizes)
    found, angle = [], 0.0
    for size in np.unique(sizes[sizes > 1]).tolist():
        members = np.flatnonzero(sizes == size)
        paths = order[starts[members][:, None] + np.arange(size)]
        at = np.full(len(sizes), -1, np.int64)
        at[members] = np.arange(len(members))
        mine = np.flatnonzero(at[group[question.one]] >= 0)
        block, row, column = at[group[question.one[mine]]], inside[question.one[mine]], inside[question.other[mine]]
        matrix = np.zeros((len(members), size, size), complex)
        matrix[block, row, column] = question.coupling[mine]
        matrix[block, column, row] = question.coupling[mine].conj()
        fields = question.fields[paths]
        fields = fields - (fields.max(axis=1) + fields.min(axis=1))[:, None] / 2  # a common phase is no matter
        matrix[:, np.arange(size), np.arange(size)] = fields
        angle = max(angle, float(np.abs(matrix).sum(axis=2).max()) * question.time)
        found.append(Turn(paths, exponential(-1j * question.time * matrix)))
    return tuple(found), angle


def exponential(matrices: Complex) -> Complex:
    """[m, c, c] the exponential of each: large ones one by one, all of the small ones at once, by Taylor's series.

    The series is of a part that is smaller than 1/2, so that 16 terms leave 1e-19, and is squared as often as needed.
    """
    if matrices.shape[1] > MOST_SERIES:
        from scipy.linalg import expm

        return np.asarray(expm(matrices))
    size = float(np.abs(matrices).sum(axis=2).max())
    halvings = max(0, math.frexp(size)[1] + 1)
    part = matrices / 2.0**halvings
    one = np.broadcast_to(np.eye(matrices.shape[1], dtype=complex), matrices.shape)
    out = one
    for term in range(16, 0, -1):
        out = one + part @ out / term
    for _ in range(halvings):
        out = out @ out
    return np.asarray(out)


def start(question: Question, turned: Sequence[Turn], coherence: float, *, whole: bool | None = None) -> State:
    """The state before any step.

    Parameters
    ----------
    coherence
        What is left of the off-diagonal elements after the preparation and after every step.
    whole
        One density matrix, or the groups by themselves; None: by the number of paths.
    """
    n = len(question.prior)
    amplitude = np.sqrt(question.prior) * np.exp(1j * question.phase)
    if n <= MOST_WHOLE if whole is None else whole:
        propagator = np.eye(n, dtype=complex)
        for turn in turned:
            propagator[turn.paths[:, :, None], turn.paths[:, None, :]] = turn.propagator
        moves = propagator if turned else None
        return Whole(np.outer(amplitude, amplitude.conj()), moves, coherence).dephased()
    if not turned or coherence == 0:
        return Chances(question.prior, tuple(turned))
    if coherence == 1:
        return Amplitudes(amplitude, tuple(turned))
    pairs = [amplitude[turn.paths][:, :, None] * amplitude[turn.paths].conj()[:, None, :] for turn in turned]
    return Grouped(question.prior, tuple(pairs), tuple(turned), coherence).dephased()


@dataclass(frozen=True, slots=True)
class Whole:
    """The density matrix [n, n] of all paths, and exp(-i H time) [n, n]; None where nothing evolves."""

    rho: Complex
    propagator: Complex | None
    coherence: float

    @property
    def chances(self) -> Floats:
        """[n] of the paths."""
        return np.maximum(self.rho.diagonal().real, 0.0)

    def dephased(self) -> Whole:
        """Part of what is beside the diagonal is lost."""
        return replace(self, rho=self.coherence * self.rho + (1 - self.coherence) * np.diag(self.rho.diagonal()))

    def observed(self, kept: Floats) -> Whole:
        """K rho K / trace, for the share [n] that is kept of each path."""
        root = np.sqrt(kept)
        rho = root[:, None] * self.rho * root
        return replace(self, rho=rho / rho.trace().real).dephased()

    def evolved(self) -> Whole:
        """U rho U^+."""
        if self.propagator is None:
            return self.dephased()
        rho = self.propagator @ self.rho @ self.propagator.conj().T
        return replace(self, rho=rho / rho.trace().real).dephased()


@dataclass(frozen=True, slots=True)
class Chances:
    """Chances [n] alone: a hidden Markov model."""

    p: Floats
    turns: tuple[Turn, ...]

    @property
    def chances(self) -> Floats:
        """[n] of the paths."""
        return self.p

    def observed(self, kept: Floats) -> Chances:
        """The rule of Bayes."""
        p = self.p * kept
        return replace(self, p=p / p.sum())

    def evolved(self) -> Chances:
        """Chances move by |U|^2."""
        p = self.p.copy()
        for turn in self.turns:
            moved = np.abs(turn.propagator) ** 2 @ self.p[turn.paths][:, :, None]
            p[turn.paths] = moved[:, :, 0]
        return replace(self, p=p / p.sum())


@dataclass(frozen=True, slots=True)
class Amplitudes:
    """Amplitudes [n] of a state that keeps all of its coherence."""

    psi: Complex
    turns: tuple[Turn, ...]

    @property
    def chances(self) -> Floats:
        """[n] of the paths."""
        return np.abs(self.psi) ** 2

    def observed(self, kept: Floats) -> Amplitudes:
        """K psi, normalised."""
        psi = self.psi * np.sqrt(kept)
        return replace(self, psi=psi / np.linalg.norm(psi))

    def evolved(self) -> Amplitudes:
        """U psi."""
        psi = self.psi.copy()
        for turn in self.turns:
            psi[turn.paths] = (turn.propagator @ self.psi[turn.paths][:, :, None])[:, :, 0]
        return replace(self, psi=psi / np.linalg.norm(psi))


@dataclass(frozen=True, slots=True)
class Grouped:
    """Chances [n], and a density matrix [m, c, c] for the groups of each size."""

    p: Floats
    rho: tuple[Complex, ...]
    turns: tuple[Turn, ...]
    coherence: float

    @property
    def chances(self) -> Floats:
        """[n] of the paths."""
        return self.p

    def dephased(self) -> Grouped:
        """Part of what is beside the diagonals is lost."""
        out = []
        for rho in self.rho:
            size = rho.shape[1]
            out.append(rho * np.where(np.eye(size, dtype=bool), 1.0, self.coherence))
        return replace(self, rho=tuple(out))

    def observed(self, kept: Floats) -> Grouped:
        """K rho K / trace."""
        root, p = np.sqrt(kept), self.p * kept
        total = p.sum()
        pairs = zip(self.rho, self.turns, strict=True)
        rho = tuple(each * root[turn.paths][:, :, None] * root[turn.paths][:, None, :] / total for each, turn in pairs)
        return replace(self, p=p / total, rho=rho).dephased()

    def evolved(self) -> Grouped:
        """U rho U^+ of each group."""
        p, out = self.p.copy(), []
        for each, turn in zip(self.rho, self.turns, strict=True):
            rho = turn.propagator @ each @ turn.propagator.conj().transpose(0, 2, 1)
            p[turn.paths] = np.maximum(np.diagonal(rho, axis1=1, axis2=2).real, 0.0)
            out.append(rho)
        total = p.sum()
        return replace(self, p=p / total, rho=tuple(rho / total for rho in out)).dephased()
