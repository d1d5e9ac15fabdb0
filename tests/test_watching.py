"""Watching a fleet: what each look says, when a re-balance is searched for, and what it is worth."""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cluster.specs import make_spec
from hypothesis import given
from hypothesis import strategies as st
from support.exposition import parse

from qamctl.cluster.monitor import State
from qamctl.cluster.monitor_block import present_state
from qamctl.errors import ExitCode, SpecError, TemporaryError, UsageError
from qamctl.runs.lock import acquire
from qamctl.runs.record import state_folder
from qamctl.runs.signals import Stop
from qamctl.watch_look import Look, Watcher
from qamctl.watch_plan import Plan, read_interval, read_threshold
from qamctl.watch_proposal import changed_by, relative, room_for, saving
from qamctl.watching import wait_until, watch

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
FLAGS: dict[str, Any] = {"backend": ["assignment"], "max_steps": 300, "seed": 1, "threads": 1}

#: Two pairs that talk a lot to each other, each torn.
FLEET = """\
kind: cluster
version: 1
name: fleet
resources: [{id: cpu}]
agents: {table: agents.csv}
clusters: [{id: x, capacity: {cpu: 6}}, {id: y, capacity: {cpu: 6}}]
links: [{a: a, b: b, weight: 9}, {a: c, b: d, weight: 9}]
"""
ROWS = {"a": ("x", 2), "b": ("y", 2), "c": ("x", 2), "d": ("y", 2)}


