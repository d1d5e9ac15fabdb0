"""From a path to a model: bytes, their format, the reader of that format, the model."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path, PurePath

from qamctl.errors import Diagnostic, Location, SpecError, UsageError
from qamctl.formats.faults import fault, problem_name
from qamctl.formats.models import ModelFile, Sense
from qamctl.formats.models.build import Refused, build
from qamctl.formats.models.detect import FOREIGN, FORMATS, looks_like
from qamctl.formats.models.limits import LIST_SIZE, SIZE
from qamctl.formats.models.parsed import Parsed
from qamctl.spec.reader import read_bytes
from qamctl.spec.source import Source

#: Format -> the module with its `read`; a Hamiltonian is no list of terms, and becomes a model by itself.
_READERS = {
    "qubo": "qubo_file", "rudy": "rudy", "csv": "coo_csv", "bqm": "bqm_file", "cqm": "cqm_file", "json": "bqm_json",
    "lp": "lp", "model": "spec_model",
}  # fmt: skip

#: Formats that are read into lists of objects, many times larger than the file.
_LISTS = ("json", "lp", "model", "hamiltonian")
_SUFFIXES = {".qubo": "qubo", ".mc": "rudy", ".csv": "csv", ".bqm": "bqm", ".cqm": "cqm", ".lp": "lp"}


def read_file(path: str | Path, format: str | None, sense: str | None) -> ModelFile:
    """See `read_model`."""
    for given, known, what in ((format, FORMATS, "model format"), (sense, ("min", "max"), "sense")):
        if given is not None and given not in known:
            near = get_close_matches(given, known, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(known)}"
            raise UsageError(f"There is no {what} `{given}`: {hint}")
    file = None if str(path) == "-" else Path(path)
    label = "<stdin>" if file is None else str(path)
    raw = read_bytes(file, label, SIZE)
    chosen = format if format is not None else _told(raw, label)
    if chosen in _LISTS and len(raw) > LIST_SIZE:
        hint = "write it as .qubo, .csv or .bqm, which may be larger"
        raise fault(label, None, None, f"larger than {LIST_SIZE // 2**20} MB", hint=hint, what=FORMATS[chosen])
    try:
        if chosen == "hamiltonian":
            from qamctl.formats.models.spec_hamiltonian import read_as_model

            return read_as_model(raw, label, file, sense)
        read: Callable[..., Parsed] = import_module(f"qamctl.formats.models.{_READERS[chosen]}").read
        parsed = read(raw, label, file) if chosen == "model" else read(raw, label)
    except SpecError as error:
        raise _with_looks(error, raw, label, chosen) if format is not None else error from None
    wanted: Sense = "max" if (sense or parsed.sense) == "max" else "min"
    try:
        built = build(parsed.objective, parsed.rows, parsed.labels, maximise=wanted == "max")
    except Refused as refused:
        raise _not_built(refused, parsed, label, FORMATS[chosen]) from None
    source = parsed.source or Source(label, file, raw, hashlib.sha256(raw).hexdigest())
    name = parsed.name or ("model" if file is None else problem_name(label))
    return ModelFile(built.model, wanted, chosen, name, source, parsed.solver, built.row_names, built.group_names)


def _not_built(refused: Refused, parsed: Parsed, label: str, what: str) -> SpecError:
    """The fault of a model that cannot be built, at its place."""
    where = Location(label) if parsed.place is None else parsed.place(refused.row)
    name = "" if refused.row is None else parsed.rows.names[refused.row]
    message = f"in {name}, {refused.message}" if name else refused.message
    return fault(where.file, where.line, where.column, message, hint=refused.hint, what=what)


def _told(raw: bytes, label: str) -> str:
    """The format by the content, by the file's name where the content does not tell.

    Raises
    ------
    SpecError
        It is none that is read; the message says what it looks like.
    """
    found = looks_like(raw)
    if found is not None and found in FORMATS:
        return found
    if found is not None:
        what, hint = FOREIGN[found]
        raise fault(label, 1, 1, f"it looks like {what}", hint=hint, what="a model")
    suffix = PurePath(label).suffix.lower()
    if suffix in _SUFFIXES and raw.strip():  # its reader says what is wrong with it
        return _SUFFIXES[suffix]
    message = "the file is empty" if not raw.strip() else "it looks like none of the formats that are read"
    hint = f"they are {', '.join(FORMATS)}; --format names one where the content does not tell"
    raise fault(label, 1, 1, message, hint=hint, what="a model")


def _with_looks(error: SpecError, raw: bytes, label: str, chosen: str) -> SpecError:
    """The error, and what the file looks like where that is something else than what it was read as."""
    found = looks_like(raw)
    if found is None or found == chosen:
        return error
    known = found in FORMATS
    what = FORMATS[found] if known else FOREIGN[found][0]
    hint = f"leave out --format, or say --format {found}" if known else FOREIGN[found][1]
    more = Diagnostic(f"the file looks like {what}", Location(label), hint)
    return SpecError(error.message, [*error.diagnostics, more])
