"""The files beside a result: which ones it names, what they are called beside a copy of it, and what is stale."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

#: Tables that a result may name, under `table` in a block of its solution or in its block `from`.
TABLES: Final = ("assignments.csv", "unscheduled.csv", "earlier.csv", "posterior.csv")

#: What `--export` writes, which a result lists under `exports`.
EXPORTS: Final = {"csv": "assignments.csv", "ics": "schedule.ics", "parquet": "assignments.parquet"}

#: Names that no side table of a spec can have in a run directory.
TAKEN: Final = frozenset({*TABLES, *EXPORTS.values()})


def tables_of(result: Mapping[str, Any]) -> set[str]:
    """The tables that a result names: it can't be read without them."""
    return {block["table"] for block in _blocks(result) if isinstance(block.get("table"), str)}


def beside(copy: Path, name: str) -> str:
    """What a table is called beside a copy of its result: `plan.assignments.csv` for `plan.json`.

    Under its own name it might replace that of another result, or a file of the user's.
    """
    return f"{copy.stem}.{name}"


def renamed(result: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The result with other names for the tables that it names."""

    def rename(value: Any) -> Any:
        if isinstance(value, Mapping) and value.get("table") in names:
            return {**value, "table": names[value["table"]]}
        return value

    found = {key: rename(value) for key, value in result.items()}
    if isinstance(result.get("solution"), Mapping):
        found["solution"] = {key: rename(value) for key, value in result["solution"].items()}
    return found


def stale(directory: Path, written: Collection[str]) -> list[Path]:
    """Files that the earlier result of a run directory stands beside, and the new one does not.

    Only what is still as the earlier result says is given, by its hash: nothing else is surely ours to remove.

    Parameters
    ----------
    written
        Names of the files that are written beside the new result.
    """
    left = [path for name in sorted(TAKEN.difference(written)) if _is_plain(path := directory / name)]
    if not left:
        return []
    known = _hashes(directory / "result.json")
    return [path for path in left if path.name in known and _sha256(path) == known[path.name]]


def _hashes(file: Path) -> dict[str, Any]:
    """The hash of every file that a result stands beside, by name; {} where there is no result that can be read."""
    try:
        result = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(result, dict):
        return {}
    exports = result.get("exports")
    found = dict(exports) if isinstance(exports, dict) else {}
    for block in _blocks(result):
        if isinstance(block.get("table"), str):
            found[block["table"]] = block.get("sha256", block.get("table_sha256"))
    return found


def _blocks(result: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The blocks of a result that may name a table."""
    solution = result.get("solution")
    blocks = [result.get("from"), *(solution.values() if isinstance(solution, Mapping) else ())]
    return (block for block in blocks if isinstance(block, Mapping))


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _sha256(path: Path) -> str:
    """Of a file; of one that can't be read, that of no file."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
