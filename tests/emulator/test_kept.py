"""What is kept in a folder is there again when the service starts again: all of it, and nothing besides."""

from __future__ import annotations

import json
import math
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from emulator.asking import START, Asker, error, job_body, within
from support.emulator_kept_worker import OFFERED, memory, opened

from qamctl.emulator import blobs
from qamctl.emulator.kept import NAME, NotKept, open_kept
from qamctl.emulator.service import Outcome, Work

SESSION = {"target": "ionq.simulator", "providerId": "ionq", "name": "three in a row"}


def held(asker: Asker) -> dict[str, Any]:
    return memory(asker.service._core.state)


def told(asker: Asker) -> list[Any]:
    """What is told of everything."""
    paths = ["jobs", "jobs?orderby=CreationTime%20desc&top=3", "topLevelItems", "sessions", "quotas"]
    paths += [
        "quotaUsages?providerId=ionq",
        *(f"jobs/{quote(id, errors='surrogateescape')}" for id in asker.service.jobs),
    ]
    paths += [f"sessions/{id}{more}" for id in asker.service.sessions for more in ("", "/jobs")]
    return [asker.json("GET", path) for path in paths]


def put_blob(asker: Asker, address: str, data: bytes, **headers: str) -> None:
    assert asker.store("PUT", address, data, x_ms_blob_type="BlockBlob", **headers).status == 201


def test_a_job_of_every_state_is_there_again(tmp_path: Path) -> None:
    """Each with its times, outcome, cost and error; a job that never begins never begins."""
    with opened(tmp_path) as asker:
        asker.make("succeeded", tags=["a", "b"], metadata={"who": "me"}, priority="High")
        asker.make("failed", b"bad")
        asker.put("gone", b"x")
        asker.upload("doomed")
        asker.ask("PUT", "jobs/doomed", job_body(asker.container("job-doomed")), **{"x-qamctl-fault": "failed"})
        asker.ask("PUT", "jobs/stuck", job_body(asker.container("job-stuck")), **{"x-qamctl-fault": "stuck"})
        asker.make("cancelled")
        asker.ask("POST", "jobs/cancelled:cancel")
        asker.clock.sleep(16)
        assert len(asker.json("GET", "jobs")["value"]) == 6
        asker.ask("DELETE", "jobs/gone")
        asker.make("executing")
        asker.clock.sleep(11)
        asker.make("waiting")
        asker.make("cancelling")
        asker.ask("POST", "jobs/cancelling:cancel")
        asker.ask("PATCH", "jobs/waiting", {"name": "another", "tags": ["c"]})
        before, kept, now = told(asker), held(asker), asker.clock.time
    with opened(tmp_path, now) as asker:
        assert held(asker) == kept
        assert told(asker) == before
        assert asker.service.jobs["stuck"].begins == math.inf
        words = {job["id"]: job["status"] for job in asker.json("GET", "jobs")["value"]}
        assert error(asker.ask("GET", "jobs/gone")) == (404, "JobNotFound")
    assert words == {
        "succeeded": "Succeeded", "failed": "Failed", "doomed": "Failed", "stuck": "Waiting", "cancelled": "Cancelled",
        "executing": "Executing", "waiting": "Waiting", "cancelling": "CancellationRequested",
    }  # fmt: skip


def test_a_job_that_was_due_runs_when_somebody_asks(tmp_path: Path) -> None:
    """Once, whether its time was over before the restart or after."""
    ran: list[str] = []

    def run(work: Work) -> Outcome:
        ran.append(work.job)
        return Outcome(b"{}")

    with opened(tmp_path, runner=run) as asker:
        asker.make("one")
        asker.clock.sleep(100)
    assert ran == []
    for _ in range(2):
        with opened(tmp_path, START + 100, runner=run) as asker:
            output = asker.json("GET", "jobs/one")["outputDataUri"]
            assert asker.store("GET", output).body == b"{}"
    assert ran == ["one"]


def test_sessions_are_there_again(tmp_path: Path) -> None:
    """Open, closed and failed, with their jobs."""
    with opened(tmp_path) as asker:
        for id, policy in (("open", "Continue"), ("closed", "Continue"), ("broken", "Abort")):
            asker.json("PUT", f"sessions/{id}", {**SESSION, "jobFailurePolicy": policy})
            asker.make(f"in-{id}", b"bad", sessionId=id)
        asker.clock.sleep(20)
        asker.json("POST", "sessions/closed:close")
        before, kept = told(asker), held(asker)
    with opened(tmp_path, START + 20) as asker:
        assert (told(asker), held(asker)) == (before, kept)
        words = {id: asker.json("GET", f"sessions/{id}")["status"] for id in asker.service.sessions}
    assert words == {"open": "Executing", "closed": "Failure(s)", "broken": "Failed"}


