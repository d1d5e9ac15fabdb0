"""A schedule as bars over time: a line for each agent, or for each shared resource where there are no agents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from qamctl.report.axis import Axis, below
from qamctl.report.lanes import Bar, Lanes, lanes_of
from qamctl.report.plan import Plan
from qamctl.report.svg import Place, element, picture, short, text, title, width

WIDE: Final = 960.0

#: Of a picture: the room of names, the right margin, above and below the lines, a line, and a bar in it.
_NAMES, _RIGHT, _TOP, _BOTTOM, _LINE, _BAR = 130.0, 20.0, 8.0, 26.0, 20.0, 14.0

#: Groups that are told in words, and tasks whose names the words of one bar tell.
MOST_TOLD, MOST_NAMES = 40, 5

#: How marks are explained, by the word that a plan has for them.
_LEGEND: Final = {
    "late": "ends after it is due",
    "pinned": "its agent or start is fixed",
    "critical": "on an unbroken chain to the last end",
}


def gantt_svg(plan: Plan, place: Place) -> tuple[str, str]:
    """The picture, and what there is to say of it: what is not drawn, if anything."""
    room = WIDE - _NAMES - _RIGHT
    lanes = lanes_of(plan, room)
    axis = Axis(0, plan.end, _NAMES, _NAMES + room)
    bottom = _TOP + _LINE * len(lanes.lines)
    signs = list(_legend(plan, bottom + _BOTTOM + 14))
    high = bottom + _BOTTOM + (24 if signs else 0)
    parts = [*_stripes(lanes), *below(axis, _TOP, bottom), *_bars(plan, lanes, axis), *signs]
    drawn = element("g", *parts, class_="chart")
    heading = f"Schedule of {_many(len(plan.rows), 'task')} over time"
    svg = picture(place, WIDE, high, heading=heading, told=" ".join(_words(plan, lanes)), style="", inside=[drawn])
    return svg, _caption(plan, lanes)


def _stripes(lanes: Lanes) -> Iterator[str]:
    """The lines' backgrounds, one for each group in turn, and the names."""
    group = -1
    for k, (name, _) in enumerate(lanes.lines):
        y = _TOP + k * _LINE
        group += bool(name)
        if group % 2 == 0:
            yield element("rect", class_="stripe", x=0, y=y, width=WIDE, height=_LINE)
        if name:
            told = element("g", title(name), text(8, y + 14, short(name, _NAMES - 16, 11), class_="name"))
            yield told


def _bars(plan: Plan, lanes: Lanes, axis: Axis) -> Iterator[str]:
    for k, (_, bars) in enumerate(lanes.lines):
        for bar in bars:
            yield _bar(plan, bar, axis, _TOP + k * _LINE + (_LINE - _BAR) / 2)


def _bar(plan: Plan, bar: Bar, axis: Axis, y: float) -> str:
    tasks = [plan.rows[place]["task"] for place in bar.rows]
    marks = [word for word in _LEGEND if any(word in plan.marks(task) for task in tasks)]
    spans = [(axis.at(start), max(axis.at(end), axis.at(start) + 1.5)) for start, end in bar.parts]
    parts = [title(_told(plan, bar, tasks))]
    if len(spans) > 1:
        parts.append(
            element("line", class_="pause", x1=spans[0][1], y1=y + _BAR / 2, x2=spans[-1][0], y2=y + _BAR / 2)
        )  # fmt: skip
    parts += [element("rect", x=first, y=y, width=last - first, height=_BAR, rx=2) for first, last in spans]
    first, last = spans[0][0], spans[-1][1]
    if "late" in marks:
        parts.append(element("path", class_="late-edge", d=f"M{last - 3:.1f} {y:.1f}h3v{_BAR:.0f}h-3z"))
    if "pinned" in marks:
        parts.append(element("path", class_="pin", d=f"M{first:.1f} {y:.1f}h6l-6 6z"))
    if len(tasks) == 1 and width(tasks[0], 10) < spans[0][1] - first - 8:
        parts.append(text(first + 4, y + 10.5, tasks[0], class_="label"))
    kind = f"f{bar.family}" if len(tasks) == 1 else "several"
    return element("g", *parts, class_=" ".join(["bar", kind, *marks]))


