"""Asks that a planted schedule of a random spec meets: windows, pins, `near`, `apart` and `spread`."""

from __future__ import annotations

import copy
from typing import Any

from support.rich_draw import LABELS, Draw
from support.rich_plant import Planted, plant

from qamctl.schedule.read import schedule_from_data


def with_asks(data: dict[str, Any], draw: Draw, most: int | None) -> dict[str, Any]:
    """A spec with more asks, of which a few may leave nothing feasible; as it was where nothing could be planted.

    Parameters
    ----------
    most
        Ticks by which the planted schedule ends.
    """
    planted = plant(schedule_from_data(data), draw.rng, most)
    if planted is None:
        return data
    asks = _Asks(draw, planted)
    for _ in range(2 + min(draw.count, 16) // 2):
        for ask in (asks.window, asks.pin, asks.partners, asks.partners):
            tried = copy.deepcopy(data)
            ask(tried)
            if tried != data and (draw.rng.random() < 0.03 or planted.keeps(schedule_from_data(tried))):
                data = tried
    if most is None and "horizon" in draw.use:
        data["horizon"] = (planted.end + draw.rng.randint(0, 4)) * draw.tick
    return data


class _Asks:
    """Each method asks one thing more, or nothing."""

    def __init__(self, draw: Draw, planted: Planted) -> None:
        self.draw, self.planted, self.groups = draw, planted, 0

    def window(self, data: dict[str, Any]) -> None:
        t, way = self.draw.rng.choice(self.planted.done)
        if self.draw.has("deadline", 0.4):
            data["tasks"][t]["deadline"] = (way.end + self.draw.rng.randint(0, 4)) * self.draw.tick

    def pin(self, data: dict[str, Any]) -> None:
        t, way = self.draw.rng.choice(self.planted.done)
        task, crew = data["tasks"][t], [data["agents"][agent]["id"] for agent in way.crew]
        options: list[dict[str, Any]] = []
        if crew and self.draw.has("pinned-agent", 0.3):
            options.append({"agent": self.draw.rng.choice(crew)})
        if crew and self.draw.has("pinned-agents", 0.3):
            options.append({"agents": crew})
        if "optional" not in task and self.draw.has("pinned-start", 0.3):
            options.append({"start": way.start * self.draw.tick})
        if "modes" in task and self.draw.has("pinned-mode"):
            options.append({"mode": task["modes"][way.mode - self.planted.first_mode[t]]["id"]})
        if options and "pinned" not in task:
            task["pinned"] = self.draw.rng.choice(options)

    def partners(self, data: dict[str, Any]) -> None:
        """`near` or `apart` of two tasks or a group, or `spread` of a group."""
        rng = self.draw.rng
        some = [
            t
            for t, task in enumerate(data["tasks"])
            if any(w.get("agents") != "none" for w in task.get("modes", [task]))
        ]
        name = rng.choice(("near", "apart", "near-label", "apart-label", "near", "apart", "spread"))
        if len(some) < 2 or not self.draw.has(name):
            return
        self.groups += 1
        group = rng.sample(some, rng.randint(2, min(3, len(some))))
        kind, label = name.removesuffix("-label"), rng.choice(sorted(LABELS))
        if kind == "spread":
            entry = {"label": label, "max_skew": rng.randint(1, 2), "group": f"g{self.groups}"}
            for t in group:
                data["tasks"][t].setdefault("spread", entry)
        elif name != kind or rng.random() < 0.4:
            member = {"group": f"g{self.groups}"} | ({"label": label} if name != kind else {})
            for t in group:
                data["tasks"][t].setdefault(kind, []).append(member)
        else:
            data["tasks"][group[0]].setdefault(kind, []).append(data["tasks"][group[1]]["id"])
