"""The JSON Schema and the reference page, which are generated and held up to date."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.reading import spec_data
from support.shared import ROOT

from qamctl.errors import UsageError
from qamctl.spec.reader import read_source
from qamctl.spec.schedule_fields import LATER, SCHEDULE
from qamctl.spec.schema import json_schema, reference_page

UPDATE = "run: python -m qamctl.spec.schema"


def test_the_generated_files_are_up_to_date() -> None:
    """configs/schema/schedule.json and docs/spec-schedule.md are what the declarations give."""
    assert json.loads((ROOT / "configs/schema/schedule.json").read_text()) == json_schema("schedule"), UPDATE
    assert (ROOT / "docs/spec-schedule.md").read_text() == reference_page("schedule"), UPDATE


def test_unknown_kinds_have_no_schema() -> None:
    """A kind that this version does not read is a usage error that names those it reads."""
    with pytest.raises(UsageError, match="cluster") as caught:
        json_schema("cluster")
    assert "schedule" in str(caught.value.diagnostics[0])


def test_the_examples_are_valid_by_the_schema() -> None:
    """Every schedule of problems/ passes the schema that editors check it by."""
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft7Validator(json_schema("schedule"))
    files = sorted((ROOT / "problems").rglob("*.yaml"))
    for file in files:
        data = read_source(file)[0]
        if data.get("kind") == "schedule":
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


def test_the_schema_is_itself_valid() -> None:
    """The schema is a draft-07 schema."""
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft7Validator.check_schema(json_schema("schedule"))


def test_no_field_is_both_taken_and_later() -> None:
    """The table of later fields holds none that this version takes."""
    by_name = {"schedule": SCHEDULE, "modes": SCHEDULE["tasks"]["modes"], "after": SCHEDULE["tasks"]["after"]}
    by_name |= {name: SCHEDULE[name] for name in ("resources", "agents", "tasks")}
    for name, later in LATER.items():
        known = SCHEDULE["objective"].choices if name == "objective" else [f.name for f in by_name[name].fields]
        assert not set(known) & set(later)


def test_the_page_names_every_field() -> None:
    """No field of the declarations is missing from the reference page."""
    page = Path(ROOT / "docs/spec-schedule.md").read_text()
    todo = [SCHEDULE]
    while todo:
        field = todo.pop()
        todo += field.fields
        assert field is SCHEDULE or f"| `{field.name}` |" in page
