"""The service at one moment, for its status page."""

from __future__ import annotations

import pytest
from emulator.asking import START, Asker, canned

from qamctl.emulator.faults import Event, Faults
from qamctl.emulator.overview import DUE, LATEST, JobLine, overview
from qamctl.emulator.work import Outcome, Work


def test_jobs_are_counted_and_the_latest_are_told() -> None:
    """Each as the service tells it, the latest first."""
    asker = Asker()
    asker.make("j1", name="one", tags=["a", "b"])
    asker.clock.time += 12
    asker.make("j2", b"bad", name="two")
    asker.clock.time += 8
    asker.json("GET", "jobs")
    asker.make("j3", name="three")
    found = overview(asker.service)
    assert (found.now, found.jobs) == (START + 20, {"Succeeded": 1, "Waiting": 2})
    assert found.latest_jobs == (
        JobLine("j3", "three", "ionq.simulator", "Waiting", START + 20, 0),
        JobLine("j2", "two", "ionq.simulator", "Waiting", START + 12, 0),
        JobLine("j1", "one", "ionq.simulator", "Succeeded", START, 2),
    )
    assert (found.wait, found.run) == (10.0, 5.0)


def test_a_look_runs_no_job_and_counts_as_no_request() -> None:
    """A job whose time is over is due until somebody asks for it."""
    ran: list[str] = []

    def runner(work: Work) -> Outcome:
        ran.append(work.job)
        return canned(work)

    asker = Asker(runner=runner)
    asker.make("j1")
    asker.clock.time += 60
    before = asker.service.requests.copy()
    found = overview(asker.service)
    assert (found.jobs, found.latest_jobs[0].status, ran) == ({DUE: 1}, DUE, [])
    assert asker.service.requests == before
    asker.json("GET", "jobs/j1")
    assert (overview(asker.service).jobs, ran) == ({"Succeeded": 1}, ["j1"])


def test_sessions_are_told_by_their_jobs() -> None:
    """How many each has, and what became of it; a job that is due has not ended."""
    asker = Asker()
    for id in ("s1", "s2"):
        asker.json("PUT", f"sessions/{id}", {"name": id, "providerId": "ionq", "target": "ionq.simulator"})
        asker.clock.time += 1
    asker.make("j1", b"bad", sessionId="s1")
    asker.make("j2", sessionId="s1")
    asker.clock.time += 60
    found = overview(asker.service)
    assert [(one.id, one.status, one.jobs) for one in found.latest_sessions] == [
        ("s2", "Waiting", 0),
        ("s1", "Executing", 2),
    ]
    assert found.sessions == {"Waiting": 1, "Executing": 1}
    asker.json("GET", "jobs")
    assert overview(asker.service).sessions == {"Waiting": 1, "Failed": 1}


def test_a_job_that_never_begins_waits_in_no_mean() -> None:
    """Where no job begins there is none."""
    asker = Asker(faults=Faults(script=[Event("PUT job", 1, "stuck")]))
    assert (overview(asker.service).wait, overview(asker.service).run) == (None, None)
    asker.put("j1")
    found = overview(asker.service)
    assert (found.jobs, found.wait, found.run) == ({"Waiting": 1}, None, None)
    asker.make("j2")
    assert overview(asker.service).wait == 10.0


@pytest.mark.parametrize("number", [LATEST, LATEST + 5])
def test_only_the_latest_are_told_one_by_one(number: int) -> None:
    """All are counted."""
    asker = Asker()
    for n in range(number):
        asker.make(f"j{n}")
    found = overview(asker.service)
    assert found.jobs == {"Waiting": number}
    assert [job.id for job in found.latest_jobs] == [f"j{n}" for n in range(number - 1, number - 1 - LATEST, -1)]


def test_settings_are_told() -> None:
    """As the service was made with them."""
    faults = Faults(seed=3, rates={"slow": 0.5})
    found = overview(Asker(seed=7, faults=faults, lost_shots=0.25, noise="generic").service)
    assert (found.seed, found.faults, found.lost_shots, found.noise) == (7, faults, 0.25, "generic")
    assert found.targets > 10
