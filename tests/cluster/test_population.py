"""Which answers are bred."""

from __future__ import annotations

import numpy as np

from qamctl.cluster.solvers.population import BEGINNING, ENDING, PATIENCE, POPULATION, Answer, Population


def answer(value: float, *cut: int) -> Answer:
    """An answer that cuts some of ten links."""
    return Answer((0.0, value), np.zeros(4, np.int32), np.isin(np.arange(10), cut))


def full() -> Population:
    """Values 10, 11, 12, ...; the k-th cuts link k alone."""
    population = Population()
    for k in range(POPULATION):
        population.admit(answer(10.0 + k, k))
    return population


def values(population: Population) -> list[float]:
    """Of its answers."""
    return sorted(one.value[1] for one in population.answers)


def test_it_grows_first_and_breeds_then() -> None:
    """New answers until it is full, or until its time to grow is over and there are two."""
    population = Population()
    assert population.wants(0.99)
    population.admit(answer(5.0))
    assert population.wants(0.99)
    population.admit(answer(6.0))
    assert population.wants(BEGINNING / 2)
    assert not population.wants(BEGINNING)
    assert not full().wants(0.0)


def test_a_better_answer_takes_the_place_of_the_one_most_like_it() -> None:
    """Among those that are no better; one that is worse than all is not taken."""
    population = full()
    population.admit(answer(10.5, 3, 4))  # most like those of 13 and 14, of which the first is found first
    assert values(population) == [10.0, 10.5, 11.0, 12.0, *(14.0 + k for k in range(POPULATION - 4))]
    population.admit(answer(99.0, 0))
    assert 99.0 not in values(population)
    population.admit(answer(10.0, 0))
    assert len(population.answers) == POPULATION


def test_parents_are_two_and_the_better_one_is_first() -> None:
    """Whoever is drawn."""
    population, rng = full(), np.random.default_rng(1)
    pairs = [population.parents(rng) for _ in range(50)]
    assert all(one.value < other.value for one, other in pairs)
    assert len({(one.value, other.value) for one, other in pairs}) > 10


def test_a_population_that_finds_nothing_better_gives_way() -> None:
    """The best of it comes back in the end, beside the others; near the end none gives way."""
    population = full()
    for _ in range(PATIENCE - POPULATION):  # the first was better than nothing, all after it were worse
        population.admit(answer(50.0))
    assert not population.wants(0.5)
    population.admit(answer(50.0))
    assert not population.wants(ENDING)
    assert population.wants(0.5)
    assert population.answers == []
    for k in range(POPULATION):
        assert population.wants(0.6)
        population.admit(answer(20.0 + k, k))
    assert not population.wants(0.6)
    assert not population.wants(ENDING)
    assert values(population) == [10.0, *(20.0 + k for k in range(POPULATION))]
    assert not population.wants(1.0)
