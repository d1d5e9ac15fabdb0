"""Reason specs: what is read, and every fault with line and column."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from qamctl.errors import SpecError
from qamctl.formats.templates import template
from qamctl.reason.read import build_reason, load_reason, reason_from_data
from qamctl.reason.spec import EVOLVE, ReasonSpec
from qamctl.spec.reader import read_source
from qamctl.spec.schema import json_schema

PROBLEMS = Path(__file__).parents[2] / "problems"
HEAD = "kind: reason\nversion: 1\n"
PATHS = "paths:\n- {id: a, prior: 0.5}\n- {id: b, prior: 0.3}\n- {id: c, prior: 0.2}\n"
EVIDENCE = "evidence:\n- {id: e, likelihood: {a: 0.2, b: 0.9, c: 1}}\n- {id: f, likelihood: {a: 0.5}, otherwise: 1}\n"


def read(text: str, folder: Path) -> ReasonSpec:
    """The spec of a text in YAML."""
    (folder / "spec.yaml").write_text(HEAD + text)
    return load_reason(folder / "spec.yaml")


def faults(text: str, folder: Path) -> list[str]:
    """The faults of a text, with line and column."""
    with pytest.raises(SpecError) as caught:
        read(text, folder)
    return [str(fault).removeprefix(f"{folder}/") for fault in caught.value.diagnostics]


def only_fault(text: str, folder: Path) -> str:
    """What is said of a text, which must be one thing, at the place that ^ marks."""
    before = (HEAD + text).partition("^")[0].split("\n")
    [fault] = faults(text.replace("^", ""), folder)
    place = f"spec.yaml:{len(before)}:{len(before[-1]) + 1}: "
    assert fault.startswith(place), fault
    return fault.removeprefix(place)


def test_a_spec_becomes_columns(tmp_path: Path) -> None:
    """Ids are rows, steps are rows and evolutions, couplings are one < other, what is left out has its default."""
    spec = read(
        PATHS.replace("0.5}", "0.5, phase: 0.25, decision: go, actions: [prefer t1 on a1, shout]}") + EVIDENCE
        + "context: {couplings: [[c, a, 0.3, 0.1]], fields: {b: -1}, time: 0.5}\ncoherence: 0.25\n"
        "utility: [{action: wait, values: {a: 3, c: -1}}]\nsteps: [f, evolve, e, evolve]\n", tmp_path,
    )  # fmt: skip
    assert spec.paths.ids == ("a", "b", "c")
    assert spec.paths.decisions == ("go", "b", "c")
    assert spec.paths.prior.tolist() == pytest.approx([0.5, 0.3, 0.2])
    assert spec.paths.phase.tolist() == [0.25, 0, 0]
    assert list(spec.paths.actions) == [("prefer t1 on a1", "shout"), (), ()]
    assert spec.evidence.likelihood.tolist() == [[0.2, 0.9, 1], [0.5, 1, 1]]
    assert spec.evidence.reliability.tolist() == [1, 1]
    assert spec.context is not None
    assert (spec.context.one.tolist(), spec.context.other.tolist()) == ([0], [2])
    assert spec.context.coupling.tolist() == [0.3 - 0.1j]  # of [a, c]: the conjugate of what [c, a] was given
    assert spec.context.fields.tolist() == [0, -1, 0]
    assert spec.steps == (1, EVOLVE, 0, EVOLVE)
    assert spec.utility.values.tolist() == [[3, 0, -1]]
    assert (spec.coherence, spec.method, spec.rounds, spec.prune, spec.state) == (0.25, "auto", None, 0, None)
    assert spec.notes == ()


def test_usual_steps(tmp_path: Path) -> None:
    """All evidence in its order, then `evolve` where there is a context."""
    assert read(PATHS + EVIDENCE, tmp_path).steps == (0, 1)
    assert read(PATHS + EVIDENCE + "context: {time: 1}\n", tmp_path).steps == (0, 1, EVOLVE)
    assert read(PATHS, tmp_path).steps == ()


def test_priors_in_any_unit_are_normalised_with_a_note(tmp_path: Path) -> None:
    """What does not sum to 1 is divided by its sum, which is told; decimals that only round are no news."""
    spec = read("paths: [{id: a, prior: 3}, {id: b, prior: 5}]\n", tmp_path)
    assert spec.paths.prior.tolist() == [0.375, 0.625]
    assert spec.notes == ("the priors sum to 8: they were divided by it",)
    assert read("paths: [{id: a, prior: 0.7}, {id: b, prior: 0.2}, {id: c, prior: 0.1}]\n", tmp_path).notes == ()
    even = read("paths: [{id: a}, {id: b}, {id: c}]\n", tmp_path)
    assert even.paths.prior.tolist() == pytest.approx([1 / 3] * 3)
    assert even.notes == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("paths: [{id: a, ^prior: -0.5}, {id: b, prior: 1.5}]", "`prior` must be at least 0, found -0.5"),
        ("paths: [{id: a, ^prior: 0}, {id: b, prior: 0}]", "no path has a prior above 0"),
        ("paths: [{id: a, prior: 1}, ^{id: b}]", "`prior` is missing (give one to every path, or to none)"),
        ("paths: [{id: a, ^prior: half}, {id: b, prior: 1}]", "`prior` must be a number, found `half`"),
        ("paths: [{id: a, prior: ^.nan}, {id: b, prior: 1}]", ".nan is not a number that can be used"),
        ("paths: [{id: a}, {^id: a}]", "duplicate id `a`, first used by row 1"),
        ("paths: [^{prior: 1}]", "`id` is missing"),
        ("paths: [{id: a, ^piror: 1}]", "unknown field `piror` (did you mean `prior`?)"),
        ("paths: [{id: a, phase: 1, ^actions: 4}]", "`actions` must be a list of names, found 4"),
        ("^paths: []", "`paths` must have at least one row"),
        ("^paths: 7", "`paths` must be a list of rows"),
    ],
)
def test_faults_of_paths(tmp_path: Path, text: str, expected: str) -> None:
    """Each with its place, and nothing else is said."""
    assert only_fault(text + "\n", tmp_path).startswith(expected)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("{id: e, likelihood: {^a: 1.2, b: 1, c: 1}}", "`a` must be at most 1, found 1.2"),
        ("{id: e, likelihood: {^a: -0.1, b: 1, c: 1}}", "`a` must be at least 0, found -0.1"),
        ("{id: e, ^likelihood: {a: 1, b: 1}}", "the likelihood of `c` is missing (name every path, or give `otherw"),
        ("{id: e, ^likelihood: {a: 1}}", "the likelihood of `b` and 1 more path is missing"),
        ("{id: e, ^likelihood: {}}", "the likelihood of `a` and 2 more paths is missing"),
        ("{id: e, likelihood: {a: 1, ^bb: 1}, otherwise: 0}", "unknown path `bb` (did you mean `b`?)"),
        ("{id: e, likelihood: {a: 1, b: 1, ^d: 1}}", "unknown path `d`"),
        ("^{id: e}", "`likelihood` is missing"),
        ("{id: e, likelihood: {a: 1}, ^otherwise: 2}", "`otherwise` must be at most 1, found 2"),
        ("{id: e, likelihood: {}, otherwise: 1, ^reliability: -1}", "`reliability` must be at least 0, found -1"),
        ("{^id: evolve, likelihood: {}, otherwise: 1}", "`evolve` is the name of a step, and of no evidence"),
        ("{id: e, likelihood: {}, otherwise: 1}, {^id: e, likelihood: {}, otherwise: 1}", "duplicate id `e`"),
    ],
)
def test_faults_of_evidence(tmp_path: Path, row: str, expected: str) -> None:
    """Likelihoods lie from 0 to 1 and name every path, or the rest is given by `otherwise`; ids are their own."""
    assert only_fault(f"{PATHS}evidence: [{row}]\n", tmp_path).startswith(expected)


@pytest.mark.parametrize(
    ("couplings", "expected"),
    [
        ("[[a, b, 0.3], ^[b, a, 0.4]]", "couples `b` and `a` by 0.4, and by entry 1 it is 0.3: the matrix is not Herm"),
        ("[[a, b, 0, 1], ^[b, a, 0, 1]]", "couples `b` and `a` by 0+1i, and by entry 1 it is 0-1i"),
        ("[[a, b, 0, 1], ^[a, b, 0, -1]]", "couples `a` and `b` by 0-1i, and by entry 1 it is 0+1i"),
        ("[[a, b, 1], ^[a, a, 1]]", "couples `a` with itself (the diagonal stands in `fields`)"),
        ("[^[a, x, 1]]", "unknown path `x`"),
        ("[^[a, b]]", "an entry of `couplings` must be [path, path, real part] or [path, path, real, imaginary]"),
        ("[^[a, b, one]]", "`real` must be a number, found `one`"),
    ],
)
def test_faults_of_couplings(tmp_path: Path, couplings: str, expected: str) -> None:
    """What is said both ways must be conjugates of each other; each entry is two paths and a number."""
    assert only_fault(f"{PATHS}context: {{couplings: {couplings}}}\n", tmp_path).startswith(expected)


def test_couplings_that_agree_count_once(tmp_path: Path) -> None:
    """[a, b, x, y] and [b, a, x, -y] are the same matrix element."""
    spec = read(PATHS + "context: {couplings: [[a, b, 0.2, 0.1], [b, a, 0.2, -0.1], [a, b, 0.2, 0.1]]}\n", tmp_path)
    assert spec.context is not None
    assert spec.context.coupling.tolist() == [0.2 + 0.1j]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("context: {fields: {^x: 1}}", "unknown path `x`"),
        ("context: {^time: -1}", "`time` must be at least 0, found -1"),
        ("context: {^trotter: 0.5}", "`trotter` must be a whole number, found 0.5"),
        ("context: {^couplngs: []}", "unknown field `couplngs` (did you mean `couplings`?)"),
        ("utility: [{action: w, values: {^x: 1}}]", "unknown path `x`"),
        ("utility: [{action: w}, {^action: w}]", "duplicate id `w`, first used by row 1"),
        ("^coherence: 1.5", "`coherence` must be at most 1, found 1.5"),
        ("steps: [^evolve]", "`evolve` needs a `context` (add one, or remove the step)"),
        ("steps: [^g]", "an entry of `steps` must be the id of evidence, or evolve, found `g`"),
        ("^steps: 4", "`steps` must be a list of names, found 4"),
        ("^method: guess", "`method` must be one of auto, exact, sample, amplify, found `guess`"),
        ("^rounds: -1", "`rounds` must be at least 0, found -1"),
        ("^prune: 2", "`prune` must be at most 1, found 2"),
        ("^reconstruct: all", "`reconstruct` must be one of none, tomography, shadows, found `all`"),
        ("^mitigate: [magic]", "`mitigate` must be among readout, zne, detect, none, found `magic`"),
        ("noise: {^preset: noisy}", "`preset` must be one of generic, ionq, quantinuum, rigetti, found `noisy`"),
        ("^evidnce: []", "unknown field `evidnce` (did you mean `evidence`?)"),
        ("^query: [a]", "`query` says nothing where the spec has paths (remove it)"),
        ("^observed: {a: yes}", "`observed` says nothing where the spec has paths (remove it)"),
        ("query: n\n^nodes: [{id: n, table: [0.5, 0.5]}]", "a spec has either `paths` or `nodes`"),
        ("outcomes: [{id: o, ^action: x, likelihood: {}, otherwise: 0}]", "unknown action `x`: it is neither in"),
        ("outcomes: [{id: o, ^likelihood: {a: 1}}]", "the likelihood of `b` and 1 more path is missing"),
        ("learning: {^forgeting: 1}", "unknown field `forgeting` (did you mean `forgetting`?)"),
        ("solver: {^backnd: exact}", "unknown field `backnd` (did you mean `backend`?)"),
    ],
)
def test_faults_elsewhere(tmp_path: Path, text: str, expected: str) -> None:
    """Contexts, steps, utilities, outcomes, options, and the fields of the other form, each with its place."""
    assert only_fault(f"{PATHS}{text}\n", tmp_path).startswith(expected)


@pytest.mark.parametrize("field", ["evidence: []", "coherence: 0.5", "state: s.json", "prune: 0.1", "steps: []"])
def test_fields_of_paths_beside_a_network(tmp_path: Path, field: str) -> None:
    """What says something of paths is refused where the spec has nodes."""
    found = only_fault(f"nodes: [{{id: n, table: [0.5, 0.5]}}]\nquery: n\n^{field}\n", tmp_path)
    assert found.startswith(f"`{field.partition(':')[0]}` says nothing where the spec has a network (remove it)")


def test_every_fault_at_once(tmp_path: Path) -> None:
    """A file with five faults has five lines, in the order of the file."""
    found = faults(
        "paths: [{id: a, prior: -1}, {id: b, prior: 1}]\ncoherence: 2\nsteps: [evolve]\nmethod: guess\nmore: 1\n",
        tmp_path,
    )
    assert sorted(int(fault.split(":")[1]) for fault in found) == [3, 4, 5, 6, 7]


def test_neither_paths_nor_nodes(tmp_path: Path) -> None:
    """The file as a whole is at fault."""
    [fault] = faults("name: empty\n", tmp_path)
    assert "`paths` is missing" in fault


def test_evidence_in_no_step_is_told(tmp_path: Path) -> None:
    """A note, and no fault."""
    spec = read(PATHS + EVIDENCE + "steps: [f]\n", tmp_path)
    assert (spec.steps, spec.notes) == ((1,), ("evidence e is in no step, and says nothing",))


def test_rows_as_tables(tmp_path: Path) -> None:
    """Paths, evidence and couplings as CSV, in the file or beside it, are what the lists are."""
    (tmp_path / "paths.csv").write_text("id,prior,actions\na,0.5,prefer t1 on a1|shout\nb,0.5,\n")
    text = (
        "paths: {table: paths.csv}\nevidence:\n  csv: |\n    id,likelihood,otherwise\n    e,a=0.25,0.5\n"
        "    f,a=1|b=0.5,\ncontext:\n  couplings:\n    csv: |\n      one,other,real,imaginary\n      b,a,0.5,0.25\n"
    )
    spec = read(text, tmp_path)
    assert list(spec.paths.actions) == [("prefer t1 on a1", "shout"), ()]
    assert spec.evidence.likelihood.tolist() == [[0.25, 0.5], [1, 0.5]]
    assert spec.context is not None
    assert spec.context.coupling.tolist() == [0.5 - 0.25j]
    assert set(spec.source.tables) == {"paths.csv"}
    (tmp_path / "paths.csv").write_text("id,prior\na,0.5\nb,-1\n")
    [fault] = faults(text, tmp_path)
    assert fault.startswith("paths.csv:3:")


def test_data_are_read_as_files_are() -> None:
    """A fault's place is its path."""
    data: dict[str, Any] = {"kind": "reason", "version": 1, "paths": [{"id": "a"}, {"id": "b"}]}
    assert np.allclose(reason_from_data(data).paths.prior, 0.5)
    with pytest.raises(SpecError) as caught:
        reason_from_data({**data, "evidence": [{"id": "e", "likelihood": {"a": 1}}]})
    [fault] = caught.value.diagnostics
    assert str(fault).startswith("evidence[0].likelihood: the likelihood of `b` is missing")


@pytest.mark.parametrize("path", [*sorted(PROBLEMS.glob("reason-*.yaml")), None], ids=str)
def test_the_schema_accepts_what_is_read(path: Path | None, tmp_path: Path) -> None:
    """Every example and the starter file are valid by the JSON schema, and one with a typing error is not."""
    jsonschema = pytest.importorskip("jsonschema")
    if path is None:
        path = tmp_path / "starter.yaml"
        path.write_text(template("reason"))
    validator = jsonschema.Draft7Validator(json.loads(json.dumps(json_schema("reason"))))
    data, source = read_source(str(path))
    assert build_reason(data, source).name
    assert list(validator.iter_errors(data)) == []
    assert list(validator.iter_errors({**yaml.safe_load(path.read_text()), "evidnce": []})) != []
