"""A toy problem for the hybrid loop: minimise a sum of bits, two bits a window."""

from __future__ import annotations

import numpy as np
from support.qubo_models import model_of

from qamctl.qubo.compile import compile_qubo
from qamctl.qubo.penalties import sufficient_weights
from qamctl.qubo.window import Window

State = tuple[int, ...]


class Bits:
    """The windows of the toy; `broken` samples cannot be read.

    Attributes
    ----------
    left
        Windows that can still be opened.
    proofs, improved
        What windows were told by exact engines, and whether they improved the answer.
    """

    def __init__(self, *, broken: bool = False, windows: int = 1_000) -> None:
        self.broken, self.left = broken, windows
        self.proofs: list[float] = []
        self.improved: list[bool] = []

    def value(self, answer: State) -> tuple[float, ...]:
        return (float(sum(answer)),)

    def open(self, incumbent: State, attempt: int, rng: np.random.Generator, count: int) -> list[Window[State]]:
        if self.left == 0:
            return []
        self.left -= 1
        at = int(rng.integers(len(incumbent) - 1))
        model = model_of([1.0, 1.0], offset=float(sum(incumbent) - incumbent[at] - incumbent[at + 1]))
        compiled = compile_qubo(model, sufficient_weights(model))

        def read(sample: np.ndarray, onto: State) -> State | None:
            if self.broken:
                return None
            return (*onto[:at], *(int(b) for b in sample), *onto[at + 2 :])

        return [Window(model, compiled, np.array(incumbent[at : at + 2], np.uint8), read, self.proofs.append)]

    def closed(self, window: Window[State], improved: bool) -> None:
        self.improved.append(improved)