class Fleet:
    """A spec with a table of agents, in a folder and with a state folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / "fleet.yaml"
        self.path.write_text(FLEET)
        self.write()

    def write(self, **rows: tuple[str | None, float] | None) -> None:
        """The agents, some of them in another place, with another demand, or not there at all."""
        told = {name: row for name, row in (ROWS | rows).items() if row is not None}
        lines = [f"{name},cpu={demand},{place or ''}" for name, (place, demand) in told.items()]
        (self.folder / "agents.csv").write_text("\n".join(["id,demand,cluster", *lines, ""]))

    def apply(self, look: Look) -> None:
        """Move the agents as a proposal says."""
        assert look.proposal is not None
        result = json.loads((Path(look.proposal.directory) / "result.json").read_text())
        rows = result["solution"]["assignments"]
        self.write(**{row["agent"]: (row["cluster"], ROWS[row["agent"]][1]) for row in rows})

    def watcher(self, **plan: Any) -> Watcher:
        return Watcher(str(self.path), FLAGS, Plan(**plan))

    def runs(self) -> list[Path]:
        return sorted((state_folder(os.environ) / "runs").glob("*"))


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """The fleet, and nothing of the user's."""
    for name in [name for name in os.environ if name.startswith("QAMCTL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fleet").mkdir()
    return Fleet(tmp_path / "fleet")


# One look after the other


def test_the_first_look_proposes_what_pays(fleet: Fleet) -> None:
    """How many moves, from which objective to which, in which run; the run folder is complete, and says the same."""
    look = fleet.watcher().look(NOW)
    assert (look.number, look.status, look.drift, look.searched, look.code) == (1, "drifted", None, True, ExitCode.OK)
    found = look.proposal
    assert found is not None
    assert (found.worth, found.before, found.after, found.level) == (True, (18,), (2,), 1)
    assert found.gain == pytest.approx(16 / 18)
    assert (found.moves["moved"], found.moves["steps"], found.moves["blocked"]) == (2, 2, 0)
    result = json.loads((Path(found.directory) / "result.json").read_text())
    assert (result["run"], result["objective"]) == (found.run, 2)
    data = look.data()
    assert json.loads(json.dumps(data)) == data
    assert (data["time"], data["objective"], data["terms"]["cut"]) == ("2026-11-20T20:00:00Z", [18], 18)
    assert data["clusters"]["resources"]["cpu"]["imbalance"] == 0


def test_without_a_backend_the_engines_of_auto_search(fleet: Fleet) -> None:
    """As `qamctl cluster` does where none is named: each has its line in the run, and the re-balance is as good."""
    flags = {name: value for name, value in FLAGS.items() if name != "backend"}
    look = Watcher(str(fleet.path), flags, Plan()).look(NOW)
    assert look.proposal is not None
    assert (look.status, look.proposal.before, look.proposal.after) == ("drifted", (18,), (2,))
    result = json.loads((Path(look.proposal.directory) / "result.json").read_text())
    assert {attempt["backend"] for attempt in result["attempts"]} == {"assignment", "linear", "anneal"}
    fleet.apply(look)
    assert Watcher(str(fleet.path), flags, Plan()).look(NOW).status == "fine"


def test_files_that_did_not_change_are_not_searched_again(fleet: Fleet) -> None:
    """The proposal stands as it was."""
    watcher = fleet.watcher()
    first = watcher.look(NOW)
    second = watcher.look(NOW + timedelta(minutes=1))
    assert (second.status, second.searched, second.proposal) == ("drifted", False, first.proposal)
    assert second.drift is not None
    assert set(second.drift.counts().values()) == {0}
    assert len(fleet.runs()) == 1


def test_a_proposal_that_is_applied_ends_the_drift(fleet: Fleet) -> None:
    """The moves are seen, nothing is left to save, and small changes of demands are not searched."""
    watcher = fleet.watcher()
    fleet.apply(watcher.look(NOW))
    look = watcher.look(NOW)
    assert look.drift is not None
    assert (look.status, look.drift.moved.count, look.drift.changed.count) == ("fine", 2, 0)
    fleet.write(a=("x", 2.5), b=("x", 2), c=("y", 2), d=("y", 2))
    look = watcher.look(NOW)
    assert look.drift is not None
    assert (look.status, look.searched, look.drift.changed.ids) == ("fine", False, ("a",))


def test_changed_files_under_a_proposal_are_searched_again(fleet: Fleet) -> None:
    """Agents that joined and left are part of the new one."""
    watcher = fleet.watcher()
    first = watcher.look(NOW)
    fleet.write(d=None, e=("x", 1))
    fleet.path.write_text(FLEET.replace("c, b: d", "c, b: e"))
    look = watcher.look(NOW)
    assert look.drift is not None
    assert (look.drift.joined.ids, look.drift.left.ids, look.drift.links) == (("e",), ("d",), 2)
    assert look.searched
    assert look.proposal is not None
    assert first.proposal is not None
    assert look.proposal.run != first.proposal.run
    assert look.proposal.moves["moved"] == 1


def test_what_saves_too_little_is_not_proposed(fleet: Fleet) -> None:
    """Nor searched again before the objective has changed by as much."""
    watcher = fleet.watcher(threshold=0.95)
    look = watcher.look(NOW)
    assert (look.status, look.searched, look.code) == ("fine", True, ExitCode.OK)
    assert look.proposal is not None
    assert not look.proposal.worth
    fleet.write(a=("x", 2.5))
    assert not watcher.look(NOW).searched
    fleet.path.write_text(FLEET.replace("weight: 9", "weight: 900"))
    look = watcher.look(NOW)
    assert (look.status, look.searched) == ("drifted", True)


def test_a_broken_rule_is_told_and_mended(fleet: Fleet) -> None:
    """The cluster that is too full is named; the proposal may cost something."""
    fleet.path.write_text(FLEET.split("links")[0])
    fleet.write(a=("x", 4), b=("x", 3))
    look = fleet.watcher().look(NOW)
    data = look.data()
    assert (look.status, data["clusters"]["violations"]) == ("broken", {"capacity": 1})
    assert data["violations"][0]["cluster"] == "x"
    assert "3 more than its capacity" in data["violations"][0]["text"]
    assert data["above"] == [{"cluster": "x", "resource": "cpu", "use": 9, "limit": 6, "what": "capacity"}]
    assert look.proposal is not None
    assert look.proposal.worth
    assert look.proposal.gain is not None
    assert look.proposal.gain < 0


def test_nobody_is_anywhere_yet(fleet: Fleet) -> None:
    """Then the first placement is what is proposed."""
    fleet.write(**dict.fromkeys(ROWS, (None, 2)))
    look = fleet.watcher().look(NOW)
    assert (look.status, look.state, look.data()["objective"]) == ("broken", None, None)
    assert look.proposal is not None
    assert (look.proposal.worth, look.proposal.moves["placed"], look.proposal.before) == (True, 4, ())


def test_where_nothing_fits_there_is_no_proposal(fleet: Fleet) -> None:
    """The look says why, and its code is that of a search without an answer; it is not searched again in vain."""
    fleet.write(a=("x", 7))
    watcher = fleet.watcher()
    look = watcher.look(NOW)
    assert (look.status, look.code) == ("broken", ExitCode.INFEASIBLE)
    assert look.proposal is not None
    assert (look.proposal.status, look.proposal.after, look.proposal.worth) == ("infeasible", None, False)
    assert "a" in look.proposal.reasons[0]
    again = watcher.look(NOW)
    assert (again.searched, again.code) == (False, ExitCode.INFEASIBLE)


def test_where_the_bound_leaves_nothing_it_is_not_searched(fleet: Fleet) -> None:
    """Nothing is cut, so nothing can be saved."""
    fleet.write(b=("x", 2), c=("y", 2))
    look = fleet.watcher().look(NOW)
    assert (look.status, look.searched, fleet.runs()) == ("fine", False, [])


def test_looks_without_a_search(fleet: Fleet) -> None:
    """They only tell."""
    look = fleet.watcher(search=False).look(NOW)
    assert (look.status, look.proposal, fleet.runs()) == ("fine", None, [])


def test_files_that_cannot_be_read_are_waited_out(fleet: Fleet) -> None:
    """A half-written spec, a table that is gone, a fault in a row: each is told, and nothing is forgotten."""
    watcher = fleet.watcher(search=False)
    assert watcher.look(NOW).status == "fine"
    table = fleet.folder / "agents.csv"
    good = table.read_text()
    for file, broken in ((fleet.path, FLEET[:60]), (table, None), (table, good.replace("cpu=2", "cpu=two"))):
        text = file.read_text()
        file.unlink()
        if broken is not None:
            file.write_text(broken)
        look = watcher.look(NOW)
        data = look.data()
        assert (look.status, look.code, look.drift, look.name) == ("unreadable", ExitCode.SPEC, None, "fleet")
        assert data["error"]["code"] == 3
        assert data["error"]["diagnostics"] or data["error"]["message"]
        assert "objective" not in data
        file.write_text(text)
        assert watcher.look(NOW).status == "fine"
    assert watcher.number == 7


def test_a_watch_can_begin_with_a_broken_file(fleet: Fleet) -> None:
    """It goes on as soon as the file is whole; its name until then is the file's."""
    fleet.path.write_text(FLEET[:60])
    watcher = fleet.watcher(search=False)
    look = watcher.look(NOW)
    assert (look.status, look.name, look.block()) == ("unreadable", "fleet", None)
    fleet.path.write_text(FLEET)
    look = watcher.look(NOW)
    assert (look.status, look.drift) == ("fine", None)


def test_a_search_that_cannot_begin_is_tried_again(fleet: Fleet) -> None:
    """While another run holds the lock the look says so; the next one searches."""
    watcher = fleet.watcher()
    lock = acquire(state_folder(os.environ), Path(os.path.realpath(fleet.path)), run="other", now=NOW)
    assert lock is not None
    with lock:
        look = watcher.look(NOW)
        assert (look.status, look.searched, look.code, look.proposal) == ("fine", True, ExitCode.TEMPFAIL, None)
        assert "locked by run other" in look.data()["error"]["message"]
        patient = Watcher(str(fleet.path), {**FLAGS, "if_locked": "skip"}, Plan())
        look = patient.look(NOW)
        assert (look.fault, look.proposal) == (None, None)
    assert watcher.look(NOW).status == "drifted"


def test_an_option_that_makes_no_sense_ends_the_watch(fleet: Fleet) -> None:
    """Waiting does not heal it."""
    with pytest.raises(UsageError, match="--slot is for schedules"):
        Watcher(str(fleet.path), {**FLAGS, "slot": "2"}, Plan()).look(NOW)


def test_a_run_that_cannot_be_written_ends_the_watch(fleet: Fleet) -> None:
    """The place must be mended first."""
    out = fleet.folder / "out"
    out.write_text("a file")
    with pytest.raises(UsageError, match="not a folder"):
        Watcher(str(fleet.path), {**FLAGS, "out": str(out)}, Plan()).look(NOW)


def test_where_agents_are_may_be_in_an_earlier_result(fleet: Fleet) -> None:
    """`--from`: a new result in its place is a drift, and who is new in the table is nowhere."""
    first = fleet.watcher().look(NOW)
    assert first.proposal is not None
    applied = fleet.folder / "applied.json"
    applied.write_bytes((Path(first.proposal.directory) / "result.json").read_bytes())
    fleet.write(**dict.fromkeys(ROWS, (None, 2)))
    watcher = Watcher(str(fleet.path), {**FLAGS, "from_result": str(applied)}, Plan())
    look = watcher.look(NOW)
    assert (look.status, look.data()["objective"]) == ("fine", [0])
    result = json.loads(applied.read_text())
    for row in result["solution"]["assignments"]:
        row["cluster"] = "x" if row["agent"] in "bd" else "y"
    applied.write_text(json.dumps(result))
    look = watcher.look(NOW)
    assert look.drift is not None
    assert (look.status, look.drift.moved.count, look.searched) == ("drifted", 2, True)
    assert watcher.look(NOW).searched is False
    fleet.write(**dict.fromkeys([*ROWS, "e"], (None, 1)))
    look = watcher.look(NOW)
    assert look.drift is not None
    assert (look.status, look.drift.joined.ids) == ("broken", ("e",))
    assert look.proposal is not None
    assert look.proposal.moves["placed"] == 1


# What a re-balance is worth


@pytest.mark.parametrize(
    ("before", "after", "threshold", "expected"),
    [
        ((10,), (8,), 0.05, (0.2, 1)),
        ((10,), (9.9,), 0.05, (0.01, 1)),
        ((10,), (12,), 0.05, (-0.2, 1)),
        ((10,), (10,), 0.0, (0.0, 1)),
        ((0.5,), (0,), 0.05, (0.5, 1)),  # below 1 it is counted as a share of 1, as a gap is
        ((10, 10), (10, 5), 0.05, (0.5, 2)),
        ((10, 10), (9.9, 5), 0.05, (0.5, 2)),
        ((10, 10), (9.9, 50), 0.05, (0.01, 1)),
        ((10, 10), (11, 1), 0.05, (-0.1, 1)),
        ((10, 10), (10, 11), 0.05, (-0.1, 2)),
        ((10, 10), (9.9, 10), 0.05, (0.01, 1)),
    ],
)
def test_the_share_that_is_saved(
    before: tuple[float, ...], after: tuple[float, ...], threshold: float, expected: tuple[float, int]
) -> None:
    """The first level decides at which enough is saved, or anything lost."""
    assert saving(before, after, threshold) == expected


def test_changes_of_the_objective() -> None:
    """Up or down, at any level, by the share; a threshold of nothing asks for any change."""
    assert changed_by((10, 1), (10.4, 1), 0.05) is False
    assert changed_by((10, 1), (10.5, 1), 0.05) is True
    assert changed_by((10, 1), (10, 0.9), 0.05) is True
    assert changed_by((10,), (10,), 0.0) is False
    assert changed_by((10,), (10, 1), 0.5) is True


def test_room_below_the_objective() -> None:
    """A bound rules a search out; where none is known, or one level has room, it does not."""
    agents = [{"id": "a", "cluster": "c0"}, {"id": "b", "cluster": "c1"}]
    spec = make_spec(agents=agents, clusters=2, links=[("a", "b", 8)], objective=[{"cut": 1}, {"move": 1}])
    state = present_state(spec)
    assert isinstance(state, State)
    assert state.report.levels == (8, 0)
    assert room_for(state, (0, 0), 0.05) is True
    assert room_for(state, (7.9, 0), 0.05) is False
    assert room_for(state, (8, 0), 0.0) is False
    assert room_for(state, (8, None), 0.5) is True


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_a_share_has_the_sign_of_the_change(old: float, new: float) -> None:
    """Positive where the new value is less."""
    assert np.sign(relative(old, new)) in (0, np.sign(old - new))


# What was asked for


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("60s", 60), ("5m", 300), ("5min", 300), ("1h", 3600), ("1h30m", 5400), ("2d", 172_800), ("1w", 604_800),
        ("250ms", 0.25), ("90", 90), ("0.5", 0.5), ("PT5M", 300), ("P1DT1S", 86_401), (" 5s ", 5), ("1.5h", 5400),
    ],
)  # fmt: skip
def test_intervals(text: str, seconds: float) -> None:
    """Times as people write them, plain seconds, and ISO-8601."""
    assert read_interval(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "5x", "-5s", "0", "0.01s", "P1M", "1h 30m", "soon", "1e30", "nan", "99999d"])
