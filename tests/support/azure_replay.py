"""Sends the requests of a recording with the real service to the emulator, in order, and keeps both answers.

Only what cannot be the same is changed: keys and tokens, which are blanked in the recordings, and the addresses of the
storage with their signatures, which are ours. The clock is moved so that a job is as far as it was when it was
recorded; what the recording found there is made first, by the same requests as anybody's.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import yaml
from emulator.asking import FakeClock
from support.shared import shared_path

from qamctl.emulator.front.hosts import LOGIN, TELEMETRY, respond
from qamctl.emulator.messages import Request, Response, make_request
from qamctl.emulator.service import AzureService, Outcome, Work
from qamctl.emulator.targets import TARGETS, Target
from qamctl.emulator.timing import Times

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
STORAGE = ".blob.core.windows.net"

#: Seconds that a job waits and runs here, with which every state can be reached.
TIMES = Times(queue=100.0, run=100.0, finish=20.0)

#: What of an address's query is no part of its signature.
ASIDE = {"restype", "comp", "test-sequence-id"}


@dataclass(frozen=True)
class Exchange:
    """A recorded request and its answer."""

    number: int
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    status: int
    told: Mapping[str, str]
    answer: str

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def content(self) -> Any:
        """The answer as JSON; None where it is none."""
        try:
            return json.loads(self.answer)
        except ValueError:
            return None

    @property
    def is_job(self) -> bool:
        """Whether it asks for one job."""
        return self.method == "GET" and "/jobs/" in self.path


@cache
def recorded(name: str) -> tuple[Exchange, ...]:
    """The exchanges of a recording."""
    text = shared_path("azure-recordings", f"{name}.yaml").read_text()
    return tuple(
        _exchange(number, one) for number, one in enumerate(yaml.load(text, Loader=LOADER)["interactions"])
    )  # fmt: skip


def _exchange(number: int, one: Mapping[str, Any]) -> Exchange:
    asked, got = one["request"], one["response"]
    body = str(asked["body"] or "")
    raw = ast.literal_eval(body) if body.startswith(("b'", 'b"')) else body.encode()  # as Python writes bytes
    first = [{key.lower(): values[0] for key, values in part["headers"].items()} for part in (asked, got)]
    return Exchange(
        number, asked["method"], asked["uri"], first[0], raw, got["status"]["code"], first[1], got["body"]["string"]
    )  # fmt: skip


@dataclass
class Replay:
    """A recording on its way through an emulator.

    Attributes
    ----------
    ours
        Recorded addresses of the storage -> our own: by path and signed query.
    """

    exchanges: tuple[Exchange, ...]
    clock: FakeClock = field(default_factory=FakeClock)
    ours: dict[tuple[str, frozenset[tuple[str, str]]], str] = field(default_factory=dict)
    token: str = ""

    def __post_init__(self) -> None:
        before = list(_jobs_before(self.exchanges))
        self.clock.time = _begin(self.exchanges, before)
        runner = _Past(before) if before else None
        targets = _targets(self.exchanges, before)
        self.service = AzureService(clock=self.clock, runner=runner, targets=targets, timing=lambda *of: TIMES)
        for job in before:
            self._make(job)
        self.clock.time += 1000.0 if before else 0.0

    def run(self) -> Iterator[tuple[Exchange, Response]]:
        """Each exchange with our answer."""
        for one in self.exchanges:
            self._set_clock(one)
            answer = respond(self.service, self._request(one))
            self._learn(one, answer)
            yield one, answer

    def _request(self, one: Exchange) -> Request:
        body, url = one.body, one.url
        if STORAGE in one.host:
            url = self._address(one.url)
        elif b'"containerUri"' in body:
            given = json.loads(body)
            for name in ("containerUri", "inputDataUri"):
                given[name] = self._address(given[name])
            body = json.dumps(given).encode()
        if one.host == LOGIN:  # the assertion is blanked in the recording
            body = body.replace(b"client_assertion=PLACEHOLDER", b"client_assertion=" + self.service.key.encode())
        headers = dict(one.headers)
        if "x-ms-quantum-api-key" in headers:
            headers["x-ms-quantum-api-key"] = "another" if one.status == 401 else self.service.key
        elif one.host != LOGIN and not one.host.endswith(TELEMETRY) and STORAGE not in one.host:
            headers["authorization"] = f"Bearer {self.token}"
        return make_request(one.method, url, headers, body)

    def _address(self, address: str) -> str:
        """Our own address for a recorded one: of the blob itself, or of the container with its signature."""
        parts = urlsplit(address)
        query = parse_qsl(parts.query)
        signed = frozenset(pair for pair in query if pair[0] not in ASIDE)
        more = "&".join(f"{key}={value}" for key, value in query if key in ASIDE)
        places = [(path, found) for (path, key), found in self.ours.items() if key == signed or not signed]
        path, found = max(
            (one for one in places if f"{parts.path}/".startswith(f"{one[0]}/")), key=lambda one: len(one[0])
        )
        place, _, own = found.partition("?")
        tail = "&".join(part for part in (more, own if signed else "") if part)
        return place + parts.path[len(path) :] + (f"?{tail}" if tail else "")

    def _learn(self, one: Exchange, answer: Response) -> None:
        """Remember what stands for what."""
        if answer.status != one.status or not isinstance(one.content, dict):
            return
        mine = json.loads(answer.body)
        self.token = mine.get("access_token", self.token)
        for name in ("sasUri", "containerUri", "inputDataUri", "outputDataUri"):
            if "?" in str(one.content.get(name)) and name in mine:
                parts = urlsplit(one.content[name])
                self.ours[parts.path, frozenset(parse_qsl(parts.query))] = mine[name]

    def _set_clock(self, one: Exchange) -> None:
        """Move to where the job was when somebody asked for it."""
        if one.is_job:
            told = one.content
            job = self.service.jobs[told["id"]]
            moment = {
                "Waiting": job.begins - 1.0 if told["quantumComputingData"] else job.created,
                "Executing": job.begins,
                "Finishing": job.ends - 1.0,
            }.get(told["status"], job.ends)
            self.clock.time = max(self.clock.time, moment)

    def _make(self, job: Mapping[str, Any]) -> None:
        """Make a job that the recording found there, at its time."""
        made = datetime.fromisoformat(job["creationTime"]).timestamp()
        self.clock.time = max(self.clock.time, made)
        session = job["sessionId"]
        given = {key: job[key] for key in ("providerId", "target")}
        if session is not None:
            self._ask(
                "PUT", f"sessions/{session}", {**given, "id": session, "name": "one", "jobFailurePolicy": "Continue"}
            )
        container = self._ask("POST", "storage/sasUri", {"containerName": f"job-{job['id']}"})["sasUri"]
        place, _, query = container.partition("?")
        upload = make_request("PUT", f"{place}/inputData?{query}", {"x-ms-blob-type": "BlockBlob"}, b"x")
        assert respond(self.service, upload).status == 201
        kept = ("name", "inputDataFormat", "outputDataFormat", "inputParams", "metadata", "tags", "sessionId")
        body = {**given, **{key: job[key] for key in kept}, "containerUri": container}
        self._ask("PUT", f"jobs/{job['id']}", {**body, "inputDataUri": f"{place}/inputData", "itemType": "Job"})

    def _ask(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """Ask the data plane of the recorded workspace, as today's SDK does."""
        base = next(one.url for one in self.exchanges if "/workspaces/" in one.url).partition("/jobs")[0]
        headers = {"x-ms-quantum-api-key": self.service.key}
        url = f"{base}/{path}?api-version=2026-01-15-preview"
        found = respond(self.service, make_request(method, url, headers, body))
        assert found.status == 200, found.body
        return json.loads(found.body)


