"""A schedule that begins from an earlier result: engines keep to it, and the result says so and can be checked."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from support.replanning import after, failed, solved
from support.rich_schedules import rich_spec

from qamctl import schedule_run
from qamctl.errors import ExitCode, SpecError, UsageError
from qamctl.pipeline import dry_run, run
from qamctl.schedule.build import build_instance
from qamctl.schedule.check import check_result
from qamctl.schedule.contest import contest_of
from qamctl.schedule.read import schedule_from_data
from qamctl.solve import find_answer
from qamctl.story import RunReport
from qamctl.validation import check_files

SHOP: dict[str, Any] = {
    "kind": "schedule", "version": 1, "name": "shop", "agents": [{"id": name} for name in ("ann", "bob", "c|d")],
    "tasks": [
        {"id": "wash", "duration": 3}, {"id": "dry", "duration": 4, "after": ["wash"]},
        {"id": "fold", "duration": 2, "after": ["dry"]}, {"id": "iron", "duration": 5},
        {"id": "pack", "duration": 2, "after": ["fold", "iron"], "weight": 2}, {"id": "tag", "duration": 1},
    ],
}  # fmt: skip
KEPT = [{"disruption": 1}, {"makespan": 1}]
STEPS: dict[str, Any] = {"max_steps": 300, "seed": 3, "backend": ["list-search"]}


@pytest.fixture(autouse=True)
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the working directory, with a state folder of its own."""
    for variable in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, data: dict[str, Any]) -> str:
    """A file of the working directory."""
    Path(name).write_text(json.dumps(data))
    return name


def start(path: str, out: str, **flags: Any) -> RunReport:
    """A run into a folder."""
    return run("schedule", path, {**STEPS, "out": out, **flags})


def rows(report: RunReport) -> dict[str, tuple[str, int]]:
    """Who does each task, and when it starts."""
    return {row["task"]: ("|".join(row["agents"]), row["start"]) for row in report.result["solution"]["assignments"]}


def changed(**more: Any) -> dict[str, Any]:
    """The shop without bob and the tag, with a task more."""
    tasks = [task for task in SHOP["tasks"] if task["id"] != "tag"] + [{"id": "label", "duration": 1}]
    return SHOP | {"agents": [SHOP["agents"][0], SHOP["agents"][2]], "tasks": tasks, "objective": KEPT} | more


PLAN = {
    "wash": (["ann"], 0, 3), "dry": (["c|d"], 3, 7), "fold": (["ann"], 7, 9), "iron": (["bob"], 0, 5),
    "pack": (["bob"], 9, 11), "tag": (["c|d"], 0, 1),
}  # fmt: skip


def earlier(name: str = "first.json", plan: dict[str, Any] = PLAN, **more: Any) -> str:
    """A result file of the shop, as another program may have written it."""
    assignments = [{"task": task, "agents": crew, "mode": None, "start": a} for task, (crew, a, _) in plan.items()]
    solution = {"assignments": assignments, "unscheduled": []}
    return write(name, {"schema": "qamctl/result/1", "kind": "schedule", "run": "r", "solution": solution} | more)


def test_a_run_from_an_earlier_one(room: Path) -> None:
    """Who is there stays, who is gone is told, and the result says what it began from."""
    report = start(write("later.json", changed()), "two", from_result=earlier())
    told = report.result["from"]
    assert (told["run"], told["known"], told["new"], told["gone"]) == ("r", 5, 1, 1)
    assert (told["file"], told["table"]) == (str(room / "first.json"), "earlier.csv")
    assert told["notes"] == ["2 tasks were planned on agents that the spec does not have"]
    assert report.warnings[-1:] == tuple(told["notes"])
    assert report.result["provenance"]["options"]["from_result"] == {"file": told["file"], "sha256": told["sha256"]}
    found = rows(report)
    assert {task: found[task] for task in ("wash", "dry", "fold")} == {
        "wash": ("ann", 0), "dry": ("c|d", 3), "fold": ("ann", 7),
    }  # fmt: skip
    assert report.result["terms"]["disruption"] == 3  # iron counts 1, pack 2: they have to change agents
    assert check_files("two/result.json", "later.json").found == []


