"""An earlier schedule is carried into a spec: what it said of each task, as numbers of the spec."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.replanning import spec_of

from qamctl.errors import SpecError
from qamctl.schedule.carry import Planned, carried, plan_of, read_plan, remarks, table_of
from qamctl.schedule.spec import Earlier, ScheduleSpec

TOLD = {"file": "earlier.json", "sha256": "0" * 64}


def row(task: Any = "t", agents: Any = ("a",), start: Any = 0, mode: Any = None, **more: Any) -> dict[str, Any]:
    """An assignment of a result."""
    names = list(agents) if isinstance(agents, tuple) else agents
    return {"task": task, "agents": names, "mode": mode, "start": start, "end": None, "segments": None, **more}


def result(*rows: Any) -> dict[str, Any]:
    """The data of a result file with these assignments."""
    return {"solution": {"assignments": list(rows)}}


def begun(spec: ScheduleSpec, plan: dict[str, Planned]) -> Earlier:
    """What a spec knows of a plan that was carried into it."""
    earlier = carried(spec, plan, TOLD).earlier
    assert earlier is not None
    return earlier


def test_rows_of_a_result_are_the_plan() -> None:
    """Agents, mode and start of each task, whatever the spec knows of them."""
    spec = spec_of([{"id": "t"}])
    plan = plan_of(spec, result(row(), row("u", ("a", "b"), 2.5, "fast"), row("v", (), 7)), None, "r")
    assert plan == {
        "t": Planned(("a",), None, Fraction(0)),
        "u": Planned(("a", "b"), "fast", Fraction(5, 2)),
        "v": Planned((), None, Fraction(7)),
    }


@pytest.mark.parametrize(
    "bad",
    [
        7, {}, row(task=1), row(task=None), row(agents="ab"), row(agents=[1]), row(agents=None), row(mode=3),
        row(start=None), row(start="1"), row(start=True), row(start=float("nan")), row(start=float("inf")),
        row(start=-float("inf")), row(start=10**30), row(start=1.5e12), row(),
    ],
)  # fmt: skip
def test_rows_that_are_none_are_refused(bad: Any) -> None:
    """Whatever the file holds; the last is a second row of one task."""
    with pytest.raises(SpecError, match=r"^r: assignment 2 does not say of one more task who does it, and when$"):
        plan_of(spec_of([{"id": "t"}]), result(row(), bad), None, "r")


@pytest.mark.parametrize("solution", [None, 7, {}, {"assignments": None}, {"assignments": "ab"}, {"assignments": 3}])
def test_a_result_without_rows_is_refused(solution: Any) -> None:
    """No assignments are no plan."""
    with pytest.raises(SpecError, match="r: assignment 1 does not say"):
        plan_of(spec_of([{"id": "t"}]), {"solution": solution}, None, "r")


def test_a_table_beside_the_result_is_read(tmp_path: Path) -> None:
    """By its hash; one that is missing or another one is told."""
    spec = spec_of([{"id": "t"}])
    (tmp_path / "a.csv").write_text("task,agents,mode,start,end,segments\nt,a|b,,3,4,\nu,,m,0.5,1,\n")
    beside = {"solution": {"assignments": {"table": "a.csv"}}}
    assert plan_of(spec, beside, tmp_path, "r") == {
        "t": Planned(("a", "b"), None, Fraction(3)),
        "u": Planned((), "m", Fraction(1, 2)),
    }
    for folder, name, sha256 in ((tmp_path, "b.csv", None), (tmp_path, "a.csv", "0" * 64), (None, "a.csv", None)):
        with pytest.raises(SpecError, match=r"^r: its table of assignments can't be read: "):
            read_plan(spec, folder, name, sha256, "r")
    (tmp_path / "c.csv").write_text("task,agents,mode,start\nt,a,,soon\n")
    with pytest.raises(SpecError, match="r: assignment 1 does not say"):
        read_plan(spec, tmp_path, "c.csv", None, "r")


names = st.text(st.sampled_from('ab|\\,";= é'), min_size=1, max_size=5).filter(lambda text: text.strip() == text)


@given(
    tasks=st.lists(names, min_size=1, max_size=4, unique=True),
    crews=st.lists(st.lists(names, max_size=3).map(tuple), min_size=4, max_size=4),
    ticks=st.lists(st.integers(0, 10**9), min_size=4, max_size=4),
    resolution=st.sampled_from(["1", "0.001", "0.25", "60"]),
)
def test_the_table_that_is_kept_says_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    tasks: list[str],
    crews: list[tuple[str, ...]],
    ticks: list[int],
    resolution: str,
) -> None:
    """Whatever ids hold: `|`, backslashes, commas and quotes, too; starts come back as the same ticks."""
    spec = spec_of([{"id": name} for name in [*tasks, "never planned"]], time={"resolution": float(resolution)})
    plan = {
        name: Planned(crew, None, tick * Fraction(resolution))
        for name, crew, tick in zip(tasks, crews, ticks, strict=False)
    }
    folder = tmp_path_factory.mktemp("table")
    (folder / "earlier.csv").write_bytes(table_of(spec, plan | {"gone": Planned((), None, Fraction(1))}))
    assert read_plan(spec, folder, "earlier.csv", None, "r") == plan
    assert begun(spec, plan).start.tolist() == [*ticks[: len(tasks)], -1]


@given(
    minutes=st.integers(-(10**6), 10**6),
    thousandths=st.integers(0, 10**7),
    unit=st.sampled_from(["s", "min", "h", "d"]),
)
def test_starts_are_moments_where_there_is_an_origin(
    tmp_path_factory: pytest.TempPathFactory, minutes: int, thousandths: int, unit: str
) -> None:
    """A spec that begins at another time than the earlier one has its tasks at the same moments; none in its past."""
    length = {"s": 1, "min": 60, "h": 3600, "d": 86400}[unit]
    origin = datetime(2026, 11, 20, 20, tzinfo=UTC)
    before = origin - timedelta(minutes=minutes)
    moment = before + timedelta(microseconds=thousandths * length * 1000)
    spec = spec_of([{"id": "t"}], time={"unit": unit, "origin": origin.isoformat(), "resolution": 0.001})
    plan = plan_of(spec, result(row(start=thousandths / 1000, start_time=moment.isoformat())), None, "r")
    exact = Fraction(thousandths, 1000) - Fraction(60 * minutes, length)
    if exact < 0:
        assert plan == {}
        return
    assert plan["t"].start == exact
    ticks = begun(spec, plan).start.tolist()
    assert ticks == [exact * 1000 // 1]
    folder = tmp_path_factory.mktemp("table")
    (folder / "earlier.csv").write_bytes(table_of(spec, plan))
    assert begun(spec, read_plan(spec, folder, "earlier.csv", None, "r")).start.tolist() == ticks


def test_moments_that_tell_nothing_leave_the_numbers() -> None:
    """A spec without an origin, a moment that is none or has no zone: the start counts as it stands."""
    plain, dated = spec_of([{"id": "t"}]), spec_of([{"id": "t"}], time={"origin": "2026-11-20T20:00:00+00:00"})
    for spec, moment in (
        (plain, "2026-11-21T20:00:00+00:00"), (dated, "soon"), (dated, None), (dated, 3),
        (dated, "2026-11-21T20:00:00"), (dated, "2026-11-20T20:00:05.0000004+00:00"),
    ):  # fmt: skip
        assert plan_of(spec, result(row(start=5, start_time=moment)), None, "r")["t"].start == 5
    later = plan_of(dated, result(row(start=5, start_time="2026-11-20T20:01:00+00:00")), None, "r")
    assert later["t"].start == 60


def test_ids_become_numbers() -> None:
    """Agents and modes that are no more are -1; tasks that are new have no start; those that are gone are ignored."""
    spec = spec_of(
        [
            {"id": "t", "count": 2},
            {"id": "m", "modes": [{"id": "slow", "duration": 5}, {"id": "fast", "duration": 1}]},
            {"id": "new"},
            {"id": "other", "modes": [{"id": "slow", "duration": 5}]},
        ],
        agents=["z", "a", "b"],
    )
    plan = {
        "t": Planned(("b", "z"), None, Fraction(3)), "m": Planned(("gone",), "fast", Fraction(0)),
        "other": Planned(("a",), "quick", Fraction(2)), "past": Planned(("a",), None, Fraction(1)),
    }  # fmt: skip
    earlier = begun(spec, plan)
    assert earlier.agents == [(0, 2), (-1,), (), (1,)]
    assert earlier.start.tolist() == [3, 0, -1, 2]
    assert earlier.mode.tolist() == [0, 2, -1, -1]
    assert earlier.told == TOLD
    assert remarks(carried(spec, plan, TOLD))[0] == "1 task was planned on agents that the spec does not have"


def test_starts_round_down_to_ticks() -> None:
    """A spec of coarser ticks has the start in the tick that holds it."""
    assert begun(spec_of([{"id": "t"}]), {"t": Planned((), None, Fraction(7, 2))}).start.tolist() == [3]
