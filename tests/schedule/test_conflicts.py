"""Pairs of starts that exclude each other, against the definitions, tick by tick."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, islice
from typing import Any

import numpy as np
import pytest
from support.rich_brute import Brute, Way
from support.rich_models import rich_specs

from qamctl.schedule.build import build_instance
from qamctl.schedule.conflicts import Sides, conflicts, unfit
from qamctl.schedule.instance import Instance
from qamctl.schedule.picks import Picks
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.setup_runs import is_straight

PLAIN = {"kind": "schedule", "version": 1, "name": "t"}


def some_picks(instance: Instance, rng: np.random.Generator) -> Picks:
    """A few starts of options that the tasks may have."""
    assert instance.crews is not None
    task = np.repeat(np.arange(instance.n), np.diff(instance.first_option))
    fit = np.flatnonzero(~unfit(instance, instance.crews, np.ones(instance.n, bool)))
    option = np.repeat(fit, 3)
    start = rng.integers(0, 9, len(option))
    start = np.where(instance.crews.gaps.inside(instance.crews.pause[option], start), 20, start)
    return Picks.of(instance, instance.crews, task[option], option, start)


def way_of(instance: Instance, picks: Picks, p: int) -> Way | None:
    """A pick as brute force has it; None where an agent stands for several."""
    assert instance.crews is not None
    crew = [instance.members[holder] for holder, _ in instance.crews.of(int(picks.option[p]))]
    if any(len(members) > 1 for members in crew):
        return None
    agents = tuple(sorted(int(members[0]) for members in crew))
    return Way(int(picks.start[p]), int(picks.end[p]), int(instance.option_mode[picks.option[p]]), agents)


def test_two_starts_exclude_each_other_where_a_definition_says_so() -> None:
    """Beside what capacities forbid anyway, pairs are those that precedence, gangs, rules and setups do not allow."""
    rng, seen = np.random.default_rng(1), Counter[str]()
    for _, spec, instance, _ in islice(rich_specs(50_000), 250):
        crews, brute = instance.crews, Brute(spec)
        assert crews is not None
        picks = some_picks(instance, rng)
        for i, j in combinations(range(instance.n), 2):
            sides = Sides(np.arange(instance.n) == i, np.arange(instance.n) == j)
            excluded = set()
            for runs in conflicts(instance, crews, picks, sides):
                pairs = [tuple(sorted(pair)) for pair in zip(*(side.tolist() for side in runs.pairs()), strict=True)]
                excluded.update(pairs)
                seen[runs.kind] += len(pairs)
            mine, theirs = (np.flatnonzero(picks.task == t).tolist() for t in (i, j))
            for p, q in ((p, q) for p in mine for q in theirs):
                one, other = way_of(instance, picks, p), way_of(instance, picks, q)
                if one is None or other is None:
                    continue
                done = {i: one, j: other}
                rules = [rule for rule in spec.rules if rule.kind != "spread"]
                kept = brute.ordered(done) and all(brute.keeps(rule, done) for rule in rules)
                kept &= all(begin >= end + time for end, begin, time in brute.setups(done))
                if brute.fits(done):
                    assert kept == (tuple(sorted((p, q))) not in excluded), (spec.name, one, other)
    assert {"precedence", "gang", "near", "apart", "setup"} <= {kind for kind, count in seen.items() if count > 20}


def test_among_tasks_that_are_alike_neighbours_are_enough() -> None:
    """Three tasks of a gang, or three near ones of one agent each, make two pairs; three where one may be left out."""
    tasks: list[dict[str, Any]] = [{"id": name, "duration": 1, "gang": "g", "near": [{"group": "k"}]} for name in "abc"]
    for optional, pairs in ((False, {(0, 1), (1, 2)}), (True, {(0, 1), (0, 2), (1, 2)})):
        more = {"optional": True, "reward": 1} if optional else {}
        data = PLAIN | {
            "agents": [{"id": "x", "slots": 3}, {"id": "y", "slots": 3}],
            "tasks": [tasks[0] | more, *tasks[1:]],
        }
        instance = build_instance(schedule_from_data(data))
        picks, everyone = some_picks(instance, np.random.default_rng(0)), np.ones(3, bool)
        assert instance.crews is not None
        found: dict[str, set[tuple[int, int]]] = {"gang": set(), "near": set()}
        for runs in conflicts(instance, instance.crews, picks, Sides(everyone, everyone)):
            one, other = runs.pairs()
            if runs.kind in found:
                found[runs.kind] |= set(zip(picks.task[one].tolist(), picks.task[other].tolist(), strict=True))
        assert found == {"gang": pairs, "near": pairs}


@pytest.mark.parametrize(("work", "straight"), [(2, False), (3, True)])
def test_setups_are_straight_where_no_way_round_is_shorter(work: int, straight: bool) -> None:
    """Red to blue takes 5, by way of green 1, its work and 1: with a work of 3 nothing is gained by going round."""
    tasks = [{"id": c, "duration": work if c == "green" else 1, "setup": c} for c in ("red", "blue", "green")]
    times = {("red", "blue"): 5, ("red", "green"): 1, ("green", "blue"): 1}
    rows = [{"from": a, "to": b, "time": ticks} for (a, b), ticks in times.items()]
    data = PLAIN | {"agents": [{"id": "x"}], "tasks": tasks, "setup": rows}
    instance = build_instance(schedule_from_data(data))
    assert instance.crews is not None
    assert instance.spec.setups is not None
    assert is_straight(instance, instance.crews, instance.spec.setups) == straight
