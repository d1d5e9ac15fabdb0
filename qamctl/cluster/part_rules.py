"""The rules of groups in a part of a problem: those that its free units can break, and who else counts in them.

A rule is divided into what it says: members apart, spread over a label, near others. Members that stand still count
where they are: in a leaf that is kept, or else in one that stands for a value of a label, or for a neighbourhood.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qamctl.cluster.spec import NO_LIMIT, Ints
from qamctl.cluster.standing import Standing
from qamctl.cluster.tables import gather


@dataclass(frozen=True)
class PartRules:
    """Rules of a part, before its units are numbered.

    Attributes
    ----------
    free, still, beyond
        Members: (number of a free unit, of a kept leaf, or of a leaf that stands for others; rule; how many).
    leaves
        Leaves that stand for others.
    value_of, place_of
        [leaves] (label, value), or neighbourhood, that each of them stands for; -1: none.
    labels, values
        Rows of the labels in the whole, and how many values each has.
    places
        [kept] neighbourhood of each kept leaf, numbered anew; `nowhere` is that of all others.
    rules
        The fields of the rules themselves.
    """

    free: tuple[Ints, Ints, Ints]
    still: tuple[Ints, Ints, Ints]
    beyond: tuple[Ints, Ints, Ints]
    value_of: tuple[Ints, Ints]
    place_of: Ints
    labels: np.ndarray
    values: Ints
    places: Ints
    nowhere: int
    rules: dict[str, Any]

    @property
    def leaves(self) -> int:
        """Leaves that stand for others."""
        return len(self.place_of)

    def fields(self, frozen: int, kept: int, inner: int) -> dict[str, Any]:
        """The fields of an `AssignmentProblem` of which the first `frozen` units stand still."""
        before = kept + inner + 1
        unit = np.concatenate([frozen + self.free[0], 1 + self.still[0], before + self.beyond[0]])
        rule = np.concatenate([self.free[1], self.still[1], self.beyond[1]])
        count = np.concatenate([self.free[2], self.still[2], self.beyond[2]])
        rules = max(1, len(self.rules["rule_apart"]))
        keys, at = np.unique(unit * rules + rule, return_inverse=True)
        number = np.bincount(at, weights=count, minlength=len(keys))
        n = frozen + self.rules["units"]
        size = np.bincount(keys // rules, minlength=n)
        value = np.zeros((len(self.labels), before + self.leaves), np.int32)
        value[:, :kept] = self.labels
        label, which = self.value_of
        some = np.flatnonzero(label >= 0)
        value[label[some], before + some] = which[some]
        place = np.full(before + self.leaves, self.nowhere, np.int32)
        place[:kept] = self.places
        place[before:][self.place_of >= 0] = self.place_of[self.place_of >= 0]
        return {
            "member_first": np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
            "member_rule": (keys % rules).astype(np.int32),
            "member_count": number.astype(np.int32),
            "value": value, "values": self.values, "place": place, "places": self.nowhere + 1,
            **{name: column for name, column in self.rules.items() if name != "units"},
        }  # fmt: skip


def part_rules(standing: Standing, free: Ints, kept: Ints) -> PartRules:
    """The rules that free units have a part in.

    Parameters
    ----------
    free
        [f] units, ascending.
    kept
        Leaves, ascending.
    """
    problem, tables = standing.instance.problem, standing.tables
    entry, _ = gather(problem.member_first, free)
    mine = np.unique(problem.member_rule[entry]).astype(np.int64)
    ahead, of = gather(problem.near_first, mine)
    back, to = gather(tables.near_back_first, mine)
    edges = np.unique(
        np.concatenate([
            np.column_stack([mine[of], problem.near_rule[ahead]]), np.column_stack([tables.near_back[back], mine[to]]),
        ]), axis=0,
    )  # fmt: skip
    labelled = problem.rule_value[mine] >= 0
    asks = (problem.rule_weight[mine] > 0) | (problem.rule_least[mine] > 0) | (problem.rule_skew[mine] < NO_LIMIT)
    apart, spread, near = mine[problem.rule_apart[mine] > 0], mine[labelled & asks], np.unique(edges)
    first = (0, len(apart), len(apart) + len(spread), len(apart) + len(spread) + len(near))
    labels = np.unique(problem.rule_value[spread])

    # Everybody who counts, by where he is.
    involved = np.unique(np.concatenate([apart, spread, near]))
    entry, owner = gather(tables.rule_first, involved)
    unit, rule, count = tables.rule_unit[entry], involved[owner], tables.rule_count[entry]
    leaf = standing.leaf[unit].astype(np.int64)
    spot = np.minimum(np.searchsorted(free, unit), max(0, len(free) - 1))
    is_free = free[spot] == unit
    at = np.minimum(np.searchsorted(kept, leaf), len(kept) - 1)
    is_kept = ~is_free & (kept[at] == leaf)
    is_beyond = ~is_free & ~is_kept & (leaf < problem.k)
    own: list[tuple[Ints, Ints, Ints]] = []
    still: list[tuple[Ints, Ints, Ints]] = []
    places, numbered = np.unique(problem.place[kept], return_inverse=True)
    beyond, value_of, place_of = [], [(np.zeros(0, np.int64),) * 2], [np.zeros(0, np.int64)]
    leaves = 0
    for which, chosen in enumerate((apart, spread, near)):
        row = np.minimum(np.searchsorted(chosen, rule), max(0, len(chosen) - 1))
        inside = chosen[row] == rule if len(chosen) else np.zeros(len(rule), bool)
        number = first[which] + row
        some = inside & is_free
        own.append((spot[some], number[some], count[some]))
        some = inside & is_kept
        still.append((at[some], number[some], count[some]))
        some = inside & is_beyond
        if which == 1:
            label = np.searchsorted(labels, problem.rule_value[rule[some]])
            value = problem.value[problem.rule_value[rule[some]], leaf[some]].astype(np.int64)
            keys, stands = np.unique(np.column_stack([label, value]), axis=0, return_inverse=True)
            beyond.append((leaves + stands.ravel(), number[some], count[some]))
            value_of.append((keys[:, 0], keys[:, 1]))
            place_of.append(np.full(len(keys), -1))
            leaves += len(keys)
        if which == 2:
            place = np.append(problem.place, -1)[leaf]
            spot_of = np.minimum(np.searchsorted(places, place), len(places) - 1)
            some &= places[spot_of] == place
            keys, stands = np.unique(spot_of[some], return_inverse=True)
            beyond.append((leaves + stands, number[some], count[some]))
            value_of.append((np.full(len(keys), -1), np.zeros(len(keys), np.int64)))
            place_of.append(keys)
            leaves += len(keys)
    near_of = np.searchsorted(near, edges)
    rules = {
        "units": len(free),
        "rule_apart": _field(first, 0, 1, 0, np.uint8),
        "rule_value": _field(first, 1, np.searchsorted(labels, problem.rule_value[spread]), -1, np.int32),
        "rule_least": _field(first, 1, problem.rule_least[spread], 0, np.int64),
        "rule_skew": _field(first, 1, problem.rule_skew[spread], NO_LIMIT, np.int64),
        "rule_weight": _field(first, 1, problem.rule_weight[spread], 0.0, np.float64),
        "near_first": np.concatenate(
            [[0], np.cumsum(np.bincount(first[2] + near_of[:, 0], minlength=first[3]))]
        ).astype(np.int64),
        "near_rule": (first[2] + near_of[:, 1]).astype(np.int32),
    }
    return PartRules(
        _joined(own), _joined(still), _joined(beyond),
        (np.concatenate([part[0] for part in value_of]), np.concatenate([part[1] for part in value_of])),
        np.concatenate(place_of), problem.value[labels][:, kept], problem.values[labels], numbered, len(places), rules,
    )  # fmt: skip


def _field(first: tuple[int, ...], which: int, values: Any, other: float, kind: Any) -> np.ndarray:
    """A column over all rules of which those of one kind have a value."""
    column = np.full(first[3], other, kind)
    column[first[which] : first[which + 1]] = values
    return column


def _joined(parts: list[tuple[Ints, Ints, Ints]]) -> tuple[Ints, Ints, Ints]:
    one, two, three = (np.concatenate([part[k] for part in parts]).astype(np.int64) for k in range(3))
    return one, two, three
