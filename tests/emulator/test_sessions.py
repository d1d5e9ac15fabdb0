"""Sessions."""

from __future__ import annotations

import pytest
from emulator.asking import WORKSPACE, Asker, error

BODY = {"name": "s", "providerId": "ionq", "target": "ionq.simulator", "itemType": "Session"}
OTHER = WORKSPACE.replace("ws1", "ws2")


def test_a_session_is_opened_filled_and_closed() -> None:
    """Its word follows from its jobs, and from whether more may come."""
    asker = Asker()
    assert asker.json("PUT", "sessions/s1", BODY)["status"] == "Waiting"
    asker.make("one", sessionId="s1")
    session = asker.json("GET", "sessions/s1")
    assert (session["status"], session["jobFailurePolicy"], session["endExecutionTime"]) == ("Executing", "Abort", None)
    assert asker.json("POST", "sessions/s1:close")["status"] == "Executing"
    asker.clock.sleep(60)
    assert asker.json("GET", "sessions/s1")["status"] == "Succeeded"
    assert asker.json("POST", "sessions/s1:close")["endExecutionTime"] == "2026-11-18T11:06:40.0000000+00:00"
    assert [job["id"] for job in asker.json("GET", "sessions/s1/jobs")["value"]] == ["one"]
    assert [item["id"] for item in asker.json("GET", "sessions")["value"]] == ["s1"]
    assert list(asker.service.sessions) == ["s1"]


def test_opening_twice_is_opening_once() -> None:
    """The first one's name stays; in another workspace the id is taken."""
    asker = Asker()
    asker.json("PUT", "sessions/s1", BODY)
    assert asker.json("PUT", "sessions/s1", BODY | {"name": "other"})["name"] == "s"
    assert error(asker.ask("PUT", "sessions/s1", BODY, workspace=OTHER)) == (409, "SessionAlreadyExists")


def test_a_closed_session_takes_no_job() -> None:
    """As recorded: 400 InvalidJobDefinition."""
    asker = Asker()
    asker.json("PUT", "sessions/s1", BODY)
    asker.json("POST", "sessions/s1:close")
    assert error(asker.put("one", sessionId="s1")) == (400, "InvalidJobDefinition")


def test_a_job_that_fails_ends_a_session_of_the_policy_abort() -> None:
    """Whoever comes next is refused, whether or not somebody had looked at the job that failed."""
    asker = Asker()
    asker.json("PUT", "sessions/s1", BODY)
    asker.make("one", b"bad", sessionId="s1")
    asker.clock.sleep(60)
    assert error(asker.put("two", sessionId="s1")) == (400, "InvalidJobDefinition")
    assert asker.json("GET", "sessions/s1")["status"] == "Failed"


def test_a_job_that_fails_is_told_of_a_session_of_the_policy_continue() -> None:
    """More jobs come; at the end the word says that there were failures."""
    asker = Asker()
    asker.json("PUT", "sessions/s1", BODY | {"jobFailurePolicy": "Continue"})
    asker.make("one", b"bad", sessionId="s1")
    asker.clock.sleep(60)
    asker.make("two", sessionId="s1")
    asker.json("POST", "sessions/s1:close")
    asker.clock.sleep(60)
    assert asker.json("GET", "sessions/s1")["status"] == "Failure(s)"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"target": None}, "InvalidProperty"),
        ({"target": "x"}, "InvalidSessionDefinition"),
        ({"jobFailurePolicy": "Shrug"}, "InvalidProperty"),
    ],
)
def test_a_session_that_makes_no_sense_is_refused(fields: dict[str, object], code: str) -> None:
    """400, with what is wrong."""
    assert error(Asker().ask("PUT", "sessions/s1", BODY | fields)) == (400, code)


def test_a_session_that_is_not_there_is_not_found() -> None:
    """Neither told, closed nor filled; nor one of another workspace."""
    asker = Asker()
    for method, path in (("GET", "sessions/s1"), ("POST", "sessions/s1:close"), ("GET", "sessions/s1/jobs")):
        assert error(asker.ask(method, path)) == (404, "SessionNotFound")
    assert error(asker.put("one", sessionId="s1")) == (404, "SessionNotFound")
    asker.json("PUT", "sessions/s1", BODY)
    assert error(asker.ask("GET", "sessions/s1", workspace=OTHER)) == (404, "SessionNotFound")
    assert asker.json("GET", "sessions", workspace=OTHER)["value"] == []
