"""Names of the variables of a cluster model, made only when somebody reads them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, overload

import numpy as np

from qamctl.cluster.choices import Choices
from qamctl.cluster.instance import Instance
from qamctl.cluster.part import Part
from qamctl.cluster.spec import Ints

if TYPE_CHECKING:
    from qamctl.cluster.draft import Block


@dataclass(frozen=True, eq=False)
class Names:
    """What the parts of a problem are called."""

    instance: Instance
    part: Part

    def cluster(self, node: int) -> str:
        """A cluster; `*` is the whole fleet."""
        whole = int(self.part.node[node])
        row = int(self.instance.forest.row[whole]) if whole >= 0 else -1
        return self.instance.spec.clusters.ids[row] if row >= 0 else "*"

    def resource(self, column: int) -> str:
        """A resource."""
        return self.instance.spec.resources.ids[column]

    def unit(self, unit: int) -> str:
        """A unit, by the first of its agents."""
        free = self.part.problem.n - len(self.part.unit)
        if unit < free:
            return f"still{unit}"
        return self.instance.spec.agents.ids[int(self._agents[self.part.unit[unit - free]])]

    @cached_property
    def _agents(self) -> Ints:
        """[units] the first agent of each."""
        return np.unique(self.instance.unit, return_index=True)[1]


@dataclass(frozen=True, eq=False)
class Labels(Sequence[str]):
    """`agent@cluster`, `agent@-` where it is left out; then `used/cluster` and the other bits by what they say.

    A unit of several agents has the name of its first one.
    """

    names: Names
    choices: Choices
    blocks: Sequence[Block]

    def __len__(self) -> int:
        return len(self.choices.unit) + sum(block.bits for block in self.blocks)

    @overload
    def __getitem__(self, item: int) -> str: ...
    @overload
    def __getitem__(self, item: slice) -> Sequence[str]: ...
    def __getitem__(self, item: int | slice) -> str | Sequence[str]:
        """The name of one variable, or of a run of them."""
        if isinstance(item, slice):
            return [self[i] for i in range(*item.indices(len(self)))]
        i = range(len(self))[item]
        if i < len(self.choices.unit):
            leaf = int(self.choices.leaf[i])
            place = "-" if leaf == self.choices.leaves else self.names.cluster(leaf)
            return f"{self.names.unit(int(self.choices.unit[i]))}@{place}"
        block = self.blocks[bisect_right([block.first for block in self.blocks], i) - 1]
        return block.name(i - block.first)
