"""A schedule as an iCalendar file (RFC 5545), so that it can be seen in any calendar, and updated there."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from qamctl.spec.time import SECONDS, TimeAxis

#: Octets of a line (section 3.1); a longer one goes on in the next, behind a space.
LINE: Final = 75

#: From the name of a plan and the id of a task follows the UID of its event, for ever.
_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "https://qamctl.invalid/schedule")

#: What has to be escaped in a text, and what it can't hold in any form.
_SPECIAL: Final = re.compile(r"[\\;,\x00-\x1f\x7f]")
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


def write_ics(rows: Sequence[Mapping[str, Any]], *, name: str, time: TimeAxis, stamp: datetime, version: str) -> bytes:
    """The events of a schedule: one for each task, of a task that pauses one for each of its segments.

    An event has the task's id as its summary, and its agents as its place and its resources. Its UID follows from the
    names of plan and task, and the number of the segment: who reads a later schedule of the plan into the same calendar
    gets the events moved, not doubled. Times are UTC, or local where the origin has no zone, to the second below.

    Parameters
    ----------
    rows
        As a result file has them inline.
    name
        Of the plan.
    time
        With an origin.
    stamp
        When the schedule was made: of two versions of an event, a calendar keeps the later one.
    version
        Of this program.
    """
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:-//qamctl//qamctl {_text(version)}//EN", "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH", f"NAME:{_text(name)}", f"X-WR-CALNAME:{_text(name)}",
    ]  # fmt: skip
    made, moments = _moment_text(stamp), _moments(rows, time)
    for row in rows:
        for number, (start, end) in enumerate(_segments(row)):
            lines += _event(row, number, name, moments[start], moments[end], made)
    lines.append("END:VCALENDAR")
    return b"".join(folded(line) for line in lines)


def folded(line: str) -> bytes:
    """A content line as its octets stand in a file: no longer than `LINE`, no character torn, CRLF at each end."""
    if len(line) <= LINE and line.isascii():
        return line.encode() + b"\r\n"
    parts, part, room = [], b"", LINE
    for letter in line:
        octets = letter.encode()
        if len(part) + len(octets) > room:
            parts.append(part)
            part, room = b"", LINE - 1  # the space in front counts
        part += octets
    return b"\r\n ".join([*parts, part]) + b"\r\n"


def _event(row: Mapping[str, Any], number: int, name: str, start: str, end: str, stamp: str) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{_uid(name, row['task'], number)}"
    yield f"DTSTAMP:{stamp}"
    yield f"DTSTART:{start}"
    if end != start:  # an event without an end is over as soon as it begins, as such a task is
        yield f"DTEND:{end}"
    parts = len(row["segments"] or ())
    yield f"SUMMARY:{_text(row['task'])}" + (f" ({number + 1}/{parts})" if parts > 1 else "")
    if row["agents"]:
        yield f"LOCATION:{_text(', '.join(row['agents']))}"
        yield f"RESOURCES:{','.join(map(_text, row['agents']))}"
    if row["mode"] is not None:
        yield f"DESCRIPTION:mode {_text(row['mode'])}"
    yield "END:VEVENT"


def _uid(name: str, task: str, number: int) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{name}\0{task}\0{number}"))


def _segments(row: Mapping[str, Any]) -> Sequence[Sequence[float]]:
    return row["segments"] or [(row["start"], row["end"])]


def _moments(rows: Sequence[Mapping[str, Any]], time: TimeAxis) -> dict[float, str]:
    """Every time of the rows as a calendar has it: the moment that `TimeAxis.to_datetime` has of its tick."""
    if time.origin is None:
        raise ValueError("the time axis has no origin")
    origin, micros = time.origin, SECONDS[time.unit] * 1_000_000
    times = {end for row in rows for part in _segments(row) for end in part}
    return {units: _moment_text(origin + timedelta(microseconds=round(units * micros))) for units in times}


def _moment_text(moment: datetime) -> str:
    """In UTC; where there is no zone, as local time that is the same on every clock."""
    if moment.tzinfo is None:
        return f"{moment:%Y%m%dT%H%M%S}"
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(content: str) -> str:
    """A value of type TEXT (section 3.3.11)."""
    if not _SPECIAL.search(content):
        return content
    plain = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", content.replace("\r\n", "\n"))
    for letter, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        plain = plain.replace(letter, escaped)
    return plain
