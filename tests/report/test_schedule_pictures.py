"""Pictures of schedules: what is drawn is what the rows say, and what is not drawn is told."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from qamctl.report.curve_svg import MOST_POINTS, curve_svg, thinned
from qamctl.report.gantt_svg import WIDE, gantt_svg
from qamctl.report.plan import Known, Plan, Profile
from qamctl.report.svg import Place
from qamctl.report.usage_svg import MOST_BARS, MOST_SPANS, areas_svg, bars_svg, binned, under_way

AT = Place("p", whole=False)


def row(task: str, start: float, end: float, *agents: str, **more: Any) -> dict[str, Any]:
    """A row of a result."""
    return {"task": task, "agents": list(agents), "mode": None, "start": start, "end": end, "segments": None} | more


def of_class(svg: str, name: str) -> list[ET.Element]:
    """The elements of a class."""
    return [one for one in ET.fromstring(svg).iter() if name in one.get("class", "").split()]


def titles(svg: str, name: str) -> list[str]:
    return [one.findtext("title") or "" for one in of_class(svg, name) if one.find("title") is not None]


def test_bars_of_a_schedule() -> None:
    """As long as the tasks, with everything that is known of them where the pointer rests."""
    dated = {"start_time": "2026-11-20T20:00:00", "end_time": "2026-11-20T20:10:00"}
    rows = [
        row("t1", 0, 10, "a", "b", mode="m1", **dated), row("t2", 10, 40, "a", segments=[[10, 20], [30, 40]]),
        row("t3", 40, 100, "c"),
    ]  # fmt: skip
    known = Known(late={"t2": 2.5}, pinned=frozenset({"t1"}), critical=frozenset({"t2", "t3"}))
    svg, caption = gantt_svg(Plan(rows, unit="min", known=known), AT)
    assert titles(svg, "bar") == [
        "t1: 0 min to 10 min, 2026-11-20T20:00:00 to 2026-11-20T20:10:00, by a, b, mode m1, pinned",
        "t2: 10 min to 20 min and 30 min to 40 min, by a, late by 2.5 min, critical",
        "t1: 0 min to 10 min, 2026-11-20T20:00:00 to 2026-11-20T20:10:00, by a, b, mode m1, pinned",
        "t3: 40 min to 100 min, by c, critical",
    ]
    widths = [float(one.get("width", 0)) for bar in of_class(svg, "bar")[:4] for one in bar.iter("rect")]
    assert widths == pytest.approx([81, 81, 81, 81, 486])
    assert len(of_class(svg, "pause")) == 1
    assert caption == "Time in min."
    told = ET.fromstring(svg).findtext("desc") or ""
    assert told == "3 tasks from 0 to 100 min. a: 2 tasks from 0 min to 40 min. b: 1 task from 0 min to 10 min. " + (
        "c: 1 task from 40 min to 100 min."
    )


def test_marks_have_forms_and_a_legend() -> None:
    """A red edge, a corner, an outline, each explained; without any there is no legend."""
    rows = [row("t1", 0, 50, "a"), row("t2", 50, 100, "a")]
    known = Known(late={"t1": 1}, pinned=frozenset({"t1"}), critical=frozenset({"t2"}))
    svg, _ = gantt_svg(Plan(rows, known=known), AT)
    assert [len(of_class(svg, name)) for name in ("late-edge", "pin", "critical")] == [2, 2, 2]
    assert [one.text for one in ET.fromstring(svg).iter("text")][-3:] == [
        "ends after it is due", "its agent or start is fixed", "on an unbroken chain to the last end",
    ]  # fmt: skip
    plain, caption = gantt_svg(Plan(rows), AT)
    assert of_class(plain, "f7 late") == []
    assert "is not marked" in caption


def test_what_is_not_drawn_is_told() -> None:
    """How many tasks of how many, whose, and how many of them are drawn together."""
    rows = [row(f"t{a}.{k}", 3 * k, 3 * k + 2, f"a{a}") for a in range(50) for k in range(200)]
    svg, caption = gantt_svg(Plan(rows, unit="s", known=Known()), AT)
    assert caption.startswith("Time in s. 8,000 of 10,000 tasks shown: those of the 40 busiest of 50 agents. ")
    assert "tasks are drawn together with their neighbours" in caption
    together = titles(svg, "several")
    assert all(re.match(r"\d+ tasks from [0-9,]+ s to [0-9,]+ s: t", text) for text in together)
    assert sum(int(text.split()[0]) for text in together) == int(
        re.findall(r"([0-9,]+) tasks are", caption)[0].replace(",", "")
    )
    assert {one.get("class") for one in of_class(svg, "several")} == {"bar several"}


def test_everything_is_on_the_picture() -> None:
    """Nothing begins outside of it, whatever the ids are."""
    rows = [row("<i>" * 40, 0, 3, "&" * 60), row("道" * 30, 3, 3, "b")]
    svg, _ = gantt_svg(Plan(rows), AT)
    tree = ET.fromstring(svg)
    _, _, wide, high = map(float, tree.get("viewBox", "").split())
    assert wide == WIDE
    for one in tree.iter():
        for key, most in (("x", wide), ("x1", wide), ("x2", wide), ("y", high), ("y1", high), ("y2", high)):
            assert 0 <= float(one.get(key, 0)) <= most


def test_the_curve() -> None:
    """A point for each improvement, the bound as a line, in words too; equal figures do not become a slope."""
    curve = [(0.5, 90.0, "list-search"), (2.0, 60.0, "cpsat")]
    svg = curve_svg(curve, 55, 4.0, AT)
    assert titles(svg, "dot") == ["list-search: 90 after 0.5 s", "cpsat: 60 after 2 s"]
    (bound,), (step,) = of_class(svg, "limit"), of_class(svg, "step")
    heights = [float(one.get("cy", 0)) for one in of_class(svg, "dot")]
    assert heights[0] < heights[1] < float(bound.get("y1", 0))
    assert step.get("d", "").endswith("H830.0")
    told = ET.fromstring(svg).findtext("desc")
    assert told == "After 0.5 s 90 by list-search. After 2 s 60 by cpsat. The bound is 55."
    alone = curve_svg([(0.0, 62.95, "x")], 62.949999999999996, 0.0, AT)
    assert float(of_class(alone, "dot")[0].get("cy", 0)) == pytest.approx(
        float(of_class(alone, "limit")[0].get("y1", 0))
    )
    assert of_class(curve_svg([(0.0, 0.0, "x")], None, 0.0, AT), "limit") == []


def test_very_many_improvements() -> None:
    """The last one of each span of time, the last of all among them."""
    curve = [(k / 100, float(5000 - k), "x") for k in range(5000)]
    kept = thinned(curve, 50.0)
    assert len(kept) == MOST_POINTS
    assert kept[-1] == curve[-1]
    told = ET.fromstring(curve_svg(curve, None, 50.0, AT)).findtext("desc") or ""
    assert told.endswith("5000 improvements in all.")


def test_shares() -> None:
    """A bar as long as its share, of many the fullest; what has no share has no bar."""
    svg = bars_svg({"b": 0.5, "a": 1.0, "none": None}, "How much", AT)
    assert [float(one.get("width", 0)) for one in of_class(svg, "share")] == pytest.approx([760, 380])
    many = bars_svg({f"a{k}": k / 100 for k in range(100)}, "How much", AT)
    assert len(of_class(many, "share")) == MOST_BARS


def test_use_over_time() -> None:
    """A step for each change, a line for what there is; of very many steps the most of each span."""
    profile = Profile("licence", [(0, 2), (10, 5), (20, 0)], [(0, 6)])
    svg = areas_svg([profile], 40, "Use", AT)
    (area,), (limit,) = of_class(svg, "area"), of_class(svg, "limit")
    assert area.get("d", "").count("V") == 4
    assert (limit.get("d") or "").startswith("M90.0 26.3H90.0V26.3H")
    assert ET.fromstring(svg).findtext("desc") == "licence: at most 5 at once, of 6."
    many = Profile("x", [(k, k % 7) for k in range(10_000)])
    spans = binned(many, 10_000)
    assert len(spans) == MOST_SPANS + 1
    assert {use for _, use in spans[:-1]} == {6}


def test_tasks_at_once() -> None:
    """Counted over the time that they are worked on: not while they pause."""
    rows = [row("a", 0, 9, segments=[[0, 3], [5, 9]]), row("b", 2, 6), row("c", 4, 4)]
    profile = under_way(Plan(rows))
    assert dict(profile.steps) == {0: 1, 2: 2, 3: 1, 4: 1, 5: 2, 6: 1, 9: 0}