def test_blobs_are_there_again_and_old_addresses_open_them(tmp_path: Path) -> None:
    """With properties, metadata and tag; the key is the same, and with it every token; tags go on."""
    with opened(tmp_path) as asker:
        key, box = asker.key, within(asker.container("box"), "a b/c")
        put_blob(asker, box, b"\0data", x_ms_meta_who="me", x_ms_blob_content_type="qir.v1", content_encoding="gzip")
        put_blob(asker, within(asker.container("box"), "empty"), b"", x_ms_blob_content_encoding="br")
        before = asker.store("GET", box)
    with opened(tmp_path) as asker:
        assert asker.key == key
        assert asker.store("GET", box) == before
        assert before.headers["x-ms-meta-who"] == "me"
        empty = asker.store("GET", within(asker.container("box"), "empty"))
        assert (empty.status, empty.body, empty.headers["Content-Encoding"]) == (200, b"", "br")
        put_blob(asker, box, b"more")
        assert asker.store("GET", box).headers["ETag"] not in (before.headers["ETag"], empty.headers["ETag"])


def test_an_upload_in_blocks_goes_on(tmp_path: Path) -> None:
    """Blocks that were put before the restart are committed after it; then there are none."""
    with opened(tmp_path) as asker:
        blob = within(asker.container("box"), "big")
        assert asker.store("PUT", f"{blob}&comp=block&blockid=YQ==", b"123").status == 201
    with opened(tmp_path) as asker:
        assert asker.store("PUT", f"{blob}&comp=block&blockid=Yg==", b"456").status == 201
        listed = b"<BlockList><Latest>YQ==</Latest><Latest>Yg==</Latest></BlockList>"
        assert asker.store("PUT", f"{blob}&comp=blocklist", listed).status == 201
    with opened(tmp_path) as asker:
        assert asker.store("GET", blob).body == b"123456"
        assert held(asker)["blocks"] == {}


def test_what_was_removed_stays_away(tmp_path: Path) -> None:
    """Jobs with their blobs and blocks, and single blobs; one that was made again is the new one alone."""
    with opened(tmp_path) as asker:
        for id in ("gone", "again"):
            box = asker.upload(id)
            put_blob(asker, within(box, "old"), b"old")
            assert asker.store("PUT", f"{within(box, 'big')}&comp=block&blockid=YQ==", b"123").status == 201
            asker.make(id)
            assert asker.ask("DELETE", f"jobs/{id}").status == 204
        asker.make("again", b"new")
        for name in ("one", "two"):
            put_blob(asker, within(asker.container("box"), name), b"1")
        signed = asker.service._core.signer.blob("box", "two", "d", START, START + 60)  # no client gets one of these
        assert asker.store("DELETE", f"/devstoreaccount1/box/two?{signed}").status == 202
    with opened(tmp_path) as asker:
        assert list(asker.service.jobs) == ["again"]
        state = held(asker)
        assert {name: list(inside) for name, inside in state["containers"].items()} == {
            "job-again": ["inputData"],
            "box": ["one"],
        }
        assert (state["blocks"], asker.service.created["again"], asker.service.puts["gone"]) == ({}, 2, 1)


def test_counts_and_order_go_on(tmp_path: Path) -> None:
    """What was refused is counted, too; jobs are listed as they were made, before the restart and after."""
    ids = ("z", "m", "a")
    for id in ids:
        with opened(tmp_path) as asker:
            asker.make(id)
            assert asker.put(id).status == 409
    with opened(tmp_path) as asker:
        assert [job["id"] for job in asker.json("GET", "jobs")["value"]] == list(ids)
        assert [job.order for job in asker.service.jobs.values()] == [1, 2, 3]
        assert (asker.service.puts, asker.service.created) == (dict.fromkeys(ids, 2), dict.fromkeys(ids, 1))


def test_a_job_that_was_replaced_is_the_second_one(tmp_path: Path) -> None:
    """It keeps its place in the state, and has another in the lists."""
    with opened(tmp_path, second_put="replace") as asker:
        asker.make("one", name="first")
        asker.make("two")
        asker.make("one", name="second")
        before, kept = told(asker), held(asker)
    with opened(tmp_path) as asker:
        assert (told(asker), held(asker)) == (before, kept)
        assert [job["name"] for job in asker.json("GET", "jobs")["value"]] == ["a job", "second"]


def test_a_job_of_a_target_that_is_gone_is_still_told(tmp_path: Path) -> None:
    """As it was, and it runs as it would have; another job for that target is refused."""
    with opened(tmp_path) as asker:
        asker.make("one")
        asker.make("two", target="ionq.qpu.aria-1")
        before = asker.json("GET", "jobs")
    fewer = {id: target for id, target in OFFERED.items() if id != "ionq.simulator"}
    with opened(tmp_path, targets=fewer) as asker:
        assert asker.json("GET", "jobs") == before
        assert asker.service.jobs["one"].target == OFFERED["ionq.simulator"]
        assert asker.service.jobs["two"].target is OFFERED["ionq.qpu.aria-1"]
        assert error(asker.put("three")) == (400, "InvalidJobDefinition")
        asker.clock.sleep(20)
        assert asker.json("GET", "jobs/one")["status"] == "Succeeded"


