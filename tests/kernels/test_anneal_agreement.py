"""The C++ annealing kernels take the reference's decisions, one by one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.anneal_kernels import (
    KINDS,
    anneal_kernel,
    ladder_state,
    needs_native,
    random_model,
    state,
    temperatures_of,
    tempering_kernel,
)

from qamctl.kernels import extension
from qamctl.kernels.anneal.arrange import arrange, pack

pytestmark = needs_native

SIZES = (0, 1, 2, 31, 33, 64, 100)


@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", SIZES)
def test_both_annealers_agree_after_every_sweep(n: int, kind: str, dense: bool) -> None:
    """States, energies, counts and the best are equal after each sweep, descent and crossing."""
    model, rng = random_model(n, 7, kind), np.random.default_rng(n)
    arranged = arrange(model, dense)
    one, two = arranged.spread(rng.integers(0, 2, n)), arranged.spread(rng.integers(0, 2, n))
    kernels = [anneal_kernel(which, arranged, 5) for which in ("reference", "native")]
    for kernel in kernels:
        kernel.start(one)
        kernel.plan(temperatures_of(model, 14))
    assert state(kernels[0]) == state(kernels[1])
    for sweeps in [1] * 8 + [2, 100]:
        assert kernels[0].run(sweeps, 1e9) == kernels[1].run(sweeps, 1e9)
        assert state(kernels[0]) == state(kernels[1])
    assert kernels[0].cross(two) == kernels[1].cross(two)
    assert state(kernels[0]) == state(kernels[1])
    for kernel in kernels:
        kernel.seed(9)
        kernel.plan(temperatures_of(model, 3))
        kernel.run(3, 1e9)
        kernel.descend()
    assert state(kernels[0]) == state(kernels[1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", SIZES)
def test_both_temperings_agree_after_every_round(n: int, kind: str) -> None:
    """Replicas, exchanges and clusters are equal after each round, also with new temperatures."""
    model, rng = random_model(n, 8, kind, 0.05), np.random.default_rng(n)
    arranged, ladder = arrange(model), temperatures_of(model, 4)
    starts = [arranged.spread(rng.integers(0, 2, n)) for _ in range(8)]
    kernels = [tempering_kernel(which, arranged, ladder, 3) for which in ("reference", "native")]
    for kernel in kernels:
        for replica, start in enumerate(starts):
            kernel.start(replica, start)
    for rounds in (1, 1, 1, 4):
        assert kernels[0].run(rounds, 1e9) == kernels[1].run(rounds, 1e9) == rounds
        assert ladder_state(kernels[0]) == ladder_state(kernels[1])
    for kernel in kernels:
        kernel.heat(ladder / 3)
        kernel.run(5, 1e9)
    assert ladder_state(kernels[0]) == ladder_state(kernels[1])


@pytest.mark.parametrize("density", [0.0, 0.02, 0.3, 1.0])
def test_both_pack_alike(density: float) -> None:
    """The slots of variables are the same."""
    model = random_model(150, 3, "small", density)
    order = np.random.default_rng(1).permutation(150).astype(np.int32)
    native = extension("anneal")
    assert native is not None
    assert pack(model.first, model.other, order).tolist() == native.pack(model.first, model.other, order).tolist()


CODE = """
import numpy as np
from support.anneal_kernels import KINDS, anneal_kernel, random_model, state, temperatures_of
from qamctl.kernels.anneal.arrange import arrange
for kind in KINDS:
    for dense in (True, False):
        model = random_model(200, 1, kind, 0.1)
        arranged = arrange(model, dense)
        kernel = anneal_kernel("native", arranged, 1)
        kernel.plan(temperatures_of(model, 60))
        kernel.run(60, 1e9)
        print(kind, dense, state(kernel))
"""


def test_every_instruction_set_gives_the_same_answer() -> None:
    """The same seed gives the same states and energies whatever instructions are used."""
    tests = str(Path(__file__).resolve().parents[1])
    answers = set()
    for isa in ("1", "3", "4"):
        env = os.environ | {"QAMCTL_ISA": isa, "PYTHONPATH": tests, "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run([sys.executable, "-P", "-c", CODE], env=env, capture_output=True, text=True, check=True)
        answers.add(done.stdout)
    assert len(answers) == 1
