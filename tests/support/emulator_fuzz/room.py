"""A service to be fuzzed, in this process or in one of its own, and what must be true of it before and afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from emulator.asking import SUBSCRIPTION, WORKSPACE, canned, job_body
from support.emulator_fuzz.request import Scene, Sent, octets, own, request
from support.emulator_fuzz.talk import Answer, Talk

from qamctl.emulator.front.server import serve
from qamctl.emulator.service import AzureService

KEY: Final = "Fuzz-Key-51b8"
_TESTS: Final = Path(__file__).resolve().parents[2]
_LETTERS: Final = b"abcdefghijklmnopqrstuvwxyz"


def make_service() -> AzureService:
    """One workspace, jobs that are done at once, and nothing simulated."""
    return AzureService(
        key=KEY, workspaces=[f"{SUBSCRIPTION}/rg/ws1"], runner=canned, queue_seconds=0.0, run_seconds=0.0
    )


def main() -> int:
    """A service: its address on standard output; it ends with standard input."""
    with serve(make_service()) as url:
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        sys.stdin.read()
    return 0


@contextmanager
def process(folder: Path) -> Iterator[str]:
    """The address of a service in a process of its own, which must end by itself, without a word."""
    code = "import sys; from support.emulator_fuzz.room import main; sys.exit(main())"
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(_TESTS.parent), str(_TESTS)])}
    with subprocess.Popen(
        [sys.executable, "-X", "dev", "-c", code], cwd=folder, env=environ, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as child:  # fmt: skip
        assert child.stdout is not None
        try:
            yield child.stdout.readline().strip()
            out, err = child.communicate(timeout=60)
            assert (child.returncode, out, err) == (0, "", "")
        finally:
            child.kill()


def scene_at(url: str) -> Scene:
    """The words for a service on this machine, without tokens."""
    host = urlsplit(url).netloc
    return Scene((host, host), KEY, WORKSPACE, "/devstoreaccount1")


def furnish(talk: Talk, scene: Scene) -> None:
    """Make the container, the blob, the job and the session of a scene, and get its tokens."""
    opened = good(talk, scene, "POST", "storage/sasUri", {"containerName": scene.box})["sasUri"]
    scene.tokens["any"] = urlsplit(opened).query
    _put(talk, scene, scene.box)
    good(talk, scene, "PUT", f"jobs/{scene.job}", job_body(opened))
    session = {"providerId": "ionq", "target": "ionq.simulator", "name": "open"}
    good(talk, scene, "PUT", f"sessions/{scene.session}", session)
    job = good(talk, scene, "GET", f"jobs/{scene.job}")
    scene.tokens["box"] = urlsplit(job["containerUri"]).query
    scene.tokens["blob"] = urlsplit(job["inputDataUri"]).query


def check_untouched(talk: Talk, scene: Scene) -> None:
    """Hold that there is what there was, and nothing else: no malformed request has had an effect."""
    jobs = good(talk, scene, "GET", "jobs")["value"]
    assert [(job["id"], job["name"], job["tags"], job["status"]) for job in jobs] == [
        (scene.job, "a job", [], "Succeeded")
    ]
    sessions = good(talk, scene, "GET", "sessions")["value"]
    assert [(one["id"], one["endExecutionTime"]) for one in sessions] == [(scene.session, None)]
    assert _answer(talk, scene, "GET", f"{scene.box}/{scene.blob}").body == _LETTERS
    listed = _answer(talk, scene, "GET", scene.box, query="restype=container&comp=list&").body.decode()
    assert [part.partition("<")[0] for part in listed.split("<Name>")[1:]] == ["inputData", "outputData"]
    for box in ("smuggled", "fuzzed"):
        assert _answer(talk, scene, "GET", box, query="restype=container&", status=404)


def run_job(talk: Talk, scene: Scene, id: str = "afterwards") -> None:
    """Hold that a good job still runs, from its upload to its result."""
    opened = good(talk, scene, "POST", "storage/sasUri", {"containerName": f"job-{id}"})["sasUri"]
    _put(talk, scene, f"job-{id}")
    good(talk, scene, "PUT", f"jobs/{id}", job_body(opened))
    deadline = time.monotonic() + 60
    while (job := good(talk, scene, "GET", f"jobs/{id}"))["status"] != "Succeeded" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert job["status"] == "Succeeded"
    found = _answer(talk, scene, "GET", f"job-{id}/outputData")
    assert json.loads(found.body) == {"payload": "26 bytes"}


def good(talk: Talk, scene: Scene, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """What the data plane tells; it must be well."""
    sent = None if body is None else json.dumps(body).encode()
    data = request(method, f"{scene.root}/{path}?{scene.version}", own(scene), sent)
    (found,) = talk.ask(Sent(data))
    assert found.status == 200, found
    return json.loads(found.body)


def _put(talk: Talk, scene: Scene, container: str) -> None:
    _answer(talk, scene, "PUT", f"{container}/inputData", _LETTERS, status=201)


def _answer(
    talk: Talk, scene: Scene, method: str, path: str, body: bytes | None = None, *, query: str = "", status: int = 200
) -> Answer:
    """What the storage tells, to whoever may do everything."""
    headers = [(b"Host", octets(scene.hosts[1])), (b"x-ms-blob-type", b"BlockBlob")]
    target = f"{scene.account}/{path}?{query}{scene.tokens['any']}"
    (found,) = talk.ask(Sent(request(method, target, headers, body), storage=True))
    assert found.status == status, found
    return found
