"""Which search suits a model: told by its size, density and weights, never by its name.

Measured on random models of 300 to 5,000 variables, of every density, with weights of one size, of both signs, and
uniform ones, each search with the same CPU time: annealing is ahead or even nearly everywhere. Tabu search with path
relinking is ahead where few couplings outweigh all others, as penalties do, because a sweep then hardly moves; and
on dense models whose weights differ.
"""

from __future__ import annotations

import numpy as np

from qamctl.kernels.couplings import Couplings
from qamctl.qubo.search.onehot import hidden_groups

#: How many times the median coupling the largest one is where there are penalties.
SPREAD = 8.0

#: Share of all pairs that are coupled in a dense model; how many sizes of weights are many.
DENSE, SIZES = 0.5, 10

#: Couplings whose sizes are looked at.
SAMPLE = 200_000

#: Above this share of coupled pairs, or up to so many variables, the other search is worth a core of its own.
MIXED, SMALL = 0.01, 2_000


def choose(model: Couplings) -> tuple[str, ...]:
    """The searches that are worth their time, the likeliest first: "onehot", "tabu", "anneal"."""
    if hidden_groups(model) is not None:
        return ("onehot", "tabu")
    density = 2 * model.pairs / max(1, model.n * (model.n - 1))
    sizes = np.abs(model.weight[:: max(1, len(model.weight) // SAMPLE)])  # of symmetric rows, some tell of all
    largest = max(float(model.weight.max(initial=0)), -float(model.weight.min(initial=0)))
    penalties = len(sizes) > 0 and largest >= SPREAD * float(np.median(sizes))
    if penalties or (density >= DENSE and len(np.unique(sizes)) > SIZES):
        return ("tabu", "anneal")
    return ("anneal", "tabu") if density >= MIXED or model.n <= SMALL else ("anneal",)
