"""The state file: what is learned stays, whoever is killed, and whoever writes at the same time."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qamctl.errors import ExitCode, InfeasibleError, SpecError, TemporaryError, UsageError
from qamctl.reason.events import Decision, Outcome, Told, dumps, seal, unseal
from qamctl.reason.ledger import Ledger, State, begin, replay
from qamctl.reason.read import reason_from_data
from qamctl.reason.spec import Floats, ReasonSpec
from qamctl.reason.state_file import append_decision, append_feedback, append_made, open_state, read_state

NOW = "2026-01-02T03:04:05+00:00"


def make_spec(**changes: Any) -> ReasonSpec:
    """Three paths, two pieces of evidence, two outcomes; `changes` replace fields."""
    data: dict[str, Any] = {
        "kind": "reason",
        "version": 1,
        "name": "agent",
        "paths": [{"id": "retry", "prior": 0.5}, {"id": "wait", "prior": 0.3}, {"id": "quit", "prior": 0.2}],
        "evidence": [
            {"id": "slow", "likelihood": {"retry": 0.2, "wait": 0.9, "quit": 0.4}},
            {"id": "loud", "likelihood": {"retry": 0.7, "wait": 0.1, "quit": 0.6}, "reliability": 0.5},
        ],
        "outcomes": [
            {"id": "ok", "likelihood": {"retry": 0.8, "wait": 0.3, "quit": 0.1}},
            {"id": "bad", "likelihood": {"retry": 0.2, "wait": 0.7, "quit": 0.9}},
            {"id": "never", "likelihood": {"retry": 0, "wait": 0, "quit": 0}},
            {"id": "ok", "action": "wait", "likelihood": {"retry": 0.5, "wait": 0.6, "quit": 0.25}},
        ],
        "learning": {"reliability_rate": 0.1},
    }
    return reason_from_data(data | changes)


def decided(run: str, **changes: Any) -> Decision:
    """A decision to retry."""
    slopes = {"ok": {"slow": 0.3, "loud": -0.2}, "bad": {"slow": -0.1}}
    sure = {"retry": 1.0}
    return replace(Decision(run, "retry", "retry", (0.5, 0.3, 0.2), 3, sure, sure, slopes), **changes)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A state file that has begun, with one decision that has feedback and one that waits for it."""
    file = tmp_path / "agent.json"
    open_state(file, make_spec(), now=NOW)
    append_decision(file, decided("a"), now=NOW)
    append_feedback(file, outcome="ok", now=NOW)
    append_decision(file, decided("b"), now=NOW)
    return file


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines()


def random_history(path: Path, seed: int, count: int, **learning: Any) -> State:
    """A file with many decisions and all kinds of feedback; the state that the last one gave."""
    rng = np.random.default_rng(seed)
    spec = make_spec(learning={"reliability_rate": 0.05, **learning})
    state = open_state(path, spec, now=NOW)
    for k in range(count):
        p = tuple(rng.dirichlet(np.ones(3)).tolist())
        chances = dict(zip(spec.paths.ids, rng.dirichlet(np.ones(3)).tolist(), strict=True))
        slopes = {"ok": {"slow": float(rng.normal()), "loud": float(rng.normal())}}
        made = decided(f"run {k}", posterior=p, chances=chances, gradients=slopes)
        state = append_decision(path, made, now=f"{NOW} {k}")
        what: list[dict[str, Any]] = [
            {"outcome": "ok"}, {"outcome": "bad"}, {"reward": float(rng.random())},
            {"rewards": dict(zip(spec.paths.ids, rng.random(3).tolist(), strict=True))},
        ]  # fmt: skip
        if k % 5:
            state = append_feedback(path, **what[int(rng.integers(4))], now=f"{NOW} {k}").state
    return state


def test_it_begins_with_the_spec(tmp_path: Path) -> None:
    """Priors, reliabilities and outcomes are the spec's; opening again changes no byte; folders are made."""
    file = tmp_path / "deep" / "er" / "s.json"
    state = open_state(file, make_spec(), now=NOW)
    assert state.priors == pytest.approx([0.5, 0.3, 0.2])
    assert dict(state.reliabilities) == {"slow": 1.0, "loud": 0.5}
    assert [row.id for row in state.outcomes] == ["ok", "bad", "never", "ok"]
    before = file.read_bytes()
    again = open_state(file, make_spec(name="other"), now="later")
    assert file.read_bytes() == before
    assert again.canonical() == state.canonical() == read_state(file).canonical()
    assert [entry.name for entry in file.parent.iterdir()] == ["s.json"]
    header = json.loads(before)
    assert (header["schema"], header["paths"], header["created"]) == ("qamctl/state/1", ["retry", "wait", "quit"], NOW)


