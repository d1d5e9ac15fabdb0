"""The service as a whole: who may ask, what is counted, what goes wrong on purpose."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from emulator.asking import KEY, WORKSPACE, Asker, error, within
from hypothesis import given, settings
from hypothesis import strategies as st

from qamctl.emulator.faults import Event, Faults
from qamctl.emulator.messages import LostResponse, Request, make_request
from qamctl.emulator.service import AzureService, Outcome, Work


@pytest.mark.parametrize("key", [None, " ", "wrong", KEY.upper()])
def test_without_the_key_nothing_is_told(key: str | None) -> None:
    """401 without a body, as recorded, for every route, whether or not there is such a thing."""
    asker = Asker()
    for method, path in (("GET", "jobs/one"), ("PUT", "jobs/one"), ("GET", "providerStatus"), ("GET", "nothing")):
        found = asker.ask(method, path, {}, key=key)
        assert (found.status, found.body) == (401, b"")
        assert found.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert not asker.service.jobs


def test_a_token_is_taken_on_azures_hosts_only() -> None:
    """On this machine's address a key is needed."""
    service = AzureService()
    for host, status in (("eastus.quantum.azure.com", 200), ("127.0.0.1:80", 401), ("eastus.quantum.azure.com.x", 401)):
        url = f"{WORKSPACE}/providerStatus?api-version=2026-01-15-preview"
        found = service.handle(make_request("GET", url, {"Host": host, "Authorization": f"Bearer {service.token}"}))
        assert found.status == status, host
    url = f"https://eastus.quantum.azure.com{WORKSPACE}/providerStatus?api-version=2026-01-15-preview"
    other = AzureService(key="another-key").token
    assert service.handle(make_request("GET", url, {"Authorization": f"Bearer {other}"})).status == 401


def test_only_the_workspaces_that_there_are_answer() -> None:
    """Where none is named every one does."""
    subscription = WORKSPACE.split("/")[2]
    asker = Asker(workspaces=[f"{subscription}/RG/WS1"])
    assert asker.ask("GET", "quotas").status == 200
    assert error(asker.ask("GET", "quotas", workspace=WORKSPACE.replace("ws1", "ws2"))) == (404, "WorkspaceNotFound")
    assert asker.service.has_workspace(f"{subscription}/rg/ws1")
    assert Asker().service.has_workspace("anything")


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("GET", "nothing", (404, "NotFound")),
        ("GET", "jobs/a/b", (404, "NotFound")),
        ("POST", "jobs", (405, "MethodNotAllowed")),
        ("GET", "jobs/one:cancel", (405, "MethodNotAllowed")),
        ("DELETE", "providerStatus", (405, "MethodNotAllowed")),
    ],
)
def test_what_there_is_not_is_not_found_or_not_allowed(method: str, path: str, answer: tuple[int, str]) -> None:
    """By the address first, then by the method."""
    assert error(Asker().ask(method, path)) == answer


def test_an_address_outside_of_a_workspace_is_not_found() -> None:
    """With the key, too."""
    assert error(AzureService().handle(make_request("GET", "/x", {"x-ms-quantum-api-key": KEY}))) == (404, "NotFound")


def test_requests_are_counted_by_kind() -> None:
    """Also those that were refused."""
    asker = Asker()
    asker.put("one")
    asker.put("one")
    asker.ask("GET", "jobs/two")
    asker.ask("GET", "jobs/two", key="wrong")
    assert asker.service.requests == {"POST sas": 2, "PUT blob": 2, "PUT job": 2, "GET job": 2}
    assert asker.service.puts == {"one": 2}
    assert asker.service.created == {"one": 1}


def script(fault: str, kind: str = "PUT job", nth: int = 1, times: int = 1) -> Faults:
    """A plan with one event."""
    return Faults(script=[Event(kind, nth, fault, times)], retry_after=7.0, slow_seconds=3.0)


@pytest.mark.parametrize(
    ("fault", "status", "created"),
    [("throttle", 429, 0), ("error-before", 500, 0), ("error-after", 500, 1), ("twice", 409, 1), ("slow", 200, 1)],
)
def test_a_fault_befalls_the_request_that_it_is_meant_for(fault: str, status: int, created: int) -> None:
    """The answer is the fault's; whether the job was made differs; the next request is answered as ever."""
    asker = Asker(faults=script(fault, nth=2))
    assert asker.put("before").status == 200
    found = asker.put("one")
    assert found.status == status
    assert asker.service.created["one"] == created
    assert asker.service.puts["one"] == {"twice": 2, "throttle": 0, "error-before": 0}.get(fault, 1)
    assert asker.put("after").status == 200
    if fault == "throttle":
        assert found.headers["Retry-After"] == "7"
    assert asker.clock.now() - asker.service.jobs["before"].created == (3.0 if fault == "slow" else 0.0)


