"""Draws the body of a random schedule spec: every feature but those that `rich_asks` takes from a planted schedule."""

from __future__ import annotations

from random import Random
from typing import Any

from support.rich_brute import Brute

from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.spec import KINDS, TERMS

#: The labels that agents may carry, and their values.
LABELS = {"zone": ("east", "west", "north"), "rack": ("r1", "r2")}


class Draw:
    """One spec in the making: its resources, agents and tasks, how these hang together, and the objective."""

    def __init__(self, rng: Random, use: set[str], longest: int, tasks: int, agents: int, resources: int) -> None:
        self.rng, self.use, self.longest = rng, use, longest
        self.count, self.agents, self.resources = tasks, agents, resources
        self.tick = 0.5 if "resolution" in use else 1
        self.families = [f"f{k}" for k in range(rng.randint(1, 3))] if "setups" in use else []

    def has(self, feature: str, chance: float = 0.5) -> bool:
        """Whether this row gets the feature, where the spec has it at all."""
        return feature in self.use and self.rng.random() < chance

    def time(self, low: int, high: int) -> int | float:
        return self.rng.randint(low, high) * self.tick

    def spec(self) -> dict[str, Any]:
        """All but what is asked of a planted schedule."""
        pools = [self.pool(k) for k in range(self.resources)]
        team = [self.agent(k, pools) for k in range(self.agents)]
        data: dict[str, Any] = {"kind": "schedule", "version": 1, "name": "rich"}
        if "resolution" in self.use:
            data["time"] = {"unit": "min", "resolution": self.tick}
        data |= {"resources": pools, "agents": team, "tasks": [self.task(k, pools, team) for k in range(self.count)]}
        if self.rng.random() < 0.97:
            self.enable(data)
        self.relate(data)
        if any("setup" in task for task in data["tasks"]):
            data["setup"] = self.setup()
        data["objective"] = self.objective()
        if "reasoning" in self.use:
            data["reasoning"] = {"actions": self.actions(data)}
        return data

    def pool(self, k: int) -> dict[str, Any]:
        rng = self.rng
        pool: dict[str, Any] = {"id": f"R{k}", "capacity": rng.randint(2, 4)}
        if self.has("consumable", 0.6):
            return pool | {"kind": "consumable", "capacity": self.count + rng.randint(0, self.count)}
        if self.has("periods", 0.8):
            pool["calendar"] = [[low, high, rng.randint(0, 4)] for low, high in self.stretches()]
        return pool

    def stock(self, pool: dict[str, Any]) -> int:
        """How much more than a moment needs an agent holds."""
        return max(1, self.count // 3) if pool.get("kind") == "consumable" else 1

    def stretches(self) -> list[tuple[int | float, int | float]]:
        """Intervals that do not overlap; some meet."""
        found, at = [], self.rng.randint(0, 2 * self.longest)
        for _ in range(self.rng.randint(1, 3)):
            length = self.rng.randint(1, 3)
            found.append((at * self.tick, (at + length) * self.tick))
            at += length + self.rng.choice((0, 1, 2, self.longest))
        return found

    def agent(self, k: int, pools: list[dict[str, Any]]) -> dict[str, Any]:
        rng = self.rng
        agent: dict[str, Any] = {"id": f"a{k}"}
        if self.has("slots") and not self.families:
            agent["slots"] = rng.randint(1, 3)
        if self.has("own"):
            held = [pool for pool in pools if rng.random() < 0.7]
            agent["capacity"] = {pool["id"]: rng.randint(2, 4) * self.stock(pool) for pool in held}
        if self.has("skills", 0.8):
            agent["skills"] = {"weld": rng.randint(1, 3)}
        if self.use & {"labels", "near-label", "apart-label", "spread"}:
            agent["labels"] = {key: rng.choice(values) for key, values in LABELS.items() if rng.random() < 0.9}
        if self.has("taints", 0.3):
            agent["taints"] = ["hot"]
        if self.has("absences", 0.6):
            agent["calendar"] = [list(pair) for pair in self.stretches()]
        if self.has("speed"):
            agent["speed"] = rng.choice((0.5, 0.8, 1.25, 2))
        if self.has("costs", 0.7):
            agent["cost"] = {"fixed": rng.choice((0, 1, 4)), "per_time": rng.choice((0, 1, 0.5))}
        return agent

    def work(self, pools: list[dict[str, Any]], team: list[dict[str, Any]]) -> dict[str, Any]:
        """What a task or a mode asks for."""
        rng = self.rng
        work: dict[str, Any] = {"duration": 0 if self.has("zero-duration", 0.15) else self.time(1, self.longest)}
        demand = {pool["id"]: rng.randint(1, 2) for pool in pools if rng.random() < 0.6}
        if demand:
            work["demand"] = demand
        if self.has("no-agent", 0.2):
            return work | {"agents": "none"}
        if self.has("crews", 0.4) and len(team) > 1:
            work["count"] = 2 if rng.random() < 0.8 else min(3, len(team))
        if rng.random() < 0.2:
            some = rng.randint(min(len(team), 1 + work.get("count", 1)), len(team))
            work["agents"] = sorted(agent["id"] for agent in rng.sample(team, some))
        if self.has("skills", 0.3) and "weld" in rng.choice(team).get("skills", {}):
            work["skills"] = {"weld": rng.choice((1, 1, 2))}
        return work

    def task(self, k: int, pools: list[dict[str, Any]], team: list[dict[str, Any]]) -> dict[str, Any]:
        rng = self.rng
        task: dict[str, Any] = {"id": f"t{k}"}
        if self.has("modes", 0.4):
            task["modes"] = [{"id": f"m{i}", **self.work(pools, team)} for i in range(2)]
            for mode in task["modes"]:
                if self.has("costs"):
                    mode["cost"] = rng.choice((1, 2, 0.5))
        else:
            task |= self.work(pools, team)
        alone = any(work.get("agents") == "none" for work in task.get("modes", [task]))
        carried = rng.choice(team).get("labels")
        if self.has("labels", 0.2) and not alone and carried:
            key = rng.choice(sorted(carried))
            task["labels"] = {key: carried[key]}
        if "taints" in self.use and rng.random() < 0.7:
            task["tolerates"] = ["hot"]
        if self.families and not alone and not self.has("no-family", 0.4):
            task["setup"] = rng.choice(self.families)
        for name, chance, make in (
            ("release", 0.3, lambda: self.time(0, self.longest)),
            ("due", 0.6, lambda: self.time(1, 3 * self.longest)),
            ("weight", 0.5, lambda: rng.choice((2, 3, 0.5))),
            ("preemptible", 0.7, lambda: True),
        ):
            if self.has(name, chance):
                task[name] = make()
        if self.has("optional", 0.5):
            task |= {"optional": True, "reward": rng.choice((0, 1, 2, 5, 0.5))}
        return task

    def enable(self, data: dict[str, Any]) -> None:
        """Tasks that nobody could do ask for less."""
        tasks = [{key: value for key, value in task.items() if key != "setup"} for task in data["tasks"]]
        brute = Brute(schedule_from_data(data | {"tasks": tasks}))
        for t, task in enumerate(data["tasks"]):
            if not any(True for mode in brute.modes[t] for _ in brute.crews(t, mode)):
                for work in (task, *task.get("modes", ())):
                    for name in ("skills", "labels", "agents", "count"):
                        work.pop(name, None)
                task["tolerates"] = ["hot"]

    def relate(self, data: dict[str, Any]) -> None:
        """Precedence from earlier tasks to later ones, gangs, and how quickly data are sent."""
        rng, tasks = self.rng, data["tasks"]
        kinds = [kind for kind in KINDS if kind in self.use]
        for j in range(1, len(tasks)) if kinds else ():
            if rng.random() < 0.5:
                entry: dict[str, Any] = {
                    "task": tasks[rng.randrange(max(0, j - 4), j)]["id"],
                    "type": rng.choice(kinds),
                }
                if self.has("lag"):
                    entry["lag"] = rng.choice((1, 2, -1, -2)) * self.tick
                if self.has("data", 0.8):
                    entry["data"] = rng.choice((1, 2, 5, 0.5))
                tasks[j]["after"] = [entry]
        if "gang" in self.use:
            for number in range(max(1, len(tasks) // 8)):
                some = [task for task in rng.sample(tasks, 2) if "after" not in task]
                for task in some if len(some) == 2 else ():
                    task["gang"] = f"g{number}"
        if any("data" in entry for task in tasks for entry in task.get("after", ())):
            data["communication"] = {"bandwidth": rng.choice((1, 2, 0.5)), "latency": rng.choice((0, 0, 1)) * self.tick}
            if "links" in self.use:
                pair = [agent["id"] for agent in rng.sample(data["agents"], 2)]
                data["links"] = [
                    {"a": pair[0], "b": pair[1], "bandwidth": 4, "latency": rng.choice((0, 1)) * self.tick}
                ]

    def setup(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = [
            {"from": one, "to": other, "time": self.time(0, 2)}
            for one in self.families for other in self.families if self.rng.random() < (0.2 if one == other else 0.8)
        ]  # fmt: skip
        if "setups-of-agents" in self.use:
            own = {"from": self.families[0], "to": self.families[-1], "time": 3 * self.tick, "agents": ["a0"]}
            rows.append(own)
        return rows or [{"from": self.families[0], "to": self.families[0], "time": 0}]

    def objective(self) -> list[dict[str, Any]]:
        rng = self.rng
        names = [term for term in TERMS if term in self.use and (term != "reasoning" or "reasoning" in self.use)]
        names = rng.sample(names, min(len(names), rng.randint(1, 4))) or [rng.choice(("makespan", "flow"))]
        cut = rng.randint(1, len(names) - 1) if "lexicographic" in self.use and len(names) > 1 else len(names)
        levels = [names[:cut], names[cut:]] if names[cut:] else [names]
        return [{name: rng.choice((1, 1, 2, 0.5, 3)) for name in level} for level in levels]

    def actions(self, data: dict[str, Any]) -> dict[str, float]:
        found = {}
        for task in self.rng.sample(data["tasks"], 2):
            found[f"prefer {task['id']} on {self.rng.choice(data['agents'])['id']}"] = self.rng.choice((0.3, 0.5))
            low = self.rng.randint(0, 4) * self.tick
            found[f"prefer {task['id']} in {low}..{low + self.tick}"] = self.rng.choice((0.2, 0.5))
        return found
