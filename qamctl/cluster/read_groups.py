"""Groups of a cluster spec: those that are listed, with their rules, and those that only agents name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from qamctl.cluster.spec import NO_LIMIT, Groups, Index, Spread
from qamctl.spec.cells import read_flag, read_names
from qamctl.spec.cluster_fields import GROUPS
from qamctl.spec.decode import ABSENT, Coded, check_names, coded, ids, inner_rows, integers, names, numbers
from qamctl.spec.faults import Faults, Refusal, nearest, show
from qamctl.spec.rows import Rows

_SPREAD = GROUPS["spread"]


def read_groups(
    rows: Rows, readable: bool, named: Coded[str | None], known: set[str] | None, faults: Faults
) -> tuple[Groups, Index]:  # fmt: skip
    """The groups, and the row of each agent's.

    Parameters
    ----------
    named
        The group that each agent names.
    known
        Labels that clusters carry; None where that can't be told.
    """
    check_names(rows, GROUPS, faults)
    listed, index = ids(rows, GROUPS["id"], faults)
    others = dict.fromkeys(name for name in named.values if name is not None and name not in index)
    index = index | dict(zip(others, range(len(listed), len(listed) + len(others)), strict=True))
    row_of = np.array([-1 if name is None else index[name] for name in named.values], np.int32)
    no_groups: tuple[int, ...] = ()
    near = coded(rows, GROUPS["near"], _near(index if readable else None), no_groups, faults).list()
    for row, mine in enumerate(near):
        if row in mine:
            faults.add(rows.path(row, "near"), f"{show(listed[row])} is near itself", "name other groups")
    groups = Groups(
        ids=(*listed, *others),
        apart=np.array(coded(rows, GROUPS["apart"], read_flag, False, faults).list() + [False] * len(others), bool),
        spread=[*_spreads(rows, known, faults), *[None] * len(others)],
        near=[*near, *[no_groups] * len(others)],
    )
    return groups, row_of[named.codes]


def _near(index: dict[str, int] | None) -> Callable[[Any, bool], tuple[int, ...]]:
    """Reads a list of groups; None where the list of groups could not be read."""

    def read(cell: Any, text: bool) -> tuple[int, ...]:
        found = []
        for i, name in enumerate(read_names(cell, text)):
            if index is None:
                continue
            if name not in index:
                raise Refusal(f"unknown group {show(name)}", nearest(name, index), (i,))
            found.append(index[name])
        return tuple(sorted(found))

    return read


def _spreads(rows: Rows, known: set[str] | None, faults: Faults) -> Sequence[Spread | None]:
    inner, owner = inner_rows(rows, _SPREAD, faults)
    check_names(inner, _SPREAD, faults)
    least = integers(inner, _SPREAD["min"], faults).tolist()
    skew = integers(inner, _SPREAD["max_skew"], faults).tolist()
    weight = numbers(inner, _SPREAD["weight"], faults).tolist()
    spreads: list[Spread | None] = [None] * rows.n
    for i, label in enumerate(names(inner, _SPREAD["label"], faults)):
        if label is None:
            continue
        if known is not None and label not in known:
            faults.add(inner.path(i, "label"), f"no cluster carries the label {show(label)}", nearest(label, known))
        spreads[owner[i]] = Spread(label, least[i], NO_LIMIT if skew[i] == ABSENT else skew[i], weight[i])
    return spreads
