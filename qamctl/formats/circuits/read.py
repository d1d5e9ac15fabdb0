"""From a path to a circuit: bytes, their format, the reader of that format, the circuit with its values."""

from __future__ import annotations

import hashlib
from difflib import get_close_matches
from pathlib import Path, PurePath
from typing import Any

from qamctl.errors import Diagnostic, Location, SpecError, UsageError
from qamctl.formats.circuits import FORMATS, CircuitFile
from qamctl.formats.faults import fault, problem_name
from qamctl.formats.models.detect import FOREIGN, looks_like
from qamctl.formats.models.detect import FORMATS as MODELS
from qamctl.spec.reader import read_bytes
from qamctl.spec.source import Source

#: Bytes of a circuit file; qasm and QIR readers have limits of their own below it.
SIZE = 64 * 1024 * 1024

#: How files are called -> what they then ought to be.
_SUFFIXES = {
    ".qasm": ("OpenQASM", "it begins with `OPENQASM 3;` or `OPENQASM 2.0;`"),
    ".ll": ("QIR", "it is LLVM's text, with a function `define ... @NAME() #0` that has the attribute `entry_point`"),
    ".bc": ("QIR", "it is LLVM's bitcode, which begins with `BC`"),
}


def read_file(path: str | Path, format: str | None) -> CircuitFile:
    """See `read_circuit`."""
    if format is not None and format not in FORMATS:
        near = get_close_matches(format, FORMATS, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(FORMATS)}"
        raise UsageError(f"There is no circuit format `{format}`: {hint}")
    file = None if str(path) == "-" else Path(path)
    label = "<stdin>" if file is None else str(path)
    raw = read_bytes(file, label, SIZE)
    chosen = format or told(raw) or _refuse(raw, label)
    if chosen == "circuit":
        from qamctl.formats.circuits.spec_circuit import read_spec

        found = read_spec(raw, label, file)
    else:
        circuit, qir = parse(raw, label, chosen)
        source = Source(label, file, raw, hashlib.sha256(raw).hexdigest())
        name = "circuit" if file is None else problem_name(label)
        found = CircuitFile(circuit, qir, chosen, name, source)
    _refuse_unready(found)
    return found


def told(raw: bytes) -> str | None:
    """The format by the content; None where it is no circuit."""
    from qamctl.quantum.qasm import is_qasm

    found = looks_like(raw)
    if found in ("openqasm", "qir"):
        return found
    if is_qasm(raw[:65_536]):
        return "openqasm"
    return "circuit" if found == "circuit" else None


def parse(raw: bytes, label: str, format: str) -> tuple[Any, Any]:
    """(the circuit, None) of OpenQASM, (None, the program) of QIR; parameters may still have no value.

    Raises
    ------
    SpecError
        It is not of the format, with line and column.
    """
    if format == "qir":
        from qamctl.quantum.qir import read_qir

        return None, read_qir(raw, label)
    from qamctl.quantum.qasm import loads

    return loads(raw, label, unbound=True), None


def _refuse(raw: bytes, label: str) -> str:
    """Say what a file looks like that is no circuit, or what it is not that its name says."""
    found = looks_like(raw)
    what = MODELS.get(found or "") or FOREIGN.get(found or "", ("none of the formats that are read", ""))[0]
    message = f"it looks like {what}" if raw.strip() else "the file is empty"
    hint = f"circuits are {', '.join(FORMATS.values())}; --format names one where the content does not tell"
    named = _SUFFIXES.get(PurePath(label).suffix.lower())
    if named is not None and raw.strip():
        # Any bytes with a comma look like a table, so that is no news.
        message = f"it is no {named[0]}" + ("" if found in (None, "table") else f": {message}")
        hint = named[1]
    raise fault(label, 1, 1, message, hint=hint, what="a circuit")


def _refuse_unready(found: CircuitFile) -> None:
    """Refuse what no engine can run: parameters without values, and nothing to measure."""
    if found.circuit is None:
        return
    from qamctl.quantum.program import is_measured, unbound

    where = Location(found.source.label)
    names = unbound(found.circuit)
    if names:
        more = f" and {len(names) - 8} more" if len(names) > 8 else ""
        message = f"the circuit's parameters have no value: {', '.join(names[:8])}{more}"
        hint = f"give them in a spec of kind circuit: `parameters: {{{names[0]}: 0.5}}`"
    elif not is_measured(found.circuit) and not found.observable:
        message = "the circuit measures nothing"
        hint = "measure its qubits into bits (`c = measure q;`), or give an `observable` in a spec of kind circuit"
    else:
        return
    raise SpecError(f"{found.source.label} can't be run: {message}", [Diagnostic(message, where, hint)])
