"""The unmodified azure-quantum SDK against the service over plain http on this machine, with a key."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from emulator.asking import BELL_LL, SUBSCRIPTION, V1, V2

from qamctl.emulator.front.server import serve
from qamctl.emulator.service import AzureService

#: What BELL_LL measures: results 2, 1, 0 in this order, of a Bell pair on 0 and 1 and an angle of 1 on 2.
ONE = float(np.sin(0.5) ** 2)
EXACT = {"[0, 0, 0]": (1 - ONE) / 2, "[0, 1, 1]": (1 - ONE) / 2, "[1, 0, 0]": ONE / 2, "[1, 1, 1]": ONE / 2}

QIR = {"input_data_format": "qir.v1", "content_type": "qir.v1"}
ITEMS = {"items": [{"entryPoint": "ENTRYPOINT__main", "arguments": []}]}


@pytest.fixture
def service() -> AzureService:
    """Jobs take a moment."""
    return AzureService(seed=11, queue_seconds=0.05, run_seconds=0.05, cancel_seconds=0.05)


@pytest.fixture
def workspace(service: AzureService) -> Iterator[Any]:
    """The SDK's workspace; what it prints while it waits is dropped."""
    os.environ.setdefault("QDK_PYTHON_TELEMETRY", "none")
    from azure.core.credentials import AzureKeyCredential
    from azure.quantum import Workspace

    with serve(service) as url, contextlib.redirect_stdout(io.StringIO()):
        yield Workspace(
            subscription_id=SUBSCRIPTION,
            resource_group="rg",
            name="ws1",
            location="eastus",
            credential=AzureKeyCredential("emulator-key"),
            _quantum_endpoint=url,
            _from_connection_string=True,
        )


def submit(workspace: Any, payload: Any = BELL_LL, *, target: str = "rigetti.sim.qvm", **options: Any) -> Any:
    """A job of QIR."""
    given = {"name": "bell", "shots": 1000, "output_data_format": V2, "input_params": dict(ITEMS)} | QIR | options
    return workspace.get_targets(target).submit(payload, **given)


def far_from(counts: dict[str, int]) -> float:
    """Chi square of counts against the exact distribution; 3 degrees of freedom."""
    shots = sum(counts.values())
    assert counts.keys() <= EXACT.keys()
    return sum((counts.get(key, 0) - shots * p) ** 2 / (shots * p) for key, p in EXACT.items())


def test_qir_text_and_bitcode_give_the_exact_distribution(workspace: Any, service: AzureService) -> None:
    """Within sampling error: chi square of 3 degrees of freedom below 16.3, which chance exceeds once in 1,000."""
    import pyqir

    bitcode = pyqir.Module.from_ir(pyqir.Context(), BELL_LL.decode()).bitcode
    for payload in (BELL_LL, bitcode):
        job = submit(workspace, payload)
        histogram = job.get_results_histogram()
        counts = {key: entry["count"] for key, entry in histogram.items()}
        assert sum(counts.values()) == 1000
        assert far_from(counts) < 16.3, (counts, "seed 11")
        shots = job.get_results_shots()
        assert {str(list(shot)): shots.count(shot) for shot in map(list, shots)} == counts
        assert job.get_results() == {key: count / 1000 for key, count in counts.items()}
        assert job.details.status == "Succeeded"
        assert job.details.cost_estimate.currency_code == "USD"
    assert service.requests["PUT job"] == len(service.jobs) == 2


def test_the_first_format_of_results_is_spoken_too(workspace: Any) -> None:
    """Frequencies instead of counts."""
    found = submit(workspace, output_data_format=V1).get_results()
    assert far_from({key: round(1000 * value) for key, value in found.items()}) < 16.3


def test_several_items_give_several_results(workspace: Any) -> None:
    """Each with its own shots, and not the same ones."""
    items = {"items": [{"entryPoint": "ENTRYPOINT__main", "arguments": []}] * 2}
    one, two = submit(workspace, input_params=items).get_results_histogram()
    assert sum(entry["count"] for entry in one.values()) == 1000
    assert one != two


def test_providers_own_formats_run_end_to_end(workspace: Any) -> None:
    """IonQ's JSON, Quantinuum's OpenQASM and Rigetti's Quil, by the SDK's own targets."""
    ghz = {"qubits": 3, "circuit": [{"gate": "h", "target": 0}, {"gate": "cnot", "control": 0, "target": 1},
                                    {"gate": "cnot", "control": 0, "target": 2}]}  # fmt: skip
    found = workspace.get_targets("ionq.simulator").submit(ghz, name="ghz", shots=100).get_results()
    assert found == {"histogram": {"0": 0.5, "7": 0.5}}
    qasm = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3];\ncreg c[3];\nx q[0];\nmeasure q -> c;\n'
    found = workspace.get_targets("quantinuum.sim.h2-1e").submit(qasm, name="x", shots=3).get_results()
    assert found == {"c": ["001"] * 3}
    quil = "DECLARE ro BIT[2]\nX 0\nMEASURE 0 ro[0]\nMEASURE 1 ro[1]\n"
    found = workspace.get_targets("rigetti.sim.qvm").submit(quil, name="q", shots=2).get_results()
    assert found == {"ro": [[1, 0], [1, 0]]}


