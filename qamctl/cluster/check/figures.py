"""The objective terms of an assignment, exact: sums of integers over a common decimal wherever data are decimals."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from qamctl.checks.figures import decimal, dot, total
from qamctl.cluster.check.changes import move_term
from qamctl.cluster.check.columns import Columns
from qamctl.cluster.check.company import groups_by_label, label_codes, tally
from qamctl.cluster.check.limits import Load
from qamctl.cluster.spec import NO_LIMIT, ClusterSpec, Ints


def term_values(spec: ClusterSpec, columns: Columns, load: Load) -> dict[str, Fraction]:
    """Every term before weights, in units as written; an agent adds to a term what its row makes known."""
    return {
        "cut": _cut(spec, columns),
        "load": _load(spec, load),
        "balance": _balance(spec, load),
        "move": move_term(spec, columns),
        "cost": _cost(spec, columns, load),
        "spread": _spread(spec, columns),
        "unplaced": total(spec.agents.reward[columns.known & ~columns.placed]),
    }


def _cut(spec: ClusterSpec, columns: Columns) -> Fraction:
    a, b = columns.cluster[spec.links.cut_a], columns.cluster[spec.links.cut_b]
    return total(spec.links.cut_weight[(a >= 0) & (b >= 0) & (a != b)])


def _load(spec: ClusterSpec, load: Load) -> Fraction:
    value, resources = Fraction(0), spec.resources
    for r in range(len(resources.ids)):
        limited = spec.clusters.safe[:, r] < NO_LIMIT
        over = np.maximum(load.use[limited, r] - spec.clusters.safe[limited, r], 0)
        value += decimal(resources.weight[r]) * Fraction(sum(over.tolist()), int(resources.scale[r]))
    return value


def _balance(spec: ClusterSpec, load: Load) -> Fraction:
    value, clusters = Fraction(0), spec.clusters
    leaves = np.flatnonzero(clusters.leaf)
    free = clusters.capacity[leaves] - load.use[leaves]
    for ratio in spec.balance.ratios:
        # In whole numbers: ratio * free / scale - other / scale, times both scales and the ratio's denominator.
        times, scale = decimal(ratio.ratio), spec.resources.scale
        here, there = int(scale[ratio.resource]), int(scale[ratio.other])
        up, down = times.numerator * there, times.denominator * here
        pairs = zip(free[:, ratio.resource].tolist(), free[:, ratio.other].tolist(), strict=True)
        missing = sum(max(0, up * mine - down * other) for mine, other in pairs)
        value += decimal(ratio.weight) * Fraction(missing, times.denominator * here * there)
    if clusters.target:
        size = load.size[leaves]
        value += int(np.abs(size[size > 0] - clusters.target).sum())
    return value


def _cost(spec: ClusterSpec, columns: Columns, load: Load) -> Fraction:
    costs = spec.costs
    return total(costs.cost[columns.cluster[costs.agent] == costs.cluster]) + total(spec.clusters.cost[load.size > 0])


def _spread(spec: ClusterSpec, columns: Columns) -> Fraction:
    value = Fraction(0)
    for label, groups in groups_by_label(spec).items():
        weight = np.zeros(len(spec.groups.ids), np.float64)
        weight[groups] = [spread.weight for g in groups.tolist() if (spread := spec.groups.spread[g]) is not None]
        found = tally(spec, columns, label_codes(spec, label)[0])
        pairs: Ints = found.count * (found.count - 1) // 2
        value += dot(weight[found.group], pairs)
    return value
