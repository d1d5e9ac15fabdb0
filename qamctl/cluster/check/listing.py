"""The list of clusters in a result: parent, size, use, capacity and safe limit of each, held against the spec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from qamctl.checks.figures import amount, same, shown
from qamctl.cluster.check.report import Exact, Report
from qamctl.cluster.spec import NO_LIMIT, ClusterSpec

_KNOWN: Final = frozenset({"id", "parent", "size", "use", "capacity", "safe"})


def clusters_wrong(spec: ClusterSpec, report: Report, listed: Any) -> Iterator[tuple[str, str]]:
    """Way and text of everything in `solution.clusters` that does not hold.

    The list has every cluster once, in any order; where the number of clusters is part of the answer, none that is
    empty. `use` may leave out resources of which nothing is used; `capacity` and `safe` name the limited ones alone.
    """
    field = "solution.clusters"
    if not isinstance(listed, list):
        yield field, f"must be a list, not {shown(listed)}"
        return
    row_of = {name: k for k, name in enumerate(spec.clusters.ids)}
    seen: set[int] = set()
    for place, row in enumerate(listed):
        way = f"{field}[{place}]"
        name = row.get("id") if isinstance(row, Mapping) else None
        k = row_of.get(name) if isinstance(name, str) else None
        if not isinstance(row, Mapping):
            yield way, f"must be a mapping, not {shown(row)}"
        elif k is None:
            yield f"{way}.id", f"is {shown(name)}, the id of no cluster of the spec"
        elif k in seen:
            yield f"{way}.id", f"cluster {name} stands here a second time"
        else:
            seen.add(k)
            yield from _row_wrong(spec, report, k, row, way)
    for k, name in enumerate(spec.clusters.ids):
        empty = spec.clusters.elastic and not report.size[k]
        if empty and k in seen:
            yield field, f"cluster {name} is empty, and only clusters in use are listed"
        elif not empty and k not in seen:
            yield field, f"cluster {name} is missing"


def _row_wrong(
    spec: ClusterSpec, report: Report, k: int, row: Mapping[str, Any], way: str
) -> Iterator[tuple[str, str]]:
    clusters, name = spec.clusters, spec.clusters.ids[k]
    for key in row:
        if key not in _KNOWN:
            yield way, f"cluster {name}: {shown(key)} is no field of a cluster"
    above = clusters.ids[clusters.parent[k]] if clusters.parent[k] >= 0 else None
    if row.get("parent") != above:
        yield f"{way}.parent", f"cluster {name}: is {shown(row.get('parent'))}, {above or 'null'} is right"
    if not same(row.get("size"), int(report.size[k])):
        yield f"{way}.size", f"cluster {name}: is {shown(row.get('size'))}, {report.size[k]} is right"
    figures = (("use", report.use, 0), ("capacity", clusters.capacity, None), ("safe", clusters.safe, None))
    for key, right, absent in figures:
        yield from _amounts_wrong(spec, row.get(key, {}), right[k], absent, f"{way}.{key}", name)


def _amounts_wrong(
    spec: ClusterSpec, given: Any, right: Exact, absent: int | None, way: str, name: str
) -> Iterator[tuple[str, str]]:
    """Quantities by resource, which NO_LIMIT has no place among; a resource that is not named has the one `absent`."""
    if not isinstance(given, Mapping):
        yield way, f"cluster {name}: must be a mapping, not {shown(given)}"
        return
    scales = zip(spec.resources.ids, right.tolist(), spec.resources.scale.tolist(), strict=True)
    known = {resource: (scaled, scale) for resource, scaled, scale in scales}
    for resource, (scaled, scale) in known.items():
        value = given.get(resource, absent)
        expected = None if scaled == NO_LIMIT else amount(scaled, scale)
        if not same(value, expected) or (expected is None and resource in given):
            text = f"cluster {name}: {resource} is {shown(value)}, {expected if expected is not None else 'no limit'}"
            yield way, f"{text} is right"
    for resource in given:
        if resource not in known:
            yield way, f"cluster {name}: {shown(resource)} is no resource of the spec"
