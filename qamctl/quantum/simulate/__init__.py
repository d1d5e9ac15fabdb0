"""Any circuit on a state vector: gates run once, shots are drawn from the end, or split at each measurement on the way.

A measurement in the middle splits the shots at hand between its two outcomes, by their probabilities; each branch
goes on alone with its shots, so no gate runs more often than there are different pasts. The branch with fewer shots
goes first: it has at most half of its parent's, so that never more than log2(shots) states wait.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from qamctl.errors import BackendError, Diagnostic, SpecError, UnsupportedError
from qamctl.quantum.pauli_values import placed, support
from qamctl.quantum.program import Expectation, Ints, Measured, Program, Samples, is_measured, join_counts
from qamctl.quantum.simulate.amplitudes import State, chance, collapse, draw, flip, ground, probabilities
from qamctl.quantum.simulate.batches import Stopped
from qamctl.quantum.simulate.classical import Memory
from qamctl.quantum.simulate.lowering import Apply, Lowered, Measure, Reset, Store, lower

#: Bytes of an amplitude, and how many copies of the state a gate needs at the same time, itself included.
AMPLITUDE: Final = 16
COPIES: Final = 3

#: More qubits are not tried, whatever the memory.
MOST_QUBITS: Final = 32

#: Jumps of one shot: a loop that goes on for longer does not end.
MOST_JUMPS: Final = 1_000_000

#: Outcomes less likely than this are rounding.
NEVER: Final = 1e-13


def run(
    program: Program,
    shots: int,
    seed: int,
    *,
    stop: Callable[[], bool] = lambda: False,
    memory: int | None = None,
) -> Measured:
    """Shots of a circuit, and the value of its observable; equal seeds give equal counts.

    The observable is that of the state before the measurements that end the circuit: computed where nothing is
    measured or reset on the way, else the mean over the shots.

    Parameters
    ----------
    program
        With a circuit.
    shots
        At least 1.
    memory
        Bytes that states may take; None: half of the machine's.

    Raises
    ------
    SpecError
        A parameter has no value, or nothing is measured and no observable is asked for.
    UnsupportedError
        Too many qubits, or a gate that can't be simulated.
    BackendError
        A loop did not end, or `stop` said so.
    """
    refuse_unmeasured(program)
    lowered = lower(program.circuit, support(program.observable))
    check_size(lowered, shots, memory)
    observable = placed(program.observable, {qubit: k for k, qubit in enumerate(lowered.qubits)}, lowered.n)
    rng = np.random.default_rng(seed)
    rows, met, values, weights = [], [], [], []

    def split(weight: float, one: float) -> float:
        return float(rng.binomial(int(weight), one))

    for branch in branches(lowered, float(shots), split, stop):
        count = round(branch.weight)
        if program.observable:
            values.append(observable.expectation(branch.state))
            weights.append(count)
        samples, occurrences = _drawn(lowered, branch, count, rng)
        rows.append(samples)
        met.append(occurrences)
    info = {"method": "state vector", "simulated_qubits": lowered.n, "branches": len(rows)}
    counts = join_counts(np.concatenate(rows), np.concatenate(met)) if is_measured(program.circuit) else None
    return Measured(counts, _mean(values, weights, not lowered.dynamic) if values else None, (), info)


def exact(program: Program, *, most_branches: int = 1024, stop: Callable[[], bool] = lambda: False) -> (
    tuple[Samples, npt.NDArray[np.float64]] | None
):  # fmt: skip
    """The distribution of a circuit's bitstrings: (samples [k, n], probabilities [k]); None where it is too wide.

    Raises
    ------
    As `run`.
    """
    lowered = lower(program.circuit)
    check_size(lowered, 1, None)
    rows, chances = [], []
    for count, branch in enumerate(branches(lowered, 1.0, lambda weight, one: weight * one, stop)):
        if count >= most_branches:
            return None
        every = probabilities(branch.state)
        numbers = np.flatnonzero(every > NEVER)
        rows.append(_bits(lowered, branch, numbers))
        chances.append(branch.weight * every[numbers])
    samples, chance_of = np.concatenate(rows), np.concatenate(chances)
    packed = np.packbits(samples[:, ::-1], axis=1) if samples.shape[1] else samples[:, :0]
    _, first, place = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    total = np.zeros(len(first))
    np.add.at(total, place.ravel(), chance_of)
    return samples[first], total


def refuse_unmeasured(program: Program) -> None:
    """Raise a SpecError for a circuit that measures nothing, unless an observable is asked for."""
    if not is_measured(program.circuit) and not program.observable:
        hint = "measure its qubits into bits (`c = measure q;`), or give an `observable` in a circuit spec"
        message = "the circuit measures nothing"
        raise SpecError(f"{message}: {hint}", [Diagnostic(message, None, hint)])


def check_size(lowered: Lowered, shots: int, memory: int | None) -> None:
    """Refuse more qubits than fit, before anything is allocated.

    Raises
    ------
    UnsupportedError
        How much memory is needed, and how many qubits would fit.
    """
    waiting = math.log2(shots) if lowered.dynamic and shots > 1 else 0.0
    check_qubits(lowered.n, COPIES + waiting, memory, ", with measurements on the way," if waiting else "")


def check_qubits(n: int, copies: float, memory: int | None = None, why: str = "") -> None:
    """Refuse a state vector of n qubits, held so many times, that does not fit; see `check_size`."""
    available = _memory() // 2 if memory is None else memory
    fits = min(MOST_QUBITS, max(0, int(math.log2(max(1.0, available / (AMPLITUDE * copies))))))
    if n > fits:
        needed = AMPLITUDE * copies * 2.0**n
        raise UnsupportedError(
            f"a state vector of {n} qubits{why} needs {_size(needed)} of memory, and {_size(available)} may be used "
            f"here: up to {fits} qubits fit; run larger circuits on a device"
        )


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _size(amount: float) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB"):
        if amount < 1024 or unit == "PiB":
            break
        amount /= 1024
    return f"{amount:,.0f} {unit}"


@dataclass
class Branch:
    """One past of a circuit, on its way through the steps.

    Attributes
    ----------
    weight
        Shots that have it, or its probability.
    at
        The step that comes next.
    """

    state: State
    memory: Memory
    weight: float
    at: int = 0


def branches(
    lowered: Lowered, weight: float, split: Callable[[float, float], float], stop: Callable[[], bool]
) -> Iterator[Branch]:
    """Every past that is met, at its end, with its weight.

    Parameters
    ----------
    split
        Takes the weight at hand and the probability of 1, gives the weight that goes to 1.
    """
    waiting = [Branch(ground(lowered.n), Memory(bytearray(lowered.bits)), weight)]
    while waiting:
        branch = waiting.pop()
        while branch.weight > NEVER and (step := _walk(lowered, branch, stop)) is not None:
            other = _fork(branch, step, split)
            if other is not None:
                waiting.append(other)
        if branch.weight > NEVER:  # a loop may leave ever less of a probability
            yield branch


def _walk(lowered: Lowered, branch: Branch, stop: Callable[[], bool]) -> Measure | Reset | None:
    """Go on to the next measurement or reset; None at the end."""
    jumps = 0
    while branch.at < len(lowered.steps):
        step = lowered.steps[branch.at]
        if isinstance(step, (Measure, Reset)):
            return step
        branch.at += 1
        if isinstance(step, Apply):
            step.kernel(branch.state)
            if stop():
                raise Stopped
        elif isinstance(step, Store):
            _store(branch.memory, step)
        elif step.unless is None or not step.unless(branch.memory):
            branch.at, jumps = step.to, jumps + 1
            if jumps > MOST_JUMPS:
                raise BackendError(f"a loop of the circuit still ran after {MOST_JUMPS:,} rounds: it may never end")
    return None


def _store(memory: Memory, step: Store) -> None:
    value = step.value(memory)
    if not step.bits:
        memory.variables[step.variable] = value
    for k, bit in enumerate(step.bits):
        memory.bits[bit] = int(value) >> k & 1


def _fork(branch: Branch, step: Measure | Reset, split: Callable[[float, float], float]) -> Branch | None:
    """Make the branch that of the lighter outcome that is met; the other outcome's, if it is met too, comes back."""
    one = chance(branch.state, step.qubit)
    one = 0.0 if one < NEVER else 1.0 if one > 1 - NEVER else one
    ones = split(branch.weight, one)
    outcomes = [(branch.weight - ones, 0, 1 - one), (ones, 1, one)]
    met = sorted(outcome for outcome in outcomes if outcome[0] > 0)
    other = None
    if len(met) == 2:
        other = Branch(branch.state.copy(), branch.memory.copy(), met[1][0], branch.at)
        _settle(other, step, *met[1][1:])
    branch.weight = met[0][0]
    _settle(branch, step, *met[0][1:])
    return other


