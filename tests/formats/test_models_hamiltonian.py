"""Hamiltonians as problem files: what is read, what is refused, and where."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.model_files import fault_of, read_text, terms_of
from support.shared import ROOT

from qamctl.errors import ExitCode, SpecError, UnsupportedError
from qamctl.formats.models import read_model
from qamctl.formats.models.spec_hamiltonian import read_hamiltonian
from qamctl.formats.templates import template
from qamctl.qubo import check
from qamctl.spec.hamiltonian_fields import HAMILTONIAN
from qamctl.spec.schema import json_schema, reference_page

SPEC: dict[str, Any] = {
    "kind": "hamiltonian",
    "version": 1,
    "name": "tiny",
    "solver": {"backend": "tabu", "time_limit": 2},
    "offset": 1.5,
    "terms": [["ZZII", 0.5], ["Z0 Z1", -1], ["IIZZ", 3], ["IIII", 2], ["ZIII", 0.25]],
}


def spec(**changes: Any) -> str:
    """The spec as JSON text, changed; None takes a field out."""
    data = {key: value for key, value in (SPEC | changes).items() if value is not None}
    return json.dumps(data, indent=1)


def test_a_hamiltonian_is_read_as_a_model_of_its_qubits(tmp_path: Path) -> None:
    """Equal strings are added, Z is 1 - 2 x, the identity goes to the offset."""
    found = read_text(tmp_path, spec(), "h.json")
    assert (found.format, found.sense, found.name, found.solver) == ("hamiltonian", "min", "tiny", SPEC["solver"])
    assert (found.qubits, list(found.model.labels), found.pairs) == (4, ["q0", "q1", "q2", "q3"], ())
    assert terms_of(found) == ([-4.0, -4.0, -1.0, -1.5], {(0, 1): 8.0, (2, 3): 2.0}, 6.25)
    assert found.strings == [*(tuple(term) for term in SPEC["terms"]), ("", 1.5)]


def test_yaml_tables_and_csv_text_say_the_same(tmp_path: Path) -> None:
    """The terms may stand beside the spec, or in it as CSV text."""
    head = "kind: hamiltonian\nversion: 1\noffset: 1.5\n"
    table = "string,weight\nZZII,0.5\nZ0 Z1,-1\nIIZZ,3\nIIII,2\nZIII,0.25\n"
    (tmp_path / "t.csv").write_text(table)
    expected = terms_of(read_text(tmp_path, spec(), "h.json"))
    inline = head + "terms:\n" + "".join(f"  - [{text}, {weight}]\n" for text, weight in SPEC["terms"])
    quoted = head + "terms:\n  csv: |\n" + "".join(f"    {line}\n" for line in table.splitlines())
    for text in (inline, head + "terms: {table: t.csv}\n", quoted):
        found = read_text(tmp_path, text, "h.yaml")
        assert terms_of(found) == expected
        assert (found.format, found.name) == ("hamiltonian", "h")
    assert list(read_text(tmp_path, head + "terms: {table: t.csv}\n", "h.yaml").source.tables) == ["t.csv"]


@pytest.mark.parametrize("sense", ["min", "max"])
def test_the_model_has_the_energies_of_the_strings(tmp_path: Path, sense: str) -> None:
    """Three and four Z get products; every feasible state has the energy of its qubits, in the sense asked for."""
    terms = [["ZZZZI", 1], ["IZZZI", -2], ["Z0 Z1 Z2 Z4", 0.5], ["ZIIIZ", 1]]
    found = read_text(tmp_path, spec(terms=terms, sense=sense, offset=0.25), "h.json")
    assert found.sense == sense
    assert found.polynomial is not None
    assert found.polynomial.degree == 4
    total = read_hamiltonian(tmp_path / "h.json").total
    seen = 0
    for state in product((0, 1), repeat=found.model.n):
        if check.violations(found.model, state):
            continue
        seen += 1
        energy = float(total.energy(np.array(state[:5]))[0]) + 0.25
        assert found.objective(check.objective(found.model, state)) == energy
        assert found.objective(float(found.polynomial.energy(np.array(state[:5]))[0])) == energy
    assert seen == 2**5
    assert len(found.row_names) == len(found.model.con_rhs) == 3 * len(found.pairs)


def test_the_sense_asked_for_goes_first(tmp_path: Path) -> None:
    """--sense before what the file says."""
    assert read_text(tmp_path, spec(sense="max"), "h.json", sense="min").sense == "min"
    assert read_text(tmp_path, spec(), "h.json", sense="max").sense == "max"


def test_the_number_of_qubits_may_be_given(tmp_path: Path) -> None:
    """Qubits without a term are variables too."""
    found = read_text(tmp_path, spec(qubits=6, terms=[["Z0 Z1", 1]]), "h.json")
    assert (found.qubits, found.model.n) == (6, 6)
    assert read_text(tmp_path, spec(terms=[["Z0 Z3", 1]]), "h.json").qubits == 4


FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "version": ({"version": 2}, '"version"', "version 2 is not known"),
    "unknown": ({"qubit": 3}, '"qubit"', "unknown field `qubit` (did you mean `qubits`?)"),
    "no terms": ({"terms": None}, "{", "`terms` is missing"),
    "empty": ({"terms": []}, '"terms"', "the Hamiltonian is empty: there is no term"),
    "zeros": ({"terms": [["ZZ", 0]]}, '"terms"', "the Hamiltonian is empty: every weight is 0, or they cancel"),
    "cancel": ({"terms": [["ZZ", 0.1], ["Z0 Z1", 0.2], ["ZZ", -0.3]]}, '"terms"', "or they cancel"),
    "terms": ({"terms": 3}, '"terms"', "`terms` must be a list of [string, weight], {table: FILE} or {csv: TEXT}"),
    "other mapping": ({"terms": {"ZZ": 3}}, '"terms"', "must be a list of rows, {table: FILE} or {csv: TEXT}"),
    "pair": ({"terms": [["ZZ", 1], ["ZZ"]]}, "[", "an entry of `terms` must be [string, weight], found a list"),
    "no pair": ({"terms": [["ZZ", 1], "ZZ"]}, '"ZZ"', "must be [string, weight], found `ZZ`"),
    "letter": ({"terms": [["ZA", 1]]}, '"ZA"', "the Pauli string `ZA` has `A` at place 2 (the letters are I, X,"),
    "small": ({"terms": [["zz", 1]]}, '"zz"', "the Pauli string `zz` has small letters (write ZZ)"),
    "no text": ({"terms": [[5, 1]]}, "5", "must be a Pauli string, found 5 (write it as text: ZZII, or Z2 Z3)"),
    "no string": ({"terms": [[None, 1]]}, "[", "`string` is missing"),
    "lengths": ({"terms": [["ZZ", 1], ["ZZZ", 1]]}, '"ZZZ"', "has 3 letters, and there are 2 qubits"),
    "length": ({"qubits": 3, "terms": [["ZZ", 1]]}, '"ZZ"', "the Pauli string has 2 letters, and there are 3 qubits"),
    "range": ({"qubits": 3, "terms": [["Z0 Z3", 1]]}, '"Z0 Z3"', "acts on qubit 3 (they are 0 .. 2)"),
    "range of dense": ({"terms": [["ZZ", 1], ["Z7", 1]]}, '"Z7"', "acts on qubit 7 (they are 0 .. 1)"),
    "twice": ({"terms": [["Z0 Z0", 1]]}, '"Z0 Z0"', "names qubit 0 twice"),
    "five": ({"terms": [["ZZZZZ", 1]]}, '"ZZZZZ"', "acts on 5 qubits (diagonal terms act on at most 4 qubits"),
    "five sparse": ({"terms": [["Z0 Z1 Z2 Z3 Z4", 1]]}, '"Z0', "acts on 5 qubits"),
    "wide": ({"terms": [["Z100000", 1]]}, '"Z100000"', "is of 100,001 qubits (at most 100,000)"),
    "complex": ({"terms": [["ZZ", "0.5+1j"]]}, '"0.5+1j"', "must be a real number, found the complex `0.5+1j`"),
    "complex of qiskit": ({"terms": [["ZZ", "(0.5+0j)"]]}, '"(0.5+0j)"', "found the complex `(0.5+0j)`"),
    "complex by hand": ({"terms": [["ZZ", "1 + 2i"]]}, '"1 + 2i"', "found the complex `1 + 2i` (weights of a"),
    "complex pair": ({"terms": [["ZZ", [0.5, 1]]]}, "[", "found the complex [0.5, 1]"),
    "weight": ({"terms": [["ZZ", "lots"]]}, '"lots"', "must be a number, found `lots`"),
    "word with j": ({"terms": [["ZZ", "raj"]]}, '"raj"', "must be a number, found `raj`"),
    "list": ({"terms": [["ZZ", [1, 2, 3]]]}, "[", "must be a number, found a list"),
    "great weight": ({"terms": [["ZZ", 2e30]]}, "2e+30", "must be at most 1e+30 in size, found 2e+30"),
    "absurd weight": ({"terms": [["ZZ", 1e300]]}, "1e+300", "the number 1e+300 is absurd"),
    "no weight": ({"terms": [["ZZ", None]]}, "[", "`weight` is missing"),
    "no qubits": ({"qubits": 0}, '"qubits"', "`qubits` must be at least 1, found 0"),
    "many qubits": ({"qubits": 10**6}, '"qubits"', "`qubits` must be at most 100000"),
    "half qubits": ({"qubits": 1.5}, '"qubits"', "`qubits` must be a whole number, found 1.5"),
    "sense": ({"sense": "up"}, '"sense"', "`sense` must be one of min, max"),
    "offset": ({"offset": "x"}, '"offset"', "`offset` must be a number"),
    "solver": ({"solver": {"slot": 3}}, '"slot"', "unknown field `slot`"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_have_their_place(name: str, tmp_path: Path) -> None:
    """Everything that is wrong is told with its line."""
    changes, at, message = FAULTS[name]
    text = spec(**changes)
    fault = fault_of(tmp_path, text, "h.json")
    assert message in fault
    assert at in text.splitlines()[int(fault.split(":")[0]) - 1]


def test_all_faults_are_told_at_once_with_line_and_column(tmp_path: Path) -> None:
    """Each cell has its own place, in the order of the file."""
    text = "kind: hamiltonian\nversion: 1\nqubits: 2\nterms:\n  - [ZA, 1+2j]\n  - [ZZZ, x]\n  - 3\nsense: up\n"
    with pytest.raises(SpecError) as caught:
        read_text(tmp_path, text, "h.yaml")
    assert [str(fault).removeprefix(f"{tmp_path}/h.yaml:") for fault in caught.value.diagnostics] == [
        "5:6: the Pauli string `ZA` has `A` at place 2 (the letters are I, X, Y and Z)",
        "5:10: an entry of `terms` must be a real number, found the complex `1+2j` (weights of a Hamiltonian are real)",
        "6:6: the Pauli string has 3 letters, and there are 2 qubits (write I for a qubit without action)",
        "6:11: an entry of `terms` must be a number, found `x`",
        "7:5: an entry of `terms` must be [string, weight], found 3",
        "8:1: `sense` must be one of min, max, found `up`",
    ]


def test_faults_of_tables_name_the_table(tmp_path: Path) -> None:
    """Lines and cells of the side table; a table without weights lacks them."""
    head = "kind: hamiltonian\nversion: 1\nterms: {table: t.csv}\n"
    (tmp_path / "t.csv").write_text("string,weight\nZZ,1\nZ9,nan\nZQ,(1+1j)\n,1\n")
    with pytest.raises(SpecError) as caught:
        read_text(tmp_path, head, "h.yaml")
    assert [str(fault).removeprefix(f"{tmp_path}/") for fault in caught.value.diagnostics] == [
        "t.csv:3:1: the Pauli string acts on qubit 9 (they are 0 .. 1)",
        "t.csv:3:2: `weight` must be a number, found `nan`",
        "t.csv:4:1: the Pauli string `ZQ` has `Q` at place 2 (the letters are I, X, Y and Z)",
        "t.csv:4:2: `weight` must be a real number, found the complex `(1+1j)` (weights of a Hamiltonian are real)",
        "t.csv:5: `string` is missing",
    ]
    (tmp_path / "t.csv").write_text("string\nZZ\n")
    assert "`weight` is missing" in refusal(tmp_path, head)
    (tmp_path / "t.csv").write_text("weight\n1\n")
    assert "`string` is missing" in refusal(tmp_path, head)


def refusal(folder: Path, text: str) -> str:
    """What is said of a text."""
    with pytest.raises(SpecError) as caught:
        read_text(folder, text, "h.yaml")
    return "\n".join(map(str, caught.value.diagnostics))


@pytest.mark.parametrize("weight", [".inf", "-.inf", ".nan", "1e999"])
def test_weights_are_finite(tmp_path: Path, weight: str) -> None:
    """Infinity and what is no number are refused with their place."""
    assert "4:10" in fault_of(tmp_path, f"kind: hamiltonian\nversion: 1\nterms:\n  - [ZZ, {weight}]\n", "h.yaml")


def test_too_many_terms_are_refused_before_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has both numbers."""
    monkeypatch.setattr("qamctl.formats.models.spec_hamiltonian.MOST_TERMS", 4)
    assert "5 terms are more than the 4 that are taken" in fault_of(tmp_path, spec(), "h.json")


