"""`qamctl credits` from rows of the ledger: by target, month, run, budget, metrics file; and what the service says."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.azure_room import BELL, SUBSCRIPTION, Azure, azure
from support.command_line import Run

from qamctl.emulator.service import Outcome, Work
from qamctl.runs import ledger
from qamctl.runs.database import connect, transaction
from qamctl.spending import spending

WORKSPACE = f"{SUBSCRIPTION}/rg/ws"
NOW = 1_795_000_000.0  # 2026-11-18


def entry(job: str, kind: str, amount: float, *, target: str = "ionq.qpu.aria-1", run: str = "r1", at: float = NOW) -> (
    ledger.Entry
):  # fmt: skip
    return ledger.Entry(
        job, kind, ledger.to_micros(amount), "USD", WORKSPACE, target, run, ledger.month_of(at), at, "x"
    )


@pytest.fixture
def ledger_rows(tmp_path: Path) -> Path:
    """Three jobs: one billed less than it was estimated at, one open, one released; and one of the month before."""
    path = tmp_path / "state" / "qamctl" / "state.db"
    path.parent.mkdir(parents=True)
    rows = [
        entry("a", "reserved", 12.5), entry("a", "billed", 10.0),
        entry("b", "reserved", 20.0, target="quantinuum.sim.h2-1e", run="r2"),
        entry("c", "reserved", 5.0), entry("c", "released", 0.0),
        entry("d", "reserved", 7.0, at=NOW - 30 * 86_400), entry("d", "billed", 7.0, at=NOW - 30 * 86_400),
    ]  # fmt: skip
    with connect(path) as connection, transaction(connection):
        for row in rows:
            ledger.write(connection, row)
    return path


def test_by_target_month_and_run(run: Run, ledger_rows: Path) -> None:
    """Sums are exact: billed where known, reserved where not, nothing where released."""
    ran = run("credits", "-o", "json")
    assert ran.code == 0, ran.err
    rows = {row["target"]: row for row in ran.json["rows"]}
    assert rows["ionq.qpu.aria-1"]["micros"] == {
        "reserved": 24_500_000, "billed": 17_000_000, "released": 5_000_000, "counted": 17_000_000
    }  # fmt: skip
    assert rows["quantinuum.sim.h2-1e"]["counted"] == 20.0
    assert [row["month"] for row in run("credits", "--by", "month", "-o", "json").json["rows"]] == [
        "2026-10",
        "2026-11",
    ]
    by_run = run("credits", "--by", "run", "--month", "2026-11", "-o", "json").json
    assert {row["run"]: row["counted"] for row in by_run["rows"]} == {"r1": 10.0, "r2": 20.0}
    page = run("credits")
    assert "ionq.qpu.aria-1" in page.out
    assert all(len(line) <= 80 for line in page.out.splitlines())


def test_nothing_was_spent_yet(run: Run, tmp_path: Path) -> None:
    """Without a state database there is nothing, and none is made."""
    assert run("credits", "-o", "json").json["rows"] == []
    assert run("credits", "--metrics", str(tmp_path / "m.prom")).out == "no jobs\n"
    assert (tmp_path / "m.prom").read_text() == "\n"
    assert not (tmp_path / "state").exists()


def test_the_threshold(run: Run, room: Path, ledger_rows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """9 where the month's budget is used above the share, 0 below; the metrics file is written either way."""
    for name, value in (("SUBSCRIPTION_ID", SUBSCRIPTION), ("WORKSPACE_RG", "rg"), ("WORKSPACE_NAME", "ws")):
        monkeypatch.setenv(f"AZURE_QUANTUM_{name}", value)
    (room / "qamctl.toml").write_text("monthly_budget = 40\n")
    month = ("--month", "2026-11")
    ran = run("credits", *month, "--threshold", "70%", "--metrics", "m.prom")
    assert ran.code == 9
    assert "75 %" in ran.err
    assert "Budget of 2026-11: USD 40" in ran.out
    text = (room / "m.prom").read_text()
    own = f'workspace="{WORKSPACE}",currency="USD"'
    assert f"qamctl_budget_used_ratio{{{own}}} 0.75\n" in text
    aria = f'workspace="{WORKSPACE}",target="ionq.qpu.aria-1",currency="USD"'
    assert f"qamctl_ledger_billed{{{aria}}} 10\n" in text
    assert f"qamctl_ledger_reserved{{{aria}}} 0\n" in text
    assert run("credits", *month, "--threshold", "0.8", "--metrics", "m.json").code == 0
    assert '"share": 0.75' in (room / "m.json").read_text().replace('"share":0.75', '"share": 0.75')


