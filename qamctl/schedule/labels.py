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

    Times are in slots; an agent stands for its class of interchangeable agents. With crews, `/agent+agent` has several
    of them, and `task:out` leaves its task out.
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
        if instance.crews is not None and instance.crews.out[option]:
            return f"{name}:out"
        if instance.first_option[task + 1] - instance.first_option[task] > 1:
            mode = spec.modes.ids[int(instance.option_mode[option])]
            crew = self._crew(option)
            name += (f":{mode}" if mode is not None else "") + (f"/{crew}" if crew else "")
        return f"{name}@{self.choices.start[i]}"

    def _agent(self, holder: int) -> str:
        return self.instance.spec.agents.ids[int(self.instance.members[holder][0])]

    def _crew(self, option: int) -> str:
        crews = self.instance.crews
        if crews is None:
            holder = int(self.instance.option_holder[option])
            return self._agent(holder) if holder else ""
        ids, members = self.instance.spec.agents.ids, self.instance.members
        return "+".join(ids[int(a)] for holder, number in crews.of(option) for a in members[holder][:number])
