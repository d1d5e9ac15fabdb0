"""ionq.quantum-results.v1: probabilities of whole numbers, of jobs in IonQ's own circuit format (ionq.circuit.v1).

    {"histogram": {"0": 0.5, "7": 0.5}}

Bit order: bit k of the number is qubit k, so that the number written in binary has the highest qubit leftmost
(the SDK's `_to_bitstring` in azure/quantum/qiskit/job.py reverses the binary text to index it by qubit; qBraid's survey
of providers found the same, github.com/qBraid/qBraid/issues/1304). The format measures all qubits; where qiskit's
classical bits are others, the SDK keeps a `meas_map` in the job's metadata, and it is not applied here: qamctl submits
QIR to IonQ. The number of qubits is not in the output (see `bits` of `parse`).
"""

from __future__ import annotations

import re
from typing import Any, Final

from qamctl.azure.results.fault import Unreadable, clean
from qamctl.azure.results.result import Result, from_probabilities

FORMAT: Final = "ionq.quantum-results.v1"

#: Whole numbers of up to 1,000 bits.
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,300}").fullmatch


def read(document: Any, shots: int | None, bits: int | None) -> tuple[Result, ...]:
    """One result, estimated from probabilities."""
    histogram = document.get("histogram") if isinstance(document, dict) else None
    if not isinstance(histogram, dict):
        raise Unreadable("it has no object `histogram`")
    for key in histogram:
        if not _NUMBER(key):
            raise Unreadable(f"its histogram has {clean(key)}, which is no whole number")
    needed = max((int(key).bit_length() for key in histogram), default=0)
    if bits is not None and needed > bits:
        raise Unreadable(f"its outcomes have {needed} bits, and the program measures {bits}")
    width = max(needed, bits or 1)
    probabilities = {format(int(key), f"0{width}b"): value for key, value in histogram.items()}
    return (from_probabilities(probabilities, FORMAT, shots, bits),)