def test_texts_that_are_no_interval(text: str) -> None:
    """Refused with examples."""
    with pytest.raises(UsageError, match="--every must be a time such as 60s"):
        read_interval(text)


@pytest.mark.parametrize(("text", "share"), [("5%", 0.05), ("0.05", 0.05), ("0", 0), ("12.5 %", 0.125), ("100%", 1)])
def test_thresholds(text: str, share: float) -> None:
    """Shares, plain or in per cent."""
    assert read_threshold(text) == share


@pytest.mark.parametrize("text", ["", "5", "101%", "-1%", "five", "%", "nan"])
def test_texts_that_are_no_threshold(text: str) -> None:
    """Refused; 5 would be five hundred per cent."""
    with pytest.raises(UsageError, match="--threshold must be a share"):
        read_threshold(text)


# The loop


def run_watch(fleet: Fleet, *, listens: bool = True, flags: dict[str, Any] | None = None, **plan: Any):  # type: ignore[no-untyped-def]
    looks: list[Look] = []

    def tell(look: Look, watcher: Watcher) -> bool:
        looks.append(look)
        return listens

    asked = Plan(**{"every": 0.01, "search": False} | plan)
    code = watch(str(fleet.path), {**FLAGS, **(flags or {})}, asked, tell=tell, clock=lambda: NOW)
    return code, looks


