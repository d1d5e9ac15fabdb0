"""Which target, or the classical engine, is given a part: by its size, the queues, the prices, and the gain so far.

A part is worth what it gains over what it takes. All that it takes is counted in seconds: its share of the time until
its round is back, the money that it may cost, and the part itself, of which a run has few. What a target gains is not
known before it has been tried, so that each stands with an upper bound of its mean that sinks with every part:
UCB1-Tuned of Auer, Cesa-Bianchi, Fischer, "Finite-time analysis of the multiarmed bandit problem", Machine Learning
47 (2002), over the cost of a pull, as in Ding, Qin, Zhang, Liu, "Multi-armed bandit with budget constraint and
variable costs", AAAI 2013. Parts that are out count as tried, so that those of one round spread (Desautels, Krause,
Burdick, "Parallelizing exploration-exploitation tradeoffs", JMLR 15, 2014).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

#: Seconds that one part of a run weighs: a run has few of them.
PART_SECONDS: Final = 60.0

#: Seconds that a unit of currency weighs.
MONEY_SECONDS: Final = 600.0

#: A target that was never tried is taken to gain so many times the best mean so far.
HOPE: Final = 2.0

#: Parts of other sizes count so much for the gain at this size.
KIN: Final = 0.5


@dataclass(frozen=True)
class Route:
    """Where a part can go.

    Attributes
    ----------
    qubits
        Variables of a part at most; None: any.
    least
        Variables of a part at least: smaller ones are not worth a job.
    available
        Whether it takes parts today.
    queue_seconds
        Until a part that is given now begins.
    part_seconds
        That a part takes then, before it is known better.
    lanes
        Parts that it works on side by side.
    price
        Of a part with so many variables and couplings.
    """

    name: str
    qubits: int | None = None
    available: bool = True
    queue_seconds: float = 0.0
    part_seconds: float = 1.0
    lanes: int = 1
    price: Callable[[int, int], float] = lambda variables, couplings: 0.0
    least: int = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """Where a part goes, why, and how every route that could take it stood."""

    route: str
    reason: str
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Routes of the parts of a round, and their gain for what they take."""

    routes: list[Route]
    worth: float


@dataclass
class _Seen:
    """What a route gave: a line for each part (size class, gain), and the time that they took."""

    gains: list[tuple[int, float]] = field(default_factory=list)
    seconds: float = 0.0
    timed: int = 0
    out: int = 0


