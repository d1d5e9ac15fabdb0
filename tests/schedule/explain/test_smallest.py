"""The smallest part that fails: none of it can be spared, and it is found in few questions."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from qamctl.schedule.explain.smallest import smallest

#: Sets of numbers that fail together.
Cores = list[frozenset[int]]


def failing(cores: Cores, some: Sequence[int]) -> bool:
    """Whether some numbers hold one of the sets."""
    return any(core <= set(some) for core in cores)


@given(
    st.integers(1, 40).flatmap(
        lambda n: st.tuples(
            st.just(n), st.lists(st.frozensets(st.integers(0, n - 1), min_size=1, max_size=6), min_size=1, max_size=4)
        )
    )
)
def test_nothing_can_be_spared(case: tuple[int, Cores]) -> None:
    """What is found is one of the sets that fail, in the order of the items."""
    n, cores = case
    found = smallest(range(n), lambda some: failing(cores, some))
    assert found == sorted(found)
    assert failing(cores, found)
    assert not any(failing(cores, [one for one in found if one != spared]) for spared in found)


def test_the_earlier_of_two_is_taken() -> None:
    """Where either of two items would do, it is the one that comes first."""
    assert smallest(range(9), lambda some: failing([frozenset({2, 7}), frozenset({5, 7})], some)) == [2, 7]


def test_few_questions_are_asked() -> None:
    """Three items of a thousand are found in less than a hundred questions."""
    asked = []

    def fails(some: Sequence[int]) -> bool:
        asked.append(len(some))
        return failing([frozenset({3, 500, 998})], some)

    assert smallest(range(1000), fails) == [3, 500, 998]
    assert len(asked) < 100


def test_where_nothing_is_answered_all_is_kept() -> None:
    """An answer that does not come counts as no: then everything stays, which fails."""
    assert smallest(range(5), lambda some: False) == [0, 1, 2, 3, 4]
    assert smallest([], lambda some: False) == []


def test_nothing_is_needed_where_nothing_fails_too() -> None:
    """What fails without any of the items needs none of them."""
    assert smallest(range(5), lambda some: True) == []
