"""Which circuit a problem is given: one-hot groups choose the mixer, and memory says how large it may be."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from qamctl.errors import UnsupportedError, UsageError
from qamctl.kernels.statevector import bytes_needed
from qamctl.quantum.ansatz import MIXERS, Ansatz
from qamctl.quantum.register import Register
from qamctl.qubo.compile import Compiled
from qamctl.qubo.model import Model

#: Bytes for each state while angles are trained by CVaR: the evolution's, and six columns of float64 or int64 at most:
#: the diagonal, its order, energies and probabilities in that order, their sums, and probabilities by number.
BYTES_EACH: Final = bytes_needed(1, gradient=True, double=False) + 6 * 8

#: Numbers of states above this are no longer written out.
_LARGE = 2**40


def choose_ansatz(
    problem: Compiled | Model, depth: int, mixer: str = "auto", warm: Sequence[float] | None = None
) -> Ansatz:
    """The circuit for a QUBO or a model, by its one-hot groups; see `ansatz_for`."""
    start, index = problem.group_start.tolist(), problem.group_index.tolist()
    groups = [tuple(index[a:b]) for a, b in pairwise(start)]
    return ansatz_for(problem.n, groups, depth, mixer, warm)


def ansatz_for(
    n: int,
    groups: Sequence[Sequence[int]],
    depth: int,
    mixer: str = "auto",
    warm: Sequence[float] | None = None,
) -> Ansatz:
    """The circuit for n variables of which some stand in one-hot groups.

    Groups that share a member cannot all be kept: the largest ones are, and penalties in the polynomial hold the
    others, as they hold groups of a single member.

    Parameters
    ----------
    n
        Variables.
    groups
        One-hot groups by their members.
    depth
        Layers, at least one.
    mixer
        A key of `qamctl.quantum.ansatz.MIXERS`, or "auto": xy-full where there is a group to keep, else x.
    warm
        [n] the probability of 1 that each variable begins with; those in kept groups are passed over.

    Raises
    ------
    UsageError
        There is no such mixer, or a number of layers below one.
    """
    if mixer != "auto" and mixer not in MIXERS:
        raise UsageError(f"there is no mixer {mixer!r}: choose auto, {', '.join(MIXERS)}")
    if depth < 1:
        raise UsageError(f"a QAOA circuit of {depth} layers does nothing: choose a depth of at least 1")
    kept = () if mixer == "x" else disjoint(groups)
    if mixer == "auto":
        mixer = "xy-full" if kept else "x"
    elif mixer.startswith("xy") and not kept:
        mixer = "x"  # what xy mixers do to qubits outside groups
    register = Register(n, kept)
    starts = None if warm is None else tuple(float(warm[v]) for v in register.free)
    return Ansatz(register, mixer, depth, starts)


def disjoint(groups: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    """Groups of two or more members that share none, larger ones first taken, in the order in which they were given."""
    taken: set[int] = set()
    chosen: list[int] = []
    for k in sorted(range(len(groups)), key=lambda k: -len(groups[k])):
        members = set(groups[k])
        if len(members) > 1 and len(members) == len(groups[k]) and not members & taken:
            taken |= members
            chosen.append(k)
    return tuple(tuple(int(v) for v in groups[k]) for k in sorted(chosen))


def states_limit(memory: int | None = None) -> int:
    """How many states fit into a budget of memory.

    Parameters
    ----------
    memory
        Bytes; None: half of what this machine has.
    """
    if memory is None:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    return max(1, memory // BYTES_EACH)


def check_size(ansatz: Ansatz, memory: int | None = None) -> None:
    """Refuse a circuit whose states do not fit into memory, before anything is allocated.

    Raises
    ------
    UnsupportedError
        With the size of the circuit, what it needs, and what would fit.
    """
    states, most = ansatz.register.states, states_limit(memory)
    if states <= most:
        return
    qubits, groups = ansatz.register.n, len(ansatz.register.groups)
    kept = f", {groups} one-hot groups kept," if groups else ""
    raise UnsupportedError(
        f"a circuit of {qubits} qubits{kept} moves among {_count(states)} states, which need "
        f"{_bytes(states * BYTES_EACH)} of memory; {_bytes(most * BYTES_EACH)} hold {int(math.log2(most))} free "
        "qubits: improve the problem part by part with --max-qubits, or choose another backend"
    )


def relaxed(probabilities: Sequence[float] | np.ndarray, epsilon: float = 0.25) -> tuple[float, ...]:
    """[n] a sample or relaxed values in [0, 1], kept away from 0 and 1 by epsilon: what a warm start begins with.

    From 0 and 1 themselves the circuit would never leave (Egger, Marecek and Woerner 2021, section 3).

    Raises
    ------
    UsageError
        A value lies outside [0, 1], or epsilon outside (0, 0.5].
    """
    values = np.asarray(probabilities, float)
    if not 0 < epsilon <= 0.5:
        raise UsageError(f"a warm start's epsilon of {epsilon:g} is not in (0, 0.5]: 0.25 is usual")
    if not ((values >= 0) & (values <= 1)).all():
        raise UsageError("a warm start needs values in [0, 1]: a sample, or the solution of a relaxation")
    return tuple(np.clip(values, epsilon, 1 - epsilon).tolist())


def _count(states: int) -> str:
    return f"{states:,}" if states < _LARGE else f"2^{math.log2(states):.1f}"


def _bytes(size: int) -> str:
    power = min(6, max(0, (size.bit_length() - 1) // 10))
    return f"{size / 1024**power:.3g} {('B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB')[power]}"
