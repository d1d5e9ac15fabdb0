"""The parts of a problem on targets of Azure Quantum, as the hybrid loop sees them: one engine that goes on by itself.

A part whose job fails is sampled by the classical engine, that part alone. Where the service is away, the login is
refused, or no job may be paid, no further part is sampled, and what ended it stands in `error`. It keeps account of who
sampled what: what the classical engine found is the classical engine's.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from qamctl.azure.backend import CLASSICAL, AzureBackend
from qamctl.azure.routing import Routing
from qamctl.errors import BackendError, ExitCode, GateError, PendingError, QamError

if TYPE_CHECKING:
    import dimod

    from qamctl.qubo.payload import Payload
    from qamctl.qubo.window import Sampler

#: Work of the classical engine on a part: reproducible, and done in a moment.
EFFORT: Final[Mapping[str, int]] = {"reads": 8, "sweeps": 1000}

#: Exit codes of what may end the engine, the one that says most at the end.
_RISING: Final = (ExitCode.PENDING, ExitCode.GATE, ExitCode.TEMPFAIL, ExitCode.BACKEND, ExitCode.AUTH)

#: Takes an engine, a payload and options; `qamctl.engines.sample`.
Sample = Callable[..., "dimod.SampleSet"]


@dataclass
class Share:
    """What a classical engine did: parts, seconds, and variables of the largest one."""

    parts: int = 0
    seconds: float = 0.0
    variables: int = 0


@dataclass
class Parts:
    """A `qubo.window.Sampler` and `qubo.rounds.Router`; safe to use from several threads.

    Attributes
    ----------
    engine
        The targets.
    sample
        Submits to an engine, and waits.
    classical, exact
        The classical engine: it stands in for a job that failed, and may have parts of its own; and the one that
        enumerates small parts.
    nothing
        Makes the samples of a payload that was not sampled.
    strict
        A job that fails ends the engine.
    error
        What ended it; None: nothing did, or a limit that was set.
    done, failed
        Parts that a job measured, and those whose job failed.
    shares
        What classical engines did, by name.
    finder
        Who sampled the part that was learned of last; None: a job.
    """

    engine: AzureBackend
    sample: Sample
    classical: Sampler
    nothing: Callable[[Payload], dimod.SampleSet]
    exact: Sampler
    names: tuple[str, str] = ("classical", "exact")
    strict: bool = False
    seed: int = 0
    shots: int = 1
    depth: int = 3
    error: QamError | None = None
    done: int = 0
    failed: int = 0
    shares: dict[str, Share] = field(default_factory=dict)
    finder: str | None = None
    _reasons: list[str] = field(default_factory=list)
    _ended: str | None = None
    _parts: int = 0
    _routing: Routing | None = None
    _lock: Any = field(default_factory=threading.Lock)

    def assign(self, payloads: Sequence[Payload]) -> Sequence[Mapping[str, Any]]:
        """The route of each part of a round, and why; a single target needs no reason."""
        first, self._parts = self._parts, self._parts + len(payloads)
        if not self.engine.classical:
            return [{"part": first + k, **self._small(payload.n)} for k, payload in enumerate(payloads)]
        if self._routing is None:
            self._routing = Routing(self.engine, self.seed, self.shots, self.depth)
        choices = self._routing.assign(payloads)
        return [
            {"part": first + k, "route": choice.route, "why": choice.reason} for k, choice in enumerate(choices)
        ]  # fmt: skip

    def _small(self, variables: int) -> dict[str, Any]:
        """The classical engine for a part that no job is worth."""
        target = next(iter(self.engine.targets))
        if not 0 < variables < self.engine.least(target):
            return {}
        why = f"{variables} variables: enumerated here, exactly and at once; a job on {target} costs more than that"
        return {"route": CLASSICAL, "why": why, "exactly": True}

    def learn(self, payload: Payload, info: Mapping[str, Any], gain: float) -> None:
        """What a part gave; a job that failed gained nothing, whatever its stand-in did."""
        self.finder = info.get("by")
        if self._routing is not None:
            self._routing.learn(payload, info, 0.0 if info.get("fallback") else gain)

    def ended(self) -> str | None:
        """Why no further part can be sampled."""
        return self._ended

    def __call__(self, compiled: Payload, **options: Any) -> dimod.SampleSet:
        """Samples of a part; none where the engine had to end, with the job that still runs in their `info`."""
        stop: Callable[[], bool] = options.pop("stop", lambda: False)
        route, why, exactly = (options.pop(name, None) for name in ("route", "why", "exactly"))
        told: dict[str, Any] = {"route": route or next(iter(self.engine.targets))} | ({"why": why} if why else {})
        if route == CLASSICAL:
            with self._lock:
                self._reasons += [why] if why else []
            return self._stand_in(compiled, stop, options, told, exactly=bool(exactly))
        if self._ended is not None:
            return self._none(compiled, told)
        track: dict[str, Any] = {}
        try:
            found = self.sample(self.engine, compiled, stop=stop, route=route, track=track, **options)
        except QamError as error:
            told |= track
            if stop():
                return self._none(compiled, told)
            if not isinstance(error, BackendError) or self.strict:
                self._end(error)
                return self._none(compiled, told)
            with self._lock:
                self.failed += 1
                self._reasons.insert(0, error.message)
            self.engine.book.stood_in(str(track.get("job")), error.message)
            return self._stand_in(compiled, stop, options, told | {"fallback": error.message})
        if len(found):
            with self._lock:
                self.done += "job" in found.info  # else there was nothing to choose
        else:
            told |= track | ({"unfinished": True} if track else {})
        found.info.update(told)
        return found

    def finish(self, ended: str | None = None, *, excused: bool = False) -> dict[str, Any]:
        """Figures of the jobs for the metrics, once the last part is done.

        Parameters
        ----------
        ended
            Which limit ended the search for parts, if one did.
        excused
            No job was needed, or the run is told to end: that none measured anything is no fault.
        """
        if self._routing is not None:
            self._routing.keep()
        self.engine.settle()
        if isinstance(self.error, GateError | PendingError) and self.done and not self.strict:
            self.error = None  # a limit, of which one part heard before another came back
        if self.error is None and not self.done and not excused:
            self.error = self._idle(ended)
        figures: dict[str, Any] = {"jobs": self.engine.book.told()}
        if self.failed:
            figures["fallbacks"] = self.failed
        if self.shares:
            figures["classical_parts"] = {name: share.parts for name, share in self.shares.items()}
        if running := self.engine.book.running():
            figures["running"] = running
        if intended := self.engine.book.intended():
            figures["intended"] = intended
        return figures

    def _idle(self, ended: str | None) -> QamError:
        """Why no part was measured by a job."""
        head = "no part was measured by a job"
        if self.failed:
            return BackendError(f"{head}: {_parts(self.failed, 'the job', 'the jobs')} failed ({self._reasons[0]})")
        why = ended or next(iter(self._reasons), "no part had anything to choose")
        kind = GateError if ended is not None and "limit of" in ended else BackendError
        return kind(f"{head}, and nothing was sent: {why}")

    def note(self) -> str | None:
        """What is to be told of jobs that failed, and of parts without a job; and what is `left`."""
        notes = []
        if self.failed:
            notes.append(
                f"{_parts(self.failed, 'the job', 'the jobs')} failed: the classical engine sampled in place of "
                f"{'it' if self.failed == 1 else 'them'}"
            )
        others = sum(share.parts for share in self.shares.values()) - self.failed
        if others > 0:
            notes.append(f"{others} part{'s' * (others != 1)} went to the classical engine, without a job")
        return "; ".join(text for text in (*notes, self.left()) if text) or None

    def left(self) -> str | None:
        """What is to be told of jobs that still run, and of those that may still be sent."""
        notes, book = [], self.engine.book
        if running := book.running():
            verb = "s" if len(running) == 1 else ""
            notes.append(f"{len(running)} job{'s' * (len(running) != 1)} still run{verb}: {_some(running)}")
        if intended := book.intended():
            notes.append(
                f"of {len(intended)} job{'s' * (len(intended) != 1)} nobody knows yet whether the service has "
                f"{'it' if len(intended) == 1 else 'them'}: {_some(intended)}; `qamctl jobs cancel ID` ends one, the "
                "same command or `qamctl jobs drain` sends it"
            )
        return "; ".join(notes) or None

    def _end(self, error: QamError) -> None:
        with self._lock:
            self._ended = self._ended or error.message
            limit = isinstance(error, GateError | PendingError) and self.done and not self.strict
            if not limit and (self.error is None or _weight(error) > _weight(self.error)):
                self.error = error

    def _stand_in(
        self,
        compiled: Payload,
        stop: Callable[[], bool],
        options: Mapping[str, Any],
        told: dict[str, Any],
        *,
        exactly: bool = False,
    ) -> dimod.SampleSet:
        name, sampler = (self.names[1], self.exact) if exactly else (self.names[0], self.classical)
        since = time.monotonic()
        found = sampler(compiled, seed=options["seed"], initial=options.get("initial"), stop=stop, **EFFORT)
        with self._lock:
            share = self.shares.setdefault(name, Share())
            share.parts += 1
            share.seconds += time.monotonic() - since
            share.variables = max(share.variables, compiled.n)
        found.info.pop("exact", None)  # of a part, and not of the engine that this stands for
        found.info.update({**told, "stand_in": True, "by": name, "cost": 0.0})
        return found

    def _none(self, compiled: Payload, told: dict[str, Any]) -> dimod.SampleSet:
        found = self.nothing(compiled)
        found.info.update({**told, "unfinished": True, "stand_in": True})
        return found


def _weight(error: QamError) -> int:
    """Of several errors the one that says most: that the login is refused, before that a job came too late."""
    return _RISING.index(error.code) if error.code in _RISING else len(_RISING)


def _parts(count: int, one: str, several: str) -> str:
    return f"{one} of 1 part" if count == 1 else f"{several} of {count} parts"


def _some(ids: Sequence[str]) -> str:
    return ", ".join(ids[:3]) + (", ..." if len(ids) > 3 else "")
