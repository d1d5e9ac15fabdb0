"""Schedules that just hold, and the same broken in one way: crews, calendars, setups, rules, data, tasks left out.

An attack is (kind of violation, tasks, rest of the spec, what holds, what is broken). Of the last two each is a list of
rows of a result file; a plain text among them is a task that is left out.
"""

from __future__ import annotations

from typing import Any

Data = dict[str, Any]
Rows = list[Any]
Attack = tuple[str, list[Data], Data, Rows, Rows]


def row(
    task: str,
    start: float,
    end: float,
    *agents: str,
    mode: str | None = None,
    segments: list[list[float]] | None = None,
) -> Data:
    """One row of a result file."""
    return {"task": task, "agents": list(agents), "mode": mode, "start": start, "end": end, "segments": segments}


def team(**fields: Data) -> Data:
    """Agents by id, each with its fields."""
    return {"agents": [{"id": name, **more} for name, more in fields.items()]}


def pool(**fields: Data) -> Data:
    """Resources by id, each with its fields."""
    return {"resources": [{"id": name, **more} for name, more in fields.items()]}


def setup(*rows: tuple[str, str, int], **more: Any) -> Data:
    """Times between families."""
    return {"setup": [{"from": a, "to": b, "time": time, **more} for a, b, time in rows]}


X: Data = {"id": "x", "duration": 3}
Y: Data = {"id": "y", "duration": 2}
Z: Data = {"id": "z", "duration": 1}
TWO = X | {"count": 2}
ABC = team(a={}, b={"speed": 1.5, "skills": {"weld": 2}, "labels": {"zone": "east"}}, c={})
WELDERS = team(a={"skills": {"weld": 1}}, b={"skills": {"weld": 2}}, c={"skills": {"weld": 2}})
ZONES = team(
    a={"labels": {"zone": "east"}}, b={"labels": {"zone": "east"}}, c={"labels": {"zone": "west"}},
    d={"labels": {"zone": "west"}}, e={},
)  # fmt: skip
MODES: Data = {
    "id": "x",
    "modes": [{"id": "one", "duration": 3}, {"id": "two", "duration": 3, "count": 2}],
}
NOBODY: Data = {"id": "y", "modes": [{"id": "m", "duration": 2}, {"id": "n", "duration": 2, "agents": "none"}]}

