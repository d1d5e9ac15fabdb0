"""A schedule of a shop as a graph: one option for each task, one sequence for each machine, longest paths both ways."""

from __future__ import annotations

from itertools import pairwise

from qamctl.kernels.critical.problem import Index, Ints, ShopProblem


class Shop:
    """The state that moves change.

    Attributes
    ----------
    choice, machine, length
        By task: its option, and what that says.
    line
        By machine: its tasks in their order.
    prev, next
        By task: what is before and after it on its machine, -1 where nothing is.
    head, tail
        By task: the longest path to its start, and from its end.
    ready, rest
        By task: the same without its machine, by precedence and release alone.
    queue, place
        A topological order, and the place of each task in it.
    span
        The makespan.
    """

    def __init__(self, problem: ShopProblem) -> None:
        n = self.n = problem.n
        self.release = problem.release.tolist()
        self.first_option = problem.first_option.tolist()
        self.option_machine, self.option_length = problem.option_machine.tolist(), problem.option_duration.tolist()
        self.before = _arcs(problem.before_first, problem.before_task, problem.before_lag)
        self.after = _arcs(problem.after_first, problem.after_task, problem.after_lag)
        self.choice, self.machine, self.length = [0] * n, [-1] * n, [0] * n
        self.prev, self.next = [-1] * n, [-1] * n
        self.line: list[list[int]] = [[] for _ in range(problem.machines)]
        self.head, self.tail, self.ready, self.rest = [0] * n, [0] * n, [0] * n, [0] * n
        self.queue: list[int] = []
        self.place = [0] * n
        self.span = 0

    def begin(self, order: Index, choice: Ints) -> None:
        """Machines take their tasks in the order of a list that keeps precedence."""
        self.line = [[] for _ in self.line]
        for t in order.tolist():
            option = self.choice[t] = int(choice[t])
            m = self.machine[t] = self.option_machine[option]
            self.length[t] = self.option_length[option]
            self.prev[t] = self.next[t] = -1
            if m < 0:
                continue
            if self.line[m]:
                self._link(self.line[m][-1], t)
            self.line[m].append(t)
        self.sweep()

    def end(self, t: int) -> int:
        """When the task ends that may be none: -1, which ends at 0."""
        return self.head[t] + self.length[t] if t >= 0 else 0

    def way(self, t: int) -> int:
        """The longest path from the start of a task that may be none."""
        return self.length[t] + self.tail[t] if t >= 0 else 0

    def option_on(self, t: int, machine: int) -> int:
        """The first option of a task on a machine; -1 where it has none there."""
        for option in range(self.first_option[t], self.first_option[t + 1]):
            if self.option_machine[option] == machine:
                return option
        return -1

    def insert(self, t: int, option: int, after: int) -> None:
        """Take a task from its machine, and put it on that of an option right after another task; -1: first there."""
        if self.machine[t] >= 0:
            self._link(self.prev[t], self.next[t])
            self.line[self.machine[t]].remove(t)
        m = self.option_machine[option]
        self.choice[t], self.machine[t], self.length[t] = option, m, self.option_length[option]
        self.prev[t] = self.next[t] = -1
        if m < 0:
            return
        line = self.line[m]
        k = 0 if after < 0 else line.index(after) + 1
        behind = line[k] if k < len(line) else -1
        line.insert(k, t)
        self._link(after, t)
        self._link(t, behind)

    def _link(self, before: int, behind: int) -> None:
        if before >= 0:
            self.next[before] = behind
        if behind >= 0:
            self.prev[behind] = before

    def sweep(self) -> bool:
        """Longest paths both ways; False where the graph has a cycle, and nothing but `insert` is of use then."""
        missing = [len(arcs) + (before >= 0) for arcs, before in zip(self.before, self.prev, strict=True)]
        queue = self.queue = [t for t in range(self.n) if missing[t] == 0]
        ready = self.ready = list(self.release)
        for k, t in enumerate(queue):  # which grows meanwhile
            self.place[t] = k
            self.head[t] = max(ready[t], self.end(self.prev[t]))
            end, behind = self.end(t), self.next[t]
            for other, lag in self.after[t]:
                ready[other] = max(ready[other], end + lag)
                missing[other] -= 1
                if missing[other] == 0:
                    queue.append(other)
            if behind >= 0:
                missing[behind] -= 1
                if missing[behind] == 0:
                    queue.append(behind)
        if len(queue) < self.n:
            return False
        self.span = 0
        for t in reversed(queue):
            self.rest[t] = max((lag + self.way(other) for other, lag in self.after[t]), default=0)
            self.tail[t] = max(self.rest[t], self.way(self.next[t]))
            self.span = max(self.span, self.head[t] + self.way(t))
        return True


def _arcs(first: Ints, task: Index, lag: Ints) -> list[list[tuple[int, int]]]:
    pairs = list(zip(task.tolist(), lag.tolist(), strict=True))
    return [pairs[a:b] for a, b in pairwise(first.tolist())]
