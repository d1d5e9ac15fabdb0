"""Every field of a reason spec that this version takes: name, type, default, bounds and meaning."""

from __future__ import annotations

from typing import Final

from qamctl.spec.base_fields import CIRCUIT_OPTIONS
from qamctl.spec.circuit_fields import CIRCUIT_SOLVER, NOISE
from qamctl.spec.fields import Field

#: Energies, phases, utilities and times are no larger: inside, every angle keeps ten digits and more.
MOST_FIGURE: Final = 1e6
#: Exponents of likelihoods.
MOST_RELIABILITY: Final = 1000.0
#: Rounds of amplification, and steps of a product formula.
MOST_ROUNDS: Final = 100_000
#: Rewards that a horizon counts.
MOST_HORIZON: Final = 10**9

REASON_SOLVER: Final = Field(
    "solver", "record", CIRCUIT_SOLVER.meaning,
    fields=(
        Field(
            "backend", "texts", "auto and exact compute the posterior; statevector, noisy, qir and azure:TARGET "
            "measure it", "auto",
        ),
        CIRCUIT_SOLVER["seed"],
        CIRCUIT_SOLVER["threads"],
        *(field for field in CIRCUIT_OPTIONS if field.name in ("shots", "max_qubits")),
        CIRCUIT_SOLVER["mitigate"],
    ),
)  # fmt: skip

PATHS: Final = Field(
    "paths", "rows", "the ways that the decision may go",
    fields=(
        Field("id", "text", "name of the path", required=True),
        Field("prior", "number", "its probability before any evidence, in any unit; without priors all are equal",
              low=0, high=1e15),
        Field("phase", "number", "radians, of the amplitude sqrt(prior)", 0, low=-MOST_FIGURE, high=MOST_FIGURE),
        Field("decision", "text", "paths of one decision count together; by default the path's own id"),
        Field("actions", "names", "what it recommends: `prefer TASK on AGENT`, `prefer TASK in FROM..TO`, or any "
              "text", []),
    ),
)  # fmt: skip

EVIDENCE: Final = Field(
    "evidence", "rows", "what was seen",
    fields=(
        Field("id", "text", "name of the evidence", required=True),
        Field("likelihood", "figures", "the probability of seeing it on each path", required=True, low=0, high=1),
        Field("otherwise", "number", "that probability on paths that are not named; without it all must be",
              low=0, high=1),
        Field("reliability", "number", "exponent of the likelihood: 0 ignores the evidence, 1 trusts it", 1, low=0,
              high=MOST_RELIABILITY),
    ),
)  # fmt: skip

COUPLINGS: Final = Field(
    "couplings", "pairs", "between two paths: [path, path, real part, imaginary part (0)]",
    fields=(
        Field("one", "text", "the one path", required=True),
        Field("other", "text", "the other path", required=True),
        Field("real", "number", "real part of the matrix element", required=True, low=-MOST_FIGURE, high=MOST_FIGURE),
        Field("imaginary", "number", "imaginary part, of [one, other]; that of [other, one] is its negative", 0,
              low=-MOST_FIGURE, high=MOST_FIGURE),
    ),
)  # fmt: skip

CONTEXT: Final = Field(
    "context", "record", "what paths turn into while time goes by: a Hermitian matrix over the paths",
    fields=(
        COUPLINGS,
        Field("fields", "figures", "the diagonal", {}, low=-MOST_FIGURE, high=MOST_FIGURE),
        Field("time", "number", "for which each step `evolve` lasts", 1, low=0, high=MOST_FIGURE),
        Field("trotter", "integer", "steps of a product formula of second order, for circuits; 0: exact", 0, low=0,
              high=MOST_ROUNDS),
    ),
)  # fmt: skip

UTILITY: Final = Field(
    "utility", "rows", "what actions are worth",
    fields=(
        Field("action", "text", "the action", required=True),
        Field("values", "figures", "its worth on each path; 0 on paths that are not named", {}, low=-1e15, high=1e15),
    ),
)  # fmt: skip

