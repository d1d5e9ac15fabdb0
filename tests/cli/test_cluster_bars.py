"""Bars of clusters: what is used, what is new, what was freed."""

from __future__ import annotations

from typing import Any

import pytest

from qamctl.cli.cluster_bars import bars
from qamctl.cli.table import columns


def row(id: str, size: int, cpu: float, capacity: float | None = 8, safe: float | None = None) -> dict[str, Any]:
    limits = {"capacity": {} if capacity is None else {"cpu": capacity}, "safe": {} if safe is None else {"cpu": safe}}
    return {"id": id, "size": size, "use": {"cpu": cpu}, **limits}


def shown(rows: list[dict[str, Any]], before: dict[str, tuple[int, float]], width: int = 80) -> list[str]:
    past = {id: {"size": size, "use": {"cpu": cpu}} for id, (size, cpu) in before.items()}
    return bars([(one["id"], one) for one in rows], rows, past, width, lambda text, style: text).splitlines()


def test_what_is_new_and_what_was_freed() -> None:
    """Signs, sizes and figures of before and after, one figure where nothing changed, and what the signs mean."""
    rows = [row("a", 4, 6), row("b", 1, 2, safe=6), row("c", 1, 1)]
    assert shown(rows, {"a": (3, 4), "b": (2, 4), "c": (1, 1)}) == [
        "a 3 -> 4 cpu [####################++++++++++..........] 4 -> 6 / 8",
        "b 2 -> 1 cpu [##########----------..........:.........] 4 -> 2 / 8",
        "c      1 cpu [#####...................................] 1 / 8",
        "# used  + new  - freed  : safe",
    ]


def test_bars_without_a_past_need_no_legend() -> None:
    """As those do that have not changed, and those of clusters that nothing is known of."""
    rows = [row("a", 4, 4), row("b", 0, 0)]
    plain = ["a 4 cpu [####################....................] 4 / 8", f"b 0 cpu [{'.' * 40}] 0 / 8"]
    assert shown(rows, {}) == plain
    assert shown(rows, {"a": (4, 4)}) == plain
    assert shown([], {}) == []


def test_without_limits_the_past_counts_in_the_proportion() -> None:
    """The longest bar is the most that was ever used."""
    assert shown([row("a", 1, 2, None), row("b", 1, 1, None)], {"a": (2, 4), "b": (0, 0)}) == [
        f"a 2 -> 1 cpu [{'#' * 20}{'-' * 20}  4 -> 2",
        f"b 0 -> 1 cpu [{'+' * 10}{' ' * 32}0 -> 1",
        "# used  + new  - freed",
    ]


def test_sizes_where_there_is_no_resource() -> None:
    """The past counts there, too."""
    rows = [{"id": "a", "size": 1, "use": {}, "capacity": {}, "safe": {}}]
    text = bars([("a", rows[0])], rows, {"a": {"size": 2, "use": {}}}, 80, lambda text, style: text)
    assert text.splitlines() == [f"a 2 -> 1  [{'#' * 20}{'-' * 20}", "# used  - freed"]


def test_a_resource_that_was_emptied_still_has_its_bar() -> None:
    """Its past is worth a line."""
    assert shown([row("a", 1, 0, None)], {"a": (1, 4)})[0] == f"a 1 cpu [{'-' * 40}  4 -> 0"


@pytest.mark.parametrize("width", [40, 46, 60, 80, 120])
@pytest.mark.parametrize("figure", [3.0, 123456.75, 9.87654321e12])
def test_no_line_is_wider_than_the_page(width: int, figure: float) -> None:
    """What was goes first, then the figures, so that a bar stays."""
    name = "a cluster with a long name"
    lines = shown([row(name, 1000, figure, 2 * figure, figure)], {name: (90000, figure * 1.5)}, width)
    assert max(map(columns, lines)) <= width
    assert "#" in lines[0]
    assert ("->" in lines[0].partition("]")[2]) == (width > 80 or (width > 46 and figure == 3.0))
