"""The SDK's sessions as its documentation has them: opened, filled, closed, and what becomes of them when jobs fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from emulator.asking import BELL_LL
from support.sdk_room import QIR, SLOW, Room, room, uses

QVM = "rigetti.sim.qvm"


@pytest.fixture(scope="module")
def here() -> Iterator[Room]:
    """An emulator for all of them."""
    with room() as found:
        yield found


@pytest.fixture(scope="module")
def workspace(here: Room) -> Any:
    """One of its workspaces."""
    return here.workspace()


def inside(target: Any, name: str, payload: bytes = BELL_LL) -> Any:
    """A job that a target submits to its session."""
    return target.submit(payload, name=name, shots=10, **QIR)


def names(items: Any) -> list[str]:
    """Of jobs and sessions, or of their details."""
    return [getattr(item, "details", item).name for item in items]


@uses("Session workspace target provider_id id name job_failure_policy", "Session target", "Session.details",
      "Session.target", "Session.id", "Session.item_type", "Session.workspace")  # fmt: skip
def test_a_session_is_made_of_what_is_said(here: Room, workspace: Any) -> None:
    """Or of its target alone; nothing is sent before it is opened."""
    from azure.quantum import ItemType, Session, SessionJobFailurePolicy

    policy = SessionJobFailurePolicy.CONTINUE
    before = here.service.requests.total()
    session = Session(workspace, target=QVM, provider_id="rigetti", id="s-0", name="mine", job_failure_policy=policy)
    assert (session.id, session.item_type, session.workspace) == ("s-0", ItemType.SESSION, workspace)
    told = (session.details.name, session.details.target, session.details.provider_id)
    assert (*told, session.details.job_failure_policy) == ("mine", QVM, "rigetti", "Continue")
    assert session.target is None
    small = Session(workspace=workspace, target="ionq.simulator")
    assert (small.details.name, small.details.provider_id) == (f"session-{small.id}", "ionq")
    for wrong in ({}, {"details": small.details, "name": "x"}):
        with pytest.raises(ValueError, match="pass"):
            Session(workspace, **wrong)
    assert here.service.requests.total() == before


@uses("Session.open", "Session.refresh", "Session.close", "Session.is_in_terminal_state", "Session.details",
      "Session details", "Job.from_input_data session_id")  # fmt: skip
def test_a_session_lives(workspace: Any) -> None:
    """It waits until it has a job, executes until it is closed, and then has succeeded."""
    from azure.quantum import Job, Session, SessionStatus

    session = Session(workspace=workspace, target=QVM, name="life")
    assert session.open() is session
    told = [session.details.status]
    assert session.details.creation_time is not None
    place = {"target": QVM, "provider_id": "rigetti", "session_id": session.id}
    Job.from_input_data(workspace, "inside", input_data=BELL_LL, **place, **QIR).wait_until_completed()
    assert session.refresh() is session
    told.append(session.details.status)
    assert (session.is_in_terminal_state(), session.details.end_execution_time) == (False, None)
    assert session.close() is session
    told.append(session.details.status)
    assert session.is_in_terminal_state()
    assert told == [SessionStatus.WAITING, SessionStatus.EXECUTING, SessionStatus.SUCCEEDED]
    assert session.details.end_execution_time >= session.details.creation_time
    same = Session(workspace, details=session.details)
    assert same.refresh().details.as_dict() == session.details.as_dict()


@uses("Workspace.open_session", "Workspace.get_session", "Workspace.refresh_session", "Workspace.close_session")
def test_a_workspace_opens_and_closes_sessions(here: Room, workspace: Any) -> None:
    """As they do themselves; one that is closed is asked for, and not closed again."""
    from azure.quantum import Session

    session = Session(workspace=workspace, target=QVM, id="s-1", job_failure_policy="Continue")
    workspace.open_session(session)
    found = workspace.get_session("s-1")
    assert (found.details.name, found.details.target, found.details.provider_id) == ("session-s-1", QVM, "rigetti")
    assert found.details.job_failure_policy == "Continue"
    workspace.close_session(session)
    assert found.details.status == "Waiting"
    workspace.refresh_session(found)
    assert found.details.status == session.details.status == "Succeeded"
    before = here.service.requests["POST session:close"]
    workspace.close_session(session)
    assert here.service.requests["POST session:close"] == before


@uses("Target.open_session name id job_failure_policy", "Target.open_session", "Target.latest_session",
      "Target.get_latest_session_id", "Session.list_jobs", "Session.__enter__", "Session.__exit__")  # fmt: skip
def test_a_target_puts_its_jobs_into_its_session(here: Room, workspace: Any) -> None:
    """While the block runs; another one is opened in the place of the first, which is closed."""
    target = workspace.get_targets(QVM)
    assert (target.latest_session, target.get_latest_session_id()) == (None, None)
    alone = inside(target, "alone")
    with target.open_session(name="block", id="s-2", job_failure_policy="Continue") as session:
        assert (session.id, session.details.name, session.details.job_failure_policy) == ("s-2", "block", "Continue")
        assert target.latest_session is session
        assert target.get_latest_session_id() == "s-2"
        jobs = [inside(target, name) for name in ("one", "two")]
        assert [job.details.session_id for job in jobs] == ["s-2", "s-2"]
        for job in jobs:
            job.wait_until_completed()
    assert session.details.status == "Succeeded"
    assert names(session.list_jobs()) == ["one", "two"]
    assert alone.details.session_id is None
    items = {item.id for item in workspace.list_top_level_items()}
    assert items & {"s-2", alone.id, *(job.id for job in jobs)} == {"s-2", alone.id}
    first = target.open_session()
    second = target.open_session()
    assert (first.details.status, second.details.status) == ("Succeeded", "Waiting")
    assert here.service.sessions[first.id].closed is not None


@uses("Target.open_session details")
def test_a_session_is_opened_as_another_one_says(workspace: Any) -> None:
    """The SDK makes the details of a session hold its target, too, and refuses them for it."""
    from azure.quantum.job.session import SessionDetails

    details = SessionDetails(name="told", provider_id="rigetti", target=QVM)
    with pytest.raises(ValueError, match="If `details` is passed"):
        workspace.get_targets(QVM).open_session(details=details)


@uses("Target.open_session priority tags", "Workspace.get_session")
def test_a_session_keeps_its_priority_and_tags(workspace: Any) -> None:
    """As a job does."""
    session = workspace.get_targets(QVM).open_session(priority="High", tags=["a", "b"])
    found = workspace.get_session(session.id).details
    assert (session.details.priority, session.details.tags) == ("High", ["a", "b"])
    assert (found.priority, found.tags) == ("High", ["a", "b"])


@uses("Session.__exit__", "Target.open_session name", "Target.get_latest_session_id")
def test_what_goes_wrong_in_a_block_goes_on_and_closes_the_session(workspace: Any) -> None:
    """The session first."""
    target = workspace.get_targets(QVM)

    def block() -> None:
        with target.open_session(name="broken"):
            inside(target, "done").wait_until_completed()
            raise KeyError("x")

    with pytest.raises(KeyError):
        block()
    assert workspace.get_session(target.get_latest_session_id()).details.status == "Succeeded"


@uses("Target.open_session", "Session.refresh", "Session.is_in_terminal_state", "Session.list_jobs")
def test_a_job_that_fails_ends_a_session(workspace: Any) -> None:
    """Unless it says otherwise: new jobs are rejected, and it has failed."""
    from azure.core.exceptions import HttpResponseError

    target = workspace.get_targets(QVM)
    session = target.open_session()
    inside(target, "bad", b"garbage").wait_until_completed()
    assert session.refresh().details.status == "Failed"
    assert session.is_in_terminal_state()
    assert session.details.job_failure_policy == "Abort"
    with pytest.raises(HttpResponseError, match="is in a terminal state") as caught:
        inside(target, "late")
    assert caught.value.status_code == 400
    assert names(session.list_jobs()) == ["bad"]
    assert session.close().details.status == "Failed"


@uses("Target.open_session job_failure_policy", "Session.refresh", "Session.close", "Session.list_jobs")
def test_a_session_may_go_on_after_a_job_failed(workspace: Any) -> None:
    """New jobs are accepted; when it is closed, it has completed with failures."""
    from azure.quantum import SessionJobFailurePolicy, SessionStatus

    target = workspace.get_targets(QVM)
    session = target.open_session(job_failure_policy=SessionJobFailurePolicy.CONTINUE)
    inside(target, "bad", b"garbage").wait_until_completed()
    assert session.refresh().details.status == "Executing"
    inside(target, "good").wait_until_completed()
    assert names(session.list_jobs()) == ["bad", "good"]
    assert session.close().details.status == SessionStatus.FAILURE_S_


@uses("Session.close", "Target.submit", "Session.list_jobs")
def test_a_closed_session_takes_no_jobs(workspace: Any) -> None:
    """The target goes on to put them there, and is refused."""
    from azure.core.exceptions import HttpResponseError

    target = workspace.get_targets("acme.machine")
    session = target.open_session()
    session.close()
    with pytest.raises(HttpResponseError, match="is in a terminal state"):
        target.submit(BELL_LL, name="late", shots=10, **QIR)
    assert session.list_jobs() == []


@uses("Session.close", "Session.refresh", "Session.is_in_terminal_state")
def test_a_closed_session_ends_with_its_jobs(here: Room, workspace: Any) -> None:
    """It executes as long as one of them does."""
    target = workspace.get_targets(SLOW)
    session = target.open_session()
    inside(target, "slow")
    assert session.close().details.status == "Executing"
    assert not session.is_in_terminal_state()
    here.clock.move(hours=3)
    assert session.refresh().details.status == "Succeeded"
    assert session.is_in_terminal_state()


FILTERS = "name_match status orderby_property is_asc"


@uses(f"Workspace.list_session_jobs session_id {FILTERS}", f"Workspace.list_session_jobs_paginated {FILTERS} skip top")
def test_jobs_of_a_session_are_listed_by_each_filter(workspace: Any) -> None:
    """And by no others'; as many on a page as asked for."""
    target = workspace.get_targets(QVM)
    other = target.open_session()
    inside(target, "other")
    session = target.open_session(job_failure_policy="Continue")
    for name, payload in (("alpha", BELL_LL), ("beta", b"garbage"), ("among", BELL_LL)):
        inside(target, name, payload).wait_until_completed()
    table: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["alpha", "beta", "among"]),
        ({"name_match": "a"}, ["alpha", "among"]),
        ({"status": ["Failed"]}, ["beta"]),
        ({"status": ["Succeeded"], "name_match": "al"}, ["alpha"]),
        ({"orderby_property": "Name"}, ["alpha", "among", "beta"]),
        ({"orderby_property": "CreationTime", "is_asc": False}, ["among", "beta", "alpha"]),
    ]
    for asked, told in table:
        assert names(workspace.list_session_jobs(session.id, **asked)) == told, asked
        paged = workspace.list_session_jobs_paginated(session_id=session.id, skip=1, top=1, **asked)
        assert names(paged) == told[1:], asked
    assert names(workspace.list_session_jobs(other.id)) == ["other"]


