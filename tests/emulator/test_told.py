"""A job as it is told at each of its times, and to whom."""

from __future__ import annotations

from datetime import datetime

import pytest
from emulator.asking import Asker

from qamctl.emulator.faults import Event, Faults
from qamctl.emulator.service import Outcome
from qamctl.emulator.targets import Target
from qamctl.emulator.timing import Times

URIS = ("containerUri", "inputDataUri", "outputDataUri")
NATIVE = {"inputDataFormat": "ionq.circuit.v1", "outputDataFormat": "ionq.quantum-results.v1"}
CHEMISTRY = Target("microsoft.dft", "microsoft-elements", None, None, ("microsoft.xyz.v1",))


@pytest.mark.parametrize(("fields", "seconds"), [({}, 4.0), (NATIVE, 1.0)])
def test_a_job_is_counted_when_its_provider_has_it(fields: dict[str, str], seconds: float) -> None:
    """QIR is translated before; both within the wait, and it changes the job."""
    asker = Asker()
    asker.make("one", **fields)
    asker.clock.sleep(seconds - 0.01)
    early = asker.json("GET", "jobs/one")
    asker.clock.sleep(0.02)
    late = asker.json("GET", "jobs/one")
    assert (early["status"], late["status"]) == ("Waiting", "Waiting")
    assert (early["quantumComputingData"], late["quantumComputingData"]) == (None, {"count": 1})
    assert early["lastModifiedTime"] == early["creationTime"] < late["lastModifiedTime"]


def test_at_its_finish_a_job_has_ended_but_costs_nothing_yet() -> None:
    """Its end, and where its result is going to lie, are told; as they are later."""
    asker = Asker(timing=lambda *of: Times(queue=10.0, run=10.0, finish=4.0))
    asker.make("one", **NATIVE)
    asker.clock.sleep(17)
    job = asker.json("GET", "jobs/one")
    assert (job["status"], job["costEstimate"], job["errorData"]) == ("Finishing", None, None)
    assert job["beginExecutionTime"] == "2026-11-18T11:06:50.000Z"
    assert job["endExecutionTime"] == "2026-11-18T11:06:56.000Z"
    assert "/rawOutputData?" in job["outputDataUri"]
    asker.clock.sleep(4)
    done = asker.json("GET", "jobs/one")
    assert (done["status"], done["endExecutionTime"]) == ("Succeeded", job["endExecutionTime"])
    assert done["costEstimate"] is not None


def test_a_job_that_its_provider_did_not_take_never_began() -> None:
    """It waits all its time, and fails without a beginning or an end."""
    asker = Asker(faults=Faults(script=[Event("PUT job", 1, "unavailable")]))
    asker.make("one", **NATIVE)
    asker.clock.sleep(12)
    assert asker.json("GET", "jobs/one")["status"] == "Waiting"
    asker.clock.sleep(10)
    job = asker.json("GET", "jobs/one")
    assert (job["status"], job["errorData"]["code"]) == ("Failed", "ProviderTimeout")
    assert (job["beginExecutionTime"], job["endExecutionTime"]) == (None, None)
    assert (job["quantumComputingData"], "/outputData?" in job["outputDataUri"]) == ({"count": 1}, True)


@pytest.mark.parametrize(("code", "began"), [("InvalidProperty", False), ("InvalidInputData", True)])
def test_whether_a_failed_job_began_follows_from_its_error(code: str, began: bool) -> None:
    """What a provider refuses it does not begin."""
    asker = Asker(runner=lambda work: Outcome(error=(code, "it is bad")))
    asker.make("one")
    asker.clock.sleep(60)
    job = asker.json("GET", "jobs/one")
    assert (job["status"], job["errorData"]["code"]) == ("Failed", code)
    assert (job["beginExecutionTime"] is not None, job["endExecutionTime"] is not None) == (began, began)


@pytest.mark.parametrize("path", ["jobs", "topLevelItems", "sessions/s/jobs"])
def test_lists_tell_no_tokens(path: str) -> None:
    """Their addresses open nothing: whoever wants to read asks for the job, or for an address of the blob."""
    asker = Asker(base_url="https://store.blob.core.windows.net")
    asker.json("PUT", "sessions/s", {"providerId": "ionq", "target": "ionq.simulator"})
    asker.make("one", **({"sessionId": "s"} if path.startswith("sessions") else {}))
    asker.clock.sleep(60)
    job = next(item for item in asker.json("GET", path)["value"] if item["itemType"] == "Job")
    place = "https://store.blob.core.windows.net/job-one"
    later = "https://store.blob.core.windows.net:443/job-one/outputData"
    assert [job[name] for name in URIS] == [place, f"{place}/inputData", later]
    assert (job["status"], job["creationTime"]) == ("Succeeded", "2026-11-18T11:06:40.0000000Z")
    shown = asker.json("GET", "jobs/one")
    assert (shown.keys(), shown["creationTime"]) == (job.keys(), "2026-11-18T11:06:40.0000000+00:00")
    assert all("sig=" in shown[name] for name in URIS)


def test_of_old_jobs_nobody_noted_when_they_changed() -> None:
    """As the recorded list has it of the years before; what changes today is noted."""
    asker = Asker()
    asker.clock.time = datetime.fromisoformat("2024-07-02T00:00:00Z").timestamp()
    asker.make("one")
    asker.clock.sleep(60)
    assert asker.json("GET", "jobs/one")["lastModifiedTime"] is None
    asker.clock.time = datetime.fromisoformat("2026-07-02T00:00:00Z").timestamp()
    asker.json("PATCH", "jobs/one", {"name": "new"})
    assert asker.json("GET", "jobs/one")["lastModifiedTime"] == "2026-07-02T00:00:00.0000000+00:00"


def test_jobs_of_chemistry_are_no_quantum_computing() -> None:
    """Their type says so, lists find them by it, and nothing quantum is counted."""
    asker = Asker(targets=[CHEMISTRY])
    asker.make("one", providerId="microsoft-elements", target="microsoft.dft", inputDataFormat="microsoft.xyz.v1")
    asker.clock.sleep(60)
    job = asker.json("GET", "jobs/one")
    assert (job["status"], job["jobType"], job["quantumComputingData"]) == ("Succeeded", "QuantumChemistry", None)
    for kind, ids in (("QuantumChemistry", ["one"]), ("QuantumComputing", [])):
        found = asker.json("GET", f"jobs?filter=JobType%20eq%20%27{kind}%27")["value"]
        assert [one["id"] for one in found] == ids
