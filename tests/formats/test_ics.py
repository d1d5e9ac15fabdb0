"""Calendars, read again by a reader that was written from RFC 5545 alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from qamctl.formats.ics import LINE, folded, write_ics
from qamctl.spec.time import TimeAxis

ORIGIN = datetime(2026, 11, 20, 20, tzinfo=UTC)
AXIS = TimeAxis("min", Fraction(1), ORIGIN)
STAMP = datetime(2026, 12, 1, 1, 2, 3, 456, tzinfo=UTC)


def row(task: str, start: float, end: float, **more: Any) -> dict[str, Any]:
    """A row of a result."""
    return {"task": task, "agents": ["a1"], "mode": None, "start": start, "end": end, "segments": None} | more


def write(rows: list[dict[str, Any]], *, name: str = "plan", time: TimeAxis = AXIS, stamp: datetime = STAMP) -> bytes:
    return write_ics(rows, name=name, time=time, stamp=stamp, version="1.2")


def lines_of(data: bytes) -> list[str]:
    """Content lines, unfolded; none is longer than it may be, and each ends as it must."""
    assert data.endswith(b"\r\n")
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert all(len(line) <= LINE for line in data.split(b"\r\n"))
    for line in data.split(b"\r\n"):
        line.decode()  # no character is torn
    return data.replace(b"\r\n ", b"").decode().split("\r\n")[:-1]


def events_of(data: bytes) -> list[dict[str, str]]:
    """The events by their properties, texts as they were before they were escaped."""
    lines = lines_of(data)
    assert (lines[0], lines[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR")
    assert {"VERSION:2.0", "CALSCALE:GREGORIAN", "METHOD:PUBLISH", "PRODID:-//qamctl//qamctl 1.2//EN"} <= set(lines)
    found: list[dict[str, str]] = []
    for line in lines:
        name, _, value = line.partition(":")
        if line == "BEGIN:VEVENT":
            found.append({})
        elif found and line not in ("END:VEVENT", "END:VCALENDAR"):
            assert name not in found[-1]
            found[-1][name] = value
    return found


def text(value: str) -> str:
    """A TEXT as it was."""
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], value)


def test_an_event_for_each_task() -> None:
    """When, who, and how, in UTC; the stamp is that of the run."""
    rows = [row("t1", 0, 25, mode="m1"), row("t2", 25, 30, agents=["a1", "b, c"]), row("t3", 0, 1, agents=[])]
    one, two, three = events_of(write(rows))
    assert one | {"UID": ""} == {
        "UID": "", "DTSTAMP": "20261201T010203Z", "DTSTART": "20261120T200000Z", "DTEND": "20261120T202500Z",
        "SUMMARY": "t1", "LOCATION": "a1", "RESOURCES": "a1", "DESCRIPTION": "mode m1",
    }  # fmt: skip
    assert text(two["LOCATION"]) == "a1, b, c"
    assert [text(part) for part in re.split(r"(?<!\\),", two["RESOURCES"])] == ["a1", "b, c"]
    assert {"LOCATION", "RESOURCES", "DESCRIPTION"}.isdisjoint(three)


def test_a_later_schedule_updates_the_events() -> None:
    """UIDs follow from the names of plan and task, not from times or runs; other plans and tasks have others."""
    first = events_of(write([row("t1", 0, 5), row("t2", 5, 9)]))
    later = events_of(write([row("t2", 0, 4), row("t1", 4, 9)], stamp=STAMP + timedelta(days=1)))
    assert [one["UID"] for one in first] == [one["UID"] for one in reversed(later)]
    other = events_of(write([row("t1", 0, 5), row("t2", 5, 9)], name="another"))
    assert len({one["UID"] for one in first + other}) == 4
    assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", one["UID"]) for one in first)
    assert write([row("t1", 0, 5)]) == write([row("t1", 0, 5)])


def test_a_task_that_pauses_has_an_event_for_each_segment() -> None:
    """Numbered, each with its own UID, which stays."""
    events = events_of(write([row("t1", 0, 9, segments=[[0, 3], [5, 9]]), row("t2", 0, 9, segments=[[0, 9]])]))
    assert [(one["DTSTART"][-7:-1], one["DTEND"][-7:-1], one["SUMMARY"]) for one in events] == [
        ("200000", "200300", "t1 (1/2)"), ("200500", "200900", "t1 (2/2)"), ("200000", "200900", "t2"),
    ]  # fmt: skip
    assert len({one["UID"] for one in events}) == 3
    assert events[0]["UID"] == events_of(write([row("t1", 7, 9)]))[0]["UID"]


def test_a_task_that_takes_no_time_has_no_end() -> None:
    """DTEND has to be later than DTSTART; such an event is over as soon as it begins."""
    (event,) = events_of(write([row("t1", 5, 5)]))
    assert "DTEND" not in event


def test_zones() -> None:
    """Another zone becomes UTC; without one times are local, on every clock the same."""
    berlin = TimeAxis("h", Fraction(1), datetime(2026, 11, 20, 1, tzinfo=timezone(timedelta(hours=2))))
    assert events_of(write([row("t", 0, 1)], time=berlin))[0]["DTSTART"] == "20261119T230000Z"
    local = TimeAxis("h", Fraction(1), datetime(2026, 11, 20, 1))
    (event,) = events_of(write([row("t", 0, 1)], time=local))
    assert (event["DTSTART"], event["DTEND"]) == ("20261120T010000", "20261120T020000")
    assert event["DTSTAMP"].endswith("Z")


def test_fractions_of_a_second_are_cut_off() -> None:
    """Tasks that follow each other still do."""
    axis = TimeAxis("s", Fraction(1, 1000), ORIGIN)
    one, two = events_of(write([row("a", 0, 1.999), row("b", 1.999, 4.5)], time=axis))
    assert (one["DTEND"], two["DTSTART"], two["DTEND"]) == ("20261120T200001Z", "20261120T200001Z", "20261120T200004Z")


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_safe(task: str, agent: str) -> None:
    """No id ends its line, begins another property, or is longer than a line may be; it reads back as it was."""
    (event,) = events_of(write([row(task, 0, 5, agents=[agent])]))
    legal = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
    for value, was in ((event["SUMMARY"], task), (event["LOCATION"], agent)):
        assert text(value) == legal.sub("\ufffd", was.replace("\r\n", "\n"))
    assert set(event) == {"UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "LOCATION", "RESOURCES"}


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=300))
def test_lines_are_folded_between_characters(line: str) -> None:
    """At most 75 octets a line, every one but the last as full as it can be, and unfolded it is what it was."""
    data = folded(line)
    parts = data.removesuffix(b"\r\n").split(b"\r\n")
    assert b"".join([parts[0], *(part[1:] for part in parts[1:])]).decode() == line
    assert all(part.startswith(b" ") for part in parts[1:])
    assert all(LINE - 3 <= len(part) <= LINE for part in parts[:-1])
    assert len(parts[-1]) <= LINE
