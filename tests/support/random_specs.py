"""Random small schedule specs that use every constraint kind, and random feasible schedules for them.

A spec is plain data, as a YAML file would hold it; `schedule_from_data` makes it a `ScheduleSpec`. Everything
comes from the generator that is passed in: equal seeds give equal specs.
"""

from __future__ import annotations

from collections.abc import Collection
from random import Random
from typing import Any

from support.brute_force import Oracle, Row, Schedule, columns

from qamctl.schedule.check import check_columns
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import KINDS, ScheduleSpec
from qamctl.schedule.spec import TERMS as ALL_TERMS

#: The terms that need nothing of the spec; `with_reasoning` adds another, `rich_schedules` has the others.
TERMS = ALL_TERMS[:5]

#: What a random spec may contain; `features_of` tells what one does contain.
FEATURES = (
    "agents", "slots", "own-capacity", "own-consumable", "skills", "labels", "speed", "agent-lists", "no-agent",
    "renewable", "consumable", "decimal-quantities", "resolution", "modes", *KINDS, "positive-lag",
    "negative-lag", "release", "deadline", "due", "weight", "pinned-agent", "pinned-start", "horizon",
    "agent-cost", "mode-cost", "zero-duration", "weighted", "lexicographic", *TERMS,
)  # fmt: skip

_SPEEDS = (1, 1, 1.25, 0.8, 2, 0.5)
_WEIGHTS = (1, 2, 3, 0.5, 0.25, 10)
_SKILLS = ("weld", "drive", "code")


def random_spec(
    rng: Random,
    tasks: int = 8,
    agents: int = 3,
    resources: int = 2,
    max_duration: int = 5,
    features: Collection[str] = FEATURES,
    chance: float = 0.5,
) -> dict[str, Any]:
    """A random spec as data; each of `features` is drawn with the given chance.

    Most are feasible, some are not. Durations, releases and lags are at most `max_duration` ticks, deadlines
    and horizons some multiples of it.
    """
    base = {"agents", "renewable", "consumable"}  # much else hangs on them
    use = {name for name in sorted(features) if rng.random() < (max(chance, 0.7) if name in base else chance)}
    return _Draw(rng, use, max_duration).spec(tasks, agents if "agents" in use else 0, resources)


def tiny_spec(rng: Random, features: Collection[str] = FEATURES, chance: float = 0.4) -> dict[str, Any]:
    """A random spec that brute force solves in milliseconds: two to four tasks of at most three ticks."""
    return random_spec(rng, rng.choice((2, 2, 3, 3, 4)), rng.randint(1, 3), rng.randint(0, 2), 3, features, chance)


def _may(agent: dict[str, Any], work: dict[str, Any]) -> bool:
    """Whether the agent has the skills and labels, at any level, and is not left out."""
    listed = agent["id"] in work["agents"] if isinstance(work.get("agents"), list) else work.get("agents") != "none"
    labelled = work.get("labels", {}).items() <= agent.get("labels", {}).items()
    return listed and labelled and set(work.get("skills", ())) <= set(agent.get("skills", ()))


