"""What the status page remembers of requests: counts of all, and the latest one by one."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from qamctl.emulator.front.watch import Seen

#: Requests that are told one by one.
LATEST: Final = 50

#: Seconds in which requests count for the rate of the moment.
WINDOW: Final = 10

#: The status under which connections are counted that were cut.
CUT: Final = "cut"


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests so far; views of the status page are none of them.

    Attributes
    ----------
    rate
        Requests a second, of the last `WINDOW` seconds.
    kinds, statuses, faults
        How many of each kind, with each status (`CUT`: none), and with each fault.
    latest
        The latest first.
    """

    total: int
    rate: float
    kinds: Mapping[str, int]
    statuses: Mapping[str, int]
    faults: Mapping[str, int]
    latest: tuple[Seen, ...]


class Recent:
    """Remembers requests, as a watcher."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: deque[Seen] = deque(maxlen=LATEST)
        self._kinds: Counter[str] = Counter()
        self._statuses: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._seconds: Counter[int] = Counter()

    def watch(self, seen: Seen) -> None:
        """Remember a request, unless it asks for the status page: one that is refreshed would show little else."""
        if seen.kind.endswith(" page"):
            return
        with self._lock:
            self._latest.append(seen)
            self._kinds[seen.kind or "no HTTP"] += 1
            self._statuses[CUT if seen.status is None else str(seen.status)] += 1
            self._faults.update(seen.faults)
            self._seconds[int(seen.at)] += 1
            if len(self._seconds) > 4 * WINDOW:
                oldest = int(seen.at) - WINDOW
                self._seconds = Counter({at: n for at, n in self._seconds.items() if at >= oldest})

    def traffic(self, now: float, since: float) -> Traffic:
        """All of it at one moment.

        Parameters
        ----------
        now, since
            Seconds since 1970: the moment, and when the service began.
        """
        with self._lock:
            lately = sum(n for at, n in self._seconds.items() if now - WINDOW < at <= now)
            return Traffic(
                total=self._kinds.total(),
                rate=lately / min(WINDOW, max(1.0, now - since)),
                kinds=Counter(self._kinds),
                statuses=Counter(self._statuses),
                faults=Counter(self._faults),
                latest=tuple(reversed(self._latest)),
            )
