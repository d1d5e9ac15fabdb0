"""The benchmark of the front: its list follows from the rule, its verdicts from rows, and it can be resumed."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from support.shared import shared_path

HERE = Path(__file__).resolve().parent


@pytest.fixture(autouse=True)
def scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripts of the folder can be imported."""
    monkeypatch.syspath_prepend(str(HERE))


@pytest.fixture
def verdicts() -> ModuleType:
    """What judges the rows."""
    return import_module("front_verdicts")


def row(engine: str, objective: int | None, **more: Any) -> dict[str, Any]:
    """A finished row whose best known value is 100."""
    base = {"family": "j60", "case": "a", "engine": engine, "seed": 1, "status": "feasible", "objective": objective}
    return base | {"best": 100, "bound": 90, "wall": 20.0, "cpu": 40.0, "windows": None, "fault": None} | more


def opened(**more: Any) -> dict[str, Any]:
    """What windows did, as a row has it."""
    base = {"windows": 5, "improved": 2, "controlled": 4, "gain": 3, "over_random": 2, "over_classical": 1}
    return base | {"worsened": False} | more


def test_the_committed_list_is_that_of_the_rule() -> None:
    """Sixty problems, and apart from them as many of each family as are left."""
    cases = import_module("front_cases")
    lists = cases.drawn(shared_path("instances"))
    assert cases.LIST.read_text() == cases.text_of(lists)
    counts = [{family: len(names) for family, names in lists[which].items()} for which in ("front", "apart")]
    assert counts[0] == cases.COUNTS
    assert sum(counts[0].values()) == 60
    assert all(counts[1][family] <= count for family, count in cases.COUNTS.items())
    assert not [name for family, names in lists["front"].items() for name in names if name in lists["apart"][family]]
    assert [case.name for case in cases.front_cases(shared_path("instances"), "apart")] == [
        name for names in lists["apart"].values() for name in names
    ]


