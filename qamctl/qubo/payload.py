"""What an engine of models is given: a penalty QUBO, or the model itself for engines that keep constraints natively."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from qamctl.qubo.model import Floats, Index, Model


class Payload(Protocol):
    """A model in the form that an engine takes; `qubo.compile.Compiled` is one, `Uncompiled` the other.

    Attributes
    ----------
    kind
        "qubo" or "model", as in `backends.base.Capabilities`.
    n
        Variables of the engine's samples; the first ones are the model's.
    row
        One entry for each coupling.
    """

    @property
    def kind(self) -> str: ...
    @property
    def n(self) -> int: ...
    @property
    def row(self) -> Index: ...

    def extend(self, sample: np.ndarray) -> np.ndarray:
        """[n] or [s, n]: samples of the model as the engine's."""
        ...

    def restore(self, samples: np.ndarray) -> np.ndarray:
        """The model's part of the engine's samples."""
        ...

    def energy(self, samples: np.ndarray) -> Floats:
        """[s] what the engine minimises, of samples [s, n]."""
        ...


@dataclass(frozen=True)
class Uncompiled:
    """A model with its groups and rows, for engines that search among the states that keep them.

    Attributes
    ----------
    kind
        "model".
    """

    model: Model
    kind: str = "model"

    @property
    def n(self) -> int:
        """Variables; there are no others than the model's."""
        return self.model.n

    @property
    def row(self) -> Index:
        """[q] the lower end of each coupling."""
        return self.model.row

    def extend(self, sample: np.ndarray) -> np.ndarray:
        """The samples themselves."""
        return np.asarray(sample, np.uint8)

    def restore(self, samples: np.ndarray) -> np.ndarray:
        """The samples themselves."""
        return np.asarray(samples)

    def energy(self, samples: np.ndarray) -> Floats:
        """[s] the objective of samples [s, n], constraints apart."""
        model = self.model
        rows = np.atleast_2d(np.asarray(samples)) != 0
        out = np.empty(len(rows))
        for s, sample in enumerate(rows):
            both = sample[model.row] & sample[model.col]
            out[s] = model.offset + float(model.linear[sample].sum()) + float(model.weight[both].sum())
        return out
