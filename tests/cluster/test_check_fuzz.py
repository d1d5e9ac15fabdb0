"""The checker and a slow one in plain Python, written from the contract alone, agree on random small problems."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import combinations
from typing import Any

from cluster.specs import make_spec, solution_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qamctl.cluster.check import check_assignments, check_columns
from qamctl.cluster.spec import TERMS

Problem = dict[str, Any]
Answer = dict[str, str | None]

RESOURCES = ("cpu", "gpu")
ZONES = ("1", "2")
quantity = st.integers(0, 60).map(lambda tenths: tenths / 10)
weight: st.SearchStrategy[float] = st.sampled_from([0, 0.1, 0.25, 1, 3, 1 / 3])


def some(draw: st.DrawFn, row: dict[str, Any], **fields: st.SearchStrategy[Any]) -> dict[str, Any]:
    """A row with some of the fields."""
    for key, values in fields.items():
        if draw(st.integers(0, 2)) == 0:
            row[key] = draw(values)
    return row


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Arguments of `make_spec`: one to four leaves, inner clusters, a few agents, and any of the rules."""
    inner = [f"i{k}" for k in range(draw(st.integers(0, 2)))]
    leaves = [f"l{k}" for k in range(draw(st.integers(1, 4)))]
    groups = [f"g{k}" for k in range(draw(st.integers(0, 2)))]
    names = [f"a{i}" for i in range(draw(st.integers(0, 6)))]
    one = st.sampled_from
    gpus = st.integers(0, 3).map(lambda n: n * 10)
    amounts = st.fixed_dictionaries({}, optional={"cpu": quantity, "gpu": one([0, 0.5, 4, 10, 20])})
    limits: dict[str, st.SearchStrategy[Any]] = {
        "capacity": st.fixed_dictionaries({}, optional={"cpu": quantity, "gpu": gpus}),
        "safe": st.fixed_dictionaries({}, optional={"cpu": quantity, "gpu": gpus}),
        "labels": st.fixed_dictionaries({"zone": one(ZONES)}),
        "taints": one([["t"], ["u"], ["t", "u"]]),
        "neighbourhood": one(["n", "m"]),
        "cost": weight,
        "min_size": st.integers(0, 2),
        "max_size": st.integers(0, 4),
    }
    clusters = [some(draw, {"id": name}, parent=one([*inner, None]), **limits) for name in leaves]
    # Inner clusters with nobody's parent among them would be leaves: the first leaf is inside of all.
    for k, name in enumerate(inner):
        clusters.append(some(draw, {"id": name, "parent": inner[k + 1] if k + 1 < len(inner) else None}, **limits))
    if inner:
        clusters[0]["parent"] = inner[0]
    agents = [
        some(
            draw, {"id": name}, demand=amounts, cluster=one(leaves), move_cost=weight, group=one([*groups, None]),
            requires=one([{"zone": "1"}, {"zone": ["1", "2"]}]), tolerates=one([["t"], ["t", "u"]]),
            clusters=st.lists(one(leaves), unique=True), optional=st.booleans(), reward=weight,
        )
        for name in names
    ]  # fmt: skip
    rules = [
        some(
            draw, {"id": name}, apart=st.booleans(), near=st.lists(one(groups), max_size=2, unique=True),
            spread=st.fixed_dictionaries(
                {"label": one(["zone", "neighbourhood"])},
                optional={"min": st.integers(0, 3), "max_skew": st.integers(0, 2), "weight": weight},
            ),
        )
        for name in groups
    ]  # fmt: skip
    links: list[tuple[Any, ...]] = []
    for pair in combinations(names, 2):
        kind = draw(one(["", "", "", "cut", "together", "apart"]))
        links += [(*pair, draw(weight) if kind == "cut" else kind)] if kind else []
    priced = [pair for pair in ((a, k) for a in names for k in leaves) if draw(st.integers(0, 4)) == 0]
    costs = [(*pair, draw(weight), draw(st.none() | amounts)) for pair in priced]
    pairs = [(a, b, draw(weight)) for a in leaves for b in leaves if a != b and draw(st.booleans())]
    resources = [
        some(draw, {"id": "cpu"}, capacity=quantity, weight=weight, transient=st.just(True)),
        some(draw, {"id": "gpu"}, device=st.just(10), weight=weight, capacity=gpus, transient=st.just(True)),
    ]
    limited = [r for r in RESOURCES if any(r in row.get("capacity", {}) for row in clusters if row["id"] in leaves)]
    ratios = draw(st.lists(st.tuples(one(limited), one(limited), weight, weight), max_size=2)) if limited else []
    return {
        "resources": resources,
        "agents": agents,
        "clusters": clusters,
        "links": links,
        "groups": rules,
        "costs": costs,
        "ratios": ratios,
        "tolerance": draw(one([None, None, 0, 10, 33.333333, 150])),
        "moves": some(
            draw, {"pairs": pairs}, max=st.integers(0, 3), max_cost=weight, per_agent=weight, per_group=weight,
            per_pair=weight,
        ),
        "elastic": draw(st.booleans()),
        "target": draw(one([0, 0, 2])),
        "objective": draw(st.lists(st.dictionaries(one(TERMS), weight, min_size=1), min_size=1, max_size=2)),
    }  # fmt: skip


