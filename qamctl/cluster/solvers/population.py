"""Answers that are bred: which are kept, which become parents, and when a population has had its time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from qamctl.cluster.spec import Flags, Index

#: Answers that are bred.
POPULATION: Final = 10
#: Cycles without a better answer after which another population is begun.
PATIENCE: Final = 12
#: Shares of the time: until when the first population grows, and from when on no other one is begun.
BEGINNING: Final = 0.35
ENDING: Final = 0.75


@dataclass(frozen=True, eq=False)
class Answer:
    """An assignment of units, what it is worth, and [links] which it cuts."""

    value: tuple[float, ...]
    leaf: Index
    cut: Flags


class Population:
    """A few answers, as different as they are good."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self._elite: list[Answer] = []  # the best of earlier populations
        self._idle = 0  # cycles since the best became better

    def wants(self, spent: float) -> bool:
        """Whether to make a new answer rather than combine two, given the share of the time that is spent.

        A population whose best has not become better for long gives way to another one; the best of all of them are
        combined in the end.
        """
        if self._idle >= PATIENCE and spent < ENDING:
            self._elite.append(min(self.answers, key=lambda answer: answer.value))
            self.answers, self._idle = [], 0
        elif self._elite and spent >= ENDING:
            self.answers += self._elite
            self._elite = []
        growing = spent < (ENDING if self._elite else BEGINNING)
        return len(self.answers) < 2 or (len(self.answers) < POPULATION and growing)

    def parents(self, rng: np.random.Generator) -> tuple[Answer, Answer]:
        """Two answers, the better one first."""
        one, other = (self.answers[at] for at in rng.choice(len(self.answers), 2, replace=False).tolist())
        return (other, one) if other.value < one.value else (one, other)

    def admit(self, answer: Answer) -> None:
        """Take an answer in: in the place of the one most like it among those that are no better."""
        found = self.answers
        better = all(answer.value < other.value for other in found)
        self._idle = 0 if better else self._idle + 1
        worse = [at for at, other in enumerate(found) if other.value >= answer.value]
        if len(found) < POPULATION:
            found.append(answer)
        elif worse:
            unlike = [int((found[at].cut != answer.cut).sum()) for at in worse]
            found[worse[int(np.argmin(unlike))]] = answer