CREWS: list[Attack] = [
    ("agent-missing", [TWO], ABC, [row("x", 0, 3, "a", "c")], [row("x", 0, 3, "a")]),
    ("agent-missing", [MODES], ABC, [row("x", 0, 3, "a", mode="one")], [row("x", 0, 3, "a", mode="two")]),
    ("agent-not-allowed", [TWO], ABC, [row("x", 0, 3, "a", "c")], [row("x", 0, 3, "a", "b", "c")]),
    ("agent-not-allowed", [TWO | {"agents": ["a", "c"]}], ABC,
     [row("x", 0, 3, "c", "a")], [row("x", 0, 3, "a", "b")]),
    ("agent-twice", [TWO], ABC, [row("x", 0, 3, "a", "c")], [row("x", 0, 3, "a", "a")]),
    # One of several lacks what each must have.
    ("skill", [TWO | {"skills": {"weld": 2}}], WELDERS, [row("x", 0, 3, "b", "c")], [row("x", 0, 3, "a", "b")]),
    ("label", [TWO | {"labels": {"zone": "west"}}], ZONES, [row("x", 0, 3, "c", "d")], [row("x", 0, 3, "b", "c")]),
    ("taint", [TWO | {"tolerates": ["hot"]}], team(a={"taints": ["hot"]}, b={}, c={"taints": ["cold", "hot"]}),
     [row("x", 0, 3, "a", "b")], [row("x", 0, 3, "b", "c")]),
    ("taint", [X], team(a={"taints": ["hot"]}, b={}), [row("x", 0, 3, "b")], [row("x", 0, 3, "a")]),
    # The slowest says how long it takes.
    ("duration", [TWO], ABC, [row("x", 0, 3, "a", "b")], [row("x", 0, 2, "a", "b")]),
    ("duration", [TWO], team(a={"speed": 1.5}, b={"speed": 1.5}, c={"speed": 0.5}),
     [row("x", 0, 2, "a", "b")], [row("x", 0, 2, "b", "c")]),
    ("pinned-agent", [TWO | {"pinned": {"agent": "b"}}], ABC, [row("x", 0, 3, "a", "b")], [row("x", 0, 3, "a", "c")]),
    ("pinned-crew", [TWO | {"pinned": {"agents": ["c", "a"]}}], ABC,
     [row("x", 0, 3, "a", "c")], [row("x", 0, 3, "a", "b")]),
    ("pinned-mode", [MODES | {"pinned": {"mode": "two"}}], ABC,
     [row("x", 0, 3, "a", "c", mode="two")], [row("x", 0, 3, "a", mode="one")]),
    ("slots", [TWO, Y], ABC, [row("x", 0, 3, "a", "c"), row("y", 3, 5, "c")],
     [row("x", 0, 3, "a", "c"), row("y", 2, 4, "c")]),
    # Each agent that holds it gives the whole demand; the pool gives it once where one does not.
    ("agent-capacity", [TWO | {"demand": {"ram": 3}}],
     pool(ram={"capacity": 0})
     | team(a={"capacity": {"ram": 3}}, b={"capacity": {"ram": 4}}, c={"capacity": {"ram": 2}}),
     [row("x", 0, 3, "a", "b")], [row("x", 0, 3, "b", "c")]),
    ("shared-capacity", [TWO | {"demand": {"ram": 3}}, Y | {"demand": {"ram": 1}, "agents": "none"}],
     pool(ram={"capacity": 3}) | team(a={}, b={}),
     [row("x", 0, 3, "a", "b"), row("y", 3, 5)], [row("x", 0, 3, "a", "b"), row("y", 2, 4)]),
    ("shared-capacity", [TWO | {"demand": {"ram": 3}}],
     pool(ram={"capacity": 2}) | team(a={"capacity": {"ram": 3}}, b={"capacity": {"ram": 3}}, c={}),
     [row("x", 0, 3, "a", "b")], [row("x", 0, 3, "a", "c")]),
    ("agent-consumable", [TWO | {"demand": {"ink": 2}}, Y | {"demand": {"ink": 2}}],
     pool(ink={"kind": "consumable", "capacity": 0}) | team(a={"capacity": {"ink": 4}}, b={"capacity": {"ink": 2}}),
     [row("x", 0, 3, "a", "b"), row("y", 3, 5, "a")], [row("x", 0, 3, "a", "b"), row("y", 3, 5, "b")]),
    ("shared-consumable", [TWO | {"demand": {"ink": 2}}, NOBODY | {"modes": [
        {"id": "m", "duration": 2, "demand": {"ink": 1}}, {"id": "n", "duration": 2, "demand": {"ink": 2}}]}],
     pool(ink={"kind": "consumable", "capacity": 3}) | team(a={}, b={"capacity": {"ink": 9}}),
     [row("x", 0, 3, "a", "b"), row("y", 3, 5, "a", mode="m")],
     [row("x", 0, 3, "a", "b"), row("y", 3, 5, "a", mode="n")]),
]  # fmt: skip

AWAY = team(a={"calendar": [[3, 5]]}, b={})
PAUSING = X | {"preemptible": True}
TAKING = PAUSING | {"demand": {"ram": 2}}
LOW = pool(ram={"capacity": 4, "calendar": [[2, 4, 1]]})
HIGH = pool(ram={"capacity": 1, "calendar": [[2, 4, 3]]})

