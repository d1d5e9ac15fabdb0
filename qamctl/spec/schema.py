"""JSON Schema and the reference page of a kind of spec, both from the declarations that the decoder reads by."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from qamctl.errors import Diagnostic, UsageError
from qamctl.spec.circuit_fields import CIRCUIT
from qamctl.spec.cluster_fields import CLUSTER
from qamctl.spec.fields import Field
from qamctl.spec.hamiltonian_fields import HAMILTONIAN
from qamctl.spec.model_fields import MODEL
from qamctl.spec.notes import NOTES
from qamctl.spec.reason_fields import REASON
from qamctl.spec.schedule_fields import SCHEDULE

#: The kinds that this version reads.
KINDS: Final = {
    "schedule": SCHEDULE,
    "cluster": CLUSTER,
    "reason": REASON,
    "model": MODEL,
    "hamiltonian": HAMILTONIAN,
    "circuit": CIRCUIT,
}

_TIME: Final = "number, or an ISO-8601 duration such as PT30M"
_NAME: Final = {"type": "string", "minLength": 1}
_COUNT: Final = {"type": "integer", "minimum": 0}
_VARIABLE: Final = {"anyOf": [_NAME, _COUNT]}
_DURATION: Final = {"type": "string", "pattern": "^[-+]?P"}
_PAULI: Final = {"type": "string", "pattern": "^([IXYZ]+|[IXYZ][0-9]+( +[IXYZ][0-9]+)*)$"}

#: Type -> what the reference page calls it, and how a table cell holds it.
_LABELS: Final = {
    "text": ("text", "as it is"),
    "choice": ("one of a few words", "as it is"),
    "integer": ("whole number", "as it is"),
    "number": ("number", "as it is"),
    "speed": ("number above 0", "as it is"),
    "quantity": ("number, at most 6 decimals", "as it is"),
    "duration": (_TIME, "as it is"),
    "lag": (f"{_TIME}; may be negative", "as it is"),
    "moment": (f"{_TIME}, or a date-time", "as it is"),
    "origin": ("date-time", "-"),
    "quantities": ("{resource: number}", "`cpu=4|mem=8`"),
    "levels": ("{skill: level}, or [skill] (level 1)", "`plan|code` or `plan=2|code=1`"),
    "labels": ("{key: text}", "`zone=north|rack=r7`"),
    "performers": ("`any`, `none` or [agent]", "`any`, `none` or `a1|a2`"),
    "links": ("[task] or [{task, type, lag}]", "`t1|t2+5|t3:SS-PT1M`"),
    "texts": ("text or [text]", "-"),
    "record": ("mapping", "`name=value|name=value`"),
    "records": ("list of mappings", "-"),
    "rows": ("list of mappings, {table: FILE} or {csv: TEXT}", "-"),
    "objective": ("{term: weight}, or a list of them", "-"),
    "variables": ("[name], or a whole number", "-"),
    "terms": ("{variable: number}, at most 6 decimals", "`x=1|y=-2`"),
    "weights": ("{variable: number}, {table: FILE} or {csv: TEXT}", "-"),
    "couplings": ("list of [i, j, weight], {table: FILE} or {csv: TEXT}", "-"),
    "groups": ("list of lists of variables", "-"),
    "bits": ("list of lists of bits", "-"),
    "strings": ("list of [string, weight], {table: FILE} or {csv: TEXT}", "-"),
    "numbers": ("{name: number}", "-"),
    "flag": ("true or false", "as it is"),
    "names": ("[text]", "`a|b`"),
    "requirements": ("{label: text}, or {label: [text]}", "`gpu=V100/T4|zone=north`"),
    "places": ("`any` or [cluster]", "`any` or `c1|c2`"),
    "figures": ("{path: number}", "`retry=0.2|wait=0.9`"),
    "pairs": ("list of [path, path, number] or [path, path, number, number], {table: FILE} or {csv: TEXT}", "-"),
    "chances": ("[number], or a list of those", "`0.2|0.8/0.5|0.5`"),
    "intervals": ("list of [from, to]", "`8..10|20..24`"),
    "periods": ("list of [from, to, number]", "`8..10=2|20..24=0`"),
    "partners": ("[task] or [{label, group}]", "`t1|@zone|@/web|@zone/web`"),
}


def table_cell(field: Field) -> str | None:
    """An example of a table cell that holds a field; empty where it stands there as it is, None where no cell can."""
    if field.type == "record":
        return "|".join(f"{inner.name}={inner.name.upper()}" for inner in field.fields)
    cell = _LABELS[field.type][1].replace("`", "")
    return None if cell == "-" else "" if cell == "as it is" else cell


def json_schema(kind: str) -> dict[str, Any]:
    """The JSON Schema (draft-07) of a kind of spec, for editors.

    Raises
    ------
    UsageError
        This version reads no such kind.
    """
    if kind not in KINDS:
        hint = f"one of {', '.join(KINDS)}"
        raise UsageError(f"there is no schema of kind {kind}", [Diagnostic(f"unknown kind {kind}", None, hint)])
    field = KINDS[kind]
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": f"qamctl: {field.meaning}"}
    return head | _mapping(field)


def _mapping(field: Field) -> dict[str, Any]:
    out: dict[str, Any] = {
        "type": "object",
        "properties": {inner.name: _schema(inner) for inner in field.fields},
        "additionalProperties": False,
    }
    required = [inner.name for inner in field.fields if inner.required]
    return out | ({"required": required} if required else {})


def _schema(field: Field) -> dict[str, Any]:
    out = {"anyOf": [_by_type(form) for form in (field, *field.forms)]} if field.forms else _by_type(field)
    out |= {"description": field.meaning}
    return out if field.default is None else out | {"default": field.default}


def _by_type(field: Field) -> dict[str, Any]:
    number: dict[str, Any] = {"type": "number"}
    amount = {"type": "number", "minimum": 0, "maximum": 10**12}
    moment: dict[str, Any] = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}]}
    match field.type:
        case "text":
            return dict(_NAME)
        case "choice":
            return {"enum": list(field.choices)}
        case "integer":
            return {"type": "integer"} | _bounds(field)
        case "number":
            return number | _bounds(field)
        case "speed":
            return number | {"exclusiveMinimum": 0} | _bounds(field)
        case "quantity":
            return amount
        case "duration":
            return {"anyOf": [{"type": "number", "minimum": 0}, _DURATION]}
        case "lag":
            return {"anyOf": [number, _DURATION]}
        case "moment":
            return moment
        case "origin":
            return {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d"}
        case "quantities":
            return {"type": "object", "additionalProperties": amount}
        case "levels":
            levels = {"type": "object", "additionalProperties": number}
            return {"anyOf": [{"type": "array", "items": _NAME}, levels]}
        case "labels":
            return {"type": "object", "additionalProperties": _NAME}
        case "performers":
            return {"anyOf": [{"enum": ["any", "none"]}, {"type": "array", "items": _NAME, "minItems": 1}]}
        case "links":
            return {"type": "array", "items": {"anyOf": [_NAME, _mapping(field)]}}
        case "texts":
            word = {"enum": list(field.choices)} if field.choices else _NAME
            return {"anyOf": [word, {"type": "array", "items": word, "minItems": 1}]}
        case "record":
            return _mapping(field)
        case "records":
            return {"type": "array", "items": _mapping(field), "minItems": 1}
        case "rows":
            return {"anyOf": [{"type": "array", "items": _mapping(field)}, _elsewhere("table"), _elsewhere("csv")]}
        case "objective":
            weights = {"type": "object", "minProperties": 1, "additionalProperties": False}
            weights["properties"] = {term: {"type": "number", "minimum": 0} for term in field.choices}
            return {"anyOf": [weights, {"type": "array", "items": weights, "minItems": 1}]}
        case "variables":
            return {"anyOf": [{"type": "array", "items": _VARIABLE, "uniqueItems": True}, _COUNT]}
        case "terms":
            return {"type": "object", "additionalProperties": number}
        case "weights":
            inline = {"type": "object", "additionalProperties": number}
            return {"anyOf": [inline, _elsewhere("table"), _elsewhere("csv")]}
        case "couplings":
            triple = {"type": "array", "items": [_VARIABLE, _VARIABLE, number], "minItems": 3, "maxItems": 3}
            return {"anyOf": [{"type": "array", "items": triple}, _elsewhere("table"), _elsewhere("csv")]}
        case "groups":
            return {"type": "array", "items": {"type": "array", "items": _VARIABLE, "minItems": 1}}
        case "bits":
            return {"type": "array", "items": {"type": "array", "items": _COUNT, "minItems": 1}}
        case "strings":
            pair: dict[str, Any] = {"type": "array", "items": [_PAULI, number], "minItems": 2, "maxItems": 2}
            inline = {"type": "array", "items": pair}
            return {"anyOf": [inline, _elsewhere("table"), _elsewhere("csv")]}
        case "numbers":
            return {"type": "object", "additionalProperties": number}
        case "flag":
            return {"type": "boolean"}
        case "names":
            return {"type": "array", "items": _NAME}
        case "requirements":
            values = {"anyOf": [_NAME, {"type": "array", "items": _NAME, "minItems": 1}]}
            return {"type": "object", "additionalProperties": values}
        case "figures":
            return {"type": "object", "additionalProperties": number | _bounds(field)}
        case "pairs":
            ends: dict[str, Any] = {"type": "array", "items": [_NAME, _NAME, number, number]}
            inline = {"type": "array", "items": ends | {"minItems": 3, "maxItems": 4}}
            return {"anyOf": [inline, _elsewhere("table"), _elsewhere("csv")]}
        case "chances":
            row = {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}, "minItems": 2}
            return {"anyOf": [row, {"type": "array", "items": row}]}
        case "intervals":
            return {"type": "array", "items": _row(moment, moment)}
        case "periods":
            return {"type": "array", "items": _row(moment, moment, amount)}
        case "partners":
            return {"type": "array", "items": {"anyOf": [_NAME, _mapping(field)]}}
        case "places":
            return {"anyOf": [{"const": "any"}, {"type": "array", "items": _NAME, "minItems": 1}]}


def _row(*items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": list(items), "minItems": len(items), "maxItems": len(items)}


def _elsewhere(key: str) -> dict[str, Any]:
    return {"type": "object", "properties": {key: _NAME}, "required": [key], "additionalProperties": False}


def _bounds(field: Field) -> dict[str, Any]:
    out: dict[str, Any] = {"exclusiveMinimum": 0} if field.positive else {}
    out |= {} if field.low is None else {"minimum": field.low}
    return out | ({} if field.high is None else {"maximum": field.high})


def reference_page(kind: str) -> str:
    """Every field of a kind of spec as a Markdown page: type, default, meaning, form in a table cell."""
    root = KINDS[kind]
    lines = [
        f"# The `{kind}` spec",
        "",
        "This page is generated from the declarations that the reader uses (`qamctl/spec/schema.py`).",
        "Unknown fields are refused; `null` and an empty table cell mean that a field is absent.",
        "Rows are written inline, as `{table: FILE}` (`.csv`, `.parquet`, `.arrow`, beside the spec) or as",
        "`{csv: TEXT}`.",
        "",
        *NOTES[kind],
    ]
    pending = [(kind, root)]
    while pending:
        title, field = pending.pop(0)
        rows = field.type in ("rows", "links", "partners", "weights", "couplings", "strings", "pairs")
        lines += ["", f"## {title}", "", f"{field.meaning[0].upper()}{field.meaning[1:]}.", ""]
        lines.append(f"| field | type | {'table cell | ' if rows else ''}default | meaning |")
        lines.append(f"|---|---|{'---|' * rows}---|---|")
        for inner in field.fields:
            label, cell = _LABELS[inner.type]
            if inner.type in ("choice", "objective"):
                label = ("" if inner.type == "choice" else "weights of ") + ", ".join(inner.choices)
            label = "; or ".join([label, *(f"{_LABELS[form.type][0]} ({form.name})" for form in inner.forms)])
            middle = f"{_cell(cell)} | " if rows else ""
            lines.append(f"| `{inner.name}` | {_cell(label)} | {middle}{_default(inner)} | {_cell(inner.meaning)} |")
            name = f"{'' if field is root else title + '.'}{inner.name}"
            pending += [(name, inner)] if inner.fields else []
            pending += [(f"{name}: {form.name}", form) for form in inner.forms]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _default(field: Field) -> str:
    if field.required:
        return "required"
    return "-" if field.default is None else f"`{_flow(field.default)}`"


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {inner}" for key, inner in value.items()) + "}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def write_generated(root: Path) -> None:
    """Write the schemas and reference pages of all kinds into the project at `root`."""
    import json

    for kind in KINDS:
        schema = json.dumps(json_schema(kind), indent=2) + "\n"
        (root / "configs" / "schema" / f"{kind}.json").write_text(schema, encoding="utf-8")
        (root / "docs" / f"spec-{kind}.md").write_text(reference_page(kind), encoding="utf-8")


if __name__ == "__main__":
    write_generated(Path())