@pytest.mark.parametrize(("fault", "created"), [("lost-before", 0), ("lost-after", 1)])
def test_a_lost_response_is_no_answer(fault: str, created: int) -> None:
    """The job was made, or not; whoever asked can't tell."""
    asker = Asker(faults=script(fault))
    with pytest.raises(LostResponse):
        asker.put("one")
    assert asker.service.created["one"] == created
    assert asker.put("two").status == 200


def test_addresses_that_have_expired_are_told_as_if_they_were_good() -> None:
    """The storage refuses them."""
    asker = Asker(faults=script("expired", "POST sas"))
    first = asker.container("box")
    assert asker.store("GET", f"{first}&restype=container").status == 403
    assert asker.store("GET", f"{asker.container('box')}&restype=container").status == 200


def test_jobs_fail_or_stay_where_they_are_on_purpose() -> None:
    """Failed by the provider, down with the target, or stuck in the queue until it is cancelled."""
    events = [Event("PUT job", 1, "failed"), Event("PUT job", 2, "unavailable"), Event("PUT job", 3, "stuck")]
    asker = Asker(faults=Faults(script=events))
    for id in ("failed", "down", "stuck", "fine"):
        asker.make(id)
    asker.clock.sleep(1e6)
    told = {
        job["id"]: (job["status"], (job["errorData"] or {}).get("code")) for job in asker.json("GET", "jobs")["value"]
    }
    assert told == {
        "failed": ("Failed", "JobProcessingError"), "down": ("Failed", "ProviderTimeout"), "stuck": ("Waiting", None),
        "fine": ("Succeeded", None),
    }  # fmt: skip
    asker.json("POST", "jobs/stuck:cancel")
    asker.clock.sleep(60)
    assert asker.json("GET", "jobs/stuck")["status"] == "Cancelled"


def test_targets_are_told_to_be_down_on_purpose() -> None:
    """All of them, and their providers; the next request tells them as they are."""
    asker = Asker(faults=script("unavailable", "GET providers"))
    told = asker.json("GET", "providerStatus")["value"]
    assert {one["currentAvailability"] for one in told} == {"Unavailable"}
    assert {target["currentAvailability"] for one in told for target in one["targets"]} == {"Unavailable"}
    assert asker.json("GET", "providerStatus")["value"][0]["currentAvailability"] == "Available"


def test_a_job_is_run_once_however_many_ask_for_it() -> None:
    """And nobody else waits for it: others are answered while it runs."""
    ran: list[str] = []
    started, may_end = threading.Event(), threading.Event()

    def slowly(work: Work) -> Outcome:
        ran.append(work.job)
        started.set()
        assert may_end.wait(20)
        return Outcome(b"{}")

    asker = Asker(runner=slowly)
    asker.make("one")
    asker.clock.sleep(60)
    words: list[str] = []
    threads = [threading.Thread(target=lambda: words.append(asker.json("GET", "jobs/one")["status"])) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert started.wait(20)
    assert asker.ask("GET", "providerStatus").status == 200
    may_end.set()
    for thread in threads:
        thread.join(20)
    assert (ran, words) == (["one"], ["Succeeded"] * 4)


def test_a_job_that_was_removed_while_it_ran_leaves_nothing() -> None:
    """Its output is not written any more."""
    deleted: list[int] = []

    def meanwhile(work: Work) -> Outcome:
        asker.clock.time -= 60  # the request to remove it came before the job was due, and goes on only now
        deleted.append(asker.ask("DELETE", f"jobs/{work.job}").status)
        return Outcome(b"{}")

    asker = Asker(runner=meanwhile)
    asker.make("one")
    asker.clock.sleep(60)
    assert error(asker.ask("GET", "jobs/one")) == (404, "JobNotFound")
    assert deleted == [204]
    assert asker.service._core.state.containers == {}


def test_one_container_may_have_the_inputs_of_several_jobs() -> None:
    """Whoever reads from it makes all of them run that are due."""
    asker = Asker()
    container = asker.upload("one")
    for id in ("a", "b"):
        body = {
            "containerUri": container,
            "inputDataFormat": "qir.v1",
            "target": "ionq.simulator",
            "providerId": "ionq",
        }
        assert asker.ask("PUT", f"jobs/{id}", body).status == 200
    asker.clock.sleep(60)
    found = asker.store("GET", asker.json("GET", "jobs/a")["outputDataUri"])
    assert found.status == 200
    assert all(job.outcome for job in asker.service.jobs.values())


def test_equal_seeds_give_jobs_of_equal_ids_equal_work() -> None:
    """The runner is told the seed, and everything that it needs."""
    seen: list[Work] = []
    asker = Asker(seed=5, lost_shots=0.25, runner=lambda work: (seen.append(work), Outcome(b"{}"))[1])
    asker.make("one", b"payload")
    asker.clock.sleep(60)
    asker.json("GET", "jobs/one")
    (work,) = seen
    assert (work.job, work.payload, work.seed, work.lost, dict(work.params)) == (
        "one",
        b"payload",
        5,
        0.25,
        {"shots": 100},
    )
    assert (work.input_format, work.output_format) == ("qir.v1", "microsoft.quantum-results.v2")
    assert "payload=" not in repr(work)


def test_the_key_is_in_no_picture_of_the_service() -> None:
    """Nor in that of what it is made of."""
    asker = Asker(key="c4n4ry-key")
    asker.make("one")
    texts = [repr(asker.service), repr(asker.service._core), repr(asker.service.jobs["one"])]
    assert all("c4n4ry" not in text for text in texts)


def test_nothing_heavy_is_loaded_before_a_job_is_run(tmp_path: Path) -> None:
    """Scenarios by the thousand start with the core alone."""
    code = (
        "import sys; from qamctl.emulator.service import AzureService; AzureService(); "
        "heavy = {'qiskit', 'qdk', 'scipy', 'cryptography', 'azure', 'numpy'}; assert not heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=60)


TEXT = st.text(max_size=30) | st.sampled_from(["jobs", "jobs/x", "sessions/s", "storage/sasUri", "quotas", "job-x/a"])
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["target", "providerId", "containerUri", "inputDataFormat", "name", "tags", "containerName"])
        | st.text(max_size=5), inner, max_size=6),
    max_leaves=12,
)  # fmt: skip