@pytest.mark.parametrize("backend", ["list-search", "cpsat", "anneal"])
def test_every_engine_begins_from_the_repaired_schedule(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone, and with next to no time: its answer is never worse than that."""
    # QUBOs know neither disruption nor several agents: the same plan in an objective that they can hold.
    objective: Any = {"flow": 1} if backend == "anneal" else KEPT
    path, first = write("later.json", changed(objective=objective)), earlier()
    problem = schedule_run.read(path, {"from_result": first}, profile=None, config_file=None)
    instance = build_instance(problem.spec)
    begun = contest_of(instance).start
    assert begun is not None
    report = start(path, "two", from_result=first, backend=[backend], max_steps=1)
    assert report.exit_code == ExitCode.OK
    levels = [level["value"] for level in report.result["levels"]]
    assert levels <= list(instance.value(begun))
    assert check_result(report.result, report.spec, Path("two")) == []


@pytest.mark.parametrize("backend", ["list-search", "cpsat"])
@pytest.mark.parametrize("seed", range(12))
def test_no_engine_leaves_less_than_it_was_given(seed: int, backend: str) -> None:
    """On random specs with every feature, too, whose schedule has lost an agent."""
    data = rich_spec(seed, "small")
    data["objective"] = [{"disruption": 1}, *data["objective"]]
    spec = schedule_from_data(data)
    solution = solved(spec)
    if solution is None:
        pytest.skip("a short search finds no schedule of this random spec")
    contest = contest_of(build_instance(failed(after(spec, solution), seed % len(spec.agents.ids))))
    if contest.start is None:
        pytest.skip("its schedule can't be repaired")
    answer = find_answer(contest, backends=(backend,), steps=20, seed=seed)
    assert answer.report is not None
    assert tuple(answer.report.levels) <= tuple(value + 1e-9 for value in contest.value(contest.start))


@pytest.mark.parametrize("backend", ["list-search", "cpsat"])
@pytest.mark.parametrize("objective", [KEPT, [{"disruption": 2, "makespan": 1}, {"flow": 1}]])
def test_where_nothing_changed_nothing_changes(backend: str, objective: Any) -> None:
    """The same file from the latest run is the same schedule, though another one would be as short."""
    path = write("shop.json", SHOP | {"objective": objective})
    first = start(path, "one", seed=7)
    again = start(path, "two", from_result="one", backend=[backend], seed=11)
    assert again.result["solution"] == first.result["solution"]
    assert again.result["terms"]["disruption"] == 0
    assert (again.result["from"]["notes"], again.warnings) == ([], ())


def test_a_schedule_that_no_list_gives_is_kept() -> None:
    """An earlier schedule with idle times, from another program, comes back where it may not change."""
    plan = {task: (crew, a + 20, b + 20) for task, (crew, a, b) in PLAN.items()}
    report = start(write("shop.json", SHOP | {"objective": KEPT}), "two", from_result=earlier(plan=plan))
    assert rows(report) == {task: ("|".join(crew), a) for task, (crew, a, _) in plan.items()}


def test_what_has_begun_is_frozen() -> None:
    """Until 4 wash and dry had begun on agents that are there: all else starts from then on."""
    report = start(write("later.json", changed(freeze_until=4)), "two", from_result=earlier())
    found = rows(report)
    assert (found["wash"], found["dry"]) == (("ann", 0), ("c|d", 3))
    assert all(begin >= 4 for task, (_, begin) in found.items() if task not in ("wash", "dry"))
    assert "planned anew: iron" in report.result["from"]["notes"][-1]
    assert check_files("two/result.json", "later.json").found == []


def test_moments_count_where_the_spec_begins_later(room: Path) -> None:
    """The plan was made with the day, what is left of it is planned with the hour."""
    day = {"unit": "h", "origin": "2026-11-20T08:00:00+00:00"}
    one = start(write("shop.json", SHOP | {"time": day}), "one")
    assert rows(one)["fold"][1] == 7
    left = [task for task in changed()["tasks"] if task["id"] in ("fold", "pack", "label")]
    left[0] = {"id": "fold", "duration": 2}
    left[1] = left[1] | {"after": ["fold"]}
    noon = {"unit": "h", "origin": "2026-11-20T12:00:00+00:00"}
    two = start(write("noon.json", SHOP | {"tasks": left, "time": noon, "objective": KEPT}), "two", from_result="one")
    assert rows(two)["fold"] == (rows(one)["fold"][0], 3)
    assert two.result["terms"]["disruption"] == 0
    assert check_files("two/result.json", "noon.json").found == []


@pytest.mark.parametrize("flags", [{}, {"freeze_until": 4}])
def test_a_result_is_checked_without_its_table(flags: dict[str, Any]) -> None:
    """The earlier result says the same where it is unchanged; else the check says what is missing."""
    start(write("later.json", changed(**flags)), "two", from_result=earlier(), result="copy.json")
    Path("elsewhere").mkdir()
    copy = Path("copy.json").rename("elsewhere/copy.json")
    assert check_files(str(copy), "later.json").found == []
    Path("first.json").write_text(Path("first.json").read_text() + "\n")
    with pytest.raises(SpecError, match="its table of assignments can't be read"):
        check_files(str(copy), "later.json")


def test_a_table_that_was_altered_is_found() -> None:
    """By its hash, where the earlier result is gone; with a hash of its own, by the figures that it does not give."""
    start(write("later.json", changed()), "two", from_result=earlier())
    table = Path("two/earlier.csv")
    table.write_text(table.read_text().replace("fold,ann,,7", "fold,ann,,8"))
    assert check_files("two/result.json", "later.json").found == []  # the earlier result still tells
    Path("first.json").unlink()
    with pytest.raises(SpecError, match="is not the table"):
        check_files("two/result.json", "later.json")
    data = json.loads(Path("two/result.json").read_text())
    del data["from"]["table_sha256"]
    write("two/result.json", data)
    assert any("disruption" in str(fault) for fault in check_files("two/result.json", "later.json").found)


@pytest.mark.parametrize("block", [None, 7, {}, {"file": "first.json", "sha256": 5}, {"table": 3, "file": "\0"}])
def test_a_result_whose_beginning_is_not_told_can_not_be_checked_as_it_was(block: Any) -> None:
    """Without the block its disruption is wrong, with another one that names nothing there is nothing to check with."""
    start(write("later.json", changed()), "two", from_result=earlier())
    data = json.loads(Path("two/result.json").read_text()) | {"from": block}
    write("two/result.json", data)
    if isinstance(block, dict):
        with pytest.raises(SpecError, match="its table of assignments can't be read"):
            check_files("two/result.json", "later.json")
    else:
        assert any("disruption" in str(fault) for fault in check_files("two/result.json", "later.json").found)


def test_an_earlier_file_that_is_no_result_is_told_by_the_check() -> None:
    """A `from` block may name any file and its hash."""
    start(write("later.json", changed()), "two", from_result=earlier())
    data = json.loads(Path("two/result.json").read_text())
    Path("two/earlier.csv").unlink()
    sha256 = hashlib.sha256(Path("later.json").read_bytes()).hexdigest()
    write("two/result.json", data | {"from": data["from"] | {"file": "later.json", "sha256": sha256}})
    with pytest.raises(SpecError, match=r"later.json: assignment 1 does not say"):
        check_files("two/result.json", "later.json")


def test_a_run_may_take_the_place_of_the_one_it_begins_from() -> None:
    """In the same directory, again and again, as from cron."""
    path = write("shop.json", SHOP | {"objective": KEPT})
    first = start(path, "run")
    for _ in range(2):
        report = start(path, "run", from_result="run")
        assert report.result["solution"] == first.result["solution"]
        assert check_files("run/result.json", path).found == []


def test_what_is_no_earlier_schedule_is_refused() -> None:
    """Of another kind, without an answer, of other tasks, without rows."""
    path = write("later.json", changed())
    for name, more, error, text in (
        ("a.json", {"kind": "cluster"}, SpecError, "is the result of a cluster: name one of a schedule"),
        ("b.json", {"solution": None, "status": "infeasible"}, SpecError, "holds no answer, its status is infeasible"),
        ("c.json", {"solution": {}}, SpecError, "assignment 1 does not say"),
        ("d.json", {"schema": "other"}, SpecError, "is no result file: name one that a run of `qamctl schedule` wrote"),
    ):
        with pytest.raises(error, match=text):
            start(path, "two", from_result=earlier(name, **more))
    other = write("other.json", SHOP | {"tasks": [{"id": "else", "duration": 1}]})
    with pytest.raises(UsageError, match=r"--from first.json: no task of other.json is in it; name a result of the"):
        start(other, "two", from_result=earlier())
    with pytest.raises(UsageError, match=r"no run of `qamctl schedule` has an answer yet"):
        start(path, "two", from_result="latest")
    assert not Path("two").exists()


def test_a_dry_run_tells_what_would_be_carried_over() -> None:
    """Its figures, without a search; the earlier result is found as `latest`, too."""
    start(write("shop.json", SHOP), "one")
    told = dry_run(write("later.json", changed()), {"from_result": "latest"}, kind="schedule")
    assert (told["from"]["known"], told["from"]["new"], told["from"]["gone"]) == (5, 1, 1)


def test_an_answer_of_another_beginning_is_not_reused() -> None:
    """With an earlier result the question is another one, and with another plan; not with another name of the plan."""
    path = write("later.json", changed())
    hits = [
        start(path, f"run{k}", reuse=True, **flags).metrics["cache"]["hits"]
        for k, flags in enumerate(
            [
                {}, {"from_result": earlier()}, {"from_result": earlier("same.json", run="other")},
                {"from_result": earlier("moved.json", PLAN | {"fold": (["ann"], 8, 10)})}, {},
            ]
        )
    ]  # fmt: skip
    assert hits == [0, 0, 1, 0, 1]
    assert check_files("run2/result.json", path).found == []
    assert json.loads(Path("run2/result.json").read_text())["from"]["run"] == "other"


def test_an_interrupted_run_and_an_infeasible_one_say_what_they_began_from() -> None:
    """The block is there without an answer, too, and the table beside it."""
    impossible = changed(freeze_until=4)
    impossible["tasks"][4] = impossible["tasks"][4] | {"deadline": 5}
    report = start(write("later.json", impossible), "two", from_result=earlier())
    assert (report.exit_code, report.result["status"]) == (ExitCode.INFEASIBLE, "infeasible")
    assert report.result["from"]["known"] == 5
    assert Path("two/earlier.csv").read_text().startswith("task,agents,mode,start\nwash,ann,,0\n")
