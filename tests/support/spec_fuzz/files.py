"""Problem files of every kind, edited by their declarations and written down, some of them damaged byte by byte.

They are YAML or JSON, with rows inline, as CSV text, or in a table.
"""

from __future__ import annotations

import csv
import io
import json
import random
from pathlib import Path
from typing import Any

import yaml
from support.spec_fuzz.bytes import mutated
from support.spec_fuzz.edits import edited, places

from qamctl.spec.fields import Field
from qamctl.spec.schema import KINDS

PROBLEMS = Path(__file__).resolve().parents[3] / "problems"

#: No row of a table is longer.
_ROWS = 60


def seeds() -> list[tuple[str, dict[str, Any]]]:
    """(kind, data) of each example in `problems/`, rows of tables inline."""
    found = []
    for path in sorted(PROBLEMS.rglob("*.yaml")):
        data = yaml.safe_load(path.read_text())
        for value in data.values():
            if isinstance(value, dict) and "table" in value:
                with (path.parent / value.pop("table")).open(newline="") as file:
                    value["csv"] = "".join(file.readlines()[: _ROWS + 1])
        found.append((data["kind"], data))
    return found


def write_file(folder: Path, kind: str, data: dict[str, Any], rng: random.Random) -> Path:
    """Write one problem, with its tables, and give its path."""
    field = KINDS[kind]
    data = edited(data, field, rng)
    damage = rng.random() < 0.25
    if rng.random() < 0.3:
        _tabulate(folder, data, field, rng)
    json_ = rng.random() < 0.3
    try:
        text = json.dumps(data, default=str) if json_ else yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
    except (yaml.YAMLError, ValueError):
        text = repr(data)
    content = text.encode("utf-8", "surrogatepass")
    file = folder / f"case.{'json' if json_ else 'yaml'}"
    file.write_bytes(mutated(content, rng) if damage else content)
    return file


def _tabulate(folder: Path, data: dict[str, Any], field: Field, rng: random.Random) -> None:
    """Put one list of rows into CSV text, in the file or in a table beside it."""
    lists = [(rows, of) for rows, of in places(data, field) if isinstance(rows, list) and of.type == "rows"]
    lists = [(rows, of) for rows, of in lists if data.get(of.name) is rows and all(isinstance(r, dict) for r in rows)]
    if not lists:
        return
    rows, of = rng.choice(lists)
    names = list(dict.fromkeys(str(name) for row in rows for name in row))
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator=rng.choice(("\n", "\r\n")))
    writer.writerow(names)
    writer.writerows([_cell(row.get(name)) for name in names] for row in rows)
    text = stream.getvalue()
    if rng.random() < 0.5:
        data[of.name] = {"csv": text}
        return
    content = text.encode("utf-8", "surrogatepass")
    (folder / "rows.csv").write_bytes(mutated(content, rng) if rng.random() < 0.5 else content)
    data[of.name] = {"table": "rows.csv"}


def _cell(value: Any) -> str:
    """A value as a table holds it, as far as one can."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return "|".join(f"{key}={_cell(item)}" for key, item in value.items())
    if isinstance(value, list):
        return "|".join(map(_cell, value))
    return str(value)
