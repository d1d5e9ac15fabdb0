"""What a report says of a result of any kind: how good it is, who found it, what it misses, where it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from qamctl.report.curve_svg import MOST_POINTS, curve_svg
from qamctl.report.html import Cell, Html, facts, figure, folded, items, paragraph, said, section, table, tag
from qamctl.report.svg import Place

#: Colour of a status, by name.
_STATUS: Final = {
    "optimal": "good", "feasible": "good", "infeasible": "bad", "unknown": "bad", "interrupted": "warn",
}  # fmt: skip

#: Rows of reasons and violations that stand on the page.
MOST_ROWS: Final = 200


@dataclass(frozen=True, slots=True)
class Told:
    """A result as a page shows it.

    Attributes
    ----------
    name
        Of the problem.
    result, metrics
        The objects of the two files; `metrics` is empty where it is not at hand.
    chosen
        Options that are not the defaults, by name, each with its origin.
    notes
        What the reader should know of the report itself.
    answer, lists
        The sections that are of the kind of problem: its pictures, and its rows.
    """

    name: str
    result: Mapping[str, Any]
    metrics: Mapping[str, Any] = field(default_factory=dict)
    chosen: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    notes: Sequence[str] = ()
    answer: Sequence[Html] = ()
    lists: Sequence[Html] = ()


def sections(told: Told, place: Place) -> Iterator[Html]:
    """All that there is to say of a result, from what matters most to where it came from."""
    result = told.result
    yield _verdict(told)
    yield section("Gates", _gates(result))
    yield section("Why there is no feasible answer", _reasons(result))
    yield section("Violations", _violations(result))
    yield from told.answer
    yield section("Objective, level by level", _levels(result), _terms(result))
    yield section("Who found it", _attempts(result), _curve(told, place))
    yield section("Where the time went", _seconds(told.metrics))
    yield from told.lists
    yield section("Where it came from", *_provenance(told))


def percent(gap: float | None) -> str | None:
    """A gap as people read it."""
    return None if gap is None else f"{100 * gap:.2f} %"


def rounded(seconds: float | None) -> str | None:
    """Seconds as people read them."""
    return None if seconds is None else f"{seconds:.3f}"


def _verdict(told: Told) -> Html:
    result = told.result
    status = str(result.get("status"))
    sense = " (maximised)" if result.get("sense") == "max" or result.get("kind") == "reason" else ""
    objective = result.get("objective")
    fallback = result.get("fallback")
    if isinstance(fallback, Mapping):
        fallback = ", ".join(f"{key}: {value}" for key, value in fallback.items())
    rows: list[tuple[str, Cell]] = [
        ("status", tag("span", said(status), class_=f"status {_STATUS.get(status, 'soft')}")),
        (f"objective{sense}", objective),
        ("bound", result.get("bound") if objective is None else _or_none_known(result.get("bound"))),
        ("gap", percent(result.get("gap"))),
        ("solved by", result.get("solved_by")),
        ("instead of what was asked", fallback),
        ("seconds in all", rounded((told.metrics.get("seconds") or {}).get("total"))),
    ]
    reused = result.get("reused")
    if isinstance(reused, Mapping):
        rows.append(("answer of an earlier run", str(reused.get("run"))))
    notes = [*told.notes, *(str(note) for note in result.get("notes") or [])]
    return Html("".join([facts(rows), items(notes)]))


def _or_none_known(bound: Cell) -> Cell:
    return "none known" if bound is None else bound


def _gates(result: Mapping[str, Any]) -> str:
    rows = [
        (row["gate"], tag("span", "met" if row["met"] else "not met", class_="good" if row["met"] else "bad"),
         row.get("value"), row.get("note"))
        for row in result.get("gates") or []
    ]  # fmt: skip
    return table("What the run was asked to meet", ("gate", "verdict", "value", "note"), rows, right="value")


def _reasons(result: Mapping[str, Any]) -> str:
    rows = result.get("reasons") or []
    cells = [
        (row.get("constraint"), row.get("text"), ":".join(str(row[k]) for k in ("file", "line") if row.get(k)))
        for row in rows[:MOST_ROWS]
    ]
    return table("Reasons", ("constraint", "reason", "place"), cells) + _more(len(rows), "reasons")


def _violations(result: Mapping[str, Any]) -> str:
    rows = result.get("violations") or []
    texts = [str(row.get("text", row)) if isinstance(row, Mapping) else str(row) for row in rows[:MOST_ROWS]]
    return items(texts) + _more(len(rows), "violations")


def _more(count: int, what: str) -> str:
    return paragraph(f"{MOST_ROWS} of {count:,} {what} shown.", "soft") if count > MOST_ROWS else ""


def _levels(result: Mapping[str, Any]) -> str:
    rows = []
    for number, level in enumerate(result.get("levels") or [], 1):
        value, bound = level.get("value"), level.get("bound")
        gap = None if value is None or bound is None else abs(value - bound) / max(1, abs(value))
        terms = ", ".join(level.get("terms") or {})
        rows.append((number, terms, value, bound, percent(gap)))
    return table("Levels, the most important first", ("level", "terms", "value", "bound", "gap"), rows,
                 right="level value bound gap")  # fmt: skip


def _terms(result: Mapping[str, Any]) -> str:
    rows = list((result.get("terms") or {}).items())
    return table("Every term, before weights", ("term", "value"), rows, right="value")


def _attempts(result: Mapping[str, Any]) -> str:
    head = ("engine", "status", "objective", "bound", "seconds", "variables", "shots", "feasible", "beyond chance",
            "beyond classical", "note")  # fmt: skip
    rows = []
    for row in result.get("attempts") or []:
        share = row.get("feasible_fraction")
        rows.append(
            (
                row.get("backend"), row.get("status"), row.get("objective"), row.get("bound"), row.get("seconds"),
                row.get("variables") or None, row.get("shots") or None, None if share is None else percent(share),
                row.get("gain_over_random"), row.get("gain_over_classical_same_time"), row.get("note"),
            )
        )  # fmt: skip
    used = [k for k in range(len(head)) if k < 5 or any(row[k] is not None for row in rows)]
    names = [head[k] for k in used]
    right = "objective bound seconds variables shots feasible beyond-chance beyond-classical"
    cells = [[row[k] for k in used] for row in rows]
    return table("What each engine achieved", names, cells, right=right)


def _curve(told: Told, place: Place) -> str:
    curve = [(float(at), value, str(who)) for at, value, who in told.metrics.get("curve") or [] if value is not None]
    if not curve:
        return ""
    seconds = (told.metrics.get("seconds") or {}).get("solve") or 0.0
    caption = "Each point is an answer that was better than all before it."
    if len(curve) > MOST_POINTS:
        caption += f" Of {len(curve):,}, the last one of each of {MOST_POINTS} spans of time is drawn."
    svg = curve_svg(curve, told.result.get("bound"), seconds, Place(f"{place.name}-curve", whole=False))
    return figure(svg, caption)


def _seconds(metrics: Mapping[str, Any]) -> str:
    rows = [(phase, rounded(seconds)) for phase, seconds in (metrics.get("seconds") or {}).items()]
    return table("Seconds of each phase", ("phase", "seconds"), rows, right="seconds")


def _provenance(told: Told) -> Iterator[Html]:
    provenance = told.result.get("provenance") or {}
    compiled = told.result.get("compiled") or {}
    command = provenance.get("command")
    rows: list[tuple[str, Cell]] = [
        ("run", told.result.get("run")), ("kind", told.result.get("kind")), ("started", provenance.get("started")),
        ("host", provenance.get("host")), ("seed", _code(provenance.get("seed"))),
        ("command", _code(" ".join(map(str, command)) if command else None)),
        ("hash of the problem file", _code(provenance.get("spec_sha256"))),
        ("hash of what was compiled", _code(compiled.get("sha256"))),
    ]  # fmt: skip
    yield facts(rows)
    yield table("Tables of the problem file", ("table", "hash"), [
        (name, _code(sha256)) for name, sha256 in (provenance.get("tables") or {}).items()
    ])  # fmt: skip
    files = [(name, _code(sha256)) for name, sha256 in (told.result.get("exports") or {}).items()]
    yield table("Files beside the result", ("file", "hash"), files)
    chosen = [(name, value, origin) for name, (value, origin) in told.chosen.items()]
    yield table("Options that are not the defaults", ("option", "value", "from"), chosen)
    versions = list((provenance.get("versions") or {}).items())
    yield folded("Versions", table("Versions", ("package", "version"), versions))


def _code(value: Any) -> Html | None:
    return None if value is None else tag("code", said(str(value)))
