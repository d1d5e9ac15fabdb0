"""Why nobody can do a task: which of its demands no agent, and no shared resource, can meet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from qamctl.schedule.instance import Instance
from qamctl.schedule.spec import ScheduleSpec
from qamctl.spec.quantities import as_written
from qamctl.spec.reason import Reason


def unable(instance: Instance) -> Iterator[Reason]:
    """For every task that has no option, the reason why each of its modes has none."""
    tasks = instance.spec.tasks
    for t in np.flatnonzero(np.diff(instance.first_option) == 0).tolist():
        for m in range(int(tasks.first_mode[t]), int(tasks.first_mode[t + 1])):
            yield _Case(instance.spec, t, m).reason()


def amount(spec: ScheduleSpec, resource: int, scaled: int) -> int | float:
    """A quantity in the unit of the file: an int where it is integral."""
    return as_written(scaled, int(spec.resources.scale[resource]))


@dataclass(frozen=True, slots=True)
class _Case:
    """One mode of a task that nobody can do."""

    spec: ScheduleSpec
    task: int
    mode: int

    def reason(self) -> Reason:
        who = self.spec.modes.agents[self.mode]
        if who == ():
            return self._pinned_without_agent() or self._shared()
        named = list(range(len(self.spec.agents.ids)) if who is None else who)
        if not named:
            return self._because("agents", "agent-missing", "needs an agent, but there is none")
        able = [a for a in named if not self._lacks(a)]
        if not able:
            return self._unskilled(named)
        pinned = int(self.spec.tasks.pinned_agent[self.task])
        return self._unpinned(able) or self._too_few(able) or self._too_big([pinned] if pinned >= 0 else able)

    def _unpinned(self, able: list[int]) -> Reason | None:
        """What the task is pinned to and can't have."""
        tasks = self.spec.tasks
        pinned, mode = int(tasks.pinned_agent[self.task]), int(tasks.pinned_mode[self.task])
        if mode not in (-1, self.mode):
            text = f"is pinned to mode '{self.spec.modes.ids[mode]}'"
            return Reason(("tasks", self.task, "pinned", "mode"), "pinned-mode", f"{self._name()} {text}")
        for agent in tasks.pinned_crew.get(self.task, (pinned,) if pinned >= 0 else ()):
            if agent not in able:
                why = self._lacks(agent) or "is not among the agents that may do it"
                text = f"is pinned to agent '{self.spec.agents.ids[agent]}', which {why}"
                return Reason(("tasks", self.task, "pinned", "agent"), "pinned-agent", f"{self._name()} {text}")
        return None

    def _too_few(self, able: list[int]) -> Reason | None:
        """Fewer agents that may do it than it needs, and that carry the labels which rules compare."""
        count = int(self.spec.modes.count[self.mode])
        if len(able) < count:
            have = f"{len(able)} agent{'s' if len(able) > 1 else ''} may do it"
            return self._because("count", "agent-missing", f"needs {count} agents, but only {have}")
        for rule in self.spec.rules:
            if rule.label is None or self.task not in rule.tasks:
                continue
            carry = sum(rule.label in self.spec.agents.labels[a] for a in able)
            if carry < count:
                have = f"{carry if carry else 'none'} of the agents that may do it"
                text = f"needs {count} agent{'s' if count > 1 else ''} with a label '{rule.label}', which {have} carry"
                return Reason(("tasks", self.task, rule.kind), rule.kind, f"{self._name()} {text}")
        return None

    def _name(self) -> str:
        task = f"task '{self.spec.tasks.ids[self.task]}'"
        mode = self.spec.modes.ids[self.mode]
        return task if mode is None else f"{task} in mode '{mode}'"

    def _because(self, field: str, constraint: str, text: str) -> Reason:
        first, last = self.spec.tasks.first_mode[self.task : self.task + 2].tolist()
        given = self.spec.modes.ids[self.mode] is not None or last - first > 1
        inside = ("modes", self.mode - first) if given else ()
        return Reason(("tasks", self.task, *inside, field), constraint, f"{self._name()} {text}")

    def _lacks(self, agent: int) -> str:
        """What of the skills and labels that are asked for the agent hasn't got; empty where it has them all."""
        modes, agents = self.spec.modes, self.spec.agents
        for skill, level in modes.skills[self.mode].items():
            has = agents.skills[agent].get(skill)
            if has is None or has < level:
                return f"has {'no' if has is None else f'level {has:g} in'} skill '{skill}'"
        for label, value in modes.labels[self.mode].items():
            if agents.labels[agent].get(label) != value:
                return f"does not carry label {label}={value}"
        for taint in sorted(agents.taints[agent] - modes.tolerates[self.mode]):
            return f"has the taint '{taint}', which the task does not tolerate"
        return ""

    def _unskilled(self, named: list[int]) -> Reason:
        modes, agents = self.spec.modes, self.spec.agents
        whose = "agent" if modes.agents[self.mode] is None else "agent in its list"
        for skill, level in modes.skills[self.mode].items():
            levels = [agents.skills[a][skill] for a in named if skill in agents.skills[a]]
            if not levels:
                return self._because("skills", "skill", f"needs skill '{skill}', which no {whose} has")
            if max(levels) < level:
                text = f"needs skill '{skill}' at level {level:g}; the highest that an {whose} has is {max(levels):g}"
                return self._because("skills", "skill", text)
        for label, value in modes.labels[self.mode].items():
            if all(agents.labels[a].get(label) != value for a in named):
                return self._because("labels", "label", f"needs label {label}={value}, which no {whose} carries")
        tainted = [a for a in named if agents.taints[a] - modes.tolerates[self.mode]]
        if len(tainted) == len(named):
            taints = sorted(set().union(*(agents.taints[a] for a in tainted)) - modes.tolerates[self.mode])
            text = f"does not tolerate '{taints[0]}'" + (f" and {len(taints) - 1} more taints" if taints[1:] else "")
            return self._because("tolerates", "taint", f"{text}, and every {whose} has a taint that it does not")
        field, constraint = ("skills", "skill") if modes.skills[self.mode] else ("labels", "label")
        return self._because(field, constraint, f"needs skills and labels that no {whose} has together")

    def _pinned_without_agent(self) -> Reason | None:
        pinned = int(self.spec.tasks.pinned_agent[self.task])
        if pinned < 0:
            return None
        text = f"{self._name()} is pinned to agent '{self.spec.agents.ids[pinned]}', but takes no agent"
        return Reason(("tasks", self.task, "pinned", "agent"), "pinned-agent", text)

    def _demands(self) -> list[tuple[int, int]]:
        """The resources that the mode uses at all, with the amount."""
        used = self.spec.modes.demand[self.mode] > 0
        if self.spec.modes.duration[self.mode] == 0:
            used = used & self.spec.resources.consumable
        return [(r, int(self.spec.modes.demand[self.mode, r])) for r in np.flatnonzero(used).tolist()]

    def _kind(self, owner: str, resource: int) -> str:
        return f"{owner}-{'consumable' if self.spec.resources.consumable[resource] else 'capacity'}"

    def _shared(self) -> Reason:
        resources = self.spec.resources
        resource, need = next((r, d) for r, d in self._demands() if d > resources.capacity[r])
        return self._above_shared(resource, need)

    def _above_shared(self, resource: int, need: int) -> Reason:
        have = int(self.spec.resources.capacity[resource])
        name = self.spec.resources.ids[resource]
        text = f"demands {amount(self.spec, resource, need)} of '{name}', "
        text += "which nobody offers" if have < 0 else f"of which there is {amount(self.spec, resource, have)}"
        return self._because("demand", self._kind("shared", resource), text)

    def _too_big(self, able: list[int]) -> Reason:
        resources, agents = self.spec.resources, self.spec.agents
        for resource, need in self._demands():
            own = agents.capacity[able, resource]
            have = np.where(own >= 0, own, resources.capacity[resource])
            if (have >= need).any():
                continue
            if (own < 0).all():
                return self._above_shared(resource, need)
            best = able[int(have.argmax())]
            text = (
                f"demands {amount(self.spec, resource, need)} of '{resources.ids[resource]}'; the most that an agent "
                f"who may do it has is {amount(self.spec, resource, int(have.max()))} ('{agents.ids[best]}')"
            )
            return self._because("demand", self._kind("agent", resource), text)
        return self._because("demand", "agent-capacity", "demands more than any agent who may do it has at once")
