"""Samples of a model as a table: joined, ordered, and written as numpy arrays, CSV or dimod's JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qamctl.kernels.couplings import LARGE, Couplings, Floats, Ints, Samples
from qamctl.qubo.feasible import feasible
from qamctl.qubo.model import Model
from qamctl.runs.canonical import dumps

#: Entries of a block of samples and couplings that are looked at together.
BLOCK = 2**22


@dataclass(frozen=True)
class SampleTable:
    """Distinct samples, the best first: feasible before others, then by energy.

    Attributes
    ----------
    samples
        [k, n] 0 and 1.
    energies
        [k] of the minimised objective, penalties apart.
    occurrences
        [k] how often each was met.
    feasible
        [k] whether every constraint is kept.
    """

    samples: Samples
    energies: Floats
    occurrences: Ints
    feasible: np.ndarray

    def __len__(self) -> int:
        return len(self.energies)

    @property
    def fraction(self) -> float | None:
        """The share of samples met that are feasible."""
        met = int(self.occurrences.sum())
        return float(self.occurrences[self.feasible].sum()) / met if met else None


def make_table(
    model: Model, objective: Couplings, samples: np.ndarray, occurrences: np.ndarray | None = None
) -> SampleTable:
    """Samples [s, n] as a table; equal ones are joined.

    Parameters
    ----------
    objective
        The model's, as the kernels hold it.
    occurrences
        [s] how often each was met; None: once.
    """
    rows = np.asarray(samples, np.uint8).reshape(len(samples), model.n)
    first, met = _distinct(rows, np.ones(len(rows), np.int64) if occurrences is None else np.asarray(occurrences))
    kept = rows[first]
    return _ranked(kept, energies(objective, kept), met, feasible(model, kept))


def join(model: Model, tables: Sequence[SampleTable]) -> SampleTable:
    """Several tables of one model as one."""
    if not tables:
        return SampleTable(np.zeros((0, model.n), np.uint8), np.zeros(0), np.zeros(0, np.int64), np.zeros(0, bool))
    rows = np.concatenate([table.samples for table in tables])
    first, met = _distinct(rows, np.concatenate([table.occurrences for table in tables]))
    values = np.concatenate([table.energies for table in tables])[first]
    return _ranked(rows[first], values, met, np.concatenate([table.feasible for table in tables])[first])


def _distinct(rows: Samples, met: Ints) -> tuple[Ints, Ints]:
    """(the first place of each distinct sample, how often each was met)."""
    if len(rows) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    packed = np.packbits(rows, axis=1) if rows.shape[1] else np.zeros((len(rows), 1), np.uint8)
    _, first, place = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    return first.astype(np.int64), np.bincount(place.ravel(), weights=met, minlength=len(first)).astype(np.int64)


def _ranked(rows: Samples, values: Floats, met: Ints, kept: np.ndarray) -> SampleTable:
    order = np.lexsort((np.arange(len(rows)), values, ~kept))
    return SampleTable(rows[order], values[order], met[order], kept[order])


def energies(model: Couplings, samples: Samples) -> Floats:
    """[s] the energies of samples [s, n]; exact where the model's arithmetic is."""
    if not model.exact or len(model.other) >= LARGE:
        return np.array([model.energy(sample) for sample in samples], np.float64)
    row = np.repeat(np.arange(model.n, dtype=np.int32), np.diff(model.first))
    above = row < model.other
    row, col, weight = row[above], model.other[above], model.weight[above].astype(np.float64)
    linear = model.linear.astype(np.float64)
    out = np.empty(len(samples))
    block = max(1, BLOCK // max(1, len(row)))
    for at in range(0, len(samples), block):
        part = samples[at : at + block] != 0
        total = part @ linear + (part[:, row] & part[:, col]) @ weight
        out[at : at + block] = total / model.scale
    return out + model.offset if model.offset else out


def to_bytes(table: SampleTable, labels: Sequence[str], suffix: str) -> bytes:
    """The content of a file of samples.

    Parameters
    ----------
    labels
        [n] of the variables.
    suffix
        `.npz`: arrays `variables`, `samples`, `energies`, `occurrences`, `feasible`. `.csv`: a column for each
        variable, then `energy`, `occurrences`, `feasible`. `.json`: `dimod.SampleSet.to_serializable`.
    """
    return {".npz": _npz, ".csv": _csv, ".json": _dimod}[suffix](table, [str(label) for label in labels])


def _npz(table: SampleTable, labels: list[str]) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(
        out, variables=np.array(labels, dtype=np.str_), samples=table.samples, energies=table.energies,
        occurrences=table.occurrences, feasible=table.feasible,
    )  # fmt: skip
    return out.getvalue()


def _csv(table: SampleTable, labels: list[str]) -> bytes:
    import csv

    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow([*labels, "energy", "occurrences", "feasible"])
    columns = zip(table.samples.tolist(), table.energies.tolist(), table.occurrences.tolist(), table.feasible.tolist(),
                  strict=True)  # fmt: skip
    rows.writerows([*sample, energy, met, int(kept)] for sample, energy, met, kept in columns)
    return out.getvalue().encode()


def _dimod(table: SampleTable, labels: list[str]) -> bytes:
    import dimod

    found = dimod.SampleSet.from_samples(  # type: ignore[no-untyped-call]
        (table.samples.astype(np.int8), labels), "BINARY", energy=table.energies,
        num_occurrences=table.occurrences, is_feasible=table.feasible, sort_labels=False,
    )  # fmt: skip
    return dumps(json.loads(json.dumps(found.to_serializable()))).encode()
