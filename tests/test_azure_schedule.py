"""`schedule --backend azure:TARGET` against the test service: parts, jobs, fallbacks, cache, money."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from support.azure_runs import Cloud, cloud

from qamctl.emulator.faults import Event, Faults
from qamctl.errors import (
    AuthError,
    BackendError,
    ExitCode,
    GateError,
    PendingError,
    QamError,
    SpecError,
    TemporaryError,
    UsageError,
)
from qamctl.pipeline import bench
from qamctl.schedule.check import check_result

__all__ = ["cloud"]

SPEC = Path(__file__).parents[1] / "problems" / "schedule-repair-shop.yaml"

#: One round of small parts: a few seconds.
SMALL: dict[str, Any] = {"max_rounds": 8, "max_qubits": 8, "shots": 100}

#: A seed with which one of these parts improves the schedule.
GAINING = 5


def rounds(report: Any) -> list[dict[str, Any]]:
    return report.metrics["search"]["azure:ionq.simulator"]["rounds"]


def job_files(folder: Path) -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text()) for path in (folder / "jobs").glob("*.json")}


def test_parts_are_sampled_by_jobs_that_overlap(cloud: Cloud) -> None:
    """The answer holds and is no worse than the classical one; at least 4 jobs overlap; metrics and files have all."""
    cloud.start(queue_seconds=3.0)
    report = cloud.run("schedule", SPEC, out=cloud.folder / "out", **SMALL)
    assert report.exit_code == ExitCode.OK
    assert check_result(report.result, report.spec) == []
    assert report.result["fallback"] is None
    first, second = report.result["attempts"]
    assert (first["backend"], second["backend"]) == ("list-search", "azure:ionq.simulator")
    assert second["objective"] <= first["objective"]
    assert report.metrics["quantum_vs_classical"]["gain"] == first["objective"] - second["objective"]
    made = set(cloud.service.jobs)
    assert len(made) >= 4
    assert cloud.overlap() >= 4
    assert {job["id"] for job in report.metrics["jobs"]} == made
    assert {(job["target"], job["state"], job["shots"]) for job in report.metrics["jobs"]} == {
        ("ionq.simulator", "succeeded", 100)
    }
    assert all(job["billed"] == 0.0 and job["seconds"] > 0 for job in report.metrics["jobs"])
    assert report.metrics["credits"] == {"estimated": 0, "reserved": 0, "billed": 0, "currency": "USD"}
    assert report.metrics["cache"] == {"hits": 0, "misses": len(made)}
    files = job_files(cloud.folder / "out")
    assert set(files) == made
    assert {(file["state"], file["run"]) for file in files.values()} == {("succeeded", report.result["run"])}
    told = [row["job"] for row in rounds(report) if "job" in row]
    assert set(told) == made


def test_a_second_run_finds_every_job_in_the_cache(cloud: Cloud) -> None:
    """The same command again sends nothing, asks nothing, needs no login, and gives the same answer."""
    first = cloud.run("schedule", SPEC, **SMALL)
    asked = cloud.service.requests.total()
    cloud.end()
    again = cloud.run("schedule", SPEC, **SMALL)
    assert cloud.service.requests.total() == asked
    assert again.metrics["cache"] == {"hits": len(first.metrics["jobs"]), "misses": 0}
    assert all(job["cached"] for job in again.metrics["jobs"])
    assert again.metrics["credits"] == {"estimated": 0, "reserved": 0, "billed": 0, "currency": None}
    assert again.result["solution"] == first.result["solution"]
    assert [row["job"] for row in rounds(again) if "job" in row] == [
        row["job"] for row in rounds(first) if "job" in row
    ]  # fmt: skip


def test_a_job_that_fails_is_replaced_for_its_part_alone(cloud: Cloud) -> None:
    """One failed job: its part is sampled by the classical engine, told in its row; the next run tries it again."""
    cloud.start(faults=Faults(script=(Event("PUT job", 2, "failed"),)))
    report = cloud.run("schedule", SPEC, **SMALL)
    assert report.exit_code == ExitCode.OK
    assert report.result["fallback"] is None
    failed = [job for job in report.metrics["jobs"] if job["state"] == "failed"]
    assert len(failed) == 1
    assert failed[0]["fallback"] is not None
    told = [row for row in rounds(report) if "fallback" in row]
    assert [row["job"] for row in told] == [failed[0]["id"]]
    assert failed[0]["id"] in told[0]["fallback"]
    assert told[0]["reads"] > 0
    assert told[0]["gain"] is None  # what the stand-in found is no gain of the target's
    assert "the job of 1 part failed" in report.result["attempts"][1]["note"]
    again = cloud.run("schedule", SPEC, **SMALL)
    anew = [job for job in again.metrics["jobs"] if not job["cached"]]
    assert [job["state"] for job in anew] == ["succeeded"]
    assert anew[0]["id"] != failed[0]["id"]


def test_what_stand_ins_find_is_not_the_targets(cloud: Cloud) -> None:
    """Every job fails: the classical engine's schedule is its own, the fallback says why, nothing is claimed; 5."""
    cloud.start(faults=Faults(rates={"failed": 1.0}))
    report = cloud.run("schedule", SPEC, seed=GAINING, **SMALL)
    first, second, third = report.result["attempts"]
    assert third["objective"] < first["objective"]  # the part that was improved was sampled by the annealer
    assert (report.result["solved_by"], third["backend"], third["status"]) == ("anneal", "anneal", "feasible")
    assert (second["status"], second["objective"], second["shots"]) == ("failed", None, 0)
    assert (second["gain_over_random"], second["gain_over_classical_same_time"]) == (None, None)
    assert report.result["fallback"]["backend"] == "azure:ionq.simulator"
    assert "no part was measured by a job: the jobs of 8 parts failed" in report.result["fallback"]["reason"]
    assert report.metrics["quantum_vs_classical"]["quantum"] is None
    assert {who for _, _, who in report.metrics["curve"]} <= {"list-search", "anneal"}
    assert report.metrics["search"]["azure:ionq.simulator"]["stood_in"]["anneal"]["parts"] == 8
    with pytest.raises(BackendError):
        cloud.run("schedule", SPEC, strict=True, **SMALL)