def _settle(branch: Branch, step: Measure | Reset, value: int, probability: float) -> None:
    """What an outcome does to a branch."""
    if probability < 1:
        collapse(branch.state, step.qubit, value, probability)
    if isinstance(step, Measure):
        branch.memory.bits[step.bit] = value
    elif value:
        flip(branch.state, step.qubit)
    branch.at += 1


def _drawn(lowered: Lowered, branch: Branch, shots: int, rng: np.random.Generator) -> tuple[Samples, Ints]:
    """Bitstrings of a branch at its end, and how often each was met."""
    if not lowered.finals:
        return _bits(lowered, branch, np.zeros(1, np.int64)), np.array([shots])
    numbers, met = np.unique(draw(branch.state, shots, rng), return_counts=True)
    return _bits(lowered, branch, numbers), met


def _bits(lowered: Lowered, branch: Branch, numbers: Ints) -> Samples:
    """[k, n] the bits of a branch, whose qubits were measured last in these states."""
    rows = np.tile(np.frombuffer(bytes(branch.memory.bits), np.uint8), (len(numbers), 1))
    for place, bit in lowered.finals:
        rows[:, bit] = numbers >> place & 1
    rows[:, list(lowered.idle)] = 0
    return rows


def _mean(values: list[float], weights: list[int], exact: bool) -> Expectation:
    """The mean over branches, each with its shots; exact where there can be no other branch."""
    value, shots = np.array(values), np.array(weights)
    mean = float(shots @ value / shots.sum())
    if exact:
        return Expectation(mean)
    spread = float(shots @ (value - mean) ** 2) / max(1, int(shots.sum()) - 1)
    return Expectation(mean, math.sqrt(spread / int(shots.sum())), exact=False)
