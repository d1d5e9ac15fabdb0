"""Every field of a task of a schedule spec: name, type, default, bounds and meaning."""

from __future__ import annotations

from typing import Final

from qamctl.spec.base_fields import MOST_SLOTS, MOST_WEIGHT
from qamctl.spec.fields import Field

_DURATION: Final = Field("duration", "duration", "how long it takes at speed 1; or `modes`")
_DEMAND: Final = Field(
    "demand", "quantities", "from the agent's own capacity where it has that resource, else from the shared one; of "
    "several agents each gives the whole of it, and the shared one gives it once", {},
)  # fmt: skip
_PERFORMERS: Final = Field(
    "agents", "performers", "who may do it: any, none (shared resources only) or a list of agents; "
    "by default any if the spec has agents, else none",
)  # fmt: skip
_SKILLS: Final = Field("skills", "levels", "least levels that the agent must have", {})
_COUNT: Final = Field(
    "count", "integer", "agents that do it together; the slowest of them says how long it takes", 1, low=1,
    high=MOST_SLOTS,
)  # fmt: skip

MODES: Final = Field(
    "modes", "records", "the ways to do the task, of which one is chosen; a mode's own value replaces the task's",
    fields=(
        Field("id", "text", "name of the mode, unique in its task", required=True),
        Field("duration", "duration", "how long it takes at speed 1", required=True),
        _DEMAND,
        _PERFORMERS,
        _SKILLS,
        _COUNT,
        Field("cost", "number", "price of choosing this mode", 0, low=0, high=MOST_WEIGHT),
    ),
)  # fmt: skip

LINK: Final = Field(
    "after", "links", "tasks that come before: an id, or {task, type, lag, data}; nothing where one of the two is left "
    "out",
    fields=(
        Field("task", "text", "the task before", required=True),
        Field("type", "choice", "finish to start, start to start, ...", "FS", choices=("FS", "SS", "FF", "SF")),
        Field("lag", "lag", "least time between the two, may be negative", 0),
        Field(
            "data", "quantity", "what is sent: between different agents it takes latency + data / bandwidth on top of "
            "the lag", 0,
        ),
    ),
)  # fmt: skip

PINNED: Final = Field(
    "pinned", "record", "what is fixed in advance",
    fields=(
        Field("agent", "text", "an agent that does it"),
        Field("agents", "names", "all the agents that do it, where they are several"),
        Field("start", "moment", "when it starts"),
        Field("mode", "text", "the mode in which it is done"),
    ),
)  # fmt: skip

PARTNERS: Final = (
    Field("label", "text", "the label whose values are compared; by default the agents themselves are"),
    Field("group", "text", "who is meant: all tasks that name this label and group in this field", ""),
)

SPREAD: Final = Field(
    "spread", "record", "among the values of a label that agents have which may do one of its group, the numbers of "
    "agents at work on the group differ by `max_skew` at most",
    fields=(
        Field("label", "text", "the label; an agent without it can't do the task", required=True),
        Field("max_skew", "integer", "largest difference", 1, low=1, high=MOST_SLOTS),
        Field("group", "text", "who is counted: all tasks that name this label and group in `spread`", ""),
    ),
)  # fmt: skip

TASKS: Final = Field(
    "tasks", "rows", "what is to be done", required=True,
    fields=(
        Field("id", "text", "name of the task", required=True),
        _DURATION,
        MODES,
        _DEMAND,
        _PERFORMERS,
        _SKILLS,
        _COUNT,
        Field("labels", "labels", "labels that the agent must carry", {}),
        Field("tolerates", "names", "taints of agents that do not keep it away", []),
        LINK,
        Field("release", "moment", "earliest start", 0),
        Field("deadline", "moment", "latest end, hard"),
        Field("due", "moment", "wished end; being later is tardiness"),
        Field("weight", "number", "importance in lateness, flow and disruption", 1, low=0, high=MOST_WEIGHT),
        Field("optional", "flag", "it may be left out", False),
        Field("reward", "number", "what leaving it out costs, in the term `unscheduled`", 0, low=0, high=MOST_WEIGHT),
        PINNED,
        Field("setup", "text", "its family: between two families on one agent time may pass, see `setup` of the spec"),
        Field("near", "partners", "tasks on the same agent, or on agents with the same value of a label",
              fields=PARTNERS),
        Field("apart", "partners", "tasks on different agents, or on agents with different values of a label",
              fields=PARTNERS),
        SPREAD,
        Field("gang", "text", "tasks of one gang start together"),
        Field(
            "preemptible", "flag", "it may pause while one of its agents is away, or a shared resource that it needs "
            "is below its demand by calendar; it keeps its agents then, and takes nothing of shared resources", False,
        ),
    ),
)  # fmt: skip