@given(
    st.sampled_from(["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "WHAT"]),
    st.sampled_from([f"{WORKSPACE}/", "/devstoreaccount1/", "/", ""]),
    TEXT,
    st.dictionaries(st.sampled_from(["api-version", "filter", "top", "skip", "sig", "comp", "se"]), TEXT, max_size=4),
    st.binary(max_size=30) | JSON.map(lambda found: __import__("json").dumps(found).encode()),
)
@settings(max_examples=300, deadline=None)
def test_whatever_is_asked_is_answered(method: str, start: str, rest: str, query: dict[str, str], body: bytes) -> None:
    """Nonsense is refused by 4xx; no other error comes out of the core."""
    headers = {"x-ms-quantum-api-key": KEY}
    found = AzureService(runner=lambda work: Outcome(b"{}")).handle(Request(method, start + rest, query, headers, body))
    assert 200 <= found.status < 500


def test_a_header_brings_faults_and_the_answer_names_what_befell() -> None:
    """Of the data plane and of the storage, each in its own shape; a word that is none is refused."""
    asker = Asker()
    found = asker.ask("GET", "quotas", **{"x-qamctl-fault": "throttle=7"})
    assert (found.status, found.headers["Retry-After"], found.headers["x-qamctl-fault"]) == (429, "7", "throttle")
    container = asker.container("job-one")
    for word, status, code in (("throttle", 503, "ServerBusy"), ("error-before", 500, "InternalError")):
        found = asker.store(
            "PUT", within(container, "inputData"), b"x", x_ms_blob_type="BlockBlob", x_qamctl_fault=word
        )
        assert (found.status, found.headers["x-ms-error-code"], found.headers["x-qamctl-fault"]) == (status, code, word)
    assert error(asker.ask("GET", "quotas", **{"x-qamctl-fault": "boom"})) == (400, "UnknownFault")
    assert "x-qamctl-fault" not in asker.ask("GET", "quotas").headers


def test_what_takes_long_is_told_as_at_work_until_it_is_done() -> None:
    """No answer waits for it longer than the service's patience, and it runs once."""
    gate, runs = threading.Event(), []

    def slow(work: Work) -> Outcome:
        runs.append(work.job)
        gate.wait(60)
        return Outcome(b"{}")

    asker = Asker(runner=slow, patience=0.05)
    asker.make("one")
    asker.clock.sleep(600)
    assert [asker.json("GET", "jobs/one")["status"] for _ in range(3)] == ["Executing"] * 3
    assert asker.json("GET", "jobs")["value"][0]["status"] == "Executing"
    gate.set()
    deadline = time.monotonic() + 60
    while asker.json("GET", "jobs/one")["status"] == "Executing" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (asker.json("GET", "jobs/one")["status"], runs) == ("Succeeded", ["one"])
