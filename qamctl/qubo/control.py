"""What pure chance finds in a model: uniformly feasible samples, the control of every sampled engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qamctl.kernels.couplings import Samples
from qamctl.qubo.feasible import feasible
from qamctl.qubo.model import GE, LE, Floats, Model

#: States drawn at once, at first and at most.
LEAST_DRAWS, MOST_DRAWS = 64, 4096

#: Models up to so many variables are valued, and up to so many cells checked, through dense matrices.
DENSE = 512
CELLS = 2_000_000

#: States kept, best first.
KEEP = 4


@dataclass(frozen=True, slots=True)
class Draws:
    """The best of uniformly drawn feasible states.

    Attributes
    ----------
    samples, energies
        [k, n] and [k], best first; none where no state that was drawn is feasible.
    drawn, feasible
        States drawn, and how many of them kept every constraint.
    """

    samples: Samples
    energies: Floats
    drawn: int
    feasible: int


def uniform(
    model: Model,
    rng: np.random.Generator,
    *,
    draws: int | None = None,
    seconds: float | None = None,
    clock: Callable[[], float] = time.monotonic,
    stop: Callable[[], bool] = lambda: False,
) -> Draws:
    """Draw states, each feasible one as likely as any other, and keep the best.

    One member of each group is chosen, every variable outside the groups is 0 or 1 with equal chance, and states
    that break a row are thrown away.

    Parameters
    ----------
    draws
        How many states.
    seconds
        For how long, in place of draws; at least one batch.
    """
    if (draws is None) == (seconds is None):
        raise ValueError("exactly one of draws and seconds is needed")
    deadline = clock() + (seconds or 0.0)
    value, keeps = _valuation(model), _feasibility(model)
    samples = np.zeros((0, model.n), np.uint8)
    energies = np.zeros(0)
    drawn = good = 0
    batch = LEAST_DRAWS
    while True:
        size = batch if draws is None else min(batch, draws - drawn)
        states = choices(model, size, rng)
        states = states[keeps(states)]
        drawn, good = drawn + size, good + len(states)
        if len(states):
            samples = np.concatenate([samples, states])
            energies = np.concatenate([energies, value(states)])
            best = np.argsort(energies, kind="stable")[:KEEP]
            samples, energies = samples[best], energies[best]
        if stop() or (drawn >= draws if draws is not None else clock() >= deadline):
            return Draws(samples, energies, drawn, good)
        batch = min(2 * batch, MOST_DRAWS)


def choices(model: Model, size: int, rng: np.random.Generator) -> Samples:
    """[size, n] states with one member of each group chosen, whatever rows say; groups that overlap may have more."""
    states = rng.integers(0, 2, (size, model.n), np.uint8)
    lengths = np.diff(model.group_start)
    if len(lengths):
        states[:, model.group_index] = 0
        chosen = model.group_start[:-1] + (rng.random((size, len(lengths))) * lengths).astype(np.int64)
        states[np.arange(size)[:, None], model.group_index[chosen]] = 1
    return states


def _feasibility(model: Model) -> Callable[[Samples], np.ndarray]:
    """A function from states [s, n] to whether each keeps every group and row."""
    disjoint = len(np.unique(model.group_index)) == len(model.group_index)
    if disjoint and not len(model.con_rhs):
        return lambda states: np.ones(len(states), bool)
    if not disjoint or len(model.con_rhs) * model.n > CELLS:
        return lambda states: feasible(model, states)
    matrix = np.zeros((model.n, len(model.con_rhs)))
    np.add.at(
        matrix, (model.con_index, np.repeat(np.arange(len(model.con_rhs)), np.diff(model.con_start))), model.con_coef
    )
    most = np.where(model.con_sense == GE, np.inf, model.con_rhs.astype(float))
    least = np.where(model.con_sense == LE, -np.inf, model.con_rhs.astype(float))

    def keeps(states: Samples) -> np.ndarray:
        left = states.astype(np.float64) @ matrix
        return np.asarray(((left <= most) & (left >= least)).all(axis=1))

    return keeps


def _valuation(model: Model) -> Callable[[Samples], Floats]:
    """A function from states [s, n] to objectives [s]."""
    if model.n > DENSE:
        return lambda states: np.array(
            [
                model.offset + model.linear @ state + model.weight @ (state[model.row] & state[model.col])
                for state in states
            ]
        )
    matrix = np.zeros((model.n, model.n))
    matrix[model.row, model.col] = model.weight
    matrix[np.arange(model.n), np.arange(model.n)] = model.linear

    def value(states: Samples) -> Floats:
        x = states.astype(np.float64)
        total: Floats = np.einsum("si,si->s", x @ matrix, x) + model.offset
        return total

    return value
