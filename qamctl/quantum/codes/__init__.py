"""Quantum error correction and detection on small codes: how often a stored logical qubit is lost.

Three memory experiments: the repetition code (matching decoder), the code [[4,2,2]] (post-selection), and the Steane
code [[7,1,3]] (a table of likeliest errors), each beside bare qubits that are stored as long under the same noise.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qamctl.errors import UnsupportedError, UsageError
from qamctl.quantum.codes.circuits import Noise, detection, repetition, steane
from qamctl.quantum.codes.likelihood import likelihood, numbers
from qamctl.quantum.intervals import wilson

CODES: Final = {
    "repetition": "bit flips only, any odd distance; decoded by minimum-weight matching",
    "detection": "[[4,2,2]], two logical qubits, distance 2; shots with a fired check are thrown away",
    "steane": "[[7,1,3]], distance 3; decoded by a table of the likeliest errors",
}
_DISTANCES: Final = {"detection": 2, "steane": 3}
#: Logical qubits, which are compared with as many bare ones.
_LOGICAL: Final = {"repetition": 1, "detection": 2, "steane": 1}
#: Shots that are sampled at once.
_CHUNK: Final = 1 << 17


@dataclass(frozen=True)
class LogicalError:
    """How often a code failed.

    Attributes
    ----------
    code, distance, rounds, p_gate, p_measure, p_store
        What was asked for.
    shots, kept
        Shots, and those that post-selection kept (all, for codes that correct).
    failures
        Kept shots in which a logical qubit was not read as the 0 that it was, after decoding.
    rate, interval
        failures / kept, with its 95 % Wilson interval; 1 and (0, 1) where nothing was kept.
    undecoded
        The share of all shots that fails without decoding and post-selection.
    bare
        The probability that as many bare qubits fail under the same noise, exactly.
    seconds
        For building, sampling and decoding.
    """

    code: str
    distance: int
    rounds: int
    p_gate: float
    p_measure: float
    p_store: float
    shots: int
    kept: int
    failures: int
    rate: float
    interval: tuple[float, float]
    undecoded: float
    bare: float
    seconds: float


def logical_error(
    code: str,
    distance: int,
    rounds: int,
    p_gate: float,
    p_measure: float,
    shots: int,
    seed: int,
    *,
    p_store: float | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> LogicalError:
    """Store logical zeros for some rounds of checks, measure them, and count how often they are lost.

    Parameters
    ----------
    code
        A key of `CODES`.
    distance
        Of the repetition code, odd; 2 and 3 for the others.
    rounds
        Rounds of checks; "detection" also takes 0: only prepare and measure.
    p_gate, p_measure, p_store
        Depolarising after each gate; a flip before each measurement; depolarising of each data qubit before each
        round, by default as of gates.
    shots, seed
        Equal seeds give equal results with the same stim on the same kind of processor.
    clock
        Seconds.

    Raises
    ------
    UsageError
        An argument makes no sense.
    UnsupportedError
        stim or pymatching is not installed, or the rounds are too many for the table.
    """
    _require(code, distance, rounds, shots)
    noise = _noise(p_gate, p_measure, p_gate if p_store is None else p_store)
    begin = clock()
    circuit = _circuit(code, distance, rounds, noise)
    sampler = circuit.compile_detector_sampler(seed=seed)
    decode = _decoder(code, circuit)
    kept = failures = flipped = 0
    for done in range(0, shots, _CHUNK):
        fired, true = sampler.sample(min(_CHUNK, shots - done), separate_observables=True)
        flipped += int(true.any(axis=1).sum())
        if code == "detection":
            true = true[~fired.any(axis=1)]
            failures += int(true.any(axis=1).sum())
        else:
            failures += int((decode(fired) != true).any(axis=1).sum())
        kept += len(true)
    rate = failures / kept if kept else 1.0
    return LogicalError(
        code, distance, rounds, noise.gate, noise.measure, noise.store, shots, kept, failures, rate,
        wilson(failures, kept), flipped / shots, noise.bare(rounds, _LOGICAL[code]), clock() - begin,
    )  # fmt: skip


def exact_logical_error(
    code: str, distance: int, rounds: int, p_gate: float, p_measure: float, *, p_store: float | None = None
) -> float:
    """The rate that `logical_error` estimates, without shots; for "repetition" that of the best decoder there is.

    Raises
    ------
    UsageError, UnsupportedError
        As for `logical_error`; tables end where detectors and observables are more than 22.
    """
    _require(code, distance, rounds, 1)
    noise = _noise(p_gate, p_measure, p_gate if p_store is None else p_store)
    known = likelihood(_circuit(code, distance, rounds, noise).detector_error_model())
    return known.selected if code == "detection" else known.decoded


def crossover(
    code: str, rounds: int, *, distance: int | None = None, gate: float = 1.0, measure: float = 1.0
) -> float | None:
    """The storage error below which the code keeps a 0 better than bare qubits do; None: it never does.

    Gates and measurements fail `gate` and `measure` times as often as a stored qubit is depolarised in a round.
    Rates are exact; the crossing is found to three digits between 1e-6 and 0.3, which stands for all above.

    Raises
    ------
    UsageError, UnsupportedError
        As for `exact_logical_error`.
    """
    size = _DISTANCES.get(code, 3) if distance is None else distance

    def gain(p: float) -> float:
        """Above 0 where the code is better."""
        p_gate, p_measure = min(gate * p, 0.75), min(measure * p, 0.5)
        lost = exact_logical_error(code, size, rounds, p_gate, p_measure, p_store=p)
        return Noise(p_gate, p_measure, p).bare(rounds, _LOGICAL[code]) - lost

    grid = np.geomspace(1e-6, 0.3, 23).tolist()
    signs = [gain(p) > 0 for p in grid]
    if not signs[0]:
        return None
    if all(signs):
        return float(grid[-1])
    above = signs.index(False)
    low, high = grid[above - 1], grid[above]
    while high / low > 1.0005:
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if gain(middle) > 0 else (low, middle)
    return float(np.sqrt(low * high))


def _require(code: str, distance: int, rounds: int, shots: int) -> None:
    if code not in CODES:
        raise UsageError(f"there is no code {code!r}: choose {', '.join(CODES)}")
    only = _DISTANCES.get(code)
    if only is not None and distance != only:
        raise UsageError(f"the code {code} has distance {only}, not {distance}")
    if only is None and (distance < 3 or distance % 2 == 0):
        raise UsageError(f"the repetition code needs an odd distance of 3 or more, not {distance}")
    least = 0 if code == "detection" else 1
    if rounds < least or shots < 1:
        raise UsageError(f"the code {code} needs at least {least} rounds and one shot")


def _noise(gate: float, measure: float, store: float) -> Noise:
    for name, p, most in (("gates", gate, 0.75), ("measurements", measure, 0.5), ("storage", store, 0.75)):
        if not 0 <= p <= most:
            raise UsageError(f"the error probability of {name} must be within 0 and {most:g}, and is {p:g}")
    return Noise(gate, measure, store)


def _circuit(code: str, distance: int, rounds: int, noise: Noise) -> Any:
    if code == "repetition":
        return repetition(distance, rounds, noise)
    return (steane if code == "steane" else detection)(rounds, noise)


def _decoder(code: str, circuit: Any) -> Callable[[npt.NDArray[np.bool_]], npt.NDArray[np.bool_]]:
    """Detector patterns [s, detectors] -> flips [s, observables]."""
    if code == "repetition":
        try:
            import pymatching
        except ImportError as error:
            raise UnsupportedError('the matching decoder needs pymatching: pip install "qamctl[qec]"') from error
        matching = pymatching.Matching.from_detector_error_model(circuit.detector_error_model(decompose_errors=True))
        return lambda fired: np.asarray(matching.decode_batch(fired), np.bool_)
    if code == "detection":
        return lambda fired: fired[:, :0]
    likeliest = likelihood(circuit.detector_error_model()).joint.argmax(axis=0)
    return lambda fired: likeliest[numbers(fired)][:, None] != 0
