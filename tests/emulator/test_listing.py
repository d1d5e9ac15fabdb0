"""Pages of jobs and sessions."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from emulator.asking import Asker, error, job_body

from qamctl.emulator.messages import make_request


def many(asker: Asker, count: int) -> None:
    """Jobs `j000` and on, a second apart."""
    container = asker.container("job-all")
    for number in range(count):
        assert asker.ask("PUT", f"jobs/j{number:03d}", job_body(container, name=f"job {number}")).status == 200
        asker.clock.sleep(1)


def follow(asker: Asker, path: str) -> list[str]:
    """Ids on all pages."""
    found, page = [], asker.json("GET", path)
    while True:
        found += [item["id"] for item in page["value"]]
        if page["nextLink"] is None:
            return found
        answer = asker.service.handle(make_request("GET", page["nextLink"], {"x-ms-quantum-api-key": "emulator-key"}))
        assert answer.status == 200
        page = json.loads(answer.body)


def test_pages_lead_to_one_another_until_the_last() -> None:
    """Every job is told once, 100 on a page, and the last page has no next one."""
    asker = Asker()
    many(asker, 250)
    assert follow(asker, "jobs") == [f"j{number:03d}" for number in range(250)]
    assert asker.service.requests["GET jobs"] == 3
    assert follow(asker, "jobs?skip=10&top=7") == [f"j{number:03d}" for number in range(10, 250)]
    assert asker.json("GET", "jobs?skip=240&top=10")["nextLink"] is None
    assert asker.json("GET", "jobs?skip=999")["value"] == []


def test_the_next_page_keeps_filter_and_order() -> None:
    """The address of the next page stands for the same question."""
    asker = Asker()
    many(asker, 30)
    asked = quote("startswith(Name, 'job 1')")
    path = f"jobs?filter={asked}&orderby={quote('CreationTime desc')}&top=4"
    page = asker.json("GET", path)
    assert page["nextLink"].startswith("http://127.0.0.1:80/subscriptions/")
    assert page["nextLink"].endswith("&top=4&skip=4&api-version=2026-01-15-preview")
    assert follow(asker, path) == [f"j{k:03d}" for k in (19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 1)]


def test_jobs_are_filtered_by_their_status_now() -> None:
    """A listing runs what is due, so that it tells the same as the job itself."""
    asker = Asker()
    for number, payload in enumerate([b"ok", b"bad", b"ok"]):
        asker.make(f"j{number}", payload)
        asker.clock.sleep(10)
    asked = "jobs?filter=" + quote("(State eq 'Failed' or State eq 'Cancelled')")
    assert follow(asker, asked) == ["j1"]
    assert follow(asker, "jobs?filter=" + quote("State eq 'Executing'")) == ["j2"]


@pytest.mark.parametrize("name", ["Name", "ItemType", "JobType", "ProviderId", "Target", "State", "CreationTime"])
def test_every_order_of_the_sdk_is_known(name: str) -> None:
    """Ascending and descending; equal ones stay in the order of their making."""
    asker = Asker()
    many(asker, 3)
    told = follow(asker, f"jobs?orderby={quote(f'{name} asc')}")
    assert told == ["j000", "j001", "j002"]
    back = follow(asker, f"jobs?orderby={quote(f'{name} desc')}")
    assert back == (["j002", "j001", "j000"] if name in ("Name", "CreationTime") else told)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("orderby=Colour", "InvalidOrderBy"),
        ("orderby=Name%20up", "InvalidOrderBy"),
        ("skip=-1", "InvalidQueryParameter"),
        ("skip=x", "InvalidQueryParameter"),
        ("top=0", "InvalidQueryParameter"),
        ("top=99999999999", "InvalidQueryParameter"),
        ("top=%D9%A3", "InvalidQueryParameter"),
        ("filter=Colour%20eq%20'red'", "InvalidFilter"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(query: str, code: str) -> None:
    """400, with what is wrong."""
    assert error(Asker().ask("GET", f"jobs?{query}")) == (400, code)


def test_items_are_sessions_and_the_jobs_outside_of_them() -> None:
    """`topLevelItems` has each once, in the order of their making."""
    asker = Asker()
    asker.make("alone")
    asker.json("PUT", "sessions/s1", {"name": "s", "providerId": "ionq", "target": "ionq.simulator"})
    asker.make("inside", sessionId="s1")
    told = asker.json("GET", "topLevelItems")["value"]
    assert [(item["id"], item["itemType"]) for item in told] == [("alone", "Job"), ("s1", "Session")]
    only = follow(asker, "topLevelItems?filter=" + quote("(ItemType eq 'Session')"))
    assert only == ["s1"]
