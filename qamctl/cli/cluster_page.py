"""A cluster result as a page of text: how good it is, how full the clusters are, what is cut, and what has to move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

from qamctl.cli.cluster_bars import Rows, bars
from qamctl.cli.cluster_changes import changes_table, sums_table
from qamctl.cli.table import cell, fit, table
from qamctl.cli.views import beside, places, verdict
from qamctl.console import Paint

#: Clusters that all stand on the page, with those around them; of more than these the fullest and the emptiest ones.
MOST_CLUSTERS, FULLEST, EMPTIEST = 12, 6, 3

#: Rows of a list on the page; the result file has them all.
MOST_ROWS = 20


def cluster_page(
    result: Mapping[str, Any],
    *,
    width: int,
    paint: Paint,
    place: str | None = None,
    clusters: Mapping[str, Any] | None = None,
) -> str:
    """The page of a cluster result.

    Parameters
    ----------
    result
        The object of a result file.
    place
        Where the whole result is; None where it was not written.
    clusters
        The block of a metrics file that tells how the clusters were before; None where it is not at hand.
    """
    parts = verdict(result, width=width, paint=paint)
    solution = result.get("solution")
    if solution:
        parts += [_facts(result, solution, width, clusters), _loads(solution["clusters"], clusters, width, paint)]
        parts += [_assignments(solution["assignments"], width, place), _moves(solution, width, place)]
    parts.append(places(result, place))
    return "\n\n".join(part for part in parts if part)


def _facts(
    result: Mapping[str, Any], solution: Mapping[str, Any], width: int, clusters: Mapping[str, Any] | None
) -> str:
    """Sizes, the cut and the moves, in a few lines."""
    rows = _leaves(solution["clusters"])
    sizes = [row["size"] for row in rows if row["size"]]
    line = f"Clusters: {_number(sum(sizes), 'agent')} in {_number(len(sizes), 'cluster')}"
    if sizes:
        least, most = min(sizes), max(sizes)
        line += f" of {least} to {most}" if most > least else f" of {most}"
    if empty := len(rows) - len(sizes):
        line += f", {empty} empty"
    lines = [line]
    assignments = solution["assignments"]
    if not isinstance(assignments, Mapping) and (out := len(assignments) - sum(sizes)):
        lines[0] += f"; {_number(out, 'agent')} left out"
    terms = result.get("terms") or {}
    cut_before = ((clusters or {}).get("before") or {}).get("cut")
    if terms.get("cut") or cut_before:
        lines.append(f"Cut: {cell(terms.get('cut'))}" + (f", before {cell(cut_before)}" if cut_before else ""))
    matter = any("move" in level["terms"] for level in result.get("levels") or [])
    if told := _moved(solution["moves"], solution["blocked"], matter):
        lines.append(told)
    return "\n".join(fill(line, width, subsequent_indent="  ") for line in lines)


def _moved(moves: Rows, blocked: Sequence[str], matter: bool) -> str:
    """How much has to move; empty where nothing does, and the objective does not speak of it."""
    come = {row["agent"] for row in moves if row["from"] is None}
    moved = {row["agent"] for row in moves} - come
    if not moved and not blocked:
        return "Moves: none" if matter and not come else ""
    steps = sum(row["agent"] in moved for row in moves)
    line = f"Moves: {_number(len(moved), 'agent')} in {_number(steps, 'step')}"
    if come:
        line += f"; {len(come)} that {'was nowhere is' if len(come) == 1 else 'were nowhere are'} placed"
    return line + (f"; no order was found for {len(blocked)}: {', '.join(map(cell, blocked))}" if blocked else "")


def _number(count: int, word: str) -> str:
    return f"{count} {word}{'s' * (count != 1)}"


def _leaves(clusters: Rows) -> Rows:
    """Those that hold no others."""
    inner = {row["parent"] for row in clusters}
    return [row for row in clusters if row["id"] not in inner]


def _loads(clusters: Rows, block: Mapping[str, Any] | None, width: int, paint: Paint) -> str:
    """Bars, changes and sums; of many clusters the bars of the fullest and the emptiest."""
    leaves = _leaves(clusters)
    names, note = _chosen(clusters, leaves)
    told = {row["id"]: row for row in (block or {}).get("rows", ())}
    before = {name: row["before"] for name, row in told.items() if row["before"] is not None}
    parts = [bars(names, clusters if note is None else leaves, before, width, paint)]
    if note is not None:
        parts[0] += f"\n{fit(note, width)}" if note else ""
    if block is not None and block["after"] is not None:
        rows = [(name, told[row["id"]]) for name, row in names if row["id"] in told]
        parts += [changes_table(rows, block, width), sums_table(block, width)]
    elif note is not None:
        parts.append(_summary(leaves, width))
    return "\n\n".join(part for part in parts if part)


def _chosen(clusters: Rows, leaves: Rows) -> tuple[list[tuple[str, Mapping[str, Any]]], str | None]:
    """Who stands on the page, each with its name there; of many a note, which may be empty."""
    if len(leaves) <= MOST_CLUSTERS and len(clusters) <= 2 * MOST_CLUSTERS:
        return _nested(clusters), None
    ranked, note = sorted(leaves, key=lambda row: (-_fullness(row), -row["size"])), ""
    if len(ranked) > FULLEST + EMPTIEST:
        note = f"... of {len(ranked)} clusters the {FULLEST} fullest and the {EMPTIEST} emptiest"
        ranked = [*ranked[:FULLEST], *ranked[len(ranked) - EMPTIEST :]]
    return [(row["id"], row) for row in ranked], note


def _nested(clusters: Rows) -> list[tuple[str, Mapping[str, Any]]]:
    """Every cluster behind the one around it, its name moved in."""
    inside: dict[str | None, list[Mapping[str, Any]]] = {}
    for row in clusters:
        inside.setdefault(row["parent"], []).append(row)
    found: list[tuple[str, Mapping[str, Any]]] = []
    waiting = [(row, 0) for row in reversed(inside.get(None, []))]
    while waiting:
        row, depth = waiting.pop()
        found.append(("  " * depth + row["id"], row))
        waiting += [(one, depth + 1) for one in reversed(inside.get(row["id"], []))]
    return found


def _fullness(row: Mapping[str, Any]) -> float:
    """The largest share of a capacity that is used."""
    return max((row["use"][name] / limit for name, limit in row["capacity"].items() if limit), default=0.0)


def _summary(leaves: Rows, width: int) -> str:
    """Of each resource with capacities: what is used in all, and how full the clusters are."""
    rows = []
    for name in leaves[0]["use"]:
        limited = [row for row in leaves if row["capacity"].get(name)]
        shares = [row["use"][name] / row["capacity"][name] for row in limited]
        if shares:
            use, limit = (sum(row[of][name] for row in limited) for of in ("use", "capacity"))
            percents = (f"{100 * share:.1f} %" for share in (use / limit, min(shares), max(shares)))
            rows.append((name, use, limit, *percents))
    head = ("resource", "use", "capacity", "share", "emptiest", "fullest")
    return table(head, rows, width=width, right=" ".join(head[1:])) if rows else ""


def _assignments(rows: Any, width: int, place: str | None) -> str:
    """Who is where, of few agents."""
    if isinstance(rows, Mapping):
        return f"The assignments are in {beside(place, rows['table'])}."
    if not rows or len(rows) > MOST_ROWS:
        return ""
    devices = any(row.get("devices") for row in rows)
    head = ("agent", "cluster", *(["devices"] if devices else []))
    cells = [(row["agent"], row["cluster"], *([_devices(row.get("devices") or {})] if devices else [])) for row in rows]
    return table(head, cells, width=width)


def _devices(taken: Mapping[str, Sequence[int]]) -> str:
    return ", ".join(f"{name} {'+'.join(map(str, numbers))}" for name, numbers in taken.items())


def _moves(solution: Mapping[str, Any], width: int, place: str | None) -> str:
    """The first moves; none where every agent was nowhere."""
    moves = solution["moves"]
    if all(row["from"] is None for row in moves):
        return ""
    rows = [(row["step"], row["agent"], row["from"], row["to"]) for row in moves[:MOST_ROWS]]
    text = table(("step", "agent", "from", "to"), rows, width=width, right="step")
    if more := len(moves) - len(rows):
        text += f"\n... and {more} more, all in {place or 'the result'}"
    return text