CALENDARS: list[Attack] = [
    ("away", [X], AWAY, [row("x", 0, 3, "a")], [row("x", 1, 4, "a")]),
    ("away", [X], AWAY, [row("x", 5, 8, "a")], [row("x", 4, 7, "a")]),
    ("away", [X | {"duration": 9}], AWAY, [row("x", 0, 9, "b")], [row("x", 0, 9, "a")]),
    ("away", [TWO], AWAY, [row("x", 0, 3, "a", "b")], [row("x", 2, 5, "a", "b")]),
    ("away", [X, Y | {"duration": 0}], AWAY,  # what takes no time may stand anywhere
     [row("x", 0, 3, "b"), row("y", 4, 4, "a")], [row("x", 3, 6, "a"), row("y", 4, 4, "a")]),
    # A period without as much as is taken.
    ("shared-capacity", [Y | {"demand": {"ram": 2}}], LOW, [row("y", 0, 2)], [row("y", 1, 3)]),
    ("shared-capacity", [Y | {"demand": {"ram": 2}}], LOW, [row("y", 4, 6)], [row("y", 3, 5)]),
    ("shared-capacity", [Y | {"demand": {"ram": 2}}], HIGH, [row("y", 2, 4)], [row("y", 3, 5)]),
    ("shared-capacity", [Y | {"demand": {"ram": 1}}, Z | {"demand": {"ram": 1}}], LOW,
     [row("y", 2, 4), row("z", 4, 5)], [row("y", 2, 4), row("z", 3, 4)]),
    # Pauses.
    ("duration", [PAUSING], AWAY, [row("x", 2, 7, "a", segments=[[2, 3], [5, 7]])],
     [row("x", 2, 6, "a", segments=[[2, 3], [5, 6]])]),
    ("duration", [PAUSING], AWAY, [row("x", 0, 3, "a")], [row("x", 0, 4, "b")]),
    ("pause", [PAUSING], AWAY, [row("x", 5, 8, "a")], [row("x", 4, 8, "a")]),
    ("pause", [PAUSING], AWAY, [row("x", 5, 8, "a")], [row("x", 3, 8, "a")]),
    ("pause", [PAUSING], AWAY, [row("x", 0, 3, "a")], [row("x", 0, 5, "a")]),
    ("pause", [PAUSING], AWAY, [row("x", 0, 3, "a")], [row("x", 0, 4, "a")]),
    ("duration", [PAUSING | {"duration": 0}], AWAY, [row("x", 4, 4, "a")], [row("x", 2, 3, "a")]),
    # Absences that meet are one gap; those of several agents and of resources are united.
    ("segments", [PAUSING], team(a={"calendar": [[3, 4], [4, 5]]}),
     [row("x", 2, 7, "a", segments=[[2, 3], [5, 7]])], [row("x", 2, 7, "a", segments=[[2, 3], [4, 4], [5, 7]])]),
    ("segments", [PAUSING | {"count": 2}], team(a={"calendar": [[1, 2]]}, b={"calendar": [[3, 5]]}),
     [row("x", 0, 6, "a", "b", segments=[[0, 1], [2, 3], [5, 6]])],
     [row("x", 0, 6, "a", "b", segments=[[0, 1], [2, 6]])]),
    ("segments", [TAKING], LOW | team(a={"calendar": [[3, 6]]}),
     [row("x", 1, 8, "a", segments=[[1, 2], [6, 8]])], [row("x", 1, 8, "a")]),
    ("segments", [PAUSING], AWAY, [row("x", 0, 3, "a")], [row("x", 0, 3, "a", segments=[[0, 3]])]),
    ("segments", [X], AWAY, [row("x", 0, 3, "a")], [row("x", 0, 3, "a", segments=[[0, 1], [2, 3]])]),
    # A task that takes nothing of the pool works on; one whose agent holds the resource does too.
    ("duration", [TAKING], LOW | team(a={"capacity": {"ram": 2}}, b={}),
     [row("x", 1, 4, "a")], [row("x", 1, 6, "a")]),
    # While it pauses a task keeps its slots, and what its agents hold; it takes nothing of the pool.
    ("slots", [TAKING, Y], LOW | team(a={}, b={}),
     [row("x", 1, 6, "a", segments=[[1, 2], [4, 6]]), row("y", 2, 4, "b")],
     [row("x", 1, 6, "a", segments=[[1, 2], [4, 6]]), row("y", 2, 4, "a")]),
    ("agent-capacity", [TAKING | {"demand": {"ram": 2, "gpu": 3}}, {"id": "y", "modes": [
        {"id": "m", "duration": 2, "demand": {"gpu": 1}}, {"id": "n", "duration": 2, "demand": {"gpu": 2}}]}],
     {"resources": [*LOW["resources"], {"id": "gpu"}]} | team(a={"slots": 2, "capacity": {"gpu": 4}}),
     [row("x", 1, 6, "a", segments=[[1, 2], [4, 6]]), row("y", 2, 4, "a", mode="m")],
     [row("x", 1, 6, "a", segments=[[1, 2], [4, 6]]), row("y", 2, 4, "a", mode="n")]),
    ("shared-capacity", [TAKING, Y | {"demand": {"ram": 1}, "agents": "none"}], pool(ram={"capacity": 2}) | AWAY,
     [row("x", 2, 7, "a", segments=[[2, 3], [5, 7]]), row("y", 3, 5)],
     [row("x", 2, 7, "a", segments=[[2, 3], [5, 7]]), row("y", 4, 6)]),
]  # fmt: skip

