"""The C++ tabu kernels take the reference's decisions, one by one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tabu_kernels import KINDS, make, needs_native, random_model, state

pytestmark = needs_native


def follow(n: int, seed: int, kind: str, dense: bool, density: float = 0.5) -> None:
    """Drive both kernels through every method, and compare all that can be seen after each call."""
    model = random_model(n, seed, kind, density)
    both = [make(which, model, dense, seed, 1 + seed % 5, 1 + seed % 7) for which in ("native", "reference")]
    rng = np.random.default_rng(seed)
    directed = np.exp(-np.arange(9) / 8)

    def each(name: str, *args: object) -> None:
        done = [getattr(search, name)(*args) for search in both]
        assert done[0] == done[1]
        assert state(both[0]) == state(both[1])

    each("run", 7, 1e9)
    each("start", rng.integers(0, 2, n, dtype=np.uint8))
    for steps in (1, 1, 1, 5, 40):
        each("run", steps, 1e9)
    for greedy in (True, False):
        goal = rng.integers(0, 2, n, dtype=np.uint8)
        each("relink", goal, n // 6, n // 3, greedy)
        each("run", 20, 1e9)
    each("adapt", 2, 1 + n // 4, directed)
    each("start", both[0].best_sample)
    for steps in (1, 1, 1, 10, 150):
        each("breakout", steps, 1e9)
    each("limit", 12, -np.inf)
    each("start", both[0].best_sample)
    each("run", 500, 1e9)
    each("limit", 1000, both[0].best_value)
    each("run", 10, 1e9)


@pytest.mark.parametrize("dense", [True, False], ids=["dense", "sparse"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [0, 1, 2, 3, 40, 150])
def test_both_kernels_agree_after_every_call(n: int, kind: str, dense: bool) -> None:
    """States, values and counts are equal after each slice, whatever numbers the kernel computes with."""
    for seed in range(3):
        follow(n, seed, kind, dense)


@given(
    n=st.integers(0, 80),
    seed=st.integers(0, 2**32),
    kind=st.sampled_from(KINDS),
    dense=st.booleans(),
    density=st.floats(0, 1),
)
@settings(max_examples=40, deadline=None)
def test_both_kernels_agree_on_random_models(n: int, seed: int, kind: str, dense: bool, density: float) -> None:
    """The same holds for any size, seed and density, zero couplings included."""
    follow(n, seed, kind, dense, density)


def test_every_instruction_set_takes_the_same_path() -> None:
    """QAMCTL_ISA chooses the loops' instructions, never the answer."""
    code = """
from support.tabu_kernels import KINDS, make, random_model, state
for kind in KINDS:
    for dense in (True, False):
        search = make("native", random_model(200, 1, kind), dense, 5)
        search.run(2000, 1e9)
        print(state(search))
"""
    seen = set()
    for isa in ("1", "3", "4"):
        env = os.environ | {"QAMCTL_ISA": isa, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
        done = subprocess.run([sys.executable, "-P", "-c", code], env=env, capture_output=True, text=True, check=True)
        seen.add(done.stdout)
    assert len(seen) == 1
    assert len(seen.pop().splitlines()) == 2 * len(KINDS)
