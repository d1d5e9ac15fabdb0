"""Links of a cluster spec: a million rows, each pair of agents once for each kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from qamctl.cluster.spec import Links
from qamctl.spec.cells import read_name
from qamctl.spec.cluster_fields import LINKS
from qamctl.spec.decode import check_names, coded, numbers
from qamctl.spec.faults import Faults, Refusal, nearest, show
from qamctl.spec.references import first_rows, references
from qamctl.spec.rows import Rows

_CUT, _TOGETHER, _APART = range(3)


def read_links(rows: Rows, ids: Sequence[str], index: Mapping[str, int] | None, faults: Faults) -> Links:
    """Decode the links, those of one pair that agree as one.

    Parameters
    ----------
    ids, index
        The agents; `index` is None where they could not be read.
    """
    check_names(rows, LINKS, faults)
    a = references(rows, LINKS["a"], index, "agent", faults).astype(np.int64)
    b = references(rows, LINKS["b"], index, "agent", faults).astype(np.int64)
    weight = numbers(rows, LINKS["weight"], faults)
    kinds = coded(rows, LINKS["kind"], _kind, _CUT, faults)
    kind = np.array(kinds.values, np.int64)[kinds.codes]
    for row in np.flatnonzero((a == b) & (a >= 0)).tolist():
        faults.add(rows.at(row), f"{show(ids[a[row]])} is linked to itself", "remove the row")
    low, high = np.minimum(a, b), np.maximum(a, b)
    kept = np.flatnonzero((low >= 0) & (low != high))
    first = kept[first_rows((kind[kept] * len(ids) + low[kept]) * len(ids) + high[kept])]
    for i in np.flatnonzero(weight[kept] != weight[first]).tolist():
        row, before = int(kept[i]), int(first[i])
        pair = f"{show(ids[a[row]])} and {show(ids[b[row]])}"
        found = f"{weight[row]:.15g}, and {weight[before]:.15g} in row {before + 1}"
        faults.add(rows.path(row, "weight"), f"the link of {pair} has weight {found}", "keep one of the two rows")
    once = kept[kept == first]
    cut, together, apart = (once[kind[once] == which] for which in (_CUT, _TOGETHER, _APART))
    return Links(
        cut_a=low[cut].astype(np.int32),
        cut_b=high[cut].astype(np.int32),
        cut_weight=weight[cut],
        together_a=low[together].astype(np.int32),
        together_b=high[together].astype(np.int32),
        apart_a=low[apart].astype(np.int32),
        apart_b=high[apart].astype(np.int32),
    )


def _kind(cell: object, text: bool) -> int:
    kinds = LINKS["kind"].choices
    if cell in kinds:
        return kinds.index(read_name(cell, text))
    hint = nearest(cell, kinds) if isinstance(cell, str) else None
    raise Refusal(f"must be one of {', '.join(kinds)}, found {show(cell)}", hint)
