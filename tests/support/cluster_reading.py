"""Helpers for tests of the cluster reader: small specs, and the faults that a text gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from qamctl.cluster.read import cluster_from_data, load_cluster
from qamctl.cluster.spec import ClusterSpec
from qamctl.errors import SpecError


def cluster_data(**fields: Any) -> dict[str, Any]:
    """A cluster spec of agents a, b and c, and clusters x and y, with other fields as given."""
    agents = [{"id": "a"}, {"id": "b"}, {"id": "c"}]
    return {"kind": "cluster", "version": 1, "agents": agents, "clusters": [{"id": "x"}, {"id": "y"}]} | fields


def read(**fields: Any) -> ClusterSpec:
    """The spec of `cluster_data`, read."""
    return cluster_from_data(cluster_data(**fields))


def cluster_file_faults(file: Path) -> list[str]:
    """The diagnostics of a file as text, `line:column: message`, empty where it is valid."""
    try:
        load_cluster(file)
    except SpecError as error:
        return [str(d).removeprefix(f"{file.parent}/") for d in error.diagnostics]
    return []


def cluster_data_faults(data: Any) -> list[str]:
    """The diagnostics of plain data as text, empty where it is valid."""
    try:
        cluster_from_data(data)
    except SpecError as error:
        return [str(d) for d in error.diagnostics]
    return []


def assert_same(one: ClusterSpec, other: ClusterSpec) -> None:
    """Equal in every column, types included."""
    for name in ("resources", "agents", "clusters", "links", "groups", "balance", "costs", "moves"):
        left, right = getattr(one, name), getattr(other, name)
        for column in left.__slots__:
            a, b = getattr(left, column), getattr(right, column)
            if isinstance(a, np.ndarray):
                assert np.array_equal(a, b), (name, column, a, b)
                assert a.dtype == b.dtype, (name, column)
            else:
                assert a == b or list(a) == list(b), (name, column, a, b)
    assert one.objective == other.objective
