"""Whether a job may be sent: the cap of its run, the budget of the month, the word for hardware."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from qiskit import QuantumCircuit

from qamctl.azure import targets
from qamctl.azure.account import Account
from qamctl.azure.admission import admission
from qamctl.azure.clock import SystemClock
from qamctl.azure.payload import order_of, prepare
from qamctl.azure.prices import load_prices
from qamctl.errors import GateError
from qamctl.runs import ledger
from qamctl.runs.database import connect, transaction

PRICES = load_prices()


class Fixed(SystemClock):
    def now(self) -> float:
        return 1.8e9


def ghz() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


def test_admission_counts_the_run_and_the_month(tmp_path: Path) -> None:
    """The cap holds for the jobs of a run together, the budget for those of a month; hardware needs a word."""
    target = targets.find("ionq.qpu.forte-1")
    prepared = prepare(target=target, prices=PRICES, circuit=ghz(), shots=100)
    cost = prepared.estimate.amount
    assert cost > 0
    now = Fixed().now()
    account = Account(tmp_path, {}, run="run-1", max_cost=1.5 * cost, monthly_budget=3.5 * cost, allow_qpu=True)
    order = order_of(prepared, target, account, name="n")
    assert order.run == "run-1"
    assert order.estimate["micros"] == prepared.estimate.micros
    assert json.loads(json.dumps(prepared.estimate.as_dict())) == dict(order.estimate)

    def reserve(connection: sqlite3.Connection, job: str, run: str) -> None:
        ledger.write(connection, ledger.Entry(job, "reserved", prepared.estimate.micros, "USD", "w", target.id, run,
                                              ledger.month_of(now), now, "estimate"))  # fmt: skip

    with connect(tmp_path / "state.db") as connection, transaction(connection):
        admit = admission(account, target, prepared.estimate, "w", Fixed(), id="new")
        admit(connection)
        reserve(connection, "j1", "run-1")
        with pytest.raises(GateError, match="max-cost"):
            admit(connection)
        other = Account(tmp_path, {}, run="run-2", max_cost=1.5 * cost, monthly_budget=3.5 * cost, allow_qpu=True)
        reserve(connection, "j2", "run-3")
        admission(other, target, prepared.estimate, "w", Fixed(), id="new")(connection)
        reserve(connection, "j3", "run-4")
        with pytest.raises(GateError, match="budget"):
            admission(other, target, prepared.estimate, "w", Fixed(), id="new")(connection)
        with pytest.raises(GateError, match="allow-qpu"):
            admission(Account(tmp_path, {}), target, prepared.estimate, "w", Fixed(), id="new")(connection)


@pytest.mark.parametrize("month", ["2027-01", "2026-12"])
def test_a_job_that_is_reserved_does_not_count_a_second_time(tmp_path: Path, month: str) -> None:
    """Asked again when it is sent, this month or the next, a job fits wherever it fitted before."""
    target = targets.find("ionq.qpu.forte-1")
    prepared = prepare(target=target, prices=PRICES, circuit=ghz(), shots=100)
    cost, micros, now = prepared.estimate.amount, prepared.estimate.micros, Fixed().now()
    assert ledger.month_of(now) == "2027-01"
    account = Account(tmp_path, {}, run="r", max_cost=1.1 * cost, monthly_budget=1.1 * cost, allow_qpu=True)
    with connect(tmp_path / "state.db") as connection, transaction(connection):
        ledger.write(connection, ledger.Entry("j", "reserved", micros, "USD", "w", target.id, "r", month, now, ""))
        admission(account, target, prepared.estimate, "w", Fixed(), id="j")(connection)
        with pytest.raises(GateError):
            admission(account, target, prepared.estimate, "w", Fixed(), id="another")(connection)