@dataclass(frozen=True)
class _Past:
    """Runs nothing: what became of a job is known."""

    jobs: list[dict[str, Any]]

    def __call__(self, work: Work) -> Outcome:
        job = next(job for job in self.jobs if job["id"] == work.job)
        error = job["errorData"]
        return Outcome(b"{}", None if error is None else (error["code"], error["message"]), job["costEstimate"])


def _jobs_before(exchanges: tuple[Exchange, ...]) -> Iterator[dict[str, Any]]:
    """The jobs of recorded lists; where a list goes on, one more like its last."""
    pages = [one.content for one in exchanges if one.path.endswith("/jobs") and one.status == 200]
    for page in pages:
        yield from page["value"]
    if pages and pages[-1]["nextLink"] is not None:
        yield {**pages[-1]["value"][-1], "id": "00000000-0000-4000-8000-000000000001"}


def _begin(exchanges: tuple[Exchange, ...], before: list[dict[str, Any]]) -> float:
    """The time of the recording, or of the first job that was there."""
    dates = [job["creationTime"] for job in before]
    dates += [one.content["creationTime"] for one in exchanges if one.is_job]
    return datetime.fromisoformat(min(dates, default="2025-10-09T00:00:00Z")).timestamp()


def _targets(exchanges: tuple[Exchange, ...], before: list[dict[str, Any]]) -> list[Target]:
    """What the recorded workspace offered: what it says, else our own targets; and those of jobs that were there."""
    own = {target.id: target for target in TARGETS}
    said = [provider for one in exchanges if one.path.endswith("/providerStatus") for provider in one.content["value"]]
    found = {
        told["id"]: replace(
            own.get(told["id"], Target(told["id"], provider["id"], None, None, ())), status_page=told["statusPage"]
        )
        for provider in said
        for told in provider["targets"]
    } or own  # fmt: skip
    gone = {job["target"]: Target(job["target"], job["providerId"], None, None, ()) for job in before}
    return list({**gone, **found}.values())
