"""Jobs as pages of text: one, many, what they gave, what one would cost; and what is told while they are waited for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

from qamctl.cli.progress import Progress
from qamctl.cli.table import cell, table
from qamctl.cli.views import facts, page
from qamctl.console import Console, as_object

#: Bitstrings of an item on the page.
MOST_ROWS = 16


class JobProgress:
    """Progress of jobs: how many have ended, and the word of the service for the first that has not."""

    def __init__(self, console: Console) -> None:
        self._console, self._progress = console, Progress(console)

    def __enter__(self) -> JobProgress:
        return self

    def __exit__(self, *fault: object) -> None:
        self._progress.wipe()

    def look(self, jobs: Sequence[Any]) -> None:
        """Told the jobs after every look at one of them."""
        left = [job for job in jobs if not job.is_ended]
        figures: dict[str, Any] = {"ended": f"{len(jobs) - len(left)} of {len(jobs)}"} if len(jobs) > 1 else {}
        self._progress.tick(figures | {"job": (left or jobs)[0].status or (left or jobs)[0].state})

    def sent(self, job: Any) -> None:
        """The service has the job: whoever ends the wait, or loses the terminal, knows where it is."""
        self._progress.wipe()
        if not job.is_ended:
            self._console.note(f"job {job.id} on {job.target}: {job.status or job.state}")


def tell_submitted(console: Console, done: Any) -> int:
    """Show what `submit` or `runs resume` came to (a `submit_run.Submitted`), and return its exit code."""
    for warning in done.warnings:
        console.warn(warning)
    if done.result is not None and done.fault is None:
        result = done.result
        place = str(done.directory / "result.json")
        console.show(result, lambda: _result_page(console, result, place))
        return int(done.exit_code)
    value = {"job": done.id, "state": done.state, "run": done.directory.name, "directory": str(done.directory)}
    if done.result is not None:
        value["result"] = str(done.directory / "result.json")
    if done.note:
        value["note"] = done.note
    if done.fault is not None:
        value |= as_object(done.fault)
    if console.output != "table":
        console.show(value, lambda: "")
    else:
        console.text(done.id)  # said with --quiet, too: it is what the next command needs
        if done.fault is not None:
            console.fault(done.fault)
        else:
            earlier = " (it was sent by an earlier call)" if done.reused else ""
            console.note(done.note or f"job {done.state}{earlier}")
    return int(done.exit_code)


def _result_page(console: Console, result: Mapping[str, Any], place: str) -> str:
    """The job, and the page of its result."""
    job = result["job"]
    lost = f", {job['lost']} shots were lost" if job["lost"] else ""
    head = f"Job: {job['id']} on {job['target']}{lost}"
    return f"{head}\n{page(result, width=console.width, paint=console.paint, place=place)}"


def dry_run_page(found: Mapping[str, Any], width: int) -> str:
    """What would be sent."""
    keys = ("name", "target", "profile", "qubits", "depth", "two_qubit", "shots", "job", "workspace")
    words = {"two_qubit": "two-qubit gates"}
    lines = [f"{words.get(key, key)}: {cell(found[key])}" for key in keys]
    lines.insert(7, fill(f"price: {price_text(found['price'])}", width, subsequent_indent="  "))
    if not found["allowed"]["ok"]:
        lines.append(fill(f"would be refused: {found['allowed']['why']}", width, subsequent_indent="  "))
    notes = [*found.get("warnings", ()), *([found["note"]] if "note" in found else [])]
    lines += [fill(str(note), width, subsequent_indent="  ") for note in notes]
    return "\n".join(lines)


def price_text(price: Mapping[str, Any]) -> str:
    """A price in a line: the amount, how it is made, where from, and whether a bill agreed."""
    if price["amount"] is None:
        return f"not known ({price.get('note') or 'no price of this target is known'})"
    if price["formula"] == "free":
        return f"free ({price['source']}, {price['date']})" if price.get("source") else "free"
    parts = " + ".join(f"{name} {cell(value)}" for name, value in price["breakdown"].items())
    checked = "verified by a bill" if price["verified"] else "not verified by a bill"
    guessed = f"; assumed: {', '.join(price['assumed'])}" if price.get("assumed") else ""
    return (
        f"at most {price['currency']} {price['amount']:g} ({price['formula']}: {parts}; {price['source']}, "
        f"{price['date']}; {checked}{guessed})"
    )


def jobs_table(rows: Sequence[Mapping[str, Any]], width: int) -> str:
    """Many jobs, a line each."""
    if not rows:
        return "no jobs"
    short = _short([str(row["id"]) for row in rows])
    cells = [
        (row["id"][:short], row["name"], row["target"], row["state"], row["shots"], money(row.get("cost")),
         (row.get("created") or "")[:16].replace("T", " "))
        for row in rows
    ]  # fmt: skip
    head = ("job", "name", "target", "state", "shots", "cost", "created")
    return table(head, cells, width=width, right="shots cost")


def _short(ids: Sequence[str]) -> int:
    """Letters that tell these ids apart, 8 at least: a beginning is enough wherever an id is asked for."""
    return next((n for n in range(8, 36) if len({id[:n] for id in ids}) == len(set(ids))), 36)


def money(amount: Mapping[str, Any] | None) -> str:
    """An amount of money as people read it."""
    return "" if amount is None else f"{amount['amount']:g} {amount.get('currency') or ''}".rstrip()


def job_page(view: Mapping[str, Any]) -> str:
    """One job."""
    told = {key: value for key, value in view.items() if value not in (None, [], {})}
    for key in ("estimate", "cost"):
        if isinstance(told.get(key), Mapping):
            told[key] = money(told[key])
    return facts(told)


def output_page(id: str, results: Sequence[Mapping[str, Any]], width: int) -> str:
    """What a job gave, item by item."""
    parts = []
    for number, item in enumerate(results):
        counts, shots = item["counts"], item["shots"]
        head = f"Job {id}" + (f", item {number}" if len(results) > 1 else "") + f": {shots} shots"
        head += f", {item['lost']} lost" if item["lost"] else ""
        head += ", counts computed from probabilities" if item["estimated"] else ""
        values = counts or item["probabilities"] or {}
        order = sorted(values, key=lambda text: (-values[text], text))
        rows = [
            (text, counts.get(text), f"{100 * (values[text] / shots if counts else values[text]):.1f} %")
            for text in order[:MOST_ROWS]
        ]
        lines = [head, table(("bits", "count", "share"), rows, width=width, right="count share")]
        if (more := len(order) - MOST_ROWS) > 0:
            lines.append(f"... and {more} more bitstrings")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)
