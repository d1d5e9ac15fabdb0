"""What a report shows of a schedule: bars over time, how much is used, who is left out, and the rows themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from qamctl.report.gantt_svg import gantt_svg
from qamctl.report.html import Cell, Html, figure, folded, items, paragraph, section, table
from qamctl.report.plan import Plan
from qamctl.report.svg import Place
from qamctl.report.usage_svg import MOST_BARS, MOST_SPANS, areas_svg, bars_svg, under_way

#: Rows of the schedule that a report lists; the result has them all.
MOST_ROWS: Final = 500

#: Resources whose use over time is drawn.
MOST_PROFILES: Final = 12


def schedule_answer(plan: Plan, metrics: Mapping[str, Any], place: Place) -> Iterator[Html]:
    """The pictures of a schedule.

    Parameters
    ----------
    metrics
        The object of a metrics file; empty where there is none.
    place
        What the ids of its pictures begin with.
    """
    if plan.rows and plan.end > 0:
        yield section("Schedule", figure(*gantt_svg(plan, _at(place, "gantt"))))
    yield section("Use over time", *_areas(plan, place))
    yield section("Use in all", *_bars(metrics.get("utilisation") or {}, place))


def schedule_lists(plan: Plan) -> Iterator[Html]:
    """The rows of a schedule, and the tasks that it leaves out."""
    more = len(plan.left_out) - MOST_ROWS
    yield section("Left out", items(plan.left_out[:MOST_ROWS]), _more(more, "tasks"))
    yield section("Assignments", *_rows(plan))


def _areas(plan: Plan, place: Place) -> Iterator[Html]:
    if not plan.rows or plan.end <= 0:
        return
    known = () if plan.known is None else plan.known.profiles
    profiles = [under_way(plan), *known[:MOST_PROFILES]]
    caption = "A dashed line is what there is." if known else ""
    if any(len(profile.steps) > MOST_SPANS for profile in profiles):
        caption += f" Time is drawn in {MOST_SPANS} spans, each with the most that is used within it."
    if len(known) > MOST_PROFILES:
        caption += f" The first {MOST_PROFILES} of {len(known)} shared resources are shown."
    yield figure(areas_svg(profiles, plan.end, "Use over time", _at(place, "areas")), caption)


def _bars(used: Mapping[str, Any], place: Place) -> Iterator[Html]:
    for what in ("agents", "resources"):
        shares = used.get(what) or {}
        known = [name for name, share in shares.items() if share is not None]
        if known:
            caption = f"Share of what {what} could do or give from 0 to the last end."
            if len(known) > MOST_BARS:
                caption += f" The {MOST_BARS} fullest of {len(known):,} are shown."
            heading = f"How much the {what} are used"
            yield figure(bars_svg(shares, heading, _at(place, f"used-{what}")), caption)


def _rows(plan: Plan) -> Iterator[Html]:
    order = sorted(range(len(plan.rows)), key=lambda k: (plan.rows[k]["start"], k))[:MOST_ROWS]
    shown = [plan.rows[k] for k in order]
    dated = bool(shown) and all(row.get("start_time") for row in shown)
    columns = ["task", "agents", "mode", "start", "end", *(["from", "to"] if dated else []), "segments", "marks"]
    rows = [_row(plan, row, dated) for row in shown]
    kept = [k for k in range(len(columns)) if k == 0 or any(row[k] is not None for row in rows)]
    unit = f", times in {plan.unit}" if plan.unit else ""
    listed = table(
        f"Assignments by their start{unit}", [columns[k] for k in kept], [[row[k] for k in kept] for row in rows],
        right="start end",
    )  # fmt: skip
    many = len(plan.rows) > len(shown)
    which = f"The first {len(shown):,} of {len(plan.rows):,} assignments" if many else f"All {len(shown):,} assignments"
    if many:
        yield paragraph(f"{len(shown):,} of {len(plan.rows):,} rows are listed: those that start first.", "soft")
    yield folded(which, listed) if len(shown) > 50 else listed


def _row(plan: Plan, row: Mapping[str, Any], dated: bool) -> list[Cell]:
    moments = [row["start_time"], row["end_time"]] if dated else []
    segments = row["segments"]
    worked = None if segments is None else ", ".join(f"{start}–{end}" for start, end in segments)
    return [
        row["task"], ", ".join(row["agents"]) or None, row["mode"], row["start"], row["end"], *moments, worked,
        ", ".join(plan.marks(row["task"])) or None,
    ]  # fmt: skip


def _more(count: int, what: str) -> Html:
    return paragraph(f"And {count:,} more {what}.", "soft") if count > 0 else Html("")


def _at(place: Place, name: str) -> Place:
    return Place(f"{place.name}-{name}", whole=False)
