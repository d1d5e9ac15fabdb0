"""How parts are chosen, and what is learnt of that: which way pays, how large a part may be, how long to look at it."""

from __future__ import annotations

from typing import Final

import numpy as np

from qamctl.cluster.solvers.programs.choice import Ground, choose_narrow, choose_wide
from qamctl.cluster.solvers.programs.mip import Found
from qamctl.cluster.solvers.programs.part import Part

#: Pairs of a part at first, by how it is chosen, and at least.
PAIRS: Final = {"wide": 300.0, "narrow": 70.0}
LEAST_PAIRS: Final = 20.0
#: By how much parts grow where they were decided in half of their time, or at all, and shrink where they were not.
GROW, GROW_LITTLE, SHRINK = 1.1, 1.02, 1 / 1.1
#: Deterministic seconds of a part at first; they double after so many parts without a gain, up to a limit.
EFFORT: Final = 0.15
PATIENCE: Final = 50
MOST_EFFORT: Final = 2.0
#: What the last part makes up of what is known of gains, and what every way of choosing is tried for at least.
FRESH: Final = 0.1
TRIED: Final = 0.1


class Kinds:
    """The ways to choose a part, and how they fared so far."""

    def __init__(self) -> None:
        # What a second gains, in shares of what it gains with all ways together; every way begins as an even one.
        self.pairs = dict(PAIRS)
        self.reward = dict.fromkeys(PAIRS, 1.0)
        self.usual = 0.0
        self.idle = 0  #: parts since the last gain

    @property
    def effort(self) -> float:
        """Deterministic seconds that a part is given."""
        return min(MOST_EFFORT, EFFORT * 2.0 ** min(20, self.idle // PATIENCE))

    def choose(self, ground: Ground, rng: np.random.Generator) -> tuple[str, Part] | None:
        """A part, and the way it was chosen; None where nobody could be anywhere else."""
        names = list(PAIRS) if ground.guide is not None else ["wide"]
        share = np.array([self.reward[name] for name in names])
        share = share / max(1e-9, float(share.sum())) + TRIED
        for name in rng.choice(names, len(names), replace=False, p=share / share.sum()).tolist():
            part = (choose_wide if name == "wide" else choose_narrow)(ground, self.pairs[name], rng)
            if part is not None:
                return name, part
        return None

    def learn(self, name: str, found: Found, gain: float, limit: float) -> None:
        """Take note of how a part fared.

        Parameters
        ----------
        gain
            By which the objective got less.
        limit
            The deterministic seconds that it was given.
        """
        self.idle = 0 if gain > 0 else self.idle + 1
        speed = gain / (found.effort + 0.1 * EFFORT)
        # In shares of what is usual now: gains get smaller and smaller, and what was gained early says little.
        self.usual += FRESH * (speed - self.usual)
        share = speed / self.usual if self.usual > 0 else 0.0
        self.reward[name] += FRESH * (min(share, 1 / FRESH) - self.reward[name])
        if not found.ended:
            self.pairs[name] = max(LEAST_PAIRS, SHRINK * self.pairs[name])
        else:
            self.pairs[name] *= GROW if found.effort < 0.5 * limit else GROW_LITTLE
