"""Lines of a state file that are damaged, or that someone has written: each is found, and none is a crash."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.reason_states import NOW, decided, lines_of, make_spec, path

from qamctl.errors import SpecError
from qamctl.reason.events import seal, unseal
from qamctl.reason.ledger import State, replay
from qamctl.reason.state_file import append_decision, append_feedback, open_state, read_state

__all__ = ["path"]


def test_another_version_is_refused(path: Path) -> None:
    """It names both, and what to do; a file of another kind is none at all."""
    path.write_bytes(path.read_bytes().replace(b"qamctl/state/1", b"qamctl/state/2"))
    message = r"agent.json:1: .*schema `qamctl/state/2`, and this version reads qamctl/state/1; use"
    with pytest.raises(SpecError, match=message):
        read_state(path)
    for text in (b"kind: reason\nversion: 1\n", b"{}\n", b"[1]\n", b"\xff\xfe\n", b"\n", b"7", b'{"schema": 1}\n'):
        path.write_bytes(text)
        for read in (read_state, lambda file: open_state(file, make_spec(), now=NOW)):
            with pytest.raises(SpecError, match=r"agent.json:1: the line is damaged: it is no header of a state file"):
                read(path)
        assert path.read_bytes() == text
    path.write_bytes(b"")
    with pytest.raises(SpecError, match="is empty"):
        read_state(path)


def test_a_flipped_byte_is_found_wherever_it_is(path: Path) -> None:
    """Everywhere in the file, in the last line too: an error with file and line, and the file stays."""
    whole, rng = path.read_bytes(), np.random.default_rng(8)
    line = 1
    for place, byte in enumerate(whole):
        if place % 3 and 0 < place < len(whole) - 3:
            line += byte == 10
            continue
        bit = 1 << int(rng.integers(8))
        damaged = whole[:place] + bytes([byte ^ bit]) + whole[place + 1 :]
        path.write_bytes(damaged)
        with pytest.raises(SpecError) as caught:
            read_state(path)
        assert caught.value.message.startswith(f"{path}:{line}: "), place
        if place % 97 == 0:
            with pytest.raises(SpecError):
                append_decision(path, decided("z"), now=NOW)
            assert path.read_bytes() == damaged
        line += byte == 10


def test_lines_that_are_lost_swapped_or_doubled_are_found(path: Path) -> None:
    """The chain says where."""
    lines = lines_of(path)
    for wrong in ([0, 2, 3], [0, 2, 1, 3], [0, 1, 1, 2, 3], [1, 2, 3], [0, 1, 3]):
        with pytest.raises(SpecError, match=r"the state file:\d: the line is damaged: "):
            replay([lines[k] for k in wrong])
    with pytest.raises(SpecError, match="is empty"):
        replay([])


def resealed(lines: list[bytes], number: int, change: dict[str, Any]) -> list[bytes]:
    """Lines of which one has other content, under checksums that are right."""
    chain, out = "", []
    for k, line in enumerate(lines):
        record = json.loads(line)
        del record["sha256"]
        if k == number:
            record |= change
            record = {name: value for name, value in record.items() if value != "gone"}
        out.append(seal(chain, record).rstrip(b"\n"))
        chain = unseal(chain, out[-1])[1]
    return out


def outcome_of(read: Callable[[], State]) -> str | None:
    """The message of a refusal; None where the state is a sensible one."""
    try:
        state = read()
    except SpecError as error:
        return error.message
    return None if abs(state.priors.sum() - 1) < 1e-9 else "no distribution"


def test_wrong_content_under_right_checksums_is_no_crash(path: Path) -> None:
    """Whatever a field holds: the state stays sensible or the line is refused, and never anything else."""
    append_feedback(path, rewards={"retry": 1, "wait": 0, "quit": 0.5}, now=NOW)
    lines, refused = lines_of(path), 0
    strange: list[Any] = ["gone", None, True, -1, 2, 0.5, "x", [], {}, [1], {"x": 1}, {"x": {}}, 10**400, ["a"] * 3]
    for number, line in enumerate(lines):
        for name in json.loads(line):
            for value in strange if name != "sha256" else []:
                changed = resealed(lines, number, {name: value})
                message = outcome_of(partial(replay, changed))
                refused += message is not None
                assert message is None or message.startswith("the state file:")
    assert refused > 300
    with pytest.raises(SpecError, match="the number 7, and 2 follows"):
        replay(resealed(lines, 2, {"n": 7}))
    with pytest.raises(SpecError, match="the event `party` is unknown"):
        replay(resealed(lines, 2, {"event": "party"}))
    with pytest.raises(SpecError, match="are not what the feedback makes"):
        replay(resealed(lines, 2, {"priors": [0.2, 0.3, 0.5]}))
    with pytest.raises(SpecError, match="another state"):
        replay(resealed(lines, 2, {"before": "0" * 64}))
