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

for kind in KINDS:
    make("native", random_model(70, 3, kind), True, 1).run(200, 1e9)
# Long doubles are what the x87 unit computes with; eight of them fill it, and MMX state makes NaN of them.
found = np.sqrt(np.arange(1, 40, dtype=np.longdouble)).sum() + np.longdouble(1) / np.longdouble(3)
assert np.isfinite(found), found
assert abs(float(found) - 165.624566) < 1e-3, found
assert np.finfo(np.float32).smallest_subnormal > 0
"""


@needs_native
@pytest.mark.parametrize("isa", ["1", "3", "4"])
def test_dense_tabu_search_leaves_no_trace_in_the_floating_point_unit(isa: str) -> None:
    """Of GCC's making: halves of vectors that were loaded through MMX registers, which x87 code then stumbled over."""
    tests = str(Path(__file__).parents[1])
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, tests], capture_output=True, text=True, check=False,
        env={**os.environ, "QAMCTL_ISA": isa},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
