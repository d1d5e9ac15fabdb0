"""Why a schedule problem has no answer, and what would help, as a page of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import fill
from typing import Any

from qamctl.cli.table import cell
from qamctl.console import Paint

#: Constraints of a conflict that are all listed; of more, some of each kind are.
MOST_LISTED = 16
#: Constraints of one kind that are listed then.
OF_A_KIND = 3

_STYLES = {"feasible": "good", "infeasible": "bad", "unknown": "bad"}


def schedule_explanation_page(found: Mapping[str, Any], width: int, paint: Paint) -> str:
    """The page of what `explain_schedule` found."""
    status = found["status"]
    parts = [f"Status: {paint(status, _STYLES[status])}"]
    if status == "unknown":
        text = "Neither a schedule was found nor that there is none: allow more time by --time-limit."
        parts.append(_filled(text, "", width))
    for conflict in found["conflicts"]:
        count = len(conflict["constraints"])
        head = f"These {count} constraints can't hold together:" if count > 1 else "This constraint can't hold:"
        parts.append(_conflict(head, conflict, width))
    if found["more_conflicts"]:
        parts.append("There may be more conflicts.")
    if found["remedies"]:
        parts.append(_remedies(found["remedies"], width))
    elif status == "infeasible":
        parts.append("No change was found that gives it a schedule.")
    if found["binding"]:
        parts.append(_binding(found, width))
    if not found["complete"] and status != "unknown":
        parts.append(_filled("Not every question had an answer in the time: allow more by --time-limit.", "", width))
    return "\n\n".join(parts)


def _conflict(head: str, conflict: Mapping[str, Any], width: int) -> str:
    lines = [head, *_listed(conflict["constraints"], width)]
    lines += [_filled(f"Because {reason}.", "", width) for reason in conflict["why"]]
    if not conflict["minimal"]:
        lines.append(_filled("Some of them may not be needed: the time ended before that was proved.", "", width))
    return "\n".join(lines)


def _listed(constraints: Sequence[Mapping[str, Any]], width: int) -> Iterator[str]:
    """The constraints with their places; where they are many, some of each kind."""
    kinds: dict[str, list[Mapping[str, Any]]] = {}
    for one in constraints:
        kinds.setdefault(one["constraint"], []).append(one)
    if len(constraints) <= MOST_LISTED:
        kinds = {"": list(constraints)}
    for kind, some in kinds.items():
        shown = some if not kind or len(some) <= OF_A_KIND + 1 else some[:OF_A_KIND]
        yield from (_filled(f"{_place(one)}  {cell(one['text'])}", "  ", width) for one in shown)
        if len(some) > len(shown):
            yield _filled(f"... and {len(some) - len(shown)} more of `{kind}` (-o json has them all)", "  ", width)


def _place(row: Mapping[str, Any]) -> str:
    return ":".join(str(row[part]) for part in ("file", "line", "column") if row[part] is not None)


def _remedies(remedies: Sequence[Mapping[str, Any]], width: int) -> str:
    alone = all(len(remedy["changes"]) == 1 for remedy in remedies)
    lines = ["Each of these gives it a schedule, the cheapest first:"]
    for number, remedy in enumerate(remedies, 1):
        together = "" if alone else " (together)" if len(remedy["changes"]) > 1 else ""
        least = "" if remedy["least"] else ", perhaps less is enough"
        lines.append(f"{number}. cost {remedy['cost']:g}{together}{least}")
        for change in remedy["changes"]:
            lines.append(_filled(cell(change["text"]), "   ", width))
            lines += [_filled(_edit(edit), "     ", width) for edit in change["edits"]]
    return "\n".join(lines)


def _edit(edit: Mapping[str, Any]) -> str:
    before, after = (_value(edit[side]) for side in ("from", "to"))
    if edit["from"] is None:
        change = f"{edit['field']}: add {after}"
    elif edit["to"] is None:
        change = f"{edit['field']}: remove {before}"
    else:
        change = f"{edit['field']}: {before} -> {after}"
    return f"{change} ({_place(edit)})"


def _value(value: Any) -> str:
    """A value as YAML has it on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return cell(value)


def _binding(found: Mapping[str, Any], width: int) -> str:
    shortest, unit = found["binding"], found["unit"]
    text = f"The shortest schedule that was found lasts {shortest['makespan']} {unit}."
    conflict = shortest["conflict"]
    if shortest["bound"] and shortest["bound"] != shortest["explained"]:
        text += f" None is shorter than {shortest['bound']} {unit}."
    if conflict is None:
        return fill(text, width)
    count = len(conflict["constraints"])
    these = f"these {count} constraints" if count > 1 else "this constraint"
    head = f"{text} None is shorter than {shortest['explained']} {unit} because of {these}:"
    return _conflict(fill(head, width), conflict, width)


def _filled(text: str, indent: str, width: int) -> str:
    return fill(
        text, width, initial_indent=indent, subsequent_indent=f"{indent}  " if indent else "", break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
