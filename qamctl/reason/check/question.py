"""A spec as the checker computes with it: likelihoods as logarithms, and some of the paths or all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qamctl.reason.spec import EVOLVE, Complex, Floats, ReasonSpec

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Question:
    """What is computed of n paths.

    Attributes
    ----------
    keep
        [n] which paths of the spec they are.
    prior, phase
        [n] probabilities of sum 1, and radians.
    log_share
        The logarithm of what these paths have of all priors.
    log_likelihood
        [J, n] reliability * log(L / largest L of all paths): 0 where the reliability is, minus infinity where L is 0.
    log_most
        [J] the logarithm of the largest likelihood of all paths; 0 where every one is 0, which nothing is divided by.
    one, other, coupling
        [C] the couplings other than 0, of these paths.
    fields
        [n] the diagonal.
    evolves
        Whether any step changes a probability: something is coupled, for some time, and evolves.
    """

    keep: Ints
    prior: Floats
    phase: Floats
    log_share: float
    log_likelihood: Floats
    log_most: Floats
    one: Ints
    other: Ints
    coupling: Complex
    fields: Floats
    time: float
    steps: tuple[int, ...]
    coherence: float
    evolves: bool


def question(spec: ReasonSpec, keep: Ints | None = None) -> Question:
    """What a spec asks, of some of its paths [n] or of all of them."""
    total = len(spec.paths.ids)
    mine = np.arange(total) if keep is None else keep
    share = float(spec.paths.prior[mine].sum()) / float(spec.paths.prior.sum())
    logs, most = _logarithms(spec)
    one = other = np.zeros(0, np.int64)
    coupling, fields, time = np.zeros(0, complex), np.zeros(len(mine)), 0.0
    if spec.context is not None:
        place = np.full(total, -1, np.int64)
        place[mine] = np.arange(len(mine))
        one, other = place[spec.context.one], place[spec.context.other]
        inside = (one >= 0) & (other >= 0) & (spec.context.coupling != 0)
        one, other, coupling = one[inside], other[inside], spec.context.coupling[inside]
        fields, time = spec.context.fields[mine], spec.context.time
    prior = spec.paths.prior[mine]
    return Question(
        mine, prior / prior.sum(), spec.paths.phase[mine], float(np.log(share)), logs[:, mine], most, one, other,
        coupling, fields, time, spec.steps, spec.coherence, bool(len(one)) and time > 0 and EVOLVE in spec.steps,
    )  # fmt: skip


def _logarithms(spec: ReasonSpec) -> tuple[Floats, Floats]:
    """[J, N] of the relative likelihoods with their exponents, and [J] of the largest ones."""
    likelihood, reliability = spec.evidence.likelihood, spec.evidence.reliability
    top = likelihood.max(axis=1, initial=0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        most = np.where(top > 0, np.log(top), 0.0)
        logs = np.log(likelihood) - most[:, None]
        weighted = reliability[:, None] * logs  # 0 * -inf is no number, and what is ignored has the exponent 0
    return np.where(reliability[:, None] == 0, 0.0, weighted), most


def groups(question: Question) -> Ints:
    """[n] the group of each path: those that are coupled, directly or by others, have one number."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(question.prior)
    if not question.evolves:
        return np.arange(n)
    ones = np.ones(len(question.one))
    graph = coo_array((ones, (question.one, question.other)), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def reached(question: Question) -> Flags:
    """[n] whether a path can ever have a share: it has a prior, or is coupled with one that has."""
    group = groups(question)
    alive = np.bincount(group, question.prior > 0)
    return np.asarray(alive[group] > 0)
