"""Every field of a spec of kind circuit: a quantum circuit, what is measured, and how it is simulated."""

from __future__ import annotations

from typing import Final

from qamctl.spec.base_fields import MOST_SEED
from qamctl.spec.fields import Field
from qamctl.spec.model_fields import MOST_COEFFICIENT

#: Measurements of one run.
MOST_SHOTS: Final = 100_000_000

#: Noise models by the class of machine; `qamctl.quantum.noise` has their figures.
PRESETS: Final = ("generic", "ionq", "quantinuum", "rigetti")

#: What mitigates noise, or none; `qamctl.quantum.mitigation.program` says how.
MITIGATIONS: Final = ("readout", "zne", "postselect", "none")

NOISE: Final = Field(
    "noise", "record", "errors of the simulated machine, for the engine `noisy`; figures replace those of the preset",
    fields=(
        Field("preset", "choice", "the class of machine whose figures and gates are taken", "generic", choices=PRESETS),
        Field("p1", "number", "average error of a gate on one qubit, 1 - its fidelity", low=0, high=0.5),
        Field("p2", "number", "average error of a gate on two qubits", low=0, high=0.75),
        Field("readout", "number", "chance that a measured bit is read wrong", low=0, high=0.5),
        Field("t1", "number", "seconds in which an excited qubit decays", positive=True, high=1e9),
        Field("t2", "number", "seconds in which a qubit loses its phase, at most 2 * t1", positive=True, high=1e9),
    ),
)  # fmt: skip

CIRCUIT_SOLVER: Final = Field(
    "solver", "record", "options of the run; flags and environment go before them",
    fields=(
        Field("backend", "texts", "engines to use: statevector, noisy, qir; auto takes what fits the file", "auto"),
        Field("seed", "integer", "seed of every random choice; by default from the spec's hash", low=0, high=MOST_SEED),
        Field("threads", "integer", "threads to use; by default as many as there are", low=1, high=10_000),
        Field("shots", "integer", "measurements, as the field `shots` of the spec", low=1, high=MOST_SHOTS),
        Field("mitigate", "texts", "as the field `mitigate` of the spec", choices=MITIGATIONS),
    ),
)  # fmt: skip

OBSERVABLE: Final = Field(
    "observable", "strings", "a sum of Pauli strings whose mean is the result's objective",
    fields=(
        Field("string", "text", "`ZZII`, the leftmost letter being the highest qubit's, or `Z2 Z3`", required=True),
        Field(
            "weight", "number", "its coefficient", required=True, low=-MOST_COEFFICIENT, high=MOST_COEFFICIENT
        ),
    ),
)  # fmt: skip

CIRCUIT: Final = Field(
    "circuit", "record", "a circuit spec: a quantum circuit and what is measured",
    fields=(
        Field("kind", "choice", "what kind of problem this is", required=True, choices=("circuit",)),
        Field("version", "integer", "version of the format", required=True, low=1, high=1),
        Field("name", "text", "used in the names of runs; by default the file's name"),
        CIRCUIT_SOLVER,
        Field("qasm", "text", "the circuit as OpenQASM 3 or 2; or `file`"),
        Field("file", "text", "the file that has it, beside the spec: .qasm, or QIR as .ll or .bc"),
        Field("parameters", "numbers", "values of the circuit's `input` parameters"),
        OBSERVABLE,
        Field("shots", "integer", "measurements", 1000, low=1, high=MOST_SHOTS),
        NOISE,
        Field(
            "mitigate", "texts", "what mitigates that noise: readout, zne (extrapolation), postselect (by `groups`)",
            choices=MITIGATIONS,
        ),
        Field("groups", "bits", "of each of these lists of bits exactly one is 1 where there is no noise"),
    ),
)  # fmt: skip
