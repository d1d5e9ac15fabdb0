"""The spec and its side tables, copied into the run directory so that a run can be read and repeated later."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from qamctl.errors import UsageError
from qamctl.runs.atomic import Pending, make_folder, sweep, write_atomic
from qamctl.runs.beside import TAKEN
from qamctl.spec.source import Source

#: With `--no-copy`, larger side tables are kept by their hash only.
LARGEST_COPY: Final = 50_000_000

_CHUNK = 1 << 20
_SUFFIX = re.compile("[.][A-Za-z0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes into the run directory, as the manifest says it.

    Attributes
    ----------
    spec
        {file: the copy's name, path: where it was read (None: standard input), sha256}.
    tables
        By path as in the spec: {file: the copy's path in the run directory (None: by hash only), path, sha256}.
    """

    spec: Mapping[str, Any]
    tables: Mapping[str, Mapping[str, Any]]

    def files(self) -> set[str]:
        """Every copy's path in the run directory."""
        return {self.spec["file"], *(table["file"] for table in self.tables.values() if table["file"] is not None)}


def plan_copies(source: Source, *, no_copy: bool) -> Plan:
    """Decide what is copied, and under which names: tables keep theirs, so that the copied spec finds them."""
    suffix = _suffix(source)
    path = None if source.path is None else os.path.abspath(source.path)
    spec = {"file": f"spec{suffix}", "path": path, "sha256": source.sha256}
    tables = {
        ref: {
            "file": None if no_copy and _size(table) > LARGEST_COPY else _name(ref, sha256),
            "path": os.path.abspath(table),
            "sha256": sha256,
        }
        for ref, (table, sha256) in source.tables.items()
    }
    return Plan(spec, tables)


def _suffix(source: Source) -> str:
    """The ending of the spec's copy: the file's own where it is a plain one, else by the content."""
    if source.path is not None and _SUFFIX.fullmatch(source.path.suffix):
        return source.path.suffix
    if source.text.lstrip().startswith(b"{"):
        return ".json"
    return ".yaml" if b"kind" in source.text[:_CHUNK] else ".model"


def copy_inputs(directory: Path, source: Source, plan: Plan, *, private: bool) -> list[str]:
    """Copy the spec and its tables; returns the tables that are no longer what was read, not copied.

    Not synced to disk: after a power cut the manifest's hashes tell whether a copy is whole.

    Raises
    ------
    TemporaryError, UsageError
        A copy can't be written.
    """
    write_atomic(directory / plan.spec["file"], source.text, durable=False, private=private)
    changed = []
    for ref, (path, sha256) in source.tables.items():
        name = plan.tables[ref]["file"]
        if name is not None and not _copy(path, sha256, _inside(directory, name, private=private), private=private):
            changed.append(ref)
    return changed


def drop_stale(directory: Path, earlier: Mapping[str, Any], plan: Plan) -> None:
    """Remove the copies of the directory's earlier run that this run has not replaced.

    The earlier manifest is only believed about spec files and tables within the directory.
    """
    for name in _files_of(earlier) - plan.files():
        path = directory / name
        if _is_plain(name) and _contains(directory, path.parent) and path.is_file() and not path.is_symlink():
            path.unlink()


def sweep_copies(directory: Path, earlier: Mapping[str, Any]) -> None:
    """Remove what a killed run left half copied in the folders of its tables.

    Call it while the earlier manifest still stands: the next one may not know of these folders.
    """
    for folder in {(directory / name).parent for name in _files_of(earlier) if _is_plain(name)}:
        if _contains(directory, folder):
            sweep(folder)


def _files_of(manifest: Mapping[str, Any]) -> set[str]:
    spec, tables = manifest.get("spec"), manifest.get("tables")
    entries = [spec, *(tables.values() if isinstance(tables, dict) else ())]
    names = {entry.get("file") for entry in entries if isinstance(entry, dict)}
    return {name for name in names if isinstance(name, str)}


def _is_plain(name: str) -> bool:
    """Whether a name can be a copy's: below the directory, and not one of the run's own files."""
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\0" in name:
        return False
    return len(parts) > 1 or name.startswith("spec.") or name.endswith((".csv", ".parquet", ".arrow"))


def _name(ref: str, sha256: str) -> str:
    """Where a table goes: under its own relative path if that stays below the directory, and is not the result's."""
    if _is_plain(ref) and not ref.startswith("spec.") and ref not in TAKEN:
        return str(PurePosixPath(ref))
    return f"tables/{sha256[:8]}-{PurePosixPath(ref).name}"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # gone since it was read: the copy will say so


def _inside(directory: Path, name: str, *, private: bool) -> Path:
    """The copy's path, its folders made; a folder that a link leads out of the directory is refused."""
    path = directory / name
    if not _contains(directory, path.parent):
        raise UsageError(f"can't write {path}: a symbolic link leads out of the run directory; remove it")
    make_folder(path.parent, private=private)
    return path


def _contains(directory: Path, folder: Path) -> bool:
    root = os.path.realpath(directory)
    return os.path.commonpath([root, os.path.realpath(folder)]) == root


def _copy(path: Path, sha256: str, to: Path, *, private: bool) -> bool:
    digest = hashlib.sha256()
    try:
        file = path.open("rb")
    except OSError:
        return False
    with file, Pending(to, private=private) as pending:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            pending.write(chunk)
        if digest.hexdigest() != sha256:
            return False
        pending.commit(durable=False)
    return True
