"""What a tabu kernel promises, in C++ and in numpy: honest values, tenure, patience, paths, any slicing."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from support.tabu_kernels import KINDS, make, needs_native, random_model, state

from qamctl.kernels.tabu import tabu_search
from qamctl.kernels.tabu.reference import TabuSearch as Reference

pytestmark = pytest.mark.parametrize("which", [pytest.param("native", marks=needs_native), "reference"])

FOREVER = 1e9  # seconds


def energy(model, value: float) -> float:
    """Of a sum of coefficients, in the model's units."""
    return value / model.scale + model.offset


@pytest.mark.parametrize("dense", [True, False], ids=["dense", "sparse"])
@pytest.mark.parametrize("kind", KINDS)
def test_values_are_the_energies_of_the_samples(which: str, kind: str, dense: bool) -> None:
    """Both values that a search tells are those of the samples that it gives, after every kind of move."""
    model = random_model(70, 3, kind)
    search = make(which, model, dense, 1)
    search.adapt(2, 20, np.linspace(1.0, 0.5, 4))
    goal = np.random.default_rng(0).integers(0, 2, 70, dtype=np.uint8)
    moves = [
        lambda: search.run(60, FOREVER), lambda: search.relink(goal, 5, 20, True),
        lambda: search.breakout(60, FOREVER), lambda: search.start(goal), lambda: search.relink(1 - goal, 5, 20, False),
    ]  # fmt: skip
    for move in moves:
        move()
        assert energy(model, search.value) == pytest.approx(model.energy(search.sample), rel=1e-12, abs=1e-9)
        assert energy(model, search.best_value) == pytest.approx(model.energy(search.best_sample), rel=1e-12, abs=1e-9)
        assert search.best_value <= search.value


def test_the_best_state_is_the_least_one_met(which: str) -> None:
    """The best value is the least over all states since the start, and `improved` says when it was met."""
    search = make(which, random_model(50, 5, "small"), True, 2)
    met = [search.value]
    for _ in range(200):
        search.run(1, FOREVER)
        met.append(search.value)
    assert search.best_value == min(met)
    assert search.improved == met.index(min(met))
    assert search.steps == 200


def test_a_flipped_variable_waits_for_its_tenure(which: str) -> None:
    """No variable is flipped again within `tenure` steps, unless that gives a new best."""
    search = make(which, random_model(60, 8, "small"), True, 3, tenure=7, spread=5)
    last: dict[int, int] = {}
    before, waits = search.sample, []
    for step in range(300):
        best = search.best_value
        search.run(1, FOREVER)
        flipped = int(np.flatnonzero(search.sample != before)[0])
        if flipped in last and search.value >= best:
            waits.append(step - last[flipped])
        last[flipped], before = step, search.sample
    assert min(waits) == 8  # after 7 steps of others
    assert len(set(waits)) > 4


def test_a_new_best_breaks_the_tenure(which: str) -> None:
    """Aspiration: a tabu variable is flipped where that leads below every value met."""
    search = make(which, random_model(12, 4, "small"), True, 1, tenure=11, spread=1)
    before, last, broke = search.sample, {}, False
    for seed in range(30):
        search.start(np.random.default_rng(seed).integers(0, 2, 12, dtype=np.uint8))
        before, last = search.sample, {}
        for step in range(60):
            search.run(1, FOREVER)
            flipped = int(np.flatnonzero(search.sample != before)[0])
            if flipped in last and step - last[flipped] <= 11 and search.improved == search.steps:
                broke = True
            last[flipped], before = step, search.sample
    assert broke


@pytest.mark.parametrize("breakout", [False, True])
def test_slices_do_not_change_the_path(which: str, breakout: bool) -> None:
    """The same steps in slices of any length, and in slices of no time, end in the same state."""
    model = random_model(90, 6, "small")
    whole, sliced = make(which, model, False, 9), make(which, model, False, 9)
    for search in (whole, sliced):
        search.adapt(3, 30, np.linspace(1.0, 0.5, 20))
    drive = (lambda s: s.breakout) if breakout else (lambda s: s.run)
    drive(whole)(3000, FOREVER)
    for steps in (1, 2, 500, 97):
        assert drive(sliced)(steps, FOREVER) == steps
    while sliced.steps < 3000:
        drive(sliced)(3000 - sliced.steps, 0.0)
    assert state(whole) == state(sliced)


