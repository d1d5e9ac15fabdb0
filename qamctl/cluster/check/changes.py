"""How far an assignment is from the current state: bounds on it, and what it costs."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from qamctl.checks.figures import decimal, total
from qamctl.cluster.check.columns import Columns
from qamctl.cluster.check.demand import find_pairs
from qamctl.cluster.check.report import Findings, names
from qamctl.cluster.spec import ClusterSpec


def check_changes(spec: ClusterSpec, columns: Columns, findings: Findings) -> None:
    """Note more moves, or dearer ones, than are allowed."""
    rows = np.flatnonzero(columns.moved(spec))
    if len(rows) > spec.moves.most:
        text = f"{len(rows)} agents move, {len(rows) - spec.moves.most} more than may, {spec.moves.most}"
        findings.add("max-moves", f"{text} ({names(spec, rows)})", rows=rows)
    if spec.moves.max_cost < np.inf:
        cost, most = total(spec.agents.move_cost[rows]), decimal(spec.moves.max_cost)
        if cost > most:
            over, limit = float(cost - most), float(most)
            text = f"the moves cost {float(cost):.12g}, {over:.12g} more than they may, {limit:.12g}"
            findings.add("max-move-cost", f"{text} ({names(spec, rows)})", rows=rows)


def move_term(spec: ClusterSpec, columns: Columns) -> Fraction:
    """The term `move`: by agent, by group, and by pair of old and new cluster."""
    rows = np.flatnonzero(columns.moved(spec))
    moves, group = spec.moves, spec.agents.group[rows]
    most = int(np.bincount(group[group >= 0]).max(initial=0))
    old, new = spec.agents.current[rows].astype(np.int64), columns.cluster[rows]
    # Only pairs that begin where somebody leaves: the table may hold every pair of clusters.
    left = np.zeros(len(spec.clusters.ids), np.bool_)
    left[old] = True
    named = np.flatnonzero(left[moves.pair_from])
    place = find_pairs(moves.pair_from[named], moves.pair_to[named], len(spec.clusters.ids), old, new)
    pairs = total(moves.pair_cost[named[place[place >= 0]]])
    agents = total(spec.agents.move_cost[rows])
    return decimal(moves.per_agent) * agents + decimal(moves.per_group) * most + decimal(moves.per_pair) * pairs
