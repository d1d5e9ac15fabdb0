"""A result as a page of text."""

from __future__ import annotations

from typing import Any

from qamctl.cli.table import columns
from qamctl.cli.views import MOST_ROWS, facts, percent, reason_line, schedule_page


def result(**changes: Any) -> dict[str, Any]:
    """The result of a small schedule, as a result file holds it."""
    assignments = [
        {"task": f"t{k}", "agents": ["a1"], "mode": None, "start": k, "end": k + 1, "segments": None} for k in range(3)
    ]
    attempt = {"backend": "cpsat", "status": "optimal", "objective": 3, "bound": 3, "seconds": 0.4, "variables": 12}
    return {
        "status": "optimal",
        "objective": 3,
        "bound": 3,
        "gap": 0.0,
        "levels": [{"terms": {"makespan": 3}, "value": 3, "bound": 3}],
        "solution": {"assignments": assignments, "unscheduled": []},
        "violations": [],
        "reasons": [],
        "solved_by": "cpsat",
        "fallback": None,
        "attempts": [attempt],
        "compiled": {"kind": "qubo", "scope": "whole", "variables": 812, "quadratic": 20114},
    } | changes


def page(value: dict[str, Any], **settings: Any) -> str:
    return schedule_page(value, **({"width": 80, "paint": lambda text, style: text} | settings))


def test_a_page_says_what_was_found_and_how_good_it_is() -> None:
    """Status, objective, bound, gap, engine, levels, attempts, rows, picture and place are all there."""
    text = page(result(), unit="s", place="/runs/x/result.json")
    assert "Status: optimal (objective 3, bound 3, gap 0.00 %)" in text
    assert "Solved by: cpsat" in text
    assert "Compiled: qubo, whole, 812 variables, 20114 couplings" in text
    assert "    1  makespan 3          3      3  0.00 %" in text
    assert "cpsat   optimal          3      3     0.40         12" in text
    assert "t0    a1          0    1" in text
    assert "a1 |[t0=" in text
    assert text.endswith("Result: /runs/x/result.json")


def test_the_status_is_painted() -> None:
    """Good news and bad news differ in colour."""
    seen: list[tuple[str, str]] = []

    def paint(text: str, style: str) -> str:
        seen.append((text, style))
        return text

    page(result(), paint=paint)
    page(result(status="infeasible"), paint=paint)
    assert seen == [("optimal", "good"), ("infeasible", "bad")]


def test_an_infeasible_page_gives_the_reasons() -> None:
    """Where there is no answer, each reason stands with file, line and constraint."""
    reasons = [{"file": "p.yaml", "line": 4, "constraint": "deadline", "text": "t1 can't end by 2"}]
    text = page(result(status="infeasible", objective=None, solution=None, levels=[], attempts=[], reasons=reasons,
                       solved_by=None, compiled=None))  # fmt: skip
    assert text == "Status: infeasible\n\nWhy there is no feasible answer:\np.yaml:4: deadline: t1 can't end by 2"


def test_a_reason_without_a_line_has_none() -> None:
    """A reason that has no line in the file is told without one."""
    assert reason_line({"file": "p", "line": None, "constraint": "c", "text": "x"}) == "p: c: x"


def test_notes_of_engines_are_told_in_full() -> None:
    """Why an engine was left out is wrapped, never cut."""
    note = "left out: " + "less than a second of time limit does not pay for its start " * 3
    attempt = {"backend": "cpsat", "status": "skipped", "objective": None, "bound": None, "seconds": 0.0, "note": note}
    text = page(result(attempts=[attempt]))
    assert " ".join(note.split()) in " ".join(text.split())
    assert max(map(columns, text.splitlines())) <= 80


def test_many_rows_are_cut_and_counted() -> None:
    """The page shows the first rows by start, and says where all of them are."""
    rows = [{"task": f"t{k}", "agents": [], "mode": "m1", "start": 99 - k, "end": 100} for k in range(100)]
    text = page(result(solution={"assignments": rows}), place="r.json")
    assert f"... and {100 - MOST_ROWS} more, all in r.json" in text
    assert "mode" in text
    assert "t99" in text
    assert "t1 " not in text


def test_rows_in_a_table_beside_the_result_are_pointed_at() -> None:
    """A large schedule's rows are not in the result: the page says where."""
    assert "The assignments are in assignments.csv." in page(
        result(solution={"assignments": {"table": "assignments.csv"}})
    )


def test_dates_stand_in_place_of_numbers() -> None:
    """With an origin, rows show date-times and their zone."""
    row = {"task": "t", "agents": ["a"], "mode": None, "start": 0, "end": 3600,
           "start_time": "2026-11-20T20:00:00+00:00", "end_time": "2026-11-20T21:00:00+00:00"}  # fmt: skip
    text = page(result(solution={"assignments": [row]}))
    assert "start(+00:00)" in text
    assert "2026-11-20 20:00:00" in text


def test_fallbacks_and_violations_are_told() -> None:
    """What failed and what is violated is never left out."""
    text = page(result(fallback={"neal": "not installed"}, violations=["t1 and t2 overlap on a1"]))
    assert "Fallback: neal: not installed" in text
    assert "Violations:\n  t1 and t2 overlap on a1" in text
    assert "Fallback: gone" in page(result(fallback="gone"))


def test_gaps_are_percentages() -> None:
    """A gap of 0.5 is 50 %, an unknown one a dash."""
    assert [percent(0.5), percent(None)] == ["50.00 %", "-"]


def test_facts_are_lines() -> None:
    """A small object is shown name by name, what is inside it indented."""
    assert facts({"a": 1, "b": {"c": None}, "d": ["x", "y"], "e": [], "f": {}}) == (
        "a: 1\nb:\n  c: -\nd: x, y\ne: -\nf: {}"
    )
