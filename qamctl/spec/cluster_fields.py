"""Every field of a cluster spec that this version takes: name, type, default, bounds and meaning."""

from __future__ import annotations

from typing import Final

from qamctl.spec.base_fields import MOST_WEIGHT, SOLVER, TIME
from qamctl.spec.fields import Field
from qamctl.spec.schedule_fields import AGENTS as WORKERS
from qamctl.spec.schedule_fields import RESOURCES as CONSUMED

#: Sizes, and numbers of clusters and moves, are no larger.
MOST_SIZE: Final = 10**9
#: The largest tolerance, in per cent.
MOST_TOLERANCE: Final = 1e9

CLUSTER_SOLVER: Final = Field(
    "solver", "record", SOLVER.meaning, fields=tuple(field for field in SOLVER.fields if field.name != "slot")
)

RESOURCES: Final = Field(
    "resources", "rows", "what agents use of their cluster",
    fields=(
        CONSUMED["id"],
        Field(
            "kind", "choice", "both mean the same here, where nothing has a time", "renewable",
            choices=CONSUMED["kind"].choices,
        ),
        Field("capacity", "quantity", "what all clusters together may use"),
        Field("weight", "number", "of a unit of use above a safe limit", 1, low=0, high=MOST_WEIGHT),
        Field("calendar", "periods", "says nothing here", []),
        Field("transient", "flag", "an agent that moves uses its old place as well as its new one", False),
        Field(
            "device", "quantity", "size of one device: an agent takes less from one device, or a whole number of them",
        ),
    ),
)  # fmt: skip

AGENTS: Final = Field(
    "agents", "rows", "who belongs to a cluster", required=True,
    fields=(
        WORKERS["id"],
        Field("demand", "quantities", "what it uses of its cluster", {}),
        Field("cluster", "text", "where it is now: the id of a cluster that holds no others"),
        Field("move_cost", "number", "of being elsewhere than now", 1, low=0, high=MOST_WEIGHT),
        Field("group", "text", "the service that it is a replica of; groups need no row where they have no rules"),
        Field("requires", "requirements", "labels that its cluster must carry, with one of the values", {}),
        Field("tolerates", "names", "taints of clusters that do not keep it out", []),
        Field("clusters", "places", "where it may be: any, or a list of clusters that hold no others", "any"),
        Field("optional", "flag", "it may be left out", False),
        Field("reward", "number", "what leaving it out costs", 0, low=0, high=MOST_WEIGHT),
        Field("labels", "labels", "says nothing here", {}),
        Field("slots", "integer", "says nothing here", 1, low=1, high=WORKERS["slots"].high),
        Field("capacity", "quantities", "says nothing here", {}),
        Field("skills", "levels", "says nothing here", {}),
        Field("speed", "speed", "says nothing here", 1, high=WORKERS["speed"].high),
        Field("cost", "record", "says nothing here", {}, fields=WORKERS["cost"].fields),
        Field("taints", "names", "says nothing here", []),
        Field("calendar", "intervals", "says nothing here", []),
        Field("location", "text", "says nothing here"),
    ),
)  # fmt: skip

_CAPACITY: Final = Field(
    "capacity", "quantities", "what its agents may use together; a resource that some cluster names is held by those "
    "alone that name it", {},
)  # fmt: skip
_SAFE: Final = Field("safe", "quantities", "use above it is counted by the term `load`", {})
_MIN_SIZE: Final = Field("min_size", "integer", "fewest agents", 0, low=0, high=MOST_SIZE)
_MAX_SIZE: Final = Field("max_size", "integer", "most agents", low=0, high=MOST_SIZE)

COUNTED: Final = Field(
    "counted", "record", "a number of equal clusters, called c0, c1, ...; at most as many as there are agents",
    fields=(
        Field("count", "integer", "how many", required=True, low=1, high=MOST_SIZE),
        _CAPACITY,
        _SAFE,
        _MIN_SIZE,
        _MAX_SIZE,
    ),
)  # fmt: skip

ELASTIC: Final = Field(
    "sized", "record", "clusters c0, c1, ... whose number is part of the answer",
    fields=(
        Field(
            "size", "record", "how many agents a cluster that is not empty has; one of the three at least",
            required=True,
            fields=(
                Field("target", "integer", "wished; the term `balance` counts the differences", low=1, high=MOST_SIZE),
                Field("min", "integer", "fewest", 0, low=0, high=MOST_SIZE),
                Field("max", "integer", "most", low=1, high=MOST_SIZE),
            ),
        ),
        Field(
            "split_above", "integer", "a cluster of an earlier result with more agents is divided", low=1,
            high=MOST_SIZE,
        ),
        Field("merge_below", "integer", "one with fewer is dissolved", 0, low=0, high=MOST_SIZE),
        _CAPACITY,
        _SAFE,
    ),
)  # fmt: skip

CLUSTERS: Final = Field(
    "clusters", "rows", "where agents can be; agents are in clusters that hold no others", required=True,
    fields=(
        Field("id", "text", "name of the cluster", required=True),
        _CAPACITY,
        _SAFE,
        Field("labels", "labels", "what it carries; clusters inside it carry them too", {}),
        Field("taints", "names", "only agents that tolerate them; clusters inside it have them too", []),
        Field("location", "text", "where it is, the same as a label `location`"),
        Field("neighbourhood", "text", "what it is near to, the same as a label `neighbourhood`"),
        Field("cost", "number", "once any agent is inside", 0, low=0, high=MOST_WEIGHT),
        _MIN_SIZE,
        _MAX_SIZE,
        Field("parent", "text", "the cluster around it"),
    ),
    forms=(COUNTED, ELASTIC),
)  # fmt: skip

