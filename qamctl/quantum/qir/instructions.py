"""The instructions that QIR programs call: a misspelt one is found when a file is read, not when it is run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from qamctl.errors import Diagnostic, Location

#: Gates and measurements: of qdk and its simulator, of the base and adaptive profiles, of Q#'s older instruction set,
#: and the native ones of machines.
_GATES: Final = frozenset((
    "barrier", "ccnot", "ccx", "ccz", "ch", "cnot", "crx", "cry", "crz", "cs", "csx", "ct", "cx", "cy", "cz",
    "exp", "h", "i", "id", "m", "measure", "move", "mresetz", "mx", "my", "mz", "peek_loss", "r", "r1",
    "read_result", "reset", "rx", "rxx", "rxxyyzz", "ry", "ryy", "rz", "rzz", "s", "sdg", "swap", "sx", "t", "tdg",
    "toffoli", "u", "u1", "u1q", "u2", "u3", "v", "x", "y", "z", "zz", "zzmax", "gpi", "gpi2", "ms",
    "applyifelseintrinsic", "assertmeasurementprobability", "dumpmachine", "dumpregister",
))  # fmt: skip
_FORMS: Final = ("body", "adj", "ctl", "ctladj")

#: Functions of the runtime, and the families that the QIR specification has many of.
_RUNTIME: Final = re.compile(
    r"(?:initialize|read_result|write_result|read_loss|read_atom_result|readout_noise|begin_parallel|end_parallel|fail|"
    r"message|(?:bool|int|double|pauli|range)_\w+|(?:array|bigint|callable|capture|memory|qubit|result|string|tuple)_\w+)"
).fullmatch

#: What puts a value into the results of a shot; arrays and tuples only say how many follow.
_RECORDS: Final = re.compile(r"__quantum__rt__(?:result|bool|int|double)_record_output").fullmatch

#: Faults that are told of one file.
_MOST: Final = 20


def is_known(name: str) -> bool:
    """Whether a function is an instruction of QIR, whatever machine runs it."""
    if name.startswith("__quantum__rt__"):
        return _RUNTIME(name.removeprefix("__quantum__rt__")) is not None
    gate, _, form = name.removeprefix("__quantum__qis__").rpartition("__")
    return gate in _GATES and form in _FORMS


def faults_of(calls: Iterable[str], text: str | None, label: str) -> list[Diagnostic]:
    """What is wrong with the instructions that a program calls: unknown ones, and that it records nothing.

    Parameters
    ----------
    calls
        Names of the functions, each once.
    text
        The file where it is text, for the lines of the calls.
    """
    names = list(calls)
    unknown = [_unknown(name, text, label) for name in names if not is_known(name)]
    if unknown:
        return unknown[:_MOST]
    if any(map(_RECORDS, names)):
        return []
    hint = "call __quantum__rt__result_record_output for each result, after it is measured"
    return [Diagnostic("it records no results: nothing would be measured", Location(label), hint)]


def _unknown(name: str, text: str | None, label: str) -> Diagnostic:
    call = None if text is None else re.search(rf'(?m)^[^;\n]*\bcall\b[^;\n]*(@"?{re.escape(name)}"?\()', text)
    where = Location(label)
    if text is not None and call is not None:
        start = call.start(1)
        where = Location(label, text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start))
    gates = [f"__quantum__qis__{gate}__{form}" for gate in sorted(_GATES) for form in _FORMS[:2]]
    near = get_close_matches(name, gates, n=1, cutoff=0.93)
    hint = f"did you mean {near[0]}?" if near else "use one of QIR's, such as __quantum__qis__rz__body"
    return Diagnostic(f"there is no instruction {name}", where, hint)
