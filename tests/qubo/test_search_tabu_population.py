"""The elite of a memetic search keeps what is good and apart."""

from __future__ import annotations

import numpy as np

from qamctl.qubo.search.population import Population


def bits(*on: int) -> np.ndarray:
    """A sample of ten variables."""
    sample = np.zeros(10, np.uint8)
    sample[list(on)] = 1
    return sample


def filled(symmetric: bool = False) -> Population:
    """Three members, far apart."""
    elite = Population(3, symmetric)
    for value, sample in ((-5.0, bits()), (-3.0, bits(0, 1, 2, 3)), (-4.0, bits(4, 5, 6, 7))):
        assert elite.admit(value, sample)
    return elite


def test_it_is_full_at_its_size() -> None:
    """Members are taken until the size is reached."""
    assert not Population(1, False).full
    assert filled().full


def test_a_sample_is_taken_once() -> None:
    """What is there already is refused; a complement too, where it is the same solution."""
    assert not filled().admit(-5.0, bits())
    complement = 1 - bits()
    assert not filled(symmetric=True).admit(-5.0, complement)
    assert filled(symmetric=False).admit(-9.0, complement)


def test_the_worst_gives_way_to_a_better_one() -> None:
    """A better sample takes the place of the one that scores least; a poor one is refused."""
    elite = filled()
    assert not elite.admit(-1.0, bits(0))
    assert elite.admit(-6.0, bits(8, 9, 0, 4))
    assert sorted(member.value for member in elite.members) == [-6.0, -5.0, -4.0]


def test_near_members_give_way_to_distant_ones() -> None:
    """Of nearly equal values the one goes that is close to another."""
    elite = Population(3, False)
    for value, sample in ((-10.0, bits()), (-9.9, bits(0)), (0.0, bits(5, 6, 7, 8, 9))):
        elite.admit(value, sample)
    assert elite.admit(-9.9, bits(1, 2, 3, 4, 5, 6))
    assert -9.9 in [member.value for member in elite.members]
    assert elite.best.value == -10.0
    assert len(elite.members) == 3


def test_the_best_stays() -> None:
    """No admission removes the least value, even if all are near to each other; equal bests leave the oldest."""
    rng = np.random.default_rng(1)
    elite = Population(4, False)
    best = np.inf
    for _ in range(300):
        value = float(rng.integers(-50, 50))
        sample = rng.integers(0, 2, 10, dtype=np.uint8)
        before = [member.sample.tolist() for member in elite.members]
        elite.admit(value, sample)
        if sample.tolist() not in before:
            best = min(best, value)
        assert elite.best.value == best
        assert len(elite.members) <= 4
    flat = Population(2, False)
    assert [flat.admit(1.0, bits(k)) for k in range(4)] == [True, True, False, False]


def test_renewal_keeps_the_best_alone() -> None:
    """A new beginning keeps one member."""
    elite = filled()
    elite.renew()
    assert [member.value for member in elite.members] == [-5.0]


def test_goals_are_the_nearer_of_sample_and_complement() -> None:
    """Where complements are equal, the path leads to the nearer one."""
    near, apart = filled(symmetric=True).towards(bits(0), 1 - bits(0, 1))
    assert (near.tolist(), apart) == (bits(0, 1).tolist(), 1)
    far, apart = filled(symmetric=False).towards(bits(0), 1 - bits(0, 1))
    assert (far.tolist(), apart) == ((1 - bits(0, 1)).tolist(), 9)