def _told(plan: Plan, bar: Bar, tasks: list[str]) -> str:
    """What is shown where the pointer rests."""
    if len(tasks) > 1:
        more = f" and {len(tasks) - MOST_NAMES:,} more" if len(tasks) > MOST_NAMES else ""
        names = ", ".join(tasks[:MOST_NAMES])
        return f"{len(tasks):,} tasks from {plan.time(bar.start)} to {plan.time(bar.end)}: {names}{more}"
    row = plan.rows[bar.rows[0]]
    spans = " and ".join(f"{plan.time(start)} to {plan.time(end)}" for start, end in bar.parts)
    told = [f"{row['task']}: {spans}"]
    if row.get("start_time"):
        told.append(f"{row['start_time']} to {row['end_time']}")
    if row["agents"]:
        told.append(f"by {', '.join(row['agents'])}")
    if row["mode"] is not None:
        told.append(f"mode {row['mode']}")
    marks = plan.marks(row["task"])
    if plan.known is not None and "late" in marks:
        marks[marks.index("late")] = f"late by {plan.time(plan.known.late[row['task']])}"
    return ", ".join(told + marks)


def _legend(plan: Plan, y: float) -> Iterator[str]:
    """What marks mean, as far as they are there."""
    there = {word for row in plan.rows for word in plan.marks(row["task"])}
    x = _NAMES
    for word, meaning in _LEGEND.items():
        if word in there:
            sign = {
                "late": element("path", class_="late-edge", d=f"M{x + 13:.1f} {y - 9:.1f}h3v10h-3z"),
                "pinned": element("path", class_="pin", d=f"M{x:.1f} {y - 9:.1f}h6l-6 6z"),
                "critical": "",
            }[word]
            box = element("rect", x=x, y=y - 9, width=16, height=10, rx=2)
            yield element("g", box, sign, class_=f"bar f7 {word}")
            yield text(x + 22, y, meaning, class_="small")
            x += 40 + width(meaning, 10)


def _words(plan: Plan, lanes: Lanes) -> Iterator[str]:
    """What the picture shows, for those who can't see it."""
    yield f"{_many(len(plan.rows), 'task')} from 0 to {plan.time(plan.end)}."
    groups = plan.groups()
    names = [name for name, _ in lanes.lines if name]
    for name in names[:MOST_TOLD]:
        rows = [plan.rows[place] for place in groups[name]]
        first, last = min(row["start"] for row in rows), max(row["end"] for row in rows)
        yield f"{name}: {_many(len(rows), 'task')} from {plan.time(first)} to {plan.time(last)}."
    if len(names) > MOST_TOLD:
        yield f"And {len(names) - MOST_TOLD} more lines."


def _caption(plan: Plan, lanes: Lanes) -> str:
    """Which part of the schedule the picture shows, said honestly."""
    told = [f"Time in {plan.unit}." if plan.unit else ""]
    what = "agents" if plan.staffed else "resources" if plan.known and plan.known.uses else "lines"
    drawn, all_ = lanes.tasks
    if drawn < all_:
        some, groups = lanes.groups
        which = f"those of the {some:,} busiest of {groups:,} {what}" if some < groups else "as many as have room"
        told.append(f"{drawn:,} of {all_:,} tasks shown: {which}.")
    if lanes.joined:
        told.append(
            f"{lanes.joined:,} tasks are drawn together with their neighbours, pale: those that together have less "
            f"than {lanes.narrowest:g} of the {WIDE - _NAMES - _RIGHT:g} points of this picture."
        )
    if not plan.staffed and plan.known and plan.known.uses:
        told.append("A task stands at every resource that it uses.")
    if plan.known is None:
        told.append("The problem file is not at hand: what is late, fixed or critical is not marked.")
    return " ".join(part for part in told if part)


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}{'s' * (count != 1)}"
