"""A circuit written out as a problem file of `kind: circuit`: the program itself or its file, and what is measured."""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from qamctl.errors import Diagnostic, Location, SpecError
from qamctl.formats.circuits import CircuitFile
from qamctl.formats.circuits.read import SIZE, parse, told
from qamctl.formats.faults import problem_name
from qamctl.quantum.pauli_text import BadString, PauliString, dense_text, parse_string
from qamctl.spec.cells import read_words
from qamctl.spec.circuit_fields import CIRCUIT, CIRCUIT_SOLVER, MITIGATIONS, OBSERVABLE
from qamctl.spec.decode import check_names, coded, integers, names, numbers
from qamctl.spec.faults import Faults, Refusal, nearest, show
from qamctl.spec.header import check_kind, read_root, read_solver
from qamctl.spec.noise import read_noise
from qamctl.spec.numbers import exact
from qamctl.spec.reader import parse_source, read_bytes
from qamctl.spec.rows import Column, Rows
from qamctl.spec.source import Source
from qamctl.spec.table import Tables, read_rows

#: How a block of text begins: what follows stands line by line as it is.
_BLOCK = re.compile(r"""["']?qasm["']?\s*:\s*\|[-+0-9]*\s*(#.*)?$""").search


def read_spec(raw: bytes, label: str, file: Path | None) -> CircuitFile:
    """The circuit in a spec, with values for its parameters, or every fault of the spec at once.

    Raises
    ------
    SpecError
        With line and column of each fault, those of the program among them.
    """
    data, source = parse_source(raw, label, file)
    check_kind(data, source, "circuit")
    faults = Faults(source)
    tables: Tables = {}
    root = read_root(data, CIRCUIT, faults)
    solver = read_solver(root, CIRCUIT_SOLVER, faults)
    noise = read_noise(root, faults)
    asked = int(integers(root, CIRCUIT["shots"], faults)[0])
    values = _parameters(data.get("parameters"), faults)
    terms, at = _terms(data.get("observable"), source, tables, faults)
    name = names(root, CIRCUIT["name"], faults)[0]
    none: tuple[str, ...] = ()
    mitigate = coded(root, CIRCUIT["mitigate"], partial(read_words, MITIGATIONS), none, faults).list()[0]
    circuit, qir = _program(data, source, tables, faults)
    faults.check()
    if circuit is not None:
        circuit = _bound(circuit, values, faults)
    elif values:
        faults.add(("parameters",), "QIR has no parameters", "remove them, or give the circuit as OpenQASM")
    qubits = qir.qubits if circuit is None else circuit.num_qubits
    observable = _dense(terms, qubits, at, faults)
    bits = qir.results if circuit is None else circuit.num_clbits
    groups = _groups(data.get("groups"), bits, faults)
    faults.check()
    return CircuitFile(
        circuit, qir, "circuit", name or ("circuit" if file is None else problem_name(label)),
        replace(source, tables=tables), observable, asked if "shots" in data else None, noise, solver,
        mitigate, groups,
    )  # fmt: skip


def _program(data: Mapping[str, Any], source: Source, tables: Tables, faults: Faults) -> tuple[Any, Any]:
    """(circuit, None), (None, QIR), or neither after a fault."""
    text, path = data.get("qasm"), data.get("file")
    if (text is None) == (path is None):
        message = "the circuit is missing" if text is None else "the circuit stands here twice"
        faults.add((("file",) if path is not None else ()), message, "give either `qasm: |` or `file: NAME.qasm`")
        return None, None
    key, value = ("qasm", text) if path is None else ("file", path)
    if not isinstance(value, str) or not value.strip():
        faults.add((key,), f"must be text, found {show(value)}")
        return None, None
    if path is None:
        faults.check()  # what follows has places of its own
        return _inline(value, source), None
    try:
        file = _side_file(source.base, value)
        raw = read_bytes(file, value, SIZE)
    except Refusal as refusal:
        faults.refuse(("file",), refusal)
        return None, None
    except SpecError as error:
        faults.add(("file",), f"the circuit {show(value)} {error.diagnostics[0].message}")
        return None, None
    tables[value] = (file, hashlib.sha256(raw).hexdigest())
    format = told(raw)
    if format not in ("openqasm", "qir"):
        faults.add(("file",), f"the file {show(value)} is neither OpenQASM nor QIR")
        return None, None
    faults.check()
    label = value if source.path is None else str(Path(source.label).parent / value)
    return parse(raw, label, format)


def _inline(text: str, source: Source) -> Any:
    """The circuit of a text within the spec; its faults are told at their lines of the spec."""
    try:
        circuit, _ = parse(text.encode(), source.label, "openqasm")
    except SpecError as error:
        start = source.locate(("qasm",))
        lines = source.text.decode("utf-8-sig").splitlines()
        block = start.line is not None and _BLOCK(lines[start.line - 1]) is not None
        below = lines[start.line :] if block and start.line is not None else []
        indent = next((len(line) - len(line.lstrip()) for line in below if line.strip()), 0)
        found = [_placed(fault, start, indent if block else None) for fault in error.diagnostics]
        raise SpecError(error.message, found) from None
    return circuit


