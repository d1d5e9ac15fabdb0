"""One-hot groups hidden in penalties are found where there are some, and searched as groups."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from support.families import FAMILIES

from qamctl.kernels.couplings import Couplings, couplings
from qamctl.qubo.search import auto, onehot, tabu
from qamctl.qubo.search.base import Budget
from qamctl.qubo.search.choice import choose


def penalised(groups: list[list[int]], n: int, penalty: float, seed: int) -> Couplings:
    """Random costs and couplings between groups, each group as a penalty."""
    rng = np.random.default_rng(seed)
    home = np.arange(n) + n
    for g, members in enumerate(groups):
        home[members] = g
    linear = rng.integers(0, 20, n).astype(float)
    row, col, weight = [], [], []
    for i in range(n):
        for j in range(i + 1, n):
            if home[i] == home[j]:
                row.append(i), col.append(j), weight.append(2 * penalty)
            elif rng.random() < 0.1:
                row.append(i), col.append(j), weight.append(float(rng.integers(-5, 6)))
    for members in groups:
        linear[members] -= penalty
    return couplings(linear, np.array(row), np.array(col), np.array(weight), penalty * len(groups))


def test_shuffled_groups_are_found() -> None:
    """Groups of several sizes, their members anywhere, beside variables of none."""
    order = np.random.default_rng(3).permutation(40).tolist()
    groups = [sorted(order[:5]), sorted(order[5:9]), sorted(order[9:20]), sorted(order[20:23]), sorted(order[23:30])]
    found = onehot.hidden_groups(penalised(groups, 40, 400.0, 1))
    assert found is not None
    start, index = found
    assert sorted(index[a:b].tolist() for a, b in itertools.pairwise(start)) == sorted(groups)


@pytest.mark.parametrize("name", [name for name in FAMILIES if name != "assignment"])
def test_other_models_have_none(name: str) -> None:
    """Spin glasses, cuts and dense models hide no groups."""
    for seed in range(3):
        model = couplings(*FAMILIES[name](400, seed))
        assert onehot.hidden_groups(model) is None
        assert "onehot" not in choose(model)


def test_cliques_that_touch_and_weak_penalties_are_no_groups() -> None:
    """A coupling between two groups as large as the penalty, or a penalty that is worth breaking, makes them none."""
    groups = [[0, 1, 2, 3], [4, 5, 6, 7]]
    model = penalised(groups, 8, 400.0, 1)
    assert onehot.hidden_groups(model) is not None
    row = np.repeat(np.arange(8), np.diff(model.first))
    above = row < model.other
    joined = couplings(
        model.linear, np.append(row[above], 0), np.append(model.other[above], 4), np.append(model.weight[above], 900)
    )
    assert onehot.hidden_groups(joined) is None
    assert onehot.hidden_groups(penalised(groups, 8, 3.0, 1)) is None


def test_what_it_finds_is_far_below_flips() -> None:
    """With the same steps the search within groups ends far below one that flips single variables."""
    model = couplings(*FAMILIES["assignment"](600, 5))
    grouped = onehot.search(model, budget=Budget(steps=600), seed=1)
    flipped = tabu.search(model, budget=Budget(steps=600 * 600), seed=1)
    assert grouped.energies[0] < flipped.energies[0]
    assert grouped.energies.tolist() == [model.energy(sample) for sample in grouped.samples]
    assert (np.diff(grouped.energies) >= 0).all()


def test_auto_takes_nothing_for_granted() -> None:
    """Where the best state breaks the groups it is found all the same: by the search that follows."""
    groups = [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
    model = penalised(groups, 12, 60.0, 4)
    linear = model.linear.copy().astype(float)
    row = np.repeat(np.arange(12), np.diff(model.first))
    above = row < model.other
    pairs = [(0, 3), (0, 6), (1, 3), (1, 6), (1, 9), (0, 9)]  # both 0 and 1 pull at what others choose
    ends = np.array([*zip(row[above], model.other[above], strict=True), *pairs])
    weight = np.append(model.weight[above], [-55.0] * len(pairs))
    broken = couplings(linear, ends[:, 0], ends[:, 1], weight, model.offset)
    states = np.arange(2**12)[:, None] >> np.arange(12) & 1
    best = min(range(2**12), key=lambda k: broken.energy(states[k]))
    assert states[best][[0, 1, 2]].sum() == 2
    assert choose(broken)[0] == "onehot"
    found = auto.search(broken, budget=Budget(steps=500), seed=1)
    assert found.energies[0] == broken.energy(states[best])
    large = auto.search(couplings(*FAMILIES["assignment"](600, 5)), budget=Budget(steps=100), seed=1)
    assert set(large.info["searches"]) >= {"onehot", "tabu"}


@pytest.mark.parametrize("threads", [1, 2])
def test_a_start_and_a_target_count(threads: int) -> None:
    """The result is never above the start, which may break groups, and a target ends the search."""
    model = couplings(*FAMILIES["assignment"](300, 2))
    good = onehot.search(model, budget=Budget(steps=3000), seed=1)
    budget = Budget(seconds=30.0, threads=threads, target=float(good.energies[0]))
    again = onehot.search(model, budget=budget, seed=2, initial=good.samples[0])
    assert again.energies[0] <= good.energies[0]
    start = np.ones(300, np.uint8)
    assert onehot.search(model, budget=Budget(steps=1), seed=1, initial=start).energies[0] <= model.energy(start)
