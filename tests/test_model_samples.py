"""Tables of samples: joined, ordered, exact, and written so that others read them back."""

from __future__ import annotations

import csv
import io
import json
import math
from fractions import Fraction

import dimod
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.model_results import small_model
from support.qubo_models import model_of, models

from qamctl.kernels.couplings import couplings
from qamctl.model_samples import energies, join, make_table, to_bytes
from qamctl.model_task import make_question
from qamctl.qubo import check


@settings(deadline=None, max_examples=60)
@given(models(), st.integers(0, 2**32), st.integers(0, 12))
def test_a_table_holds_each_sample_once(model, seed: int, count: int) -> None:  # type: ignore[no-untyped-def]
    """Equal samples are joined, feasible ones come first, then by energy; nothing is lost on the way."""
    question = make_question(model)
    samples = np.random.default_rng(seed).integers(0, 2, (count, model.n)).astype(np.uint8)
    table = make_table(model, question.objective, samples)
    assert int(table.occurrences.sum()) == count
    assert {tuple(s) for s in table.samples.tolist()} == {tuple(s) for s in samples.tolist()}
    rank = list(zip(~table.feasible, table.energies, strict=True))
    assert rank == sorted(rank)
    for sample, energy, kept in zip(table.samples, table.energies, table.feasible, strict=True):
        assert energy == pytest.approx(check.objective(model, sample), abs=1e-9)
        assert kept == (check.violations(model, sample) == [])
    assert table.fraction == (
        None if count == 0 else pytest.approx(sum(not check.violations(model, s) for s in samples) / count)
    )


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.sampled_from((1, 10, 100, 3)))
def test_energies_are_exact(seed: int, unit: int) -> None:
    """Energies are those of exact arithmetic on the decimals, or on the doubles, rounded once."""
    rng = np.random.default_rng(seed)
    linear, weight = rng.integers(-99, 100, 8) / unit, rng.integers(-99, 100, 10) / unit
    ends = rng.permutation([(i, j) for i in range(8) for j in range(i + 1, 8)])[:10]
    model = couplings(linear, ends[:, 0], ends[:, 1], weight, offset=1.0)
    samples = rng.integers(0, 2, (20, 8)).astype(np.uint8)
    exact = (lambda v: Fraction(round(v * unit), unit)) if unit != 3 else Fraction
    for sample, energy in zip(samples, energies(model, samples), strict=True):
        total = sum((exact(v) for v in linear[sample != 0]), Fraction(1))
        total += sum(exact(w) for (i, j), w in zip(ends, weight, strict=True) if sample[i] and sample[j])
        assert math.isclose(energy, float(total), rel_tol=2**-51, abs_tol=2**-45)


def table_of_three():  # type: ignore[no-untyped-def]
    """b alone twice, and one that breaks the row."""
    question = make_question(small_model())
    return make_table(question.model, question.objective, np.array([[0, 1, 0], [0, 1, 1], [0, 1, 0]], np.uint8))


def test_npz() -> None:
    """numpy reads the arrays back without pickles, and the bytes are the same each time."""
    data = to_bytes(table_of_three(), ["a", "b", "ć"], ".npz")
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        held = {name: file[name].tolist() for name in file.files}
    assert held == {
        "variables": ["a", "b", "ć"], "samples": [[0, 1, 0], [0, 1, 1]], "energies": [-2.0, 1.0],
        "occurrences": [2, 1], "feasible": [True, False],
    }  # fmt: skip
    assert data == to_bytes(table_of_three(), ["a", "b", "ć"], ".npz")


def test_csv() -> None:
    """A table has a column for each variable, whatever its name, then three figures."""
    text = to_bytes(table_of_three(), ["a", 'b,"', "c"], ".csv").decode()
    assert list(csv.reader(io.StringIO(text))) == [
        ["a", 'b,"', "c", "energy", "occurrences", "feasible"],
        ["0", "1", "0", "-2.0", "2", "1"],
        ["0", "1", "1", "1.0", "1", "0"],
    ]


def test_dimod_json() -> None:
    """dimod takes its own form back."""
    found = dimod.SampleSet.from_serializable(json.loads(to_bytes(table_of_three(), ["a", "b", "c"], ".json")))
    assert list(found.variables) == ["a", "b", "c"]
    assert found.record.sample.tolist() == [[0, 1, 0], [0, 1, 1]]
    assert found.record.energy.tolist() == [-2.0, 1.0]
    assert found.record.num_occurrences.tolist() == [2, 1]
    assert found.record.is_feasible.tolist() == [True, False]


@pytest.mark.parametrize("suffix", [".npz", ".csv", ".json"])
def test_nothing_to_write(suffix: str) -> None:
    """No samples, or no variables, are written like others."""
    question = make_question(model_of([1.0]))
    assert to_bytes(join(question.model, []), ["a"], suffix)
    empty = make_question(model_of([]))
    table = make_table(empty.model, empty.objective, np.zeros((2, 0), np.uint8))
    assert (len(table), table.occurrences.tolist()) == (1, [2])
    assert to_bytes(table, [], suffix)


def test_tables_are_joined() -> None:
    """The same sample of two engines is one row that was met by both."""
    question = make_question(small_model())
    both = join(question.model, [table_of_three(), table_of_three()])
    assert both.occurrences.tolist() == [4, 2]
