"""What is written reads back as the same model, by us and by dimod."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import dimod
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.families import sparse
from support.qubo_models import model_of, models

from qamctl.errors import UnsupportedError, UsageError
from qamctl.formats.models import TARGETS, ModelFile, cqm_file, limits, looks_like, read_model, write_dimod, write_model
from qamctl.formats.models.labels import Numbered
from qamctl.qubo import check
from qamctl.qubo.compile import compile_qubo
from qamctl.qubo.model import EQ, GE, LE, Model
from qamctl.qubo.penalties import sufficient_weights

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=8)


def read_back(raw: bytes, folder: Path, **options: str) -> ModelFile:
    file = folder / "model.any"
    file.write_bytes(raw)
    return read_model(str(file), **options)


def states(n: int) -> list[tuple[int, ...]]:
    """All states, or some of them."""
    if n <= 6:
        return list(product((0, 1), repeat=n))
    return [tuple(row) for row in np.random.default_rng(1).integers(0, 2, (64, n)).tolist()]


def plain(model: Model) -> Model:
    """The model without its constraints."""
    return model_of(
        model.linear.tolist(),
        list(zip(model.row.tolist(), model.col.tolist(), model.weight.tolist(), strict=True)),
        offset=model.offset,
    )


@pytest.mark.parametrize("to", TARGETS)
@pytest.mark.parametrize("sense", ["min", "max"])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(model=models(), names=st.lists(NAMES, min_size=6, max_size=6, unique=True), named=st.booleans())
def test_energies_and_constraints_survive(
    to: str, sense: str, model: Model, names: list[str], named: bool, tmp_path: Path
) -> None:
    """Every state has the same energy, and breaks constraints or not, in the model that is read back."""
    whole = model if to in ("cqm", "lp") else plain(model)
    labels = names[: model.n] if named else Numbered(model.n)
    raw = write_model(replace(whole, labels=labels), to, sense=sense)
    assert raw == write_model(replace(whole, labels=labels), to, sense=sense)
    back = read_back(raw, tmp_path, sense=sense)
    assert back.format == {"ising": "json"}.get(to, to)
    assert list(back.model.labels) == list(labels)
    for state in states(model.n):
        energy = check.objective(whole, state)
        assert check.objective(back.model, state) == pytest.approx(energy, abs=1e-9)
        assert back.objective(energy) == (-energy if sense == "max" else energy)
        assert bool(check.violations(back.model, state)) == bool(check.violations(whole, state))


@pytest.mark.parametrize("to", ["lp", "qubo"])
def test_the_sense_survives_where_the_format_has_one(to: str, tmp_path: Path) -> None:
    """LP text and .qubo comments say that the objective is maximised."""
    model = model_of([1.0, -2.0], [(0, 1, 3.0)], offset=4.0)
    assert read_back(write_model(model, to, sense="max"), tmp_path).sense == "max"
    assert read_back(write_model(model, to), tmp_path).sense == "min"


@settings(max_examples=100)
@given(model=models())
def test_dimod_reads_our_cqm_and_lp(model: Model) -> None:
    """dimod finds the same energies and the same feasible states in what we write."""
    for cqm in (
        dimod.ConstrainedQuadraticModel.from_file(write_model(model, "cqm")),
        dimod.lp.loads(write_model(model, "lp")),
    ):
        for state in states(model.n):
            sample = {label: value for label, value in zip(model.labels, state, strict=True) if label in cqm.variables}
            # dimod gives an expression without variables the energy 0, whatever its constant.
            energy = cqm.objective.energy(sample) if cqm.objective.num_variables else cqm.objective.offset
            assert energy == pytest.approx(check.objective(model, state), abs=1e-9)
            assert cqm.check_feasible(sample) == (not check.violations(model, state))


@settings(max_examples=50)
@given(model=models())
def test_dimod_reads_our_bqm_and_spins(model: Model) -> None:
    """dimod finds the same energies in the BQM file and in the JSON of spins."""
    bare = plain(model)
    bqm = dimod.BinaryQuadraticModel.from_file(write_model(bare, "bqm"))
    spins = dimod.BinaryQuadraticModel.from_serializable(json.loads(write_model(bare, "ising")))
    assert spins.vartype is dimod.SPIN
    for state in states(model.n):
        energy = check.objective(bare, state)
        sample = dict(zip(bare.labels, state, strict=True))
        assert bqm.energy(sample) == pytest.approx(energy, abs=1e-9)
        assert spins.energy({key: 2 * value - 1 for key, value in sample.items()}) == pytest.approx(energy, abs=1e-9)


def test_our_bqm_is_the_file_that_dimod_writes() -> None:
    """The bytes are dimod's own, so that whatever reads those reads ours."""
    linear, row, col, weight = sparse(200, 3)
    model = model_of(linear.tolist(), list(zip(row.tolist(), col.tolist(), weight.tolist(), strict=True)), offset=2.5)
    bqm = dimod.BinaryQuadraticModel.from_numpy_vectors(linear, (row, col, weight), 2.5, "BINARY")
    assert write_model(replace(model, labels=Numbered(200)), "bqm") == bqm.to_file().read()