class Balancer:
    """Gives parts to routes, and learns what each of them gains; equal calls give equal choices.

    Parameters
    ----------
    seed
        Of ties.
    together
        Parts of a round: they share its time.
    budget
        What all parts may cost; None: any amount.
    """

    def __init__(self, routes: Sequence[Route], seed: int, *, together: int = 8, budget: float | None = None) -> None:
        if not routes:
            raise ValueError("there is no route to choose from")
        self.routes = {route.name: route for route in routes}
        self.together, self.budget, self.spent = together, budget, 0.0
        self._promised = 0.0
        self._seen = {name: _Seen() for name in self.routes}
        self._rng = np.random.default_rng(seed)
        self._order = {name: k for k, name in enumerate(self.routes)}

    def update(self, routes: Sequence[Route]) -> None:
        """Other figures of the same routes: queues have changed, say."""
        self.routes |= {route.name: route for route in routes if route.name in self.routes}

    def choose(self, variables: int, couplings: int) -> Choice:
        """The route of one part; it counts as out until `observe` is told of it."""
        return self.assign([(variables, couplings)])[0]

    def assign(self, parts: Sequence[tuple[int, int]]) -> list[Choice]:
        """The routes of parts (variables, couplings) that are sampled together, and waited for together.

        A round is back when its slowest part is: one part on a slow route costs all of them the time. So every time
        that the round could take is tried, with the routes that are back by then, and the best of these plans is taken.
        A part that no route can take goes to the largest one, whose refusal says why.
        """
        tie = {name: float(self._rng.random()) for name in self.routes}
        ends = sorted({self._back(route, k) for route in self.routes.values() for k in range(len(parts))})
        plans = [self._plan(parts, end, tie) for end in [*ends, math.inf]]
        best = max(plans, key=lambda plan: plan.worth)
        choices = []
        for (variables, couplings), route in zip(parts, best.routes, strict=True):
            reason = self._told(route, variables, couplings)
            choices.append(Choice(route.name, reason, self._scores(variables, couplings)))
        for (variables, couplings), route in zip(parts, best.routes, strict=True):
            self._seen[route.name].out += 1
            self._promised += route.price(variables, couplings)
        return choices

    def _plan(self, parts: Sequence[tuple[int, int]], end: float, tie: Mapping[str, float]) -> _Plan:
        """Parts to the routes that are back by `end`, each to the one that is worth most; and what that is worth."""
        loads = dict.fromkeys(self.routes, 0)
        chosen: list[Route] = []
        gain, expense, last, spent = 0.0, 0.0, 0.0, 0.0
        for variables, couplings in parts:
            fits = [
                route for route in self.routes.values()
                if self._back(route, loads[route.name]) <= end
                and self._why_not(route, variables, couplings, spent) is None
            ]  # fmt: skip
            if not fits and end < math.inf:
                return _Plan([], -1.0)
            if not fits:
                chosen.append(self._largest())
                continue
            values = {
                route.name: (
                    self._hoped(route, variables, loads[route.name])
                    / (PART_SECONDS + MONEY_SECONDS * route.price(variables, couplings)),
                    tie[route.name],
                )
                for route in fits
            }
            route = max(fits, key=lambda one: values[one.name])
            price = route.price(variables, couplings)
            gain += self._hoped(route, variables, loads[route.name])
            expense += PART_SECONDS + MONEY_SECONDS * price
            last = max(last, self._back(route, loads[route.name]))
            loads[route.name] += 1
            spent += price
            chosen.append(route)
        return _Plan(chosen, gain / (expense + last) if expense else 0.0)

    def _largest(self) -> Route:
        return max(self.routes.values(), key=lambda route: math.inf if route.qubits is None else route.qubits)

    def _scores(self, variables: int, couplings: int) -> dict[str, float]:
        """What a part would be worth on each route that takes it, were it alone."""
        return {
            route.name: round(self._hoped(route, variables, 0) / self._expense(route, variables, couplings), 9)
            for route in self.routes.values() if self._why_not(route, variables, couplings, 0.0) is None
        }  # fmt: skip

    def observe(self, route: str, variables: int, seconds: float | None, cost: float, gain: float) -> None:
        """A part came back: the seconds that it took (None: not known), its cost, and what it gained."""
        seen = self._seen[route]
        seen.out = max(0, seen.out - 1)
        seen.gains.append((_class_of(variables), max(0.0, gain)))
        if seconds is not None:
            seen.seconds, seen.timed = seen.seconds + seconds, seen.timed + 1
        self.spent += cost
        if not any(one.out for one in self._seen.values()):
            self._promised = 0.0

    def _why_not(self, route: Route, variables: int, couplings: int, planned: float) -> str | None:
        if not route.available:
            return "is not available"
        if route.qubits is not None and variables > route.qubits:
            return f"has {route.qubits} qubits"
        if variables < route.least:
            return f"gets no part below {route.least} variables: a job costs more than those are worth"
        price = route.price(variables, couplings)
        if self.budget is not None and price and self.spent + self._promised + planned + price > self.budget:
            return "costs more than is left"
        return None

    def _expense(self, route: Route, variables: int, couplings: int) -> float:
        """What a part takes where it is alone, in seconds."""
        return PART_SECONDS + self._back(route, 0) + MONEY_SECONDS * route.price(variables, couplings)

    def _back(self, route: Route, load: int) -> float:
        """Seconds until a part that is given now is back, behind those that are out and `load` more."""
        seen = self._seen[route.name]
        turns = 1 + (seen.out + load) // max(1, route.lanes)
        if seen.timed:  # what was measured has the queue in it
            return max(seen.seconds / seen.timed, route.part_seconds * turns)
        return route.queue_seconds + route.part_seconds * turns

    def _hoped(self, route: Route, variables: int, load: int) -> float:
        """An upper bound of the mean gain at this size, with `load` parts more that are not back yet."""
        seen, kin = self._seen[route.name], _class_of(variables)
        out = seen.out + load
        known = [self._mean(name, kin) for name, other in self._seen.items() if other.gains]
        if not seen.gains:
            best = max(known, default=0.0)
            return HOPE * (best if best > 0 else 1.0) / (1 + out)
        gains = np.array([gain for _, gain in seen.gains])
        reach = max(gain for other in self._seen.values() for _, gain in other.gains)
        if reach == 0.0:  # nobody has gained anything yet: whoever was tried least
            return 1.0 / (1 + len(gains) + out)
        weights = np.array([1.0 if size == kin else KIN for size, _ in seen.gains])
        count = float(weights.sum()) + out
        mean = self._mean(route.name, kin)
        pulls = sum(len(other.gains) + other.out for other in self._seen.values()) + load
        rest = math.log(max(2, pulls)) / count
        variance = float(weights @ (gains / reach - mean / reach) ** 2 / weights.sum()) + math.sqrt(2.0 * rest)
        return mean + reach * math.sqrt(rest * min(0.25, variance))

    def _mean(self, name: str, kin: int) -> float:
        weights = [1.0 if size == kin else KIN for size, _ in self._seen[name].gains]
        gains = [gain for _, gain in self._seen[name].gains]
        return sum(w * g for w, g in zip(weights, gains, strict=True)) / sum(weights)

    def _told(self, route: Route, variables: int, couplings: int) -> str:
        seen, price = self._seen[route.name], route.price(variables, couplings)
        tried = len(seen.gains)
        gained = "not tried yet"
        if tried:
            gained = f"gained {self._mean(route.name, _class_of(variables)):.4g} a part over {tried}"
        cost = f", costs {price:.4g}" if price else ""
        small = [other for other in self.routes.values() if variables < other.least and other.available]
        kept = "".join(f"; {other.name} {self._why_not(other, variables, couplings, 0.0)}" for other in small)
        return f"{variables} variables; {gained}, back in about {self._back(route, 0):.3g} s{cost}{kept}"


def _class_of(variables: int) -> int:
    """Parts of about one size: powers of two."""
    return int(variables).bit_length()
