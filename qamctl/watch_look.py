"""One look at a fleet: read its files again, say how it stands and what has changed, and search where that pays."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from qamctl import pipeline
from qamctl.cluster.bounds import level_bounds
from qamctl.cluster.drift import Drift, drift_of
from qamctl.cluster.instance import build_instance
from qamctl.cluster.monitor import State, overloads
from qamctl.cluster.monitor_block import clusters_block, present_state, summary
from qamctl.cluster.spec import ClusterSpec
from qamctl.errors import ExitCode, QamError, UsageError
from qamctl.spec.reader import read_bytes
from qamctl.spec.source import Source
from qamctl.story import Earlier, Events, Problem, RunReport
from qamctl.watch_plan import Plan
from qamctl.watch_proposal import Proposal, changed_by, proposal_of, room_for

#: Broken rules, and clusters above a limit, that a look tells.
TOLD: Final = 10


@dataclass(frozen=True, slots=True)
class Look:
    """How a fleet stands at one moment.

    Attributes
    ----------
    status
        `fine`: no rule is broken, and nothing is worth moving; `drifted`: a re-balance is worth its moves; `broken`: a
        rule is broken; `unreadable`: the files can't be read, and what was known of the fleet is not known now.
    spec, state
        As read last, and how the clusters stand; None where nothing was ever read, and where nobody is anywhere.
    drift
        What changed since the last look that could read the files; None at the first one.
    proposal
        What the last search came to; None where there was none, or the files have changed since.
    searched
        Whether it was searched for at this look.
    fault
        Why the files can't be read, or the search did not end with an answer.
    """

    number: int
    time: datetime
    name: str
    status: str
    spec: ClusterSpec | None = None
    state: State | None = None
    drift: Drift | None = None
    proposal: Proposal | None = None
    searched: bool = False
    fault: QamError | None = None

    @property
    def code(self) -> ExitCode:
        """What a command ends with whose last look this is."""
        if self.fault is not None:
            return self.fault.code
        failed = self.proposal is not None and self.proposal.after is None
        return ExitCode.INFEASIBLE if failed else ExitCode.OK

    def data(self) -> dict[str, Any]:
        """As a program reads it."""
        spec, state = self.spec, self.state
        told: dict[str, Any] = {"look": self.number, "time": _stamp(self.time), "name": self.name}
        told["status"] = self.status
        if spec is not None and self.status != "unreadable":
            report = None if state is None else state.report
            told |= {
                "objective": None if report is None else list(report.levels),
                "terms": None if report is None else report.terms,
                "violations": [] if report is None else [one.data() for one in islice(report.violations, TOLD)],
                "above": [] if state is None else [
                    {"cluster": one.cluster, "resource": one.resource, "use": one.use, "limit": one.limit,
                     "what": "capacity" if one.hard else "safe"}
                    for one in islice(overloads(spec, state), TOLD)
                ],
                "clusters": None if state is None else summary(spec, state),
            }  # fmt: skip
        return told | {
            "drift": None if self.drift is None else self.drift.data(),
            "searched": self.searched,
            "proposal": None if self.proposal is None else self.proposal.data(),
            "error": None if self.fault is None else {
                "code": int(self.fault.code), "message": self.fault.message,
                "diagnostics": [str(one) for one in self.fault.diagnostics[:TOLD]],
            },
        }  # fmt: skip

    def block(self) -> dict[str, Any] | None:
        """The clusters as a metrics file has them: now, and after what is proposed."""
        if self.spec is None:
            return None
        if self.proposal is not None and self.proposal.worth:
            return self.proposal.clusters
        return clusters_block(self.spec, self.state, None)


def _stamp(time: datetime) -> str:
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")


@dataclass
class Watcher:
    """Looks at a fleet again and again, and remembers what it needs of the last look.

    Parameters
    ----------
    path
        The problem file.
    flags
        Options of the runs that search for a re-balance.
    """

    path: str
    flags: Mapping[str, object]
    plan: Plan
    profile: str | None = None
    config_file: Path | None = None
    command: tuple[str, ...] = ()
    events: Events | None = None

    def __post_init__(self) -> None:
        self.number = 0
        self.warnings: tuple[str, ...] = ()
        self._problem: Problem | None = None
        self._state: State | None = None
        self._searched: tuple[str, ...] | None = None  # the files of the last search, by hash
        self._last: Proposal | None = None

    def look(self, now: datetime) -> Look:
        """Look once.

        Raises
        ------
        UsageError
            An option makes no sense, or a run can't be written: that does not heal by waiting.
        """
        self.number += 1
        name, known = (Path(self.path).stem, None) if self._problem is None else (self._spec.name, self._spec)
        try:
            drift = self._read()
        except UsageError:
            raise
        except QamError as fault:
            return Look(self.number, now, name, "unreadable", known, self._state, fault=fault)
        spec = self._spec
        searched, failure = False, None
        if self.plan.search and self._is_due(spec):
            searched = True
            try:
                self._search()
            except UsageError:
                raise
            except QamError as error:  # a lock that is held, a service that is away: the next look tries again
                failure, self._last, self._searched = error, None, None
        found = self._last if self._searched == self._files else None
        return Look(
            self.number, now, spec.name, self._status(found), spec, self._state, drift, found, searched, failure
        )  # fmt: skip

    def warn(self, *texts: str) -> None:
        """Something that the user should know, once."""
        self.warnings = tuple(dict.fromkeys((*self.warnings, *texts)))

    @property
    def _spec(self) -> ClusterSpec:
        """As it was read last."""
        assert self._problem is not None
        spec: ClusterSpec = self._problem.spec
        return spec

    @property
    def _files(self) -> tuple[str, ...]:
        """What was read last, by hash."""
        assert self._problem is not None
        return _hashes(self._problem.source, self._problem.earlier)

    def _status(self, proposal: Proposal | None) -> str:
        if self._state is None or not self._state.report.feasible:
            return "broken"
        return "drifted" if proposal is not None and proposal.worth else "fine"

    def _read(self) -> Drift | None:
        """Read the files, unless they are what they were; what has changed, None at the first reading."""
        old = self._problem
        if old is not None and _is_current(old.source, old.earlier):
            return Drift()
        problem = pipeline.load("cluster").read(
            self.path, self.flags, profile=self.profile, config_file=self.config_file
        )  # fmt: skip
        drift = None if old is None else drift_of(old.spec, problem.spec)
        self._problem, self._state = problem, present_state(problem.spec)
        return drift

    def _is_due(self, spec: ClusterSpec) -> bool:
        """Whether a search could tell something that is not known, and that is worth knowing."""
        if self._searched == self._files:
            return False
        state, last = self._state, self._last
        if state is None or not state.report.feasible:
            return True
        if (
            last is not None
            and not last.worth
            and not changed_by(last.before, state.report.levels, self.plan.threshold)
        ):
            return False
        return room_for(state, level_bounds(build_instance(spec)), self.plan.threshold)

    def _search(self) -> None:
        report: RunReport = pipeline.run(
            "cluster", self.path, self.flags, profile=self.profile, config_file=self.config_file,
            command=self.command, events=self.events,
        )  # fmt: skip
        self.warn(*report.warnings)
        if report.skipped:  # somebody else searches: the next look tries again
            return
        self._last = proposal_of(report, self.plan.threshold)
        assert self._problem is not None
        self._searched = _hashes(report.spec.source, self._problem.earlier)


def _hashes(source: Source, earlier: Earlier | None) -> tuple[str, ...]:
    """What files are known by: the hash of the spec, those of its tables, and that of an earlier result."""
    tables = (f"{name} {sha256}" for name, (_, sha256) in sorted(source.tables.items()))
    return (source.sha256, *tables, "" if earlier is None else earlier.sha256)


def _is_current(source: Source, earlier: Earlier | None) -> bool:
    """Whether the files still hold what was read of them.

    Raises
    ------
    SpecError
        One of them can't be read any more.
    """
    wanted = [(source.path, source.sha256), *source.tables.values()]
    wanted += [] if earlier is None else [(earlier.file, earlier.sha256)]
    return all(hashlib.sha256(read_bytes(path, str(path))).hexdigest() == sha256 for path, sha256 in wanted)