def test_outcomes_in_any_order_are_batch_bayes(tmp_path: Path) -> None:
    """Through the file, one outcome after the other, whichever decision they belong to: prior times all likelihoods."""
    rng, spec = np.random.default_rng(4), make_spec()
    told = ["ok"] * 7 + ["bad"] * 5
    rows = spec.outcomes.likelihood
    batch = spec.paths.prior * rows[0] ** 7 * rows[1] ** 5
    for case in range(3):
        file = tmp_path / f"{case}.json"
        open_state(file, spec, now=NOW)
        for k in range(len(told)):
            append_decision(file, decided(str(k)), now=NOW)
        for k in rng.permutation(len(told)).tolist():
            append_feedback(file, run=str(k), outcome=told[k], now=NOW)
        assert np.abs(read_state(file).priors - batch / batch.sum()).max() < 1e-12


def test_what_an_outcome_says_depends_on_the_action(path: Path) -> None:
    """Its own row goes before that of any action; and reliabilities follow the decision's gradients."""
    append_decision(path, decided("w", decision="retry", action="wait", chances={"wait": 1.0}), now=NOW)
    before = read_state(path)
    found = append_feedback(path, outcome="ok", now=NOW)
    after = before.priors * [0.5, 0.6, 0.25]
    assert found.run == "w"
    assert found.priors_before == pytest.approx(before.priors)
    assert found.priors_after == pytest.approx(after / after.sum(), abs=1e-15)
    assert dict(found.reliabilities_after) == pytest.approx({"slow": 1.06, "loud": 0.46})
    assert dict(found.reliabilities_before) == pytest.approx({"slow": 1.03, "loud": 0.48})


def test_rewards_follow_hedge_and_exp3(path: Path) -> None:
    """With the rates of their bounds, computed here by hand."""
    before = read_state(path).priors
    found = append_feedback(path, rewards={"quit": 1.0, "wait": 0.25, "retry": 0}, now=NOW)
    weights = before * np.exp(np.sqrt(8 * np.log(3) / 1000) * np.array([0, 0.25, 1]))
    assert found.priors_after == pytest.approx(weights / weights.sum(), abs=1e-15)
    assert found.notes == ()
    append_decision(path, decided("c", chances={"retry": 0.4, "wait": 0.6}), now=NOW)
    last = append_feedback(path, reward=0.5, now=NOW)
    rate = np.sqrt(3 * np.log(3) / ((np.e - 1) * 1000)) / 3
    weights = found.priors_after * np.exp([rate * 0.5 / 0.4, 0, 0])
    assert last.priors_after == pytest.approx(weights / weights.sum(), abs=1e-15)
    append_decision(path, decided("d"), now=NOW)
    assert "chosen for certain" in append_feedback(path, reward=1, now=NOW).notes[0]


def test_carrying_makes_the_posterior_the_prior(tmp_path: Path) -> None:
    """Decision after decision, as a batch would have it; and what was computed from an older state is refused."""
    file, rng = tmp_path / "s.json", np.random.default_rng(5)
    spec = make_spec(learning={"carry": True})
    rows, old = rng.random((9, 3)), open_state(file, spec, now=NOW)

    def seen(state: State, row: Floats, run: str) -> Decision:
        p = state.priors * row
        return decided(run, posterior=tuple((p / p.sum()).tolist()))

    for k, row in enumerate(rows):
        append_made(file, partial(seen, row=row, run=str(k)), now=NOW)
    batch = spec.paths.prior * rows.prod(axis=0)
    assert np.abs(read_state(file).priors - batch / batch.sum()).max() < 1e-12
    with pytest.raises(TemporaryError, match="has changed since"):
        append_decision(file, seen(old, rows[0], "late"), now=NOW, based_on=old)
    now = read_state(file)
    assert len(append_decision(file, seen(now, rows[0], "late"), now=NOW, based_on=now).decisions) == 10


