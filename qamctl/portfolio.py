"""Who runs when: the turns of several engines on the lanes of a few cores.

Every engine starts from the best answer so far. A sampled engine only improves what another one found, so it
is never first, and its turn is followed by a control: the native heuristic from the same start for the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: Shares of the time: of a turn before the longest ones, and until when sampled engines have theirs.
OPENING, SAMPLING = 0.06, 0.2


@dataclass(frozen=True, slots=True)
class Turn:
    """One engine's turn on a lane.

    Attributes
    ----------
    until
        When it ends, as a fraction of the whole time.
    control_of
        A sampled engine that had its turn just before: this turn starts where that one started and takes as
        long, so that the two can be compared. What it finds counts like anything else.
    """

    engine: str
    until: float
    threads: int = 1
    control_of: str | None = None


def plan(
    engines: Sequence[str], threads: int, *, sampled: Sequence[str], heuristic: str, lead: str | None = None
) -> list[list[Turn]]:
    """Lanes of turns for `engines` on `threads` cores; the turns of a lane follow each other, lanes run side by side.

    A sampled engine only improves what another one found, so it is never first: where no other engine is
    named, the native heuristic gives it a start. With two cores or more every native engine has its own lane, and the
    sampled engines take their turn early on the lane of the first one, while there is still something to find.
    Where one engine is the `lead`, the others have short turns before it, and it has all cores then; where it is
    the heuristic, and the only native engine, it begins.
    """
    native = [name for name in engines if name not in sampled]
    samplers = [name for name in engines if name in sampled]
    if not native:
        return [[Turn(heuristic, 0.2, threads), *_sampled(samplers, 0.2, 1.0, threads, heuristic)]]
    alone = native == [lead] == [heuristic]
    if lead in native and len(engines) > 1 and not alone:
        return [_led([name for name in native if name != lead], samplers, str(lead), threads, heuristic)]
    if threads == 1 or len(engines) == 1 or alone:
        share = 1.0 / (len(native) + 0.5 * len(samplers))
        turns = [Turn(native[0], share, threads)]
        turns += _sampled(samplers, share, share * (1 + 0.5 * len(samplers)), threads, heuristic)
        begin = share * (1 + 0.5 * len(samplers))
        turns += [Turn(name, min(1.0, begin + share * (k + 1)), threads) for k, name in enumerate(native[1:])]
        return [turns]
    opening = [Turn(native[0], OPENING), *_sampled(samplers, OPENING, SAMPLING, 1, heuristic)] if samplers else []
    others = native[1:] or native  # an only one searches on all lanes, each with another seed
    workers = max(1, (threads - 1) // len(others))
    return [[*opening, Turn(native[0], 1.0)], *([Turn(name, 1.0, workers)] for name in others)]


def _led(others: Sequence[str], samplers: Sequence[str], lead: str, threads: int, heuristic: str) -> list[Turn]:
    """One lane: short turns of other engines, and then the one that knows the problem best."""
    turns = [Turn(name, OPENING * (k + 1), threads) for k, name in enumerate(others or [heuristic])]
    begin = turns[-1].until
    turns += _sampled(samplers, begin, begin + OPENING * len(samplers), threads, heuristic)
    return [*turns, Turn(lead, 1.0, threads)]


def _sampled(samplers: Sequence[str], begin: float, end: float, threads: int, heuristic: str) -> list[Turn]:
    """Turns of sampled engines between two fractions of the time, each followed by its control."""
    turns, step = [], (end - begin) / max(1, 2 * len(samplers))
    for k, name in enumerate(samplers):
        half = begin + step * (2 * k + 1)
        turns += [Turn(name, half, threads), Turn(heuristic, half + step, threads, control_of=name)]
    return turns
