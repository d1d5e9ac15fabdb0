"""Every field of a schedule spec that this version takes: name, type, default, bounds and meaning."""

from __future__ import annotations

from typing import Final

from qamctl.spec.base_fields import MOST_SLOTS, MOST_WEIGHT, SOLVER, TIME
from qamctl.spec.fields import Field
from qamctl.spec.task_fields import TASKS

RESOURCES: Final = Field(
    "resources", "rows", "what tasks consume",
    fields=(
        Field("id", "text", "name of the resource", required=True),
        Field(
            "kind", "choice", "renewable: limited at every instant; consumable: over the whole horizon", "renewable",
            choices=("renewable", "consumable"),
        ),
        Field("capacity", "quantity", "shared by the whole fleet; without it only agents hold the resource"),
        Field(
            "calendar", "periods", "[from, to, capacity]: the shared capacity from one moment until before another; "
            "`capacity` outside", [],
        ),
        Field("weight", "number", "importance in load and efficiency figures", 1, low=0, high=MOST_WEIGHT),
    ),
)  # fmt: skip

AGENTS: Final = Field(
    "agents", "rows", "who does the work",
    fields=(
        Field("id", "text", "name of the agent", required=True),
        Field("slots", "integer", "tasks at once", 1, low=1, high=MOST_SLOTS),
        Field("capacity", "quantities", "its own amount of each resource that it holds", {}),
        Field("skills", "levels", "what it can do, and how well", {}),
        Field("labels", "labels", "where it is and what it belongs to", {}),
        Field("taints", "names", "it does only tasks that tolerate them", []),
        Field("calendar", "intervals", "[from, to]: it is away from one moment until before another", []),
        Field("speed", "speed", "a task takes ceil(duration / speed) ticks", 1, high=1e6),
        Field(
            "cost", "record", "price of using it", {},
            fields=(
                Field("fixed", "number", "once, if it does any task", 0, low=0, high=MOST_WEIGHT),
                Field("per_time", "number", "per time unit of work", 0, low=0, high=MOST_WEIGHT),
            ),
        ),
        Field("demand", "quantities", "says nothing here", {}),
        Field("cluster", "text", "says nothing here"),
        Field("move_cost", "number", "says nothing here", 1, low=0, high=MOST_WEIGHT),
        Field("group", "text", "says nothing here"),
        Field("location", "text", "says nothing here"),
    ),
)  # fmt: skip

SETUP: Final = Field(
    "setup", "rows", "time between two tasks that an agent does one after the other, by their families; tasks without "
    "a family in between change nothing",
    fields=(
        Field("from", "text", "family of the task before", required=True),
        Field("to", "text", "family of the task after", required=True),
        Field("time", "duration", "from the end of the one to the start of the other, at least", required=True),
        Field("agents", "names", "the agents that this row is about, before a row about all; by default all of them"),
    ),
)  # fmt: skip

#: Bandwidths are counted in millionths, in 64 bits.
MOST_BANDWIDTH: Final = 1e12

_BANDWIDTH: Final = Field("bandwidth", "number", "data sent in one time unit", low=1e-6, high=MOST_BANDWIDTH)
_LATENCY: Final = Field("latency", "duration", "time until the first of it arrives", 0)

COMMUNICATION: Final = Field(
    "communication", "record", "how quickly agents send `data` to each other, unless `links` says otherwise",
    fields=(_BANDWIDTH, _LATENCY),
)  # fmt: skip

LINKS: Final = Field(
    "links", "rows", "how quickly two agents send `data` to each other; a row without bandwidth says nothing here",
    fields=(
        Field("a", "text", "the one agent", required=True),
        Field("b", "text", "the other agent", required=True),
        _BANDWIDTH,
        _LATENCY,
        Field("weight", "number", "says nothing here", 1, low=0, high=MOST_WEIGHT),
        Field("kind", "choice", "says nothing here", "cut", choices=("cut", "together", "apart")),
    ),
)  # fmt: skip

REASONING: Final = Field(
    "reasoning", "record", "what a reasoning step prefers: it decides among schedules that are equally good",
    fields=(
        Field(
            "from", "text",
            "a run of `qamctl reason`, its result file, or a reason spec, which is then solved exactly; or `actions`",
        ),
        Field(
            "actions", "numbers",
            "probability by action: `prefer TASK on AGENT`, `prefer TASK in FROM..TO` (its start); "
            "other text says nothing",
            low=0, high=1,
        ),
        Field(
            "weight", "number",
            "steps of the last objective level that a factor e of probability counts; less where all together would "
            "reach one step; an `objective` that weighs `reasoning` counts instead",
            1, low=0, high=MOST_WEIGHT,
        ),
    ),
)  # fmt: skip

SCHEDULE: Final = Field(
    "schedule", "record", "a schedule spec",
    fields=(
        Field("kind", "choice", "what kind of problem this is", required=True, choices=("schedule",)),
        Field("version", "integer", "version of the format", required=True, low=1, high=1),
        Field("name", "text", "used in the names of runs; by default the file's name"),
        TIME,
        SOLVER,
        RESOURCES,
        AGENTS,
        TASKS,
        SETUP,
        COMMUNICATION,
        LINKS,
        Field("horizon", "moment", "latest end of every task"),
        Field(
            "freeze_until", "moment", "with an earlier result (`--from`): what it starts before this moment stays as "
            "it is, and nothing else starts before it",
        ),
        Field(
            "objective", "objective", "what is minimised: weights by term; in a list, the most important map first",
            {"makespan": 1},
            choices=(
                "makespan", "tardiness", "tardy", "flow", "cost", "unscheduled", "setup", "communication", "balance",
                "disruption", "reasoning",
            ),
        ),
        REASONING,
    ),
)  # fmt: skip
