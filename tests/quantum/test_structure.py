"""Groups choose the mixer, and circuits that are too large are refused before anything is allocated."""

from __future__ import annotations

import numpy as np
import pytest
from support.qubo_models import model_of

from qamctl.errors import UnsupportedError, UsageError
from qamctl.quantum.qaoa.structure import (
    BYTES_EACH,
    ansatz_for,
    check_size,
    choose_ansatz,
    disjoint,
    relaxed,
    states_limit,
)
from qamctl.qubo.compile import compile_qubo
from qamctl.qubo.penalties import sufficient_weights


def test_groups_are_kept_by_hops_and_other_qubits_by_x() -> None:
    """Auto is xy-full with the groups where there are any, and x without."""
    grouped = ansatz_for(5, [(0, 1, 2)], 2)
    assert (grouped.mixer, grouped.register.groups, grouped.register.free) == ("xy-full", ((0, 1, 2),), (3, 4))
    assert ansatz_for(5, [], 2).mixer == "x"
    assert ansatz_for(5, [(4,)], 2).mixer == "x"


def test_named_mixers_are_taken() -> None:
    """x keeps no groups, grover needs none, and xy without groups is x."""
    assert ansatz_for(4, [(0, 1)], 1, "x").register.groups == ()
    assert ansatz_for(4, [(0, 1)], 1, "xy-ring").mixer == "xy-ring"
    assert ansatz_for(4, [], 1, "xy-ring").mixer == "x"
    assert ansatz_for(4, [], 1, "grover").mixer == "grover"


def test_overlapping_groups_leave_the_largest() -> None:
    """Of groups that share a member the largest stands, and the order is the given one."""
    assert disjoint([(5, 6), (0, 1), (1, 2, 3), (4,), (7, 7)]) == ((5, 6), (1, 2, 3))


def test_a_compiled_model_brings_its_groups() -> None:
    """The groups of a model, and those of its penalty QUBO, choose the mixer."""
    model = model_of([1.0, 2.0, 3.0, 4.0], groups=[[0, 1], [2, 3]])
    for problem in (model, compile_qubo(model, sufficient_weights(model))):
        assert choose_ansatz(problem, 3).register.groups == ((0, 1), (2, 3))


def test_a_warm_start_speaks_of_free_qubits() -> None:
    """Of values for all variables those outside kept groups are taken."""
    assert ansatz_for(4, [(0, 1)], 1, warm=[0.0, 0.1, 0.3, 0.4]).warm == (0.3, 0.4)
    assert relaxed([0, 1, 0.4]) == (0.25, 0.75, 0.4)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ansatz_for(3, [], 1, "y"), "no mixer 'y': choose auto, x"),
        (lambda: ansatz_for(3, [], 0), "depth of at least 1"),
        (lambda: relaxed([0.5, 1.5]), r"values in \[0, 1\]"),
        (lambda: relaxed([0.5, float("nan")]), r"values in \[0, 1\]"),
        (lambda: relaxed([0.5], epsilon=0.0), "epsilon"),
    ],
)
def test_nonsense_is_refused_with_what_to_do(call: object, words: str) -> None:
    """Names and figures that make no sense are the caller's fault."""
    with pytest.raises(UsageError, match=words):
        call()  # type: ignore[operator]


def test_a_circuit_too_large_is_refused_at_once() -> None:
    """Sixty qubits are refused with their states, what they need, and what would fit."""
    with pytest.raises(UnsupportedError) as caught:
        check_size(ansatz_for(60, [], 1), memory=BYTES_EACH << 20)
    for words in ("60 qubits", "2^60.0 states", "EiB", "20 free qubits", "--max-qubits"):
        assert words in caught.value.message


def test_groups_make_large_circuits_small() -> None:
    """Twenty-five qubits in five groups are 3125 states, which fit where 2^25 do not."""
    groups = [tuple(range(5 * k, 5 * k + 5)) for k in range(5)]
    check_size(ansatz_for(25, groups, 1), memory=BYTES_EACH * 3125)
    with pytest.raises(UnsupportedError, match="5 one-hot groups kept, moves among 3,125 states"):
        check_size(ansatz_for(25, groups, 1), memory=BYTES_EACH * 3124)


def test_the_limit_follows_the_memory() -> None:
    """Twice the memory, twice the states; without a budget it is the machine's."""
    assert states_limit(BYTES_EACH * 1000) == 1000
    assert states_limit() > 2**16
    assert np.log2(states_limit(1)) == 0
