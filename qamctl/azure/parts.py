"""The parts of a problem on targets of Azure Quantum, as the hybrid loop sees them: one engine that goes on by itself.

A part whose job fails is sampled by the classical engine, that part alone. Where the service is away, the login is
refused, or no job may be paid, no further part is sampled, and what ended it stands in `error`.
"""

from __future__ import annotations

import threading
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
class Parts:
    """A `qubo.window.Sampler` and `qubo.rounds.Router`; safe to use from several threads.

    Attributes
    ----------
    engine
        The targets.
    sample
        Submits to an engine, and waits.
    classical
        The classical engine: it stands in for a job that failed, and may have parts of its own.
    nothing
        Makes the samples of a payload that was not sampled.
    strict
        A job that fails ends the engine.
    error
        What ended it; None: nothing did, or a limit that was set.
    """

    engine: AzureBackend
    sample: Sample
    classical: Sampler
    nothing: Callable[[Payload], dimod.SampleSet]
    strict: bool = False
    seed: int = 0
    shots: int = 1
    depth: int = 3
    error: QamError | None = None
    done: int = 0
    failed: int = 0
    _ended: str | None = None
    _parts: int = 0
    _routing: Routing | None = None
    _lock: Any = field(default_factory=threading.Lock)

    def assign(self, payloads: Sequence[Payload]) -> Sequence[Mapping[str, Any]]:
        """The route of each part of a round, and why; a single target needs no reason."""
        first, self._parts = self._parts, self._parts + len(payloads)
        if not self.engine.classical:
            return [{"part": first + k} for k in range(len(payloads))]
        if self._routing is None:
            self._routing = Routing(self.engine, self.seed, self.shots, self.depth)
        choices = self._routing.assign(payloads)
        return [
            {"part": first + k, "route": choice.route, "why": choice.reason} for k, choice in enumerate(choices)
        ]  # fmt: skip

    def learn(self, payload: Payload, info: Mapping[str, Any], gain: float) -> None:
        """What a part gave; a job that failed gained nothing, whatever its stand-in did."""
        if self._routing is not None:
            self._routing.learn(payload, info, 0.0 if info.get("fallback") else gain)

    def ended(self) -> str | None:
        """Why no further part can be sampled."""
        return self._ended

    def __call__(self, compiled: Payload, **options: Any) -> dimod.SampleSet:
        """Samples of a part; none where the engine had to end, with the job that still runs in their `info`."""
        stop: Callable[[], bool] = options.pop("stop", lambda: False)
        route, why = options.pop("route", None), options.pop("why", None)
        told: dict[str, Any] = {"route": route or next(iter(self.engine.targets))} | ({"why": why} if why else {})
        if route == CLASSICAL:
            return self._stand_in(compiled, stop, options, told)
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
            self.engine.book.stood_in(str(track.get("job")), error.message)
            return self._stand_in(compiled, stop, options, told | {"fallback": error.message})
        if len(found):
            with self._lock:
                self.done += 1
        else:
            told |= track | ({"unfinished": True} if track else {})
        found.info.update(told)
        return found

    def finish(self) -> dict[str, Any]:
        """Figures of the jobs for the metrics, once the last part is done."""
        if self._routing is not None:
            self._routing.keep()
        self.engine.settle()
        figures: dict[str, Any] = {"jobs": self.engine.book.told()}
        if self.failed:
            figures["fallbacks"] = self.failed
        if running := self.engine.book.running():
            figures["running"] = running
        return figures

    def note(self) -> str | None:
        """What is to be told of jobs that failed, or that still run."""
        notes = []
        if self.failed:
            notes.append(
                f"the job{'s' * (self.failed != 1)} of {self.failed} part{'s' * (self.failed != 1)} failed: the "
                "classical engine sampled in place of them"
            )
        if running := self.engine.book.running():
            some = ", ".join(running[:3]) + (", ..." if len(running) > 3 else "")
            verb = "s" if len(running) == 1 else ""
            notes.append(f"{len(running)} job{'s' * (len(running) != 1)} still run{verb}: {some}")
        return "; ".join(notes) or None

    def _end(self, error: QamError) -> None:
        with self._lock:
            self._ended = self._ended or error.message
            limit = isinstance(error, GateError | PendingError) and self.done and not self.strict
            if not limit and (self.error is None or _weight(error) > _weight(self.error)):
                self.error = error

    def _stand_in(
        self, compiled: Payload, stop: Callable[[], bool], options: Mapping[str, Any], told: dict[str, Any]
    ) -> dimod.SampleSet:
        found = self.classical(
            compiled, seed=options["seed"], initial=options.get("initial"), stop=stop, **EFFORT
        )  # fmt: skip
        found.info.update({**told, "stand_in": True, "cost": 0.0})
        return found

    def _none(self, compiled: Payload, told: dict[str, Any]) -> dimod.SampleSet:
        found = self.nothing(compiled)
        found.info.update({**told, "unfinished": True, "stand_in": True})
        return found


def _weight(error: QamError) -> int:
    """Of several errors the one that says most: that the login is refused, before that a job came too late."""
    return _RISING.index(error.code) if error.code in _RISING else len(_RISING)
