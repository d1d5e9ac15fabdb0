"""Random schedule specs without a schedule: feasible ones that are asked for more and more, until CP-SAT gives up.

Equal seeds give equal specs. What is asked is of every kind: times, pins, capacities, absences, rules, skills, setups.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from support.random_specs import random_spec
from support.rich_schedules import rich_spec

from qamctl.errors import SpecError
from qamctl.schedule.build import build_instance
from qamctl.schedule.check import check_columns
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers import cpsat
from qamctl.schedule.spec import ScheduleSpec
from qamctl.solver import Budget

Data = dict[str, Any]

#: Asks that a spec is given at most.
MOST = 60


def solved(spec: ScheduleSpec, seed: int = 0) -> tuple[str, Solution | None]:
    """What CP-SAT alone says of a spec: feasible, with a schedule that the checker accepts, infeasible or unknown."""
    plain = replace(spec, objective=({},), earlier=None, reasoning=None)
    budget = Budget(steps=200_000)
    outcome = cpsat.solve(build_instance(plain), None, budget, seed, lambda: False, lambda solution: None)
    found: Solution | None = outcome.solution
    if found is None:
        return outcome.status, None
    assert check_columns(plain, found.start, found.end, found.mode, found.agent, found.others).feasible
    return "feasible", found


def clashing_spec(seed: int, size: str = "small") -> Data | None:
    """A spec, as data, that was feasible before it was asked for one thing too many; None where none came of it.

    Parameters
    ----------
    size
        tiny or small: a rich one of that size; plain: without calendars, crews, rules.
    """
    rng = Random(f"clash {size} {seed}")
    data = random_spec(rng, tasks=rng.randint(4, 8)) if size == "plain" else rich_spec(seed, size)
    data.pop("reasoning", None)
    data["objective"] = {"makespan": 1}
    status, found = solved(schedule_from_data(data))
    if found is None:
        return data if status == "infeasible" else None
    end = int(found.end.max(initial=0))
    for _ in range(MOST):
        tried = copy.deepcopy(data)
        try:
            rng.choice(_ASKS)(tried, rng, end)
            status, _ = solved(schedule_from_data(tried))
        except (SpecError, LookupError):
            continue  # the spec has nothing to ask that of, or may not be asked it
        if status == "infeasible":
            return tried
        if status == "feasible":
            data = tried
    return None


def _tick(data: Data) -> float:
    return float(data.get("time", {}).get("resolution", 1))


def _any_task(data: Data, rng: Random) -> Data:
    task: Data = rng.choice(data["tasks"])
    return task


def _horizon(data: Data, rng: Random, end: int) -> None:
    data["horizon"] = rng.randint(max(1, end // 2), max(1, end)) * _tick(data)


def _deadline(data: Data, rng: Random, end: int) -> None:
    _any_task(data, rng)["deadline"] = rng.randint(1, max(1, end)) * _tick(data)


def _release(data: Data, rng: Random, end: int) -> None:
    _any_task(data, rng)["release"] = rng.randint(1, max(1, end)) * _tick(data)


def _pinned(data: Data, rng: Random, end: int) -> None:
    task = _any_task(data, rng)
    task.pop("optional", None)
    task.setdefault("pinned", {})["start"] = rng.randint(0, end) * _tick(data)


def _pinned_agent(data: Data, rng: Random, end: int) -> None:
    _any_task(data, rng).setdefault("pinned", {}).setdefault("agent", rng.choice(data["agents"])["id"])


def _demand(data: Data, rng: Random, end: int) -> None:
    task = _any_task(data, rng)
    works = rng.choice(task.get("modes", [task]))
    works.setdefault("demand", {})[rng.choice(data["resources"])["id"]] = rng.randint(1, 4)


def _capacity(data: Data, rng: Random, end: int) -> None:
    pool = rng.choice(data["resources"])
    pool["capacity"] = rng.randint(0, max(0, int(pool["capacity"])))


def _own(data: Data, rng: Random, end: int) -> None:
    rng.choice(data["agents"]).setdefault("capacity", {})[rng.choice(data["resources"])["id"]] = rng.randint(0, 2)


def _period(data: Data, rng: Random, end: int) -> None:
    low = rng.randint(0, max(1, end))
    period = [low * _tick(data), (low + rng.randint(1, end + 1)) * _tick(data), rng.randint(0, 1)]
    rng.choice(data["resources"]).setdefault("calendar", []).append(period)


def _absence(data: Data, rng: Random, end: int) -> None:
    low = rng.randint(0, max(1, end))
    period = [low * _tick(data), (low + rng.randint(1, end + 1)) * _tick(data)]
    rng.choice(data["agents"]).setdefault("calendar", []).append(period)


def _agents(data: Data, rng: Random, end: int) -> None:
    task = _any_task(data, rng)
    rng.choice(task.get("modes", [task]))["agents"] = [rng.choice(data["agents"])["id"]]


def _skill(data: Data, rng: Random, end: int) -> None:
    task = _any_task(data, rng)
    rng.choice(task.get("modes", [task]))["skills"] = {"weld": rng.randint(1, 4)}


def _label(data: Data, rng: Random, end: int) -> None:
    _any_task(data, rng)["labels"] = {"zone": rng.choice(("east", "west", "north"))}


def _taint(data: Data, rng: Random, end: int) -> None:
    rng.choice(data["agents"])["taints"] = [rng.choice(("hot", "loud"))]


def _count(data: Data, rng: Random, end: int) -> None:
    _any_task(data, rng)["count"] = rng.randint(2, 3)


def _lag(data: Data, rng: Random, end: int) -> None:
    j = rng.randrange(1, len(data["tasks"]))
    entry = {"task": data["tasks"][rng.randrange(j)]["id"], "type": rng.choice(("FS", "SS", "FF", "SF"))}
    data["tasks"][j].setdefault("after", []).append(entry | {"lag": rng.randint(0, 4) * _tick(data)})


def _sent(data: Data, rng: Random, end: int) -> None:
    data.setdefault("communication", {"bandwidth": 0.5})
    entry = rng.choice([entry for task in data["tasks"] for entry in task.get("after", ()) if isinstance(entry, dict)])
    entry["data"] = rng.choice((2, 4.5, 8))


def _partners(data: Data, rng: Random, end: int) -> None:
    kind = rng.choice(("near", "apart"))
    one, other = rng.sample(data["tasks"], 2)
    if other["id"] not in one.setdefault(kind, []):
        one[kind].append(other["id"])


def _group(data: Data, rng: Random, end: int) -> None:
    kind, group = rng.choice(("near", "apart")), f"g{rng.randrange(10**6)}"
    entry = {"group": group} | ({"label": "zone"} if rng.random() < 0.5 else {})
    for task in rng.sample(data["tasks"], min(3, len(data["tasks"]))):
        task.setdefault(kind, []).append(entry)


def _spread(data: Data, rng: Random, end: int) -> None:
    for task in rng.sample(data["tasks"], min(3, len(data["tasks"]))):
        task["spread"] = {"label": "zone", "max_skew": 1, "group": "s"}


def _gang(data: Data, rng: Random, end: int) -> None:
    for task in rng.sample(data["tasks"], 2):
        task["gang"] = "together"


def _family(data: Data, rng: Random, end: int) -> None:
    families = ("f0", "f1")
    data.setdefault("setup", [])
    for one in families:
        for other in families:
            if not any(row["from"] == one and row["to"] == other for row in data["setup"]):
                data["setup"].append({"from": one, "to": other, "time": rng.randint(1, 4) * _tick(data)})
    _any_task(data, rng)["setup"] = rng.choice(families)


_ASKS: tuple[Callable[[Data, Random, int], None], ...] = (
    _horizon, _deadline, _deadline, _release, _pinned, _pinned_agent, _demand, _capacity, _own, _period, _absence,
    _agents, _skill, _label, _taint, _count, _lag, _sent, _partners, _group, _spread, _gang, _family,
)  # fmt: skip