def test_what_is_not_diagonal_is_read_and_refused_as_a_model(tmp_path: Path) -> None:
    """Exit code 8, with the first such term and its place; the Hamiltonian itself is well formed."""
    text = "kind: hamiltonian\nversion: 1\nterms:\n  - [ZZ, 1]\n  - [XI, -1]\n  - [Y0, 0.5]\n"
    with pytest.raises(UnsupportedError) as caught:
        read_text(tmp_path, text, "h.yaml")
    assert caught.value.code is ExitCode.UNSUPPORTED
    assert "has terms that are not diagonal" in caught.value.message
    assert str(caught.value.diagnostics[0]) == (
        f"{tmp_path}/h.yaml:5:6: `XI` is not diagonal, and so are 1 more (such sums are for the `observable` of a "
        "circuit)"
    )
    found = read_hamiltonian(tmp_path / "h.yaml")
    assert found.total.strings == [("ZZ", 1.0), ("XI", -1.0), ("IY", 0.5)]


def test_terms_without_weight_make_nothing_undiagonal(tmp_path: Path) -> None:
    """What cancels is not there."""
    found = read_text(tmp_path, spec(terms=[["XX", 1], ["ZZ", 1], ["X0 X1", -1]]), "h.json")
    assert terms_of(found) == ([-2.0, -2.0], {(0, 1): 4.0}, 2.5)


