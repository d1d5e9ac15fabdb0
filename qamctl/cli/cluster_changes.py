"""What a re-balance changes, as tables: who comes and goes, what is torn, how even the clusters are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qamctl.cli.table import cell, columns, table

#: The figures of a cluster in the order in which a narrow page keeps them.
_FIGURES = ("cut", "load", "inside")


def changes_table(rows: Sequence[tuple[str, Mapping[str, Any]]], block: Mapping[str, Any], width: int) -> str:
    """Each cluster's comings, goings and figures, before and after, and those of all together.

    Parameters
    ----------
    rows
        The clusters by the name that they are shown by, as the block `clusters` of a metrics file has them.
    block
        That block, of a run that has an answer.
    """
    before, after = block["before"] or {}, block["after"]
    lines = []
    for name, row in rows:
        past, now = row["before"] or {}, row["after"]
        moves = (row["moves_in"] or None, row["moves_out"] or None) if past else (None, None)
        lines.append((name, *moves, *(_change(past.get(key), now[key]) for key in _FIGURES)))
    lines.append(("all", None, None, *(_change(before.get(key), after[key]) for key in _FIGURES)))
    head = ("cluster", "in", "out", *_FIGURES)
    said = [k for k in range(1, len(head)) if any(line[k] not in (None, "0") for line in lines)]
    return _fitted(head, lines, [0, *said], width) if said else ""


def sums_table(block: Mapping[str, Any], width: int) -> str:
    """How full and how even all clusters together are, before and after.

    Parameters
    ----------
    block
        As in `changes_table`.
    """
    before, after = block["before"] or {"resources": {}, "size": {}}, block["after"]
    lines = []
    for name, now in after["resources"].items():
        past, capacity = before["resources"].get(name, {}), block["capacity"].get(name)
        shares = [_change(past.get(key), now[key], _percent) for key in ("imbalance", "fullest", "emptiest", "share")]
        use = _change(past.get("use"), now["use"])
        lines.append((name, *shares, use if capacity is None else f"{use} / {cell(capacity)}"))
    least, most = (_change(before["size"].get(key), after["size"][key]) for key in ("least", "most"))
    uneven = _change(before["size"].get("imbalance"), after["size"]["imbalance"], _percent)
    lines.append(("agents", uneven, most, least, None, None))
    head = ("resource", "imbalance", "fullest", "emptiest", "share", "use")
    order = [k for k in range(len(head)) if k < 2 or any(line[k] not in (None, "-") for line in lines)]
    return _fitted(head, lines, order, width)


def _change(before: float | None, after: float | None, show: Any = cell) -> str:
    """`before -> after`, or one figure where nothing changed or nothing is known of before."""
    now = str(show(after))
    past = now if before is None else str(show(before))
    return now if past == now else f"{past} -> {now}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"


def _fitted(head: Sequence[str], rows: Sequence[Sequence[object]], order: Sequence[int], width: int) -> str:
    """The table of some columns, without those at the end that a narrow page has no room for."""
    kept = list(order)

    def space() -> int:
        return sum(max(columns(cell(line[k])) for line in [head, *rows]) + 2 for k in kept) - 2

    while len(kept) > 2 and space() > width:
        kept.pop()
    names = [head[k] for k in kept]
    return table(names, [[row[k] for k in kept] for row in rows], width=width, right=" ".join(names[1:]))
