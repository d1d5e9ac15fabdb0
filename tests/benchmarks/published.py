"""Which published problems are at hand, and what is known about them, family by family."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from best_known import of_project, of_shops, of_table

#: Each family's importer, and where its files lie.
FAMILIES = {
    "jobshop": ("jobshop", "jobshop", "*.txt"),
    "fjsp": ("fjsp", "flexible-jobshop", "*.txt"),
    "j30": ("rcpsp", "rcpsp/j30", "*.rcp"),
    "j60": ("rcpsp", "rcpsp/j60", "*.rcp"),
    "j120": ("rcpsp", "rcpsp/j120", "*.rcp"),
    "mmlib": ("mmlib", "multimode-rcpsp", "*.txt"),
    "pmp": ("pmp", "parallel-machines", "*.txt"),
}
#: What the table of best known values calls the problems of two of them.
TABLED = {"mmlib": "MMRCPSP", "pmp": "PMP"}


@dataclass(frozen=True)
class Case:
    """A published problem.

    Attributes
    ----------
    format
        The name of its importer.
    best
        The best known makespan.
    bound
        The best known lower bound, None where none is published.
    """

    family: str
    format: str
    name: str
    path: Path
    best: int
    bound: int | None = None


def cases(instances: Path, *families: str) -> Iterator[Case]:
    """The files of some families, of all where none is named."""
    folder = instances / "schedule"
    table = of_table(folder / "best_known.csv")
    for family in families or FAMILIES:
        format, at, pattern = FAMILIES[family]
        shops = of_shops(folder / at / "best_known.json") if family in ("jobshop", "fjsp") else {}
        for path in sorted((folder / at).glob(pattern), key=lambda path: (len(path.name), path.name)):
            if shops:
                best, bound = shops[path.stem]
                yield Case(family, format, path.stem, path, best, bound)
            elif family in TABLED:
                yield Case(family, format, path.stem, path, table[TABLED[family], path.name])
            else:
                best = of_project(table, path.stem)
                # All projects of 30 tasks are solved (Demeulemeester and Herroelen, Management Science 43, 1997).
                yield Case(family, format, path.stem, path, best, best if family == "j30" else None)
