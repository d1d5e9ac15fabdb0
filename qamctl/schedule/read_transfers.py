"""How quickly agents of a schedule spec send data to each other: `communication`, and `links` between two of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from qamctl.schedule.spec import MICRO, Transfers
from qamctl.spec.cells import PLACES
from qamctl.spec.decode import check_names, choices, coded, complaint, inner_rows, numbers
from qamctl.spec.faults import Faults, Refusal, show
from qamctl.spec.fields import Field
from qamctl.spec.moments import Clock, times
from qamctl.spec.numbers import decimals, exact
from qamctl.spec.references import references
from qamctl.spec.rows import Rows
from qamctl.spec.schedule_fields import COMMUNICATION, LINKS


def read_transfers(
    root: Rows, links: Rows, agents: Mapping[str, int] | None, clock: Clock, faults: Faults
) -> Transfers | None:
    """Decode both; None where there is no general bandwidth, so that nothing can be sent.

    Parameters
    ----------
    agents
        Row of each agent; None where that list could not be read.
    """
    general, _ = inner_rows(root, COMMUNICATION, faults)
    check_names(general, COMMUNICATION, faults)
    check_names(links, LINKS, faults)
    numbers(links, LINKS["weight"], faults)
    choices(links, LINKS["kind"], faults)
    a, b = (references(links, LINKS[end], agents, "agent", faults).tolist() for end in ("a", "b"))
    classes: dict[tuple[int, int], int] = {}
    usual = _speeds(general, COMMUNICATION, clock, faults)
    own = _speeds(links, LINKS, clock, faults)
    known = usual[0] if usual and usual[0][0] else None
    if known is not None:
        classes[known] = 0
    pairs: dict[tuple[int, int], int] = {}
    for row, (one, other) in enumerate(zip(a, b, strict=True)):
        if one < 0 or other < 0 or not own[row][0]:
            continue
        if one == other:
            faults.add(links.at(row), "links an agent to itself", "remove the row")
        elif (one, other) in pairs:
            faults.add(links.at(row), "is a second link with bandwidth between the two agents", "remove one of them")
        else:
            pairs[one, other] = pairs[other, one] = classes.setdefault(own[row], len(classes))
    if known is None:
        return None
    figures = np.array(list(classes), np.int64).reshape(-1, 2)
    return Transfers(figures[:, 0], figures[:, 1], pairs)


def _speeds(rows: Rows, field: Field, clock: Clock, faults: Faults) -> list[tuple[int, int]]:
    """Bandwidth (0: none) and latency of each row, in millionths."""

    def read(cell: Any, text: bool) -> int:
        number = exact(cell, text=text)
        fault = complaint(field["bandwidth"], float(number))
        if fault or decimals(number) > PLACES:
            raise Refusal(fault or f"must have at most {PLACES} decimals, found {show(cell)}")
        return int(number * MICRO)

    bandwidth = coded(rows, field["bandwidth"], read, 0, faults).list()
    return list(zip(bandwidth, times(rows, field["latency"], clock, faults).scaled(MICRO, faults), strict=True))