@pytest.mark.parametrize("learning", [{}, {"carry": True, "forgetting": 0.9}, {"rate": 0.7, "exploration": 0.2}])
def test_a_replay_gives_the_same_bytes(tmp_path: Path, learning: dict[str, Any]) -> None:
    """The state is a function of the lines alone, and every line names the state before it."""
    state = random_history(tmp_path / "s.json", 6, 30, **learning)
    lines = lines_of(tmp_path / "s.json")
    assert replay(lines).canonical() == state.canonical() == read_state(tmp_path / "s.json").canonical()
    partial_file = tmp_path / "part.json"
    for n in range(1, len(lines)):
        before = replay(lines[:n])
        assert before.events == n - 1
        partial_file.write_bytes(b"\n".join([*lines[:n], b""]))
        assert read_state(partial_file).canonical() == before.canonical()
        assert json.loads(lines[n])["before"] == hashlib.sha256(before.canonical()).hexdigest()
    canonical = json.loads(state.canonical())
    assert state.canonical().decode() == dumps(canonical)
    assert canonical["priors"] == state.priors.tolist()
    assert canonical["decisions"] == 30
    assert NOW not in state.canonical().decode()


def test_times_are_no_part_of_the_state(tmp_path: Path) -> None:
    """The same events at other times give the same state."""
    states = []
    for now in ("then", "now"):
        file = tmp_path / now
        open_state(file, make_spec(), now=now)
        append_decision(file, decided("a"), now=now)
        states.append(append_feedback(file, outcome="ok", now=now).state.canonical())
    assert states[0] == states[1]


def test_the_same_again_changes_nothing(path: Path) -> None:
    """Feedback and decisions that are told twice count once, and it says so."""
    before = path.read_bytes()
    found = append_feedback(path, run="a", outcome="ok", now="later")
    assert found.repeated
    assert "already: nothing changed" in found.notes[0]
    assert found.priors_before.tolist() == found.priors_after.tolist() == read_state(path).priors.tolist()
    assert "kept already" in append_decision(path, decided("b"), now="later").notes[0]
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "other", [{"outcome": "bad"}, {"reward": 0.5}, {"rewards": {"retry": 1, "wait": 0, "quit": 0}}]
)
def test_contradictions_are_refused(path: Path, other: dict[str, Any]) -> None:
    """Other feedback for the same run, and another decision, name both; nothing is written."""
    before = path.read_bytes()
    message = r"`a` has the outcome `ok` already, and the (outcome `bad`|rewards?) .*contradicts"
    with pytest.raises(SpecError, match=message):
        append_feedback(path, run="a", now=NOW, **other)
    with pytest.raises(SpecError, match=r"`b` has decided `retry` already, and another decision, `retry`, contradicts"):
        append_decision(path, decided("b", posterior=(0.4, 0.4, 0.2)), now=NOW)
    assert path.read_bytes() == before


def test_feedback_without_a_run_is_for_the_latest_that_waits(path: Path) -> None:
    """Then for the one before it; with none left it says which runs there were."""
    append_decision(path, decided("c"), now=NOW)
    append_decision(path, decided("d"), now=NOW)
    assert append_feedback(path, outcome="ok", first=["x", "b", "d", "a"], now=NOW).run == "d"
    assert [append_feedback(path, outcome="bad", now=NOW).run for _ in range(2)] == ["c", "b"]
    with pytest.raises(UsageError, match=r"no decision that waits .* last runs are `a`, `b`, `c`, `d`; name"):
        append_feedback(path, outcome="bad", now=NOW)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ({"run": "z", "outcome": "ok"}, "knows no run `z`; the last ones are `a`, `b`"),
        ({"outcome": "fine"}, "no outcome `fine`; known are `ok`, `bad`, `never`"),
        ({"outcome": 7}, "no outcome 7"),
        ({}, "exactly one"),
        ({"outcome": "ok", "reward": 1}, "exactly one"),
        ({"reward": 1.01}, "between 0 and 1, and 1.01 does not"),
        ({"reward": float("nan")}, "between 0 and 1"),
        ({"reward": "much"}, "must be a number"),
        ({"reward": True}, "must be a number"),
        ({"rewards": {"retry": 1, "wait": 0}}, "missing: `quit`"),
        ({"rewards": {"retry": 1, "wait": 0, "quit": 0, "x": 1}}, "unknown: `x`"),
        ({"rewards": {"retry": 1, "wait": 0, "quit": -1}}, "between 0 and 1, and -1 does not"),
        ({"rewards": {}}, "missing: `retry`"),
    ],
)
def test_feedback_that_makes_no_sense_is_refused(path: Path, what: dict[str, Any], message: str) -> None:
    """It says what is wrong and what there is; nothing is written."""
    before = path.read_bytes()
    with pytest.raises(UsageError, match=message):
        append_feedback(path, now=NOW, **what)
    assert path.read_bytes() == before


