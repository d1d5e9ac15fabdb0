"""Damages foreign files for the importers' tests, and holds what must come of them."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import strategies as st

from qamctl.cluster.read import cluster_from_data
from qamctl.errors import SpecError
from qamctl.formats import read
from qamctl.schedule.read import schedule_from_data

#: By the kind of an imported problem.
READERS = {"schedule": schedule_from_data, "cluster": cluster_from_data}

_SCRAPS = [
    "", " ", "\n", "\r", "\t", "0", "1", "-1", "7", "99", "1000000000", "99999999999999999999", "1e9", "0.5", "NaN",
    "*", "---", "#", "[", "]", "{", "}", '"', ",", ":", "null", "true", "\\ud800", "\x00", "\ufeff", "é", "\u2028",
]  # fmt: skip


def mutated(data: st.DataObject, text: str) -> str:
    """A text with up to four of its pieces dropped, doubled, swapped, replaced, or cut off at a place."""
    pieces = re.findall(r"\s+|\w+|[^\w\s]", text)
    for _ in range(data.draw(st.integers(1, 4))):
        if not pieces:
            break
        at = data.draw(st.integers(0, len(pieces) - 1))
        change = data.draw(st.sampled_from(["drop", "double", "swap", "replace", "cut", "text"]))
        if change == "drop":
            del pieces[at]
        elif change == "double":
            pieces.insert(at, pieces[at])
        elif change == "swap":
            other = data.draw(st.integers(0, len(pieces) - 1))
            pieces[at], pieces[other] = pieces[other], pieces[at]
        elif change == "replace":
            pieces[at] = data.draw(st.sampled_from(_SCRAPS))
        elif change == "cut":
            del pieces[at:]
        else:
            pieces[at] = data.draw(st.text(max_size=5))
    return "".join(pieces)


def read_or_fault(format: str, text: str, *others: str) -> dict[str, Any] | None:
    """The problem that an importer makes of its files, which the reader must take; or None after a clean fault."""
    texts = {"damaged": text} | {f"damaged-{k}": other for k, other in enumerate(others, 2)}
    try:
        data = read(format, text, name="damaged", more=list(texts.items())[1:])
    except SpecError as error:
        faults = error.diagnostics
    else:
        READERS[data["kind"]](data)
        return data
    assert faults
    for fault in faults:
        assert fault.location is not None
        assert fault.location.line is not None
        assert 1 <= fault.location.line <= texts[fault.location.file].count("\n") + 1
        assert fault.location.column is not None
        assert fault.location.column >= 1
        assert fault.message.isprintable()
    return None