LINKS: Final = Field(
    "links", "rows", "pairs of agents, each pair once for each kind",
    fields=(
        Field("a", "text", "the one agent", required=True),
        Field("b", "text", "the other agent", required=True),
        Field("weight", "number", "of a cut link whose ends are apart", 1, low=0, high=MOST_WEIGHT),
        Field(
            "kind", "choice", "cut: better together; together: in one cluster; apart: in different ones", "cut",
            choices=("cut", "together", "apart"),
        ),
    ),
)  # fmt: skip

SPREAD: Final = Field(
    "spread", "record", "how the members lie over the values of a label; without `min` and `max_skew` it is a wish",
    fields=(
        Field("label", "text", "a label of clusters; those without it have a value of their own", required=True),
        Field("min", "integer", "values that hold a member, at least", 0, low=0, high=MOST_SIZE),
        Field("max_skew", "integer", "largest difference of members between two values", low=0, high=MOST_SIZE),
        Field(
            "weight", "number", "of a pair of members that share a value, in the term `spread`", 1, low=0,
            high=MOST_WEIGHT,
        ),
    ),
)  # fmt: skip

GROUPS: Final = Field(
    "groups", "rows", "rules for agents that are replicas of one service",
    fields=(
        Field("id", "text", "what agents name as their `group`", required=True),
        Field("apart", "flag", "no two members in one cluster", False),
        SPREAD,
        Field("near", "names", "groups of which a member is in every neighbourhood that has a member of this one", []),
    ),
)  # fmt: skip

_TOLERANCE: Final = Field(
    "tolerance", "number", "in per cent, at most 6 decimals: how far a cluster may be above its fair share",
    low=0, high=MOST_TOLERANCE,
)  # fmt: skip
_RATIOS: Final = Field(
    "ratios", "records", "soft balance of two resources in each cluster",
    fields=(
        Field("resource", "text", "the one resource", required=True),
        Field("other", "text", "the other, of which `ratio` times as much as of the one should be free", required=True),
        Field(
            "ratio", "number", "free of `other` by free of `resource`, at least", required=True, low=0,
            high=MOST_WEIGHT,
        ),
        Field("weight", "number", "of a unit that is missing", 1, low=0, high=MOST_WEIGHT),
    ),
)  # fmt: skip

BALANCE: Final = Field(
    "balance", "number", _TOLERANCE.meaning, low=0, high=MOST_TOLERANCE,
    forms=(
        _RATIOS,
        Field("both", "record", "a hard tolerance and soft ratios", fields=(_TOLERANCE, _RATIOS)),
    ),
)  # fmt: skip

COSTS: Final = Field(
    "costs", "rows", "what agents cost and use in clusters; pairs without a row cost nothing",
    fields=(
        Field("agent", "text", "the agent", required=True),
        Field("cluster", "text", "a cluster that holds no others", required=True),
        Field("cost", "number", "of the agent there", 0, low=0, high=MOST_WEIGHT),
        Field("demand", "quantities", "what it uses there, in place of its own demand; devices stay the same"),
    ),
)  # fmt: skip

MOVES: Final = Field(
    "moves", "record", "changes against the present state", {},
    fields=(
        Field("max", "integer", "agents that may move, at most", low=0, high=MOST_SIZE),
        Field("max_cost", "number", "bound on the sum of their move costs", low=0, high=MOST_WEIGHT),
        Field(
            "per_agent", "number", "weight of the sum of move costs in the term `move`", 1, low=0, high=MOST_WEIGHT
        ),
        Field(
            "per_group", "number", "weight of the largest number of agents of one group that move", 0, low=0,
            high=MOST_WEIGHT,
        ),
        Field("per_pair", "number", "weight of the sum of what `pairs` cost", 0, low=0, high=MOST_WEIGHT),
        Field(
            "pairs", "rows", "what an agent costs that moves between two clusters; other pairs cost nothing",
            fields=(
                Field("from", "text", "where it is now", required=True),
                Field("to", "text", "where it goes", required=True),
                Field("cost", "number", "of one agent", 0, low=0, high=MOST_WEIGHT),
            ),
        ),
    ),
)  # fmt: skip

CLUSTER: Final = Field(
    "cluster", "record", "a cluster spec",
    fields=(
        Field("kind", "choice", "what kind of problem this is", required=True, choices=("cluster",)),
        Field("version", "integer", "version of the format", required=True, low=1, high=1),
        Field("name", "text", "used in the names of runs; by default the file's name"),
        TIME,
        CLUSTER_SOLVER,
        RESOURCES,
        AGENTS,
        CLUSTERS,
        Field("levels", "names", "labels by which clusters nest, the outermost first; in place of `parent`", []),
        LINKS,
        GROUPS,
        BALANCE,
        COSTS,
        MOVES,
        Field(
            "objective", "objective", "what is minimised: weights by term; in a list, the most important map first; "
            "by default 1 for each term that the spec gives a meaning",
            choices=("cut", "load", "balance", "move", "cost", "spread", "unplaced"),
        ),
    ),
)  # fmt: skip
