"""Leaving out paths that hardly matter, with a bound on what that costs: the answer to too many paths."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from qamctl.reason.blocks import components
from qamctl.reason.exact import posterior_of
from qamctl.reason.spec import EVOLVE, Floats, Ints, ReasonSpec
from qamctl.reason.state import ImpossibleError


@dataclass(frozen=True)
class Pruned:
    """A spec without some of its paths.

    Attributes
    ----------
    kept
        [K] the paths that are left.
    error
        The posterior is off by at most so much, in total variation.
    log_share
        The logarithm of what the probability of the evidence on these paths alone is multiplied by: what they have of
        all priors, with likelihoods relative to the largest of all paths.
    """

    spec: ReasonSpec
    kept: Ints
    error: float
    log_share: float = 0.0

    def spread(self, values: Floats, n: int) -> Floats:
        """[n, ...] values of the paths that are left, among all; 0 for the others."""
        out = np.zeros((n, *values.shape[1:]))
        out[self.kept] = values
        return out


def prune(spec: ReasonSpec) -> Pruned:
    """Leave out the paths that are sure to have less than the share `prune` of the posterior.

    Coupled paths make blocks that have nothing to do with each other: nothing flows between them, and evidence only
    takes away. So what is left of a block at the end is at most its prior times its largest relative likelihoods. Where
    such bounds are below the share `prune` of their sum the blocks are left out; the posterior of the others is then
    off by at most the sum of those bounds over itself and what is left of the others.

    Raises
    ------
    ImpossibleError
        The evidence is impossible.
    """
    n = len(spec.paths.ids)
    everything = Pruned(spec, np.arange(n), 0.0)
    if spec.prune <= 0:
        return everything
    block = _blocks(spec, n)
    log_bound = _log_bounds(spec, block)
    top = float(log_bound.max())
    if not np.isfinite(top):
        return everything
    bound = np.exp(log_bound - top)  # [n] at the first path of each block, else 0
    small = (bound < spec.prune * bound.sum())[block]
    if not small.any() or small.all():
        return everything
    kept = np.flatnonzero(~small)
    smaller = restricted(spec, kept)
    try:
        state = posterior_of(smaller, smaller.steps, smaller.coherence)
    except ImpossibleError:
        return everything  # what seemed to matter most is impossible, and the rest may not be
    log_share = float(np.log(spec.paths.prior[kept].sum()))
    log_left = state.log_acceptance + log_share - top
    for step in spec.steps:
        if step != EVOLVE:
            alpha, row = float(spec.evidence.reliability[step]), spec.evidence.likelihood[step]
            less = _log_most(row[kept]) - _log_most(row)
            log_left += alpha * less
            log_share += (alpha - 1) * less
    lost, left = float(bound[small].sum()), float(np.exp(log_left))
    return Pruned(smaller, kept, lost / (lost + left), log_share)


def _log_most(row: Floats) -> float:
    """The logarithm of the largest likelihood, by which all are divided; 0 where every one is 0."""
    most = float(row.max())
    return float(np.log(most)) if most > 0 else 0.0


def _blocks(spec: ReasonSpec, n: int) -> Ints:
    """[n] the first path of the block that each one belongs to."""
    block = np.arange(n)
    if spec.context is not None and EVOLVE in spec.steps and spec.context.time > 0:
        for group in components(spec.context, n):
            block[group] = group[0]
    return block


def _log_bounds(spec: ReasonSpec, block: Ints) -> Floats:
    """[n] at the first path of each block the logarithm of what can be left of it; minus infinity elsewhere."""
    n = len(block)
    with np.errstate(divide="ignore"):
        log_bound = np.log(np.bincount(block, spec.paths.prior, minlength=n))
        for step in spec.steps:
            if step == EVOLVE or spec.evidence.reliability[step] == 0:
                continue
            row = spec.evidence.likelihood[step]
            most = np.zeros(n)
            np.maximum.at(most, block, row / max(float(row.max()), np.finfo(float).tiny))
            log_bound += spec.evidence.reliability[step] * np.log(most)
    return np.where(block == np.arange(n), log_bound, -np.inf)


def restricted(spec: ReasonSpec, keep: Ints) -> ReasonSpec:
    """The spec with some of its paths alone, their priors of sum 1."""
    paths, context = spec.paths, spec.context
    if context is not None:
        place = np.full(len(paths.ids), -1, np.int32)
        place[keep] = np.arange(len(keep), dtype=np.int32)
        one, other = place[context.one], place[context.other]
        both = (one >= 0) & (other >= 0)
        context = replace(
            context, one=one[both], other=other[both], coupling=context.coupling[both], fields=context.fields[keep]
        )
    return replace(
        spec,
        paths=replace(
            paths, ids=tuple(paths.ids[i] for i in keep), prior=paths.prior[keep] / paths.prior[keep].sum(),
            phase=paths.phase[keep], decision=paths.decision[keep], actions=[paths.actions[i] for i in keep],
        ),
        evidence=replace(spec.evidence, likelihood=spec.evidence.likelihood[:, keep]),
        context=context,
        utility=replace(spec.utility, values=spec.utility.values[:, keep]),
        outcomes=replace(spec.outcomes, likelihood=spec.outcomes.likelihood[:, keep]),
    )  # fmt: skip
