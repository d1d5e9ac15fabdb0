"""A model written out as a spec of kind model."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from support.model_files import fault_of, read_text, terms_of
from support.shared import ROOT

from qamctl.errors import SpecError
from qamctl.formats.models import read_model
from qamctl.formats.templates import template
from qamctl.qubo import check
from qamctl.qubo.model import EQ, GE, LE
from qamctl.spec.model_fields import MODEL
from qamctl.spec.schema import json_schema, reference_page

SPEC: dict[str, Any] = {
    "kind": "model",
    "version": 1,
    "name": "tiny",
    "solver": {"backend": "tabu", "time_limit": 2, "reads": 5, "target_energy": -3.5},
    "variables": ["a", "b", "c", "d"],
    "offset": 1.5,
    "linear": {"a": 1, "b": -2.5},
    "quadratic": [["a", "b", 3], ["c", "b", -1], ["a", "b", 1], ["d", "d", 4]],
    "groups": [["a", "b"]],
    "constraints": [
        {"name": "load", "terms": {"a": 2, "c": 0.5}, "rhs": 2},
        {"terms": {"b": 1, "d": -1}, "sense": "==", "rhs": 0},
        {"name": "cover", "terms": {"c": 1, "d": 1}, "sense": ">=", "rhs": 1},
        {"name": "pick", "terms": {"c": 3, "d": 3}, "sense": "==", "rhs": 3},
    ],
}
TERMS = ([1.0, -2.5, 0.0, 4.0], {(0, 1): 4.0, (1, 2): -1.0}, 1.5)


def spec(**changes: Any) -> str:
    """The spec as JSON text, changed; None takes a field out."""
    data = {key: value for key, value in (SPEC | changes).items() if value is not None}
    return json.dumps(data, indent=1)


def test_a_spec_of_kind_model_is_read_whole(tmp_path: Path) -> None:
    """Terms are summed, squares are linear, equations over one of several are groups."""
    found = read_text(tmp_path, spec(), "m.json")
    model = found.model
    assert (found.format, found.sense, found.name, found.solver) == ("model", "min", "tiny", SPEC["solver"])
    assert (list(model.labels), terms_of(found)) == (["a", "b", "c", "d"], TERMS)
    assert (list(found.group_names), list(found.row_names)) == (["", "pick"], ["load", "", "cover"])
    assert (model.con_sense.tolist(), model.con_rhs.tolist()) == ([LE, EQ, GE], [20, 0, 1])
    assert model.con_coef.tolist() == [20, 5, 1, -1, 1, 1]
    assert model.group_index.tolist() == [0, 1, 2, 3]


def test_yaml_says_the_same(tmp_path: Path) -> None:
    """The same spec in YAML; a name by default is the file's."""
    text = """
kind: model
version: 1
variables: [a, b, c, d]
offset: 1.5
linear: {a: 1, b: -2.5}
quadratic:
  - [a, b, 4]
  - [b, c, -1]
  - [d, d, 4]
sense: max
"""
    found = read_text(tmp_path, text, "plan.yaml")
    assert (found.name, found.sense, found.solver) == ("plan", "max", {})
    assert terms_of(found) == ([-1.0, 2.5, 0.0, -4.0], {(0, 1): -4.0, (1, 2): 1.0}, -1.5)
    assert terms_of(read_text(tmp_path, text, "plan.yaml", sense="min")) == TERMS


def test_tables_stand_for_long_lists(tmp_path: Path) -> None:
    """Terms and constraints may stand in CSV files or in CSV text; variables may be numbered."""
    (tmp_path / "q.csv").write_text("i,j,weight\n0,1,4\n2,1,-1\n3,3,4\n")
    text = spec(
        variables=4,
        linear={"csv": "variable,weight\n0,1\n1,-2.5\n"},
        quadratic={"table": "q.csv"},
        groups=[[0, "1"]],
        constraints={"csv": "name,terms,sense,rhs\nload,0=2|2=0.5,,2\n,1=1|3=-1,==,0\n"},
    )
    found = read_text(tmp_path, text, "m.json")
    assert (list(found.model.labels), terms_of(found)) == (["0", "1", "2", "3"], TERMS)
    assert found.model.con_coef.tolist() == [20, 5, 1, -1]
    assert list(found.source.tables) == ["q.csv"]