def test_a_watch_ends_after_its_looks(fleet: Fleet) -> None:
    """Numbered from 1; or as soon as nobody listens."""
    code, looks = run_watch(fleet, count=3)
    assert (code, [look.number for look in looks]) == (ExitCode.OK, [1, 2, 3])
    code, looks = run_watch(fleet, listens=False)
    assert (code, len(looks)) == (ExitCode.OK, 1)


def test_the_last_look_says_the_exit_code(fleet: Fleet) -> None:
    """A file that can't be read is 3, a search without an answer 4."""
    (fleet.folder / "agents.csv").unlink()
    assert run_watch(fleet, count=2)[0] == ExitCode.SPEC
    fleet.write(a=("x", 7))
    assert run_watch(fleet, count=1, search=True)[0] == ExitCode.INFEASIBLE


def test_a_metrics_file_is_replaced_at_every_look(fleet: Fleet, tmp_path: Path) -> None:
    """Clusters now, and after what is proposed; what is not known any more is not told, the clusters as last read."""
    prom, plain = tmp_path / "m" / "fleet.prom", tmp_path / "fleet.json"
    base = (("kind", "cluster"), ("name", "fleet"))
    run_watch(fleet, count=2, search=True, flags={"metrics": str(prom)})
    samples = parse(prom.read_text())
    assert samples["qamctl_watch_looks_total"] == {base: 2}
    assert samples["qamctl_watch_proposal"] == {base: 1}
    assert samples["qamctl_clusters_cut"] == {(*base, ("state", "before")): 18, (*base, ("state", "after")): 0}
    assert samples["qamctl_watch_last_read_timestamp_seconds"] == {base: NOW.timestamp()}
    run_watch(fleet, count=1, flags={"metrics": str(plain)})
    data = json.loads(plain.read_text())
    assert (data["look"], data["status"], data["clusters"]["after"]) == (1, "fine", None)
    assert [row["before"]["size"] for row in data["clusters"]["rows"]] == [2, 2]
    (fleet.folder / "agents.csv").unlink()
    assert run_watch(fleet, count=1, flags={"metrics": str(prom)})[0] == ExitCode.SPEC
    samples = parse(prom.read_text())
    assert samples["qamctl_watch_status"][(*base, ("status", "unreadable"))] == 1
    assert "qamctl_watch_last_read_timestamp_seconds" not in samples
    assert [path for path in prom.parent.iterdir() if path != prom] == []