@pytest.mark.parametrize("to", TARGETS)
def test_a_compiled_model_is_written_too(to: str, tmp_path: Path) -> None:
    """The penalty QUBO of a constrained model goes into every format, slack bits named."""
    model = model_of([3.0, -2.0, 1.0], [(0, 1, 2.0)], [[0, 1]], [({0: 2, 1: 3, 2: 4}, LE, 6)], 1.5)
    compiled = compile_qubo(model, sufficient_weights(model))
    back = read_back(write_model(compiled, to), tmp_path).model
    assert list(back.labels) == list(compiled.labels)
    for state in states(compiled.n):
        assert check.objective(back, state) == pytest.approx(check.energy(compiled, state), abs=1e-9)


@pytest.mark.parametrize("to", ["qubo", "ising", "bqm"])
def test_constraints_are_never_dropped(to: str) -> None:
    """A format without constraints refuses a model that has some, and says what to do."""
    with pytest.raises(UsageError, match="penalty QUBO"):
        write_model(model_of([1.0, 2.0], (), [[0, 1]]), to)


def test_an_unknown_target_is_refused() -> None:
    """The message names the formats there are."""
    with pytest.raises(UsageError, match="qubo, ising, bqm, cqm, lp"):
        write_model(model_of([1.0]), "mps")


@pytest.mark.parametrize("to", TARGETS)
def test_small_models_are_written(to: str, tmp_path: Path) -> None:
    """No variable at all, one, and one without a coefficient are models like others."""
    for linear in ([], [2.0], [0.0]):
        back = read_back(write_model(model_of(linear, offset=1.5), to), tmp_path).model
        assert (back.n, back.linear.tolist(), back.offset, len(back.row)) == (len(linear), linear, 1.5, 0)


def test_names_of_constraints_are_kept(tmp_path: Path) -> None:
    """CQM and LP carry the names that they are given, and find the groups again."""
    model = model_of([1.0] * 4, (), [[0, 1]], [({2: 1, 3: 2}, LE, 2), ({0: 1, 2: 1}, GE, 1), ({1: 1, 3: 1}, EQ, 1)])
    for to in ("cqm", "lp"):
        raw = write_model(model, to, row_names=("load", "cover", ""), group_names=("pick",))
        back = read_back(raw, tmp_path)
        assert (list(back.group_names), list(back.row_names)) == (["pick"], ["load", "cover", "row2"])
        assert back.model.con_sense.tolist() == [LE, GE, EQ]
    # Names that repeat would be one constraint in dimod: then they are numbered.
    raw = write_model(model, "cqm", row_names=("same", "same", "same"), group_names=("same",))
    assert len(dimod.ConstrainedQuadraticModel.from_file(raw).constraints) == 4


def test_what_a_cqm_has_no_room_for_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer has the reader's limit: as many files as are read, and no more."""
    model = model_of([1.0] * 4, (), [[0, 1]], [({2: 1, 3: 2}, LE, 2), ({0: 1, 2: 1}, GE, 1)])
    files = 3 + 3 * 3 + 1
    for module in (cqm_file, write_dimod):
        monkeypatch.setattr(module, "CQM_FILES", files)
    assert read_back(write_model(model, "cqm"), tmp_path).model.n == 4
    for module in (cqm_file, write_dimod):
        monkeypatch.setattr(module, "CQM_FILES", files - 1)
    with pytest.raises(UnsupportedError, match=r"no room for the 3 constraints .* --to lp") as caught:
        write_model(model, "cqm")
    assert caught.value.code == 8
    assert limits.CQM_FILES == 1_000_000
    assert read_back(write_model(model, "lp"), tmp_path).model.n == 4


def test_names_that_lp_does_not_allow_get_stand_ins(tmp_path: Path) -> None:
    """Keywords, numbers and blanks are written under other names, which comments explain."""
    labels = ["x0", "end", "e5", "a b", "7", "naïve", "st", "x[1]"]
    model = replace(model_of([1.0] * 8), labels=labels)
    raw = write_model(model, "lp")
    assert list(read_back(raw, tmp_path).model.labels) == labels
    cqm = dimod.lp.loads(raw)
    assert len(cqm.variables) == 8
    assert "x0" in cqm.variables


def test_large_numbers_are_exact(tmp_path: Path) -> None:
    """Coefficients survive to the last bit, whatever their size."""
    values = [1e300, -1e-300, 0.1, 2.0**60, 1 / 3, 123456789.125]
    model = model_of(values, [(0, 1, 1e-17), (2, 3, -1e17)])
    for to in ("qubo", "bqm", "cqm", "lp"):
        back = read_back(write_model(model, to), tmp_path).model
        assert back.linear.tolist() == values
        assert back.weight.tolist() == [1e-17, -1e17]


def test_what_is_written_is_recognised() -> None:
    """Each format is told from its own content."""
    model = model_of([1.0, -2.0], [(0, 1, 3.0)])
    found = {to: looks_like(write_model(model, to)) for to in TARGETS}
    assert found == {"qubo": "qubo", "ising": "json", "bqm": "bqm", "cqm": "cqm", "lp": "lp"}


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash is standard input, and the model is called so."""
    raw = write_model(model_of([1.0, -2.0]), "qubo")
    monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": io.BytesIO(raw)}))
    back = read_model("-")
    assert (back.name, back.source.label, back.source.path, back.model.n) == ("model", "<stdin>", None, 2)
