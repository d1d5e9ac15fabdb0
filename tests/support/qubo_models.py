"""Random small constrained binary models, and their optimum by trying every state."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from hypothesis import strategies as st

from qamctl.qubo import check
from qamctl.qubo.model import EQ, GE, LE, Model


def model_of(
    linear: Sequence[float],
    couplings: Sequence[tuple[int, int, float]] = (),
    groups: Sequence[Sequence[int]] = (),
    rows: Sequence[tuple[dict[int, int], int, int]] = (),
    offset: float = 0.0,
) -> Model:
    """A model from plain lists; a row is ({variable: coefficient}, sense, right side)."""
    couplings = sorted(couplings)
    return Model(
        n=len(linear),
        linear=np.array(linear, float),
        row=np.array([c[0] for c in couplings], np.int32),
        col=np.array([c[1] for c in couplings], np.int32),
        weight=np.array([c[2] for c in couplings], float),
        offset=offset,
        group_start=np.cumsum([0, *(len(g) for g in groups)]).astype(np.int64),
        group_index=np.array([i for g in groups for i in g], np.int32),
        con_start=np.cumsum([0, *(len(r[0]) for r in rows)]).astype(np.int64),
        con_index=np.array([i for r in rows for i in r[0]], np.int32),
        con_coef=np.array([c for r in rows for c in r[0].values()], np.int64),
        con_sense=np.array([r[1] for r in rows], np.int8),
        con_rhs=np.array([r[2] for r in rows], np.int64),
        con_kind=np.zeros(len(rows), np.int8),
        con_kinds=("row",),
        labels=[f"x{i}" for i in range(len(linear))],
    )


@st.composite
def models(draw: st.DrawFn) -> Model:
    """Models of up to six variables with groups, implications, at-most-one and general rows."""
    n = draw(st.integers(2, 6))
    number = st.integers(-4, 4) if draw(st.booleans()) else st.floats(-4, 4, width=16)
    linear = draw(st.lists(number, min_size=n, max_size=n))
    ends = [(i, j) for i in range(n) for j in range(i + 1, n)]
    chosen = draw(st.lists(st.sampled_from(ends), max_size=4, unique=True))
    couplings = [(i, j, draw(number)) for i, j in chosen]
    size = draw(st.integers(0, n))
    groups = [list(range(size))[:cut] for cut in [draw(st.integers(1, size))]] if size else []
    rows: list[tuple[dict[int, int], int, int]] = []
    for _ in range(draw(st.integers(0, 3))):
        members = draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=4, unique=True))
        shape = draw(st.sampled_from(("most one", "implication", "general")))
        if shape == "most one":
            rows.append((dict.fromkeys(members, 1), LE, 1))
        elif shape == "implication" and len(members) > 1:
            a, z = (members[0], members[1]) if draw(st.booleans()) else (members[1], members[0])
            rows.append(({members[0]: 1 if a == members[0] else -1, members[1]: -1 if z == members[1] else 1}, LE, 0))
        else:
            coefficients = {i: draw(st.sampled_from((-2, 1, 2, 3, 4))) for i in members}
            rows.append((coefficients, draw(st.sampled_from((LE, EQ, GE))), draw(st.integers(-2, 6))))
    return model_of(linear, couplings, groups, rows, draw(number))


def optimum(model: Model) -> tuple[float, set[tuple[int, ...]]] | None:
    """The least objective of a feasible state and all states that have it; None where none is feasible."""
    best: dict[tuple[int, ...], float] = {
        state: check.objective(model, state)
        for state in product((0, 1), repeat=model.n)
        if not check.violations(model, state)
    }
    if not best:
        return None
    least = min(best.values())
    return least, {state for state, value in best.items() if value <= least + 1e-9}
