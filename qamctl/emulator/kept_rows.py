"""Jobs, sessions and blobs as what the columns of a table hold, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from typing import Final

from qamctl.emulator.state import Blob, Job, Session
from qamctl.emulator.targets import Target
from qamctl.emulator.work import Outcome

#: Fields that are JSON as they are. One that is added later needs a default, which jobs of before then have.
_OF_JOB: Final = tuple(
    one.name for one in fields(Job) if one.name not in ("id", "target", "doom", "outcome", "lock", "task")
)
_OF_SESSION: Final = tuple(one.name for one in fields(Session) if one.name != "id")
_OF_BLOB: Final = tuple(one.name for one in fields(Blob) if one.name != "data")
_OF_TARGET: Final = tuple(one.name for one in fields(Target))


def pack(name: str) -> bytes:
    """A name as a key: bytes, because addresses and bodies may hold zeros and halves of characters."""
    return name.encode("utf-8", "surrogatepass")


def unpack(key: bytes) -> str:
    """The name of a key."""
    return key.decode("utf-8", "surrogatepass")


def pack_job(job: Job) -> tuple[str, str]:
    """A job and its target as JSON: all but the id, and of its outcome not the output, which is a blob."""
    plain = {name: getattr(job, name) for name in _OF_JOB}
    outcome = None if job.outcome is None else {"error": job.outcome.error, "cost": job.outcome.cost}
    return json.dumps({**plain, "doom": job.doom, "outcome": outcome}), _pack_target(job.target)


def unpack_job(id: str, content: str, target: str, targets: Mapping[str, Target]) -> Job:
    """A job from `pack_job`.

    Parameters
    ----------
    targets
        What is offered now, by id. A job of another target has that as it was.

    Raises
    ------
    KeyError, TypeError, ValueError
        The texts are none of a job.
    """
    held, kept = json.loads(content), _unpack_target(target)
    doom, outcome = held.pop("doom"), held.pop("outcome")
    return Job(
        id=id,
        target=targets.get(kept.id, kept),
        doom=_pair(doom),
        outcome=None if outcome is None else Outcome(error=_pair(outcome["error"]), cost=outcome["cost"]),
        **held,
    )


def pack_session(session: Session) -> str:
    """All but its id, as JSON."""
    return json.dumps({name: getattr(session, name) for name in _OF_SESSION})


def unpack_session(id: str, text: str) -> Session:
    """A session from `pack_session`.

    Raises
    ------
    TypeError, ValueError
        The text is none of a session.
    """
    return Session(id=id, **json.loads(text))


def pack_properties(blob: Blob) -> str:
    """All but its bytes, as JSON."""
    return json.dumps({name: getattr(blob, name) for name in _OF_BLOB})


def unpack_blob(properties: str, data: bytes) -> Blob:
    """A blob from `pack_properties` and its bytes.

    Raises
    ------
    TypeError, ValueError
        The text is none of a blob.
    """
    return Blob(data=data, **json.loads(properties))


@lru_cache(maxsize=64)
def _pack_target(target: Target) -> str:
    return json.dumps({name: getattr(target, name) for name in _OF_TARGET})


def _unpack_target(text: str) -> Target:
    held = json.loads(text)
    return Target(**{name: held[name] for name in held if name in _OF_TARGET} | {"formats": tuple(held["formats"])})


def _pair(held: list[str] | None) -> tuple[str, str] | None:
    if held is None:
        return None
    first, second = held
    return first, second
