"""Roof duality: the best bound from complementing products, and values that some optimum has, by one maximum flow.

The objective is written with non-negative weights on products of literals (x or 1 - x). Each product u v becomes
two arcs of an implication network, u -> not v and v -> not u; a maximum flow from "true" to "false" is the roof
dual (P. L. Hammer, P. Hansen and B. Simeone, 1984; E. Boros, P. L. Hammer and G. Tavares, "Preprocessing of
unconstrained quadratic binary optimization", RUTCOR 10-2006; V. Kolmogorov and C. Rother, "Minimizing nonsubmodular
functions with graph cuts - a review", 2007). In the residual network a set of literals that nothing leaves and that
has no variable both ways may be made true at no cost: that is weak persistency, found component by component
(A. Billionnet and B. Jaumard, "A decomposition method for minimizing quadratic pseudo-Boolean functions", 1989).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qamctl.kernels.couplings import Couplings, Ints

#: Capacities must stay below this, and so must the flow through one arc.
MOST = 2**31 - 1


@dataclass(frozen=True)
class Roof:
    """What roof duality says of a model.

    Attributes
    ----------
    bound
        No state has less, in the model's units, offset included; rounding is allowed for.
    variables, values
        A partial assignment that some optimum has; empty where the capacities had to be rounded.
    """

    bound: float
    variables: Ints
    values: np.ndarray


def roof_dual(model: Couplings, *, persistencies: bool = True) -> Roof:
    """The roof dual of a model, and its weak persistencies where coefficients are integers."""
    network = _network(model)
    flow, arcs = _maximum_flow(network)
    # Two arcs for each product, and two halves in each unit.
    scaled = network.constant + flow / (4 * network.grid)
    bound = model.offset + (scaled - network.slack) / model.scale
    if not model.exact or network.grid != 1 or model.scale != 1:
        bound = math.nextafter(bound, -math.inf)
    none = np.zeros(0, np.int64)
    if not persistencies or network.grid != 1 or not model.exact:
        return Roof(bound, none, none.astype(bool))
    return Roof(bound, *_closed_literals(model.n, *arcs))


@dataclass(frozen=True)
class Network:
    """Arcs between literals: x[i] is node i, 1 - x[i] is node n + i, true is 2n, false 2n + 1.

    Capacities count halves of the model's units (`grid` = 1), or that times `grid` and rounded down. `slack` is what
    rounding may have lost.
    """

    n: int
    tail: Ints
    head: Ints
    capacity: Ints
    grid: float
    constant: float
    slack: float


def _network(model: Couplings) -> Network:
    n = model.n
    row = np.repeat(np.arange(n), np.diff(model.first))
    once = row < model.other
    i, j, w = row[once], model.other[once].astype(np.int64), model.weight[once].astype(float)
    # -w x y = -w/2 x - w/2 y + w/2 (x (1 - y) + (1 - x) y): everything is counted in halves.
    linear = 2.0 * model.linear
    less = w < 0
    linear += np.bincount(i[less], w[less], n) + np.bincount(j[less], w[less], n)
    a, b, product = i[~less], j[~less], 2.0 * w[~less]
    c, d, cross = i[less], j[less], -w[less]
    up, down = np.flatnonzero(linear > 0), np.flatnonzero(linear < 0)
    true, false = np.full(n, 2 * n), np.full(n, 2 * n + 1)
    tail = [a, b, c, d + n, d, c + n, up, true[up], down + n, true[down]]
    head = [b + n, a + n, d, c + n, c, d + n, false[up], up + n, false[down], down]
    weight = [product, product, cross, cross, cross, cross, linear[up], linear[up], -linear[down], -linear[down]]
    capacity = np.concatenate(weight)
    constant = float(linear[down].sum()) / 2
    grid = 1.0
    most = float(capacity.max(initial=0.0))
    if not model.exact or most > MOST or most * 2 * n > 2.0**62:
        grid = 2.0 ** math.floor(math.log2(MOST / most)) if most else 1.0
        grid = grid if grid != 1.0 else 0.5
    slack = 0.0 if model.exact else 2.0**-50 * (n + 16) * float(np.abs(linear).sum() + capacity.sum())
    return Network(
        n, np.concatenate(tail), np.concatenate(head), np.floor(capacity * grid).astype(np.int64), grid, constant, slack
    )


def _maximum_flow(network: Network) -> tuple[float, tuple[Ints, Ints]]:
    """The flow's value and the arcs with room left, as tails and heads."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_flow

    size = 2 * network.n + 2
    graph = csr_array((network.capacity.astype(np.int32), (network.tail, network.head)), shape=(size, size))
    found = maximum_flow(graph, size - 2, size - 1)
    # Summed anew: the solver's own total is a 32-bit integer.
    sent = found.flow[[size - 2], :]
    value = float(sent.data.astype(np.int64).sum())
    left = (graph - found.flow).tocoo()
    open_ = left.data > 0
    return value, (left.coords[0][open_].astype(np.int64), left.coords[1][open_].astype(np.int64))


def _closed_literals(n: int, tail: Ints, head: Ints) -> tuple[Ints, np.ndarray]:
    """Variables and values of literals that can be made true together: components that lead to such ones alone."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    size = 2 * n + 2
    # The mirror image of a maximum flow is one, and so is the mean of both: an arc is open if either is.
    mirror = np.concatenate([np.arange(n, 2 * n), np.arange(n), [2 * n + 1, 2 * n]])
    tail, head = np.concatenate([tail, mirror[head]]), np.concatenate([head, mirror[tail]])
    graph = csr_array((np.ones(len(tail), np.int8), (tail, head)), shape=(size, size))
    count, part = connected_components(graph, directed=True, connection="strong")
    opposite = np.empty(count, np.int64)
    opposite[part] = part[mirror]
    out = np.unique(np.column_stack([part[tail], part[head]])[part[tail] != part[head]], axis=0)
    leads_to: list[list[int]] = [[] for _ in range(count)]
    comes_from: list[list[int]] = [[] for _ in range(count)]
    for a, b in out.tolist():
        leads_to[a].append(b)
        comes_from[b].append(a)
    waits = [len(heads) for heads in leads_to]
    true = np.zeros(count, bool)
    settled = np.zeros(count, bool)
    forced = [int(part[2 * n])]  # what is true is true, and so is all that it leads to
    true[forced] = True
    for c in forced:  # grows while it is read
        settled[[c, opposite[c]]] = True
        new = [h for h in leads_to[c] if not true[h]]
        true[new] = True
        forced += new
    ready = [c for c in range(count) if waits[c] == 0]
    for c in ready:  # grows while it is read, what is led to first
        o = int(opposite[c])
        if o != c and not settled[c] and all(true[h] for h in leads_to[c]):
            true[c] = settled[c] = settled[o] = True
        for a in comes_from[c]:
            waits[a] -= 1
            if waits[a] == 0:
                ready.append(a)
    value = true[part[:n]]
    known = value | true[part[n : 2 * n]]
    return np.flatnonzero(known), value[known]
