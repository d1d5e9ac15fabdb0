"""Kernels leave the processor as they found it: what others compute afterwards is right."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.tabu_kernels import needs_native

SCRIPT = """
import sys
import numpy as np
sys.path[:0] = sys.argv[1:]
from support.tabu_kernels import KINDS, make, random_model

def check():
    # Long doubles are what the x87 unit computes with; MMX state makes NaN of the first few.
    with np.errstate(all="ignore"):
        found = np.sqrt(np.arange(1, 40, dtype=np.longdouble)).sum() + np.longdouble(1) / np.longdouble(3)
    assert abs(float(found) - 165.624566) < 1e-3, found

goal = np.random.default_rng(0).integers(0, 2, 70, dtype=np.uint8)
for kind in KINDS:
    search = make("native", random_model(70, 3, kind), True, 1)
    search.adapt(2, 20, np.linspace(1.0, 0.5, 4))
    check()
    search.run(60, 1e9)
    check()
    search.relink(goal, 5, 20, True)
    check()
    search.breakout(60, 1e9)
    check()
"""


@needs_native
@pytest.mark.parametrize("isa", ["1", "3", "4"])
def test_dense_tabu_search_leaves_no_trace_in_the_floating_point_unit(tmp_path: Path, isa: str) -> None:
    """Of GCC's making: halves of vectors that were loaded through MMX registers, which x87 code then stumbled over."""
    tests = str(Path(__file__).parents[1])
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, tests], capture_output=True, text=True, check=False,
        env={**os.environ, "QAMCTL_ISA": isa}, cwd=tmp_path,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
