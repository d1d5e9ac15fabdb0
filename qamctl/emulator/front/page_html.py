"""The status page as HTML: plain, readable on a narrow screen, by keyboard and by ear, light and dark."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from qamctl.emulator.front.page_parts import STYLE, duration, table, text, time

#: Words and statuses that are worth a look.
_BAD: Final = frozenset({"Failed", "Failure(s)", "cut"})

_NUMBER: Final = "number"


def html(told: Mapping[str, Any], *, refreshed: bool) -> str:
    """The page of these figures (`figures.figures`).

    Parameters
    ----------
    refreshed
        Whether the browser asks again every 5 seconds.
    """
    again = '<meta http-equiv="refresh" content="5">\n' if refreshed else ""
    link = '<a href="/">Stop refreshing</a>' if refreshed else '<a href="/?refresh=5">Refresh every 5 seconds</a>'
    sections = (
        _figures(told),
        _jobs(told["jobs"]),
        _sessions(told["sessions"]),
        _faults(told["faults"]),
        _requests(told["requests"]),
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
{again}<title>Azure Quantum emulator</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>Azure Quantum emulator</h1>
<p class="soft">As of {time(told["now"])}, up for {duration(told["uptime_seconds"])}. All times are UTC.</p>
<nav aria-label="This page"><ul><li>{link}</li><li><a href="/status.json">The figures as JSON</a></li></ul></nav>
</header>
<main>
{"".join(sections)}</main>
</body>
</html>
"""


def _figures(told: Mapping[str, Any]) -> str:
    settings, jobs, requests = told["settings"], told["jobs"], told["requests"]
    rows = [
        ("Requests", f"{requests['total']:,}"),
        ("Requests/s", f"{requests['per_second']:,.1f}"),
        ("Jobs", f"{jobs['total']:,}"),
        ("Sessions", f"{told['sessions']['total']:,}"),
        ("Targets", f"{settings['targets']:,}"),
        ("Seed", f"{settings['seed']}"),
        ("Noise", text(settings["noise"])),
    ]
    if settings["lost_shots"]:
        rows.append(("Lost bits of shots", f"{settings['lost_shots']:.3%}"))
    if settings["speed"] is not None:
        rows.append(("Speed", f"{settings['speed']:,g} ×"))
    if jobs["mean_wait_seconds"] is not None:
        rows.append(("Mean wait", f"{jobs['mean_wait_seconds']:,.3g} s"))
        rows.append(("Mean run", f"{jobs['mean_run_seconds']:,.3g} s"))
    return "<dl>\n" + "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>\n" for name, value in rows) + "</dl>\n"


def _jobs(jobs: Mapping[str, Any]) -> str:
    if not jobs["total"]:
        return _none("Jobs")
    due = '<p class="soft">A job that is Due has ended: it is run when somebody asks for it.</p>\n'
    return (
        "<h2>Jobs</h2>\n"
        + (due if "Due" in jobs["by_status"] else "")
        + _counts("By status", "Status", "Jobs", jobs["by_status"])
        + _items("jobs", "tags", jobs)
    )


def _sessions(sessions: Mapping[str, Any]) -> str:
    if not sessions["total"]:
        return _none("Sessions")
    counts = _counts("By status", "Status", "Sessions", sessions["by_status"])
    return f"<h2>Sessions</h2>\n{counts}{_items('sessions', 'jobs', sessions)}"


def _items(what: str, counted: str, told: Mapping[str, Any]) -> str:
    """The latest jobs or sessions."""
    columns = [("Status", ""), ("Id", ""), ("Name", ""), ("Target", ""), ("Created", "")]
    rows = [
        (_word(one["status"]), text(one["id"]), text(one["name"]), text(one["target"]), time(one["created"]),
         f"{one[counted]:,}")
        for one in told["latest"]
    ]  # fmt: skip
    caption = f"The latest {len(rows):,} of {told['total']:,} {what}"
    return table(caption, [*columns, (counted.capitalize(), _NUMBER)], rows, head=1)


def _faults(faults: Mapping[str, Any]) -> str:
    rates, script, befell = faults["rates"], faults["script"], faults["befell"]
    if not rates and not script and not befell:
        return '<h2>Faults</h2>\n<p class="soft">None are planned, and none befell a request.</p>\n'
    parts = []
    if befell:
        parts.append(_counts("Befell", "Fault", "Requests", befell))
    if rates:
        rows = [(text(name), f"{rate:.3%}") for name, rate in rates.items()]
        parts.append(table(f"Drawn by the seed {faults['seed']}", [("Fault", ""), ("Rate", _NUMBER)], rows))
    if script:
        columns = [("Fault", ""), ("Kind", ""), ("From the nth", _NUMBER), ("Times", _NUMBER)]
        lines = [(text(one["fault"]), text(one["kind"]), f"{one['nth']:,}", f"{one['times']:,}") for one in script]
        parts.append(table("Written down", columns, lines))
    return f'<h2>Faults</h2>\n<div class="side">\n{"".join(parts)}</div>\n'


def _requests(requests: Mapping[str, Any]) -> str:
    if not requests["total"]:
        return _none("Requests")
    columns = [
        ("Time", ""),
        ("Kind", ""),
        ("Status", ""),
        ("Seconds", _NUMBER),
        ("Bytes in", _NUMBER),
        ("Bytes out", _NUMBER),
        ("Faults", ""),
        ("Path", ""),
        ("Host", ""),
        ("Agent", ""),
    ]
    rows = [
        (time(one["time"]), text(one["kind"] or one["method"]), _status(one["status"]), f"{one['seconds']:.4f}",
         f"{one['received']:,}", f"{one['sent']:,}", text(", ".join(one["faults"])), text(one["path"], tail=True),
         text(one["host"]), text(one["agent"]))
        for one in requests["latest"]
    ]  # fmt: skip
    return (
        '<h2>Requests</h2>\n<div class="side">\n'
        + _counts("By status", "Status", "Requests", requests["by_status"], _status)
        + _counts("By kind", "Kind", "Requests", requests["by_kind"], text)
        + "</div>\n"
        + table(f"The latest {len(rows):,} of {requests['total']:,} requests", columns, rows)
    )


def _none(title: str) -> str:
    return f'<h2>{title}</h2>\n<p class="soft">None yet.</p>\n'


def _counts(
    caption: str, title: str, counted: str, counts: Mapping[str, int], cell: Callable[[str], str] | None = None
) -> str:
    rows = [((cell or _word)(name), f"{number:,}") for name, number in counts.items()]
    return table(caption, [(title, ""), (counted, _NUMBER)], rows, box="box counts")


def _word(word: str) -> str:
    return f'<span class="bad">{text(word)}</span>' if word in _BAD else text(word)


def _status(status: int | str | None) -> str:
    """The status of an answer; errors of the service's side stand out."""
    word = "cut" if status is None else str(status)
    return f'<span class="bad">{word}</span>' if word in _BAD or word.startswith("5") else text(word)