def _placed(fault: Diagnostic, start: Location, indent: int | None) -> Diagnostic:
    """A fault of a program at its place in the spec: in a block the lines follow the key's."""
    where = fault.location
    if where is None or where.line is None:
        return Diagnostic(fault.message, start, fault.hint)
    if indent is None or start.line is None:
        return Diagnostic(f"{fault.message} (line {where.line} of the program)", start, fault.hint)
    column = None if where.column is None else where.column + indent
    return Diagnostic(fault.message, Location(start.file, start.line + where.line, column), fault.hint)


def _side_file(base: Path, text: str) -> Path:
    """The file that a spec names, which lies in the tree of the spec's folder.

    Raises
    ------
    Refusal
        It does not, or is no regular file.
    """
    try:
        root = base.resolve()
        file = (root / text).resolve()
        inside = file.is_relative_to(root)
        mode = file.stat().st_mode if inside else 0
    except (OSError, RuntimeError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise Refusal(f"the circuit {show(text)} cannot be read: {reason}", "paths are relative to the spec") from None
    if not inside:
        raise Refusal(f"the circuit {show(text)} lies outside the spec's folder", "move it beside the spec")
    if not stat.S_ISREG(mode):
        raise Refusal(f"the circuit {show(text)} is not a regular file")
    return file


def _groups(value: Any, bits: int, faults: Faults) -> tuple[tuple[int, ...], ...]:
    """The bits of each group, no bit in two of them."""
    if value is None:
        return ()
    if not isinstance(value, list) or not value:
        faults.add(("groups",), f"must be a list of lists of bits, found {show(value)}")
        return ()
    seen: set[int] = set()
    for g, members in enumerate(value):
        if not isinstance(members, list) or not members:
            faults.add(("groups", g), f"must be a list of at least one bit, found {show(members)}")
            continue
        for k, bit in enumerate(members):
            if type(bit) is not int or not 0 <= bit < bits:
                faults.add(("groups", g, k), f"must be a bit from 0 to {bits - 1}, found {show(bit)}")
            elif bit in seen:
                faults.add(("groups", g, k), f"must not repeat a bit, found {show(bit)} again")
            else:
                seen.add(bit)
    return tuple(map(tuple, value)) if not faults.count else ()


def _parameters(value: Any, faults: Faults) -> dict[str, float]:
    """The values of parameters by name."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        faults.add(("parameters",), f"must be {{name: number}}, found {show(value)}")
        return {}
    found = {}
    for name, cell in value.items():
        try:
            found[name] = float(exact(cell, text=False))
        except Refusal as refusal:
            faults.add(("parameters", name), f"{show(name)} {refusal.message}", refusal.hint)
    return found


def _bound(circuit: Any, values: Mapping[str, float], faults: Faults) -> Any:
    """The circuit with the values that are given; one that it has no parameter for is a fault."""
    known = {str(parameter.name): parameter for parameter in circuit.parameters}
    for name in values:
        if name not in known:
            hint = nearest(name, known) if known else "the circuit has no parameters"
            faults.add(("parameters", name), f"the circuit has no parameter {show(name)}", hint)
    return circuit.assign_parameters({known[name]: value for name, value in values.items() if name in known})


_Terms = Sequence[tuple[PauliString | None, float]]


def _terms(value: Any, source: Source, tables: Tables, faults: Faults) -> tuple[_Terms, Callable[[int], Any]]:
    """Strings with their weights, and the path of each."""
    inline = isinstance(value, list)
    if inline:
        for k, item in enumerate(value):
            if type(item) is not list or len(item) != 2:
                faults.add((OBSERVABLE.name, k), f"must be [string, weight], found {show(item)}")
        kept = [k for k, item in enumerate(value) if type(item) is list and len(item) == 2]
        columns = {name: Column([value[k][i] for k in kept]) for i, name in enumerate(("string", "weight"))}
        cells = Rows(len(kept), columns, lambda row: (OBSERVABLE.name, kept[row]))
    elif value is None or isinstance(value, dict):
        cells = read_rows(value, (OBSERVABLE.name,), source.base, tables, faults)
    else:
        wanted = "a list of [string, weight], {table: FILE} or {csv: TEXT}"
        faults.add((OBSERVABLE.name,), f"must be {wanted}, found {show(value)}")
        cells = Rows(0)
    check_names(cells, OBSERVABLE, faults)
    strings = coded(cells, OBSERVABLE["string"], _string, None, faults).list()
    weights = numbers(cells, OBSERVABLE["weight"], faults).tolist()
    if value is not None and not cells.n and not faults.count:
        faults.add((OBSERVABLE.name,), "must have at least one term", 'as in [["ZZ", 1.0]]')
    return list(zip(strings, weights, strict=True)), cells.at


def _string(cell: Any, text: bool) -> PauliString | None:
    if not isinstance(cell, str):
        raise Refusal(f"must be a Pauli string, found {show(cell)}", "write it as text: ZZII, or Z2 Z3")
    try:
        return parse_string(cell)
    except BadString as bad:
        raise Refusal(f"the Pauli string {show(cell)} {bad.message}", bad.hint) from None


def _dense(terms: _Terms, qubits: int, at: Callable[[int], Any], faults: Faults) -> list[tuple[str, float]]:
    """The terms with a letter for each of the circuit's qubits."""
    found = []
    for row, (string, weight) in enumerate(terms):
        if string is None:
            continue
        try:
            string.check(qubits)
        except BadString as bad:
            faults.add(at(row), f"the Pauli string {bad.message}", bad.hint)
            continue
        found.append((dense_text(qubits, string.qubits, string.letters), weight))
    return found
