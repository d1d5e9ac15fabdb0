"""The state of a decision: probabilities of paths and, where a context couples them, the amplitudes between them.

The definition (Low, Yoder and Chuang 2014 for evidence; Busemeyer and Wang for contexts): the state starts as
sqrt(prior) with its phases; evidence j is the Kraus operator diag(sqrt(l)) with l = (L / max L) ^ reliability; a
context evolves it by exp(-i H time); and after each of these steps, as after the preparation, coherence kappa makes rho
into kappa rho + (1 - kappa) diag(rho). Without coherence this is the filter of a hidden Markov model whose transitions
are |U|^2, and without evolution the rule of Bayes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from qamctl.errors import InfeasibleError, UnsupportedError
from qamctl.reason.blocks import MOST_TOGETHER, blocks_of, components
from qamctl.reason.spec import Complex, Context, Floats

#: Of what a block of paths holds together, after an evolution: less of one path is rounding.
ROUNDING: Final = 1e-15


class ImpossibleError(InfeasibleError):
    """What was seen has the probability 0.

    Attributes
    ----------
    place
        Among the likelihoods that were given; of a network the observed node.
    """

    def __init__(self, place: int) -> None:
        super().__init__("the evidence is impossible: it has the probability 0 on every path that is left")
        self.place = place


class QuantumReasoningState:
    """Probabilities of paths and the amplitudes between coupled ones; it changes as steps are taken.

    `log_acceptance` is the logarithm of what the Kraus operators have left of the trace so far, `log_evidence` that of
    the probability of the evidence: the same times the largest likelihoods.

    Parameters
    ----------
    prior, phase
        [N] probabilities, and radians of the amplitudes.
    context
        What `evolve` evolves by; None: nothing.
    coherence
        kappa, from 0 to 1.
    whole
        Keep the whole density matrix, also between paths that never meet: `density` and other bases need it.

    Raises
    ------
    UnsupportedError
        More than 4,096 paths are to be computed together.
    """

    def __init__(
        self, prior: Floats, phase: Floats, context: Context | None = None, coherence: float = 0.0, *,
        whole: bool = False,
    ) -> None:  # fmt: skip
        n = len(prior)
        self.coherence = coherence
        self.log_acceptance = self.log_evidence = 0.0
        self._p = np.asarray(prior, float) / np.sum(prior)
        groups = [list(range(n))] if whole else [] if context is None else components(context, n)
        largest = max(map(len, groups), default=0)
        if largest > MOST_TOGETHER:
            raise UnsupportedError(
                f"{largest:,} paths are coupled with each other, and at most {MOST_TOGETHER:,} can be computed "
                "together: leave out paths by `prune`, or couplings"
            )
        idle = Context(
            np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, complex), np.zeros(n), 0.0, 0
        )  # fmt: skip
        self._context = context or idle
        self._blocks = blocks_of(self._context, n, groups)
        amplitude = np.sqrt(self._p) * np.exp(1j * np.asarray(phase, float))
        self._rho = [
            amplitude[block.paths][:, :, None] * amplitude[block.paths].conj()[:, None, :] for block in self._blocks
        ]
        self.dephase(coherence)

    @property
    def probabilities(self) -> Floats:
        """[N] of the paths."""
        return self._p.copy()

    @property
    def density(self) -> Complex:
        """[N, N] the density matrix; between blocks it holds zeros unless the state was made `whole`."""
        out = np.diag(self._p).astype(complex)
        for block, rho in zip(self._blocks, self._rho, strict=True):
            out[block.paths[:, :, None], block.paths[:, None, :]] = rho
        return out

    def observe(self, likelihoods: Floats, reliabilities: Floats) -> None:
        """Take evidence in, one after the other.

        Parameters
        ----------
        likelihoods
            [J, N] the probability of each on each path.
        reliabilities
            [J] exponents.

        Raises
        ------
        ImpossibleError
            One has the probability 0; the state is as before.
        """
        before, p = self._p, self._p
        log_acceptance = log_most = 0.0
        for place, (row, alpha) in enumerate(zip(likelihoods, reliabilities, strict=True)):
            most, left = float(row.max()), float(row[p > 0].max())
            if left <= 0 < alpha:
                raise ImpossibleError(place)
            # Relative to the largest that is left: a large exponent would else make nothing of all of them.
            joint = p * relative_likelihood(np.minimum(row, left), alpha)
            total = float(joint.sum())
            p = joint / total
            log_acceptance += math.log(total) + (alpha * math.log(left / most) if alpha > 0 else 0.0)
            log_most += math.log(most) if most > 0 else 0.0
        self._p = p
        self.log_acceptance += log_acceptance
        self.log_evidence += log_acceptance + log_most
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = np.sqrt(np.where(before > 0, p / before, 0.0))
        for block, rho in zip(self._blocks, self._rho, strict=True):
            rho *= scale[block.paths][:, :, None] * scale[block.paths][:, None, :]
        self.dephase(self.coherence ** len(likelihoods))

    def evolve(self, time: float | None = None) -> None:
        """Let the context act for some time, by default for as long as it says."""
        elapsed = self._context.time if time is None else time
        for k, block in enumerate(self._blocks):
            u = block.propagator(elapsed)
            rho = u @ self._rho[k] @ u.conj().transpose(0, 2, 1)
            diagonal = np.maximum(np.einsum("mii->mi", rho).real, 0.0)
            # What rounding leaves of a path that nothing turns into is no chance for evidence to grow from.
            diagonal[diagonal < ROUNDING * diagonal.sum(axis=1, keepdims=True)] = 0.0
            self._p[block.paths] = diagonal
            self._rho[k] = rho
        self._p = self._p / self._p.sum()
        self.dephase(self.coherence)

    def dephase(self, kept: float) -> None:
        """Leave so much of the off-diagonal elements."""
        if kept == 1:
            return
        for block, rho in zip(self._blocks, self._rho, strict=True):
            rho *= kept
            rho[:, np.arange(rho.shape[1]), np.arange(rho.shape[1])] = self._p[block.paths]

    def measure(self, basis: str | None = None) -> Floats:
        """The probabilities of what is measured, in any product basis.

        Parameters
        ----------
        basis
            A letter X, Y or Z for each qubit, the leftmost that of the highest; path i is the state |i>. None: the
            paths themselves.

        Returns
        -------
        [2 ^ qubits] probabilities, of the paths where there is no basis [N].
        """
        if basis is None:
            return self.probabilities
        from qamctl.reason.bases import outcome_chances

        return outcome_chances(self.density, basis)


def relative_likelihood(row: Floats, alpha: float) -> Floats:
    """[N] (L / max L) ^ alpha: the largest is 1, unless every likelihood is 0; all are 1 where alpha is 0."""
    most = float(np.max(row, initial=0.0))
    return np.asarray((row / most if most > 0 else row) ** alpha)


def run_steps(state: QuantumReasoningState, steps: Sequence[int], likelihood: Floats, reliability: Floats) -> None:
    """Take the steps of a spec: rows of the evidence, and -1 for `evolve`.

    Raises
    ------
    ImpossibleError
        With the place among the steps.
    """
    at = 0
    while at < len(steps):
        end = at
        while end < len(steps) and steps[end] >= 0:
            end += 1
        rows = list(steps[at:end])
        if rows:
            try:
                state.observe(likelihood[rows], reliability[rows])
            except ImpossibleError as error:
                raise ImpossibleError(at + error.place) from None
        if end < len(steps):
            state.evolve()
        at = end + 1
