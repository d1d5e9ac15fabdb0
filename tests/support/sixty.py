"""Problems of sixty tasks on eight unlike agents: a repair shop's day, from a seed."""

from __future__ import annotations

import random
from typing import Any

#: What the tasks of the shop are, and who can do them.
SKILLS = ("weld", "mill", "paint", "test")


def repair_shop(seed: int) -> dict[str, Any]:
    """A schedule spec: sixty orders with due times and weights, some after others, on unlike agents."""
    rng = random.Random(seed)
    agents = []
    for k in range(8):
        skills = [SKILLS[k % 4], *rng.sample(SKILLS, 2)]
        agents.append(
            {
                "id": f"cell-{k + 1}",
                "skills": sorted(set(skills)),
                "speed": rng.choice([1, 1, 1.25, 1.5]),
                "cost": {"per_time": rng.randint(1, 9)},
            }
        )
    tasks: list[dict[str, Any]] = []
    for k in range(60):
        task: dict[str, Any] = {
            "id": f"order-{k + 1}",
            "duration": rng.randint(2, 12),
            "skills": [rng.choice(SKILLS)],
            "due": rng.randint(10, 80),
            "weight": rng.randint(1, 9),
        }
        if k > 5 and rng.random() < 0.5:
            task["after"] = [f"order-{rng.randrange(max(0, k - 12), k) + 1}"]
        tasks.append(task)
    return {
        "kind": "schedule",
        "version": 1,
        "name": f"repair-shop-{seed}",
        "agents": agents,
        "tasks": tasks,
        "objective": {"tardiness": 1, "cost": 1},
    }