def exact(value: float) -> Fraction:
    """A number as written."""
    return Fraction(repr(value))


class Slow:
    """The contract in plain Python, over the rows of a problem."""

    def __init__(self, problem: Problem, answer: Answer, devices: dict[str, list[int]]) -> None:
        self.problem, self.answer, self.devices = problem, answer, devices
        self.clusters = {row["id"]: row for row in problem["clusters"]}
        parents = {row.get("parent") for row in problem["clusters"]}
        self.leaves = [name for name in self.clusters if name not in parents]
        self.agents = {row["id"]: row for row in problem["agents"]}
        self.own = {(a, k): demand for a, k, _, demand in problem["costs"] if demand is not None}
        self.placed = [name for name in self.agents if answer[name] is not None]
        self.moved = [a for a, row in self.agents.items() if row.get("cluster") not in (None, answer[a])]
        self.broken: Counter[str] = Counter()

    def around(self, name: str | None) -> list[str]:
        """A cluster and everything around it."""
        return [] if name is None else [name, *self.around(self.clusters[name].get("parent"))]

    def inside(self, cluster: str) -> list[str]:
        return [name for name in self.placed if cluster in self.around(self.answer[name])]

    def members(self, group: str) -> list[str]:
        return [name for name in self.placed if self.agents[name].get("group") == group]

    def need(self, agent: str, cluster: str, resource: str) -> Fraction:
        demand = self.own.get((agent, cluster), self.agents[agent].get("demand", {}))
        return exact(demand.get(resource, 0))

    def use(self, cluster: str, resource: str) -> Fraction:
        return sum((self.need(a, str(self.answer[a]), resource) for a in self.inside(cluster)), Fraction(0))

    def capacity(self, cluster: str, resource: str) -> Fraction | None:
        """None: no limit."""
        given = self.clusters[cluster].get("capacity", {})
        if resource in given:
            return exact(given[resource])
        held = any(resource in self.clusters[leaf].get("capacity", {}) for leaf in self.leaves)
        return Fraction(0) if held and cluster in self.leaves else None

    def label(self, leaf: str, label: str) -> str | None:
        for name in self.around(leaf):
            row = self.clusters[name]
            found = row.get(label) if label == "neighbourhood" else row.get("labels", {}).get(label)
            if found is not None:
                return str(found)
        return None

    def check(self) -> tuple[dict[str, Fraction], set[str]]:
        """The terms, and the constraints that are broken."""
        self.limits()
        self.places()
        self.equipment()
        self.company()
        moves = self.problem["moves"]
        self.broken["max-moves"] = len(self.moved) > moves.get("max", len(self.moved))
        total = sum((exact(self.agents[a].get("move_cost", 1)) for a in self.moved), Fraction(0))
        self.broken["max-move-cost"] = "max_cost" in moves and total > exact(moves["max_cost"])
        return self.terms(total), {kind for kind, times in self.broken.items() if times}

    def limits(self) -> None:
        for row in self.problem["resources"]:
            r, transient = row["id"], row.get("transient", False)

            def twice(cluster: str | None, r: str = r, transient: bool = transient) -> Fraction:
                """What agents that are no longer inside of the cluster (None: of all) still use of it."""
                gone = [a for a in self.moved if transient]
                gone = [a for a in gone if cluster is None or cluster in self.around(self.agents[a]["cluster"])]
                gone = [
                    a for a in gone if (self.answer[a] is None if cluster is None else a not in self.inside(cluster))
                ]
                return sum((self.need(a, self.agents[a]["cluster"], r) for a in gone), Fraction(0))

            for name in self.clusters:
                limit = self.capacity(name, r)
                self.broken["capacity"] += limit is not None and self.use(name, r) + twice(name) > limit
            total = sum((self.need(a, str(self.answer[a]), r) for a in self.placed), Fraction(0)) + twice(None)
            self.broken["shared-capacity"] += "capacity" in row and total > exact(row["capacity"])
        for name, row in self.clusters.items():
            size = len(self.inside(name))
            may_be_empty = self.problem["elastic"] and size == 0
            self.broken["min-size"] += size < row.get("min_size", 0) and not may_be_empty
            self.broken["max-size"] += size > row.get("max_size", size)
        self.tolerance()

    def tolerance(self) -> None:
        tolerance = self.problem["tolerance"]
        if tolerance is None:
            return
        most = 1 + exact(tolerance) / 100
        totals = {r: sum(exact(a.get("demand", {}).get(r, 0)) for a in self.agents.values()) for r in RESOURCES}
        if not any(totals.values()):
            fair = -(-len(self.agents) // len(self.leaves))
            self.broken["balance"] += any(len(self.inside(leaf)) > most * fair // 1 for leaf in self.leaves)
            return
        for r, total in totals.items():
            if not total:
                continue
            scale = self.scale(r)
            held = {leaf: self.capacity(leaf, r) for leaf in self.leaves}
            everywhere = sum((limit for limit in held.values() if limit is not None), Fraction(0))
            for leaf, limit in held.items():
                if limit is None:
                    share = Fraction(1, len(self.leaves))
                else:
                    share = limit / everywhere if everywhere else Fraction(0)
                fair = -(-total * scale * share // 1)
                self.broken["balance"] += self.use(leaf, r) * scale > most * fair // 1

    def scale(self, resource: str) -> int:
        """Ten where some quantity of the resource has a decimal, as `make_spec` scales it."""
        p = self.problem
        seen = [row.get("demand", {}).get(resource, 0) for row in p["agents"]]
        seen += [row.get(key, {}).get(resource, 0) for row in p["clusters"] for key in ("capacity", "safe")]
        seen += [demand.get(resource, 0) for demand in self.own.values()]
        seen += [row.get("capacity", 0) for row in p["resources"] if row["id"] == resource]
        return 10 if any(value != int(value) for value in seen) else 1

    def places(self) -> None:
        for name, row in self.agents.items():
            leaf = self.answer[name]
            if leaf is None:
                self.broken["unplaced"] += not row.get("optional", False)
                continue
            self.broken["agent-not-allowed"] += leaf not in row.get("clusters", [leaf])
            for label, values in row.get("requires", {}).items():
                self.broken["requires"] += self.label(leaf, label) not in list(values)
            taints = {taint for place in self.around(leaf) for taint in self.clusters[place].get("taints", [])}
            self.broken["taint"] += not taints <= set(row.get("tolerates", []))

    def equipment(self) -> None:
        if "device" not in self.problem["resources"][1]:
            return
        for name in self.agents:
            leaf, taken = self.answer[name], self.devices.get(name, [])
            need = Fraction(0) if leaf is None else self.need(name, leaf, "gpu")
            right = 0 if need == 0 else 1 if need <= 10 else int(need / 10)
            limit = Fraction(620) if leaf is None else self.capacity(leaf, "gpu")
            there = 62 if limit is None else int(limit / 10)
            self.broken["devices"] += len(taken) != right or any(number >= there for number in taken)
        for leaf in self.leaves:
            for number in range(62):
                on_it = [a for a in self.inside(leaf) if number in self.devices.get(a, [])]
                self.broken["device-capacity"] += sum(min(self.need(a, leaf, "gpu"), Fraction(10)) for a in on_it) > 10

    def company(self) -> None:
        for a, b, kind in self.problem["links"]:
            same = self.answer[a] == self.answer[b]
            self.broken["together"] += kind == "together" and not same
            self.broken["apart"] += kind == "apart" and same and self.answer[a] is not None
        for row in self.problem["groups"]:
            members = self.members(row["id"])
            where = Counter(self.answer[a] for a in members)
            self.broken["group-apart"] += row.get("apart", False) and any(n > 1 for n in where.values())
            if "spread" in row:
                spread = row["spread"]
                count = Counter(self.label(str(self.answer[a]), spread["label"]) for a in members)
                every = [count[value] for value in {self.label(leaf, spread["label"]) for leaf in self.leaves}]
                self.broken["group-spread"] += len(count) < spread.get("min", 0)
                self.broken["group-skew"] += "max_skew" in spread and max(every) - min(every) > spread["max_skew"]
            for other in row.get("near", []):
                mine, theirs = ({self.area(a) for a in self.members(g)} for g in (row["id"], other))
                self.broken["group-near"] += not mine <= theirs

    def area(self, agent: str) -> tuple[str, str]:
        """The neighbourhood of a placed agent, or its own cluster."""
        leaf = str(self.answer[agent])
        named = self.label(leaf, "neighbourhood")
        return ("own", leaf) if named is None else ("named", named)

    def terms(self, move_cost: Fraction) -> dict[str, Fraction]:
        p, zero = self.problem, Fraction(0)
        out = dict.fromkeys(TERMS, zero)
        for a, b, kind in p["links"]:
            both = None not in (self.answer[a], self.answer[b])
            if both and not isinstance(kind, str) and self.answer[a] != self.answer[b]:
                out["cut"] += exact(kind)
        for row in p["resources"]:
            for name, cluster in self.clusters.items():
                if row["id"] in cluster.get("safe", {}):
                    over = self.use(name, row["id"]) - exact(cluster["safe"][row["id"]])
                    out["load"] += exact(row.get("weight", 1)) * max(zero, over)
        for one, other, ratio, times in p["ratios"]:
            for leaf in self.leaves:
                free = [(self.capacity(leaf, r) or zero) - self.use(leaf, r) for r in (one, other)]
                out["balance"] += exact(times) * max(zero, exact(ratio) * free[0] - free[1])
        for leaf in self.leaves:
            if p["target"] and self.inside(leaf):
                out["balance"] += abs(len(self.inside(leaf)) - p["target"])
        moves, costs = p["moves"], {(a, b): exact(cost) for a, b, cost in p["moves"]["pairs"]}
        groups = Counter(self.agents[a]["group"] for a in self.moved if self.agents[a].get("group") is not None)
        pairs = sum((costs.get((self.agents[a]["cluster"], str(self.answer[a])), zero) for a in self.moved), zero)
        out["move"] += exact(moves.get("per_agent", 1)) * move_cost
        out["move"] += exact(moves.get("per_group", 0)) * max(groups.values(), default=0)
        out["move"] += exact(moves.get("per_pair", 0)) * pairs
        out["cost"] += sum((exact(cost) for a, k, cost, _ in p["costs"] if self.answer[a] == k), zero)
        for name, cluster in self.clusters.items():
            out["cost"] += exact(cluster.get("cost", 0)) if self.inside(name) else 0
        for row in p["groups"]:
            if "spread" in row:
                label = row["spread"]["label"]
                zones = Counter(self.label(str(self.answer[a]), label) for a in self.members(row["id"]))
                out["spread"] += exact(row["spread"].get("weight", 1)) * sum(n * (n - 1) // 2 for n in zones.values())
        out["unplaced"] = sum(
            (exact(a.get("reward", 0)) for n, a in self.agents.items() if self.answer[n] is None), zero
        )
        return out


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_the_checker_and_the_contract_in_plain_python_agree(data: st.DataObject) -> None:
    """Same terms, same levels, same constraints broken, whether given as rows or as columns."""
    problem = data.draw(problems())
    spec = make_spec(**problem)
    leaves = [name for name, leaf in zip(spec.clusters.ids, spec.clusters.leaf, strict=True) if leaf]
    answer: Answer = {name: data.draw(st.sampled_from([*leaves, *leaves, None])) for name in spec.agents.ids}
    devices = {}
    if spec.resources.device.any():
        numbers = st.lists(st.integers(0, 2), unique=True, max_size=2)
        devices = {name: data.draw(numbers) for name in spec.agents.ids}
    terms, broken = Slow(problem, answer, devices).check()
    named = {name: {"gpu": numbers} for name, numbers in devices.items()}
    solution = solution_of(spec, list(answer.values()), named)
    report = check_columns(spec, solution.cluster, solution.devices)
    assert set(report.counts) == broken
    for name, value in terms.items():
        assert abs(Fraction(report.terms[name]) - value) < 1e-12, name
    for level, weights in zip(report.levels, problem["objective"], strict=True):
        assert abs(Fraction(level) - sum(exact(w) * terms[name] for name, w in weights.items())) < 1e-12
    rows = [{"agent": a, "cluster": k, **({"devices": named[a]} if devices else {})} for a, k in answer.items()]
    assert check_assignments(spec, data.draw(st.permutations(rows))) == report
