"""Random schedule specs that use every feature at once: calendars, crews, setups, gangs, rules, data, optional tasks.

`rich_spec` gives plain data, as a YAML file would hold it. A schedule is planted in it: what is asked for last
(windows, pins, `near`, `apart`, `spread`) mostly leaves that one feasible, so that most specs are. Equal seeds give
equal specs.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
from support.rich_asks import with_asks
from support.rich_brute import Brute
from support.rich_draw import Draw

from qamctl.schedule.spec import KINDS, TERMS, Earlier, ScheduleSpec

#: What a rich spec may contain; `features_of` tells what one does contain.
FEATURES = (
    "absences", "periods", "preemptible", "crews", "modes", "mode-counts", "no-agent", "slots", "own", "consumable",
    "optional", "setups", "setups-of-agents", "no-family", "near", "apart", "near-label", "apart-label", "spread",
    "gang", "data", "links", "taints", "skills", "labels", "speed", "costs", "zero-duration", "resolution",
    "release", "deadline", "due", "weight", "horizon", "pinned-agent", "pinned-agents", "pinned-start", "pinned-mode",
    *KINDS, "lag", "lexicographic", *TERMS,
)  # fmt: skip

#: The horizon of tiny specs, in ticks.
MOST = 12

#: Tasks, agents, resources, longest duration.
SIZES = {
    "tiny": ((3, 4), (2, 3), (0, 1), 3),
    "small": ((4, 7), (2, 4), (0, 2), 5),
    "medium": ((20, 60), (4, 9), (1, 3), 8),
}


def rich_spec(seed: int, size: str = "tiny") -> dict[str, Any]:
    """A random spec as data.

    Parameters
    ----------
    size
        tiny: 3 or 4 tasks, 2 or 3 agents and a horizon of at most 12 ticks, so that all schedules can be tried
        (`support.rich_oracle`); small: up to 7 tasks; medium: 20 to 60.
    """
    rng = Random(f"{size} {seed}")
    tasks, agents, resources, longest = SIZES[size]
    use = {feature for feature in FEATURES if rng.random() < 0.45}
    draw = Draw(rng, use, longest, rng.randint(*tasks), rng.randint(*agents), rng.randint(*resources))
    most = MOST if size == "tiny" else None
    data = draw.spec()
    if most is not None:
        data["horizon"] = most * draw.tick
    return with_asks(data, draw, most)


def with_earlier(spec: ScheduleSpec, seed: int) -> ScheduleSpec:
    """The spec with the schedule of an earlier result: random, and partly of tasks and agents that are no more."""
    rng, brute, n = Random(f"earlier {seed}"), Brute(spec), len(spec.tasks.ids)
    start, mode = np.full(n, -1, np.int64), np.full(n, -1, np.int32)
    crews: list[tuple[int, ...]] = [()] * n
    for t in range(n):
        if rng.random() < 0.25:
            continue
        start[t] = rng.randint(0, 10)
        way = rng.choice(brute.modes[t])
        mode[t] = way if rng.random() < 0.9 else -1
        crews[t] = rng.choice(list(brute.crews(t, way)) or [()])
        if crews[t] and rng.random() < 0.2:
            crews[t] = (-1, *crews[t][1:])
    return replace(spec, earlier=Earlier({"file": "earlier.json", "sha256": "0" * 64}, start, mode, crews))


def features_of(data: dict[str, Any]) -> set[str]:
    """Which of `FEATURES` a spec made here really contains."""
    agents, tasks, pools = data["agents"], data["tasks"], data["resources"]
    modes = [mode for task in tasks for mode in task.get("modes", [task])]
    arcs = [arc for task in tasks for arc in task.get("after", ())]
    asked = {kind: [one for task in tasks for one in task.get(kind, ())] for kind in ("near", "apart")}
    pins = {key for task in tasks for key in task.get("pinned", {})}
    setups = data.get("setup", ())
    found = {
        "absences": any("calendar" in agent for agent in agents),
        "periods": any("calendar" in pool for pool in pools),
        "crews": any(mode.get("count", 1) > 1 for mode in modes),
        "mode-counts": any(len({mode.get("count", 1) for mode in task.get("modes", ())}) > 1 for task in tasks),
        "no-agent": any(mode.get("agents") == "none" for mode in modes),
        "own": any("capacity" in agent for agent in agents),
        "consumable": any(pool.get("kind") == "consumable" for pool in pools),
        "setups": bool(setups),
        "setups-of-agents": any("agents" in setup for setup in setups),
        "no-family": bool(setups) and not all("setup" in task for task in tasks),
        **{kind: any(isinstance(one, str) or "label" not in one for one in asked[kind]) for kind in asked},
        **{
            f"{kind}-label": any(isinstance(one, dict) and "label" in one for one in some)
            for kind, some in asked.items()
        },
        "data": "communication" in data,
        "costs": any("cost" in thing for thing in (*agents, *modes)),
        "zero-duration": any(mode["duration"] == 0 for mode in modes),
        "resolution": "time" in data,
        "lag": any("lag" in arc for arc in arcs),
        "lexicographic": len(data["objective"]) > 1,
        **{f"pinned-{key}": key in pins for key in ("agent", "agents", "start", "mode")},
        **{kind: any(arc["type"] == kind for arc in arcs) for kind in KINDS},
        **{key: any(key in agent for agent in agents) for key in ("slots", "taints", "skills", "labels", "speed")},
        **{key: key in data for key in ("links", "horizon")},
        **{
            key: any(key in task for task in tasks)
            for key in ("preemptible", "optional", "modes", "spread", "gang", "release", "deadline", "due", "weight")
        },
        **{term: any(term in level for level in data["objective"]) for term in TERMS},
        "reasoning": "reasoning" in data,
    }
    return {name for name in FEATURES if found[name]}
