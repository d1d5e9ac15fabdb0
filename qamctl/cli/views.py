"""A result as a page of text: what was found, by whom, how good it is, and the schedule itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

from qamctl.cli.gantt import gantt
from qamctl.cli.gates_page import gates_text
from qamctl.cli.table import cell, fit, table
from qamctl.console import Paint

#: Assignments on the page; the result file has them all.
MOST_ROWS = 20

_STYLES = {"optimal": "good", "feasible": "good", "infeasible": "bad", "unknown": "bad", "interrupted": "warn"}


def schedule_page(
    result: Mapping[str, Any], *, width: int, paint: Paint, unit: str = "", place: str | None = None
) -> str:
    """The page of a schedule's result.

    Parameters
    ----------
    result
        The object of a result file.
    unit
        Of times; empty where it is not known.
    place
        Where the whole result is; None where it was not written.
    """
    parts = verdict(result, width=width, paint=paint)
    assignments = (result.get("solution") or {}).get("assignments") or []
    if isinstance(assignments, Mapping):  # a large schedule's rows are in a table beside the result
        parts.append(f"The assignments are in {beside(place, assignments['table'])}.")
    elif assignments:
        parts.append(_rows(assignments, width, place))
        parts.append(gantt(assignments, width=width, unit=unit))
    parts.append(places(result, place))
    return "\n\n".join(part for part in parts if part)


def verdict(result: Mapping[str, Any], *, width: int, paint: Paint) -> list[str]:
    """What every page of an answer with levels begins with: how good it is, by whom, or why there is none."""
    return [
        _headline(result, width, paint), _levels(result, width), gates_text(result, width, paint),
        _engines(result, width), _reasons(result, width), _violations(result),
    ]  # fmt: skip


def places(result: Mapping[str, Any], place: str | None) -> str:
    """Where the whole result is, and what was exported beside it; empty where nothing was written."""
    exported = result.get("exports") or {}
    lines = [f"Result: {place}", *(f"Exported: {beside(place, name)}" for name in exported)]
    return "\n".join(lines if place else [])


def beside(place: str | None, name: str) -> str:
    """The place of a file beside a result; its name alone where the result was not written."""
    return name if place is None else str(Path(place).with_name(name))


def page(
    result: Mapping[str, Any],
    *,
    width: int,
    paint: Paint,
    place: str | None = None,
    metrics: Mapping[str, Any] | None = None,
) -> str:
    """The page of a result of any kind; `metrics` of its run, where they are at hand."""
    from qamctl.cli.circuit_page import circuit_page
    from qamctl.cli.cluster_page import cluster_page
    from qamctl.cli.reason_page import reason_page

    if result["kind"] == "cluster":
        clusters = (metrics or {}).get("clusters")
        return cluster_page(result, width=width, paint=paint, place=place, clusters=clusters)
    show = {"model": model_page, "circuit": circuit_page, "reason": reason_page}.get(result["kind"], schedule_page)
    return show(result, width=width, paint=paint, place=place)


def model_page(result: Mapping[str, Any], *, width: int, paint: Paint, place: str | None = None) -> str:
    """The page of a model's result: how good, by whom, where the files are; the sample itself only where it is short.

    Parameters
    ----------
    result
        The object of a result file.
    place
        Where the whole result is; None where it was not written.
    """
    parts = [_headline(result, width, paint), gates_text(result, width, paint)]
    parts += [_engines(result, width), _reasons(result, width)]
    solution = result.get("solution") or {}
    if solution:
        parts.append(_sample(solution, width))
    files = [f"Result: {place}"] if place else []
    if place and solution.get("samples_file"):
        files.append(f"Samples: {place.removesuffix('result.json')}{solution['samples_file']}")
    parts.append("\n".join(files))
    return "\n\n".join(part for part in parts if part)


def _sample(solution: Mapping[str, Any], width: int) -> str:
    ones = [name for name, value in zip(solution["variables"], solution["sample"], strict=True) if value]
    text = f"{len(ones)} of {len(solution['sample'])} variables are 1"
    if ones and len(ones) <= MOST_ROWS:
        text += f": {', '.join(map(cell, ones))}"
    return fill(text, width, subsequent_indent="  ")


def facts(value: Mapping[str, Any]) -> str:
    """A small object as lines of name and value, what is inside it indented."""
    lines = []
    for name, item in value.items():
        if isinstance(item, Mapping) and item:
            lines.append(f"{name}:")
            lines += [f"  {line}" for line in facts(item).splitlines()]
        elif isinstance(item, (list, tuple)):
            lines.append(f"{name}: {', '.join(map(cell, item)) or '-'}")
        else:
            lines.append(f"{name}: {cell(item)}")
    return "\n".join(lines)


def percent(gap: float | None) -> str:
    """A gap as people read it."""
    return "-" if gap is None else f"{100 * gap:.2f} %"


def _headline(result: Mapping[str, Any], width: int, paint: Paint) -> str:
    status = result["status"]
    lines = [f"Status: {paint(status, _STYLES.get(status, 'bold'))}"]
    if result.get("objective") is not None:
        unit = " (maximised)" if result.get("sense") == "max" else ""
        figures = f"objective {cell(result['objective'])}{unit}, bound {cell(result.get('bound'))}"
        lines[0] += f" ({figures}, gap {percent(result.get('gap'))})"
    if result.get("solved_by"):
        lines.append(f"Solved by: {result['solved_by']}")
    lines += reused_line(result)
    if fallback := result.get("fallback"):
        text = fallback if isinstance(fallback, str) else ", ".join(f"{k}: {v}" for k, v in fallback.items())
        lines.append(f"Fallback: {cell(text)}")
    if compiled := result.get("compiled"):
        sizes = f"{compiled.get('variables')} variables, {compiled.get('quadratic')} couplings"
        lines.append(f"Compiled: {compiled.get('kind')}, {compiled.get('scope')}, {compiled.get('reason') or sizes}")
    return "\n".join(fit(line, width) if line is not lines[0] else line for line in lines)


def reused_line(result: Mapping[str, Any]) -> list[str]:
    """Whose answer it is, where an earlier run found it."""
    reused = result.get("reused")
    return [f"Reused: from run {cell(reused['run'])}, checked anew"] if reused else []


def _levels(result: Mapping[str, Any], width: int) -> str:
    rows = []
    for number, level in enumerate(result.get("levels") or [], 1):
        value, bound = level.get("value"), level.get("bound")
        gap = None if value is None or bound is None else abs(value - bound) / max(1, abs(value))
        terms = ", ".join(f"{term} {cell(amount)}" for term, amount in level["terms"].items())
        rows.append((number, terms, value, bound, percent(gap)))
    if not rows:
        return ""
    return table(("level", "terms", "objective", "bound", "gap"), rows, width=width, right="level objective bound gap")


def _engines(result: Mapping[str, Any], width: int) -> str:
    rows = [
        (
            attempt["backend"],
            attempt["status"],
            attempt.get("objective"),
            attempt.get("bound"),
            f"{attempt.get('seconds') or 0.0:.2f}",
            attempt.get("variables") or None,
        )
        for attempt in result.get("attempts") or []
    ]
    if not rows:
        return ""
    head = ("engine", "status", "objective", "bound", "seconds", "variables")
    notes = [
        fill(f"{attempt['backend']}: {cell(attempt['note'])}", width, initial_indent="  ", subsequent_indent="    ")
        for attempt in result["attempts"]
        if attempt.get("note")
    ]
    return "\n".join([table(head, rows, width=width, right="objective bound seconds variables"), *notes])


def _reasons(result: Mapping[str, Any], width: int) -> str:
    rows: Sequence[Mapping[str, Any]] = result.get("reasons") or []
    lines = [fill(reason_line(row), width, subsequent_indent="  ", break_long_words=False) for row in rows]
    return "\n".join(["Why there is no feasible answer:", *lines] if rows else [])


def reason_line(reason: Mapping[str, Any]) -> str:
    """One reason as `file:line: constraint: text`."""
    where = ":".join(str(reason[key]) for key in ("file", "line") if reason.get(key) is not None)
    return ": ".join(part for part in (where, reason.get("constraint"), reason.get("text")) if part)


def _violations(result: Mapping[str, Any]) -> str:
    rows = result.get("violations") or []
    return "\n".join(["Violations:", *(f"  {cell(row)}" for row in rows)] if rows else [])


def _rows(assignments: Sequence[Mapping[str, Any]], width: int, place: str | None) -> str:
    order = sorted(range(len(assignments)), key=lambda k: (assignments[k]["start"], k))
    shown = [assignments[k] for k in order[:MOST_ROWS]]
    dated = all("start_time" in row for row in shown)
    modes = any(row.get("mode") is not None for row in shown)
    zone = _zone(shown[0]["start_time"]) if dated else ""
    head = ["task", "agents", *(["mode"] if modes else []), f"start{zone}", f"end{zone}"]
    rows = []
    for row in shown:
        times = [_moment(row[key + "_time"]) if dated else row[key] for key in ("start", "end")]
        agents = ", ".join(row["agents"] or [])
        rows.append([row["task"], agents, *([row.get("mode")] if modes else []), *times])
    text = table(head, rows, width=width, right="" if dated else "start end")
    if more := len(assignments) - len(shown):
        text += f"\n... and {more} more, all in {place or 'the result'}"
    return text


def _zone(moment: str) -> str:
    return f"({moment[19:]})" if len(moment) > 19 else ""


def _moment(moment: str) -> str:
    return moment[:19].replace("T", " ")
