"""The JSON Schema and the reference page, which are generated and held up to date."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.cluster_reading import cluster_data, cluster_data_faults
from support.reading import spec_data
from support.shared import ROOT

from qamctl.errors import UsageError
from qamctl.spec.cluster_fields import CLUSTER
from qamctl.spec.fields import Field
from qamctl.spec.reader import read_source
from qamctl.spec.schedule_fields import SCHEDULE
from qamctl.spec.schema import KINDS, json_schema, reference_page

UPDATE = "run: python -m qamctl.spec.schema"


@pytest.mark.parametrize("kind", KINDS)
def test_the_generated_files_are_up_to_date(kind: str) -> None:
    """configs/schema/KIND.json and docs/spec-KIND.md are what the declarations give."""
    assert json.loads((ROOT / f"configs/schema/{kind}.json").read_text()) == json_schema(kind), UPDATE
    assert (ROOT / f"docs/spec-{kind}.md").read_text() == reference_page(kind), UPDATE


def test_unknown_kinds_have_no_schema() -> None:
    """A kind that this version does not read is a usage error that names those it reads."""
    with pytest.raises(UsageError, match="orchestrate") as caught:
        json_schema("orchestrate")
    assert "schedule, cluster" in str(caught.value.diagnostics[0])


@pytest.mark.parametrize("kind", ["schedule", "cluster"])
def test_the_examples_are_valid_by_the_schema(kind: str) -> None:
    """Every schedule and cluster spec of problems/ passes the schema that editors check it by."""
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft7Validator(json_schema(kind))
    files = sorted((ROOT / "problems").rglob("*.yaml"))
    for file in files:
        data = read_source(file)[0]
        if data.get("kind") == kind:
            assert [error.message for error in validator.iter_errors(data)] == []


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "cluster"},
        {"tasks": [{"id": 3}]},
        {"tasks": [{"id": "a", "durations": 3}]},
        {"tasks": {"table": 3}},
        {"objective": {"makspan": 1}},
        {"agents": [{"id": "a", "slots": 0}]},
        {"agents": [{"id": "a", "speed": 0}]},
        {"tasks": [{"id": "a", "duration": 1, "after": [{"task": "b", "type": "XX"}]}]},
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(fields: dict[str, Any]) -> None:
    """Faults of shape are faults in the editor too."""
    jsonschema = pytest.importorskip("jsonschema")
    assert not jsonschema.Draft7Validator(json_schema("schedule")).is_valid(spec_data(**fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"links": [{"a": "a", "b": "b", "kind": "cutt"}]},
        {"agents": [{"id": "a", "optional": "yes"}]},
        {"agents": [{"id": "a", "requires": {"zone": []}}]},
        {"agents": [{"id": "a", "clusters": "all"}]},
        {"agents": [{"id": "a", "tolerates": "x"}]},
        {"clusters": {"count": 0}},
        {"clusters": {"size": {"goal": 3}}},
        {"clusters": {"count": 2, "merge_below": 1}},
        {"balance": "3%"},
        {"balance": {"tol": 3}},
        {"balance": [{"resource": "r"}]},
        {"balance": []},
        {"balance": {"tolerance": 3, "ratios": []}},
        {"moves": {"pairs": [{"from": "x"}]}},
        {"levels": "zone"},
        {"objective": {"makespan": 1}},
    ],
)
def test_the_schema_of_clusters_refuses_what_the_reader_refuses(fields: dict[str, Any]) -> None:
    """Faults of shape are faults in the editor too, each where the reader says so."""
    jsonschema = pytest.importorskip("jsonschema")
    assert not jsonschema.Draft7Validator(json_schema("cluster")).is_valid(cluster_data(**fields))
    assert cluster_data_faults(cluster_data(**fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"clusters": {"count": 2, "capacity": {}, "max_size": 2}},
        {"clusters": {"size": {"target": 2}, "split_above": 4, "merge_below": 1}},
        {"clusters": {"csv": "id,cost\nx,1\n"}},
        {"balance": 3.5},
        {"balance": {"tolerance": 3}},
        {"agents": [{"id": "a", "requires": {}, "clusters": "any"}, {"id": "b", "clusters": ["x"], "optional": True}]},
        {"moves": {"max": 1, "pairs": {"csv": "from,to,cost\nx,y,1\n"}}},
    ],
)
def test_the_schema_of_clusters_takes_every_form(fields: dict[str, Any]) -> None:
    """Each way to write clusters, balance and agents passes, where the reader takes it."""
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft7Validator(json_schema("cluster"))
    assert [error.message for error in validator.iter_errors(cluster_data(**fields))] == []
    assert cluster_data_faults(cluster_data(**fields)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_is_itself_valid(kind: str) -> None:
    """The schema is a draft-07 schema."""
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft7Validator.check_schema(json_schema(kind))


@pytest.mark.parametrize(("kind", "root"), [("schedule", SCHEDULE), ("cluster", CLUSTER)])
def test_the_page_names_every_field(kind: str, root: Field) -> None:
    """No field of the declarations, nor a form of one, is missing from the reference page."""
    page = Path(ROOT / f"docs/spec-{kind}.md").read_text()
    todo = [root]
    while todo:
        field = todo.pop()
        todo += field.fields
        assert field is root or f"| `{field.name}` |" in page
        for form in field.forms:
            assert f"## {field.name}: {form.name}\n" in page
            todo += form.fields
