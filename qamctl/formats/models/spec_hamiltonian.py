"""A Hamiltonian written out as a problem file of `kind: hamiltonian`: Pauli strings with weights, in YAML or JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from qamctl.errors import Diagnostic, UnsupportedError
from qamctl.formats.faults import problem_name
from qamctl.formats.models import ModelFile, Sense
from qamctl.formats.models.limits import TERMS as MOST_TERMS
from qamctl.quantum.hamiltonian import BODIES, Diagonal, PauliSum, sum_of
from qamctl.quantum.pauli_text import BadString, PauliString, parse_string
from qamctl.quantum.quadratize import negated, quadratize
from qamctl.spec.decode import check_names, choices, integers, names, numbers
from qamctl.spec.faults import Faults, Refusal, show
from qamctl.spec.hamiltonian_fields import HAMILTONIAN, MOST_QUBITS, TERMS
from qamctl.spec.header import check_kind, read_root, read_solver
from qamctl.spec.model_fields import MODEL_SOLVER, MOST_COEFFICIENT
from qamctl.spec.numbers import exact
from qamctl.spec.reader import no_collection, parse_source, read_bytes
from qamctl.spec.rows import Column
from qamctl.spec.rows import Rows as Cells
from qamctl.spec.source import Path_, Source
from qamctl.spec.table import Tables, read_rows

T = TypeVar("T")

#: Of a term, in the order of a pair.
_COLUMNS: Final = ("string", "weight")


class NotDiagonalError(UnsupportedError):
    """A Hamiltonian that was read well, and is no model: samples have no energies."""


@dataclass(frozen=True)
class Hamiltonian:
    """A Hamiltonian as it was read from a file.

    Attributes
    ----------
    total
        The sum of the strings, equal ones added.
    offset
        What is added to it.
    strings
        Texts and weights as they stand in the file.
    place
        The way to a term in the file.
    """

    total: PauliSum
    offset: float
    strings: Sequence[tuple[str, float]]
    sense: Sense
    name: str
    source: Source
    solver: Mapping[str, Any]
    place: Callable[[int], Path_]


def read_hamiltonian(path: str | Path) -> Hamiltonian:
    """The Hamiltonian in a file, diagonal or not; `-` is standard input.

    Raises
    ------
    SpecError
        With line and column of each fault.
    """
    file = None if str(path) == "-" else Path(path)
    label = "<stdin>" if file is None else str(path)
    return read(read_bytes(file, label), label, file)


def read_as_model(raw: bytes, label: str, file: Path | None, sense: str | None) -> ModelFile:
    """The quadratic model that has the energies of a diagonal Hamiltonian.

    Raises
    ------
    SpecError
        With line and column of each fault.
    NotDiagonalError
        It has strings with X or Y.
    """
    found = read(raw, label, file)
    if not found.total.is_diagonal:
        _refuse(found)
    wanted: Sense = "max" if (sense or found.sense) == "max" else "min"
    with no_collection():
        diagonal = found.total.diagonal()
        polynomial = Diagonal(diagonal.n, diagonal.offset + found.offset, diagonal.terms).polynomial()
        quadratic = quadratize(negated(polynomial) if wanted == "max" else polynomial)
    return ModelFile(
        quadratic.model, wanted, "hamiltonian", found.name, found.source, found.solver, quadratic.row_names,
        polynomial=quadratic.polynomial, pairs=quadratic.pairs, strings=[*found.strings, ("", found.offset)],
    )  # fmt: skip


def _refuse(found: Hamiltonian) -> None:
    """Say which terms are not diagonal, the first of them with its place."""
    others = [k for k, (text, weight) in enumerate(found.strings) if set(text) & set("XY") and weight]
    text, _ = found.strings[others[0]]
    more = f", and so are {len(others) - 1} more" if len(others) > 1 else ""
    hint = "such sums are for the `observable` of a circuit"
    fault = Diagnostic(f"{show(text)} is not diagonal{more}", found.source.locate(found.place(others[0])), hint)
    message = f"{found.source.label} has terms that are not diagonal: what is searched are sums of I and Z alone"
    raise NotDiagonalError(message, [fault])


def read(raw: bytes, label: str, file: Path | None) -> Hamiltonian:
    """The Hamiltonian in a spec, or every fault of it at once.

    Raises
    ------
    SpecError
        With line and column of each fault.
    UnsupportedError
        A side table needs a package that is not installed.
    """
    data, source = parse_source(raw, label, file)
    check_kind(data, source, "hamiltonian")
    with no_collection():
        faults = Faults(source)
        tables: Tables = {}
        root = read_root(data, HAMILTONIAN, faults)
        solver = read_solver(root, MODEL_SOLVER, faults)
        given = int(integers(root, HAMILTONIAN["qubits"], faults)[0])
        cells, place = _cells(data.get("terms"), source, tables, faults)
        texts = _texts(cells)
        strings = _decoded(cells, "string", _string, None, place, faults)
        weights = _decoded(cells, "weight", _weight, 0.0, place, faults)
        n = _qubits(given if 1 <= given <= MOST_QUBITS else None, strings)
        kept = _fitting(n, strings, lambda row: place(row, "string"), faults)
        offset = float(numbers(root, HAMILTONIAN["offset"], faults)[0])
        sense = choices(root, HAMILTONIAN["sense"], faults)[0]
        name = names(root, HAMILTONIAN["name"], faults)[0]
        total = sum_of(n, list(kept.values()), [weights[row] for row in kept])
        if not faults.count and not len(total.weight):
            why = "every weight is 0, or they cancel" if cells.n else "there is no term"
            faults.add(("terms",), f"the Hamiltonian is empty: {why}", 'a term is a string and a weight: ["ZZII", 0.5]')
        faults.check()
    name = name or ("model" if file is None else problem_name(label))
    source = replace(source, tables=tables)
    given_strings = list(zip(texts, weights, strict=True))
    wanted: Sense = "max" if sense == "max" else "min"
    return Hamiltonian(
        total, offset, given_strings, wanted, name, source, solver, lambda row: place(row, "string")
    )  # fmt: skip


def _cells(value: Any, source: Source, tables: Tables, faults: Faults) -> tuple[Cells, Callable[[int, str], Path_]]:
    """The terms as columns, and the way to a cell of them."""
    inline = isinstance(value, list)
    if inline:
        cells = _pairs(value, faults)
    else:
        if value is not None and not isinstance(value, dict):
            wanted = "a list of [string, weight], {table: FILE} or {csv: TEXT}"
            faults.add((TERMS.name,), f"must be {wanted}, found {show(value)}")
            value = None
        cells = read_rows(value, (TERMS.name,), source.base, tables, faults)
    if cells.n > MOST_TERMS:
        faults.add((TERMS.name,), f"{cells.n:,} terms are more than the {MOST_TERMS:,} that are taken")
        cells = Cells(0, {}, cells.at)
    check_names(cells, TERMS, faults)

    def place(row: int, name: str) -> Path_:
        return (*cells.at(row), _COLUMNS.index(name) if inline else name)

    return cells, place


def _pairs(value: list[Any], faults: Faults) -> Cells:
    """The rows of an inline list of pairs."""
    places = [k for k, item in enumerate(value) if type(item) is list and len(item) == len(_COLUMNS)]
    if len(places) < len(value):
        for k in sorted(set(range(len(value))) - set(places)):
            faults.add((TERMS.name, k), f"must be [string, weight], found {show(value[k])}")
    columns = {name: Column([value[k][cell] for k in places]) for cell, name in enumerate(_COLUMNS)}
    return Cells(len(places), columns, lambda row: (TERMS.name, places[row]))


def _texts(cells: Cells) -> list[str]:
    column = cells.columns.get("string")
    return [""] * cells.n if column is None else [str(cell) for cell in column.cells]


def _decoded(
    cells: Cells,
    name: str,
    read_cell: Callable[[Any, bool], T],
    otherwise: T,
    place: Callable[[int, str], Path_],
    faults: Faults,
) -> list[T]:
    """The values of a column row by row; `otherwise` where a cell is refused or absent."""
    column = cells.columns.get(name)
    if column is None:
        return [otherwise] * cells.n
    out: list[T] = []
    for row, cell in enumerate(column.cells):
        value = otherwise
        if cell != column.absent:
            try:
                value = read_cell(cell, column.text)
            except Refusal as refusal:
                faults.refuse(place(row, name), refusal)
        out.append(value)
    return out


def _string(cell: Any, text: bool) -> PauliString | None:
    if not isinstance(cell, str):
        raise Refusal(f"must be a Pauli string, found {show(cell)}", "write it as text: ZZII, or Z2 Z3")
    try:
        found = parse_string(cell)
    except BadString as bad:
        raise Refusal(f"the Pauli string {show(cell)} {bad.message}", bad.hint) from None
    if found.span > MOST_QUBITS:
        raise Refusal(f"the Pauli string {show(cell)} is of {found.span:,} qubits", f"at most {MOST_QUBITS:,}")
    if found.is_diagonal and len(found.qubits) > BODIES:
        hint = f"diagonal terms act on at most {BODIES} qubits, as the circuits of QAOA take them"
        raise Refusal(f"the Pauli string {show(cell)} acts on {len(found.qubits)} qubits", hint)
    return found


def _weight(cell: Any, text: bool) -> float:
    if _is_complex(cell):
        shown = f"[{', '.join(map(str, cell))}]" if isinstance(cell, list) else show(cell)
        raise Refusal(f"must be a real number, found the complex {shown}", "weights of a Hamiltonian are real")
    number = float(exact(cell, text=text))
    if abs(number) > MOST_COEFFICIENT:
        raise Refusal(f"must be at most {MOST_COEFFICIENT:g} in size, found {show(cell)}")
    return number


def _is_complex(cell: Any) -> bool:
    """Whether a cell is a complex number: 0.5+1j, or [re, im]."""
    if isinstance(cell, list):
        return len(cell) == 2 and all(type(part) in (int, float) for part in cell)
    if not isinstance(cell, str) or not cell.rstrip(") ").endswith(("i", "j", "I", "J")) or len(cell) > 100:
        return False
    try:
        complex(cell.replace(" ", "").lower().replace("i", "j"))
    except ValueError:
        return False
    return True


def _qubits(given: int | None, strings: Sequence[PauliString | None]) -> int:
    """How many qubits there are: what the file says, else the first string with a letter for each, else the highest."""
    if given is not None:
        return given
    read_strings = [string for string in strings if string is not None]
    dense = next((string.span for string in read_strings if string.dense), None)
    return max((string.span for string in read_strings), default=1) if dense is None else dense


def _fitting(
    n: int, strings: Sequence[PauliString | None], place: Callable[[int], Path_], faults: Faults
) -> dict[int, PauliString]:  # fmt: skip
    """The strings of n qubits, by their terms; others are faults."""
    kept = {}
    for row, string in enumerate(strings):
        if string is None:
            continue
        try:
            string.check(n)
        except BadString as bad:
            faults.add(place(row), f"the Pauli string {bad.message}", bad.hint)
        else:
            kept[row] = string
    return kept
