"""A stage for scenarios: a clock that only moves when all wait, and processes of which one runs at a time, by a seed.

Every point of `Desk.at`, every request and every `sleep` is a place where another process may go on, or where the one
that runs is killed: an exception that nobody catches unwinds it, which frees its locks and undoes its transaction, as
the end of a real process does. A killed process begins anew a little later, as cron would have it.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

#: Where the clock begins.
START = 1_795_000_000.0


class Killed(BaseException):
    """The process ends here."""


class Over(BaseException):
    """The scenario has failed elsewhere."""


@dataclass
class Actor:
    """A process, lived by a thread that runs only while it holds the baton."""

    script: Callable[[], None]
    wake: float = 0.0
    ended: bool = False
    baton: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))


class Stage:
    """Clock (`azure.clock.Clock`) and scheduler.

    Parameters
    ----------
    switch, kill
        Probabilities, at every point, that another process goes on, and that this one is killed.
    kills
        At most.
    kill_at
        {point: n}: besides, whoever comes to the point for the nth time is killed.
    steps, horizon
        Points, and seconds, after which the scenario counts as one that waits for ever.
    watch
        Called at every point: an invariant.
    """

    def __init__(
        self,
        rng: random.Random,
        *,
        switch: float = 0.0,
        kill: float = 0.0,
        kills: int = 0,
        kill_at: Mapping[str, int] | None = None,
        steps: int = 100_000,
        horizon: float = 4 * 3600.0,
    ) -> None:
        self.rng, self.switch, self.kill, self.kills = rng, switch, kill, kills
        self.kill_at, self.steps, self.horizon = dict(kill_at or {}), steps, horizon
        self.watch: Callable[[], None] = lambda: None
        self.elapsed = self.set_back = 0.0
        self.reached: Counter[str] = Counter()
        self.killed: Counter[str] = Counter()
        self.current: Actor | None = None
        self._actors: list[Actor] = []
        self._fault: BaseException | None = None
        self._done = threading.Semaphore(0)

    def now(self) -> float:
        """As `Clock.now`; the machine's clock may have been set back."""
        return START + self.elapsed - self.set_back

    def sleep(self, seconds: float) -> None:
        """As `Clock.sleep`."""
        if self.current is None:
            self.elapsed += max(0.0, seconds)
            return
        self._step()
        self.current.wake = self.elapsed + max(0.0, seconds)
        self._pass_on(self.current)

    def point(self, name: str) -> None:
        """A place where something may happen; outside of `run` nothing does."""
        self.reached[name] += 1
        self.watch()
        if self.current is None:
            return
        self._step()
        by_chance = self.kills > self.killed.total() and self.rng.random() < self.kill
        if by_chance or self.kill_at.get(name) == self.reached[name]:
            self.killed[name] += 1
            raise Killed(name)
        if self.rng.random() < self.switch:
            self._pass_on(self.current)

    def run(self, *scripts: Callable[[], None]) -> None:
        """Run processes until all have ended; the first exception of any is raised."""
        self._actors = [Actor(script) for script in scripts]
        threads = [threading.Thread(target=self._live, args=(actor,), daemon=True) for actor in self._actors]
        for thread in threads:
            thread.start()
        self._pass_on(None)
        self._done.acquire()
        for thread in threads:
            thread.join()
        self.current = None
        if self._fault is not None:
            raise self._fault

    def _live(self, actor: Actor) -> None:
        actor.baton.acquire()
        try:
            while self._fault is None:
                try:
                    actor.script()
                    break
                except Killed:
                    actor.wake = self.elapsed + 60.0 * self.rng.random()
                    self._pass_on(actor)
        except Over:
            pass
        except BaseException as fault:
            self._fault = self._fault or fault
        finally:
            actor.ended = True
            self._pass_on(actor)

    def _step(self) -> None:
        self.steps -= 1
        if self.steps < 0 or self.elapsed > self.horizon:
            raise AssertionError(f"still not done after {self.elapsed:.0f} s")

    def _pass_on(self, holder: Actor | None) -> None:
        """Give the baton to one whose time has come; where nobody's has, time goes on."""
        alive = [actor for actor in self._actors if not actor.ended]
        if not alive:
            self._done.release()
            return
        ready = [actor for actor in alive if actor.wake <= self.elapsed]
        if not ready:
            self.elapsed = min(actor.wake for actor in alive)
            ready = [actor for actor in alive if actor.wake <= self.elapsed]
        self.current = chosen = ready[0] if len(ready) == 1 else self.rng.choice(ready)
        if chosen is holder:
            return
        chosen.baton.release()
        if holder is not None and not holder.ended:
            holder.baton.acquire()
            if self._fault is not None:
                raise Over
