"""What every kind of spec has: the clock, the options of the solve, and bounds that only absurd numbers are beyond."""

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
