"""Longest paths through precedence, which rules sort by and simple bounds begin with."""

from __future__ import annotations

from collections.abc import Sequence


def upward_rank(duration: Sequence[int], before: Sequence[Sequence[int]]) -> list[int]:
    """Length of the longest path from each task's start to the end, in ticks."""
    waiting = [0] * len(duration)
    for predecessors in before:
        for i in predecessors:
            waiting[i] += 1
    ready = [i for i, count in enumerate(waiting) if count == 0]
    rank = list(duration)
    for j in ready:  # grows while it is read, successors first
        for i in before[j]:
            rank[i] = max(rank[i], duration[i] + rank[j])
            waiting[i] -= 1
            if waiting[i] == 0:
                ready.append(i)
    return rank
