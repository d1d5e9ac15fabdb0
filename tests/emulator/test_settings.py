"""Settings from a command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qamctl.emulator.keys import new_key
from qamctl.emulator.settings import KEY, Settings, read_settings
from qamctl.errors import UsageError


def test_nothing_said_gives_the_defaults() -> None:
    """A free port, memory, no faults, and a key that is drawn later."""
    assert read_settings({}) == Settings()


def test_everything_that_is_said_is_taken() -> None:
    """As values."""
    found = read_settings(
        {KEY: "a-key-of-mine"}, port="8780", https=True, seed="5", speed="2.5", noise="target", lost_shots="0.01",
        token_seconds="60", second_put="same", fault=["slow=0.5"], azurite="http://127.0.0.1:10000", state="kept",
        log="requests.jsonl",
    )  # fmt: skip
    assert (found.key, found.port, found.https, found.seed, found.speed) == ("a-key-of-mine", 8780, True, 5, 2.5)
    assert (found.noise, found.lost_shots, found.token_seconds, found.second_put) == ("target", 0.01, 60.0, "same")
    assert (found.faults.rates, found.faults.seed) == ({"slow": 0.5}, 5)
    assert (found.azurite, found.state, found.log) == ("http://127.0.0.1:10000", Path("kept"), Path("requests.jsonl"))


@pytest.mark.parametrize(
    "flags",
    [
        {"port": "65536"}, {"port": "-1"}, {"port": "x"}, {"seed": "1.5"}, {"speed": "0"}, {"speed": "nan"},
        {"speed": "fast"}, {"noise": "loud"}, {"lost_shots": "2"}, {"token_seconds": "0"}, {"second_put": "no"},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told_by_its_flag(flags: dict[str, Any]) -> None:
    """With what it must be."""
    with pytest.raises(UsageError, match=r"--[a-z-]+: must be"):
        read_settings({}, **flags)


@pytest.mark.parametrize("key", ["short", "has space in it", "semi;colon;in", "ümlauts-inside"])
def test_a_key_that_would_not_travel_is_refused(key: str) -> None:
    """And not repeated."""
    with pytest.raises(UsageError, match="is no key") as caught:
        read_settings({KEY: key})
    assert key not in caught.value.message


def test_keys_are_drawn_anew() -> None:
    """Each start has its own."""
    assert len({new_key() for _ in range(20)}) == 20
