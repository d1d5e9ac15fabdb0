"""Energy and constraints recomputed in plain loops: slow, obvious, and sharing nothing with the compiler."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qamctl.qubo.model import GE, LE, Model

if TYPE_CHECKING:
    from qamctl.qubo.compile import Compiled


def energy(compiled: Compiled, sample: Sequence[int]) -> float:
    """The energy of one sample of a compiled QUBO."""
    total = compiled.offset
    for i, value in enumerate(compiled.linear):
        if sample[i]:
            total += float(value)
    for i, j, value in zip(compiled.row, compiled.col, compiled.weight, strict=True):
        if sample[i] and sample[j]:
            total += float(value)
    return total


def objective(model: Model, sample: Sequence[int]) -> float:
    """The objective of one sample of a model, constraints apart."""
    total = model.offset
    for i, value in enumerate(model.linear):
        if sample[i]:
            total += float(value)
    for i, j, value in zip(model.row, model.col, model.weight, strict=True):
        if sample[i] and sample[j]:
            total += float(value)
    return total


def violations(model: Model, sample: Sequence[int]) -> list[tuple[str, int, int]]:
    """(kind, number, amount) of every constraint that a sample breaks; groups have the kind "one-hot"."""
    broken = []
    for g in range(len(model.group_start) - 1):
        members = model.group_index[model.group_start[g] : model.group_start[g + 1]]
        chosen = sum(int(sample[i]) for i in members)
        if chosen != 1:
            broken.append(("one-hot", g, abs(chosen - 1)))
    for c in range(len(model.con_rhs)):
        total = 0
        for e in range(int(model.con_start[c]), int(model.con_start[c + 1])):
            total += int(model.con_coef[e]) * int(sample[model.con_index[e]])
        over = total - int(model.con_rhs[c])
        sense = int(model.con_sense[c])
        amount = max(over, 0) if sense == LE else max(-over, 0) if sense == GE else abs(over)
        if amount:
            broken.append((model.con_kinds[int(model.con_kind[c])], c, amount))
    return broken