MAYBE = X | {"optional": True}

LEFT_OUT: list[Attack] = [
    ("not-optional", [MAYBE, Y], {}, ["x", row("y", 0, 2)], [row("x", 0, 3), "y"]),
    ("done-and-unscheduled", [MAYBE], {}, [row("x", 0, 3)], [row("x", 0, 3), "x"]),
    ("unknown-task", [MAYBE], {}, ["x"], ["x", "z"]),
    ("duplicate-task", [MAYBE], {}, ["x"], ["x", "x"]),
    ("missing-task", [MAYBE], {}, ["x"], []),
    # Nothing applies to a task that is left out, whatever is asked of it.
    ("precedence-FS", [MAYBE, Y | {"after": ["x"]}], {}, ["x", row("y", 0, 2)], [row("x", 0, 3), row("y", 0, 2)]),
    ("pinned-agent", [MAYBE | {"pinned": {"agent": "a"}}], ABC, ["x"], [row("x", 0, 3, "c")]),
    ("gang", [MAYBE | {"gang": "g"}, Y | {"gang": "g"}], {}, ["x", row("y", 1, 3)], [row("x", 0, 3), row("y", 1, 3)]),
    ("near", [MAYBE | {"near": ["y"]}, Y], ABC, ["x", row("y", 0, 2, "c")], [row("x", 0, 3, "a"), row("y", 0, 2, "c")]),
    ("apart", [MAYBE | {"apart": ["y"]}, Y], ABC, ["x", row("y", 0, 2, "c")],
     [row("x", 2, 5, "c"), row("y", 0, 2, "c")]),
    ("slots", [MAYBE, Y], team(a={}), ["x", row("y", 0, 2, "a")], [row("x", 0, 3, "a"), row("y", 0, 2, "a")]),
    ("setup", [MAYBE | {"setup": "f"}, Y | {"setup": "f"}], setup(("f", "f", 1)) | team(a={}),
     ["x", row("y", 0, 2, "a")], [row("x", 2, 5, "a"), row("y", 0, 2, "a")]),
]  # fmt: skip

DATA = {"communication": {"bandwidth": 2, "latency": 0}}
LINKS = {"links": [{"a": "a", "b": "b", "bandwidth": 4}, {"a": "c", "b": "b", "bandwidth": 1, "latency": 1}]}
SENT: Data = Y | {"after": [{"task": "x", "data": 4}]}

