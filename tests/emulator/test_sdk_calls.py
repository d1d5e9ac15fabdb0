"""How many of the SDK's calls the tests beside this one hold the emulator to; each test holds that it makes its own."""

from __future__ import annotations

import importlib
import inspect

from support import sdk_room

PARTS = ("blobs", "jobs", "sessions", "targets", "workspace")


def test_the_sdk_is_called_in_every_way() -> None:
    """90 public calls that the SDK documents, with and without each of their arguments."""
    for part in PARTS:
        importlib.import_module(f"emulator.test_sdk_calls_{part}")
    calls = {name for name, _ in sdk_room.REGISTER}
    public = {name for name in calls if not any(word.startswith("_") for word in name.strip("_").split("."))}
    documented = {name for name in public if inspect.getdoc(sdk_room.resolve(name))}
    assert len(documented) >= 90, sorted(documented)
    assert len({use for use in sdk_room.REGISTER if use[0] in documented}) >= 220