class _Draw:
    """One spec in the making."""

    def __init__(self, rng: Random, use: set[str], longest: int) -> None:
        self.rng, self.use, self.longest = rng, use, longest
        self.tick = rng.choice((0.5, 0.25)) if "resolution" in use else 1
        self.step = rng.choice((0.5, 0.25)) if "decimal-quantities" in use else 1

    def has(self, feature: str, chance: float = 0.6) -> bool:
        """Whether this row gets the feature, where the spec has it at all."""
        return feature in self.use and self.rng.random() < chance

    def time(self, low: int, high: int) -> int | float:
        return self.rng.randint(low, high) * self.tick

    def amount(self, low: int, high: int) -> int | float:
        return self.rng.randint(low, high) * self.step

    def spec(self, tasks: int, agents: int, resources: int) -> dict[str, Any]:
        rng = self.rng
        kinds = [k for k in ("renewable", "consumable") if k in self.use]
        pools = [{"id": f"R{k}", "kind": rng.choice(kinds)} for k in range(resources)] if kinds else []
        team = [self.agent(k, pools) for k in range(agents)]
        rows = [self.task(k, tasks, team, pools) for k in range(tasks)]
        self.order_tasks(rows)
        self.stock(pools, team, rows)
        data: dict[str, Any] = {"kind": "schedule", "version": 1, "name": "random"}
        if "resolution" in self.use:
            data["time"] = {"unit": "min", "resolution": self.tick}
        data |= {key: value for key, value in (("resources", pools), ("agents", team)) if value}
        data["tasks"] = rows
        if "horizon" in self.use:
            data["horizon"] = self.time(self.longest + 1, 2 + self.longest * max(2, tasks))
        data["objective"] = self.objective()
        return data

    def agent(self, k: int, pools: list[dict[str, Any]]) -> dict[str, Any]:
        rng = self.rng
        agent: dict[str, Any] = {"id": f"a{k}"}
        if self.has("slots"):
            agent["slots"] = rng.randint(1, 3)
        if self.has("skills", 0.9):
            some = rng.sample(_SKILLS, rng.randint(1, 3))
            agent["skills"] = some if rng.random() < 0.3 else {s: rng.choice((1, 2, 2.5, 3)) for s in some}
        if self.has("labels", 0.9):
            agent["labels"] = {"zone": rng.choice(("east", "west")), "rack": rng.choice(("r1", "r2"))}
        if self.has("speed"):
            agent["speed"] = rng.choice(_SPEEDS)
        if self.has("agent-cost"):
            agent["cost"] = {"fixed": rng.choice((0, 1, 5, 2.5)), "per_time": rng.choice((0, 1, 2, 0.5))}
        own = {"renewable": "own-capacity", "consumable": "own-consumable"}
        held = [pool for pool in pools if self.has(own[pool["kind"]])]
        if held:
            spare = {"renewable": (2, 4), "consumable": (2, 8)}
            agent["capacity"] = {pool["id"]: self.amount(*spare[pool["kind"]]) for pool in held}
        return agent

    def work(self, team: list[dict[str, Any]], pools: list[dict[str, Any]]) -> dict[str, Any]:
        """What a task or a mode asks for."""
        rng = self.rng
        shortest = 0 if self.has("zero-duration", 0.2) else 1
        work: dict[str, Any] = {"duration": self.time(shortest, self.longest)}
        demand = {pool["id"]: self.amount(1, 2) for pool in pools if rng.random() < 0.5}
        if demand:
            work["demand"] = demand
        if not team:
            return work
        if self.has("no-agent", 0.25):
            return work | {"agents": "none"}
        if self.has("agent-lists", 0.5):
            work["agents"] = sorted(agent["id"] for agent in rng.sample(team, rng.randint(1, len(team))))
        listed = [agent for agent in team if agent["id"] in work.get("agents", ())]
        model = rng.choice(listed if listed and rng.random() < 0.95 else team)  # has what is asked for
        if self.has("skills", 0.5) and model.get("skills"):
            levels = model["skills"] if isinstance(model["skills"], dict) else dict.fromkeys(model["skills"], 1)
            skill = rng.choice(sorted(levels))
            work["skills"] = [skill] if rng.random() < 0.3 else {skill: rng.choice((1, levels[skill], 0.5))}
        if self.has("labels", 0.4) and model.get("labels"):
            key = rng.choice(sorted(model["labels"]))
            work["labels"] = {key: model["labels"][key]}
        return work

    def task(self, k: int, tasks: int, team: list[dict[str, Any]], pools: list[dict[str, Any]]) -> dict[str, Any]:
        rng = self.rng
        task: dict[str, Any] = {"id": f"t{k}"}
        if self.has("modes", 0.5):
            task["modes"] = [{"id": f"m{i}", **self.work(team, pools)} for i in range(rng.randint(1, 3))]
            for mode in task["modes"]:
                if self.has("mode-cost"):
                    mode["cost"] = rng.choice((1, 2, 4, 0.5))
                labels = mode.pop("labels", {})  # they belong to the task, where all its modes need an agent
                if labels and not any(other.get("agents") == "none" for other in task["modes"]):
                    task["labels"] = labels
        else:
            task |= self.work(team, pools)
        if self.has("release", 0.4):
            task["release"] = self.time(0, self.longest)
        if self.has("deadline", 0.4):
            soon, late = self.longest * max(1, tasks // 4), 2 + self.longest * max(2, tasks)
            task["deadline"] = task.get("release", 0) + self.time(soon, late)
        if self.has("due"):
            task["due"] = self.time(0, 1 + self.longest * max(1, tasks // 2))
        if self.has("weight"):
            task["weight"] = rng.choice(_WEIGHTS)
        pinned: dict[str, Any] = {}
        if self.has("pinned-agent", 0.25) and team:
            work = rng.choice([task | mode for mode in task.get("modes", [{}])])
            able = [agent["id"] for agent in team if _may(agent, work)]
            if able:
                pinned["agent"] = rng.choice(able)
        if self.has("pinned-start", min(0.2, 1 / tasks)):
            late = rng.random() < 0.95  # the others start before their release: such a spec is infeasible
            pinned["start"] = task.get("release", 0) + self.time(0, 2) if late else 0
        return task | ({"pinned": pinned} if pinned else {})

    def order_tasks(self, rows: list[dict[str, Any]]) -> None:
        """Precedence from earlier rows of a random order to later ones, so that no cycle arises."""
        rng = self.rng
        kinds = [kind for kind in KINDS if kind in self.use]
        line = rng.sample(rows, len(rows))
        for j in range(1, len(line)) if kinds else ():
            for before in rng.sample(line[:j], rng.choice((0, 0, 1, 1, 2)) if j > 1 else rng.randint(0, 1)):
                kind, lag = rng.choice(kinds), 0
                if self.has("positive-lag", 0.4):
                    lag = rng.randint(1, self.longest)
                elif self.has("negative-lag", 0.4):
                    lag = -rng.randint(1, self.longest)
                entry: Any = {"task": before["id"], "type": kind, "lag": lag * self.tick}
                if kind == "FS" and lag == 0 and rng.random() < 0.5:
                    entry = before["id"]
                line[j].setdefault("after", []).append(entry)

    def stock(self, pools: list[dict[str, Any]], team: list[dict[str, Any]], rows: list[dict[str, Any]]) -> None:
        """Shared capacities: scarce, but mostly enough."""
        rng = self.rng
        for pool in pools:
            wanted = [
                [mode.get("demand", {}).get(pool["id"], 0) for mode in task.get("modes", [task])] for task in rows
            ]
            if all(pool["id"] in agent.get("capacity", {}) for agent in team) and team and rng.random() < 0.4:
                continue  # nobody but the agents holds it
            greatest = max((max(w) for w in wanted), default=0)
            if pool["kind"] == "renewable":
                pool["capacity"] = greatest + self.amount(0, 2)
            else:
                pool["capacity"] = sum(min(w) for w in wanted) + self.amount(0, len(rows))

    def objective(self) -> dict[str, Any] | list[dict[str, Any]]:
        rng = self.rng
        names = [name for name in TERMS if name in self.use] or [rng.choice(TERMS)]
        rng.shuffle(names)
        if "lexicographic" in self.use and len(names) > 1:
            cut = rng.randint(1, len(names) - 1)
            return [self.weights(names[:cut]), self.weights(names[cut:])]
        return self.weights(names if "weighted" in self.use else names[:1])

    def weights(self, names: list[str]) -> dict[str, Any]:
        return {name: self.rng.choice(_WEIGHTS) if "weighted" in self.use else 1 for name in names}


def features_of(data: dict[str, Any]) -> set[str]:
    """Which of `FEATURES` a spec made here really contains."""
    agents, tasks = data.get("agents", []), data["tasks"]
    works = [work for task in tasks for work in task.get("modes", [task])]
    kind_of = {pool["id"]: pool["kind"] for pool in data.get("resources", [])}
    demanded = {kind_of[r] for work in works for r in work.get("demand", {})}
    held = {kind_of[r] for agent in agents for r in agent.get("capacity", {})}
    edges = [e if isinstance(e, dict) else {"type": "FS", "lag": 0} for t in tasks for e in t.get("after", [])]
    levels = data["objective"] if isinstance(data["objective"], list) else [data["objective"]]
    amounts = [a for work in works for a in work.get("demand", {}).values()]
    pins = [task.get("pinned", {}) for task in tasks]
    costs = [agent.get("cost", {}) for agent in agents]
    found = {
        "agents": bool(agents),
        "slots": any(agent.get("slots", 1) > 1 for agent in agents),
        "own-capacity": "renewable" in held,
        "own-consumable": "consumable" in held,
        "skills": any("skills" in work for work in works),
        "labels": any("labels" in task for task in tasks),
        "speed": any(agent.get("speed", 1) != 1 for agent in agents),
        "agent-lists": any(isinstance(work.get("agents"), list) for work in works),
        "no-agent": any(work.get("agents") == "none" for work in works),
        "renewable": "renewable" in demanded,
        "consumable": "consumable" in demanded,
        "decimal-quantities": any(amount != int(amount) for amount in amounts),
        "resolution": "time" in data,
        "modes": any(len(task.get("modes", ())) > 1 for task in tasks),
        "positive-lag": any(edge["lag"] > 0 for edge in edges),
        "negative-lag": any(edge["lag"] < 0 for edge in edges),
        "pinned-agent": any("agent" in pin for pin in pins),
        "pinned-start": any("start" in pin for pin in pins),
        "horizon": "horizon" in data,
        "agent-cost": any(any(cost.values()) for cost in costs),
        "mode-cost": any("cost" in work for work in works),
        "zero-duration": any(work["duration"] == 0 for work in works),
        "weighted": any(w != 1 for level in levels for w in level.values()),
        "lexicographic": len(levels) > 1,
        **{kind: any(edge["type"] == kind for edge in edges) for kind in KINDS},
        **{key: any(key in task for task in tasks) for key in ("release", "deadline", "due", "weight")},
        **{term: any(term in level for level in levels) for term in TERMS},
    }
    return {name for name in FEATURES if found[name]}


def random_feasible(spec: ScheduleSpec, rng: Random, tries: int = 20, delay: int = 2) -> Solution | None:
    """A random schedule that the checker accepts, or None where `tries` random ones all failed.

    Tasks are placed one by one in a random order that respects precedence, each in a random mode on a random
    agent, at the first start that fits plus up to `delay` ticks; not only good schedules come out.
    """
    oracle = Oracle(spec)
    for _ in range(tries):
        schedule = _serial(oracle, rng, delay)
        if schedule is None:
            continue
        solution = columns(schedule)
        report = check_columns(spec, solution.start, solution.end, solution.mode, solution.agent)
        if not report.violations:
            return solution
    return None


def _serial(oracle: Oracle, rng: Random, delay: int) -> Schedule | None:
    before = {t: {i for i, j, _, _ in oracle.edges if j == t} for t in range(oracle.n)}
    rows: dict[int, Row] = {}
    # Pinned starts are given, so they come first; what must precede them has to fit in front.
    queue = [t for t in range(oracle.n) if oracle.pinned_start[t] >= 0]
    while len(rows) < oracle.n:
        free = [t for t in range(oracle.n) if t not in rows and before[t] <= rows.keys()]
        t = queue.pop() if queue else rng.choice(free)
        row = _first_row(oracle, rng, t, rows, rng.choice((0, 0, rng.randint(0, delay))))
        if row is None:
            return None
        rows[t] = row
    return tuple(rows[t] for t in range(oracle.n))


def _first_row(oracle: Oracle, rng: Random, t: int, rows: dict[int, Row], wait: int) -> Row | None:
    """The first row that fits beside the rows placed, after skipping `wait` that would fit too."""
    latest = min(oracle.deadline[t], oracle.enough() + _delay_room(oracle), oracle.horizon)
    for mode, agent, duration in rng.sample(oracle.candidates[t], len(oracle.candidates[t])):
        found = None
        pinned = oracle.pinned_start[t]
        for start in (pinned,) if pinned >= 0 else range(max(0, oracle.release[t]), latest - duration + 1):
            row = Row(start, start + duration, mode, agent)
            together = {**rows, t: row}
            if not oracle.in_window(t, row):
                continue
            if oracle.keeps_precedence(together) and oracle.fits(list(together.values())):
                found, wait = row, wait - 1
                if wait < 0:
                    break
        if found:
            return found
    return None


def _delay_room(oracle: Oracle) -> int:
    """Ticks beyond the last useful one that delayed tasks may need."""
    return 2 * oracle.n
