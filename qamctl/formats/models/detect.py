"""Tells a file's format from its content: the model formats that are read, and the others that people hand in."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

#: Formats that are read -> what each is.
FORMATS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "qubo": "a D-Wave .qubo file",
        "rudy": "a rudy/Gset graph",
        "csv": "a table of couplings (i, j, weight)",
        "bqm": "a dimod BQM file",
        "cqm": "a dimod CQM file",
        "json": "a binary quadratic model in dimod's JSON",
        "lp": "a CPLEX LP file",
        "model": "a spec of kind model",
        "hamiltonian": "a spec of kind hamiltonian",
    }
)

#: What is not read as a model -> (what it is, what to do with it).
FOREIGN: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "spec": (
            "a problem spec of another kind",
            "`qamctl solve` takes specs of kind schedule, cluster, model, hamiltonian and circuit, without --format",
        ),
        "cluster": ("a cluster spec", "that is not a model: `qamctl solve` takes it, without --format"),
        "result": ("a result file of qamctl", "give the file that it was solved from"),
        "samples": ("a set of samples", "give the model that they were drawn from"),
        "json-other": ("a JSON file", "a JSON model is dimod's, or a spec with `kind: model`"),
        "openqasm": ("an OpenQASM program", "that is a circuit, not a model: `qamctl solve` runs it, without --format"),
        "qir": ("QIR", "that is a circuit, not a model: `qamctl solve` runs it, without --format"),
        "circuit": ("a circuit spec", "that is a circuit, not a model: `qamctl solve` runs it, without --format"),
        "metis": ("a METIS graph", "`qamctl import metis` makes a cluster spec of it"),
        "job-shop": ("a job shop", "`qamctl import jobshop` makes a schedule spec of it"),
        "dimacs": ("a DIMACS file", "write it as rudy: `n m`, then a line `i j weight` for each edge"),
        "mps": ("an MPS file", "write it as .lp"),
        "matrix-market": ("a Matrix Market file", "write it as .csv: a line `i,j,weight` for each entry"),
        "table": (
            "a CSV table",
            "a table of couplings has three columns: i, j, weight; tasks or agents are named in a spec: {table: FILE}",
        ),
        "dqm": ("a dimod DQM file", "write it as a CQM: a binary variable for each case"),
        "qm": ("a dimod QM file", "write it as a BQM or a CQM"),
        "utf-16": ("UTF-16 text", "save it as UTF-8"),
        "gzip": ("a gzip archive", "unpack it: gunzip FILE"),
        "archive": ("a packed archive", "unpack it"),
        "picture": ("a picture", "give the model, not its drawing"),
        "pdf": ("a PDF document", "give a model file"),
        "numpy": ("a numpy array file", "write it as .csv: a line `i,j,weight` for each coupling"),
        "arrow": ("a Parquet or Arrow table", "a spec of kind model can name it as a side table"),
        "pickle": ("a pickled Python object", "those are never opened: write it with `bqm.to_file()`"),
        "hdf5": ("an HDF5 file", "write it as .csv: a line `i,j,weight` for each coupling"),
        "program": ("a compiled program", "give a model file"),
    }
)

_MAGIC: Final = (
    (b"DIMODBQM", "bqm"), (b"DIMODCQM", "cqm"), (b"DIMODDQM", "dqm"), (b"DIMODQM", "qm"), (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "archive"), (b"PK\x05\x06", "archive"), (b"BZh", "archive"), (b"\xfd7zXZ", "archive"),
    (b"\x28\xb5\x2f\xfd", "archive"), (b"7z\xbc\xaf", "archive"), (b"\x89PNG", "picture"), (b"\xff\xd8\xff", "picture"),
    (b"GIF8", "picture"), (b"BM", "picture"), (b"<svg", "picture"), (b"%PDF", "pdf"), (b"\x93NUMPY", "numpy"),
    (b"PAR1", "arrow"), (b"ARROW1", "arrow"), (b"\x80\x02", "pickle"), (b"\x80\x03", "pickle"), (b"\x80\x04", "pickle"),
    (b"\x80\x05", "pickle"), (b"\x89HDF", "hdf5"), (b"\x7fELF", "program"), (b"MZ", "program"),
    (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"BC\xc0\xde", "qir"), (b"\xde\xc0\x17\x0b", "qir"),
)  # fmt: skip

#: Bytes at the start that are looked at; comments may be long.
HEAD: Final = 65_536

_NUMBER: Final = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_COUNT = re.compile("[0-9]{1,18}", re.ASCII).fullmatch
_NUMBERS = re.compile(rf"\s*{_NUMBER}(?:\s+{_NUMBER})*\s*", re.ASCII).fullmatch
_KIND = re.compile(r"""(?m)^(?:[ \t]*\{)?[ \t]*["']?kind["']?[ \t]*:[ \t]*["']?([a-z]+)""").finditer
_JSON_KIND = re.compile(r'"kind"\s*:\s*"([a-z]+)"').finditer
_LP = re.compile(r"\s*(minimi[sz]e|maximi[sz]e|minimum|maximum|min|max)\b(?!\s*[,;=])", re.I).match
_KINDS: Final = ("schedule", "orchestrate")
_OWN_KINDS: Final = ("cluster", "reason", "model", "hamiltonian", "circuit")


def looks_like(raw: bytes) -> str | None:
    """The format that the content of a file has: a key of `FORMATS` or of `FOREIGN`, None where nothing fits."""
    for magic, name in _MAGIC:
        if raw.startswith(magic) and not (name in ("picture", "program") and len(magic) == 2 and _is_text(raw)):
            return name
    head = raw[:HEAD].removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    lines = [line.strip() for line in re.split(r"\r\n?|\n", head)]
    if len(raw) > HEAD and len(lines) > 1:
        lines.pop()  # cut in two
    for told in (_by_syntax, _by_numbers):
        name_or_none = told(head, lines, raw)
        if name_or_none:
            return name_or_none
    return None


def _is_text(raw: bytes) -> bool:
    return b"\0" not in raw[:1024]


def _by_syntax(head: str, lines: list[str], raw: bytes) -> str | None:
    """Formats whose first words say what they are."""
    first = next((line for line in lines if line and not line.startswith(("//", "\\", "#"))), "")
    if first.startswith("OPENQASM") or re.match(r'include\s+"(std|q)', first):
        return "openqasm"
    if re.search(r"(?m)^(; ModuleID|source_filename|target (datalayout|triple)|define [\w ]*(void|i64)|%Qubit)", head):
        return "qir"
    if first.startswith("%%MatrixMarket"):
        return "matrix-market"
    if first.startswith(("{", "[")):
        return _json(head, raw)
    problem = next((line.split() for line in lines if re.match(r"p\s", line)), None)
    if problem is not None and all(re.match(r"[cp]\b|$", line) for line in lines[: lines.index(_line_p(lines))]):
        return "qubo" if problem[1:2] == ["qubo"] else "dimacs"
    if _LP(first):
        return "lp"
    kind = _kind(_KIND(head))
    if kind:
        return kind
    if re.match(r"NAME\b", first) and re.search(r"(?m)^ROWS\b", head):
        return "mps"
    return None


def _line_p(lines: list[str]) -> str:
    return next(line for line in lines if re.match(r"p\s", line))


def _json(head: str, raw: bytes) -> str:
    """What JSON, or YAML in flow style, holds; keys may stand behind long lists, so all of it is searched."""
    marks = (
        (b'"BinaryQuadraticModel"', "json"), (b'"SampleSet"', "samples"), (b'"qamctl/result/', "result"),
        (b'"bqm_schema"', "json"),
    )  # fmt: skip
    for mark, name in marks:
        if mark in raw:
            return name
    kind = _kind(_KIND(head)) or _kind(_JSON_KIND(head)) or _kind(_JSON_KIND(raw.decode("utf-8", "replace")))
    return kind or "json-other"


def _kind(found: Iterator[re.Match[str]]) -> str | None:
    """The first kind of spec among what `kind` is said to be: rows of links and resources have a `kind` too."""
    for match in found:
        if match[1] in _OWN_KINDS:
            return match[1]
        if match[1] in _KINDS:
            return "spec"
    return None


def _by_numbers(head: str, lines: list[str], raw: bytes) -> str | None:
    """Formats that are rows of numbers."""
    if any(re.match(r"#.*vartype", line) for line in lines[:20]):
        return "csv"
    rows = [line for line in lines if line and not line.startswith(("#", "%", "c "))]
    if not rows:
        return None
    if not _NUMBERS(rows[0]):
        for mark in ",;\t":
            if mark in rows[0]:
                return _separated(rows, mark)
        return "csv" if _is_spaced_table(rows) else None
    cells = [row.split() for row in rows[:20]]
    width, plain = len(cells[0]), all(map(_NUMBERS, rows[:20]))
    if plain and {len(row) for row in cells} == {3}:
        return "csv"
    if plain and width in (2, 3, 4):
        return _graph(rows, width, raw)
    # A cell that is no number is a fault, which the reader of what the other rows look like can place.
    if width == 2 and all(map(_COUNT, cells[0])):
        return "rudy" if _most(_is_edge(row) for row in cells[1:]) else None
    return "csv" if width == 3 and _most(len(row) == 3 for row in cells[1:]) else None


def _separated(rows: list[str], mark: str) -> str:
    return "csv" if _most(len(cells) == 3 for cells in csv.reader(rows[:20], delimiter=mark)) else "table"


def _is_spaced_table(rows: list[str]) -> bool:
    """Rows of two names and a number, as COO text without commas has them; the first may be a header."""
    cells = [row.split() for row in rows[1:20]] or [rows[0].split()]
    return len(rows[0].split()) == 3 and _most(len(row) == 3 and bool(_NUMBERS(row[2])) for row in cells)


def _is_edge(cells: list[str]) -> bool:
    """Whether a line looks like two nodes, with a weight or without."""
    return len(cells) in (2, 3) and all(map(_COUNT, cells[:2]))


def _most(good: Iterable[bool]) -> bool:
    """Whether half or more are good, of one at least: a file may have its faults."""
    seen = list(good)
    return bool(seen) and 2 * sum(seen) >= len(seen)


def _graph(rows: list[str], width: int, raw: bytes) -> str | None:
    """A rudy edge list, a METIS adjacency list, or a job shop: all three begin with two counts."""
    counts = rows[0].split()
    if not all(map(_COUNT, counts[:2])):
        return None
    n, m = int(counts[0]), int(counts[1])
    cells = [row.split() for row in rows[1:]]
    widths = set(map(len, cells))
    a_line_each_node = raw.rstrip().count(b"\n") == n and (n != m or width == 3)

    def neighbours() -> bool:  # a look at the whole file: only where it matters
        return len(raw.split()) == 2 + 2 * m

    if widths <= {2, 3} and width == 2:
        return "metis" if a_line_each_node and neighbours() else "rudy"
    if width == 2 and widths == {2 * m} and len(rows) - 1 == n:
        return "job-shop"
    if a_line_each_node or width == 4 or neighbours():
        return "metis"
    # Lines of other widths are faults among edges or couplings, if those are most of the file.
    if width == 2:
        return "rudy" if _most(map(_is_edge, cells)) else "metis"
    return "csv" if _most(len(row) == 3 for row in cells) else "metis"