def test_groups_that_overlap_stay_constraints(tmp_path: Path) -> None:
    """Each listed group holds, those that share a variable with an earlier one as equations."""
    found = read_text(tmp_path, spec(groups=[["a", "b"], ["b", "c"], ["d"]], constraints=None), "m.json")
    assert (found.model.group_start.tolist(), found.model.group_index.tolist()) == ([0, 2, 3], [0, 1, 3])
    feasible = [state for state in product((0, 1), repeat=4) if not check.violations(found.model, state)]
    assert feasible == [(0, 1, 0, 1), (1, 0, 1, 1)]


@pytest.mark.parametrize("n", [0, 1])
def test_small_models_are_models(n: int, tmp_path: Path) -> None:
    """No variable, and one without a term."""
    text = f"kind: model\nversion: 1\nvariables: {n}\n"
    assert terms_of(read_text(tmp_path, text)) == ([0.0] * n, {}, 0.0)


def test_constraints_that_say_nothing_are_dropped(tmp_path: Path) -> None:
    """A row whose terms cancel is kept only where it cannot hold."""
    rows = [
        {"terms": {"a": 0}, "rhs": 1},
        {"terms": {}, "sense": "==", "rhs": 1},
        {"terms": {}, "sense": ">=", "rhs": 0},
    ]
    found = read_text(tmp_path, spec(constraints=rows, groups=None), "m.json")
    assert (found.model.con_start.tolist(), found.model.con_rhs.tolist()) == ([0, 0], [1])


FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "kind": ({"kind": "schedule"}, '"kind"', "it looks like a problem spec of another kind"),
    "version": ({"version": 2}, '"version"', "version 2 is not known"),
    "unknown": ({"linaer": {}}, '"linaer"', "unknown field `linaer` (did you mean `linear`?)"),
    "no variables": ({"variables": None}, "{", "`variables` is missing"),
    "variables": ({"variables": "many"}, '"variables"', "`variables` must be a list of names"),
    "negative": ({"variables": -1}, '"variables"', "`variables` must not be negative"),
    "huge": ({"variables": 10**9}, '"variables"', "1,000,000,000 variables are more than the 10,000,000"),
    "twice": ({"variables": ["a", "a"]}, '"a"', "must not repeat a name, found `a` again"),
    "no name": ({"variables": ["a", 1.5]}, "1.5", "must be text, found 1.5"),
    "sense": ({"sense": "up"}, '"sense"', "`sense` must be one of min, max"),
    "linear": ({"linear": 3}, '"linear"', "`linear` must be {variable: weight}"),
    "linear name": ({"linear": {"e": 3}}, '"e"', "unknown variable `e`"),
    "weight": ({"linear": {"a": "x"}}, '"a"', "`weight` must be a number, found `x`"),
    "no weight": ({"linear": {"a": None}}, '"a"', "`weight` is missing"),
    "quadratic": ({"quadratic": {"a": 3}}, '"quadratic"', "`quadratic` must be a list of [i, j, weight]"),
    "pair": ({"quadratic": [["a", 3]]}, "[", "must be [i, j, weight], found a list"),
    "near": ({"variables": ["alpha"], "quadratic": [["alhpa", "alpha", 1]]}, "[", "(did you mean `alpha`?)"),
    "float": ({"quadratic": [["a", 1.5, 1]]}, "[", "must be the name of a variable, found 1.5"),
    "groups": ({"groups": "a"}, '"groups"', "`groups` must be a list of lists"),
    "empty group": ({"groups": [[]]}, "[]", "must be a list of at least one variable, found an empty list"),
    "twice in group": ({"groups": [["a", "b", "a"]]}, '"a"', "must not repeat a variable, found `a` again"),
    "terms": ({"constraints": [{"terms": 3, "rhs": 1}]}, '"terms"', "`terms` must be {variable: number}"),
    "term": ({"constraints": [{"terms": {"x": 3}, "rhs": 1}]}, '"x"', ": unknown variable `x`"),
    "near term": (
        {"variables": ["alpha"], "constraints": [{"terms": {"alhpa": 1}, "rhs": 1}]}, '"alhpa"',
        ": unknown variable `alhpa` (did you mean `alpha`?)",
    ),
    "number": ({"constraints": [{"terms": {"a": "b"}, "rhs": 1}]}, '"a"', "`a` must be a number"),
    "rhs": ({"constraints": [{"terms": {"a": 1}}]}, "{", "`rhs` is missing"),
    "word": ({"constraints": [{"terms": {"a": 1}, "sense": "<", "rhs": 1}]}, '"sense"', "must be one of <=, ==, >="),
    "decimals": ({"constraints": [{"name": "n", "terms": {"a": 1e-7}, "rhs": 1}]}, "{", "in n, a number has more"),
    "solver": ({"solver": {"slot": 3}}, '"slot"', "unknown field `slot`"),
    "reads": ({"solver": {"reads": 0}}, '"reads"', "must be at least 1, found 0"),
}  # fmt: skip


