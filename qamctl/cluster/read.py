"""Reads a cluster spec: from a file or from plain data to columns, or every fault of it at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from qamctl.cluster.read_agents import read_agents, read_ids
from qamctl.cluster.read_balance import read_balance
from qamctl.cluster.read_costs import read_costs, read_moves
from qamctl.cluster.read_form import is_form, read_form
from qamctl.cluster.read_groups import read_groups
from qamctl.cluster.read_links import read_links
from qamctl.cluster.read_listed import read_listed
from qamctl.cluster.read_resources import read_resources
from qamctl.cluster.spec import NO_LIMIT, ClusterSpec
from qamctl.spec.cells import read_names
from qamctl.spec.cluster_fields import CLUSTER, CLUSTER_SOLVER
from qamctl.spec.decode import coded
from qamctl.spec.faults import Faults
from qamctl.spec.header import check_kind, read_clock, read_name_of_spec, read_root, read_solver
from qamctl.spec.objective import read_objective
from qamctl.spec.plain import plain_source
from qamctl.spec.reader import no_collection, read_source
from qamctl.spec.source import Source
from qamctl.spec.table import Tables, read_list


def load_cluster(path: str | Path) -> ClusterSpec:
    """The cluster problem of a YAML or JSON file; `-` is standard input.

    Raises
    ------
    SpecError
        The file cannot be read, or holds faults: all of them, each with line and column.
    UnsupportedError
        A side table needs a package that is not installed.
    """
    data, source = read_source(path)
    return build_cluster(data, source)


def cluster_from_data(data: Mapping[str, Any], *, name: str = "cluster", base: Path | None = None) -> ClusterSpec:
    """The cluster problem in plain data, as a problem file would hold it.

    Parameters
    ----------
    data
        Mappings, lists, texts and numbers.
    name
        The spec's name where the data gives none.
    base
        The folder of side tables, by default the working directory.

    Raises
    ------
    SpecError
        With every fault; a fault's place is its path, such as `agents[3].demand`.
    """
    return build_cluster(*plain_source(data, name, base))


def build_cluster(data: Mapping[str, Any], source: Source) -> ClusterSpec:
    """The cluster problem in the plain data that `source` stands for.

    Raises
    ------
    SpecError
        With every fault.
    """
    check_kind(data, source, "cluster")
    with no_collection():
        return _build(data, source)


def _build(data: Mapping[str, Any], source: Source) -> ClusterSpec:
    faults = Faults(source)
    tables: Tables = {}

    rows_and_whether_readable = partial(read_list, data, source.base, tables, faults)
    root = read_root(data, CLUSTER, faults)
    clock = read_clock(root, faults)
    solver = read_solver(root, CLUSTER_SOLVER, faults)
    objective = read_objective(root, CLUSTER["objective"], faults)
    none: tuple[str, ...] = ()
    levels = coded(root, CLUSTER["levels"], read_names, none, faults).list()[0]
    resources = read_resources(*rows_and_whether_readable("resources"), clock, faults)
    measures = resources.measures
    ids = read_ids(*rows_and_whether_readable("agents"), data.get("agents") is not None, clock, faults)
    value = data.get("clusters")
    if isinstance(value, dict) and is_form(value):
        clusters = read_form(value, ids.count, ids.present, levels, measures, faults)
    else:
        rows, readable = rows_and_whether_readable("clusters")
        clusters = read_listed(rows, readable and value is not None, levels, measures, faults)
    agents = read_agents(ids, clusters, measures, faults)
    known = None if clusters.index is None else clusters.known
    groups, group = read_groups(*rows_and_whether_readable("groups"), ids.group, known, faults)
    links = read_links(rows_and_whether_readable("links")[0], ids.ids, ids.index, faults)
    balance = read_balance(data.get("balance"), resources, faults)
    costs = read_costs(rows_and_whether_readable("costs")[0], ids.index, clusters, measures, faults)
    moves = read_moves(root, clusters, source.base, tables, faults)

    # Every quantity has been seen: the scales are settled.
    resource_columns = resources.finish(faults)
    cluster_columns = clusters.finish(resource_columns, resources, faults)
    agent_columns = agents.finish(measures, resource_columns, group, faults)
    spec = ClusterSpec(
        name=read_name_of_spec(root, CLUSTER["name"], "cluster", source, faults),
        source=replace(source, tables=tables),
        resources=resource_columns,
        agents=agent_columns,
        clusters=cluster_columns,
        links=links,
        groups=groups,
        balance=balance.finish(resources, cluster_columns, faults),
        costs=costs.finish(measures, resource_columns, agent_columns, faults),
        moves=moves,
        objective=objective,
        solver=solver,
    )
    faults.check()
    return spec if objective else replace(spec, objective=(default_objective(spec),))


def default_objective(spec: ClusterSpec) -> dict[str, float]:
    """What is minimised where the file does not say: each term that the spec gives a meaning, with weight 1."""
    wished = (spread for spread in spec.groups.spread if spread is not None)
    present = {
        "cut": len(spec.links.cut_a) > 0,
        "load": bool((spec.clusters.safe < NO_LIMIT).any()),
        "balance": bool(spec.balance.ratios) or spec.clusters.target > 0,
        "move": bool((spec.agents.current >= 0).any()),
        "cost": len(spec.costs.agent) > 0 or bool(np.any(spec.clusters.cost > 0)),
        "spread": any(spread.least == 0 and spread.max_skew == NO_LIMIT for spread in wished),
        "unplaced": bool(spec.agents.optional.any()),
    }
    return {term: 1.0 for term, is_there in present.items() if is_there} or {"cut": 1.0}
