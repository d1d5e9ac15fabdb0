"""Sessions by id or by name."""

from __future__ import annotations

import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from qamctl.azure.clock import SystemClock
from qamctl.azure.open import make_desk
from qamctl.azure.service import ServiceFault
from qamctl.azure.sessions import is_uuid, open_session
from qamctl.azure.targets import find
from qamctl.errors import BackendError

TARGET = find("ionq.simulator")


def service(status: int | None) -> Any:
    """A service that has the session (None), or answers the question with a status."""
    opened: list[tuple[str, str]] = []

    def get(id: str) -> None:
        if status is not None:
            raise ServiceFault("no", status=status)

    def make(id: str, name: str, provider: str, target: str) -> None:
        opened.append((id, name))

    return SimpleNamespace(workspace="w", endpoint="e", get_session=get, open_session=make, opened=opened)


def test_an_id_is_taken_as_it_is_and_nothing_is_nothing(tmp_path: Path) -> None:
    """Nobody is asked."""
    desk = make_desk(tmp_path, service(500), SystemClock())
    id = str(uuid.uuid4())
    assert (open_session(desk, id, TARGET), open_session(desk, None, TARGET)) == (id, None)
    assert [is_uuid(text) for text in (id, id.upper(), "night", "")] == [True, True, False, False]


@pytest.mark.parametrize(("status", "opened"), [(None, 0), (404, 1)])
def test_a_name_is_opened_where_there_is_none(tmp_path: Path, status: int | None, opened: int) -> None:
    """Its id follows from workspace, target and name."""
    there = service(status)
    desk = make_desk(tmp_path, there, SystemClock())
    id = open_session(desk, "night", TARGET)
    assert id is not None
    assert is_uuid(id)
    assert there.opened == [(id, "night")] * opened
    assert open_session(desk, "day", TARGET) != id == open_session(desk, "night", TARGET)


def test_a_refusal_is_told(tmp_path: Path) -> None:
    """With what was asked."""
    desk = make_desk(tmp_path, service(400), SystemClock())
    with pytest.raises(BackendError, match="opening the session 'night'"):
        open_session(desk, "night", TARGET)