def test_each_engine_has_what_its_own_parts_gave(cloud: Cloud) -> None:
    """Some jobs fail: the target has what jobs measured, the annealer the rest, and the comparison goes by that."""
    cloud.start(faults=Faults(script=tuple(Event("PUT job", k, "failed") for k in range(2, 9))))
    report = cloud.run("schedule", SPEC, seed=GAINING, **SMALL)
    assert report.result["fallback"] is None
    told = [row for row in rounds(report) if row["improved"]]
    by = {False: [], True: []}
    for row in told:
        by["fallback" in row].append(row)
    rows = {row["backend"]: row for row in report.result["attempts"]}
    assert ("anneal" in rows) == bool(by[True])
    if not by[False]:
        assert rows["azure:ionq.simulator"]["objective"] == rows["list-search"]["objective"]
    assert rows["azure:ionq.simulator"]["shots"] == 100
    compared = report.metrics["quantum_vs_classical"]
    assert compared["quantum"]["objective"] == rows["azure:ionq.simulator"]["objective"]
    assert compared["classical"]["objective"] == min(
        row["objective"] for name, row in rows.items() if not name.startswith("azure:")
    )  # fmt: skip
    last = None if not told else "anneal" if "fallback" in told[-1] else "azure:ionq.simulator"
    assert report.result["solved_by"] == (last or "list-search")  # an answer as good as the first is no news


def test_a_run_that_sends_nothing_says_so(cloud: Cloud) -> None:
    """Every part goes to the classical engine, whose answer it is: told as a fallback, and 5 with --strict."""
    names = ("azure:quantinuum.sim.h2-1e", "azure:ionq.qpu.aria-1")  # dear, and slow: nothing makes up for it
    flags = {**SMALL, "allow_qpu": True, "timeout": 60.0}
    report = cloud.run("schedule", SPEC, *names, **flags)
    assert cloud.service.jobs == {}
    assert "nothing was sent" in report.result["fallback"]["reason"]
    assert report.result["solved_by"] in ("list-search", "anneal")
    assert report.metrics["quantum_vs_classical"]["quantum"] is None
    with pytest.raises(BackendError, match="nothing was sent"):
        cloud.run("schedule", SPEC, *names, strict=True, **flags)


def test_slow_answers_make_no_jobs_after_the_time(cloud: Cloud) -> None:
    """Every answer comes after --timeout: the classical answer, nothing at the service, nothing left to be sent."""
    cloud.start(faults=Faults(rates={"slow": 1.0}, slow_seconds=4.0))
    report = cloud.run("schedule", SPEC, timeout=1.0, **{**SMALL, "max_rounds": 2})
    assert report.result["solved_by"] == "list-search"
    assert "the time to wait was over" in report.result["fallback"]["reason"]
    assert {job["state"] for job in report.metrics["jobs"]} <= {"cancelled"}
    time.sleep(5.0)  # what was asked before is answered meanwhile
    assert cloud.service.jobs == {}


