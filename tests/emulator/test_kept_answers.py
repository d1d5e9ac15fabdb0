"""After any requests, a service that starts from what was kept answers everything as the one that goes on."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

from emulator.asking import WORKSPACE, Asker, job_body, within
from hypothesis import given, settings
from hypothesis import strategies as st
from support.emulator_kept_worker import memory, opened

from qamctl.emulator.kept import NAME
from qamctl.emulator.messages import Response
from qamctl.emulator.targets import TARGETS

OTHER = WORKSPACE.replace("ws1", "ws2")

IDS = st.sampled_from(["one", "two", "a%00b", "%FF"])
SESSIONS = st.sampled_from(["s", "t"])
BLOBS = st.tuples(st.sampled_from(["job-one", "job-two", "box"]), st.sampled_from(["inputData", "x y/z", "outputData"]))
PLACES = st.sampled_from([WORKSPACE, OTHER])
FAULTS = st.sampled_from(["", "", "", "", "failed", "stuck", "unavailable", "twice", "error-after", "expired"])
WAITS = st.sampled_from([0.0, 1.0, 6.0, 11.0, 40.0])
JOBS = st.fixed_dictionaries(
    {"inputParams": st.sampled_from([{}, {"shots": 10}, {"items": [1, 2.5, None], "deep": [[{}]]}])},
    optional={
        "target": st.sampled_from(["ionq.qpu.aria-1", "none"]),
        "name": st.text(max_size=3),
        "tags": st.lists(st.text(max_size=2), max_size=2),
        "metadata": st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
        "priority": st.just("High"),
        "sessionId": SESSIONS,
        "outputDataFormat": st.sampled_from(["ionq.quantum-results.v1", "microsoft.quantum-results.v1"]),
    },
)

STEP = st.one_of(
    st.tuples(st.just("input"), IDS, st.sampled_from([b"x", b"bad", b""])),
    st.tuples(st.just("job"), IDS, JOBS, FAULTS, PLACES),
    st.tuples(
        st.just("patch"), IDS, st.sampled_from([{"name": "n"}, {"tags": ["t"]}, {"priority": "Low"}, {"name": 1}])
    ),
    st.tuples(st.just("cancel"), IDS),
    st.tuples(st.just("delete"), IDS, PLACES),
    st.tuples(st.just("session"), SESSIONS, st.sampled_from(["Abort", "Continue", "Never"]), PLACES),
    st.tuples(st.just("close"), SESSIONS),
    st.tuples(st.just("blob"), BLOBS, st.binary(max_size=4), st.sampled_from(["", "gzip"])),
    st.tuples(st.just("metadata"), BLOBS, st.sampled_from(["me", "ÿ"])),
    st.tuples(st.just("drop"), BLOBS),
    st.tuples(st.just("block"), BLOBS, st.sampled_from(["YQ==", "a%00"]), st.binary(max_size=3)),
    st.tuples(st.just("blocks"), BLOBS),
    st.tuples(st.just("wait"), WAITS),
)


def do(asker: Asker, step: tuple[Any, ...]) -> None:
    """Ask for a change, whatever becomes of it."""
    match step:
        case "input", id, payload:
            asker.store("PUT", within(asker.container(container(id)), "inputData"), payload, x_ms_blob_type="BlockBlob")
        case "job", id, fields, fault, place:
            body = job_body(f"http://127.0.0.1/devstoreaccount1/{container(id)}", **fields)
            asker.ask("PUT", f"jobs/{id}", body, workspace=place, **{"x-qamctl-fault": fault})
        case "patch", id, fields:
            asker.ask("PATCH", f"jobs/{id}", fields)
        case "cancel", id:
            asker.ask("POST", f"jobs/{id}:cancel")
        case "delete", id, place:
            asker.ask("DELETE", f"jobs/{id}", workspace=place)
        case "session", id, policy, place:
            body = {"target": "ionq.simulator", "providerId": "ionq", "jobFailurePolicy": policy}
            asker.ask("PUT", f"sessions/{id}", body, workspace=place)
        case "close", id:
            asker.ask("POST", f"sessions/{id}:close")
        case "blob", where, data, encoding:
            asker.store("PUT", blob(asker, *where), data, x_ms_blob_type="BlockBlob", content_encoding=encoding)
        case "metadata", where, who:
            asker.store("PUT", f"{blob(asker, *where)}&comp=metadata", x_ms_meta_who=who)
        case "drop", where:
            asker.store("DELETE", blob(asker, *where, rights="d"))
        case "block", where, name, data:
            asker.store("PUT", f"{blob(asker, *where)}&comp=block&blockid={name}", data)
        case "blocks", (holder, name):
            known = [key[2] for key in asker.service._core.state.blocks if key[:2] == (holder, name)]
            listed = "".join(f"<Latest>{one}</Latest>" for one in known)
            asker.store(
                "PUT", f"{blob(asker, holder, name)}&comp=blocklist", f"<BlockList>{listed}</BlockList>".encode()
            )
        case "wait", seconds:
            asker.clock.sleep(seconds)


def container(id: str) -> str:
    """Where the blobs of a job lie; some share a place."""
    return {"one": "job-one", "two": "job-two"}.get(id, "box")


def blob(asker: Asker, holder: str, name: str, rights: str = "") -> str:
    """An address of a blob; with rights that no client gets, one that is signed for them."""
    if rights:
        signed = asker.service._core.signer.blob(holder, name, rights, asker.clock.time, asker.clock.time + 60)
        return f"/devstoreaccount1/{holder}/{quote(name)}?{signed}"
    return within(asker.container(holder), quote(name))


def everything(asker: Asker) -> list[Response]:
    """All that can be asked for, in one order."""
    answers = []
    for place in (WORKSPACE, OTHER):
        paths = ["jobs", "jobs?orderby=Name%20desc&top=2", "topLevelItems", "sessions", "quotas", "providerStatus"]
        paths += ["quotaUsages?providerId=ionq", "jobs?filter=State%20eq%20%27Succeeded%27"]
        paths += [f"jobs/{quote(id, errors='surrogateescape')}" for id in asker.service.jobs]
        paths += [f"sessions/{id}{more}" for id in asker.service.sessions for more in ("", "/jobs")]
        answers += [asker.ask("GET", path, workspace=place) for path in paths]
    held = asker.service._core.state.containers
    for name in sorted(held):
        address = asker.container(name)
        answers.append(asker.store("GET", f"{address}&restype=container&comp=list"))
        readable = [blob(asker, name, inside, rights="r") for inside in sorted(held[name])]
        answers += [asker.store(method, address) for address in readable for method in ("GET", "HEAD")]
    return answers


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(STEP, max_size=30), every=st.integers(1, 6), second=st.sampled_from(["conflict", "same", "replace"])
)
def test_a_service_from_what_was_kept_answers_as_the_one_that_goes_on(
    steps: list[tuple[Any, ...]], every: int, second: str
) -> None:
    """After every few requests: a copy of the folder, as a kill would leave it, tells the same of everything."""
    with tempfile.TemporaryDirectory() as room:
        own, copy = Path(room, "own"), Path(room, "copy")
        with opened(own, second_put=second) as asker:
            for number, step in enumerate(steps, 1):
                do(asker, step)
                if number % every and number < len(steps):
                    continue
                shutil.rmtree(copy, ignore_errors=True)
                copy.mkdir()
                for name in ("key", NAME, f"{NAME}-wal"):
                    shutil.copy(own / name, copy / name)
                with opened(copy, asker.clock.time, second_put=second) as other:
                    assert memory(other.service._core.state) == memory(asker.service._core.state)
                    answers = everything(asker)
                    assert everything(other) == answers
                    assert {answer.status for answer in answers} <= {200, 404, 400}
                    assert memory(other.service._core.state) == memory(asker.service._core.state)


@settings(max_examples=30, deadline=None)
@given(parts=st.lists(st.lists(STEP, max_size=8), max_size=4))
def test_a_service_that_starts_again_and_again_is_the_one_that_never_ended(parts: list[list[tuple[Any, ...]]]) -> None:
    """The same requests, with and without restarts between them, come to the same answers."""
    with tempfile.TemporaryDirectory() as room:
        with opened(Path(room, "kept")) as asker:
            now, key = asker.clock.time, asker.key
        steady = Asker(key=key, targets=TARGETS)
        for part in parts:
            with opened(Path(room, "kept"), now) as asker:
                for step in part:
                    do(asker, step)
                    do(steady, step)
                now = asker.clock.time
        with opened(Path(room, "kept"), now) as asker:
            assert memory(asker.service._core.state) == memory(steady.service._core.state)
            assert everything(asker) == everything(steady)
