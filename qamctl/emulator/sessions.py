"""Sessions: opened, told and closed; and what lists them together with jobs."""

from __future__ import annotations

from typing import Any

from qamctl.emulator import jobs, times
from qamctl.emulator.core import Call, Core
from qamctl.emulator.listing import page
from qamctl.emulator.messages import Response, check_id, json_answer, json_body, refuse, text_field
from qamctl.emulator.state import Job, Session


def put(core: Core, call: Call) -> Response:
    """Open a session under the id in the path; a second request for the same id changes nothing."""
    check_id(call.place.id)
    given = json_body(call.request)
    target, provider = text_field(given, "target", required=True), text_field(given, "providerId", required=True)
    policy, title = text_field(given, "jobFailurePolicy") or "Abort", text_field(given, "name") or "session"
    if policy.lower() not in ("abort", "continue"):
        raise refuse(400, "InvalidProperty", "The request body is invalid: 'jobFailurePolicy' is Abort or Continue.")
    if target is None or target not in core.targets:
        raise refuse(400, "InvalidSessionDefinition", f"The target '{target}' is not available in the workspace.")
    id = call.place.id
    found = core.state.sessions.get(id)
    if found is not None and found.workspace != call.place.workspace:
        raise refuse(409, "SessionAlreadyExists", f"A session with the id '{id}' already exists.")
    if found is None:
        order = core.state.next_order()
        found = Session(id, call.place.workspace, title, str(provider), target, policy.capitalize(), call.now, order)
        found.priority, found.tags = text_field(given, "priority"), jobs.tags_of(given) or None
        core.state.sessions[id] = found
        core.state.touch("session", id)
    return json_answer(view(core, call, found))


def get(core: Core, call: Call) -> Response:
    """Tell a session."""
    return json_answer(view(core, call, _find(core, call)))


def close(core: Core, call: Call) -> Response:
    """Take no more jobs."""
    session = _find(core, call)
    if session.closed is None:
        session.closed = call.now
        core.state.touch("session", session.id)
    return json_answer(view(core, call, session))


def jobs_in(core: Core, call: Call) -> Response:
    """A page of a session's jobs."""
    session = _find(core, call)
    inside = [job for job in core.jobs_of(call.place.workspace) if job.session == session.id]
    return page(core, call, inside, jobs.in_list)


def listed(core: Core, call: Call) -> Response:
    """A page of the workspace's sessions."""
    return page(core, call, _sessions(core, call), view)


def items(core: Core, call: Call) -> Response:
    """A page of sessions, and of jobs that are in none."""
    alone = [job for job in core.jobs_of(call.place.workspace) if job.session is None]
    every: list[Job | Session] = [*_sessions(core, call), *alone]
    return page(core, call, every, _view_any)


def view(core: Core, call: Call, session: Session) -> dict[str, Any]:
    """A session as the service tells it."""
    return {
        "jobFailurePolicy": session.policy,
        "status": core.session_status(session, call.now),
        "name": session.name,
        "id": session.id,
        "providerId": session.provider.lower(),
        "target": session.target,
        "creationTime": times.precise(session.created),
        "endExecutionTime": None if session.closed is None else times.precise(session.closed),
        "costEstimate": None,
        **({} if session.priority is None else {"priority": session.priority}),
        **({} if session.tags is None else {"tags": session.tags}),
        "itemType": "Session",
    }


def _view_any(core: Core, call: Call, item: Job | Session) -> dict[str, Any]:
    return jobs.in_list(core, call, item) if isinstance(item, Job) else view(core, call, item)


def _sessions(core: Core, call: Call) -> list[Session]:
    return [session for session in core.state.sessions.values() if session.workspace == call.place.workspace]


def _find(core: Core, call: Call) -> Session:
    session = core.state.sessions.get(call.place.id)
    if session is None or session.workspace != call.place.workspace:
        raise refuse(404, "SessionNotFound", f"The session '{call.place.id}' was not found in the workspace.")
    return session