LISTED = "provider target status created_after created_before orderby_property is_asc"


@uses(f"Workspace.list_sessions {LISTED}", f"Workspace.list_sessions_paginated {LISTED} skip top",
      "Workspace.list_sessions")  # fmt: skip
def test_sessions_are_listed_by_each_filter() -> None:
    """Of two days; as many on a page as asked for."""
    with room() as own:
        workspace = own.workspace()
        own.clock.move(days=-1)
        workspace.get_targets("ionq.simulator").open_session(name="old").close()
        own.clock.move(days=1)
        for name, target in (("new", QVM), ("last", "ionq.simulator")):
            workspace.get_targets(target).open_session(name=name)
        today = own.clock.today()
        table: list[tuple[dict[str, Any], list[str]]] = [
            ({}, ["old", "new", "last"]),
            ({"provider": ["ionq"]}, ["old", "last"]),
            ({"target": [QVM]}, ["new"]),
            ({"status": ["Succeeded"]}, ["old"]),
            ({"status": ["Waiting"], "target": ["ionq.simulator"]}, ["last"]),
            ({"created_after": today}, ["new", "last"]),
            ({"created_before": today}, ["old"]),
            ({"orderby_property": "Name", "is_asc": False}, ["old", "new", "last"]),
            ({"orderby_property": "CreationTime", "is_asc": False}, ["last", "new", "old"]),
        ]
        for asked, told in table:
            assert names(workspace.list_sessions(**asked)) == told, asked
            assert names(workspace.list_sessions_paginated(skip=1, top=1, **asked)) == told[1:], asked
