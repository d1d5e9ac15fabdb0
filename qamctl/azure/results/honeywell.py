"""honeywell.quantum-results.v1: the classical registers of an OpenQASM 2 program on Quantinuum's machines.

    {"c": ["010", "011", ...]}

Bit order: the leftmost character is the highest bit of the register (pytket-quantinuum, backends/quantinuum.py,
`_convert_result`, gives the characters the indices from n-1 down to 0; qBraid's survey of providers agrees,
github.com/qBraid/qBraid/issues/1304), so that a string is qiskit's key as it is. Several registers are taken to be
declared in the order in which the output has them, and the last one becomes leftmost; the SDK's qiskit job joins them
the other way round and without a space (azure/quantum/qiskit/job.py, `_format_quantinuum_results`), which is not
qiskit's order.
"""

from __future__ import annotations

from typing import Any, Final

from qamctl.azure.results.fault import Unreadable, clean
from qamctl.azure.results.outcome import bitstring
from qamctl.azure.results.result import Result, from_shots
from qamctl.azure.results.rigetti import joined

FORMAT: Final = "honeywell.quantum-results.v1"

#: No register: older outputs had it beside them.
_OTHER: Final = "access_token"


def read(document: Any, shots: int | None, bits: int | None) -> tuple[Result, ...]:
    """One result."""
    registers = document if isinstance(document, dict) else {}
    rows = [_rows(name, value) for name, value in registers.items() if name != _OTHER]
    if not rows:
        raise Unreadable("it has no registers")
    return (from_shots(joined(rows), FORMAT, bits),)


def _rows(name: str, rows: Any) -> list[str]:
    if not isinstance(rows, list) or not all(type(row) is str for row in rows):
        raise Unreadable(f"register {clean(name)} is no list of bitstrings")
    known = {row: bitstring(row) for row in set(rows)}
    return [known[row] for row in rows]
