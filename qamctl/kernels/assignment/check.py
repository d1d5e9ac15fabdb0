"""Refuses problems whose arrays do not fit each other, before a search reads where nothing is; check.hpp does too."""

from __future__ import annotations

from dataclasses import fields
from itertools import pairwise
from typing import Any, Final

import numpy as np

from qamctl.kernels.assignment.problem import NO_LIMIT, TERMS, AssignmentProblem, Floats, Index

#: Types of arrays, as `AssignmentProblem` annotates them.
TYPES: Final[dict[Any, type]] = {"Ints": np.int64, "Index": np.int32, "Floats": np.float64, "Bytes": np.uint8}

#: Arrays with rows and columns.
TABLES: Final = frozenset(
    ("demand", "capacity", "safe", "allowed", "home_demand", "own_demand", "value", "device_count", "levels")
)

#: Devices of a kind that a leaf has at most: their masks are 64 bits, one of them a sign.
MOST_DEVICES: Final = 63


def check_problem(p: AssignmentProblem) -> None:
    """Look at every array: type, shape, and whether what it names is there.

    Raises
    ------
    ValueError
        One is wrong.
    """
    arrays = {field.name: TYPES[field.type] for field in fields(p) if field.type in TYPES}
    for name, kind in arrays.items():
        _check_type(f"AssignmentProblem.{name}", getattr(p, name), kind, 2 if name in TABLES else 1)
    if p.n < 0 or p.k < 0 or not len(p.over) or len(p.parent) < p.k:
        raise ValueError("AssignmentProblem has a size that can't be")
    for name, shape in _shapes(p).items():
        _check_shape(f"AssignmentProblem.{name}", getattr(p, name), shape)
    for name, (rows, entries) in _rows(p).items():
        _check_rows(f"AssignmentProblem.{name}", getattr(p, name), rows, entries)
    for name, (low, end) in _ranges(p).items():
        _check_range(f"AssignmentProblem.{name}", getattr(p, name), low, end)
    for name, kind in arrays.items():
        if kind is np.float64 and not np.isfinite(getattr(p, name)).all():
            raise ValueError(f"AssignmentProblem.{name} has an entry that is not finite")
    for row, count in zip(p.value, p.values.tolist(), strict=True):
        _check_range("AssignmentProblem.value", row, 0, count)
    if ((p.parent >= 0) & (p.parent <= np.arange(len(p.parent)))).any():
        raise ValueError("AssignmentProblem.parent has a cluster before one that it contains")
    within = np.ones(max(0, len(p.cost_leaf) - 1), bool)
    within[[end - 1 for end in p.cost_first.tolist() if 0 < end < len(p.cost_leaf)]] = False
    if (within & (np.diff(p.cost_leaf) <= 0)).any():
        raise ValueError("AssignmentProblem.cost_leaf does not ascend in every row")


def check_start(p: AssignmentProblem, start: Index) -> None:
    """Look at the leaves that a search begins with.

    Raises
    ------
    TypeError
        They are no array of int32.
    ValueError
        They are not `n`, or one is none of the leaves, nor `k`.
    """
    _check_type("start", start, np.int32, error=TypeError)
    _check_shape("start", start, (p.n,))
    _check_range("start", start, 0, p.k + 1)


def check_bounds(p: AssignmentProblem, level: int, bounds: Floats) -> None:
    """Look at a level of the objective and at the bounds of those before it.

    Raises
    ------
    TypeError
        The bounds are no array of float64.
    ValueError
        There is no such level, or the bounds are not one for each before it.
    """
    if not 0 <= level < len(p.levels):
        raise ValueError(f"the objective has no level {level}, only 0 .. {len(p.levels) - 1}")
    _check_type("bounds", bounds, np.float64, error=TypeError)
    _check_shape("bounds", bounds, (level,))