def test_a_full_disk_ends_no_watch(fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told, once, and the looks go on."""

    def full(path: Path, data: object, **settings: object) -> None:
        raise TemporaryError(f"can't write {path}: no space left on device")

    monkeypatch.setattr("qamctl.watching.write_atomic", full)
    told: list[tuple[str, ...]] = []

    def tell(look: Look, watcher: Watcher) -> bool:
        told.append(watcher.warnings)
        return True

    flags = {**FLAGS, "metrics": str(tmp_path / "m.prom")}
    assert watch(str(fleet.path), flags, Plan(0.01, 2, search=False), tell=tell) == ExitCode.OK
    assert told[0] == told[1]
    assert "no space left" in told[0][0]


def test_a_metrics_file_never_replaces_what_is_read(fleet: Fleet) -> None:
    """Neither the spec nor a table, under whatever name; and its name says its format."""
    link = fleet.folder / "link.json"
    os.link(fleet.path, link)
    with pytest.raises(UsageError, match=r"ends in \.json or \.prom"):
        run_watch(fleet, flags={"metrics": "m.txt"})
    spec = fleet.folder / "spec.json"
    spec.write_text(fleet.path.read_text())
    fleet.path = spec
    with pytest.raises(UsageError, match="would overwrite"):
        run_watch(fleet, flags={"metrics": str(spec)})
    fleet.path = fleet.folder / "fleet.yaml"
    table = fleet.folder / "agents.csv"
    (fleet.folder / "agents.prom").symlink_to(table)
    with pytest.raises(UsageError, match="would overwrite"):
        run_watch(fleet, flags={"metrics": str(fleet.folder / "agents.prom")})


def test_there_must_be_something_to_watch(fleet: Fleet, tmp_path: Path) -> None:
    """A file, with clusters in it, and engines that there are."""

    def begin(path: str, **flags: Any) -> None:
        watch(path, {**FLAGS, **flags}, Plan(count=1), tell=lambda look, watcher: True)

    with pytest.raises(UsageError, match="standard input only once"):
        begin("-")
    with pytest.raises(SpecError, match="no such file"):
        begin(str(tmp_path / "none.yaml"))
    other = tmp_path / "plan.yaml"
    other.write_text("kind: schedule\nversion: 1\ntasks: []\n")
    with pytest.raises(SpecError, match="holds no clusters"):
        begin(str(other))
    with pytest.raises(UsageError, match="nonsense"):
        begin(str(fleet.path), backend=["nonsense"])
    with pytest.raises(UsageError, match="the watch's own proposals"):
        begin(str(fleet.path), from_result="latest")
    assert fleet.runs() == []


def test_a_wait_ends_with_a_signal() -> None:
    """Well before its time."""
    stop = Stop()
    stop.exit_code = ExitCode.TERMINATED
    wait_until(float("inf"), stop)

    later = Stop()
    waiting = threading.Thread(target=wait_until, args=(float("inf"), later))
    waiting.start()
    later.exit_code = ExitCode.INTERRUPTED
    waiting.join(timeout=60)
    assert not waiting.is_alive()