TIMES: list[Attack] = [
    ("transfer", [X, SENT], DATA | ABC, [row("x", 0, 3, "a"), row("y", 5, 7, "c")],
     [row("x", 0, 3, "a"), row("y", 4, 6, "c")]),
    ("transfer", [X, SENT], DATA | ABC, [row("x", 0, 3, "a"), row("y", 3, 5, "a")],
     [row("x", 0, 3, "a"), row("y", 3, 5, "c")]),
    ("transfer", [X, SENT], DATA | LINKS | team(a={}, b={}, c={}),  # a link both ways, with a latency
     [row("x", 0, 3, "b"), row("y", 4, 6, "a")], [row("x", 0, 3, "b"), row("y", 7, 9, "c")]),
    ("transfer", [X, Y | {"after": [{"task": "x", "data": 3, "lag": 1}]}], DATA | ABC,  # 1.5 ticks are 2
     [row("x", 0, 3, "a"), row("y", 6, 8, "c")], [row("x", 0, 3, "a"), row("y", 5, 7, "c")]),
    ("transfer", [X, Y | {"after": [{"task": "x", "data": 4, "type": "FF"}]}], DATA | ABC,
     [row("x", 0, 3, "a"), row("y", 3, 5, "c")], [row("x", 0, 3, "a"), row("y", 2, 4, "c")]),
    # b has the data itself; c has them from a, b being slower.
    ("transfer", [TWO, SENT | {"count": 2}], DATA | LINKS | team(a={}, b={}, c={}),
     [row("x", 0, 3, "a", "b"), row("y", 5, 7, "b", "c")], [row("x", 0, 3, "a", "b"), row("y", 4, 6, "b", "c")]),
    ("precedence-FS", [X, SENT], DATA | ABC, [row("x", 0, 3, "a"), row("y", 5, 7, "c")],
     [row("x", 0, 3, "a"), row("y", 2, 4, "c")]),
    ("transfer", [X, NOBODY | SENT | {"duration": None}], DATA | ABC,  # nobody waits for data
     [row("x", 0, 3, "a"), row("y", 3, 5, mode="n")], [row("x", 0, 3, "a"), row("y", 3, 5, "c", mode="m")]),
    ("gang", [X | {"gang": "g"}, Y | {"gang": "g"}, Z | {"gang": "h"}], {},
     [row("x", 2, 5), row("y", 2, 4), row("z", 0, 1)], [row("x", 2, 5), row("y", 1, 3), row("z", 0, 1)]),
    ("gang", [X | {"gang": "g"}, Y | {"gang": "g"}], {}, [row("x", 2, 5), row("y", 2, 4)],
     [row("x", 2, 5), row("y", 3, 5)]),
]  # fmt: skip

F, G, H = ({"setup": name} for name in "fgh")
FGH = setup(("f", "g", 2), ("g", "h", 1), ("f", "h", 9))

SETUPS: list[Attack] = [
    ("setup", [X | F, Y | G], FGH | team(a={}, b={}), [row("x", 0, 3, "a"), row("y", 5, 7, "a")],
     [row("x", 0, 3, "a"), row("y", 4, 6, "a")]),
    ("setup", [X | F, Y | G], FGH | team(a={}, b={}), [row("x", 0, 3, "a"), row("y", 3, 5, "b")],
     [row("x", 0, 3, "a"), row("y", 3, 5, "a")]),
    ("setup", [X | F, Y | G], FGH | team(a={}), [row("y", 0, 2, "a"), row("x", 2, 5, "a")],  # none from g to f
     [row("x", 0, 3, "a"), row("y", 3, 5, "a")]),
    # A task without a family in between changes nothing.
    ("setup", [X | F, Y | G, Z], FGH | team(a={}), [row("x", 0, 3, "a"), row("z", 3, 4, "a"), row("y", 5, 7, "a")],
     [row("x", 0, 3, "a"), row("z", 3, 4, "a"), row("y", 4, 6, "a")]),
    # Only neighbours count: f to h by g takes less than f to h.
    ("setup", [X | F, Y | G, Z | H], FGH | team(a={}, b={}),
     [row("x", 0, 3, "a"), row("y", 5, 7, "a"), row("z", 8, 9, "a")],
     [row("x", 0, 3, "a"), row("y", 5, 7, "b"), row("z", 8, 9, "a")]),
    # One that takes no time counts like any other.
    ("setup", [X | F, Y | G | {"duration": 0}, Z | H], FGH | team(a={}),
     [row("x", 0, 3, "a"), row("y", 5, 5, "a"), row("z", 6, 7, "a")],
     [row("x", 0, 3, "a"), row("y", 5, 5, "a"), row("z", 5, 6, "a")]),
    ("setup", [X | F, Y | G], {"setup": [*FGH["setup"], {"from": "f", "to": "g", "time": 0, "agents": ["b"]}]}
     | team(a={}, b={}), [row("x", 0, 3, "b"), row("y", 3, 5, "b")], [row("x", 0, 3, "a"), row("y", 3, 5, "a")]),
    # Every agent of a task is set up for it.
    ("setup", [TWO | F, Y | G | {"count": 2}], FGH | team(a={}, b={}, c={}, d={}),
     [row("x", 0, 3, "a", "b"), row("y", 3, 5, "c", "d")], [row("x", 0, 3, "a", "b"), row("y", 3, 5, "b", "c")]),
    # It may pause in a setup's time, but ends before it.
    ("setup", [PAUSING | F, Y | G], FGH | AWAY,
     [row("x", 2, 7, "a", segments=[[2, 3], [5, 7]]), row("y", 9, 11, "a")],
     [row("x", 2, 7, "a", segments=[[2, 3], [5, 7]]), row("y", 8, 10, "a")]),
]  # fmt: skip

