"""The reasoning problem as it stands inside: paths, evidence and context as columns, or a Bayesian network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qamctl.spec.source import Source

Index = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]

#: The step that lets the paths evolve; every other step is a row of the evidence.
EVOLVE: Final = -1

#: The word for it, which no evidence may have as its id.
EVOLVE_WORD: Final = "evolve"

#: Ways to find the posterior; `auto` is exact, or with an engine of circuits sample or amplify.
METHODS: Final = ("auto", "exact", "sample", "amplify")


@dataclass(frozen=True, slots=True)
class Paths:
    """The ways that a decision may go.

    Attributes
    ----------
    prior
        [N] probabilities, sum 1.
    phase
        [N] radians, of the amplitude sqrt(prior).
    decision
        [N] row in `decisions`: paths of one decision count together.
    actions
        What each path recommends: texts, such as `prefer TASK on AGENT`.
    """

    ids: tuple[str, ...]
    prior: Floats
    phase: Floats
    decision: Index
    decisions: tuple[str, ...]
    actions: Sequence[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen.

    Attributes
    ----------
    likelihood
        [J, N] the probability of seeing it on each path.
    reliability
        [J] the exponent of its likelihood: 0 ignores it, 1 takes it as it is.
    """

    ids: tuple[str, ...]
    likelihood: Floats
    reliability: Floats


@dataclass(frozen=True, slots=True)
class Context:
    """What paths turn into while time goes by: the Hermitian matrix of `fields` and couplings.

    Attributes
    ----------
    one, other
        [C] the coupled paths, one < other, each pair once.
    coupling
        [C] the matrix element between them.
    fields
        [N] the diagonal.
    time
        For which each `evolve` lasts.
    trotter
        Steps of the product formula that circuits evolve by; 0: exactly.
    """

    one: Index
    other: Index
    coupling: Complex
    fields: Floats
    time: float
    trotter: int


@dataclass(frozen=True, slots=True)
class Utility:
    """What actions are worth: values [A, N] on each path."""

    actions: tuple[str, ...]
    values: Floats


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What may come of an action, for `qamctl feedback`.

    Attributes
    ----------
    action
        The action that it comes of; None: of any.
    likelihood
        [O, N] its probability on each path.
    """

    ids: tuple[str, ...]
    action: Sequence[str | None]
    likelihood: Floats


@dataclass(frozen=True, slots=True)
class Learning:
    """How outcomes and rewards change the priors that a state file keeps.

    Attributes
    ----------
    forgetting
        The exponent of the prior before an outcome is taken in; 1 forgets nothing.
    reliability_rate
        Step of the gradient by which the reliabilities of evidence follow outcomes; 0 leaves them.
    carry
        Whether the posterior of a run is the prior of the next one.
    horizon
        Rewards that are expected, which the rate is chosen by.
    rate
        Of rewards; None: sqrt(8 ln N / horizon) for Hedge, and for EXP3 as its bound wants it.
    exploration
        Share of chances that EXP3 spreads evenly; None: as its bound wants it.
    """

    forgetting: float
    reliability_rate: float
    carry: bool
    horizon: int
    rate: float | None
    exploration: float | None


@dataclass(frozen=True, slots=True)
class Network:
    """A Bayesian network over variables with few values.

    Attributes
    ----------
    values
        The values of each node.
    parents
        The nodes that it depends on; there is no cycle.
    tables
        The probabilities of each node's values: one axis for each parent, the last one is its own.
    query
        The nodes that are asked for; the paths of the spec are the combinations of their values.
    observed
        Values of nodes, by index.
    """

    ids: tuple[str, ...]
    values: Sequence[tuple[str, ...]]
    parents: Sequence[tuple[int, ...]]
    tables: Sequence[Floats]
    query: tuple[int, ...]
    observed: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class ReasonSpec:
    """A valid reasoning problem: every reference resolved.

    Attributes
    ----------
    paths
        Of a network, the combinations of values that are asked for; their priors say nothing.
    steps
        What happens in turn: rows of the evidence, and `EVOLVE`.
    coherence
        What is left of the off-diagonal elements after each step, 0 (classical) to 1.
    rounds
        Of amplitude amplification; None: as many as bring the most.
    prune
        Paths of which it is sure that they have less than this share of the posterior are left out.
    reconstruct
        The state at the end, from circuits in many bases: `none`, `tomography` or `shadows`.
    observables
        Pauli strings whose means shadows are to estimate, by label.
    state
        The file that keeps priors and reliabilities from run to run, as it stands in the spec.
    noise, mitigate
        For engines that simulate noise, as in a circuit spec.
    notes
        What the user should know of how the spec was read.
    solver
        Options that the file gives, by name (see `qamctl.options.SOLVER_KEYS`).
    """

    name: str
    source: Source
    paths: Paths
    evidence: Evidence
    context: Context | None
    steps: tuple[int, ...]
    coherence: float
    utility: Utility
    outcomes: Outcomes
    learning: Learning
    method: str
    rounds: int | None
    prune: float
    reconstruct: str
    observables: Sequence[str]
    state: str | None
    network: Network | None
    noise: Mapping[str, Any]
    mitigate: tuple[str, ...]
    notes: tuple[str, ...]
    solver: Mapping[str, Any]
