"""What holds of a spec, computed a second time: posterior, evidence, interference, order, and what rounding may do."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import numpy as np

from qamctl.errors import UnsupportedError
from qamctl.reason.check.motion import MOST_WHOLE, State, TooLargeError, Turn, Whole, exponential, start, turns
from qamctl.reason.check.question import Flags, Ints, Question, groups, question
from qamctl.reason.spec import EVOLVE, Complex, Floats, ReasonSpec

#: Pairs of evidence that are exchanged: those that stand nearest, among equals the first ones.
MOST_PAIRS: Final = 200

#: Products of numbers that exchanging them may take: some ten seconds.
MOST_PRODUCTS: Final = 5 * 10**10

#: What an evolution may be off by at least, and for each radian of its largest angle.
ROUNDING: Final = 4e-15

#: A posterior that may be off by more is not told.
LARGEST_ERROR: Final = 1e-3


class UndecidedError(Exception):
    """Rounding decides: what is left after an evolution is too little to be told from nothing."""


@dataclass(frozen=True, slots=True)
class Course:
    """How far a walk through the steps has come.

    Attributes
    ----------
    dead
        [n] the paths that have nothing for sure; others may have a chance of 0 by rounding alone.
    log_acceptance
        The logarithm of what evidence left, relative to the largest likelihoods; minus infinity: it is impossible.
    error, log_error
        What rounding may have done to the chances, in total variation, and to the logarithm.
    """

    state: State
    dead: Flags
    log_acceptance: float = 0.0
    error: float = 0.0
    log_error: float = 0.0

    @property
    def possible(self) -> bool:
        """Whether all evidence so far can have been seen."""
        return self.log_acceptance > -math.inf


@dataclass(frozen=True, slots=True)
class Order:
    """What exchanging evidence does to the posterior.

    Attributes
    ----------
    low, high
        Between which the largest total variation lies.
    pairs
        The same for each pair of evidence that was exchanged, the earlier one first.
    """

    low: float
    high: float
    pairs: Mapping[tuple[str, str], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Truth:
    """What holds of a spec.

    Attributes
    ----------
    posterior
        [N] of all paths, 0 of those that were left out; zeros where the evidence is impossible.
    log_left
        The logarithm of what evidence leaves of these paths, of all: times the largest likelihoods it is the
        probability of the evidence.
    log_evidence
        Of that probability; minus infinity: impossible.
    error, log_error
        What rounding may do to the posterior, in total variation, and to the logarithms.
    interference
        [D] by decision: its probability less what it would be without coherence.
    order
        None: the pairs are too many for the number of paths.
    """

    posterior: Floats
    log_left: float
    log_evidence: float
    error: float
    log_error: float
    interference: Floats
    order: Order | None

    @property
    def possible(self) -> bool:
        """Whether the evidence can be seen at all."""
        return self.log_evidence > -math.inf


@dataclass(frozen=True, slots=True)
class _Walk:
    """Walks through steps, all of the same paths."""

    asked: Question
    turned: tuple[Turn, ...]
    angle: float
    group: Ints

    def start(self, coherence: float) -> Course:
        """Before any step."""
        return Course(start(self.asked, self.turned, coherence), self.asked.prior == 0)

    def run(self, course: Course, steps: Sequence[int]) -> Course:
        """After some steps."""
        for step in steps:
            course = self.take(course, step)
        return course

    def take(self, course: Course, step: int) -> Course:
        """After one step."""
        if not course.possible:
            return course
        if step == EVOLVE:
            if not self.asked.evolves:
                return course
            dead = np.bincount(self.group, ~course.dead)[self.group] == 0
            error = course.error + ROUNDING * (1 + self.angle)
            return replace(course, state=course.state.evolved(), dead=dead, error=error)
        logs, p = self.asked.log_likelihood[step], course.state.chances
        alive = p > 0
        most = float(logs[alive].max())
        if most == -math.inf:
            if bool((logs[~alive & ~course.dead] > -math.inf).any()):
                raise UndecidedError
            return replace(course, log_acceptance=-math.inf)
        kept = np.where(alive, np.exp(np.minimum(0.0, logs - most)), 0.0)
        total = float(p @ kept)
        noise = course.error / total
        if noise > LARGEST_ERROR:
            raise UndecidedError
        return Course(
            course.state.observed(kept), course.dead | (logs == -math.inf),
            course.log_acceptance + math.log(total) + most, 2 * noise, course.log_error + noise,
        )  # fmt: skip


def recompute(spec: ReasonSpec, keep: Ints | None = None) -> Truth:
    """What holds of a spec, of some of its paths or all.

    Raises
    ------
    TooLargeError
        So many paths are coupled with each other, or a network is so large, that this is not done a second time.
    UndecidedError
        Rounding decides.
    """
    if spec.network is not None:
        return _of_network(spec)
    asked = question(spec, keep)
    walk = _Walk(asked, *turns(asked), groups(asked))
    courses = [walk.start(asked.coherence)]
    for step in asked.steps:
        courses.append(walk.take(courses[-1], step))
    end = courses[-1]
    log_left = end.log_acceptance + asked.log_share
    log_most = float(sum(asked.log_most[step] for step in asked.steps if step != EVOLVE))
    n, decisions = len(spec.paths.ids), len(spec.paths.decisions)
    if not end.possible:
        nothing = Order(0.0, 0.0, {})
        return Truth(np.zeros(n), -math.inf, -math.inf, 0.0, 0.0, np.zeros(decisions), nothing)
    p = end.state.chances
    interference = np.zeros(decisions)
    error = end.error
    if asked.evolves and asked.coherence > 0:
        plain = walk.run(walk.start(0.0), asked.steps)
        if not plain.possible:  # what a coherent state reaches, chances reach as well
            raise UndecidedError
        own = spec.paths.decision[asked.keep]
        np.add.at(interference, own, p - plain.state.chances)
        error = max(error, plain.error)
    posterior = np.zeros(n)
    posterior[asked.keep] = p
    return Truth(
        posterior, log_left, log_left + log_most, error, end.log_error, interference, _order(spec, walk, courses)
    )  # fmt: skip


def density(spec: ReasonSpec, keep: Ints) -> Complex:
    """[n, n] the density matrix at the end, of some paths that nothing outside is coupled with.

    Raises
    ------
    UndecidedError
        Hardly anything is left, and rounding might decide.
    """
    asked = question(spec, keep)
    n = len(asked.prior)
    # Fields turn the phases between paths that are not coupled as well: they are no chances, but part of the state.
    matrix = np.zeros((1, n, n), complex)
    matrix[0, asked.one, asked.other] = asked.coupling
    matrix[0, asked.other, asked.one] = asked.coupling.conj()
    matrix[0, np.arange(n), np.arange(n)] = asked.fields
    turn = Turn(np.arange(n)[None], exponential(-1j * asked.time * matrix))
    state = start(asked, (turn,), asked.coherence, whole=True)
    for step in asked.steps:
        if step == EVOLVE:
            state = state.evolved()
            continue
        logs, p = asked.log_likelihood[step], state.chances
        most = float(logs[p > 0].max())
        kept = np.exp(np.minimum(0.0, logs - most)) if most > -math.inf else np.zeros(n)
        if float(p @ kept) < LARGEST_ERROR**2:
            raise UndecidedError
        state = state.observed(kept)
    assert isinstance(state, Whole)
    return state.rho


def _order(spec: ReasonSpec, walk: _Walk, courses: Sequence[Course]) -> Order | None:
    """Exchange each two different pieces of evidence that stand on both sides of an evolution."""
    steps = walk.asked.steps
    if not walk.asked.evolves:
        return Order(0.0, 0.0, {})
    before = np.cumsum([step == EVOLVE for step in steps])
    pairs = [
        (i, j) for i, j in combinations(range(len(steps)), 2)
        if EVOLVE not in (steps[i], steps[j]) and before[i] < before[j] and steps[i] != steps[j]
    ]  # fmt: skip
    pairs = sorted(pairs, key=lambda pair: (pair[1] - pair[0], pair[0]))[:MOST_PAIRS]
    evolutions = sum(int(before[-1] - before[i]) for i, _ in pairs)
    if evolutions * _products(walk) > MOST_PRODUCTS:
        return None
    end, names = courses[-1], spec.evidence.ids
    found: dict[tuple[str, str], tuple[float, float]] = {}
    for i, j in pairs:
        order = [steps[j], *steps[i + 1 : j], steps[i], *steps[j + 1 :]]
        try:
            other = walk.run(courses[i], order)
            distance = 1.0  # in that order the evidence can't be seen at all
            error = end.error + other.error
            if other.possible:
                distance = float(np.abs(end.state.chances - other.state.chances).sum()) / 2
        except UndecidedError:
            distance, error = 0.5, 0.5
        pair = names[steps[i]], names[steps[j]]
        low, high = found.get(pair, (0.0, 0.0))
        found[pair] = max(low, distance - error), max(high, min(1.0, distance + error))
    return Order(
        max((low for low, _ in found.values()), default=0.0), max((high for _, high in found.values()), default=0.0),
        found,
    )  # fmt: skip


def _products(walk: _Walk) -> float:
    """Of numbers, that one evolution takes."""
    n = len(walk.asked.prior)
    if n <= MOST_WHOLE:
        return 2.0 * n**3
    power = 3 if 0 < walk.asked.coherence < 1 else 2
    return float(sum(2.0 * len(turn.paths) * turn.paths.shape[1] ** power for turn in walk.turned))


def _of_network(spec: ReasonSpec) -> Truth:
    """Of a Bayesian network there are the posterior and the probability of what was observed, and nothing evolves."""
    from qamctl.reason.network.check import recompute as enumerate_network

    assert spec.network is not None
    try:
        posterior, log_evidence = enumerate_network(spec.network)
    except UnsupportedError as error:
        raise TooLargeError(error.message) from error
    none = np.zeros(len(spec.paths.decisions))
    return Truth(posterior, log_evidence, log_evidence, 0.0, 0.0, none, Order(0.0, 0.0, {}))