def test_variables_that_could_not_be_read_make_no_further_faults(tmp_path: Path) -> None:
    """Names are neither unknown nor repeated as long as nobody knows which there are."""
    (tmp_path / "m.json").write_text(
        spec(variables=["a", "b", "a"], linear=None, quadratic=None, groups=[["a", "q"]], constraints=None)
    )
    with pytest.raises(SpecError) as caught:
        read_model(str(tmp_path / "m.json"))
    assert [fault.message for fault in caught.value.diagnostics] == [
        "an entry of `variables` must not repeat a name, found `a` again"
    ]


@pytest.mark.parametrize("name", FAULTS)
def test_faults_have_their_place(name: str, tmp_path: Path) -> None:
    """Every field that is wrong is told with its line."""
    changes, at, message = FAULTS[name]
    text = spec(**({"linear": None, "quadratic": None, "groups": None, "constraints": None} | changes))
    fault = fault_of(tmp_path, text, "m.json")
    assert message in fault
    if name != "kind":
        assert at in text.splitlines()[int(fault.split(":")[0]) - 1]


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """One run names everything that is wrong."""
    with pytest.raises(SpecError) as caught:
        read_text(tmp_path, spec(sense="up", linear={"x": 1}, groups=[[]]), "m.json")
    assert len(caught.value.diagnostics) == 3


def test_faults_of_tables_name_the_table(tmp_path: Path) -> None:
    """A wrong cell of a side table is told with the table's line."""
    (tmp_path / "q.csv").write_text("i,j,weight\n0,1,4\n2,9,-1\n")
    text = "kind: model\nversion: 1\nvariables: 4\nquadratic: {table: q.csv}\n"
    with pytest.raises(SpecError) as caught:
        read_text(tmp_path, text, "m.yaml")
    assert str(caught.value.diagnostics[0]) == f"{tmp_path}/q.csv:3:2: unknown variable `9` (they are 0 .. 3)"


def test_numbered_variables_of_a_model_without_any(tmp_path: Path) -> None:
    """Where there are none, no number is one."""
    text = 'kind: model\nversion: 1\nvariables: 0\nlinear: {"0": 1}\n'
    assert "unknown variable `0` (there are none)" in fault_of(tmp_path, text)


def test_the_starter_file_and_the_examples_pass_reader_and_schema(tmp_path: Path) -> None:
    """What `init model` writes, and every model spec of problems/, is valid for readers and editors."""
    import yaml

    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft7Validator.check_schema(json_schema("model"))
    validator = jsonschema.Draft7Validator(json_schema("model"))
    start = tmp_path / "start.yaml"
    start.write_text(template("model"))
    texts = {file: file.read_text() for file in [start, *sorted((ROOT / "problems").glob("model-*.yaml"))]}
    assert len(texts) > 1
    for file, text in texts.items():
        assert read_model(str(file)).format == "model"
        assert [error.message for error in validator.iter_errors(yaml.safe_load(text))] == []
    assert [error.message for error in validator.iter_errors(SPEC)] == []


@pytest.mark.parametrize(
    "changes",
    [{"kind": "schedule"}, {"variables": -1}, {"variables": "a"}, {"quadratic": [["a", "b"]]}, {"groups": [[]]},
     {"linear": {"a": "b"}}, {"constraints": [{"terms": {"a": 1}}]}, {"sense": "up"}, {"solver": {"slot": 1}}],
)  # fmt: skip
def test_the_schema_refuses_what_the_reader_refuses(changes: dict[str, Any]) -> None:
    """Faults of shape are faults in the editor too."""
    jsonschema = pytest.importorskip("jsonschema")
    assert not jsonschema.Draft7Validator(json_schema("model")).is_valid(SPEC | changes)


def test_the_generated_files_are_up_to_date() -> None:
    """configs/schema/model.json and docs/spec-model.md are what the declarations give, and name every field."""
    update = "run: python -m qamctl.spec.schema"
    assert json.loads((ROOT / "configs/schema/model.json").read_text()) == json_schema("model"), update
    page = (ROOT / "docs/spec-model.md").read_text()
    assert page == reference_page("model"), update
    assert all(f"| `{field.name}` |" in page for field in MODEL.fields)
