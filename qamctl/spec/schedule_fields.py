"""Every field of a schedule spec that this version takes: name, type, default, bounds and meaning."""

from __future__ import annotations

from typing import Final

from qamctl.spec.fields import Field

#: Bounds that only absurd numbers are beyond; inside, every sum fits 64 bits.
MOST_SLOTS: Final = 10**9
MOST_WEIGHT: Final = 1e15
MOST_SEED: Final = 2**63 - 1

TIME: Final = Field(
    "time", "record", "how times are written in this file",
    fields=(
        Field("unit", "text", "unit of every time: s, min, h, d, or any word", "s"),
        Field(
            "resolution", "number", "units in one tick; by default 1 where every time is integral, else 0.001",
            low=1e-9, high=1e9,
        ),
        Field("origin", "origin", "date-time of time 0; with it, times may be date-times"),
    ),
)  # fmt: skip

#: Of engines that measure circuits.
CIRCUIT_OPTIONS: Final = (
    Field("shots", "integer", "measurements of a circuit each time that it runs", low=1, high=100_000_000),
    Field("depth", "integer", "layers of a QAOA circuit", low=1, high=1000),
    Field(
        "mixer", "choice", "mixer of a QAOA circuit; all but x keep one-hot groups", "auto",
        choices=("auto", "x", "xy-ring", "xy-full", "grover"),
    ),
    Field("max_qubits", "integer", "qubits of a circuit; larger problems are solved part by part", low=1, high=100_000),
    Field("max_shots", "integer", "measurements in all, after which a quantum engine ends", low=1, high=MOST_SEED),
    Field("max_rounds", "integer", "parts in all, after which a quantum engine ends", low=1, high=MOST_SEED),
)  # fmt: skip

SOLVER: Final = Field(
    "solver", "record", "options of the solve; flags and environment go before them",
    fields=(
        Field("backend", "texts", "engines to use", "auto"),
        Field("time_limit", "number", "seconds of wall time for the solve", 10, positive=True, high=1e9),
        Field("max_steps", "integer", "steps in place of a time limit, for answers that repeat", low=1, high=MOST_SEED),
        Field("seed", "integer", "seed of every random choice; by default from the spec's hash", low=0, high=MOST_SEED),
        Field("threads", "integer", "threads to use; by default as many as there are", low=1, high=10_000),
        Field("slot", "integer", "ticks in one slot of the QUBO", 1, low=1, high=10**12),
        Field("max_variables", "integer", "largest QUBO that is compiled whole", low=1, high=10**9),
        *CIRCUIT_OPTIONS,
    ),
)  # fmt: skip

RESOURCES: Final = Field(
    "resources", "rows", "what tasks consume",
    fields=(
        Field("id", "text", "name of the resource", required=True),
        Field(
            "kind", "choice", "renewable: limited at every instant; consumable: over the whole horizon", "renewable",
            choices=("renewable", "consumable"),
        ),
        Field("capacity", "quantity", "shared by the whole fleet; without it only agents hold the resource"),
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
        Field("speed", "speed", "a task takes ceil(duration / speed) ticks", 1, high=1e6),
        Field(
            "cost", "record", "price of using it", {},
            fields=(
                Field("fixed", "number", "once, if it does any task", 0, low=0, high=MOST_WEIGHT),
                Field("per_time", "number", "per time unit of work", 0, low=0, high=MOST_WEIGHT),
            ),
        ),
    ),
)  # fmt: skip

_DURATION: Final = Field("duration", "duration", "how long it takes at speed 1; or `modes`")
_DEMAND: Final = Field(
    "demand", "quantities", "from the agent's own capacity where it has that resource, else from the shared one", {}
)
_PERFORMERS: Final = Field(
    "agents", "performers", "who may do it: any, none (shared resources only) or a list of agents; "
    "by default any if the spec has agents, else none",
)  # fmt: skip
_SKILLS: Final = Field("skills", "levels", "least levels that the agent must have", {})

MODES: Final = Field(
    "modes", "records", "the ways to do the task, of which one is chosen; a mode's own value replaces the task's",
    fields=(
        Field("id", "text", "name of the mode, unique in its task", required=True),
        Field("duration", "duration", "how long it takes at speed 1", required=True),
        _DEMAND,
        _PERFORMERS,
        _SKILLS,
        Field("cost", "number", "price of choosing this mode", 0, low=0, high=MOST_WEIGHT),
    ),
)  # fmt: skip

LINK: Final = Field(
    "after", "links", "tasks that come before: an id, or {task, type, lag}",
    fields=(
        Field("task", "text", "the task before", required=True),
        Field("type", "choice", "finish to start, start to start, ...", "FS", choices=("FS", "SS", "FF", "SF")),
        Field("lag", "lag", "least time between the two, may be negative", 0),
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
        Field("labels", "labels", "labels that the agent must carry", {}),
        LINK,
        Field("release", "moment", "earliest start", 0),
        Field("deadline", "moment", "latest end, hard"),
        Field("due", "moment", "wished end; being later is tardiness"),
        Field("weight", "number", "importance in lateness and flow", 1, low=0, high=MOST_WEIGHT),
        Field(
            "pinned", "record", "what is fixed in advance",
            fields=(
                Field("agent", "text", "the agent that does it"),
                Field("start", "moment", "when it starts"),
            ),
        ),
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
        Field("horizon", "moment", "latest end of every task"),
        Field(
            "objective", "objective", "what is minimised: weights by term; in a list, the most important map first",
            {"makespan": 1}, choices=("makespan", "tardiness", "tardy", "flow", "cost", "reasoning"),
        ),
        REASONING,
    ),
)  # fmt: skip

#: Fields of the format that come with a later version, for the message alone.
LATER: Final = {
    "resources": ("calendar",),
    "agents": ("calendar", "taints", "demand", "cluster", "move_cost", "group", "location"),
    "tasks": ("count", "tolerates", "optional", "reward", "setup", "near", "apart", "gang", "preemptible"),
    "modes": ("count",),
    "after": ("data",),
    "schedule": ("setup", "spread", "communication", "links", "clusters", "calendar"),
    "objective": ("unscheduled", "setup", "communication", "balance", "disruption"),
}
