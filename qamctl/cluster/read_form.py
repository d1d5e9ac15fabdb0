"""Clusters that are no list: a number of equal ones, or the sizes that they have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from qamctl.cluster.read_clusters import ReadClusters
from qamctl.cluster.read_hierarchy import Hierarchy, Labels
from qamctl.cluster.spec import NO_LIMIT
from qamctl.spec.cluster_fields import COUNTED, ELASTIC
from qamctl.spec.decode import ABSENT, check_names, inner_rows, integers
from qamctl.spec.faults import Faults, nearest
from qamctl.spec.fields import Field
from qamctl.spec.quantities import Measures
from qamctl.spec.rows import Rows, rows_of
from qamctl.spec.source import Path_

_WRITTEN: Final = "a list of rows, {table: FILE}, {csv: TEXT}, {count: NUMBER} or {size: {target, min, max}}"
_SIZE: Final = ELASTIC["size"]


def is_form(value: Mapping[str, Any]) -> bool:
    """Whether clusters that are written as a mapping are no table of rows."""
    return not value.keys() & {"table", "csv"}


def read_form(
    value: Mapping[str, Any], agents: int | None, present: Iterable[str], levels: Sequence[str], measures: Measures,
    faults: Faults,
) -> ReadClusters:  # fmt: skip
    """Decode clusters that are no list.

    Parameters
    ----------
    agents
        How many there are; None where they could not be read.
    present
        Ids of clusters that agents are in now.
    """
    path: Path_ = ("clusters",)
    if levels:
        faults.add(("levels",), "`levels` needs clusters in a list, which carry labels")
    forms = [form for form in (COUNTED, ELASTIC) if form.fields[0].name in value]
    if len(forms) != 1:
        hint = nearest(next(iter(value), ""), ["table", "csv", "count", "size"]) if not forms else None
        found = "a mapping" if not forms else "`count` and `size`"
        faults.add(path, f"must be {_WRITTEN}, found {found}", hint)
        rows = Rows(1, {}, lambda row: path)
        return _copies(rows, COUNTED, 1, False, measures, faults)
    rows = rows_of([dict(value)], lambda row: path)
    check_names(rows, forms[0], faults)
    if forms[0] is COUNTED:
        count, most = int(integers(rows, COUNTED["count"], faults)[0]), agents or 1
        if agents and count > agents:
            message = f"{count:,} clusters are more than the {agents:,} agent{'s' * (agents > 1)}"
            faults.add((*path, "count"), message)
        return _copies(rows, COUNTED, min(max(count, 1), most), agents is not None, measures, faults)
    sizes, _ = inner_rows(rows, _SIZE, faults)
    check_names(sizes, _SIZE, faults)
    if sizes.n and not sizes.columns.keys() & {"target", "min", "max"}:
        faults.add((*path, "size"), "`size` must say something", "one of target, min, max")
    target, least, most = (
        int(integers(sizes, _SIZE[name], faults).max(initial=0)) for name in ("target", "min", "max")
    )
    number = _candidates(agents or 1, target, max(least, 0), most)
    clusters = _copies(rows, ELASTIC, max(number, _used(present, agents or 1)), agents is not None, measures, faults)
    clusters.min_size[:], clusters.max_size[:] = max(least, 0), most if most > 0 else ABSENT
    clusters.elastic, clusters.target = True, max(target, 0)
    split = int(integers(rows, ELASTIC["split_above"], faults)[0])
    clusters.split_above = NO_LIMIT if split == ABSENT else split
    clusters.merge_below = int(integers(rows, ELASTIC["merge_below"], faults)[0])
    return clusters


def _candidates(agents: int, target: int, least: int, most: int) -> int:
    """How many clusters there are to choose from, by the sizes that they should have; 0 where a size is absent."""
    number = agents // max(1, least)
    if target > 0:
        number = min(number, max(1, 2 * -(-agents // target)))
    return max(1, number, -(-agents // most) if most > 0 else 1)


def _used(present: Iterable[str], agents: int) -> int:
    """Clusters c0, c1, ... up to the last one that an agent is in now, by earlier sizes or fewer agents."""
    numbers_in_use = [int(name[1:]) for name in present if name[:1] == "c" and name[1:].isdecimal() and len(name) < 12]
    return max((k + 1 for k in numbers_in_use if k < agents), default=0)


def _copies(rows: Rows, form: Field, copies: int, readable: bool, measures: Measures, faults: Faults) -> ReadClusters:
    """Equal clusters by one row of limits."""
    every = tuple(f"c{k}" for k in range(copies))
    none: Labels = {}
    hierarchy = Hierarchy(np.full(copies, -1, np.int32), [none] * copies, [frozenset()] * copies)
    sized = form is COUNTED
    return ReadClusters(
        rows=rows,
        copies=copies,
        ids=every,
        index=dict(zip(every, range(copies), strict=True)) if readable else None,
        hierarchy=hierarchy,
        capacity=measures.maps(rows, form["capacity"], faults),
        safe=measures.maps(rows, form["safe"], faults),
        min_size=integers(rows, COUNTED["min_size"], faults) if sized else np.zeros(1, np.int64),
        max_size=integers(rows, COUNTED["max_size"], faults) if sized else np.full(1, ABSENT, np.int64),
        cost=np.zeros(1),
    )