def test_feedback_needs_a_decision(tmp_path: Path) -> None:
    """Before the first one it says what to do."""
    open_state(tmp_path / "s", make_spec(), now=NOW)
    for run in (None, "a"):
        with pytest.raises(UsageError, match=r"holds no decision yet; run the spec"):
            append_feedback(tmp_path / "s", run=run, outcome="ok", now=NOW)


def test_an_impossible_outcome_is_refused(path: Path) -> None:
    """Nothing is written."""
    before = path.read_bytes()
    with pytest.raises(InfeasibleError, match="impossible"):
        append_feedback(path, outcome="never", now=NOW)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"posterior": (0.5, 0.5)}, {"posterior": (0.9, 0.3, 0.2)}, {"posterior": (float("nan"),) * 3}, {"chances": {}},
        {"chances": {"retry": 0.5}}, {"credit": {"x": 1.0}}, {"actions": 0}, {"run": 7},
        {"gradients": {"ok": {"slow": float("inf")}}},
    ],
)  # fmt: skip
def test_a_decision_that_does_not_fit_is_refused(path: Path, wrong: dict[str, Any]) -> None:
    """Nothing is written that could not be read again."""
    before = path.read_bytes()
    with pytest.raises(UsageError, match=r"can't keep this decision: .*; nothing was written"):
        append_decision(path, replace(decided("c"), **wrong), now=NOW)
    assert path.read_bytes() == before


def test_another_spec_is_refused(path: Path) -> None:
    """Other paths or outcomes are named, with what to do; other priors only make a note."""
    rows = [{"id": name} for name in ("retry", "wait", "quit")]
    outcomes = [{"id": "ok", "likelihood": {"retry": 0.8, "wait": 0.3, "quit": 0.1}}]
    every: list[tuple[dict[str, Any], str]] = [
        ({"paths": [*rows, {"id": "new"}], "evidence": [], "outcomes": []}, "the spec adds the path `new`"),
        ({"paths": rows[:2], "evidence": [], "outcomes": []}, "the spec lacks the path `quit`"),
        ({"paths": rows[::-1]}, "the paths stand in another order"),
        ({"outcomes": outcomes}, "the spec lacks the outcomes `bad`, `never`, `ok of wait`"),
        ({"outcomes": [{"id": "ok", "likelihood": {}, "otherwise": 0.5}, *_rest()]}, "outcome ok has changed"),
    ]
    for changes, message in every:
        with pytest.raises(SpecError, match=f"was begun for another spec .*{message}.*; name another file") as caught:
            open_state(path, make_spec(**changes), now=NOW)
        assert caught.value.code == ExitCode.SPEC
    assert "the priors of the spec are not those" in open_state(path, make_spec(paths=rows), now=NOW).notes[0]


def _rest() -> list[dict[str, Any]]:
    """All outcomes but the first, as a spec would have them."""
    spec = make_spec()
    rows = zip(spec.outcomes.ids, spec.outcomes.action, spec.outcomes.likelihood.tolist(), strict=True)
    return [
        {"id": name, "likelihood": dict(zip(spec.paths.ids, row, strict=True))} | ({"action": action} if action else {})
        for name, action, row in [*rows][1:]
    ]


def test_new_evidence_and_other_rules_are_taken_over(path: Path) -> None:
    """They become an event; a reliability that the spec changes does not count against what was learned."""
    evidence = [
        {"id": "slow", "likelihood": {}, "otherwise": 0.5, "reliability": 0.9},
        {"id": "new", "likelihood": {}, "otherwise": 0.5, "reliability": 0.7},
    ]
    spec = make_spec(evidence=evidence, learning={"forgetting": 0.5})
    state = open_state(path, spec, now=NOW)
    assert dict(state.reliabilities) == pytest.approx({"slow": 1.03, "loud": 0.48, "new": 0.7})
    assert state.learning.forgetting == 0.5
    assert "the reliability of `slow` has changed in the spec" in state.notes[0]
    size = path.stat().st_size
    assert open_state(path, spec, now=NOW).canonical() == read_state(path).canonical() == state.canonical()
    assert path.stat().st_size == size
    weights = np.sqrt(state.priors) * [0.8, 0.3, 0.1]
    assert append_feedback(path, outcome="ok", now=NOW).priors_after == pytest.approx(weights / weights.sum())


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


