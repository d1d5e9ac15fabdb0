"""dimod's files: BQM, CQM and JSON, sound ones and damaged ones."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import dimod
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.model_files import fault_of, read_text, terms_of

from qamctl.formats.models import bqm_file, bqm_json, cqm_file
from qamctl.qubo import check


def random_bqm(vartype: str, seed: int, dtype: type = np.float64) -> dimod.BinaryQuadraticModel:
    bqm = dimod.BinaryQuadraticModel(9, vartype, dtype=dtype)
    bqm.update(dimod.generators.gnm_random_bqm(9, 20, vartype, random_state=seed))
    return bqm


def same_energies(found: Any, bqm: dimod.BinaryQuadraticModel, within: float = 1e-9) -> None:
    for state in np.random.default_rng(1).integers(0, 2, (40, found.model.n)).tolist():
        values = [2 * x - 1 for x in state] if bqm.vartype is dimod.SPIN else state
        energy = bqm.energy(dict(zip(bqm.variables, values, strict=True)))
        assert check.objective(found.model, state) == pytest.approx(energy, abs=within)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    vartype=st.sampled_from(["SPIN", "BINARY"]),
    seed=st.integers(0, 10**6),
    version=st.sampled_from([1, 2]),
    labels=st.sampled_from(["numbers", "names", "tuples"]),
    dtype=st.sampled_from([np.float64, np.float32]),
)
def test_bqm_files_have_the_energies_that_dimod_gives(
    vartype: str, seed: int, version: int, labels: str, dtype: type, tmp_path: Path
) -> None:
    """Spins and binary variables, both versions, both precisions, any labels."""
    bqm = random_bqm(vartype, seed, dtype)
    if labels != "numbers":
        bqm.relabel_variables({i: ("v", i) if labels == "tuples" and i % 2 else f"name {i}" for i in range(9)})
    found = read_text(tmp_path, bqm.to_file(version=version).read(), "m.bqm")
    assert (found.format, found.sense) == ("bqm", "min")
    assert list(found.model.labels) == [str(v) for v in bqm.variables]
    same_energies(found, bqm, 1e-4)


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
def test_json_has_the_energies_that_dimod_gives(vartype: str, tmp_path: Path) -> None:
    """What `json.dumps(bqm.to_serializable())` writes is read, names and all."""
    bqm = random_bqm(vartype, 5)
    same_energies(read_text(tmp_path, json.dumps(bqm.to_serializable())), bqm)
    bqm.relabel_variables({i: f"v{i}" for i in range(9)})
    found = read_text(tmp_path, json.dumps(bqm.to_serializable(), indent=1))
    assert (found.format, list(found.model.labels)) == ("json", list(bqm.variables))
    same_energies(found, bqm)


@pytest.mark.parametrize("linear", [{}, {"a": 2.0}, {"a": 0.0}])
def test_small_bqm_files(linear: dict[str, float], tmp_path: Path) -> None:
    """No variable, one variable, and no coefficient are models."""
    bqm = dimod.BinaryQuadraticModel(linear, {}, 1.5, "BINARY")
    for raw in (bqm.to_file().read(), bqm.to_file(version=1).read(), json.dumps(bqm.to_serializable()).encode()):
        assert terms_of(read_text(tmp_path, raw)) == ([float(v) for v in linear.values()], {}, 1.5)


BQM = random_bqm("BINARY", 1).to_file().read()
BIAS = np.float64(random_bqm("BINARY", 1).get_linear(0)).tobytes()


def changed(raw: bytes, old: bytes, new: bytes) -> bytes:
    """The file with a piece of its header replaced, of the same length."""
    assert raw.count(old) == 1
    assert len(old) == len(new)
    return raw.replace(old, new)


BQM_FAULTS: dict[str, tuple[Callable[[], bytes], str]] = {
    "cut": (lambda: BQM[:-40], "the couplings needs"),
    "cut header": (lambda: BQM[:30], "byte 14: the header needs"),
    "magic alone": (lambda: b"DIMODBQM", "byte 8: the version needs 2 bytes"),
    "version": (lambda: BQM[:8] + b"\7\1" + BQM[10:], "version 7.1 is not known"),
    "header": (lambda: changed(BQM, b'{"dtype"', b'["dtype"'), "the header is not valid JSON"),
    "vartype": (lambda: changed(BQM, b'"BINARY"', b'"BINARI"'), "the header's vartype is neither"),
    "shape": (lambda: changed(BQM, b"[9, 20]", b"[9, -2]"), "the shape `[9, -2]` in the header does not fit"),
    "huge": (lambda: changed(BQM, b"[9, 20]", b"[9e 9 ]"), "the header is not valid JSON"),
    "pairs": (lambda: changed(BQM, b"[9, 20]", b"[9, 19]"), "rows"),
    "dtype": (lambda: changed(BQM, b'"float64"', b'"object0"'), 'the header gives `"object0"` as dtype'),
    "itype": (lambda: BQM.replace(b'"itype": "int32"', b'"itype": "float"'), 'the header gives `"float"` as itype'),
    "nan": (lambda: BQM.replace(BIAS, np.float64(np.nan).tobytes()), "a bias is not a finite number"),
    "labels": (lambda: changed(BQM, b'"variables": false', b'"variables": 12345'), "the section VARS needs 4 bytes"),
}  # fmt: skip


@pytest.mark.parametrize("name", BQM_FAULTS)
def test_damaged_bqm_files_are_refused(name: str, tmp_path: Path) -> None:
    """Whatever the header claims that the bytes do not bear out is a fault."""
    make, message = BQM_FAULTS[name]
    assert message in fault_of(tmp_path, make(), "m.bqm")


def test_a_declared_size_takes_no_memory(tmp_path: Path) -> None:
    """A header that announces 10^9 variables is refused by the length of the file, or by the limit."""
    header = b'{"shape": [1000000000, 0], "vartype": "SPIN", "dtype": "float64", "itype": "int32", "ntype": "int32"}'
    raw = b"DIMODBQM\2\0" + len(header).to_bytes(4, "little") + header + bytes(100)
    assert "does not fit the file's length" in fault_of(tmp_path, raw)


def test_labels_that_read_alike_are_refused(tmp_path: Path) -> None:
    """1 and "1" would be one name."""
    bqm = dimod.BinaryQuadraticModel({1: 1, "1": 2}, {}, "BINARY")
    assert "two variables are called `1`" in fault_of(tmp_path, bqm.to_file().read())
    bqm = dimod.BinaryQuadraticModel({"a\nb": 1}, {}, "BINARY")
    assert "a label must not hold control characters" in fault_of(tmp_path, bqm.to_file().read())


JSON_FAULTS: dict[str, tuple[Mapping[str, Any], str]] = {
    "type": ({"type": "Other"}, "`type` is not BinaryQuadraticModel"),
    "bytes": ({"use_bytes": True}, "its arrays are bytes"),
    "vartype": ({"variable_type": "INTEGER"}, "`variable_type` is neither"),
    "no list": ({"linear_biases": 3}, "`linear_biases` is not a list"),
    "text": ({"linear_biases": [1, "2"]}, "`linear_biases` holds something other than numbers"),
    "truth": ({"quadratic_biases": [True]}, "`quadratic_biases` holds something other than numbers"),
    "float index": ({"quadratic_head": [0.0]}, "`quadratic_head` holds something other than whole numbers"),
    "large index": ({"quadratic_head": [10**20]}, "`quadratic_head` holds a number that is too large"),
    "index": ({"quadratic_tail": [2]}, "`quadratic_tail` holds an index outside 0..1"),
    "length": ({"quadratic_tail": [1, 1]}, "`quadratic_tail` has 2 entries, and `quadratic_biases` 1"),
    "count": ({"num_variables": 3}, "`num_variables` is `3`, and 2 follow"),
    "offset": ({"offset": None}, "`offset` is not a number"),
    "labels": ({"variable_labels": ["a"]}, "there are 2 variables, and not as many labels"),
}


@pytest.mark.parametrize("name", JSON_FAULTS)
def test_faults_of_json_have_their_place(name: str, tmp_path: Path) -> None:
    """Each field that is wrong is told with its line."""
    change, message = JSON_FAULTS[name]
    data = dimod.BinaryQuadraticModel({"a": 1, "b": 2}, {("a", "b"): 3}, 0.5, "BINARY").to_serializable()
    text = json.dumps(data | change, indent=1)
    fault = fault_of(tmp_path, text, format="json")
    assert message in fault
    if name != "labels":
        line = int(fault.split(":")[0])
        assert f'"{next(iter(change))}"' in text.splitlines()[line - 1]


def test_numbers_that_are_not_finite_are_refused_in_json(tmp_path: Path) -> None:
    """NaN is not JSON."""
    data = dimod.BinaryQuadraticModel({"a": float("nan")}, {}, "BINARY").to_serializable()
    assert "NaN is not a number that can be used" in fault_of(tmp_path, json.dumps(data))


def small_cqm() -> dimod.ConstrainedQuadraticModel:
    """Binary variables and a spin, a load, a choice, and an integer between 0 and 1."""
    cqm = dimod.ConstrainedQuadraticModel()
    x, y, z = dimod.Binaries("xyz")
    s, i = dimod.Spin("s"), dimod.Integer("i", lower_bound=0, upper_bound=1)
    cqm.set_objective(x * y - 2 * z + s * x - s + 3 * i + i * z + 1)
    cqm.add_constraint(x + 2 * y + 0.5 * s - i <= 2, label="load")
    cqm.add_constraint(2 * x + 2 * y + 2 * z == 2, label="one")
    cqm.add_constraint(x + s - y >= -1, label=("cover", 1))
    cqm.add_discrete(["u", "v"], label="pick")
    return cqm


@pytest.mark.parametrize("compress", [False, True])
def test_cqm_files_have_the_energies_and_constraints_that_dimod_gives(compress: bool, tmp_path: Path) -> None:
    """Every state has dimod's energy and feasibility; choices of one, marked or not, are groups."""
    cqm = small_cqm()
    found = read_text(tmp_path, cqm.to_file(compress=compress).read())
    assert (found.format, list(found.model.labels)) == ("cqm", [str(v) for v in cqm.variables])
    assert (sorted(found.group_names), sorted(found.row_names)) == (["one", "pick"], ["('cover', 1)", "load"])
    for state in product((0, 1), repeat=found.model.n):
        sample = dict(zip(cqm.variables, state, strict=True))
        sample["s"] = 2 * sample["s"] - 1
        assert check.objective(found.model, state) == pytest.approx(cqm.objective.energy(sample), abs=1e-9)
        assert (not check.violations(found.model, state)) == cqm.check_feasible(sample)