def _shapes(p: AssignmentProblem) -> dict[str, tuple[int, ...]]:
    n, k, m, r = p.n, p.k, len(p.parent), len(p.over)
    homes, costs, rules, ratios = (len(p.home_leaf),), (len(p.cost_leaf),), (len(p.rule_apart),), (len(p.ratio_one),)
    kinds, devices, labels = max(0, len(p.allowed_first) - 1), len(p.device_size), len(p.values)
    return {
        "kind": (n,), "place": (k,), "demand": (n, r), "transient": (r,), "load": (r,), "capacity": (m, r),
        "safe": (m, r), "least": (m,), "open_cost": (m,), "allowed": (kinds, k), "ratio_other": ratios,
        "ratio_value": ratios, "ratio_weight": ratios, "link_weight": (len(p.link_to),), "home_group": homes,
        "home_count": homes, "home_cost": homes, "home_demand": (*homes, r), "cost_value": costs, "cost_own": costs,
        "own_demand": (len(p.own_demand), r), "member_count": (len(p.member_rule),), "rule_value": rules,
        "rule_least": rules, "rule_skew": rules, "rule_weight": rules, "value": (labels, k), "optional": (n,),
        "reward": (n,), "piece_size": (len(p.piece_device),), "device_count": (k, devices), "mix": (5,),
        "cooling": (256,), "pair_cost": (k * k if len(p.pair_cost) else 0,),
        "levels": (max(1, len(p.levels)), len(TERMS)), "surprise": (max(1, len(p.surprise)),),
    }  # fmt: skip


def _rows(p: AssignmentProblem) -> dict[str, tuple[int, int]]:
    """Rows and entries of the compressed tables."""
    n, rules = p.n, len(p.rule_apart)
    return {
        "allowed_first": (len(p.allowed), len(p.allowed_leaf)), "link_first": (n, len(p.link_to)),
        "apart_first": (n, len(p.apart_to)), "home_first": (n, len(p.home_leaf)), "cost_first": (n, len(p.cost_leaf)),
        "member_first": (n, len(p.member_rule)), "near_first": (rules, len(p.near_rule)),
        "piece_first": (n, len(p.piece_device)),
    }  # fmt: skip


def _ranges(p: AssignmentProblem) -> dict[str, tuple[int, int]]:
    """Where entries begin and end."""
    n, k, r, rules, devices = p.n, p.k, len(p.over), len(p.rule_apart), len(p.device_size)
    return {
        "kind": (0, len(p.allowed)), "place": (0, p.places), "parent": (-1, len(p.parent)), "allowed_leaf": (0, k),
        "ratio_one": (0, r), "ratio_other": (0, r), "link_to": (0, n), "apart_to": (0, n), "home_leaf": (0, k),
        "home_group": (-1, p.groups), "home_count": (0, NO_LIMIT), "cost_leaf": (0, k),
        "cost_own": (-1, len(p.own_demand)), "member_rule": (0, rules), "member_count": (0, NO_LIMIT),
        "rule_value": (-1, len(p.values)), "near_rule": (0, rules), "values": (1, NO_LIMIT),
        "piece_device": (0, devices), "piece_size": (1, NO_LIMIT), "device_size": (1, NO_LIMIT),
        "device_count": (0, MOST_DEVICES + 1),
    }  # fmt: skip


def _check_type(name: str, array: Any, kind: type, ndim: int = 1, error: type[Exception] = ValueError) -> None:
    known = isinstance(array, np.ndarray) and array.dtype == kind and array.ndim == ndim
    if not known or not array.flags.c_contiguous:
        raise error(f"{name} is no C-contiguous array of {np.dtype(kind)} with {ndim} dimension{'s'[: ndim - 1]}")


def _check_shape(name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    for what, size, want in zip(("entries", "columns"), array.shape, shape, strict=False):
        if size != want:
            raise ValueError(f"{name} has {size} {what} where {want} are needed")


def _check_rows(name: str, first: np.ndarray, rows: int, entries: int) -> None:
    ends = first.tolist()
    if len(ends) != rows + 1 or ends[0] != 0 or ends[-1] != entries or any(a > b for a, b in pairwise(ends)):
        raise ValueError(f"{name} does not divide {entries} entries among {rows} rows")


def _check_range(name: str, array: np.ndarray, low: int, end: int) -> None:
    if ((array < low) | (array >= end)).any():
        raise ValueError(f"{name} has an entry outside {low} .. {end - 1}")
