"""What the tabu kernels are put through under the sanitizers."""

from __future__ import annotations

from typing import Any

import numpy as np
from support.tabu_kernels import KINDS, random_model, state

from qamctl.kernels.tabu.reference import TabuSearch


def campaign(native: Any) -> None:
    """Every type of numbers, dense and sparse, over sizes around those of blocks; tenures beyond the size."""
    for n in (0, 1, 2, 63, 64, 65, 128, 130, 300):
        for kind in KINDS:
            for dense in (True, False):
                model, rng = random_model(n, 1, kind, 0.3), np.random.default_rng(n)
                args = (model, dense, n % 40, 1 + n % 9, 0.0 if model.integral else 1e-9, n)
                search, reference = native.TabuSearch(*args), TabuSearch(*args)
                for each in (search, reference):
                    each.adapt(1, 1 + n // 5, np.linspace(1.0, 0.0, 5))
                goals = rng.integers(0, 2, (3, n), dtype=np.uint8)
                for each in (search, reference):
                    each.run(100, 1e9)
                    each.start(goals[0])
                    each.relink(goals[1], n // 4, n // 2, True)
                    each.run(50, 1e9)
                    each.relink(goals[2], 0, n, False)
                    each.breakout(100, 1e9)
                assert state(search) == state(reference)
                search.run(10**6, 0.0)
