"""Random preferences for schedule specs, as a reasoning step would hand them over."""

from __future__ import annotations

from random import Random
from typing import Any


def with_reasoning(data: dict[str, Any], rng: Random) -> dict[str, Any]:
    """The spec with probabilities of agents and starts for about half of its tasks.

    Now and then its objective weighs them itself.
    """
    agents = [agent["id"] for agent in data.get("agents", [])]
    tick = data.get("time", {}).get("resolution", 1)
    actions: dict[str, float] = {"stay calm": 0.5}
    for task in data["tasks"]:
        if agents and rng.random() < 0.6:
            for agent in rng.sample(agents, rng.randint(1, len(agents))):
                actions[f"prefer {task['id']} on {agent}"] = round(rng.random(), 2)
        for _ in range(rng.randint(1, 2) if rng.random() < 0.5 else 0):
            low = rng.randint(0, 6) * tick
            actions[f"prefer {task['id']} in {low}..{low + rng.randint(0, 3) * tick}"] = round(rng.random(), 2)
    out = data | {"reasoning": {"actions": actions, "weight": rng.choice((1, 0.2, 3))}}
    if rng.random() < 0.3:
        levels = data["objective"] if isinstance(data["objective"], list) else [data["objective"]]
        chosen = rng.randrange(len(levels))
        out["objective"] = [
            level | ({"reasoning": rng.choice((1, 2, 0.5))} if k == chosen else {}) for k, level in enumerate(levels)
        ]
    return out
