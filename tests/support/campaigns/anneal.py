"""What the annealing kernels are put through under the sanitizers."""

from __future__ import annotations

from typing import Any

import numpy as np
from support.anneal_kernels import KINDS, ladder_state, random_model, state, temperatures_of

from qamctl.kernels.anneal.arrange import arrange, pack
from qamctl.kernels.anneal.reference import Annealer
from qamctl.kernels.anneal.replicas import Tempering


def campaign(native: Any) -> None:
    """Every type of numbers, dense and sparse, over sizes around those of blocks; slices without any time."""
    for n in (0, 1, 2, 31, 32, 33, 64, 130):
        for kind in KINDS:
            model, rng = random_model(n, 1, kind), np.random.default_rng(n)
            order = np.arange(n, dtype=np.int32)
            assert (
                pack(model.first, model.other, order).tolist() == native.pack(model.first, model.other, order).tolist()
            )
            for dense in (True, False):
                arranged = arrange(model, dense)
                starts = [arranged.spread(rng.integers(0, 2, n)) for _ in range(6)]
                pair = (native.Annealer(arranged, n), Annealer(arranged, n))
                for kernel in pair:
                    kernel.start(starts[0])
                    kernel.plan(temperatures_of(model, 12))
                    kernel.run(5, 1e9)
                    kernel.cross(starts[1])
                    kernel.run(100, 1e9)
                    kernel.descend()
                assert state(pair[0]) == state(pair[1])
                ladders = [make(arranged, temperatures_of(model, 3), n) for make in (native.Tempering, Tempering)]
                for ladder in ladders:
                    for replica, start in enumerate(starts):
                        ladder.start(replica, start)
                    ladder.run(6, 1e9)
                assert ladder_state(ladders[0]) == ladder_state(ladders[1])
    arranged = arrange(random_model(3000, 2, "small", 0.01))
    kernel = native.Annealer(arranged, 1)
    kernel.plan(np.full(100, 5.0))
    while kernel.left:
        kernel.run(100, 0.0)
    many = arrange(random_model(3000, 2, "maxcut", 0.003))
    native.Tempering(many, np.geomspace(4.0, 0.2, 4), 1).run(10, 1e9)