BY_ZONE: Data = {"label": "zone", "group": "g"}
GROUP: Data = {"group": "g"}
SPREAD: Data = {"spread": {"label": "zone"}}

RULES: list[Attack] = [
    ("near", [X | {"near": ["y"]}, Y], ABC, [row("x", 0, 3, "a"), row("y", 3, 5, "a")],
     [row("x", 0, 3, "a"), row("y", 3, 5, "c")]),
    # The smaller crew is within the larger one.
    ("near", [TWO, Y | {"near": ["x"]}], ABC, [row("x", 0, 3, "a", "c"), row("y", 3, 5, "c")],
     [row("x", 0, 3, "a", "c"), row("y", 0, 2, "b")]),
    ("near", [TWO | {"near": ["y"]}, Y | {"count": 2}], ABC, [row("x", 0, 3, "a", "c"), row("y", 3, 5, "c", "a")],
     [row("x", 0, 3, "a", "c"), row("y", 3, 5, "b", "c")]),
    ("near", [X | {"near": ["y"]}, NOBODY], ABC, [row("x", 0, 3, "a"), row("y", 0, 2, mode="n")],
     [row("x", 0, 3, "a"), row("y", 0, 2, "c", mode="m")]),
    ("near", [X | {"near": [GROUP]}, Y | {"near": [GROUP]}, Z | {"near": [GROUP]}], ABC,
     [row("x", 0, 3, "a"), row("y", 3, 5, "a"), row("z", 5, 6, "a")],
     [row("x", 0, 3, "a"), row("y", 3, 5, "a"), row("z", 5, 6, "c")]),
    ("apart", [X | {"apart": ["y"]}, Y], ABC, [row("x", 0, 3, "a"), row("y", 3, 5, "c")],
     [row("x", 0, 3, "a"), row("y", 3, 5, "a")]),
    ("apart", [TWO | {"apart": ["y"]}, Y], ABC, [row("x", 0, 3, "a", "b"), row("y", 3, 5, "c")],
     [row("x", 0, 3, "a", "c"), row("y", 3, 5, "c")]),
    ("apart", [X | {"apart": [GROUP]}, Y | {"apart": [GROUP]}, Z | {"apart": [GROUP]}], WELDERS,
     [row("x", 0, 3, "a"), row("y", 0, 2, "b"), row("z", 0, 1, "c")],
     [row("x", 0, 3, "a"), row("y", 0, 2, "b"), row("z", 3, 4, "a")]),
    # By the value of a label.
    ("near", [X | {"near": [BY_ZONE]}, Y | {"near": [BY_ZONE]}], ZONES,
     [row("x", 0, 3, "a"), row("y", 0, 2, "b")], [row("x", 0, 3, "a"), row("y", 0, 2, "c")]),
    ("near", [TWO | {"near": [BY_ZONE]}, Y], ZONES,
     [row("x", 0, 3, "a", "b"), row("y", 0, 2, "c")], [row("x", 0, 3, "a", "c"), row("y", 0, 2, "b")]),
    ("apart", [TWO | {"apart": [BY_ZONE]}, Y | {"apart": [BY_ZONE]}], ZONES,  # those of one task may share it
     [row("x", 0, 3, "a", "b"), row("y", 0, 2, "c")], [row("x", 0, 3, "a", "c"), row("y", 0, 2, "b")]),
    ("label", [X | {"near": [BY_ZONE]}], ZONES, [row("x", 0, 3, "a")], [row("x", 0, 3, "e")]),
    ("label", [X | {"apart": [BY_ZONE]}], ZONES, [row("x", 0, 3, "a")], [row("x", 0, 3, "e")]),
    ("label", [X | SPREAD], ZONES, [row("x", 0, 3, "a")], [row("x", 0, 3, "e")]),
    # As many in one zone as in the other, or one more.
    ("spread", [X | SPREAD, Y | SPREAD], ZONES, [row("x", 0, 3, "a"), row("y", 0, 2, "c")],
     [row("x", 0, 3, "a"), row("y", 0, 2, "b")]),
    ("spread", [TWO | SPREAD, Y | SPREAD], ZONES, [row("x", 0, 3, "a", "c"), row("y", 3, 5, "c")],
     [row("x", 0, 3, "c", "d"), row("y", 3, 5, "c")]),
    # A zone in which nobody may do any of it does not count; one in which somebody may do one of it does.
    ("spread", [X | SPREAD | {"agents": ["a", "b", "c"]}, Y | SPREAD | {"agents": ["a", "b"]}], ZONES,
     [row("x", 0, 3, "c"), row("y", 0, 2, "b")], [row("x", 0, 3, "a"), row("y", 0, 2, "b")]),
    ("spread", [X | SPREAD, Y | SPREAD, Z | SPREAD | {"optional": True}], ZONES,
     [row("x", 0, 3, "a"), row("y", 0, 2, "c"), "z"], [row("x", 0, 3, "a"), row("y", 0, 2, "b"), "z"]),
]  # fmt: skip

