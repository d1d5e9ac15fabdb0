"""Every field of a spec of kind hamiltonian: a sum of Pauli strings."""

from __future__ import annotations

from typing import Final

from qamctl.spec.fields import Field
from qamctl.spec.model_fields import MODEL_SOLVER, MOST_COEFFICIENT

#: Qubits of a Hamiltonian.
MOST_QUBITS: Final = 100_000

TERMS: Final = Field(
    "terms", "strings", "the sum: strings that stand here twice are added; weights are real", required=True,
    fields=(
        Field("string", "text", "`ZZII`, the leftmost letter being the highest qubit's, or `Z2 Z3`", required=True),
        Field(
            "weight", "number", "its coefficient", required=True, low=-MOST_COEFFICIENT, high=MOST_COEFFICIENT
        ),
    ),
)  # fmt: skip

HAMILTONIAN: Final = Field(
    "hamiltonian", "record", "a Hamiltonian: a sum of Pauli strings",
    fields=(
        Field("kind", "choice", "what kind of problem this is", required=True, choices=("hamiltonian",)),
        Field("version", "integer", "version of the format", required=True, low=1, high=1),
        Field("name", "text", "used in the names of runs; by default the file's name"),
        MODEL_SOLVER,
        Field("qubits", "integer", "how many there are; by default as the strings say", low=1, high=MOST_QUBITS),
        Field("sense", "choice", "whether the energy is minimised or maximised", "min", choices=("min", "max")),
        Field("offset", "number", "constant part of the energy", 0, low=-MOST_COEFFICIENT, high=MOST_COEFFICIENT),
        TERMS,
    ),
)  # fmt: skip