def test_a_marked_choice_keeps_its_group(tmp_path: Path) -> None:
    """Where equations share variables, those that are marked discrete become the groups."""
    cqm = dimod.ConstrainedQuadraticModel()
    x, z = dimod.Binaries("xz")
    cqm.add_constraint(x + z == 1, label="first")
    cqm.add_discrete(["x", "y"], label="marked")
    found = read_text(tmp_path, cqm.to_file().read())
    assert (list(found.group_names), list(found.row_names)) == (["marked"], ["first"])


def test_a_cqm_without_anything(tmp_path: Path) -> None:
    """No variable is a model."""
    assert read_text(tmp_path, dimod.ConstrainedQuadraticModel().to_file().read()).model.n == 0


def refused_cqm(name: str) -> dimod.ConstrainedQuadraticModel:
    """What a binary model with linear constraints does not hold."""
    cqm = dimod.ConstrainedQuadraticModel()
    x, y = dimod.Binaries("xy")
    if name == "integer":
        cqm.set_objective(x + dimod.Integer("count", upper_bound=9))
    elif name == "real":
        cqm.set_objective(x + dimod.Real("share"))
    elif name == "quadratic":
        cqm.add_constraint(x * y <= 0, label="both")
    elif name == "soft":
        cqm.add_constraint(x + y <= 1, label="wish", weight=2.0)
    elif name == "decimals":
        cqm.add_constraint(x + 0.12345678 * y <= 1, label="fine")
    elif name == "large":
        cqm.add_constraint(x + 1e13 * y <= 1, label="big")
    elif name == "infinite":
        cqm.add_constraint(x + y <= float("inf"), label="open")
    elif name == "nan":
        cqm.set_objective(x + float("nan") * y)
    return cqm