def test_a_damaged_database_is_told_as_such(cloud: Cloud) -> None:
    """The words of every command on jobs, as the fallback's reason; 3 with --strict."""
    database = cloud.folder / "state" / "qamctl" / "state.db"
    database.parent.mkdir(parents=True)
    database.write_bytes(b"no database at all" * 300)
    report = cloud.run("schedule", SPEC, **SMALL)
    assert report.exit_code == ExitCode.OK
    assert f"the state database {database} is damaged" in report.result["fallback"]["reason"]
    with pytest.raises(SpecError, match="is damaged"):
        cloud.run("schedule", SPEC, strict=True, **SMALL)


def test_a_strict_run_ends_with_the_job_that_failed(cloud: Cloud) -> None:
    """With --strict nothing stands in for a failed job: exit code 5, and the job is named."""
    cloud.start(faults=Faults(script=(Event("PUT job", 2, "failed"),)))
    with pytest.raises(BackendError, match=r"the job [0-9a-f-]{36} failed"):
        cloud.run("schedule", SPEC, strict=True, **SMALL)


def test_a_service_that_is_away_leaves_the_classical_answer(cloud: Cloud) -> None:
    """Nobody answers: exit code 0 with the reason in `fallback`; no credits stay reserved; --strict: 75."""
    cloud.end()
    report = cloud.run("schedule", SPEC, timeout=4.0, **SMALL)
    assert report.exit_code == ExitCode.OK
    assert report.result["solved_by"] == "list-search"
    assert report.result["fallback"]["backend"] == "azure:ionq.simulator"
    assert re.search("gave no answer|left in peace", report.result["fallback"]["reason"])
    assert report.result["attempts"][1]["status"] == "failed"
    assert {job["state"] for job in report.metrics["jobs"]} == {"cancelled"}
    assert report.metrics["credits"]["reserved"] == 0
    with pytest.raises(TemporaryError) as caught:
        cloud.run("schedule", SPEC, timeout=2.0, strict=True, **SMALL)
    assert caught.value.code == ExitCode.TEMPFAIL


@pytest.mark.parametrize("strict", [False, True])
def test_a_refused_key_leaves_the_classical_answer(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, strict: bool) -> None:
    """A wrong key: the classical answer and the reason; with --strict exit code 6."""
    monkeypatch.setenv("QAMCTL_AZURE_KEY", "another-key")
    if strict:
        with pytest.raises(AuthError):
            cloud.run("schedule", SPEC, strict=True, **SMALL)
        return
    report = cloud.run("schedule", SPEC, **SMALL)
    assert report.exit_code == ExitCode.OK
    assert "refused the credentials" in report.result["fallback"]["reason"]
    assert cloud.service.jobs == {}


