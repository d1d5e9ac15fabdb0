"""The service at one moment, for its status page: a look that runs no job and changes nothing."""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from qamctl.emulator import life
from qamctl.emulator.core import Core
from qamctl.emulator.faults import Faults
from qamctl.emulator.service import AzureService
from qamctl.emulator.state import Job

#: The word for a job whose time is over, and which is run when somebody asks for it: the service never tells it.
DUE: Final = "Due"

#: Jobs, and sessions, that are told one by one: the latest.
LATEST: Final = 50


@dataclass(frozen=True, slots=True)
class JobLine:
    """One job.

    Attributes
    ----------
    status
        As the service tells it, or `DUE`.
    created
        Seconds since 1970.
    tags
        How many.
    """

    id: str
    name: str
    target: str
    status: str
    created: float
    tags: int


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One session.

    Attributes
    ----------
    created
        Seconds since 1970.
    jobs
        How many.
    """

    id: str
    name: str
    target: str
    status: str
    created: float
    jobs: int


@dataclass(frozen=True, slots=True)
class Overview:
    """Settings, jobs and sessions at one moment.

    Attributes
    ----------
    now
        Seconds since 1970, by the service's clock.
    targets
        How many are offered.
    noise, lost_shots
        What jobs are simulated with: see `service.AzureService`.
    faults
        What is planned to go wrong.
    jobs, sessions
        How many of each status, in every workspace.
    wait, run
        Seconds that a job waits and runs, the mean of all that ever begin; None: there are none.
    latest_jobs, latest_sessions
        The latest first.
    """

    now: float
    seed: int
    targets: int
    noise: str
    lost_shots: float
    faults: Faults
    jobs: Mapping[str, int]
    sessions: Mapping[str, int]
    wait: float | None
    run: float | None
    latest_jobs: tuple[JobLine, ...]
    latest_sessions: tuple[SessionLine, ...]


def overview(service: AzureService) -> Overview:
    """A consistent look at a service."""
    return service.look(_seen)


def _seen(core: Core) -> Overview:
    now, state = core.clock.now(), core.state
    words: Counter[str] = Counter()
    inside: defaultdict[str, list[str]] = defaultdict(list)
    waits = runs = begun = 0.0
    for job in state.jobs.values():
        word = _word(core, job, now)
        words[word] += 1
        if job.session is not None:
            inside[job.session].append(word)
        if job.begins < math.inf:
            begun += 1
            waits += job.begins - job.created
            runs += job.ends - job.begins
    latest = heapq.nlargest(LATEST, state.jobs.values(), key=lambda job: job.order)
    opened = {id: life.session_status(session, inside[id]) for id, session in state.sessions.items()}
    last = heapq.nlargest(LATEST, state.sessions.values(), key=lambda session: session.order)
    return Overview(
        now=now,
        seed=core.seed,
        targets=len(core.targets),
        noise=core.noise,
        lost_shots=core.lost_shots,
        faults=core.faults,
        jobs=words,
        sessions=Counter(opened.values()),
        wait=waits / begun if begun else None,
        run=runs / begun if begun else None,
        latest_jobs=tuple(
            JobLine(job.id, job.name, job.target.id, _word(core, job, now), job.created, len(job.tags))
            for job in latest
        ),
        latest_sessions=tuple(
            SessionLine(one.id, one.name, one.target, opened[one.id], one.created, len(inside[one.id])) for one in last
        ),
    )


def _word(core: Core, job: Job, now: float) -> str:
    return DUE if life.is_due(job, now) else core.status(job, now)