@pytest.mark.parametrize(
    ("name", "is_blob"),
    [
        ("ünï", True),
        ("a\0b", False),
        ("\udcff", False),
        ("😀", True),
        ("a'b\"c%", True),
        (" ", True),
        ("\\ud800", True),
    ],
)
def test_strange_names_are_kept(tmp_path: Path, name: str, is_blob: bool) -> None:
    """Of jobs, tags and blobs: zeros, halves of characters, and what looks like none of them, where they may be."""
    path = quote(name, errors="surrogateescape")
    with opened(tmp_path) as asker:
        body = {**job_body(asker.container("box")), "name": f"{name}\ud800", "tags": [name]}
        assert error(asker.ask("PUT", f"jobs/{path}", body)) == (400, "InvalidId")
        assert asker.ask("PUT", "jobs/A.b_c-1", body).status == 200
        blob = within(asker.container("box"), path)
        for more, status in (("", 201), ("&comp=block&blockid=%2B%2F%2B%2F", 201), ("&comp=block&blockid=@", 400)):
            found = asker.store("PUT", f"{blob}{more}", b"1", x_ms_blob_type="BlockBlob")
            assert found.status == (status if is_blob else 400)
        before, kept = told(asker), held(asker)
    with opened(tmp_path) as asker:
        assert (told(asker), held(asker)) == (before, kept)
        assert [(id, job.name, job.tags) for id, job in asker.service.jobs.items()] == [
            ("A.b_c-1", f"{name}\ud800", [name])
        ]
        assert list(asker.service._core.state.containers["box"]) == ([name] if is_blob else [])


def test_a_change_that_cant_be_kept_is_kept_with_the_next_one(tmp_path: Path) -> None:
    """Whoever asked gets no answer that it was done; nothing of it is kept alone, and all of it later."""
    with opened(tmp_path) as asker:
        asker.make("one")
        body = job_body(asker.upload("two"))
        asker.clock.sleep(20)
        other = sqlite3.connect(tmp_path / NAME, isolation_level=None)
        for way in ("INSERT", "UPDATE"):
            other.execute(f"CREATE TRIGGER no_{way} BEFORE {way} ON jobs BEGIN SELECT RAISE(ABORT, 'full'); END")
        for method, path, given in (("PUT", "jobs/two", body), ("GET", "jobs/one", b""), ("GET", "jobs/one", b"")):
            with pytest.raises(NotKept, match=r"can't keep a change in .*emulator\.db: full"):
                asker.ask(method, path, given)
            assert other.execute("SELECT count(*) FROM blobs WHERE name = 'outputData'").fetchone() == (0,)
            assert other.execute("SELECT count(*) FROM jobs").fetchone() == (1,)
        for way in ("INSERT", "UPDATE"):
            other.execute(f"DROP TRIGGER no_{way}")
        other.close()
        assert asker.json("GET", "quotas")["value"]
        kept = held(asker)
    with opened(tmp_path) as asker:
        assert held(asker) == kept
        assert "outputData" in kept["containers"]["job-one"]


def test_after_the_end_nothing_is_kept(tmp_path: Path) -> None:
    """A request that is still on its way when the service ends gets no answer that it was done."""
    with opened(tmp_path) as asker:
        asker.make("one")
    with pytest.raises(NotKept, match="has ended"):
        asker.put("two")
    with open_kept(tmp_path, OFFERED) as kept:
        assert list(kept.state.jobs) == ["one"]


def test_what_could_not_be_kept_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bodies that are nested without end, and blobs beyond all measure; the service goes on."""
    with opened(tmp_path) as asker:
        box = asker.container("box")
        for depth, status in ((98, 200), (102, 400), (480, 400), (900, 400)):
            nested = json.loads('{"a":[' * (depth // 2) + "]}" * (depth // 2))
            for field in ("inputParams", "metadata"):
                found = asker.ask("PUT", f"jobs/{field}-{depth}", job_body(box, **{field: {"a": nested}}))
                assert found.status == status, (depth, field)
        monkeypatch.setattr(blobs, "_MOST", 5)
        blob = within(box, "big")
        assert asker.store("PUT", f"{blob}&comp=block&blockid=YQ==", b"123").status == 201
        for times, status in ((2, 413), (1, 201)):
            listed = b"<BlockList>%s</BlockList>" % (b"<Latest>YQ==</Latest>" * times)
            assert asker.store("PUT", f"{blob}&comp=blocklist", listed).status == status
        kept = held(asker)
    with opened(tmp_path) as asker:
        assert held(asker) == kept
