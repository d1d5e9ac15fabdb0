"""Recorded exchanges instead of sockets: azure-core's real transport, with an adapter that answers from a recording."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import urllib3
import yaml
from azure.core.credentials import AzureKeyCredential
from azure.core.pipeline.transport import RequestsTransport
from requests.adapters import HTTPAdapter
from support.shared import shared_path

from qamctl.azure.clean import Secret
from qamctl.azure.sdk import SdkService
from qamctl.azure.service import ServiceFault, Submission
from qamctl.azure.workspace import Place

#: What recordings have in place of whatever named a workspace.
SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
KEY = "canary-key-0123456789"


@dataclass(frozen=True)
class Answer:
    """What a server says."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Exchange:
    """A request and its answer, as they were recorded."""

    method: str
    url: str
    body: bytes
    answer: Answer

    @property
    def place(self) -> tuple[str, str, str]:
        """What exchanges are told apart by; versions and signatures may differ."""
        return place(self.method, self.url)


def place(method: str, url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    return method, parts.hostname or "", parts.path


@cache
def recording(name: str) -> tuple[Exchange, ...]:
    """The exchanges with Azure Quantum and its storage in a recording; the login's are left out."""
    text = shared_path("azure-recordings", f"{name}.yaml").read_text(encoding="utf-8")
    found = []
    for one in yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["interactions"]:
        asked, said = one["request"], one["response"]
        host = urlsplit(asked["uri"]).hostname or ""
        if not host.endswith((".quantum.azure.com", ".core.windows.net")):
            continue
        body = said["body"].get("string") or b""
        answer = Answer(
            said["status"]["code"],
            body.encode() if isinstance(body, str) else body,
            {header: values[0] for header, values in said["headers"].items()},
        )
        sent = asked["body"] or b""
        found.append(Exchange(asked["method"], asked["uri"], sent.encode() if isinstance(sent, str) else sent, answer))
    return tuple(found)


class Adapter(HTTPAdapter):
    """Answers requests by a function, and remembers them."""

    def __init__(self, respond: Callable[[requests.PreparedRequest], Answer | Exception]) -> None:
        super().__init__()
        self.respond, self.sent = respond, list[requests.PreparedRequest]()

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        self.sent.append(request)
        answer = self.respond(request)
        if isinstance(answer, Exception):
            raise answer
        headers = {name: value for name, value in answer.headers.items() if name.lower() != "transfer-encoding"}
        headers = {**headers, "content-length": str(len(answer.body))}
        raw = urllib3.HTTPResponse(
            BytesIO(answer.body), headers=headers, status=answer.status, preload_content=False, decode_content=False
        )
        return self.build_response(request, raw)

    @property
    def asked(self) -> list[str]:
        """Method and path of what was sent, without the workspace."""
        return [
            f"{one.method} {urlsplit(one.url or '').path.split('/workspaces/myworkspace/')[-1]}" for one in self.sent
        ]


def transport(adapter: Adapter) -> Any:
    """A transport of azure-core whose every connection is the adapter."""
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
    return RequestsTransport(session=session, session_owner=False)


def replayed(name: str, *, last: bool = False) -> Adapter:
    """Answers from a recording: each place's exchanges in order, the last one for ever; an unknown place is an error.

    `last`: as the service was at the end of the recording.
    """
    left: dict[tuple[str, str, str], list[Exchange]] = {}
    for one in recording(name):
        left.setdefault(one.place, []).append(one)
    if last:
        left = {key: found[-1:] for key, found in left.items()}

    def respond(request: requests.PreparedRequest) -> Answer:
        queue = left[place(request.method or "", request.url or "")]
        wanted = parse_qs(urlsplit(request.url or "").query).get("skip")
        if wanted is not None:
            queue = [one for one in queue if parse_qs(urlsplit(one.url).query).get("skip") == wanted]
            return queue[0].answer
        return (queue.pop(0) if len(queue) > 1 else queue[0]).answer

    return Adapter(respond)


def as_json(data: object, status: int = 200, **headers: str) -> Answer:
    """An answer as Azure Quantum gives them."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, json.dumps(data).encode(), {"content-type": "application/json; charset=utf-8", **named})


def recorded_place(key: str = KEY) -> Place:
    """The workspace of the recordings."""
    return Place(
        SUBSCRIPTION,
        "myresourcegroup",
        "myworkspace",
        "eastus",
        "https://eastus.quantum.azure.com/",
        "key",
        Secret(key),
    )


class Clock:
    """Stands still."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.moment = now

    def now(self) -> float:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += seconds


SIGNATURE = "CANARYSIGNATURE0123456789"
SAS = f"https://store.blob.core.windows.net/job-x?sv=1&se=2099-01-01T00%3A00%3A00Z&sig={SIGNATURE}"


def submission(id: str = "x", payload: bytes = b"circuit", **parts: Any) -> Submission:
    return Submission(
        id=id, name="night", target="ionq.simulator", provider="ionq", payload=payload, input_format="qir.v1",
        output_format="microsoft.quantum-results.v2", content_type="qir.v1", params={"shots": 10}, **parts,
    )  # fmt: skip


def job_json(**parts: Any) -> dict[str, Any]:
    """A job as the service tells it, as short as can be."""
    return {"id": "x", "status": "Waiting", "name": "n", "target": "t", "providerId": "p", **parts}


def answering(*answers: Answer | Exception, place: Place | None = None, login: Any = None) -> SdkService:
    """A service whose requests get these answers, in order."""
    left = iter(answers)
    through = transport(Adapter(lambda request: next(left)))
    return SdkService(place or recorded_place(), login or AzureKeyCredential(KEY), transport=through, clock=Clock())


def fault_of(azure: SdkService) -> ServiceFault:
    """What comes of asking such a service for a job."""
    with pytest.raises(ServiceFault) as caught:
        azure.get_job("x")
    return caught.value


def sent(azure: SdkService) -> list[Any]:
    """The requests that such a service sent."""
    return azure._given.session.get_adapter("https://").sent  # type: ignore[union-attr]