def test_a_bad_program_fails_with_its_error(workspace: Any) -> None:
    """The SDK raises it with code and message."""
    job = submit(workspace, b"garbage")
    with pytest.raises(RuntimeError, match="InvalidInputData"):
        job.get_results()
    job.refresh()
    assert job.details.error_data.code == "InvalidInputData"
    assert "can't be read as QIR" in job.details.error_data.message
    quil = workspace.get_targets("rigetti.sim.qvm").submit("a\n\nDECLARE ro BIT[2]\n", name="q")
    with pytest.raises(RuntimeError, match="the operator a is not known"):
        quil.get_results()


def test_jobs_are_listed_by_every_filter(workspace: Any) -> None:
    """What the SDK builds of its arguments is understood."""
    names = {"one": "rigetti.sim.qvm", "two": "ionq.simulator", "ozzy": "ionq.simulator"}
    for name, target in names.items():
        submit(workspace, name=name, target=target).wait_until_completed()
    submit(workspace, b"garbage", name="bad").wait_until_completed()

    def listed(**asked: Any) -> list[str]:
        return [job.details.name for job in workspace.list_jobs(**asked)]

    assert listed() == ["one", "two", "ozzy", "bad"]
    assert listed(name_match="o") == ["one", "ozzy"]
    assert listed(status=["Failed", "Cancelled"]) == ["bad"]
    assert listed(target=["ionq.simulator"], provider=["ionq"]) == ["two", "ozzy"]
    assert listed(job_type=["QuantumComputing"], orderby_property="Name", is_asc=False) == ["two", "ozzy", "one", "bad"]
    pages = workspace.list_jobs_paginated(skip=1, top=2).by_page()
    assert [len(list(page)) for page in pages] == [2, 1]
    today = datetime.now()
    # with both dates and no name the SDK 3.13 forgets the `and` between them
    dates = {"created_after": today - timedelta(days=1), "created_before": today + timedelta(days=2)}
    assert listed(name_match="o", **dates) == ["one", "ozzy"]
    assert listed(created_after=today + timedelta(days=2)) == []
    assert [item.id for item in workspace.list_top_level_items(name_match="two")] == [
        job.id for job in workspace.list_jobs(name_match="two")
    ]


def test_a_job_is_cancelled_changed_and_removed(workspace: Any, service: AzureService) -> None:
    """By the SDK's own verbs."""
    job = submit(workspace, name="long")
    service.jobs[job.id].begins = service.jobs[job.id].ends = float("inf")
    assert workspace.cancel_job(job).details.status in ("CancellationRequested", "Cancelled")
    job.wait_until_completed()
    assert job.details.status == "Cancelled"
    with pytest.raises(RuntimeError, match="CANCELLED"):
        job.get_results()
    assert job.update(name="other", tags=["a", "b"], priority="High").details.tags == ["a", "b"]
    assert workspace.get_job(job.id).details.name == "other"
    job.delete()
    with pytest.raises(Exception, match="JobNotFound"):
        workspace.get_job(job.id)


def test_a_session_holds_its_jobs(workspace: Any) -> None:
    """Opened by the target, closed at the end of the block."""
    target = workspace.get_targets("rigetti.sim.qvm")
    with target.open_session(name="mine") as session:
        options = {"shots": 10, "output_data_format": V2, "input_params": dict(ITEMS)} | QIR
        target.submit(BELL_LL, name="inside", **options).wait_until_completed()
    session.refresh()
    assert session.details.status == "Succeeded"
    assert [one.details.name for one in session.list_jobs()] == ["inside"]
    assert [one.id for one in workspace.list_sessions()] == [session.id]
    assert workspace.get_session(session.id).details.name == "mine"


def test_a_second_submission_of_the_same_id_is_refused_at_the_upload(workspace: Any, service: AzureService) -> None:
    """The SDK never writes over an input: 409 BlobAlreadyExists, and one job."""
    from azure.core.exceptions import ResourceExistsError

    id = "0f0e0d0c-0000-4000-8000-00000000beef"
    submit(workspace, job_id=id)
    with pytest.raises(ResourceExistsError):
        submit(workspace, job_id=id)
    assert service.created == {id: 1}


def test_an_input_of_80_mib_arrives_whole(workspace: Any, service: AzureService) -> None:
    """In blocks of 4 MiB; and it comes back in ranges."""
    payload = os.urandom(1024) * (80 * 1024)
    job = submit(workspace, payload, name="big")
    assert service.requests["PUT block"] == 20
    assert workspace.get_job(job.id).download_data(job.details.input_data_uri) == payload
    assert service.requests["GET blob"] >= 3


def test_targets_quotas_and_queues_are_told(workspace: Any) -> None:
    """As the SDK's models have them."""
    targets = {target.name: target for target in workspace.get_targets()}
    assert targets["quantinuum.sim.h2-1e"].average_queue_time == 1483
    assert targets["quantinuum.qpu.h2-1"].current_availability == "Degraded"
    assert {quota["providerId"] for quota in workspace.get_quotas()} >= {"ionq", "rigetti"}


def test_a_wrong_key_is_told_at_once(service: AzureService) -> None:
    """ClientAuthenticationError, after one request."""
    from azure.core.credentials import AzureKeyCredential
    from azure.core.exceptions import ClientAuthenticationError
    from azure.quantum import Workspace

    with serve(service) as url:
        workspace = Workspace(
            subscription_id=SUBSCRIPTION, resource_group="rg", name="ws1", location="eastus",
            credential=AzureKeyCredential("wrong"), _quantum_endpoint=url, _from_connection_string=True,
        )  # fmt: skip
        with pytest.raises(ClientAuthenticationError):
            list(workspace.list_jobs())
    assert service.requests == {"GET jobs": 1}
