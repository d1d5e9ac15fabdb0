"""Names of the variables of a schedule model, made only when somebody reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

from qamctl.schedule.choices import Choices
from qamctl.schedule.instance import Instance
from qamctl.schedule.spec import Ints


@dataclass(frozen=True)
class Labels(Sequence[str]):
    """`task@start`, with `:mode` and `/agent` where the task has several options; `end>=time`, `used/agent`.

    Times are in slots; an agent stands for its class of interchangeable agents.
    """

    instance: Instance
    choices: Choices
    ends: Ints
    holders: Ints

    def __len__(self) -> int:
        return len(self.choices.task) + len(self.ends) + len(self.holders)

    @overload
    def __getitem__(self, item: int) -> str: ...
    @overload
    def __getitem__(self, item: slice) -> Sequence[str]: ...
    def __getitem__(self, item: int | slice) -> str | Sequence[str]:
        """The name of one variable, or of a run of them."""
        if isinstance(item, slice):
            return [self[i] for i in range(*item.indices(len(self)))]
        i = range(len(self))[item]
        n = len(self.choices.task)
        if i >= n + len(self.ends):
            return f"used/{self._agent(int(self.holders[i - n - len(self.ends)]))}"
        if i >= n:
            return f"end>={self.ends[i - n]}"
        instance, spec = self.instance, self.instance.spec
        task, option = int(self.choices.task[i]), int(self.choices.option[i])
        name = spec.tasks.ids[task]
        if instance.first_option[task + 1] - instance.first_option[task] > 1:
            mode = spec.modes.ids[int(instance.option_mode[option])]
            holder = int(instance.option_holder[option])
            name += (f":{mode}" if mode is not None else "") + (f"/{self._agent(holder)}" if holder else "")
        return f"{name}@{self.choices.start[i]}"

    def _agent(self, holder: int) -> str:
        return self.instance.spec.agents.ids[int(self.instance.members[holder][0])]
