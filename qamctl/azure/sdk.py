"""Azure Quantum's verbs over the network, by its own SDK: one call is one attempt, and no token leaves this file.

Of the SDK its generated client is used, with its login, addresses and version of the interface. Its `Workspace` is
not: it reads the environment for what it is not told, tries again by itself, logs tokens, and prints while it waits.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from qamctl import __version__
from qamctl.azure import sdk_shapes as shapes
from qamctl.azure.clean import Cleaner
from qamctl.azure.clock import Clock, SystemClock
from qamctl.azure.credentials import make_credential
from qamctl.azure.sdk_blobs import Blobs, is_signed, split
from qamctl.azure.sdk_faults import BAD_ANSWER, Login, bad_answer, faults, hush
from qamctl.azure.service import Quota, RemoteJob, ServiceFault, Session, Submission, TargetStatus, Uploaded
from qamctl.azure.workspace import Place

if TYPE_CHECKING:
    from azure.core.pipeline.transport import HttpTransport

#: Where Azure tells the address of a workspace.
_MANAGEMENT: Final = "https://management.azure.com"
_MANAGEMENT_VERSION: Final = "2025-12-15-preview"

#: Signed addresses that are kept; older ones are asked for anew.
_KEPT: Final = 8192

_INPUT: Final = "inputDataUri"
_OUTPUT: Final = "outputDataUri"


def connect(place: Place, environ: Mapping[str, str]) -> SdkService:
    """The service of a workspace; nothing is asked of the network yet.

    Raises
    ------
    AuthError, UsageError
        As `credentials.make_credential`.
    """
    return SdkService(place, make_credential(place, environ))


class SdkService:
    """`qamctl.azure.service.Service` on the SDK; safe to use from several threads.

    Signed addresses of inputs and outputs are kept in memory, and nowhere else. While one of these exists, what the
    SDK logs reaches no handler: there are tokens in it.

    Parameters
    ----------
    credential
        What `credentials.make_credential` gives.
    transport
        Of azure-core, with its timeouts; None: one of ours.
    timeout
        Seconds to connect, and seconds without a byte.
    clock
        What ends of signatures and dates in answers are held against.
    """

    def __init__(
        self,
        place: Place,
        credential: Any,
        *,
        transport: HttpTransport[Any, Any] | None = None,
        user_agent: str = f"qamctl/{__version__}",
        timeout: float = 30.0,
        clock: Clock | None = None,
    ) -> None:
        self.workspace = place.workspace_key
        self.endpoint = place.endpoint or f"{_MANAGEMENT}{place.resource_id.lower()}"
        self._place, self._clock = place, clock or SystemClock()
        self._cleaner = Cleaner([place.key.reveal()] if place.key else [])
        has_token = hasattr(credential, "get_token")
        self._credential = Login(credential, self._cleaner, self._clock) if has_token else credential
        self._given, self._user_agent, self._timeout = transport, user_agent, timeout
        self._transport: Any = None
        self._whose = (place.subscription, place.resource_group, place.name)
        self._signed: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._lock = threading.Lock()
        self._client: Any = None

    def __repr__(self) -> str:
        return f"SdkService({self.workspace!r})"

    def close(self) -> None:
        """Close connections; the next call opens them anew."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = self._transport = None

    def get_job(self, id: str) -> RemoteJob:
        """As `Service.get_job`."""
        return self._job(self._ask(lambda services: services.jobs.get(*self._whose, id, cls=_raw)))

    def upload(self, submission: Submission) -> Uploaded:
        """As `Service.upload`: the address is asked for anew, the container made if need be, the blob replaced."""
        container = self._sign(f"job-{submission.id}")
        with faults(self._cleaner, self._clock):
            plain = self._blobs().put(container, "inputData", submission.payload, submission.content_type)
        return Uploaded(container, plain)

    def put_job(self, submission: Submission, uploaded: Uploaded) -> RemoteJob:
        """As `Service.put_job`."""
        body = shapes.body_of(submission, uploaded)
        return self._job(
            self._ask(lambda services: services.jobs.create(*self._whose, submission.id, body, cls=_raw))
        )  # fmt: skip

    def cancel_job(self, id: str) -> RemoteJob | None:
        """As `Service.cancel_job`; the service answers with the job, with nothing, or with 204."""
        try:
            return self._job(self._ask(lambda services: services.jobs.cancel(*self._whose, id, cls=_raw)))
        except ServiceFault as fault:
            if fault.code != BAD_ANSWER:
                raise
            return None

    def list_jobs(self, query: str | None, order: str | None, skip: int, top: int) -> Sequence[RemoteJob]:
        """As `Service.list_jobs`; fewer than `top` are the last ones, however small the service's own pages are."""
        said = self._ask(
            lambda services: list(
                islice(
                    services.jobs.list(*self._whose, filter=query, orderby=order, skip=skip, top=top, cls=_raw_items),
                    top,
                )
            )
        )
        return [self._job(one) for one in said]

    def output(self, job: RemoteJob) -> bytes:
        """As `Service.output`."""
        return self._download(job, _OUTPUT)

    def input(self, job: RemoteJob) -> bytes:
        """As `Service.input`."""
        return self._download(job, _INPUT)

    def targets(self) -> Sequence[TargetStatus]:
        """As `Service.targets`."""
        said = self._ask(lambda services: list(services.providers.list(*self._whose, cls=_raw_items)))
        return [target for one in said for target in shapes.targets_of(one, self._cleaner)]

    def quotas(self) -> Sequence[Quota]:
        """As `Service.quotas`."""
        said = self._ask(lambda services: list(services.quotas.list(*self._whose, cls=_raw_items)))
        return [shapes.quota_of(one, self._cleaner) for one in said]

    def open_session(self, id: str, name: str, provider: str, target: str) -> Session:
        """As `Service.open_session`."""
        body = {"itemType": "Session", "id": id, "name": name, "providerId": provider, "target": target}
        said = self._ask(lambda services: services.sessions.open(*self._whose, id, body, cls=_raw))
        return shapes.session_of(said, self._cleaner)

    def get_session(self, id: str) -> Session:
        """As `Service.get_session`."""
        said = self._ask(lambda services: services.sessions.get(*self._whose, id, cls=_raw))
        return shapes.session_of(said, self._cleaner)

    def close_session(self, id: str) -> Session:
        """As `Service.close_session`."""
        said = self._ask(lambda services: services.sessions.close(*self._whose, id, cls=_raw))
        return shapes.session_of(said, self._cleaner)

    def _ask(self, call: Callable[[Any], Any]) -> Any:
        """What the service says to one call of its client."""
        with faults(self._cleaner, self._clock):
            return call(self._opened().services)

    def _job(self, said: Any) -> RemoteJob:
        """The job, without tokens; its signed addresses are kept."""
        job = shapes.job_of(said, self._cleaner)
        with self._lock:
            for part in (_INPUT, _OUTPUT):
                if is_signed(said.get(part), 0.0):
                    self._signed[job.id, part] = said[part]
                    self._signed.move_to_end((job.id, part))
            while len(self._signed) > _KEPT:
                self._signed.popitem(last=False)
        return job

    def _download(self, job: RemoteJob, part: str) -> bytes:
        with self._lock:
            kept = self._signed.get((job.id, part))
        if is_signed(kept, self._clock.now()):
            try:
                return self._get(kept)
            except ServiceFault as fault:
                if fault.status not in (401, 403):
                    raise
        plain = job.details.get(part) or self.get_job(job.id).details.get(part)
        try:
            container, blob = split(str(plain))
        except ValueError:
            raise ServiceFault(f"job {job.id} has no {part}", status=404, code="BlobNotFound") from None
        return self._get(self._sign(container, blob))

    def _get(self, address: Any) -> bytes:
        with faults(self._cleaner, self._clock):
            return self._blobs().get(address)

    def _sign(self, container: str, blob: str | None = None) -> str:
        """A signed address of a container or a blob."""
        body = {"containerName": container} | ({"blobName": blob} if blob else {})
        said = self._ask(lambda services: services.storage.get_sas_uri(*self._whose, body, cls=_raw))
        address = said.get("sasUri") if isinstance(said, Mapping) else None
        if not isinstance(address, str):
            raise bad_answer("no address of storage")
        return address

    def _options(self) -> dict[str, Any]:
        """Of every client: one attempt, nowhere else, and nothing logged."""
        return {
            "transport": self._transport,
            "user_agent": self._user_agent,
            "retry_total": 0,
            "permit_redirects": False,  # a redirect would take the key to another host
            "logging_enable": False,
        }

    def _blobs(self) -> Blobs:
        self._opened()
        return Blobs(self._options())

    def _opened(self) -> Any:
        """The generated client; opened once, under the lock: azure-core's transport is not safe while it opens."""
        from azure.core.pipeline.transport import RequestsTransport
        from azure.quantum._client import WorkspaceClient

        with self._lock:
            if self._client is None:
                hush()
                is_plain = (self._place.endpoint or "").startswith("http:")
                self._transport = self._given or RequestsTransport(
                    connection_timeout=self._timeout,
                    read_timeout=self._timeout,
                    use_env_settings=not is_plain,  # a proxy would read what is meant for this machine only
                )
                self._transport.open()
                address = self._place.endpoint or self._look_up()
                self._client = WorkspaceClient(address, self._credential, **self._options())
            return self._client

    def _look_up(self) -> str:
        """The address of the workspace's data plane, as the management of Azure has it."""
        from azure.core import PipelineClient
        from azure.core.pipeline import policies
        from azure.core.rest import HttpRequest

        chain = [
            policies.UserAgentPolicy(user_agent=self._user_agent),
            policies.BearerTokenCredentialPolicy(self._credential, f"{_MANAGEMENT}/.default"),
        ]
        client: Any = PipelineClient(_MANAGEMENT, policies=chain, transport=self._transport)
        address = _MANAGEMENT + quote(self._place.resource_id)
        answer = client.send_request(HttpRequest("GET", address, params={"api-version": _MANAGEMENT_VERSION}))
        answer.raise_for_status()
        found = answer.json()["properties"]["endpointUri"]
        if not isinstance(found, str) or not found.startswith("https://"):
            raise bad_answer("a workspace without an address")
        return found


def _raw(response: Any, body: Any, headers: Any) -> Any:
    """What the service said, as it said it: the SDK's models drop and reshape."""
    return response.http_response.json()


def _raw_items(items: Any) -> list[Any]:
    return [item.as_dict() for item in items]
