"""Balance of a cluster spec: a tolerance, ratios of two resources, or both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qamctl.cluster.read_resources import ReadResources
from qamctl.cluster.spec import NO_LIMIT, Balance, Clusters, Floats, Index, Ratio
from qamctl.spec.cells import PLACES
from qamctl.spec.cluster_fields import BALANCE, MOST_TOLERANCE
from qamctl.spec.decode import check_names, numbers
from qamctl.spec.faults import Faults, Refusal, show
from qamctl.spec.numbers import decimals, exact
from qamctl.spec.references import references
from qamctl.spec.rows import Rows, mappings_of, rows_of
from qamctl.spec.source import Path_

_RATIOS, _BOTH = BALANCE.forms


@dataclass(slots=True)
class ReadBalance:
    """The balance while it is not known which resources clusters hold."""

    tolerance: int | None
    rows: Rows
    resource: Index
    other: Index
    ratio: Floats
    weight: Floats

    def finish(self, resources: ReadResources, clusters: Clusters, faults: Faults) -> Balance:
        """The balance; ratios need resources that clusters have a capacity of."""
        held = np.all(clusters.capacity[clusters.leaf] < NO_LIMIT, axis=0)
        for name, found in (("resource", self.resource), ("other", self.other)):
            for row in np.flatnonzero(found >= 0).tolist() if len(clusters.ids) else ():
                if not held[found[row]]:
                    message = f"no cluster has a capacity of {show(resources.ids[found[row]])}"
                    faults.add(self.rows.path(row, name), f"{message}, so nothing of it is free or not")
        columns = (self.resource.tolist(), self.other.tolist(), self.ratio.tolist(), self.weight.tolist())
        return Balance(self.tolerance, tuple(Ratio(*row) for row in zip(*columns, strict=True)))


def read_balance(cell: Any, resources: ReadResources, faults: Faults) -> ReadBalance:
    """Decode the balance in any of its forms."""
    path: Path_ = ("balance",)
    if isinstance(cell, list):
        return _read(None, path, cell, path, resources, faults)
    if not isinstance(cell, dict):
        return _read(cell, path, None, path, resources, faults)
    rows = rows_of([cell], lambda row: path)
    check_names(rows, _BOTH, faults)
    if not cell:
        faults.add(path, "must say something, found nothing in it", "one of tolerance, ratios")
    return _read(cell.get("tolerance"), (*path, "tolerance"), cell.get("ratios"), (*path, "ratios"), resources, faults)


def _read(
    tolerance: Any, at: Path_, ratios: Any, path: Path_, resources: ReadResources, faults: Faults
) -> ReadBalance:  # fmt: skip
    millionths = None
    if tolerance is not None:
        try:
            millionths = _tolerance(tolerance)
        except Refusal as refusal:
            faults.refuse(at, refusal)
    if ratios is not None and not isinstance(ratios, list):
        faults.add(path, f"must be a list of mappings, found {show(ratios)}")
        ratios = None
    elif ratios == []:
        faults.add(path, "must hold a ratio, found none")
    rows, _ = mappings_of(ratios or [], lambda row: (*path, row), faults)
    check_names(rows, _RATIOS, faults)
    return ReadBalance(
        tolerance=millionths,
        rows=rows,
        resource=references(rows, _RATIOS["resource"], resources.index, "resource", faults),
        other=references(rows, _RATIOS["other"], resources.index, "resource", faults),
        ratio=numbers(rows, _RATIOS["ratio"], faults),
        weight=numbers(rows, _RATIOS["weight"], faults),
    )


def _tolerance(cell: Any) -> int:
    """Millionths of a per cent."""
    if isinstance(cell, str):
        raise Refusal(f"must be a number in per cent, a list of ratios or a mapping, found {show(cell)}")
    number = exact(cell, text=False)
    if not 0 <= number <= int(MOST_TOLERANCE):
        raise Refusal(f"must be between 0 and {MOST_TOLERANCE:.0e}, found {show(cell)}")
    if decimals(number) > PLACES:
        raise Refusal(f"must have at most {PLACES} decimals, found {show(cell)}")
    return int(number.scaleb(PLACES))
