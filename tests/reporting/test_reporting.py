"""Reports of real runs, found in every way, with the problem file at hand and without."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.pages import read_page
from support.shared import shared_path

from qamctl.cli.main import main
from qamctl.errors import SpecError, UsageError
from qamctl.pipeline import run
from qamctl.reporting import found_all, report
from qamctl.schedule import table

PROBLEMS = Path(__file__).parents[2] / "problems"

#: An example of every kind, with the headings that a report of it has beside those of all kinds.
KINDS = [
    ("schedule", "night-batch", {"max_steps": 500}, ["Schedule", "Use over time", "Use in all", "Assignments"]),
    (
        "cluster",
        "services",
        {"max_steps": 2000, "backend": ("assignment",)},
        ["Clusters", "How full they are", "Moves"],
    ),
    ("reason", "incident", {}, ["Decision", "Expected utility", "Posterior"]),
    ("reason", "alarm", {}, ["Decision", "Posterior"]),
    ("model", "shifts", {"max_steps": 2000}, ["Sample"]),
    ("circuit", "ising", {"shots": 50}, ["Measured"]),
    ("schedule", "infeasible", {"max_steps": 10}, ["Why there is no feasible answer"]),
]


@pytest.fixture(autouse=True)
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of its own; specs that keep a state file are run from copies."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def go(kind: str, path: Path, **flags: Any) -> Path:
    """A short run; its directory."""
    found = run(kind, str(path), {"threads": 1, "seed": 1, **flags})
    assert found.directory is not None
    return found.directory


def page_of(*refs: object) -> str:
    return report(found_all(map(str, refs)))


@pytest.mark.parametrize(("kind", "name", "flags", "headings"), KINDS, ids=[name for _, name, *_ in KINDS])
def test_every_kind_has_its_page(room: Path, kind: str, name: str, flags: dict[str, Any], headings: list[str]) -> None:
    """Valid, whole, safe, with what is of its kind; the same bytes each time."""
    shutil.copytree(PROBLEMS, room / "problems", ignore=shutil.ignore_patterns("out"))
    folder = go(kind, room / "problems" / f"{kind}-{name}.yaml", **flags)
    html = page_of(folder)
    page = read_page(html)
    assert set(headings) <= {one.text() for one in page.all("h3")}
    assert html == page_of(folder)
    assert "http" not in html
    assert name in page.all("h1")[0].text()


def test_results_are_found_in_every_way(room: Path) -> None:
    """By id, its beginning, latest, the directory, or the file: the same page."""
    folder = go("schedule", PROBLEMS / "schedule-ft06.yaml", max_steps=200)
    pages = {page_of(ref) for ref in (folder.name, folder.name[:20], "latest", folder, folder / "result.json")}
    assert len(pages) == 1
    with pytest.raises(UsageError, match="no run 1999"):
        page_of("1999")


def test_a_copy_of_a_result_is_enough(room: Path) -> None:
    """Without the run directory there are no marks, metrics and options, and the page says what is left out."""
    go("schedule", PROBLEMS / "schedule-night-batch.yaml", max_steps=200, result=room / "copy.json")
    page = read_page(page_of(room / "copy.json"))
    assert page.all("h1")[0].text() == "copy"
    assert [one.text() for one in page.all("li")] == [
        "the problem file of this run is not at hand: what only it tells is left out"
    ]
    assert "is not marked" in page.all("figcaption")[0].text()
    assert "Where the time went" not in {one.text() for one in page.all("h3")}


def test_the_problem_file_is_where_it_was_read(room: Path) -> None:
    """Where the copy in the run directory is damaged, the original serves, if it has the same hash."""
    spec = room / "plan.yaml"
    spec.write_text((PROBLEMS / "schedule-night-batch.yaml").read_text())
    folder = go("schedule", spec, max_steps=200)
    whole = page_of(folder)
    (folder / "spec.yaml").write_text("damaged")
    assert page_of(folder) == whole
    spec.write_text("changed")
    assert "the problem file of this run is not at hand" in page_of(folder)


def test_a_problem_file_that_cannot_be_read_any_more(room: Path) -> None:
    """A side table is gone: the answer is shown, and why something is missing."""
    (room / "tasks.csv").write_text("id,duration\nt1,3\nt2,4\n")
    (room / "plan.yaml").write_text("kind: schedule\nversion: 1\nagents: [{id: a}]\ntasks: {table: tasks.csv}\n")
    folder = go("schedule", room / "plan.yaml", max_steps=10)
    (folder / "tasks.csv").unlink()
    (room / "tasks.csv").unlink()
    (note,) = read_page(page_of(folder)).all("li")
    assert "can't be read as this run did" in note.text()


def test_a_large_schedule_is_read_from_its_table(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same page as that of the rows in the result, but for the seconds; a damaged table is refused."""
    small = page_of(go("schedule", PROBLEMS / "schedule-ft06.yaml", max_steps=200))
    monkeypatch.setattr(table, "MOST_ROWS", 2)
    folder = go("schedule", PROBLEMS / "schedule-ft06.yaml", max_steps=200)
    assert "table" in json.loads((folder / "result.json").read_text())["solution"]["assignments"]
    sections = [
        {one.all("h3")[0].text(): one.text() for one in read_page(html).all("section")}
        for html in (small, page_of(folder))
    ]
    for name in ("Schedule", "Use over time", "Use in all", "Assignments"):
        assert sections[0][name] == sections[1][name]
    (folder / "assignments.csv").write_text("task\n")
    with pytest.raises(SpecError, match="its hash differs"):
        page_of(folder)


