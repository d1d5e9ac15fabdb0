"""Machine reassignment of the ROADEF/EURO challenge 2012 (set by Google), as a cluster problem: processes on machines.

Afsar, H. M., Artigues, C., Bourreau, E. and Kedad-Sidhoum, S., "Machine reassignment problem: the ROADEF/EURO
challenge 2012", Annals of Operations Research 242 (2016). A model and the assignment that holds now; every rule of
the challenge has a field of its own, so that the objective of a solution is its cost there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from qamctl.formats.faults import problem_name
from qamctl.formats.tokens import Tokens, lines_of

_MODEL = "a model of the machine reassignment problem"
_ASSIGNMENT = "an assignment of the machine reassignment problem"

#: Numbers of the challenge fit 32 bits.
_LARGEST: Final = 2**32


def read(text: str, *, name: str, more: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The problem file's data: process `P<k>` of service `S<k>` on machine `M<k>`, resources `R<k>`, all from 0.

    A machine's location is `L<k>`, its neighbourhood `N<k>`. Capacities, safety capacities, transient use, conflict
    (`apart`), spread, dependency (`near`) and the four kinds of cost with their weights are all there.

    Parameters
    ----------
    text
        The model.
    more
        Name and text of the assignment.

    Raises
    ------
    SpecError
        For a text of another form, with file, line and column.
    """
    tokens = Tokens(lines_of(text), file=name, what=_MODEL)
    resources = _resources(tokens)
    ids = [row["id"] for row in resources]
    machines, pairs = _machines(tokens, ids)
    groups = _services(tokens)
    agents = _processes(tokens, ids, len(groups))
    ratios = _ratios(tokens, ids)
    weights = {
        "per_agent": tokens.integer("the weight of process moves", 0, _LARGEST),
        "per_group": tokens.integer("the weight of service moves", 0, _LARGEST),
        "per_pair": tokens.integer("the weight of machine moves", 0, _LARGEST),
    }
    tokens.end()
    _assign(agents, len(machines), *more[0])
    return {
        "kind": "cluster",
        "version": 1,
        "name": problem_name(name),
        "objective": {"load": 1, "balance": 1, "move": 1},
        "resources": resources,
        "clusters": machines,
        "groups": groups,
        **({"balance": ratios} if ratios else {}),
        "moves": weights | ({"pairs": {"csv": "\n".join(["from,to,cost", *pairs, ""])}} if pairs else {}),
        "agents": agents,
    }


def _resources(tokens: Tokens) -> list[dict[str, Any]]:
    rows = []
    for r in range(tokens.integer("the number of resources", 1)):
        transient = tokens.integer(f"whether resource {r} is transient", 0, 1)
        weight = tokens.integer(f"the weight of the load of resource {r}", 0, _LARGEST)
        rows.append({"id": f"R{r}", "weight": weight} | ({"transient": True} if transient else {}))
    return rows


def _machines(tokens: Tokens, resources: Sequence[str]) -> tuple[list[dict[str, Any]], list[str]]:
    """The machines, and what moves between them cost, as `from,to,cost` where that is not 0."""
    count = tokens.integer("the number of machines", 1)
    rows, pairs = [], []
    for m in range(count):
        neighbourhood = tokens.integer(f"the neighbourhood of machine {m}")
        location = tokens.integer(f"the location of machine {m}")
        capacity = {id_: tokens.integer(f"the capacity of machine {m} for {id_}", 0, _LARGEST) for id_ in resources}
        safe = {id_: tokens.integer(f"the safety capacity of machine {m} for {id_}", 0, _LARGEST) for id_ in resources}
        rows.append(
            {
                "id": f"M{m}",
                "capacity": capacity,
                "safe": safe,
                "location": f"L{location}",
                "neighbourhood": f"N{neighbourhood}",
            }
        )
        for other in range(count):
            # Who stays does not move: a cost of staying would have no place.
            most = _LARGEST if other != m else 0
            cost = tokens.integer(f"the cost of moving from machine {m} to {other}", 0, most)
            if cost:
                pairs.append(f"M{m},M{other},{cost}")
    return rows, pairs


def _services(tokens: Tokens) -> list[dict[str, Any]]:
    count = tokens.integer("the number of services", 1)
    rows = []
    for s in range(count):
        row: dict[str, Any] = {"id": f"S{s}", "apart": True}
        spread = tokens.integer(f"the least number of locations of service {s}")
        if spread > 1:  # one location is there as soon as there is a process
            row["spread"] = {"label": "location", "min": spread}
        number = tokens.integer(f"the number of dependencies of service {s}")
        near = [tokens.integer(f"a service that service {s} depends on", 0, count - 1) for _ in range(number)]
        others = [f"S{other}" for other in dict.fromkeys(near) if other != s]
        rows.append(row | ({"near": others} if others else {}))
    return rows


def _processes(tokens: Tokens, resources: Sequence[str], services: int) -> list[dict[str, Any]]:
    rows = []
    for p in range(tokens.integer("the number of processes", 1)):
        service = tokens.integer(f"the service of process {p}", 0, services - 1)
        demand = {id_: tokens.integer(f"what process {p} needs of {id_}", 0, _LARGEST) for id_ in resources}
        cost = tokens.integer(f"the cost of moving process {p}", 0, _LARGEST)
        rows.append({"id": f"P{p}", "demand": demand, "move_cost": cost, "group": f"S{service}"})
    return rows


def _ratios(tokens: Tokens, resources: Sequence[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for b in range(tokens.integer("the number of balance costs")):
        first = tokens.integer(f"the first resource of balance cost {b}", 0, len(resources) - 1)
        second = tokens.integer(f"the second resource of balance cost {b}", 0, len(resources) - 1)
        target = tokens.integer(f"the target of balance cost {b}", 0, _LARGEST)
        weight = tokens.integer(f"the weight of balance cost {b}", 0, _LARGEST)
        rows.append({"resource": resources[first], "other": resources[second], "ratio": target, "weight": weight})
    return rows


def _assign(agents: Sequence[dict[str, Any]], machines: int, name: str, text: str) -> None:
    """Note for each process where it is now."""
    tokens = Tokens(lines_of(text), file=name, what=_ASSIGNMENT)
    for p, row in enumerate(agents):
        row["cluster"] = f"M{tokens.integer(f'the machine of process {p}', 0, machines - 1)}"
    tokens.end()