def test_patience_and_target_end_a_search(which: str) -> None:
    """`run` ends after so many steps without improvement, and as soon as the target is met; both say so in steps."""
    model = random_model(80, 2, "small")
    search = make(which, model, True, 5)
    search.limit(40, -np.inf)
    done = search.run(10**6, FOREVER)
    assert done == search.steps == search.improved + 40
    reached = search.best_value
    again = make(which, model, True, 5)
    again.limit(10**6, reached)
    assert again.run(10**6, FOREVER) == search.improved
    assert again.best_value == reached
    assert again.run(10, FOREVER) == 0
    assert again.breakout(10, FOREVER) == 0


def test_a_path_ends_between_its_ends(which: str) -> None:
    """After relinking, the state is at the asked distance from both ends, and the best greedy one is not worse."""
    model = random_model(100, 7, "doubled")
    rng = np.random.default_rng(1)
    begin, goal = rng.integers(0, 2, (2, 100), dtype=np.uint8)
    apart = int((begin != goal).sum())
    for greedy in (True, False):
        search = make(which, model, True, 1)
        search.start(begin)
        done = search.relink(goal, 10, 20, greedy)
        assert done == 20
        walked, left = int((search.sample != begin).sum()), int((search.sample != goal).sum())
        assert 10 <= walked <= 20
        assert walked + left == apart
        assert search.steps == 0
        assert search.best_value == search.value


def test_a_path_that_is_too_short_ends_where_it_began(which: str) -> None:
    """With fewer flips to go than asked for, the state is the first end's; with none, nothing happens."""
    model = random_model(30, 7, "ones")
    search = make(which, model, True, 1)
    begin = np.zeros(30, np.uint8)
    goal = begin.copy()
    goal[:4] = 1
    for end, done in ((goal, 4), (begin, 0)):
        search.start(begin)
        assert search.relink(end, 10, 20, True) == done
        assert not search.sample.any()


def test_a_breakout_counts_optima_and_leaves_them(which: str) -> None:
    """Breakout goes from local optimum to local optimum, and a random search without direction finds more of them."""
    model = random_model(60, 9, "small")
    search = make(which, model, True, 4)
    search.adapt(2, 20, np.full(30, 0.8))
    search.breakout(3000, FOREVER)
    assert search.optima > 100
    plain = make(which, model, True, 4)
    plain.run(10**3, FOREVER)
    assert plain.optima == 0


def test_the_same_seed_gives_the_same_path_and_another_one_another(which: str) -> None:
    """The path depends on the model and the seed alone."""
    model = random_model(60, 1, "ones")
    searches = [make(which, model, True, seed) for seed in (1, 1, 2)]
    for search in searches:
        search.run(300, FOREVER)
    assert state(searches[0]) == state(searches[1])
    assert state(searches[0]) != state(searches[2])


def test_a_sample_of_another_model_is_refused(which: str) -> None:
    """Samples of the wrong length are an error, not a read beyond the end."""
    search = make(which, random_model(10, 1, "ones"), True, 1)
    with pytest.raises(ValueError, match="another model"):
        search.start(np.zeros(9, np.uint8))
    with pytest.raises(ValueError, match="another model"):
        search.relink(np.zeros(11, np.uint8), 1, 2, True)


def test_only_one_thread_drives_a_search(which: str) -> None:
    """A second caller gets an error, and the first one carries on."""
    search = make(which, random_model(100, 1, "small"), True, 1)
    thread = threading.Thread(target=search.run, args=(2**40, 1.0))
    thread.start()
    refused = False
    while thread.is_alive() and not refused:
        time.sleep(0.001)
        try:
            search.run(1, FOREVER)
        except RuntimeError:
            refused = True
    thread.join()
    assert refused
    search.run(1, FOREVER)


def test_the_factory_follows_the_environment(which: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """QAMCTL_KERNELS=reference gives the numpy kernel; seeds are taken modulo 2^64."""
    monkeypatch.setenv("QAMCTL_KERNELS", "reference" if which == "reference" else "")
    model = random_model(20, 1, "ones")
    search = tabu_search(model, dense=True, tenure=3, spread=4, seed=-1, tolerance=0.0)
    assert isinstance(search, Reference) == (which == "reference")
    other = make(which, model, True, 2**64 - 1)
    for each in (search, other):
        each.run(50, FOREVER)
    assert state(search) == state(other)