CQM_REFUSED = {
    "integer": "the variable `count` is integer, between 0 and 9; a model here is binary (write an integer in bits",
    "real": "the variable `share` is real",
    "quadratic": "the constraint both is quadratic (replace each product",
    "soft": "the constraint wish is soft (add its penalty to the objective",
    "decimals": "in fine, a number has more than 6 decimals",
    "large": "in big, its numbers, made whole, are beyond 1e+12",
    "infinite": "the right side of the constraint open is not a finite number",
    "nan": "in the objective, a bias is not a finite number",
}


@pytest.mark.parametrize("name", CQM_REFUSED)
def test_what_no_binary_model_holds_is_refused_by_name(name: str, tmp_path: Path) -> None:
    """Integers, soft and quadratic constraints are named, with what to do."""
    assert CQM_REFUSED[name] in fault_of(tmp_path, refused_cqm(name).to_file().read())


def repacked(change: Callable[[dict[str, bytes]], None], header: bytes | None = None) -> bytes:
    """A CQM file whose archive is sound and whose content is changed."""
    raw = small_cqm().to_file().read()
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    head = raw[: raw.index(b"PK\3\4")] if header is None else header
    out = io.BytesIO(head)
    out.seek(len(head))
    with zipfile.ZipFile(out, "a") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def cqm_header(data: Any) -> bytes:
    text = json.dumps(data).encode()
    return b"DIMODCQM\2\0" + len(text).to_bytes(4, "little") + text


def _sense(files: dict[str, bytes]) -> None:
    files['constraints/"load"/sense'] = b"<"