OUTCOMES: Final = Field(
    "outcomes", "rows", "what may come of an action, for `qamctl feedback --outcome`",
    fields=(
        Field("id", "text", "name of the outcome", required=True),
        Field("action", "text", "the action or decision that it comes of; by default any"),
        Field("likelihood", "figures", "its probability on each path", required=True, low=0, high=1),
        Field("otherwise", "number", "that probability on paths that are not named; without it all must be",
              low=0, high=1),
    ),
)  # fmt: skip

LEARNING: Final = Field(
    "learning", "record", "how feedback changes the priors and reliabilities in the state file",
    fields=(
        Field("forgetting", "number", "exponent of the prior before an outcome is taken in; 1 forgets nothing, which "
              "is exact Bayes", 1, low=0, high=1),
        Field("reliability_rate", "number", "step by which reliabilities follow outcomes; 0 leaves them", 0, low=0,
              high=MOST_RELIABILITY),
        Field("carry", "flag", "the posterior of a run is the prior of the next one", False),
        Field("horizon", "integer", "rewards that are expected, by which the rate is chosen", 1000, low=1,
              high=MOST_HORIZON),
        Field("rate", "number", "of rewards; by default what the bounds of Hedge and EXP3 want", low=0, high=1000),
        Field("exploration", "number", "share of EXP3's chances that is spread evenly; by default what its bound wants",
              low=0, high=1),
    ),
)  # fmt: skip

NODES: Final = Field(
    "nodes", "rows", "a Bayesian network, in place of paths and evidence",
    fields=(
        Field("id", "text", "name of the variable", required=True),
        Field("values", "names", "what it may be", ["no", "yes"]),
        Field("parents", "names", "variables that it depends on", []),
        Field("table", "chances", "the probabilities of its values: a list, or with parents a list of such lists, one "
              "for each combination of their values, those of the last parent changing fastest", required=True),
    ),
)  # fmt: skip

REASON: Final = Field(
    "reason", "record", "a reason spec: a decision under evidence",
    fields=(
        Field("kind", "choice", "what kind of problem this is", required=True, choices=("reason",)),
        Field("version", "integer", "version of the format", required=True, low=1, high=1),
        Field("name", "text", "used in the names of runs; by default the file's name"),
        REASON_SOLVER,
        PATHS,
        EVIDENCE,
        CONTEXT,
        Field("steps", "names", "what happens in turn: ids of evidence, and `evolve`; by default all evidence in its "
              "order, then `evolve` where there is a context"),
        Field("coherence", "number", "share of the off-diagonal elements that each step leaves: 0 classical, 1 fully "
              "coherent", 0, low=0, high=1),
        UTILITY,
        Field("method", "choice", "exact computes, sample measures, amplify measures after amplitude amplification; "
              "auto is exact, or with an engine of circuits sample or amplify, whichever gets more",
              "auto", choices=("auto", "exact", "sample", "amplify")),
        Field("rounds", "integer", "of amplitude amplification; by default as many as bring the most", low=0,
              high=MOST_ROUNDS),
        Field("prune", "number", "paths of which it is sure that they have less than this share of the posterior are "
              "left out", 0, low=0, high=1),
        NODES,
        Field("query", "texts", "the variables of a network that are asked for"),
        Field("observed", "labels", "the values of variables that were observed", {}),
        Field("state", "text", "the file, beside the spec, that keeps priors and reliabilities from run to run"),
        OUTCOMES,
        LEARNING,
        Field("reconstruct", "choice", "the quantum state at the end, from circuits in other bases: by tomography (up "
              "to 4 qubits), or the means of `observables` by classical shadows", "none",
              choices=("none", "tomography", "shadows")),
        Field("observables", "names", "Pauli strings over the qubits of the paths, the leftmost letter being the "
              "highest qubit's", []),
        NOISE,
        Field("mitigate", "texts", "what mitigates noise: readout, zne (extrapolation), detect (a code that detects "
              "errors), or none", choices=("readout", "zne", "detect", "none")),
    ),
)  # fmt: skip
