"""How much agents and resources are used: as bars over all of the time, and as areas over time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Final

from qamctl.report.axis import Axis, below, beside, figure
from qamctl.report.order import natural
from qamctl.report.plan import Plan, Profile
from qamctl.report.svg import Place, element, picture, short, text, title

WIDE: Final = 960.0

#: Bars that are drawn, the fullest first; spans of time of an area: within each, the most that is used.
MOST_BARS, MOST_SPANS = 40, 360

_NAMES, _RIGHT, _LINE = 130.0, 70.0, 18.0
_LEFT, _TOP, _HIGH = 90.0, 22.0, 90.0


def bars_svg(shares: Mapping[str, float | None], heading: str, place: Place) -> str:
    """Shares from 0 to 1 as bars.

    Parameters
    ----------
    shares
        By name; None, where there is nothing to have a share of, has no bar.
    """
    known = {name: share for name, share in shares.items() if share is not None}
    kept = sorted(sorted(known, key=lambda name: -known[name])[:MOST_BARS], key=natural)
    axis = Axis(0.0, max([1.0, *known.values()]), _NAMES, WIDE - _RIGHT)
    parts = []
    for k, name in enumerate(kept):
        y, x = 4 + k * _LINE, axis.at(known[name])
        parts.append(
            element(
                "g", title(f"{name}: {percent(known[name])}"),
                text(8, y + 13, short(name, _NAMES - 16, 11), class_="name"),
                element("rect", class_="track", x=_NAMES, y=y + 4, width=axis.at(1.0) - _NAMES, height=10, rx=2),
                element("rect", class_="share", x=_NAMES, y=y + 4, width=x - _NAMES, height=10, rx=2),
                text(WIDE - _RIGHT + 8, y + 13, percent(known[name]), class_="small"),
            )
        )  # fmt: skip
    told = " ".join(f"{name}: {percent(known[name])}." for name in kept)
    drawn = element("g", *parts, class_="chart")
    return picture(place, WIDE, 8 + _LINE * len(kept), heading=heading, told=told, style="", inside=[drawn])


def areas_svg(profiles: Sequence[Profile], end: float, heading: str, place: Place) -> str:
    """What is used over time, one area below the other, each with a line for what there is.

    Parameters
    ----------
    end
        Of the time that is drawn, in the unit.
    """
    axis, parts, told = Axis(0.0, end, _LEFT, WIDE - 20), [], []
    for k, profile in enumerate(profiles):
        top = k * (_HIGH + _TOP + 24) + _TOP
        bottom = top + _HIGH
        most = max((use for _, use in profile.steps), default=0)
        room = max((limit for _, limit in profile.limits), default=0)
        up = Axis(0.0, max(most, room) * 1.05 or 1.0, bottom, top)
        parts.append(text(8, top - 8, short(profile.name, WIDE - 16, 11), class_="name"))
        parts += [*beside(up, _LEFT, WIDE - 20, 3), *below(axis, top, bottom)]
        parts.append(element("path", class_="area", d=_area(binned(profile, end), axis, up, end)))
        said = f"{profile.name}: at most {figure(most)} at once"
        if profile.limits:
            path = "".join(f"H{axis.at(time):.1f}V{up.at(limit):.1f}" for time, limit in profile.limits if time < end)
            parts.append(element("path", class_="limit", d=f"M{_LEFT:.1f} {up.at(room):.1f}{path}H{axis.at(end):.1f}"))
            said += f", of {figure(room)}"
        told.append(f"{said}.")
    high = len(profiles) * (_HIGH + _TOP + 24) + 6
    drawn = element("g", *parts, class_="chart")
    return picture(place, WIDE, high, heading=heading, told=" ".join(told), style="", inside=[drawn])


def under_way(plan: Plan) -> Profile:
    """How many tasks are done at once."""
    changes: dict[float, int] = {}
    for row in plan.rows:
        for start, end in row["segments"] or [(row["start"], row["end"])]:
            changes[start] = changes.get(start, 0) + 1
            changes[end] = changes.get(end, 0) - 1
    times = sorted(changes)
    return Profile("tasks at once", list(zip(times, accumulate(changes[time] for time in times), strict=True)))


def binned(profile: Profile, end: float) -> list[tuple[float, float]]:
    """(time, use) from each time to the next, or, of very many steps, the most of each span of time."""
    steps = list(profile.steps)
    if len(steps) <= MOST_SPANS or end <= 0:
        return steps
    most = [0.0] * MOST_SPANS
    for (time, use), (until, _) in zip(steps, [*steps[1:], (end, 0)], strict=True):
        first = min(MOST_SPANS - 1, max(0, int(time / end * MOST_SPANS)))
        last = min(MOST_SPANS - 1, max(first, math.ceil(until / end * MOST_SPANS) - 1))
        for span in range(first, last + 1):
            most[span] = max(most[span], use)
    return [*((k * end / MOST_SPANS, use) for k, use in enumerate(most)), (end, 0.0)]


def percent(share: float) -> str:
    """A share as people read it."""
    return f"{100 * share:.1f} %"


def _area(steps: Sequence[tuple[float, float]], axis: Axis, up: Axis, end: float) -> str:
    path = f"M{axis.at(0):.1f} {up.at(0):.1f}"
    for time, use in steps:
        path += f"H{axis.at(time):.1f}V{up.at(use):.1f}"
    return f"{path}H{axis.at(end):.1f}V{up.at(0):.1f}Z"
