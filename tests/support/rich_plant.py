"""A feasible schedule of a spec with every feature, found by placing one task after the other; not a good one."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from support.rich_brute import Brute, Way

from qamctl.schedule.spec import ScheduleSpec


@dataclass(frozen=True)
class Planted:
    """A schedule that is feasible, and the modes' places in its spec."""

    ways: tuple[Way | None, ...]
    first_mode: tuple[int, ...]

    @property
    def done(self) -> list[tuple[int, Way]]:
        """The tasks that are scheduled, and how."""
        return [(t, way) for t, way in enumerate(self.ways) if way is not None]

    @property
    def end(self) -> int:
        """The last end."""
        return max((way.end for _, way in self.done), default=0)

    def keeps(self, spec: ScheduleSpec) -> bool:
        """Whether the schedule is feasible in another spec of the same tasks, modes and agents."""
        return Brute(spec).feasible(self.ways)


def plant(spec: ScheduleSpec, rng: Random, most: int | None = None, tries: int = 4) -> Planted | None:
    """A feasible schedule, ending by `most` ticks; None where none was found, or it leaves every task out."""
    brute = Brute(spec)
    for _ in range(tries):
        done = _place(brute, rng, most)
        ways = tuple(done.get(t) for t in brute.tasks)
        if done and brute.feasible(ways):
            return Planted(ways, tuple(spec.tasks.first_mode.tolist()))
    return None


def _place(brute: Brute, rng: Random, most: int | None) -> dict[int, Way]:
    """Tasks in the order of the spec, which precedence follows; those of a gang together with its first."""
    done: dict[int, Way] = {}
    optional = brute.spec.tasks.optional
    out = {t for t in brute.tasks if optional[t] and rng.random() < 0.15}
    for t in brute.tasks:
        gang = brute.gang[t]
        party = [t] if gang < 0 else [other for other in brute.tasks if brute.gang[other] == gang]
        party = [other for other in party if other not in out]
        if not party or party[0] != t:
            continue
        latest = max((way.end for way in done.values()), default=0) + 20 if most is None else most
        for start in range(latest + 1):
            ways = _ways(brute, rng, party, start, done, latest + 40 if most is None else most)
            if ways is not None:
                done |= ways
                break
    return done


def _ways(
    brute: Brute, rng: Random, party: list[int], start: int, done: dict[int, Way], latest: int
) -> dict[int, Way] | None:
    """How some tasks can start together beside those that are done; None where they can't."""
    found: dict[int, Way] = {}
    for t in party:
        options = [(mode, crew) for mode in brute.modes[t] for crew in brute.crews(t, mode)]
        for mode, crew in rng.sample(options, min(len(options), 6)):
            end = brute.end(t, start, mode, crew)
            if end is None or end > latest:
                continue
            way = Way(start, end, mode, crew)
            beside = {**done, **found, t: way}
            if brute.alone(t, way) and brute.together(beside, range(start, end)) and _set_up(brute, beside):
                found[t] = way
                break
        else:
            return None
    return found


def _set_up(brute: Brute, done: dict[int, Way]) -> bool:
    return all(start >= end + time for end, start, time in brute.setups(done))