def test_an_unfinished_line_is_cut_off_wherever_it_ends(path: Path) -> None:
    """A reader leaves it out, the next writer cuts it off, and both say so; what stands before it stays."""
    whole = path.read_bytes()
    start = whole.rstrip(b"\n").rindex(b"\n") + 1
    kept, full = replay(whole[:start].splitlines()).canonical(), read_state(path).canonical()
    for end in range(start, len(whole)):
        path.write_bytes(whole[:end])
        state = read_state(path)
        complete = end == len(whole) - 1  # only the end of the line is missing: nothing is lost
        assert state.canonical() == (full if complete else kept)
        assert len(state.notes) == (end > start)
        assert path.read_bytes() == whole[:end]
        if end % 29 == 0 or complete:
            after = append_decision(path, decided("z"), now=NOW)
            assert len(after.notes) == (end > start)
            assert after.events == (4 if complete else 3)
            assert path.read_bytes().startswith(whole if complete else whole[:start] + b'{"n":3')
            assert read_state(path).notes == ()
            assert read_state(path).canonical() == after.canonical()
    path.write_bytes(whole[: start + 40] + bytes(500))  # what a power cut may leave
    assert read_state(path).canonical() == kept


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


def test_places_that_are_no_files_are_refused(path: Path, tmp_path: Path) -> None:
    """Links, folders and pipes, and files that are not there."""
    link, pipe = tmp_path / "link", tmp_path / "pipe"
    link.symlink_to(path)
    os.mkfifo(pipe)
    every: list[tuple[Path, str]] = [
        (link, "is a symbolic link"), (tmp_path, "directory"), (pipe, "not a regular file"),
        (tmp_path / "none.json", "there is no state file"),
    ]  # fmt: skip
    for file, message in every:
        with pytest.raises(UsageError, match=message):
            append_feedback(file, outcome="ok", now=NOW)
    with pytest.raises(UsageError, match="there is no state file"):
        read_state(tmp_path / "none.json")
    with pytest.raises(UsageError, match="not a regular file"):
        read_state(tmp_path)
    with pytest.raises(UsageError, match="can't write"):
        open_state(path / "below", make_spec(), now=NOW)
    assert read_state(link).events == 3


def test_a_network_keeps_no_state(tmp_path: Path) -> None:
    """Its paths are made from it anew each time."""
    data = {"kind": "reason", "version": 1, "nodes": [{"id": "rain", "table": [0.8, 0.2]}], "query": ["rain"]}
    with pytest.raises(SpecError, match="keeps no state"):
        open_state(tmp_path / "s", reason_from_data(data), now=NOW)