def test_a_budget_without_a_month_is_of_this_month(ledger_rows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The budget is that of the present month, whatever months are listed."""
    from qamctl.remote import open_office

    office = open_office({"monthly_budget": "40"}, profile=None, config_file=None)
    found = spending(office, by="month", now=NOW)
    assert found.report["budget"]["month"] == "2026-11"
    assert len(found.report["rows"]) == 2


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        (["--by", "colour"], "--by"), (["--month", "november"], "--month"), (["--threshold", "0.5"], "monthly_budget"),
        (["--threshold", "much"], "--threshold"), (["--metrics", "m.txt"], "--metrics"),
    ],
)  # fmt: skip
def test_flags_that_make_no_sense(run: Run, argv: list[str], word: str) -> None:
    """Each is a usage error that names what to change."""
    ran = run("credits", *argv)
    assert ran.code == 2
    assert word in ran.err


def test_flags_are_looked_at_before_anybody_is_asked(run: Run, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slip in --by, --month, --threshold or --metrics costs no question to the service."""
    with azure() as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        for argv in (["--by", "colour"], ["--month", "x"], ["--threshold", "0.5"], ["--metrics", "m.txt"]):
            assert run("credits", "--live", "--refresh", *argv).code == 2
        assert cloud.service.requests.total() == 0


def test_bills_contradict_an_estimate(run: Run, ledger_rows: Path) -> None:
    """A job that was billed more than it was estimated at is named, and one without a bill counts as reserved."""
    import json

    from qamctl.azure.prices import load_prices

    mark = load_prices()["ionq.qpu.aria-1"].mark
    with connect(ledger_rows) as connection, transaction(connection):
        for job, state in (("e", "succeeded"), ("f", "succeeded")):
            connection.execute(
                "INSERT INTO jobs (id, workspace, target, provider, name, state, priority, payload, content, request, "
                "created, next_poll, polls, estimate) "
                "VALUES (?, ?, 'ionq.qpu.aria-1', 'ionq', 'n', ?, 0, 'p', 'c', '{}', ?, 0, 0, ?)",
                (job, WORKSPACE, state, NOW, json.dumps({"price": mark, "known": True})),
            )
            ledger.write(connection, entry(job, "reserved", 12.5))
        ledger.write(connection, entry("e", "billed", 99.0))
    ran = run("credits")
    assert ran.code == 0
    assert "job e was billed USD 99, more than the estimate of 12.5" in ran.out
    assert "1 jobs that succeeded have no bill yet" in ran.out


# What the service says

RESULTS = b'{"DataFormat": "microsoft.quantum-results.v2", "Results": [{"Histogram": [{"Outcome": [0, 0], "Display": ' \
    b'"[0, 0]", "Count": 5}], "Shots": [[0, 0], [0, 0], [0, 0], [0, 0], [0, 0]]}]}'  # fmt: skip
COST = {"currencyCode": "USD", "events": [], "estimatedTotal": 7.5}
PRICES = (
    '["ionq.simulator"]\nformula = "per-shot"\ncurrency = "USD"\nper_shot = 2.0\nsource = "https://example.org"\n'
    "date = 2026-11-29\n"
)


def without_a_bill(work: Work) -> Outcome:
    """The job runs, or fails where it has 7 shots, and what it costs is not said yet."""
    return Outcome(error=("Bad", "it failed")) if work.params["shots"] == 7 else Outcome(RESULTS)


def submitted(run: Run, room: Path, monkeypatch: pytest.MonkeyPatch, cloud: Azure, *shots: str) -> list[Any]:
    """Jobs that were sent and waited for, as the service has them."""
    (room / "bell.qasm").write_text(BELL)
    (room / "prices.toml").write_text(PRICES)
    for name, value in cloud.environ().items():
        monkeypatch.setenv(name, value)
    codes = [
        run("submit", "bell.qasm", "--target", "ionq.simulator", "--prices", "prices.toml", "--shots", number).code
        for number in shots
    ]
    assert codes == [5 if number == "7" else 0 for number in shots]
    return list(cloud.service.jobs.values())


def test_bills_that_come_late_are_asked_for(run: Run, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--refresh looks once at every job without a bill, those that failed among them, and at no other."""
    with azure(runner=without_a_bill) as cloud:
        first, _ = submitted(run, room, monkeypatch, cloud, "5", "7")
        before = Counter(cloud.service.requests)
        nothing = run("credits", "-o", "json").json
        assert cloud.service.requests == before
        assert (nothing["totals"][0]["counted"], nothing["unconfirmed"][0]["jobs"]) == (10.0, 1)
        assert run("credits", "--refresh", "-o", "json").json["refresh"] == {"asked": 2, "billed": 0, "gone": []}
        first.outcome = replace(first.outcome, cost=COST)
        told = run("credits", "--refresh", "-o", "json").json
        assert told["refresh"] == {"asked": 2, "billed": 1, "gone": []}
        assert cloud.service.requests["GET job"] - before["GET job"] == 4
        row = told["rows"][0]
        assert (row["billed"], row["counted"], told["unconfirmed"]) == (7.5, 7.5, [])
        page = run("credits", "--refresh", "--metrics", "m.prom")
        assert "Asked for 1 jobs without a bill: 0 have one now" in page.out
        text = (room / "m.prom").read_text()
        assert 'target="ionq.simulator",currency="USD"} 7.5' in text


def test_a_job_that_is_no_longer_known_is_told(run: Run, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service may have forgotten a job of long ago: it keeps counting with its estimate."""
    with azure(runner=without_a_bill) as cloud:
        (job,) = submitted(run, room, monkeypatch, cloud, "5")
        cloud.service.jobs.pop(job.id)  # type: ignore[attr-defined]
        ran = run("credits", "--refresh")
        assert ran.code == 0, ran.err
        assert f"no longer knows 1 of them: {job.id}" in ran.out


def test_old_jobs_that_cost_nothing_are_left_alone(
    run: Run, room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a week only jobs that succeeded and cost something are asked for."""
    with azure(runner=without_a_bill) as cloud:
        submitted(run, room, monkeypatch, cloud, "5", "7", "6")
        with connect(tmp_path / "state" / "qamctl" / "state.db") as connection, transaction(connection):
            connection.execute("UPDATE jobs SET ended = ?", (time.time() - 8 * 86_400,))
            connection.execute("UPDATE jobs SET estimate = '{}' WHERE shots = 6")
        assert run("credits", "--refresh", "-o", "json").json["refresh"]["asked"] == 1


def test_quotas_are_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """--live tells what each provider allows and what is used of it."""
    with azure() as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        rows = run("credits", "--live", "-o", "json").json["quotas"]
        assert {row["provider"] for row in rows} >= {"ionq", "quantinuum", "rigetti"}
        assert all(row["limit"] > 0 for row in rows)
        page = run("credits", "--live").out
        assert "concurrent_ionq_jobs" in page
        assert all(len(line) <= 80 for line in page.splitlines())


@pytest.mark.parametrize("flag", ["--refresh", "--live"])
def test_a_refused_key_and_a_missing_one(run: Run, room: Path, monkeypatch: pytest.MonkeyPatch, flag: str) -> None:
    """6, with what was refused or is missing; the ledger is there without the service."""
    monkeypatch.setenv("PATH", "/nowhere")
    assert run("credits", flag).code == 6
    with azure(runner=without_a_bill) as cloud:
        submitted(run, room, monkeypatch, cloud, "5")
        monkeypatch.setenv(*next(iter(cloud.environ(key="another-key").items())))
        ran = run("credits", flag)
        assert ran.code == 6
        assert "refused" in ran.err
    assert run("credits").code == 0
