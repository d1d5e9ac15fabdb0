"""Generalised assignment in the OR-Library text form: every item into one bin that has room, at the least cost.

`m n` (bins and items), m rows of n costs, m rows of n demands, m capacities; line breaks mean nothing (D. Beasley,
"OR-Library", J. Oper. Res. Soc. 41, 1990; P. C. Chu and J. E. Beasley, Computers & Operations Research 24, 1997).
"""

from __future__ import annotations

from typing import Any

from qamctl.formats.faults import problem_name
from qamctl.formats.tokens import Tokens, lines_of

_WHAT = "a generalised assignment problem"


def read(text: str, *, name: str) -> dict[str, Any]:
    """The problem file's data: item `I<k>` in bin `B<k>`, both from 0; costs and demands by item and bin.

    An item that weighs the same in every bin has its demand itself, another one beside each of its costs.

    Raises
    ------
    SpecError
        For a text of another form, with file, line and column.
    """
    lines = lines_of(text)
    tokens = Tokens(lines, file=name, what=_WHAT)
    bins = tokens.integer("the number of bins", 1)
    first = next((line.split() for line in lines if line.strip()), [])
    if len(first) == 1:
        hint = "gap1 to gap12 of the OR-Library hold several problems, their number first: keep one in a file"
        raise tokens.fault("the first line should be `bins items`", hint=hint)
    items = tokens.integer("the number of items", 1)
    cost = [[tokens.integer(f"the cost of item {j} in bin {i}") for j in range(items)] for i in range(bins)]
    weight = [[tokens.integer(f"the demand of item {j} in bin {i}") for j in range(items)] for i in range(bins)]
    capacity = [tokens.integer(f"the capacity of bin {i}") for i in range(bins)]
    tokens.end()
    agents: list[dict[str, Any]] = []
    costs: list[dict[str, Any]] = []
    for j in range(items):
        weights = {row[j] for row in weight}
        agents.append({"id": f"I{j}"} | ({"demand": {"weight": weights.pop()}} if len(weights) == 1 else {}))
        for i in range(bins):
            own = {"demand": {"weight": weight[i][j]}} if "demand" not in agents[-1] else {}
            costs.append({"agent": f"I{j}", "cluster": f"B{i}", "cost": cost[i][j], **own})
    return {
        "kind": "cluster",
        "version": 1,
        "name": problem_name(name),
        "objective": {"cost": 1},
        "resources": [{"id": "weight"}],
        "clusters": [{"id": f"B{i}", "capacity": {"weight": capacity[i]}} for i in range(bins)],
        "agents": agents,
        "costs": costs,
    }
