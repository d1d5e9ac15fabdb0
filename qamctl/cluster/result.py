"""What a result file says of an assignment: who is where, how full the clusters are, and in which order to move."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from qamctl.cluster.check import Report
from qamctl.cluster.solution import Solution
from qamctl.cluster.spec import NO_LIMIT, ClusterSpec

#: Assignments up to which they stand in the result itself; beyond, in a table beside it.
MOST_ROWS: Final = 50_000

#: The file of that table.
TABLE: Final = "assignments.csv"

#: An agent's row, the leaf that it leaves, the leaf that it goes to; -1: none.
Step = tuple[int, int, int]


def to_block(
    spec: ClusterSpec,
    solution: Solution,
    report: Report,
    steps: Sequence[Step],
    blocked: Sequence[int],
    *,
    most_rows: int | None = MOST_ROWS,
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The block `solution` of a result file, and the tables that it names.

    Parameters
    ----------
    report
        The checker's, of `solution`: sizes and use of the clusters are taken from it.
    steps
        Moves in an order that keeps every hard limit.
    blocked
        Rows of the agents whose moves have no place in that order.
    most_rows
        Assignments up to which they stand in the block itself; None: however many they are.
    """
    tables: dict[str, bytes] = {}
    names = (*spec.clusters.ids, None)  # row -1 is the last one
    rows: Any = list(assignment_rows(spec, solution))
    if most_rows is not None and len(rows) > most_rows:
        table = tables[TABLE] = assignments_csv(rows)
        rows = {"table": TABLE, "sha256": hashlib.sha256(table).hexdigest()}
    block = {
        "assignments": rows,
        "clusters": cluster_rows(spec, report),
        "moves": [
            {"step": number, "agent": spec.agents.ids[i], "from": names[old], "to": names[new]}
            for number, (i, old, new) in enumerate(steps, 1)
        ],
        "blocked": [spec.agents.ids[i] for i in blocked],
    }
    return block, tables


def assignment_rows(spec: ClusterSpec, solution: Solution) -> Iterable[dict[str, Any]]:
    """Agent by agent its cluster, null where it is left out, and its devices where the spec has devices."""
    names = (*spec.clusters.ids, None)
    kinds = [spec.resources.ids[r] for r in np.flatnonzero(spec.resources.device > 0).tolist()]
    columns = (spec.agents.ids, solution.cluster.tolist(), solution.devices.tolist())
    for agent, place, taken in zip(*columns, strict=True):
        row: dict[str, Any] = {"agent": agent, "cluster": names[place]}
        if kinds:
            row["devices"] = {kind: _bits(bits) for kind, bits in zip(kinds, taken, strict=True) if bits}
        yield row


def cluster_rows(spec: ClusterSpec, report: Report) -> list[dict[str, Any]]:
    """Every cluster with its size and use, inner ones too; of those whose number was free, the ones in use."""
    clusters, ids, scale = spec.clusters, spec.resources.ids, spec.resources.scale.tolist()

    def amounts(row: Sequence[int]) -> dict[str, Any]:
        return {name: _units(value, by) for name, value, by in zip(ids, row, scale, strict=True) if value < NO_LIMIT}

    columns = (
        clusters.ids, clusters.parent.tolist(), report.size.tolist(), report.use.tolist(), clusters.capacity.tolist(),
        clusters.safe.tolist(),
    )  # fmt: skip
    return [
        {
            "id": name, "parent": clusters.ids[parent] if parent >= 0 else None, "size": size,
            "use": {one: _units(value, by) for one, value, by in zip(ids, use, scale, strict=True)},
            "capacity": amounts(capacity), "safe": amounts(safe),
        }
        for name, parent, size, use, capacity, safe in zip(*columns, strict=True)
        if size or not clusters.elastic
    ]  # fmt: skip


def assignments_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The rows, which have the same fields, as CSV; ids stand in it as they are, whatever they begin with."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]) if rows else ["agent", "cluster"], lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    """A value as a table holds it: `gpu=0/1` for devices, nothing for null."""
    if isinstance(value, Mapping):
        return "|".join(f"{key}={'/'.join(map(str, numbers))}" for key, numbers in value.items())
    return value


def _bits(mask: int) -> list[int]:
    return [k for k in range(mask.bit_length()) if mask >> k & 1]


def _units(value: int, scale: int) -> int | float:
    """A scaled quantity as it is written."""
    whole, rest = divmod(value, scale)
    return whole if rest == 0 else value / scale
