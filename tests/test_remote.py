"""What commands about Azure Quantum begin with: faults of the state database, words of the service, prices in words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from qamctl.engine_list import price_of
from qamctl.errors import BackendError, QamError, SpecError, TemporaryError
from qamctl.job_list import asked, query
from qamctl.job_view import moment
from qamctl.remote import database, database_faults, told_gone
from qamctl.runs.database import connect


@contextmanager
def failing(code: int | None, text: str = "it went wrong") -> Iterator[None]:
    error = sqlite3.OperationalError(text)
    if code is not None:
        error.sqlite_errorcode = code
    raise error
    yield


@pytest.mark.parametrize(
    ("code", "kind", "word"),
    [
        (sqlite3.SQLITE_BUSY, TemporaryError, "try again"),
        (sqlite3.SQLITE_BUSY | (2 << 8), TemporaryError, "try again"),
        (sqlite3.SQLITE_FULL, TemporaryError, "disk"),
        (sqlite3.SQLITE_READONLY, TemporaryError, "can be written"),
        (sqlite3.SQLITE_CORRUPT, SpecError, "damaged"),
        (sqlite3.SQLITE_NOTADB, SpecError, "job.json"),
        (None, SpecError, "damaged"),
    ],
)
def test_each_fault_of_the_database_says_what_to_do(tmp_path: Path, code: int, kind: type[QamError], word: str) -> None:
    """What passes is 75, what does not is 3, and the file is named."""
    with pytest.raises(kind, match=word) as caught, database_faults(tmp_path), failing(code):
        pass
    assert str(tmp_path / "state.db") in str(caught.value)


def test_a_database_of_a_later_version(tmp_path: Path) -> None:
    """It is left as it is, and the message says to update."""
    path = tmp_path / "state.db"
    with connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(SpecError, match="update qamctl"), database(tmp_path):
        pass
    assert path.read_bytes() == before


def test_there_is_none_yet(tmp_path: Path) -> None:
    """Nothing is made by who only reads."""
    with database(tmp_path) as connection:
        assert connection is None
    assert list(tmp_path.iterdir()) == []


def test_filters_in_the_services_language() -> None:
    """States of ours become the service's words, quotes are doubled, days are whole."""
    assert query(asked()) is None
    which = asked(
        name="it's", providers=["ionq"], targets=["a", "b"], states=["submitted"], created_after="2026-11-01",
        created_before="2026-11-30",
    )  # fmt: skip
    assert query(which) == (
        "startswith(Name, 'it''s') and (ProviderId eq 'ionq') and (Target eq 'a' or Target eq 'b') and "
        "(State eq 'Waiting' or State eq 'Executing' or State eq 'Finishing') and CreationTime ge 2026-11-01 and "
        "CreationTime lt 2026-12-01"
    )


def test_every_price_has_words() -> None:
    """No formula is left without a text; what is not known says so."""
    from qamctl.azure.prices import load_prices

    texts = {price.formula: price_of(price)["text"] for price in load_prices().values()}
    assert texts["free"] == "free"
    assert "HQC" in texts["hqc"]
    assert "a gate and shot" in texts["gate-shots"]
    assert all(texts.values())


def test_prices_of_a_shot_and_per_hqc(tmp_path: Path) -> None:
    """A price per shot names the job's own part; one per HQC its amount."""
    from qamctl.azure.prices import load_prices

    (tmp_path / "p.toml").write_text(
        '["qci.machine1"]\nformula = "per-shot"\ncurrency = "USD"\nper_shot = 0.5\nper_job = 2\n'
        '["quantinuum.qpu.h2-1"]\nprice_per_hqc = 12.5\ncurrency = "USD"\n'
    )
    prices = load_prices(tmp_path / "p.toml")
    assert price_of(prices["qci.machine1"])["text"] == "USD 0.5 a shot and 2 a job"
    assert price_of(prices["quantinuum.qpu.h2-1"])["text"].endswith("at 12.5")


def test_a_job_without_an_estimate_is_shown() -> None:
    """Rows of other tools, or older ones, may lack it: nothing is made up."""
    from qamctl.azure.store import Job
    from qamctl.job_view import of_ours

    job = Job("i", "w", "t", "p", "n", None, "queued", 0, "a", "b", {}, 0.0)
    view = of_ours(job)
    assert (view["estimate"], view["cost"], view["tags"], view["priority"]) == (None, None, [], "standard")


def test_moments_are_in_utc() -> None:
    """Whole seconds, with the zone."""
    assert moment(0.9) == "1970-01-01T00:00:00Z"
    assert moment(None) is None


def test_a_job_that_is_gone_has_a_way_out() -> None:
    """Where the service no longer has a job another one can be made; where it said something else, that is told."""
    gone = told_gone(BackendError("the service no longer has job x"))
    assert all(word in gone.message for word in ("job x", "keeps counting", "--run-key"))
    other = BackendError("a bad request")
    other.__cause__ = ValueError("400")
    assert told_gone(other) is other
