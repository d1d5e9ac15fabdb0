"""Models solved to the optimum, with proof: small ones by enumeration, larger ones where presolve and thinness help.

Enumeration is the truth that samplers are measured against. Beyond it a model is presolved, its connected parts
are taken one by one, and each is solved by dynamic programming along a tree decomposition, or enumerated.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from qamctl.backends.base import Capabilities
from qamctl.backends.local import LocalBackend, sample_set
from qamctl.errors import UnsupportedError

if TYPE_CHECKING:
    import dimod

    from qamctl.kernels.couplings import Couplings
    from qamctl.qubo.compile import Compiled

#: 2^26 states take about a second.
MAX_VARIABLES = 26

#: States of the low variables that are kept as one vector.
BLOCK_BITS = 16


def backend() -> LocalBackend:
    """The engine `exact`."""
    return LocalBackend("exact", Capabilities(("qubo",), exact=True, any_variables=MAX_VARIABLES), sample)


def sample(compiled: Compiled, options: Mapping[str, Any]) -> dimod.SampleSet:
    """A state of least energy; up to 26 variables the one that is first when variable i counts 2^i.

    Options: `seconds` and `stop`. When they end the work there are no samples, and `info["exact"]` is False.

    Raises
    ------
    UnsupportedError
        The model is too large to be enumerated, and too dense for a tree decomposition.
    """
    late = _late(options)
    if compiled.n <= MAX_VARIABLES:
        number = _first_least(
            compiled.n, compiled.linear, (compiled.row, compiled.col, compiled.weight), compiled.offset, late
        )
        state = None if number is None else number >> np.arange(compiled.n) & 1
        info: dict[str, Any] = {"method": "enumeration"}
    else:
        state, info = _presolved(compiled, late)
    if state is None:
        return sample_set(compiled, np.zeros((0, compiled.n), np.int8), info | {"exact": False})
    return sample_set(compiled, state.astype(np.int8).reshape(1, compiled.n), info | {"exact": True})


def minimum(compiled: Compiled) -> int:
    """The first state of least energy, as an integer whose bit i is variable i."""
    found = _first_least(
        compiled.n, compiled.linear, (compiled.row, compiled.col, compiled.weight), compiled.offset, lambda: False
    )
    assert found is not None
    return found


def _late(options: Mapping[str, Any]) -> Callable[[], bool]:
    stop, seconds = options.get("stop"), options.get("seconds")
    end = math.inf if seconds is None else time.monotonic() + seconds
    return lambda: (stop is not None and stop()) or time.monotonic() > end


def _presolved(compiled: Compiled, late: Callable[[], bool]) -> tuple[np.ndarray | None, dict[str, Any]]:
    """The optimum of a larger model, part by part; None when `late` came first."""
    from qamctl.kernels.couplings import couplings
    from qamctl.qubo.presolve import presolve

    model = couplings(compiled.linear, compiled.row, compiled.col, compiled.weight, compiled.offset)
    reduced = presolve(model, stop=late)
    info: dict[str, Any] = {
        "method": "tree decomposition" if reduced.model.n else "presolve",
        "variables_left": reduced.model.n,
        "presolve": dict(reduced.counts),
    }
    state = np.zeros(reduced.model.n, np.uint8)
    for part in reduced.parts:
        found, width = _part(part.model, late)
        if found is None:
            return None, info
        state[part.variables] = found
        info["width"] = max(width, info.get("width", 0))
    return reduced.restore(state), info


def _part(model: Couplings, late: Callable[[], bool]) -> tuple[np.ndarray | None, int]:
    """The optimum of a connected part, None when `late` came first; and the width that was needed."""
    from qamctl.qubo.treewidth import MAX_WIDTH, eliminate, elimination_order

    order = elimination_order(model, stop=late)
    if order is not None:
        solved = eliminate(model, order, late)
        return None if solved is None else solved.sample, order.width
    if late():
        return None, 0
    if model.n > MAX_VARIABLES:
        raise UnsupportedError(
            f"backend exact takes at most {MAX_VARIABLES} variables, or models that are thin: after presolve a part of "
            f"{model.n} variables and {model.pairs} couplings is left, and no tree decomposition of width "
            f"{MAX_WIDTH} or less was found; choose another backend"
        )
    row = np.repeat(np.arange(model.n), np.diff(model.first))
    once = row < model.other
    pairs = row[once], model.other[once], model.weight[once].astype(float)
    number = _first_least(model.n, model.linear.astype(float), pairs, 0.0, late)
    return None if number is None else number >> np.arange(model.n) & 1, model.n - 1


def _first_least(
    n: int,
    linear: np.ndarray,
    pairs: tuple[np.ndarray, np.ndarray, np.ndarray],
    offset: float,
    late: Callable[[], bool],
) -> int | None:
    """The first state of least energy, as an integer whose bit i is variable i; None when `late` came first."""
    low = min(n, BLOCK_BITS)
    couplings = np.zeros((n, n))
    couplings[pairs[0], pairs[1]] = pairs[2]
    block = np.array([offset])
    for i in range(low):
        block = np.concatenate([block, block + _field(couplings[:i, i], linear[i])])
    fields = [_field(couplings[:low, i], linear[i]) for i in range(low, n)]
    best_energy, best = np.inf, 0
    # Depth first over the high variables, the highest first: each block is the sum of one path, so that
    # no rounding accumulates from state to state.
    pending = [(n, 0, block)]
    while pending:
        level, high, energies = pending.pop()
        if level == low:
            if high and late():
                return None
            at = int(np.argmin(energies))
            number = (high << low) | at
            if energies[at] < best_energy or (energies[at] == best_energy and number < best):
                best_energy, best = float(energies[at]), number
            continue
        i = level - 1
        above = sum(float(couplings[i, j]) for j in range(level, n) if high >> (j - low) & 1)
        pending.append((i, high | 1 << (i - low), energies + (fields[i - low] + above)))
        pending.append((i, high, energies))
    return best


def _field(couplings: np.ndarray, linear: float) -> np.ndarray:
    """[2^k] what setting a variable adds, for every state of the k variables that it is coupled to."""
    field = np.array([linear])
    for weight in couplings:
        field = np.concatenate([field, field + weight])
    return field
