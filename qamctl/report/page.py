"""The page of one result or of several: one file that asks for nothing from elsewhere, and runs nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from qamctl.report.html import Cell, Html, document, paragraph, section, table, tag
from qamctl.report.page_style import STYLE
from qamctl.report.svg import Place, words
from qamctl.report.told import Told, percent, rounded, sections


def place_of(number: int) -> Place:
    """What the ids of the result of that number, from 1, begin with."""
    return Place(f"run-{number}", whole=False)


def report_page(results: Sequence[Told]) -> str:
    """The page as HTML 5; the same results give the same bytes.

    Parameters
    ----------
    results
        At least one; of several, what can be compared stands above them.
    """
    title = ", ".join(dict.fromkeys(told.name for told in results))
    body = [tag("h1", words(title)), *(_comparison(results) if len(results) > 1 else ())]
    for number, told in enumerate(results, 1):
        which = f"{number}. {told.name}: " if len(results) > 1 else ""
        heading = f"{which}{told.result.get('kind')}, {told.result.get('status')}"
        body.append(tag("h2", words(heading), id=place_of(number).name))
        body += [paragraph(_subtitle(told), "soft"), *sections(told, place_of(number))]
    return document(title, STYLE, tag("main", *body))


def _subtitle(told: Told) -> str:
    started = (told.result.get("provenance") or {}).get("started")
    return f"Run {told.result.get('run')} of qamctl" + (f", started {started}" if started else "")


def _comparison(results: Sequence[Told]) -> Iterator[Html]:
    """A row for each figure, a column for each result: what several have can be compared."""
    columns = [told.result for told in results]
    seconds = [rounded((told.metrics.get("seconds") or {}).get("total")) for told in results]
    rows: list[Sequence[Cell]] = [
        ("kind", *(one.get("kind") for one in columns)),
        ("status", *(one.get("status") for one in columns)),
        ("objective", *(one.get("objective") for one in columns)),
        ("bound", *(one.get("bound") for one in columns)),
        ("gap", *(percent(one.get("gap")) for one in columns)),
        ("solved by", *(one.get("solved_by") for one in columns)),
        ("seconds", *seconds),
        ("gates not met", *(_unmet(one) for one in columns)),
        ("seed", *(_text((one.get("provenance") or {}).get("seed")) for one in columns)),
        ("problem file", *(_text((one.get("provenance") or {}).get("spec_sha256"))[:12] or None for one in columns)),
    ]
    terms = dict.fromkeys(term for one in columns for term in one.get("terms") or {})
    rows += [(f"term {term}", *((one.get("terms") or {}).get(term) for one in columns)) for term in terms]
    head = ["", *(f"{number}. {told.name}" for number, told in enumerate(results, 1))]
    kept = [row for row in rows if any(cell is not None and cell != "" for cell in row[1:])]
    listed = table("The results side by side", head, kept, right=" ".join(name.replace(" ", "-") for name in head[1:]))
    links = tag("nav", tag("ul", *_links(results)), aria_label="Results")
    yield section("Comparison", links, listed, *_remarks(columns), level=2)


def _links(results: Iterable[Told]) -> Iterator[Html]:
    for number, told in enumerate(results, 1):
        yield tag("li", tag("a", words(f"{number}. {told.name}"), href=f"#{place_of(number).name}"))


def _remarks(columns: Sequence[Any]) -> Iterator[Html]:
    """What forbids to compare figures."""
    if len({one.get("kind") for one in columns}) > 1:
        yield paragraph("The results are of several kinds: their objectives have nothing in common.", "warn")
    elif len({(one.get("provenance") or {}).get("spec_sha256") for one in columns}) > 1:
        yield paragraph("The results are of different problem files: compare their objectives with care.", "warn")


def _unmet(result: Any) -> int | None:
    gates = result.get("gates")
    return None if gates is None else sum(not row["met"] for row in gates)


def _text(value: Any) -> str:
    return "" if value is None else str(value)