def test_each_stratum_gives_one() -> None:
    """Names sorted by size and then by hardness are cut evenly; where no more are left than wanted, all are taken."""
    cases = import_module("front_cases")
    left = {f"{size}-{k}": (size, k / 10) for size in (9, 10) for k in range(10)}
    found = cases.strata("x", left, 5)
    assert [list(left).index(name) // 4 for name in found] == [0, 1, 2, 3, 4]
    assert cases.strata("x", dict(reversed(left.items())), 5) == found
    assert cases.strata("x", left, 30) == list(left)
    assert cases.strata("x", {}, 3) == []


def test_files_are_read_as_the_package_reads_them() -> None:
    """Durations, precedence and demands of job shops and projects are those of imported specs."""
    from qamctl.formats import read

    plain = import_module("plain")
    for case in import_module("front_cases").front_cases(shared_path("instances")):
        if case.format in ("jobshop", "rcpsp"):
            theirs = plain.plain_problem(read(case.format, case.path.read_text(), name=case.path.name)).flexible
            mine = import_module("published_files").read(case.format, case.path)
            assert (mine.ids, mine.renewable, mine.stock) == (theirs.ids, theirs.renewable, theirs.stock)
            assert [sorted(before) for before in mine.before] == [sorted(before) for before in theirs.before]
            assert [[(way.duration, way.use) for way in ways] for ways in mine.ways] == [
                [(way.duration, way.use) for way in ways] for ways in theirs.ways
            ]
            assert mine.simple_bound() <= case.best


def test_published_results_are_of_problems_at_hand() -> None:
    """None is below what is proved, and the best known values of the tables are those of the projects themselves."""
    known = {(case.family, case.name): case for case in import_module("published").cases(shared_path("instances"))}
    lines = import_module("front_verdicts").PUBLISHED.read_text().splitlines()
    for _, engine, _, family, name, objective, bound in (line.split(",") for line in lines[1:]):
        case = known[family, name]
        assert not objective or int(objective) >= (case.bound or int(bound)), (engine, name)
        assert int(bound) <= case.best, (engine, name)


@pytest.mark.parametrize("worsened", [None, "curve", "attempt", "gain"])
def test_a_window_that_worsens_shows(worsened: str | None) -> None:
    """An incumbent that rises, an answer above what an engine had, and a negative gain are all told."""
    figures = {"windows": 3, "improved": 1, "controlled": 2, "gain": -1.0 if worsened == "gain" else 1.0}
    more = {"gain_over_random": 0.5, "gain_over_classical_same_time": 0.25}
    metrics = {
        "search": {"list-search": {"steps": 7}, "anneal": figures | more, "neal": {"windows": 2, "improved": 0}},
        "curve": [(0.1, 12, "list-search"), (0.2, 11, "anneal"), *([(0.3, 13, "neal")] if worsened == "curve" else [])],
    }
    attempts = [{"objective": None}, {"objective": 10 if worsened == "attempt" else 11}]
    found = import_module("answers").windows({"objective": 11, "attempts": attempts}, metrics)
    assert found == {
        "windows": 5, "improved": 1, "controlled": 2, "gain": figures["gain"], "over_random": 0.5,
        "over_classical": 0.25, "worsened": worsened is not None,
    }  # fmt: skip


def test_the_peers_find_schedules() -> None:
    """The assignment without an order, and PyJobShop's model, are of the same problems: their answers are the least."""
    ways, peer, worker = (import_module(name) for name in ("ways", "flexible_peer", "peer_worker"))

    def on(machine: str, duration: int) -> Any:
        return ways.Way(machine, duration, {machine: 1})

    machines = ways.Flexible(["a", "b"], [[on("M0", 3), on("M1", 4)], [on("M0", 5), on("M1", 6)]], [[], []],
                             {"M0": 1, "M1": 1})  # fmt: skip
    modes = [ways.Way("m1", 3, {"R1": 2, "N1": 4}), ways.Way("m2", 9, {"N1": 1})]
    project = ways.Flexible(
        ["c", "d"], [modes, [ways.Way("m1", 4, {"R1": 1, "N1": 2})]], [[], [0]], {"R1": 2}, {"N1": 5}
    )
    limits = {"seconds": 10.0, "threads": 1, "seed": 1}
    assert (peer.unordered(machines), peer.unordered(project)) == (True, False)
    for problem, least in ((machines, 5), (project, 13)):
        answer = worker.best_model(problem, limits)
        assert problem.faults(answer["start"], answer["chosen"]) == []
        assert (answer["status"], answer["bound"]) == ("optimal", least)
        assert problem.makespan(answer["start"], answer["chosen"]) == least
    pytest.importorskip("pyjobshop")
    for problem, least in ((machines, 5), (project, 13)):
        answer = import_module("peers").pyjobshop(problem, **limits)
        assert problem.faults(answer["start"], answer["chosen"]) == []
        assert problem.makespan(answer["start"], answer["chosen"]) == answer["bound"] == least


def test_order_counts_where_a_task_waits_or_a_machine_is_shared() -> None:
    """Only independent tasks on machines that take one at a time are a mere assignment."""
    ways, peer = import_module("ways"), import_module("flexible_peer")
    way = ways.Way("M0", 3, {"M0": 1})
    assert peer.unordered(ways.Flexible(["a", "b"], [[way], [way]], [[], []], {"M0": 1}))
    assert not peer.unordered(ways.Flexible(["a", "b"], [[way], [way]], [[], [0]], {"M0": 1}))
    assert not peer.unordered(ways.Flexible(["a", "b"], [[way], [way]], [[], []], {"M0": 2}))
    both = ways.Way("", 3, {"M0": 1, "M1": 1})
    assert not peer.unordered(ways.Flexible(["a"], [[both]], [[]], {"M0": 1, "M1": 1}))


@pytest.mark.parametrize(
    ("ours", "theirs", "good"),
    [
        ([100], [100], 1),
        ([101], [100], 0),
        ([100, 102], [101, 101], 1),
        ([100, 102], [100, 101], 0),
        ([None], [100], 0),
        ([100], [None], 1),
        ([None], [None], 1),
    ],
)
def test_a_problem_is_judged_by_its_mean(
    verdicts: ModuleType, ours: list[int | None], theirs: list[int | None], good: int
) -> None:
    """The mean over the seeds counts, no answer is worse than any, and seeds that only one has don't count."""
    rows = [row("auto", value, seed=k) for k, value in enumerate(ours)]
    rows += [row("cpsat", value, seed=k) for k, value in enumerate(theirs)]
    assert verdicts.as_good([*rows, row("auto", 999, seed=7), row("cpsat", 1, seed=8)], "cpsat") == (good, 1)


def test_a_proof_serves_the_longer_run(verdicts: ModuleType) -> None:
    """What all of CP-SAT's workers prove in time is not measured again, and is no proof of another engine's."""
    rows = [
        row("cpsat-all", 100, status="optimal"),
        row("cpsat-all", 100, case="b"),
        row("cpsat", 100, status="optimal"),
    ]
    assert [(r["case"], r["engine"]) for r in verdicts.with_proofs(rows)[3:]] == [("a", "cpsat-5x")]


def test_figures_of_families(verdicts: ModuleType) -> None:
    """Means are over the runs with an answer, shares over all; the last line of an engine is that of all families."""
    rows = [row("auto", 103), row("auto", 100, seed=2, status="optimal"), row("auto", None, family="pmp", case="b")]
    rows.append(row("cpsat", 101))
    found = {(f["family"], f["engine"]): f for f in verdicts.families(rows)}
    mine = found["j60", "auto"]
    assert (mine["problems"], mine["runs"], mine["reached"], mine["proved"]) == (1, 2, 50, 50)
    assert mine["gap"] == pytest.approx(1.5)
    assert (found["pmp", "auto"]["gap"], found["pmp", "auto"]["without"]) == (None, 1)
    assert found["all", "auto"]["reached"] == pytest.approx(100 / 3)
    assert (found["j60", "cpsat"]["as_good"], found["j60", "cpsat"]["compared"]) == (0, 1)
    assert len(verdicts.family_table(list(found.values())).splitlines()) == 1 + len(found) == 6


def test_windows_are_summed(verdicts: ModuleType) -> None:
    """By family and in all, of `auto` and of windows alone; gains are unknown where nothing had controls."""
    rows = [row("windows", 100, windows=opened()), row("windows", 100, seed=2, windows=opened(worsened=True))]
    rows += [row("windows", 100, family="pmp", windows=opened(gain=0.5)), row("cpsat", 100)]
    rows.append(row("auto", 100, windows=opened(controlled=0, gain=None)))
    figures = ("family", "engine", "runs", "windows", "gain", "worsened")
    assert [tuple(f[name] for name in figures) for f in verdicts.windows(rows)] == [
        ("j60", "auto", 1, 5, None, 0), ("all", "auto", 1, 5, None, 0),
        ("j60", "windows", 2, 10, 6, 1), ("pmp", "windows", 1, 5, 0.5, 0), ("all", "windows", 3, 15, 6.5, 1),
    ]  # fmt: skip
    assert len(verdicts.window_table(verdicts.windows(rows)).splitlines()) == 6


def test_published_results_stand_beside_ours(verdicts: ModuleType) -> None:
    """Only problems that are stated and measured count, and families about which nothing is stated are named."""
    rows = [row("auto", 664, family="jobshop", case="abz7", best=656), row("auto", 110, family="pmp", case="1")]
    found = verdicts.published(rows)
    assert [(f["engine"], f["minutes"], f["problems"]) for f in found] == [
        ("OptalCP 2026.4", 10, 1), ("CP Optimizer 22.1.1", 10, 1), ("CP-SAT 9.15", 10, 1),
    ]  # fmt: skip
    assert found[0]["gap"] == 0
    assert found[1]["gap"] == found[0]["gap_ours"] == pytest.approx(100 * 8 / 656)
    assert verdicts.published_table(found, rows).endswith("not stated: pmp")
    assert "not stated" not in verdicts.published_table([], [row("cpsat", 110, family="pmp", case="1")])


@pytest.mark.parametrize(
    ("rows", "sentence", "met"),
    [
        ([row("auto", 100)], "1 of 1 runs verified, no bound above a known value", True),
        ([row("auto", 100, fault="x")], "0 of 1 runs verified, no bound above a known value", False),
        (
            [row("auto", 101), row("auto", 100, case="b")],
            "j60, 2 problems, 2 runs: mean gap 0.500 % (0.8 at most)", True,
        ),
        ([row("auto", 101)], "j60, 1 problems, 1 runs: mean gap 1.000 % (0.8 at most)", False),
        (
            [row("auto", 100), row("auto", None, case="b")],
            "j60, 2 problems, 2 runs: mean gap 0.000 % (0.8 at most), 1 without an answer (none)", False,
        ),
        ([row("auto", 100, family="j30")], "j30, 1 problems, 1 runs: 100.0 % optimal (97 at least)", True),
        ([row("auto", 101, family="j30")], "j30, 1 problems, 1 runs: 0.0 % optimal (97 at least)", False),
        (
            [row("auto", 101), row("cpsat", 100)],
            "at least as good as cpsat on 0 of 1 problems, 0.0 % (95 at least)", False,
        ),
        (
            [row("auto", 100), row("cpsat-5x", 100)],
            "at least as good as cpsat-5x on 1 of 1 problems, 100.0 % (80 at least)", True,
        ),
        (
            [row("auto", 100, cpu=44.0), row("cpsat", 100)],
            "where neither proves: 44.0 cpu s, cpsat 40.0 (1.1 times at most)", True,
        ),
        (
            [row("auto", 100, cpu=50.0), row("cpsat-all", 100)],
            "where neither proves: 50.0 cpu s, cpsat-all 40.0 (1.1 times at most)", False,
        ),
        ([row("auto", 100, windows=opened())], "5 QUBO windows in 1 runs: 0 runs worsened (none)", True),
        ([row("auto", 100, windows=opened(worsened=True))], "5 QUBO windows in 1 runs: 1 runs worsened (none)", False),
    ],
)  # fmt: skip
def test_demands(verdicts: ModuleType, rows: list[dict[str, Any]], sentence: str, met: bool) -> None:
    """Each demand of the table is met and missed as it says."""
    assert (met, sentence) in verdicts.demands(rows)


def test_what_was_not_measured_is_not_demanded(verdicts: ModuleType) -> None:
    """A demand without its rows is left out, and runs that one side proves say nothing of equal CPU."""
    assert verdicts.demands([]) == []
    rows = [row("auto", 100, status="optimal", cpu=9.0), row("cpsat", 100, cpu=1.0)]
    assert not [text for _, text in verdicts.demands(rows) if "neither" in text or "cpsat-5x" in text]


def test_it_measures_once_and_goes_on(tmp_path: Path) -> None:
    """Without time it says that it is not done; then it measures; then everything comes from the file."""
    rows, report = tmp_path / "rows.jsonl", tmp_path / "report.json"
    command = [sys.executable, str(HERE / "front.py"), "--instances", str(shared_path("instances")), "--only", "ft06"]
    command += ["--engines", "auto,cpsat-all,cpsat-5x,windows", "--time-limit", "2", "--seeds", "1"]
    command += ["--rows", str(rows), "--json", str(report)]
    early = subprocess.run([*command, "--budget", "0"], capture_output=True, text=True, check=False)
    assert (early.returncode, rows.exists()) == (130, False)
    assert "goes on from there" in early.stderr
    first = subprocess.run(command, capture_output=True, text=True, check=False)
    assert first.returncode in (0, 1), first.stderr
    kept = rows.read_text()
    found = json.loads(report.read_text())["rows"]
    assert sorted(r["engine"] for r in found) == ["auto", "cpsat-5x", "cpsat-all", "windows"]
    assert {r["fault"] for r in found} == {None}
    assert {(r["objective"], r["best"]) for r in found if r["engine"] != "windows"} == {(55, 55)}
    alone = next(r["windows"] for r in found if r["engine"] == "windows")
    assert alone["windows"] == alone["controlled"] > 0
    assert alone["worsened"] is False
    again = subprocess.run([*command, "--budget", "0"], capture_output=True, text=True, check=False)
    assert (again.stdout, again.stderr) == (first.stdout, "")
    assert rows.read_text() == kept


def test_without_its_files_it_says_so(tmp_path: Path) -> None:
    """The folder that is missing and a name that isn't in the list are named, and the exit code is 2."""
    command = [sys.executable, str(HERE / "front.py"), "--instances"]
    done = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.returncode, "say --instances DIR or set QAMCTL_SHARED" in done.stderr) == (2, True)
    done = subprocess.run(
        [*command, str(shared_path("instances")), "--only", "la99"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "there is no problem or family la99" in done.stderr) == (2, True)
