"""Which problems the table has, chosen before any result was seen, and what is known about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from best_known import of_project, of_shops, of_table

from qamctl.formats import read

#: Fisher and Thompson's two, and Lawrence's first twenty.
JOBSHOP = ("ft06", "ft10", *(f"la{k:02}" for k in range(1, 21)))

# PSPLIB cells are a full grid of network complexity (NC, 3 levels), resource factor (RF, 4) and resource strength
# (RS, 4 in j60, 5 in j120): cell = 1 + (NC * 4 + RF) * levels(RS) + RS. Ten of the cells at hand each, spread so
# that every level of every parameter is there at least twice; of RS 0.4 in j120 there is one.
J60 = (1, 6, 10, 16, 21, 27, 30, 36, 41, 47)
J120 = (3, 6, 18, 25, 29, 32, 36, 45, 52, 58)

WORKFLOWS = (
    "1000genome-chameleon-18ch-100k-001",
    "epigenomics-chameleon-hep-7seq-100k-001",
    "montage-chameleon-2mass-025d-001",
)
AGENTS = (4, 16, 64)


@dataclass(frozen=True)
class Case:
    """A problem of the table.

    Attributes
    ----------
    best
        The best known makespan, None where none is published.
    best_bound
        The best known lower bound, to unmask bounds that are too high; `best` where it is proved optimal.
    """

    family: str
    name: str
    path: Path
    format: str
    agents: int | None = None
    best: float | None = None
    best_bound: float | None = None

    def data(self) -> dict[str, Any]:
        """The problem file's data."""
        return read(self.format, self.path.read_text(), name=self.path.name, agents=self.agents)


def cases(instances: Path) -> Iterator[Case]:
    """Every problem whose file is at hand, family by family."""
    schedule = instances / "schedule"
    shops = of_shops(schedule / "jobshop/best_known.json")
    for name in JOBSHOP:
        path = schedule / f"jobshop/{name}.txt"
        yield Case("jobshop", name, path, "jobshop", None, *shops[name])
    table = of_table(schedule / "best_known.csv")
    for family, cells in (("j60", J60), ("j120", J120)):
        for cell in cells:
            name = f"{family}_{cell}_1"
            yield Case(family, name, schedule / f"rcpsp/{family}/{name}.rcp", "rcpsp", None, of_project(table, name))
    for name in WORKFLOWS:
        for agents in AGENTS:
            path = instances / f"orchestrate/workflows/{name}.json"
            yield Case("workflows", f"{name.split('-')[0]}@{agents}", path, "wfcommons", agents)
