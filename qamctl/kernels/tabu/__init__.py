"""The tabu kernels: plain numpy in reference.py, C++ in tabu.hpp; both decide alike, step by step."""

from __future__ import annotations

from typing import Protocol

from qamctl.kernels import extension
from qamctl.kernels.couplings import Couplings, Floats, Samples


class TabuSearch(Protocol):
    """Tabu search over a binary model, driven in slices that do not change its path.

    Methods and properties are described in `qamctl.kernels.tabu.reference`. A step is one flip; `steps`,
    `improved` (the step of the last improvement) and `optima` count from the last `start` or `relink`.

    Raises
    ------
    RuntimeError
        By every method, when another thread is using this object.
    ValueError
        For a sample of another length.
    """

    def start(self, sample: Samples) -> None: ...

    def relink(self, sample: Samples, least: int, most: int, greedy: bool) -> int: ...

    def run(self, steps: int, seconds: float) -> int: ...

    def breakout(self, steps: int, seconds: float) -> int: ...

    def limit(self, patience: int, target: float) -> None: ...

    def adapt(self, shortest: int, strong: int, directed: Floats) -> None: ...

    @property
    def value(self) -> float: ...

    @property
    def best_value(self) -> float: ...

    @property
    def sample(self) -> Samples: ...

    @property
    def best_sample(self) -> Samples: ...

    @property
    def steps(self) -> int: ...

    @property
    def improved(self) -> int: ...

    @property
    def optima(self) -> int: ...


def tabu_search(model: Couplings, *, dense: bool, tenure: int, spread: int, seed: int, tolerance: float) -> TabuSearch:
    """A tabu search that begins at all zeros, in C++ or else the reference.

    Parameters
    ----------
    dense
        Keep the couplings as a full matrix: n * n entries of 1 to 8 bytes.
    tenure, spread
        A flipped variable is tabu for `tenure` + 0 .. `spread` - 1 steps; spread >= 1.
    tolerance
        Less than this is no improvement: the model's own, 0 for whole numbers; with less, a search of others can
        take rounding for improvement without end.
    """
    found = extension("tabu")
    if found is None:
        from qamctl.kernels.tabu.reference import TabuSearch as Reference

        return Reference(model, dense, tenure, spread, tolerance, seed % 2**64)
    search: TabuSearch = found.TabuSearch(model, dense, tenure, spread, tolerance, seed % 2**64)
    return search
