"""Metrics as a Prometheus text file."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from support.exposition import parse
from support.runs import NOW

from qamctl.runs.metrics import Stopwatch, build
from qamctl.runs.prometheus import spending_text, to_prometheus


def figures(name: str = "plan", **result: Any) -> dict[str, Any]:
    use = {"agents_mean": 0.5, "agents_max": 0.75, "resources": {"cpu": 0.25, "none": None, name: 0.5}}
    return build(
        run="r", kind="schedule", name=name, result=result, stopwatch=Stopwatch(), now=NOW, utilisation=use
    )  # fmt: skip


BASE = (("kind", "schedule"), ("name", "plan"))


def test_a_good_run() -> None:
    """Status, objective, times, use and the time of success are there; absent figures are left out."""
    samples = parse(to_prometheus(figures(status="optimal", objective=55, bound=None, gap=0.0)))
    assert samples["qamctl_objective"] == {BASE: 55}
    assert "qamctl_bound" not in samples
    assert samples["qamctl_status"][(*BASE, ("status", "optimal"))] == 1
    assert sum(samples["qamctl_status"].values()) == 1
    assert samples["qamctl_last_success_timestamp_seconds"] == {BASE: NOW.timestamp()}
    assert {dict(labels)["phase"] for labels in samples["qamctl_phase_seconds"]} == {
        "read", "build", "compile", "solve", "check", "write",
    }  # fmt: skip
    assert samples["qamctl_resource_utilisation_ratio"][(*BASE, ("resource", "cpu"))] == 0.25
    assert (*BASE, ("resource", "none")) not in samples["qamctl_resource_utilisation_ratio"]
    assert samples["qamctl_memory_peak_bytes"][BASE] > 0


def test_a_bad_run_keeps_the_time_of_the_last_success() -> None:
    """A run without an answer takes the time over from the file's old text, its own labels only."""
    old = to_prometheus(figures(status="feasible", objective=1))
    kept = parse(to_prometheus(figures(status="unknown"), old))
    assert kept["qamctl_last_success_timestamp_seconds"] == {BASE: NOW.timestamp()}
    assert "qamctl_objective" not in kept
    other = to_prometheus(figures("other", status="feasible"))
    for previous in ("", "rubbish", other):
        assert "qamctl_last_success_timestamp_seconds" not in parse(to_prometheus(figures(status="unknown"), previous))


def test_a_reused_answer_is_a_gauge_of_its_own() -> None:
    """1 or 0 with --reuse, nothing without; the cache of jobs counts jobs alone."""
    jobs = [{"id": "a", "target": "t", "state": "succeeded", "cached": True}]
    for reused in (None, True, False):
        made = build(
            run="r", kind="schedule", name="plan", result={}, stopwatch=Stopwatch(), now=NOW, jobs=jobs, reused=reused
        )  # fmt: skip
        samples = parse(to_prometheus(made))
        assert samples.get("qamctl_answer_reused") == (None if reused is None else {BASE: float(reused)})
        assert samples["qamctl_job_cache"] == {(*BASE, ("result", "hits")): 1, (*BASE, ("result", "misses")): 0}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_name_is_escaped(name: str) -> None:
    """Backslashes, quotes and line ends in labels read back as they were."""
    samples = parse(to_prometheus(figures(name, status="feasible", objective=0.1)))
    labels = (("kind", "schedule"), ("name", name))
    assert samples["qamctl_objective"] == {labels: 0.1}
    assert samples["qamctl_resource_utilisation_ratio"][(*labels, ("resource", name))] in (0.25, 0.5)


def row(target: str, currency: str, billed: int, counted: int) -> dict[str, Any]:
    micros = {"billed": billed, "counted": counted, "reserved": 10 * counted, "released": 0}
    return {"target": target, "currency": currency, "jobs": 2, "micros": micros} | {
        name: amount / 1e6 for name, amount in micros.items()
    }


def test_what_was_spent_by_target_and_of_the_budget() -> None:
    """Reserved is what is open: what counts and is not billed; two currencies of a target are two series."""
    budget = {"currency": "USD", "amount": 50.0, "counted": 4.5, "left": 45.5, "share": 0.09}
    report = {"workspace": "s/rg/ws", "budget": budget, "unconfirmed": [{"currency": "USD", "jobs": 3}]}
    rows = [row("a", "USD", 1_500_000, 4_500_000), row("a", "HQC", 0, 10), row('b"\\', "USD", 0, 0)]
    found = parse(spending_text(report, rows))
    own = (("workspace", "s/rg/ws"),)
    usd, hqc = ((*own, ("target", "a"), ("currency", currency)) for currency in ("USD", "HQC"))
    assert found["qamctl_ledger_billed"][usd] == 1.5
    assert (found["qamctl_ledger_reserved"][usd], found["qamctl_ledger_reserved"][hqc]) == (3.0, 1e-5)
    assert found["qamctl_ledger_counted"][usd] == 4.5
    assert len(found["qamctl_ledger_jobs"]) == 3
    assert found["qamctl_ledger_unbilled_jobs"] == {(*own, ("currency", "USD")): 3.0}
    figures = {
        name: list(found[f"qamctl_budget_{name}"].values()) for name in ("amount", "counted", "left", "used_ratio")
    }
    assert figures == {"amount": [50.0], "counted": [4.5], "left": [45.5], "used_ratio": [0.09]}


def test_nothing_spent_is_an_empty_file() -> None:
    """Without jobs and without a budget there is no sample, and no workspace means all of them."""
    assert spending_text({"workspace": None, "budget": None, "unconfirmed": []}, []) == "\n"
    text = spending_text({"workspace": None, "budget": None, "unconfirmed": []}, [row("a", "USD", 0, 0)])
    assert 'workspace="all"' in text