def test_a_run_without_a_result(room: Path) -> None:
    """Said with its status, where the directory still holds the result of an earlier run, too."""
    folder = go("schedule", PROBLEMS / "schedule-ft06.yaml", max_steps=50, out=room / "out")
    (room / "bad.yaml").write_text((PROBLEMS / "schedule-ft06.yaml").read_text())
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"run": "20261120T200000Z-later-00000000"}))
    with pytest.raises(UsageError, match="20261120T200000Z-later-00000000 has no result, its status is interrupted"):
        page_of(folder)
    (folder / "result.json").unlink()
    with pytest.raises(UsageError, match="has no result"):
        page_of(folder)


@pytest.mark.parametrize(
    "solution",
    [{}, {"assignments": 5}, {"assignments": [{"task": "t"}]}, {"assignments": {"table": 7}}, {"assignments": [3]}],
)
def test_a_damaged_result_is_refused(room: Path, solution: Any) -> None:
    """Exit code 3 with the file, never a trace."""
    file = room / "result.json"
    file.write_text(json.dumps({"schema": "qamctl/result/1", "kind": "schedule", "run": "r", "solution": solution}))
    with pytest.raises(SpecError, match=r"result\.json"):
        page_of(file)


JUNK = [None, True, -1, 0, 1e300, "", "x", [], {}, [[]], {"table": "x.csv"}, "<script>"]


@pytest.mark.parametrize("kind", ["schedule", "cluster", "reason"])
def test_whatever_a_file_holds(room: Path, kind: str, run_of: Callable[[str], Path]) -> None:
    """A page, or exit code 3: results and metrics of which any value was replaced by any other."""
    folder = run_of(kind)

    @settings(max_examples=60, deadline=None)
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        changed = room / "changed"
        shutil.copytree(folder, changed, dirs_exist_ok=True)
        for name in ("result.json", "metrics.json"):
            value = json.loads((folder / name).read_text())
            for _ in range(data.draw(st.integers(0, 2))):
                _replace(data, value)
            (changed / name).write_text(json.dumps(value))
        try:
            html = report(found_all([str(changed / "result.json")]))
        except (SpecError, UsageError):
            return
        read_page(html)

    holds()


def _replace(data: st.DataObject, value: Any) -> None:
    """Put something else in some place of an object."""
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        if not isinstance(value[key], dict | list) or not value[key] or data.draw(st.integers(0, 3)) == 0:
            value[key] = copy.deepcopy(data.draw(st.sampled_from(JUNK)))
            return
        value = value[key]


@pytest.fixture(scope="module")
def run_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The directory of a run of a kind, made once."""
    made: dict[str, Path] = {}

    def make(kind: str) -> Path:
        if kind not in made:
            name, flags = {one: (name, flags) for one, name, flags, _ in reversed(KINDS)}[kind]
            made[kind] = go(kind, PROBLEMS / f"{kind}-{name}.yaml", out=tmp_path_factory.mktemp(kind), **flags)
        return made[kind]

    return make


def test_several_results_on_one_page(room: Path) -> None:
    """Each with its own pictures, whose ids and styles do not mix."""
    first = go("schedule", PROBLEMS / "schedule-ft06.yaml", max_steps=200)
    second = go("cluster", PROBLEMS / "cluster-services.yaml", max_steps=500, backend=("assignment",))
    page = read_page(page_of(first, second, second))
    ids = [one.attributes["id"] for one in page.all("svg")]
    assert {"run-1-gantt", "run-2-clusters", "run-3-clusters"} <= set(ids)
    styles = [one.text() for one in page.all("style")[1:]]
    assert all(line.startswith(("#run-", "@", "}")) for style in styles for line in style.splitlines() if line)


def test_real_instances(room: Path) -> None:
    """A project without agents has a line for each resource; a workflow of hundreds of tasks one for each agent."""
    project = shared_path("instances", "schedule", "rcpsp", "j60", "j60_10_1.rcp")
    workflow = shared_path("instances", "orchestrate", "workflows", "1000genome-chameleon-18ch-100k-001.json")
    for spec, argv in (("p.yaml", ["rcpsp", project]), ("w.yaml", ["wfcommons", workflow, "--agents", "8"])):
        assert main(["import", *map(str, argv), "--file", str(room / spec)]) == 0
        html = page_of(go("schedule", room / spec, max_steps=300, backend=("list-search",)))
        names = {one.text() for one in read_page(html).all("text", "name")}
        assert names >= ({"R1", "R2", "R3", "R4"} if spec == "p.yaml" else {f"a{k}" for k in range(8)})
