"""How long jobs wait and run: always the same, or as on the real targets, drawn by a seed and sped up."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from qamctl.emulator.targets import Target

#: Seconds that every part of a job's life takes at least, however fast the service runs, so that clients can see it.
LEAST: Final = 0.02

#: Part of a run in which the results are put together.
_FINISHING: Final = 0.1


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of a job's life.

    Attributes
    ----------
    queue
        Until it runs.
    run
        Until its results are there.
    finish
        The last part of `run`, in which it is told as Finishing.
    """

    queue: float
    run: float
    finish: float = 0.0


#: Target, id of the job and its shots -> its times.
Timing = Callable[[Target, str, int], Times]


def fixed(queue: float, run: float) -> Timing:
    """The same for every job."""
    return lambda target, job, shots: Times(queue, run)


def scaled(speed: float, seed: int) -> Timing:
    """As on the real targets, so many times faster.

    The wait is exponential about the target's average, at most four times as long; the run is `Target.start_seconds`
    and `Target.shot_seconds` for each shot. Equal seeds give equal times to jobs of the same id.

    Parameters
    ----------
    speed
        1: as slow as real.
    """

    def times(target: Target, job: str, shots: int) -> Times:
        text = f"{seed}\0times\0{job}".encode("utf-8", "surrogatepass")
        chance = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) / 2.0**64
        queue = target.queue * min(-math.log1p(-chance), 4.0)
        run = target.start_seconds + shots * target.shot_seconds
        run = max(LEAST, run / speed)
        return Times(max(LEAST, queue / speed), run, _FINISHING * run)

    return times
