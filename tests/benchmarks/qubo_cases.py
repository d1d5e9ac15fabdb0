"""The binary models of the table, chosen before any result was seen, and what is known about them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from support.families import FAMILIES, Vectors, maxcut

#: Variables of the models of each family, and the seeds that they are made from.
SIZES = {
    "sparse": (1_000, 5_000, 20_000),
    "3-regular": (1_000, 5_000, 20_000),
    "grid": (1_000, 5_000, 20_000),
    "assignment": (1_000, 5_000, 20_000),
    "dense": (500, 1_000, 2_500, 5_000),
    "sherrington-kirkpatrick": (500, 1_000, 2_500, 5_000),
}
MODEL_SEEDS = (11, 12)

# Beasley's bqp250 and bqp1000 (OR-Library; literature): energies of the minimised form.
BQP = {
    "bqp250_1": -45607, "bqp250_2": -44810, "bqp250_3": -49037, "bqp250_4": -41274, "bqp250_5": -47961,
    "bqp1000_1": -371438, "bqp1000_2": -354932, "bqp1000_3": -371236, "bqp1000_4": -370675, "bqp1000_5": -352760,
}  # fmt: skip

# Best known cuts of the Gset graphs at hand (literature).
CUTS = {
    "G1": 11624, "G2": 11620, "G3": 11622, "G11": 564, "G12": 556, "G13": 582, "G14": 3064, "G15": 3050, "G16": 3052,
    "G18": 992, "G19": 906, "G20": 941, "G43": 6660, "G44": 6650, "G55": 10299, "G60": 14190,
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A model of the table.

    Attributes
    ----------
    source
        A file, or how the model is made: (family, variables, seed).
    best
        The least energy that is known, None where nothing is published.
    """

    family: str
    name: str
    source: Path | tuple[str, int, int]
    best: float | None = None

    def vectors(self) -> Vectors:
        """(linear, row, col, weight) of the energy that is minimised."""
        if not isinstance(self.source, Path):
            family, n, seed = self.source
            return FAMILIES[family](n, seed)
        return read_rudy(self.source) if self.family == "gset" else read_qubo(self.source)

    def to_json(self) -> dict[str, object]:
        """For the process that runs an engine on it."""
        source = str(self.source) if isinstance(self.source, Path) else list(self.source)
        return {"family": self.family, "name": self.name, "source": source}

    @staticmethod
    def from_json(data: dict[str, object]) -> Case:
        """The inverse of `to_json`."""
        source = data["source"]
        made = Path(source) if isinstance(source, str) else tuple(source)  # type: ignore[arg-type]
        return Case(str(data["family"]), str(data["name"]), made)  # type: ignore[arg-type]


def cases(instances: Path) -> Iterator[Case]:
    """Every file that is at hand, then every made model, family by family."""
    for name, energy in BQP.items():
        path = instances / f"qubo/bqp/{name}.qubo"
        if path.exists():
            yield Case("bqp", name, path, float(energy))
    for name, cut in CUTS.items():
        path = instances / f"qubo/gset/{name}.txt"
        if path.exists():
            yield Case("gset", name, path, float(-cut))
    for family, sizes in SIZES.items():
        for n in sizes:
            for seed in MODEL_SEEDS:
                yield Case(family, f"{family}-{n}-{seed}", (family, n, seed))


def read_qubo(path: Path) -> Vectors:
    """Beasley's models as D-Wave wrote them: a matrix to be maximised, off-diagonals doubled already."""
    lines = [line.split() for line in path.read_text().splitlines() if line and line[0] not in "cp"]
    rows = np.array(lines, dtype=np.float64)
    n = int(rows[:, :2].max()) + 1
    i, j, value = rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64), -rows[:, 2]
    own = i == j
    return np.bincount(i[own], value[own], n), i[~own], j[~own], value[~own]


def read_rudy(path: Path) -> Vectors:
    """A graph whose cut is maximised."""
    numbers = np.array(path.read_text().split(), dtype=np.int64)
    n, edges = int(numbers[0]), numbers[2:].reshape(-1, 3)
    return maxcut(n, edges[:, 0] - 1, edges[:, 1] - 1, edges[:, 2].astype(float))


def energy(vectors: Vectors, sample: np.ndarray) -> float:
    """The energy of a sample; shares nothing with any engine."""
    linear, row, col, weight = vectors
    chosen = np.asarray(sample) == 1
    return float(linear[chosen].sum() + weight[chosen[row] & chosen[col]].sum())
