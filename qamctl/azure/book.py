"""The jobs of a run: what the metrics say of them, and a file for each in the run's folder.

A file is written whole before its job is sent, and again when it has ended, so that whoever finds the folder of a run
that was killed knows which jobs are out there.
"""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamctl.azure.clean import clean_data
from qamctl.runs.atomic import make_folder, write_atomic
from qamctl.runs.ledger import MICROS

if TYPE_CHECKING:
    from qamctl.azure.account import Account
    from qamctl.azure.store import Job

#: States of jobs that cost nothing, unless they were billed.
FREE = ("failed", "cancelled", "refused")

#: The folder of the files in a run's folder.
FOLDER = "jobs"


@dataclass
class Book:
    """Jobs by id, in the order in which they were asked for; safe to use from several threads."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    _lock: Any = field(default_factory=threading.Lock)
    _swept: bool = False
    _closed: bool = False

    def enter(self, job: Job, account: Account, *, cached: bool, part: int | None) -> None:
        """A job that is about to be sent, or whose result is kept; of equal parts the first one counts."""
        with self._lock:
            if job.id in self.rows or self._closed:
                return
            self.rows[job.id] = {**_row(job, account), "cached": cached, "part": part, "fallback": None}
            if not cached:
                self._write(job, account)

    def note(self, job: Job, account: Account, billed: tuple[int, str] | None) -> None:
        """What became of a job; `billed` in millionths, with the currency."""
        with self._lock:
            if self._closed:
                return
            row = self.rows[job.id]
            row |= {name: value for name, value in _row(job, account).items() if not name.startswith("billed")}
            if billed is not None:
                row |= {"billed": billed[0] / MICROS, "billed_currency": billed[1]}
            self._write(job, account)

    def stood_in(self, id: str, reason: str) -> None:
        """Another engine sampled the part instead."""
        with self._lock:
            if id in self.rows:
                self.rows[id]["fallback"] = reason

    def unbilled(self) -> list[str]:
        """Jobs of this run that succeeded, and whose cost is not known."""
        with self._lock:
            return [
                id for id, row in self.rows.items()
                if not row["cached"] and row["state"] == "succeeded" and row["billed"] is None
            ]  # fmt: skip

    def running(self) -> list[str]:
        """Jobs that the service has, and that have not ended."""
        with self._lock:
            return [id for id, row in self.rows.items() if row["state"] == "submitted"]

    def intended(self) -> list[str]:
        """Jobs that were to be sent, and of which nobody knows whether the service has them."""
        with self._lock:
            return [id for id, row in self.rows.items() if row["state"] == "intended"]

    def counted(self, currency: str, *, but: str, all: bool = False) -> int:
        """Millionths that jobs count for which another run asked for, and this one waits for, besides one.

        Parameters
        ----------
        all
            This run's own too.
        """
        with self._lock:
            return sum(
                round(MICROS * float(row["estimated"] if row["billed"] is None else row["billed"]))
                for id, row in self.rows.items()
                if id != but and not row["cached"] and (all or not row["own"])
                and (row["billed"] is not None or row["state"] not in FREE)
                and currency == (row["currency"] if row["billed"] is None else row["billed_currency"])
            )  # fmt: skip

    def close(self) -> None:
        """Take nothing down any more: what calls bring that nobody waits for stands in the database alone."""
        with self._lock:
            self._closed = True

    def told(self) -> list[dict[str, Any]]:
        """The rows, as the metrics file has them."""
        with self._lock:
            rows = sorted(self.rows.values(), key=lambda row: -1 if row["part"] is None else row["part"])
            return [dict(row) for row in rows]

    def _write(self, job: Job, account: Account) -> None:
        if account.directory is None:
            return
        folder = Path(account.directory) / FOLDER
        if not self._swept:
            self._sweep(folder, account.run)
        text = json.dumps(clean_data(_file(job, self.rows[job.id], account.run)), indent=2, sort_keys=True)
        write_atomic(folder / f"{job.id}.json", text + "\n", private=True)

    def _sweep(self, folder: Path, run: str | None) -> None:
        """Drop what an earlier run left in the same folder."""
        self._swept = True
        make_folder(folder, private=True)
        for path in folder.glob("*.json"):
            with suppress(OSError, ValueError):
                if json.loads(path.read_bytes()).get("asked_by") != run:
                    path.unlink()


def _row(job: Job, account: Account) -> dict[str, Any]:
    seconds = None if job.ended is None or job.submitted is None else round(max(0.0, job.ended - job.submitted), 3)
    estimate = job.estimate or {}
    return {
        "id": job.id, "target": job.target, "state": job.state, "shots": job.shots, "seconds": seconds,
        "estimated": int(estimate.get("micros", 0)) / MICROS, "billed": None,
        "currency": str(estimate.get("currency", "USD")), "billed_currency": None,
        # An earlier run may have sent it, and been killed before it had ended.
        "own": job.run == account.run, "error": None if job.error is None else dict(job.error),
    }  # fmt: skip


def _file(job: Job, row: dict[str, Any], run: str | None) -> dict[str, Any]:
    return {
        "schema": "qamctl/job/1", "id": job.id, "workspace": job.workspace, "target": job.target,
        "provider": job.provider, "name": job.name, "shots": job.shots, "state": job.state, "status": job.status,
        "run": job.run, "asked_by": run, "part": row["part"], "payload_sha256": job.payload, "content": job.content,
        "request": dict(job.request), "estimate": dict(job.estimate or {}), "billed": row["billed"],
        "created": _moment(job.created), "submitted": _moment(job.submitted), "ended": _moment(job.ended),
        "error": None if job.error is None else dict(job.error),
    }  # fmt: skip


def _moment(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat()
