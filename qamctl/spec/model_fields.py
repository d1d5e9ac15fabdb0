"""Every field of a spec of kind model: a binary quadratic model written out, with its constraints."""

from __future__ import annotations

from typing import Final

from qamctl.spec.base_fields import MOST_SEED, SOLVER
from qamctl.spec.fields import Field

#: Objective coefficients are no larger; sums of them stay far inside the range of numbers.
MOST_COEFFICIENT: Final = 1e30

MODEL_SOLVER: Final = Field(
    "solver", "record", "options of the solve; flags and environment go before them",
    fields=(
        *(field for field in SOLVER.fields if field.name not in ("slot", "max_variables")),
        Field("reads", "integer", "samples to take, each found independently", low=1, high=1_000_000),
        Field("target_energy", "number", "the search ends at a sample of this energy, in the minimised form"),
        Field("max_variables", "integer", "largest QUBO that an engine is given whole", low=1, high=MOST_SEED),
    ),
)  # fmt: skip

_WEIGHT: Final = Field(
    "weight", "number", "its coefficient", required=True, low=-MOST_COEFFICIENT, high=MOST_COEFFICIENT
)

LINEAR: Final = Field(
    "linear", "weights", "coefficients of single variables; a variable that stands here twice has their sum", {},
    fields=(
        Field("variable", "text", "the variable", required=True),
        _WEIGHT,
    ),
)  # fmt: skip

QUADRATIC: Final = Field(
    "quadratic", "couplings", "coefficients of products of two variables; repeated pairs are summed",
    fields=(
        Field("i", "text", "the one variable", required=True),
        Field("j", "text", "the other variable", required=True),
        _WEIGHT,
    ),
)  # fmt: skip

CONSTRAINTS: Final = Field(
    "constraints", "rows", "linear constraints; an equation that says that exactly one variable is 1 is a group",
    fields=(
        Field("name", "text", "what messages call it"),
        Field("terms", "terms", "its left side", required=True),
        Field("sense", "choice", 'how the sides compare; YAML needs quotes: ">="', "<=", choices=("<=", "==", ">=")),
        Field(
            "rhs", "number", "its right side, at most 6 decimals as in `terms`", required=True,
            low=-MOST_COEFFICIENT, high=MOST_COEFFICIENT,
        ),
    ),
)  # fmt: skip

MODEL: Final = Field(
    "model", "record", "a model spec: a binary quadratic model",
    fields=(
        Field("kind", "choice", "what kind of problem this is", required=True, choices=("model",)),
        Field("version", "integer", "version of the format", required=True, low=1, high=1),
        Field("name", "text", "used in the names of runs; by default the file's name"),
        MODEL_SOLVER,
        Field("variables", "variables", "their names in order, or how many there are: then 0, 1, ...", required=True),
        Field("sense", "choice", "whether the objective is minimised or maximised", "min", choices=("min", "max")),
        Field("offset", "number", "constant part of the objective", 0, low=-MOST_COEFFICIENT, high=MOST_COEFFICIENT),
        LINEAR,
        QUADRATIC,
        Field("groups", "groups", "of each of these lists of variables exactly one is 1"),
        CONSTRAINTS,
    ),
)  # fmt: skip
