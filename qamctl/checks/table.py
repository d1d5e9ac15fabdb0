"""Rows in a CSV file beside a result, as results with very many rows have them."""

from __future__ import annotations

from pathlib import Path

from qamctl.checks.figures import shown

#: Where `csv` puts the cells of a row that has more of them than there are columns.
SURPLUS = "more cells than columns"


def read_cells(folder: Path | None, name: object, sha256: object = None) -> list[dict[str, str | None]]:
    """The rows of the table `name` in `folder`: text by column; None where a row has fewer cells than columns.

    Where the result holds the table's `sha256`, the file must have it. The first line names the columns.

    Raises
    ------
    OSError
        The file can't be read.
    ValueError
        The name is no file below the folder, the file is another one than the result speaks of, or no table.
    """
    import csv  # only results with very many rows need these
    import hashlib
    import io

    if not isinstance(name, str) or folder is None:
        raise ValueError(f"{shown(name)} is not the name of a file beside the result")
    root = folder.resolve()
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        raise ValueError(f"{shown(name)} lies outside the folder of the result")
    data = path.read_bytes()
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise ValueError(f"{name} is not the table that was written with this result: its hash differs")
    lines = io.StringIO(data.decode("utf-8-sig"), newline="")
    try:
        return list(csv.DictReader(lines, restkey=SURPLUS, strict=True))
    except csv.Error as error:
        raise ValueError(f"{name}: {error}") from error