#: Schedules that hold, with corners at which nothing breaks: (tasks, rest of the spec, rows).
SOUND: list[tuple[list[Data], Data, Rows]] = [
    # One zone only: any number may be there.
    ([X | SPREAD | {"agents": ["a", "b"]}, Y | SPREAD | {"agents": ["a", "b"]}], ZONES,
     [row("x", 0, 3, "a"), row("y", 0, 2, "b")]),
    # Nothing of the group is scheduled.
    ([MAYBE | SPREAD, Y | {"optional": True} | SPREAD], ZONES, ["x", "y"]),
    ([MAYBE | {"gang": "g", "near": ["y"]}, Y | {"gang": "g", "optional": True}], ABC, ["y", "x"]),
    # Work that ends where a gap begins has no pause; a gap that begins where work does is none of its business.
    ([PAUSING, Y | {"preemptible": True}], AWAY, [row("x", 0, 3, "a"), row("y", 5, 7, "a")]),
    ([PAUSING], pool(ram={"capacity": 4, "calendar": [[1, 2, 0]]}) | ABC, [row("x", 0, 3, "a")]),
    # A period with more, and one with just enough.
    ([TAKING], pool(ram={"capacity": 2, "calendar": [[0, 1, 9], [1, 2, 2]]}), [row("x", 0, 3)]),
    # Data to nobody, of nobody, and none at all.
    ([X | {"agents": "none"}, SENT, Z | {"after": [{"task": "x", "data": 0}]}], DATA | ABC,
     [row("x", 0, 3), row("y", 3, 5, "a"), row("z", 3, 4, "c")]),
    ([], {}, []),
]  # fmt: skip

ATTACKS: list[Attack] = [*CREWS, *CALENDARS, *LEFT_OUT, *TIMES, *SETUPS, *RULES]