def test_other_kinds_are_named(tmp_path: Path) -> None:
    """A Hamiltonian asked for, and another kind found; and the other way round."""
    model = "kind: model\nversion: 1\nvariables: 2\n"
    assert "this is a spec of kind model, not hamiltonian" in fault_of(tmp_path, model, "m.yaml", format="hamiltonian")
    assert "this is a spec of kind hamiltonian, not model" in fault_of(tmp_path, spec(), "h.yaml", format="model")


def test_standard_input_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is standard input, for a sum that need not be diagonal as for a model."""
    import io
    import sys
    from types import SimpleNamespace

    def give() -> None:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(spec(name=None).encode())))

    give()
    assert read_hamiltonian("-").name == "model"
    give()
    assert read_model("-").format == "hamiltonian"


def test_the_starter_file_and_the_examples_pass_reader_and_schema(tmp_path: Path) -> None:
    """What `init hamiltonian` writes, and every Hamiltonian of problems/, is valid for readers and editors."""
    import yaml

    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft7Validator.check_schema(json_schema("hamiltonian"))
    validator = jsonschema.Draft7Validator(json_schema("hamiltonian"))
    start = tmp_path / "start.yaml"
    start.write_text(template("hamiltonian"))
    files = [start, *sorted((ROOT / "problems").glob("hamiltonian-*.yaml"))]
    assert len(files) > 2
    for file in files:
        assert read_model(str(file)).format == "hamiltonian"
        assert [error.message for error in validator.iter_errors(yaml.safe_load(file.read_text()))] == []
    assert [error.message for error in validator.iter_errors(SPEC)] == []


@pytest.mark.parametrize(
    "changes",
    [{"kind": "model"}, {"qubits": 0}, {"terms": "a"}, {"terms": [["ZZ"]]}, {"terms": [["ZA", 1]]},
     {"terms": [["zz", 1]]}, {"terms": [["ZZ", "1j"]]}, {"terms": [["ZZ Z0", 1]]}, {"sense": "up"},
     {"solver": {"slot": 1}}],
)  # fmt: skip
def test_the_schema_refuses_what_the_reader_refuses(changes: dict[str, Any]) -> None:
    """Faults of shape are faults in the editor too."""
    jsonschema = pytest.importorskip("jsonschema")
    assert not jsonschema.Draft7Validator(json_schema("hamiltonian")).is_valid(SPEC | changes)


def test_the_generated_files_are_up_to_date() -> None:
    """configs/schema/hamiltonian.json and docs/spec-hamiltonian.md are what the declarations give."""
    update = "run: python -m qamctl.spec.schema"
    assert json.loads((ROOT / "configs/schema/hamiltonian.json").read_text()) == json_schema("hamiltonian"), update
    page = (ROOT / "docs/spec-hamiltonian.md").read_text()
    assert page == reference_page("hamiltonian"), update
    assert all(f"| `{field.name}` |" in page for field in HAMILTONIAN.fields)
