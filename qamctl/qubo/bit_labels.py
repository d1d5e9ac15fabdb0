"""Names of the variables of a compiled model, made only when somebody reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from qamctl.qubo.domain_wall import DomainWalls
from qamctl.qubo.model import Model
from qamctl.qubo.slack import Slack


@dataclass(frozen=True)
class BitLabels(Sequence[str]):
    """The model's labels, `wall/<label>` for the wall after a member, `slack/<kind>/<row>/<bit>` for slack bits."""

    model: Model
    walls: DomainWalls | None
    slack: Slack

    def __len__(self) -> int:
        return self._own + self.slack.n_bits

    @property
    def _own(self) -> int:
        return self.model.n if self.walls is None else self.walls.n

    @overload
    def __getitem__(self, item: int) -> str: ...
    @overload
    def __getitem__(self, item: slice) -> Sequence[str]: ...
    def __getitem__(self, item: int | slice) -> str | Sequence[str]:
        """The name of one variable, or of a run of them."""
        if isinstance(item, slice):
            return [self[i] for i in range(*item.indices(len(self)))]
        i = range(len(self))[item]
        if i < self._own:
            return self._variable(i)
        slack = self.slack
        k = int(np.searchsorted(slack.bit_start, i - self._own, side="right")) - 1
        row, bit = int(slack.row[k]), i - self._own - int(slack.bit_start[k])
        return f"slack/{self.model.con_kinds[int(self.model.con_kind[row])]}/{row}/{bit}"

    def _variable(self, i: int) -> str:
        if self.walls is None:
            return self.model.labels[i]
        walls = self.walls
        if i >= walls.bit_start[-1]:
            return self.model.labels[int(np.flatnonzero(walls.before == i)[0])]
        k = int(np.searchsorted(walls.bit_start, i, side="right")) - 1
        member = walls.member[walls.member_start[k] + i - walls.bit_start[k]]
        return f"wall/{self.model.labels[int(member)]}"