def test_missing_credentials_leave_the_classical_answer(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any key the reason says so."""
    monkeypatch.delenv("QAMCTL_AZURE_KEY")
    report = cloud.run("schedule", SPEC, **SMALL)
    assert report.exit_code == ExitCode.OK
    assert "key" in report.result["fallback"]["reason"]


def test_hardware_is_not_used_unless_it_is_allowed(cloud: Cloud) -> None:
    """A quantum computer without --allow-qpu: nothing is sent, the reason is told; --strict: 9."""
    report = cloud.run("schedule", SPEC, "azure:ionq.qpu.aria-1", **SMALL)
    assert "--allow-qpu" in report.result["fallback"]["reason"]
    assert cloud.service.jobs == {}
    with pytest.raises(GateError):
        cloud.run("schedule", SPEC, "azure:ionq.qpu.aria-1", strict=True, **SMALL)


def test_the_parts_cost_no_more_than_was_said(cloud: Cloud) -> None:
    """--max-cost holds over all jobs of a run together; what came back within it counts, and nothing has failed."""
    prices = cloud.folder / "prices.toml"
    text = '["ionq.simulator"]\nformula = "per-shot"\ncurrency = "USD"\nper_shot = 0.01\n'
    prices.write_text(text + 'source = "https://example.org"\ndate = 2026-11-29\n')
    report = cloud.run("schedule", SPEC, prices=prices, max_cost=3.5, **SMALL)
    assert report.exit_code == ExitCode.OK
    assert report.result["fallback"] is None
    assert 1 <= len(cloud.service.jobs) <= 3
    assert report.metrics["credits"]["estimated"] == len(cloud.service.jobs)
    assert "the limit of cost" in report.result["attempts"][1]["note"]


def test_the_wait_ends_with_its_time(cloud: Cloud) -> None:
    """--timeout: the loop ends with what it has, the jobs run on, and their ids are told; the next run goes on."""
    cloud.start(queue_seconds=3600.0)
    report = cloud.run("schedule", SPEC, timeout=4.0, **SMALL)
    assert report.exit_code == ExitCode.OK
    assert report.result["solved_by"] == "list-search"
    assert "still runs" in report.result["fallback"]["reason"]
    running = report.metrics["search"]["azure:ionq.simulator"]["running"]
    assert set(running) == set(cloud.service.jobs)
    assert {job["state"] for job in report.metrics["jobs"]} == {"submitted"}
    with pytest.raises(PendingError):
        cloud.run("schedule", SPEC, timeout=4.0, strict=True, **SMALL)
    assert set(cloud.service.jobs) == set(running)


def test_what_is_proved_needs_no_job(cloud: Cloud) -> None:
    """Where the classical engine proves its answer, nothing is sent."""
    fleet = SPEC.parent / "schedule-fleet" / "fleet.yaml"
    report = cloud.run("schedule", fleet, **SMALL)
    assert report.result["status"] == "optimal"
    assert report.result["attempts"][1]["note"] == "there was nothing left to gain: the answer is proved"
    assert cloud.service.requests.total() == 0


def test_a_start_that_the_time_limit_cuts_is_told(cloud: Cloud) -> None:
    """A repeated run may begin elsewhere then, and the note says so."""
    report = cloud.run("schedule", SPEC, time_limit=0.001, **{**SMALL, "max_rounds": 1})
    assert "a run that is repeated may begin elsewhere" in report.result["attempts"][0]["note"]


def test_other_engines_give_the_start(cloud: Cloud) -> None:
    """Beside other engines the target begins where they ended."""
    report = cloud.run("schedule", SPEC, "cpsat", "azure:ionq.simulator", time_limit=2.0, **SMALL)
    assert [row["backend"] for row in report.result["attempts"]] == ["cpsat", "azure:ionq.simulator"]
    assert report.result["attempts"][1]["objective"] <= report.result["attempts"][0]["objective"]


def test_several_targets_share_the_parts(cloud: Cloud) -> None:
    """Two targets and the classical engine are one engine; each part's row says where it went, and why; repeatable."""
    names = ("azure:ionq.simulator", "azure:rigetti.sim.qvm")
    report = cloud.run("schedule", SPEC, *names, **{**SMALL, "max_rounds": 16})
    engine = "azure:ionq.simulator+rigetti.sim.qvm"
    assert [row["backend"] for row in report.result["attempts"]][:2] == ["list-search", engine]
    parts = [row for row in report.metrics["search"][engine]["rounds"] if row["variables"]]
    assert all(row["why"] for row in parts)
    assert {row["route"] for row in parts} <= {"classical", "ionq.simulator", "rigetti.sim.qvm"}
    assert len({row["route"] for row in parts}) >= 2
    asked = cloud.service.requests.total()
    again = cloud.run("schedule", SPEC, *names, **{**SMALL, "max_rounds": 16})
    assert cloud.service.requests.total() == asked
    assert [row["route"] for row in again.metrics["search"][engine]["rounds"] if row["variables"]] == [
        row["route"] for row in parts
    ]  # fmt: skip
    assert again.metrics["cache"]["misses"] == 0


def test_bench_compares_a_target(cloud: Cloud) -> None:
    """`bench` runs it beside other engines."""
    flags = {"endpoint": cloud.url, "subscription": "11111111-2222-3333-4444-555555555555", "resource_group": "rg",
             "workspace": "ws", "seed": 1, "time_limit": 1.0, **SMALL}  # fmt: skip
    rows = bench(str(SPEC), ["list-search", "azure:ionq.simulator"], flags)
    assert [row["backend"] for row in rows] == ["list-search", "azure:ionq.simulator"]
    assert rows[1]["objective"] <= 1731
    assert rows[1]["shots"] >= 100


@pytest.mark.parametrize(
    ("backends", "flags", "error", "text"),
    [
        (["azure:ionq.simulater"], {}, UsageError, "did you mean ionq.simulator"),
        (["azure:pasqal.sim.emu-sv"], {}, UsageError, "no circuits of gates"),
        (["azure:classical"], {}, UsageError, "names no target"),
        (["list-search"], {"max_cost": 1.0}, UsageError, "--max-cost is for targets of Azure Quantum"),
        (["list-search"], {"max_cost": 1.0, "timeout": 1.0}, UsageError, "--max-cost, --timeout are for"),
    ],
)
def test_what_makes_no_sense_is_refused(
    cloud: Cloud, backends: list[str], flags: dict[str, Any], error: type[QamError], text: str
) -> None:
    """An unknown target names the nearest; flags of targets need one."""
    with pytest.raises(error, match=text):
        cloud.run("schedule", SPEC, *backends, **flags)
