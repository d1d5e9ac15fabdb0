"""`qamctl credits` from rows of the ledger: by target, month and run, the budget and its threshold, a metrics file."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.azure_room import SUBSCRIPTION
from support.command_line import Run

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
    assert 'qamctl_budget_used_ratio{currency="USD"} 0.75' in text
    assert 'qamctl_credits_billed{currency="USD"} 10.0' in text
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
