"""Resources of a cluster spec, and the rule that demands and capacities follow where they come in devices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from qamctl.cluster.spec import NO_LIMIT, Flags, Floats, Ints, Resources
from qamctl.spec.cells import read_flag
from qamctl.spec.cluster_fields import RESOURCES
from qamctl.spec.decode import Coded, check_names, choices, coded, ids, numbers
from qamctl.spec.faults import Faults
from qamctl.spec.intervals import check_intervals
from qamctl.spec.moments import Clock
from qamctl.spec.quantities import Measures, as_written
from qamctl.spec.rows import Rows
from qamctl.spec.source import Path_


@dataclass(slots=True)
class ReadResources:
    """The resources while more quantities may still ask for more decimals.

    Attributes
    ----------
    index
        Row of each resource; None where the list could not be read.
    """

    rows: Rows
    ids: tuple[str, ...]
    index: Mapping[str, int] | None
    measures: Measures
    capacity: Coded[Decimal | None]
    device: Coded[Decimal | None]
    weight: Floats
    transient: Flags

    def finish(self, faults: Faults) -> Resources:
        """The resources, once every quantity has been seen."""
        everyone = np.arange(self.rows.n)
        capacity = self.measures.column(self.capacity, self.rows, everyone, RESOURCES["capacity"], faults)
        device = self.measures.column(self.device, self.rows, everyone, RESOURCES["device"], faults)
        for row in np.flatnonzero(device == 0).tolist():
            faults.add(self.rows.path(row, "device"), "must be above 0", "leave it out where any part can be used")
        return Resources(
            ids=self.ids,
            capacity=np.where(capacity < 0, NO_LIMIT, capacity),
            scale=self.measures.scale,
            weight=self.weight,
            transient=self.transient,
            device=np.maximum(device, 0),
        )


def read_resources(rows: Rows, readable: bool, clock: Clock, faults: Faults) -> ReadResources:
    """Decode the resources; where the list is not `readable`, no reference to one is called unknown."""
    check_names(rows, RESOURCES, faults)
    names, index = ids(rows, RESOURCES["id"], faults)
    choices(rows, RESOURCES["kind"], faults)
    check_intervals(rows, RESOURCES["calendar"], clock, faults)
    everyone = np.arange(rows.n)
    measures = Measures(index if readable else None, rows.n)
    return ReadResources(
        rows=rows,
        ids=names,
        index=index if readable else None,
        measures=measures,
        capacity=measures.single(rows, everyone, RESOURCES["capacity"], faults),
        device=measures.single(rows, everyone, RESOURCES["device"], faults),
        weight=numbers(rows, RESOURCES["weight"], faults),
        transient=np.array(coded(rows, RESOURCES["transient"], read_flag, False, faults).list(), bool),
    )


def check_whole(
    amounts: Ints, least: int, resources: Resources, path: Callable[[int], Path_], faults: Faults
) -> None:  # fmt: skip
    """Refuse amounts [n, R] that are no whole number of devices, those below `least` devices apart.

    Parameters
    ----------
    least
        1 for demands: what is less than a device is taken from one; 0 for capacities.
    path
        The way to the field of a row.
    """
    for r in np.flatnonzero(resources.device > 0).tolist():
        device, column = int(resources.device[r]), amounts[:, r]
        for row in np.flatnonzero((column % device != 0) & (column > least * device)).tolist():
            found, size = (as_written(int(n), int(resources.scale[r])) for n in (column[row], device))
            what = f"{found} of `{resources.ids[r]}` is no whole number of devices of {size}"
            faults.add((*path(row), resources.ids[r]), what)
