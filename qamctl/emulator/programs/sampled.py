"""A program that was read: a circuit to simulate once, and how its outcomes are told; and how a bad one is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from qamctl.quantum.program import Counts, Program

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: Shots of one program at most.
MOST_SHOTS = 1_000_000


class BadProgram(Exception):
    """A program that makes its job fail.

    Parameters
    ----------
    code, message
        As the job's `errorData` has them.
    """

    def __init__(self, message: str, code: str = "InvalidInputData") -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True, slots=True)
class Sampled:
    """Shots of a program.

    Attributes
    ----------
    rows
        [k, n] distinct outcomes; column v is bit v.
    order
        [shots] the row of each shot.
    """

    rows: npt.NDArray[np.uint8]
    order: npt.NDArray[np.int64]


def shots_of(params: Mapping[str, Any], default: int) -> int:
    """The shots that a job asks for: `shots`, or `count` where it does not say.

    Raises
    ------
    BadProgram
        It is no number of shots.
    """
    found = next((params[name] for name in ("shots", "count") if params.get(name) is not None), default)
    if isinstance(found, str) and found.isascii() and found.isdecimal() and len(found) < 10:
        found = int(found)
    if not isinstance(found, int) or isinstance(found, bool) or not 1 <= found <= MOST_SHOTS:
        raise BadProgram(f"The number of shots must be from 1 to {MOST_SHOTS}.")
    return found


def seed_of(*parts: object) -> int:
    """A seed that follows from these."""
    text = "\0".join(map(str, parts)).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) >> 1


def simulated(circuit: QuantumCircuit, shots: int, seed: int) -> Sampled:
    """Shots of a circuit: simulated once, then drawn.

    Raises
    ------
    QamError
        It is too large, measures nothing, or can't be simulated.
    """
    from qamctl.quantum.simulate import run

    found = run(Program(circuit, circuit.num_clbits), shots, seed)
    return in_order(cast(Counts, found.counts), seed)  # a circuit that measures nothing is refused before


def in_order(counts: Counts, seed: int) -> Sampled:
    """Shots with these counts, in an order that follows from the seed."""
    each = np.repeat(np.arange(len(counts.samples)), counts.occurrences)
    return Sampled(counts.samples, np.random.default_rng([seed, 1]).permutation(each))
