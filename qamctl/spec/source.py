"""Where a problem came from: the bytes that were read, and the place of every field in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from qamctl.errors import Location

#: The way to a field: ("tasks", 3, "demand"), or ("solver", "time_limit").
Path_ = tuple[str | int, ...]


def dotted(path: Path_) -> str:
    """A path as people write it: `tasks[3].demand`."""
    out = ""
    for part in path:
        out += f"[{part}]" if isinstance(part, int) else f".{part}" if out else part
    return out


def by_path(paths: Sequence[Path_]) -> list[Location]:
    """The places of fields in data that came from no file: their paths."""
    return [Location(dotted(path) or "the spec") for path in paths]


@dataclass(frozen=True)
class Source:
    """The file behind a spec and its side tables.

    Attributes
    ----------
    label
        The file's name as the user gave it, or `<stdin>`.
    path
        The file, None for standard input.
    text
        The bytes that were read.
    sha256
        Of `text`, hexadecimal.
    tables
        The side tables that were read: their path as it stands in the spec -> (file, sha256).
    base
        The folder that side tables are looked up in, and must lie in.
    places
        Finds the lines and columns of many fields in one go; slow (it reads the files again), so it is
        for faults only.
    """

    label: str
    path: Path | None
    text: bytes
    sha256: str
    tables: Mapping[str, tuple[Path, str]] = field(default_factory=dict)
    base: Path = Path()
    places: Callable[[Sequence[Path_]], list[Location]] = field(default=by_path, compare=False, repr=False)

    @property
    def files(self) -> list[Path]:
        """The files that were read, side tables among them."""
        return [path for path in (self.path, *(path for path, _ in self.tables.values())) if path is not None]

    def locate(self, path: Path_) -> Location:
        """The line and column of a field, or of the nearest thing around it that the file holds."""
        return self.places([path])[0]
