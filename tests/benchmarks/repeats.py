"""A partitioner that answers once is called again with new seeds until its CPU time is used; its best answer counts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Answer = TypeVar("Answer")
Worth = TypeVar("Worth")


@dataclass(frozen=True)
class Repeats(Generic[Answer, Worth]):
    """The best answer and what it is worth, None where none counted; calls, those that counted, CPU seconds of all."""

    best: Answer | None
    worth: Worth | None
    calls: int
    counted: int
    cpu: float


def repeated(
    attempt: Callable[[int], Answer], worth: Callable[[Answer], Worth | None], cpu: float, seed: int
) -> Repeats[Answer, Worth]:
    """Call with `seed`, `seed` + 1 and so on while a call of mean length still fits; the first one always counts.

    `worth` says what an answer is worth, the least being best, or None for one that does not count; it is not the
    partitioner's time.
    """
    best: Answer | None = None
    least: Worth | None = None
    calls = counted = 0
    spent = 0.0
    while calls == 0 or spent * (calls + 1) / calls <= cpu:
        begin = time.process_time()
        answer = attempt(seed + calls)
        spent += time.process_time() - begin
        calls += 1
        value = worth(answer)
        counted += value is not None
        if value is not None and (least is None or value < least):  # type: ignore[operator]
            best, least = answer, value
    return Repeats(best, least, calls, counted, spent)
