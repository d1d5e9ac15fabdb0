"""What a report shows of clusters: the picture, how full they are, who is where, and the order of the moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from qamctl.report.html import Cell, Html, figure, folded, items, paragraph, section, table

#: Rows of a list in a report; the result has them all.
MOST_ROWS: Final = 500


def cluster_answer(solution: Mapping[str, Any], svg: str | None) -> Iterator[Html]:
    """The picture of an assignment, None where the problem file is not at hand, and how full the clusters are."""
    if svg is not None:
        yield section("Clusters", figure(svg, "Boxes are clusters, bars what is used of their capacity."))
    yield section("How full they are", *_clusters(solution.get("clusters") or []))


def cluster_lists(solution: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Iterator[Html]:
    """The moves, and who is where; `rows` are the assignments, wherever they stand."""
    yield section("Moves", *_moves(solution))
    yield section("Assignments", *_listed("assignments", "Assignments", rows, ("agent", "cluster")))


def _clusters(clusters: Sequence[Mapping[str, Any]]) -> Iterator[Html]:
    names = list(dict.fromkeys(name for row in clusters for name in row["use"]))
    head = ["cluster", "inside", "size", *names]
    cells = [
        [row["id"], row["parent"], row["size"], *(_amount(row, name) for name in names)] for row in clusters[:MOST_ROWS]
    ]
    if all(row[1] is None for row in cells):
        head, cells = [head[0], *head[2:]], [[row[0], *row[2:]] for row in cells]
    right = " ".join(name.replace(" ", "-") for name in head[1:] if name != "inside")
    yield table("Use of capacity by cluster", head, cells, right=right)
    if len(clusters) > MOST_ROWS:
        yield paragraph(f"{MOST_ROWS} of {len(clusters):,} clusters are listed: the first ones.", "soft")


def _amount(row: Mapping[str, Any], name: str) -> Cell:
    use, limit = row["use"].get(name), row["capacity"].get(name)
    return use if limit is None else f"{use} / {limit}"


def _moves(solution: Mapping[str, Any]) -> Iterator[Html]:
    moves = solution.get("moves") or []
    yield from _listed("moves", "Moves in an order that keeps every limit", moves, ("step", "agent", "from", "to"))
    blocked = [str(name) for name in solution.get("blocked") or []]
    if blocked:
        yield paragraph("No order was found for:")
        yield items(blocked[:MOST_ROWS])


def _listed(what: str, caption: str, rows: Any, columns: Sequence[str]) -> Iterator[Html]:
    """The first rows of a list, folded where they are many."""
    if isinstance(rows, Mapping):
        yield paragraph(f"They stand in the table {rows.get('table')}, which is not at hand.", "soft")
        return
    shown = rows[:MOST_ROWS]
    listed = table(caption, columns, [[row.get(name) for name in columns] for row in shown])
    if len(rows) > len(shown):
        yield paragraph(f"{len(shown):,} of {len(rows):,} {what} are listed: the first ones.", "soft")
    yield folded(f"{len(shown):,} {what}", listed) if len(shown) > 50 else listed
