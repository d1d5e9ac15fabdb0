"""The page of a result: everything that a result tells is on it, escaped, whatever it holds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.pages import Node, read_page

from qamctl.report.cluster_answer import MOST_ROWS as MOST_CLUSTER_ROWS
from qamctl.report.cluster_answer import cluster_answer, cluster_lists
from qamctl.report.html import Html
from qamctl.report.other_answers import MOST_ROWS as MOST_OTHER_ROWS
from qamctl.report.other_answers import circuit_answer, model_answer
from qamctl.report.page import place_of, report_page
from qamctl.report.plan import Known, Plan, Profile
from qamctl.report.schedule_answer import MOST_PROFILES, MOST_ROWS, schedule_answer, schedule_lists
from qamctl.report.told import MOST_ROWS as MOST_REASONS
from qamctl.report.told import Told

HOSTILE = ['<script>alert("x")</script>', "</td></table>", "a & b's", '" onload="x', "-->", "ünïcode 道", "&lt;"]


def result_of(**more: Any) -> dict[str, Any]:
    """A result with something in every block."""
    return {
        "schema": "qamctl/result/1", "kind": "schedule", "run": "r-1", "status": "feasible", "objective": 60,
        "bound": 55, "gap": 5 / 60, "levels": [{"terms": {"makespan": 60}, "value": 60, "bound": 55}],
        "terms": {"makespan": 60, "flow": 100.5}, "solution": None, "violations": [], "reasons": [],
        "solved_by": "cpsat", "fallback": {"backend": "azure:x", "reason": "away"},
        "attempts": [
            {"backend": "cpsat", "status": "feasible", "objective": 60, "bound": 55, "seconds": 1.5, "variables": 12,
             "shots": 0, "feasible_fraction": None, "gain_over_random": None, "gain_over_classical_same_time": None},
            {"backend": "qaoa", "status": "feasible", "objective": 62, "bound": None, "seconds": 0.5, "variables": 9,
             "shots": 500, "feasible_fraction": 0.25, "gain_over_random": -4, "gain_over_classical_same_time": 0,
             "note": "six parts"},
        ],
        "compiled": {"sha256": "cc" * 32},
        "provenance": {"spec_sha256": "aa" * 32, "tables": {"t.csv": "bb" * 32}, "seed": 1234567, "options": {},
                       "versions": {"qamctl": "1.2"}, "command": ["qamctl", "schedule"], "started": "2026",
                       "host": "h"},
    } | more  # fmt: skip


METRICS = {
    "seconds": {"read": 0.1, "solve": 2.0, "total": 2.1}, "curve": [[0.5, 70, "cpsat"], [1.0, 60, "cpsat"]],
    "utilisation": {"agents": {"a": 0.5}, "resources": {"r": None}},
}  # fmt: skip


def texts(page: Node, name: str) -> list[str]:
    return [one.text() for one in page.all(name)]


def rows_of(page: Node, caption: str) -> list[list[str]]:
    """The body of the table of that caption."""
    (found,) = [one for one in page.all("table") if one.all("caption")[0].text() == caption]
    return [[cell.text() for cell in row.inside if isinstance(cell, Node)] for row in found.all("tbody")[0].all("tr")]


def test_everything_is_told() -> None:
    """How good it is, by whom, how long it took, and where it came from."""
    told = Told("plan", result_of(), METRICS, {"time_limit": ("2", "flag --time-limit")}, ["mind this"])
    page = read_page(report_page([told]))
    assert (texts(page, "h1"), texts(page, "h2")) == (["plan"], ["schedule, feasible"])
    facts = dict(zip(texts(page, "dt"), texts(page, "dd"), strict=True))
    assert facts == {
        "status": "feasible", "objective": "60", "bound": "55", "gap": "8.33 %", "solved by": "cpsat",
        "instead of what was asked": "backend: azure:x, reason: away", "seconds in all": "2.100", "run": "r-1",
        "kind": "schedule", "started": "2026", "host": "h", "seed": "1234567", "command": "qamctl schedule",
        "hash of the problem file": "aa" * 32, "hash of what was compiled": "cc" * 32,
    }  # fmt: skip
    assert texts(page, "li") == ["mind this"]
    assert rows_of(page, "What each engine achieved") == [
        ["cpsat", "feasible", "60", "55", "1.5", "12", "–", "–", "–", "–", "–"],
        ["qaoa", "feasible", "62", "–", "0.5", "9", "500", "25.00 %", "-4", "0", "six parts"],
    ]
    assert rows_of(page, "Every term, before weights") == [["makespan", "60"], ["flow", "100.5"]]
    assert rows_of(page, "Levels, the most important first") == [["1", "makespan", "60", "55", "8.33 %"]]
    assert rows_of(page, "Options that are not the defaults") == [["time_limit", "2", "flag --time-limit"]]
    assert rows_of(page, "Tables of the problem file") == [["t.csv", "bb" * 32]]
    assert [one.attributes["id"] for one in page.all("svg")] == ["run-1-curve"]


def test_gates_reasons_and_exports() -> None:
    """What was asked for and not met, why there is no answer, what is beside the result; all where they are there."""
    gates = [{"gate": "gap<=0.02", "value": 0.08, "met": False}, {"gate": "baseline", "value": "same", "met": True}]
    reasons = [
        {"file": "p.yaml", "line": 3, "constraint": "deadline", "text": f"no {k}"} for k in range(MOST_REASONS + 5)
    ]
    found = result_of(
        gates=gates, reasons=reasons, violations=[{"text": "too much"}, "odd"], exports={"schedule.ics": "dd"},
        reused={"run": "r-0", "started": "2026", "key": "k"}, notes=["of the spec"], objective=None,
        bound=None, gap=None,
    )  # fmt: skip
    page = read_page(report_page([Told("plan", found)]))
    assert rows_of(page, "What the run was asked to meet") == [
        ["gap<=0.02", "not met", "0.08", "–"], ["baseline", "met", "same", "–"],
    ]  # fmt: skip
    assert rows_of(page, "Reasons")[0] == ["deadline", "no 0", "p.yaml:3"]
    assert len(rows_of(page, "Reasons")) == MOST_REASONS
    assert f"{MOST_REASONS} of {MOST_REASONS + 5} reasons shown." in texts(page, "p")
    assert texts(page, "li") == ["of the spec", "too much", "odd"]
    assert rows_of(page, "Files beside the result") == [["schedule.ics", "dd"]]
    assert "r-0" in texts(page, "dd")
    assert "objective" not in texts(page, "dt")


def test_several_results_are_compared() -> None:
    """Figure by figure, with links to each; what makes figures incomparable is said."""
    other = result_of(run="r-2", objective=58, terms={"makespan": 58, "cost": 3}, gates=[{"gate": "a", "met": False}])
    page = read_page(report_page([Told("one", result_of(), METRICS), Told("two", other)]))
    rows = {row[0]: row[1:] for row in rows_of(page, "The results side by side")}
    assert rows["objective"] == ["60", "58"]
    assert (rows["term flow"], rows["term cost"]) == (["100.5", "–"], ["–", "3"])
    assert rows["gates not met"] == ["–", "1"]
    assert rows["problem file"] == ["aa" * 6, "aa" * 6]
    assert [one.attributes["href"] for one in page.all("a")] == ["#run-1", "#run-2"]
    assert texts(page, "h2")[1:] == ["1. one: schedule, feasible", "2. two: schedule, feasible"]
    assert page.all("p", "warn") == []
    changed = result_of(provenance={"spec_sha256": "other"})
    page = read_page(report_page([Told("one", result_of()), Told("one", changed)]))
    assert "different problem files" in page.all("p", "warn")[0].text()
    page = read_page(report_page([Told("one", result_of()), Told("x", result_of(kind="reason"))]))
    assert "several kinds" in page.all("p", "warn")[0].text()


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_breaks_the_page(name: str) -> None:
    """Names, ids, notes and errors are shown as they are, wherever they stand."""
    rows = [
        {"task": name, "agents": [name], "mode": name, "start": 0, "end": 3, "segments": [[0, 1], [2, 3]],
         "start_time": name, "end_time": name}
    ]  # fmt: skip
    known = Known({name: 1.0}, frozenset({name}), frozenset({name}), {name: [name]}, (Profile(name, [(0, 1)]),))
    plan = Plan(rows, [name], name, known)
    metrics = {"utilisation": {"agents": {name: 0.5}}, "curve": [[0.0, 1.0, name]], "seconds": {name: 1.0}}
    solution = {
        "clusters": [{"id": name, "parent": name, "size": 1, "use": {name: 1}, "capacity": {name: 2}}],
        "moves": [{"step": 1, "agent": name, "from": name, "to": name}], "blocked": [name],
    }  # fmt: skip
    listed = [*schedule_lists(plan), *cluster_lists(solution, [{"agent": name, "cluster": name}])]
    listed += [*model_answer({"variables": [name], "sample": [1]}), *circuit_answer({"counts": {name: 3}})]
    pictures = [*schedule_answer(plan, metrics, place_of(1)), *cluster_answer(solution, None)]
    found = json.loads(
        json.dumps(result_of()).replace('"cpsat"', json.dumps(name)).replace('"t.csv"', json.dumps(name))
    )
    told = Told(name, found, metrics, {name: (name, name)}, [name], pictures, listed)
    html = report_page([told, Told(name, found)])
    page = read_page(html)
    assert "<script" not in html
    shown = " ".join(name.split())
    assert texts(page, "h1") == [shown]
    assert [shown, shown, shown] == rows_of(page, "Options that are not the defaults")[0]
    assert rows_of(page, "Assignments by their start, times in " + shown)[0][0] == shown


def test_of_many_rows_the_first_are_listed() -> None:
    """With how many there are; more than fifty are folded."""
    rows = [
        {"task": f"t{k}", "agents": ["a"], "mode": None, "start": k, "end": k + 1, "segments": None} for k in range(600)
    ]
    plan = Plan(rows, [f"x{k}" for k in range(700)], "s")
    page = read_page(report_page([Told("p", result_of(), lists=list(schedule_lists(plan)))]))
    assert len(rows_of(page, "Assignments by their start, times in s")) == MOST_ROWS
    assert f"{MOST_ROWS} of 600 rows are listed: those that start first." in texts(page, "p")
    assert f"And {700 - MOST_ROWS} more tasks." in texts(page, "p")
    assert [one.text() for one in page.all("summary")] == [f"The first {MOST_ROWS} of 600 assignments", "Versions"]
    few = read_page(report_page([Told("p", result_of(), lists=list(schedule_lists(Plan(rows[:20]))))]))
    assert [one.text() for one in few.all("summary")] == ["Versions"]


def test_of_many_profiles_the_first_are_drawn() -> None:
    """With how many there are."""
    rows = [{"task": "t", "agents": [], "mode": None, "start": 0, "end": 1, "segments": None}]
    known = Known(profiles=[Profile(f"r{k}", [(0, 1), (1, 0)], [(0, 2)]) for k in range(20)])
    page = read_page(
        report_page([Told("p", result_of(), answer=list(schedule_answer(Plan(rows, known=known), {}, place_of(1))))])
    )
    assert f"The first {MOST_PROFILES} of 20 shared resources are shown." in page.text()


def test_clusters() -> None:
    """Use of capacity by cluster, moves and assignments, the first ones of many; a table that is not there is told."""
    clusters = [
        {"id": f"c{k}", "parent": "all" if k else None, "size": k, "use": {"cpu": 1.5}, "capacity": {"cpu": 4}}
        for k in range(MOST_CLUSTER_ROWS + 1)
    ]
    solution = {"clusters": clusters, "moves": [], "blocked": []}
    sections = [*cluster_answer(solution, "<svg></svg>"), *cluster_lists(solution, [{"agent": "a", "cluster": None}])]
    html = "".join(sections)
    assert "1.5 / 4" in html
    assert f"{MOST_CLUSTER_ROWS} of {MOST_CLUSTER_ROWS + 1} clusters are listed" in html
    assert "<svg></svg>" in html
    assert all(isinstance(one, Html) for one in sections)


def test_models_and_circuits() -> None:
    """Variables of value 1 and outcomes, the most frequent first, and how many of them are shown."""
    many = MOST_OTHER_ROWS + 20
    html = "".join(model_answer({"variables": [f"x{k}" for k in range(many)], "sample": [1] * many}))
    assert f"{MOST_OTHER_ROWS} of {many} variables shown." in html
    page = "".join(circuit_answer({"counts": {"00": 1, "11": 3}, "shots": 4, "expectation": {"value": -0.5}}))
    assert page.index("11") < page.index("00")
    assert "75.00 %" in page


def test_the_same_bytes_each_time() -> None:
    """Nothing on the page depends on when or where it is made."""
    told = [Told("plan", result_of(), METRICS)]
    assert report_page(told) == report_page(told)