def test_a_full_disk_loses_nothing(path: Path) -> None:
    """What did not fit is taken back, and the next try finds the file as it was."""
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20, hard))
    try:
        with pytest.raises(TemporaryError, match="free some space"):
            append_decision(path, decided("c"), now=NOW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert append_decision(path, decided("c"), now=NOW).events == 4


#: Forks so many processes that wait for a file, each or all for their own, and then append and tell of it.
WORKER = """
import json, os, sys, time
from pathlib import Path
from qamctl.reason.events import Decision
from qamctl.reason.read import reason_from_data
from qamctl.reason.state_file import append_decision, append_feedback, open_state

path, spec = Path(sys.argv[1]), reason_from_data(json.loads(sys.argv[2]))
number, count, go = int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]

def work(me):
    told = os.open(path.with_name(f"told{me}"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    while not path.with_name(go.format(me)).exists():
        time.sleep(0.002)
    open_state(path, spec, now="then")
    for k in range(count):
        run = f"{me}-{k}"
        append_decision(path, Decision(run, "a", "a", (0.5, 0.5), 2, {"a": 1.0}, {"a": 1.0}, {}), now="then")
        os.write(told, f"{run}\\n".encode())
        append_feedback(path, run=run, outcome="ok" if k % 2 else "bad", now="then")
        os.write(told, f"{run} fed\\n".encode())

children = []
for me in range(number):
    child = os.fork()
    if not child:
        code = 1
        try:
            work(me)
            code = 0
        finally:
            os._exit(code)
    children.append(child)
print(*children, flush=True)
print(*(os.waitpid(child, 0)[1] for child in children), flush=True)
"""
DATA = {
    "kind": "reason",
    "version": 1,
    "paths": [{"id": "a"}, {"id": "b"}],
    "outcomes": [{"id": "ok", "likelihood": {"a": 0.51, "b": 0.5}}, {"id": "bad", "likelihood": {"a": 0.48, "b": 0.5}}],
}


@contextmanager
def workers(path: Path, number: int, count: int, go: str) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """Processes that wait for the file `go`, their parent and their ids; none is left behind."""
    command = [sys.executable, "-c", WORKER, str(path), json.dumps(DATA), str(number), str(count), go]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as parent:
        assert parent.stdout is not None
        children = [int(word) for word in parent.stdout.readline().split()]
        try:
            yield parent, children
        finally:
            if parent.poll() is None:
                os.killpg(parent.pid, signal.SIGKILL)


def test_sixteen_processes_lose_nothing(tmp_path: Path) -> None:
    """They begin the file at once and append at once: everything is there once, and the priors are the batch's."""
    path, count = tmp_path / "s.json", 6
    with workers(path, 16, count, "go") as (parent, _):
        (tmp_path / "go").touch()
        assert parent.communicate(timeout=60)[0].split() == ["0"] * 16
    state = read_state(path)
    runs = {f"{k}-{i}" for k in range(16) for i in range(count)}
    assert set(state.decisions) == set(state.feedback) == runs
    assert state.events == 2 * len(runs) == len(lines_of(path)) - 1
    batch = np.array([(0.51 * 0.48) ** (len(runs) // 2), (0.5 * 0.5) ** (len(runs) // 2)])
    assert np.abs(state.priors - batch / batch.sum()).max() < 1e-12
    assert sorted(file.name for file in tmp_path.iterdir() if "told" not in file.name) == ["go", "s.json"]


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    """Twenty processes are killed at random moments while they append: every line that they told of is there."""
    path, rng, told = tmp_path / "s.json", np.random.default_rng(9), []
    with workers(path, 20, 10**6, "go{}") as (parent, children):
        for k, child in enumerate(children):
            said = tmp_path / f"told{k}"
            (tmp_path / f"go{k}").touch()
            while not said.exists() or not said.stat().st_size:
                time.sleep(0.001)
            time.sleep(float(rng.uniform(0, 0.04)))
            os.kill(child, signal.SIGKILL)
            told += said.read_text().splitlines()
            state = read_state(path)
            for text in told:
                run, _, fed = text.partition(" ")
                assert run in (state.feedback if fed else state.decisions)
            assert state.events == len(state.decisions) + len(state.feedback)
        assert parent.communicate(timeout=60)[0].split() == [str(int(signal.SIGKILL))] * 20
    assert len(state.decisions) >= 20
    assert len(told) > 40
    assert append_feedback(path, run="0-0", outcome="bad", now=NOW).state.events >= state.events


def long_history(count: int) -> list[bytes]:
    """Lines over 64 paths: so many decisions, and their feedback."""
    rng, names = np.random.default_rng(10), [f"path {k}" for k in range(64)]
    outcomes = (Outcome("ok", None, tuple(rng.uniform(0.2, 0.8, 64).tolist())),)
    header = begin("long", tuple(names), rng.dirichlet(np.ones(64)), {"slow": 1.0}, make_spec().learning, outcomes, NOW)
    lines = [header.rstrip(b"\n")]
    ledger = Ledger(lines[0])

    def add(event: str, content: dict[str, Any]) -> None:
        lines.append(ledger.line(event, NOW, content).rstrip(b"\n"))
        ledger.take(lines[-1])

    for k in range(count):
        p, name = tuple(rng.dirichlet(np.ones(64)).tolist()), names[k % 64]
        changes = {"posterior": p, "actions": 64, "chances": {name: 1.0}, "credit": {name: 1.0}}
        add("decision", asdict(decided(str(k), decision=name, action=name, **changes)))
        told = (Told("ok"), Told(reward=0.5), Told(rewards=p))[k % 3]
        after, changed = ledger.learned(str(k), told)
        what = {name: value for name, value in asdict(told).items() if value is not None}
        add("feedback", {"run": str(k), **what, "priors": after.tolist(), "reliabilities": changed})
    return lines


def test_reading_takes_little_more_than_its_json(tmp_path: Path) -> None:
    """However fast the machine, it is within a few times of parsing alone, and grows in step with the lines."""

    def seconds(work: Callable[[], object]) -> float:
        took = []
        for _ in range(3):
            start = time.process_time()
            work()
            took.append(time.process_time() - start)
        return min(took)

    lines = long_history(600)
    parsing = seconds(lambda: [json.loads(line) for line in lines])
    times = []
    for number in (401, 1201):
        file = tmp_path / f"{number}.json"
        file.write_bytes(b"\n".join([*lines[:number], b""]))
        times.append(seconds(partial(read_state, file)))
    assert times[1] < 6 * parsing
    assert times[1] < 3 * 1.7 * times[0]
