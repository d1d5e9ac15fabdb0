"""microsoft.quantum-results.v2: histogram and shots of what a QIR program recorded, for each item of the job.

    {"DataFormat": "microsoft.quantum-results.v2", "Results": [{
        "Histogram": [{"Outcome": [0, 1], "Display": "[0, 1]", "Count": 50}], "Shots": [[0, 1], ...]}]}

Bit order: as the program recorded its results, printed left to right, because nothing else is in the output. What
qamctl compiles (`qamctl.quantum.qir.to_qir`, on `qdk.qiskit`) records the highest classical bit first, so that this is
qiskit's order; with several registers `qdk.qiskit` records a tuple, the last register first, which is qiskit's, too
(both were run: `tests/azure/results/test_order.py`; the SDK prints them likewise, azure/quantum/qiskit/job.py,
`_qir_to_qiskit_bitstring`). Other compilers do otherwise: `qdk.openqasm` records the lowest bit first, so its keys come
out reversed, and a Q# program returns what its author returned. That can't be seen in an output.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from qamctl.azure.results.document import Row
from qamctl.azure.results.fault import Unreadable, clean
from qamctl.azure.results.outcome import bitstring, from_display
from qamctl.azure.results.result import Result, from_counts, from_shots, whole_count

FORMAT: Final = "microsoft.quantum-results.v2"


def read(document: Any, shots: int | None, bits: int | None) -> tuple[Result, ...]:
    """One result per item; the output itself says how many shots there were."""
    if not isinstance(document, dict):
        raise Unreadable("it is no object")
    said = document.get("DataFormat", FORMAT)
    if said != FORMAT:
        raise Unreadable(f"its DataFormat is {clean(said)}")
    items = document.get("Results")
    if not isinstance(items, list) or not items:
        raise Unreadable("it has no list `Results`")
    return tuple(_item(item, i, bits) for i, item in enumerate(items, 1))


def _item(item: Any, number: int, bits: int | None) -> Result:
    if not isinstance(item, dict):
        raise Unreadable(f"result {number} is no object")
    shots, histogram = item.get("Shots"), item.get("Histogram")
    counts = None if histogram is None else _counts(histogram, number)
    if shots is None or (counts and not shots):
        if counts is None:
            raise Unreadable(f"result {number} has neither Shots nor Histogram")
        return from_counts(counts, FORMAT, bits)
    if not isinstance(shots, list | Row):  # single bits make a Row of all shots
        raise Unreadable(f"the Shots of result {number} are no list")
    known: dict[Any, str] = {}  # of the bitstrings that there are, each is made once
    rows = [known.get(shot) or known.setdefault(shot, bitstring(shot)) if isinstance(shot, str) else bitstring(shot)
            for shot in shots]  # fmt: skip
    if counts is not None and Counter(rows) != counts:
        raise Unreadable(f"the Shots of result {number} do not add up to its Histogram")
    return from_shots(rows, FORMAT, bits)


def _counts(histogram: Any, number: int) -> Counter[str]:
    if not isinstance(histogram, list):
        raise Unreadable(f"the Histogram of result {number} is no list")
    counts: Counter[str] = Counter()
    for entry in histogram:
        if not isinstance(entry, dict):
            raise Unreadable(f"the Histogram of result {number} has {clean(entry)}, which is no object")
        shown = entry.get("Display")
        if "Outcome" in entry:
            bits = bitstring(entry["Outcome"])
        elif isinstance(shown, str):
            bits = from_display(shown)
        else:
            raise Unreadable(f"the Histogram of result {number} has an entry without Outcome")
        counts[bits] += whole_count(entry.get("Count"), bits)
    return counts
