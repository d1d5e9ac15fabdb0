"""A simulated service, in memory and without patience for anybody: the judge of what was really submitted.

`Cloud` is the truth: which jobs there are, in the order in which they came, and how often each was made. `CloudService`
is how one process reaches it: requests and answers are lost, late, doubled and refused, by a seed.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from support.azure_stage import START, Stage

from qamctl.azure.service import Cost, RemoteJob, ServiceFault, Submission, Uploaded

T = TypeVar("T")

WORKSPACE = "sub/group/simulated"


@dataclass(frozen=True)
class Fate:
    """What is in store for a job.

    Attributes
    ----------
    waits, runs
        Seconds.
    word
        Of the service, at the end; `Refused`: it never becomes a job.
    cost
        None: nothing is ever said.
    cost_late
        Seconds after the end in which the cost is not known yet.
    """

    waits: float = 2.0
    runs: float = 3.0
    word: str = "Succeeded"
    cost: float | None = 0.25
    cost_late: float = 0.0


@dataclass
class CloudJob:
    """A job that was made."""

    submission: Submission
    made: float
    fate: Fate


class Cloud:
    """All that there is.

    Parameters
    ----------
    fates
        By what is sent.
    second
        What is answered to a second request to make a job: `conflict`, `same` or `reject`.

    Attributes
    ----------
    jobs
        In the order of their arrival.
    made
        How often a job was made under each id.
    again
        How often somebody asked to make a job that there was.
    """

    def __init__(self, stage: Stage, fates: Mapping[bytes, Fate] | None = None, second: str = "conflict") -> None:
        self.stage, self.fates, self.second = stage, dict(fates or {}), second
        self.inputs: dict[str, bytes] = {}
        self.jobs: dict[str, CloudJob] = {}
        self.made: Counter[str] = Counter()
        self.again: Counter[str] = Counter()
        self.requests: list[tuple[float, str, str]] = []
        self.later: list[tuple[float, Callable[[], object]]] = []

    def arrive(self) -> None:
        """What was on its way, and has come by now."""
        due = [entry for entry in self.later if entry[0] <= self.stage.elapsed]
        self.later = [entry for entry in self.later if entry[0] > self.stage.elapsed]
        for _, act in sorted(due, key=lambda entry: entry[0]):
            with suppress(ServiceFault):  # nobody hears the answer
                act()

    def upload(self, submission: Submission) -> Uploaded:
        """The input, over what there was."""
        self.inputs[submission.id] = submission.payload
        return Uploaded("container", "input")

    def put(self, submission: Submission) -> RemoteJob:
        """Make a job."""
        fate = self.fates.get(submission.payload, Fate())
        assert self.inputs[submission.id] == submission.payload, "the job was made before its input was there"
        if submission.id in self.jobs:
            self.again[submission.id] += 1
            if self.second == "same":
                return self.get(submission.id)
            status = 409 if self.second == "conflict" else 400
            raise ServiceFault("there is a job of that id", status=status, code="JobAlreadyExists")
        if fate.word == "Refused":
            raise ServiceFault("the circuit is not valid", status=400, code="InvalidJobDefinition")
        self.jobs[submission.id] = CloudJob(submission, self.stage.elapsed, fate)
        self.made[submission.id] += 1
        return self.get(submission.id)

    def get(self, id: str) -> RemoteJob:
        """A job, as it stands."""
        job = self.jobs.get(id)
        if job is None:
            raise ServiceFault("there is no such job", status=404, code="JobNotFound")
        sent, fate, age = job.submission, job.fate, self.stage.elapsed - job.made
        over = age - fate.waits - fate.runs
        word = "Waiting" if age < fate.waits else "Executing" if over < 0 else fate.word
        cost = Cost(fate.cost, "USD") if fate.cost is not None and over >= fate.cost_late else None
        details: dict[str, Any] = {"costEstimate": None if cost is None else {"estimatedTotal": cost.total}}
        error = ("QubitsLost", "the trap was empty") if word == "Failed" else None
        return RemoteJob(
            id, sent.name, sent.target, sent.provider, word, sent.input_format, sent.output_format, sent.params,
            sent.tags, error=error, cost=cost, created=f"{START + job.made}", details=details,
        )  # fmt: skip

    def cancel(self, id: str) -> None:
        """End a job that has not ended."""
        if self.get(id).state == "submitted":
            age = self.stage.elapsed - self.jobs[id].made
            self.jobs[id].fate = Fate(waits=age, runs=0.0, word="Cancelled", cost=None)

    def output(self, id: str) -> bytes:
        """What a job gave."""
        assert self.get(id).state == "succeeded", "the output of a job that has none was asked for"
        return result_of(self.jobs[id].submission.payload)


def result_of(payload: bytes) -> bytes:
    """What the service makes of an input."""
    return b"result of " + payload


#: What can befall a request, and how often beside the others.
FAULTS: Mapping[str, Mapping[str, int]] = {
    "get": {"throttled": 3, "unavailable": 2, "unreached": 2, "lost": 2, "slow": 2, "denied": 1},
    "upload": {"throttled": 2, "unavailable": 2, "unreached": 2, "lost": 2, "slow": 1, "expired": 4, "twice": 1},
    "put": {"throttled": 2, "unavailable": 2, "unreached": 2, "lost": 4, "error after": 4, "slow": 2, "twice": 2,
            "late": 3, "denied": 1},
    "output": {"throttled": 2, "unavailable": 2, "unreached": 2, "lost": 2, "slow": 1, "expired": 4},
}  # fmt: skip


@dataclass
class Weather:
    """What goes wrong.

    Attributes
    ----------
    rate
        Probability that something befalls a request.
    until
        Seconds of the stage after which nothing does.
    script
        {(verb, n): fault}: besides, of the nth request of the verb.
    excused
        Jobs that were asked for twice by the weather, not by us.
    """

    rng: random.Random
    rate: float = 0.0
    until: float = 0.0
    script: Mapping[tuple[str, int], str] = field(default_factory=dict)
    excused: set[str] = field(default_factory=set)
    seen: Counter[str] = field(default_factory=Counter)

    def draw(self, verb: str, elapsed: float) -> str:
        """What befalls the next request; empty: nothing."""
        self.seen[verb] += 1
        scripted = self.script.get((verb, self.seen[verb]))
        if scripted is not None:
            return scripted
        if elapsed >= self.until or self.rng.random() >= self.rate:
            return ""
        return self.rng.choices(list(FAULTS[verb]), weights=list(FAULTS[verb].values()))[0]


class CloudService:
    """The way of one machine to the service (an `azure.service.Service`, as far as jobs go)."""

    def __init__(self, cloud: Cloud, weather: Weather, endpoint: str = "https://simulated.invalid") -> None:
        self.cloud, self.weather, self.workspace, self.endpoint = cloud, weather, WORKSPACE, endpoint

    def get_job(self, id: str) -> RemoteJob:
        return self._ask("get", id, lambda: self.cloud.get(id))

    def upload(self, submission: Submission) -> Uploaded:
        return self._ask("upload", submission.id, lambda: self.cloud.upload(submission))

    def put_job(self, submission: Submission, uploaded: Uploaded) -> RemoteJob:
        return self._ask("put", submission.id, lambda: self.cloud.put(submission))

    def output(self, job: RemoteJob) -> bytes:
        return self._ask("output", job.id, lambda: self.cloud.output(job.id))

    def cancel_job(self, id: str) -> None:
        return self._ask("cancel", id, lambda: self.cloud.cancel(id))

    def list_jobs(self, query: str | None, order: str | None, skip: int, top: int) -> Sequence[RemoteJob]:
        return [self.cloud.get(id) for id in list(self.cloud.jobs)[skip : skip + top]]

    def _ask(self, verb: str, id: str, act: Callable[[], T]) -> T:
        """One request: it may be lost on the way there, and its answer on the way back."""
        cloud, stage, rng = self.cloud, self.cloud.stage, self.weather.rng
        stage.point(f"{verb} leaves")
        cloud.requests.append((stage.elapsed, verb, id))
        cloud.arrive()
        fault = self.weather.draw(verb, stage.elapsed)
        if fault in ("throttled", "unavailable"):
            status = 429 if fault == "throttled" else 503
            asked = float(rng.randint(1, 20)) if fault == "throttled" or rng.random() < 0.5 else None
            raise ServiceFault("too much to do", status=status, code="Busy", retry_after=asked)
        if fault == "unreached":
            raise ServiceFault("the connection was refused")
        if fault == "denied":
            raise ServiceFault("the key is not valid at the moment", status=401, code="Unauthorized")
        if fault == "forbidden":
            raise ServiceFault("this target is not for you", status=403, code="TargetNotAllowed")
        if fault == "expired":
            raise ServiceFault("the token has expired", status=403, code="AuthenticationFailed")
        if fault in ("late", "twice"):
            self.weather.excused.add(id)
        if fault == "late":
            cloud.later.append((stage.elapsed + rng.uniform(0.0, 60.0), act))
            raise ServiceFault("the request timed out")
        found = act()
        if fault == "twice":
            found = act()
        if fault == "slow":
            stage.sleep(rng.uniform(5.0, 90.0))
        if fault == "lost":
            raise ServiceFault("the connection was cut")
        if fault == "error after":
            raise ServiceFault("internal error", status=500, code="InternalError")
        stage.point(f"{verb} answered")
        return found