def _out_of_range(files: dict[str, bytes]) -> None:
    lhs = files['constraints/"load"/lhs']
    at = lhs.index(b"INDX") + 8
    files['constraints/"load"/lhs'] = lhs[:at] + (77).to_bytes(4, "little") + lhs[at + 4 :]


CQM_FAULTS: dict[str, tuple[Callable[[], bytes], str]] = {
    "no varinfo": (lambda: repacked(lambda files: files.pop("varinfo") and None), "`varinfo` is missing"),
    "no lhs rhs": (lambda: repacked(lambda files: files.pop('constraints/"load"/rhs') and None), "rhs` is missing"),
    "sense": (lambda: repacked(_sense), "the constraint load has no sense"),
    "index": (lambda: repacked(_out_of_range), "in the constraint load, it names a variable that is not there"),
    "labels": (lambda: repacked(lambda files: files.update({"variable_labels.json": b'["a"]'})), "not as many labels"),
    "label": (lambda: repacked(lambda files: files.update({"constraints/{/lhs": b""})), "is not valid JSON"),
    "objective": (lambda: repacked(lambda files: files.update({"objective": b"DIMOD"})), "in the objective, byte 0"),
    "header": (lambda: repacked(lambda files: None, cqm_header([])), "the header is not a JSON object"),
    "no count": (lambda: repacked(lambda files: None, cqm_header({})), "does not say how many variables"),
    "count": (lambda: repacked(lambda files: None, cqm_header({"num_variables": 10**9})), "1,000,000,000 variab"),
    "count 2": (lambda: repacked(lambda files: None, cqm_header({"num_variables": 10**6})), "list of variables needs"),
    "old": (lambda: b"DIMODCQM\1\3" + small_cqm().to_file().read()[10:], "version 1.3 is not known (write it with"),
    "no archive": (lambda: cqm_header({"num_variables": 1}) + b"zip", "its archive cannot be opened"),
    "cut": (lambda: small_cqm().to_file().read()[:-60], "its archive cannot be opened"),
    "crc": (lambda: small_cqm().to_file().read().replace(b"<=", b"=="), "sense` cannot be unpacked"),
}  # fmt: skip


@pytest.mark.parametrize("name", CQM_FAULTS)
def test_damaged_cqm_files_are_refused(name: str, tmp_path: Path) -> None:
    """Missing, cut and lying parts are told by name."""
    make, message = CQM_FAULTS[name]
    assert message in fault_of(tmp_path, make(), "m.cqm")


def test_archives_that_unpack_to_too_much_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A zip bomb is refused by what it claims, before it is unpacked; so is one of too many files."""
    raw = repacked(lambda files: files.update({"varinfo": b"\0" * 5000}))
    monkeypatch.setattr(cqm_file, "SIZE", 4000)
    assert "it unpacks to more than" in fault_of(tmp_path, raw)
    monkeypatch.setattr(cqm_file, "CQM_FILES", 3)
    assert "it holds more than 3 files" in fault_of(tmp_path, raw)
    monkeypatch.setattr(cqm_file, "CQM_FILES", 100)
    monkeypatch.setattr(cqm_file, "SIZE", 10**6)
    monkeypatch.setattr(cqm_file, "CONSTRAINTS", 3)
    assert "4 constraints are more than the 3" in fault_of(tmp_path, small_cqm().to_file().read())


def test_what_is_no_file_of_dimod(tmp_path: Path) -> None:
    """Another magic word, a missing section, and labels nested without end are told."""
    assert "it does not begin with DIMODBQM" in fault_of(tmp_path, "p qubo 0 0 0 0\n", format="bqm")
    assert "the header is not a JSON object" in fault_of(tmp_path, b"DIMODBQM\2\0" + (2).to_bytes(4, "little") + b"[]")
    named = dimod.BinaryQuadraticModel({"a": 1, "b": 2}, {}, "BINARY").to_file().read()
    assert "the section VARS is missing" in fault_of(tmp_path, named.replace(b"VARS", b"WARS"))
    cqm = repacked(lambda files: files.update({"variable_labels.json": b"[" * 990 + b"]" * 990}))
    assert "label" in fault_of(tmp_path, cqm)


@pytest.mark.parametrize("format", ["bqm", "json"])
def test_too_many_variables_are_refused(format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit holds for files that are as long as they say, too."""
    module = {"bqm": bqm_file, "json": bqm_json}[format]
    monkeypatch.setattr(module, "too_many_variables", lambda n: f"{n} are too many" if n > 8 else None)
    bqm = random_bqm("SPIN", 1)
    raw = BQM if format == "bqm" else json.dumps(bqm.to_serializable()).encode()
    assert "9 are too many" in fault_of(tmp_path, raw)
